//! When an alert pends, fires and resolves.
//!
//! One [`Rule`] is one alert of one target. It is told what was found, and when its clock has run
//! out. Both of its clocks (`for`, and `keep_firing_for`) are steady ones, and both stand still while
//! nobody can tell how the target fares: what is unknown starts nothing and ends nothing.
//!
//! What is found, and what is said about it, is left to others.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// What the latest reading says about the alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Its condition holds.
    Present,
    /// Its condition does not hold.
    Absent,
    /// Nobody can tell: the verdict is unknown, or the condition could not be evaluated.
    Unknown,
}

/// The two times of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// `for`: how long the condition must hold before it fires.
    pub hold: Duration,
    /// How long the condition must not hold before it resolves.
    pub keep_firing_for: Duration,
}

/// A step from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// From inactive to pending.
    Began,
    /// From pending to firing; `starts_at` is now.
    Fired,
    /// From pending back to inactive: nobody has heard of it.
    Dropped,
    /// From firing to inactive.
    Resolved {
        /// When it began to fire.
        starts_at: SystemTime,
        /// When it ended: now, and in any case after it started, whatever the wall clock did.
        ends_at: SystemTime,
    },
}

/// The state of one alert of one target; inactive at first.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    state: State,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Inactive,
    Pending {
        active_at: SystemTime,
        held: Stopwatch,
    },
    Firing {
        active_at: SystemTime,
        starts_at: SystemTime,
        /// How long it had been firing before this process began.
        earlier: Duration,
        since: Duration,
        over: Option<Stopwatch>,
    },
}

/// Where a rule stands, in terms that outlive the process: by the wall clock alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Its condition holds, and not yet for long enough.
    Pending {
        /// Since when it is pending.
        active_at: SystemTime,
        /// What had passed on its clock when that was stopped last.
        held: Duration,
        /// Since when its clock goes on; none while it is stopped.
        running_since: Option<SystemTime>,
    },
    /// It fires.
    Firing {
        /// Since when it was pending.
        active_at: SystemTime,
        /// The moment of firing.
        starts_at: SystemTime,
    },
}

impl Rule {
    /// A rule that stood there when the process ended; `last_alive` is when that is known to have still
    /// run. The clock of `for` counts what has passed since where that is no longer than
    /// [`OUTAGE_COUNTS_MAX`], and then stands still until the next reading. Nothing moves by itself.
    pub fn recalled(stood: &Stage, last_alive: SystemTime, now: Moment) -> Self {
        let passed = |from: SystemTime, to: SystemTime| to.duration_since(from).unwrap_or_default();
        let state = match *stood {
            Stage::Pending { active_at, held, running_since } => {
                let is_short = passed(last_alive, now.wall) <= OUTAGE_COUNTS_MAX;
                let until = if is_short { now.wall } else { last_alive };
                let ran = running_since.map_or(Duration::ZERO, |it| passed(it, until));
                State::Pending { active_at, held: Stopwatch { ran: held + ran, since: None } }
            }
            Stage::Firing { active_at, starts_at } => {
                let earlier = passed(starts_at, now.wall);
                State::Firing { active_at, starts_at, earlier, since: now.up, over: None }
            }
        };
        Self { state }
    }

    /// Where it stands; none while it is inactive.
    pub fn stage(&self, now: Moment) -> Option<Stage> {
        match &self.state {
            State::Inactive => None,
            State::Pending { active_at, held } => {
                let ago = |since: Duration| now.wall.checked_sub(now.up.saturating_sub(since));
                let running_since = held.since.map(|it| ago(it).unwrap_or(*active_at));
                Some(Stage::Pending { active_at: *active_at, held: held.ran, running_since })
            }
            State::Firing { active_at, starts_at, .. } => {
                Some(Stage::Firing { active_at: *active_at, starts_at: *starts_at })
            }
        }
    }

