//! Single values: texts, switches, numbers, durations, sizes, patterns, names.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use url::Url;

use super::desk::Desk;
use super::raw::{BINARY, Entry, Node, Scalar, Value, refuse_tag};
use super::veil::without_credentials;
use crate::condition;
use crate::labels::is_label_name;
use crate::spec::JsonCondition;

/// A name, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) text: Arc<str>,
    pub(crate) span: Range<usize>,
}

impl Word {
    /// A name is a text of its own that a person can read on one line.
    pub(crate) fn read(node: &Node, desk: &mut Desk) -> Option<Self> {
        let it = text(node, desk)?;
        Self::new(it, &node.span, desk)
    }

    pub(crate) fn new(text: &str, span: &Range<usize>, desk: &mut Desk) -> Option<Self> {
        if text.trim().is_empty() || text.len() > NAME_BYTES_MAX || text.chars().any(char::is_control) {
            let help = format!("a name is one line of 1 to {NAME_BYTES_MAX} bytes");
            desk.error(span, "this is no name", help);
            return None;
        }
        Some(Self { text: text.into(), span: span.clone() })
    }
}

/// What a duration may be.
pub(crate) struct Bounds {
    /// Whether `0s` may stand there, and then means none.
    pub(crate) zero: bool,
    pub(crate) shortest: Duration,
    pub(crate) longest: Duration,
}

impl Bounds {
    pub(crate) const fn new(shortest: Duration, longest: Duration) -> Self {
        Self { zero: false, shortest, longest }
    }

    pub(crate) const fn or_zero(self) -> Self {
        Self { zero: true, ..self }
    }
}

pub(crate) const HOUR: Duration = Duration::from_hours(1);
pub(crate) const DAY: Duration = Duration::from_hours(24);
pub(crate) const MONTH: Duration = Duration::from_hours(30 * 24);

/// Any scalar's text, whatever it looks like: `5`, `true` and `"x"` are texts.
pub(crate) fn text<'a>(node: &'a Node, desk: &mut Desk) -> Option<&'a str> {
    match &node.value {
        Value::Scalar(it) => {
            if let Some(place) = &it.binary {
                refuse_tag(BINARY, place, desk);
            }
            Some(&it.text)
        }
        Value::Null => {
            desk.error(&node.span, "a text is missing here", "write one, or `\"\"` for an empty one");
            None
        }
        Value::List(_) | Value::Map(_) => {
            let help = "put it between quotes: without them `{` begins a map and `[` a list";
            desk.error(&first_line(node, desk), "a text is wanted here", help);
            None
        }
    }
}

/// Bytes: those of a text, or with the tag `!!binary` those that the text means as base64.
pub(crate) fn bytes(node: &Node, desk: &mut Desk) -> Option<Vec<u8>> {
    let Value::Scalar(Scalar { text, binary: Some(_), .. }) = &node.value else {
        return text(node, desk).map(|it| it.as_bytes().to_vec());
    };
    let found = base64(text);
    if found.is_none() {
        let help = "letters, digits, `+` and `/`, four by four, the last ones filled up with `=`";
        desk.error(&first_line(node, desk), "this is not base64", help);
    }
    found
}

/// Whether a value has the tag `!!binary`.
pub(crate) fn is_binary(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(Scalar { binary: Some(_), .. }))
}

/// What base64 means; white space in it means nothing.
fn base64(text: &str) -> Option<Vec<u8>> {
    let signs: Vec<u8> = text.bytes().filter(|it| !it.is_ascii_whitespace()).collect();
    let bare = signs.strip_suffix(b"==").or_else(|| signs.strip_suffix(b"=")).unwrap_or(&signs);
    if !signs.len().is_multiple_of(4) {
        return None;
    }
    let (mut bytes, mut bits, mut held) = (Vec::with_capacity(bare.len()), 0, 0_u32);
    for sign in bare {
        let six = BASE64.iter().position(|it| it == sign)?;
        held = (held << 6) | u32::try_from(six).expect("there are 64 of them");
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).expect("eight bits are a byte"));
        }
    }
    Some(bytes)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn flag(node: &Node, desk: &mut Desk) -> Option<bool> {
    let said = match &node.value {
        Value::Scalar(Scalar { text, plain: true, .. }) => truth(text),
        Value::Scalar(_) | Value::Null | Value::List(_) | Value::Map(_) => None,
    };
    if said.is_none() {
        desk.error(
            &first_line(node, desk),
            "this is neither true nor false",
            "write `true` or `false` without quotes",
        );
    }
    said
}

