use std::time::SystemTime;

use crate::cause::Verdict;
use crate::outcome::OwnSide;
use crate::plan::{Alert, Inhibitor};
use crate::view::{Hop, Reading};

use super::*;

mod groups;
mod inquiry;
mod isolation;
mod restart;
mod ourselves;
mod ownside;
mod series;
mod stage;

use stage::{INTERVAL, Sight, Stage, alert, condition, page, plan, row, target, text};

fn secs(it: u64) -> Duration {
    Duration::from_secs(it)
}

fn one_target(alerts: Vec<Alert>) -> Stage {
    Stage::new(alerts, vec![target("a:1", &[("carrier_name", "c1"), ("service", "x")])])
}

fn with_steps(steps: &[(&str, &str)]) -> Alert {
    let rows = steps.iter().map(|(when, anchor)| row(Some(when), Some(anchor)));
    let default = row(None, Some("anything-else"));
    Alert { steps: rows.chain([default]).collect(), ..alert("A") }
}

fn inhibited_by(name: &str, parent: &str, equal: &[&str]) -> Alert {
    let equal = equal.iter().map(|it| (*it).into()).collect();
    Alert { inhibited_by: vec![Inhibitor { alert: parent.into(), equal }], ..alert(name) }
}

#[test]
fn an_alert_fires_after_its_time_and_resolves_with_the_same_start_and_annotations() {
    let mut it = one_target(vec![alert("A")]);
    it.until(31);
    it.see("a:1", Sight::Refused);
    it.until(70);
    assert_eq!(it.states(), ["Pending A a:1"]);
    it.until(121);
    assert_eq!(it.news().len(), 1);
    it.see("a:1", Sight::Fine);
    let fired = it.snapshot().alerts[0].notification.clone();
    it.until(160);
    let resolved = it.last().clone();
    assert_eq!(it.news(), ["150 -A a:1"]);
    assert_eq!(resolved.starts_at, fired.starts_at);
    assert_eq!(resolved.annotations, fired.annotations);
    assert_eq!(resolved.annotations["cause"], "connect_refused");
    assert!(it.states().is_empty());
}

#[test]
fn with_no_time_to_wait_it_fires_with_the_first_verdict() {
    let mut it = one_target(vec![Alert { hold: Duration::ZERO, ..alert("A") }]);
    it.see("a:1", Sight::Refused);
    it.until(1);
    assert_eq!(it.news(), ["0 +A a:1"]);
}

#[test]
fn flapping_within_the_time_tells_nobody() {
    let mut it = one_target(vec![alert("A")]);
    for round in 0..10 {
        it.see("a:1", if round % 2 == 0 { Sight::Refused } else { Sight::Fine });
        it.until(INTERVAL * (round + 1) - 1);
    }
    assert!(it.news().is_empty());
}

#[test]
fn a_clock_that_runs_out_while_an_attempt_is_under_way_waits_for_its_verdict() {
    let mut it = one_target(vec![Alert { hold: secs(55), ..alert("A") }]);
    it.see("a:1", Sight::Silent);
    it.until(59);
    assert_eq!(it.states(), ["Pending A a:1"]);
    it.see("a:1", Sight::Late(10_500));
    it.until(69);
    assert!(it.news().is_empty(), "the attempt of second 60 has no verdict yet");
    it.until(70);
    assert_eq!(it.news(), ["70 +A a:1"]);

    let mut it = one_target(vec![Alert { hold: secs(55), ..alert("A") }]);
    it.see("a:1", Sight::Silent);
    it.until(59);
    it.see("a:1", Sight::Fine);
    it.until(90);
    assert!(it.news().is_empty(), "it was mended in time");
}

#[test]
fn without_an_attempt_under_way_it_fires_when_the_clock_runs_out() {
    let mut it = one_target(vec![Alert { hold: secs(45), ..alert("A") }]);
    it.see("a:1", Sight::Refused);
    it.until(50);
    assert_eq!(it.news(), ["45 +A a:1"]);
}

