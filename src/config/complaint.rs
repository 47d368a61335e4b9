//! What is wrong in a file, and where: told so that a person can mend it without asking again.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level as Tone, Origin, Renderer, Snippet};

use super::veil::veiled;

/// One mistake. Title and help are lower case and without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// How bad it is.
    pub level: Level,
    /// Where it stands.
    pub place: Place,
    /// What is wrong.
    pub title: String,
    /// What to do about it, where anybody knows.
    pub help: Option<String>,
}

/// How bad a complaint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The file cannot be used as it is.
    Error,
    /// The file can be used, and likely does not do what was meant.
    Warning,
}

/// A spot in a file. It holds the file's text, so that a complaint can be shown anywhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name as people see it.
    pub file: Arc<str>,
    /// All of its text; empty where it could not be read.
    pub text: Arc<str>,
    /// The bytes of the text that are meant, between characters.
    pub span: Range<usize>,
}

impl Complaint {
    /// As a compiler would show it: title, file with line and column, the line with carets under
    /// the spot, help. Several lines, the last without its end. Colour is for terminals.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let tone = match self.level {
            Level::Error => Tone::ERROR,
            Level::Warning => Tone::WARNING,
        };
        let title = harmless(&self.title);
        let title = tone.primary_title(&title);
        let (number, line, span) = self.place.line_shown();
        let line = harmless_line(&line);
        let origin = harmless(&self.place.file);
        let group = if self.place.text.is_empty() {
            Group::with_title(title).element(Origin::path(origin))
        } else {
            let caret = AnnotationKind::Primary.span(span);
            title
                .element(Snippet::source(&line).path(origin).line_start(number).fold(false).annotation(caret))
        };
        let shown = renderer.render(&[group]);
        match &self.help {
            None => shown,
            Some(help) => {
                let help = harmless(help);
                let help = renderer.render(&[Group::with_title(Tone::HELP.primary_title(&help))]);
                format!("{shown}\n{help}")
            }
        }
    }
}

/// Without the control characters that terminals may obey.
fn harmless(text: &str) -> String {
    text.replace(|it: char| it.is_control() && it != '\n', "\u{b7}")
}

/// Without those between ASCII and Latin-1, which the renderer leaves in a line as they are. What takes
/// their place is as long, so that spans stay right.
fn harmless_line(line: &str) -> String {
    line.replace(|it| matches!(it, '\u{80}'..='\u{9f}'), "\u{b7}")
}

/// Without colour.
impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Place {
    /// A file as a whole: it could not be read, so there is no line to show.
    pub fn unread(file: Arc<str>) -> Self {
        Self { file, text: Arc::from(""), span: 0..0 }
    }

    /// That line of a text, counted from 1; its end, where it has fewer.
    pub fn line_of(file: Arc<str>, text: Arc<str>, line: usize) -> Self {
        let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let end = start + text[start..].lines().next().map_or(0, str::len);
        Self { file, text, span: start..end }
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line_under().0
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        let (_, line, span) = self.line_under();
        line[..span.start].chars().count() + 1
    }

    /// The text that is meant.
    pub fn excerpt(&self) -> &str {
        self.text.get(self.span.clone()).unwrap_or_default()
    }

    /// The number of the line where the span begins, that line, and the part of it that is meant.
    fn line_under(&self) -> (usize, &str, Range<usize>) {
        let start = self.text.floor_char_boundary(self.span.start);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let number = before.matches('\n').count() + 1;
        let rest = &self.text[line_start..];
        let line = rest.split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let from = (start - line_start).min(line.len());
        let to = line.floor_char_boundary(self.span.end.saturating_sub(line_start)).clamp(from, line.len());
        (number, line, from..to)
    }

    /// Likewise, as it may be shown to anybody.
    fn line_shown(&self) -> (usize, String, Range<usize>) {
        let (number, line, span) = self.line_under();
        let start =
            self.text[..self.text.floor_char_boundary(self.span.start)].rfind('\n').map_or(0, |at| at + 1);
        let (line, span) = veiled(&self.text, start, line, &span);
        (number, line, span)
    }
}

