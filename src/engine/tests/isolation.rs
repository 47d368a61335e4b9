use proptest::prelude::*;

use super::stage::{Sight, Stage, alert, plan, target};
use super::*;

const HOSTS: [&str; 4] = ["a:1", "b:1", "c:1", "d:1"];

fn plan_with(alerts: Vec<Alert>, controls: &[&str]) -> Event {
    let mut it = plan(alerts);
    let gate = Probe { name: "gate".into(), ..Probe::clone(&it.probes[0]) };
    it.probes.push(Arc::new(gate));
    it.controls = controls.iter().map(|it| (*it).into()).collect();
    Event::Plan(Arc::new(it))
}

fn gate(addresses: &[&str]) -> Event {
    let targets = addresses.iter().map(|it| target(it, &[])).collect();
    Event::Targets(TargetSet { probe: "gate".into(), targets })
}

/// Targets on four hosts, and `controls` at the gate.
fn stage(controls: &[&str]) -> Stage {
    let mut it = Stage::new(vec![alert("A")], Vec::new());
    it.tell(plan_with(vec![alert("A")], &["gate"]));
    it.tell(gate(controls));
    it.targets(HOSTS.map(|it| target(it, &[])).to_vec());
    it
}

fn all_see(it: &mut Stage, addresses: &[&str], sight: Sight) {
    for address in addresses {
        it.see(address, sight);
    }
}

/// Sorted, so that it does not matter which target has which number.
fn states(it: &Stage) -> Vec<String> {
    let mut states = it.states();
    states.sort();
    states
}

/// From second 31 on nobody can be reached, the controls among them.
fn cut_off(controls: &[&str]) -> Stage {
    let mut it = stage(controls);
    it.until(31);
    all_see(&mut it, &HOSTS, Sight::Refused);
    all_see(&mut it, controls, Sight::Silent);
    it.until(200);
    it
}

#[test]
fn while_the_prober_is_cut_off_there_is_one_alert_and_those_of_its_targets_wait() {
    let mut it = cut_off(&["gate:1"]);
    assert_eq!(it.news(), ["70 +ProberIsolated "]);
    let waiting = HOSTS.map(|it| format!("Inhibited A {it}"));
    let states = states(&it);
    assert_eq!(states[1..], waiting);
    assert_eq!(states[0], "Firing ProberIsolated ");
    let alerts = it.snapshot().alerts;
    assert!(alerts[..4].iter().all(|it| it.inhibited_by.as_deref() == Some(PROBER_ISOLATED)));
    let own = &alerts[4].notification;
    assert_eq!(own.labels, [("alertname", PROBER_ISOLATED)].into_iter().collect());
    let names: Vec<_> = own.annotations.keys().map(|it| &**it).collect();
    assert_eq!(names, ["description", "summary"]);
    let summary = &own.annotations["summary"];
    assert!(summary.contains("4 of 4 targets") && summary.contains("none of 1 controls"), "{summary}");
    let evidence = &own.annotations["description"];
    assert!(evidence.contains("on 4 hosts"), "{evidence}");
    assert!(
        evidence.contains("control gate:1 of gate: deadline_exceeded (processing) since 2023-"),
        "{evidence}"
    );
}

#[test]
fn when_a_control_answers_again_what_still_fails_goes_out_with_its_next_reading_and_the_rest_is_never_told() {
    let mut it = cut_off(&["gate:1"]);
    it.told.clear();
    it.see("gate:1", Sight::Fine);
    all_see(&mut it, &["a:1", "b:1"], Sight::Fine);
    it.until(300);
    assert_eq!(it.news(), ["210 -ProberIsolated ", "210 +A c:1", "210 +A d:1"]);
    assert_eq!(states(&it), ["Firing A c:1", "Firing A d:1"]);
}

#[test]
fn what_was_seen_through_the_cut_is_not_told_before_it_was_asked_again() {
    let mut it = cut_off(&["gate:1"]);
    it.told.clear();
    // Between two rounds of the targets a new control answers.
    it.until(205);
    it.tell(gate(&["gate:1", "gate:2"]));
    it.until(209);
    assert_eq!(it.news(), ["205 -ProberIsolated "]);
    assert_eq!(states(&it), HOSTS.map(|it| format!("Inhibited A {it}")));
    it.see("a:1", Sight::Fine);
    it.see("b:1", Sight::NoDescriptors);
    it.until(239);
    let mut news = it.news();
    news.sort();
    assert_eq!(news, ["210 +A c:1", "210 +A d:1"]);
    // Of one that cannot be asked people hear after a turn of its probe.
    it.until(266);
    assert_eq!(it.news(), ["265 +A b:1"]);
}

#[test]
fn with_a_control_that_answers_a_mass_outage_goes_out_whole() {
    for sight in [Sight::Fine, Sight::Status(503)] {
        let mut it = stage(&["gate:1", "gate:2"]);
        it.see("gate:1", sight);
        it.see("gate:2", Sight::Silent);
        it.until(31);
        all_see(&mut it, &HOSTS, Sight::Silent);
        it.until(300);
        assert_eq!(it.news().len(), 4, "{sight:?}");
    }
}

#[test]
fn without_a_control_nothing_is_held_back() {
    let mut it = cut_off(&[]);
    assert_eq!(it.news().len(), 4);
    let mut it = stage(&["gate:1"]);
    it.tell(plan_with(vec![alert("A")], &[]));
    all_see(&mut it, &HOSTS, Sight::Silent);
    it.see("gate:1", Sight::Silent);
    it.until(300);
    assert_eq!(it.news().len(), 4);
}

