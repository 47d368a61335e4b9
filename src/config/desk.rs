//! The desk on which one file is read: its text, and the complaints about it so far.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::complaint::{Complaint, Level, Place};
use super::page::PageUse;
use super::raw::{Node, Value};
use super::word::Word;
use super::{Needed, Outside};
use crate::condition::Mistake;
use crate::runbook::PageRef;

/// One file under reading. Whoever finds a mistake leaves it here and reads on.
pub(crate) struct Desk {
    file: Arc<str>,
    text: Arc<str>,
    gathered: Gathered,
    /// While a module is read: what it asks for that is not built.
    lacking: Option<Vec<String>>,
}

/// What has come together on a desk.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) complaints: Vec<Complaint>,
    /// Pages of the runbook that the file names.
    pub(crate) pages: Vec<PageUse>,
    /// Files outside that it names.
    pub(crate) needed: Vec<Needed>,
    /// Alerts that its conditions and templates ask about.
    pub(crate) mentions: Vec<Word>,
    /// Probes that the alert under reading asks for.
    asked: Vec<Word>,
}

impl Gathered {
    pub(crate) fn has_errors(&self) -> bool {
        self.complaints.iter().any(|it| it.level == Level::Error)
    }
}

impl Desk {
    pub(crate) fn new(file: Arc<str>, text: Arc<str>) -> Self {
        Self { file, text, gathered: Gathered::default(), lacking: None }
    }

    pub(crate) fn error(&mut self, span: &Range<usize>, title: impl Into<String>, help: impl Into<String>) {
        self.complain(Level::Error, span, title.into(), help.into());
    }

    pub(crate) fn warning(&mut self, span: &Range<usize>, title: impl Into<String>, help: impl Into<String>) {
        self.complain(Level::Warning, span, title.into(), help.into());
    }

    /// A module is read from here on.
    pub(super) fn begin_module(&mut self) {
        self.lacking = Some(Vec::new());
    }

    /// The module is read; gives what it asks for that is not built.
    pub(super) fn end_module(&mut self) -> Vec<String> {
        self.lacking.take().unwrap_or_default()
    }

    /// What stands there is right and cannot be had here. A module is left out for its sake, alone;
    /// elsewhere it is an error.
    pub(super) fn lacks(&mut self, span: &Range<usize>, what: &str, help: &str) {
        match &mut self.lacking {
            None => self.error(span, format!("{what} is not built here"), help),
            Some(lacking) => {
                lacking.push(what.to_owned());
                let title = format!("this module is left out: {what} is not built here");
                self.warning(span, title, help);
            }
        }
    }

    /// What is wrong with a condition or a template, shown inside the text that holds it.
    pub(crate) fn mistakes(&mut self, node: &Node, mistakes: Vec<Mistake>) {
        for it in mistakes {
            let span = self.inside(node, &it.span);
            let help = it.help.unwrap_or_else(|| EXAMPLE.to_owned());
            self.complain(Level::Error, &span, it.message, help);
        }
    }

    /// A warning that is told only where the file's own version is in force.
    pub(crate) fn warning_where(&mut self, told: bool, span: &Range<usize>, title: String, help: &str) {
        if told {
            self.warning(span, title, help);
        }
    }

    fn complain(&mut self, level: Level, span: &Range<usize>, title: String, help: String) {
        let place = self.place(span);
        self.put(Complaint { level, place, title, help: Some(help) });
    }

    pub(crate) fn put(&mut self, complaint: Complaint) {
        self.gathered.complaints.push(complaint);
    }

    pub(crate) fn names_page(&mut self, span: &Range<usize>, page: PageRef, anchor: Option<&str>) {
        let place = self.place(span);
        self.gathered.pages.push(PageUse { place, page, anchor: anchor.map(Into::into) });
    }

    pub(crate) fn needs_file(&mut self, span: &Range<usize>, path: PathBuf) {
        let place = self.place(span);
        self.gathered.needed.push(Needed { place, what: Outside::File(path) });
    }

