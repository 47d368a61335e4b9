use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::cause::Cause;
use crate::condition::{Condition, Known, Place};
use crate::outcome::{End, Fault, FaultKind, Outcome, OwnSide, Phase};
use crate::plan::{Alert, Probe, Scope};
use crate::spec::{DialSpec, Prober, TcpSpec, TlsSpec};

fn module() -> Arc<Module> {
    let tcp = TcpSpec {
        dial: DialSpec::default(),
        tls: None,
        starttls: TlsSpec::default(),
        query_response: Vec::new(),
    };
    Arc::new(Module {
        name: "m".into(),
        timeout: Duration::from_secs(10),
        patience: Duration::from_secs(30),
        connect_timeout: None,
        prober: Prober::Tcp(tcp),
    })
}

fn scope(name: &str, by: &[&str], failing_when: Option<&str>) -> Scope {
    let condition = |it| Condition::compile_at(Place::Scope, it, &Known::default()).unwrap();
    Scope {
        name: name.into(),
        probe: None,
        by: by.iter().map(|it| (*it).into()).collect(),
        distinct: vec!["service".into()],
        failing_when: failing_when.map(condition),
    }
}

fn plan() -> Plan {
    let scopes = vec![
        scope("fleet", &[], None),
        scope("carrier", &["carrier_name"], None),
        scope("late", &["carrier_name", "region"], Some("target.cause == 'deadline_exceeded'")),
    ];
    let alert = Alert {
        name: "a".into(),
        probe: "p".into(),
        group: None,
        ignore_when: None,
        when: Condition::compile("target.failing", &Known::default()).unwrap(),
        hold: Duration::ZERO,
        keep_firing_for: Duration::ZERO,
        labels: Vec::new(),
        annotations: Vec::new(),
        scopes,
        checks: Vec::new(),
        queries: Vec::new(),
        inhibited_by: Vec::new(),
        runbook: None,
        before: Vec::new(),
        steps: Vec::new(),
        escalate: Vec::new(),
        found: Vec::new(),
        text_rule: None,
    };
    let probe = Probe { name: "p".into(), module: module(), interval: Duration::from_secs(30) };
    Plan { probes: vec![Arc::new(probe)], alerts: vec![Arc::new(alert)], ..Plan::default() }
}

fn target(address: &str, labels: &[(&str, &str)]) -> Arc<Target> {
    Arc::new(Target::new(address, &labels.iter().copied().collect()))
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH
}

fn judged(verdict: Verdict) -> Arc<Judged> {
    let end = match verdict {
        Verdict::Success => End::Reply,
        Verdict::Failure(_, phase) => End::Fault(Fault { phase, kind: FaultKind::TimedOut }),
        Verdict::Unknown(own) => End::Unknown(own),
    };
    Arc::new(Judged { verdict, outcome: Outcome::bare(now(), Duration::from_secs(10), end) })
}

const LATE: Verdict = Verdict::Failure(Cause::DeadlineExceeded, Phase::Processing);
const REFUSED: Verdict = Verdict::Failure(Cause::ConnectRefused, Phase::Connect);
const UNKNOWN: Verdict = Verdict::Unknown(OwnSide::Fd);

fn add(board: &mut Board, target: &Arc<Target>) -> TargetId {
    let id = target.id("p");
    board.set(id, &"p".into(), Arc::clone(target), module());
    id
}

#[test]
fn a_tally_counts_the_group_by_its_latest_readings() {
    let mut board = Board::default();
    board.set_plan(&plan());
    let ids: Vec<_> = [("a:1", "c1", "x"), ("a:2", "c1", "y"), ("a:3", "c1", "y"), ("a:4", "c2", "x")]
        .map(|(address, carrier, service)| {
            add(&mut board, &target(address, &[("carrier_name", carrier), ("service", service)]))
        })
        .into();
    board.judge(ids[0], judged(LATE), false, now());
    board.judge(ids[1], judged(REFUSED), false, now());
    board.judge(ids[3], judged(Verdict::Success), false, now());
    let carrier = board.tally(ids[0], "a", "carrier", true).unwrap();
    assert_eq!((carrier.watched, carrier.failing, carrier.unknown), (3, 2, 1));
    assert_eq!(carrier.causes, [("deadline_exceeded", 1), ("connect_refused", 1)].into());
    assert_eq!(carrier.distinct["service"], 2);
    assert_eq!(carrier.targets.len(), 3);
    let fleet = board.tally(ids[3], "a", "fleet", false).unwrap();
    assert_eq!((fleet.watched, fleet.failing, fleet.unknown), (4, 2, 1));
    assert!(board.tally(ids[0], "a", "host", false).is_none());
}

