//! What the other side's clock says. Whether an alert is over is judged there: where the two clocks
//! differ, an end that is right here may have come long ago there, or be hours away.

use std::time::{Duration, SystemTime};

use super::{ENDS_AT_RESENDS, Item, Outbox};
use crate::moment::Moment;

/// A clock as it was read last. It is followed by our steady clock, so that nothing that happens to ours
/// on the wall matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    read: SystemTime,
    up: Duration,
}

impl Clock {
    fn now(self, up: Duration) -> SystemTime {
        self.read + up.saturating_sub(self.up)
    }
}

impl Outbox {
    /// The other side has just told the time. Where it is far from what was thought, whatever fires is
    /// said again: it may have been told with an end that was over.
    pub fn hear_clock(&mut self, theirs: SystemTime, now: Moment) {
        let thought = self.their_now(now);
        self.clock = Some(Clock { read: theirs, up: now.up });
        if apart(thought, theirs) > self.manners.resend_interval {
            self.say_what_fires(now);
        }
    }

    /// How far the other side's clock is from ours; none before it was heard.
    pub fn skew(&self, now: Moment) -> Option<Duration> {
        self.clock.map(|it| apart(it.now(now.up), now.wall))
    }

    /// The `endsAt` of an incident. One that fires is over when nobody has said otherwise for a while; and
    /// an end must be past there too, or people would see it fire on.
    pub(super) fn ends_at(&self, item: &Item, now: Moment) -> SystemTime {
        let their_now = self.their_now(now);
        let starts_at = item.notification.starts_at;
        match item.notification.ends_at {
            // An end before the beginning is refused, and a wall clock may be set back.
            None => (their_now + self.manners.resend_interval * ENDS_AT_RESENDS).max(starts_at),
            Some(ends_at) => ends_at.min(their_now).max((starts_at + INSTANT).min(ends_at)).max(starts_at),
        }
    }

    fn their_now(&self, now: Moment) -> SystemTime {
        match self.clock.map(|it| it.now(now.up)) {
            // The header counts in seconds: nearer than this it says nothing.
            Some(theirs) if apart(theirs, now.wall) > SAME_WITHIN => theirs,
            Some(_) | None => now.wall,
        }
    }
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|earlier| earlier.duration())
}

/// Clocks that are no further apart are taken for the same.
const SAME_WITHIN: Duration = Duration::from_secs(5);
const INSTANT: Duration = Duration::from_millis(1);
