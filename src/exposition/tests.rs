use proptest::prelude::*;

use super::*;

mod rows;

use rows::{ROWS, Row, Verdict};

fn judge(format: Format, limits: Limits, chunks: &[&[u8]]) -> Result<Summary, Flaw> {
    let mut scan = Scan::new(format, limits);
    for chunk in chunks {
        scan.push(chunk)?;
    }
    scan.finish()
}

fn verdict(result: Result<Summary, Flaw>) -> Verdict {
    match result {
        Ok(summary) => Verdict::Samples(summary.samples),
        Err(flaw) => Verdict::Flawed(flaw.line, flaw.column, flaw.kind),
    }
}

fn text(limits: Limits, body: &str) -> Verdict {
    verdict(judge(Format::Text, limits, &[body.as_bytes()]))
}

#[test]
fn every_row_of_the_table_gets_its_verdict() {
    let wrong: Vec<String> = ROWS
        .iter()
        .filter_map(|&Row { format, body, verdict: expected, newer }| {
            let got = verdict(judge(format, Limits::default(), &[body]));
            let since = if newer { "since Prometheus 3" } else { "in every Prometheus" };
            let body = String::from_utf8_lossy(body);
            (got != expected).then(|| format!("{format:?} {body:?}\n {since} {expected:?}\n got {got:?}\n"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn every_row_gets_the_same_verdict_when_it_comes_byte_by_byte_or_in_two_pieces() {
    for &Row { format, body, .. } in ROWS {
        let whole = judge(format, Limits::default(), &[body]);
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(judge(format, Limits::default(), &bytes), whole, "{:?}", String::from_utf8_lossy(body));
        for cut in 0..=body.len() {
            let (front, back) = body.split_at(cut);
            assert_eq!(judge(format, Limits::default(), &[front, back]), whole, "{front:?} {back:?}");
        }
    }
}

#[test]
fn no_body_stands_in_the_table_twice() {
    for (index, row) in ROWS.iter().enumerate() {
        let twin = ROWS[..index].iter().find(|other| other.format == row.format && other.body == row.body);
        assert!(twin.is_none(), "{:?}", String::from_utf8_lossy(row.body));
    }
}

#[test]
fn a_flaw_once_found_is_told_by_every_later_call() {
    let mut scan = Scan::new(Format::Text, Limits::default());
    let flaw = scan.push(b"up 1\nup\n").expect_err("there is no value");
    assert_eq!(scan.push(b"up 1\n"), Err(flaw));
    assert_eq!(scan.push(b""), Ok(()), "nothing new is nothing wrong");
    assert_eq!(scan.finish(), Err(flaw));
}

#[test]
fn a_flaw_reads_as_a_place_and_a_reason() {
    let flaw = Flaw { line: 12, column: 8, kind: FlawKind::LabelValueOpen };
    assert_eq!(flaw.to_string(), "line 12, column 8: a label value is not closed");
}

#[test]
fn families_are_counted_where_their_announced_name_changes() {
    let body = b"# HELP a x\n# TYPE a gauge\na 1\nb 1\n# TYPE b gauge\n# HELP b x\nb 2\n# HELP a again\n";
    let summary = judge(Format::Text, Limits::default(), &[body]).expect("the text is good");
    assert_eq!(summary, Summary { samples: 3, families: 3, bytes: body.len() as u64 });
}

#[test]
fn one_sample_more_than_the_limit_is_refused_on_its_line() {
    let limits = Limits { samples_max: 2, ..Limits::default() };
    assert_eq!(text(limits, "a 1\n\na 2\n# x\n"), Verdict::Samples(2));
    assert_eq!(text(limits, "a 1\n\na 2\na 3\nb"), Verdict::Flawed(4, 1, FlawKind::SampleLimit));
    assert_eq!(
        text(Limits { samples_max: 0, ..limits }, "a 1"),
        Verdict::Flawed(1, 1, FlawKind::SampleLimit)
    );
}

#[test]
fn one_label_more_than_the_limit_is_refused_at_its_name() {
    let limits = Limits { labels_max: 2, ..Limits::default() };
    assert_eq!(text(limits, "up{a=\"1\",b=\"2\"} 1"), Verdict::Samples(1));
    assert_eq!(text(limits, "up{a=\"1\",b=\"2\",c=\"3\"} 1"), Verdict::Flawed(1, 16, FlawKind::LabelLimit));
    let exemplar = b"up 1 # {a=\"1\",b=\"2\",c=\"3\"} 1\n# EOF\n";
    let flaw = judge(Format::OpenMetrics, limits, &[exemplar]).expect_err("there are three labels");
    assert_eq!(flaw, Flaw { line: 1, column: 21, kind: FlawKind::LabelLimit });
}

#[test]
fn names_and_values_are_measured_without_their_escapes() {
    let limits = Limits { label_name_bytes_max: 3, label_value_bytes_max: 4, ..Limits::default() };
    assert_eq!(text(limits, "name{abc=\"1234\"} 1"), Verdict::Samples(1));
    assert_eq!(text(limits, "name{abc=\"\\n\\n\\\\\\\"\"} 1"), Verdict::Samples(1));
    assert_eq!(text(limits, "name{abcd=\"1\"} 1"), Verdict::Flawed(1, 6, FlawKind::LabelNameLimit));
    assert_eq!(text(limits, "name{a=\"12345\"} 1"), Verdict::Flawed(1, 9, FlawKind::LabelValueLimit));
    assert_eq!(text(limits, "name{a=\"\\x123\"} 1"), Verdict::Flawed(1, 9, FlawKind::LabelValueLimit));
    assert_eq!(text(limits, "names 1"), Verdict::Flawed(1, 1, FlawKind::LabelValueLimit));
}

#[test]
fn a_line_may_have_as_many_bytes_as_the_limit_and_no_more() {
    let limits = Limits { line_bytes_max: 6, ..Limits::default() };
    assert_eq!(text(limits, "abcd 1\nabcd 2"), Verdict::Samples(2));
    assert_eq!(text(limits, "a 1\nabcd 10\n"), Verdict::Flawed(2, 7, FlawKind::LineLimit));
}

#[test]
fn a_comment_may_be_longer_than_a_line_and_keeps_its_rules() {
    let limits = Limits { line_bytes_max: 16, ..Limits::default() };
    let long = "ä".repeat(20);
    let table = [
        (Format::Text, format!("#{long}\na 1\n"), Verdict::Samples(1)),
        (Format::Text, format!("# {long}"), Verdict::Samples(0)),
        (Format::Text, format!("# HELP a {long}\na 1"), Verdict::Samples(1)),
        (Format::Text, format!("b 2\n# {long}\na{{}}\n"), Verdict::Flawed(3, 4, FlawKind::ValueMissing)),
        (Format::Text, format!("#{long}\0\n?"), Verdict::Samples(0)),
        (Format::Text, format!("# TYPE a {long}\n"), Verdict::Flawed(1, 17, FlawKind::LineLimit)),
        (Format::OpenMetrics, format!("# HELP a {long}\n# EOF\n"), Verdict::Samples(0)),
        (Format::OpenMetrics, format!("# {long}\n# EOF\n"), Verdict::Flawed(1, 1, FlawKind::Comment)),
    ];
    for (format, body, expected) in table {
        for size in [1, 2, 3, 7, body.len()] {
            let chunks: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
            assert_eq!(verdict(judge(format, limits, &chunks)), expected, "{body:?} by {size}");
        }
    }
    for tail in [&b"\xff\n"[..], b"\xc3\n", b"\xc3"] {
        let body = [b"# HELP a ", long.as_bytes(), tail].concat();
        for size in [1, 3, body.len()] {
            let chunks: Vec<&[u8]> = body.chunks(size).collect();
            let expected = Verdict::Flawed(1, 10, FlawKind::HelpUtf8);
            assert_eq!(verdict(judge(Format::Text, limits, &chunks)), expected, "{tail:?} by {size}");
        }
    }
    let cut = format!("# HELP a {long}");
    let flaw = judge(Format::OpenMetrics, limits, &[cut.as_bytes()]).expect_err("there is no end");
    assert_eq!((flaw.line, flaw.kind), (1, FlawKind::EofMissing));
}

#[test]
fn a_scan_never_holds_more_than_a_line_however_long_the_body() {
    let limits = Limits { line_bytes_max: 1 << 10, ..Limits::default() };
    let mut scan = Scan::new(Format::Text, limits);
    scan.push(b"up{a=\"").expect("the value is still open");
    for round in 1_u32.. {
        let result = scan.push(b"no quote\n");
        assert!(scan.carry.len() <= limits.line_bytes_max + 1);
        if let Err(flaw) = result {
            assert_eq!(flaw, Flaw { line: 1, column: 6, kind: FlawKind::LabelValueOpen });
            break;
        }
        assert!(round < 1000, "an endless string was taken");
    }
}

#[test]
fn twins_are_found_among_many_labels() {
    let limits = Limits { labels_max: 1000, ..Limits::default() };
    for count in [15, 16, 17, 18, 100] {
        let labels = (0..count).fold(String::new(), |labels, index| format!("{labels}l{index}=\"x\","));
        assert_eq!(text(limits, &format!("up{{{labels}}} 1")), Verdict::Samples(1));
        let at = 4 + labels.len() as u64;
        for twin in [0, count / 2, count - 1] {
            let body = format!("up{{{labels}l{twin}=\"y\"}} 1");
            assert_eq!(text(limits, &body), Verdict::Flawed(1, at, FlawKind::LabelTwice), "{body}");
            let body = format!("up{{{labels}l{twin}=\"\"}} 1");
            assert_eq!(text(limits, &body), Verdict::Samples(1), "{body}");
        }
    }
}

#[test]
fn limits_are_told_apart_from_what_cannot_be_read() {
    assert_eq!(FlawKind::SampleLimit.limit(), Some(Limit::Samples));
    assert_eq!(FlawKind::LabelLimit.limit(), Some(Limit::Labels));
    assert_eq!(FlawKind::LabelNameLimit.limit(), Some(Limit::Labels));
    assert_eq!(FlawKind::LabelValueLimit.limit(), Some(Limit::Labels));
    assert_eq!(FlawKind::LineLimit.limit(), Some(Limit::Line));
    assert_eq!(FlawKind::LabelTwice.limit(), None);
    assert_eq!(FlawKind::EofMissing.limit(), None);
}

/// Bytes that a grammar cares about, and some that it does not.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::sample::select(vec![
            "up", "a", "__name__", " ", "  ", "\t", "\n", "\n", "\r\n", "{", "}", "=", ",", "\"", "\"b\"", "\"\"", "\\",
            "1", "NaN", "1e309", "-", "1700000000", ".", "# HELP a x", "# TYPE a gauge", "# UNIT a_s s", "# EOF\n",
            "#", " # {", "up{a=\"b\"} 1\n", "up 1\n", "{\"u p\"} 1\n", "\0", "é", "\u{feff}",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(fragment(), 0..24).prop_map(|parts| parts.concat())
}

fn format() -> impl Strategy<Value = Format> {
    prop::sample::select(vec![Format::Text, Format::OpenMetrics])
}

fn limits() -> impl Strategy<Value = Limits> {
    (1_u64..6, 0_u32..4, 0_usize..6, 0_usize..8, 0_usize..60).prop_map(
        |(samples_max, labels_max, label_name_bytes_max, label_value_bytes_max, line_bytes_max)| Limits {
            samples_max,
            labels_max,
            label_name_bytes_max,
            label_value_bytes_max,
            line_bytes_max,
        },
    )
}

fn cut<'a>(body: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = body;
    let mut chunks = Vec::new();
    for size in sizes.iter().cycle().take(body.len()) {
        let (chunk, after) = rest.split_at((*size).min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks.push(rest);
    chunks
}

/// A sample as a program would have it, before it is written down.
#[derive(Debug, Clone)]
struct Sample {
    name: String,
    labels: std::collections::BTreeMap<String, String>,
    value: f64,
    timestamp: Option<u32>,
}

fn sample() -> impl Strategy<Value = Sample> {
    let labels = prop::collection::btree_map("[^_\\x00][^\\x00]{0,8}", "(?s).{0,12}", 0..5);
    ("[^\\x00]{1,10}", labels, any::<f64>(), any::<Option<u32>>())
        .prop_map(|(name, labels, value, timestamp)| Sample { name, labels, value, timestamp })
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// Writes samples as both formats understand them.
fn write(samples: &[Sample]) -> String {
    samples.iter().fold(String::new(), |page, Sample { name, labels, value, timestamp }| {
        let labels = labels.iter().fold(String::new(), |labels, (name, value)| {
            format!("{labels},{}={}", quote(name), quote(value))
        });
        let timestamp = timestamp.map(|it| format!(" {it}")).unwrap_or_default();
        format!("{page}# TYPE {} gauge\n{{{}{labels}}} {value:e}{timestamp}\n", quote(name), quote(name))
    })
}

proptest! {
    #[test]
    fn chunks_do_not_change_a_verdict(
        format in format(),
        body in body(),
        limits in prop_oneof![Just(Limits::default()), limits()],
        sizes in prop::collection::vec(1_usize..9, 1..6),
    ) {
        let whole = judge(format, limits, &[&body]);
        prop_assert_eq!(judge(format, limits, &cut(&body, &sizes)), whole);
    }

    #[test]
    fn no_bytes_panic_and_a_flaw_lies_within_them(
        format in format(),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Err(flaw) = judge(format, Limits::default(), &[&body]) {
            let line = body.split(|&byte| byte == b'\n').nth(usize::try_from(flaw.line).unwrap() - 1);
            prop_assert!(line.is_some_and(|line| flaw.column <= line.len() as u64 + 1), "{flaw}");
        }
    }

    #[test]
    fn what_is_written_well_is_taken_whole(
        samples in prop::collection::vec(sample(), 0..8),
        sizes in prop::collection::vec(1_usize..40, 1..6),
    ) {
        let page = write(&samples);
        let expected = Verdict::Samples(samples.len() as u64);
        prop_assert_eq!(verdict(judge(Format::Text, Limits::default(), &cut(page.as_bytes(), &sizes))), expected);
        let page = page + "# EOF\n";
        let result = judge(Format::OpenMetrics, Limits::default(), &cut(page.as_bytes(), &sizes));
        prop_assert_eq!(verdict(result), expected);
    }
}
