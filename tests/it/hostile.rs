//! Servers that misbehave, each asked through the daemon's `/probe`: every case has its one cause and
//! phase, and the daemon says so within its deadline. The rows stand in the modules below, by what
//! they speak.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::peer::daemon::Daemon;
use crate::peer::http::{Reply, target};
use crate::peer::process::{folder, write};
use case::Case;
use handshake::Authority;
use server::Servers;

mod case;
mod coding;
mod conversation;
mod exposition;
mod handshake;
mod http1;
mod http2;
mod name_server;
mod redirect;
mod server;

/// How many are asked at once; our own door takes 32 connections of one address.
const AT_ONCE: usize = 24;

/// How often somebody is asked of whom a crowded machine left us without a verdict.
const ATTEMPTS_MAX: usize = 5;

/// Every row, and the authority that vouches for the good ones.
fn corpus() -> (Vec<Case>, Authority) {
    let authority = Authority::new("corpus");
    let mut h2 = authority.identity(&["127.0.0.1"], |_| {}).server();
    h2.alpn_protocols = vec![b"h2".to_vec()];
    let cases = [
        http1::cases(),
        redirect::cases(),
        coding::cases(),
        exposition::cases(),
        http2::cases(&Arc::new(h2)),
        handshake::cases(&authority),
        name_server::cases(),
        conversation::cases(),
    ];
    (cases.concat(), authority)
}

/// The daemon among its servers.
struct Lab {
    daemon: Daemon,
    /// Each case with its server's place.
    cases: Vec<(Case, String)>,
    _servers: Servers,
}

impl Lab {
    fn new() -> Self {
        let (cases, authority) = corpus();
        let config = folder();
        write(config.path(), "ca.pem", authority.pem());
        let ca = config.path().join("ca.pem").display().to_string();
        write(config.path(), "probes.d/hostile.yaml", case::drop_in(&ca));
        let mut servers = Servers::new();
        let place = |(at, case): (usize, Case)| {
            let place = servers.start(case.act.clone(), config.path(), &at.to_string());
            let target = case.target.replace("{}", &place);
            (case, target)
        };
        let cases = cases.into_iter().enumerate().map(place).collect();
        let paths = format!("--probe.allow={}", config.path().display());
        let flags = ["--probe.allow=127.0.0.0/8".to_owned(), paths, "--history.limit=1".to_owned()];
        let daemon = Daemon::start(config, &flags);
        Self { daemon, cases, _servers: servers }
    }

    /// What the daemon says of a case. Of itself it says nothing here: `paused` and `overrun` are no
    /// verdicts, and as with any target the next attempt counts.
    fn verdict(&self, case: &Case, target_of: &str) -> String {
        let mut seen = String::new();
        for _ in 0..ATTEMPTS_MAX {
            seen = told(&self.ask(case, target_of));
            if !matches!(&*seen, "paused " | "overrun ") {
                break;
            }
        }
        seen
    }

    fn ask(&self, case: &Case, target_of: &str) -> Reply {
        self.daemon.get(&target("/probe", &[("module", case.module), ("target", target_of)]))
    }
}

/// Calls `work` with each number below `count`, several at once.
fn several(count: usize, at_once: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    work(at);
                }
            });
        }
    });
}

/// Cause and phase as a page of `/probe` has them; nothing where the probe was a success.
fn told(reply: &Reply) -> String {
    let line = reply.body.lines().find_map(|it| it.strip_prefix("probe_cause_info{"));
    let label = |name: &str| {
        let value = line?.split_once(&format!("{name}=\""))?.1;
        value.split_once('"').map(|it| it.0)
    };
    match (label("cause"), label("phase")) {
        (Some(cause), Some(phase)) => format!("{cause} {phase}"),
        _ if reply.body.contains("\nprobe_success 1\n") => String::new(),
        _ => format!("{} {}", reply.status, reply.body),
    }
}

#[test]
fn every_server_that_misbehaves_has_its_cause_and_its_phase() {
    let lab = Lab::new();
    let wrong = Mutex::new(Vec::new());
    several(lab.cases.len(), AT_ONCE, |at| {
        let (case, target) = &lab.cases[at];
        let seen = lab.verdict(case, target);
        if seen != case.expected {
            let line = format!("{} ({}): {seen:?}, not {:?}", case.name, case.module, case.expected);
            wrong.lock().expect("nobody panics while noting").push(line);
        }
    });
    let mut wrong = wrong.into_inner().expect("nobody panics while noting");
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}\n{}",
        wrong.len(),
        lab.cases.len(),
        wrong.join("\n"),
        lab.daemon.said()
    );
}

#[test]
fn the_corpus_has_its_size_and_no_row_twice() {
    let (cases, _) = corpus();
    let names: BTreeSet<&str> = cases.iter().map(|it| &*it.name).collect();
    assert_eq!(names.len(), cases.len());
    assert!(cases.len() >= 150, "{}", cases.len());
}