#[test]
fn unknown_starts_nothing_ends_nothing_and_stops_the_clock() {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::NoDescriptors);
    it.until(85);
    assert_eq!(it.states(), ["Pending ProbeStale a:1"]);
    it.see("a:1", Sight::Refused);
    it.until(119);
    it.see("a:1", Sight::NoDescriptors);
    it.until(170);
    assert_eq!(it.states(), ["Pending A a:1", "Pending ProbeStale a:1"]);
    it.see("a:1", Sight::Refused);
    it.until(211);
    assert_eq!(it.news(), ["210 +A a:1"], "30 seconds until 120, and 30 from 180 on");
    it.see("a:1", Sight::NoDescriptors);
    it.until(290);
    assert_eq!(it.states()[0], "Firing A a:1");
    assert_eq!(it.snapshot().alerts[0].notification.annotations["cause"], "connect_refused");
    it.see("a:1", Sight::Fine);
    it.until(301);
    assert_eq!(it.news(), ["300 -A a:1"]);
}

#[test]
fn it_keeps_firing_for_as_long_as_it_is_told() {
    let mut it = one_target(vec![Alert { keep_firing_for: secs(100), ..alert("A") }]);
    it.see("a:1", Sight::Refused);
    it.until(100);
    it.see("a:1", Sight::Fine);
    it.until(219);
    assert_eq!(it.news(), ["60 +A a:1"]);
    it.until(240);
    assert_eq!(it.news(), ["220 -A a:1"]);
}

#[test]
fn the_first_row_that_holds_is_the_step_and_a_new_one_is_told_under_the_same_start() {
    let steps = [
        ("target.status == 404", "gone"),
        ("target.cause == 'deadline_exceeded'", "late"),
        ("target.status > 0", "other"),
    ];
    let mut it = one_target(vec![with_steps(&steps)]);
    it.see("a:1", Sight::Status(404));
    it.until(62);
    let first = it.last().clone();
    assert_eq!(first.annotations["runbook_url"], "https://runbooks.example/docs/scrape.html#gone");
    assert_eq!(first.annotations["runbook"], first.annotations["runbook_url"]);
    assert_eq!(first.annotations["phase"], "processing");
    it.see("a:1", Sight::Status(503));
    it.until(92);
    let second = it.last().clone();
    assert_eq!(second.annotations["runbook_url"], "https://runbooks.example/docs/scrape.html#other");
    assert_eq!((&second.labels, second.starts_at), (&first.labels, first.starts_at));
    it.see("a:1", Sight::Refused);
    it.until(122);
    assert_eq!(it.news(), ["60 +A a:1", "90 +A a:1", "120 +A a:1"]);
    let steps = it.snapshot().counters.steps;
    let counts: Vec<_> =
        steps.iter().map(|((alert, step), count)| format!("{alert} {step} {count}")).collect();
    assert_eq!(counts, ["A anything-else 1", "A gone 1", "A other 1"]);
}

#[test]
fn a_duration_that_wobbles_is_not_worth_a_message() {
    let mut it = one_target(vec![alert("A")]);
    for round in 0..10 {
        it.see("a:1", Sight::Late(10_200 + round * 300));
        it.until(INTERVAL * (round + 1) - 1);
    }
    let news = it.news();
    assert_eq!(news, ["70 +A a:1"]);
    let description = it.snapshot().alerts[0].notification.annotations["description"].clone();
    assert!(description.contains("answered after 12.9 s"), "the snapshot is fresh: {description}");
}

#[test]
fn a_late_answer_and_silence_are_told_apart() {
    let steps =
        [("target.answered_after > duration('0s')", "slow"), ("target.silent_for > duration('0s')", "dead")];
    let mut it = one_target(vec![with_steps(&steps)]);
    it.see("a:1", Sight::Late(14_200));
    it.until(100);
    let slow = it.last().clone();
    assert!(slow.annotations["runbook_url"].ends_with("#slow"));
    assert!(slow.annotations["description"].contains("answered after 14.2 s (status 200, 48 213 bytes)"));
    it.see("a:1", Sight::Silent);
    it.until(200);
    let dead = it.last().clone();
    assert!(dead.annotations["runbook_url"].ends_with("#dead"));
    assert!(dead.annotations["description"].contains("silent for 30 s"));
    assert_eq!(it.news(), ["70 +A a:1", "150 +A a:1"], "nothing flickers in between");
}

