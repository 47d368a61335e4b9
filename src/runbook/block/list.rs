//! Lists, and definition lists: which lines belong to an item, and how far they are moved back.

use super::{Child, ChildKind, Kind, Reader, Tree, is_end_of_block, is_rule, markup};
use crate::runbook::{
    html,
    source::{NumberedLine, Source, is_blank},
};

impl Reader {
    pub(super) fn list(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        let sort = if marker(source.line(), Sort::Bullet, MARGIN_MAX).is_some() {
            Sort::Bullet
        } else {
            Sort::Number
        };
        if self.depth >= super::DEPTH_MAX || marker(source.line(), sort, MARGIN_MAX).is_none() {
            return false;
        }
        self.add(tree, ChildKind::Other, Kind::Plain, source.number());
        let (items, ended) = self.items(source, sort);
        let mut trailing = None;
        for item in items {
            let mut inner = Tree::default();
            for part in item.parts {
                self.nested(part, &mut inner);
            }
            if let Some(last) = inner.children.last() {
                trailing = is_blank_child(last).then_some(*last);
            }
        }
        if ended == ListEnd::Itself {
            tree.children.extend(trailing);
        }
        true
    }

    fn items(&mut self, source: &mut Source, sort: Sort) -> (Vec<Item>, ListEnd) {
        let mut items: Vec<Item> = Vec::new();
        let mut margin_max = MARGIN_MAX;
        let (mut nested_found, mut after_blank) = (false, false);
        while !source.at_end() {
            let line = source.line();
            if after_blank && is_rule(line) {
                break;
            }
            if is_end_of_block(line) {
                source.take_line();
                return (items, ListEnd::Marked);
            }
            if let Some(width) = marker(line, sort, margin_max) {
                let (number, line) = source.take_line();
                let item = self.first_line(number, &line, width);
                margin_max = item.margin_max();
                nested_found = item.first().is_some_and(|(_, text)| begins_item(text));
                items.push(item);
                after_blank = false;
                continue;
            }
            let item = items.last_mut().expect("a list is read from its first item's line on");
            if is_blank(line) {
                item.push(source.take_line());
                (nested_found, after_blank) = (true, true);
            } else if item.holds(line) || !after_blank && item.takes_lazily(source) {
                let (number, line) = source.take_line();
                let (mut text, was_indented) = item.moved_back(&line);
                if begins_item(&text) {
                    if !nested_found && was_indented {
                        item.parts.push(Vec::new());
                        nested_found = true;
                    } else if nested_found && !was_indented {
                        text.insert_str(0, &" ".repeat(item.indentation + 4));
                    }
                }
                item.push((number, text));
                after_blank = false;
            } else {
                break;
            }
        }
        (items, ListEnd::Itself)
    }

    pub(super) fn definition_list(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        let follows_term = match tree.children.as_slice() {
            [.., Child { kind: ChildKind::Paragraph, .. }] => true,
            [.., term, Child { kind: ChildKind::Blank { lines: 1 }, .. }] => {
                term.kind == ChildKind::Paragraph
            }
            _ => false,
        };
        if !follows_term || self.depth >= super::DEPTH_MAX || !begins_definition(source.line()) {
            return false;
        }
        let term = loop {
            let child = tree.children.pop().expect("a term stands before its definition");
            if child.kind == ChildKind::Paragraph {
                break child;
            }
        };
        let mut trailing = None;
        for item in self.definitions(source) {
            let mut inner = Tree::default();
            for part in item.parts {
                self.nested(part, &mut inner);
            }
            if let Some(last) = inner.children.last() {
                trailing = is_blank_child(last).then_some(*last);
            }
        }
        match tree.children.as_slice() {
            [.., Child { kind: ChildKind::DefinitionList, .. }] => {}
            [.., list, Child { kind: ChildKind::Blank { .. }, .. }]
                if list.kind == ChildKind::DefinitionList =>
            {
                tree.children.pop();
            }
            _ => tree.children.push(Child { kind: ChildKind::DefinitionList, element: term.element }),
        }
        tree.children.extend(trailing);
        true
    }

