//! Who is there to ask: static groups and `file_sd_configs`, relabelled as Prometheus does it.
//!
//! A file that cannot be read any more, or not be understood, keeps its last good content: a typing
//! error takes no target away. A file that is gone takes its targets with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::config::{Discovery, TargetGroup};
use crate::labels::{Labels, is_label_name};
use crate::relabel;
use crate::spec::Prober;
use crate::target::{Target, TargetSet};

/// What discovery remembers from one look to the next: the last good content of each file.
#[derive(Debug, Default)]
pub struct Memory(BTreeMap<PathBuf, Vec<TargetGroup>>);

/// What one look found.
#[derive(Debug)]
pub struct Found {
    /// Every target of the probe.
    pub set: TargetSet,
    /// What could not be read or understood; its last good content is in the set.
    pub troubles: Vec<Trouble>,
}

/// A file, or a target, that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The file it stands in, or the probe's name for static targets.
    pub place: String,
    /// What is wrong, with line and column where there are any.
    pub message: String,
}

/// Looks at everything that `discovery` names. Relative patterns begin at `base`.
pub fn gather(discovery: &Discovery, prober: &Prober, base: &Path, memory: &mut Memory) -> Found {
    let mut troubles = Vec::new();
    let mut targets = BTreeMap::new();
    let mut take = |group: &TargetGroup, file: Option<&Path>, troubles: &mut Vec<Trouble>| {
        for address in &group.targets {
            match target(address, group, file, prober, &discovery.relabel) {
                Ok(None) => {}
                Ok(Some(it)) => {
                    targets.insert(it.id(&discovery.probe), Arc::new(it));
                }
                Err(message) => troubles.push(Trouble { place: place(file, discovery), message }),
            }
        }
    };
    for group in &discovery.static_configs {
        take(group, None, &mut troubles);
    }
    for path in matching(&discovery.file_sd_patterns, base) {
        if let Err(message) = refresh(&path, memory) {
            troubles.push(Trouble { place: path.display().to_string(), message });
        }
        for group in memory.0.get(&path).into_iter().flatten() {
            take(group, Some(&path), &mut troubles);
        }
    }
    let targets = targets.into_values().collect();
    Found { set: TargetSet { probe: Arc::clone(&discovery.probe), targets }, troubles }
}

/// The files that the patterns match, each once, in byte order.
pub fn matching(patterns: &[String], base: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = patterns
        .iter()
        .filter_map(|pattern| glob::glob_with(&rooted(pattern, base), SHOWN_FILES_ONLY).ok())
        .flat_map(|paths| paths.filter_map(Result::ok))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// The pattern from the root of the file system on; nothing in `base` is a wildcard.
fn rooted(pattern: &str, base: &Path) -> String {
    if Path::new(pattern).is_absolute() {
        return pattern.to_owned();
    }
    format!("{}/{pattern}", glob::Pattern::escape(&base.to_string_lossy()))
}

/// The groups of a file in Prometheus's file_sd format. JSON where the name ends so, else YAML.
///
/// # Errors
///
/// In words, with line and column.
pub fn parse(name: &Path, text: &str) -> Result<Vec<TargetGroup>, String> {
    let groups: Vec<RawGroup> = if name.extension().is_some_and(|it| it.eq_ignore_ascii_case("json")) {
        serde_json::from_str(text).map_err(|error| error.to_string())?
    } else {
        serde_saphyr::from_str(text).map_err(|error| error.without_snippet().to_string())?
    };
    groups.into_iter().map(RawGroup::check).collect()
}

/// A target group as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    targets: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl RawGroup {
    fn check(self) -> Result<TargetGroup, String> {
        if let Some(name) = self.labels.keys().find(|it| !is_label_name(it)) {
            return Err(format!("`{name}` is not a label name"));
        }
        let labels = self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(TargetGroup { targets: self.targets, labels })
    }
}

