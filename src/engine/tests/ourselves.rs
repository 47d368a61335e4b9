//! The alerts about ourselves that are about no target.

use super::*;
use crate::runbook::{Page, Runbook};

fn site(pages: &[(&str, &str)]) -> Event {
    let base = Url::parse("https://runbooks.example/docs").unwrap();
    let page = |(name, text): &(&str, &str)| {
        let text = format!("---\nlayout: default\ntitle: T\nlink: /{name}\n---\n\n{text}");
        Page::parse(name, &text).unwrap_or_else(|it| panic!("{it:?}"))
    };
    Event::Runbook(Arc::new(Runbook::from_pages(base, pages.iter().map(page)).0))
}

fn ours(alert: OwnAlert, files: &[&str]) -> Event {
    let finding = |file: &&str| OwnFinding {
        labels: [("file", *file)].into_iter().collect(),
        summary: format!("{file} is wrong"),
        description: "mend it".to_owned(),
    };
    Event::Ourselves { alert, found: files.iter().map(finding).collect() }
}

const WITH: &str = "## Anything else\n\ntext\n";
const WITHOUT: &str = "## Anything at all\n\ntext\n";

#[test]
fn a_place_that_a_step_names_and_that_is_gone_from_its_page_is_told_until_it_is_back() {
    let mut it = one_target(vec![alert("A")]);
    it.tell(site(&[("scrape.html", WITH)]));
    it.until(100);
    assert!(it.states().is_empty());
    it.tell(site(&[("scrape.html", WITHOUT)]));
    it.until(109);
    assert_eq!(it.states(), ["Pending RunbookAnchorMissing "], "it may be half written");
    it.until(111);
    assert_eq!(it.news(), ["110 +RunbookAnchorMissing "]);
    let told = it.snapshot().alerts[0].notification.clone();
    let labels =
        [("alertname", "RunbookAnchorMissing"), ("page", "/scrape.html"), ("anchor", "anything-else")];
    assert_eq!(told.labels, labels.into_iter().collect());
    assert!(told.annotations["description"].contains("steps of A point there"), "{told:?}");
    it.plan(vec![alert("A"), alert("B")]);
    it.until(120);
    assert!(it.news().is_empty(), "other drop-ins that name it too are no other incident");
    it.tell(site(&[("scrape.html", WITH)]));
    assert_eq!(it.news(), ["120 -RunbookAnchorMissing "]);
}

#[test]
fn a_page_that_was_never_there_is_not_missed_and_one_that_was_is() {
    let mut it = one_target(vec![alert("A")]);
    it.tell(site(&[("other.html", "text")]));
    it.until(100);
    assert!(it.states().is_empty(), "it stands elsewhere");
    it.tell(site(&[("scrape.html", WITH)]));
    it.tell(site(&[("other.html", "text")]));
    it.until(111);
    let named = |it: &AlertStatus| it.notification.labels.get("anchor").to_owned();
    let anchors: Vec<_> = it.snapshot().alerts.iter().map(named).collect();
    assert_eq!(it.news().len(), anchors.len());
    assert!(anchors.contains(&"anything-else".to_owned()), "{anchors:?}");
    it.plan(Vec::new());
    assert!(it.states().is_empty(), "nobody points there any more");
}

#[test]
fn each_file_has_an_incident_of_its_own_and_one_that_is_mended_in_time_is_not_told() {
    let mut it = one_target(vec![]);
    it.tell(ours(OwnAlert::ProbeFileInvalid, &["a.yaml", "b.yaml"]));
    it.until(20);
    it.tell(ours(OwnAlert::ProbeFileInvalid, &["a.yaml"]));
    it.until(29);
    assert!(it.news().is_empty());
    it.until(30);
    assert_eq!(it.news(), ["30 +ProbeFileInvalid "]);
    it.tell(ours(OwnAlert::ProbeFileInvalid, &["a.yaml", "c.yaml"]));
    it.until(61);
    assert_eq!(it.news(), ["60 +ProbeFileInvalid "]);
    it.tell(ours(OwnAlert::ProbeFileInvalid, &[]));
    assert_eq!(it.news(), ["61 -ProbeFileInvalid ", "61 -ProbeFileInvalid "]);
}

#[test]
fn the_watchdog_fires_at_once_across_plans_and_pauses_and_ends_when_it_is_withheld() {
    let mut it = one_target(vec![alert("A")]);
    it.tell(ours(OwnAlert::Watchdog, &["x"]));
    assert_eq!(it.news(), ["0 +Watchdog "]);
    it.plan(vec![alert("B")]);
    it.tell(Event::Paused { stood: secs(60), lasted: secs(60) });
    it.until(100);
    assert!(it.news().is_empty());
    it.tell(ours(OwnAlert::Watchdog, &[]));
    assert_eq!(it.news(), ["100 -Watchdog "]);
}
