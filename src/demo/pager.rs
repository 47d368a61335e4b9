//! What the person on call gets, on a terminal: one block for each alert that begins, changes or ends.
//!
//! A notification comes with every probe, because numbers move. A block is written only where there is
//! something to act on: another cause, another step, or a line of evidence that says a new thing.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Write};
use std::time::Duration;

use crate::notification::{Incident, Notification};

/// Writes blocks, and remembers what it has told of each incident.
#[derive(Debug)]
pub struct Pager<W> {
    out: W,
    colour: Colour,
    told: BTreeMap<Incident, Told>,
}

/// Whether words are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// As a terminal can show it.
    Terminal,
    /// Plain text, for files, pipes, and those who asked for it.
    Plain,
}

impl Colour {
    /// Colours are for terminals, unless `NO_COLOR` is set to anything.
    pub fn fitting(is_terminal: bool, no_color: Option<&OsStr>) -> Self {
        let unwanted = no_color.is_some_and(|it| !it.is_empty());
        if is_terminal && !unwanted { Self::Terminal } else { Self::Plain }
    }

    /// The text in that ink.
    pub(super) fn paint(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Alarm => "1;31",
            Ink::News => "1;33",
            Ink::Calm => "1;32",
            Ink::Strong => "1",
            Ink::Faint => "2",
            Ink::Link => "36",
        };
        match self {
            Self::Terminal => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// What a word is coloured for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Alarm,
    News,
    Calm,
    Strong,
    Faint,
    Link,
}

/// What has been said of an incident.
#[derive(Debug, Default)]
struct Told {
    cause: String,
    link: String,
    before: String,
    /// Lines of evidence, their numbers apart.
    lines: BTreeSet<String>,
}

/// What a notification is, after what has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Firing,
    Changed,
    Resolved,
}

impl<W: Write> Pager<W> {
    /// Nothing has been told yet.
    pub fn new(out: W, colour: Colour) -> Self {
        Self { out, colour, told: BTreeMap::new() }
    }

    /// How its words are coloured.
    pub fn colour(&self) -> Colour {
        self.colour
    }

    /// Writes a text as it is, at once.
    ///
    /// # Errors
    ///
    /// As writing does.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Tells what is new in `it`, `since_start` after the demo began; nothing where nothing is.
    ///
    /// # Errors
    ///
    /// As writing does.
    pub fn tell(&mut self, since_start: Duration, it: &Notification) -> io::Result<()> {
        let known = self.told.get(&it.incident());
        let state = match (known, it.ends_at) {
            (_, Some(_)) => State::Resolved,
            (None, None) => State::Firing,
            (Some(_), None) => State::Changed,
        };
        let nothing_told = Told::default();
        let block = match state {
            State::Firing => self.body(it, &nothing_told),
            State::Changed => self.body(it, known.unwrap_or(&nothing_told)),
            State::Resolved => self.end(it),
        };
        if state == State::Changed && block.is_empty() {
            return Ok(());
        }
        let head = self.head(state, since_start, it);
        self.told.entry(it.incident()).or_default().take(it);
        self.say(&format!("{head}{block}\n"))
    }

    fn head(&self, state: State, since_start: Duration, it: &Notification) -> String {
        let (ink, word) = match state {
            State::Firing => (Ink::Alarm, "FIRING  "),
            State::Changed => (Ink::News, "CHANGED "),
            State::Resolved => (Ink::Calm, "RESOLVED"),
        };
        let title = title(it);
        let (word, title) = (self.colour.paint(ink, word), self.colour.paint(Ink::Strong, title));
        let after = format!("{}, {:.1} s after the start", it.name(), since_start.as_secs_f64());
        let after = self.colour.paint(Ink::Faint, &after);
        format!("{word}  {title}\n{INDENT}{after}\n")
    }

    /// How long it fired and, where the target did not simply mend, why it ended.
    fn end(&self, it: &Notification) -> String {
        let fired = it.ends_at.and_then(|end| end.duration_since(it.starts_at).ok()).unwrap_or_default();
        let reason = it.annotations.get("resolved_reason").map(|it| ("", it.clone()));
        let rows = [("", format!("it fired for {:.1} s", fired.as_secs_f64()))].into_iter().chain(reason);
        rows.map(|row| self.row(row)).collect()
    }

