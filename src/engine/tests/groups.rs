//! Alerts that fire once for a group, while targets, labels and drop-ins change around them.

use crate::condition::{Condition, Known, Place, Subject};
use crate::plan::{Grouping, Members};
use crate::template::{Reach, Template};

use super::*;

/// An alert for each carrier of which no target answers.
fn of_carriers(name: &str) -> Alert {
    let by = vec!["carrier_name".to_owned()];
    let known = Known { subject: Subject::Group(by.clone()), ..Known::default() };
    let when = Condition::compile_at(Place::Alert, "targets.all(it, it.failing)", &known).unwrap();
    let show = "{{ labels.service }} {{ target.cause }}";
    let show = Template::compile(show, &Known::default(), Reach::Member).unwrap();
    let members = Members { order_by: Vec::new(), show, first: 2 };
    let by = by.iter().map(|it| it.as_str().into()).collect();
    let group = Grouping { by, joins: Vec::new(), others: Vec::new(), members };
    Alert { group: Some(group), when, checks: Vec::new(), queries: Vec::new(), ..alert(name) }
}

fn fleet() -> Vec<Arc<Target>> {
    let member =
        |address, carrier, service| target(address, &[("carrier_name", carrier), ("service", service)]);
    vec![
        member("a:1", "c1", "x"),
        member("a:2", "c1", "y"),
        member("a:3", "c1", "z"),
        member("b:1", "c2", "x"),
    ]
}

fn down(it: &mut Stage, addresses: &[&str]) {
    for address in addresses {
        it.see(address, Sight::Refused);
    }
}

/// The labels that fire, as they are written.
fn firing(it: &Stage) -> Vec<String> {
    it.snapshot().alerts.iter().map(|it| it.notification.labels.to_string()).collect()
}

