//! The shipped drop-ins at a pace for tests: the files stay the source, only how long things take in
//! them is said anew.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// The drop-in of that name with `interval: 1s`, `for: 2s` and `timeout: 3s` wherever it says these
/// keys. What its conditions say of time stays.
pub(crate) fn hastened(name: &str) -> String {
    let text = fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    [("interval", "1s"), ("for", "2s"), ("timeout", "3s")].iter().fold(text, |text, (key, time)| {
        replaced(&text, &format!(r"(?m)^( +){key}: \w+$"), &format!("${{1}}{key}: {time}"))
    })
}

/// The same with each minute of its conditions a second.
pub(crate) fn with_short_minutes(drop_in: &str) -> String {
    replaced(drop_in, r"duration\('(\d+)m'\)", "duration('${1}s')")
}

/// The folder of the shipped drop-ins.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("probes.d")
}

/// A pattern that finds nothing would leave the test to the pace of the shipped file.
fn replaced(text: &str, pattern: &str, by: &str) -> String {
    let pattern = Regex::new(pattern).expect("a pattern of our own");
    assert!(pattern.is_match(text), "nothing in the drop-in is {pattern}");
    pattern.replace_all(text, by).into_owned()
}
