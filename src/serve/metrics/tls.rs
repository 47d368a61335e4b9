//! Families of a TLS handshake: what was agreed on, and what the certificates say.

use std::net::IpAddr;

use super::reading::{TargetRow, flag, gauge, unix_seconds};
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
            "The end of the chain that was verified, as unix time; -62135596800 where any would do and none was.",
        ),
        samples: |it, out| match it.tls() {
            Some(tls) if tls.verified => {
                if let Some(at) = tls.usable_until() {
                    out.put(&[], unix_seconds(at));
                }
            }
            // So the exporter tells of a chain that it took without having verified it.
            Some(tls) if tls.version.is_some() && it.takes_any_certificate() => {
                out.put(&[], GOS_BEGINNING_OF_TIME);
            }
            Some(_) | None => {}
        },
    },
    TargetRow {
        family: gauge(
            "probe_ssl_chain_cert_not_after_timestamp_seconds",
            &["position"],
            "The end of each certificate that was presented, as unix time: position 0 is the target's own.",
        ),
        samples: |it, out| {
            for (position, certificate) in it.tls().iter().flat_map(|it| it.chain.iter().enumerate()) {
                out.put(&[&position.to_string()], unix_seconds(certificate.not_after));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_ssl_verified",
            &[],
            "Whether the chain leads to a trusted root, bears the name and is in its time.",
        ),
        samples: |it, out| {
            if let Some(tls) = it.tls().filter(|it| !it.chain.is_empty()) {
                out.put(&[], flag(tls.verified));
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
            if let Some(cipher) = it.tls().and_then(|it| it.cipher.as_deref()) {
                out.put(&[cipher], 1.0);
            }
        },
    },
];

/// The year 1, in unix time.
const GOS_BEGINNING_OF_TIME: f64 = -62_135_596_800.0;

/// The certificate's DNS names, as the exporter joins them; its IP addresses are not among them.
fn dns_names(it: &CertificateFacts) -> String {
    let names = it.names.iter().filter(|name| name.parse::<IpAddr>().is_err());
    names.map(String::as_str).collect::<Vec<_>>().join(",")
}
