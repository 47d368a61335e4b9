use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn secs(it: u64) -> Duration {
    Duration::from_secs(it)
}

fn millis(it: u64) -> Duration {
    Duration::from_millis(it)
}

fn pace(interval: Duration, longest: Duration) -> Pace {
    Pace { probe: "p".into(), interval, longest }
}

fn together(concurrency: usize) -> Schedule {
    Schedule::new(0, Spread::Together, concurrency, Duration::ZERO)
}

fn targets(due: &[Due]) -> Vec<u64> {
    due.iter().map(|it| it.target.0).collect()
}

#[test]
fn a_slow_attempt_skips_the_ticks_it_lies_on_and_keeps_the_phase() {
    let mut it = together(9);
    it.set(secs(0), TargetId(1), pace(secs(10), secs(30)));
    let first = it.due(secs(0))[0];
    assert!(it.due(secs(20)).is_empty(), "it would overlap itself");
    assert_eq!(it.ended(secs(23), first.attempt), Some((TargetId(1), false)));
    assert_eq!(it.missed()["p"], 2);
    assert_eq!(it.next_wakeup(), Some(secs(30)));
    assert_eq!(it.due(secs(30))[0].tick, secs(30));
}

#[test]
fn an_attempt_that_ends_on_a_tick_leaves_that_tick_to_the_next_one() {
    let mut it = together(9);
    it.set(secs(0), TargetId(1), pace(secs(10), secs(10)));
    let first = it.due(secs(0))[0];
    it.ended(secs(10), first.attempt);
    assert_eq!(it.due(secs(10)).len(), 1);
    assert!(it.missed().is_empty());
}

#[test]
fn an_attempt_that_ends_at_once_does_not_use_its_tick_twice() {
    let mut it = together(9);
    it.set(secs(0), TargetId(1), pace(secs(10), secs(10)));
    let first = it.due(secs(0))[0];
    it.ended(secs(0), first.attempt);
    assert!(it.due(secs(0)).is_empty());
    assert_eq!(it.next_wakeup(), Some(secs(10)));
}

#[test]
fn reading_on_keeps_the_place_and_the_verdict_comes_once() {
    let mut it = together(1);
    it.set(secs(0), TargetId(1), pace(secs(60), secs(30)));
    it.set(secs(0), TargetId(2), pace(secs(60), secs(30)));
    let first = it.due(secs(0))[0];
    assert!(it.asks(TargetId(1)));
    assert_eq!(it.judged(first.attempt), Some(TargetId(1)));
    assert_eq!(it.judged(first.attempt), None);
    assert!(!it.asks(TargetId(1)));
    assert!(it.due(secs(10)).is_empty(), "the one place is taken until the late answer");
    assert_eq!(it.ended(secs(14), first.attempt), Some((TargetId(1), true)));
    assert_eq!(targets(&it.due(secs(14))), [2]);
    assert_eq!(it.ended(secs(15), first.attempt), None);
}

#[test]
fn who_waits_for_a_place_is_asked_in_order_and_misses_what_passed() {
    let mut it = together(1);
    for target in 1..=3 {
        it.set(secs(0), TargetId(target), pace(secs(10), secs(10)));
    }
    let mut asked = Vec::new();
    for now in (0..=60).step_by(10) {
        let due = it.due(secs(now));
        asked.extend(targets(&due));
        it.ended(secs(now + 9), due[0].attempt);
    }
    assert_eq!(asked, [1, 2, 3, 1, 2, 3, 1]);
    assert_eq!(it.due(secs(70))[0].tick, secs(70), "the waiting one is asked for the latest tick");
    assert!(it.missed()["p"] > 0);
}

#[test]
fn after_a_long_pause_each_is_asked_once_at_its_own_phase() {
    let mut it = Schedule::new(7, Spread::ByHash, 10_000, Duration::ZERO);
    for target in 0..1000 {
        it.set(secs(0), TargetId(target), pace(secs(30), secs(10)));
    }
    let resumed = secs(3601);
    assert!(it.due(resumed).is_empty(), "a burst");
    let mut asked = BTreeMap::new();
    for tenth in 1..=300 {
        let now = resumed + millis(100 * tenth);
        let due = it.due(now);
        assert!(due.len() < 20, "{} at once", due.len());
        for one in due {
            *asked.entry(one.target).or_insert(0) += 1;
            it.ended(now, one.attempt);
        }
    }
    assert_eq!(asked.len(), 1000);
    assert!(asked.values().all(|it| *it == 1));
}

