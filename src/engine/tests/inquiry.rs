//! What alerts want to know beyond the attempts: when it is asked, of whom, and what an answer is worth.

use super::super::inquiry::CHECKS_MAX;
use super::stage::{INTERVAL, Sight, Stage, alert, condition, row, target, text};
use super::*;
use crate::plan::{Check, Query, Scope, Vantage};

/// Seconds at which something was ordered.
fn seconds<T>(orders: &[(u64, T)]) -> Vec<u64> {
    orders.iter().map(|(at, _)| *at).collect()
}

fn check(name: &str, per: Option<&str>, when: Option<&str>) -> Check {
    Check {
        name: name.into(),
        module: "tcp_path".into(),
        per: per.map(Into::into),
        via: Vantage::Here,
        when: when.map(condition),
    }
}

fn asks(name: &str, checks: Vec<Check>, promql: &[&str]) -> Alert {
    let query = |it: &&str| Query { name: "scraped".into(), promql: text(it) };
    Alert { checks, queries: promql.iter().map(query).collect(), ..alert(name) }
}

fn fleet() -> Vec<Arc<Target>> {
    [("a:1", "c1"), ("a:2", "c1"), ("a:3", "c2")]
        .map(|(address, carrier)| target(address, &[("carrier_name", carrier)]))
        .into()
}

fn saw(order: &CheckOrder, cause: &'static str) -> Event {
    let reading = Reading { failing: !cause.is_empty(), cause, ..Reading::default() };
    let answer = Some(Box::new(CheckAnswer { reading, hops: Vec::new() }));
    Event::Checked { topic: order.topic.clone(), answer }
}

/// Lets time pass second by second, and answers what was ordered in that second.
fn until_answering(it: &mut Stage, secs: u64) {
    for second in it.up.as_secs() + 1..=secs {
        it.until(second);
        let fresh = |at: u64| at == second || at + 1 == second;
        let checks: Vec<_> =
            it.checks.iter().filter(|(at, _)| fresh(*at)).map(|(_, it)| saw(it, "")).collect();
        let queries: Vec<_> = it.queries.iter().filter(|(at, _)| fresh(*at)).collect();
        let answered = |(_, it): &&(u64, QueryOrder)| Event::Answered {
            promql: Arc::clone(&it.promql),
            value: Some(1.0),
        };
        let queries: Vec<_> = queries.iter().map(answered).collect();
        checks.into_iter().chain(queries).for_each(|event| it.tell(event));
    }
}

#[test]
fn nobody_is_asked_while_all_is_well() {
    let mut it = Stage::new(vec![asks("A", vec![check("path", None, None)], &["up"])], fleet());
    it.until(300);
    assert!(it.checks.is_empty() && it.queries.is_empty());
}

#[test]
fn a_check_runs_when_the_alert_begins_and_once_an_interval_until_it_ends() {
    let mut it = Stage::new(vec![asks("A", vec![check("path", None, None)], &[])], fleet());
    it.until(31);
    it.see("a:1", Sight::Refused);
    until_answering(&mut it, 155);
    assert_eq!(seconds(&it.checks), [60, 90, 120, 150]);
    assert_eq!(it.checks[0].1.target.address.as_ref(), "a:1");
    assert_eq!(it.checks[0].1.topic.labels.get("instance"), "a:1");
    it.see("a:1", Sight::Fine);
    until_answering(&mut it, 300);
    assert_eq!(seconds(&it.checks).last(), Some(&180), "the one that was due with the end itself");
}

#[test]
fn a_check_for_a_scope_runs_once_for_all_of_it_on_the_first_that_fails() {
    let mut it = Stage::new(vec![asks("A", vec![check("path", Some("carrier"), None)], &[])], fleet());
    for target in ["a:1", "a:2", "a:3"] {
        it.see(target, Sight::Refused);
    }
    it.until(29);
    let asked = |it: &Stage| -> Vec<String> {
        it.checks
            .iter()
            .map(|(at, it)| format!("{at} {} {}", it.topic.labels.get("carrier_name"), it.target.address))
            .collect()
    };
    assert_eq!(it.checks.len(), 2, "one for each carrier: {:?}", asked(&it));
    it.see("a:1", Sight::Fine);
    let of_c1 = it.checks.iter().find(|(_, it)| it.topic.labels.get("carrier_name") == "c1");
    let first = of_c1.unwrap().1.clone();
    it.tell(saw(&first, ""));
    it.until(59);
    assert_eq!(asked(&it)[2..], ["30 c1 a:1"], "it was asked before the reading of its second");
    let second = it.checks[2].1.clone();
    it.tell(saw(&second, ""));
    it.until(61);
    assert_eq!(asked(&it)[3..], ["60 c1 a:2"]);
}

