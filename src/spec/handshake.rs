//! `prober: tls`.

use super::{DialSpec, Exchange, TlsSpec};

/// `tls:`. A chain that is not accepted is looked at to its end all the same.
#[derive(Clone, Debug)]
pub struct HandshakeSpec {
    /// Which addresses are taken, and where we ask from.
    pub dial: DialSpec,
    /// Which certificates are good, and which one we show.
    pub tls: TlsSpec,
    /// What is said in the clear before TLS starts, top down; the last one starts it. Empty: TLS
    /// stands at the beginning.
    pub query_response: Vec<Exchange>,
}
