//! Families of a conversation over TCP or a local socket.

use super::reading::{TargetRow, flag, gauge};
use crate::outcome::Missed;

pub(super) const ROWS: &[TargetRow] = &[
    TargetRow {
        family: gauge("probe_failed_due_to_bytes", &[], "Whether other bytes were read than were expected."),
        samples: |it, out| {
            if let Some(talk) =
                it.seen().filter(|_| !it.is_websocket()).and_then(|it| it.conversation.as_ref())
            {
                out.put(&[], flag(talk.missed == Some(Missed::Bytes)));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_expect_info",
            &[],
            "What was found in the line that matched, as the module names it.",
        ),
        samples: |it, out| {
            let talk = it.seen().and_then(|it| it.conversation.as_ref());
            if let Some(talk) = talk.filter(|it| !it.labels.is_empty()) {
                let found = talk.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                out.put_named(&found.collect::<Vec<_>>(), 1.0);
            }
        },
    },
];