#[test]
fn a_check_that_is_under_way_is_not_sent_again() {
    let mut it = Stage::new(vec![asks("A", vec![check("path", None, None)], &[])], fleet());
    it.see("a:1", Sight::Refused);
    it.until(200);
    assert_eq!(seconds(&it.checks), [0]);
    let order = it.checks[0].1.clone();
    it.tell(saw(&order, ""));
    assert_eq!(seconds(&it.checks), [0, 200], "it has been due for long");
}

#[test]
fn a_check_that_is_not_worth_it_does_not_run() {
    let worth = check("path", None, Some("target.status == 503"));
    let mut it = Stage::new(vec![asks("A", vec![worth], &[])], fleet());
    it.see("a:1", Sight::Status(500));
    it.until(100);
    assert!(it.checks.is_empty());
    it.see("a:1", Sight::Status(503));
    until_answering(&mut it, 155);
    assert_eq!(seconds(&it.checks), [120, 150]);
    it.see("a:1", Sight::Status(500));
    until_answering(&mut it, 300);
    assert_eq!(it.checks.len(), 3, "{:?}", seconds(&it.checks));
}

#[test]
fn what_several_alerts_and_targets_ask_alike_is_one_question() {
    let promql = "share{carrier=\"{{ labels.carrier_name }}\"}";
    let steps = vec![row(Some("queries.scraped == 1.0"), Some("known")), row(None, Some("anything-else"))];
    let one = Alert { steps, ..asks("A", Vec::new(), &[promql]) };
    let mut it = Stage::new(vec![one, asks("B", Vec::new(), &[promql])], fleet());
    for target in ["a:1", "a:2", "a:3"] {
        it.see(target, Sight::Refused);
    }
    until_answering(&mut it, 65);
    let mut asked: Vec<_> = it.queries.iter().map(|(at, it)| (*at, &*it.promql)).collect();
    asked.sort_unstable();
    let (c1, c2) = ("share{carrier=\"c1\"}", "share{carrier=\"c2\"}");
    assert_eq!(asked, [(0, c1), (0, c2), (30, c1), (30, c2), (60, c1), (60, c2)]);
    assert_eq!(it.queries[2].1.asked_by.len(), 2, "by two alerts, whatever the targets");
    let alerts = it.snapshot().alerts;
    let known =
        alerts.iter().filter(|it| it.step.as_ref().is_some_and(|it| it.anchor.as_deref() == Some("known")));
    assert_eq!(known.count(), 3, "all three targets of A have the answer");
}

#[test]
fn an_answer_is_forgotten_after_three_intervals_without_another() {
    let steps = vec![row(Some("queries.scraped == 1.0"), Some("known")), row(None, Some("anything-else"))];
    let mut it = Stage::new(vec![Alert { steps, ..asks("A", Vec::new(), &["up"]) }], fleet());
    it.see("a:1", Sight::Refused);
    let step = |it: &Stage| it.snapshot().alerts[0].step.as_ref().unwrap().anchor.clone().unwrap();
    let told = |it: &Stage| it.snapshot().alerts[0].notification.annotations["description"].clone();
    it.until(1);
    it.tell(Event::Answered { promql: "up".into(), value: Some(1.0) });
    for begin in [31, 61, 91] {
        it.until(begin);
        it.tell(Event::Answered { promql: "up".into(), value: None });
        it.until(begin + 2);
        if begin < 91 {
            assert_eq!(&*step(&it), "known", "{begin}");
            assert!(told(&it).contains("\nscraped: 1"), "{}", told(&it));
        }
    }
    assert_eq!(&*step(&it), "anything-else");
    assert!(told(&it).ends_with("\nwithout an answer: query scraped"), "{}", told(&it));
    assert_eq!(seconds(&it.queries), [0, 30, 60, 90]);
}

#[test]
fn a_question_that_only_rows_behind_the_chosen_one_ask_is_not_missed() {
    let told = |steps: Vec<crate::plan::Row>| {
        let mut it = Stage::new(vec![Alert { steps, ..asks("A", Vec::new(), &["up"]) }], fleet());
        it.see("a:1", Sight::Refused);
        it.until(1);
        it.tell(Event::Answered { promql: "up".into(), value: None });
        it.snapshot().alerts[0].notification.annotations["description"].clone()
    };
    let asking = || row(Some("queries.scraped == 1.0"), Some("known"));
    let chosen = || row(Some("target.failing"), Some("chosen"));
    let missing = "without an answer: query scraped";
    assert!(!told(vec![chosen(), asking()]).contains(missing));
    assert!(told(vec![asking(), chosen()]).contains(missing));
    assert!(told(vec![chosen()]).contains(missing), "it was asked for the sake of the evidence");
    let either = row(Some("target.failing || queries.scraped == 1.0"), Some("either"));
    assert!(told(vec![either, asking()]).contains(missing), "the chosen row asked too");
}

