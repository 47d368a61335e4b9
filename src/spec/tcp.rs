//! `prober: tcp`.

use regex::Regex;

use super::{DialSpec, TlsSpec};

/// `tcp:`.
#[derive(Clone, Debug)]
pub struct TcpSpec {
    /// Which addresses are taken, and where we ask from.
    pub dial: DialSpec,
    /// Whether the conversation is within TLS from its beginning.
    pub tls: Option<TlsSpec>,
    /// What is used where a line of the conversation says `starttls`.
    pub starttls: TlsSpec,
    /// The conversation, top down.
    pub query_response: Vec<Exchange>,
}

/// One entry of `query_response`: expect, then send, then perhaps start TLS.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// Lines are read until one matches.
    pub expect: Option<Regex>,
    /// Sent with a line feed behind it, after `${1}` and the like are filled in from the match.
    pub send: Option<String>,
    /// Whether TLS starts here.
    pub starttls: bool,
}
