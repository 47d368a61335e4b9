//! HTML as kramdown finds it among Markdown: tags, their ids, and which of them hold Markdown.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::source::pattern;

/// An opening tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// In lower case where HTML has an element of that name.
    pub(super) name: String,
    pub(super) id: Option<String>,
    /// The `name` of an `<a>`: the old way to make an anchor.
    pub(super) anchor_name: Option<String>,
    pub(super) content: Option<Content>,
    /// It has no body: `<br>`, `<a name="x"/>`.
    pub(super) is_closed: bool,
    pub(super) bytes: usize,
}

/// How the body of an element is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// As Markdown blocks.
    Block,
    /// As Markdown within a line.
    Span,
    /// Not as Markdown at all.
    Raw,
}

/// The tag at the very beginning of `text`.
pub(super) fn opening(text: &str) -> Option<Tag> {
    let found = OPENING.captures(&text[..text.floor_char_boundary(TAG_BYTES_MAX)])?;
    let name = canonical(&found[1]);
    let mut tag = Tag {
        id: None,
        anchor_name: None,
        content: None,
        is_closed: found.get(3).is_some() || VOID.contains(&name.as_str()),
        bytes: found[0].len(),
        name,
    };
    for attribute in ATTRIBUTE.captures_iter(&found[2]) {
        let value = (2..=4).find_map(|group| attribute.get(group)).map_or("", |value| value.as_str());
        match attribute[1].to_lowercase().as_str() {
            "id" => tag.id = Some(value.to_owned()),
            "name" if tag.name == "a" => tag.anchor_name = Some(value.to_owned()),
            "markdown" => tag.content = asked_content(value, &tag.name),
            _ => {}
        }
    }
    Some(tag)
}

/// The closing tag at the very beginning of `text`: the element's name and the tag's length in bytes.
pub(super) fn closing(text: &str) -> Option<(String, usize)> {
    let found = CLOSING.captures(text)?;
    Some((canonical(&found[1]), found[0].len()))
}

/// The length in bytes of the comment at the very beginning of `text`.
pub(super) fn comment(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("<!--")?;
    inside.find("-->").map(|end| end + "<!---->".len())
}

/// The length in bytes of the processing instruction at the very beginning of `text`.
pub(super) fn instruction(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("<?")?;
    inside.find("?>").map(|end| end + "<??>".len())
}

/// Where the next closing tag of `name` begins.
pub(super) fn find_closing(text: &str, name: &str) -> Option<usize> {
    CLOSING_ANYWHERE
        .captures_iter(text)
        .find(|found| found[1].eq_ignore_ascii_case(name))
        .and_then(|found: Captures<'_>| found.get(0))
        .map(|found| found.start())
}

/// How kramdown reads an element's body where it reads Markdown in HTML.
pub(super) fn content_model(name: &str) -> Content {
    if BLOCK_CONTENT.contains(&name) {
        Content::Block
    } else if SPAN_CONTENT.contains(&name) {
        Content::Span
    } else {
        Content::Raw
    }
}

/// An element that stands within a line, so it begins no HTML block.
pub(super) fn is_span(name: &str) -> bool {
    SPAN_ELEMENTS.contains(&name.to_lowercase().as_str())
}

/// An element that cannot stand within a line.
pub(super) fn is_block(name: &str) -> bool {
    BLOCK_ELEMENTS.contains(&name)
}

/// Whether a line that begins so ends a paragraph: a tag, opening or closing, of no element that
/// stands within a line.
pub(super) fn ends_paragraph(line: &str) -> bool {
    let line = without_margin(line);
    let Some(behind) = line.strip_prefix('<') else { return false };
    match behind.strip_prefix('/') {
        Some(closing) => {
            CLOSING.is_match(line)
                && TAG_NAME.find(closing).is_some_and(|_| !begins_with_span_element(closing))
        }
        None => TAG_NAME.is_match(behind) && !begins_with_span_element(behind),
    }
}

/// `text` without the up to three blanks that kramdown allows before a block.
pub(super) fn without_margin(text: &str) -> &str {
    let blanks = text.bytes().take(3).take_while(|byte| *byte == b' ').count();
    &text[blanks..]
}

fn begins_with_span_element(text: &str) -> bool {
    let word = text.split(|it: char| !(it.is_alphanumeric() || it == '_')).next().unwrap_or_default();
    word == "script" || SPAN_ELEMENTS.contains(&word)
}

fn canonical(name: &str) -> String {
    let lower = name.to_lowercase();
    let known = [SPAN_ELEMENTS, BLOCK_ELEMENTS, BLOCK_CONTENT, SPAN_CONTENT, RAW_CONTENT, VOID];
    if known.iter().any(|list| list.contains(&lower.as_str())) { lower } else { name.to_owned() }
}

fn asked_content(value: &str, name: &str) -> Option<Content> {
    match value {
        "0" => Some(Content::Raw),
        "1" => Some(content_model(name)),
        "span" => Some(Content::Span),
        "block" => Some(Content::Block),
        _ => None,
    }
}

/// A longer tag is taken as text.
const TAG_BYTES_MAX: usize = 4096;

const BLOCK_CONTENT: &[&str] = &[
    "address",
    "applet",
    "article",
    "aside",
    "blockquote",
    "body",
    "dd",
    "details",
    "div",
    "dl",
    "fieldset",
    "figure",
    "figcaption",
    "footer",
    "form",
    "header",
    "hgroup",
    "iframe",
    "li",
    "main",
    "map",
    "menu",
    "nav",
    "noscript",
    "object",
    "section",
    "summary",
    "td",
];

const SPAN_CONTENT: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdo", "big", "button", "cite", "caption", "del", "dfn", "dt", "em", "h1",
    "h2", "h3", "h4", "h5", "h6", "i", "ins", "label", "legend", "optgroup", "p", "q", "rb", "rbc", "rp",
    "rt", "rtc", "ruby", "select", "small", "span", "strong", "sub", "sup", "th", "tt",
];

