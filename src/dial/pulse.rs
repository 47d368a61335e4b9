//! Whether we were awake. A pulse beats ten times a second; what is missing between two beats is time
//! in which nobody here looked at anything: the process was stopped or frozen, the machine slept, or
//! others had its processors. Whoever awaits something holds a vigil meanwhile, and knows afterwards
//! how much of the time was lost on our side.
//!
//! What a lost second means for an attempt is left to `probe`, and for an alert to `engine`.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// The pulse of the process. Clones are the same one. One that has never beaten has lost nothing.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Mutex<Beats>>);

/// What was lost since it began.
#[derive(Clone, Debug)]
pub struct Vigil {
    pulse: Pulse,
    begin: Lost,
}

/// Time without a beat, all of it since the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lost {
    /// All of it, the time in which the machine slept among it.
    stalled: Duration,
    /// How often it was more than [`PAUSE_LEAST`] at once.
    pauses: u64,
    /// All of these.
    paused: Pause,
}

/// How long we stood still, by two clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    /// By the steady clock, which stands still while the machine sleeps.
    pub stood: Duration,
    /// By the clock that goes on meanwhile.
    pub lasted: Duration,
}

/// An instant by the two clocks that go on while we are stopped.
#[derive(Clone, Copy, Debug)]
struct Stand {
    steady: Instant,
    /// Goes on while the machine sleeps as well.
    boot: Duration,
}

#[derive(Debug, Default)]
struct Beats {
    last: Option<Stand>,
    closed: Lost,
}

impl Pulse {
    /// Beats until `stop` comes.
    pub async fn beat(self, stop: impl Future<Output = ()>) {
        let mut ticks = interval(BEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return self.beats().last = None,
                _ = ticks.tick() => self.beats().beat(Stand::now()),
            }
        }
    }

    /// Begins a vigil.
    pub fn watch(&self) -> Vigil {
        Vigil { pulse: self.clone(), begin: self.lost() }
    }

    fn lost(&self) -> Lost {
        self.beats().lost(Stand::now())
    }

    /// Loses time at once, as if we had stood still.
    #[cfg(test)]
    pub(crate) fn lose(&self, stalled: Duration, pauses: u64) {
        let mut beats = self.beats();
        beats.closed.stalled += stalled;
        beats.closed.pauses += pauses;
    }

    fn beats(&self) -> MutexGuard<'_, Beats> {
        self.0.lock().expect("nobody panics while counting")
    }
}

impl Vigil {
    /// How much was lost.
    pub fn stalled(&self) -> Duration {
        self.pulse.lost().stalled.saturating_sub(self.begin.stalled)
    }

    /// How often we stood still for more than a second.
    pub fn pauses(&self) -> u64 {
        self.pulse.lost().pauses.saturating_sub(self.begin.pauses)
    }

    /// The pauses since this was asked last, if there were any, as one.
    pub fn take_pause(&mut self) -> Option<Pause> {
        let lost = self.pulse.lost();
        let before = std::mem::replace(&mut self.begin, lost);
        let since = |now: Duration, before| now.saturating_sub(before);
        (lost.pauses > before.pauses).then(|| Pause {
            stood: since(lost.paused.stood, before.paused.stood),
            lasted: since(lost.paused.lasted, before.paused.lasted),
        })
    }
}

impl Stand {
    fn now() -> Self {
        let steady = Instant::now();
        // Linux has that clock; where it cannot be read, sleep goes unnoticed.
        let boot = clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default();
        Self { steady, boot }
    }
}

impl Beats {
    fn beat(&mut self, now: Stand) {
        self.closed = self.lost(now);
        self.last = Some(now);
    }

