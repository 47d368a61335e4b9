//! Families of echo requests.

use super::reading::{Reading, TargetRow, gauge};
use crate::outcome::{Outcome, Phase};
use crate::spec::Prober;

pub(super) const ROWS: &[TargetRow] = &[
    TargetRow {
        family: gauge("probe_icmp_duration_seconds", &["phase"], "How long each phase of the echo took."),
        samples: |it, out| {
            let Some(seen) = asked(it) else { return };
            for (name, phase) in PHASES {
                out.put(&[name], seen.phases.of(phase).as_secs_f64());
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_icmp_reply_hop_limit",
            &[],
            "How many hops the reply was still allowed when it came (the TTL of IPv4).",
        ),
        samples: |it, out| {
            let limit = asked(it).and_then(|it| it.icmp.as_ref()?.reply_hop_limit);
            if let Some(limit) = limit {
                out.put(&[], f64::from(limit));
            }
        },
    },
];

fn asked<'a>(it: &Reading<'a>) -> Option<&'a Outcome> {
    match it.module.prober {
        Prober::Icmp(_) => it.seen(),
        Prober::Http(_)
        | Prober::Metrics(_)
        | Prober::Tcp(_)
        | Prober::Unix(_)
        | Prober::Tls(_)
        | Prober::Dns(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Path(_)
        | Prober::Query(_) => None,
    }
}

/// The exporter's phases, and ours that they are.
const PHASES: [(&str, Phase); 3] =
    [("resolve", Phase::Resolve), ("setup", Phase::Connect), ("rtt", Phase::Processing)];
