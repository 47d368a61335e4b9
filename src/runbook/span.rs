//! What stands within a line: markup taken off a heading as kramdown does it, once for the id and once
//! for a person's eyes, and the ids that tags and attribute lists put into any text.

use std::collections::HashSet;

use super::{attribute::NamedLists, html};

mod construct;

/// What the whole page defines for its texts.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    /// Ids of `[id]: url`, in lower case.
    pub(super) links: HashSet<String>,
    pub(super) footnotes: HashSet<String>,
    pub(super) lists: NamedLists,
}

/// A text without its markup.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// What kramdown makes the id of.
    pub(super) raw: String,
    /// What a person reads: as it was typed, without the markup.
    pub(super) title: String,
    pub(super) marks: Vec<Mark>,
}

/// An id put into a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) name: String,
    pub(super) kind: MarkKind,
    /// Lines of the text before it.
    pub(super) line: usize,
}

/// A browser looks for an id first, and for a name when there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    Id,
    Name,
}

/// Takes the markup off a text.
pub(super) fn read(text: &str, definitions: &Definitions) -> Reading {
    let mut spans = Spans::new(text, definitions, STEPS_MIN + STEPS_PER_BYTE * text.len());
    spans.run(&Stop::Never, Parse::Markdown);
    spans.reading
}

