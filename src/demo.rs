//! The daemon over a fleet of its own that fails in every way: nothing is needed but this program.
//!
//! The daemon is the real one with the shipped drop-ins; only intervals and `for` are shortened. What
//! it tells the person on call is written to standard output.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::app::{self, Door, Options, Pace, Port};
use crate::config::Overrides;
use crate::engine::WATCHDOG;
use crate::notification::Notification;

pub mod behaviour;
pub mod fleet;
pub mod folder;
pub mod neighbour;
mod oracle;
pub mod pager;
pub mod roster;

#[cfg(test)]
mod rows;

use behaviour::Behaviour;
use fleet::Fleet;
use folder::Folder;
use neighbour::{SCRAPE, SYSTEMS, System};
use pager::{Colour, Ink, Pager};

/// Why there is no demo.
#[derive(Debug, Error)]
pub enum Failed {
    /// A server could not be opened.
    #[error("the fleet of the demo cannot be started: {0}")]
    Fleet(io::Error),
    /// The drop-ins could not be written.
    #[error("the configuration of the demo cannot be written: {0}")]
    Folder(io::Error),
    /// The daemon could not start.
    #[error(transparent)]
    Daemon(#[from] app::Failed),
    /// Nobody can be told; that somebody stopped reading is no failure.
    #[error("standard output takes nothing: {0}")]
    Output(io::Error),
}

/// Runs the daemon over the fleet until SIGTERM or SIGINT, or until nobody reads what it tells.
/// `listen` is where the status page stands, as `host:port`; where that is taken, on a free port.
///
/// # Errors
///
/// Where a part of it cannot start.
pub async fn run(listen: &[String]) -> Result<(), Failed> {
    let fleet = Fleet::start().await.map_err(Failed::Fleet)?;
    let (scrape, neighbours) = (fleet.targets_yaml(), fleet.neighbours_yaml());
    let targets = neighbours.iter().map(|(folder, text)| (*folder, text.as_str()));
    let folder = Folder::write(targets.chain([("scrape", scrape.as_str())])).map_err(Failed::Folder)?;
    let (tap, news) = mpsc::unbounded_channel();
    let (started, addresses) = oneshot::channel();
    let options = Options {
        config_dir: folder.path().to_owned(),
        config_file: None,
        overrides: Overrides {
            runbook_dir: Some(folder.runbook()),
            prometheus: Some(fleet.prometheus().clone()),
            ..Overrides::default()
        },
        port: Port { listen: listen.iter().map(|it| free(it)).collect(), ..Port::default() },
        lifecycle: false,
        concurrency: CONCURRENCY,
        storage: None,
        door: Door::default(),
        pace: Some(PACE),
        tap: Some(tap),
        started: Some(started),
    };
    let stdout = io::stdout();
    let colour = Colour::fitting(stdout.is_terminal(), std::env::var_os("NO_COLOR").as_deref());
    let mut daemon = Box::pin(app::run(options));
    let told = tokio::select! {
        ended = &mut daemon => return Ok(ended?),
        told = tell(&fleet, Pager::new(stdout, colour), addresses, news) => told,
    };
    match told {
        Ok(()) => Ok(daemon.await?),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failed::Output(error)),
    }
}

/// Says what is going on, then every notification, until the daemon has no more of them.
async fn tell<W: Write>(
    fleet: &Fleet,
    mut pager: Pager<W>,
    addresses: oneshot::Receiver<Vec<SocketAddr>>,
    mut news: mpsc::UnboundedReceiver<Notification>,
) -> io::Result<()> {
    // Without addresses it did not start, and will say why.
    let Ok(addresses) = addresses.await else { return Ok(()) };
    let begun = Instant::now();
    let page = addresses.first().map(status_page).unwrap_or_default();
    pager.say(&opening(fleet, &page, pager.colour()))?;
    let mut awaited: BTreeSet<String> = fleet.failing().map(|address| address.to_string()).collect();
    awaited.extend(SYSTEMS.iter().map(|it| it.alert.to_owned()));
    let mut steps = Steps::new();
    while let Some(it) = news.recv().await {
        // The alert that says that all is well with the prober calls nobody.
        if it.name() == WATCHDOG {
            continue;
        }
        pager.tell(begun.elapsed(), &it)?;
        if let Some(step) = it.annotations.get("runbook_step") {
            steps.entry(it.name().to_owned()).or_default().insert(step.clone());
        }
        let was_awaited = awaited.remove(it.labels.get("instance")) | awaited.remove(it.name());
        if was_awaited && awaited.is_empty() {
            pager.say(&halfway(&page, &steps, pager.colour()))?;
        }
    }
    Ok(())
}

/// The first screen.
fn opening(fleet: &Fleet, page: &str, colour: Colour) -> String {
    let (all, failing) = (fleet.members().len(), fleet.failing().count());
    let mut text = format!(
        "\n{}: the daemon with the drop-ins it is shipped with, over a fleet of its own.\n\n\
         {all} targets on 127.0.0.1 play an invented fleet; {failing} of them fail:\n",
        colour.paint(Ink::Strong, "The demo of Fingerpost")
    );
    for behaviour in Behaviour::ALL.into_iter().filter(|it| *it != Behaviour::Healthy) {
        let line = format!("  {:>2}  {}\n", fleet.count(behaviour), behaviour.told());
        text.push_str(&line);
    }
    text.push_str("\nBeside them, what the other drop-ins watch:\n");
    for System { name, told, alert: _ } in SYSTEMS {
        writeln!(text, "  {name:<10}  {told}").expect("a string takes all text");
    }
    write!(
        text,
        "\nEach is asked every {} s and may fail for {} s before somebody is called: less than in the drop-ins.\n\
         No timeout is: whoever is late is found out after 10 s, and listened to until 30 s are over.\n\n\
         The status page is {}. Ctrl-C ends the demo.\n\n",
        PACE.interval.as_secs(),
        PACE.hold.as_secs(),
        colour.paint(Ink::Link, page),
    )
    .expect("a string takes all text");
    text
}

