//! The single constructs of a line: links, tags, entities, kramdown's extensions and signs.

use std::sync::LazyLock;

use regex::Regex;

use super::{Frame, Mark, MarkKind, NESTING_MAX, Parse, Spans, Stop, is_blank, link_id};
use crate::runbook::{
    attribute::Attributes,
    entity,
    html::{self, Content},
    source::pattern,
};

impl Spans<'_> {
    pub(super) fn autolink(&mut self) -> bool {
        let Some(found) = AUTOLINK.captures(self.rest()) else {
            let is_far = AUTOLINK_SCHEMES.iter().any(|scheme| self.rest()[1..].starts_with(scheme));
            return is_far && self.missed();
        };
        let bytes = found[0].len();
        let address = &self.rest()[1..bytes - 1];
        self.push(address.strip_prefix("mailto:").unwrap_or(address));
        self.position += bytes;
        self.behind_element = true;
        true
    }

    pub(super) fn tag(&mut self, around: Parse) {
        let rest = self.rest();
        if let Some(bytes) = html::comment(rest) {
            self.position += bytes;
            self.behind_element = true;
            return;
        }
        if rest.starts_with("<!--") {
            self.missed();
        }
        if let Some((_, bytes)) = html::closing(rest) {
            return self.copy(bytes);
        }
        let Some(tag) = html::opening(rest) else { return self.copy(1) };
        if html::is_block(&tag.name) {
            return self.copy(tag.bytes);
        }
        self.mark(tag.id, MarkKind::Id);
        self.mark(tag.anchor_name, MarkKind::Name);
        self.position += tag.bytes;
        if !tag.is_closed {
            let parse = match tag.content {
                Some(Content::Span) => Parse::Markdown,
                Some(Content::Raw) => Parse::TagsOnly,
                Some(Content::Block) | None if around == Parse::TagsOnly => Parse::TagsOnly,
                Some(Content::Block) | None => match html::content_model(&tag.name) {
                    Content::Block | Content::Span => Parse::Markdown,
                    Content::Raw => Parse::TagsOnly,
                },
            };
            if self.within(Frame::Html, &Stop::Closing(&tag.name), parse)
                && let Some((_, bytes)) = html::closing(self.rest())
            {
                self.position += bytes;
            }
        }
        self.behind_element = true;
    }

    pub(super) fn footnote(&mut self) -> bool {
        let Some(found) = FOOTNOTE.captures(self.rest()) else { return false };
        let bytes = found[0].len();
        if self.definitions.footnotes.contains(&found[1]) {
            self.position += bytes;
            self.behind_element = true;
        } else {
            self.copy(bytes);
        }
        true
    }

    pub(super) fn link(&mut self) -> Option<Frame> {
        let rest = self.rest();
        let opening = if rest.starts_with('!') { 2 } else { 1 };
        let frame = if opening == 2 { Frame::Image } else { Frame::Link };
        let begins = rest[opening..].chars().next().is_some_and(|next| next != '^');
        let nested = frame == Frame::Link
            && self.frames.iter().any(|outer| matches!(outer, Frame::Link | Frame::Image));
        if !begins || nested {
            self.copy(1);
            return None;
        }
        let saved = self.save();
        self.position += opening;
        let inside = self.position;
        let found = self.within(frame, &Stop::Bracket, Parse::Markdown);
        let target = found.then(|| self.target(&self.text[inside..self.position])).flatten();
        let Some(bytes) = target else {
            self.missed();
            self.restore(&saved);
            self.copy(opening);
            return None;
        };
        self.position += 1 + bytes;
        if frame == Frame::Image {
            // The text of an image is no text of the heading.
            self.reading.raw.truncate(saved.raw);
            self.reading.title.truncate(saved.title);
        }
        self.behind_element = true;
        Some(frame)
    }

    /// The length of what follows the closing bracket here and says where the link leads.
    fn target(&self, text: &str) -> Option<usize> {
        let behind = &self.rest()[1..];
        let reference = REFERENCE.captures(behind);
        if reference.is_some() || !behind.starts_with('(') {
            let named = reference.as_ref().and_then(|found| found.get(1));
            let id = link_id(named.map_or(text, |named| named.as_str()));
            let bytes = reference.map_or(0, |found| found[0].len());
            return self.definitions.links.contains(&id).then_some(bytes);
        }
        if let Some(found) = ANGLED_TARGET.captures(behind) {
            let bytes = found[0].len();
            if behind[bytes..].starts_with(')') {
                return Some(bytes + 1);
            }
            return TARGET_TITLE.find(&behind[bytes..]).map(|title| bytes + title.end());
        }
        let mut open = 0_usize;
        for (place, sign) in behind.char_indices() {
            let after = &behind[place + sign.len_utf8()..];
            match sign {
                '(' => open += 1,
                ')' if open == 1 => return Some(place + 1),
                ')' => open -= 1,
                _ if is_blank(sign) && after.starts_with(['"', '\'']) => {
                    let from = place + sign.len_utf8();
                    return TARGET_TITLE.find(&behind[from..]).map(|title| from + title.end());
                }
                _ => {}
            }
        }
        None
    }

    pub(super) fn math(&mut self) -> bool {
        let Some(found) = MATH.captures(self.rest()) else {
            return self.rest().starts_with("$$") && self.missed();
        };
        let (bytes, formula) = (found[0].len(), found.get(1).map_or("", |formula| formula.as_str()));
        self.push(formula.trim());
        self.position += bytes;
        self.behind_element = true;
        true
    }

    pub(super) fn extension(&mut self) -> bool {
        let rest = self.rest();
        if let Some(found) = EXTENSION.captures(rest) {
            let body = &rest[found[0].len()..];
            let body_bytes = if found.get(2).is_some() {
                Some(0)
            } else {
                [format!("{{:/{}}}", &found[1]), "{:/}".to_owned()]
                    .iter()
                    .filter_map(|end| body.find(end.as_str()).map(|start| start + end.len()))
                    .min()
            };
            let known = matches!(&found[1], "comment" | "nomarkdown" | "options");
            let Some(body_bytes) = body_bytes.filter(|_| known) else { return self.missed() };
            self.position += found[0].len() + body_bytes;
            self.behind_element = true;
            return true;
        }
        if !self.behind_element || EXTENSION_END.is_match(rest) {
            return false;
        }
        let Some(found) = ATTRIBUTE_LIST.captures(rest) else { return self.missed() };
        let bytes = found[0].len();
        let mut attributes = Attributes::default();
        attributes.read(&found[1]);
        let id = attributes.id(&self.definitions.lists).map(str::to_owned);
        self.mark(id, MarkKind::Id);
        self.position += bytes;
        true
    }

    pub(super) fn entity(&mut self) -> bool {
        let Some(found) = ENTITY.captures(self.rest()) else { return false };
        let number = match (found.get(2), found.get(3)) {
            (Some(decimal), _) => decimal.as_str().parse().ok(),
            (None, Some(hex)) => u32::from_str_radix(hex.as_str(), 16).ok(),
            (None, None) => None,
        };
        let named = found.get(1).and_then(|name| entity::character(name.as_str()));
        let bytes = found[0].len();
        if let Some(meant) = named.or(number.and_then(entity::numbered)) {
            self.push(meant.encode_utf8(&mut [0; 4]));
            self.position += bytes;
            self.behind_element = true;
        } else {
            self.copy(bytes);
        }
        true
    }

    /// `--` and its like become one sign in the page, so they leave no `-` in the id.
    pub(super) fn typography(&mut self) -> bool {
        let rest = self.rest();
        let Some((typed, sign)) = TYPOGRAPHY.iter().find(|(typed, _)| rest.starts_with(typed)) else {
            return false;
        };
        self.reading.raw.push_str(sign);
        self.reading.title.push_str(typed);
        self.position += typed.len();
        self.behind_element = true;
        true
    }

    /// `<<`, unless an HTML tag begins with the second.
    pub(super) fn guillemets(&mut self) -> bool {
        self.rest().starts_with("<<") && self.typography()
    }

    pub(super) fn escape(&mut self) {
        let rest = self.rest();
        if rest.starts_with(r"\<<") || rest.starts_with(r"\>>") {
            self.position += 1;
            self.copy(2);
            self.behind_element = true;
            return;
        }
        match rest[1..].chars().next() {
            Some(escaped) if ESCAPABLE.contains(escaped) => {
                self.position += 1;
                self.copy(escaped.len_utf8());
            }
            Some(_) | None => self.copy(1),
        }
    }

    pub(super) fn strike(&mut self) -> bool {
        let Some(found) = STRIKE.captures(self.rest()) else {
            return self.rest().starts_with("~~") && self.missed();
        };
        let inside = found.get(1).map_or("", |inside| inside.as_str());
        let (bytes, line) = (found[0].len(), self.line());
        if self.frames.len() + STRIKE_COST > NESTING_MAX {
            return false;
        }
        let mut within = Spans::new(inside, self.definitions, self.steps_left);
        // What is nested in a strike counts its own depth; a strike is as deep as several others.
        within.frames = vec![Frame::Html; self.frames.len() + STRIKE_COST];
        within.run(&Stop::Never, Parse::Markdown);
        self.steps_left = within.steps_left;
        self.reading.raw.push_str(&within.reading.raw);
        self.reading.title.push_str(&within.reading.title);
        let marks = within.reading.marks.into_iter().map(|mark| Mark { line: mark.line + line, ..mark });
        self.reading.marks.extend(marks);
        self.position += bytes;
        self.behind_element = true;
        true
    }
}