#[test]
fn one_who_looks_too_seldom_still_asks_everyone() {
    let mut it = together(9);
    it.set(secs(0), TargetId(1), pace(secs(1), secs(1)));
    let mut asked = 0;
    for now in (5..100).step_by(5) {
        for one in it.due(millis(now * 1000 + 500)) {
            asked += 1;
            it.ended(millis(now * 1000 + 600), one.attempt);
        }
    }
    assert!(asked >= 9, "{asked}");
}

#[test]
fn a_lost_attempt_is_given_up_after_its_patience_and_a_grace() {
    let mut it = together(9);
    it.set(secs(0), TargetId(1), pace(secs(10), secs(30)));
    it.due(secs(0));
    assert_eq!(it.next_wakeup(), Some(secs(30) + GRACE));
    it.due(secs(80));
    assert!(it.lost(secs(89)).is_empty());
    assert_eq!(it.lost(secs(90)), [Lost { target: TargetId(1), judged: false }]);
    assert_eq!(targets(&it.due(secs(90))), [1]);
}

#[test]
fn a_machine_that_slept_gives_its_probers_time_to_say_so() {
    let mut it = together(9);
    it.set(secs(0), TargetId(1), pace(secs(10), secs(30)));
    let one = it.due(secs(0))[0];
    assert!(it.lost(secs(3600)).is_empty());
    it.due(secs(3600));
    assert!(it.ended(secs(3601), one.attempt).is_some());
}

#[test]
fn a_target_that_leaves_and_returns_in_the_middle_of_an_attempt_is_not_asked_twice_at_once() {
    let mut it = together(9);
    it.set(secs(0), TargetId(1), pace(secs(10), secs(30)));
    let one = it.due(secs(0))[0];
    it.remove(TargetId(1));
    assert_eq!(it.next_wakeup(), Some(secs(90)));
    it.set(secs(5), TargetId(1), pace(secs(10), secs(30)));
    assert!(it.due(secs(20)).is_empty());
    it.ended(secs(25), one.attempt);
    assert_eq!(targets(&it.due(secs(30))), [1]);
}

#[test]
fn the_phase_is_the_same_after_a_restart_and_another_interval_has_another() {
    let next = |began, interval| {
        let mut it = Schedule::new(3, Spread::ByHash, 9, began);
        it.set(began, TargetId(99), pace(interval, secs(1)));
        it.next_in(began, TargetId(99))
    };
    assert_eq!(next(secs(0), secs(60)), next(secs(12345), secs(60)));
    assert!(next(secs(0), secs(60)) < secs(60));
    let mut it = Schedule::new(3, Spread::ByHash, 9, secs(0));
    it.set(secs(0), TargetId(99), pace(secs(60), secs(1)));
    it.set(secs(100), TargetId(99), pace(secs(20), secs(1)));
    assert_eq!(it.next_in(secs(100), TargetId(99)), next(secs(0), secs(20)));
}

/// What a run of the schedule over simulated time looked like.
struct Run {
    /// By target: start and end of each attempt, and the tick it was for.
    attempts: BTreeMap<TargetId, Vec<(Duration, Duration, Duration)>>,
    missed: u64,
}

