//! Which format an answer's `Content-Type` promises, as Prometheus 3 decides it with Go's
//! `mime.ParseMediaType`: parameters must be well formed, and are otherwise ignored.

use super::Format;

/// What Prometheus 3 makes of a `Content-Type` where no fallback protocol is configured.
///
/// It asks only for a body that has bytes: an empty body of whatever type is an empty, good scrape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentType {
    /// A text format that [`Scan`](super::Scan) reads.
    Known(Format),
    /// Prometheus's protobuf format, which it takes and this program does not read.
    Protobuf,
    /// No header, or one without a value. Prometheus 3 refuses the scrape.
    Blank,
    /// Another media type, or a value that is no media type. Prometheus 3 refuses the scrape.
    Unsupported,
}

/// Chooses by the value of the first `Content-Type` header. Case does not matter, nor do `version`,
/// `charset` and `escaping`; a parameter that cannot be read makes the whole value unsupported.
pub fn format_of(content_type: Option<&str>) -> ContentType {
    let value = content_type.unwrap_or_default();
    if value.trim().is_empty() {
        return ContentType::Blank;
    }
    let (media, parameters) = value.split_at(value.find(';').unwrap_or(value.len()));
    if !parameters_are_readable(parameters) {
        return ContentType::Unsupported;
    }
    match media.trim().to_ascii_lowercase().as_str() {
        "text/plain" => ContentType::Known(Format::Text),
        "application/openmetrics-text" => ContentType::Known(Format::OpenMetrics),
        "application/vnd.google.protobuf" => ContentType::Protobuf,
        _ => ContentType::Unsupported,
    }
}

fn parameters_are_readable(mut rest: &str) -> bool {
    let mut seen: Vec<(String, String)> = Vec::new();
    while !rest.trim_start().is_empty() {
        let Some((name, value, after)) = parameter(rest) else {
            return rest.trim() == ";";
        };
        if seen.iter().any(|(other, old)| *other == name && *old != value) {
            return false;
        }
        seen.push((name, value));
        rest = after;
    }
    true
}

/// Takes `; name=value` off the front: the name in lower case, the value, and what follows.
fn parameter(text: &str) -> Option<(String, String, &str)> {
    let text = text.trim_start().strip_prefix(';')?.trim_start();
    let (name, text) = token(text)?;
    let text = text.trim_start().strip_prefix('=')?.trim_start();
    let (value, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted_value(quoted)?,
        None => token(text).map(|(value, rest)| (value.to_owned(), rest))?,
    };
    Some((name.to_ascii_lowercase(), value, rest))
}

fn token(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_graphic() || SPECIALS.contains(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Reads up to the closing quote. A backslash hides only a special character, so that the
/// unescaped paths of old Windows browsers stay whole, as in Go.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\r' | '\n' => return None,
            '\\' => {
                let escaped = letters.next_if(|&(_, next)| SPECIALS.contains(next));
                value.push(escaped.map_or(letter, |(_, next)| next));
            }
            other => value.push(other),
        }
    }
    None
}

/// The characters that RFC 2045 keeps out of tokens.
const SPECIALS: &str = "()<>@,;:\\\"/[]?=";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_means_what_prometheus_takes_it_for() {
        const TEXT: ContentType = ContentType::Known(Format::Text);
        const OPEN_METRICS: ContentType = ContentType::Known(Format::OpenMetrics);
        let rows = [
            (None, ContentType::Blank),
            (Some(""), ContentType::Blank),
            (Some("  "), ContentType::Blank),
            (Some("text/plain"), TEXT),
            (Some("text/plain; version=0.0.4; charset=utf-8"), TEXT),
            (Some("text/plain; version=1.0.0; escaping=allow-utf-8"), TEXT),
            (Some("TEXT/Plain;Charset=\"UTF-8\""), TEXT),
            (Some(" text/plain ; version=9"), TEXT),
            (Some("text/plain;"), TEXT),
            (Some("text/plain; "), TEXT),
            (Some("text/plain;;"), ContentType::Unsupported),
            (Some("text/plain; charset"), ContentType::Unsupported),
            (Some("text/plain; charset="), ContentType::Unsupported),
            (Some("text/plain; charset=\"\""), TEXT),
            (Some("text/plain; charset=\"utf-8"), ContentType::Unsupported),
            (Some("text/plain; charset=\"a\\\"b\""), TEXT),
            (Some("text/plain; a=1; a=1"), TEXT),
            (Some("text/plain; a=1; A=2"), ContentType::Unsupported),
            (Some("text/plain, text/plain"), ContentType::Unsupported),
            (Some("text /plain"), ContentType::Unsupported),
            (Some("text/plain; a=b c"), ContentType::Unsupported),
            (Some("application/openmetrics-text"), OPEN_METRICS),
            (Some("application/openmetrics-text; version=1.0.0; charset=utf-8"), OPEN_METRICS),
            (Some("Application/OpenMetrics-Text; version=0.0.1"), OPEN_METRICS),
            (
                Some(
                    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
                ),
                ContentType::Protobuf,
            ),
            (Some("text/html; charset=utf-8"), ContentType::Unsupported),
            (Some("application/json"), ContentType::Unsupported),
            (Some("text"), ContentType::Unsupported),
            (Some("text/"), ContentType::Unsupported),
            (Some("/plain"), ContentType::Unsupported),
            (Some(";"), ContentType::Unsupported),
            (Some("text/plainer"), ContentType::Unsupported),
        ];
        for (value, expected) in rows {
            assert_eq!(format_of(value), expected, "{value:?}");
        }
    }
}
