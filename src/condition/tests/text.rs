//! What can be said of a text, and where.

use std::sync::Arc;

use super::*;
use crate::text::{FIELDS, Text};

/// A view of a text alone.
#[derive(Debug)]
struct Read(Arc<Text>);

impl View for Read {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn labels(&self) -> Labels {
        Labels::default()
    }

    fn target(&self) -> Reading {
        Reading::default()
    }

    fn scope(&self, _name: &str, _with_targets: bool) -> Option<Tally> {
        None
    }

    fn check(&self, _name: &str) -> Option<CheckAnswer> {
        None
    }

    fn query(&self, _name: &str) -> Option<f64> {
        None
    }

    fn firing_for(&self) -> Duration {
        Duration::ZERO
    }

    fn firing(&self, _alert: &str, _labels: &Labels) -> bool {
        false
    }

    fn text(&self) -> Arc<Text> {
        Arc::clone(&self.0)
    }
}

const LOG: &str = "one: red\ntwo: green\n  and blue\n*FAILED* *deploy* on Carrier: *c7*\n";

#[test]
fn these_hold_for_a_text() {
    let read = Read(Arc::new(Text::new(LOG)));
    for (source, wanted) in [
        ("text.contains('green')", true),
        ("text.matches('^one')", true),
        ("text.matches('(?m)^two: g')", true),
        ("entries.exists(e, e.contains('green') && e.contains('blue'))", true),
        ("entries.exists(e, e.contains('red') && e.contains('green'))", false),
        ("entries.exists(e, e.matches('green\\\\s+and'))", true),
        ("size(entries) == 3 && entries[0] == 'one: red\\n'", true),
        ("fields.carrier == 'c7' && fields['operation'] == 'deploy'", true),
        ("fields.region == '' && !has(fields.region) && has(fields.carrier)", true),
        ("now.getHours() == 0", true),
    ] {
        let condition = Condition::compile_at(Place::Text, source, &Known::default());
        let condition = condition.unwrap_or_else(|all| panic!("{source}: {all:?}"));
        assert_eq!(condition.holds(&read), Ok(wanted), "{source}");
    }
}

#[test]
fn a_rule_over_texts_sees_the_text_alone() {
    for (source, spot) in [
        ("target.failing", "target"),
        ("labels.region == ''", "labels"),
        ("alert.firing_for > duration('1s')", "alert"),
        ("firing('A')", "firing"),
        ("fields.carier == ''", "carier"),
        ("entries.contains('x')", "entries.contains('x')"),
        ("fields == ''", "fields"),
        ("text.matches('(')", "'('"),
        ("txt.contains('x')", "txt"),
    ] {
        let mistakes = Condition::compile_at(Place::Text, source, &Known::default()).unwrap_err();
        assert_eq!(&source[mistakes[0].span.clone()], spot, "{source}: {mistakes:?}");
    }
    let told = Condition::compile_at(Place::Text, "fields.carier == ''", &Known::default()).unwrap_err();
    assert_eq!(told[0].help.as_deref(), Some("did you mean `carrier`?"));
}

#[test]
fn the_text_of_a_target_is_its_body() {
    let mut seen = troubled();
    seen.reading.body = "one: red\n*FAILED* *deploy* on Carrier: *c7*\n".into();
    for source in ["text == target.body", "size(entries) == 2", "fields.carrier == 'c7'"] {
        assert_eq!(holds(source, &seen), Ok(true), "{source}");
    }
    for place in [Place::Scope, Place::Label] {
        assert!(Condition::compile_at(place, "text == ''", &known()).is_err());
    }
}

#[test]
fn only_what_is_asked_for_is_needed() {
    let needs = |source: &str| Condition::compile(source, &Known::default()).unwrap().needs().clone();
    let of = |source: &str| (needs(source).text, needs(source).entries);
    assert_eq!(of("target.failing"), (false, false));
    assert_eq!(of("fields.region == ''"), (true, false));
    assert_eq!(of("text.contains('x')"), (true, false));
    assert_eq!(of("size(entries) > 1"), (true, true));
}

#[test]
fn each_field_has_its_row_in_the_vocabulary() {
    let rows = vocabulary();
    for field in FIELDS {
        let path = format!("fields.{}", field.name);
        assert!(rows.iter().any(|it| it.path == path && it.meaning == field.meaning), "{path}");
    }
}
