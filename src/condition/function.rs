//! The functions that an expression may call: CEL's own, those of its strings library, and ours.

use cel::common::types::{self, CelInt, CelString};
use cel::common::value::CowVal;
use cel::{Env, ExecutionError};

use super::kind::Kind;

/// A function: how it is called, what it gives, and what that is.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// What stands before the dot; none: it is called by its name alone.
    pub(super) on: Option<Kind>,
    pub(super) takes: &'static [Kind],
    pub(super) gives: Kind,
    pub(super) meaning: &'static str,
}

impl Function {
    /// How it is called, for the documentation: `text.contains(text)`.
    pub(super) fn signature(&self) -> String {
        let takes: Vec<&str> = self.takes.iter().map(|it| placeholder(*it)).collect();
        let before = self.on.map(|it| format!("{}.", placeholder(it))).unwrap_or_default();
        format!("{before}{}({})", self.name, takes.join(", "))
    }
}

/// The number that a text ends with; 0 where it ends with none. What is too great for an `int` is
/// the greatest there is.
pub(super) fn number_at_end(text: &str) -> i64 {
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    let digits = text[text.len() - digits..].trim_start_matches('0');
    if digits.is_empty() { 0 } else { digits.parse().unwrap_or(i64::MAX) }
}

/// Teaches the environment what CEL does not know.
pub(super) fn add_ours(env: &mut Env) {
    env.add_overload("number_at_end", "number_at_end_string", vec![types::STRING_TYPE], call_number_at_end)
        .expect("no other function has that name");
}

#[expect(clippy::needless_pass_by_value, reason = "so cel calls its functions")]
fn call_number_at_end<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let text = args.first().and_then(|it| it.downcast_ref::<CelString>());
    let text = text.ok_or_else(ExecutionError::missing_argument_or_target)?;
    Ok(CowVal::owned(CelInt::from(number_at_end(text.inner()))))
}

fn placeholder(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Cause | Kind::Phase => "text",
        Kind::Int | Kind::Double => "number",
        Kind::Duration => "duration",
        Kind::Timestamp => "time",
        Kind::List | Kind::Texts | Kind::Targets | Kind::Hops => "list",
        Kind::Map => "{label: text}",
        Kind::Any
        | Kind::Bool
        | Kind::Null
        | Kind::Labels
        | Kind::Target
        | Kind::Check
        | Kind::Hop
        | Kind::Tally
        | Kind::Causes
        | Kind::Distinct
        | Kind::Scopes
        | Kind::Checks
        | Kind::Queries
        | Kind::Facts
        | Kind::Fields
        | Kind::Alert
        | Kind::Joined => "value",
    }
}

/// What is called by its name alone.
const fn plain(name: &'static str, takes: &'static [Kind], gives: Kind, meaning: &'static str) -> Function {
    Function { name, on: None, takes, gives, meaning }
}

/// What is called on a value, after a dot.
const fn on(
    on: Kind,
    name: &'static str,
    takes: &'static [Kind],
    gives: Kind,
    meaning: &'static str,
) -> Function {
    Function { name, on: Some(on), takes, gives, meaning }
}

