//! OpenMetrics 1.0.0 with quoted names, as the scrape parser reads it: one space between tokens, no
//! blank lines, no free comments, exemplars, and `# EOF` at the end.

use super::braces::{self, BraceRule};
use super::comment::Comment;
use super::cursor::{Cursor, METRIC_NAME, NUL, OPEN_METRICS_VALUE, QuoteRule, Read, Span, Stop};
use super::flaw::FlawKind;
use super::number::{self, Float};
use super::series::Series;
use super::{Entry, Limits};

/// Reads one entry: a line, or several where a quoted name has line feeds.
#[inline]
pub(super) fn entry(
    cursor: &mut Cursor<'_>,
    series: &mut Series,
    exemplar: &mut Series,
    limits: &Limits,
) -> Read<Entry> {
    series.clear();
    match cursor.peek()? {
        b'#' => return comment(cursor),
        byte if byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') => {
            let name = cursor.name(METRIC_NAME)?;
            braces::set_metric(cursor, series, limits, name)?;
            if cursor.peek()? == b'{' {
                cursor.at += 1;
                BRACES.read(cursor, series, limits)?;
            }
        }
        b'{' => {
            cursor.at += 1;
            BRACES.read(cursor, series, limits)?;
            if series.metric().is_none() {
                cursor.at -= 1;
                return Err(cursor.flaw(FlawKind::MetricNameMissing));
            }
        }
        b'\n' => return Err(cursor.flaw(FlawKind::BlankLine)),
        b'\r' => return Err(cursor.flaw(FlawKind::CarriageReturn)),
        _ => return Err(cursor.no_line_start()),
    }
    value(cursor)?;
    if cursor.peek()? == b' ' && !is_exemplar(cursor)? {
        timestamp(cursor)?;
    }
    if cursor.peek()? == b' ' {
        read_exemplar(cursor, exemplar, limits)?;
    }
    cursor.expect(b'\n', FlawKind::SampleEnd)?;
    cursor.overrun = None;
    series.check(cursor.bytes)?;
    Ok(Entry::Sample)
}

#[inline]
fn value(cursor: &mut Cursor<'_>) -> Read<()> {
    cursor.expect(b' ', FlawKind::ValueMissing)?;
    number::value(cursor, OPEN_METRICS_VALUE)
}

fn timestamp(cursor: &mut Cursor<'_>) -> Read<()> {
    cursor.expect(b' ', FlawKind::SampleEnd)?;
    let at = cursor.at;
    let token = cursor.token(OPEN_METRICS_VALUE, FlawKind::SampleEnd)?;
    let (at, kind) = match number::float(token) {
        Float::Finite => return Ok(()),
        Float::TooLarge => (at, FlawKind::TimestampRange),
        Float::Invalid if token.ends_with(b"\r") => (cursor.at - 1, FlawKind::CarriageReturn),
        Float::Special | Float::Invalid => (at, FlawKind::TimestampInvalid),
    };
    Err(Stop::Flaw { at, kind })
}

/// Whether the space here is followed by the hash of an exemplar, which no number begins with.
#[inline]
fn is_exemplar(cursor: &Cursor<'_>) -> Read<bool> {
    match cursor.bytes.get(cursor.at + 1) {
        Some(&byte) => Ok(byte == b'#'),
        None => Err(Stop::Short { at: cursor.bytes.len(), kind: FlawKind::EofMissing }),
    }
}

/// Reads ` # {labels} value` and perhaps a timestamp. What a store refuses of exemplars fails no scrape.
fn read_exemplar(cursor: &mut Cursor<'_>, labels: &mut Series, limits: &Limits) -> Read<()> {
    cursor.expect(b' ', FlawKind::SampleEnd)?;
    for byte in *b"# {" {
        let kind = if byte == b'#' { FlawKind::SampleEnd } else { FlawKind::Exemplar };
        cursor.expect(byte, kind)?;
    }
    labels.clear();
    EXEMPLAR_BRACES.read(cursor, labels, limits)?;
    value(cursor)?;
    if cursor.peek()? == b' ' { timestamp(cursor) } else { Ok(()) }
}

