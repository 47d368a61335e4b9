//! What goes wrong on our side: pauses, and waiting for a place.

use super::*;

/// Stands still from now on until that second, and then goes on.
fn pause_until(it: &mut Stage, secs_until: u64) {
    let before = it.up;
    it.up = secs(secs_until);
    let stood = it.up.saturating_sub(before);
    it.tell(Event::Paused { stood, lasted: stood });
}

fn cause(it: &Stage, address: &str) -> &'static str {
    let targets = it.snapshot().targets;
    let target = targets.iter().find(|it| *it.target.address == *address).expect("it is on the board");
    target.judged.as_ref().map_or("nothing", |it| it.verdict.cause_name())
}

#[test]
fn an_attempt_under_way_across_a_pause_says_nothing_and_neither_does_what_came_late() {
    let mut it = one_target(vec![Alert { hold: Duration::ZERO, ..alert("A") }]);
    it.see("a:1", Sight::Silent);
    it.until(35);
    assert_eq!(it.news(), ["10 +A a:1", "30 +A a:1"]);
    it.see("a:1", Sight::Fine);
    it.until(65);
    assert_eq!(it.news(), ["60 -A a:1"]);
    it.see("a:1", Sight::Silent);
    it.until(95);
    pause_until(&mut it, 107);
    it.until(119);
    assert_eq!((cause(&it, "a:1"), it.states()), ("paused", vec!["Pending ProbeStale a:1".to_owned()]));
    assert!(it.news().is_empty());

    let mut it = one_target(vec![Alert { hold: Duration::ZERO, ..alert("A") }]);
    it.see("a:1", Sight::Silent);
    it.until(15);
    pause_until(&mut it, 20);
    it.until(31);
    let late = it.snapshot().targets[0].late;
    assert_eq!(late, Some(Late::Unknown(OwnSide::Paused)), "the verdict was given before, and stays");
    assert_eq!(it.news(), ["10 +A a:1", "30 +A a:1"], "that nobody knows what came late is told");
}

#[test]
fn a_pause_does_not_count_as_time_in_which_an_alert_pends() {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::Refused);
    it.until(45);
    pause_until(&mut it, 645);
    it.until(659);
    assert_eq!((cause(&it, "a:1"), it.states()[0].as_str()), ("paused", "Pending A a:1"));
    it.until(700);
    assert_eq!(it.news(), ["675 +A a:1"], "45 seconds until the pause, and 15 from second 660 on");
}

#[test]
fn nobody_is_woken_after_a_pause_by_what_was_mended_meanwhile() {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::Refused);
    it.until(59);
    it.see("a:1", Sight::Fine);
    pause_until(&mut it, 3000);
    it.until(3100);
    assert_eq!(it.news(), Vec::<String>::new());
    assert!(it.states().is_empty());
}

#[test]
fn what_was_seen_shortly_before_a_short_pause_still_holds() {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::Refused);
    it.until(35);
    pause_until(&mut it, 40);
    assert_eq!(cause(&it, "a:1"), "connect_refused");
}

#[test]
fn after_the_machine_has_slept_nothing_is_known_that_is_older_than_an_interval() {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::Refused);
    it.until(35);
    it.tell(Event::Paused { stood: Duration::ZERO, lasted: secs(29) });
    assert_eq!(cause(&it, "a:1"), "connect_refused");
    it.tell(Event::Paused { stood: Duration::ZERO, lasted: secs(30) });
    assert_eq!(cause(&it, "a:1"), "paused");
}

#[test]
fn who_waits_for_a_place_for_an_interval_is_unknown_until_asked() {
    let settings = Settings {
        seed: 0,
        concurrency: 1,
        base_url: Url::parse("https://runbooks.example").unwrap(),
        spread: Spread::Together,
    };
    let mut it = Stage::new(vec![alert("A")], vec![target("a:1", &[]), target("b:1", &[])]);
    it.engine = Engine::new(settings, it.start);
    it.see("a:1", Sight::Lost);
    it.see("b:1", Sight::Lost);
    it.plan(vec![alert("A")]);
    let waiting = if it.asked[0].1.target.address.starts_with('a') { "b:1" } else { "a:1" };
    it.until(29);
    assert_eq!(cause(&it, waiting), "nothing");
    it.until(30);
    assert_eq!(cause(&it, waiting), "overrun");
    it.until(121);
    assert!(it.states().contains(&format!("Firing ProbeStale {waiting}")), "{:?}", it.states());
}
