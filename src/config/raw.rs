//! A file as it is written: a tree of scalars, lists and maps, each with its place.
//!
//! Deserialising straight into types stops at the first mistake. So the parser's events become a
//! tree first, and every entry of it is then read on its own: one bad alert hides nothing of the
//! next one. YAML stays behind this module.
//!
//! Anchors and aliases share their nodes, and what they would grow to is bounded; `<<` merges maps.
//! Tags and duplicate keys are mistakes.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, options};

use super::desk::Desk;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    /// Bytes of the file. An alias stands where its anchor does.
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
    /// How many nodes it would be with every alias written out.
    size: usize,
}

#[derive(Debug)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`: as if the key were not there.
    Null,
    Scalar(Scalar),
    List(Vec<Arc<Node>>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Whether it is written without quotes and on its own, so that `5` is a number.
    pub(crate) plain: bool,
    /// Where it bears the tag `!!binary`. Then the text is base64, and only a key that wants bytes
    /// takes it.
    pub(crate) binary: Option<Range<usize>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Arc<Node>,
}

impl Node {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }
}

/// The tree of the file on the desk, or none where that cannot be told; every mistake of the
/// writing goes onto the desk.
pub(crate) fn read(desk: &mut Desk) -> Option<Arc<Node>> {
    read_up_to(FILE_BYTES_MAX, desk)
}

/// As `read`, of a file that may have so many bytes.
pub(crate) fn read_up_to(bytes_max: usize, desk: &mut Desk) -> Option<Arc<Node>> {
    let text = desk.text();
    if text.len() > bytes_max {
        let title = format!("the file has {} bytes, and {bytes_max} are read at the most", text.len());
        desk.error(&(0..0), title, "split it into several files");
        return None;
    }
    let builder = Builder { parser: None, anchors: HashMap::new(), repeated: 0, depth: 0 };
    match builder.document(&text, desk) {
        Ok(Some(root)) if !root.is_null() => Some(root),
        Ok(_) => {
            if !desk.has_errors() {
                let help = "write into it, or delete the file if it is no longer wanted";
                desk.error(&(0..text.len().min(1)), "the file says nothing", help);
            }
            None
        }
        Err(Stop) => {
            if !desk.has_errors() {
                desk.error(
                    &(0..text.len().min(1)),
                    "this is not YAML",
                    "look for a bracket or a quote without its end",
                );
            }
            None
        }
    }
}

/// The rest of the file cannot be understood.
struct Stop;

struct Builder<'a> {
    parser: Option<Events<'a>>,
    anchors: HashMap<usize, Arc<Node>>,
    /// How many values aliases stand for. Without them a file's length bounds its values.
    repeated: usize,
    depth: usize,
}

type Events<'a> = Box<dyn Iterator<Item = Result<(Event<'a>, Span), ScanError>> + 'a>;

impl<'a> Builder<'a> {
    fn document(mut self, text: &'a str, desk: &mut Desk) -> Result<Option<Arc<Node>>, Stop> {
        let options = options! { emit_comments: false, emit_unresolved_aliases: true };
        self.parser = Some(Box::new(Parser::new_from_str_with_options(text, options)));
        let mut root = None;
        while let Some((event, span)) = self.next(desk)? {
            match event {
                Event::DocumentStart(..) if root.is_some() => {
                    let help = "a drop-in is one document: take `---` away, or make it a file of its own";
                    desk.error(&bytes(&span), "a second document in one file", help);
                    return Err(Stop);
                }
                Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => root = Some(self.node(event, &span, desk)?),
            }
        }
        Ok(root)
    }

    fn next(&mut self, desk: &mut Desk) -> Result<Option<(Event<'a>, Span)>, Stop> {
        let parser = self.parser.as_mut().expect("a document has its parser");
        match parser.next() {
            None => Ok(None),
            Some(Ok(it)) => Ok(Some(it)),
            Some(Err(error)) => {
                complain_of_syntax(&error, desk);
                Err(Stop)
            }
        }
    }

    /// What comes next, inside a list or map that has not ended.
    fn inner(&mut self, desk: &mut Desk) -> Result<(Event<'a>, Span), Stop> {
        self.next(desk)?.ok_or(Stop)
    }

