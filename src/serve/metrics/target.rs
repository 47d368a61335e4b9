//! The families of one target's latest attempt, by the names of the blackbox exporter. A target that
//! was not asked yet has none. One that we cannot tell of has `probe_unknown` 1 and its timeout, and
//! nothing that a rule could take for an answer.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use super::{Samples, TargetRow, number};
use crate::cause::{Cause, Judged, Verdict};
use crate::engine::TargetStatus;
use crate::outcome::{CertificateFacts, HttpFacts, Outcome, Phase, Series, TlsFacts, sum};
use crate::serve::family::{Family, Kind};
use crate::spec::Prober;

/// A gauge of one target.
const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Family {
    Family { name, kind: Kind::Gauge, labels, help }
}

pub(in crate::serve) const OF_TARGETS: &[TargetRow] = &[
    TargetRow {
        family: gauge(
            "probe_success",
            &[],
            "Whether the latest attempt was good; absent while we cannot tell (probe_unknown).",
        ),
        samples: |it, out| {
            if let Some(judged) = told(it) {
                out.put(&[], flag(judged.verdict == Verdict::Success));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_unknown",
            &[],
            "Whether we cannot tell, for a reason on our own side. It starts and ends no alert.",
        ),
        samples: |it, out| {
            if it.judged.is_some() {
                out.put(&[], flag(told(it).is_none()));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_cause_info",
            &["cause", "phase"],
            "1 while the target fails: why, and what was being done.",
        ),
        samples: |it, out| match told(it).map(|it| it.verdict) {
            Some(Verdict::Failure(cause, phase)) => out.put(&[cause.name(), phase.name()], 1.0),
            Some(Verdict::Success | Verdict::Unknown(_)) | None => {}
        },
    },
    TargetRow {
        family: gauge("probe_duration_seconds", &[], "How long the attempt took, up to its verdict."),
        samples: |it, out| {
            if let Some(seen) = seen(it) {
                out.put(&[], seen.duration.as_secs_f64());
            }
        },
    },
    TargetRow {
        family: gauge("probe_timeout_seconds", &[], "The timeout of the attempt."),
        samples: |it, out| {
            if it.judged.is_some() && !it.is_series() {
                out.put(&[], it.module.timeout.as_secs_f64());
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_deadline_ratio",
            &[],
            "Duration over timeout: at 0.8 the target is about to be too slow.",
        ),
        samples: |it, out| {
            if let (Some(seen), false) = (seen(it), it.module.timeout.is_zero()) {
                out.put(&[], seen.duration.div_duration_f64(it.module.timeout));
            }
        },
    },
    TargetRow {
        family: gauge("probe_query_value", &[], "What Prometheus answered: the value of the series."),
        samples: |it, out| {
            if let Some(value) = answered(it).and_then(sum) {
                out.put(&[], value);
            }
        },
    },
    TargetRow {
        family: gauge("probe_dns_lookup_time_seconds", &[], "How long finding the address took."),
        samples: |it, out| {
            if let Some(seen) = dialled(it) {
                out.put(&[], seen.phases.of(Phase::Resolve).as_secs_f64());
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_ip_protocol",
            &[],
            "The family of the address that was dialled: 4, 6, 0 is none.",
        ),
        samples: |it, out| {
            if let Some(seen) = dialled(it) {
                let family = match seen.peer.map(|it| it.ip()) {
                    None => 0.0,
                    Some(IpAddr::V4(_)) => 4.0,
                    Some(IpAddr::V6(_)) => 6.0,
                };
                out.put(&[], family);
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_ip_addr_hash",
            &[],
            "A hash of the address that was dialled (FNV-1a, 32 bit): it changes when the address does.",
        ),
        samples: |it, out| {
            if let Some(seen) = dialled(it) {
                out.put(&[], seen.peer.map_or(0.0, address_hash));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_http_duration_seconds",
            &["phase"],
            "How long each phase of the request took, summed over redirects.",
        ),
        samples: |it, out| {
            if let (Some(seen), true) = (seen(it), speaks_http(it)) {
                for phase in HTTP_PHASES {
                    out.put(&[phase.name()], seen.phases.of(phase).as_secs_f64());
                }
            }
        },
    },
    TargetRow {
        family: gauge("probe_http_status_code", &[], "The status of the last answer; 0 without one."),
        samples: |it, out| put_http(it, out, |it| f64::from(it.status)),
    },
    TargetRow {
        family: gauge(
            "probe_http_content_length",
            &[],
            "What the answer said its body's length is, in bytes; -1 where it did not say, 0 without an answer.",
        ),
        samples: |it, out| put_http(it, out, |it| it.content_length.map_or(-1.0, number)),
    },
    TargetRow {
        family: gauge(
            "probe_http_uncompressed_body_length",
            &[],
            "The length of the body that was read, decoded, in bytes.",
        ),
        samples: |it, out| put_http(it, out, |it| number(it.body_bytes)),
    },
    TargetRow {
        family: gauge("probe_http_redirects", &[], "How many redirects were followed."),
        samples: |it, out| put_http(it, out, |it| f64::from(it.redirects)),
    },
    TargetRow {
        family: gauge("probe_http_ssl", &[], "Whether the last answer came over TLS."),
        samples: |it, out| put_http(it, out, |it| flag(it.ssl)),
    },
    TargetRow {
        family: gauge("probe_http_version", &[], "The version of HTTP of the last answer; 0 without one."),
        samples: |it, out| {
            put_http(it, out, |it| it.version.trim_start_matches("HTTP/").parse().unwrap_or(0.0));
        },
    },
    TargetRow {
        family: gauge(
            "probe_http_last_modified_timestamp_seconds",
            &[],
            "When the answer says that its content was changed last.",
        ),
        samples: |it, out| {
            if let Some(at) = seen(it).and_then(|it| it.http.as_ref()?.last_modified) {
                out.put(&[], unix_seconds(at));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_failed_due_to_regex",
            &[],
            "Whether what was read did not match, or matched what it should not.",
        ),
        samples: |it, out| {
            let Some(Judged { verdict, outcome }) = told(it) else { return };
            let looked = match it.module.prober {
                Prober::Http(_) => true,
                Prober::Metrics(_) | Prober::Path(_) | Prober::Query(_) => false,
                Prober::Tcp(_) => outcome.conversation.is_some(),
            };
            if looked {
                let causes = [Cause::ContentMismatch, Cause::HeaderMismatch];
                let failed =
                    causes.iter().any(|it| matches!(verdict, Verdict::Failure(cause, _) if cause == it));
                out.put(&[], flag(failed));
            }
        },
    },
    TargetRow {
        family: gauge("probe_exposition_samples", &[], "Samples in the exposition that was read."),
        samples: |it, out| {
            if let Some(Ok(summary)) = seen(it).and_then(|it| it.exposition.as_ref()) {
                out.put(&[], number(summary.samples));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_ssl_earliest_cert_expiry",
            &[],
            "The earliest end of a certificate that was presented, as unix time; also where it was not accepted.",
        ),
        samples: |it, out| {
            if let Some(at) = tls(it).and_then(TlsFacts::earliest_not_after) {
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
            if let Some(at) = tls(it).filter(|it| it.verified).and_then(TlsFacts::earliest_not_after) {
                out.put(&[], unix_seconds(at));
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
            if let Some(it) = tls(it).and_then(|it| it.chain.first()) {
                let CertificateFacts { fingerprint_sha256, subject, issuer, serial, .. } = it;
                out.put(&[fingerprint_sha256, subject, issuer, &dns_names(it), serial], 1.0);
            }
        },
    },
    TargetRow {
        family: gauge("probe_tls_version_info", &["version"], "The version of TLS that was agreed on."),
        samples: |it, out| {
            if let Some(version) = tls(it).and_then(|it| it.version) {
                out.put(&[version], 1.0);
            }
        },
    },
    TargetRow {
        family: gauge("probe_tls_cipher_info", &["cipher"], "The cipher suite that was agreed on."),
        samples: |it, out| {
            let cipher = tls(it).and_then(|it| it.cipher.as_deref());
            if let (Some(cipher), true) = (cipher, speaks_http(it)) {
                out.put(&[cipher], 1.0);
            }
        },
    },
];

/// The latest attempt, where it says something about the target.
fn told(it: &TargetStatus) -> Option<&Judged> {
    it.judged.as_deref().filter(|judged| match judged.verdict {
        Verdict::Success | Verdict::Failure(..) => true,
        Verdict::Unknown(_) => false,
    })
}

/// How it was asked. Series are answered together: their question tells of it.
fn seen(it: &TargetStatus) -> Option<&Outcome> {
    told(it).filter(|_| !it.is_series()).map(|it| &it.outcome)
}

/// As `seen`, of an attempt that dials the target itself.
fn dialled(it: &TargetStatus) -> Option<&Outcome> {
    seen(it).filter(|_| !it.module.prober.asks_for_series())
}

fn speaks_http(it: &TargetStatus) -> bool {
    match it.module.prober {
        Prober::Http(_) | Prober::Metrics(_) => true,
        Prober::Tcp(_) | Prober::Path(_) | Prober::Query(_) => false,
    }
}

/// For probers that speak HTTP: a number of the last answer, 0 where there was none.
fn put_http(it: &TargetStatus, out: &mut Samples<'_, '_>, number: fn(&HttpFacts) -> f64) {
    if let (Some(seen), true) = (seen(it), speaks_http(it)) {
        out.put(&[], seen.http.as_ref().map_or(0.0, number));
    }
}

/// The series that stand for the target.
fn answered(it: &TargetStatus) -> Option<&[Series]> {
    told(it)?.outcome.series.as_ref()?.as_deref().ok()
}

fn tls(it: &TargetStatus) -> Option<&TlsFacts> {
    seen(it)?.tls.as_ref()
}

fn flag(it: bool) -> f64 {
    f64::from(u8::from(it))
}

fn unix_seconds(at: SystemTime) -> f64 {
    let since = |it: Duration| it.as_secs_f64();
    at.duration_since(SystemTime::UNIX_EPOCH).map_or_else(|before| -since(before.duration()), since)
}

/// FNV-1a over the 4 or 16 bytes of the address, without its port.
fn address_hash(peer: SocketAddr) -> f64 {
    let hash = |bytes: &[u8]| {
        bytes.iter().fold(0x811c_9dc5, |it: u32, byte| (it ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
    };
    f64::from(match peer.ip() {
        IpAddr::V4(ip) => hash(&ip.octets()),
        IpAddr::V6(ip) => hash(&ip.octets()),
    })
}

/// The certificate's DNS names, as the exporter joins them; its IP addresses are not among them.
fn dns_names(it: &CertificateFacts) -> String {
    let names = it.names.iter().filter(|name| name.parse::<IpAddr>().is_err());
    names.map(String::as_str).collect::<Vec<_>>().join(",")
}

/// The exporter's phases of a request: checking is none of them.
const HTTP_PHASES: [Phase; 5] =
    [Phase::Resolve, Phase::Connect, Phase::Tls, Phase::Processing, Phase::Transfer];