    pub(crate) fn needs_pattern(&mut self, span: &Range<usize>, pattern: &str) {
        let place = self.place(span);
        self.gathered.needed.push(Needed { place, what: Outside::Pattern(pattern.to_owned()) });
    }

    pub(crate) fn mentions(&mut self, alert: Word) {
        self.gathered.mentions.push(alert);
    }

    pub(crate) fn asks(&mut self, probe: Word) {
        self.gathered.asked.push(probe);
    }

    /// The probes that were asked for since this was called last.
    pub(crate) fn take_asked(&mut self) -> Vec<Word> {
        std::mem::take(&mut self.gathered.asked)
    }

    pub(crate) fn mentioned(&self) -> &[Word] {
        &self.gathered.mentions
    }

    /// What has come together, from the top down; the desk is empty then. A complaint is told once,
    /// however often a key was looked at, and of very many only the first.
    pub(crate) fn take(&mut self) -> Gathered {
        let mut gathered = std::mem::take(&mut self.gathered);
        let all = &mut gathered.complaints;
        all.sort_by(|one, other| {
            let key = |it: &Complaint| (it.place.span.start, it.place.span.end);
            key(one).cmp(&key(other)).then_with(|| one.title.cmp(&other.title))
        });
        all.dedup();
        if all.len() > COMPLAINTS_MAX {
            let rest = all.split_off(COMPLAINTS_MAX);
            let level = rest.iter().map(|it| it.level).min().unwrap_or(Level::Error);
            let title = format!("this and {} more below it", rest.len() - 1);
            let help = Some("mend those above, and look again".to_owned());
            all.extend(rest.into_iter().next().map(|it| Complaint { level, title, help, place: it.place }));
        }
        gathered
    }

    pub(crate) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        Place { file: Arc::clone(&self.file), text: Arc::clone(&self.text), span: span.clone() }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.gathered.has_errors()
    }

    /// The bytes of the file where `inner`, a part of the scalar's text, is written. Where quotes
    /// or folding have changed the text before it: the scalar's beginning.
    pub(crate) fn inside(&self, node: &Node, inner: &Range<usize>) -> Range<usize> {
        let Value::Scalar(scalar) = &node.value else { return node.span.clone() };
        let (text, span) = (&scalar.text, &node.span);
        let written = self.text.get(span.clone()).unwrap_or_default();
        let from = text.floor_char_boundary(inner.start);
        let to = text.floor_char_boundary(inner.end).max(from);
        let quote = usize::from(!scalar.plain && written.starts_with(['"', '\'']));
        if written.get(quote..).is_some_and(|it| it.starts_with(&text[..to])) {
            return span.start + quote + from..span.start + quote + to;
        }
        let line_start = text[..from].rfind('\n').map_or(0, |at| at + 1);
        let line = text[line_start..].split('\n').next().unwrap_or_default();
        if let Some(at) = only(written, line) {
            let start = span.start + at;
            return start + from - line_start..start + (to - line_start).min(line.len());
        }
        // A folded text has its lines elsewhere, but a word of it may stand there only once.
        match only(written, &text[from..to]) {
            Some(at) => span.start + at..span.start + at + to - from,
            None => self.first_line(span),
        }
    }

    fn first_line(&self, span: &Range<usize>) -> Range<usize> {
        let written = self.text.get(span.clone()).unwrap_or_default();
        span.start..span.start + written.split('\n').next().unwrap_or_default().trim_end().len()
    }
}

/// How many complaints one file may have before the rest is summed up.
const COMPLAINTS_MAX: usize = 500;

/// What helps where the mistake itself suggests nothing.
const EXAMPLE: &str = "conditions look like `target.failing && labels.region == 'us-south'`";

/// Where `part` stands in `whole`, if it stands there once.
fn only(whole: &str, part: &str) -> Option<usize> {
    let at = whole.find(part).filter(|_| !part.is_empty())?;
    (whole.rfind(part) == Some(at)).then_some(at)
}
