//! Edges that tell people: each takes notifications as the engine makes them, and keeps at it until
//! the other side has heard. What an alert says is decided above; here it is only carried.

pub mod alertmanager;
pub mod log;
pub mod outbox;

use prometheus::{IntCounter, IntCounterVec};

/// What became of the alerts that one sink was to tell: `fingerpost_notifications_total` of it.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Heard by the other side. An alert that is resent counts each time.
    pub delivered: IntCounter,
    /// Sent in vain; it is tried again.
    pub failed: IntCounter,
    /// Refused for what it says; set aside until it says something else.
    pub rejected: IntCounter,
    /// Given up: over for so long that nobody needs to hear of it any more.
    pub expired: IntCounter,
}

impl Counts {
    /// The counts of the sink of that name, out of a family with the labels `sink` and `result`.
    pub fn new(family: &IntCounterVec, sink: &str) -> Self {
        let of = |result: &str| family.with_label_values(&[sink, result]);
        Self {
            delivered: of("delivered"),
            failed: of("failed"),
            rejected: of("rejected"),
            expired: of("expired"),
        }
    }
}
