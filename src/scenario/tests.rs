use std::sync::Arc;

use super::*;
use crate::config::{LastGood, Source, load};

mod group;
mod text;
mod wrong;

const DROP_IN: &str = "
modules:
  scrape: { prober: metrics, patience: 30s }
  ask: { prober: query, query: { promql: x > 3, by: [worker] } }
probes:
  - { name: ask, module: ask, interval: 30s }
  - { name: scrape, module: scrape, interval: 30s }
alerts:
  - alert: Failing
    probe: scrape
    when: target.failing
    for: 1m
    scopes:
      zone: { by: [zone] }
    checks:
      path: { module: scrape }
    queries:
      up: up
    runbook: /x.html
    steps:
      - { when: checks.path.failing, step: check }
      - { when: queries.up == 0.0, step: query }
      - { when: target.status == 404, step: gone }
      - { when: scope.zone.failing >= 2, step: zone }
      - { step: rest }
  - { alert: Asked, probe: ask, when: target.value > 3.0 }
";

const TARGETS: &str = "
targets:
  scrape:
    - { address: 'a:1', labels: { zone: one } }
    - { address: 'b:1', labels: { zone: one } }
    - { address: 'c:1', labels: { zone: two } }
cases:
";

fn play(cases: &str) -> Result<Vec<Ran>, String> {
    let source = Source { name: "a.yaml".into(), text: Ok(Arc::from(DROP_IN)) };
    let loaded = load(&[source], &LastGood::default());
    assert!(loaded.complaints.iter().all(|it| it.level != Level::Error), "{:#?}", loaded.complaints);
    let suite = Suite::parse(&format!("{TARGETS}{cases}"))?;
    run(&suite, &loaded.config, &"https://site.test".parse().unwrap())
}

