//! Tries one promise on many inputs.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Target;
use super::mutation::{Chance, change};

/// The inputs that are changed further, and what has happened so far.
pub(super) struct Campaign<'a> {
    target: &'a Target,
    seed: u64,
    chance: Chance,
    inputs: Vec<Vec<u8>>,
    kinds: HashSet<u64>,
    slowest: Duration,
    /// How many shorter inputs are tried to find a short one that breaks the promise as well: each
    /// of them may say on the way that it panics.
    shorter_tries: usize,
}

/// How it went.
pub(super) struct Tally {
    runs: u64,
    kinds: usize,
    slowest: Duration,
    took: Duration,
}

/// An input that breaks the promise.
pub(super) struct Broken {
    target: &'static str,
    seed: u64,
    run: u64,
    why: String,
    input: Vec<u8>,
    kept: Option<PathBuf>,
}

/// The most inputs that are kept to be changed further; then each new one takes the place of another.
const INPUTS_MAX: usize = 4096;
const SHORTER_TRIES: usize = 4000;

impl<'a> Campaign<'a> {
    pub(super) fn new(target: &'a Target, seed: u64) -> Self {
        let inputs = (target.seeds)();
        assert!(!inputs.is_empty(), "{} has no seeds", target.name);
        Self {
            target,
            seed,
            chance: Chance::new(seed),
            inputs,
            kinds: HashSet::new(),
            slowest: Duration::ZERO,
            shorter_tries: 0,
        }
    }

    /// Makes short what breaks the promise.
    pub(super) fn shortening(self) -> Self {
        Self { shorter_tries: SHORTER_TRIES, ..self }
    }

    /// Tells it the seeds, and then changed inputs until it was tried so often.
    pub(super) fn run(mut self, runs: u64) -> Result<Tally, Broken> {
        let begun = Instant::now();
        let mut run = 0;
        for at in 0..self.inputs.len() {
            let input = self.inputs[at].clone();
            let kind = self.attempt(&input, run)?;
            self.kinds.insert(kind);
            run += 1;
        }
        let mut input = Vec::new();
        while run < runs {
            let (one, other) = (self.chance.below(self.inputs.len()), self.chance.below(self.inputs.len()));
            input.clone_from(&self.inputs[one]);
            let (words, most) = (self.target.words, self.target.bytes_max);
            change(&mut input, &self.inputs[other], words, most, &mut self.chance);
            let kind = self.attempt(&input, run)?;
            if self.kinds.insert(kind) {
                self.keep(&input);
            }
            run += 1;
        }
        Ok(Tally { runs: run, kinds: self.kinds.len(), slowest: self.slowest, took: begun.elapsed() })
    }

    fn keep(&mut self, input: &[u8]) {
        if self.inputs.len() < INPUTS_MAX {
            self.inputs.push(input.to_vec());
        } else {
            let at = self.chance.below(INPUTS_MAX);
            self.inputs[at] = input.to_vec();
        }
    }

    fn attempt(&mut self, input: &[u8], run: u64) -> Result<u64, Broken> {
        let begun = Instant::now();
        let kind = held(self.target, input);
        self.slowest = self.slowest.max(begun.elapsed());
        kind.map_err(|why| {
            let (input, why) = self.shorter(input, why);
            let kept = keep_for_later(self.target.name, &input);
            Broken { target: self.target.name, seed: self.seed, run, why, input, kept }
        })
    }
}

impl Campaign<'_> {
    /// Takes parts away for as long as the promise stays broken.
    fn shorter(&self, input: &[u8], why: String) -> (Vec<u8>, String) {
        let (mut shortest, mut why, mut tries) = (input.to_vec(), why, 0);
        let mut length = input.len() / 2;
        while length > 0 {
            let mut at = 0;
            while at + length <= shortest.len() && tries < self.shorter_tries {
                let without = [&shortest[..at], &shortest[at + length..]].concat();
                tries += 1;
                match held(self.target, &without) {
                    Err(it) => (shortest, why) = (without, it),
                    Ok(_) => at += length,
                }
            }
            length /= 2;
        }
        (shortest, why)
    }
}

fn held(target: &Target, input: &[u8]) -> Result<u64, String> {
    catch_unwind(AssertUnwindSafe(|| (target.hold)(input))).map_err(|it| words(&*it))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned())).unwrap_or_default()
}

fn keep_for_later(name: &str, input: &[u8]) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    let path = folder.join(format!("{name}-{:016x}", super::kind(input)));
    fs::create_dir_all(&folder).and_then(|()| fs::write(&path, input)).ok()?;
    Some(path)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, kinds, slowest, took } = self;
        write!(
            f,
            "{runs} runs in {took:.0?}, {kinds} kinds of things happened, the slowest took {slowest:.1?}"
        )
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, seed, run, why, input, kept } = self;
        writeln!(f, "{target}, seed {seed}, run {run}: {why}\ninput: \"{}\"", input.escape_ascii())?;
        match kept {
            Some(path) => write!(f, "once more: make fuzz TARGET={target} RUNS=0 INPUT={}", path.display()),
            None => Ok(()),
        }
    }
}

#[test]
fn a_broken_promise_is_found_and_told_with_a_short_input() {
    let target = Target {
        name: "no-yy",
        seeds: || vec![b"a line of x and y\nand another\n".to_vec()],
        words: &["y"],
        bytes_max: 200,
        runs: 0,
        hold: |input| {
            assert!(!input.windows(2).any(|it| it == b"yy"), "there is a pair");
            0
        },
    };
    let broken = Campaign::new(&target, 1).shortening().run(100_000).err().expect("chance finds it");
    assert_eq!(broken.input, b"yy");
    assert_eq!(broken.why, "there is a pair");
    fs::remove_file(broken.kept.expect("it is kept")).expect("it was kept");
}
