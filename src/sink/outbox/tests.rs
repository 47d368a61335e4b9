use std::collections::BTreeMap;
use std::time::SystemTime;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const MINUTE: Duration = Duration::from_mins(1);

/// An outbox, the hour, and what was sent so far.
struct Bench {
    outbox: Outbox,
    now: Moment,
}

impl Bench {
    fn new() -> Self {
        let manners = Manners::new(MINUTE, Labels::default(), None);
        Self { outbox: Outbox::new(manners), now: Moment::start(day(1)) }
    }

    fn fires(&mut self, name: &str, since: SystemTime, note: &str) {
        self.outbox.take(alert(name, since, None, note), self.now);
    }

    fn resolves(&mut self, name: &str, since: SystemTime) {
        self.outbox.take(alert(name, since, Some(self.now.wall), ""), self.now);
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }

    /// The next batch, and the alerts in it.
    fn batch(&mut self) -> Option<(Batch, Vec<Value>)> {
        let batch = self.outbox.batch(self.now)?;
        let alerts = serde_json::from_slice(&batch.body).unwrap();
        Some((batch, alerts))
    }

    /// Sends all that is due and has it taken.
    fn deliver(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        while let Some((batch, alerts)) = self.batch() {
            all.extend(alerts);
            self.outbox.settle(batch, Reception::Taken, self.now);
        }
        all
    }

    fn fail(&mut self, reception: Reception) -> Settled {
        let (batch, _) = self.batch().expect("something is due");
        self.outbox.settle(batch, reception, self.now)
    }

    fn pause(&self) -> Duration {
        self.outbox.next_wakeup().unwrap().saturating_sub(self.now.up)
    }
}

fn day(day: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(day * 24 * 3600)
}

fn alert(name: &str, since: SystemTime, until: Option<SystemTime>, note: &str) -> Notification {
    Notification {
        labels: [("alertname", name)].into_iter().collect(),
        annotations: BTreeMap::from([("note".into(), note.to_owned())]),
        starts_at: since,
        ends_at: until,
    }
}

fn names(alerts: &[Value]) -> Vec<&str> {
    alerts.iter().map(|it| it["labels"]["alertname"].as_str().unwrap()).collect()
}

#[test]
fn what_fires_is_resent_every_interval_and_ends_four_intervals_ahead() {
    let mut it = Bench::new();
    it.fires("A", day(1), "x");
    let sent = it.deliver();
    assert_eq!(sent[0]["startsAt"], "1970-01-02T00:00:00.000000000Z");
    assert_eq!(sent[0]["endsAt"], "1970-01-02T00:04:00.000000000Z");
    assert_eq!(sent[0]["annotations"]["note"], "x");
    it.wait(Duration::from_millis(59_999));
    assert!(it.deliver().is_empty());
    it.wait(Duration::from_millis(1));
    assert_eq!(it.outbox.next_wakeup(), Some(it.now.up));
    let sent = it.deliver();
    assert_eq!(sent[0]["startsAt"], "1970-01-02T00:00:00.000000000Z");
    assert_eq!(sent[0]["endsAt"], "1970-01-02T00:05:00.000000000Z");
}

#[test]
fn an_end_that_comes_after_the_next_beginning_is_told_first_and_costs_it_nothing() {
    let mut it = Bench::new();
    it.fires("A", day(2), "x");
    it.resolves("A", day(1) - MINUTE);
    let starts: Vec<_> = it.deliver().iter().map(|it| it["startsAt"].clone()).collect();
    assert_eq!(starts, ["1970-01-01T23:59:00.000000000Z", "1970-01-03T00:00:00.000000000Z"]);
}

#[test]
fn whoever_has_another_clock_is_told_ends_by_that_clock_whatever_is_done_to_ours() {
    let mut it = Bench::new();
    it.fires("A", day(1), "x");
    it.deliver();
    let hour = Duration::from_hours(1);
    it.outbox.hear_clock(it.now.wall + hour, it.now);
    assert_eq!(it.deliver()[0]["endsAt"], "1970-01-02T01:04:00.000000000Z", "said again at once");
    it.now.wall -= hour;
    it.wait(MINUTE);
    assert_eq!(it.deliver()[0]["endsAt"], "1970-01-02T01:05:00.000000000Z");
    it.now.wall += 5 * hour;
    it.resolves("A", day(1));
    assert_eq!(it.deliver()[0]["endsAt"], "1970-01-02T01:01:00.000000000Z", "not hours from now");
}