#[test]
fn a_late_answer_to_the_first_attempt_amends_what_was_told() {
    let mut it = one_target(vec![Alert { hold: Duration::ZERO, ..alert("A") }]);
    it.see("a:1", Sight::Late(14_200));
    it.until(20);
    assert!(
        it.told[0].1.annotations["description"]
            .starts_with("deadline exceeded while waiting for the first byte: nothing complete within 10 s")
    );
    assert_eq!(it.news(), ["10 +A a:1", "14 +A a:1"]);
}

#[test]
fn every_before_row_that_holds_is_named_and_without_a_row_the_page_is_the_step() {
    let before =
        |when: &str, name: &str| crate::plan::Row { page: page(name), anchor: None, ..row(Some(when), None) };
    let pages = vec![
        before("number_at_end(labels.carrier_name) >= 1", "one.html"),
        before("target.status == 404", "two.html"),
        before("target.failing", "three.html"),
    ];
    let also = vec![crate::runbook::Link { page: page("beside.html"), anchor: None }];
    let steps = vec![crate::plan::Row { also, ..row(Some("target.status == 404"), Some("gone")) }];
    let mut it = one_target(vec![Alert { before: pages, steps, ..alert("A") }]);
    it.see("a:1", Sight::Refused);
    it.until(70);
    let annotations = it.last().annotations.clone();
    let base = "https://runbooks.example/docs";
    assert!(!annotations.contains_key("runbook_also"));
    assert_eq!(annotations["runbook_before"], format!("{base}/one.html\n{base}/three.html"));
    assert_eq!(annotations["runbook_url"], format!("{base}/scrape.html"));
    it.see("a:1", Sight::Status(404));
    it.until(100);
    assert_eq!(it.last().annotations["runbook_also"], format!("{base}/beside.html"));
}

#[test]
fn a_row_that_fails_at_night_is_passed_over_and_counted() {
    let mut it = one_target(vec![with_steps(&[("int(labels.service) > 3", "number")])]);
    it.see("a:1", Sight::Refused);
    it.until(61);
    let annotations = it.last().annotations.clone();
    assert!(annotations["runbook_url"].ends_with("#anything-else"));
    assert!(!annotations["runbook_error"].is_empty());
    assert!(it.snapshot().counters.expression_errors["A"] > 0);
}

#[test]
fn a_condition_that_fails_at_night_starts_no_alert_and_ends_none() {
    let when = "target.failing && int(string(target.status)) / (target.status - 404) > -1000";
    let mut it = one_target(vec![Alert { when: condition(when), ..alert("A") }]);
    it.see("a:1", Sight::Status(404));
    it.until(85);
    assert!(it.states().is_empty());
    assert!(it.snapshot().counters.expression_errors["A"] > 0);
    it.see("a:1", Sight::Status(503));
    it.until(151);
    it.see("a:1", Sight::Status(404));
    it.until(241);
    assert_eq!(it.states(), ["Firing A a:1"]);
    it.see("a:1", Sight::Fine);
    it.until(271);
    assert!(it.states().is_empty());
}