#[test]
fn less_than_half_of_the_targets_or_fewer_than_three_hosts_are_their_own_trouble() {
    let mut it = stage(&["gate:1"]);
    it.tell(gate(&["gate:1"]));
    let more = ["a:1", "b:1", "c:1", "d:1", "e:1", "f:1", "g:1"].map(|it| target(it, &[]));
    it.targets(more.to_vec());
    it.until(31);
    all_see(&mut it, &["a:1", "b:1", "c:1", "gate:1"], Sight::Refused);
    it.until(300);
    assert_eq!(it.news().len(), 3, "three of seven");

    let mut it = stage(&["gate:1"]);
    it.targets(["a:1", "a:2", "a:3", "b:1"].map(|it| target(it, &[])).to_vec());
    it.until(31);
    all_see(&mut it, &["a:1", "a:2", "a:3", "b:1", "gate:1"], Sight::Refused);
    it.until(300);
    assert_eq!(it.news().len(), 4, "on two hosts");
}

#[test]
fn half_of_the_targets_are_enough() {
    let mut it = stage(&["gate:1"]);
    let more = ["a:1", "b:1", "c:1", "d:1", "e:1", "f:1"].map(|it| target(it, &[]));
    it.targets(more.to_vec());
    it.until(31);
    all_see(&mut it, &["a:1", "b:1", "c:1", "gate:1"], Sight::Refused);
    it.until(300);
    assert_eq!(it.news(), ["60 +ProberIsolated "]);
}

#[test]
fn an_unknown_control_moves_nothing() {
    let mut it = stage(&["gate:1"]);
    it.see("gate:1", Sight::NoDescriptors);
    it.until(31);
    all_see(&mut it, &HOSTS, Sight::Refused);
    it.until(119);
    assert!(it.states().iter().all(|it| !it.contains("ProberIsolated")), "{:?}", it.states());
    it.until(200);
    assert_eq!(it.news().iter().filter(|it| it.contains("+A")).count(), 4);

    let mut it = cut_off(&["gate:1"]);
    it.told.clear();
    it.see("gate:1", Sight::NoDescriptors);
    it.until(600);
    let news = it.news();
    assert!(news.iter().all(|it| it.contains("ProbeStale")), "{news:?}");
}

#[test]
fn a_target_that_went_missing_while_a_control_answered_says_nothing_about_the_prober() {
    let mut it = stage(&["gate:1"]);
    all_see(&mut it, &["a:1", "b:1", "c:1"], Sight::Refused);
    it.until(121);
    assert_eq!(it.news().len(), 3);
    it.see("gate:1", Sight::Silent);
    it.see("d:1", Sight::Refused);
    it.until(300);
    assert_eq!(it.news(), ["210 +A d:1"]);
}

#[test]
fn when_the_last_control_is_taken_away_nobody_waits_any_longer() {
    let mut it = cut_off(&["gate:1"]);
    it.told.clear();
    it.tell(plan_with(vec![alert("A")], &[]));
    assert_eq!(it.news().len(), 5);
    assert!(it.states().iter().all(|it| it.starts_with("Firing A")));
}

#[test]
fn other_drop_ins_do_not_end_it() {
    let mut it = cut_off(&["gate:1"]);
    it.told.clear();
    it.tell(plan_with(vec![alert("A")], &["gate"]));
    it.until(300);
    assert!(it.news().is_empty());
}

#[test]
fn when_the_targets_answer_it_was_the_control_after_all() {
    let mut it = cut_off(&["gate:1"]);
    it.told.clear();
    all_see(&mut it, &["b:1", "c:1", "d:1"], Sight::Fine);
    it.until(300);
    assert_eq!(it.news(), ["210 -ProberIsolated ", "210 +A a:1"]);
}

#[derive(Clone, Debug)]
enum Act {
    See(usize, Sight),
    SeeAll(Sight),
    Pass(u64),
    Other(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let sights = vec![Sight::Fine, Sight::Refused, Sight::Status(404), Sight::Silent, Sight::NoDescriptors];
    let sight = prop::sample::select(sights);
    prop_oneof![
        3 => (0usize..4, sight.clone()).prop_map(|(at, sight)| Act::See(at, sight)),
        2 => sight.prop_map(Act::SeeAll),
        4 => (1u64..90).prop_map(Act::Pass),
        1 => any::<bool>().prop_map(Act::Other),
    ]
}

fn played(mut it: Stage, acts: &[Act]) -> Stage {
    for act in acts {
        match act {
            Act::See(at, sight) => it.see(HOSTS[*at], *sight),
            Act::SeeAll(sight) => all_see(&mut it, &HOSTS, *sight),
            Act::Pass(secs) => it.until(it.up.as_secs() + secs),
            Act::Other(fine) => it.see("gate:2", if *fine { Sight::Fine } else { Sight::Silent }),
        }
    }
    it
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn with_a_control_that_answers_people_hear_what_they_would_hear_without_any(
        acts in prop::collection::vec(act(), 1..30),
    ) {
        let with = played(stage(&["gate:1", "gate:2"]), &acts);
        let mut without = stage(&["gate:1", "gate:2"]);
        without.tell(plan_with(vec![alert("A")], &[]));
        let without = played(without, &acts);
        prop_assert_eq!(with.told, without.told);
    }

    #[test]
    fn whatever_a_control_does_what_fires_is_told_a_turn_after_it_answers(
        acts in prop::collection::vec(act(), 1..30),
    ) {
        let mut it = played(stage(&["gate:2"]), &acts);
        it.see("gate:2", Sight::Fine);
        it.until(it.up.as_secs() + 101);
        prop_assert!(it.states().iter().all(|it| !it.starts_with("Inhibited") && !it.contains("Isolated")));
    }
}