    fn node(&mut self, event: Event<'a>, span: &Span, desk: &mut Desk) -> Result<Arc<Node>, Stop> {
        let place = bytes(span);
        let tag = event.tag().map(|tag| {
            let place = span.tag_span().map_or(place.clone(), |it| bytes(&it));
            (tag.original(), tag.parts() == ("tag:yaml.org,2002:", "binary"), place)
        });
        let is_scalar = matches!(event, Event::Scalar(..));
        let binary = match tag {
            Some((_, true, place)) if is_scalar => Some(place),
            Some((name, _, place)) => {
                refuse_tag(&name, &place, desk);
                None
            }
            None => None,
        };
        let anchor = event.anchor_id();
        let node = match event {
            Event::Alias(id) => return self.alias(id, place, desk),
            Event::UnresolvedAlias(name) => {
                let title = format!("no anchor `&{name}` stands above");
                desk.error(&place, title, "put the anchor before the first value that uses it");
                Node { span: place, value: Value::Null, size: 1 }
            }
            Event::Scalar(text, style, ..) => scalar(&text, style, place, binary),
            Event::SequenceStart(..) => self.list(place, desk)?,
            Event::MappingStart(..) => self.map(place, desk)?,
            // Nothing else is a node, and the parser promises one here.
            _ => return Err(Stop),
        };
        let node = Arc::new(node);
        if let Some(id) = anchor {
            self.anchors.insert(id, Arc::clone(&node));
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, place: Range<usize>, desk: &mut Desk) -> Result<Arc<Node>, Stop> {
        let Some(node) = self.anchors.get(&id).cloned() else {
            desk.error(&place, "an alias inside its own anchor", "write the value out");
            return Err(Stop);
        };
        self.repeated = self.repeated.saturating_add(node.size);
        if self.repeated > REPEATED_MAX {
            let title = format!("aliases in this file repeat more than {REPEATED_MAX} values");
            desk.error(&place, title, "use fewer aliases, or split the file");
            return Err(Stop);
        }
        Ok(node)
    }

    fn list(&mut self, place: Range<usize>, desk: &mut Desk) -> Result<Node, Stop> {
        self.descend(&place, desk)?;
        let (mut items, mut size, mut end) = (Vec::new(), 1_usize, place.end);
        loop {
            let (event, span) = self.inner(desk)?;
            if matches!(event, Event::SequenceEnd) {
                end = end.max(bytes(&span).end);
                break;
            }
            let item = self.node(event, &span, desk)?;
            size = size.saturating_add(item.size);
            items.push(item);
        }
        self.depth -= 1;
        Ok(Node { span: place.start..end, value: Value::List(items), size })
    }

    fn map(&mut self, place: Range<usize>, desk: &mut Desk) -> Result<Node, Stop> {
        self.descend(&place, desk)?;
        let (mut entries, mut merged, mut size, mut end) =
            (Vec::<Entry>::new(), Vec::new(), 1_usize, place.end);
        let mut seen = HashMap::new();
        loop {
            let (event, span) = self.inner(desk)?;
            if matches!(event, Event::MappingEnd) {
                end = end.max(bytes(&span).end);
                break;
            }
            let key = self.node(event, &span, desk)?;
            let (event, span) = self.inner(desk)?;
            let node = self.node(event, &span, desk)?;
            size = size.saturating_add(node.size + 1);
            let Some(name) = key_name(&key, desk) else { continue };
            if &*name == "<<" {
                merged.push(node);
                continue;
            }
            if let Some(first) = seen.insert(Arc::clone(&name), key.span.clone()) {
                let line = desk.place(&first).line();
                let title = format!("the key `{name}` stands here twice");
                desk.error(&key.span, title, format!("the first one is in line {line}: keep one of them"));
                continue;
            }
            entries.push(Entry { key: name, key_span: key.span.clone(), node });
        }
        for node in merged {
            merge(&mut entries, &node, desk);
        }
        self.depth -= 1;
        Ok(Node { span: place.start..end, value: Value::Map(entries), size })
    }

    fn descend(&mut self, place: &Range<usize>, desk: &mut Desk) -> Result<(), Stop> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            complain_of_depth(place, desk);
            return Err(Stop);
        }
        Ok(())
    }
}