#[test]
fn a_clock_that_is_seconds_away_is_taken_for_ours() {
    let mut it = Bench::new();
    it.outbox.hear_clock(it.now.wall + Duration::from_secs(4), it.now);
    it.fires("A", day(1), "x");
    assert_eq!(it.deliver()[0]["endsAt"], "1970-01-02T00:04:00.000000000Z");
}

#[test]
fn a_change_is_sent_at_once_and_the_same_again_is_not() {
    let mut it = Bench::new();
    it.fires("A", day(1), "x");
    it.deliver();
    it.fires("A", day(1), "x");
    assert!(it.deliver().is_empty());
    it.fires("A", day(1), "y");
    assert_eq!(it.deliver()[0]["annotations"]["note"], "y");
}

#[test]
fn only_the_newest_of_an_incident_is_sent() {
    let mut it = Bench::new();
    for note in ["1", "2", "3"] {
        it.fires("A", day(1), note);
    }
    let sent = it.deliver();
    assert_eq!((sent.len(), &sent[0]["annotations"]["note"]), (1, &"3".into()));
}

#[test]
fn news_that_come_while_the_batch_is_on_its_way_are_sent_after_it() {
    let mut it = Bench::new();
    it.fires("A", day(1), "x");
    let (batch, _) = it.batch().unwrap();
    it.fires("A", day(1), "y");
    it.outbox.settle(batch, Reception::Taken, it.now);
    assert_eq!(it.deliver()[0]["annotations"]["note"], "y");
    assert!(it.deliver().is_empty());
}

#[test]
fn the_end_is_resent_unchanged_for_fifteen_minutes_and_then_forgotten() {
    let mut it = Bench::new();
    it.fires("A", day(1), "");
    it.deliver();
    it.wait(MINUTE / 2);
    it.resolves("A", day(1));
    let mut sendings = 0;
    while let Some(wakeup) = it.outbox.next_wakeup() {
        it.wait(wakeup.saturating_sub(it.now.up));
        for sent in it.deliver() {
            sendings += 1;
            assert_eq!(sent["startsAt"], "1970-01-02T00:00:00.000000000Z");
            assert_eq!(sent["endsAt"], "1970-01-02T00:00:30.000000000Z");
        }
    }
    assert_eq!(sendings, 15);
    assert!(it.outbox.is_empty());
    assert_eq!(it.outbox.take_expired(), 0);
}

#[test]
fn an_end_that_nobody_heard_is_kept_for_a_day() {
    let mut it = Bench::new();
    it.fires("A", day(1), "");
    it.resolves("A", day(1));
    it.fail(Reception::Failed);
    it.wait(Duration::from_hours(23));
    assert_eq!(it.deliver()[0]["endsAt"], "1970-01-02T00:00:00.000000000Z");

    let mut it = Bench::new();
    it.resolves("A", day(1));
    it.fail(Reception::Failed);
    it.wait(Duration::from_hours(24));
    assert!(it.deliver().is_empty());
    assert_eq!(it.outbox.take_expired(), 1);
    assert!(it.outbox.is_empty());
}

#[test]
fn the_next_incident_waits_until_the_end_of_the_first_was_heard() {
    let mut it = Bench::new();
    it.fires("A", day(1), "");
    it.deliver();
    it.wait(MINUTE);
    it.resolves("A", day(1));
    let again = it.now.wall;
    it.fires("A", again, "");
    it.fail(Reception::Failed);
    it.wait(MINUTE);
    let sent = it.deliver();
    let starts: Vec<_> = sent.iter().map(|it| it["startsAt"].as_str().unwrap()).collect();
    assert_eq!(starts, ["1970-01-02T00:00:00.000000000Z", "1970-01-02T00:01:00.000000000Z"]);
    it.wait(MINUTE);
    let resent = it.deliver();
    assert_eq!(resent.len(), 1, "the end of the first would now put out the second");
    assert_eq!(resent[0]["startsAt"], "1970-01-02T00:01:00.000000000Z");
}

