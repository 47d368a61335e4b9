use super::*;

const SCRAPE: &str = "---\nlink: /armada/scrape-failure.html\ntitle: A scrape fails\n---\n\n## First look\n\n#### HAProxy VIP failover\n\n#### HTTP 404 actions\n";
const SECOND: &str = "---\nlink: \"registry/down.html\"\n---\n\n# Everything is down\n";

fn base() -> Url {
    Url::parse("https://pages.example.org/docs/runbooks").expect("a URL")
}

fn runbook() -> Runbook {
    let pages = [("2.md", SECOND), ("1.md", SCRAPE)];
    let pages = pages.map(|(name, text)| Page::parse(name, text).expect("a sound page"));
    let (runbook, faults) = Runbook::from_pages(base(), pages);
    assert_eq!(faults, []);
    runbook
}

fn prove(link: &str) -> Proof {
    let link = Link::parse(link).expect("a link");
    runbook().prove(&link.page, link.anchor.as_deref())
}

fn found(title: &str, line: usize) -> Proof {
    Proof::Found { title: title.to_owned(), line }
}

#[test]
fn a_page_is_found_by_its_path_with_or_without_slash_and_by_its_full_url() {
    for name in [
        "/armada/scrape-failure.html",
        "armada/scrape-failure.html",
        "https://pages.example.org/docs/runbooks/armada/scrape-failure.html",
    ] {
        assert_eq!(prove(name), found("A scrape fails", 1), "{name}");
        assert_eq!(prove(&format!("{name}#http-404-actions")), found("HTTP 404 actions", 10), "{name}");
    }
    assert_eq!(prove("/registry/down.html"), found("Down", 1));
}

#[test]
fn an_anchor_that_is_not_there_gets_the_nearest_proposed_or_none() {
    let nearest = |anchor: &str| prove(&format!("/armada/scrape-failure.html#{anchor}"));
    let near = |name: &str| Proof::NoSuchAnchor { nearest: Some(name.to_owned()) };
    assert_eq!(nearest("haproxy-failover"), near("haproxy-vip-failover"));
    assert_eq!(nearest("http-404-action"), near("http-404-actions"));
    assert_eq!(nearest("rollback"), Proof::NoSuchAnchor { nearest: None });
}

#[test]
fn a_page_that_is_not_there_is_a_slip_only_when_a_page_is_named_like_it() {
    let meant = PageRef::parse("/armada/scrape-failure.html").expect("a page");
    let slip = Proof::NoSuchPage { nearest: meant };
    assert_eq!(prove("/armada/scrape-failures.html#first-look"), slip);
    assert_eq!(prove("/scrape-failure.html"), slip);
    assert_eq!(prove("/armada/armada-tugboats.html"), Proof::Unproved(Unproved::NotInFolder));
    assert_eq!(prove("https://other.example.org/down.html#x"), Proof::Unproved(Unproved::OtherSite));
}

#[test]
fn without_a_folder_links_are_made_and_nothing_is_proved() {
    let runbook = Runbook::without_folder(base());
    let page = PageRef::parse("/armada/if-it-is-down.html").expect("a page");
    assert_eq!(runbook.prove(&page, Some("do-this")), Proof::Unproved(Unproved::NoFolder));
    assert_eq!(runbook.step(&page, Some("if-x_is-running")).title, "If x is running");
    assert_eq!(runbook.step(&page, None).title, "If it is down");
    let wanted = "https://pages.example.org/docs/runbooks/armada/if-it-is-down.html#do-this";
    assert_eq!(runbook.url(&page, Some("do-this")), wanted);
    assert_eq!(runbook.pages().count(), 0);
    let ours = Runbook::default().url(&page, None);
    assert_eq!(ours, format!("{DEFAULT_BASE_URL}/armada/if-it-is-down.html"));
}

#[test]
fn a_step_has_the_title_of_its_heading_or_of_its_page() {
    let page = PageRef::parse("armada/scrape-failure.html").expect("a page");
    assert_eq!(runbook().step(&page, Some("haproxy-vip-failover")).title, "HAProxy VIP failover");
    assert_eq!(runbook().step(&page, None).title, "A scrape fails");
    assert_eq!(runbook().step(&page, Some("a-new-step")).title, "A new step");
}

#[test]
fn of_two_pages_with_one_link_the_first_stays_and_the_second_is_a_fault() {
    let again = "---\nlink: https://pages.example.org/docs/runbooks/registry/down.html\n---\n# Other\n";
    let pages =
        [("2.md", SECOND), ("3.md", again)].map(|(name, text)| Page::parse(name, text).expect("a page"));
    let (runbook, faults) = Runbook::from_pages(base(), pages);
    assert_eq!(runbook.pages().map(Page::file_name).collect::<Vec<_>>(), ["2.md"]);
    assert_eq!(faults.iter().map(|it| it.first.as_str()).collect::<Vec<_>>(), ["2.md"]);
}

#[test]
fn pages_are_listed_by_their_links_and_anchors_as_they_stand_on_the_page() {
    let runbook = runbook();
    let listed: Vec<_> = runbook
        .pages()
        .flat_map(|page| page.anchors().map(move |it| (page.link().to_string(), it.name.as_str(), it.line)))
        .map(|(page, anchor, line)| format!("{line:3} {page}#{anchor}"))
        .collect();
    assert_eq!(
        listed,
        [
            "  6 /armada/scrape-failure.html#first-look",
            "  8 /armada/scrape-failure.html#haproxy-vip-failover",
            " 10 /armada/scrape-failure.html#http-404-actions",
            "  5 /registry/down.html#everything-is-down",
        ]
    );
}