/// An id that kramdown reads in a definition of a link is found again by this.
pub(super) fn link_id(text: &str) -> String {
    text.split([' ', '\t', '\n', '\r', '\x0b', '\x0c'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

struct Spans<'a> {
    text: &'a str,
    position: usize,
    definitions: &'a Definitions,
    reading: Reading,
    frames: Vec<Frame>,
    /// What was read last is an element: an attribute list may follow it.
    behind_element: bool,
    steps_left: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Emphasis,
    Strong,
    Link,
    Image,
    Html,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Parse {
    Markdown,
    TagsOnly,
}

enum Stop<'s> {
    Never,
    Delimiter(&'s str),
    Bracket,
    Closing(&'s str),
}

/// Where a reading stood, to go back to when a markup turns out to be none.
struct Saved {
    position: usize,
    raw: usize,
    title: usize,
    marks: usize,
}

impl<'a> Spans<'a> {
    fn new(text: &'a str, definitions: &'a Definitions, steps_left: usize) -> Self {
        Self {
            text,
            position: 0,
            definitions,
            reading: Reading::default(),
            frames: Vec::new(),
            behind_element: false,
            steps_left,
        }
    }

    /// Reads until `stop`, or to the end; says whether it was `stop`.
    fn run(&mut self, stop: &Stop<'_>, parse: Parse) -> bool {
        let start = self.position;
        let (mut brackets, mut images) = (1_i32, 0_i32);
        while self.position < self.text.len() {
            let rest = self.rest();
            let stopped = match stop {
                Stop::Never => false,
                Stop::Delimiter(delimiter) => self.ends_emphasis(delimiter, start),
                Stop::Closing(name) => html::closing(rest).is_some_and(|(closed, _)| closed == *name),
                Stop::Bracket => {
                    let change = if rest.starts_with(']') {
                        -1
                    } else {
                        i32::from(rest.starts_with('[') || rest.starts_with("!["))
                    };
                    brackets += change;
                    change != 0 && brackets == images
                }
            };
            if stopped {
                return true;
            }
            images += i32::from(self.step(parse) == Some(Frame::Image));
        }
        false
    }

    /// Reads one markup or one character; says which element it was, where that matters.
    fn step(&mut self, parse: Parse) -> Option<Frame> {
        let first = self.rest().chars().next().expect("a step is taken before the end");
        let is_spent = self.steps_left == 0 || self.frames.len() > NESTING_MAX;
        self.steps_left = self.steps_left.saturating_sub(1);
        if is_spent {
            self.copy(first.len_utf8());
            return None;
        }
        if parse == Parse::TagsOnly {
            if first == '<' {
                self.tag(parse);
            } else {
                self.copy(first.len_utf8());
            }
            return None;
        }
        match first {
            '*' | '_' => self.emphasis(),
            '`' => self.code(),
            '<' if self.autolink() || self.guillemets() => {}
            '<' => self.tag(parse),
            '[' if self.footnote() => {}
            '[' => return self.link(),
            '!' if self.rest().starts_with("![") => return self.link(),
            '$' if self.math() => {}
            '{' if self.extension() => {}
            '&' if self.entity() => {}
            '-' | '.' | '>' | ' ' if self.typography() => {}
            '\\' => self.escape(),
            '~' if self.strike() => {}
            '"' | '\'' => {
                // The page shows a curly quote, which is an element to kramdown.
                self.copy(1);
                self.behind_element = true;
            }
            _ => self.copy(first.len_utf8()),
        }
        None
    }

    fn emphasis(&mut self) {
        let rest = self.rest();
        let sign = &rest[..1];
        let delimiter = if rest[1..].starts_with(sign) { &rest[..2] } else { sign };
        let frame = if delimiter.len() == 2 { Frame::Strong } else { Frame::Emphasis };
        let within_word = sign == "_" && ends_with_letter(&self.text[..self.position]);
        let blank_follows = rest[delimiter.len()..].starts_with(is_blank);
        if within_word || blank_follows || self.frames.contains(&frame) {
            return self.copy(delimiter.len());
        }
        let saved = self.save();
        let mut found = self.emphasised(delimiter, frame);
        if !found && frame == Frame::Strong && self.frames.last() != Some(&Frame::Emphasis) {
            self.restore(&saved);
            found = self.emphasised(sign, Frame::Emphasis);
        }
        if found {
            self.behind_element = true;
        } else {
            self.restore(&saved);
            self.copy(delimiter.len());
        }
    }

    fn emphasised(&mut self, delimiter: &str, frame: Frame) -> bool {
        self.position += delimiter.len();
        let found = self.within(frame, &Stop::Delimiter(delimiter), Parse::Markdown);
        if found {
            self.position += delimiter.len();
        }
        found
    }

    fn ends_emphasis(&self, delimiter: &str, start: usize) -> bool {
        let Some(behind) = self.rest().strip_prefix(delimiter) else { return false };
        let before = self.text[..self.position].chars().next_back();
        let sign = &delimiter[..1];
        let is_longer = delimiter.len() == 1 && behind.starts_with(sign) && !behind[1..].starts_with(sign);
        let in_word = sign == "_" && behind.starts_with(char::is_alphanumeric);
        self.position > start && !before.is_some_and(is_blank) && !is_longer && !in_word
    }

    fn code(&mut self) {
        let rest = self.rest();
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        let behind = &rest[ticks..];
        let stands_alone = ticks == 1
            && self.text[..self.position].chars().next_back().is_none_or(is_blank)
            && behind.starts_with(is_blank);
        let end = behind.find(&rest[..ticks]).filter(|_| !stands_alone);
        let Some(end) = end else {
            self.missed();
            return self.copy(ticks);
        };
        let mut code = &behind[..end];
        if ticks > 1 {
            code = code.strip_prefix(' ').unwrap_or(code);
            code = code.strip_suffix(' ').unwrap_or(code);
        }
        self.push(code);
        self.position += 2 * ticks + end;
        self.behind_element = true;
    }

    fn within(&mut self, frame: Frame, stop: &Stop<'_>, parse: Parse) -> bool {
        self.frames.push(frame);
        self.behind_element = false;
        let found = self.run(stop, parse);
        self.frames.pop();
        found
    }

    /// What was looked for to the end in vain costs as much as the text is long. False, for the caller.
    fn missed(&mut self) -> bool {
        self.steps_left = self.steps_left.saturating_sub(self.rest().len() / BYTES_PER_STEP);
        false
    }

    fn mark(&mut self, name: Option<String>, kind: MarkKind) {
        if let Some(name) = name {
            let line = self.line();
            self.reading.marks.push(Mark { name, kind, line });
        }
    }

    /// Takes so many bytes as the text they are.
    fn copy(&mut self, bytes: usize) {
        let text = &self.text[self.position..self.position + bytes];
        self.reading.raw.push_str(text);
        self.reading.title.push_str(text);
        self.position += bytes;
        self.behind_element = false;
    }

    fn push(&mut self, text: &str) {
        self.reading.raw.push_str(text);
        self.reading.title.push_str(text);
    }

    fn restore(&mut self, saved: &Saved) {
        self.position = saved.position;
        self.reading.raw.truncate(saved.raw);
        self.reading.title.truncate(saved.title);
        self.reading.marks.truncate(saved.marks);
    }

    fn save(&self) -> Saved {
        Saved {
            position: self.position,
            raw: self.reading.raw.len(),
            title: self.reading.title.len(),
            marks: self.reading.marks.len(),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn line(&self) -> usize {
        self.text[..self.position].bytes().filter(|byte| *byte == b'\n').count()
    }
}

fn is_blank(it: char) -> bool {
    matches!(it, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// A `_` behind a letter, or behind a letter and one `-`, is part of a word.
fn ends_with_letter(text: &str) -> bool {
    text.strip_suffix('-').unwrap_or(text).ends_with(char::is_alphabetic)
}

/// Work spent on one text. Markup that never ends is tried again from each of its signs; past this the
/// rest is taken as plain text.
const STEPS_MIN: usize = 100_000;
const STEPS_PER_BYTE: usize = 4;
const BYTES_PER_STEP: usize = 64;

const NESTING_MAX: usize = 32;
