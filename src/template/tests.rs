use std::collections::BTreeMap;
use std::time::SystemTime;

use proptest::prelude::*;

use super::*;
use crate::labels::Labels;
use crate::view::{CheckAnswer, Reading, Tally};

/// A target that answered after 14.2 s.
struct Slow;

impl View for Slow {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(1_769_903_940_700)
    }

    fn labels(&self) -> Labels {
        [("hostname", "worker-7"), ("quoted", "a\"b\\c"), ("braces", "}}{{")].into_iter().collect()
    }

    fn target(&self) -> Reading {
        Reading {
            labels: self.labels(),
            failing: true,
            cause: "deadline_exceeded",
            phase: "processing",
            answered_after: Some(Duration::from_micros(14_204_999)),
            ..Reading::default()
        }
    }

    fn scope(&self, _name: &str, _with_targets: bool) -> Option<Tally> {
        let causes = BTreeMap::from([("deadline_exceeded", 1)]);
        Some(Tally { watched: 4, failing: 1, causes, ..Tally::default() })
    }

    fn check(&self, _name: &str) -> Option<CheckAnswer> {
        None
    }

    fn query(&self, _name: &str) -> Option<f64> {
        Some(33.3)
    }

    fn firing_for(&self) -> Duration {
        Duration::from_mins(90)
    }

    fn firing(&self, _alert: &str, _labels: &Labels) -> bool {
        false
    }
}

fn known() -> Known {
    Known {
        scopes: vec!["fleet".to_owned()],
        checks: vec!["path".to_owned()],
        queries: vec!["down".to_owned()],
        ..Known::default()
    }
}

#[track_caller]
fn rendered(source: &str) -> Result<String, Failed> {
    match Template::compile(source, &known(), Reach::Everything) {
        Ok(template) => template.render(&Slow),
        Err(mistakes) => panic!("{source}: {mistakes:#?}"),
    }
}

#[track_caller]
fn told(source: &str, reach: Reach) -> Vec<(&str, String)> {
    let mistakes = Template::compile(source, &known(), reach).err().unwrap_or_default();
    mistakes.into_iter().map(|it| (&source[it.span], it.message)).collect()
}

