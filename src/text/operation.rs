//! The message about an operation on a cluster's master that failed, as the chat shows it.

use std::ops::Range;
use std::sync::LazyLock;

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta};
use regex::Regex;

use super::entry::is_log_head;
use super::field::{Field, Fields};

/// A message, and what it says.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// The bytes of the text in which it stands.
    pub(super) span: Range<usize>,
    said: Vec<(Field, String)>,
    ended: Option<DateTime<FixedOffset>>,
}

impl Operation {
    /// Notes what it says.
    pub(super) fn fill(&self, fields: &mut Fields) {
        for (field, value) in &self.said {
            fields.put(*field, value.clone());
        }
    }
}

/// Every message, from the first to the last. A part that it lacks is none of its fields; the
/// asterisks may be gone, and any blank may be a line's end.
pub(super) fn find(text: &str) -> Vec<Operation> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(head) = HEAD.captures_at(text, from) {
        let start = head.get(0).expect("a match has its whole").start();
        let said_after = head.get(0).map_or(start, |it| it.start() + "FAILED".len());
        let end = end_of(text, start, said_after);
        let message = &text[start..end];
        let mut said: Vec<(Field, String)> =
            head.name("operation").map(|it| (Field::Operation, it.as_str().to_owned())).into_iter().collect();
        for (field, pattern) in PARTS.iter() {
            let value = pattern.captures(message).and_then(|it| Some(it.get(1)?.as_str()));
            let value =
                value.map(|it| shown(it).trim_end_matches(['.', ';'])).filter(|it| !it.ends_with(':'));
            said.extend(value.map(|it| (*field, it.to_owned())));
        }
        let ended = time_of(message);
        if let Some(ended) = ended {
            said.push((Field::Time, ended.to_rfc3339_opts(SecondsFormat::AutoSi, false)));
        }
        found.push(Operation { span: start..end, said, ended });
        from = end;
    }
    found
}

/// The fields of the message that is meant: the one of the request that the page names
/// (`request = <uuid>`), else the first.
pub(super) fn fill(text: &str, operations: &[Operation], fields: &mut Fields) {
    let paged = PAGED.captures(text).and_then(|it| Some(it.get(1)?.as_str()));
    let is_paged = |it: &&Operation| {
        it.said.iter().any(|(field, value)| *field == Field::Request && Some(value.as_str()) == paged)
    };
    if let Some(meant) = operations.iter().find(is_paged).or(operations.first()) {
        meant.fill(fields);
        fields.put(Field::Failures, most_in_an_hour(operations).to_string());
    }
    fields.put(Field::Request, paged.unwrap_or_default());
}

/// The message ends behind its last part; else where something else begins, or is likely to.
fn end_of(text: &str, start: usize, behind: usize) -> usize {
    let limit = text.floor_char_boundary((start + MESSAGE_BYTES_MAX).min(text.len()));
    let next = HEAD.find_at(text, behind).map_or(limit, |it| it.start());
    let limit = limit.min(next);
    let mut end = start;
    for line in text[start..limit].split_inclusive('\n') {
        let above = &text[start..end];
        // A wrapped message may have its own time at the begin of a line.
        let is_next = is_log_head(line) && above.split_whitespace().next_back() != Some("at");
        if !above.is_empty() && (line.trim().is_empty() || is_next) {
            break;
        }
        end += line.len();
    }
    LAST.find(&text[start..end]).map_or(end, |it| start + it.end())
}

/// What a chat shows of a link: `<http://10.0.0.1|10.0.0.1>`.
fn shown(value: &str) -> &str {
    let link = value.strip_prefix('<').and_then(|it| it.strip_suffix('>')).and_then(|it| it.split_once('|'));
    link.map_or(value, |(_, shown)| shown)
}

fn time_of(message: &str) -> Option<DateTime<FixedOffset>> {
    let written = TIME.captures(message)?.get(1)?.as_str();
    // `Z` and `+00:00` are taken besides the `+0000` of the messages.
    ["%Y-%m-%dT%H:%M:%S%.f%z", "%+"].iter().find_map(|form| DateTime::parse_from_str(written, form).ok())
}

/// How many ended within one hour, at most. One without a time counts by itself.
fn most_in_an_hour(operations: &[Operation]) -> usize {
    let mut times: Vec<_> = operations.iter().filter_map(|it| it.ended).collect();
    times.sort_unstable();
    let (mut first, mut most) = (0, 1);
    for (last, time) in times.iter().enumerate() {
        while *time - times[first] > TimeDelta::hours(1) {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?x)
        \b FAILED \b \*{0,2} \s+
        (?: \*{0,2} (?<operation> [A-Za-z][\w-]* ) \*{0,2} \s+ )?
        (?: on \s+ Carrier: | at \s+ [0-9]{4}-[0-9]{2}-[0-9]{2}T | - \s+ Region: )";
    Regex::new(pattern).expect("the pattern of a message's head is sound")
});

static PARTS: LazyLock<Vec<(Field, Regex)>> = LazyLock::new(|| {
    let value = r"\s*\*{0,2}([^\s*,()]+)";
    let labelled = [
        (Field::Carrier, "Carrier"),
        (Field::Region, "Region"),
        (Field::Cluster, "Cluster"),
        (Field::Master, "Master"),
        (Field::Bom, "BOM"),
        (Field::IsPaid, "IsPaid"),
        (Field::Request, "ReqID"),
        (Field::Attempts, "Attempts"),
        (Field::Elapsed, r"Elapsed\s+Time"),
    ];
    let labelled = labelled.map(|(field, label)| (field, format!(r"\b{label}:{value}")));
    let node = (Field::Node, r"Carrier:[^()]{0,300}\(([^()\s]+)\)".to_owned());
    let compiled = |pattern: &str| Regex::new(pattern).expect("the pattern of a message's part is sound");
    labelled.into_iter().chain([node]).map(|(field, pattern)| (field, compiled(&pattern))).collect()
});

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"\bat\s+([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9]{2}:?[0-9]{2}))";
    Regex::new(pattern).expect("the pattern of a message's time is sound")
});

/// The last part, with its unit where it stands there.
static LAST: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"Elapsed\s+Time:\s*\*{0,2}[^\s*,()]+\*{0,2}(?:\s+seconds\b)?";
    Regex::new(pattern).expect("the pattern of a message's end is sound")
});

static PAGED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)\brequest\s*[=:]\s*([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b";
    Regex::new(pattern).expect("the pattern of a page's request is sound")
});

const MESSAGE_BYTES_MAX: usize = 4096;
