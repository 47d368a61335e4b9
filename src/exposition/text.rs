//! The Prometheus text format 0.0.4 with the quoted names of 1.0.0, as the scrape parser reads it:
//! blanks between tokens are free, commas are optional, and a quoted string may run over the end of
//! its line.

use super::braces::{self, BraceRule};
use super::comment::Comment;
use super::cursor::{BLANK, Cursor, METRIC_NAME, QuoteRule, Read, Span, Stop, TEXT_VALUE};
use super::flaw::FlawKind;
use super::number;
use super::series::Series;
use super::{Entry, Limits};

/// Reads one entry: a line, or several where a quoted string has line feeds.
#[inline]
pub(super) fn entry(cursor: &mut Cursor<'_>, series: &mut Series, limits: &Limits) -> Read<Entry> {
    cursor.skip(BLANK);
    match cursor.peek()? {
        b'#' => {
            cursor.at += 1;
            comment(cursor)
        }
        byte if byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') => {
            series.clear();
            let name = cursor.name(METRIC_NAME)?;
            braces::set_metric(cursor, series, limits, name)?;
            cursor.skip(BLANK);
            if cursor.peek()? == b'{' {
                cursor.at += 1;
                BRACES.read(cursor, series, limits)?;
            }
            sample(cursor, series)
        }
        b'{' => {
            series.clear();
            cursor.at += 1;
            BRACES.read(cursor, series, limits)?;
            if series.metric().is_none() {
                cursor.at -= 1;
                return Err(cursor.flaw(FlawKind::MetricNameMissing));
            }
            sample(cursor, series)
        }
        b'\n' => {
            cursor.at += 1;
            Ok(Entry::Other)
        }
        // Prometheus stops here and calls what it has read a good scrape.
        0 => Ok(Entry::End),
        b'\r' => Err(cursor.flaw(FlawKind::CarriageReturn)),
        _ => Err(cursor.no_line_start()),
    }
}

/// Reads what follows a name and its labels: a value, perhaps a timestamp, and the line feed.
#[inline]
fn sample(cursor: &mut Cursor<'_>, series: &mut Series) -> Read<Entry> {
    cursor.skip(BLANK);
    number::value(cursor, TEXT_VALUE)?;
    cursor.skip(BLANK);
    if cursor.peek()? != b'\n' {
        timestamp(cursor)?;
    }
    cursor.at += 1;
    cursor.overrun = None;
    series.check(cursor.bytes)?;
    Ok(Entry::Sample)
}

/// Reads a timestamp up to the line feed.
fn timestamp(cursor: &mut Cursor<'_>) -> Read<()> {
    let at = cursor.at;
    while cursor.peek()?.is_ascii_digit() {
        cursor.at += 1;
    }
    let digits = &cursor.bytes[at..cursor.at];
    match cursor.peek()? {
        b'\r' => return Err(cursor.flaw(FlawKind::CarriageReturn)),
        b'\n' | b' ' | b'\t' if number::fits_milliseconds(digits) => {}
        b'\n' | b' ' | b'\t' => return Err(Stop::Flaw { at, kind: FlawKind::TimestampRange }),
        _ => return Err(Stop::Flaw { at, kind: FlawKind::TimestampInvalid }),
    }
    cursor.skip(BLANK);
    if cursor.peek()? == b'\n' { Ok(()) } else { Err(cursor.flaw(FlawKind::SampleEnd)) }
}

/// Reads a line from behind its `#`. A comment that is neither HELP nor TYPE may hold anything.
fn comment(cursor: &mut Cursor<'_>) -> Read<Entry> {
    let start = cursor.at;
    cursor.skip(BLANK);
    if cursor.at == start {
        // Here the lexer takes a NUL byte for the end of the body.
        cursor.comment = Some(Comment::UpToNul);
        let is_end = cursor.line()?.contains(&0);
        return Ok(if is_end { Entry::End } else { Entry::Other });
    }
    match cursor.peek()? {
        b'H' if keyword(cursor, b"HELP")? => {
            let name = metadata_name(cursor)?;
            let text = cursor.at + 1;
            cursor.comment = Some(Comment::Help { name, text, at: text });
            metadata(cursor, name, help)
        }
        b'T' if keyword(cursor, b"TYPE")? => {
            let name = metadata_name(cursor)?;
            metadata(cursor, name, metric_type)
        }
        0 => Ok(Entry::End),
        _ => {
            cursor.comment = Some(Comment::Free);
            cursor.line().map(|_| Entry::Other)
        }
    }
}

/// Takes a keyword and the blanks behind it. Without them it is a word in some comment.
fn keyword(cursor: &mut Cursor<'_>, word: &[u8]) -> Read<bool> {
    if !cursor.word(word)? || !matches!(cursor.peek()?, b' ' | b'\t') {
        return Ok(false);
    }
    while matches!(cursor.peek()?, b' ' | b'\t' | 0) {
        cursor.at += 1;
    }
    Ok(true)
}

/// Reads the name behind HELP or TYPE.
fn metadata_name(cursor: &mut Cursor<'_>) -> Read<Span> {
    let name = match cursor.peek()? {
        b'"' => cursor.quoted(NAME)?,
        byte if byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') => cursor.name(METRIC_NAME)?,
        _ => return Err(cursor.flaw(FlawKind::MetadataName)),
    };
    if cursor.peek()? == 0 {
        return Err(cursor.flaw(FlawKind::MetadataText));
    }
    Ok(name)
}

/// Asks `judge` about the text behind the name: the rest of the line but the one byte that parts it
/// from the name, whichever that is.
fn metadata(cursor: &mut Cursor<'_>, name: Span, judge: fn(&[u8]) -> Option<FlawKind>) -> Read<Entry> {
    let start = cursor.at;
    let line = cursor.line()?;
    match judge(line.get(1..).unwrap_or_default()) {
        None => Ok(Entry::Metadata { name }),
        Some(FlawKind::CarriageReturn) => {
            Err(Stop::Flaw { at: start + line.len() - 1, kind: FlawKind::CarriageReturn })
        }
        Some(kind) => Err(Stop::Flaw { at: start + line.len().min(1), kind }),
    }
}

fn help(text: &[u8]) -> Option<FlawKind> {
    // A text of blanks alone is dropped before it is looked at; it is ASCII, so nothing is lost.
    std::str::from_utf8(text).is_err().then_some(FlawKind::HelpUtf8)
}

fn metric_type(text: &[u8]) -> Option<FlawKind> {
    match text {
        b"counter" | b"gauge" | b"histogram" | b"summary" | b"untyped" => None,
        [.., b'\r'] => Some(FlawKind::CarriageReturn),
        _ => Some(FlawKind::TypeUnknown),
    }
}

const BRACES: BraceRule = BraceRule {
    blanks: true,
    commas: false,
    metric_inside: true,
    name: NAME,
    value: QuoteRule { line_feeds: true, nuls: true, open: FlawKind::LabelValueOpen },
};

const NAME: QuoteRule = QuoteRule { line_feeds: true, nuls: false, open: FlawKind::NameOpen };
