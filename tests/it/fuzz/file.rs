//! The other files that people write: settings, scenarios, targets.

use std::sync::OnceLock;

use fingerpost::config::{Config, LastGood, Level, Overrides, Source, load, settings, target_groups};
use fingerpost::scenario::{Suite, run};
use fingerpost::target::Target as Asked;
use serde_json::json;
use url::Url;

use super::drop_in::placed;
use super::{Target, hold, kind};

/// `fingerpost.yaml`.
pub(super) const SETTINGS: Target = Target {
    name: "settings",
    seeds: || vec![FULL.into(), b"".into(), b"alertmanagers: [http://a.test:9093]\n".into()],
    words: &[
        "alertmanagers:",
        "prometheus:",
        "external_labels:",
        "url: ",
        "http://",
        "https://u:p@h/",
        "timeout: ",
        "10s",
        "0s",
        "basic_auth:",
        "username: ",
        "password_file: ",
        "tls_config:",
        "ca_file: ",
        "resend_interval: ",
        "runbook:",
        "dir: ",
        "base_url: ",
        "generator_url: ",
        "- ",
        "  ",
        "\t",
        "{",
        "}",
        "[",
        "]",
        "&a ",
        "*a",
        "!!str ",
        "~",
        "\"",
        "'",
        "\u{1b}",
        "\\x1b",
    ],
    bytes_max: 1500,
    runs: 1_000,
    hold: of_settings,
};

/// Scenario files.
pub(super) const SCENARIO: Target = Target {
    name: "scenario",
    seeds: || vec![SCENES.into(), b"cases: []\n".into()],
    words: &[
        "name: ",
        "observe:",
        "expect:",
        "- ",
        "at: ",
        "0s",
        "1m",
        "5m",
        "probe: door",
        "targets:",
        "see:",
        "cause: ",
        "connect_refused",
        "success",
        "firing:",
        "pending:",
        "alert: DoorShut",
        "step: ",
        "labels:",
        "answers:",
        "pauses:",
        "text:",
        "{",
        "}",
        "[",
        "]",
        "*",
        "all",
        "instance: a",
    ],
    bytes_max: 1500,
    runs: 400,
    hold: scenario,
};

/// Files of targets.
pub(super) const TARGETS: Target = Target {
    name: "targets",
    seeds: || {
        let written = [
            "- targets: [\"a.test:1\", b]\n  labels: { region: eu, k: \"v\\n\" }\n",
            "[]",
            "[{\"targets\":[\"a:1\"],\"labels\":{\"a\":\"b\"}}]",
        ];
        written.iter().map(|it| it.as_bytes().to_vec()).collect()
    },
    words: &[
        "targets",
        "labels",
        ": ",
        "\": \"",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "__address__",
        "__scheme__: https\n",
        "&a ",
        "*a",
        "!!int ",
        "null",
        "1",
        "\\u0000",
        "\\ud800",
        "\t",
    ],
    bytes_max: 1500,
    runs: 1_200,
    hold: targets,
};

#[test]
fn settings_are_whole_or_complained_about_at_their_place() {
    hold(&SETTINGS);
}

#[test]
fn a_scenario_plays_the_same_twice_or_is_complained_about_at_its_place() {
    hold(&SCENARIO);
}

#[test]
fn targets_are_the_same_targets_when_they_are_written_as_json() {
    hold(&TARGETS);
}

fn source(bytes: &[u8]) -> Source {
    Source { name: "odd.yaml".into(), text: Ok(String::from_utf8_lossy(bytes).into()) }
}

fn of_settings(bytes: &[u8]) -> u64 {
    let source = source(bytes);
    let read = settings(Some(&source), &Overrides::default());
    read.complaints.iter().for_each(|it| placed(it, std::slice::from_ref(&source)));
    let wrong = read.complaints.iter().any(|it| it.level == Level::Error);
    assert_eq!(read.settings.is_none(), wrong, "{:?}", read.complaints);
    let again = settings(Some(&source), &Overrides::default());
    assert_eq!(format!("{:?}", again.settings), format!("{:?}", read.settings));
    if let Some(it) = &read.settings {
        assert!(!it.resend_interval.is_zero());
        assert!(
            it.alertmanagers
                .iter()
                .all(|it| matches!(it.url.scheme(), "http" | "https") && !it.timeout.is_zero())
        );
    }
    let flag = Url::parse("http://flag.test/").expect("it is a URL");
    let over = Overrides { alertmanagers: vec![flag.clone()], ..Overrides::default() };
    if let Some(it) = settings(Some(&source), &over).settings {
        assert_eq!(it.alertmanagers.iter().map(|it| &it.url).collect::<Vec<_>>(), [&flag], "a flag wins");
    }
    kind(
        read.complaints
            .iter()
            .map(|it| it.title.split('`').next().map(str::to_owned))
            .take(2)
            .collect::<Vec<_>>(),
    )
}

