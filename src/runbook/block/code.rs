//! Code, by indentation and between fences. Nothing in it is a heading.

use super::{ChildKind, Kind, Reader, Tree, ends_lazily, is_blank};
use crate::runbook::{html, source::Source};

impl Reader {
    /// Code by indentation. Lines without it belong to it until a blank line.
    pub(super) fn code(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        if !is_indented(source.line()) {
            return false;
        }
        let line = source.number();
        take_code(source);
        self.add(tree, ChildKind::Other, Kind::Plain, line);
        true
    }

    /// Code between fences. A fence that nothing closes is text, as kramdown has it. In one thing we
    /// leave kramdown: it takes a line like ```` ```word``` ```` for an opening fence.
    pub(super) fn fence(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        let line = html::without_margin(source.line());
        let signs = line.len() - line.trim_start_matches(['~', '`']).len();
        if signs < FENCE_MIN || line[signs..].contains('`') && line.starts_with('`') {
            return false;
        }
        let line = line.to_owned();
        for taken in (FENCE_MIN..=signs).rev() {
            // What follows the fence is one word or none; else this is no fence.
            if line[taken..].split_ascii_whitespace().count() > 1 {
                continue;
            }
            let fence = &line[..taken];
            if source.is_unclosed(fence) {
                continue;
            }
            if let Some(bytes) = closing_fence(source.rest(), fence) {
                let number = source.number();
                source.advance(bytes);
                self.add(tree, ChildKind::Other, Kind::Plain, number);
                return true;
            }
            source.note_unclosed(fence);
        }
        false
    }
}

/// Takes code by indentation, from a line that has it on; blank lines only where code follows them.
pub(super) fn take_code(source: &mut Source) {
    loop {
        while !source.at_end() && is_indented(source.line()) && !is_blank(source.line()) {
            source.take_line();
            while !ends_lazily(source) {
                source.take_line();
            }
        }
        let end = source.position();
        while !source.at_end() && is_blank(source.line()) {
            source.take_line();
        }
        if source.at_end() || !is_indented(source.line()) {
            source.return_to(end);
            return;
        }
    }
}

/// The line begins as a fence does, be it one or not.
pub(super) fn begins_fence(line: &str) -> bool {
    html::without_margin(line).bytes().take_while(|it| matches!(it, b'~' | b'`')).count() >= FENCE_MIN
}

/// The bytes from an opening fence to the end of the line that closes it.
fn closing_fence(text: &str, fence: &str) -> Option<usize> {
    let mut bytes = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        bytes += line.len();
        let closing = html::without_margin(line).strip_prefix(fence).filter(|_| index > 0);
        let last = fence.chars().next_back().expect("a fence has signs");
        if closing.is_some_and(|behind| is_blank(behind.trim_end_matches('\n').trim_start_matches(last))) {
            return Some(bytes);
        }
    }
    None
}

fn is_indented(line: &str) -> bool {
    line.starts_with('\t') || line.starts_with("    ")
}

const FENCE_MIN: usize = 3;
