//! The blocks of a page, read as kramdown's parser for GitHub's Markdown reads them: in its order, with
//! its idea of what ends a paragraph and what may lie inside a list.
//!
//! A parser of `CommonMark` would be less work and wrong: kramdown knows no `1)` list, ends no paragraph at a
//! setext line, takes a fence that nothing closes for text, wants headings at the very margin, lets an
//! unknown tag swallow what follows, and has attribute lists. Each of these moves a heading or an anchor.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    attribute::Attributes,
    html,
    source::{NumberedLine, Source, is_blank, pattern},
    span::Definitions,
};

mod code;
mod list;
mod markup;
mod table;

/// What was found on a page, in order, and what the page defines.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) elements: Vec<Element>,
    pub(super) definitions: Definitions,
}

/// A block, or a tag outside of Markdown.
#[derive(Debug)]
pub(super) struct Element {
    /// The page's line it begins at.
    pub(super) line: usize,
    pub(super) kind: Kind,
    pub(super) attributes: Attributes,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// `level` is 1 to 6; `id` is one given as ` {#id}`.
    Heading {
        level: u8,
        text: String,
        id: Option<String>,
        within: Within,
    },
    /// Text with markup: a paragraph, a table.
    Text(String),
    Tag {
        id: Option<String>,
        anchor_name: Option<String>,
    },
    /// A block whose text makes no anchor (code), or that only holds others (a list).
    Plain,
    /// What the page does not show: a blank line, a comment, a definition.
    Nothing,
}

/// kramdown makes the id of a heading inside an HTML element by another rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Markdown,
    Html,
}

/// Reads the lines of a page, its front matter taken off.
pub(super) fn outline(lines: Vec<NumberedLine>) -> Outline {
    let mut reader = Reader { outline: Outline::default(), depth: 0, within: Within::Markdown };
    reader.blocks(&mut Source::new(lines), &mut Tree::default());
    reader.outline
}

struct Reader {
    outline: Outline,
    depth: usize,
    within: Within,
}

/// The blocks so far at one level, and the attribute list that waits for the next one.
#[derive(Default)]
struct Tree {
    children: Vec<Child>,
    waiting: Option<Attributes>,
    /// The HTML element around these blocks, where there is one.
    element: Option<String>,
}

#[derive(Clone, Copy)]
struct Child {
    kind: ChildKind,
    /// Its place among the outline's elements.
    element: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ChildKind {
    Blank {
        lines: usize,
    },
    Paragraph,
    DefinitionList,
    /// `^` alone on a line: a block ends here.
    EndOfBlock,
    /// A link, footnote or abbreviation is defined; an attribute list may follow.
    Definition,
    /// An attribute list or an extension.
    Extension,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    AtTheEnd,
    AtClosingTag,
}

impl Reader {
    fn blocks(&mut self, source: &mut Source, tree: &mut Tree) -> Ended {
        let waiting = tree.waiting.take();
        while !source.at_end() {
            if self.block(source, tree) == Ended::AtClosingTag {
                tree.waiting = waiting;
                return Ended::AtClosingTag;
            }
        }
        tree.waiting = waiting;
        Ended::AtTheEnd
    }

    /// Reads the one block that begins here. The order is kramdown's.
    fn block(&mut self, source: &mut Source, tree: &mut Tree) -> Ended {
        let found = self.blank(source, tree)
            || self.code(source, tree)
            || self.fence(source, tree)
            || self.quote(source, tree)
            || self.heading(source, tree)
            || self.rule(source, tree)
            || self.list(source, tree)
            || self.definition_list(source, tree);
        if found {
            return Ended::AtTheEnd;
        }
        match self.html_block(source, tree) {
            markup::Html::Taken => return Ended::AtTheEnd,
            markup::Html::ClosesAround => return Ended::AtClosingTag,
            markup::Html::Refused => {}
        }
        let _ = self.underlined_heading(source, tree)
            || self.math(source, tree)
            || self.table(source, tree)
            || self.definition(source, tree)
            || self.extension(source, tree)
            || self.end_of_block(source, tree)
            || self.paragraph(source, tree);
        Ended::AtTheEnd
    }

