//! Who is asked when.
//!
//! Each target has a phase of its own, and is due at that phase in every interval, counted from the
//! engine's start: what an attempt took never shifts the next one. A target is never asked twice at
//! once; the ticks that fall into an attempt are skipped and counted as missed. What is due and finds
//! every place taken waits in order. All times are [`crate::moment::Moment::up`].
//!
//! What is asked, and what becomes of the answer, is left to others.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::target::TargetId;

/// Names an attempt. None is used twice while the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(pub u64);

/// Where in the interval a target is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Each at its own phase, which is the same after a restart: a hash of who it is.
    ByHash,
    /// All at the beginning of the interval, as scenes want it.
    Together,
}

/// How often a target is asked, and how long one attempt may last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The probe, under whose name missed ticks are counted.
    pub probe: Arc<str>,
    /// From one tick to the next; at least a nanosecond.
    pub interval: Duration,
    /// From the start of an attempt to the end of what its prober waits for: the patience.
    pub longest: Duration,
}

/// An attempt that starts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Comes back in [`Schedule::judged`] and [`Schedule::ended`].
    pub attempt: AttemptId,
    /// Whom to ask.
    pub target: TargetId,
    /// The tick that it is for.
    pub tick: Duration,
}

/// An attempt whose prober never came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Whom it was to ask.
    pub target: TargetId,
    /// Whether at least its verdict had come.
    pub judged: bool,
}

/// Who is due, who is being asked, and who waits. Every step costs O(log n) of the targets.
#[derive(Debug)]
pub struct Schedule {
    seed: u64,
    spread: Spread,
    concurrency: usize,
    began: Duration,
    looked: Duration,
    rows: HashMap<TargetId, Row>,
    /// Those that are not being asked, by their next tick.
    queue: BTreeSet<(Duration, TargetId)>,
    /// Those of the queue, by when they will have waited for a whole interval.
    overdue: BTreeSet<(Duration, TargetId)>,
    flights: HashMap<AttemptId, Flight>,
    flying: HashMap<TargetId, AttemptId>,
    /// When a flight is given up.
    deadlines: BTreeSet<(Duration, AttemptId)>,
    attempts: u64,
    missed: BTreeMap<Arc<str>, u64>,
}

#[derive(Debug)]
struct Row {
    pace: Pace,
    grid: Grid,
    /// Its place in the queue; none while it is being asked.
    next: Option<Duration>,
    /// Every tick before this time was used, or is counted as missed.
    accounted: Duration,
    /// Put off once after a pause; it is not put off again before it was asked.
    put_off: bool,
    /// When it has waited for a place for a whole interval; none while it need not, or that was told.
    overdue: Option<Duration>,
}

#[derive(Debug)]
struct Flight {
    target: TargetId,
    deadline: Duration,
    judged: bool,
    /// We stood still while it was under way.
    paused: bool,
}

/// How long after its patience an attempt is given up.
const GRACE: Duration = Duration::from_mins(1);

impl Schedule {
    /// An empty schedule that begins at `now` and has at most `concurrency` attempts under way.
    pub fn new(seed: u64, spread: Spread, concurrency: usize, now: Duration) -> Self {
        Self {
            seed,
            spread,
            concurrency: concurrency.max(1),
            began: now,
            looked: now,
            rows: HashMap::new(),
            queue: BTreeSet::new(),
            overdue: BTreeSet::new(),
            flights: HashMap::new(),
            flying: HashMap::new(),
            deadlines: BTreeSet::new(),
            attempts: 0,
            missed: BTreeMap::new(),
        }
    }

    /// Takes a target in, or gives it another pace. A new one is due at the next tick of its phase;
    /// for one whose pace is what it was, nothing changes.
    pub fn set(&mut self, now: Duration, target: TargetId, pace: Pace) {
        if self.rows.get(&target).is_some_and(|row| row.pace == pace) {
            return;
        }
        self.remove(target);
        let grid = Grid::new(self.began, self.phase(target, pace.interval), pace.interval);
        let next = (!self.flying.contains_key(&target)).then(|| grid.at_or_after(now));
        self.rows
            .insert(target, Row { pace, grid, next: None, accounted: now, put_off: false, overdue: None });
        if let Some(next) = next {
            self.enqueue(target, next);
        }
    }

    /// Forgets a target. An attempt under way keeps its place until it ends.
    pub fn remove(&mut self, target: TargetId) {
        self.dequeue(target);
        self.rows.remove(&target);
    }

    /// Those to ask now, in the order in which they came due.
    ///
    /// One that waited for a place so long that its next tick came is asked for that next one, and
    /// the others are missed. Where nobody looked here for more than an interval (the machine slept),
    /// what is overdue by more than that is put off to its own next tick, so that it does not all
    /// start at once.
    pub fn due(&mut self, now: Duration) -> Vec<Due> {
        let unwatched = now.saturating_sub(self.looked);
        self.looked = self.looked.max(now);
        let mut due = Vec::new();
        while self.flights.len() < self.concurrency {
            let Some(&(tick, target)) = self.queue.first().filter(|(tick, _)| *tick <= now) else { break };
            self.dequeue(target);
            due.extend(self.start(now, tick, target, unwatched));
        }
        due
    }