const RAW_CONTENT: &[&str] =
    &["script", "style", "math", "option", "textarea", "pre", "code", "kbd", "samp", "var"];

const SPAN_ELEMENTS: &[&str] = &[
    "a", "abbr", "acronym", "b", "big", "bdo", "br", "button", "cite", "code", "del", "dfn", "em", "i",
    "img", "input", "ins", "kbd", "label", "mark", "option", "q", "rb", "rbc", "rp", "rt", "rtc", "ruby",
    "samp", "select", "small", "span", "strong", "sub", "sup", "tt", "u", "var",
];

const BLOCK_ELEMENTS: &[&str] = &[
    "address",
    "article",
    "aside",
    "applet",
    "body",
    "blockquote",
    "caption",
    "col",
    "colgroup",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "html",
    "head",
    "iframe",
    "legend",
    "menu",
    "li",
    "main",
    "map",
    "nav",
    "ol",
    "optgroup",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tfoot",
    "tr",
    "ul",
];

const VOID: &[&str] = &[
    "area", "base", "br", "col", "command", "embed", "hr", "img", "input", "keygen", "link", "meta", "param",
    "source", "track", "wbr",
];

/// A name as kramdown takes it from REXML: letters of any script, one optional prefix.
macro_rules! name {
    () => {
        r"(?:[\p{Alphabetic}_][-\p{Alphabetic}\p{Nd}._]*:)?[\p{Alphabetic}_][-\p{Alphabetic}\p{Nd}._]*"
    };
}

static OPENING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        "^<(",
        name!(),
        r")(?-u:\s)*((?:(?-u:\s)+",
        name!(),
        r#"(?:(?-u:\s)*=(?-u:\s)*(?:\w+|"[^"]*"|'[^']*'))?)*)(?-u:\s)*(/)?>"#
    ))
});

static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(r"(?-u:\s)*(", name!(), r#")(?:(?-u:\s)*=(?-u:\s)*(?:(\w+)|"([^"]*)"|'([^']*)'))?"#))
});

static CLOSING: LazyLock<Regex> = LazyLock::new(|| pattern(concat!("^</(", name!(), r")(?-u:\s)*>")));

static CLOSING_ANYWHERE: LazyLock<Regex> = LazyLock::new(|| pattern(concat!("</(", name!(), r")(?-u:\s)*>")));

static TAG_NAME: LazyLock<Regex> = LazyLock::new(|| pattern(concat!("^", name!())));
