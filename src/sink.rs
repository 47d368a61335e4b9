//! Edges that tell people: each takes notifications as the engine makes them, and keeps at it until
//! the other side has heard. What an alert says is decided above; here it is only carried.

pub mod alertmanager;
pub mod log;
pub mod outbox;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use prometheus::{IntCounter, IntCounterVec};

use crate::notification::Notification;

/// What a sink is told.
#[derive(Clone, Debug)]
pub enum News {
    /// An incident began, has changed, or is over.
    Told(Notification),
    /// We stood still: what fires may be over in the eyes of the other side, and is said again.
    Again,
}

/// When somebody last turned round. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Beat(Arc<Mutex<Instant>>);

impl Beat {
    /// Just now.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Now.
    pub fn turn(&self) {
        *self.lock() = Instant::now();
    }

    /// How long ago that was.
    pub fn age(&self) -> Duration {
        self.lock().elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Instant> {
        self.0.lock().expect("nobody panics while looking at the clock")
    }
}

impl Default for Beat {
    fn default() -> Self {
        Self::new()
    }
}

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
    /// When its worker last looked for something to do.
    pub beat: Beat,
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
            beat: Beat::new(),
        }
    }
}
