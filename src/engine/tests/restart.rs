//! What a restart leaves as it was.

use super::*;

fn one() -> Vec<Arc<Target>> {
    vec![target("a:1", &[("carrier_name", "c1"), ("service", "x")])]
}

/// Fires at 60 s; killed at 100 s.
fn fires() -> Stage {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::Refused);
    it.until(100);
    assert_eq!(it.news(), ["60 +A a:1"]);
    it
}

#[test]
fn what_fires_goes_on_under_its_start_and_ends_with_it() {
    let mut it = fires();
    let start = it.kept.values().next().unwrap().told.clone().unwrap().starts_at;
    it.restart(secs(20), vec![alert("A")]);
    assert_eq!(it.states(), ["Firing A a:1"], "before anything was found");
    it.targets(one());
    it.tell(Event::Settled);
    it.until(59);
    assert!(it.told.iter().all(|(_, it)| it.starts_at == start && it.ends_at.is_none()), "{:?}", it.told);
    it.news();
    it.see("a:1", Sight::Fine);
    it.until(90);
    assert_eq!(it.news(), ["60 -A a:1"]);
    assert!(it.kept.is_empty());
}

#[test]
fn the_first_good_answer_ends_it_once_and_with_its_own_words() {
    let mut it = fires();
    let before = it.kept.values().next().unwrap().told.clone().unwrap();
    it.restart(secs(3600), vec![alert("A")]);
    it.see("a:1", Sight::Fine);
    it.targets(one());
    it.tell(Event::Settled);
    it.until(300);
    let last = it.last().clone();
    assert_eq!(it.news(), ["0 -A a:1"]);
    assert_eq!((last.starts_at, &last.annotations), (before.starts_at, &before.annotations));
}

#[test]
fn while_nobody_can_tell_after_a_restart_nothing_moves() {
    let mut it = fires();
    it.restart(secs(20), vec![alert("A")]);
    it.see("a:1", Sight::NoDescriptors);
    it.targets(one());
    it.tell(Event::Settled);
    it.until(80);
    assert!(it.news().is_empty());
    assert_eq!(it.states()[0], "Firing A a:1");
}

#[test]
fn what_pends_has_its_time_counted_through_a_short_outage() {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::Refused);
    it.until(40);
    it.restart(secs(10), vec![alert("A")]);
    it.targets(one());
    it.tell(Event::Settled);
    it.until(9);
    assert_eq!(it.states(), ["Pending A a:1"]);
    it.until(12);
    assert_eq!(it.news(), ["10 +A a:1"]);
}

#[test]
fn what_is_gone_ends_when_all_files_were_read_and_not_before() {
    for (alerts, targets, reason) in
        [(vec![alert("A")], vec![], "target_removed"), (vec![alert("B")], one(), "alert_removed")]
    {
        let mut it = fires();
        it.restart(secs(20), alerts);
        it.see("a:1", Sight::Fine);
        it.targets(targets);
        it.until(20);
        assert_eq!(it.news(), [""; 0]);
        it.tell(Event::Settled);
        assert_eq!(it.last().annotations["resolved_reason"], reason);
        assert_eq!(it.news(), ["20 -A a:1"]);
        it.until(100);
        assert!(it.news().is_empty() && it.kept.is_empty());
    }
}

#[test]
fn what_was_held_back_stays_so_while_its_parent_fires() {
    let alerts = || vec![alert("Parent"), inhibited_by("Child", "Parent", &["carrier_name"])];
    let mut it = one_target(alerts());
    it.see("a:1", Sight::Refused);
    it.until(100);
    assert_eq!(it.news(), ["60 +Parent a:1"]);
    it.restart(secs(20), alerts());
    it.targets(one());
    it.tell(Event::Settled);
    it.until(100);
    assert!(it.news().iter().all(|it| it.contains("Parent")));
    assert_eq!(it.states(), ["Inhibited Child a:1", "Firing Parent a:1"]);
}

