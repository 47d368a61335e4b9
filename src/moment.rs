//! When something happens. Time is an argument everywhere: whoever needs to know the hour is told it.

use std::time::{Duration, SystemTime};

/// One instant, by both clocks: the steady one that durations are measured with, and the one on
/// the wall, which people read and which may be set forward or back at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Time since the program started, by a monotonic clock.
    pub up: Duration,
    /// What the wall clock says.
    pub wall: SystemTime,
}

impl Moment {
    /// The beginning: nothing has run yet, and the wall clock says `wall`.
    pub fn start(wall: SystemTime) -> Self {
        Self { up: Duration::ZERO, wall }
    }

    /// This moment, `later` by both clocks.
    #[must_use]
    pub fn after(self, later: Duration) -> Self {
        Self { up: self.up + later, wall: self.wall + later }
    }
}
