//! How drop-ins and front matter name a page, and the link that is made of it.

use std::fmt;

use url::Url;

/// A page as it is named: by its path on the runbook site, or by a full URL. Checked: no blanks, no
/// `..`, no other scheme than http and https. A leading slash or none is the same page.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageRef(Target);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Target {
    /// Percent-encoded where it must be, without leading slash.
    Site(String),
    Elsewhere(Url),
}

/// A page, and a place on it: `/armada/x.html#step`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    /// The page.
    pub page: PageRef,
    /// The place, without `#`.
    pub anchor: Option<String>,
}

/// Why a text names no page or no place on one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageRefError {
    /// Nothing is named.
    #[error("it is empty")]
    Empty,
    /// A blank, a backslash, a control character.
    #[error("it holds {0:?}")]
    Character(char),
    /// `..` leads out of the site.
    #[error("it holds `..`")]
    DotDot,
    /// `//host/…` takes its scheme from nowhere.
    #[error("it begins with `//`")]
    NoScheme,
    /// Neither http nor https.
    #[error("its scheme is `{0}`; only http and https are links of a runbook")]
    Scheme(String),
    /// A URL with a user in it.
    #[error("it holds a user name or a password")]
    Credentials,
    /// It begins as a URL and is none.
    #[error("it is no URL: {0}")]
    Url(url::ParseError),
    /// A `#` with nothing behind it, or where a page alone is meant.
    #[error("its `#` stands before no anchor")]
    Anchor,
}

impl PageRef {
    /// Checks the name of a page; a `#` is no part of it ([`Link::parse`] takes it off).
    pub fn parse(text: &str) -> Result<Self, PageRefError> {
        let text = text.trim();
        check_characters(text)?;
        if text.contains('#') {
            return Err(PageRefError::Anchor);
        }
        let path = text.split('?').next().unwrap_or_default();
        let plain = path.to_ascii_lowercase().replace("%2e", ".");
        if plain.split('/').any(|segment| segment == "..") {
            return Err(PageRefError::DotDot);
        }
        if let Some((scheme, _)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
            return Self::elsewhere(text, scheme);
        }
        if text.starts_with("//") {
            return Err(PageRefError::NoScheme);
        }
        if text.contains('?') {
            return Err(PageRefError::Character('?'));
        }
        // A URL's setter does the percent-encoding, and takes `.` away.
        let mut url = Url::parse(SOME_SITE).map_err(PageRefError::Url)?;
        url.set_path(text);
        let path = url.path().trim_start_matches('/');
        if path.is_empty() { Err(PageRefError::Empty) } else { Ok(Self(Target::Site(path.to_owned()))) }
    }

    fn elsewhere(text: &str, scheme: &str) -> Result<Self, PageRefError> {
        if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
            return Err(PageRefError::Scheme(scheme.to_owned()));
        }
        let url = Url::parse(text).map_err(PageRefError::Url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(PageRefError::Credentials);
        }
        Ok(Self(Target::Elsewhere(url)))
    }

    /// The path on the site at `base`, without leading slash; None for a page of another site.
    pub fn path_under<'a>(&'a self, base: &Url) -> Option<&'a str> {
        match &self.0 {
            Target::Site(path) => Some(path),
            Target::Elsewhere(url) => {
                let same = url.scheme() == base.scheme()
                    && url.host_str() == base.host_str()
                    && url.port_or_known_default() == base.port_or_known_default()
                    && url.query().is_none();
                let path = url.path().strip_prefix(base.path().trim_end_matches('/'))?.strip_prefix('/')?;
                (same && !path.is_empty()).then_some(path)
            }
        }
    }

    /// The file's name in words, for where nobody gives the page a title.
    pub fn words(&self) -> String {
        let path = match &self.0 {
            Target::Site(path) => path,
            Target::Elsewhere(url) => url.path(),
        };
        let file = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let name = file.strip_suffix(".html").or_else(|| file.strip_suffix(".md")).unwrap_or(file);
        match (&self.0, words(name)) {
            (Target::Elsewhere(url), empty) if empty.is_empty() => {
                url.host_str().unwrap_or_default().to_owned()
            }
            (Target::Site(path), empty) if empty.is_empty() => path.clone(),
            (Target::Elsewhere(_) | Target::Site(_), words) => words,
        }
    }
}