/// Reads HELP, TYPE, UNIT or EOF from their hash on.
fn comment(cursor: &mut Cursor<'_>) -> Read<Entry> {
    let start = cursor.at;
    cursor.at += 1;
    let unknown = Stop::Flaw { at: start, kind: FlawKind::Comment };
    if cursor.peek()? != b' ' {
        return Err(unknown);
    }
    cursor.at += 1;
    let word: &[u8] = match cursor.peek()? {
        b'H' => b"HELP",
        b'T' => b"TYPE",
        b'U' => b"UNIT",
        b'E' => b"EOF",
        _ => return Err(unknown),
    };
    if !cursor.word(word)? {
        return Err(unknown);
    }
    if word == b"EOF" {
        return Ok(Entry::End);
    }
    if cursor.peek()? != b' ' {
        return Err(unknown);
    }
    cursor.at += 1;
    cursor.skip(NUL);
    metadata(cursor, word)
}

fn metadata(cursor: &mut Cursor<'_>, word: &[u8]) -> Read<Entry> {
    let name = match cursor.peek()? {
        b'"' => cursor.quoted(NAME)?,
        byte if byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') => cursor.name(METRIC_NAME)?,
        _ => return Err(cursor.flaw(FlawKind::MetadataName)),
    };
    cursor.expect(b' ', FlawKind::MetadataText)?;
    let at = cursor.at;
    if word == b"HELP" {
        cursor.comment = Some(Comment::Help { name, text: at, at });
    }
    let text = cursor.line()?;
    let flaw = match word {
        b"HELP" => help(text),
        b"TYPE" => metric_type(text),
        _ => unit(cursor.bytes, name, text),
    };
    match flaw {
        Some(FlawKind::CarriageReturn) => {
            Err(Stop::Flaw { at: at + text.len() - 1, kind: FlawKind::CarriageReturn })
        }
        Some(kind) => Err(Stop::Flaw { at, kind }),
        None if word == b"HELP" => Ok(Entry::Help { name }),
        None => Ok(Entry::Metadata { name }),
    }
}

fn help(text: &[u8]) -> Option<FlawKind> {
    std::str::from_utf8(text).is_err().then_some(FlawKind::HelpUtf8)
}

fn metric_type(text: &[u8]) -> Option<FlawKind> {
    match text {
        b"counter" | b"gauge" | b"histogram" | b"gaugehistogram" | b"summary" | b"info" | b"stateset"
        | b"unknown" => None,
        [.., b'\r'] => Some(FlawKind::CarriageReturn),
        _ => Some(FlawKind::TypeUnknown),
    }
}

fn unit(bytes: &[u8], name: Span, unit: &[u8]) -> Option<FlawKind> {
    let before = bytes[name.start..name.end].strip_suffix(unit);
    if unit.is_empty() || before.is_some_and(|before| before.ends_with(b"_")) {
        return None;
    }
    Some(if unit.ends_with(b"\r") { FlawKind::CarriageReturn } else { FlawKind::UnitSuffix })
}

const BRACES: BraceRule = BraceRule {
    blanks: false,
    commas: true,
    metric_inside: true,
    name: NAME,
    value: QuoteRule { line_feeds: false, nuls: true, open: FlawKind::LabelValueOpen },
};

const EXEMPLAR_BRACES: BraceRule = BraceRule {
    blanks: false,
    commas: true,
    metric_inside: false,
    name: QuoteRule { line_feeds: false, nuls: false, open: FlawKind::NameOpen },
    value: QuoteRule { line_feeds: false, nuls: false, open: FlawKind::LabelValueOpen },
};

const NAME: QuoteRule = QuoteRule { line_feeds: true, nuls: false, open: FlawKind::NameOpen };
