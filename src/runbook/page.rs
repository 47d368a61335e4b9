//! One page of the site: its front matter, and its anchors as kramdown makes them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use regex::{Captures, Regex};
use serde::Deserialize;

use super::{
    block::{self, Kind, Outline, Within},
    reference::{PageRef, PageRefError, words},
    source::{NumberedLine, pattern},
    span::{self, MarkKind, Reading},
};

/// A page of the runbook site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    file_name: String,
    link: PageRef,
    title: String,
    anchors: Vec<Anchor>,
}

/// A place on a page that a link can lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// What stands behind the `#`; once on a page, never empty.
    pub name: String,
    /// The heading without its markup; of an anchor that belongs to no heading, its name in words.
    pub title: String,
    /// The line of the file, from 1.
    pub line: usize,
    /// 1 to 6 for a heading.
    pub level: Option<u8>,
}

/// Why a file is no page. The line is the file's, from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// A page of a Jekyll site begins with `---`.
    #[error("the page has no front matter")]
    NoFrontMatter {
        /// Always 1.
        line: usize,
    },
    /// A second `---` is missing.
    #[error("the front matter has no end")]
    EndlessFrontMatter {
        /// Where it begins.
        line: usize,
    },
    /// It is not YAML.
    #[error("the front matter cannot be read: {reason}")]
    BadFrontMatter {
        /// Where the YAML is wrong.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing names the page.
    #[error("the front matter has no `link`")]
    NoLink {
        /// Where the front matter begins.
        line: usize,
    },
    /// The name cannot be one of a page.
    #[error("the page's `link` is no page: {reason}")]
    BadLink {
        /// Where the link stands.
        line: usize,
        /// What is wrong with it.
        reason: PageRefError,
    },
}

impl PageError {
    /// The line of the file at fault, from 1.
    pub fn line(&self) -> usize {
        match self {
            Self::NoFrontMatter { line }
            | Self::EndlessFrontMatter { line }
            | Self::BadFrontMatter { line, .. }
            | Self::NoLink { line }
            | Self::BadLink { line, .. } => *line,
        }
    }
}

impl Page {
    /// Reads a page. `file_name` is only kept, to name the file in complaints.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, PageError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
        let (front, body_line) = front_matter(&text)?;
        let link_text = front.link.ok_or(PageError::NoLink { line: 1 })?;
        let link = PageRef::parse(&link_text)
            .map_err(|reason| PageError::BadLink { line: line_of_link(&text), reason })?;
        let shown = without_liquid(text.strip_suffix('\n').unwrap_or(&text));
        let body: Vec<NumberedLine> =
            (1..).zip(shown.split('\n').map(str::to_owned)).skip(body_line - 1).collect();
        let title = front.title.filter(|title| !title.trim().is_empty());
        Ok(Self {
            file_name: file_name.to_owned(),
            title: title.unwrap_or_else(|| link.words()),
            link,
            anchors: Gathering::gather(&block::outline(body)),
        })
    }

    /// The name of the file it was read from.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The page's name on the site.
    pub fn link(&self) -> &PageRef {
        &self.link
    }

    /// The front matter's title; without one, the link in words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The anchors in the order of the page.
    pub fn anchors(&self) -> impl ExactSizeIterator<Item = &Anchor> {
        self.anchors.iter()
    }

    /// The anchor of that name.
    pub fn anchor(&self, name: &str) -> Option<&Anchor> {
        self.anchors.iter().find(|anchor| anchor.name == name)
    }
}

#[derive(Deserialize)]
struct FrontMatter {
    link: Option<String>,
    title: Option<String>,
}

/// The front matter, and the line at which the page itself begins.
fn front_matter(text: &str) -> Result<(FrontMatter, usize), PageError> {
    let mut lines = text.split('\n');
    let begins = lines.next().and_then(|line| line.strip_prefix("---"));
    if !begins.is_some_and(|rest| rest.trim().is_empty()) {
        return Err(PageError::NoFrontMatter { line: 1 });
    }
    let ends = |line: &str| matches!(line.trim_end(), "---" | "...");
    let length = lines.clone().position(ends).ok_or(PageError::EndlessFrontMatter { line: 1 })?;
    let yaml: Vec<&str> = lines.take(length).collect();
    let front: Option<FrontMatter> = serde_saphyr::from_str(&yaml.join("\n")).map_err(|error| {
        let line = error.location().map_or(1, |place| usize::try_from(place.line()).unwrap_or(1));
        let reason = error.to_string().lines().next().unwrap_or_default().to_owned();
        PageError::BadFrontMatter { line: line + 1, reason }
    })?;
    Ok((front.unwrap_or(FrontMatter { link: None, title: None }), length + 3))
}

/// Jekyll runs Liquid over the page before kramdown sees it: what stands in a `{% comment %}` is gone, a
/// `{% raw %}` leaves what it holds. Every line keeps its number. What else Liquid may write is not known
/// here.
fn without_liquid(text: &str) -> Cow<'_, str> {
    LIQUID.replace_all(text, |found: &Captures<'_>| match found.name("raw") {
        Some(raw) => raw.as_str().to_owned(),
        None => found[0].chars().filter(|it| *it == '\n').collect(),
    })
}

fn line_of_link(text: &str) -> usize {
    1 + text.split('\n').position(|line| line.starts_with("link")).unwrap_or_default()
}

