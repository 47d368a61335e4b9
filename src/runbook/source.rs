//! Text under the reader: a position in it, and for each of its lines the line of the page it came
//! from. Lists and quotes are read again without their indentation; their lines keep their numbers.

use regex::{Captures, Regex};

/// Lines to be read as blocks, and how far the reading has come.
pub(super) struct Source {
    text: String,
    /// Byte at which each line of `text` begins.
    starts: Vec<usize>,
    /// The page's number (from 1) of each line of `text`.
    numbers: Vec<usize>,
    position: usize,
    /// Openings that nothing closes from here to the end; looked for once.
    unclosed: Vec<String>,
}

/// A line without its end, and its number on the page.
pub(super) type NumberedLine = (usize, String);

impl Source {
    pub(super) fn new(lines: Vec<NumberedLine>) -> Self {
        let mut text = String::new();
        let mut starts = Vec::with_capacity(lines.len());
        let mut numbers = Vec::with_capacity(lines.len());
        for (number, line) in lines {
            starts.push(text.len());
            numbers.push(number);
            text.push_str(&line);
            text.push('\n');
        }
        Self { text, starts, numbers, position: 0, unclosed: Vec::new() }
    }

    /// Remembers that nothing closes this opening from here on.
    pub(super) fn note_unclosed(&mut self, opening: &str) {
        self.unclosed.push(opening.to_owned());
    }

    pub(super) fn is_unclosed(&self, opening: &str) -> bool {
        self.unclosed.iter().any(|known| known == opening)
    }

    pub(super) fn advance(&mut self, bytes: usize) {
        self.position += bytes;
        assert!(self.text.is_char_boundary(self.position), "a source is left between two characters");
    }

    /// What is left of the line, without its end; the reading goes on behind it.
    pub(super) fn take_line(&mut self) -> NumberedLine {
        let line = (self.number(), self.line().to_owned());
        self.position = (self.position + line.1.len() + 1).min(self.text.len());
        line
    }

    /// Goes back (or forth) to a place that `position` gave.
    pub(super) fn return_to(&mut self, position: usize) {
        self.position = position;
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn at_end(&self) -> bool {
        self.position >= self.text.len()
    }

    pub(super) fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    /// What is left of the line, without its end.
    pub(super) fn line(&self) -> &str {
        self.rest().split('\n').next().unwrap_or_default()
    }

    /// The page's number of the line under the reader.
    pub(super) fn number(&self) -> usize {
        let index = self.starts.partition_point(|start| *start <= self.position);
        self.numbers.get(index.saturating_sub(1)).copied().unwrap_or(1)
    }

    /// The text between `from` and here.
    pub(super) fn since(&self, from: usize) -> &str {
        &self.text[from..self.position]
    }

    /// What a pattern that begins with `^` finds right here.
    pub(super) fn find(&self, pattern: &Regex) -> Option<Captures<'_>> {
        pattern.captures(self.rest())
    }

    pub(super) fn is_at(&self, pattern: &Regex) -> bool {
        pattern.is_match(self.rest())
    }
}

pub(super) fn is_blank(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c))
}

/// Compiles a pattern written in this program.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern written in this program is sound")
}
