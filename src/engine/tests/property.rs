use std::collections::BTreeMap;

use proptest::prelude::*;

use super::stage::{Sight, Stage, alert, target};
use super::*;
use crate::notification::Incident;

#[derive(Clone, Debug)]
enum Act {
    See(usize, Sight),
    Pass(u64),
    Targets(u8),
    Reload(bool),
    Others(bool),
    Leap(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let sights = vec![
        Sight::Fine,
        Sight::Refused,
        Sight::Status(404),
        Sight::Late(12_000),
        Sight::Silent,
        Sight::NoDescriptors,
        Sight::Lost,
    ];
    prop_oneof![
        6 => (0usize..3, prop::sample::select(sights)).prop_map(|(at, sight)| Act::See(at, sight)),
        6 => (1u64..90).prop_map(Act::Pass),
        1 => any::<u8>().prop_map(Act::Targets),
        1 => any::<bool>().prop_map(Act::Reload),
        1 => any::<bool>().prop_map(Act::Others),
        1 => (0u64..10_000).prop_map(Act::Leap),
    ]
}

fn alerts(with_parent: bool) -> Vec<Alert> {
    let child = Alert { keep_firing_for: secs(20), ..inhibited_by("Child", "Parent", &["carrier_name"]) };
    let same = Alert { labels: vec![("instance".into(), text("one"))], ..alert("Same") };
    let parent = Alert { when: condition("target.status == 404"), hold: Duration::ZERO, ..alert("Parent") };
    let parent = with_parent.then_some(parent);
    parent.into_iter().chain([child, same]).collect()
}

fn addresses() -> [&'static str; 3] {
    ["a:1", "a:2", "a:3"]
}

fn targets(which: u8) -> Vec<Arc<Target>> {
    let all = addresses().into_iter().enumerate();
    let chosen = all.filter(|(at, _)| which & (1 << at) != 0);
    chosen.map(|(at, it)| target(it, &[("carrier_name", ["c1", "c2"][at % 2])])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_happens_people_hear_of_each_incident_from_its_start_to_its_end(
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let mut it = Stage::new(alerts(true), targets(7));
        for act in acts {
            match act {
                Act::See(at, sight) => it.see(addresses()[at], sight),
                Act::Pass(secs) => it.until(it.up.as_secs() + secs),
                Act::Targets(which) => it.targets(targets(which)),
                Act::Reload(with_parent) => it.plan(alerts(with_parent)),
                Act::Others(fires) => {
                    let labels = [("alertname", "Parent"), ("carrier_name", "c1")].into_iter().collect();
                    it.tell(Event::Others(fires.then_some(labels).into_iter().collect()));
                }
                Act::Leap(secs) => it.leap = Duration::from_secs(secs),
            }
        }
        let mut open: BTreeMap<Labels, Notification> = BTreeMap::new();
        for (_, news) in &it.told {
            let before = open.remove(&news.labels);
            if let Some(before) = &before {
                prop_assert_eq!(before.incident(), news.incident(), "the start changed");
            }
            match news.ends_at {
                Some(ends_at) => {
                    prop_assert!(before.is_some(), "an end without a beginning: {:?}", news.labels);
                    prop_assert!(ends_at > news.starts_at);
                }
                None => {
                    open.insert(news.labels.clone(), news.clone());
                }
            }
        }
        // What people believe to fire does fire, and what fires and is not held back they know of.
        let alerts = it.snapshot().alerts;
        let firing = |state: AlertState| -> Vec<Incident> {
            let mut all: Vec<_> =
                alerts.iter().filter(|it| it.state == state).map(|it| it.notification.incident()).collect();
            all.sort();
            all.dedup();
            all
        };
        let (heard, held) = (firing(AlertState::Firing), firing(AlertState::Inhibited));
        for it in &heard {
            prop_assert!(open.contains_key(&it.labels), "nobody knows of {:?}", it.labels);
        }
        for it in open.values() {
            let incident = it.incident();
            prop_assert!(heard.contains(&incident) || held.contains(&incident), "{:?} is over", it.labels);
        }
    }

    #[test]
    fn unknown_moves_no_alert(intervals in 0u64..6, offset in 1u64..INTERVAL, unknown in 1u64..400) {
        let frozen = INTERVAL * (intervals + 1) + 1;
        let mut it = Stage::new(vec![alert("A")], targets(1));
        it.see("a:1", Sight::Refused);
        it.until(INTERVAL * intervals + offset);
        it.see("a:1", Sight::NoDescriptors);
        it.until(frozen);
        let own = |it: &Stage| it.states().into_iter().filter(|it| !it.contains("ProbeStale")).collect::<Vec<_>>();
        let states = own(&it);
        it.told.clear();
        it.until(frozen + unknown);
        prop_assert_eq!(own(&it), states);
        prop_assert!(it.news().iter().all(|it| it.contains("ProbeStale")));
    }
}