#[test]
fn no_number_is_no_answer_at_once() {
    let steps = vec![row(Some("queries.scraped != 7.0"), Some("known")), row(None, Some("anything-else"))];
    let mut it = Stage::new(vec![Alert { steps, ..asks("A", Vec::new(), &["up"]) }], fleet());
    it.see("a:1", Sight::Refused);
    it.until(1);
    it.tell(Event::Answered { promql: "up".into(), value: Some(1.0) });
    it.until(31);
    it.tell(Event::Answered { promql: "up".into(), value: Some(f64::NAN) });
    it.until(33);
    assert_eq!(it.snapshot().alerts[0].step.as_ref().unwrap().anchor.as_deref(), Some("anything-else"));
}

#[test]
fn a_question_that_begins_the_alert_is_asked_of_those_that_are_well_too() {
    let when = condition("target.failing || queries.scraped == 0.0");
    let promql = "up{instance=\"{{ labels.instance }}\"}";
    let mut it = Stage::new(vec![Alert { when, ..asks("A", Vec::new(), &[promql]) }], fleet());
    it.until(1);
    assert_eq!(it.queries.len(), 3);
    let promql = "up{instance=\"a:1\"}".into();
    it.tell(Event::Answered { promql, value: Some(0.0) });
    it.until(INTERVAL + 1);
    assert_eq!(it.states(), ["Pending A a:1"]);
}

#[test]
fn no_more_than_so_many_checks_are_under_way_at_once() {
    let targets = (0..100).map(|it| target(&format!("a:{it}"), &[])).collect();
    let mut it = Stage::new(vec![asks("A", vec![check("path", None, None)], &[])], targets);
    (0..100).for_each(|target| it.see(&format!("a:{target}"), Sight::Refused));
    it.until(45);
    assert_eq!(it.checks.len(), CHECKS_MAX);
    let order = it.checks[0].1.clone();
    it.tell(saw(&order, ""));
    assert_eq!(it.checks.len(), CHECKS_MAX + 1);
    assert_ne!(it.checks[CHECKS_MAX].1.topic, order.topic, "others have waited for longer");
}

#[test]
fn an_order_of_an_alert_that_is_gone_comes_back_to_nobody() {
    let mut it = Stage::new(vec![asks("A", vec![check("path", None, None)], &["up"])], fleet());
    it.see("a:1", Sight::Refused);
    it.until(1);
    let order = it.checks[0].1.clone();
    it.plan(vec![alert("B")]);
    it.tell(saw(&order, ""));
    it.tell(Event::Answered { promql: "up".into(), value: Some(1.0) });
    it.until(100);
    let of_a = it.checks.iter().filter(|(_, it)| &*it.topic.alert == "A").count();
    assert_eq!(of_a, 1);
}

#[test]
fn a_target_that_recovers_while_its_alert_goes_on_is_not_the_one_that_is_asked() {
    let slow =
        Alert { keep_firing_for: secs(600), ..asks("A", vec![check("path", Some("carrier"), None)], &[]) };
    let mut it = Stage::new(vec![slow], fleet());
    it.see("a:1", Sight::Refused);
    it.see("a:2", Sight::Refused);
    until_answering(&mut it, 65);
    it.see("a:1", Sight::Fine);
    until_answering(&mut it, 125);
    assert!(it.states().contains(&"Firing A a:1".to_owned()), "{:?}", it.states());
    let asked = |second: u64| {
        let order = it.checks.iter().find(|(at, _)| *at == second);
        order.map(|(_, it)| it.target.address.to_string())
    };
    assert_eq!((asked(60), asked(120)), (Some("a:1".to_owned()), Some("a:2".to_owned())));
}

#[test]
fn the_step_follows_what_happens_to_the_targets_of_another_probe() {
    let pods = Scope { probe: Some("pods".into()), ..alert("A").scopes.remove(0) };
    let steps = vec![row(Some("scope.carrier.failing > 0"), Some("pods")), row(None, Some("alone"))];
    let alone = Alert { scopes: vec![pods], checks: Vec::new(), steps, ..alert("A") };
    let mut plan = plan(vec![alone]);
    plan.probes.push(Arc::new(Probe { name: "pods".into(), ..(*plan.probes[0]).clone() }));
    let mut it = Stage::new(Vec::new(), fleet());
    it.see("a:1", Sight::Refused);
    it.see("b:1", Sight::Silent);
    it.tell(Event::Plan(Arc::new(plan)));
    let targets = vec![target("b:1", &[("carrier_name", "c1")])];
    it.tell(Event::Targets(TargetSet { probe: "pods".into(), targets }));
    let step = |it: &Stage| it.snapshot().alerts[0].step.as_ref().unwrap().anchor.clone().unwrap();
    it.until(9);
    assert_eq!(&*step(&it), "alone");
    it.until(12);
    assert_eq!(&*step(&it), "pods", "long before the next reading of its own");
}
