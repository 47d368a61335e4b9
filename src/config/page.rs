//! The proof that every page and anchor which a drop-in names is there.

use std::sync::Arc;

use super::Source;
use super::complaint::{Complaint, Level, Place};
use crate::runbook::{Page, PageRef, Proof, Runbook, Unproved};

/// A page, or a place on one, that a drop-in names.
#[derive(Clone, Debug)]
pub struct PageUse {
    /// Where it is named.
    pub place: Place,
    /// The page.
    pub page: PageRef,
    /// The anchor on it, without `#`.
    pub anchor: Option<Arc<str>>,
}

/// The pages that these files hold, and a warning for each that holds none.
pub fn pages(sources: &[Source]) -> (Vec<Page>, Vec<Complaint>) {
    let (mut pages, mut complaints) = (Vec::new(), Vec::new());
    for source in sources {
        let text = match &source.text {
            Ok(text) => text,
            Err(complaint) => {
                complaints.push(complaint.clone());
                continue;
            }
        };
        match Page::parse(&source.name, text) {
            Ok(page) => pages.push(page),
            Err(error) => {
                let place = Place::line_of(Arc::clone(&source.name), Arc::clone(text), error.line());
                let help = Some("a page begins with `---`, `link: /its/name.html`, `---`".to_owned());
                complaints.push(Complaint { level: Level::Warning, place, title: error.to_string(), help });
            }
        }
    }
    (pages, complaints)
}

/// What is wrong with these references. An anchor that its page lacks, or a page whose name is a
/// slip of one that is there, is an error. A page that the folder does not hold is a warning, and an
/// error where `strict`; so is one complaint for all of them where there is no folder. Pages of
/// other sites are taken as they are.
pub fn prove(uses: &[PageUse], runbook: &Runbook, strict: bool) -> Vec<Complaint> {
    let unproved = if strict { Level::Error } else { Level::Warning };
    let mut complaints = Vec::new();
    let mut without_folder = false;
    for it in uses {
        let (level, title, help) = match runbook.prove(&it.page, it.anchor.as_deref()) {
            Proof::Found { .. } | Proof::Unproved(Unproved::OtherSite) => continue,
            Proof::NoSuchAnchor { nearest } => {
                let anchor = it.anchor.as_deref().unwrap_or_default();
                let title = format!("no anchor `#{anchor}` on this page");
                let help = match nearest {
                    Some(near) => format!("the page has `#{near}`"),
                    None => format!("look at the headings of `{}`", it.page),
                };
                (Level::Error, title, help)
            }
            Proof::NoSuchPage { nearest } => {
                let title = format!("the runbook has no page `{}`", it.page);
                (Level::Error, title, format!("it has `{nearest}`"))
            }
            Proof::Unproved(Unproved::NotInFolder) => {
                let title = format!("the folder of pages does not hold `{}`", it.page);
                (unproved, title, "add the page to the folder, or mend its name".to_owned())
            }
            Proof::Unproved(Unproved::NoFolder) if without_folder => continue,
            Proof::Unproved(Unproved::NoFolder) => {
                without_folder = true;
                let title = "no page of the runbook is proved, from this one on".to_owned();
                (unproved, title, "say with `--runbook.dir` where the pages are".to_owned())
            }
        };
        complaints.push(Complaint { level, place: it.place.clone(), title, help: Some(help) });
    }
    complaints
}