#[test]
fn a_row_whose_check_or_query_has_no_answer_does_not_hold_until_it_has() {
    let steps = [("checks.path.failing", "path"), ("queries.scraped == 1.0", "between")];
    let mut it = one_target(vec![with_steps(&steps)]);
    it.see("a:1", Sight::Refused);
    it.until(65);
    assert!(it.last().annotations["runbook_url"].ends_with("#anything-else"));
    assert!(it.snapshot().counters.expression_errors.is_empty(), "no answer is no error");
    it.tell(Event::Answered { promql: "up".into(), value: Some(1.0) });
    it.until(67);
    assert!(it.last().annotations["runbook_url"].ends_with("#between"));
    let hop = Hop { address: "10.1.1.1".to_owned(), sent: 10, loss: 20.0, ..Hop::default() };
    let reading = Reading { failing: true, cause: "path_lossy", ..Reading::default() };
    let answer = |carrier: &str| Event::Checked {
        topic: CheckTopic {
            alert: "A".into(),
            check: "path".into(),
            labels: [("carrier_name", carrier)].into_iter().collect(),
        },
        answer: Some(Box::new(CheckAnswer { reading: reading.clone(), hops: vec![hop.clone()] })),
    };
    it.tell(answer("c2"));
    it.until(69);
    assert!(it.last().annotations["runbook_url"].ends_with("#between"), "nobody asked for another carrier");
    it.tell(answer("c1"));
    it.until(71);
    assert!(it.last().annotations["runbook_url"].ends_with("#path"));
    let description = &it.last().annotations["description"];
    assert!(description.contains("check path: fails, path_lossy"), "{description}");
    assert!(description.contains("  1.|-- 10.1.1.1 20.0%    10 "), "{description}");
}

#[test]
fn the_step_follows_when_others_of_the_scope_fail_or_recover() {
    let steps = [("scope.carrier.failing >= 2", "blast")];
    let targets = ["a:1", "a:2"].map(|it| target(it, &[("carrier_name", "c1")])).to_vec();
    let mut it = Stage::new(vec![with_steps(&steps)], targets);
    it.see("a:1", Sight::Refused);
    it.until(61);
    assert!(it.last().annotations["runbook_url"].ends_with("#anything-else"));
    it.see("a:2", Sight::Late(20_000));
    it.until(102);
    assert!(it.last().annotations["runbook_url"].ends_with("#blast"), "its own next reading is at 120");
    assert_eq!(it.told.last().unwrap().0, 101);
    assert!(
        it.last().annotations["description"]
            .contains("carrier c1: 2 of 2 failing (100 %): connect_refused 1, deadline_exceeded 1")
    );
}

#[test]
fn of_two_alerts_with_equal_labels_one_speaks_and_the_other_takes_over() {
    let same = Alert { labels: vec![("instance".into(), text("one"))], ..alert("A") };
    let mut it = Stage::new(vec![same], ["a:1", "a:2"].map(|it| target(it, &[])).to_vec());
    it.see("a:1", Sight::Refused);
    it.see("a:2", Sight::Status(503));
    it.until(65);
    let first = it.last().clone();
    assert_eq!(it.news(), ["60 +A one"]);
    assert_eq!(it.states().len(), 2);
    assert_eq!(it.snapshot().counters.duplicates["A"], 1);
    let speaker = if first.annotations["cause"] == "http_status" { "a:2" } else { "a:1" };
    it.see(speaker, Sight::Fine);
    it.until(95);
    let second = it.last().clone();
    assert_eq!(it.news(), ["90 +A one"], "the incident goes on");
    assert_eq!(second.starts_at, first.starts_at);
    assert_ne!(second.annotations["cause"], first.annotations["cause"]);
    it.see("a:1", Sight::Fine);
    it.see("a:2", Sight::Fine);
    it.until(125);
    assert_eq!(it.last().starts_at, first.starts_at);
    assert_eq!(it.news(), ["120 -A one"]);
}

#[test]
fn a_held_back_alert_is_shown_and_goes_out_when_its_parent_clears() {
    let parent = Alert { when: condition("target.status == 503"), hold: Duration::ZERO, ..alert("Parent") };
    let child = inhibited_by("Child", "Parent", &["carrier_name"]);
    let targets = vec![
        target("a:1", &[("carrier_name", "c1")]),
        target("a:2", &[("carrier_name", "c1")]),
        target("a:3", &[("carrier_name", "c2")]),
    ];
    let mut it = Stage::new(vec![parent, child], targets);
    it.see("a:1", Sight::Status(503));
    it.see("a:2", Sight::Refused);
    it.see("a:3", Sight::Refused);
    it.until(65);
    assert_eq!(it.news(), ["0 +Parent a:1", "60 +Child a:3"]);
    let states = it.states();
    assert!(states.contains(&"Inhibited Child a:2".to_owned()), "{states:?}");
    let held = it.snapshot().alerts.into_iter().find(|it| it.state == AlertState::Inhibited).unwrap();
    assert_eq!(held.inhibited_by.as_deref(), Some("Parent"));
    let started = held.notification.starts_at;
    it.see("a:1", Sight::Fine);
    it.until(95);
    assert_eq!(it.last().starts_at, started);
    assert_eq!(it.news(), ["90 -Parent a:1", "90 +Child a:2"]);
}