    fn blank(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        let line = source.number();
        let mut taken = 0;
        while !source.at_end() && is_blank(source.line()) {
            source.take_line();
            taken += 1;
        }
        if taken == 0 {
            return false;
        }
        if let Some(Child { kind: ChildKind::Blank { lines }, .. }) = tree.children.last_mut() {
            *lines += taken;
        } else {
            self.add(tree, ChildKind::Blank { lines: taken }, Kind::Nothing, line);
        }
        true
    }

    fn quote(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        if !html::without_margin(source.line()).starts_with('>') || self.depth >= DEPTH_MAX {
            return false;
        }
        let line = source.number();
        let mut quoted = vec![source.take_line()];
        while !ends_lazily(source) {
            quoted.push(source.take_line());
        }
        for (_, text) in &mut quoted {
            if let Some(rest) = html::without_margin(text).strip_prefix('>') {
                *text = rest.strip_prefix(' ').unwrap_or(rest).to_owned();
            }
        }
        self.add(tree, ChildKind::Other, Kind::Plain, line);
        self.nested(quoted, &mut Tree::default());
        true
    }

    /// `## Heading`, at the very margin.
    fn heading(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        let Some((level, contents)) = heading_contents(source.line()) else { return false };
        let (mut text, id) = heading_parts(contents);
        let unmarked = text.trim_end_matches('#');
        if unmarked.len() < text.len() && unmarked.ends_with([' ', '\t']) {
            text = unmarked[..unmarked.len() - 1].trim_end_matches(TRAILING);
        }
        if text.is_empty() {
            return false;
        }
        let heading = Kind::Heading { level, text: text.to_owned(), id, within: self.within };
        let (line, _) = source.take_line();
        self.add(tree, ChildKind::Other, heading, line);
        true
    }

    fn rule(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        if !is_rule(source.line()) {
            return false;
        }
        let (line, _) = source.take_line();
        self.add(tree, ChildKind::Other, Kind::Plain, line);
        true
    }

    /// A heading with a line of `=` or `-` under it, after a blank line.
    fn underlined_heading(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        let Some(found) = source.find(&UNDERLINED).filter(|_| tree.is_after_boundary()) else { return false };
        let bytes = found[0].len();
        let level = if found.get(2).is_some_and(|rule| rule.as_str().starts_with('=')) { 1 } else { 2 };
        let (text, id) = heading_parts(found.get(1).map_or("", |contents| contents.as_str()));
        if text.is_empty() {
            return false;
        }
        let heading = Kind::Heading { level, text: text.to_owned(), id, within: self.within };
        let line = source.number();
        source.advance(bytes);
        self.add(tree, ChildKind::Other, heading, line);
        true
    }

    fn math(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        let Some(found) = source.find(&MATH).filter(|_| tree.is_after_boundary()) else { return false };
        let (start, line, bytes) = (source.position(), source.number(), found[0].len());
        source.advance(bytes);
        if !is_before_boundary(source) {
            source.return_to(start);
            return false;
        }
        self.add(tree, ChildKind::Other, Kind::Plain, line);
        true
    }

    fn end_of_block(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        if !is_end_of_block(source.line()) {
            return false;
        }
        let (line, _) = source.take_line();
        self.add(tree, ChildKind::EndOfBlock, Kind::Nothing, line);
        true
    }

    /// Whatever is nothing else. Two that follow each other are one.
    fn paragraph(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        let (line, mut text) = source.take_line();
        while !ends_paragraph(source) {
            text.push('\n');
            text.push_str(&source.take_line().1);
        }
        if let Some(Child { kind: ChildKind::Paragraph, element }) = tree.children.last()
            && let Kind::Text(before) = &mut self.outline.elements[*element].kind
        {
            before.push('\n');
            before.push_str(&text);
        } else {
            self.add(tree, ChildKind::Paragraph, Kind::Text(text), line);
        }
        true
    }