pub(crate) fn is_false(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(Scalar { text, plain: true, .. }) if truth(text) == Some(false))
}

/// The exporter takes the words of YAML 1.1 where a switch is wanted.
fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => Some(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => Some(false),
        _ => None,
    }
}

pub(crate) fn number(node: &Node, range: &RangeInclusive<u64>, desk: &mut Desk) -> Option<u64> {
    let found = match &node.value {
        Value::Scalar(Scalar { text, plain: true, .. }) => text.parse::<u64>().ok(),
        Value::Scalar(_) | Value::Null | Value::List(_) | Value::Map(_) => None,
    };
    let found = found.filter(|it| range.contains(it));
    if found.is_none() {
        let help = match (range.start(), range.end()) {
            (least, &u64::MAX) => format!("write a whole number from {least} on, without quotes"),
            (least, most) => format!("write a whole number from {least} to {most}, without quotes"),
        };
        desk.error(&first_line(node, desk), "this is not a number that can stand here", help);
    }
    found
}

pub(crate) fn list<'a>(node: &'a Node, desk: &mut Desk) -> &'a [Arc<Node>] {
    match &node.value {
        Value::List(items) => items,
        Value::Null => &[],
        Value::Scalar(it) => {
            desk.error(
                &first_line(node, desk),
                "a list is wanted here",
                format!("write `[{}]`", it.text.trim()),
            );
            &[]
        }
        Value::Map(_) => {
            desk.error(&first_line(node, desk), "a list is wanted here", "begin each entry with `- `");
            &[]
        }
    }
}

pub(crate) fn map<'a>(node: &'a Node, desk: &mut Desk) -> &'a [Entry] {
    match &node.value {
        Value::Map(entries) => entries,
        Value::Null => &[],
        Value::Scalar(_) | Value::List(_) => {
            let help = "write `name: value` lines, indented, without `- ` before them";
            desk.error(&first_line(node, desk), "a map of names is wanted here", help);
            &[]
        }
    }
}

/// A duration as Go or Prometheus writes it: `1m30s`, `500ms`, `1h`, `1d`.
pub(crate) fn duration(node: &Node, bounds: &Bounds, desk: &mut Desk) -> Option<Duration> {
    let text = text(node, desk)?.trim();
    let found = match parse_duration(text) {
        Ok(found) => found,
        Err((title, help)) => {
            desk.error(&node.span, title, help);
            return None;
        }
    };
    let shown = |it| humantime::format_duration(it).to_string().replace(' ', "");
    if found.is_zero() && bounds.zero {
        return Some(found);
    }
    if found < bounds.shortest {
        let title = format!("`{text}` is too short");
        desk.error(&node.span, title, format!("the shortest that is taken is {}", shown(bounds.shortest)));
        return None;
    }
    if found > bounds.longest {
        let title = format!("`{text}` is too long");
        desk.error(&node.span, title, format!("the longest that is taken is {}", shown(bounds.longest)));
        return None;
    }
    Some(found)
}

fn parse_duration(text: &str) -> Result<Duration, (String, String)> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.parse::<f64>().is_ok() {
        let title = format!("`{text}` has no unit");
        return Err((title, format!("write `{text}s` for seconds, or `{text}m` for minutes")));
    }
    let units = text.split(|it: char| !it.is_alphabetic()).filter(|it| !it.is_empty());
    for unit in units {
        if matches!(unit, "M" | "month" | "months") {
            let help = "`m` is a minute, and a month is `30d`".to_owned();
            return Err((format!("`{unit}` is a month, and months differ"), help));
        }
        if matches!(unit, "y" | "yr" | "yrs" | "year" | "years") {
            return Err((format!("`{unit}` is a year, and years differ"), "write days: `365d`".to_owned()));
        }
    }
    humantime::parse_duration(text).map_err(|_| {
        let help = "write a number and one of `ms`, `s`, `m`, `h`, `d`, as in `1m30s`".to_owned();
        (format!("`{text}` is no duration"), help)
    })
}

