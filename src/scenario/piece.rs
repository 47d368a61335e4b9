//! The text that a case hands in, and the advice that must come of it: what `fingerpost explain` would
//! say at that hour.

use std::sync::Arc;
use std::time::SystemTime;

use crate::advice::{Advice, counsel};
use crate::config::key::scene::{SCENE_ADVICE, SCENE_ESCALATION};
use crate::config::reading::{Desk, Fields, Node, word};
use crate::plan::{Row, TextRule};
use crate::runbook::Link;
use crate::text::Text;

use super::compare::{Miss, normal};
use super::read::named;
use super::written::{Case, Expect, Named};

/// An advice, as far as it matters. They are expected in the order in which they are told: on the
/// whole text, then on each region by its name.
#[derive(Clone, Debug, Default)]
pub(super) struct WrittenAdvice {
    /// The rule that knows the text.
    pub rule: Option<Named>,
    /// The region it is about.
    pub region: Option<String>,
    pub page: Option<String>,
    pub step: Option<String>,
    /// Whom to call, `""` for nobody.
    pub call: Option<String>,
    /// What to know before, `""` for nothing.
    pub note: Option<String>,
    /// Exactly these pages are named ahead.
    pub before: Option<Vec<String>>,
    /// Exactly these pages are named with the step.
    pub also: Option<Vec<String>>,
    /// Where to turn when that does not help.
    pub escalate: Option<WrittenEscalation>,
}

/// The row to go on with.
#[derive(Clone, Debug, Default)]
pub(super) struct WrittenEscalation {
    pub page: Option<String>,
    pub step: Option<String>,
    pub call: Option<String>,
}

/// The text of a case. It proves nothing without an advice that must come of it, nor one without it.
pub(super) fn text(fields: &Fields<'_>, expect: &[Expect], desk: &mut Desk) -> Option<String> {
    let text = fields.text("text", desk).map(str::to_owned);
    let is_awaited = expect.iter().any(|it| it.advice.is_some());
    let span = |key: &str| fields.key_span(key).unwrap_or(&fields.span);
    match (&text, is_awaited) {
        (Some(_), false) => desk.error(
            span("text"),
            "nothing is expected of the text",
            "write `advice:` under an entry of `expect`",
        ),
        (None, true) => {
            desk.error(span("expect"), "there is no text to give advice on", "write `text:` beside `expect`");
        }
        (Some(_), true) | (None, false) => {}
    }
    text
}

/// The entries of `advice`.
pub(super) fn advice(list: &Node, desk: &mut Desk) -> Vec<WrittenAdvice> {
    let mut all = Vec::new();
    for entry in word::list(list, desk) {
        let fields = Fields::of(entry, &SCENE_ADVICE, desk);
        let pages = |key: &str, desk: &mut Desk| {
            let all = fields.get(key).map(|it| word::list(it, desk))?;
            Some(all.iter().filter_map(|it| word::text(it, desk).map(str::to_owned)).collect())
        };
        let (before, also) = (pages("before", desk), pages("also", desk));
        let escalate = fields.get("escalate").map(|it| {
            let fields = Fields::of(it, &SCENE_ESCALATION, desk);
            let mut text = |key: &str| fields.text(key, desk).map(str::to_owned);
            WrittenEscalation { page: text("page"), step: text("step"), call: text("call") }
        });
        let rule = fields.get("rule").and_then(|it| named(it, desk));
        let mut text = |key: &str| fields.text(key, desk).map(str::to_owned);
        let (region, page, step) = (text("region"), text("page"), text("step"));
        let (call, note) = (text("call"), text("note"));
        all.push(WrittenAdvice { rule, region, page, step, call, note, before, also, escalate });
    }
    all
}

/// None where all is as expected.
pub(super) fn compare(
    case: &Case,
    expect: &Expect,
    rules: &[Arc<TextRule>],
    now: SystemTime,
) -> Option<Miss> {
    let (text, wanted) = case.text.as_ref().zip(expect.advice.as_ref())?;
    let text = Arc::new(Text::new(text));
    let counsel = counsel(rules, &text, now);
    let whole = counsel.whole.iter().map(|it| ("", it));
    let there = whole.chain(counsel.regions.iter().map(|(name, it)| (name.as_str(), it)));
    let there: Vec<Lines> = there.map(|(region, it)| got(region, it)).collect();
    let wanted: Vec<Lines> = wanted.iter().map(expected).collect();
    let is_wanted = |(wanted, there): (&Lines, &Lines)| wanted.iter().all(|it| there.contains(it));
    let matched = wanted.len() == there.len() && wanted.iter().zip(&there).all(is_wanted);
    let told =
        |all: Vec<Lines>| all.into_iter().flatten().map(|(name, it)| format!("{name}: {it}")).collect();
    (!matched).then(|| Miss { at: expect.at, state: "advice", expected: told(wanted), got: told(there) })
}

/// What is said of one advice, by names that are in both columns.
type Lines = Vec<(&'static str, String)>;

fn expected(it: &WrittenAdvice) -> Lines {
    let pages = |it: &Option<Vec<String>>| {
        it.as_ref().map(|all| all.iter().map(|it| link(it)).collect::<Vec<_>>().join(" "))
    };
    let escalate = it.escalate.clone().unwrap_or_default();
    let page = |it: Option<String>| it.map(|it| normal(&it));
    let lines = [
        ("rule", it.rule.as_ref().map(|it| it.text.clone())),
        ("region", it.region.clone()),
        ("page", page(it.page.clone())),
        ("step", it.step.clone()),
        ("call", it.call.clone()),
        ("note", it.note.clone()),
        ("before", pages(&it.before)),
        ("also", pages(&it.also)),
        ("escalate page", page(escalate.page)),
        ("escalate step", escalate.step),
        ("escalate call", escalate.call),
    ];
    lines.into_iter().filter_map(|(name, it)| Some((name, it?))).collect()
}

fn got(region: &str, it: &Advice<'_>) -> Lines {
    let row = |it: &Row| (it.page.to_string(), it.anchor.as_deref().unwrap_or_default().to_owned());
    let (page, step) = row(it.step);
    let before = it.before.iter().map(|it| told(it));
    let ahead = it.before.iter().flat_map(|it| &it.also);
    let also = ahead.chain(&it.step.also).map(ToString::to_string);
    let mut lines = vec![
        ("rule", it.rule.name.to_string()),
        ("region", region.to_owned()),
        ("page", page),
        ("step", step),
        ("call", it.call.clone().unwrap_or_default()),
        ("note", it.step.note.as_deref().unwrap_or_default().to_owned()),
        ("before", before.collect::<Vec<_>>().join(" ")),
        ("also", also.collect::<Vec<_>>().join(" ")),
    ];
    if let Some((next, call)) = &it.escalate {
        let (page, step) = row(next);
        lines.extend([("escalate page", page), ("escalate step", step)]);
        lines.push(("escalate call", call.clone().unwrap_or_default()));
    }
    lines
}

fn told(row: &Row) -> String {
    row.anchor.as_deref().map_or_else(|| row.page.to_string(), |it| format!("{}#{it}", row.page))
}

/// A link the way the runbook has it; as written where it is none.
fn link(written: &str) -> String {
    Link::parse(written).map_or_else(|_| written.to_owned(), |it| it.to_string())
}
