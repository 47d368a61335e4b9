//! Tables: only whether the lines here are one, and where it ends.

use super::{ChildKind, Kind, Reader, Tree, is_before_boundary};
use crate::runbook::source::Source;

impl Reader {
    pub(super) fn table(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        if !tree.is_after_boundary() || !is_table_line(source.line()) {
            return false;
        }
        // What waits for the next block is lost on lines that only look like a table, as in kramdown.
        let attributes = tree.waiting.take();
        let (start, line) = (source.position(), source.number());
        let (mut has_body, mut rows, mut is_aligned) = (false, 0, false);
        let mut all_have_pipes = true;
        while !source.at_end() && is_table_line(source.line()) {
            let (_, text) = source.take_line();
            match line_kind(&text) {
                // The first separator under rows makes them the head, if it is the first at all.
                LineKind::Separator if rows > 0 && !is_aligned => (rows, is_aligned) = (0, true),
                LineKind::Separator | LineKind::Footer => {
                    has_body |= rows > 0;
                    rows = 0;
                }
                LineKind::Row => rows += 1,
            }
            all_have_pipes &= has_pipe_outside_code(&text);
        }
        if !(has_body || rows > 0) || !all_have_pipes || !is_before_boundary(source) {
            source.return_to(start);
            return false;
        }
        let text = Kind::Text(source.since(start).to_owned());
        tree.waiting = attributes;
        self.add(tree, ChildKind::Other, text, line);
        true
    }
}

enum LineKind {
    Row,
    Separator,
    Footer,
}

fn line_kind(line: &str) -> LineKind {
    let is_ruled = |signs: &[char]| line.chars().all(|it| signs.contains(&it));
    if line.contains('-') && is_ruled(&['+', '|', ':', ' ', '\t', '-']) {
        LineKind::Separator
    } else if line.contains('=') && is_ruled(&['+', '|', ':', ' ', '\t', '=']) {
        LineKind::Footer
    } else {
        LineKind::Row
    }
}

/// The line has a `|` that no backslash takes away.
fn is_table_line(line: &str) -> bool {
    let mut before = None;
    line.chars().any(|it| {
        let is_pipe = it == '|' && before != Some('\\');
        before = Some(it);
        is_pipe
    })
}

fn has_pipe_outside_code(line: &str) -> bool {
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let ticks = rest[start..].bytes().take_while(|byte| *byte == b'`').count();
        let Some(end) = rest[start + ticks..].find(&rest[start..start + ticks]) else { break };
        if is_table_line(&rest[..start]) {
            return true;
        }
        rest = &rest[start + 2 * ticks + end..];
    }
    is_table_line(rest)
}