#[test]
fn a_group_fires_once_with_its_own_labels_and_tells_its_members() {
    let mut it = Stage::new(vec![of_carriers("A")], fleet());
    down(&mut it, &["a:1", "a:2", "a:3"]);
    it.until(62);
    assert_eq!(firing(&it), [r#"{alertname="A", carrier_name="c1", severity="critical"}"#]);
    let said = &it.last().annotations;
    assert_eq!(said["cause"], "connect_refused");
    assert_eq!(said["summary"], "c1: A, 3 of 3 failing");
    let lines: Vec<_> = said["description"].lines().collect();
    assert_eq!(lines[0], "group c1: 3 of 3 failing (100 %): connect_refused 3");
    assert_eq!(lines[lines.len() - 3..], ["x connect_refused", "y connect_refused", "and 1 more"]);
    it.see("a:2", Sight::Fine);
    it.until(95);
    assert!(it.snapshot().alerts.is_empty());
    assert!(it.last().ends_at.is_some());
}

#[test]
fn a_group_is_told_again_when_one_of_its_told_members_fails_otherwise() {
    let mut it = Stage::new(vec![of_carriers("A")], fleet());
    down(&mut it, &["a:1", "a:2", "a:3"]);
    it.until(200);
    let told = it.told.len();
    it.see("a:1", Sight::Status(404));
    it.until(300);
    assert_eq!(it.told.len(), told + 1);
    assert!(it.last().annotations["description"].contains("x http_status"));
    assert!(!it.last().annotations.contains_key("cause"), "they fail for different causes");
}

#[test]
fn a_member_of_which_we_cannot_tell_starts_nothing_and_ends_nothing() {
    let mut it = Stage::new(vec![of_carriers("A")], fleet());
    down(&mut it, &["a:1", "a:2"]);
    it.see("a:3", Sight::NoDescriptors);
    it.until(200);
    assert!(firing(&it).iter().all(|it| !it.contains(r#"alertname="A""#)), "it may be that a:3 answers");
    down(&mut it, &["a:3"]);
    it.until(400);
    assert!(firing(&it).iter().any(|it| it.contains(r#"alertname="A""#)));
    for address in ["a:1", "a:2", "a:3"] {
        it.see(address, Sight::NoDescriptors);
    }
    it.until(500);
    assert!(firing(&it).iter().any(|it| it.contains(r#"alertname="A""#)), "we are blind, not they are well");
}

#[test]
fn of_a_group_that_was_never_asked_nothing_is_told_though_its_condition_holds_anyhow() {
    let known = Known { subject: Subject::Group(vec!["carrier_name".to_owned()]), ..Known::default() };
    let when = Condition::compile_at(Place::Alert, "size(targets) == 3", &known).unwrap();
    let mut it = Stage::new(vec![Alert { when, ..of_carriers("A") }], fleet());
    for address in ["a:1", "a:2", "a:3"] {
        it.see(address, Sight::NoDescriptors);
    }
    it.until(70);
    assert!(it.snapshot().alerts.iter().all(|it| it.notification.name() != "A"));
    it.see("a:1", Sight::Fine);
    it.until(200);
    assert!(it.snapshot().alerts.iter().any(|it| it.notification.name() == "A"));
}

#[test]
fn a_group_that_loses_its_last_member_ends_and_says_why() {
    let mut it = Stage::new(vec![of_carriers("A")], fleet());
    down(&mut it, &["a:1", "a:2", "a:3"]);
    it.until(70);
    it.targets(fleet().split_off(3));
    let last = it.last();
    assert_eq!(last.annotations["resolved_reason"], "target_removed");
    assert!(last.ends_at.is_some());
}

#[test]
fn a_group_whose_members_all_get_other_labels_goes_on() {
    let mut it = Stage::new(vec![of_carriers("A")], fleet());
    down(&mut it, &["a:1", "a:2", "a:3"]);
    it.until(70);
    let (start, told) = (it.last().starts_at, it.told.len());
    let marked =
        fleet().into_iter().map(|it| Arc::new(Target::new(&it.address, &it.labels.with([("disk", "ssd")]))));
    it.targets(marked.collect());
    it.until(200);
    assert_eq!(firing(&it).len(), 1);
    assert_eq!(it.told[told - 1..].iter().filter(|(_, it)| it.ends_at.is_some()).count(), 0);
    assert_eq!(it.last().starts_at, start);
}

#[test]
fn a_group_begins_when_its_last_healthy_member_is_gone() {
    let mut it = Stage::new(vec![of_carriers("A")], fleet());
    down(&mut it, &["a:1", "a:2"]);
    it.until(70);
    assert!(it.snapshot().alerts.is_empty());
    it.targets(fleet().into_iter().filter(|it| &*it.address != "a:3").collect());
    it.until(72);
    assert_eq!(firing(&it).len(), 1, "it pends without waiting for another reading");
}

#[test]
fn targets_without_the_label_are_a_group_of_their_own() {
    let lonely = ["z:1", "z:2"].map(|it| target(it, &[("service", "x")]));
    let mut it = Stage::new(vec![of_carriers("A")], [fleet(), lonely.to_vec()].concat());
    down(&mut it, &["z:1", "z:2"]);
    it.until(70);
    assert_eq!(firing(&it), [r#"{alertname="A", severity="critical"}"#]);
}

#[test]
fn an_alert_that_becomes_one_of_groups_ends_for_each_target_and_begins_for_the_group() {
    let mut it = Stage::new(vec![Alert { hold: Duration::ZERO, ..alert("A") }], fleet());
    down(&mut it, &["a:1", "a:2", "a:3"]);
    it.until(70);
    assert_eq!(firing(&it).len(), 3);
    it.plan(vec![Alert { hold: Duration::ZERO, ..of_carriers("A") }]);
    it.until(130);
    assert_eq!(firing(&it), [r#"{alertname="A", carrier_name="c1", severity="critical"}"#]);
    it.plan(vec![Alert { hold: Duration::ZERO, ..alert("A") }]);
    it.until(190);
    assert_eq!(firing(&it).len(), 3);
}

#[test]
fn what_is_ignored_fires_nothing_and_counts_nowhere() {
    let ignore = |source| Some(Condition::compile_at(Place::Scope, source, &Known::default()).unwrap());
    let group = Alert { ignore_when: ignore("labels.service == 'z'"), ..of_carriers("G") };
    let one = Alert { ignore_when: ignore("labels.service in ['z', 'y']"), ..alert("T") };
    let mut it = Stage::new(vec![group, one], fleet());
    down(&mut it, &["a:1", "a:2"]);
    it.until(70);
    let names: Vec<_> = it.snapshot().alerts.iter().map(|it| it.notification.labels.to_string()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let snapshot = it.snapshot();
    let said = |name: &str| {
        let alert = snapshot.alerts.iter().find(|it| it.notification.name() == name).unwrap();
        alert.notification.annotations["description"].clone()
    };
    assert!(
        said("G").starts_with("group c1: 2 of 3 failing (100 %): connect_refused 2; 1 left out on purpose")
    );
    assert!(said("T").contains("carrier c1: 1 of 3 failing (100 %)"), "{}", said("T"));
    assert!(said("T").contains("2 left out on purpose"), "{}", said("T"));
}

#[test]
fn a_group_of_which_all_are_ignored_is_no_trouble() {
    let ignore =
        Condition::compile_at(Place::Scope, "labels.carrier_name == 'c1'", &Known::default()).unwrap();
    let mut it = Stage::new(vec![Alert { ignore_when: Some(ignore), ..of_carriers("G") }], fleet());
    down(&mut it, &["a:1", "a:2", "a:3"]);
    it.until(200);
    assert!(it.snapshot().alerts.is_empty());
}