/// Bytes, in units of base 2 as the exporter takes them; `0` is no limit.
pub(crate) fn size(node: &Node, desk: &mut Desk) -> Option<u64> {
    let written = text(node, desk)?.trim();
    if written == "0" {
        return Some(u64::MAX);
    }
    let digits = written.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let power = match &written[digits.len()..] {
        "B" => Some(0),
        "KB" | "KiB" => Some(10),
        "MB" | "MiB" => Some(20),
        "GB" | "GiB" => Some(30),
        "TB" | "TiB" => Some(40),
        _ => None,
    };
    let bytes =
        digits.trim().parse::<u64>().ok().zip(power).and_then(|(it, power)| it.checked_mul(1 << power));
    match bytes {
        Some(0) => Some(u64::MAX),
        Some(bytes) => Some(bytes),
        None => {
            let help = "write a whole number and one of `B`, `KB`, `MB`, `GB`, as in `10MB`; `0` is no limit";
            desk.error(&node.span, format!("`{written}` is no size"), help);
            None
        }
    }
}

/// A pattern of ours, not anchored; the caret stands where it goes wrong.
pub(crate) fn regex(node: &Node, desk: &mut Desk) -> Option<Regex> {
    let pattern = text(node, desk)?;
    Regex::new(pattern).map_err(|error| complain_of_regex(node, pattern, &error, desk)).ok()
}

pub(crate) fn complain_of_regex(node: &Node, pattern: &str, error: &regex::Error, desk: &mut Desk) {
    let told = error.to_string();
    let why = told.rsplit("error: ").next().unwrap_or(&told).trim().trim_end_matches('.').to_lowercase();
    // The crate draws its own caret, four columns to the right, under a pattern of one line.
    let caret = told.lines().nth(2).filter(|_| !pattern.contains('\n')).and_then(|line| {
        let first = line.find('^')?.checked_sub(4)?;
        let length = line.matches('^').count();
        let at = |nth: usize| pattern.char_indices().nth(nth).map_or(pattern.len(), |(at, _)| at);
        Some(at(first)..at(first + length))
    });
    let span = desk.inside(node, &caret.unwrap_or(0..pattern.len()));
    let help =
        "patterns are those of Go and Rust: no look-around, no back-references; `\\` takes a sign literally";
    desk.error(&span, format!("the pattern cannot be read: {why}"), help);
}

/// A condition on a JSON document; the carets stand where it goes wrong.
pub(super) fn json_condition(node: &Node, desk: &mut Desk) -> Option<JsonCondition> {
    let source = text(node, desk)?;
    condition::over_json(source).map_err(|mistakes| desk.mistakes(node, mistakes)).ok()
}

/// Whether a text is there and says nothing.
pub(crate) fn is_empty(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(it) if it.text.is_empty())
}

/// An http or https URL.
pub(crate) fn url(node: &Node, desk: &mut Desk) -> Option<Url> {
    let written = text(node, desk)?;
    let found =
        Url::parse(written).ok().filter(|it| matches!(it.scheme(), "http" | "https") && it.has_host());
    if found.is_none() {
        let title = format!("`{}` is no URL that can be called", without_credentials(written));
        desk.error(&node.span, title, "begin with `http://` or `https://` and a host");
    }
    found
}

pub(crate) fn label_name(node: &Node, desk: &mut Desk) -> Option<Arc<str>> {
    let name = text(node, desk)?;
    check_label_name(name, &node.span, desk).then(|| name.into())
}

pub(crate) fn check_label_name(name: &str, span: &Range<usize>, desk: &mut Desk) -> bool {
    let sound = is_label_name(name);
    if !sound {
        let near: String = name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
        let help = if is_label_name(&near) {
            format!("letters, digits and `_` make a label name: `{near}` would be one")
        } else {
            "letters, digits and `_` make a label name, and no digit begins it".to_owned()
        };
        desk.error(span, format!("`{name}` is not a label name"), help);
    }
    sound
}

/// A name that conditions can say: `scope.<name>`.
pub(crate) fn check_identifier(name: &str, span: &Range<usize>, desk: &mut Desk) -> bool {
    let sound = is_label_name(name);
    if !sound {
        let help = "letters, digits and `_` make a name, and no digit begins it";
        desk.error(span, format!("conditions cannot say the name `{name}`"), help);
    }
    sound
}

/// The part of a list or map that a caret can stand under.
fn first_line(node: &Node, desk: &Desk) -> Range<usize> {
    let text = desk.text();
    let written = text.get(node.span.clone()).unwrap_or_default();
    node.span.start..node.span.start + written.split('\n').next().unwrap_or_default().trim_end().len()
}

const NAME_BYTES_MAX: usize = 200;
