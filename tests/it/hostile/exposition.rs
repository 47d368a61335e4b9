//! Metrics that Prometheus would not take.

use std::time::Duration;

use super::case::{Case, page, says, says_on};
use super::server::{Act, Step};

pub(crate) fn cases() -> Vec<Case> {
    let of = |(name, expected, body): &(&str, &'static str, &[u8]), kind: &str| {
        let kind = format!("Content-Type: {kind}\r\n");
        Case::new("metrics", format!("metrics: {name}"), expected, says(page(&kind, body)))
    };
    let mut cases: Vec<Case> = TEXTS.iter().map(|it| of(it, PLAIN)).collect();
    cases.extend(OPEN.iter().map(|it| of(it, "application/openmetrics-text; version=1.0.0")));
    cases.extend(KINDS.iter().map(|(name, expected, kind)| of(&(name, expected, b"up 1\n"), kind)));
    cases.extend(sizes());
    cases
}

const PLAIN: &str = "text/plain; version=0.0.4";
const SYNTAX: &str = "exposition_syntax check";

const TEXTS: &[(&str, &str, &[u8])] = &[
    ("has one sample", "", b"up 1\n"),
    ("has nothing", "", b""),
    ("has no end of its last line", "", b"up 1"),
    ("has braces alone", SYNTAX, b"{}\n"),
    ("has no value", SYNTAX, b"up\n"),
    ("has a value of letters", SYNTAX, b"up one\n"),
    ("has two values", SYNTAX, b"up 1 2 3\n"),
    ("has NaN", "", b"up NaN\n"),
    ("has infinities", "", b"up +Inf\ndown -Inf\n"),
    ("has a value beyond all numbers", SYNTAX, b"up 1e309\n"),
    ("has a value with underscores", SYNTAX, b"up 1_000\n"),
    ("has a comma for a point", SYNTAX, b"up 1,5\n"),
    ("has a time beyond all numbers", SYNTAX, b"up 1 99999999999999999999\n"),
    ("has a time with a point", SYNTAX, b"up 1 1.5\n"),
    ("has a label without its end", SYNTAX, b"up{a=\"b} 1\n"),
    ("has a label without quotes", SYNTAX, b"up{a=b} 1\n"),
    ("has a label without a value", SYNTAX, b"up{a} 1\n"),
    ("has a label without a name", SYNTAX, b"up{=\"b\"} 1\n"),
    ("has labels without their end", SYNTAX, b"up{a=\"b\" 1\n"),
    ("has a label of bytes that are no text", SYNTAX, b"up{a=\"\xff\"} 1\n"),
    ("has a name that begins with a digit", SYNTAX, b"1up 1\n"),
    ("has a name with a dash", SYNTAX, b"up-time 1\n"),
    ("has a mark of byte order first", SYNTAX, b"\xef\xbb\xbfup 1\n"),
    ("has ends of lines with CR", SYNTAX, b"up 1\r\n"),
    ("has a NUL", SYNTAX, b"up\0 1\n"),
    ("is a page for people", SYNTAX, b"<!DOCTYPE html><html></html>\n"),
    ("is JSON", SYNTAX, b"{\"status\": \"up\"}\n"),
    ("has a type that nobody knows", SYNTAX, b"# TYPE up thermometer\nup 1\n"),
    ("has comments alone", "", b"# nothing to see\n\n# HELP up x\n"),
    ("has blanks before a name", "", b"  up 1\n"),
];

const OPEN: &[(&str, &str, &[u8])] = &[
    ("open: has one sample", "", b"up 1\n# EOF\n"),
    ("open: has no EOF", SYNTAX, b"up 1\n"),
    ("open: has something behind EOF", SYNTAX, b"up 1\n# EOF\nup 1\n"),
    ("open: has EOF twice", SYNTAX, b"up 1\n# EOF\n# EOF\n"),
    ("open: has an empty line", SYNTAX, b"up 1\n\n# EOF\n"),
    ("open: has nothing", "", b""),
    ("open: has half an exemplar", SYNTAX, b"# TYPE a counter\na_total 1 # {x=\"y\"\n# EOF\n"),
    ("open: has two blanks", SYNTAX, b"up  1\n# EOF\n"),
];

/// Content types, with a sample that would be good.
const KINDS: &[(&str, &str, &str)] = &[
    ("is of no type", "content_type check", ""),
    ("is HTML by its type", "content_type check", "text/html"),
    ("is JSON by its type", "content_type check", "application/json"),
    ("is of a broken type", "content_type check", "text/plain;;;="),
    (
        "is protobuf by its type",
        "content_type check",
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
    ),
    ("is plain by its type without a version", "", "text/plain"),
];

/// More than is taken.
fn sizes() -> Vec<Case> {
    let case = |name: &str, expected, act| Case::new("metrics", format!("metrics: {name}"), expected, act);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {PLAIN}\r\n\r\n");
    let labels = |count: usize| (0..count).map(|it| format!("l{it}=\"v\"")).collect::<Vec<_>>().join(",");
    let body = |text: String| says(page(&format!("Content-Type: {PLAIN}\r\n"), text));
    let drip = vec![
        Step::Head,
        Step::Send(head.clone().into_bytes()),
        Step::Drip(b"up 1\n".to_vec(), Duration::from_millis(20)),
    ];
    let stall = vec![Step::Head, Step::Send([head.as_bytes(), b"up 1\n"].concat()), Step::Hold];
    vec![
        case("has 50 000 samples", "", body("up 1\n".repeat(50_000))),
        case("has 50 001 samples", "sample_limit check", body("up 1\n".repeat(50_001))),
        case("has samples without end", "sample_limit check", says_on(&*head, "up 1\n".repeat(1000))),
        case(
            "has comments without end",
            "body_too_large transfer",
            says_on(&*head, "# on and on\n".repeat(1000)),
        ),
        case(
            "has empty lines without end",
            "body_too_large transfer",
            says_on(&*head, "\n".repeat(64 << 10)),
        ),
        case("has 63 labels", "", body(format!("up{{{}}} 1\n", labels(63)))),
        case("has 65 labels", "label_limit check", body(format!("up{{{}}} 1\n", labels(65)))),
        case(
            "has labels without end",
            "label_limit check",
            says_on(format!("{head}up{{"), "a=\"b\",".repeat(1000)),
        ),
        case(
            "has a label's value of 10 MB",
            "label_limit check",
            body(format!("up{{a=\"{}\"}} 1\n", "x".repeat(10_000_000))),
        ),
        case(
            "has a label's value without end",
            "label_limit check",
            says_on(format!("{head}up{{a=\""), vec![b'x'; 64 << 10]),
        ),
        case("has a name without end", "label_limit check", says_on(&*head, vec![b'x'; 64 << 10])),
        case(
            "has a comment without end",
            "body_too_large transfer",
            says_on(format!("{head}# "), vec![b'x'; 64 << 10]),
        ),
        case(
            "has a value without end",
            "label_limit check",
            says_on(format!("{head}up "), vec![b'1'; 64 << 10]),
        ),
        case(
            "fails with metrics",
            "http_status processing",
            says(format!("HTTP/1.1 500 No\r\nContent-Type: {PLAIN}\r\nContent-Length: 5\r\n\r\nup 1\n")),
        ),
        Case::new("metrics_hasty", "metrics: drips samples", "deadline_exceeded transfer", Act::Tcp(drip)),
        Case::new(
            "metrics_hasty",
            "metrics: stalls behind a sample",
            "deadline_exceeded transfer",
            Act::Tcp(stall),
        ),
    ]
}