    /// Up to `now`, what has passed since the last beat among it: after a pause anybody may be the first
    /// to ask, and the beat the last.
    fn lost(&self, now: Stand) -> Lost {
        let Some(last) = self.last else { return self.closed };
        let stood = now.steady.saturating_duration_since(last.steady);
        let gap = stood.max(now.boot.saturating_sub(last.boot));
        let mut all = self.closed;
        let missing = gap.saturating_sub(BEAT);
        if missing > SLACK {
            all.stalled += missing;
        }
        if missing > PAUSE_LEAST {
            all.pauses += 1;
            all.paused.stood += stood;
            all.paused.lasted += gap;
        }
        all
    }
}

const BEAT: Duration = Duration::from_millis(100);
/// A beat is never to the point.
const SLACK: Duration = Duration::from_millis(20);
/// Whoever stands still for longer was stopped.
const PAUSE_LEAST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn stand(begin: Instant, steady: u64, boot: u64) -> Stand {
        Stand { steady: begin + Duration::from_millis(steady), boot: Duration::from_millis(boot) }
    }

    fn beats_at(begin: Instant, times: &[(u64, u64)]) -> Beats {
        let mut beats = Beats::default();
        for (steady, boot) in times {
            beats.beat(stand(begin, *steady, *boot));
        }
        beats
    }

    #[test]
    fn what_is_missing_between_two_beats_is_lost_and_more_than_a_second_is_a_pause() {
        let begin = Instant::now();
        let millis = Duration::from_millis;
        let lost = |stalled, pauses, stood, lasted| Lost {
            stalled: millis(stalled),
            pauses,
            paused: Pause { stood: millis(stood), lasted: millis(lasted) },
        };
        let table: [(&[(u64, u64)], Lost); 5] = [
            (&[(0, 0), (100, 100), (215, 215)], lost(0, 0, 0, 0)),
            (&[(0, 0), (400, 400), (500, 500)], lost(300, 0, 0, 0)),
            (&[(0, 0), (1_100, 1_100), (2_200, 2_200)], lost(2_000, 0, 0, 0)),
            (&[(0, 0), (1_101, 1_101)], lost(1_001, 1, 1_101, 1_101)),
            // The machine slept for an hour: the steady clock knows nothing of it.
            (&[(0, 0), (150, 3_600_150)], lost(3_600_050, 1, 150, 3_600_150)),
        ];
        for (times, expected) in table {
            assert_eq!(beats_at(begin, times).closed, expected, "{times:?}");
        }
    }

    #[test]
    fn a_pause_is_known_before_the_next_beat_and_counts_once() {
        let begin = Instant::now();
        let mut beats = beats_at(begin, &[(0, 0)]);
        assert_eq!(beats.lost(stand(begin, 5_000, 5_000)).pauses, 1);
        assert_eq!(beats.lost(stand(begin, 5_001, 5_001)).pauses, 1);
        beats.beat(stand(begin, 5_002, 5_002));
        assert_eq!(beats.lost(stand(begin, 5_003, 5_003)).pauses, 1);
        assert_eq!(beats.closed.paused.stood, Duration::from_millis(5_002));
    }

    #[test]
    fn a_pulse_that_has_never_beaten_has_lost_nothing() {
        let begin = Instant::now();
        assert_eq!(Beats::default().lost(stand(begin, 9_000_000, 9_000_000)), Lost::default());
    }

    #[test]
    fn a_vigil_that_begins_after_a_pause_knows_nothing_of_it() {
        let pulse = Pulse::default();
        let now = Stand::now();
        let ago = |time| Stand { steady: now.steady - time, boot: now.boot.saturating_sub(time) };
        pulse.beats().beat(ago(Duration::from_secs(10)));
        let mut vigil = pulse.watch();
        pulse.beats().beat(Stand::now());
        assert_eq!((vigil.pauses(), vigil.take_pause()), (0, None));
        pulse.beats().last = Some(ago(Duration::from_secs(5)));
        assert_eq!(vigil.pauses(), 1);
        assert!(vigil.take_pause().is_some_and(|it| it.stood >= Duration::from_secs(5)));
        assert_eq!(vigil.take_pause(), None, "it was told");
    }
}