/// A strike is read apart, so it weighs as much as several things inside each other.
const STRIKE_COST: usize = 4;

const ESCAPABLE: &str = "\\.*_+`<>()[]{}#!:|\"'$=-~";

const AUTOLINK_SCHEMES: [&str; 3] = ["mailto:", "http", "ftp"];

const TYPOGRAPHY: [(&str, &str); 7] = [
    ("---", "—"),
    ("--", "–"),
    ("...", "…"),
    ("<< ", "«\u{a0}"),
    (" >>", "\u{a0}»"),
    ("<<", "«"),
    (">>", "»"),
];

static AUTOLINK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^<(?:(?:mailto|https?|ftps?):.+?|[-_.\p{Alphabetic}\p{Nd}]+?@[-_.\p{Alphabetic}\p{Nd}]+?)>")
});
static FOOTNOTE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\[\^((?-u:\w)[-A-Za-z0-9_]*)\]"));
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?-u:\s)*?\[([^\]]+)?\]"));
static ANGLED_TARGET: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\(<(.*?)>"));
static TARGET_TITLE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?s)^(?-u:\s)*?(?:"(?:.+?)"(?-u:\s)*?\)|'(?:.+?)'(?-u:\s)*?\))"#));
static MATH: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)^\$\$(.*?)\$\$"));
static EXTENSION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\{::((?-u:\w)+)(?:(?-u:\s)(?:\\\}|[^}])*?|)(/)?\}"));
static EXTENSION_END: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\{:/(?:[A-Za-z0-9_][-A-Za-z0-9_]*)?\}"));
static ATTRIBUTE_LIST: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\{:((?:\\\}|[^}])+)\}"));
static ENTITY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^&(?:([A-Za-z0-9_:][-A-Za-z0-9_.:]*);|#([0-9]+);|#x([0-9a-fA-F]+);)"));
static STRIKE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?s)^~~([^\x20\t\n\r\x0b\x0c~]|[^\x20\t\n\r\x0b\x0c~].*?[^\x20\t\n\r\x0b\x0c~])~~")
});