#[test]
fn values_are_written_as_a_person_reads_them() {
    for (source, wanted) in [
        ("", ""),
        ("no hole", "no hole"),
        ("{{ labels.hostname }}", "worker-7"),
        ("{{labels.hostname}}_{{ labels.absent }}_x", "worker-7__x"),
        ("up{instance={{ strings.quote(labels.quoted) }}}", r#"up{instance="a\"b\\c"}"#),
        ("{{ labels.braces }}{{ '{{' }}{{ \"}}\" }}", "}}{{{{}}"),
        ("{ % }} {# #} {%", "{ % }} {# #} {%"),
        ("{{ {'a': {'b': 'c'}}.a.b }}", "c"),
        ("{{ scope.fleet.failing }} of {{ scope.fleet.watched }}", "1 of 4"),
        ("{{ scope.fleet.share * 100.0 }}%", "25%"),
        ("{{ queries.down }}", "33.3"),
        ("{{ target.failing }}", "true"),
        ("{{ target.cause }} ({{ target.phase }})", "deadline_exceeded (processing)"),
        ("answered after {{ target.answered_after }}", "answered after 14.2s"),
        ("{{ target.silent_for }}", "0s"),
        ("{{ alert.firing_for }}", "1h 30m"),
        ("{{ duration('9999ms') }}, {{ duration('10s') }}", "9.99s, 10s"),
        ("{{ duration('59s999ms') }}, {{ duration('61.5s') }}", "59.99s, 1m 1s"),
        ("{{ duration('12.7ms') }}, {{ duration('3us') }}, {{ duration('-90s') }}", "12ms, 3us, -1m 30s"),
        ("{{ now }}", "2026-01-31T23:59:00Z"),
        ("{{ target.failing ? 'down' : 'up' }}", "down"),
        ("ä {{ 'ö' }} ü", "ä ö ü"),
    ] {
        assert_eq!(rendered(source).as_deref(), Ok(wanted), "{source}");
    }
}

#[test]
fn a_hole_without_an_answer_is_told_apart() {
    let failed = rendered("{{ checks.path.cause }}").expect_err("it has no answer");
    assert!(failed.no_answer, "{failed:?}");
    let failed = rendered("{{ int(labels.hostname) }}").expect_err("it is no number");
    assert!(!failed.no_answer, "{failed:?}");
}

#[test]
fn mistakes_of_all_holes_are_found_where_they_stand() {
    let told = told(
        "ä {{ target.failng }} {{ lables.x }} {{ scope.fleet.targets }} {{ }} {{ oops",
        Reach::Everything,
    );
    let wanted = [
        ("failng", "a target has no field `failng`"),
        ("lables", "there is no `lables`"),
        ("scope.fleet.targets", "a list of targets cannot be written out"),
        (" ", "an expression is missing"),
        ("{{", "this hole has no end"),
    ];
    assert_eq!(told, wanted.map(|(span, message)| (span, message.to_owned())));
}

#[test]
fn a_label_speaks_of_labels_alone() {
    assert_eq!(told("{{ labels.a }}-{{ number_at_end(labels.b) }}", Reach::LabelsOnly), []);
    for word in [
        "target.cause",
        "scope.fleet.failing",
        "checks.path.cause",
        "queries.down",
        "now",
        "alert.firing_for",
    ] {
        let source = format!("{{{{ {word} }}}}");
        let mistakes = Template::compile(&source, &known(), Reach::LabelsOnly).expect_err(word);
        let help = mistakes[0].help.as_deref().expect("it says why");
        assert!(help.contains("is an annotation, never a label"), "{help}");
    }
}

#[test]
fn a_template_says_what_it_needs_and_whom_it_mentions() {
    let source = "{{ labels.a }} {{ firing('Parent') ? 'x' : 'y' }}";
    let template = Template::compile(source, &known(), Reach::Everything).expect("it is fine");
    assert!(template.needs().any(|it| it.labels) && !template.needs().any(|it| it.target));
    let mentions: Vec<(String, &str)> = template.alerts().map(|it| (it.name, &source[it.span])).collect();
    assert_eq!(mentions, [("Parent".to_owned(), "'Parent'")]);
}

proptest! {
    #[test]
    fn no_text_makes_the_compiler_panic(source in "(\\{\\{|\\}\\}|[{}'\"a. ]|\\PC){0,40}") {
        match Template::compile(&source, &known(), Reach::Everything) {
            Ok(template) => {
                let _whatever_it_says = template.render(&Slow);
            }
            Err(mistakes) => prop_assert!(mistakes.iter().all(|it| source.get(it.span.clone()).is_some())),
        }
    }
}

fn promql(source: &str) -> Result<String, Failed> {
    Template::compile(source, &Known::default(), Reach::LabelsOnly).unwrap().render_promql(&Slow)
}

#[test]
fn a_value_between_quotes_of_promql_stays_between_them() {
    let quoted = promql(r#"up{x="{{ labels.quoted }}",y='{{ labels.quoted }}'}"#).unwrap();
    assert_eq!(quoted, r#"up{x="a\"b\\c",y='a"b\\c'}"#);
    let after_quotes = promql(
        r#"a{x="\"",y="{{ labels.quoted }}"} # it's "{{ labels.hostname }}
+ {{ labels.hostname }}"#,
    );
    assert_eq!(after_quotes.unwrap(), "a{x=\"\\\"\",y=\"a\\\"b\\\\c\"} # it's \"worker-7\n+ worker-7");
    assert_eq!(promql("up{x=`{{ labels.quoted }}`}").unwrap(), "up{x=`a\"b\\c`}");
    let refused = promql("up{x=`{{ '`' }}`}").unwrap_err();
    assert!(refused.message.contains("backtick") && !refused.no_answer);
    assert_eq!(promql("up{x=\"{{ 'a\\nb' }}\"}").unwrap(), "up{x=\"a\\nb\"}");
}