    /// All that is news after what was told, and the way to go; nothing where nothing is news.
    fn body(&self, it: &Notification, told: &Told) -> String {
        let is_new = told.lines.is_empty();
        let mut rows: Vec<(&str, String)> = Vec::new();
        if is_new {
            rows.push((
                "",
                Some(annotation(it, "summary"))
                    .filter(|told| *told != title(it))
                    .unwrap_or_default()
                    .to_owned(),
            ));
            rows.push(("labels", labels_that_matter(it)));
        }
        let description = annotation(it, "description");
        let news = description.lines().filter(|line| !told.lines.contains(&without_numbers(line)));
        rows.extend(news.map(|line| ("", line.trim_end().to_owned())));
        if told.cause != cause(it) {
            rows.push(("cause", cause(it)));
        }
        let own = it.annotations.iter().filter(|(name, _)| is_new && !is_ours(name));
        rows.extend(own.map(|(name, value)| (&**name, value.clone())));
        let same_way =
            told.before == annotation(it, "runbook_before") && told.link == annotation(it, "runbook_url");
        if rows.is_empty() && same_way {
            return String::new();
        }
        // Whoever reads the news alone must not have to look for the way.
        let before = annotation(it, "runbook_before").split_whitespace();
        rows.extend(before.map(|page| ("first", self.colour.paint(Ink::Link, page))));
        rows.push(("go to", self.colour.paint(Ink::Strong, annotation(it, "runbook_step"))));
        rows.push(("", self.colour.paint(Ink::Link, annotation(it, "runbook_url"))));
        let also = annotation(it, "runbook_also").split_whitespace();
        rows.extend(also.map(|page| ("also", self.colour.paint(Ink::Link, page))));
        rows.into_iter().filter(|(_, text)| !text.is_empty()).map(|row| self.row(row)).collect()
    }

    fn row(&self, (word, text): (&str, String)) -> String {
        let word = match word {
            "" => BLANK.to_owned(),
            word => self.colour.paint(Ink::Faint, &format!("{word:<7}")),
        };
        format!("{INDENT}{word} {}\n", text.replace('\n', &format!("\n{INDENT}{BLANK} ")))
    }
}

impl Told {
    fn take(&mut self, it: &Notification) {
        self.cause = cause(it);
        annotation(it, "runbook_url").clone_into(&mut self.link);
        annotation(it, "runbook_before").clone_into(&mut self.before);
        self.lines.extend(annotation(it, "description").lines().map(without_numbers));
        self.lines.insert(String::new());
    }
}

fn annotation<'a>(it: &'a Notification, name: &str) -> &'a str {
    it.annotations.get(name).map_or("", String::as_str)
}

/// What stands above the block: the alert's title, else its summary, else its name.
fn title(it: &Notification) -> &str {
    let titles = [annotation(it, "title"), annotation(it, "summary"), it.name()];
    titles.into_iter().find(|it| !it.is_empty()).unwrap_or_default()
}

/// The cause and, where there is one, the phase.
fn cause(it: &Notification) -> String {
    match (annotation(it, "cause"), annotation(it, "phase")) {
        (cause, "") => cause.to_owned(),
        (cause, phase) => format!("{cause}, in the phase {phase}"),
    }
}

/// What tells one alert from another, without the labels that say the same again.
fn labels_that_matter(it: &Notification) -> String {
    let values = LABELS.iter().map(|name| (name, it.labels.get(name))).filter(|(_, value)| !value.is_empty());
    values.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("  ")
}

/// Whether a block shows the annotation in a place of its own.
fn is_ours(name: &str) -> bool {
    let ours = ["summary", "description", "title", "cause", "phase"];
    let way = ["runbook", "runbook_url", "runbook_step", "runbook_before", "runbook_also"];
    ours.contains(&name) || way.contains(&name)
}

/// The line with each number in it made the same, so that only what it says is compared.
fn without_numbers(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    for letter in line.trim().chars().filter(|it| *it != '<') {
        if !letter.is_ascii_digit() {
            kept.push(letter);
        } else if !kept.ends_with('0') {
            kept.push('0');
        }
    }
    kept.replace("0.0", "0")
}

const LABELS: [&str; 7] =
    ["severity", "hostname", "service", "cluster_id", "workerID", "carrier_name", "region"];

const INDENT: &str = "          ";

