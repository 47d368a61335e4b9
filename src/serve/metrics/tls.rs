//! Families of a TLS handshake: what was agreed on, and what the certificates say.

use std::net::IpAddr;

use super::reading::{Audience, TargetRow, gauge, unix_seconds};
use crate::outcome::{CertificateFacts, TlsFacts};

pub(super) const ROWS: &[TargetRow] = &[
    TargetRow {
        family: gauge(
            "probe_ssl_earliest_cert_expiry",
            &[],
            "The earliest end of a certificate that was presented, as unix time; also where it was not accepted.",
        ),
        samples: |it, out| {
            if let Some(at) = it.tls().and_then(TlsFacts::earliest_not_after) {
                out.put(&[], unix_seconds(at));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_ssl_last_chain_expiry_timestamp_seconds",
            &[],
            "The end of the chain that was verified, as unix time; absent where none was.",
        ),
        samples: |it, out| {
            let verified = it.tls().filter(|it| it.verified).and_then(TlsFacts::earliest_not_after);
            match (verified, it.told_to) {
                (Some(at), Audience::All | Audience::Asker) => out.put(&[], unix_seconds(at)),
                // The exporter's word for "none", of a handshake that was completed all the same.
                (None, Audience::Asker) if it.tls().is_some_and(|it| it.version.is_some()) => {
                    out.put(&[], YEAR_ONE);
                }
                (None, Audience::Asker | Audience::All) => {}
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_ssl_last_chain_info",
            &["fingerprint_sha256", "subject", "issuer", "subjectalternative", "serialnumber"],
            "The certificate that the target presented as its own.",
        ),
        samples: |it, out| {
            if let Some(it) = it.tls().and_then(|it| it.chain.first()) {
                let CertificateFacts { fingerprint_sha256, subject, issuer, serial, .. } = it;
                out.put(&[fingerprint_sha256, subject, issuer, &dns_names(it), serial], 1.0);
            }
        },
    },
    TargetRow {
        family: gauge("probe_tls_version_info", &["version"], "The version of TLS that was agreed on."),
        samples: |it, out| {
            if let Some(version) = it.tls().and_then(|it| it.version) {
                out.put(&[version], 1.0);
            }
        },
    },
    TargetRow {
        family: gauge("probe_tls_cipher_info", &["cipher"], "The cipher suite that was agreed on."),
        samples: |it, out| {
            let cipher = it.tls().and_then(|it| it.cipher.as_deref());
            if let (Some(cipher), true) = (cipher, it.speaks_http()) {
                out.put(&[cipher], 1.0);
            }
        },
    },
];

/// The first second of the year 1, as unix time.
const YEAR_ONE: f64 = -62_135_596_800.0;

/// The certificate's DNS names, as the exporter joins them; its IP addresses are not among them.
fn dns_names(it: &CertificateFacts) -> String {
    let names = it.names.iter().filter(|name| name.parse::<IpAddr>().is_err());
    names.map(String::as_str).collect::<Vec<_>>().join(",")
}
