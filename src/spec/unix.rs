//! `prober: unix`. The target is the socket's path.

use super::{Exchange, TlsSpec};

/// `unix:`.
#[derive(Clone, Debug)]
pub struct UnixSpec {
    /// Whether the conversation is within TLS from its beginning. The certificate must bear the name
    /// in `server_name`; a path is none.
    pub tls: Option<TlsSpec>,
    /// What is used where a line of the conversation says `starttls`.
    pub starttls: TlsSpec,
    /// The conversation, top down.
    pub query_response: Vec<Exchange>,
}
