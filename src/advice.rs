//! What a text asks of a person: the first rule over texts that knows it, and the row of it that
//! holds. Who reads the text and who prints the advice is left to others.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::condition::{Condition, Failed};
use crate::labels::Labels;
use crate::plan::{Row, TextRule};
use crate::template::Template;
use crate::text::Text;
use crate::view::{CheckAnswer, Reading, Tally, View};

/// The way that a text points.
#[derive(Debug)]
pub struct Advice<'a> {
    /// What it is given on.
    pub piece: Piece,
    /// The rule that knew it.
    pub rule: &'a TextRule,
    /// The row that holds.
    pub step: &'a Row,
    /// Pages that are named ahead.
    pub before: Vec<&'a Row>,
    /// Whom to call.
    pub call: Option<String>,
    /// Where to turn if the step does not help, and whom to call then.
    pub escalate: Option<Escalation<'a>>,
    /// Conditions and templates that could not be evaluated: such a condition counts as not holding,
    /// in the place of such a template stands nothing.
    pub failures: Vec<Failed>,
}

/// Where to turn, and whom to call then.
pub type Escalation<'a> = (&'a Row, Option<String>);

/// What a rule names in a text; nothing in it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// What says which trouble it is.
    pub labels: Vec<(Arc<str>, String)>,
    /// What a person wants to know besides.
    pub annotations: Vec<(Arc<str>, String)>,
}

/// A text by itself: no target was asked.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The text.
    pub text: Arc<Text>,
    /// The hour at which somebody reads it.
    pub now: SystemTime,
}

/// All that the rules advise on one text.
#[derive(Debug)]
pub struct Counsel<'a> {
    /// On the text as a whole. Where it tells of the service endpoints of several regions, only if a
    /// conditional row knows it.
    pub whole: Option<Advice<'a>>,
    /// Then on each of those regions, by its name; on none that a rule does not know.
    pub regions: Vec<(String, Advice<'a>)>,
    /// What could not be evaluated on the way, as [`Advice::failures`] has it.
    pub failures: Vec<Failed>,
}

/// Judges a text, region by region where it tells of the service endpoints of several.
pub fn counsel<'a>(rules: &'a [Arc<TextRule>], text: &Arc<Text>, now: SystemTime) -> Counsel<'a> {
    let mut failures = Vec::new();
    let mut on = |text: &Arc<Text>, only_known: bool| {
        let mut advice = advise(rules, Piece { text: Arc::clone(text), now })?;
        failures.append(&mut advice.failures);
        (!only_known || advice.step.when.is_some()).then_some(advice)
    };
    let pieces = text.regions();
    let whole = on(text, !pieces.is_empty());
    let (endpoints, each) = (text.endpoints(), text.endpoints().by_region());
    let asked_for = each.iter().zip(pieces).filter(|((name, boxes), _)| !endpoints.is_beside(name, boxes));
    let regions =
        asked_for.filter_map(|((name, _), piece)| Some(((*name).to_owned(), on(&Arc::new(piece), true)?)));
    let regions = regions.collect();
    Counsel { whole, regions, failures }
}

/// The advice of the first rule with a conditional row that holds; where there is none, of the first
/// rule that has a row for all other texts. None: no rule knows the text.
pub fn advise(rules: &[Arc<TextRule>], piece: Piece) -> Option<Advice<'_>> {
    let mut failures = Vec::new();
    let known = rules.iter().find_map(|rule| {
        let mut conditional = rule.steps.iter().filter(|it| it.when.is_some());
        Some((&**rule, conditional.find(|it| holds(it, &piece, &mut failures))?))
    });
    let otherwise =
        || rules.iter().find_map(|rule| Some((&**rule, rule.steps.iter().find(|it| it.when.is_none())?)));
    let (rule, step) = known.or_else(otherwise)?;
    let escalate = escalation(rule, &piece, &mut failures);
    let before = rule.before.iter().filter(|it| holds(it, &piece, &mut failures)).collect();
    let call = call(step, &piece, &mut failures);
    Some(Advice { piece, rule, step, before, call, escalate, failures })
}

/// Where the rule turns with that text when the step did not help.
pub fn escalation<'a>(
    rule: &'a TextRule,
    piece: &Piece,
    failures: &mut Vec<Failed>,
) -> Option<Escalation<'a>> {
    let row = rule.escalate.iter().find(|it| holds(it, piece, failures))?;
    Some((row, call(row, piece, failures)))
}

/// What the rule names in that text.
pub fn named(rule: &TextRule, piece: &Piece, failures: &mut Vec<Failed>) -> Named {
    let mut filled = |(name, template): &(Arc<str>, Template)| {
        Some((Arc::clone(name), filled(template, piece, failures)?))
    };
    let labels = rule.labels.iter().filter_map(&mut filled).collect();
    Named { labels, annotations: rule.annotations.iter().filter_map(filled).collect() }
}

fn holds(row: &Row, piece: &Piece, failures: &mut Vec<Failed>) -> bool {
    let holds = |it: &Condition| {
        it.holds(piece).unwrap_or_else(|failed| {
            failures.push(failed);
            false
        })
    };
    row.when.as_ref().is_none_or(holds)
}

fn call(row: &Row, piece: &Piece, failures: &mut Vec<Failed>) -> Option<String> {
    filled(row.call.as_ref()?, piece, failures)
}

/// None where it is empty.
fn filled(template: &Template, piece: &Piece, failures: &mut Vec<Failed>) -> Option<String> {
    match template.render(piece) {
        Ok(told) => Some(told.trim().to_owned()).filter(|it| !it.is_empty()),
        Err(failed) => {
            failures.push(failed);
            None
        }
    }
}

/// Beside the text and the hour there is nothing, and the language of these rules asks for nothing.
impl View for Piece {
    fn now(&self) -> SystemTime {
        self.now
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
        Arc::clone(&self.text)
    }
}

#[cfg(test)]
mod tests;