/// Of each alert's name the titles of the steps that were pointed to.
type Steps = BTreeMap<String, BTreeSet<String>>;

/// Once somebody has been called about each failing target.
fn halfway(page: &str, steps: &Steps, colour: Colour) -> String {
    let mut text =
        String::from("Somebody has been called about everything that fails. Where they were sent:\n");
    for System { name, told: _, alert } in [SCRAPE].iter().chain(&SYSTEMS) {
        let titles = steps.get(*alert).into_iter().flatten();
        let titles: Vec<String> = titles.map(|it| colour.paint(Ink::Strong, it)).collect();
        writeln!(text, "  {name:<10}  {}", titles.join(&format!("\n{:14}", "")))
            .expect("a string takes all text");
    }
    write!(
        text,
        "\nThose who said nothing are listened to for 30 s; until then it is open whether they are late or silent.\n\
         The status page {} stays open until Ctrl-C.\n\n",
        colour.paint(Ink::Link, page),
    )
    .expect("a string takes all text");
    text
}

fn status_page(address: &SocketAddr) -> String {
    let mut shown = *address;
    if shown.ip().is_unspecified() {
        shown.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{shown}/")
}

/// The address, or where its port is taken the same host with any port.
fn free(address: &str) -> String {
    let taken = TcpListener::bind(address).is_err_and(|it| it.kind() == io::ErrorKind::AddrInUse);
    match address.rsplit_once(':') {
        Some((host, _)) if taken => format!("{host}:0"),
        Some(_) | None => address.to_owned(),
    }
}

/// What is shortened so that nobody has to wait for it.
const PACE: Pace = Pace { interval: Duration::from_secs(5), hold: Duration::from_secs(2) };

/// Above the number of targets: an attempt with patience holds its place for 30 s.
const CONCURRENCY: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_becomes_any_port_of_the_same_host() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = holder.local_addr().unwrap().to_string();
        assert_eq!(free(&taken), "127.0.0.1:0");
        drop(holder);
        assert_eq!(free(&taken), taken);
    }

    #[test]
    fn the_status_page_has_an_address_that_a_browser_can_open() {
        assert_eq!(status_page(&"127.0.0.1:19115".parse().unwrap()), "http://127.0.0.1:19115/");
        assert_eq!(status_page(&"0.0.0.0:80".parse().unwrap()), "http://127.0.0.1:80/");
        assert_eq!(status_page(&"[::]:80".parse().unwrap()), "http://127.0.0.1:80/");
    }

    #[tokio::test]
    async fn the_first_screen_counts_the_failing_and_names_the_page() {
        let fleet = Fleet::start().await.unwrap();
        let text = opening(&fleet, "http://127.0.0.1:7/", Colour::Plain);
        assert!(text.contains("http://127.0.0.1:7/"), "{text}");
        let counts = text.lines().filter_map(|it| it.strip_prefix("  ")?.split_whitespace().next());
        let counts: usize = counts.filter_map(|it| it.parse::<usize>().ok()).sum();
        assert_eq!(counts, fleet.failing().count(), "{text}");
    }

    #[tokio::test]
    async fn every_alert_is_told_and_once_all_are_there_that_is_said_too() {
        let fleet = Fleet::start().await.unwrap();
        let (tap, news) = mpsc::unbounded_channel();
        let (started, addresses) = oneshot::channel();
        started.send(vec!["127.0.0.1:7".parse().unwrap()]).unwrap();
        let of_fleet = fleet.failing().map(|it| ("A", it.to_string()));
        let of_others = SYSTEMS.iter().map(|it| (it.alert, "elsewhere".to_owned()));
        for (name, instance) in of_fleet.chain(of_others) {
            let labels = [("alertname", name), ("instance", instance.as_str())].into_iter().collect();
            let starts_at = std::time::SystemTime::UNIX_EPOCH;
            let step = format!("What to do about {name}");
            let annotations = [("summary".into(), instance.clone()), ("runbook_step".into(), step)];
            let annotations = annotations.into_iter().collect();
            tap.send(Notification { labels, annotations, starts_at, ends_at: None }).unwrap();
        }
        drop(tap);
        let mut told = Vec::new();
        tell(&fleet, Pager::new(&mut told, Colour::Plain), addresses, news).await.unwrap();
        let told = String::from_utf8(told).unwrap();
        for address in fleet.failing() {
            assert!(told.contains(&address.to_string()), "{address}");
        }
        assert_eq!(told.matches("Somebody has been called about everything").count(), 1);
        for System { name, told: _, alert } in SYSTEMS {
            assert!(told.contains(&format!("\n  {name:<10}  What to do about {alert}\n")), "{told}");
        }
        assert!(told.ends_with("stays open until Ctrl-C.\n\n"), "{told}");
    }
}
