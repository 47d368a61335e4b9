//! Pages of the runbook, and the links to them.

use std::collections::BTreeSet;

use fingerpost::runbook::{DEFAULT_BASE_URL, Link, Page, PageRef, Proof, Runbook};
use url::Url;

use super::{Target, hold, kind};

/// Pages.
pub(super) const PAGE: Target = Target {
    name: "page",
    seeds: || PAGES.iter().map(|it| it.as_bytes().to_vec()).collect(),
    words: &[
        "---\n",
        "link: /a.html\n",
        "title: ",
        "# ",
        "## ",
        "###### ",
        "===\n",
        "---\n",
        "{#id}",
        "{: #id}",
        "{:.class}",
        "<a id=\"x\">",
        "<a name='x'/>",
        "</a>",
        "<div>",
        "</div>",
        "<!--",
        "-->",
        "```\n",
        "~~~\n",
        "    ",
        "> ",
        "* ",
        "1. ",
        "| a | b |\n",
        "|---|\n",
        "[text](url)",
        "![i](u)",
        "[t][ref]",
        "[ref]: http://a\n",
        "`code`",
        "**b**",
        "_i_",
        "&amp;",
        "&#35;",
        "\\#",
        "{% raw %}",
        "{% endraw %}",
        "{{ x }}",
        "{% comment %}",
        "* TOC\n{:toc}\n",
        "\u{feff}",
        "\r\n",
        "\r",
        "é",
        "$$x$$",
        "[^1]",
        "[^1]: note\n",
        ": def\n",
        "*[HTML]: h\n",
    ],
    bytes_max: 1500,
    runs: 1_200,
    hold: page,
};

/// What stands behind `page:`.
pub(super) const LINK: Target = Target {
    name: "link",
    seeds: || {
        let links =
            ["/runbooks/a.html#step-1", "https://other.test/x?y#z", "a-b_c.html", " /a%20b.html # é "];
        links.iter().map(|it| it.as_bytes().to_vec()).collect()
    },
    words: &[
        "#",
        "/",
        "//",
        "..",
        "/../",
        "?",
        "%",
        "%2e%2e/",
        "%23",
        "https://",
        "javascript:",
        "@",
        ":80",
        "[::1]",
        "é",
        "\\",
    ],
    bytes_max: 200,
    runs: 6_000,
    hold: link,
};

#[test]
fn every_anchor_of_any_page_is_found_by_its_name_and_stands_once_at_a_line_of_the_page() {
    hold(&PAGE);
}

#[test]
fn a_link_is_the_same_link_again_when_it_was_written() {
    hold(&LINK);
}

fn base() -> Url {
    Url::parse(DEFAULT_BASE_URL).expect("it is a URL")
}

fn page(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.replace("\r\n", "\n").replace('\r', "\n").matches('\n').count() + 1;
    let read = Page::parse("a.md", &text);
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    assert_eq!(Page::parse("a.md", &unix), read, "the kind of line ends is all the same");
    assert_eq!(
        Page::parse("a.md", &unix.replace('\n', "\r\n")),
        read,
        "the kind of line ends is all the same"
    );
    let page = match read {
        Ok(it) => it,
        Err(error) => {
            assert!((1..=lines).contains(&error.line()), "{error}, line {}", error.line());
            return kind(error.to_string().len());
        }
    };
    let names: BTreeSet<_> = page.anchors().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names.len(),
        page.anchors().len(),
        "a name stands twice: {:?}",
        page.anchors().collect::<Vec<_>>()
    );
    assert!(!names.contains("") && !page.title().trim().is_empty());
    let (runbook, faults) = Runbook::from_pages(base(), [page.clone()]);
    assert!(faults.is_empty());
    for anchor in page.anchors() {
        assert!((1..=lines).contains(&anchor.line), "{anchor:?}");
        let found = Proof::Found { title: anchor.title.clone(), line: anchor.line };
        assert_eq!(runbook.prove(page.link(), Some(&anchor.name)), found);
        let url = Url::parse(&runbook.url(page.link(), Some(&anchor.name))).expect("the link is a URL");
        assert!(url.fragment().is_some_and(|it| !it.is_empty()), "{url}");
    }
    kind(page.anchors().map(|it| (it.level, it.title.len().min(12))).take(8).collect::<Vec<_>>())
}

fn link(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let read = Link::parse(&text);
    if let Ok(it) = &read {
        let shown = it.to_string();
        assert_eq!(Link::parse(&shown).as_ref(), Ok(it), "{shown:?}");
    }
    let page = PageRef::parse(text.trim());
    if let Ok(it) = &page {
        assert_eq!(PageRef::parse(&it.to_string()).as_ref(), Ok(it));
        let runbook = Runbook::without_folder(base());
        let url = Url::parse(&runbook.url(it, None)).expect("what is a page has a URL");
        if let Some(path) = it.path_under(&base()) {
            assert!(url.as_str().starts_with(DEFAULT_BASE_URL), "{path:?} leads away to {url}");
        }
        assert!(matches!(url.scheme(), "http" | "https"), "{url}");
    }
    let told = |it: Result<usize, fingerpost::runbook::PageRefError>| it.map_err(|it| it.to_string().len());
    kind((told(read.map(|it| it.to_string().len())), told(page.map(|it| it.words().len()))))
}

const PAGES: &[&str] = &[
    "---\nlayout: default\ntitle: Nodes do not answer\nlink: /nodes.html\n---\n# Overview\n\nText with `code`.\n\n\
     ## Restart it {#restart}\n1. one\n2. two\n\n   ## inner\n\n<a id=\"by-hand\"></a>\n\n## Restart it\n\nOld\n---\n",
    "---\nlink: b.html\n---\n{: #para}\nA paragraph.\n\n> # quoted\n> text\n\n* # item\n  * ## deeper\n\n```sh\n# no heading\n```\n\
     <div markdown=\"1\">\n## inside\n</div>\n\n| a | b |\n|---|---|\n| <a name=\"cell\"/> | `|` |\n{: #table}\n",
    "---\ntitle: ''\nlink: /c.html\n---\nTitle é & [a link](x#y) *now*\n===\n{% raw %}## raw {{ x }}{% endraw %}\n## 1. Numbers & signs!\n## 1. Numbers & signs!\n",
];