/// `file:line:column`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() {
            return f.write_str(&self.file);
        }
        write!(f, "{}:{}:{}", self.file, self.line(), self.column())
    }
}

/// Without the text, which may be long.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} {:?}", self.excerpt())
    }
}

/// The known word that may have been meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness =
        |it: &str| strsim::normalized_damerau_levenshtein(&word.to_lowercase(), &it.to_lowercase());
    known
        .into_iter()
        .map(|it| (likeness(it), it))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, it)| it)
}

/// "`a`, `b` and `c`".
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|it| format!("`{it}`")).collect();
    match words.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// Below this, a proposal is more likely to mislead than to help.
const LIKENESS_MIN: f64 = 0.55;

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(level: Level, text: &str, part: &str) -> Complaint {
        let start = text.find(part).unwrap();
        let place = Place {
            file: "probes.d/10-scrape.yaml".into(),
            text: text.into(),
            span: start..start + part.len(),
        };
        let title = "no anchor `#haproxy-failover` on this page".to_owned();
        Complaint { level, place, title, help: Some("the page has `#haproxy-vip-failover`".to_owned()) }
    }

    #[test]
    fn a_complaint_looks_as_the_house_style_shows_it() {
        let text = format!("{}       step: haproxy-failover\nmore: x\n", "a: b\n".repeat(13));
        let it = complaint(Level::Error, &text, "haproxy-failover");
        let expected = "\
error: no anchor `#haproxy-failover` on this page
  --> probes.d/10-scrape.yaml:14:14
   |
14 |        step: haproxy-failover
   |              ^^^^^^^^^^^^^^^^
help: the page has `#haproxy-vip-failover`";
        assert_eq!(it.to_string(), expected);
        assert!(it.render(true).contains('\u{1b}'));
    }

    #[test]
    fn nothing_in_a_file_steers_the_terminal_of_whoever_reads_the_complaint() {
        let text = "key\u{9b}31m\u{1b}[31m\u{85}: value\n";
        for mut it in [complaint(Level::Error, text, "value"), complaint(Level::Warning, text, "31m")] {
            it.title.push_str("\u{9b}2J\u{1b}c");
            it.help = Some("\u{9d}0;title\u{1b}]".to_owned());
            it.place.file = "a\u{9b}\u{1b}.yaml".into();
            let shown = it.to_string();
            assert!(shown.chars().all(|it| it == '\n' || !it.is_control()), "{shown:?}");
            assert!(shown.contains("value") && shown.contains('^'), "{shown:?}");
        }
    }

    #[test]
    fn columns_are_counted_in_characters() {
        let it = complaint(Level::Warning, "ä: \"ö→\"  # ß\n", "→").place;
        assert_eq!((it.line(), it.column(), it.excerpt()), (1, 6, "→"));
    }

    #[test]
    fn a_file_that_could_not_be_read_has_no_line() {
        let place = Place::unread("probes.d/a.yaml".into());
        let it = Complaint {
            level: Level::Error,
            place,
            title: "it cannot be opened".into(),
            help: Some("mend it".into()),
        };
        assert_eq!(it.to_string(), "error: it cannot be opened\n--> probes.d/a.yaml\nhelp: mend it");
    }

    #[test]
    fn a_span_of_several_lines_is_shown_by_its_first() {
        let it = complaint(Level::Error, "a: |\r\n  b\r\n", "|\r\n  b").to_string();
        assert!(it.contains("1 | a: |\n  |    ^\n"), "{it}");
    }

    #[test]
    fn only_a_word_that_is_near_is_proposed() {
        assert_eq!(nearest("intervall", ["module", "interval"]), Some("interval"));
        assert_eq!(nearest("steps", ["scopes", "runbook"]), None);
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