#[test]
fn who_lacks_a_label_of_the_scope_is_counted_alone() {
    let mut board = Board::default();
    board.set_plan(&plan());
    let with = add(&mut board, &target("a:1", &[("carrier_name", "c1")]));
    let without = add(&mut board, &target("a:2", &[("service", "x")]));
    let other = add(&mut board, &target("a:3", &[]));
    for id in [with, without, other] {
        board.judge(id, judged(REFUSED), false, now());
    }
    let alone = board.tally(without, "a", "carrier", true).unwrap();
    assert_eq!((alone.watched, alone.failing, alone.distinct["service"]), (1, 1, 1));
    assert_eq!(alone.targets.len(), 1);
    assert_eq!(board.tally(with, "a", "carrier", false).unwrap().watched, 1);
    assert_eq!(board.group(without, "a", "carrier"), None);
    assert_eq!(board.tally(without, "a", "fleet", false).unwrap().watched, 3);
}

#[test]
fn a_scope_counts_only_the_failures_that_it_says() {
    let mut board = Board::default();
    board.set_plan(&plan());
    let id = add(&mut board, &target("a:1", &[("carrier_name", "c1"), ("region", "r")]));
    board.judge(id, judged(REFUSED), false, now());
    assert_eq!(board.tally(id, "a", "late", false).unwrap().failing, 0);
    board.judge(id, judged(LATE), false, now());
    assert_eq!(board.tally(id, "a", "late", false).unwrap().failing, 1);
}

#[test]
fn a_late_answer_amends_the_reading_and_keeps_the_verdict() {
    let mut board = Board::default();
    board.set_plan(&plan());
    let id = add(&mut board, &target("a:1", &[]));
    board.judge(id, judged(LATE), true, now());
    let after = Duration::from_millis(14_200);
    board.amend(id, Late::Answered { after, status: Some(200), body_bytes: 5 });
    let reading = board.entry(id).unwrap().reading.clone();
    assert!(reading.failing);
    assert_eq!((reading.answered_after, reading.silent_for), (Some(after), None));

    board.judge(id, judged(LATE), true, now());
    assert_eq!(board.entry(id).unwrap().reading.answered_after, Some(after), "it flickers");
    board.amend(id, Late::Silent { waited: Duration::from_secs(30) });
    assert_eq!(board.entry(id).unwrap().reading.answered_after, None);
    board.judge(id, judged(REFUSED), false, now());
    assert_eq!(board.entry(id).unwrap().reading.silent_for, None);
}

#[test]
fn since_is_when_the_kind_of_verdict_changed() {
    let mut board = Board::default();
    let id = add(&mut board, &target("a:1", &[]));
    let at = |secs| now() + Duration::from_secs(secs);
    board.judge(id, judged(LATE), false, at(1));
    board.judge(id, judged(REFUSED), false, at(2));
    assert_eq!(board.entry(id).unwrap().since, Some(at(1)));
    board.judge(id, judged(Verdict::Success), false, at(3));
    assert_eq!(board.entry(id).unwrap().since, Some(at(3)));
}

#[test]
fn a_group_that_nobody_is_in_is_forgotten() {
    let mut board = Board::default();
    board.set_plan(&plan());
    let id = add(&mut board, &target("a:1", &[("carrier_name", "c1")]));
    board.judge(id, judged(REFUSED), false, now());
    board.remove(id);
    assert!(format!("{:?}", board.probes).matches("carrier_name=").next().is_none());
}

/// What a tally must be, counted from the beginning.
fn recount(board: &Board, id: TargetId, scope: &Scope) -> Tally {
    let own = board.entry(id).unwrap();
    let key = |it: &Entry| -> Option<Vec<String>> {
        let value = |name: &Arc<str>| Some(it.target.labels.get(name).to_owned()).filter(|it| !it.is_empty());
        scope.by.iter().map(value).collect()
    };
    let together = |other: TargetId, it: &Entry| other == id || (key(own).is_some() && key(it) == key(own));
    let mut tally = Tally::default();
    let mut services = BTreeSet::new();
    for (_, entry) in board.entries().filter(|(other, it)| together(*other, it)) {
        tally.watched += 1;
        match entry.judged.as_ref().map(|it| it.verdict) {
            None | Some(Verdict::Unknown(_)) => tally.unknown += 1,
            Some(Verdict::Success) => {}
            Some(Verdict::Failure(cause, _)) => {
                if scope.failing_when.is_none() || cause == Cause::DeadlineExceeded {
                    tally.failing += 1;
                    *tally.causes.entry(cause.name()).or_default() += 1;
                    services.insert(entry.target.labels.get("service").to_owned());
                }
            }
        }
    }
    services.remove("");
    tally.distinct.insert("service".into(), services.len() as u64);
    tally
}

