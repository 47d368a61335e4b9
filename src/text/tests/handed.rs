//! Texts as they come out of terminals, chats and editors.

use super::*;

/// What is handed in, and what it means.
const DRESSED: &[(&str, &str)] = &[
    ("\u{1b}[1;31mKEY\u{1b}[0m_\u{1b}[38;5;12mDELETED\u{1b}[K_ERR", "KEY_DELETED_ERR"),
    ("\u{1b}]8;;https://x\u{7}link\u{1b}]8;;\u{1b}\\ \u{1b}(Bend", "link end"),
    ("^[[31mred^[[0m", "red"),
    ("KEY\u{200b}_DELETED\u{feff}_\u{2060}ERR\u{ad}", "KEY_DELETED_ERR"),
    ("Error\u{a0}getting\u{202f}DEK", "Error getting DEK"),
    ("a &lt;b&gt; &amp;&amp; &quot;c&quot; &#39;d&#39;&nbsp;e", "a <b> && \"c\" 'd' e"),
    ("&amp;lt; stays as it was meant", "&lt; stays as it was meant"),
    ("\u{201c}q\u{201d} \u{2018}r\u{2019}", "\"q\" 'r'"),
    ("one\r\ntwo\r\n", "one\r\ntwo\r\n"),
    ("R&D; a & b &unknown; [5m] \u{e4}\u{1f980}", "R&D; a & b &unknown; [5m] \u{e4}\u{1f980}"),
];

#[test]
fn the_dress_of_terminals_and_chats_is_taken_off_and_nothing_else() {
    for (dressed, wanted) in DRESSED {
        assert_eq!(Text::from_bytes(dressed.as_bytes()).as_str(), *wanted, "{dressed:?}");
    }
}

#[test]
fn the_mark_at_the_begin_says_how_the_bytes_are_read() {
    let units: Vec<u16> = "BXNIM0415E \u{1f980}".encode_utf16().collect();
    let little: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(units.iter().flat_map(|it| it.to_le_bytes())).collect();
    let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(units.iter().flat_map(|it| it.to_be_bytes())).collect();
    assert_eq!(Text::from_bytes(&little).as_str(), "BXNIM0415E \u{1f980}");
    assert_eq!(Text::from_bytes(&big).as_str(), "BXNIM0415E \u{1f980}");
    assert_eq!(Text::from_bytes(&little[..little.len() - 1]).as_str(), "BXNIM0415E \u{fffd}\u{fffd}");
    assert_eq!(Text::from_bytes(b"\xef\xbb\xbfplain").as_str(), "plain");
}

#[test]
fn a_message_is_read_in_the_dress_of_a_chat() {
    let dressed = [
        MESSAGE.replace("10.20.30.40", "<http://10.20.30.40|10.20.30.40>"),
        MESSAGE.replace("1.29.3_1533", "<http://1.29.3|1.29.3_1533>"),
        MESSAGE.replace("10.20.30.40", "&lt;http://10.20.30.40|10.20.30.40&gt;"),
        MESSAGE.replace(' ', "\u{a0}"),
        MESSAGE.replace('*', "\u{200b}*\u{200b}"),
        MESSAGE.replace('*', "\u{1b}[1m"),
        format!("> {MESSAGE}"),
        format!("\u{feff}{MESSAGE}\r\n"),
    ];
    for text in dressed {
        let text = Text::from_bytes(text.as_bytes());
        for (field, value) in PARTS {
            assert_eq!(text.fields().get(*field), *value, "{} of {:?}", field.name(), text.as_str());
        }
    }
}

#[test]
fn each_failed_operation_has_its_own_fields_and_the_count_of_all() {
    let other = MESSAGE.replace("upgrade", "delete").replace("eu-nl", "jp");
    let text = Text::new(&format!("log\n{MESSAGE}\nlog\n{other}\n"));
    let operations = text.operations(9);
    let told: Vec<_> = operations
        .iter()
        .map(|it| [Field::Operation, Field::Region, Field::Failures].map(|field| it.fields().get(field)))
        .collect();
    assert_eq!(told, [["upgrade", "eu-nl", "2"], ["delete", "jp", "2"]]);
    assert_eq!((text.operations(1).len(), text.operations_count()), (1, 2));
}

