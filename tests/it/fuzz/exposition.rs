//! Bodies of scraped targets.

use fingerpost::exposition::{Flaw, Format, Limits, Scan, Summary};
use fingerpost::labels::{Labels, escape, is_label_name};

use super::mutation::Chance;
use super::{Target, hold, kind};

/// The text format.
pub(super) const TEXT: Target = Target {
    name: "exposition",
    seeds: || TEXTS.iter().map(|it| it.as_bytes().to_vec()).collect(),
    words: WORDS,
    bytes_max: 2048,
    runs: 6_000,
    hold: |body| judge_alike(Format::Text, body),
};

/// OpenMetrics.
pub(super) const OPENMETRICS: Target = Target {
    name: "openmetrics",
    seeds: || OPEN_TEXTS.iter().map(|it| it.as_bytes().to_vec()).collect(),
    words: WORDS,
    bytes_max: 2048,
    runs: 6_000,
    hold: |body| judge_alike(Format::OpenMetrics, body),
};

/// What we write ourselves, we read.
pub(super) const WRITTEN: Target = Target {
    name: "exposition-written",
    seeds: || vec![b"a\x01b\\\"\nc\0d\xff".to_vec(), "job\u{2028}\n\u{1b}[31m\u{7f}\r\n".into()],
    words: &["\\", "\"", "\\n", "\n", "{}", "}", "le", "__name__"],
    bytes_max: 512,
    runs: 6_000,
    hold: written,
};

#[test]
fn an_exposition_has_one_verdict_however_it_is_cut_and_wherever_it_stands() {
    hold(&TEXT);
}

#[test]
fn an_openmetrics_has_one_verdict_however_it_is_cut_and_wherever_it_stands() {
    hold(&OPENMETRICS);
}

#[test]
fn labels_of_any_text_are_written_as_an_exposition_that_holds_them() {
    hold(&WRITTEN);
}

fn judge<'a>(format: Format, limits: Limits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Verdict {
    let mut scan = Scan::new(format, limits);
    for piece in pieces {
        scan.push(piece)?;
    }
    scan.finish()
}

type Verdict = Result<Summary, Flaw>;

const NARROW: Limits = Limits {
    samples_max: 12,
    labels_max: 3,
    label_name_bytes_max: 8,
    label_value_bytes_max: 16,
    line_bytes_max: 96,
};

fn judge_alike(format: Format, body: &[u8]) -> u64 {
    let mut chance = Chance::new(kind(body));
    let limits = if chance.below(3) == 0 { NARROW } else { Limits::default() };
    let whole = judge(format, limits, [body]);
    let mut pieces = Vec::new();
    let (mut rest, longest) = (body, 1 << chance.below(8));
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(chance.below(longest + 1).min(rest.len()));
        pieces.push(piece);
        rest = later;
    }
    assert_eq!(judge(format, limits, pieces), whole, "cut into pieces");
    match whole {
        Ok(summary) => good(format, limits, body, summary),
        Err(flaw) => flawed(format, limits, body, flaw),
    }
    kind((format, whole.map_err(|it| (it.kind, it.column.min(40))).map(|it| (it.samples, it.families))))
}

/// What is good stays so behind itself, and then there is twice as much of it.
fn good(format: Format, limits: Limits, body: &[u8], summary: Summary) {
    let lines = body.split(|it| *it == b'\n').count() as u64;
    assert_eq!(summary.bytes, body.len() as u64);
    assert!(summary.samples <= limits.samples_max && summary.samples <= lines && summary.families <= lines);
    // A NUL byte ends the text format, and what follows it is not looked at.
    if body.contains(&0) || summary.samples * 2 > limits.samples_max || body.is_empty() {
        return;
    }
    let twice = match format {
        Format::Text => [body, b"\n", body].concat(),
        Format::OpenMetrics => {
            let at = body.windows(5).rposition(|it| it == b"# EOF").expect("a good one has its end");
            [&body[..at], body].concat()
        }
    };
    let twice = judge(format, limits, [&*twice]).expect("what is good twice is good");
    assert_eq!(twice.samples, summary.samples * 2);
}

