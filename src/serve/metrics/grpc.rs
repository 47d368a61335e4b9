//! Families of a health check of gRPC.

use super::reading::{Reading, TargetRow, flag, gauge};
use crate::outcome::{End, Fault, FaultKind, GrpcFacts, Outcome, Phase, Serving};
use crate::spec::{GrpcSpec, Prober};

pub(super) const ROWS: &[TargetRow] = &[
    TargetRow {
        family: gauge(
            "probe_grpc_duration_seconds",
            &["phase"],
            "How long finding the address took (resolve), and all else (check).",
        ),
        samples: |it, out| {
            if let Some((_, seen)) = asked(it) {
                let resolve = seen.phases.of(Phase::Resolve);
                out.put(&["resolve"], resolve.as_secs_f64());
                out.put(&["check"], seen.phases.total().saturating_sub(resolve).as_secs_f64());
            }
        },
    },
    TargetRow {
        family: gauge("probe_grpc_ssl", &[], "Whether the call went within TLS."),
        samples: |it, out| {
            if let Some((spec, seen)) = asked(it) {
                out.put(&[], flag(spec.tls.is_some() && seen.grpc.is_some()));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_grpc_status_code",
            &[],
            "The code that ended the call; 14 where no answer came, 4 where it did not come in time.",
        ),
        samples: |it, out| {
            if let Some((_, seen)) = asked(it) {
                out.put(&[], f64::from(status(seen)));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_grpc_healthcheck_response",
            &["serving_status"],
            "1 for what the health service says; 0 for everything where it says nothing.",
        ),
        samples: |it, out| {
            if let Some((_, seen)) = asked(it) {
                let said = seen.grpc.as_ref().and_then(|it| it.serving);
                for state in Serving::ALL {
                    out.put(&[state.name()], flag(said == Some(state)));
                }
            }
        },
    },
];

fn asked<'a>(it: &Reading<'a>) -> Option<(&'a GrpcSpec, &'a Outcome)> {
    match &it.module.prober {
        Prober::Grpc(spec) => Some((spec, it.seen()?)),
        Prober::Http(_)
        | Prober::Metrics(_)
        | Prober::Tcp(_)
        | Prober::Tls(_)
        | Prober::Unix(_)
        | Prober::WebSocket(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Path(_)
        | Prober::Query(_) => None,
    }
}

/// As a client of gRPC has it: what never came to an answer has a code of its own.
fn status(seen: &Outcome) -> u32 {
    match (&seen.grpc, &seen.end) {
        (Some(GrpcFacts { status, .. }), _) => *status,
        (None, End::Fault(Fault { phase: Phase::Resolve, .. }) | End::Reply | End::Unknown(_)) => 0,
        (None, End::Fault(Fault { kind: FaultKind::TimedOut, .. })) => 4,
        (None, End::Fault(_)) => 14,
    }
}