#[test]
fn what_is_over_does_not_fire_again() {
    let mut it = Bench::new();
    it.resolves("A", day(1));
    it.fires("A", day(1), "late");
    let sent = it.deliver();
    assert_eq!((sent.len(), &sent[0]["endsAt"]), (1, &"1970-01-02T00:00:00.000000000Z".into()));
}

#[test]
fn too_many_ends_of_one_alert_leave_the_newest() {
    let mut it = Bench::new();
    for _ in 0..40 {
        let start = it.now.wall;
        it.fires("A", start, "");
        it.wait(MINUTE);
        it.resolves("A", start);
    }
    assert_eq!(it.deliver().len(), LANE_INCIDENTS_MAX);
    assert_eq!(it.outbox.take_expired(), 40 - LANE_INCIDENTS_MAX as u64);
}

#[test]
fn pauses_double_from_one_second_to_sixty_and_a_success_ends_them() {
    let mut it = Bench::new();
    it.fires("A", day(1), "");
    for whole in [1, 2, 4, 8, 16, 32, 60, 60] {
        it.fail(Reception::Failed);
        let (pause, whole) = (it.pause(), Duration::from_secs(whole));
        assert!(whole / 2 <= pause && pause <= whole, "{pause:?} of {whole:?}");
        assert!(it.batch().is_none(), "sent within the pause");
        it.wait(pause);
    }
    assert_eq!(it.deliver().len(), 1);
    it.wait(MINUTE);
    it.fail(Reception::Failed);
    assert!(it.pause() <= Duration::from_secs(1));
}

#[test]
fn two_outboxes_pause_differently() {
    let pause = |seed| {
        let mut it = Bench::new();
        it.outbox.manners.seed = seed;
        it.fires("A", day(1), "");
        it.fail(Reception::Failed);
        it.pause()
    };
    assert_ne!(pause(1), pause(2));
}

#[test]
fn retry_after_is_honoured_but_not_beyond_the_life_of_what_fires() {
    let mut it = Bench::new();
    it.fires("A", day(1), "");
    it.fail(Reception::NotNow(Duration::from_secs(17)));
    assert_eq!(it.pause(), Duration::from_secs(17));
    it.wait(Duration::from_secs(17));
    it.fail(Reception::NotNow(Duration::from_hours(24)));
    // It was heard an interval ago, and is over four after that.
    assert_eq!(it.pause(), 2 * MINUTE);
}

#[test]
fn a_refused_batch_is_split_until_the_refused_alert_stands_alone() {
    let mut it = Bench::new();
    for at in 0..64 {
        it.fires(&format!("A{at}"), day(1), "");
    }
    let (mut heard, mut rejected, mut posts) = (Vec::new(), Vec::new(), 0);
    while let Some((batch, alerts)) = it.batch() {
        posts += 1;
        let poisoned = names(&alerts).contains(&"A37");
        let reception = if poisoned { Reception::Refused } else { Reception::Taken };
        let settled = it.outbox.settle(batch, reception, it.now);
        if !poisoned {
            heard.extend(names(&alerts).into_iter().map(str::to_owned));
        }
        rejected.extend(settled.rejected);
    }
    assert_eq!((heard.len(), posts), (63, 13));
    assert_eq!(rejected, [[("alertname", "A37")].into_iter().collect()]);
    // It is left alone until it says something else, or the other side may have changed.
    it.wait(MINUTE);
    assert_eq!(it.deliver().len(), 63);
    it.fires("A37", day(1), "mended");
    assert_eq!(names(&it.deliver()), ["A37"]);
}

