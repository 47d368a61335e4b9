//! The keys of one map, read one by one against their table.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::complaint::{listed, nearest};
use super::desk::Desk;
use super::key::{Section, Standing};
use super::raw::{Entry, Node, Value};
use super::word::{self, Bounds, Word};

/// A map whose keys were checked.
pub(crate) struct Fields<'a> {
    entries: &'a [Entry],
    section: &'static Section,
    /// Where a complaint about the map as a whole points: its first key.
    pub(crate) span: Range<usize>,
}

impl<'a> Fields<'a> {
    /// The map's keys; each that does not belong there, or is not built yet, is complained of.
    pub(crate) fn of(node: &'a Node, section: &'static Section, desk: &mut Desk) -> Self {
        let entries = match &node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            Value::List(_) | Value::Scalar(_) => {
                let known = listed(section.keys.iter().take(KEYS_NAMED).map(|it| it.name));
                let title = format!("{} is a map of keys, and this is none", section.title);
                desk.error(&node.span, title, format!("write keys such as {known}"));
                &[]
            }
        };
        for entry in entries {
            check_key(entry, section, desk);
        }
        let span = entries.first().map_or(node.span.clone(), |it| it.key_span.clone());
        Self { entries, section, span }
    }

    /// What stands behind a key, where anything does.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Node> {
        debug_assert!(
            self.section.key(name).is_some_and(|it| it.standing == Standing::Read),
            "{} has a row for `{name}`",
            self.section.title
        );
        let entry = self.entries.iter().find(|it| &*it.key == name)?;
        Some(&*entry.node).filter(|it| !it.is_null())
    }

    /// Where a key stands.
    pub(crate) fn key_span(&self, name: &str) -> Option<&'a Range<usize>> {
        self.entries.iter().find(|it| &*it.key == name).map(|it| &it.key_span)
    }

    /// As `get`; its absence is a mistake.
    pub(crate) fn required(&self, name: &str, desk: &mut Desk) -> Option<&'a Node> {
        let found = self.get(name);
        if found.is_none() {
            let takes = self.section.key(name).map_or("", |it| it.takes);
            let title = format!("{} needs `{name}`", self.section.title);
            let span = self.key_span(name).unwrap_or(&self.span);
            desk.error(span, title, format!("write `{name}:` and {takes} behind it"));
        }
        found
    }

    pub(crate) fn text(&self, name: &str, desk: &mut Desk) -> Option<&'a str> {
        word::text(self.get(name)?, desk)
    }

    /// A name with its place.
    pub(crate) fn word(&self, name: &str, desk: &mut Desk) -> Option<Word> {
        Word::read(self.get(name)?, desk)
    }

    pub(crate) fn required_word(&self, name: &str, desk: &mut Desk) -> Option<Word> {
        Word::read(self.required(name, desk)?, desk)
    }

    pub(crate) fn flag(&self, name: &str, default: bool, desk: &mut Desk) -> bool {
        self.get(name).and_then(|it| word::flag(it, desk)).unwrap_or(default)
    }

    pub(crate) fn duration(&self, name: &str, bounds: &Bounds, desk: &mut Desk) -> Option<Duration> {
        word::duration(self.get(name)?, bounds, desk)
    }

    pub(crate) fn list(&self, name: &str, desk: &mut Desk) -> &'a [Arc<Node>] {
        self.get(name).map_or(&[], |it| word::list(it, desk))
    }

    pub(crate) fn labels(&self, name: &str, desk: &mut Desk) -> Vec<Arc<str>> {
        self.list(name, desk).iter().filter_map(|it| word::label_name(it, desk)).collect()
    }

    pub(crate) fn map(&self, name: &str, desk: &mut Desk) -> &'a [Entry] {
        self.get(name).map_or(&[], |it| word::map(it, desk))
    }
}

fn check_key(entry: &Entry, section: &'static Section, desk: &mut Desk) {
    let name = &*entry.key;
    let Some(row) = section.key(name) else {
        let known = section.keys.iter().filter(|it| it.standing == Standing::Read).map(|it| it.name);
        let help = match nearest(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{} has {}", section.title, listed(known)),
        };
        desk.error(&entry.key_span, format!("unknown key `{name}` in {}", section.title), help);
        return;
    };
    match row.standing {
        Standing::Read | Standing::Unread => {}
        // `false` asks for nothing that is not there.
        Standing::Later(_) | Standing::Unbuilt(_) if entry.node.is_null() || word::is_false(&entry.node) => {}
        Standing::Unbuilt(help) => desk.lacks(&entry.key_span, &format!("`{name}`"), help),
        Standing::Later(help) => {
            let title = format!("`{name}` cannot be used in {} ({})", section.title, row.meaning);
            desk.error(&entry.key_span, title, help);
        }
    }
}

/// How many keys an example names.
const KEYS_NAMED: usize = 3;
