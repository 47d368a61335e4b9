//! The pages that people act by: which pages and anchors there are, and the link that leads to one step.
//!
//! The pages are Markdown of a Jekyll site. This room takes their text as an argument, knows their names
//! and anchors as the site makes them, and proves what a drop-in names. Who reads the files, who complains
//! and who prints is left to others.

use std::collections::BTreeMap;

use url::Url;

pub use page::{Anchor, Page, PageError};
pub use reference::{Link, PageRef, PageRefError, url};

mod attribute;
mod block;
mod entity;
mod html;
mod nearest;
mod page;
mod reference;
mod source;
mod span;

/// Where the operators' pages stand, unless `--runbook.base-url` says otherwise.
pub const DEFAULT_BASE_URL: &str =
    "https://pages.github.ibm.com/alchemy-conductors/documentation-pages/docs/runbooks";

/// The pages of one site, or (the default) none: then links are made but not proved.
#[derive(Clone, Debug)]
pub struct Runbook {
    base: Url,
    shelf: Shelf,
}

#[derive(Clone, Debug)]
enum Shelf {
    NoFolder,
    /// By their path without leading slash.
    Pages(BTreeMap<String, Page>),
}

/// The way that is pointed: the one step where a person must act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The page.
    pub page: PageRef,
    /// The place on it, without `#`.
    pub anchor: Option<String>,
    /// What a person reads: the heading, or without the folder the anchor in words.
    pub title: String,
}

/// Two files say they are the same page; a link leads to one of them only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{link}` is already the link of {first}")]
pub struct SamePage {
    /// The link of both.
    pub link: PageRef,
    /// The name of the file that was there first and stays.
    pub first: String,
}

/// What became of looking for a page or a place on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It is there.
    Found {
        /// The heading's title, or the page's.
        title: String,
        /// The line of the page's file, from 1.
        line: usize,
    },
    /// The page is there, and has no such anchor.
    NoSuchAnchor {
        /// The anchor that may have been meant.
        nearest: Option<String>,
    },
    /// The folder does not hold the page but one named so much like it that it must be a slip.
    NoSuchPage {
        /// The page that was meant.
        nearest: PageRef,
    },
    /// Nobody can say.
    Unproved(Unproved),
}

/// Why a link cannot be proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproved {
    /// No folder of pages is given.
    NoFolder,
    /// The folder does not hold the page, nor one named like it.
    NotInFolder,
    /// The page stands on another site.
    OtherSite,
}

impl Runbook {
    /// No folder of pages is given; the site stands at `base`.
    pub fn without_folder(base: Url) -> Self {
        Self { base, shelf: Shelf::NoFolder }
    }

    /// The pages of a folder. Of two with the same link the first stays, and each further one is
    /// returned as a fault.
    pub fn from_pages(base: Url, pages: impl IntoIterator<Item = Page>) -> (Self, Vec<SamePage>) {
        let mut shelf: BTreeMap<String, Page> = BTreeMap::new();
        let mut faults = Vec::new();
        for page in pages {
            let link = page.link().clone();
            let key = link.path_under(&base).map_or_else(|| link.to_string(), str::to_owned);
            match shelf.get(&key) {
                Some(first) => faults.push(SamePage { link, first: first.file_name().to_owned() }),
                None => {
                    shelf.insert(key, page);
                }
            }
        }
        (Self { base, shelf: Shelf::Pages(shelf) }, faults)
    }

    /// Where the site stands.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The pages, sorted by their links; none without a folder.
    pub fn pages(&self) -> impl Iterator<Item = &Page> {
        let pages = match &self.shelf {
            Shelf::NoFolder => None,
            Shelf::Pages(pages) => Some(pages.values()),
        };
        pages.into_iter().flatten()
    }

    /// The page of that name, by its path with or without leading slash, or by its full URL.
    pub fn page(&self, page: &PageRef) -> Option<&Page> {
        match &self.shelf {
            Shelf::NoFolder => None,
            Shelf::Pages(pages) => match page.path_under(&self.base) {
                Some(path) => pages.get(path),
                None => pages.get(&page.to_string()),
            },
        }
    }

    /// Whether the page is there, and the place on it where one is named.
    pub fn prove(&self, page: &PageRef, anchor: Option<&str>) -> Proof {
        let Some(found) = self.page(page) else { return self.prove_absent(page) };
        let Some(name) = anchor else {
            return Proof::Found { title: found.title().to_owned(), line: 1 };
        };
        if let Some(anchor) = found.anchor(name) {
            return Proof::Found { title: anchor.title.clone(), line: anchor.line };
        }
        let known = found.anchors().map(|anchor| anchor.name.as_str());
        Proof::NoSuchAnchor { nearest: nearest::anchor(name, known).map(str::to_owned) }
    }

    fn prove_absent(&self, page: &PageRef) -> Proof {
        let Some(path) = page.path_under(&self.base) else {
            return Proof::Unproved(Unproved::OtherSite);
        };
        match &self.shelf {
            Shelf::NoFolder => Proof::Unproved(Unproved::NoFolder),
            Shelf::Pages(pages) => nearest::page(path, pages.keys().map(String::as_str))
                .and_then(|near| pages.get(near))
                .map_or(Proof::Unproved(Unproved::NotInFolder), |near| Proof::NoSuchPage {
                    nearest: near.link().clone(),
                }),
        }
    }

    /// The link to a page of this site, and to a place on it.
    pub fn url(&self, page: &PageRef, anchor: Option<&str>) -> String {
        url(&self.base, page, anchor)
    }

    /// The step with the title a person reads: the page's own where it is known.
    pub fn step(&self, page: &PageRef, anchor: Option<&str>) -> Step {
        let title = match self.prove(page, anchor) {
            Proof::Found { title, .. } => title,
            Proof::NoSuchAnchor { .. } | Proof::NoSuchPage { .. } | Proof::Unproved(_) => {
                anchor.map(reference::words).filter(|words| !words.is_empty()).unwrap_or_else(|| page.words())
            }
        };
        Step { page: page.clone(), anchor: anchor.map(str::to_owned), title }
    }
}

/// No folder, and the operators' own site.
impl Default for Runbook {
    fn default() -> Self {
        Self::without_folder(Url::parse(DEFAULT_BASE_URL).expect("the default base is a URL"))
    }
}

#[cfg(test)]
mod tests;