#[test]
fn what_counts_others_ends_only_when_all_of_them_were_asked() {
    let counting = || Alert { when: condition("scope.fleet.failing >= 2"), hold: secs(0), ..alert("A") };
    let two = || vec![target("a:1", &[("carrier_name", "c1")]), target("b:1", &[("carrier_name", "c1")])];
    let mut it = Stage::new(vec![counting()], two());
    it.see("a:1", Sight::Refused);
    it.see("b:1", Sight::Refused);
    it.until(40);
    let fired: Vec<_> = it.news();
    assert!(fired.iter().any(|it| it.contains("+A a:1")), "{fired:?}");
    it.restart(secs(20), vec![counting()]);
    it.see("b:1", Sight::Silent);
    it.targets(two());
    it.tell(Event::Settled);
    it.until(5);
    assert_eq!(it.news(), [""; 0], "b:1 has not answered yet");
    it.until(20);
    assert!(it.states().iter().all(|it| it.starts_with("Firing")), "{:?}", it.states());
    assert!(!it.news().iter().any(|it| it.contains('-')));
}

#[test]
fn the_same_is_kept_whenever_it_is_looked_at() {
    let mut it = fires();
    let before = it.kept.clone();
    it.until(400);
    assert_eq!(it.kept, before, "an alert whose message does not change is not written again");
}

#[test]
fn a_wall_clock_that_was_set_counts_for_nothing_after_a_restart() {
    let mut it = one_target(vec![Alert { hold: secs(300), ..alert("A") }]);
    it.see("a:1", Sight::Refused);
    it.until(40);
    it.leap = secs(3600);
    it.until(61);
    it.restart(secs(10), vec![Alert { hold: secs(300), ..alert("A") }]);
    it.targets(one());
    it.tell(Event::Settled);
    it.until(100);
    assert_eq!(it.states(), ["Pending A a:1"]);
}

#[test]
fn one_restart_after_the_other_counts_no_time_twice() {
    let long = || vec![Alert { hold: secs(500), ..alert("A") }];
    let mut it = one_target(long());
    it.see("a:1", Sight::Refused);
    it.until(10);
    for _ in 0..5 {
        // Nobody is asked between one end and the next.
        it.restart(secs(10), long());
        it.until(100);
    }
    it.targets(one());
    it.tell(Event::Settled);
    it.until(102);
    assert_eq!(it.states(), ["Pending A a:1"], "seen in trouble for seconds, and 50 s without us");
}

#[test]
fn of_a_target_that_was_not_asked_since_the_start_nothing_fires() {
    let mut it = one_target(vec![alert("A"), Alert { when: condition("target.failing"), ..alert("B") }]);
    it.see("a:1", Sight::NoDescriptors);
    it.until(85);
    it.restart(secs(30), vec![alert("A")]);
    it.see("a:1", Sight::Lost);
    it.targets(one());
    it.tell(Event::Settled);
    it.tell(Event::Runbook(Arc::new(Runbook::without_folder(Url::parse("https://r.example").unwrap()))));
    it.until(20);
    assert_eq!(it.states(), ["Pending ProbeStale a:1"]);
}

#[test]
fn who_took_over_goes_on_under_the_start_that_people_know() {
    let same = || vec![Alert { labels: vec![("instance".into(), text("one"))], ..alert("A") }];
    let both = || vec![target("a:1", &[]), target("a:2", &[])];
    let mut it = Stage::new(same(), both());
    it.see("a:1", Sight::Refused);
    it.until(70);
    it.see("a:2", Sight::Refused);
    it.until(200);
    let start = it.last().starts_at;
    it.see("a:1", Sight::Fine);
    it.until(230);
    it.restart(secs(10), same());
    it.targets(both());
    it.tell(Event::Settled);
    it.until(5);
    assert_eq!(it.snapshot().alerts[0].notification.starts_at, start);
}

#[test]
fn labels_that_changed_while_we_were_away_are_another_incident() {
    let mut it = fires();
    it.restart(secs(20), vec![Alert { labels: vec![("severity".into(), text("warning"))], ..alert("A") }]);
    it.see("a:1", Sight::Refused);
    it.targets(one());
    it.tell(Event::Settled);
    it.until(35);
    let severities: Vec<_> =
        it.told.iter().map(|(_, it)| (it.labels.get("severity").to_owned(), it.ends_at.is_some())).collect();
    assert_eq!(
        severities[severities.len() - 2..],
        [("critical".to_owned(), true), ("warning".to_owned(), false)]
    );
}
