//! Families that every prober has: the verdict, its time, the address that was dialled. A target that
//! was not asked yet has none. One that we cannot tell of has `probe_unknown` 1 and its timeout, and
//! nothing that a rule could take for an answer.

use std::net::{IpAddr, SocketAddr};

use super::reading::{TargetRow, flag, gauge};
use crate::cause::Verdict;
use crate::outcome::Phase;

pub(super) const ROWS: &[TargetRow] = &[
    TargetRow {
        family: gauge(
            "probe_success",
            &[],
            "Whether the latest attempt was good; while we cannot tell (probe_unknown) absent, and 0 on /probe.",
        ),
        samples: |it, out| {
            if let Some(judged) = it.told() {
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
                out.put(&[], flag(it.is_unknown()));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_cause_info",
            &["cause", "phase"],
            "1 while the target fails: why, and what was being done.",
        ),
        samples: |it, out| match it.told().map(|it| it.verdict) {
            Some(Verdict::Failure(cause, phase)) => out.put(&[cause.name(), phase.name()], 1.0),
            // Only who asked is told of it; there is no phase in which the target would have failed.
            Some(unknown @ Verdict::Unknown(_)) => out.put(&[unknown.cause_name(), ""], 1.0),
            Some(Verdict::Success) | None => {}
        },
    },
    TargetRow {
        family: gauge("probe_duration_seconds", &[], "How long the attempt took, up to its verdict."),
        samples: |it, out| {
            if let Some(seen) = it.seen() {
                out.put(&[], seen.duration.as_secs_f64());
            }
        },
    },
    TargetRow {
        family: gauge("probe_timeout_seconds", &[], "The timeout of the attempt."),
        samples: |it, out| {
            if it.judged.is_some() && !it.is_series {
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
            if let (Some(seen), false) = (it.seen(), it.module.timeout.is_zero()) {
                out.put(&[], seen.duration.div_duration_f64(it.module.timeout));
            }
        },
    },
    TargetRow {
        family: gauge("probe_dns_lookup_time_seconds", &[], "How long finding the address took."),
        samples: |it, out| {
            if let Some(seen) = it.dialled() {
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
            if let Some(seen) = it.dialled() {
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
            if let Some(seen) = it.dialled() {
                out.put(&[], seen.peer.map_or(0.0, address_hash));
            }
        },
    },
];

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
