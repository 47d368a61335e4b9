//! What a TLS handshake showed, also when it failed.

use std::time::SystemTime;

use serde::Serialize;

use super::CertificateFault;

/// What a TLS handshake showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TlsFacts {
    /// `TLS 1.2` or `TLS 1.3`, once agreed on.
    pub version: Option<&'static str>,
    /// The cipher suite's name as the standard has it, once agreed on.
    pub cipher: Option<String>,
    /// What the server presented, its own certificate first.
    pub chain: Vec<CertificateFacts>,
    /// Whether the chain leads to a root that we trust, bears the name and is in its time. Known
    /// also where any certificate will do.
    pub verified: bool,
    /// All that is wrong with the chain, the reason for which it is refused first; each found for
    /// itself, so that a certificate that expires is not thereby for the right name.
    pub faults: Vec<CertificateFault>,
    /// The latest moment at which the chain leads to a root that we trust, be it past; none where it
    /// never does. What a server presents beyond the need does not count here.
    pub trusted_until: Option<SystemTime>,
    /// Whether the server asked for a certificate of ours. In TLS 1.3 it says only later whether it
    /// takes what it got.
    pub wants_certificate: bool,
}

impl TlsFacts {
    /// The earliest end of any certificate of the chain.
    pub fn earliest_not_after(&self) -> Option<SystemTime> {
        self.chain.iter().map(|it| it.not_after).min()
    }

    /// Until when those who trust its root take the chain. Where it leads to no root of ours, the
    /// earliest end of what was presented.
    pub fn usable_until(&self) -> Option<SystemTime> {
        self.trusted_until.or_else(|| self.earliest_not_after())
    }

    /// Whether that is wrong with the chain.
    pub fn has(&self, fault: CertificateFault) -> bool {
        self.faults.contains(&fault)
    }
}

/// What one certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateFacts {
    /// The subject's name (RFC 2253).
    pub subject: String,
    /// The issuer's name (RFC 2253).
    pub issuer: String,
    /// The DNS names and IP addresses it is for.
    pub names: Vec<String>,
    /// When its time begins.
    pub not_before: SystemTime,
    /// When its time ends.
    pub not_after: SystemTime,
    /// The serial number's bytes in lower hex.
    pub serial: String,
    /// SHA-256 of its DER bytes in lower hex.
    pub fingerprint_sha256: String,
}