#[test]
fn what_was_told_before_its_parent_fired_stays_told_and_is_resolved() {
    let mut it = one_target(vec![inhibited_by("Child", "Elsewhere", &[])]);
    it.see("a:1", Sight::Refused);
    it.until(65);
    assert_eq!(it.news(), ["60 +Child a:1"]);
    it.tell(Event::Others(vec![[("alertname", "Elsewhere")].into_iter().collect()]));
    assert_eq!(it.states(), ["Inhibited Child a:1"]);
    it.see("a:1", Sight::Status(500));
    it.until(95);
    assert!(it.news().is_empty(), "it stays as it was told");
    it.see("a:1", Sight::Fine);
    it.until(125);
    assert_eq!(it.news(), ["120 -Child a:1"]);
}

#[test]
fn a_parent_elsewhere_holds_back_and_when_it_clears_the_child_goes_out_in_the_same_turn() {
    let mut it = one_target(vec![inhibited_by("Child", "Elsewhere", &["carrier_name"])]);
    let other =
        |carrier| [("alertname", "Elsewhere"), ("carrier_name", carrier)].into_iter().collect::<Labels>();
    it.see("a:1", Sight::Refused);
    it.tell(Event::Others(vec![other("c1")]));
    it.until(75);
    assert!(it.news().is_empty());
    it.tell(Event::Others(vec![other("c2")]));
    assert_eq!(it.news(), ["75 +Child a:1"]);
}

#[test]
fn what_is_gone_while_it_fires_is_resolved_and_says_why() {
    let mut it = one_target(vec![alert("A"), alert("B")]);
    it.see("a:1", Sight::Refused);
    it.until(65);
    it.told.clear();
    it.plan(vec![alert("B")]);
    assert_eq!(it.last().annotations["resolved_reason"], "alert_removed");
    assert_eq!(it.last().annotations["cause"], "connect_refused");
    it.targets(Vec::new());
    assert_eq!(it.last().annotations["resolved_reason"], "target_removed");
    assert_eq!(it.news(), ["65 -A a:1", "65 -B a:1"]);
    assert!(it.states().is_empty() && it.snapshot().targets.is_empty());
    it.until(200);
    assert!(it.news().is_empty());
}

#[test]
fn a_probe_that_leaves_the_plan_takes_its_targets_and_alerts_along() {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::Refused);
    it.until(65);
    it.tell(Event::Plan(Arc::new(Plan::default())));
    assert_eq!(it.news(), ["60 +A a:1", "65 -A a:1"]);
    assert!(it.snapshot().targets.is_empty());
    it.plan(vec![alert("A")]);
    assert_eq!(it.snapshot().targets.len(), 1, "discovery still knows it");
}

#[test]
fn a_reload_keeps_clocks_states_and_phases() {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::Refused);
    it.until(40);
    let next_in = it.snapshot().targets[0].next_in;
    it.plan(vec![alert("A")]);
    assert_eq!(it.snapshot().targets[0].next_in, next_in);
    assert_eq!(it.states(), ["Pending A a:1"]);
    it.until(65);
    let told = it.last().clone();
    it.plan(vec![alert("A")]);
    it.until(100);
    assert_eq!(it.news(), ["60 +A a:1"]);
    assert_eq!(it.snapshot().alerts[0].notification.starts_at, told.starts_at);
}

