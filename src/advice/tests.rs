use super::*;
use crate::condition::{Known, Place};

/// What an expression over the hour gives, at the point in time that RFC 3339 writes so.
fn holds_at(source: &str, time: &str) -> bool {
    let now = humantime::parse_rfc3339(time).unwrap();
    let condition = Condition::compile_at(Place::Text, source, &Known::default()).unwrap();
    condition.holds(&Piece { text: Arc::new(Text::new("")), now }).unwrap()
}

/// The hour and the day in a place, at a point in time: around the hours that are not there and the
/// hours that are there twice.
const HOURS: &[(&str, &str, &str, u8)] = &[
    // The clocks go forward: 2 h is not there.
    ("America/New_York", "2024-03-10T06:59:59Z", "getHours", 1),
    ("America/New_York", "2024-03-10T07:00:00Z", "getHours", 3),
    ("Europe/London", "2024-03-31T00:59:59Z", "getHours", 0),
    ("Europe/London", "2024-03-31T01:00:00Z", "getHours", 2),
    // They go back: 1 h is there twice.
    ("America/New_York", "2024-11-03T05:30:00Z", "getHours", 1),
    ("America/New_York", "2024-11-03T06:30:00Z", "getHours", 1),
    ("America/New_York", "2024-11-03T07:00:00Z", "getHours", 2),
    // By half an hour.
    ("Australia/Lord_Howe", "2024-10-05T15:29:59Z", "getHours", 1),
    ("Australia/Lord_Howe", "2024-10-05T15:30:00Z", "getMinutes", 30),
    // Without such days, and off by a part of an hour.
    ("Asia/Kolkata", "2024-03-10T03:29:00Z", "getHours", 8),
    ("Asia/Kolkata", "2024-03-10T03:30:00Z", "getHours", 9),
    // Another day than in UTC: Sunday is 0.
    ("America/New_York", "2024-06-03T03:59:59Z", "getDayOfWeek", 0),
    ("America/New_York", "2024-06-03T04:00:00Z", "getDayOfWeek", 1),
    ("Asia/Tokyo", "2024-06-01T15:00:00Z", "getDayOfWeek", 0),
];

#[test]
fn the_hour_of_a_place_is_that_of_its_clocks_also_when_they_are_changed() {
    for (zone, time, what, wanted) in HOURS {
        assert!(holds_at(&format!("now.{what}('{zone}') == {wanted}"), time), "{what} of {zone} at {time}");
    }
}

/// Begin and end of the shipped business hours, before and after the clocks are changed.
const BUSINESS: &[(&str, bool)] = &[
    ("2024-03-08T13:59:59Z", false),
    ("2024-03-08T14:00:00Z", true),
    ("2024-03-08T21:59:59Z", true),
    ("2024-03-08T22:00:00Z", false),
    ("2024-03-10T15:00:00Z", false),
    ("2024-03-11T12:59:59Z", false),
    ("2024-03-11T13:00:00Z", true),
    ("2024-03-11T21:00:00Z", false),
    ("2024-11-01T13:00:00Z", true),
    ("2024-11-04T13:00:00Z", false),
    ("2024-11-04T14:00:00Z", true),
    ("2024-11-04T21:59:59Z", true),
];

#[test]
fn business_hours_keep_to_the_clocks_on_the_wall() {
    let file = include_str!("../../probes.d/50-deploy.yaml");
    let source = crate::config::Source { name: "probes.d/50-deploy.yaml".into(), text: Ok(file.into()) };
    let plan = crate::config::load(&[source], &<_>::default()).config.plan;
    for (time, wanted) in BUSINESS {
        let piece = Piece { text: Arc::new(Text::new("x")), now: humantime::parse_rfc3339(time).unwrap() };
        let (_, call) = advise(&plan.text_rules, piece).unwrap().escalate.unwrap();
        assert_eq!(call.unwrap().contains("by chat"), *wanted, "{time}");
    }
}

#[test]
fn what_a_rule_names_and_does_not_find_is_left_out() {
    let file = "text_rules:\n  - name: r\n    labels: { operation: '{{ fields.operation }}', fixed: yes }\n    \
        annotations: { bom: '{{ fields.bom }}', node: ' {{ fields.node }} ' }\n    steps: [{ page: /x.html }]\n";
    let source = crate::config::Source { name: "a.yaml".into(), text: Ok(file.into()) };
    let plan = crate::config::load(&[source], &<_>::default()).config.plan;
    let text = Arc::new(Text::new("*FAILED* *deploy* on Carrier: *c* (192.0.2.1)"));
    let mut failures = Vec::new();
    let found = named(&plan.text_rules[0], &Piece { text, now: SystemTime::UNIX_EPOCH }, &mut failures);
    let pair = |name: &str, value: &str| (Arc::from(name), value.to_owned());
    assert_eq!(found.labels, [pair("operation", "deploy"), pair("fixed", "yes")]);
    assert_eq!(found.annotations, [pair("node", "192.0.2.1")]);
    assert!(failures.is_empty(), "{failures:?}");
}