    /// Those that have waited for a place for a whole interval, each told once: what was seen of them
    /// last is of no use any more. They go on waiting. To be asked after [`Self::due`].
    pub fn overrun(&mut self, now: Duration) -> Vec<TargetId> {
        let mut overrun = Vec::new();
        while let Some(&(at, target)) = self.overdue.first().filter(|(at, _)| *at <= now) {
            self.overdue.remove(&(at, target));
            self.row(target).overdue = None;
            overrun.push(target);
        }
        overrun
    }

    /// We stood still for that long up to now. What is under way says nothing any more, and who came due
    /// meanwhile is put off to its own next tick, once, so that not all start together. Those are given
    /// back of whom a reading is missing by now, or is older than an interval; what is under way will say
    /// so itself.
    pub fn paused(&mut self, now: Duration, lasted: Duration) -> Vec<TargetId> {
        for (attempt, flight) in &mut self.flights {
            flight.paused = true;
            // The probers stood still as well: they get their grace again.
            if flight.deadline <= now {
                self.deadlines.remove(&(flight.deadline, *attempt));
                flight.deadline = now.saturating_add(GRACE);
                self.deadlines.insert((flight.deadline, *attempt));
            }
        }
        self.looked = self.looked.max(now);
        let waits =
            self.rows.iter().filter_map(|(target, row)| Some((*target, row.next?, row.pace.interval)));
        let stale = waits.filter(|(_, next, interval)| *next <= now || *interval <= lasted);
        let mut stale: Vec<_> = stale.map(|(target, next, _)| (next, target)).collect();
        stale.sort_unstable();
        for (_, target) in stale.iter().filter(|(next, _)| *next <= now) {
            if !std::mem::replace(&mut self.row(*target).put_off, true) {
                self.dequeue(*target);
                self.rest(*target, now);
            }
        }
        stale.into_iter().map(|(_, target)| target).collect()
    }

    /// Whether we stood still while that attempt was under way.
    pub fn was_paused(&self, attempt: AttemptId) -> bool {
        self.flights.get(&attempt).is_some_and(|it| it.paused)
    }

    /// The verdict of an attempt has come, and its prober reads on. The target it was about; `None`
    /// for an attempt that is not under way, or has its verdict already.
    pub fn judged(&mut self, attempt: AttemptId) -> Option<TargetId> {
        let flight = self.flights.get_mut(&attempt).filter(|it| !it.judged)?;
        flight.judged = true;
        Some(flight.target)
    }

    /// An attempt is over. The target it was about, and whether its verdict had come before; `None`
    /// for an attempt that is not under way.
    pub fn ended(&mut self, now: Duration, attempt: AttemptId) -> Option<(TargetId, bool)> {
        let flight = self.flights.remove(&attempt)?;
        self.flying.remove(&flight.target);
        self.deadlines.remove(&(flight.deadline, attempt));
        self.rest(flight.target, now);
        Some((flight.target, flight.judged))
    }

    /// Gives up the attempts whose prober should long have come back. To be asked before [`Self::due`]:
    /// where nobody looked here for as long as the grace, the probers slept as well and get it again.
    pub fn lost(&mut self, now: Duration) -> Vec<Lost> {
        let slept = now.saturating_sub(self.looked) > GRACE;
        let mut lost = Vec::new();
        while let Some(&(deadline, attempt)) = self.deadlines.first().filter(|(at, _)| *at <= now) {
            self.deadlines.remove(&(deadline, attempt));
            if slept && let Some(flight) = self.flights.get_mut(&attempt) {
                flight.deadline = now.saturating_add(GRACE);
                self.deadlines.insert((flight.deadline, attempt));
            } else if let Some((target, judged)) = self.ended(now, attempt) {
                lost.push(Lost { target, judged });
            }
        }
        lost
    }

    /// When [`Self::due`], [`Self::overrun`] or [`Self::lost`] will have something to say; none while there is nothing to
    /// ask. A time that is past means: now.
    pub fn next_wakeup(&self) -> Option<Duration> {
        let has_places = self.flights.len() < self.concurrency;
        let next = if has_places { self.queue.first() } else { self.overdue.first() };
        let deadline = self.deadlines.first();
        next.map(|(at, _)| *at).into_iter().chain(deadline.map(|(at, _)| *at)).min()
    }

    /// How long the first of the queue has been due.
    pub fn lag(&self, now: Duration) -> Duration {
        self.queue.first().map_or(Duration::ZERO, |(tick, _)| now.saturating_sub(*tick))
    }

