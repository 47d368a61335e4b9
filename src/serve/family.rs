//! What is known of a metric family without looking at a value: its row in the documentation.

use super::{metrics, own};

/// One metric family of `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What kind of number it holds.
    pub kind: Kind,
    /// The labels that its samples have; those of targets have the target's own and `probe` besides.
    pub labels: &'static [&'static str],
    /// What it says, in one sentence: its `HELP`.
    pub help: &'static str,
}

/// The kinds of metrics there are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only goes up, until the process starts again.
    Counter,
    /// Counts by size.
    Histogram,
}

impl Kind {
    /// The word after `# TYPE`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// Every family of `/metrics` but the process's own (`process_*`), in the order of the page.
pub fn families() -> impl Iterator<Item = &'static Family> {
    let of_targets = metrics::of_targets().map(|row| &row.family);
    let of_engine = metrics::OF_ENGINE.iter().map(|row| &row.family);
    of_targets.chain(of_engine).chain(own::FAMILIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_family_has_two_rows_and_each_is_named_by_the_rules() {
        let mut names = std::collections::BTreeSet::new();
        for it in families() {
            assert!(names.insert(it.name), "{} stands twice", it.name);
            let ours = ["probe_", "fingerpost_", "blackbox_"].iter().any(|start| it.name.starts_with(start));
            assert!(ours, "{}", it.name);
            assert_eq!(it.name.ends_with("_total"), it.kind == Kind::Counter, "{}", it.name);
            assert!(!it.help.is_empty() && !it.help.contains('\n') && !it.help.contains('\\'));
        }
    }
}