#[test]
fn what_an_endpoint_answers_is_of_the_provider_that_its_address_names() {
    for (address, provider, host, port) in [
        ("https://eu-de.kms.cloud.ibm.com/api", "Key Protect", "eu-de.kms.cloud.ibm.com", ""),
        ("a.hs-crypto.cloud.ibm.com:9123", "Hyper Protect Crypto", "a.hs-crypto.cloud.ibm.com", "9123"),
        ("192.0.2.1:443", "Key Protect", "other.kms.cloud.ibm.com", ""),
    ] {
        let text = Text::answered(address, "see https://other.kms.cloud.ibm.com");
        let found = [Field::Provider, Field::KmsHost, Field::KmsPort].map(|it| text.fields().get(it));
        assert_eq!(found, [provider, host, port], "{address}");
    }
}

#[test]
fn stamps_before_each_line_do_not_split_an_entry() {
    let stamp = |n: u8| format!("2024-05-06T07:08:09.00000000{n}Z ");
    let [one, two, three, four] = [1, 2, 3, 4].map(stamp);
    let text = format!("{one}panic\n{two}\tat deep\n{three}}}\n{four}next\n");
    assert_eq!(entries(&text), [format!("{one}panic\n{two}\tat deep\n{three}}}\n"), format!("{four}next\n")]);
    let objects = "I0102 03:04:05.678901 1 a.go:1] x\n{\n  \"a\": 1\n}\n{\n  \"b\": 1\n}\n";
    assert_eq!(entries(objects).len(), 2, "the object of an entry belongs to it, the next one does not");
}

/// A job's output, line by line.
fn job() -> String {
    let mut text = "CLUSTER=registry-test-eu-de-az1\n".to_owned();
    text += &array("registry-test-eu-de-az1-1", "10.0.0.1:0:0");
    text += &array("registry-test-jp-az1-1", "10.1.0.1:1:1");
    text + &array("registry-test-eu-de-az2-1", "10.0.0.2:0:1")
}

#[test]
fn a_job_s_output_is_read_whatever_stands_before_its_lines() {
    let plain = Text::new(&job());
    assert_eq!(plain.endpoints().boxes.len(), 3);
    let prefixes = [
        "[pod/job-x7/status] ",
        "2024-05-06T07:08:09.123456789Z ",
        "[2024-05-06T07:08:09.123Z] ",
        "2024-05-06 07:08:09,123 ",
        "07:08:09  ",
        "[07:08:09] ",
        "status_1  | ",
        "> ",
        "[2024-05-06T07:08:09.123Z] [us-south] ",
        "  ",
        "\t",
    ];
    for prefix in prefixes {
        for end in ["\n", "\r\n"] {
            let lines: Vec<String> = job().lines().map(|it| format!("{prefix}{it}{end}")).collect();
            let text = Text::from_bytes(lines.concat().as_bytes());
            assert_eq!(text.endpoints(), plain.endpoints(), "{prefix:?} {end:?}");
        }
    }
    let chat = job().replace('"', "\u{201d}");
    assert_eq!(Text::from_bytes(chat.as_bytes()).endpoints(), plain.endpoints());
}

#[test]
fn a_job_s_output_that_breaks_off_tells_whose_array_is_missing() {
    let whole = job();
    for cut in 1..60 {
        let text = Text::new(&whole[..whole.len() - cut]);
        let status = text.endpoints();
        if cut < 3 {
            assert!(status.boxes.len() >= 2);
            continue;
        }
        assert_eq!(status.boxes.len(), 2, "{cut}");
        let [flaw] = &status.flaws[..] else { panic!("{cut}: {:?}", status.flaws) };
        assert_eq!(flaw.message, "the array of `registry-test-eu-de-az2-1` has no sound end");
        assert_eq!(flaw.line, 16);
    }
}

#[test]
fn a_megabyte_of_regions_is_read_region_by_region() {
    let mut text = String::new();
    let mut regions = 0;
    while text.len() < 1 << 20 {
        for zone in [3, 1, 2] {
            let name = format!("registry-r{regions:05}-az{zone}-1");
            text += &array(&name, if zone == 2 { "10.0.0.2:0:1" } else { "10.0.0.1:0:0" });
        }
        regions += 1;
    }
    let pieces = Text::new(&text).regions();
    assert_eq!(pieces.len(), regions);
    assert!(pieces.iter().all(|it| it.fields().get(Field::States) == "0:1 0:0 0:0"));
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd_to_be_read(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let text = Text::from_bytes(&bytes);
        prop_assert_eq!(text.entries().collect::<String>(), text.as_str());
        text.regions();
    }
}
