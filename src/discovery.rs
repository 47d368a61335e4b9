//! Who is there to ask: static groups and `file_sd_configs`, relabelled as Prometheus does it.
//!
//! A file that cannot be read any more, or not be understood, keeps its last good content: a typing
//! error takes no target away. A file that is gone takes its targets with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{
    Complaint, Discovery, Level, Place, SHOWN_FILES_ONLY, Source, TARGET_FILE_BYTES_MAX, TargetGroup, rooted,
    target_groups,
};
use crate::labels::Labels;
use crate::relabel;
use crate::spec::Prober;
use crate::target::{Flaw, Target, TargetSet};

/// What discovery remembers from one look to the next: the last good content of each file.
#[derive(Debug, Default)]
pub struct Memory(BTreeMap<PathBuf, Vec<TargetGroup>>);

/// What one look found.
#[derive(Debug)]
pub struct Found {
    /// Every target of the probe that can be asked.
    pub set: TargetSet,
    /// What could not be read or understood (its last good content is in the set), and what could
    /// not be asked.
    pub troubles: Vec<Complaint>,
    /// Whether a file is being written: what it said before is in the set, and it is time to look again
    /// soon.
    pub waits: bool,
    /// How many targets are left out, because they cannot be asked.
    pub left_out: usize,
}

