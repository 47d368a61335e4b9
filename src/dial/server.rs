//! TLS as a server speaks it: our own certificate, and those that clients show.

use std::io;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{certificate, secret};
use crate::config::{Clients, ServerTls};
use crate::spec::{Pem, TlsVersion};

/// Takes clients in over TLS. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reception {
    acceptor: TlsAcceptor,
    /// Of which a client's certificate must bear one; empty: none of them.
    allowed_names: Arc<[String]>,
}

/// Why there is no TLS to be had from a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("the certificate or its key cannot be read, or is none (cert_file, key_file)")]
    Identity,
    #[error("the certificate and the key do not belong together")]
    Pair,
    #[error("the roots for clients' certificates cannot be read, or are none (client_ca_file)")]
    Roots,
}

impl Reception {
    /// By what the configuration says; the files that it names are read now.
    pub(crate) fn of(tls: &ServerTls, http2: bool) -> Result<Self, Unusable> {
        let (chain, key) = secret::identity(&tls.certificate, &tls.key).map_err(|_| Unusable::Identity)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let range = tls.version_min..=tls.version_max;
        let versions =
            [(TlsVersion::V1_2, &rustls::version::TLS12), (TlsVersion::V1_3, &rustls::version::TLS13)];
        let versions: Vec<_> = versions
            .into_iter()
            .filter(|(it, _)| range.contains(it))
            .map(|(_, supported)| supported)
            .collect();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)
            .map_err(|_| Unusable::Pair)?;
        let roots = |pem: &Pem| -> Result<Arc<RootCertStore>, Unusable> {
            secret::roots(pem).map(Arc::new).map_err(|_| Unusable::Roots)
        };
        let verifier = match &tls.clients {
            Clients::Unasked => WebPkiClientVerifier::no_client_auth(),
            Clients::Verified(ca) => WebPkiClientVerifier::builder_with_provider(roots(ca)?, provider)
                .build()
                .map_err(|_| Unusable::Roots)?,
            Clients::VerifiedIfGiven(ca) => WebPkiClientVerifier::builder_with_provider(roots(ca)?, provider)
                .allow_unauthenticated()
                .build()
                .map_err(|_| Unusable::Roots)?,
        };
        let mut config = builder
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|_| Unusable::Pair)?;
        config.alpn_protocols = if http2 { vec![b"h2".to_vec()] } else { Vec::new() };
        config.alpn_protocols.push(b"http/1.1".to_vec());
        Ok(Self { acceptor: Arc::new(config).into(), allowed_names: tls.allowed_names.clone().into() })
    }

    /// The handshake with a client, and whether HTTP/2 was agreed on.
    pub(crate) async fn take_in(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, bool)> {
        let stream = self.acceptor.accept(stream).await?;
        let session = stream.get_ref().1;
        let is_http2 = session.alpn_protocol() == Some(b"h2");
        let shown =
            session.peer_certificates().and_then(|it| it.first()).and_then(|it| certificate::facts(it));
        // Where a client may come without a certificate, its names are looked at when it shows one.
        let is_welcome = match shown {
            Some(shown) if !self.allowed_names.is_empty() => {
                shown.names.iter().any(|it| self.allowed_names.contains(it))
            }
            Some(_) | None => true,
        };
        if is_welcome { Ok((stream, is_http2)) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }
}