/// All of them. A function that takes different kinds has a row for each.
pub(super) const FUNCTIONS: &[Function] = {
    use Kind::{Any, Bool, Double, Duration, Int, List, Map, Targets, Text, Texts, Timestamp};
    &[
        plain("firing", &[Text], Bool, "whether an alert of that name fires"),
        plain(
            "firing",
            &[Text, Map],
            Bool,
            "whether an alert of that name fires that has all of these labels",
        ),
        plain("firing_prefix", &[Text], Bool, "whether an alert fires whose name begins with the text"),
        plain(
            "members",
            &[Text],
            Targets,
            "the readings of that probe's targets that have the labels of the alert's group; with `group_by`",
        ),
        plain("number_at_end", &[Text], Int, "the number that the text ends with; 0 where it ends with none"),
        plain("duration", &[Text], Duration, "a duration: '90s', '1h30m', '200ms'"),
        plain("timestamp", &[Text], Timestamp, "a point in time: '2026-01-31T23:59:00Z'"),
        plain("int", &[Any], Int, "the whole number of a text, a number or a point in time"),
        plain("double", &[Any], Double, "the number with a fraction of a text or a number"),
        plain("string", &[Any], Text, "the text of a number, a duration or a point in time"),
        plain("bool", &[Any], Bool, "the truth of 'true' and 'false'"),
        plain("size", &[Text], Int, "how many characters it has"),
        plain("size", &[List], Int, "how many elements it has"),
        plain("size", &[Map], Int, "how many entries it has"),
        plain("strings.quote", &[Text], Text, "it in double quotes and escaped, as PromQL wants it"),
        plain("matches", &[Text, Text], Bool, "whether the regular expression is found in the text"),
        on(Text, "matches", &[Text], Bool, "whether the regular expression is found in it"),
        on(Text, "contains", &[Text], Bool, "whether the other text is found in it"),
        on(Text, "startsWith", &[Text], Bool, "whether it begins so"),
        on(Text, "endsWith", &[Text], Bool, "whether it ends so"),
        on(Text, "size", &[], Int, "how many characters it has"),
        on(List, "size", &[], Int, "how many elements it has"),
        on(Map, "size", &[], Int, "how many entries it has"),
        on(Text, "charAt", &[Int], Text, "the character at that place, counted from 0"),
        on(
            Text,
            "indexOf",
            &[Text],
            Int,
            "where the other text begins, counted from 0; -1 where it is not there",
        ),
        on(Text, "indexOf", &[Text, Int], Int, "the same, looked for from that place on"),
        on(Text, "lastIndexOf", &[Text], Int, "where the other text begins for the last time; -1 for never"),
        on(Text, "lastIndexOf", &[Text, Int], Int, "the same, looked for up to that place"),
        on(Text, "lowerAscii", &[], Text, "it in small letters"),
        on(Text, "upperAscii", &[], Text, "it in capital letters"),
        on(Text, "trim", &[], Text, "it without the blanks around it"),
        on(Text, "replace", &[Text, Text], Text, "it with each first text replaced by the second"),
        on(Text, "replace", &[Text, Text, Int], Text, "the same, so many times"),
        on(Text, "split", &[Text], Texts, "its parts between the separators"),
        on(Text, "split", &[Text, Int], Texts, "the same, into so many parts at most"),
        on(Text, "substring", &[Int], Text, "the rest from that place on"),
        on(Text, "substring", &[Int, Int], Text, "what stands from the first place to before the second"),
        on(Text, "reverse", &[], Text, "it from its end to its beginning"),
        on(Text, "format", &[List], Text, "it with each %s, %d or %.1f filled in from the list"),
        on(List, "join", &[], Text, "its texts, one after the other"),
        on(List, "join", &[Text], Text, "its texts, with that between them"),
        on(Duration, "getHours", &[], Int, "its whole hours"),
        on(Duration, "getMinutes", &[], Int, "its whole minutes"),
        on(Duration, "getSeconds", &[], Int, "its whole seconds"),
        on(Duration, "getMilliseconds", &[], Int, "the milliseconds beyond its whole seconds"),
        on(Timestamp, "getFullYear", &[], Int, "its year, in UTC"),
        on(Timestamp, "getFullYear", &[Text], Int, "its year in that time zone: 'Europe/Berlin'"),
        on(Timestamp, "getMonth", &[], Int, "its month in UTC, January is 0"),
        on(Timestamp, "getMonth", &[Text], Int, "its month in that time zone, January is 0"),
        on(Timestamp, "getDate", &[], Int, "its day of the month in UTC, the first is 1"),
        on(Timestamp, "getDate", &[Text], Int, "its day of the month in that time zone, the first is 1"),
        on(Timestamp, "getDayOfMonth", &[], Int, "its day of the month in UTC, the first is 0"),
        on(
            Timestamp,
            "getDayOfMonth",
            &[Text],
            Int,
            "its day of the month in that time zone, the first is 0",
        ),
        on(Timestamp, "getDayOfWeek", &[], Int, "its day of the week in UTC, Sunday is 0"),
        on(Timestamp, "getDayOfWeek", &[Text], Int, "its day of the week in that time zone, Sunday is 0"),
        on(Timestamp, "getDayOfYear", &[], Int, "its day of the year in UTC, the first is 0"),
        on(Timestamp, "getDayOfYear", &[Text], Int, "its day of the year in that time zone, the first is 0"),
        on(Timestamp, "getHours", &[], Int, "its hour in UTC, 0 to 23"),
        on(Timestamp, "getHours", &[Text], Int, "its hour in that time zone, 0 to 23"),
        on(Timestamp, "getMinutes", &[], Int, "its minute in UTC, 0 to 59"),
        on(Timestamp, "getMinutes", &[Text], Int, "its minute in that time zone, 0 to 59"),
        on(Timestamp, "getSeconds", &[], Int, "its second, 0 to 59"),
        on(Timestamp, "getMilliseconds", &[], Int, "its millisecond, 0 to 999"),
    ]
};

/// What the grammar itself unfolds: loops, and the question whether there is something.
pub(super) const MACROS: &[(&str, &str)] = &[
    ("has", "has(checks.path)"),
    ("all", "list.all(it, it.failing)"),
    ("exists", "list.exists(it, it.failing)"),
    ("exists_one", "list.exists_one(it, it.failing)"),
    ("existsOne", "list.existsOne(it, it.failing)"),
    ("map", "list.map(it, it.address)"),
    ("filter", "list.filter(it, it.failing)"),
];