fn scalar(text: &str, style: ScalarStyle, span: Range<usize>, binary: Option<Range<usize>>) -> Node {
    let plain = match style {
        ScalarStyle::Plain => true,
        ScalarStyle::SingleQuoted
        | ScalarStyle::DoubleQuoted
        | ScalarStyle::Literal
        | ScalarStyle::Folded => false,
    };
    let plain = plain && binary.is_none();
    let is_null = plain && matches!(text, "" | "~" | "null" | "Null" | "NULL");
    let scalar = || Scalar { text: text.to_owned(), plain, binary };
    let value = if is_null { Value::Null } else { Value::Scalar(scalar()) };
    Node { span, value, size: 1 }
}

/// A tag where none is taken.
pub(super) fn refuse_tag(name: &str, place: &Range<usize>, desk: &mut Desk) {
    let title = format!("the tag `{name}` is not taken here");
    desk.error(place, title, "take it away: the key alone says what its value is");
}

fn key_name(key: &Node, desk: &mut Desk) -> Option<Arc<str>> {
    match &key.value {
        Value::Scalar(it) => {
            if let Some(place) = &it.binary {
                refuse_tag(BINARY, place, desk);
            }
            Some(it.text.as_str().into())
        }
        Value::Null => {
            desk.error(&key.span, "a key without a name", "give it one");
            None
        }
        Value::List(_) | Value::Map(_) => {
            let help = "put the text between quotes: without them `{` begins a map and `[` a list";
            desk.error(&key.span, "a list or a map cannot be a key", help);
            None
        }
    }
}

/// What the map says itself wins; of several merged maps, the first.
fn merge(entries: &mut Vec<Entry>, node: &Node, desk: &mut Desk) {
    match &node.value {
        Value::Map(others) => {
            for other in others {
                if !entries.iter().any(|it| it.key == other.key) {
                    entries.push(other.clone());
                }
            }
        }
        Value::List(maps) => {
            for map in maps {
                merge(entries, map, desk);
            }
        }
        Value::Null | Value::Scalar(_) => {
            desk.error(&node.span, "`<<` merges maps, and this is none", "name the anchor of a map");
        }
    }
}

fn complain_of_syntax(error: &ScanError, desk: &mut Desk) {
    let is_too_deep = error.info().contains("recursion limit");
    let marker = error.marker();
    let text = desk.text();
    let at = marker
        .byte_offset()
        .unwrap_or_else(|| text.char_indices().nth(marker.index()).map_or(text.len(), |(at, _)| at));
    let at = text.floor_char_boundary(at.min(text.len()));
    // At the end of a line the caret stands under its last character.
    let at =
        if at == text.len() { text.trim_end().char_indices().last().map_or(0, |(at, _)| at) } else { at };
    let line_start = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let indent = text[line_start..].len() - text[line_start..].trim_start_matches(' ').len();
    let (at, help) = if text[line_start + indent..].starts_with('\t') {
        (line_start + indent, "indent with spaces: YAML takes no tabs there")
    } else {
        (at, "look at the indentation, and at quotes and brackets that were not closed, here and just above")
    };
    let length = text[at..].chars().next().map_or(0, char::len_utf8);
    // The parser gives up before the builder has met a single one of so many.
    if is_too_deep {
        return complain_of_depth(&(at..at + length), desk);
    }
    desk.error(&(at..at + length), format!("this is not YAML: {}", error.info()), help);
}

fn complain_of_depth(place: &Range<usize>, desk: &mut Desk) {
    let title = format!("lists and maps stand more than {DEPTH_MAX} deep here");
    desk.error(place, title, "nothing that a file can say needs that: look for brackets that are not closed");
}

fn bytes(span: &Span) -> Range<usize> {
    span.byte_range().unwrap_or_default()
}

/// The tag of bytes.
pub(super) const BINARY: &str = "!!binary";
/// The longest file that is read.
pub const FILE_BYTES_MAX: usize = 1 << 20;
const DEPTH_MAX: usize = 32;
const REPEATED_MAX: usize = 100_000;