#[test]
fn a_batch_that_is_too_long_is_halved_and_so_are_those_after_it() {
    let mut it = Bench::new();
    let note = "x".repeat(1000);
    for at in 0..64 {
        it.fires(&format!("A{at}"), day(1), &note);
    }
    let mut posts = 0;
    loop {
        let Some((batch, alerts)) = it.batch() else { break };
        posts += 1;
        let reception = if alerts.len() > 16 { Reception::TooLong } else { Reception::Taken };
        let settled = it.outbox.settle(batch, reception, it.now);
        assert_eq!(settled.rejected, None);
    }
    assert_eq!(posts, 3 + 4);
    it.wait(MINUTE);
    while let Some((batch, alerts)) = it.batch() {
        assert!(alerts.len() <= 16, "{} at once", alerts.len());
        it.outbox.settle(batch, Reception::Taken, it.now);
    }
}

#[test]
fn a_batch_is_bounded_in_alerts_and_in_bytes() {
    let mut it = Bench::new();
    let note = "x".repeat(100_000);
    for at in 0..130 {
        it.fires(&format!("A{at}"), day(1), if at < 30 { &note } else { "" });
    }
    let mut count = 0;
    while let Some((batch, alerts)) = it.batch() {
        assert!(batch.body.len() <= BATCH_BYTES_MAX && alerts.len() <= BATCH_ALERTS_MAX);
        count += alerts.len();
        it.outbox.settle(batch, Reception::Taken, it.now);
    }
    assert_eq!(count, 130);
}

#[test]
fn an_alert_that_the_other_side_stumbles_over_does_not_hold_up_the_others() {
    let mut it = Bench::new();
    for name in ["A", "Stumble", "C", "D"] {
        it.fires(name, day(1), "");
    }
    let mut heard = BTreeSet::new();
    for _ in 0..12 {
        let Some((batch, alerts)) = it.batch() else { break };
        let stumbles = names(&alerts).contains(&"Stumble");
        if !stumbles {
            heard.extend(names(&alerts).into_iter().map(str::to_owned));
        }
        let reception = if stumbles { Reception::Failed } else { Reception::Taken };
        it.outbox.settle(batch, reception, it.now);
        it.now.up = it.now.up.max(it.outbox.not_before);
    }
    assert_eq!(heard.into_iter().collect::<Vec<_>>(), ["A", "C", "D"]);
}

#[test]
fn external_labels_lie_under_the_alerts_own() {
    let mut it = Bench::new();
    it.outbox.manners.external_labels = [("alertname", "Z"), ("vantage", "v1")].into_iter().collect();
    it.outbox.manners.origin = Some(Origin::Fixed("http://f:19115/".parse().unwrap()));
    it.fires("A", day(1), "");
    let sent = it.deliver();
    assert_eq!(sent[0]["labels"], serde_json::json!({"alertname": "A", "vantage": "v1"}));
    assert_eq!(sent[0]["generatorURL"], "http://f:19115/");
}

#[test]
fn an_end_before_the_beginning_is_not_sent() {
    let mut it = Bench::new();
    it.outbox.take(alert("A", day(2), Some(day(1)), ""), it.now);
    let sent = it.deliver();
    assert_eq!(sent[0]["startsAt"], sent[0]["endsAt"]);
}

#[test]
fn before_the_end_only_what_was_not_heard_is_said_and_nothing_resolves() {
    let mut it = Bench::new();
    it.fires("A", day(1), "");
    it.deliver();
    it.fires("B", day(1), "");
    it.wait(MINUTE);
    it.outbox.keep_only_unheard();
    let sent = it.deliver();
    assert_eq!(names(&sent), ["B"]);
    assert_eq!(sent[0]["endsAt"], "1970-01-02T00:05:00.000000000Z");
    it.outbox.keep_only_unheard();
    assert!(it.outbox.is_empty());
}

/// What an Alertmanager knows: of each label set when it began, and whether it is over.
#[derive(Default)]
struct Receiver {
    alerts: BTreeMap<String, (String, bool)>,
    over: BTreeSet<(String, String)>,
}

impl Receiver {
    fn hear(&mut self, alerts: &[Value], wall: SystemTime) {
        let now = humantime::format_rfc3339_nanos(wall).to_string();
        for it in alerts {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let (name, start) = (text(&it["labels"]["alertname"]), text(&it["startsAt"]));
            let over = text(&it["endsAt"]) <= now;
            let incident = (name.clone(), start.clone());
            assert!(over || !self.over.contains(&incident), "{incident:?} fires after its end");
            if over {
                self.over.insert(incident);
            }
            self.alerts.insert(name, (start, over));
        }
    }
}

