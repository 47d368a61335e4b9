//! HTML blocks, kramdown's own extensions, and what only defines something: links, footnotes,
//! abbreviations, attribute lists.

use std::sync::LazyLock;

use regex::Regex;

use super::{ChildKind, Element, Ended, Kind, Reader, Tree, Within, is_blank};
use crate::runbook::{
    attribute::Attributes,
    html::{self, Content, Tag},
    source::{Source, pattern},
    span::link_id,
};

/// What came of reading an HTML block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Html {
    Taken,
    /// The closing tag of the element that these blocks stand in.
    ClosesAround,
    Refused,
}

impl Reader {
    pub(super) fn html_block(&mut self, source: &mut Source, tree: &mut Tree) -> Html {
        let line = source.number();
        if let Some(bytes) = comment(source) {
            source.advance(bytes);
            take_blank_rest(source);
            let waiting = tree.waiting.take();
            self.add(tree, ChildKind::Other, Kind::Nothing, line);
            tree.waiting = waiting;
            return Html::Taken;
        }
        let text = html::without_margin(source.rest());
        let margin = source.rest().len() - text.len();
        if let Some(tag) = html::opening(text).filter(|tag| !html::is_span(&tag.name)) {
            if self.depth >= super::DEPTH_MAX {
                return Html::Refused;
            }
            source.advance(margin + tag.bytes);
            let id = tag.id.clone();
            self.add(tree, ChildKind::Other, Kind::Tag { id, anchor_name: None }, line);
            self.element(source, tag);
            return Html::Taken;
        }
        if let Some((name, bytes)) = html::closing(text)
            && tree.element.as_ref().is_some_and(|around| around.eq_ignore_ascii_case(&name))
        {
            source.advance(margin + bytes);
            return Html::ClosesAround;
        }
        Html::Refused
    }

    /// Reads the body of an element that begins a block.
    fn element(&mut self, source: &mut Source, tag: Tag) {
        if tag.name == "script" || tag.name == "style" {
            return skip_to_closing(source, &tag.name);
        }
        let content = tag.content.unwrap_or(Content::Raw);
        if content == Content::Block {
            take_blank_rest(source);
        }
        if !tag.is_closed {
            self.body(source, tag.name, content);
            take_blank_rest(source);
        }
    }

    fn body(&mut self, source: &mut Source, name: String, content: Content) {
        match content {
            Content::Block => {
                let outside = std::mem::replace(&mut self.within, Within::Html);
                self.depth += 1;
                let mut tree = Tree { element: Some(name), ..Tree::default() };
                let _: Ended = self.blocks(source, &mut tree);
                self.depth -= 1;
                self.within = outside;
            }
            Content::Span => {
                let start = source.position();
                let line = source.number();
                let end = html::find_closing(source.rest(), &name);
                source.advance(end.unwrap_or(source.rest().len()));
                let text = Kind::Text(source.since(start).to_owned());
                self.outline.elements.push(Element { line, kind: text, attributes: Attributes::default() });
                source.advance(html::closing(source.rest()).map_or(0, |(_, bytes)| bytes));
            }
            Content::Raw => self.raw_body(source, name),
        }
    }

    /// Goes to the closing tag of an element that holds no Markdown. What nothing closes goes to the end.
    fn raw_body(&mut self, source: &mut Source, name: String) {
        let mut open = vec![name];
        while let Some(around) = open.last() {
            let Some(bytes) = source.rest().find('<') else {
                return source.advance(source.rest().len());
            };
            source.advance(bytes);
            if let Some(bytes) = comment(source).or_else(|| html::instruction(source.rest())) {
                source.advance(bytes);
            } else if let Some(tag) = html::opening(source.rest()) {
                let line = source.number();
                source.advance(tag.bytes);
                let kind = Kind::Tag { id: tag.id.clone(), anchor_name: tag.anchor_name.clone() };
                self.outline.elements.push(Element { line, kind, attributes: Attributes::default() });
                self.raw_child(source, tag, &mut open);
            } else if let Some((name, bytes)) = html::closing(source.rest()) {
                source.advance(bytes);
                if *around == name {
                    open.pop();
                }
            } else {
                source.advance(1);
            }
        }
    }

    fn raw_child(&mut self, source: &mut Source, tag: Tag, open: &mut Vec<String>) {
        if tag.name == "script" || tag.name == "style" {
            return skip_to_closing(source, &tag.name);
        }
        let content = tag.content.filter(|_| self.depth < super::DEPTH_MAX).unwrap_or(Content::Raw);
        match content {
            Content::Raw if tag.is_closed => {}
            Content::Raw => open.push(tag.name),
            Content::Block | Content::Span => self.element(source, tag),
        }
    }

    /// What defines something and is not shown.
    pub(super) fn definition(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        let line = source.number();
        if let Some(found) = source.find(&FOOTNOTE) {
            let name = found[1].to_owned();
            self.outline.definitions.footnotes.insert(name);
            source.take_line();
            super::code::take_code(source);
        } else if let Some(found) = source.find(&LINK).filter(|found| !is_odd_link(found.get(3))) {
            let bytes = found[0].len();
            let id = link_id(&found[1]);
            self.outline.definitions.links.insert(id);
            source.advance(bytes);
        } else if source.is_at(&ABBREVIATION) {
            source.take_line();
        } else {
            return false;
        }
        self.add(tree, ChildKind::Definition, Kind::Nothing, line);
        true
    }

