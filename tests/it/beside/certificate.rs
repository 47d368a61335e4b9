//! An authority that both are told to trust, and servers with certificates of all kinds.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

/// An authority of the lab's own.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "lab");
        params.distinguished_name.push(DnType::OrganizationName, "Doors, & \"Sons\"");
        let key = KeyPair::generate().expect("a key can be made");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority can be made"))
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A client's certificate and its key, as PEM.
    pub(super) fn client(&self) -> (String, String) {
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params(&["porter"]).signed_by(&key, &self.0).expect("it can be signed");
        (certificate.pem(), key.serialize_pem())
    }

    pub(super) fn server(&self, names: &[&str]) -> ServerConfig {
        self.with(&params(names), &[&TLS12, &TLS13], None)
    }

    pub(super) fn h2_server(&self, names: &[&str]) -> ServerConfig {
        let mut server = self.server(names);
        server.alpn_protocols = vec![b"h2".to_vec()];
        server
    }

    pub(super) fn expired_server(&self, names: &[&str]) -> ServerConfig {
        let mut params = params(names);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.with(&params, &[&TLS12, &TLS13], None)
    }

    pub(super) fn server_of_tls_1_2(&self, names: &[&str]) -> ServerConfig {
        self.with(&params(names), &[&TLS12], None)
    }

    /// A server that wants a certificate of this authority from its clients.
    pub(super) fn demanding_server(&self, names: &[&str]) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("our own certificate can be read");
        // With TLS 1.2 the client hears of it within the handshake.
        self.with(&params(names), &[&TLS12], Some(roots))
    }

    fn with(
        &self,
        params: &CertificateParams,
        versions: &[&'static SupportedProtocolVersion],
        clients: Option<RootCertStore>,
    ) -> ServerConfig {
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.signed_by(&key, &self.0).expect("it can be signed");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .expect("the provider has these versions");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
                builder.with_client_cert_verifier(verifier.expect("there are roots"))
            }
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("our own key can be read");
        builder.with_single_cert(vec![certificate.der().clone()], key).expect("they belong together")
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|it| (*it).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("these are names");
    params.distinguished_name.push(DnType::CommonName, "door");
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2999, 1, 1);
    params
}