    /// Takes in what was found. Whether a clock has run out is asked of [`Self::ripen`].
    pub fn find(&mut self, now: Moment, finding: Finding) -> Option<Transition> {
        match (&mut self.state, finding) {
            (State::Inactive, Finding::Present) => {
                self.state = State::Pending { active_at: now.wall, held: Stopwatch::started(now.up) };
                Some(Transition::Began)
            }
            (State::Pending { .. }, Finding::Absent) => {
                self.state = State::Inactive;
                Some(Transition::Dropped)
            }
            (State::Pending { held, .. }, Finding::Present) => {
                held.go_on(now.up);
                None
            }
            (State::Pending { held, .. }, Finding::Unknown) => {
                held.stop(now.up);
                None
            }
            (State::Firing { over, .. }, Finding::Present) => {
                *over = None;
                None
            }
            (State::Firing { over, .. }, Finding::Absent) => {
                over.get_or_insert_default().go_on(now.up);
                None
            }
            (State::Firing { over, .. }, Finding::Unknown) => {
                if let Some(over) = over {
                    over.stop(now.up);
                }
                None
            }
            (State::Inactive, Finding::Absent | Finding::Unknown) => None,
        }
    }

    /// Fires or resolves, where the clock has run out. Not to be asked while an attempt of the target
    /// is under way: nobody is woken by a reading that is just being replaced.
    pub fn ripen(&mut self, now: Moment, terms: Terms) -> Option<Transition> {
        if self.due(terms).is_none_or(|due| due > now.up) {
            return None;
        }
        match self.state {
            State::Inactive => None,
            State::Pending { active_at, .. } => {
                let (starts_at, since) = (now.wall, now.up);
                self.state =
                    State::Firing { active_at, starts_at, earlier: Duration::ZERO, since, over: None };
                Some(Transition::Fired)
            }
            State::Firing { .. } => self.end(now),
        }
    }

    /// Nobody has looked since that time ([`Moment::up`]): its clocks have stood still from then on, and
    /// go on with what is found next.
    pub fn stand_still(&mut self, since: Duration) {
        match &mut self.state {
            State::Inactive => {}
            State::Pending { held, .. } => held.stop(since),
            State::Firing { over, .. } => {
                if let Some(over) = over {
                    over.stop(since);
                }
            }
        }
    }

    /// Ends it, whatever was found: its target or its alert is gone.
    pub fn end(&mut self, now: Moment) -> Option<Transition> {
        match std::mem::take(&mut self.state) {
            State::Inactive => None,
            State::Pending { .. } => Some(Transition::Dropped),
            State::Firing { starts_at, .. } => {
                Some(Transition::Resolved { starts_at, ends_at: now.wall.max(starts_at + INSTANT) })
            }
        }
    }

    /// Where it fires, it does so under another name: for people that begins now.
    pub fn begin_again(&mut self, now: Moment) {
        match &mut self.state {
            State::Inactive | State::Pending { .. } => {}
            State::Firing { starts_at, .. } => *starts_at = now.wall,
        }
    }

    /// When the clock that runs will have run out ([`Moment::up`]); none while none runs.
    pub fn due(&self, terms: Terms) -> Option<Duration> {
        match &self.state {
            State::Inactive => None,
            State::Pending { held, .. } => held.reaches(terms.hold),
            State::Firing { over, .. } => over.as_ref()?.reaches(terms.keep_firing_for),
        }
    }

    /// Whether it is pending and its clock goes on.
    pub fn clock_runs(&self) -> bool {
        matches!(&self.state, State::Pending { held, .. } if held.since.is_some())
    }

    /// Since when it is pending or was, by the wall clock; none while it is inactive.
    pub fn active_at(&self) -> Option<SystemTime> {
        match self.state {
            State::Inactive => None,
            State::Pending { active_at, .. } | State::Firing { active_at, .. } => Some(active_at),
        }
    }

    /// The moment of firing, by the wall clock; none while it does not fire.
    pub fn starts_at(&self) -> Option<SystemTime> {
        match self.state {
            State::Inactive | State::Pending { .. } => None,
            State::Firing { starts_at, .. } => Some(starts_at),
        }
    }

    /// How long it has been firing; zero while it does not.
    pub fn firing_for(&self, now: Moment) -> Duration {
        match self.state {
            State::Inactive | State::Pending { .. } => Duration::ZERO,
            State::Firing { earlier, since, .. } => earlier + now.up.saturating_sub(since),
        }
    }
}

/// A clock that can be stopped and go on.
#[derive(Clone, Debug, Default)]
struct Stopwatch {
    /// What had passed when it was stopped last.
    ran: Duration,
    /// Since when it goes on; none while it is stopped.
    since: Option<Duration>,
}

