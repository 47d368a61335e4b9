use proptest::prelude::*;

use super::*;

mod handed;

fn entries(text: &str) -> Vec<String> {
    Text::new(text).entries().map(str::to_owned).collect()
}

fn field(text: &str, field: Field) -> String {
    Text::new(text).fields().get(field).to_owned()
}

/// A message with every part, in the words of no real cluster.
const MESSAGE: &str = "*FAILED* *upgrade* on Carrier: *test-ams03-carrier7* (10.20.30.40) at \
    2024-02-29T23:59:58+0100 - Region: *eu-nl*, Cluster: *c0ffee00c0ffee00*, \
    Master: *test-ams03-c0ffee00c0ffee00-m1*, BOM: *1.29.3_1533*, IsPaid: *true*, \
    ReqID: *01234567-89ab-cdef-0123-456789abcdef*, Attempts: *3*, Elapsed Time: *61.5* seconds";

const PARTS: &[(Field, &str)] = &[
    (Field::Operation, "upgrade"),
    (Field::Carrier, "test-ams03-carrier7"),
    (Field::Node, "10.20.30.40"),
    (Field::Time, "2024-02-29T23:59:58+01:00"),
    (Field::Region, "eu-nl"),
    (Field::Cluster, "c0ffee00c0ffee00"),
    (Field::Master, "test-ams03-c0ffee00c0ffee00-m1"),
    (Field::Bom, "1.29.3_1533"),
    (Field::IsPaid, "true"),
    (Field::Request, "01234567-89ab-cdef-0123-456789abcdef"),
    (Field::Attempts, "3"),
    (Field::Elapsed, "61.5"),
];

fn assert_parts(text: &str) {
    let text = Text::new(text);
    for (field, value) in PARTS {
        assert_eq!(text.fields().get(*field), *value, "{} of {:?}", field.name(), text.as_str());
    }
}

/// Texts, each written as the list of its entries.
const SPLITS: &[&[&str]] = &[
    &[],
    &["one line"],
    &["one line\n", "another\n", "a third"],
    &["a list:\n  - indented\n\n", "next\n", "{\n  \"pretty\": [\n    1\n  ]\n}\n", "end"],
    &["{\"level\":\"info\"}\n", "{\"level\":\"error\"}\nnot json\nnor this\n", "{\"msg\":1}\n"],
    &[
        "I0102 03:04:05.678901       1 a.go:1] up\n",
        "E0102 03:04:05.678902       1 a.go:2] down\ngoroutine 1\n",
    ],
    &[
        "2024-05-06T07:08:09Z one\n\tat deep\n",
        "2024-05-06 07:08:10,123 two\n",
        "2024/05/06 07:08:11 three\n",
    ],
    &["May  6 07:08:09 host kubelet: one\n", "May 16 07:08:09 host kubelet: two\n"],
    &["time=\"2024-05-06T07:08:09Z\" level=info\nrest\n", "level=warn msg=x\n", "ts=1 msg=y\n"],
    &["[pod/kms-0/kms] {\"msg\":1}\nrest\n", "[pod/kms-0/kms] 2024-05-06T07:08:09Z two\n"],
    &["[07:08:09] one\n", "[07:08:10] two\nrest\n"],
    &["2024-05-06T07:08:09Z one\nrest\n\n", "HEADING:\n", "free\n"],
    &["some lines\n", "before\n", "2024-05-06T07:08:09Z one\n"],
    &["Ann Example  9:41 AM\nhello\n\nthe pod is down\n", "Bo Example  14:02\nI look\n"],
    &["2024-05-06T07:08:09Z one\r\n  two\r\n\r\n", "three\r\n"],
];

#[test]
fn a_text_is_split_where_an_entry_begins() {
    for wanted in SPLITS {
        assert_eq!(entries(&wanted.concat()), *wanted);
    }
}

#[test]
fn a_failed_operation_message_is_one_entry_however_it_is_wrapped() {
    let wrapped = MESSAGE.replace(", ", ",\n").replace(" on ", "\non ");
    let text = format!("before\n{wrapped}\nLogs\nafter\n");
    let found = entries(&text);
    assert_eq!(found, ["before\n", &format!("{wrapped}\n"), "Logs\n", "after\n"]);
    let logged = format!("{{\"text\":\"{MESSAGE}\"}}\n{{\"text\":\"next\"}}\n");
    assert_eq!(entries(&logged).len(), 2);
}

