//! `prober: grpc`.

use std::sync::Arc;

use http::HeaderMap;

use super::{DialSpec, TlsSpec};

/// `grpc:`. The standard health check (`grpc.health.v1.Health/Check`) is asked.
#[derive(Clone, Debug)]
pub struct GrpcSpec {
    /// The service that is asked for; empty: the server as a whole.
    pub service: Arc<str>,
    /// How TLS is spoken; none: the call goes in the clear.
    pub tls: Option<TlsSpec>,
    /// Sent along. A value under a name that ends in `-bin` is given as it is, and encoded on the way.
    pub metadata: HeaderMap,
    /// Which addresses are taken.
    pub dial: DialSpec,
}

/// The server as a whole, in the clear.
impl Default for GrpcSpec {
    fn default() -> Self {
        Self { service: "".into(), tls: None, metadata: HeaderMap::new(), dial: DialSpec::default() }
    }
}