/// A flaw has a place in the body, which moves with it, and what comes behind it does not matter.
fn flawed(format: Format, limits: Limits, body: &[u8], flaw: Flaw) {
    let line = usize::try_from(flaw.line).expect("it is a line of a short text") - 1;
    let line = body.split(|it| *it == b'\n').nth(line).expect("there is such a line");
    assert!((1..=line.len() as u64 + 1).contains(&flaw.column), "{flaw}");
    let ahead: &[u8] = match format {
        Format::Text => b"# x\n",
        Format::OpenMetrics => b"# TYPE x gauge\n",
    };
    let later = judge(format, limits, [ahead, body]).expect_err("it is as wrong behind a line");
    assert_eq!(later, Flaw { line: flaw.line + 1, ..flaw }, "behind a line");
    let mut scan = Scan::new(format, limits);
    if scan.push(body).is_err() {
        assert_eq!(judge(format, limits, [body, b"\nup 1\n\"}\n"]), Err(flaw), "before other lines");
    }
    assert!(!flaw.to_string().contains('\n'));
}

fn written(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let mut pieces = text.split('\u{1}');
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
        let name: String = name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
        // Metric names stand elsewhere.
        pairs.push((format!("l_{name}"), value.to_owned()));
    }
    let labels: Labels = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert!(labels.iter().all(|(name, _)| is_label_name(name)));
    let limits = Limits {
        labels_max: u32::MAX,
        label_name_bytes_max: usize::MAX,
        label_value_bytes_max: usize::MAX,
        ..Limits::default()
    };
    let pairs: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    let line = format!("up{{{}}} 1\n", pairs.join(","));
    let summary = judge(Format::Text, limits, [line.as_bytes(), line.as_bytes()]);
    assert_eq!(summary.expect("what we write can be read").samples, 2, "{line}");
    assert_eq!(line.matches('\n').count(), 1, "{line:?}");
    let open = format!("{line}# EOF\n");
    assert_eq!(judge(Format::OpenMetrics, limits, [open.as_bytes()]).map(|it| it.samples), Ok(1), "{line}");
    kind((labels.len(), line.len().min(64)))
}

const WORDS: &[&str] = &[
    "# HELP ",
    "# TYPE ",
    "# UNIT ",
    "# EOF",
    "# EOF\n",
    "counter",
    "gauge",
    "histogram",
    "summary",
    "unknown",
    "info",
    "stateset",
    "gaugehistogram",
    "le=\"+Inf\"",
    "quantile=\"0.5\"",
    "_total",
    "_bucket",
    "_sum",
    "_created",
    "_seconds",
    "{}",
    "{",
    "}",
    "=\"",
    "\"",
    "\\\"",
    "\\n",
    "\\\\",
    ",",
    " # {trace_id=\"a\"} 1",
    "NaN",
    "+Inf",
    "-Inf",
    "0x1p-3",
    "1e308",
    "1_000",
    " 1700000000000",
    "{\"quoted name\"}",
    "{\"q\",a=\"b\"}",
    "\u{feff}",
    "é",
    "\0",
    "\r\n",
    "__name__",
];

const TEXTS: &[&str] = &[
    "# HELP up Whether it is.\n# TYPE up gauge\nup 1\nup{job=\"a\",instance=\"h:1\"} 0 1700000000000\n",
    "# TYPE took_seconds histogram\ntook_seconds_bucket{le=\"0.1\"} 3\ntook_seconds_bucket{le=\"+Inf\"} 4\n\
     took_seconds_sum 0.7\ntook_seconds_count 4\n",
    "{\"a name\",\"a label\"=\"v\"} 1\n\n# a remark\nx{a=\"line\\nfeed \\\"quoted\\\" \\\\\",} NaN -5\ny +Inf\n",
    "a 0x1.8p3\nb 1e-400\nc .5\nd 5.\t12\n  e{ f = \"g\" , } 1 \n",
];

const OPEN_TEXTS: &[&str] = &[
    "# HELP took_seconds How long.\n# TYPE took_seconds counter\n# UNIT took_seconds seconds\n\
     took_seconds_total{a=\"b\"} 1 1700000000.5 # {trace_id=\"x\"} 0.5 1700000000\n# EOF\n",
    "# TYPE a histogram\na_bucket{le=\"1.0\"} 2 # {t=\"1\"} 0.9\na_bucket{le=\"+Inf\"} 3\na_sum 4\na_count 3\n# EOF",
    "# TYPE s stateset\ns{s=\"on\"} 1\n# HELP q text with \\n and \\\"\nq{\"w x\"=\"y\"} -1\n# EOF\n",
    "# EOF\n",
];
