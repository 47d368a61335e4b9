//! Texts that a case hands in.

use crate::config::{LastGood, Source, load};

use super::*;

const RULES: &str = "
text_rules:
  - name: words
    runbook: /words.html
    before:
      - { when: text.contains('first'), page: /ahead.html }
    steps:
      - { when: text.contains('lost'), step: found, call: the finder, note: look twice, also: [/more.html#x] }
      - { when: fields.states == '1:1', step: well }
      - { when: fields.states.contains('1:0'), step: ill }
      - { step: rest }
    escalate:
      - { when: \"now.getHours('UTC') < 9\", step: asleep, call: nobody }
      - { step: awake }
";

#[track_caller]
fn told(case: &str) -> Result<String, String> {
    let source = Source { name: "a.yaml".into(), text: Ok(RULES.into()) };
    let loaded = load(&[source], &LastGood::default());
    assert!(loaded.complaints.is_empty(), "{:#?}", loaded.complaints);
    let suite = Suite::parse(&format!("cases:\n  - name: n\n{case}"))?;
    let ran = run(&suite, &loaded.config, &"https://site.test".parse().unwrap())?;
    Ok(ran[0].misses.iter().map(ToString::to_string).collect())
}

#[test]
fn a_text_is_judged_at_the_hour_of_the_expectation() {
    let case = "
    text: first it was lost
    expect:
      - at: 1h
        advice:
          - { rule: words, page: words.html, step: found, call: the finder, note: look twice,
              before: [ahead.html], also: ['more.html#x'], escalate: { page: words.html, step: asleep, call: nobody } }
      - at: 10h
        advice: [{ escalate: { step: awake, call: '' } }]
";
    assert_eq!(told(case).as_deref(), Ok(""));
}

#[test]
fn each_part_of_an_advice_that_is_not_as_expected_is_a_miss() {
    for wrong in [
        "page: /other.html",
        "step: rest",
        "call: ''",
        "note: ''",
        "before: []",
        "also: ['/more.html']",
        "region: us",
        "escalate: { step: awake }",
        "escalate: { page: /x.html }",
        "escalate: { call: '' }",
    ] {
        let case =
            format!("    text: first it was lost\n    expect: [{{ at: 1h, advice: [{{ {wrong} }}] }}]\n");
        let miss = told(&case).unwrap();
        assert!(miss.starts_with("at 1h, advice:\n") && miss.contains("step: found"), "{wrong}: {miss}");
    }
    let none = "    text: lost\n    expect: [{ at: 1h, advice: [] }]\n";
    assert!(told(none).unwrap().contains("| rule: words"));
}

#[test]
fn each_region_of_a_text_has_an_advice_of_its_own_in_the_order_of_their_names() {
    let array = |region: &str, state: &str| {
        format!(
            r#"      ["registry-prod-{region}-az1-1", "vm", "Ready", "10.0.0.1:{state}", "166.9.1.1/32"]"#
        )
    };
    let both = [array("us-south", "1:1"), array("eu-de", "1:0")].join("\n");
    let case = |first: &str, second: &str| {
        told(&format!(
            "    text: |\n{both}\n    expect: [{{ at: 0s, advice: [{{ {first} }}, {{ {second} }}] }}]\n"
        ))
    };
    let (ill, well) = ("region: prod-eu-de, step: ill", "region: prod-us-south, step: well");
    assert_eq!(case(ill, well).as_deref(), Ok(""));
    assert_ne!(case(well, ill).as_deref(), Ok(""));
}

#[test]
fn a_text_of_which_nothing_is_expected_and_advice_on_no_text_prove_nothing() {
    let error = told("    text: lost\n    expect: [{ at: 0s, firing: [] }]\n").unwrap_err();
    assert!(error.contains("nothing is expected of the text"), "{error}");
    let error = told("    expect: [{ at: 0s, advice: [] }]\n").unwrap_err();
    assert!(error.contains("there is no text to give advice on"), "{error}");
    let error = told("    text: lost\n    expect: [{ at: 0s, advice: [{ rule: wrods }] }]\n").unwrap_err();
    assert!(error.contains("no drop-in has the rule over texts `wrods`"), "{error}");
}
