//! Whatever bytes come in from outside: the promises of the rooms that read them, tried on bytes that
//! nobody thought of.
//!
//! A [`Target`] is a promise about any bytes at all. A campaign tells it its seeds, then seeds that were
//! changed at random; what makes something happen for the first time is changed further. Each run is
//! the same again with the same seed. Every test run tries each promise for a moment;
//! `make fuzz TARGET=dns RUNS=10000000` for as long as one likes, and `INPUT=file` tries one input again.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use campaign::Campaign;

mod answer;
mod campaign;
mod dns;
mod drop_in;
mod exposition;
mod file;
mod lab;
mod mutation;
mod page;
mod post;
mod store;
mod text;

/// A promise about any bytes.
pub(crate) struct Target {
    /// As `make fuzz` calls it.
    pub(crate) name: &'static str,
    /// Inputs that lead far into the code.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// Words that mean something to the reader.
    pub(crate) words: &'static [&'static str],
    /// The most bytes of an input.
    pub(crate) bytes_max: usize,
    /// How often every test run tries it.
    pub(crate) runs: u64,
    /// Panics where the promise is broken. Gives a number for what kind of thing happened.
    pub(crate) hold: fn(&[u8]) -> u64,
}

const TARGETS: &[&Target] = &[
    &exposition::TEXT,
    &exposition::OPENMETRICS,
    &exposition::WRITTEN,
    &dns::MESSAGE,
    &dns::NAME,
    &page::PAGE,
    &page::LINK,
    &text::TEXT,
    &drop_in::DROP_IN,
    &file::SETTINGS,
    &file::SCENARIO,
    &file::TARGETS,
    &answer::SCRAPE,
    &post::POST,
    &store::STORE,
];

/// One number for what happened: equal for equal things.
pub(crate) fn kind(it: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    it.hash(&mut hasher);
    hasher.finish()
}

/// All files of a folder of this repository that end so.
pub(crate) fn files(folder: &str, end: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|it| panic!("{}: {it}", folder.display()));
    let mut paths: Vec<_> = entries.map(|it| it.expect("the entry can be read").path()).collect();
    paths.retain(|it| it.to_string_lossy().ends_with(end));
    paths.sort();
    paths.iter().map(|it| fs::read(it).expect("the file can be read")).collect()
}

/// Tries a promise for a moment.
pub(crate) fn hold(target: &Target) {
    let told = Campaign::new(target, 1).run(target.runs);
    if let Err(broken) = told {
        panic!("{broken}");
    }
}

/// `FUZZ` names one target, `RUNS` how often it is tried, `SEED` where chance begins, `INPUT` a file
/// that is tried instead. Without `RUNS` there is nothing to do: each target has a test of its own.
#[test]
fn every_promise_holds_for_as_long_as_somebody_asks_to_try_it() {
    let number = |name: &str| env::var(name).ok().map(|it| it.parse::<u64>().expect("it is a number"));
    let named = env::var("FUZZ").unwrap_or_default();
    let wanted: Vec<_> = TARGETS.iter().filter(|it| named.is_empty() || it.name == named).collect();
    let all: Vec<_> = TARGETS.iter().map(|it| it.name).collect();
    assert!(!wanted.is_empty(), "there is no `{named}` among {all:?}");
    if let Some(path) = env::var_os("INPUT") {
        let input = fs::read(&path).expect("the input can be read");
        for target in &wanted {
            println!("{}: {:016x}", target.name, (target.hold)(&input));
        }
    }
    let Some(runs) = number("RUNS") else { return };
    // Promises are broken by panics that are caught, and some readers live with panics of theirs.
    std::panic::set_hook(Box::new(|_| ()));
    let mut broken = Vec::new();
    for target in wanted {
        match Campaign::new(target, number("SEED").unwrap_or(1)).shortening().run(runs) {
            Ok(tally) => println!("{}: {tally}", target.name),
            Err(it) => {
                println!("{it}");
                broken.push(target.name);
            }
        }
    }
    drop(std::panic::take_hook());
    assert!(broken.is_empty(), "broken: {broken:?}");
}
