//! Beside the real `blackbox_exporter`: the same servers, the same module file, the same questions.
//! What it exports is there under the same name and labels, with the same value where the value is
//! no time. Every difference stands, with its reason, in `docs/coming-from-blackbox-exporter.md`,
//! and what stands there must be seen here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::thread;

use crate::peer::blackbox_exporter::BlackboxExporter;
use crate::peer::daemon::Daemon;
use crate::peer::http::{self, Reply};
use crate::peer::process::{folder, write};
use crate::peer::unbound::Unbound;
use lab::Lab;
use pairs::{PAIRS, Pair};

mod certificate;
mod health;
mod lab;
mod pairs;

const MODULES: &str = include_str!("beside/modules.yml");

const DIFFERENCES: &str = include_str!("../../docs/coming-from-blackbox-exporter.md");

/// What the name server knows: an answer, no such name, a refusal, silence, and a zone.
const ZONES: &str = r#"  local-zone: "well.test." static
  local-data: "well.test. 300 IN A 10.4.7.11"
  local-zone: "gone.test." always_nxdomain
  local-zone: "closed.test." always_refuse
  local-zone: "mute.test." deny
  local-zone: "zone.test." static
  local-data: "zone.test. 300 IN SOA ns.zone.test. porter.zone.test. 2026112101 3600 600 86400 300"
  local-data: "zone.test. 300 IN NS ns.zone.test."
  local-data: "zone.test. 300 IN MX 10 post.zone.test."
  local-data: 'zone.test. 300 IN TXT "the door is open"'
  local-data: "zone.test. 300 IN A 10.4.7.12"
  local-data: "zone.test. 300 IN A 10.4.7.13"
"#;

/// Samples of one page: name and labels as they are written, and the value.
type Page = BTreeMap<String, f64>;

/// A sample on which the two do not agree.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    module: &'static str,
    target: &'static str,
    sample: String,
    theirs: String,
    ours: String,
}

impl Difference {
    fn metric(&self) -> &str {
        self.sample.split('{').next().unwrap_or_default()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, target, sample, theirs, ours } = self;
        write!(f, "{module} {target}: {sample} is {theirs} there and {ours} here")
    }
}

#[test]
fn every_difference_from_the_exporter_is_documented_and_every_documented_one_is_there() {
    let Some(unbound) = Unbound::start(ZONES) else { return };
    let mut lab = Lab::start();
    lab.add("dns", unbound.address);
    let files = folder();
    let modules = modules(&lab, files.path());
    let Some(exporter) = BlackboxExporter::start(&modules) else { return };
    let config = folder();
    write(config.path(), "probes.d/blackbox.yml", &modules);
    let daemon = Daemon::start(config, &["--probe.allow=127.0.0.0/8".into(), "--probe.allow=::1".into()]);

    let found = ask_all(|pair| {
        let query = query(pair, &lab);
        let (theirs, ours) = (exporter.get(&query), daemon.get(&query));
        compare(pair, &theirs, &ours)
    });

    let documented = documented();
    let is_told = |it: &Difference| documented.iter().any(|row| row.tells(it));
    let untold: Vec<_> = found.iter().filter(|it| !is_told(it)).map(ToString::to_string).collect();
    let unseen: Vec<_> = documented.iter().filter(|row| !found.iter().any(|it| row.tells(it))).collect();
    assert!(untold.is_empty(), "not in the table:\n{}", untold.join("\n"));
    assert!(unseen.is_empty(), "in the table, and not seen:\n{unseen:#?}");
}

/// The module file with what belongs to the lab filled in; its files are written to `home`.
fn modules(lab: &Lab, home: &Path) -> String {
    let (certificate, key) = lab.authority.client();
    let files = [
        ("ca", lab.authority.pem()),
        ("cert", certificate),
        ("key", key),
        ("token", "bearer-token-4712\n".to_owned()),
    ];
    let mut text = MODULES.replace("@proxy@", &lab.address("proxy").to_string());
    for (name, content) in files {
        write(home, name, content);
        text = text.replace(&format!("@{name}@"), &home.join(name).display().to_string());
    }
    text
}

fn query(pair: &Pair, lab: &Lab) -> String {
    let target = lab.filled_in(pair.target);
    let fixed = [("module", pair.module), ("target", &target)];
    http::target("/probe", &[&fixed, pair.more].concat())
}