/// Looks at everything that `discovery` names. Relative patterns begin at `base`.
pub fn gather(
    discovery: &Discovery,
    prober: &Prober,
    base: &Path,
    memory: &mut Memory,
    is_being_written: impl Fn(&Path) -> bool,
) -> Found {
    let (mut troubles, mut left_out, mut waits) = (Vec::new(), 0, false);
    let mut targets = BTreeMap::new();
    let mut take = |group: &TargetGroup, file: Option<&Path>, troubles: &mut Vec<Complaint>| {
        for (address, place) in group.targets.iter().zip(&group.places) {
            match target(address, group, file, prober, &discovery.relabel) {
                Ok(None) => {}
                Ok(Some(it)) => {
                    targets.insert(it.id(&discovery.probe), Arc::new(it));
                }
                Err(wrong) => {
                    left_out += 1;
                    troubles.push(complaint(address, place, wrong, &discovery.probe));
                }
            }
        }
    };
    for group in &discovery.static_configs {
        take(group, None, &mut troubles);
    }
    for path in matching(&discovery.file_sd_patterns, base) {
        match refresh(&path, base, memory, &is_being_written) {
            Ok(is_waiting) => waits |= is_waiting,
            Err(complaints) => troubles.extend(complaints),
        }
        for group in memory.0.get(&path).into_iter().flatten() {
            take(group, Some(&path), &mut troubles);
        }
    }
    let targets = targets.into_values().collect();
    Found { set: TargetSet { probe: Arc::clone(&discovery.probe), targets }, troubles, waits, left_out }
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

/// Whether it waits for whoever writes the file.
fn refresh(
    path: &Path,
    base: &Path,
    memory: &mut Memory,
    is_being_written: impl Fn(&Path) -> bool,
) -> Result<bool, Vec<Complaint>> {
    let shown = path.strip_prefix(base).unwrap_or(path).display().to_string();
    let name: Arc<str> = shown.into();
    let text = read(path).map(Arc::from).map_err(|why| {
        let help = Some("its last good content goes on; give the right to read it, or mend it".to_owned());
        let title = format!("the file of targets cannot be read: {why}");
        Complaint { level: Level::Error, place: Place::unread(Arc::clone(&name)), title, help }
    });
    let waits = memory.0.contains_key(path) && is_being_written(path);
    let groups = match target_groups(&Source { name, text }) {
        Err(_) if waits => return Ok(true),
        Err(complaints) => return Err(complaints),
        Ok(groups) => groups,
    };
    if waits && memory.0.get(path) != Some(&groups) {
        return Ok(true);
    }
    memory.0.insert(path.to_owned(), groups);
    Ok(false)
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > TARGET_FILE_BYTES_MAX as u64 {
        return Err(format!("{size} bytes are more than the {TARGET_FILE_BYTES_MAX} that are read"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// A target that cannot be asked.
struct Wrong {
    /// Its address after relabelling.
    address: Arc<str>,
    flaw: Flaw,
}

fn target(
    address: &str,
    group: &TargetGroup,
    file: Option<&Path>,
    prober: &Prober,
    rules: &[relabel::Rule],
) -> Result<Option<Target>, Wrong> {
    let path = file.map(|it| it.display().to_string()).unwrap_or_default();
    let metrics_path = match prober {
        Prober::Metrics(_) => "/metrics",
        Prober::Http(_)
        | Prober::Tcp(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Tls(_)
        | Prober::Unix(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Path(_)
        | Prober::Query(_) => "",
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
    let lasting =
        labels.iter().filter(|(name, _)| !name.starts_with("__meta_") && !name.starts_with("__tmp"));
    let target = Target::new(labels.get("__address__"), &lasting.collect());
    match prober.form().map(|form| target.check(form)) {
        None | Some(Ok(())) => Ok(Some(target)),
        Some(Err(flaw)) => Err(Wrong { address: Arc::clone(&target.address), flaw }),
    }
}

/// Says at the place where it is written that a target is left out.
fn complaint(written: &str, place: &Place, wrong: Wrong, probe: &str) -> Complaint {
    let Wrong { address, flaw: Flaw { span, message, help } } = wrong;
    let mut place = place.clone();
    let title = if *address == *written {
        if place.excerpt() == written {
            place.span = place.span.start + span.start..place.span.start + span.end;
        }
        format!("the target `{}` of probe `{probe}` cannot be asked: {message}", veiled(written))
    } else {
        let (written, address) = (veiled(written), veiled(&address));
        format!(
            "the target `{written}` of probe `{probe}` becomes `{address}`, which cannot be asked: {message}"
        )
    };
    Complaint { level: Level::Error, place, title, help: Some(help) }
}

/// Without what stands before an `@`: this goes into the log.
fn veiled(address: &str) -> std::borrow::Cow<'_, str> {
    match address.rfind('@') {
        None => address.into(),
        Some(at) => {
            let start = address.find("://").map_or(0, |it| (it + 3).min(at));
            format!("{}…{}", &address[..start], &address[at..]).into()
        }
    }
}

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

    fn look(discovery: &Discovery, base: &Path, memory: &mut Memory) -> (Vec<String>, Vec<Complaint>) {
        let found = gather(discovery, &tcp(), base, memory, |_| false);
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
        assert!(troubles.iter().any(|it| it.title.contains("targetz")), "{troubles:?}");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(look(&discovery, folder.path(), &mut memory), (Vec::new(), Vec::new()));
    }

    /// What is wrong with a file of targets: the place in words, the spot, what is said.
    fn told(name: &str, text: &str, relabel: &[relabel::Rule]) -> Vec<(String, String, String)> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let discovery = Discovery { relabel: relabel.to_vec(), ..discovery(&["*.yaml", "*.json"]) };
        let found = gather(&discovery, &tcp(), folder.path(), &mut Memory::default(), |_| false);
        let told = |it: &Complaint| (it.place.to_string(), it.place.excerpt().to_owned(), it.title.clone());
        found.troubles.iter().map(told).collect()
    }

    #[test]
    fn everything_wrong_in_a_file_of_targets_is_told_at_once_with_its_place() {
        let text = "- targets: ['a:1', [b]]\n  labels: { a-b: c }\n- labels: {}\n- targets: []\n  job: x\n";
        let told = told("x.yaml", text, &[]);
        let places: Vec<_> = told.iter().map(|it| &*it.0).collect();
        assert_eq!(places, ["x.yaml:1:20", "x.yaml:2:13", "x.yaml:3:3", "x.yaml:5:3"], "{told:?}");
        assert!(told[1].2.contains("`a-b` is not a label name"), "{told:?}");
    }

    #[test]
    fn json_is_read_with_its_tabs_and_its_escapes_and_has_its_places() {
        let text = "[\n\t{\n\t\t\"targets\": [\"a:1\", \"b:99999\"],\n\t\t\"labels\": {\"x\": \"\\u00e4\\/\\ud83d\\ude00\"}\n\t}\n]\n";
        let groups = target_groups(&Source { name: "x.json".into(), text: Ok(text.into()) }).unwrap();
        assert_eq!((&*groups[0].targets[1], groups[0].labels.get("x")), ("b:99999", "ä/😀"));
        let told = told("x.json", text, &[]);
        assert_eq!((&*told[0].0, &*told[0].1), ("x.json:3:25", "99999"));
    }

    #[test]
    fn a_target_that_cannot_be_asked_is_left_out_alone_and_told_where_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let text = "- targets:\n    - a:1\n    - 127.0.0.1:99999\n    - '::1'\n    - b:2\n    - \"\"\n";
        std::fs::write(folder.path().join("t.yaml"), text).unwrap();
        let found = gather(&discovery(&["*.yaml"]), &tcp(), folder.path(), &mut Memory::default(), |_| false);
        let places: Vec<_> = found.troubles.iter().map(|it| it.place.to_string()).collect();
        assert_eq!(places, ["t.yaml:3:17", "t.yaml:4:8", "t.yaml:6:8"], "{:?}", found.troubles);
        assert_eq!((found.set.targets.len(), found.left_out), (2, 3));
        let secret = told("x.yaml", "- targets: ['user:pass@a:1', 'http://u:pass@a@b/']\n", &[]);
        assert!(
            secret.len() == 2 && secret.iter().all(|it| !it.2.contains("pass`") && !it.2.contains(":pass"))
        );
    }

    #[test]
    fn an_address_is_looked_at_when_it_has_been_relabelled() {
        let to = |replacement: &str| relabel::Rule {
            source_labels: vec!["__address__".to_owned()],
            separator: ";".to_owned(),
            regex: regex::Regex::new("^(?s:(.*))$").unwrap(),
            action: relabel::Action::Replace {
                target_label: "__address__".into(),
                replacement: replacement.into(),
            },
        };
        let text = "- targets: [host]\n";
        assert_eq!(told("x.yaml", text, &[to("$1:9100")]), []);
        let bad = told("x.yaml", text, &[to("$1:9100:1")]);
        assert_eq!((&*bad[0].0, &*bad[0].1), ("x.yaml:1:13", "host"));
        assert!(bad[0].2.contains("becomes `host:9100:1`"), "{bad:?}");
        let gone = told("x.yaml", text, &[to("")]);
        assert!(gone[0].2.contains("empty"), "{gone:?}");
    }

    #[test]
    fn a_file_that_is_being_written_says_what_it_said_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.yaml");
        let (discovery, mut memory) = (discovery(&["*.yaml"]), Memory::default());
        let mut look = |text: &str, is_written: bool| {
            std::fs::write(&file, text).unwrap();
            let found = gather(&discovery, &tcp(), folder.path(), &mut memory, |_| is_written);
            assert_eq!(found.troubles, []);
            (found.set.targets.len(), found.waits)
        };
        let whole = "- targets:\n    - a:1\n    - b:2\n";
        assert_eq!(look(whole, true), (2, false), "nothing was known before");
        for end in 0..whole.len() {
            assert_eq!(look(&whole[..end], true), (2, true), "{end}");
        }
        assert_eq!(look(whole, true), (2, false));
        assert_eq!(look("- targets: [a:1]\n", false), (1, false));
    }

    #[test]
    fn relabelling_sees_where_a_target_came_from_and_the_target_forgets_it() {
        let rule = relabel::Rule {
            source_labels: vec!["__meta_filepath".to_owned()],
            separator: ";".to_owned(),
            regex: regex::Regex::new("^(?s:.*/(.*)\\.yaml)$").unwrap(),
            action: relabel::Action::Replace { target_label: "from".into(), replacement: "$1".into() },
        };
        let group = TargetGroup { targets: Vec::new(), places: Vec::new(), labels: Labels::default() };
        let it =
            target("a:1", &group, Some(Path::new("/x/edge.yaml")), &tcp(), &[rule]).ok().unwrap().unwrap();
        assert_eq!(
            it.labels.to_string(),
            r#"{__address__="a:1", __scheme__="http", from="edge", instance="a:1"}"#
        );
    }
}