/// The anchors of a page as they are found.
#[derive(Default)]
struct Gathering {
    found: Vec<(Anchor, MarkKind)>,
    /// Which of `found` stand alone so far: a heading right behind them gives them its title.
    bare: Vec<usize>,
    ids: HashMap<String, usize>,
    ids_in_html: HashMap<String, usize>,
}

impl Gathering {
    fn gather(outline: &Outline) -> Vec<Anchor> {
        let mut gathering = Self::default();
        for element in &outline.elements {
            let id = element.attributes.id(&outline.definitions.lists);
            match &element.kind {
                Kind::Heading { level, text, id: own, within } => {
                    let reading = span::read(text, &outline.definitions);
                    let given = id.or(own.as_deref());
                    gathering.heading(element.line, *level, given, *within, &reading);
                }
                Kind::Text(text) => {
                    let reading = span::read(text, &outline.definitions);
                    if !reading.title.trim().is_empty() {
                        gathering.bare.clear();
                    }
                    gathering.bare(element.line, id, MarkKind::Id);
                    for mark in &reading.marks {
                        gathering.bare(element.line + mark.line, Some(&mark.name), mark.kind);
                    }
                    if !reading.title.trim().is_empty() {
                        gathering.bare.clear();
                    }
                }
                Kind::Tag { id: own, anchor_name } => {
                    gathering.bare(element.line, id.or(own.as_deref()), MarkKind::Id);
                    gathering.bare(element.line, anchor_name.as_deref(), MarkKind::Name);
                }
                Kind::Plain => {
                    gathering.bare.clear();
                    gathering.bare(element.line, id, MarkKind::Id);
                }
                Kind::Nothing => {}
            }
        }
        gathering.reachable()
    }

    fn heading(&mut self, line: usize, level: u8, given: Option<&str>, within: Within, reading: &Reading) {
        let name = match (given, within) {
            (Some(given), _) => given.to_owned(),
            (None, Within::Markdown) => counted(&mut self.ids, github_id(&reading.raw)),
            (None, Within::Html) => counted(&mut self.ids_in_html, plain_id(&reading.raw)),
        };
        let mut title = reading.title.split_whitespace().collect::<Vec<_>>().join(" ");
        if title.is_empty() {
            title = words(&name);
        }
        for index in self.bare.drain(..) {
            self.found[index].0.title.clone_from(&title);
        }
        for mark in &reading.marks {
            let anchor = Anchor { name: mark.name.clone(), title: title.clone(), line, level: Some(level) };
            self.found.push((anchor, mark.kind));
        }
        self.found.push((Anchor { name, title, line, level: Some(level) }, MarkKind::Id));
    }

    fn bare(&mut self, line: usize, name: Option<&str>, kind: MarkKind) {
        let Some(name) = name else { return };
        self.bare.push(self.found.len());
        let anchor = Anchor { name: name.to_owned(), title: words(name), line, level: None };
        self.found.push((anchor, kind));
    }

    /// A browser goes to the first element with the id, and to the first of that name where there is no
    /// such id. kramdown itself can give one id twice (`A`, `A`, `A 1`): the second is out of reach.
    fn reachable(self) -> Vec<Anchor> {
        let mut places: BTreeMap<String, (usize, MarkKind)> = BTreeMap::new();
        for (index, (anchor, kind)) in self.found.iter().enumerate() {
            let place = places.entry(anchor.name.clone()).or_insert((index, *kind));
            if place.1 == MarkKind::Name && *kind == MarkKind::Id {
                *place = (index, *kind);
            }
        }
        let is_reachable = |index: usize, anchor: &Anchor| {
            !anchor.name.is_empty() && places.get(&anchor.name).is_some_and(|place| place.0 == index)
        };
        let found = self.found.into_iter().enumerate();
        found
            .filter(|(index, (anchor, _))| is_reachable(*index, anchor))
            .map(|(_, (anchor, _))| anchor)
            .collect()
    }
}

/// The second of an id gets `-1`, the third `-2`.
fn counted(ids: &mut HashMap<String, usize>, id: String) -> String {
    let times = ids.entry(id.clone()).or_insert(0);
    *times += 1;
    if *times == 1 { id } else { format!("{id}-{}", *times - 1) }
}

/// The id of a heading: letter case folded one letter at a time, as Ruby does it.
fn github_id(raw: &str) -> String {
    let lower: String = raw.chars().flat_map(char::to_lowercase).collect();
    NOT_IN_ID.replace_all(&lower, "").replace([' ', '\t'], "-")
}

/// The id of a heading inside an HTML element, which kramdown's own rule makes.
fn plain_id(raw: &str) -> String {
    let from_letter = raw.trim_start_matches(|it: char| !it.is_ascii_alphabetic());
    let kept = from_letter.chars().filter(|it| it.is_ascii_alphanumeric() || matches!(it, ' ' | '-'));
    let id: String = kept.map(|it| if it == ' ' { '-' } else { it.to_ascii_lowercase() }).collect();
    if id.is_empty() { "section".to_owned() } else { id }
}

/// All but what Ruby's `\p{Word}` holds (Rust's `\w` has two signs more), `-`, blank and tab.
static NOT_IN_ID: LazyLock<Regex> = LazyLock::new(|| pattern(r"[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\- \t]+"));

static LIQUID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?s)\{%-?\s*raw\s*-?%\}(?P<raw>.*?)\{%-?\s*endraw\s*-?%\}",
        r"|\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}"
    ))
});

#[cfg(test)]
mod tests;