/// Runs until `end`, waking exactly when asked to; `takes` says how long the n-th attempt lasts.
fn run(it: &mut Schedule, end: Duration, takes: impl Fn(u64) -> Duration) -> Run {
    let mut flights: BTreeMap<(Duration, AttemptId), TargetId> = BTreeMap::new();
    let mut attempts: BTreeMap<TargetId, Vec<_>> = BTreeMap::new();
    loop {
        let landing = flights.first_key_value().map(|((at, _), _)| *at);
        let Some(now) = it.next_wakeup().into_iter().chain(landing).min().filter(|at| *at <= end) else {
            break;
        };
        while let Some(((at, attempt), _)) = flights.first_key_value().map(|(k, v)| (*k, *v)) {
            if at > now {
                break;
            }
            flights.remove(&(at, attempt));
            it.ended(now, attempt);
        }
        for one in it.due(now) {
            let lands = now + takes(one.attempt.0).max(Duration::from_nanos(1));
            flights.insert((lands, one.attempt), one.target);
            attempts.entry(one.target).or_default().push((now, lands, one.tick));
        }
        it.overrun(now);
    }
    Run { attempts, missed: it.missed().values().sum() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_attempt_overlaps_another_of_its_target_or_drifts(
        seed: u64,
        intervals in prop::collection::vec(1u64..50, 1..20),
        takes in prop::collection::vec(0u64..120, 1..20),
        concurrency in 1usize..30,
    ) {
        let mut it = Schedule::new(seed, Spread::ByHash, concurrency, Duration::ZERO);
        let paces: BTreeMap<_, _> = (0u64..).map(TargetId).zip(intervals.iter().map(|it| millis(*it * 100))).collect();
        for (target, interval) in &paces {
            it.set(Duration::ZERO, *target, pace(*interval, secs(12)));
        }
        let phases: BTreeMap<_, _> = paces.keys().map(|id| (*id, it.next_in(Duration::ZERO, *id))).collect();
        let takes = |nth: u64| millis(100 * takes[usize::try_from(nth).unwrap() % takes.len()]);
        let run = run(&mut it, secs(60), takes);
        let mut busy: Vec<(Duration, i32)> = Vec::new();
        for (target, attempts) in &run.attempts {
            let interval = paces[target];
            for (start, end, tick) in attempts {
                let off = tick.saturating_sub(phases[target]).as_nanos() % interval.as_nanos();
                prop_assert_eq!(off, 0, "a tick beside the phase");
                prop_assert!(start >= tick && start.saturating_sub(*tick) < interval);
                busy.extend([(*start, 1), (*end, -1)]);
            }
            for pair in attempts.windows(2) {
                prop_assert!(pair[1].0 >= pair[0].1, "it overlaps itself");
                prop_assert!(pair[1].2 > pair[0].2, "a tick used twice");
            }
        }
        busy.sort_unstable();
        let mut under_way = 0;
        for (_, step) in busy {
            under_way += step;
            prop_assert!(under_way <= i32::try_from(concurrency).unwrap());
        }
    }

    #[test]
    fn with_quick_answers_every_tick_is_used_once(
        seed: u64,
        count in 1u64..60,
        interval in 1u64..30,
        window in 1u64..100,
    ) {
        let interval = secs(interval);
        let mut it = Schedule::new(seed, Spread::ByHash, 1000, Duration::ZERO);
        for target in 0..count {
            it.set(Duration::ZERO, TargetId(target), pace(interval, secs(1)));
        }
        let run = run(&mut it, (interval * 20).saturating_sub(Duration::from_nanos(1)), |_| millis(1));
        prop_assert_eq!(run.missed, 0);
        let window = secs(window);
        let most = window.as_nanos().div_ceil(interval.as_nanos());
        for attempts in run.attempts.values() {
            prop_assert_eq!(attempts.len(), 20);
            for (begin, ..) in attempts {
                let within = attempts.iter().filter(|(at, ..)| at >= begin && *at < *begin + window).count();
                prop_assert!(within as u128 <= most);
            }
        }
    }

    #[test]
    fn every_tick_is_either_asked_or_missed(
        seed: u64,
        takes in prop::collection::vec(0u64..90, 1..10),
        concurrency in 1usize..4,
    ) {
        let mut it = Schedule::new(seed, Spread::ByHash, concurrency, Duration::ZERO);
        for target in 0..4 {
            it.set(Duration::ZERO, TargetId(target), pace(secs(2), secs(12)));
        }
        let takes = |nth: u64| millis(100 * takes[usize::try_from(nth).unwrap() % takes.len()]);
        let run = run(&mut it, secs(40), takes);
        let asked: u64 = run.attempts.values().map(|it| it.len() as u64).sum();
        let accounted: u64 = it.rows.values().map(|row| row.grid.between(Duration::ZERO, row.accounted)).sum();
        prop_assert_eq!(asked + run.missed, accounted);
        prop_assert!(accounted >= 4 * 5, "ticks stand still");
    }
}

#[test]
fn starts_are_spread_evenly_over_the_interval() {
    let mut it = Schedule::new(1, Spread::ByHash, 100_000, Duration::ZERO);
    for target in 0..10_000 {
        it.set(Duration::ZERO, TargetId(target), pace(secs(30), secs(10)));
    }
    let run = run(&mut it, Duration::from_nanos(29_999_999_999), |_| millis(5));
    let mut seconds = [0u32; 30];
    for (start, ..) in run.attempts.values().flatten() {
        seconds[usize::try_from(start.as_secs()).unwrap()] += 1;
    }
    assert!(seconds.iter().all(|it| (250..=420).contains(it)), "{seconds:?}");
}

/// A fleet that has been asked in every interval up to `now`; each attempt ends at once.
fn fleet(size: u64, interval: u64, now: u64) -> Schedule {
    let mut it = Schedule::new(0, Spread::ByHash, 1_000_000, Duration::ZERO);
    for target in 1..=size {
        it.set(secs(0), TargetId(target * 7919), pace(secs(interval), secs(10)));
    }
    play(&mut it, 0, now);
    it
}

/// How many start in each second from `begin` until before `end`.
fn play(it: &mut Schedule, begin: u64, end: u64) -> Vec<usize> {
    let second = |at: u64| {
        let due = it.due(secs(at));
        for due in &due {
            it.ended(secs(at), due.attempt);
        }
        due.len()
    };
    (begin..end).map(second).collect()
}

#[test]
fn after_a_pause_who_came_due_meanwhile_is_asked_at_its_own_next_tick() {
    for lasted in [5, 12, 29, 61, 600] {
        let mut it = fleet(3000, 30, 90);
        let resumed = 90 + lasted;
        let stale = it.paused(secs(resumed), secs(lasted));
        let expected = if lasted < 30 { 100 * usize::try_from(lasted).unwrap() } else { 3000 };
        assert!(stale.len().abs_diff(expected) < 250, "{} of {expected}", stale.len());
        let starts = play(&mut it, resumed, resumed + 31);
        assert!(starts.iter().all(|it| *it < 150), "{lasted} s, {starts:?}");
        assert!(starts.iter().sum::<usize>() >= 2900, "each is asked within an interval: {starts:?}");
    }
}

#[test]
fn whom_one_pause_after_the_other_puts_off_is_asked_all_the_same() {
    let mut it = fleet(1, 30, 31);
    let next = it.next_wakeup().unwrap().as_secs() + 1;
    assert_eq!(it.paused(secs(next), secs(5)).len(), 1);
    assert!(it.due(secs(next)).is_empty());
    assert_eq!(it.paused(secs(next + 30), secs(5)).len(), 1);
    assert_eq!(it.due(secs(next + 30)).len(), 1, "it is not put off for ever");
}

#[test]
fn an_attempt_across_a_long_pause_is_not_given_up() {
    let mut it = together(9);
    it.set(secs(0), TargetId(1), pace(secs(10), secs(10)));
    it.due(secs(0));
    it.paused(secs(600), secs(599));
    assert!(it.lost(secs(600)).is_empty(), "its prober stood still as well");
    assert_eq!(it.lost(secs(660)).len(), 1);
}

#[test]
fn what_is_under_way_across_a_pause_is_marked_and_what_begins_later_is_not() {
    let mut it = together(9);
    it.set(secs(0), TargetId(1), pace(secs(10), secs(10)));
    let first = it.due(secs(0))[0].attempt;
    assert!(!it.was_paused(first));
    assert!(it.paused(secs(6), secs(5)).is_empty(), "it will say so itself");
    assert!(it.was_paused(first));
    it.ended(secs(6), first);
    let second = it.due(secs(10))[0].attempt;
    assert!(!it.was_paused(second) && !it.was_paused(first));
}

#[test]
fn who_waits_for_a_place_for_an_interval_is_told_once_in_each_wait() {
    let mut it = together(1);
    it.set(secs(0), TargetId(1), pace(secs(10), secs(100)));
    it.set(secs(0), TargetId(2), pace(secs(10), secs(100)));
    let first = it.due(secs(0))[0].attempt;
    assert_eq!(it.next_wakeup(), Some(secs(10)));
    assert!(it.overrun(secs(9)).is_empty());
    assert_eq!(it.overrun(secs(10)), [TargetId(2)]);
    for at in 1..95 {
        assert!(it.due(secs(at)).is_empty() && it.overrun(secs(at.max(10))).is_empty());
    }
    it.ended(secs(95), first);
    let second = it.due(secs(95))[0];
    assert_eq!(second.target, TargetId(2));
    assert_eq!(it.overrun(secs(110)), [TargetId(1)], "who was asked first waits now, since second 100");
}