    fn definitions(&mut self, source: &mut Source) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        let mut margin_max = MARGIN_MAX;
        let mut after_blank = false;
        while !source.at_end() && !is_end_of_block(source.line()) {
            if let Some(width) = marker(source.line(), Sort::Definition, margin_max) {
                let (number, line) = source.take_line();
                let item = self.first_line(number, &line, width);
                margin_max = item.margin_max();
                items.push(item);
                after_blank = false;
                continue;
            }
            let item = items.last_mut().expect("definitions are read from the first one's line on");
            let line = source.line();
            if is_blank(line) {
                item.push(source.take_line());
                after_blank = true;
            } else if item.holds(line) || !after_blank && item.takes_lazily(source) {
                let (number, line) = source.take_line();
                let (text, _) = item.moved_back(&line);
                item.push((number, text));
                after_blank = false;
            } else {
                break;
            }
        }
        items
    }

    /// The item that begins at a line, given the width of its marker.
    fn first_line(&mut self, number: usize, line: &str, width: usize) -> Item {
        let mut content = line[width..].to_owned();
        let mut indentation = width;
        let list = markup::ITEM_ATTRIBUTES.find(&content);
        if is_blank(&content[list.map_or(0, |list| list.end())..]) {
            indentation = 4;
        } else {
            content = expand_tabs(&content, width);
            indentation += content.len() - content.trim_start_matches(' ').len();
        }
        let trimmed = content.trim_start_matches([' ', '\t', '\r', '\x0b', '\x0c']);
        let content = match markup::ITEM_ATTRIBUTES.captures(trimmed) {
            Some(found) => {
                self.element_with_attributes(number, &found[1]);
                trimmed[found[0].len()..].to_owned()
            }
            None => trimmed.to_owned(),
        };
        let lines = if content.is_empty() { Vec::new() } else { vec![(number, content)] };
        Item { parts: vec![lines], indentation }
    }
}

/// An item's lines, moved back to its margin. A list right inside begins a part of its own.
struct Item {
    parts: Vec<Vec<NumberedLine>>,
    indentation: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Bullet,
    Number,
    Definition,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ListEnd {
    Itself,
    /// By a `^` on a line of its own.
    Marked,
}

impl Item {
    fn push(&mut self, line: NumberedLine) {
        self.parts.last_mut().expect("an item has a part").push(line);
    }

    fn first(&self) -> Option<&NumberedLine> {
        self.parts.first().and_then(|part| part.first())
    }

    /// How far the next item of the list may stand from the margin.
    fn margin_max(&self) -> usize {
        self.indentation.clamp(1, 4) - 1
    }

    /// The line is indented as this item is; a tab counts as four blanks.
    fn holds(&self, line: &str) -> bool {
        let (fours, ones) = (self.indentation / 4, self.indentation % 4);
        let mut rest = line;
        for _ in 0..fours {
            let Some(behind) = without_four(rest) else { return false };
            rest = behind;
        }
        rest.bytes().take(ones).filter(|byte| *byte == b' ').count() == ones || without_four(rest).is_some()
    }

    /// The line is not indented but goes on with the paragraph above.
    fn takes_lazily(&self, source: &Source) -> bool {
        let line = source.line();
        let margin = line.len() - line.trim_start_matches(' ').len();
        let ends = source.is_at(&markup::ATTRIBUTE_LIST) || html::ends_paragraph(line);
        !(ends && margin <= self.indentation.min(MARGIN_MAX))
    }

    fn moved_back(&self, line: &str) -> (String, bool) {
        let behind = line.trim_start_matches('\t');
        let text = format!("{}{behind}", " ".repeat(4 * (line.len() - behind.len())));
        match text.strip_prefix(&" ".repeat(self.indentation)) {
            Some(moved) => (moved.to_owned(), true),
            None => (text, false),
        }
    }
}

/// An item of a list begins at this line.
pub(super) fn begins_item(line: &str) -> bool {
    marker(line, Sort::Bullet, MARGIN_MAX).or_else(|| marker(line, Sort::Number, MARGIN_MAX)).is_some()
}

/// A definition begins at this line.
pub(super) fn begins_definition(line: &str) -> bool {
    marker(line, Sort::Definition, MARGIN_MAX).is_some()
}

/// The width of the marker and what stands before it, where a line begins an item. `1)` is no marker.
fn marker(line: &str, sort: Sort, margin_max: usize) -> Option<usize> {
    let behind = line.trim_start_matches(' ');
    let margin = line.len() - behind.len();
    let sign = match sort {
        Sort::Bullet => usize::from(behind.starts_with(['+', '*', '-'])),
        Sort::Definition => usize::from(behind.starts_with(':')),
        Sort::Number => {
            let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 && behind[digits..].starts_with('.') { digits + 1 } else { 0 }
        }
    };
    let is_marker = sign > 0 && margin <= margin_max && behind[sign..].starts_with(['\t', ' ', '|']);
    is_marker.then_some(margin + sign)
}

fn without_four(text: &str) -> Option<&str> {
    text.strip_prefix('\t').or_else(|| text.strip_prefix("    "))
}

/// Tabs among the blanks before the content, which begins so far from the margin, become blanks.
fn expand_tabs(content: &str, from: usize) -> String {
    let mut content = content.to_owned();
    loop {
        let blanks = content.len() - content.trim_start_matches(' ').len();
        let tabs = content[blanks..].bytes().take_while(|byte| *byte == b'\t').count();
        if tabs == 0 {
            return content;
        }
        let width = 4 - (blanks + from) % 4 + (tabs - 1) * 4;
        content.replace_range(blanks..blanks + tabs, &" ".repeat(width));
    }
}

fn is_blank_child(child: &Child) -> bool {
    matches!(child.kind, ChildKind::Blank { .. })
}

/// How far a block may stand from the margin.
const MARGIN_MAX: usize = 3;