    /// Reads lines that stand inside another block.
    fn nested(&mut self, lines: Vec<NumberedLine>, tree: &mut Tree) {
        self.depth += 1;
        self.blocks(&mut Source::new(lines), tree);
        self.depth -= 1;
    }

    fn add(&mut self, tree: &mut Tree, child: ChildKind, kind: Kind, line: usize) {
        let attributes = tree.waiting.take().unwrap_or_default();
        tree.children.push(Child { kind: child, element: self.outline.elements.len() });
        self.outline.elements.push(Element { line, kind, attributes });
    }
}

impl Tree {
    fn is_after_boundary(&self) -> bool {
        match self.children.last().map(|child| child.kind) {
            None | Some(ChildKind::Blank { .. } | ChildKind::EndOfBlock) => true,
            Some(
                ChildKind::Paragraph
                | ChildKind::DefinitionList
                | ChildKind::Definition
                | ChildKind::Extension
                | ChildKind::Other,
            ) => self.waiting.is_some(),
        }
    }
}

/// The level of a heading and what follows its `#`s, or None where the line is none.
fn heading_contents(line: &str) -> Option<(u8, &str)> {
    let behind = line.trim_start_matches('#');
    let level = u8::try_from(line.len() - behind.len()).ok().filter(|level| (1..=6).contains(level))?;
    let contents = behind.trim_start_matches([' ', '\t']);
    (contents.len() < behind.len()).then_some((level, contents))
}

/// A heading's text, and the id given at its end as ` {#id}`.
fn heading_parts(contents: &str) -> (&str, Option<String>) {
    let text = contents.trim_end_matches(TRAILING);
    match HEADING_ID.captures(text) {
        Some(found) => {
            let before = &text[..text.len() - found[0].len()];
            (before.trim_end_matches(TRAILING), Some(found[1].to_owned()))
        }
        None => (text, None),
    }
}

fn is_rule(line: &str) -> bool {
    let line = html::without_margin(line);
    let Some(sign) = line.chars().next().filter(|sign| ['*', '-', '_'].contains(sign)) else { return false };
    let signs = line.chars().filter(|it| *it == sign).count();
    signs >= 3 && line.chars().all(|it| it == sign || it == ' ' || it == '\t')
}

fn is_end_of_block(line: &str) -> bool {
    line.strip_prefix('^').is_some_and(is_blank)
}

/// What ends even text that goes on without its indentation or its `>`.
fn ends_lazily(source: &Source) -> bool {
    let line = source.line();
    source.at_end()
        || is_blank(line)
        || is_end_of_block(line)
        || source.is_at(&markup::ATTRIBUTE_LIST)
        || html::ends_paragraph(line)
}

fn ends_paragraph(source: &Source) -> bool {
    let line = source.line();
    ends_lazily(source)
        || list::begins_item(line)
        || heading_contents(line).is_some()
        || list::begins_definition(line)
        || html::without_margin(line).starts_with('>')
        || code::begins_fence(line)
}

fn is_before_boundary(source: &Source) -> bool {
    let line = source.line();
    source.at_end() || is_blank(line) || is_end_of_block(line) || source.is_at(&markup::ATTRIBUTE_LIST)
}

/// Blocks inside blocks; deeper ones are taken as text.
const DEPTH_MAX: usize = 40;

/// What Ruby's `rstrip` takes off.
const TRAILING: [char; 7] = [' ', '\t', '\n', '\r', '\x0b', '\x0c', '\0'];

static HEADING_ID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[\t ]\{#([:_\p{Alphabetic}][-.:_\p{Alphabetic}\p{M}\p{Nd}\u{b7}]*)\}$"));
static UNDERLINED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^ {0,3}([^ \t\n].*)\n([-=])[-=]*[ \t\r\x0c\x0b]*\n"));
static MATH: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)^ {0,3}\$\$(.*?)\$\$((?-u:\s)*?\n)?"));