/// Asks for all pairs, some at a time, and gathers what comes of it in order.
fn ask_all(ask: impl Fn(&'static Pair) -> Vec<Difference> + Sync) -> BTreeSet<Difference> {
    let share = PAIRS.len().div_ceil(AT_A_TIME);
    thread::scope(|scope| {
        let ask = &ask;
        let work = |part: &'static [Pair]| scope.spawn(move || part.iter().flat_map(ask).collect::<Vec<_>>());
        let tasks: Vec<_> = PAIRS.chunks(share).map(work).collect();
        tasks.into_iter().flat_map(|it| it.join().expect("no comparison panics")).collect()
    })
}

fn compare(pair: &Pair, theirs: &Reply, ours: &Reply) -> Vec<Difference> {
    let differs = |sample: &str, theirs: String, ours: String| {
        let sample = sample.to_owned();
        Difference { module: pair.module, target: pair.target, sample, theirs, ours }
    };
    if theirs.status != ours.status || theirs.status != 200 {
        let same = theirs.status == ours.status;
        let (theirs, ours) = (theirs.status.to_string(), ours.status.to_string());
        return if same { Vec::new() } else { vec![differs("status", theirs, ours)] };
    }
    let (theirs, ours) = (page(&theirs.body), page(&ours.body));
    let of_theirs = theirs.iter().filter_map(|(sample, value)| match ours.get(sample) {
        None => Some(differs(sample, value.to_string(), "absent".to_owned())),
        Some(_) if is_time(sample) => None,
        Some(it) if it.total_cmp(value).is_eq() => None,
        Some(it) => Some(differs(sample, value.to_string(), it.to_string())),
    });
    let names: BTreeSet<_> = theirs.keys().map(|it| name_of(it)).collect();
    // Of a family that both have, neither has a sample that the other lacks; what the exporter's
    // version here does not have at all is told by its own rows.
    let of_ours = ours.iter().filter(|(sample, _)| !theirs.contains_key(*sample)).map(|(sample, value)| {
        let there = if names.contains(name_of(sample)) { "absent" } else { "no such family" };
        differs(sample, there.to_owned(), value.to_string())
    });
    of_theirs.chain(of_ours).collect()
}

fn page(text: &str) -> Page {
    let samples = text.lines().filter(|it| !it.is_empty() && !it.starts_with('#'));
    let split = |line: &str| {
        let (sample, value) = line.rsplit_once(' ').expect("a sample has a value");
        (in_order(sample), value.parse().expect("a value is a number"))
    };
    samples.map(split).collect()
}

/// The sample with its labels in the order of their names.
fn in_order(sample: &str) -> String {
    let Some((name, labels)) = sample.strip_suffix('}').and_then(|it| it.split_once('{')) else {
        return sample.to_owned();
    };
    // Between two labels stands a quote and a comma; within a value every quote has a backslash ahead.
    let mut labels: Vec<_> = labels.strip_suffix('"').unwrap_or(labels).split("\",").collect();
    // A label that newer versions of the exporter have as well.
    labels.retain(|it| !(name == "probe_ssl_last_chain_info" && it.starts_with("serialnumber=")));
    labels.sort_unstable();
    format!("{name}{{{}\"}}", labels.join("\","))
}

fn name_of(sample: &str) -> &str {
    sample.split('{').next().unwrap_or_default()
}

/// Whether the value is a time that each took for itself.
fn is_time(sample: &str) -> bool {
    let name = name_of(sample);
    name.ends_with("_duration_seconds") || name == "probe_dns_lookup_time_seconds"
}

/// A row of the table in the documentation.
#[derive(Debug)]
struct Told {
    metric: String,
    /// Modules, or modules with a target; empty: everywhere.
    places: Vec<String>,
}

impl Told {
    fn tells(&self, it: &Difference) -> bool {
        let place = format!("{} {}", it.module, it.target);
        let here = |told: &String| told == it.module || *told == place;
        self.metric == it.metric() && (self.places.is_empty() || self.places.iter().any(here))
    }
}

/// The rows of every table whose first column is `metric` and whose second is `where`.
fn documented() -> Vec<Told> {
    let mut told = Vec::new();
    let mut inside = false;
    for line in DIFFERENCES.lines() {
        let cells: Vec<_> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        inside = match cells[..] {
            ["metric", "where", ..] => true,
            _ if !line.starts_with('|') => false,
            [metric, places, ..] if inside && !metric.starts_with("---") => {
                let quoted =
                    |it: &str| it.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
                let metrics = quoted(metric);
                told.extend(metrics.into_iter().map(|metric| Told { metric, places: quoted(places) }));
                true
            }
            _ => inside,
        };
    }
    told
}

const AT_A_TIME: usize = 8;
