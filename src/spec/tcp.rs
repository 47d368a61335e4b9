//! `prober: tcp`.

use regex::bytes::Regex;

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
    /// What is waited for.
    pub expect: Option<Expected>,
    /// What is told of the line that matched.
    pub labels: Vec<ExpectLabel>,
    /// What is said then.
    pub send: Option<Sent>,
    /// Whether TLS starts here.
    pub starttls: bool,
}

/// What is waited for.
#[derive(Clone, Debug)]
pub enum Expected {
    /// Lines are read until one matches.
    Line(Regex),
    /// As many bytes as these are read, and they must be these.
    Bytes(Vec<u8>),
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A line feed is sent behind it, after `${1}` and the like are filled in from the match.
    Line(String),
    /// These and nothing else: a message in bytes has its own end.
    Bytes(Vec<u8>),
}

/// A label of `probe_expect_info`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectLabel {
    /// Its name.
    pub name: String,
    /// Its value, after `${1}` and the like are filled in from the match.
    pub value: String,
}
