//! Families of a WebSocket.

use super::reading::{Reading, TargetRow, flag, gauge};
use crate::outcome::{Outcome, Phase};
use crate::spec::Prober;

pub(super) const ROWS: &[TargetRow] = &[
    TargetRow {
        family: gauge(
            "probe_websocket_status_code",
            &[],
            "The status that answered the handshake; 0 without an answer.",
        ),
        samples: |it, out| {
            if let Some(seen) = asked(it) {
                out.put(&[], seen.http.as_ref().map_or(0.0, |it| f64::from(it.status)));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_websocket_connection_upgraded",
            &[],
            "Whether the connection became a WebSocket.",
        ),
        samples: |it, out| {
            if let Some(seen) = asked(it) {
                out.put(&[], flag(seen.conversation.is_some()));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_websocket_failed_due_to_regex",
            &[],
            "Whether the conversation ended before a message matched.",
        ),
        samples: |it, out| {
            if let Some(seen) = asked(it) {
                out.put(&[], flag(seen.conversation.as_ref().is_some_and(|it| it.missed.is_some())));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_websocket_duration_seconds",
            &["phase"],
            "How long each phase took that was reached; TLS is part of connecting.",
        ),
        samples: |it, out| {
            let Some(seen) = asked(it) else { return };
            for phase in [Phase::Resolve, Phase::Connect, Phase::Processing, Phase::Transfer] {
                let tls = if phase == Phase::Connect { seen.phases.of(Phase::Tls) } else { <_>::default() };
                let time = seen.phases.of(phase) + tls;
                if !time.is_zero() {
                    out.put(&[phase.name()], time.as_secs_f64());
                }
            }
        },
    },
];

fn asked<'a>(it: &Reading<'a>) -> Option<&'a Outcome> {
    match &it.module.prober {
        Prober::WebSocket(_) => it.seen(),
        Prober::Http(_)
        | Prober::Metrics(_)
        | Prober::Tcp(_)
        | Prober::Tls(_)
        | Prober::Unix(_)
        | Prober::Grpc(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Path(_)
        | Prober::Query(_) => None,
    }
}