#[test]
fn a_reload_with_another_time_moves_the_clock_that_runs() {
    let mut it = one_target(vec![Alert { hold: secs(600), ..alert("A") }]);
    it.see("a:1", Sight::Refused);
    it.until(40);
    it.plan(vec![Alert { hold: secs(50), ..alert("A") }]);
    it.until(55);
    assert_eq!(it.news(), ["50 +A a:1"]);
}

#[test]
fn other_labels_are_another_incident() {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::Refused);
    it.until(65);
    it.plan(vec![Alert { labels: vec![("severity".into(), text("warning"))], ..alert("A") }]);
    let [(_, fired), (_, ended), (_, again)] = &it.told[..] else { panic!("{:?}", it.told) };
    assert_eq!(ended.annotations["resolved_reason"], "labels_changed");
    assert_eq!(ended.labels, fired.labels);
    assert_eq!((again.labels.get("severity"), again.ends_at), ("warning", None));
}

#[test]
fn labels_that_change_back_do_not_fire_an_incident_that_was_over() {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::Refused);
    it.until(65);
    it.plan(vec![Alert { labels: vec![("severity".into(), text("warning"))], ..alert("A") }]);
    it.until(70);
    it.plan(vec![alert("A")]);
    let over = it.told.iter().find(|(_, it)| it.ends_at.is_some()).unwrap().1.incident();
    assert_eq!(it.last().labels, over.labels);
    assert_ne!(it.last().starts_at, over.starts_at);
}

#[test]
fn targets_may_be_known_before_the_plan_that_has_their_probe() {
    let mut it = Stage::new(Vec::new(), Vec::new());
    it.tell(Event::Targets(TargetSet { probe: "p".into(), targets: vec![target("b:1", &[])] }));
    it.tell(Event::Targets(TargetSet { probe: "q".into(), targets: vec![target("c:1", &[])] }));
    it.until(1);
    assert_eq!(it.asked.len(), 1);
    let mut other = plan(Vec::new());
    other.probes[0] = Arc::new(Probe { name: "q".into(), ..Probe::clone(&other.probes[0]) });
    it.tell(Event::Plan(Arc::new(other)));
    it.until(31);
    assert_eq!(&*it.asked.last().unwrap().1.target.address, "c:1");
}

#[test]
fn a_target_of_which_we_cannot_tell_for_three_intervals_is_an_alert_about_us() {
    let mut it = one_target(Vec::new());
    it.see("a:1", Sight::NoDescriptors);
    it.until(85);
    assert!(it.news().is_empty());
    it.until(95);
    let stale = it.last().clone();
    assert_eq!(it.news(), ["90 +ProbeStale a:1"]);
    assert_eq!((stale.labels.get("probe"), stale.labels.get("carrier_name")), ("p", "c1"));
    assert_eq!(stale.annotations["cause"], "local_fd");
    assert!(stale.annotations["description"].contains("LimitNOFILE"));
    it.see("a:1", Sight::Refused);
    it.until(125);
    assert_eq!(it.news(), ["120 -ProbeStale a:1"]);
}

#[test]
fn a_prober_that_never_comes_back_leaves_the_target_unknown_and_it_is_asked_again() {
    let mut it = one_target(vec![alert("A")]);
    it.see("a:1", Sight::Refused);
    it.until(1);
    it.see("a:1", Sight::Lost);
    it.until(119);
    assert!(it.news().is_empty(), "nobody is woken by a reading that is being replaced");
    it.see("a:1", Sight::Fine);
    it.until(121);
    let status = it.snapshot().targets.remove(0);
    assert_eq!(status.judged.unwrap().verdict, Verdict::Success);
    assert_eq!(it.snapshot().counters.missed["p"], 2);
}

#[test]
fn an_outcome_of_an_attempt_that_is_not_under_way_is_passed_over() {
    let mut it = one_target(vec![Alert { hold: Duration::ZERO, ..alert("A") }]);
    it.until(5);
    let (outcome, _) = stage::witnessed(Sight::Refused, SystemTime::UNIX_EPOCH);
    let judged = Box::new(Judged::new(&stage::module(), outcome));
    for attempt in [AttemptId(0), AttemptId(77)] {
        it.tell(Event::Outcome { attempt, judged: judged.clone(), reading_on: false });
        it.tell(Event::Late { attempt, late: Late::Unknown(OwnSide::Internal) });
    }
    assert!(it.states().is_empty());
}

