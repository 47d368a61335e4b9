//! Messages that a name server sends, and some that nobody should.

use proptest::prelude::*;

use super::*;

fn query() -> Query {
    let name = Name::parse("www.example.com").unwrap();
    Query { name, record_type: RecordType::ANY, class: Class::IN, recursion: true }
}

/// An answer to [`query`] with one record of `record_type` in it.
fn answer(record_type: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = query().message(7);
    bytes[2] |= 0x84;
    bytes[7] = 1;
    bytes.extend_from_slice(&[0xc0, 12]);
    bytes.extend_from_slice(&record_type.to_be_bytes());
    bytes.extend_from_slice(&[0, 1, 0, 0, 1, 44]);
    bytes.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(data);
    bytes
}

fn text(record_type: u16, data: &[u8]) -> Result<String, Flaw> {
    let message = Message::read(&answer(record_type, data))?;
    let text = message.section(Section::Answer)[0].text.clone();
    Ok(text.strip_prefix("www.example.com.\t300\tIN\t").map_or(text.clone(), str::to_owned))
}

#[test]
fn every_common_type_is_written_as_zone_files_have_it() {
    let soa = b"\x02ns\xc0\x10\x04host\xc0\x10\0\0\0\x2a\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04";
    let rrsig = b"\0\x01\x0d\x03\0\0\x01\x2c\x5f\x5e\x10\0\x5f\x5e\0\0\x30\x39\xc0\x10\x01\x02\x03\x04";
    let table: Vec<(u16, &[u8], &str)> = vec![
        (1, &[192, 0, 2, 1], "A\t192.0.2.1"),
        (28, b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", "AAAA\t2001:db8::1"),
        (5, b"\xc0\x10", "CNAME\texample.com."),
        (2, b"\x02ns\xc0\x10", "NS\tns.example.com."),
        (12, b"\0", "PTR\t."),
        (15, b"\0\x0a\x02mx\xc0\x10", "MX\t10 mx.example.com."),
        (16, b"\x03a\"b\x00\x02\xffc", r#"TXT	"a\"b" "" "\255c""#),
        (6, soa, "SOA\tns.example.com. host.example.com. 42 1 2 3 4"),
        (33, b"\0\x01\0\x02\x01\xbb\xc0\x0c", "SRV\t1 2 443 www.example.com."),
        (257, b"\0\x05issueca.example", "CAA\t0 issue \"ca.example\""),
        (43, b"\x30\x39\x08\x02\xab\xcd", "DS\t12345 8 2 ABCD"),
        (48, b"\x01\x01\x03\x08\x03\x01\0\x01", "DNSKEY\t257 3 8 AwEAAQ=="),
        (46, rrsig, "RRSIG\tA 13 3 300 20200913122640 20200913111824 12345 example.com. AQIDBA=="),
        (
            47,
            b"\x01a\xc0\x10\0\x06\x40\x01\0\0\0\x03\x01\x01\x40",
            "NSEC\ta.example.com. A MX RRSIG NSEC CAA",
        ),
        (50, b"\x01\0\0\x0a\0\x05\xff\x01\x02\x03\x04\0\x01\x40", "NSEC3\t1 0 10 - VS0G40O4 A"),
        (51, b"\x01\0\0\x0a\x02\xab\xcd", "NSEC3PARAM\t1 0 10 ABCD"),
        (52, b"\x03\x01\x01\xab\xcd", "TLSA\t3 1 1 abcd"),
        (44, b"\x04\x02\xab", "SSHFP\t4 2 AB"),
        (35, b"\0\x01\0\x02\x01u\x07E2U+sip\x05!^.*!\0", "NAPTR\t1 2 \"u\" \"E2U+sip\" \"!^.*!\" ."),
        (64, b"\0\0\xc0\x10", "SVCB\t0 example.com."),
        (256, b"\0\x01\0\x02http://x/", "URI\t1 2 \"http://x/\""),
        (29, b"\0\x01", "LOC\t\\# 2 0001"),
        (65280, b"\xab", "www.example.com.\t300\tCLASS1\tTYPE65280\t\\# 1 ab"),
    ];
    for (record_type, data, expected) in table {
        assert_eq!(text(record_type, data).as_deref(), Ok(expected), "type {record_type}");
    }
}

#[test]
fn the_parameters_of_a_service_are_written_by_their_names() {
    let data = b"\0\x01\0\0\x01\0\x06\x02h2\x02,3\0\x03\0\x02\x20\xfb\0\x04\0\x08\x01\x02\x03\x04\x05\x06\x07\x08\0\x06\0\x02ab\x02\x9a\0\x03a;\x01";
    let expected =
        r#"HTTPS	1 . alpn="h2,\\\0443" port="8443" ipv4hint="1.2.3.4,5.6.7.8" ech="YWI=" key666="a\;\001""#;
    assert_eq!(text(65, data).as_deref(), Ok(expected));
    assert_eq!(text(65, b"\0\x01\0\0\x03\0\x03\0\x01\x02"), Err(Flaw::Data), "a port of three bytes");
}

#[test]
fn data_that_is_longer_or_shorter_than_its_type_is_a_flaw() {
    for (record_type, data) in
        [(1, &[1, 2, 3][..]), (1, &[1, 2, 3, 4, 5]), (15, &[0]), (16, &[9, 1]), (6, &[0])]
    {
        assert_eq!(text(record_type, data), Err(Flaw::Data), "type {record_type} {data:?}");
    }
    assert_eq!(text(1, &[]).as_deref(), Ok("A\t"), "an empty record has nothing to show");
}

#[test]
fn pointers_lead_backwards_or_nowhere() {
    // The record's own name begins at 33: to itself, ahead, and to each other.
    assert_eq!(text(5, &[0xc0, 45]), Err(Flaw::Pointer), "to itself");
    assert_eq!(text(5, &[0xc0, 46]), Err(Flaw::Pointer), "into itself");
    assert_eq!(text(5, &[1, b'a', 0xc0, 45]), Err(Flaw::Pointer), "to its own beginning");
    assert_eq!(text(5, &[0xff, 0xff]), Err(Flaw::Pointer), "behind the message");
    assert_eq!(text(5, &[0x40, 0]), Err(Flaw::Label));
    // Each step is a good one, and together they are too long.
    let mut long = vec![63];
    long.extend([b'a'; 63]);
    let mut name = long.repeat(3);
    name.extend([63; 1]);
    name.extend([b'a'; 63]);
    name.extend([0xc0, 12]);
    assert_eq!(text(5, &name), Err(Flaw::LongName));
}

#[test]
fn an_answer_is_to_this_question_or_to_none() {
    let bytes = answer(1, &[192, 0, 2, 1]);
    let is = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        query().is_answered_by(7, &bytes)
    };
    assert!(is(&|_| {}));
    assert!(is(&|it| it[13] = b'W'), "letters of any size are the same name");
    assert!(!is(&|it| it[1] = 8), "another number");
    assert!(!is(&|it| it[2] &= 0x7f), "a question");
    assert!(!is(&|it| it[2] |= 0x08), "an answer to another operation");
    assert!(!is(&|it| it[13] = b'x'), "another name");
    assert!(!is(&|it| it[30] = 1), "another type");
    assert!(!is(&|it| it[32] = 3), "another class");
    assert!(!is(&|it| it[5] = 2), "two questions");
    assert!(!is(&|it| it.truncate(20)), "a beginning");
    assert!(!is(&|it| it[5] = 0), "no question, and no error");
    assert!(is(&|it| (it[5], it[3]) = (0, 5)), "no question, and an error");
}

#[test]
fn a_question_is_sent_as_the_standard_has_it() {
    let bytes = query().message(0x1234);
    assert_eq!(bytes, b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\xff\0\x01");
    assert_eq!(Query { recursion: false, ..query() }.message(0)[2], 0);
}

#[test]
fn the_head_says_what_it_says() {
    let mut bytes = answer(1, &[192, 0, 2, 1]);
    let message = Message::read(&bytes).unwrap();
    assert_eq!((message.rcode, message.authoritative, message.truncated), (Rcode::NOERROR, true, false));
    bytes[3] |= 3;
    bytes[2] = 0x82;
    let message = Message::read(&bytes).unwrap();
    assert_eq!((&*message.rcode.name(), message.authoritative, message.truncated), ("NXDOMAIN", false, true));
    // A note (EDNS) has the upper bits of the code.
    let note = b"\0\0\x29\x10\0\x01\0\x80\0\0\0";
    bytes[11] = 1;
    bytes[3] = 0;
    bytes.extend_from_slice(note);
    let message = Message::read(&bytes).unwrap();
    assert_eq!(&*message.rcode.name(), "BADVERS");
    let text = &message.section(Section::Additional)[0].text;
    assert_eq!(text, "\n;; OPT PSEUDOSECTION:\n; EDNS: version 0; flags: do; udp: 4096");
    assert_eq!(&*Rcode(4000).name(), "RCODE4000");
}

#[test]
fn counts_that_promise_more_than_there_is_are_a_flaw() {
    let mut bytes = answer(1, &[192, 0, 2, 1]);
    (bytes[6], bytes[7]) = (0xff, 0xff);
    assert_eq!(Message::read(&bytes), Err(Flaw::CutOff));
    assert_eq!(Message::read(&bytes[..11]), Err(Flaw::CutOff));
}

proptest! {
    #[test]
    fn no_bytes_at_all_are_more_than_a_flaw(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Message::read(&bytes);
        query().is_answered_by(7, &bytes);
    }

    #[test]
    fn data_of_any_type_is_a_text_or_a_flaw(record_type in 0_u16..300, data in proptest::collection::vec(any::<u8>(), 0..80)) {
        let text = text(record_type, &data).unwrap_or_default();
        prop_assert!(text.is_ascii());
    }

    #[test]
    fn a_name_survives_its_own_text(labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..20), 0..8)) {
        let mut wire = Vec::new();
        for label in &labels {
            wire.push(u8::try_from(label.len()).unwrap());
            wire.extend_from_slice(label);
        }
        wire.push(0);
        let name = Name::from_wire(wire);
        prop_assert_eq!(Name::parse(&name.to_string()).unwrap(), name);
    }
}
