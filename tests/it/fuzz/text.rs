//! Texts that people hand in, and what the shipped rules say of them.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use fingerpost::advice::{Piece, counsel, named};
use fingerpost::config::{self, Config, LastGood, Source};
use fingerpost::text::Text;

use super::{Target, files, hold, kind};

/// Texts.
pub(super) const TEXT: Target = Target {
    name: "text",
    seeds: || {
        TEXTS
            .iter()
            .map(|it| it.as_bytes().to_vec())
            .chain([utf16("a mark\nin front"), b"\xff\xfe\0".into()])
            .collect()
    },
    words: &[
        "\n",
        "\n\n",
        "\r\n",
        "[pod/a/b] ",
        "E0102 03:04:05.000000 1 x.go:1] ",
        "2026-01-02T03:04:05Z ",
        "time=",
        "level=error ",
        "{\"level\":\"error\"}",
        "\u{1b}[31m",
        "\u{200b}",
        "\u{a0}",
        "\u{201c}",
        "&amp;",
        "&lt;",
        "&#x41;",
        "é",
        "[10:11 AM]",
        "KMS",
        "kms",
        "Key Protect",
        "HPCS",
        "us-south",
        "eu-de",
        "failed",
        "rolled back",
        "[{\"",
        "\"}]",
        "endpoint",
        "upstream",
        "region",
        "status",
    ],
    bytes_max: 3000,
    runs: 1_000,
    hold: text,
};

#[test]
fn any_text_is_taken_apart_without_loss_and_judged_by_every_shipped_rule() {
    hold(&TEXT);
}

fn shipped() -> &'static Config {
    static SHIPPED: OnceLock<Config> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let texts = files("probes.d", ".yaml").into_iter().enumerate();
        let sources: Vec<_> = texts
            .map(|(at, text)| {
                let text = String::from_utf8(text).expect("the file is text");
                Source { name: format!("{at}.yaml").into(), text: Ok(text.into()) }
            })
            .collect();
        let loaded = config::load(&sources, &LastGood::default());
        assert!(!loaded.config.plan.text_rules.is_empty(), "{:?}", loaded.complaints);
        loaded.config
    })
}

fn text(bytes: &[u8]) -> u64 {
    let text = Text::from_bytes(bytes);
    let joined: String = text.entries().collect();
    assert_eq!(joined, text.as_str(), "the entries are the text");
    assert!(text.entries().all(|it| !it.is_empty()) || text.as_str().is_empty());
    assert!(!text.is_cut());
    let again = Text::new(text.as_str());
    assert!(again.entries().eq(text.entries()), "plain once is plain");
    assert_eq!(format!("{:?}", again.fields()), format!("{:?}", text.fields()));
    let operations = text.operations(3);
    assert_eq!(operations.len(), text.operations_count().min(3));
    for it in &operations {
        assert!(text.as_str().contains(it.as_str()), "an operation stands in the text");
    }
    if let Ok(utf8) = std::str::from_utf8(bytes)
        && !utf8.starts_with('\u{feff}')
        && !bytes.starts_with(b"\0")
    {
        assert_eq!(Text::from_bytes(&utf16(utf8)).as_str(), text.as_str(), "the encoding is all the same");
    }
    let kinds = (text.entries().len().min(6), text.operations_count().min(4), text.regions().len());
    kind((kinds, advised(text)))
}

/// No rule stumbles over any text, and nothing that it names is empty.
fn advised(text: Text) -> (Option<String>, usize) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_hours(490_896);
    let (rules, text) = (&shipped().plan.text_rules, Arc::new(text));
    let told = counsel(rules, &text, now);
    let mut failures = told.failures;
    for rule in rules {
        let named = named(rule, &Piece { text: Arc::clone(&text), now }, &mut failures);
        assert!(named.labels.iter().chain(&named.annotations).all(|(_, it)| !it.is_empty()));
    }
    assert!(failures.is_empty(), "{failures:?}");
    for (_, it) in &told.regions {
        assert!(it.step.when.is_some(), "a region is told of where a row knows it");
    }
    (told.whole.map(|it| format!("{:?}", it.step.anchor)), told.regions.len())
}

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

const TEXTS: &[&str] = &[
    "I0102 03:04:05.678901       1 main.go:12] starting\nE0102 03:04:06.000000       1 main.go:40] cannot reach \"10.0.0.1:443\"\n  at a\n  at b\n",
    "jane  [10:11 AM]\nit fails &amp; nobody knows why\n\njoe  [10:12 AM]\nsame here \u{201c}x\u{201d}\n",
    "{\"level\":\"error\",\"msg\":\"no such key\",\"ts\":1}\n{\"level\":\"info\"}\n\u{1b}[31mred\u{1b}[0m\n",
    "time=2026-01-02T03:04:05Z level=warn msg=\"KMS is slow\"\n[pod/a/b] 2026-01-02T03:04:05Z done\n",
];