fn stage() -> &'static Config {
    static STAGE: OnceLock<Config> = OnceLock::new();
    STAGE.get_or_init(|| {
        load(&[Source { name: "d.yaml".into(), text: Ok(DROP_IN.into()) }], &LastGood::default()).config
    })
}

fn scenario(bytes: &[u8]) -> u64 {
    let source = source(bytes);
    let base = Url::parse("https://runbooks.test/").expect("it is a URL");
    let suite = match Suite::read(&source) {
        Ok(it) => it,
        Err(wrong) => {
            assert!(!wrong.is_empty(), "a file is refused with a reason");
            for it in &wrong {
                placed(it, std::slice::from_ref(&source));
            }
            return kind(
                wrong
                    .iter()
                    .map(|it| it.title.split('`').next().map(str::to_owned))
                    .take(2)
                    .collect::<Vec<_>>(),
            );
        }
    };
    let play = || {
        let told = run(&suite, stage(), &base);
        told.map(|ran| ran.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>())
    };
    let told = play();
    assert_eq!(play(), told, "the same play twice");
    kind(told.map(|it| it.concat().len() / 16).map_err(|it| it.len() / 16))
}

fn targets(bytes: &[u8]) -> u64 {
    let read = target_groups(&source(bytes));
    let groups = match read {
        Ok(it) => it,
        Err(wrong) => {
            assert!(!wrong.is_empty(), "a file is refused with a reason");
            for it in &wrong {
                placed(it, &[source(bytes)]);
            }
            return kind(
                wrong
                    .iter()
                    .map(|it| it.title.split('`').next().map(str::to_owned))
                    .take(2)
                    .collect::<Vec<_>>(),
            );
        }
    };
    let written: Vec<_> = groups
        .iter()
        .map(|it| {
            let labels: serde_json::Map<_, _> =
                it.labels.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            json!({ "targets": it.targets, "labels": labels })
        })
        .collect();
    let written = serde_json::to_vec(&written).expect("it is JSON");
    let again =
        target_groups(&source(&written)).unwrap_or_else(|it| panic!("{it:?} of {}", written.escape_ascii()));
    assert_eq!(again.len(), groups.len());
    for (one, other) in groups.iter().zip(&again) {
        assert_eq!((&one.targets, &one.labels), (&other.targets, &other.labels));
        assert_eq!(one.targets.len(), one.places.len());
        for address in &one.targets {
            let (one, other) = (Asked::new(address, &one.labels), Asked::new(address, &other.labels));
            assert_eq!(one.id("p"), other.id("p"));
        }
    }
    kind(groups.iter().map(|it| (it.targets.len(), it.labels.len())).take(4).collect::<Vec<_>>())
}

const FULL: &[u8] = b"alertmanagers:\n  - url: https://a.test:9093/am\n    timeout: 5s\n    basic_auth: { username: u, password_file: /p }\n\
prometheus: { url: http://p.test:9090 }\nexternal_labels: { cluster: c1 }\nresend_interval: 1m\n\
runbook: { dir: pages, base_url: https://runbooks.test/ }\n";

const SCENES: &[u8] = b"cases:\n  - name: it goes\n    observe:\n      - { at: 0s, probe: door, targets: all, see: { cause: connect_refused } }\n      \
- { at: 3m, probe: door, targets: all, see: success }\n    expect:\n      - { at: 30s, pending: [{ alert: DoorShut }] }\n      \
- { at: 2m, firing: [{ alert: DoorShut, step: open-it }] }\n      - { at: 5m, firing: [] }\n";

const DROP_IN: &str = r#"
modules:
  connect: { prober: tcp, timeout: 5s }
probes:
  - { name: door, module: connect, interval: 30s, targets: { static_configs: [{ targets: ["a:1", "b:1"] }] } }
alerts:
  - alert: DoorShut
    probe: door
    when: target.failing
    for: 1m
    runbook: https://runbooks.test/doors.html
    steps: [{ step: open-it }]
"#;
