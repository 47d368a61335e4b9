//! `prober: dns`.

use regex::Regex;

use super::{DialSpec, TlsSpec};
use crate::dns::{Query, Rcode, Section};

/// `dns:`.
#[derive(Clone, Debug)]
pub struct DnsSpec {
    /// Which addresses are taken, and where we ask from.
    pub dial: DialSpec,
    /// How the question travels.
    pub transport: DnsTransport,
    /// What is asked.
    pub query: Query,
    /// The codes that are good; never empty.
    pub valid_rcodes: Vec<Rcode>,
    /// What records must, or must not, say. `DnsAnswer::matched` has an entry for each.
    pub rules: Vec<RecordRule>,
}

/// How a question travels to its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsTransport {
    /// In one datagram; so does the answer.
    Udp,
    /// Over a connection.
    Tcp,
    /// Over a connection, within TLS.
    Tls(TlsSpec),
}

impl DnsTransport {
    /// How TLS is spoken, where it is.
    pub fn tls(&self) -> Option<&TlsSpec> {
        match self {
            Self::Udp | Self::Tcp => None,
            Self::Tls(spec) => Some(spec),
        }
    }

    /// The port that is asked where a target names none.
    pub fn port(&self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 53,
            Self::Tls(_) => 853,
        }
    }
}

/// A pattern over the records of one section, each in the form of a zone file.
#[derive(Clone, Debug)]
pub struct RecordRule {
    /// Whose records are looked at.
    pub section: Section,
    /// The pattern, not anchored.
    pub regex: Regex,
    /// What is a failure.
    pub fail_if: RecordsFailIf,
}

/// Which answer of the patterns over a section is a failure. Names and meanings are the exporter's,
/// also where a name promises the opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordsFailIf {
    /// `fail_if_matches_regexp`: a record matches.
    Matches,
    /// `fail_if_all_match_regexp`: not every record matches. No records are no failure.
    AllMatch,
    /// `fail_if_not_matches_regexp`: a record does not match, or there is none.
    NotMatches,
    /// `fail_if_none_matches_regexp`: no record matches any of these patterns, or there is none.
    NoneMatches,
}

impl RecordsFailIf {
    /// All of them, in the order in which the exporter's documentation has them.
    pub const ALL: [Self; 4] = [Self::Matches, Self::AllMatch, Self::NotMatches, Self::NoneMatches];

    /// The key of a module file that says it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Matches => "fail_if_matches_regexp",
            Self::AllMatch => "fail_if_all_match_regexp",
            Self::NotMatches => "fail_if_not_matches_regexp",
            Self::NoneMatches => "fail_if_none_matches_regexp",
        }
    }
}
