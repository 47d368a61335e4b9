//! Scenario files with mistakes.

use super::*;
use crate::config::Complaint;

fn config() -> Config {
    let source = Source { name: "a.yaml".into(), text: Ok(Arc::from(DROP_IN)) };
    load(&[source], &LastGood::default()).config
}

/// What is wrong with a file: the line, the spot, what is said with its help.
fn wrong(text: &str) -> Vec<(usize, String, String)> {
    let source = Source { name: "x.test.yaml".into(), text: Ok(text.into()) };
    let complaints = match Suite::read(&source) {
        Err(complaints) => complaints,
        Ok(suite) => suite.check(&config()),
    };
    let told = |it: &Complaint| {
        assert_eq!(&*it.place.file, "x.test.yaml");
        let said = format!("{}; {}", it.title, it.help.as_deref().unwrap_or_default());
        (it.place.line(), it.place.excerpt().to_owned(), said)
    };
    complaints.iter().map(told).collect()
}

/// The one mistake of a case: its spot, and what is said.
#[track_caller]
fn of_case(inner: &str) -> (String, String) {
    let all = wrong(&format!("{TARGETS}  - {{ name: n, {inner} }}\n"));
    assert_eq!(all.len(), 1, "{inner}: {all:?}");
    let (_, spot, said) = all.into_iter().next().unwrap();
    (spot, said)
}

const EXPECT: &str = "expect: [{ at: 1m, firing: [] }]";

#[test]
fn everything_that_is_wrong_is_told_at_once_with_file_line_and_spot() {
    let text = "\
targets:
  scrape: [{ address: 'a:1', label: { x: y } }]
cases:
  - name: one
    name: again
    observe: [{ at: 5, probe: scrape, see: { hops: [{ loss: 0.0% }], colour: red } }]
    expect: [{ at: 1m, firing: { alert: Failing } }]
  - name: two
";
    let told = wrong(text);
    let spots: Vec<_> = told.iter().map(|(line, spot, _)| (*line, spot.as_str())).collect();
    let wanted = [
        (2, "label"),
        (5, "name"),
        (6, "5"),
        (6, "0.0%"),
        (6, "colour"),
        (7, "{ alert: Failing }"),
        (8, "name"),
    ];
    assert_eq!(spots, wanted, "{told:?}");
    for (at, said) in [
        (0, "did you mean `labels`?"),
        (1, "stands here twice"),
        (2, "has no unit"),
        (3, "write `0.0`, without the sign"),
        (4, "unknown key `colour`"),
        (5, "begin each entry with `- `"),
        (6, "expects nothing proves nothing"),
    ] {
        assert!(told[at].2.contains(said), "{said}: {:?}", told[at]);
    }
}

#[test]
fn a_file_or_a_case_that_proves_nothing_is_no_success() {
    for inner in ["expect: []", "expect:", "observe: []"] {
        assert!(of_case(inner).1.contains("proves nothing"), "{inner}");
    }
    assert!(wrong("cases: []\n")[0].2.contains("without a case"));
    assert!(wrong("targets: {}\n")[0].2.contains("needs `cases`"));
    assert!(wrong("")[0].2.contains("says nothing"));
}

#[test]
fn an_observation_that_nobody_makes_is_told() {
    let observe =
        |targets: &str| format!("observe: [{{ at: 0s, probe: scrape, targets: {targets} }}], {EXPECT}");
    let (spot, said) = of_case(&observe("{ zone: three }"));
    assert_eq!(spot, "targets");
    assert!(said.contains("no target of the probe `scrape`") && said.contains("`one` and `two`"), "{said}");
    assert!(of_case(&observe("{ zoen: one }")).1.contains("no target of the probe has the label `zoen`"));
    let both = of_case(&observe("{ zone: two, instance: 'a:1' }")).1;
    assert!(both.contains("no target has them all"), "{both}");
    let nobody =
        wrong(&format!("cases: [{{ name: n, observe: [{{ at: 0s, probe: scrape }}], {EXPECT} }}]\n"));
    assert!(nobody[0].2.contains("has no targets in this file"), "{nobody:?}");
}

#[test]
fn names_that_no_drop_in_has_are_all_told_with_the_nearest_that_there_is() {
    let text = format!(
        "{TARGETS}  - name: n
    observe: [{{ at: 0s, probe: skrape }}]
    checks: {{ pat: {{}} }}
    queries: {{ upp: 1 }}
    expect: [{{ at: 1m, firing: [{{ alert: Fayling }}], pending: [{{ alert: Axed }}] }}]
"
    );
    let told = wrong(&text);
    let spots: Vec<_> = told.iter().map(|it| it.1.as_str()).collect();
    assert_eq!(spots, ["skrape", "pat", "upp", "Fayling", "Axed"], "{told:?}");
    for (at, near) in [(0, "scrape"), (1, "path"), (2, "up"), (3, "Failing"), (4, "Asked")] {
        assert!(told[at].2.contains(&format!("did you mean `{near}`?")), "{:?}", told[at]);
    }
}

#[test]
fn what_is_seen_is_checked_word_by_word() {
    let see =
        |see: &str| of_case(&format!("observe: [{{ at: 0s, probe: scrape, see: {{ {see} }} }}], {EXPECT}"));
    for (inner, spot, said) in [
        ("cause: connect_refuse", "connect_refuse", "did you mean `connect_refused`?"),
        ("unknown: connect_refused", "connect_refused", "write `cause: connect_refused`"),
        ("cause: http_status, unknown: local_fd", "unknown", "not both"),
        ("phase: tsl", "tsl", "`tls`"),
        ("status: ok", "ok", "not a number"),
        ("status: 99999", "99999", "100 to 999"),
        ("duration: 3", "3", "has no unit"),
        ("certificate: { not_after: soon }", "soon", "is no time"),
        ("series: [{ value: 1 }]", "series", "asks no Prometheus"),
        ("hops: [{ loss: much }]", "much", "is no number"),
    ] {
        let told = see(inner);
        assert_eq!(told.0, spot, "{inner}: {told:?}");
        assert!(told.1.contains(said), "{inner}: {told:?}");
    }
}