/// The misses of a single case, as they are told.
#[track_caller]
fn told(case: &str) -> String {
    let ran = play(case).unwrap();
    assert_eq!(ran.len(), 1);
    ran[0].misses.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_as_expected_is_no_miss() {
    let case = "
  - name: two of a zone, and a 404 elsewhere
    observe:
      - { at: 0s, probe: scrape, targets: { zone: one }, see: { cause: connect_refused } }
      - { at: 0s, probe: scrape, targets: { zone: two }, see: { status: 404 } }
    expect:
      - { at: 45s, firing: [], pending: [{ alert: Failing }, { alert: Failing }, { alert: Failing }] }
      - at: 2m
        firing:
          - { alert: Failing, labels: { zone: one }, page: x.html, step: zone }
          - { alert: Failing, labels: { instance: 'b:1' }, annotations: { cause: connect_refused } }
          - { alert: Failing, step: gone }
";
    assert_eq!(told(case), "");
}

#[test]
fn an_alert_too_many_one_too_few_and_a_wrong_step_are_misses() {
    let observe = "observe: [{ at: 0s, probe: scrape, targets: { instance: 'a:1' }, see: { status: 404 } }]";
    let expecting = |firing: &str| {
        told(&format!("  - {{ name: n, {observe}, expect: [{{ at: 2m, firing: {firing} }}] }}\n"))
    };
    let too_many = expecting("[]");
    assert!(too_many.contains("  nothing  | Failing"), "{too_many}");
    assert!(expecting("[{ alert: Failing }, { alert: Failing }]").starts_with("at 2m, firing:"));
    let wrong = expecting("[{ alert: Failing, step: rest }]");
    assert!(wrong.contains("step: rest") && wrong.contains("|   step: gone"), "{wrong}");
    assert_eq!(expecting("[{ alert: Failing, step: gone }]"), "");
}

#[test]
fn a_vague_wish_leaves_the_alert_to_the_one_that_names_it() {
    let case = "
  - name: the vague one stands first
    observe: [{ at: 0s, probe: scrape, targets: { zone: one }, see: { status: 500 } }]
    expect:
      - at: 2m
        firing: [{ alert: Failing }, { alert: Failing, labels: { instance: 'a:1' } }]
";
    assert_eq!(told(case), "");
}

#[test]
fn checks_and_queries_answer_for_everybody_and_others_hold_on_to_no_answer() {
    let case = |more: &str, step: &str| {
        told(&format!(
            "  - name: n
    observe: [{{ at: 0s, probe: scrape, targets: {{ zone: two }}, see: {{ status: 500 }} }}]
{more}    expect: [{{ at: 2m, firing: [{{ alert: Failing, step: {step} }}] }}]\n"
        ))
    };
    assert_eq!(case("", "rest"), "");
    assert_eq!(case("    queries: { up: 0 }\n", "query"), "");
    assert_eq!(
        case("    checks: { path: { cause: deadline_exceeded } }\n    queries: { up: 0 }\n", "check"),
        ""
    );
    assert_eq!(case("    checks: { path: {} }\n", "rest"), "");
}

#[test]
fn what_no_drop_in_has_is_named() {
    let refused = |case: &str| play(case).unwrap_err();
    let expect = "expect: [{ at: 1m, firing: [] }]";
    for (case, wanted) in [
        (format!("observe: [{{ at: 0s, probe: skrape }}], {expect}"), "no drop-in has the probe `skrape`"),
        (
            "expect: [{ at: 1m, firing: [{ alert: Fayling }] }]".to_owned(),
            "no drop-in has the alert `Fayling`",
        ),
        (
            format!("observe: [{{ at: 0s, probe: scrape, see: {{ series: [] }} }}], {expect}"),
            "the probe `scrape` asks no Prometheus",
        ),
        (
            format!("observe: [{{ at: 0s, probe: ask, targets: {{ worker: w1 }} }}], {expect}"),
            "it has no targets to choose from",
        ),
        (format!("checks: {{ pat: {{}} }}, {expect}"), "no drop-in has the check `pat`"),
        (format!("queries: {{ down: 1 }}, {expect}"), "no drop-in has the query `down`"),
        (
            format!("observe: [{{ at: 0s, probe: scrape, see: {{ cause: connect_refuse }} }}], {expect}"),
            "there is no cause `connect_refuse`",
        ),
    ] {
        let told = refused(&format!("  - {{ name: n, {case} }}\n"));
        assert!(told.contains(wanted), "{told}");
    }
}

#[test]
fn a_question_sees_series_and_each_is_about_whom_the_module_says() {
    let case = "
  - name: two reasons of one worker, and another worker
    observe:
      - at: 0s
        probe: ask
        see:
          series:
            - { labels: { worker: w1, reason: a }, value: 3 }
            - { labels: { worker: w1, reason: b }, value: 2 }
            - { labels: { worker: w2, reason: a }, value: 2.5 }
      - { at: 1m, probe: ask }
    expect:
      - { at: 30s, firing: [{ alert: Asked, labels: { worker: w1, reason: '' } }] }
      - { at: 1m, firing: [] }
";
    assert_eq!(told(case), "");
    let suite =
        Suite::parse("targets: { ask: [{ address: 'a:1' }] }\ncases: [{ name: n, expect: [{ at: 1s }] }]\n")
            .unwrap();
    let source = Source { name: "a.yaml".into(), text: Ok(Arc::from(DROP_IN)) };
    let config = load(&[source], &LastGood::default()).config;
    let refused = run(&suite, &config, &"https://site.test".parse().unwrap()).unwrap_err();
    assert!(refused.contains("the probe `ask` asks Prometheus"), "{refused}");
}

#[test]
fn an_answer_after_exactly_the_timeout_is_in_time_and_a_late_one_amends() {
    let case = |see: &str, firing: &str| {
        told(&format!(
            "  - name: n
    observe: [{{ at: 0s, probe: scrape, targets: {{ instance: 'a:1' }}, see: {see} }}]
    expect: [{{ at: 3m, firing: {firing} }}]\n"
        ))
    };
    assert_eq!(case("{ duration: 10s }", "[]"), "");
    assert_eq!(
        case("{ duration: 10.001s }", "[{ alert: Failing, annotations: { cause: deadline_exceeded } }]"),
        ""
    );
    let shown = case("{ answered_after: 14.2s }", "[{ alert: Failing, annotations: { description: '' } }]");
    assert!(shown.contains("answered after 14.2 s"), "{shown}");
    let shown =
        case("{ cause: deadline_exceeded }", "[{ alert: Failing, annotations: { description: '' } }]");
    assert!(shown.contains("silent for 30 s"), "{shown}");
}