#[derive(Clone, Debug)]
enum Step {
    Add(usize),
    Remove(usize),
    Judge(usize, Verdict),
    Amend(usize),
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop::sample::select(vec![Verdict::Success, LATE, REFUSED, UNKNOWN]);
    prop_oneof![
        3 => (0usize..12).prop_map(Step::Add),
        1 => (0usize..12).prop_map(Step::Remove),
        8 => (0usize..12, verdict).prop_map(|(at, verdict)| Step::Judge(at, verdict)),
        1 => (0usize..12).prop_map(Step::Amend),
        1 => Just(Step::Reload),
    ]
}

proptest! {
    #[test]
    fn tallies_are_what_a_count_from_the_beginning_gives(steps in prop::collection::vec(step(), 1..80)) {
        let targets: Vec<_> = (0..12)
            .map(|it| {
                let carrier = ["c1", "c2", ""][it % 3];
                let (region, service) = (["r1", ""][it % 2], ["x", "y", "z", ""][it % 4]);
                let labels = [("carrier_name", carrier), ("region", region), ("service", service)];
                target(&format!("a:{it}"), &labels)
            })
            .collect();
        let plan = plan();
        let mut board = Board::default();
        board.set_plan(&plan);
        for step in steps {
            match step {
                Step::Add(at) => {
                    add(&mut board, &targets[at]);
                }
                Step::Remove(at) => board.remove(targets[at].id("p")),
                Step::Judge(at, verdict) => {
                    board.judge(targets[at].id("p"), judged(verdict), true, now());
                }
                Step::Amend(at) => {
                    board.amend(targets[at].id("p"), Late::Silent { waited: Duration::from_secs(30) });
                }
                Step::Reload => {
                    board.set_plan(&plan);
                }
            }
        }
        for (id, _) in board.entries() {
            for scope in &plan.alerts[0].scopes {
                let tally = board.tally(id, "a", &scope.name, false).unwrap();
                prop_assert_eq!(tally, recount(&board, id, scope), "{}", scope.name);
            }
        }
    }
}

/// The plan with a second probe, whose targets the scope `pods` of the alert counts.
fn plan_over_pods() -> Plan {
    let mut plan = plan();
    let other = Probe { name: "pods".into(), ..(*plan.probes[0]).clone() };
    plan.probes.push(Arc::new(other));
    let alert = Arc::get_mut(&mut plan.alerts[0]).unwrap();
    alert.scopes.push(Scope { probe: Some("pods".into()), ..scope("pods", &["cluster_id"], None) });
    plan
}

#[test]
fn a_scope_over_another_probe_counts_its_targets_by_the_labels_they_share() {
    let mut board = Board::default();
    board.set_plan(&plan_over_pods());
    let own = add(&mut board, &target("a:1", &[("cluster_id", "1")]));
    let lonely = add(&mut board, &target("a:2", &[("cluster_id", "2")]));
    let nowhere = add(&mut board, &target("a:3", &[]));
    let pods: Vec<_> = [("b:1", "1"), ("b:2", "1"), ("b:3", "3")]
        .map(|(address, cluster)| {
            let pod = target(address, &[("cluster_id", cluster), ("service", address)]);
            let id = pod.id("pods");
            board.set(id, &"pods".into(), pod, module());
            id
        })
        .into();
    let stir = board.judge(pods[0], judged(REFUSED), false, now());
    assert!(stir.changed);
    board.judge(own, judged(LATE), false, now());
    let seen = board.tally(own, "a", "pods", true).unwrap();
    assert_eq!((seen.watched, seen.failing, seen.unknown), (2, 1, 1));
    assert_eq!((seen.targets.len(), seen.distinct["service"]), (2, 1));
    assert_eq!(board.group(own, "a", "pods"), Some([("cluster_id", "1")].into_iter().collect()));
    for alone in [lonely, nowhere] {
        let none = board.tally(alone, "a", "pods", true).unwrap();
        assert_eq!((none.watched, none.failing, none.targets.len()), (0, 0, 0));
    }
    assert_eq!(board.tally(own, "a", "fleet", false).unwrap().watched, 3, "pods are not among its own");
}