    /// `{: … }`, `{:name: … }`, `{::comment}`.
    pub(super) fn extension(&mut self, source: &mut Source, tree: &mut Tree) -> bool {
        let line = source.number();
        if let Some(found) = source.find(&NAMED_LIST) {
            let (name, text, bytes) = (found[1].to_owned(), found[2].to_owned(), found[0].len());
            self.outline.definitions.lists.entry(name).or_default().read(&text);
            source.advance(bytes);
            self.add(tree, ChildKind::Extension, Kind::Nothing, line);
            return true;
        }
        if let Some(found) = source.find(&EXTENSION) {
            let (name, has_body) = (found[1].to_owned(), found.get(2).is_none());
            return self.extension_named(source, tree, &name, has_body);
        }
        let Some(found) = source.find(&ATTRIBUTE_LIST) else { return false };
        let (text, bytes) = (found[1].to_owned(), found[0].len());
        source.advance(bytes);
        let element = tree.children.last().and_then(|child| match child.kind {
            ChildKind::Blank { .. } | ChildKind::EndOfBlock | ChildKind::Extension => None,
            ChildKind::Paragraph | ChildKind::DefinitionList | ChildKind::Definition | ChildKind::Other => {
                Some(child.element)
            }
        });
        if let Some(element) = element {
            self.outline.elements[element].attributes.read(&text);
            if !source.is_at(&ATTRIBUTE_LIST) {
                self.add(tree, ChildKind::Extension, Kind::Nothing, line);
            }
        } else {
            tree.waiting.get_or_insert_default().read(&text);
        }
        true
    }

    fn extension_named(&mut self, source: &mut Source, tree: &mut Tree, name: &str, has_body: bool) -> bool {
        if !matches!(name, "comment" | "nomarkdown" | "options") || has_body && source.is_unclosed(name) {
            return false;
        }
        let (start, line) = (source.position(), source.number());
        source.take_line();
        if has_body {
            let closing = [format!("{{:/{name}}}"), "{:/}".to_owned()];
            let ends = |line: &str| {
                let line = html::without_margin(line);
                closing.iter().any(|tag| line.strip_prefix(tag.as_str()).is_some_and(is_blank))
            };
            while !source.at_end() && !ends(source.line()) {
                source.take_line();
            }
            if source.at_end() {
                source.return_to(start);
                source.note_unclosed(name);
                return false;
            }
            source.take_line();
        }
        if name == "options" {
            self.add(tree, ChildKind::Extension, Kind::Nothing, line);
        } else {
            let waiting = tree.waiting.take();
            self.add(tree, ChildKind::Other, Kind::Nothing, line);
            tree.waiting = waiting;
        }
        true
    }

    /// An element of a list that has attributes of its own.
    pub(super) fn element_with_attributes(&mut self, line: usize, text: &str) {
        let mut attributes = Attributes::default();
        attributes.read(text);
        self.outline.elements.push(Element { line, kind: Kind::Plain, attributes });
    }
}

/// The length in bytes of the comment that begins here.
fn comment(source: &mut Source) -> Option<usize> {
    if !source.rest().starts_with(COMMENT) || source.is_unclosed(COMMENT) {
        return None;
    }
    let bytes = html::comment(source.rest());
    if bytes.is_none() {
        source.note_unclosed(COMMENT);
    }
    bytes
}

/// Takes the rest of the line where it is blank.
fn take_blank_rest(source: &mut Source) {
    if source.line().bytes().all(|byte| matches!(byte, b' ' | b'\t')) {
        source.take_line();
    }
}

fn skip_to_closing(source: &mut Source, name: &str) {
    let body = html::find_closing(source.rest(), name).unwrap_or(source.rest().len());
    source.advance(body);
    source.advance(html::closing(source.rest()).map_or(0, |(_, bytes)| bytes));
}

/// An address with a blank and a quote in it is no definition.
fn is_odd_link(address: Option<regex::Match<'_>>) -> bool {
    address.is_some_and(|address| QUOTE_WITHIN.is_match(address.as_str()))
}

const COMMENT: &str = "<!--";

/// `{: … }` on a line of its own.
pub(super) static ATTRIBUTE_LIST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^ {0,3}\{:([^:/}](?:\\\}|[^}])*)\}(?-u:\s)*?\n"));

/// `{: … }` at the start of an item.
pub(super) static ITEM_ATTRIBUTES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?-u:\s)*\{:([^:/}A-Za-z0-9_](?:\\\}|[^}])*|[A-Za-z0-9_][-A-Za-z0-9_]*(?:[^:}A-Za-z0-9_-](?:\\\}|[^}])*)?)\}(?-u:\s)*",
    )
});

static NAMED_LIST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^ {0,3}\{:([A-Za-z0-9_][-A-Za-z0-9_]*):((?:\\\}|[^}])+)\}(?-u:\s)*?\n"));
static EXTENSION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^ {0,3}\{::([A-Za-z0-9_]+)(?:(?-u:\s)(?:\\\}|[^}])*?|)(/)?\}(?-u:\s)*?\n"));
static FOOTNOTE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ {0,3}\[\^([A-Za-z0-9_][-A-Za-z0-9_]*)\]:"));
static ABBREVIATION: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ {0,3}\*\[(.+?)\]:"));
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"^ {0,3}\[([^\n\]]+)\]:[ \t]*(?:<(.*?)>|([^\n]*?[^ \t\n\r\x0b\x0c][^\n]*?))",
        r#"(?:(?:[ \t]*?\n|[ \t]+?)[ \t]*?(?:"(?:.+?)"|'(?:.+?)'))?[ \t]*?\n"#
    ))
});
static QUOTE_WITHIN: LazyLock<Regex> = LazyLock::new(|| pattern(r#"[ \t]+["']"#));
