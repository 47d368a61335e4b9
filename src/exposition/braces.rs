//! What stands between `{` and `}`. Three places have it, with rules of their own: the text format,
//! OpenMetrics, and the exemplars of OpenMetrics.

use super::Limits;
use super::cursor::{BLANK, Cursor, LABEL_NAME, NUL, QuoteRule, Read, Span, Stop};
use super::flaw::FlawKind;
use super::series::{Series, is_utf8, unescaped_bytes};

/// How labels are written in one of the three places.
#[derive(Debug, Clone, Copy)]
pub(super) struct BraceRule {
    /// Spaces and tabs may stand between tokens.
    pub(super) blanks: bool,
    /// Something must stand between two labels: a comma.
    pub(super) commas: bool,
    /// A quoted string without a value is the metric's name.
    pub(super) metric_inside: bool,
    pub(super) name: QuoteRule,
    pub(super) value: QuoteRule,
}

impl BraceRule {
    /// Reads from behind the opening brace to behind the closing one. The labels go into `series`.
    #[inline]
    pub(super) fn read(&self, cursor: &mut Cursor<'_>, series: &mut Series, limits: &Limits) -> Read<()> {
        loop {
            self.skip_blanks(cursor);
            let first = cursor.peek()?;
            let name = match first {
                b'}' => break,
                b'"' => cursor.quoted(self.name)?,
                _ if first.is_ascii_alphabetic() || first == b'_' => cursor.name(LABEL_NAME)?,
                _ => return Err(cursor.flaw(FlawKind::LabelName)),
            };
            self.skip_blanks(cursor);
            let next = cursor.peek()?;
            if first == b'"' && self.metric_inside && matches!(next, b',' | b'}') {
                set_metric(cursor, series, limits, name)?;
                if next == b'}' {
                    break;
                }
                cursor.at += 1;
                continue;
            }
            self.label(cursor, series, limits, name)?;
            self.skip_blanks(cursor);
            match cursor.peek()? {
                b',' => cursor.at += 1,
                b'}' => break,
                _ if self.commas => return Err(cursor.flaw(FlawKind::LabelComma)),
                _ => {}
            }
        }
        cursor.at += 1;
        Ok(())
    }

    /// Reads the equals sign and the value of a label.
    #[inline]
    fn label(&self, cursor: &mut Cursor<'_>, series: &mut Series, limits: &Limits, name: Span) -> Read<()> {
        cursor.expect(b'=', FlawKind::LabelEquals)?;
        if self.blanks {
            skip_blanks_and_nuls(cursor);
        }
        if cursor.peek()? != b'"' {
            return Err(cursor.flaw(FlawKind::LabelValue));
        }
        let value = cursor.quoted(self.value)?;
        if !is_utf8(cursor.bytes, value) {
            return Err(Stop::Flaw { at: value.start, kind: FlawKind::LabelValueUtf8 });
        }
        if series.is_full(limits) {
            return Err(Stop::Flaw { at: name.start, kind: FlawKind::LabelLimit });
        }
        if is_longer(cursor, name, limits.label_name_bytes_max) {
            return Err(Stop::Flaw { at: name.start, kind: FlawKind::LabelNameLimit });
        }
        if is_longer(cursor, value, limits.label_value_bytes_max) {
            return Err(Stop::Flaw { at: value.start, kind: FlawKind::LabelValueLimit });
        }
        series.add(name, value);
        Ok(())
    }

    #[inline]
    fn skip_blanks(&self, cursor: &mut Cursor<'_>) {
        if self.blanks {
            cursor.skip(BLANK);
        }
    }
}

/// Takes the metric's name, wherever it stood, unless there is one already.
#[inline]
pub(super) fn set_metric(cursor: &Cursor<'_>, series: &mut Series, limits: &Limits, name: Span) -> Read<()> {
    if series.metric().is_some() {
        return Err(Stop::Flaw { at: name.start, kind: FlawKind::MetricNameTwice });
    }
    if is_longer(cursor, name, limits.label_value_bytes_max) {
        return Err(Stop::Flaw { at: name.start, kind: FlawKind::LabelValueLimit });
    }
    series.set_metric(name);
    Ok(())
}

#[inline]
fn is_longer(cursor: &Cursor<'_>, span: Span, bytes_max: usize) -> bool {
    span.end - span.start > bytes_max && unescaped_bytes(cursor.bytes, span) > bytes_max
}

/// Where a value is expected Prometheus's lexer steps over NUL bytes that follow a blank.
fn skip_blanks_and_nuls(cursor: &mut Cursor<'_>) {
    let start = cursor.at;
    cursor.skip(BLANK);
    if cursor.at > start {
        cursor.skip(BLANK | NUL);
    }
}