    /// How long it is until the target's next tick; zero for one that waits for a place.
    pub fn next_in(&self, now: Duration, target: TargetId) -> Duration {
        let Some(row) = self.rows.get(&target) else { return Duration::ZERO };
        row.next.unwrap_or_else(|| row.grid.at_or_after(now)).saturating_sub(now)
    }

    /// Whether an attempt of the target is under way that has no verdict yet.
    pub fn asks(&self, target: TargetId) -> bool {
        self.flying.get(&target).is_some_and(|it| !self.flights[it].judged)
    }

    /// Ticks that were skipped since the start, by probe.
    pub fn missed(&self) -> &BTreeMap<Arc<str>, u64> {
        &self.missed
    }

    /// Starts an attempt of the target that was due at `tick`, unless it is put off.
    fn start(&mut self, now: Duration, tick: Duration, target: TargetId, unwatched: Duration) -> Option<Due> {
        let row = self.row(target);
        let slept = unwatched.min(now.saturating_sub(tick)) > row.pace.interval;
        if slept && !row.put_off {
            row.put_off = true;
            self.rest(target, now);
            return None;
        }
        let latest = row.grid.at_or_before(now);
        let skipped = row.grid.between(row.accounted, latest);
        row.accounted = latest.saturating_add(Duration::from_nanos(1));
        row.put_off = false;
        let deadline = now.saturating_add(row.pace.longest).saturating_add(GRACE);
        let probe = Arc::clone(&row.pace.probe);
        self.miss(&probe, skipped);
        Some(Due { attempt: self.launch(target, deadline), target, tick: latest })
    }

    fn launch(&mut self, target: TargetId, deadline: Duration) -> AttemptId {
        let attempt = AttemptId(self.attempts);
        self.attempts += 1;
        self.flights.insert(attempt, Flight { target, deadline, judged: false, paused: false });
        self.flying.insert(target, attempt);
        self.deadlines.insert((deadline, attempt));
        attempt
    }

    /// Lets a target wait for its next tick; those before it that were not used are missed.
    fn rest(&mut self, target: TargetId, now: Duration) {
        let Some(row) = self.rows.get_mut(&target) else { return };
        let next = row.grid.at_or_after(now.max(row.accounted));
        let skipped = row.grid.between(row.accounted, next);
        row.accounted = next;
        let probe = Arc::clone(&row.pace.probe);
        self.enqueue(target, next);
        self.miss(&probe, skipped);
    }

    fn enqueue(&mut self, target: TargetId, next: Duration) {
        let row = self.rows.get_mut(&target).expect("who is to be asked has a row");
        let overdue = next.saturating_add(row.pace.interval);
        (row.next, row.overdue) = (Some(next), Some(overdue));
        self.queue.insert((next, target));
        self.overdue.insert((overdue, target));
    }

    /// Of one that waits.
    fn row(&mut self, target: TargetId) -> &mut Row {
        self.rows.get_mut(&target).expect("who is in the queue has a row")
    }

    fn dequeue(&mut self, target: TargetId) {
        let Some(row) = self.rows.get_mut(&target) else { return };
        if let Some(next) = row.next.take() {
            self.queue.remove(&(next, target));
        }
        if let Some(overdue) = row.overdue.take() {
            self.overdue.remove(&(overdue, target));
        }
    }

    fn miss(&mut self, probe: &Arc<str>, ticks: u64) {
        if ticks > 0 {
            *self.missed.entry(Arc::clone(probe)).or_default() += ticks;
        }
    }

    fn phase(&self, target: TargetId, interval: Duration) -> u64 {
        match self.spread {
            Spread::ByHash => mix(target.0 ^ self.seed) % nanos(interval).max(1),
            Spread::Together => 0,
        }
    }
}

/// The ticks of one target: `first`, and then one after each interval. In nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Grid {
    first: u64,
    interval: u64,
}

impl Grid {
    fn new(began: Duration, phase: u64, interval: Duration) -> Self {
        Self { first: nanos(began).saturating_add(phase), interval: nanos(interval).max(1) }
    }

    fn at_or_after(self, time: Duration) -> Duration {
        self.tick(self.before(nanos(time)))
    }

    /// The latest tick up to that time; the first one, where that is still to come.
    fn at_or_before(self, time: Duration) -> Duration {
        self.tick(self.before(nanos(time).saturating_add(1)).saturating_sub(1))
    }

    /// How many ticks there are from `begin` until before `end`.
    fn between(self, begin: Duration, end: Duration) -> u64 {
        self.before(nanos(end)).saturating_sub(self.before(nanos(begin)))
    }

    fn before(self, time: u64) -> u64 {
        time.saturating_sub(self.first).div_ceil(self.interval)
    }

    fn tick(self, number: u64) -> Duration {
        Duration::from_nanos(self.first.saturating_add(number.saturating_mul(self.interval)))
    }
}

/// Saturates after 584 years.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Lets every bit of `it` decide about every bit of the result (the last step of `SplitMix64`).
fn mix(it: u64) -> u64 {
    let it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    it ^ (it >> 31)
}

#[cfg(test)]
mod tests;