/// As it is best written in a drop-in: a page of the site with its leading slash.
impl fmt::Display for PageRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Site(path) => write!(out, "/{path}"),
            Target::Elsewhere(url) => write!(out, "{url}"),
        }
    }
}

impl Link {
    /// What stands behind `page:` or `runbook:`, with or without an `#anchor`.
    pub fn parse(text: &str) -> Result<Self, PageRefError> {
        match text.trim().split_once('#') {
            Some((page, anchor)) => Self::on(&PageRef::parse(page)?, anchor),
            None => Ok(Self { page: PageRef::parse(text)?, anchor: None }),
        }
    }

    /// What stands behind `step:`: an anchor on the alert's own page. A `#` before it does no harm.
    pub fn on(page: &PageRef, anchor: &str) -> Result<Self, PageRefError> {
        let anchor = anchor.trim();
        let anchor = anchor.strip_prefix('#').unwrap_or(anchor);
        if anchor.is_empty() || anchor.contains('#') {
            return Err(PageRefError::Anchor);
        }
        check_characters(anchor)?;
        Ok(Self { page: page.clone(), anchor: Some(anchor.to_owned()) })
    }
}

impl fmt::Display for Link {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.anchor {
            Some(anchor) => write!(out, "{}#{anchor}", self.page),
            None => write!(out, "{}", self.page),
        }
    }
}

/// The link to a page under the site's base, and to a place on it; percent-encoded where it must be.
pub fn url(base: &Url, page: &PageRef, anchor: Option<&str>) -> String {
    let mut url = match &page.0 {
        Target::Site(path) => {
            let mut url = base.clone();
            url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
            url.set_query(None);
            url
        }
        Target::Elsewhere(url) => url.clone(),
    };
    url.set_fragment(anchor);
    url.into()
}

/// A name of the web as words: `if-calico-is-up` becomes `If calico is up`.
pub(super) fn words(name: &str) -> String {
    let words: Vec<&str> = name.split(['-', '_']).filter(|word| !word.is_empty()).collect();
    let mut letters = words.join(" ");
    if let Some(first) = letters.chars().next() {
        letters.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
    }
    letters
}

fn check_characters(text: &str) -> Result<(), PageRefError> {
    if text.is_empty() {
        return Err(PageRefError::Empty);
    }
    let wrong = text.chars().find(|it| {
        it.is_whitespace() || it.is_control() || matches!(it, '\\' | '<' | '>' | '"' | '`' | '{' | '}')
    });
    wrong.map_or(Ok(()), |wrong| Err(PageRefError::Character(wrong)))
}

/// What stands before a `:` is a scheme, not the first part of a path.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

