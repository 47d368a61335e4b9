//! What `/probe` was asked for of late: the latest results, and failures for longer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use askama::Template;

/// The results that are kept. Clones lead to the same ones. The lock is held for a look, and never
/// across an `await`.
#[derive(Clone, Debug)]
pub(super) struct History(Arc<Mutex<Rings>>);

#[derive(Debug)]
struct Rings {
    next: u64,
    limit: usize,
    /// Oldest first.
    latest: VecDeque<Arc<Kept>>,
    /// Failures that fell out of the latest, oldest first.
    failures: VecDeque<Arc<Kept>>,
}

/// A result under its number.
#[derive(Debug)]
struct Kept {
    id: u64,
    probed: Probed,
}

/// What came of one question.
#[derive(Debug)]
pub(super) struct Probed {
    pub(super) module: Arc<str>,
    /// The target as it was asked for; it may hold secrets, and is shown to nobody.
    pub(super) asked: String,
    /// The same without secrets.
    pub(super) target: String,
    pub(super) success: bool,
    /// The debug document.
    pub(super) document: Arc<str>,
}

impl History {
    /// An empty one, of `limit` results and as many failures besides.
    pub(super) fn new(limit: usize) -> Self {
        let (latest, failures) = (VecDeque::new(), VecDeque::new());
        Self(Arc::new(Mutex::new(Rings { next: 0, limit, latest, failures })))
    }

    /// Remembers one more, and forgets the oldest.
    pub(super) fn add(&self, probed: Probed) {
        let mut rings = self.rings();
        let id = rings.next;
        rings.next += 1;
        if rings.limit == 0 {
            return;
        }
        rings.latest.push_back(Arc::new(Kept { id, probed }));
        let oldest = if rings.latest.len() > rings.limit { rings.latest.pop_front() } else { None };
        rings.failures.extend(oldest.filter(|it| !it.probed.success));
        if rings.failures.len() > rings.limit {
            rings.failures.pop_front();
        }
    }

    /// The document of that number.
    pub(super) fn by_id(&self, id: u64) -> Option<Arc<str>> {
        self.find(|it| it.id == id)
    }

    /// The newest document about that target, of that module or of any.
    pub(super) fn by_target(&self, target: &str, module: Option<&str>) -> Option<Arc<str>> {
        let is_module = |it: &Kept| module.is_none_or(|module| *it.probed.module == *module);
        self.find(|it| (it.probed.asked == target || it.probed.target == target) && is_module(it))
    }

    fn find(&self, is_wanted: impl Fn(&Kept) -> bool) -> Option<Arc<str>> {
        self.newest_first().iter().find(|it| is_wanted(it)).map(|it| Arc::clone(&it.probed.document))
    }

    fn newest_first(&self) -> Vec<Arc<Kept>> {
        let rings = self.rings();
        rings.latest.iter().rev().chain(rings.failures.iter().rev()).cloned().collect()
    }

    /// The page of all of them.
    pub(super) fn page(&self) -> String {
        let kept = self.newest_first();
        let rows = kept.iter().map(|it| Row { id: it.id, probed: &it.probed }).collect();
        HistoryPage { rows }.render().expect("a page of strings and numbers can be written")
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.0.lock().expect("nobody panics while remembering")
    }
}

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage<'a> {
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    id: u64,
    probed: &'a Probed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(history: &History, target: &str, module: &str, success: bool) {
        let document = format!("{target} {module} {success}").into();
        let (asked, target) = (target.to_owned(), target.to_owned());
        history.add(Probed { module: module.into(), asked, target, success, document });
    }

    #[test]
    fn failures_are_kept_longer_and_the_newest_match_is_found() {
        let history = History::new(2);
        add(&history, "a", "m", false);
        for _ in 0..3 {
            add(&history, "b", "m", true);
        }
        assert_eq!(history.by_id(0).as_deref(), Some("a m false"));
        assert_eq!(history.by_id(1), None);
        add(&history, "a", "n", true);
        assert_eq!(history.by_target("a", None).as_deref(), Some("a n true"));
        assert_eq!(history.by_target("a", Some("m")).as_deref(), Some("a m false"));
        assert_eq!(history.by_target("b", Some("n")), None);
        for _ in 0..4 {
            add(&history, "c", "m", false);
        }
        assert_eq!(history.by_id(0), None, "two failures are kept besides the two latest");
        assert_eq!(history.newest_first().len(), 4);
    }

    #[test]
    fn a_history_of_none_keeps_none() {
        let history = History::new(0);
        add(&history, "a", "m", false);
        assert_eq!(history.by_id(0), None);
    }

    #[test]
    fn nothing_that_was_asked_for_becomes_a_part_of_the_page() {
        let history = History::new(2);
        add(&history, "<script>alert(1)</script>", "\"m'", false);
        let page = history.page();
        assert!(
            !page.contains("<script") && page.contains("alert(1)") && page.contains("logs?id=0"),
            "{page}"
        );
    }
}