#[test]
fn all_parts_of_a_failed_operation_message_are_found() {
    assert_parts(MESSAGE);
    assert_parts(&format!("chat\n\n{MESSAGE}\nLogs\n"));
    assert_parts(&MESSAGE.replace('*', ""));
    assert_parts(&MESSAGE.replace('*', "**"));
    assert_parts(&MESSAGE.replace(' ', "\n"));
    assert_parts(&MESSAGE.replace(", ", ",\r\n    "));
    assert_parts(&MESSAGE.replace("+0100", "+01:00"));
    assert_eq!(field(&MESSAGE.replace("+0100", "Z"), Field::Time), "2024-02-29T23:59:58+00:00");
}

#[test]
fn a_part_that_the_message_lacks_is_no_field_and_harms_no_other() {
    let words = ["operation", "carrier", "node", "time", "region", "cluster", "master", "bom", "is_paid"];
    let cuts = [
        "*upgrade* ",
        "*test-ams03-carrier7* ",
        "(10.20.30.40) ",
        "at 2024-02-29T23:59:58+0100 ",
        "Region: *eu-nl*, ",
        "Cluster: *c0ffee00c0ffee00*, ",
        "Master: *test-ams03-c0ffee00c0ffee00-m1*, ",
        "BOM: *1.29.3_1533*, ",
        "IsPaid: *true*, ",
    ];
    for (word, cut) in words.into_iter().zip(cuts) {
        let text = Text::new(&MESSAGE.replace(cut, ""));
        for (field, value) in PARTS {
            let wanted = if field.name() == word { "" } else { value };
            assert_eq!(text.fields().get(*field), wanted, "{} without {cut:?}", field.name());
        }
    }
    let bare =
        Text::new("FAILED delete on Carrier: (10.0.0.9) at never - Region: , Cluster: **, Attempts: 2");
    let found: Vec<_> = bare.fields().iter().map(|(field, value)| (field.name(), value)).collect();
    assert_eq!(found, [("operation", "delete"), ("node", "10.0.0.9"), ("attempts", "2"), ("failures", "1")]);
}

#[test]
fn what_stands_behind_a_message_is_not_taken_for_a_part_of_it() {
    let short = "*FAILED* *deploy* on Carrier: *c1* (10.0.0.1)";
    for behind in ["\n\nRegion: *x*", "\n2024-05-06T07:08:09Z Region: *x*", "\n{\"a\":\"Region: x\"}"] {
        assert_eq!(field(&format!("{short}{behind}"), Field::Region), "", "{behind:?}");
    }
    assert_eq!(field(&format!("{MESSAGE} Node: *x* Cluster: *y*"), Field::Cluster), "c0ffee00c0ffee00");
    assert_eq!(field("the build FAILED on Monday", Field::Operation), "");
}

#[test]
fn the_message_of_the_paged_request_is_meant_else_the_first() {
    let other = MESSAGE.replace("upgrade", "delete").replace("01234567-", "76543210-");
    let both = format!("{other}\n{MESSAGE}\n");
    assert_eq!(field(&both, Field::Operation), "delete");
    assert_eq!(field(&both, Field::Failures), "2");
    assert_parts(&format!(" - request = 01234567-89ab-cdef-0123-456789abcdef\n{both}"));
    let alone = "request = 01234567-89ab-cdef-0123-456789abcdef";
    assert_eq!(field(alone, Field::Request), "01234567-89ab-cdef-0123-456789abcdef");
    assert_eq!(field(alone, Field::Failures), "");
}

#[test]
fn failures_are_counted_within_one_hour() {
    let at = |time: &str| MESSAGE.replace("23:59:58", time);
    let counted = |times: &[&str]| {
        let text: Vec<String> = times.iter().map(|it| at(it)).collect();
        field(&text.join("\n"), Field::Failures)
    };
    assert_eq!(counted(&["10:00:00"]), "1");
    assert_eq!(counted(&["10:00:00", "11:00:00"]), "2");
    assert_eq!(counted(&["11:00:01", "10:00:00"]), "1");
    assert_eq!(counted(&["10:00:00", "10:30:00", "11:10:00", "11:20:00"]), "3");
}