#[test]
fn an_attempt_has_one_verdict() {
    let mut it = one_target(vec![Alert { hold: Duration::ZERO, ..alert("A") }]);
    it.see("a:1", Sight::Lost);
    it.until(1);
    let attempt = it.asked[0].1.id;
    for (sight, reading_on) in [(Sight::Fine, true), (Sight::Refused, true), (Sight::Refused, false)] {
        let (outcome, _) = stage::witnessed(sight, SystemTime::UNIX_EPOCH);
        let judged = Box::new(Judged::new(&stage::module(), outcome));
        it.tell(Event::Outcome { attempt, judged, reading_on });
    }
    assert!(it.states().is_empty());
    assert_eq!(it.snapshot().targets[0].judged.as_ref().unwrap().verdict, Verdict::Success);
}

#[test]
fn a_template_that_fails_stops_no_alert_and_a_long_annotation_is_cut() {
    let annotations = vec![
        ("wrong".into(), text("number {{ int(labels.service) }}")),
        ("long".into(), text(&"ä".repeat(5000))),
        ("summary".into(), text("{{ labels.instance }} is down")),
        ("runbook_url".into(), text("https://elsewhere.example")),
    ];
    let labels =
        vec![("team".into(), text("{{ labels.nobody }}")), ("n".into(), text("{{ int(labels.service) }}"))];
    let mut it = one_target(vec![Alert { labels, annotations, ..alert("A") }]);
    it.see("a:1", Sight::Refused);
    it.until(65);
    let told = it.last();
    assert!(told.annotations["wrong"].starts_with("number {{ int(labels.service) }} <error: "));
    assert!(told.annotations["long"].len() <= 4096 && told.annotations["long"].ends_with("ä…"));
    assert_eq!(told.annotations["summary"], "a:1 is down");
    assert!(told.annotations["runbook_url"].starts_with("https://runbooks.example"));
    assert!(told.annotations["runbook_error"].lines().count() >= 2);
    assert!(!told.labels.contains("team"), "an empty label is no label");
    assert!(told.labels.get("n").contains("<error: "));
    assert_eq!(told.labels.get("alertname"), "A");
    assert!(!told.labels.contains("__address__"));
}

#[test]
fn a_wall_clock_that_is_set_forward_or_back_moves_nothing() {
    let mut it = one_target(vec![alert("A")]);
    it.leap = secs(7200);
    it.see("a:1", Sight::Refused);
    it.until(40);
    it.leap = Duration::ZERO;
    it.until(65);
    let fired = it.last().clone();
    it.leap = secs(3600);
    it.until(125);
    assert_eq!(it.news(), ["60 +A a:1"]);
    it.see("a:1", Sight::Fine);
    it.until(155);
    assert_eq!(it.last().starts_at, fired.starts_at);
    assert_eq!(it.news(), ["150 -A a:1"]);
}

#[test]
fn an_alert_may_ask_whether_another_one_fires() {
    let first = Alert { hold: Duration::ZERO, when: condition("target.status == 503"), ..alert("First") };
    let second = Alert {
        name: "Second".into(),
        ..with_steps(&[("firing('First', {'carrier_name': 'c1'})", "first")])
    };
    let targets = vec![target("a:1", &[("carrier_name", "c1")]), target("a:2", &[])];
    let mut it = Stage::new(vec![first, second], targets);
    it.see("a:2", Sight::Refused);
    it.until(62);
    assert!(it.last().annotations["runbook_url"].ends_with("#anything-else"));
    it.see("a:1", Sight::Status(503));
    it.until(92);
    let told = it.told.iter().rev().find(|(_, it)| it.name() == "Second").unwrap();
    assert!(told.1.annotations["runbook_url"].ends_with("#first"));
}

mod property;