const SOME_SITE: &str = "http://site.invalid/";

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://pages.example.org/docs/runbooks").expect("a URL")
    }

    fn page(text: &str) -> PageRef {
        PageRef::parse(text).expect("a page")
    }

    #[test]
    fn a_leading_slash_or_none_is_the_same_page() {
        assert_eq!(page("/armada/x.html"), page("armada/x.html"));
        assert_eq!(page("./armada/x.html"), page("armada/x.html"));
        assert_ne!(page("/armada/x.html"), page("/armada/y.html"));
        assert_eq!(page("armada/x.html").to_string(), "/armada/x.html");
    }

    #[test]
    fn a_link_is_the_base_the_page_and_the_anchor() {
        let wanted = "https://pages.example.org/docs/runbooks/armada/x.html";
        assert_eq!(url(&base(), &page("/armada/x.html"), None), wanted);
        assert_eq!(url(&base(), &page("armada/x.html"), Some("a-step")), format!("{wanted}#a-step"));
        let slashed = Url::parse("https://pages.example.org/docs/runbooks/?q").expect("a URL");
        assert_eq!(url(&slashed, &page("/armada/x.html"), None), wanted);
        let far = page("https://other.example.org/a//b.html");
        assert_eq!(url(&base(), &far, Some("s")), "https://other.example.org/a//b.html#s");
    }

    #[test]
    fn what_cannot_stand_in_a_url_is_percent_encoded_once() {
        let made = url(&base(), &page("/é/100%25.html"), Some("größe_1"));
        assert_eq!(made, "https://pages.example.org/docs/runbooks/%C3%A9/100%25.html#gr%C3%B6%C3%9Fe_1");
    }

    #[test]
    fn a_page_with_its_anchor_is_taken_apart() {
        let link = Link::parse("/armada/x.html#http-404-actions").expect("a link");
        assert_eq!(link.page, page("armada/x.html"));
        assert_eq!(link.anchor.as_deref(), Some("http-404-actions"));
        assert_eq!(link.to_string(), "/armada/x.html#http-404-actions");
        assert_eq!(Link::on(&link.page, "#there").expect("a link").anchor.as_deref(), Some("there"));
        let far = Link::parse("https://other.example.org/y.html#z").expect("a link");
        assert_eq!(
            (far.page.to_string().as_str(), far.anchor.as_deref()),
            ("https://other.example.org/y.html", Some("z"))
        );
        assert_eq!(Link::parse("/x.html#"), Err(PageRefError::Anchor));
        assert_eq!(Link::parse("/x.html#a#b"), Err(PageRefError::Anchor));
        assert_eq!(Link::on(&link.page, "a step"), Err(PageRefError::Character(' ')));
    }

    #[test]
    fn what_is_no_page_is_refused() {
        let refused = |text: &str| PageRef::parse(text).expect_err(text);
        assert_eq!(refused(""), PageRefError::Empty);
        assert_eq!(refused("/"), PageRefError::Empty);
        assert_eq!(refused("/a b.html"), PageRefError::Character(' '));
        assert_eq!(refused("/a\u{7f}.html"), PageRefError::Character('\u{7f}'));
        assert_eq!(refused("/a\\b.html"), PageRefError::Character('\\'));
        assert_eq!(refused("/a.html?b"), PageRefError::Character('?'));
        assert_eq!(refused("../a.html"), PageRefError::DotDot);
        assert_eq!(refused("/a/%2E./b.html"), PageRefError::DotDot);
        assert_eq!(refused("https://h.example.org/a/../b.html"), PageRefError::DotDot);
        assert_eq!(refused("//h.example.org/a.html"), PageRefError::NoScheme);
        assert_eq!(refused("ftp://h.example.org/a"), PageRefError::Scheme("ftp".to_owned()));
        assert_eq!(refused("javascript:alert(1)"), PageRefError::Scheme("javascript".to_owned()));
        assert_eq!(refused("https://me:pw@h.example.org/a"), PageRefError::Credentials);
        assert!(matches!(refused("https://"), PageRefError::Url(_)));
        assert_eq!(refused("/a.html#b"), PageRefError::Anchor);
    }

    #[test]
    fn a_full_url_under_the_base_has_a_path_there_and_a_foreign_one_has_none() {
        let under = |text: &str| page(text).path_under(&base()).map(str::to_owned);
        assert_eq!(under("https://pages.example.org/docs/runbooks/a/x.html"), Some("a/x.html".to_owned()));
        assert_eq!(
            under("https://PAGES.example.org:443/docs/runbooks/a/x.html"),
            Some("a/x.html".to_owned())
        );
        assert_eq!(under("/a/x.html"), Some("a/x.html".to_owned()));
        assert_eq!(under("https://pages.example.org/docs/runbooks-old/x.html"), None);
        assert_eq!(under("https://other.example.org/docs/runbooks/x.html"), None);
        assert_eq!(under("https://pages.example.org/docs/runbooks/"), None);
        assert_eq!(under("https://pages.example.org/docs/runbooks/a/x.html?old"), None);
    }

    #[test]
    fn a_name_becomes_words_with_a_capital_at_the_start() {
        assert_eq!(words("if-calico-node--is_running"), "If calico node is running");
        assert_eq!(words("élan"), "Élan");
        assert_eq!(words("--"), "");
        assert_eq!(page("/armada/armada-tugboats.html").words(), "Armada tugboats");
        assert_eq!(page("https://other.example.org/").words(), "other.example.org");
        assert_eq!(page("/steps/.html").words(), "steps/.html", "a page is never without a title");
    }
}
