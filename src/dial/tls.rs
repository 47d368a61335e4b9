//! The TLS handshake, and what it showed. The presented chain is written down before it is judged,
//! so that an expired certificate still says when it expired.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, DigitallySignedStruct, InvalidMessage, ProtocolVersion, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate;
use super::chain::Chain;
use super::connection::Wire;
use super::fault::{Trouble, of_io};
use super::secret;
use super::trail::Trail;
use crate::outcome::{CertificateFault, FaultKind, OwnSide, TlsFacts};
use crate::spec::{Pem, Secret, TlsSpec, TlsVersion};

/// What every handshake needs: the cryptography, and the roots that the system trusts.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
}

impl Trust {
    /// Trusts the roots of this machine. It may have none: then only a module with roots of its
    /// own, or without verification, gets an answer.
    pub(crate) fn system() -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self { provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()), roots: Arc::new(roots) }
    }

    /// Makes a handshake with a server of the name `host`, or the one that `spec` says instead.
    /// `protocols` are offered by ALPN.
    pub(crate) async fn handshake(
        &self,
        wire: Wire,
        host: &str,
        spec: &TlsSpec,
        protocols: &[&[u8]],
        trail: &Trail,
    ) -> Result<TlsStream<Wire>, Trouble> {
        trail.note(|seen| seen.tls = Some(TlsFacts::default()));
        let name = spec.server_name.as_deref().unwrap_or(host);
        let name = match ServerName::try_from(name.to_owned()) {
            Ok(name) => name,
            // What cannot be a name, as the path of a socket, is not sent either.
            Err(_) if spec.insecure_skip_verify => ServerName::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            Err(_) => return Err(FaultKind::Certificate(CertificateFault::WrongName).into()),
        };
        let mut config = self.config(spec, trail)?;
        config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, wire).await.map_err(|error| of_io(&error))?;
        let session = stream.get_ref().1;
        let version = session.protocol_version().map(version_name);
        let cipher = session.negotiated_cipher_suite().and_then(|it| it.suite().as_str()).map(standard_name);
        trail.note(|seen| {
            let facts = seen.tls.get_or_insert_default();
            facts.version = version;
            facts.cipher = cipher;
        });
        Ok(stream)
    }

    fn config(&self, spec: &TlsSpec, trail: &Trail) -> Result<ClientConfig, Trouble> {
        let roots = match &spec.ca {
            Some(pem) => Arc::new(secret::roots(pem)?),
            None => Arc::clone(&self.roots),
        };
        let verifier = (!roots.is_empty())
            .then(|| {
                let roots = Arc::clone(&roots);
                WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&self.provider)).build()
            })
            .transpose()
            .map_err(|_| OwnSide::Internal)?;
        if verifier.is_none() && !spec.insecure_skip_verify {
            return Err(OwnSide::Secret.into());
        }
        let witness = Witness {
            trail: trail.clone(),
            verifier,
            roots,
            provider: Arc::clone(&self.provider),
            anything_goes: spec.insecure_skip_verify,
        };
        let own = spec.identity.as_ref().map(|(chain, key)| self.identity(chain, key)).transpose()?;
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&versions(spec))
            .map_err(|_| OwnSide::Internal)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(witness))
            .with_client_cert_resolver(Arc::new(Passport { trail: trail.clone(), own }));
        // Each handshake is a whole one: a resumed session would show no certificate.
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    fn identity(&self, chain: &Pem, key: &Secret) -> Result<Arc<CertifiedKey>, Trouble> {
        let (chain, key) = secret::identity(chain, key)?;
        let own = CertifiedKey::from_der(chain, key, &self.provider).map_err(|_| OwnSide::Secret)?;
        Ok(Arc::new(own))
    }
}

fn versions(spec: &TlsSpec) -> Vec<&'static SupportedProtocolVersion> {
    let range = spec.version_min..=spec.version_max;
    [(TlsVersion::V1_2, &rustls::version::TLS12), (TlsVersion::V1_3, &rustls::version::TLS13)]
        .into_iter()
        .filter(|(version, _)| range.contains(version))
        .map(|(_, supported)| supported)
        .collect()
}

fn version_name(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLS 1.2",
        ProtocolVersion::TLSv1_3 => "TLS 1.3",
        _ => "unknown",
    }
}

/// rustls tells the suites of TLS 1.3 apart by a prefix that the standard does not have.
fn standard_name(suite: &str) -> String {
    suite.replacen("TLS13_", "TLS_", 1)
}

/// Writes down the chain and what the verifier thinks of it, then lets the verifier decide, unless
/// anything goes.
#[derive(Debug)]
struct Witness {
    trail: Trail,
    /// None where there are no roots.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    anything_goes: bool,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let presented = std::iter::once(end_entity).chain(intermediates).take(CHAIN_MAX);
        let chain = presented.filter_map(|it| certificate::facts(it)).collect();
        self.trail.note(|seen| seen.tls.get_or_insert_default().chain = chain);
        if intermediates.len() >= CHAIN_MAX {
            return Err(InvalidMessage::CertificatePayloadTooLarge.into());
        }
        let unknown = || Err(rustls::CertificateError::UnknownIssuer.into());
        let verdict = self.verifier.as_ref().map_or_else(unknown, |it| {
            it.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        });
        let algorithms = self.provider.signature_verification_algorithms.all;
        let chain = Chain { end_entity, intermediates, roots: &self.roots, algorithms };
        self.trail.note(|seen| {
            let facts = seen.tls.get_or_insert_default();
            chain.judge(server_name, now, verdict.as_ref().err(), facts);
        });
        if self.anything_goes { Ok(ServerCertVerified::assertion()) } else { verdict }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Shows our certificate to a server that asks for one, and writes down that it does.
#[derive(Debug)]
struct Passport {
    trail: Trail,
    own: Option<Arc<CertifiedKey>>,
}

impl ResolvesClientCert for Passport {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.trail.note(|seen| seen.tls.get_or_insert_default().wants_certificate = true);
        self.own.clone()
    }

    fn has_certs(&self) -> bool {
        self.own.is_some()
    }
}

/// The longest chain that is looked at, the server's own certificate among them.
const CHAIN_MAX: usize = 16;
