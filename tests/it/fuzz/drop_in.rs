//! Drop-ins.

use std::sync::Arc;

use fingerpost::config::{Complaint, InForce, LastGood, Level, Loaded, Source, load};

use super::{Target, files, hold, kind};

/// Drop-ins, beside one that is good.
pub(super) const DROP_IN: Target = Target {
    name: "drop-in",
    seeds: || {
        let mut seeds =
            [files("docs/examples", ".yaml"), files("tests/scenes/isolated/probes.d", ".yaml")].concat();
        seeds.extend(
            [WHOLE, "{}", "", "a: &a [*a]\n", "a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]\n"]
                .map(|it| it.as_bytes().to_vec()),
        );
        seeds
    },
    words: WORDS,
    bytes_max: 4000,
    runs: 80,
    hold: drop_in,
};

#[test]
fn no_drop_in_takes_another_down_and_every_complaint_has_its_place() {
    hold(&DROP_IN);
}

fn source(name: &str, text: &str) -> Source {
    Source { name: name.into(), text: Ok(text.into()) }
}

/// The probes and alerts that a load has in force, each with all that it is.
fn plan(it: &Loaded) -> String {
    format!("{:?}", it.config.plan)
}

fn drop_in(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let sources = [source("10-neighbour.yaml", NEIGHBOUR), source("20-odd.yaml", &text)];
    let loaded = load(&sources, &LastGood::default());
    assert_eq!(
        loaded.files[0].in_force,
        InForce::Current,
        "the neighbour stands: {}",
        told(&loaded.complaints)
    );
    assert!(loaded.config.plan.probes.iter().any(|it| &*it.name == "neighbour"));
    assert!(loaded.config.plan.alerts.iter().any(|it| &*it.name == "NeighbourGone"));
    assert_eq!(loaded.config.discoveries.len(), loaded.config.plan.probes.len());
    let is_wrong = |it: &Complaint| it.level == Level::Error && &*it.place.file == "20-odd.yaml";
    let wrong = loaded.complaints.iter().any(is_wrong);
    let expected = if wrong { InForce::LeftOut } else { InForce::Current };
    assert_eq!(loaded.files[1].in_force, expected, "{}", told(&loaded.complaints));
    loaded.complaints.iter().for_each(|it| placed(it, &sources));

    let again = load(&sources, &loaded.last_good);
    assert_eq!(again.complaints, loaded.complaints, "the same files are read the same");
    assert_eq!(plan(&again), plan(&loaded), "the same files are read the same");
    if wrong {
        stands_in(&sources);
    }
    let titles = loaded.complaints.iter().map(|it| it.title.split('`').next().map(str::to_owned));
    kind((wrong, titles.take(2).collect::<Vec<_>>(), loaded.config.plan.probes.len().min(4)))
}

/// What the file said before goes on, to the letter.
fn stands_in(sources: &[Source; 2]) {
    let before = load(&[sources[0].clone(), source("20-odd.yaml", WHOLE)], &LastGood::default());
    assert_eq!(before.files[1].in_force, InForce::Current, "{}", told(&before.complaints));
    let loaded = load(sources, &before.last_good);
    assert_eq!(loaded.files[1].in_force, InForce::LastGood);
    assert_eq!(plan(&loaded), plan(&before), "the last good version goes on");
    assert_eq!(loaded.last_good, before.last_good);
}

/// A complaint points into its file, and can be shown.
pub(super) fn placed(it: &Complaint, sources: &[Source]) {
    let source =
        sources.iter().find(|source| source.name == it.place.file).expect("it is about one of the files");
    let text = source.text.as_ref().expect("the file was read");
    let span = it.place.span.clone();
    assert!(span.start <= span.end && text.get(span.clone()).is_some(), "{span:?}: {}", it.title);
    assert!((1..=text.matches('\n').count() + 1).contains(&it.place.line()), "{}", it.title);
    let (plain, coloured) = (it.to_string(), it.render(true));
    assert!(!it.title.is_empty() && plain.contains(&*it.place.file) && coloured.len() >= plain.len());
    let harmless = |sign: char| !sign.is_control() || sign == '\n';
    assert!(plain.chars().all(harmless), "nothing of the file can steer a terminal: {plain:?}");
}

fn told(complaints: &[Complaint]) -> Arc<str> {
    fingerpost::scenario::told(complaints).into()
}

const NEIGHBOUR: &str = r#"
modules:
  neighbour: { prober: tcp, timeout: 2s }
probes:
  - name: neighbour
    module: neighbour
    interval: 30s
    targets: { static_configs: [{ targets: ["n.test:1"] }] }
alerts:
  - alert: NeighbourGone
    probe: neighbour
    when: target.failing
    for: 1m
    runbook: https://runbooks.test/n.html
    steps: [{ step: look }]
"#;

const WHOLE: &str = r##"
modules:
  web: { prober: http, timeout: 5s, http: { valid_status_codes: [200], fail_if_body_matches_regexp: ["(?i)down"] } }
  door: { prober: tcp, timeout: 1s, patience: 10s }
probes:
  - name: web
    module: web
    interval: 15s
    targets:
      static_configs:
        - { targets: ["a.test", "https://b.test/x"], labels: { region: eu-de } }
      file_sd_configs: [{ files: ["targets/*.yaml"] }]
    relabel_configs: [{ source_labels: [region], regex: "(.*)-de", target_label: land, replacement: "$1" }]
  - { name: door, module: door, interval: 10s, targets: { static_configs: [{ targets: ["a.test:1"] }] } }
alerts:
  - alert: WebDown
    probe: web
    when: target.failing && target.cause == "connect_refused"
    for: 2m
    labels: { severity: "critical" }
    annotations: { summary: "{{ target.instance }} fails" }
    runbook: https://runbooks.test/web.html
    steps:
      - { when: 'target.failing', step: restart-it }
      - { step: "#ask" }
"##;

const WORDS: &[&str] = &[
    "modules:",
    "probes:",
    "alerts:",
    "text_rules:",
    "scopes:",
    "checks:",
    "queries:",
    "facts:",
    "join:",
    "group_by: [region]\n",
    "- ",
    "  ",
    "    ",
    "name: ",
    "module: ",
    "prober: ",
    "http",
    "metrics",
    "tcp",
    "tls",
    "unix",
    "dns",
    "icmp",
    "path",
    "query",
    "grpc",
    "websocket",
    "interval: ",
    "timeout: ",
    "patience: ",
    "5s",
    "0s",
    "1ns",
    "100y",
    "-1s",
    "1h30m",
    "targets:",
    "static_configs:",
    "labels:",
    "when: ",
    "for: ",
    "runbook: ",
    "steps:",
    "step: ",
    "page: ",
    "call: ",
    "escalate:",
    "before:",
    "target.failing",
    "target.cause",
    " && ",
    " || ",
    "!",
    " == ",
    "size(",
    ")",
    "[",
    "]",
    "{{ ",
    " }}",
    "{",
    "}",
    "*a",
    "&a ",
    "<<: ",
    "!!binary ",
    "!tag ",
    "null",
    "~",
    "yes",
    "no",
    "0o777",
    "0x1F",
    "1e999",
    ".nan",
    "'",
    "\"",
    "\\u0000",
    "\\x1b",
    "|\n",
    ">-\n",
    "%YAML 1.1\n",
    "---\n",
    "...\n",
    "? ",
    "\t",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\u{1b}[31m",
    "\u{7f}",
    "(\\w{1000}){1000}",
    "(?i)",
    "(a|b)*",
    "$1",
    "control: true\n",
];
