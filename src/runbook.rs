//! Interface only.
use url::Url;
/// A page as a drop-in names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageRef(());
/// Pages.
#[derive(Clone, Debug, Default)]
pub struct Runbook(());
/// The way that is pointed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub page: PageRef,
    pub anchor: Option<String>,
    pub title: String,
}
/// Link.
pub fn url(_base: &Url, _page: &PageRef, _anchor: Option<&str>) -> String {
    unimplemented!()
}