/// As wide as the word before a row.
const BLANK: &str = "       ";

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const URL: &str = "https://runbooks/armada/armada-global-scrape-failure.html#http-404-actions";

    fn notification(annotations: &[(&str, &str)]) -> Notification {
        let labels = [
            ("alertname", "KubernetesEndpointScrapeFailure"),
            ("severity", "critical"),
            ("hostname", "10.176.31.239"),
            ("service", "armada-api"),
            ("pod_name", "armada-api-x7k2p"),
        ];
        let first = [
            ("title", "bluemix.containers-kubernetes.10.176.31.239_armada-api_scrape_failure"),
            ("summary", "127.0.0.1:4004 is failing to scrape"),
            ("description", "HTTP 404 after 3.1 ms\n1 of 6 targets of the carrier fail"),
            ("cause", "http_status"),
            ("phase", "check"),
            ("runbook_step", "HTTP 404 actions"),
            ("runbook_url", URL),
            ("owner", "the api squad"),
        ];
        let pairs = first.iter().chain(annotations);
        Notification {
            labels: labels.into_iter().collect(),
            annotations: pairs.map(|&(name, value)| (name.into(), value.to_owned())).collect(),
            starts_at: SystemTime::UNIX_EPOCH,
            ends_at: None,
        }
    }

    fn told(notifications: &[Notification]) -> String {
        let mut pager = Pager::new(Vec::new(), Colour::Plain);
        for it in notifications {
            pager.tell(Duration::from_millis(2_345), it).unwrap();
        }
        String::from_utf8(pager.out).unwrap()
    }

    #[test]
    fn a_firing_alert_is_told_with_all_that_a_person_needs() {
        let block = told(&[notification(&[
            ("runbook_before", "https://runbooks/armada/armada-tugboats.html"),
            ("runbook_also", "https://runbooks/a.html\nhttps://runbooks/b.html"),
        ])]);
        let wanted = "\
FIRING    bluemix.containers-kubernetes.10.176.31.239_armada-api_scrape_failure
          KubernetesEndpointScrapeFailure, 2.3 s after the start
                  127.0.0.1:4004 is failing to scrape
          labels  severity=critical  hostname=10.176.31.239  service=armada-api
                  HTTP 404 after 3.1 ms
                  1 of 6 targets of the carrier fail
          cause   http_status, in the phase check
          owner   the api squad
          first   https://runbooks/armada/armada-tugboats.html
          go to   HTTP 404 actions
                  https://runbooks/armada/armada-global-scrape-failure.html#http-404-actions
          also    https://runbooks/a.html
          also    https://runbooks/b.html

";
        assert_eq!(block, wanted);
    }

    #[test]
    fn an_alert_without_a_title_stands_under_its_summary_which_is_not_told_again() {
        let mut bare = notification(&[]);
        bare.annotations.remove("title");
        let block = told(&[bare]);
        assert!(block.starts_with("FIRING    127.0.0.1:4004 is failing to scrape\n"), "{block}");
        assert_eq!(block.matches("is failing to scrape").count(), 1, "{block}");
    }

    #[test]
    fn numbers_that_move_are_no_news() {
        let first = notification(&[]);
        let moved = "HTTP 404 after 12 ms\n14 of 60 targets of the carrier fail";
        assert_eq!(told(&[first.clone(), notification(&[("description", moved)])]), told(&[first]));
    }

    #[test]
    fn a_new_line_of_evidence_is_told_alone_and_once() {
        let first = notification(&[]);
        let late = |after: &str| {
            let text = format!(
                "HTTP 404 after 3.1 ms\nanswered after {after} s\n1 of 6 targets of the carrier fail"
            );
            notification(&[("description", text.as_str())])
        };
        let all = told(&[first.clone(), late("12.3"), late("12.4"), first.clone(), late("9")]);
        let rest = all.strip_prefix(&told(&[first])).unwrap();
        assert!(rest.starts_with("CHANGED "), "{rest}");
        let news: Vec<&str> = rest.lines().skip(2).map(str::trim).collect();
        let wanted = ["answered after 12.3 s", "go to   HTTP 404 actions", URL, ""];
        assert_eq!(news, wanted);
    }

    #[test]
    fn another_step_is_told_with_its_link() {
        let first = notification(&[]);
        let other = notification(&[("runbook_url", "https://runbooks/x.html#y"), ("runbook_step", "Y")]);
        let all = told(&[first.clone(), other]);
        let rest = all.strip_prefix(&told(&[first])).unwrap();
        assert!(rest.contains("go to   Y\n") && rest.contains("https://runbooks/x.html#y\n"), "{rest}");
        assert!(!rest.contains("HTTP 404"), "{rest}");
    }

    #[test]
    fn an_end_is_told_and_the_next_beginning_is_another_incident() {
        let first = notification(&[]);
        let mut ended = first.clone();
        ended.ends_at = Some(SystemTime::UNIX_EPOCH + Duration::from_mins(1));
        let mut again = first.clone();
        again.starts_at += Duration::from_secs(90);
        let all = told(&[first, ended, again]);
        let heads = all.lines().filter(|it| !it.is_empty() && !it.starts_with(' '));
        let states: Vec<_> = heads.filter_map(|it| it.split(' ').next()).collect();
        assert_eq!(states, ["FIRING", "RESOLVED", "FIRING"]);
        assert_eq!(all.matches("it fired for 60.0 s\n").count(), 1);
    }

    #[test]
    fn an_alert_without_a_description_fires_once() {
        let bare = notification(&[("description", "")]);
        assert_eq!(told(&[bare.clone(), bare.clone()]), told(&[bare]));
    }

    #[test]
    fn colours_are_for_terminals_and_for_those_who_want_them() {
        assert_eq!(Colour::fitting(true, None), Colour::Terminal);
        assert_eq!(Colour::fitting(true, Some(OsStr::new(""))), Colour::Terminal);
        assert_eq!(Colour::fitting(true, Some(OsStr::new("1"))), Colour::Plain);
        assert_eq!(Colour::fitting(false, None), Colour::Plain);
        assert_eq!(Colour::Terminal.paint(Ink::Link, "x"), "\x1b[36mx\x1b[0m");
        assert_eq!(Colour::Plain.paint(Ink::Link, "x"), "x");
    }
}