#[derive(Clone, Debug)]
enum Deed {
    Flip(usize),
    Change(usize, u8),
    Wait(u32),
    Send,
    Answer(Reception, bool),
}

fn deed() -> impl Strategy<Value = Deed> {
    let reception = prop_oneof![
        Just(Reception::Taken),
        Just(Reception::Failed),
        Just(Reception::Refused),
        Just(Reception::TooLong),
        (0..400u64).prop_map(|it| Reception::NotNow(Duration::from_secs(it))),
    ];
    prop_oneof![
        (0..5usize).prop_map(Deed::Flip),
        (0..5usize, any::<u8>()).prop_map(|(at, note)| Deed::Change(at, note)),
        (1..200_000u32).prop_map(Deed::Wait),
        Just(Deed::Send),
        (reception, any::<bool>()).prop_map(|(it, heard)| Deed::Answer(it, heard)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever fails on the way, and whether or not a batch that seemed to fail was heard.
    #[test]
    fn however_sending_fails_the_other_side_knows_the_truth_in_the_end(
        deeds in prop::collection::vec(deed(), 1..120),
    ) {
        let mut it = Bench::new();
        let mut receiver = Receiver::default();
        let mut firing: BTreeMap<usize, SystemTime> = BTreeMap::new();
        let mut known = BTreeSet::new();
        let mut on_its_way = None;
        for deed in deeds {
            it.wait(Duration::from_millis(1));
            match deed {
                Deed::Flip(at) => {
                    if let Some(since) = firing.remove(&at) {
                        it.resolves(&at.to_string(), since);
                    } else {
                        known.insert(at);
                        firing.insert(at, it.now.wall);
                        it.fires(&at.to_string(), it.now.wall, "");
                    }
                }
                Deed::Change(at, note) => {
                    if let Some(since) = firing.get(&at) {
                        it.fires(&at.to_string(), *since, &note.to_string());
                    }
                }
                Deed::Wait(millis) => it.wait(Duration::from_millis(millis.into())),
                Deed::Send => on_its_way = on_its_way.or_else(|| Some((it.batch()?, it.now.wall))),
                Deed::Answer(reception, heard) => {
                    if let Some(((batch, alerts), sent_at)) = on_its_way.take() {
                        if heard || reception == Reception::Taken {
                            receiver.hear(&alerts, sent_at);
                        }
                        it.outbox.settle(batch, reception, it.now);
                    }
                }
            }
        }
        if let Some(((batch, _), _)) = on_its_way {
            it.outbox.settle(batch, Reception::Failed, it.now);
        }
        // All is well again. What was set aside is tried once more after ten minutes.
        let horizon = it.now.up + 3 * MINUTE + ASIDE_FOR + MINUTE;
        while let Some(wakeup) = it.outbox.next_wakeup().filter(|wakeup| *wakeup < horizon) {
            it.wait(wakeup.saturating_sub(it.now.up));
            let sent = it.deliver();
            receiver.hear(&sent, it.now.wall);
        }
        for at in known {
            let heard = receiver.alerts.get(&at.to_string()).cloned();
            match firing.get(&at) {
                Some(since) => {
                    let since = humantime::format_rfc3339_nanos(*since).to_string();
                    prop_assert_eq!(heard, Some((since, false)));
                }
                None => prop_assert!(heard.is_none_or(|(_, over)| over)),
            }
        }
    }
}

#[test]
fn after_a_pause_what_fires_is_said_again_at_once_and_what_is_over_is_not() {
    let mut it = Bench::new();
    it.fires("A", day(1), "");
    it.fires("B", day(1), "");
    it.resolves("B", day(1));
    assert_eq!(it.deliver().len(), 2);
    assert!(it.deliver().is_empty());
    it.outbox.say_again(it.now);
    assert_eq!(names(&it.deliver()), ["A"]);
    assert!(it.deliver().is_empty(), "once is enough");
}