impl Stopwatch {
    fn started(now: Duration) -> Self {
        Self { ran: Duration::ZERO, since: Some(now) }
    }

    fn go_on(&mut self, now: Duration) {
        self.since.get_or_insert(now);
    }

    fn stop(&mut self, now: Duration) {
        if let Some(since) = self.since.take() {
            self.ran += now.saturating_sub(since);
        }
    }

    /// When it will show `time`; none while it is stopped.
    fn reaches(&self, time: Duration) -> Option<Duration> {
        Some(self.since?.saturating_add(time.saturating_sub(self.ran)))
    }
}

/// The shortest incident: an end that is not after its start would be no end for an Alertmanager.
const INSTANT: Duration = Duration::from_millis(1);
/// The longest time without us that counts towards `for`: who failed before it and fails after it has
/// most likely failed all the time.
pub const OUTAGE_COUNTS_MAX: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Finding::{Absent, Present, Unknown};
    use super::*;

    fn at(secs: u64) -> Moment {
        Moment::start(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000))
            .after(Duration::from_secs(secs))
    }

    fn terms(hold: u64, keep: u64) -> Terms {
        Terms { hold: Duration::from_secs(hold), keep_firing_for: Duration::from_secs(keep) }
    }

    fn step(it: &mut Rule, secs: u64, finding: Finding, terms: Terms) -> Option<Transition> {
        let found = it.find(at(secs), finding);
        it.ripen(at(secs), terms).or(found)
    }

    #[test]
    fn it_fires_when_the_condition_has_held_for_the_whole_time_and_resolves_when_it_ends() {
        let (mut it, terms) = (Rule::default(), terms(60, 0));
        assert_eq!(step(&mut it, 0, Present, terms), Some(Transition::Began));
        assert_eq!(step(&mut it, 59, Present, terms), None);
        assert_eq!(it.due(terms), Some(at(60).up));
        assert_eq!(step(&mut it, 60, Present, terms), Some(Transition::Fired));
        assert_eq!(it.active_at(), Some(at(0).wall));
        assert_eq!(it.firing_for(at(75)), Duration::from_secs(15));
        let resolved = Transition::Resolved { starts_at: at(60).wall, ends_at: at(90).wall };
        assert_eq!(step(&mut it, 90, Absent, terms), Some(resolved));
        assert_eq!(step(&mut it, 91, Present, terms), Some(Transition::Began));
    }

    #[test]
    fn with_nothing_to_wait_for_it_fires_at_once() {
        assert_eq!(step(&mut Rule::default(), 5, Present, terms(0, 0)), Some(Transition::Fired));
    }

    #[test]
    fn flapping_within_the_time_begins_anew() {
        let (mut it, terms) = (Rule::default(), terms(60, 0));
        step(&mut it, 0, Present, terms);
        assert_eq!(step(&mut it, 30, Absent, terms), Some(Transition::Dropped));
        step(&mut it, 40, Present, terms);
        assert_eq!(step(&mut it, 99, Present, terms), None);
        assert_eq!(step(&mut it, 100, Present, terms), Some(Transition::Fired));
    }

    #[test]
    fn the_clock_stands_still_while_nobody_can_tell() {
        let (mut it, terms) = (Rule::default(), terms(60, 0));
        step(&mut it, 0, Present, terms);
        step(&mut it, 50, Unknown, terms);
        assert_eq!(it.due(terms), None);
        assert_eq!(step(&mut it, 1000, Unknown, terms), None);
        step(&mut it, 1100, Present, terms);
        assert_eq!(it.due(terms), Some(at(1110).up));
    }

    #[test]
    fn it_keeps_firing_for_a_while_and_starts_that_while_anew_when_it_fails_again() {
        let (mut it, terms) = (Rule::default(), terms(0, 60));
        step(&mut it, 0, Present, terms);
        assert_eq!(step(&mut it, 10, Absent, terms), None);
        step(&mut it, 40, Present, terms);
        assert_eq!(step(&mut it, 50, Absent, terms), None);
        step(&mut it, 60, Unknown, terms);
        step(&mut it, 200, Absent, terms);
        assert_eq!(step(&mut it, 249, Absent, terms), None);
        assert!(matches!(step(&mut it, 250, Absent, terms), Some(Transition::Resolved { .. })));
    }

    #[test]
    fn an_incident_ends_after_it_began_though_the_wall_clock_was_set_back() {
        let (mut it, terms) = (Rule::default(), terms(0, 0));
        step(&mut it, 100, Present, terms);
        let back = Moment { up: at(130).up, wall: at(0).wall };
        it.find(back, Absent);
        let ends_at = at(100).wall + INSTANT;
        assert_eq!(it.ripen(back, terms), Some(Transition::Resolved { starts_at: at(100).wall, ends_at }));
    }

    #[test]
    fn what_is_only_pending_ends_in_silence() {
        let mut it = Rule::default();
        it.find(at(0), Present);
        assert_eq!(it.end(at(1)), Some(Transition::Dropped));
        assert_eq!(it.end(at(2)), None);
    }

    #[test]
    fn a_restart_keeps_the_start_and_counts_a_short_time_without_us_towards_the_wait() {
        let (mut it, terms) = (Rule::default(), terms(600, 0));
        step(&mut it, 0, Present, terms);
        let stage = it.stage(at(100)).expect("it is pending");
        let restarted = |after: u64| Moment { up: Duration::ZERO, wall: at(after).wall };
        let after = |it: &mut Rule, begun: Moment, secs: u64| {
            let now = begun.after(Duration::from_secs(secs));
            let found = it.find(now, Present);
            it.ripen(now, terms).or(found)
        };
        for (down, left) in [(100, 400), (600, 0), (601, 500)] {
            let begun = restarted(100 + down);
            let mut it = Rule::recalled(&stage, at(100).wall, begun);
            assert_eq!(it.due(terms), None, "nothing fires before the next reading");
            assert_eq!(it.active_at(), Some(at(0).wall));
            if left > 0 {
                assert_eq!(after(&mut it, begun, 0), None, "{down}");
                assert_eq!(after(&mut it, begun, left - 1), None, "{down}");
            }
            assert_eq!(after(&mut it, begun, left), Some(Transition::Fired), "{down}");
        }
    }

    #[test]
    fn a_restart_keeps_what_fires_and_since_when() {
        let (mut it, terms) = (Rule::default(), terms(60, 0));
        step(&mut it, 0, Present, terms);
        step(&mut it, 60, Present, terms);
        let stage = it.stage(at(100)).expect("it fires");
        let begun = Moment { up: Duration::ZERO, wall: at(160).wall };
        let mut it = Rule::recalled(&stage, at(100).wall, begun);
        assert_eq!(it.firing_for(begun.after(Duration::from_secs(5))), Duration::from_secs(105));
        assert_eq!(it.starts_at(), Some(at(60).wall));
        assert_eq!(it.stage(begun), Some(stage));
        it.find(begun, Absent);
        let resolved = Transition::Resolved { starts_at: at(60).wall, ends_at: at(160).wall };
        assert_eq!(it.ripen(begun, terms), Some(resolved));
    }

    proptest! {
        #[test]
        fn unknown_moves_nothing_and_a_start_never_changes(
            found in prop::collection::vec((0u64..40, 0i64..7200, prop::sample::select(vec![Present, Absent, Unknown])), 1..60),
            hold in 0u64..100,
            keep in 0u64..100,
        ) {
            let (mut it, terms) = (Rule::default(), terms(hold, keep));
            let (mut secs, mut start) = (0, None);
            for (wait, wall, finding) in found {
                secs += wait;
                let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + wall.unsigned_abs());
                let now = Moment { up: Duration::from_secs(secs), wall };
                let before = format!("{:?}", (it.active_at(), it.starts_at()));
                let found = it.find(now, finding);
                let ripe = it.ripen(now, terms);
                if finding == Unknown {
                    prop_assert_eq!((found, ripe), (None, None));
                    prop_assert_eq!(before, format!("{:?}", (it.active_at(), it.starts_at())));
                }
                match ripe.or(found) {
                    Some(Transition::Fired) => start = Some(now.wall),
                    Some(Transition::Resolved { starts_at, ends_at }) => {
                        prop_assert_eq!(Some(starts_at), start.take());
                        prop_assert!(ends_at > starts_at);
                    }
                    Some(Transition::Began | Transition::Dropped) | None => {}
                }
                prop_assert_eq!(it.starts_at(), start);
            }
        }
    }
}