fn refresh(path: &Path, memory: &mut Memory) -> Result<(), String> {
    let text = read(path)?;
    let groups = parse(path, &text)?;
    memory.0.insert(path.to_owned(), groups);
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("{size} bytes are more than the {FILE_BYTES_MAX} that are read"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

fn target(
    address: &str,
    group: &TargetGroup,
    file: Option<&Path>,
    prober: &Prober,
    rules: &[relabel::Rule],
) -> Result<Option<Target>, String> {
    let path = file.map(|it| it.display().to_string()).unwrap_or_default();
    let metrics_path = match prober {
        Prober::Metrics(_) => "/metrics",
        Prober::Http(_) | Prober::Tcp(_) | Prober::Path(_) | Prober::Query(_) => "",
    };
    let defaults: Labels = [
        ("__address__", address),
        ("__meta_filepath", &path),
        ("__scheme__", "http"),
        ("__metrics_path__", metrics_path),
    ]
    .into_iter()
    .collect();
    let Some(labels) = relabel::apply(rules, &defaults.with(group.labels.iter())) else { return Ok(None) };
    let address = labels.get("__address__");
    if address.is_empty() {
        return Err("a target without an address".to_owned());
    }
    let lasting =
        labels.iter().filter(|(name, _)| !name.starts_with("__meta_") && !name.starts_with("__tmp"));
    Ok(Some(Target::new(address, &lasting.collect())))
}

fn place(file: Option<&Path>, discovery: &Discovery) -> String {
    file.map_or_else(|| format!("probe `{}`", discovery.probe), |it| it.display().to_string())
}

const SHOWN_FILES_ONLY: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// The longest target file that is read.
const FILE_BYTES_MAX: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{DialSpec, TcpSpec, TlsSpec};

    fn tcp() -> Prober {
        let (dial, starttls) = (DialSpec::default(), TlsSpec::default());
        Prober::Tcp(TcpSpec { dial, tls: None, starttls, query_response: Vec::new() })
    }

    fn discovery(patterns: &[&str]) -> Discovery {
        Discovery {
            probe: "scrape".into(),
            static_configs: Vec::new(),
            file_sd_patterns: patterns.iter().map(|&it| it.to_owned()).collect(),
            relabel: Vec::new(),
        }
    }

    fn look(discovery: &Discovery, base: &Path, memory: &mut Memory) -> (Vec<String>, Vec<Trouble>) {
        let found = gather(discovery, &tcp(), base, memory);
        (found.set.targets.iter().map(|it| it.labels.public().to_string()).collect(), found.troubles)
    }

    #[test]
    fn files_are_read_as_yaml_and_json_and_a_target_is_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        let yaml = "- targets: ['a:1', 'b:2']\n  labels: { job: j }\n";
        std::fs::write(folder.path().join("one.yaml"), yaml).unwrap();
        let json = r#"[{"targets": ["a:1"], "labels": {"job": "j"}}, {"targets": ["c:3"]}]"#;
        std::fs::write(folder.path().join("two.json"), json).unwrap();
        std::fs::write(folder.path().join("not.txt"), "nonsense").unwrap();
        std::fs::write(folder.path().join(".hidden.yaml"), "nonsense").unwrap();
        let (mut targets, troubles) =
            look(&discovery(&["*.yaml", "*.json", "*.yml"]), folder.path(), &mut Memory::default());
        targets.sort();
        assert_eq!(troubles, []);
        let wanted = [r#"{instance="a:1", job="j"}"#, r#"{instance="b:2", job="j"}"#, r#"{instance="c:3"}"#];
        assert_eq!(targets, wanted);
    }

    #[test]
    fn a_file_that_breaks_keeps_its_last_good_targets_and_one_that_goes_takes_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.yaml");
        let (discovery, mut memory) = (discovery(&["*.yaml"]), Memory::default());
        std::fs::write(&file, "- targets: ['a:1']\n").unwrap();
        assert_eq!(look(&discovery, folder.path(), &mut memory).0.len(), 1);
        std::fs::write(&file, "- targetz: ['a:1']\n").unwrap();
        let (targets, troubles) = look(&discovery, folder.path(), &mut memory);
        assert_eq!(targets.len(), 1);
        assert!(troubles[0].message.contains("targetz"), "{troubles:?}");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(look(&discovery, folder.path(), &mut memory), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_label_that_no_exposition_could_bear_is_named() {
        let error = parse(Path::new("x.yaml"), "- targets: []\n  labels: { a-b: c }\n").unwrap_err();
        assert_eq!(error, "`a-b` is not a label name");
    }

    #[test]
    fn relabelling_sees_where_a_target_came_from_and_the_target_forgets_it() {
        let rule = relabel::Rule {
            source_labels: vec!["__meta_filepath".to_owned()],
            separator: ";".to_owned(),
            regex: regex::Regex::new("^(?s:.*/(.*)\\.yaml)$").unwrap(),
            action: relabel::Action::Replace { target_label: "from".into(), replacement: "$1".into() },
        };
        let group = TargetGroup { targets: Vec::new(), labels: Labels::default() };
        let it = target("a:1", &group, Some(Path::new("/x/edge.yaml")), &tcp(), &[rule]).unwrap().unwrap();
        assert_eq!(
            it.labels.to_string(),
            r#"{__address__="a:1", __scheme__="http", from="edge", instance="a:1"}"#
        );
    }
}