/// A text, and the provider, host, port and path that it speaks of.
const KEYS: &[(&str, [&str; 4])] = &[
    ("nothing of the sort", ["", "", "", ""]),
    ("Get https://eu-de.kms.cloud.ibm.com/api", ["Key Protect", "eu-de.kms.cloud.ibm.com", "", ""]),
    ("at HTTPS://KEYPROTECT.eu-de.BlueMix.net.", ["Key Protect", "keyprotect.eu-de.bluemix.net", "", ""]),
    (
        r#"{"err":"Post \"https://api.eu-de.hs-crypto.cloud.ibm.com:9123/x\": EOF"}"#,
        ["Hyper Protect Crypto", "api.eu-de.hs-crypto.cloud.ibm.com", "9123", ""],
    ),
    ("https://eu-de.kms.cloud.ibm.com.example.com/", ["", "", "", ""]),
    ("https://keyprotect..bluemix.net https://keyprotect.bluemix.net", ["", "", "", ""]),
    ("https://nothskms.cloud.ibm.com https://cloud.ibm.com/docs/key-protect", ["", "", "", ""]),
    (
        "https://a.hs-crypto.cloud.ibm.com:1 then https://b.kms.cloud.ibm.com",
        ["Key Protect", "b.kms.cloud.ibm.com", "", ""],
    ),
    ("KMS V2.0 path, and a WDEK", ["", "", "", "2.0"]),
    ("KMS V1.0 path", ["", "", "", "1.0"]),
    ("the WDEK is made", ["", "", "", "1.0 or legacy"]),
    ("KeyProtect says no", ["", "", "", "1.0 or legacy"]),
];

#[test]
fn the_provider_is_told_by_the_host_of_a_url_and_the_path_by_the_log() {
    for (text, wanted) in KEYS {
        let found =
            [Field::Provider, Field::KmsHost, Field::KmsPort, Field::KmsPath].map(|it| field(text, it));
        assert_eq!(found, *wanted, "{text}");
    }
}

fn array(zone: &str, state: &str) -> String {
    format!("[\n  \"{zone}\",\n  \"box-of-{zone}\",\n  \"Ready\",\n  \"{state}\",\n  \"166.8.1.2/23\"\n]\n")
}

#[test]
fn the_endpoints_of_several_regions_are_read_and_put_in_order() {
    let mut text = "Started by a person\nCLUSTER=registry-test-eu-de-az1\n...\n".to_owned();
    text += &array("registry-test-eu-de-az3-1", "10.0.0.3:0:-1");
    text += &array("registry-test-jp-az1-1", "10.1.0.1:1:1");
    text += &array("registry-test-eu-de-az1-1", "10.0.0.1:1:0");
    text += &array("registry-test-eu-de-az4-1", "10.0.0.4:0:0");
    text += &array("registry-test-eu-de-az2-1", "10.0.0.2:0:1");
    text += "...\nFinished: SUCCESS\n";
    let text = Text::new(&text);
    let status = text.endpoints();
    assert_eq!(status.cluster.as_deref(), Some("registry-test-eu-de-az1"));
    assert_eq!(status.regions(), ["test-eu-de", "test-jp"]);
    let in_order: Vec<String> = status.of("test-eu-de").iter().map(|it| it.state()).collect();
    assert_eq!(in_order, ["0:1", "1:0", "0:0", "0:-1"]);
    assert_eq!(status.flaws, []);
    let first = &status.boxes[0];
    assert_eq!(first.id, "box-of-registry-test-eu-de-az3-1");
    assert_eq!((first.line, first.readiness.as_str(), first.prefix), (4, "Ready", 23));
    assert_eq!((first.address.to_string(), first.front.to_string()), ("10.0.0.3".into(), "166.8.1.2".into()));
    assert_eq!(text.fields().get(Field::States), "");
    assert_eq!(text.fields().get(Field::StatusCluster), "registry-test-eu-de-az1");
    let regions = text.regions();
    let alone: Vec<_> =
        regions.iter().map(|it| (it.fields().get(Field::Region), it.fields().get(Field::States))).collect();
    assert_eq!(alone, [("test-eu-de", "0:1 1:0 0:0 0:-1"), ("test-jp", "1:1")]);
}

/// What stands where an array should, and a part of the complaint.
const FLAWED: &[(&str, &str)] = &[
    (r#"["a", "b", "c", "d"]"#, "these are 4 of 4"),
    (r#"["a", "b", "c", 1, "e"]"#, "these are 4 of 5"),
    (r#"["registry-x-az1", "b", "Ready", "10.0.0.1:1:1", "166.8.0.1/23""#, "no sound end"),
    (r#"["registry-x", "b", "Ready", "10.0.0.1:1:1", "166.8.0.1/23"]"#, "`registry-x` names no zone"),
    (r#"["registry-x-az1", "b", "Ready", "10.0.0.1:2:1", "166.8.0.1/23"]"#, "`10.0.0.1:2:1`"),
    (r#"["registry-x-az1", "b", "Ready", "10.0.0.1:1:-2", "166.8.0.1/23"]"#, "`10.0.0.1:1:-2`"),
    (r#"["registry-x-az1", "b", "Ready", "10.0.0.1", "166.8.0.1/23"]"#, "`10.0.0.1`"),
    (r#"["registry-x-az1", "b", "Ready", "10.0.0.1:1:1", "166.8.0.1"]"#, "`166.8.0.1`"),
    (r#"["registry-x-az1", "b", "Ready", "10.0.0.1:1:1", "166.8.0.1/33"]"#, "`166.8.0.1/33`"),
];

#[test]
fn a_malformed_array_is_told_with_its_line_and_the_rest_goes_on() {
    let sound = array("registry-test-jp-az1-1", "10.1.0.1:0:1");
    for (flawed, told) in FLAWED {
        let text = Text::new(&format!("{sound}{flawed}\n{sound}"));
        let status = text.endpoints();
        assert_eq!(status.boxes.len(), 2, "{flawed}");
        let [flaw] = &status.flaws[..] else { panic!("{flawed}: {:?}", status.flaws) };
        assert_eq!(flaw.line, 8, "{flawed}");
        assert!(flaw.message.contains(told), "{flawed}: {}", flaw.message);
    }
}

#[test]
fn arrays_may_stand_on_one_line_or_in_a_list() {
    let one = r#"["registry-x-az1", "b", "Ready", "10.0.0.1:1:1", "166.8.0.1/23"]"#;
    for text in [format!("{one}{one}"), format!("{one} {one}"), format!("[{one},\n {one}]")] {
        assert_eq!(Text::new(&text).endpoints().boxes.len(), 2, "{text}");
    }
    let other = "CLUSTER=c1\n[\"not\", \"of\", \"the\", \"job\"]\n[\"\n";
    assert_eq!(Text::new(other).endpoints().flaws, []);
}

#[test]
fn a_huge_text_is_cut_at_a_character_and_says_so() {
    let huge = "ä".repeat(TEXT_BYTES_MAX / 2) + "b";
    let text = Text::new(&huge);
    assert!(text.is_cut());
    assert_eq!(text.as_str().len(), TEXT_BYTES_MAX);
    assert!(Text::new(&format!("a{huge}")).as_str().ends_with('ä'));
    assert!(Text::from_bytes(huge.as_bytes()).is_cut());
    assert!(!Text::from_bytes(b"a\xffb").is_cut());
    assert_eq!(Text::from_bytes(b"a\xffb").as_str(), "a\u{fffd}b");
}

#[test]
fn the_table_of_fields_has_each_field_at_its_place_and_no_name_twice() {
    for (index, row) in FIELDS.iter().enumerate() {
        assert_eq!(row.field as usize, index);
        assert_eq!(row.field.name(), row.name);
        assert_eq!(Field::from_name(row.name), Some(row.field));
    }
    assert_eq!(Field::from_name("no_such"), None);
}

/// Lines that mean something, and some that do not.
const LINES: &[&str] = &[
    "*FAILED* *deploy* on Carrier: *c*",
    "FAILED",
    "Elapsed Time: *1* seconds",
    "[\"registry-x-az1\", \"b\", \"Ready\", \"10.0.0.1:1:1\", \"166.8.0.1/23\"]",
    "[\"",
    "{\"a\":1}",
    "2024-05-06T07:08:09Z x",
    "Ann  9:41 AM",
    "  indented",
    "https://x.kms.cloud.ibm.com:443/",
    "CLUSTER=registry-x-az1",
    "ä",
    "",
];

proptest! {
    #[test]
    fn the_entries_of_any_text_are_the_text_again(text in any::<String>()) {
        prop_assert_eq!(Text::new(&text).entries().collect::<String>(), text);
    }

    #[test]
    fn the_entries_of_any_mix_of_lines_are_the_text_again(
        lines in prop::collection::vec(prop::sample::select(LINES), 0..30),
        end in prop::sample::select(&["\n", "\r\n", "", " "][..]),
    ) {
        let text = lines.join(end);
        let read = Text::new(&text);
        prop_assert!(read.entries().all(|it| !it.is_empty()));
        prop_assert_eq!(read.entries().collect::<String>(), text);
        read.regions();
    }

    #[test]
    fn any_cut_of_a_message_is_read(at in 0..MESSAGE.len(), length in 0..MESSAGE.len()) {
        let cut = &MESSAGE[at..(at + length).min(MESSAGE.len())];
        prop_assert_eq!(Text::new(cut).entries().collect::<String>(), cut);
    }
}
