//! Messages and names of DNS.

use fingerpost::dns::{Class, Flaw, Message, Name, Query, RecordType, Section};
use hickory_resolver::proto::op::Message as Other;
use hickory_resolver::proto::rr::RData;

use super::{Target, hold, kind};

/// Answers.
pub(super) const MESSAGE: Target = Target {
    name: "dns",
    seeds: || vec![answer(), [answer(), vec![0; 40]].concat(), refusal(), query().message(ID)],
    words: &[
        "\u{3}www",
        "\u{4}test\0",
        "\0\u{1}\0\u{1}",
        "\0\u{10}\0\u{1}",
        "\0\u{6}\0\u{1}",
        "\0\u{29}\u{10}\0",
    ],
    bytes_max: 700,
    runs: 6_000,
    hold: message,
};

/// Names as people write them.
pub(super) const NAME: Target = Target {
    name: "dns-name",
    seeds: || {
        let names = ["www.example.test.", ".", "a\\.b\\032c.test", "_sip._tcp.example.test", "\\255\\000x"];
        names.iter().map(|it| it.as_bytes().to_vec()).collect()
    },
    words: &["\\", "\\.", "\\000", "\\255", ".", "..", "\\@", "xn--"],
    bytes_max: 300,
    runs: 6_000,
    hold: name,
};

#[test]
fn a_message_is_read_to_its_end_and_no_further_and_as_another_reader_has_it() {
    hold(&MESSAGE);
}

#[test]
fn a_name_is_the_same_name_again_when_it_was_written() {
    hold(&NAME);
}

fn message(bytes: &[u8]) -> u64 {
    let read = Message::read(bytes);
    let asked = query();
    let ours = asked.is_answered_by(ID, bytes);
    if ours {
        assert!(
            bytes.starts_with(&ID.to_be_bytes()) && bytes[2] & 0x80 != 0,
            "it has our number, and answers"
        );
        assert!(!asked.is_answered_by(ID ^ 1, bytes), "it is the answer to one number");
    }
    let behind = Message::read(&[bytes, b"\xc0\x0c\xff\0"].concat());
    match &read {
        Ok(it) => {
            assert_eq!(behind.as_ref(), Ok(it), "what stands behind a message is not looked at");
            whole(bytes, it);
        }
        // A pointer may lead to a name that ran out of the message.
        Err(Flaw::CutOff | Flaw::Data) => {}
        Err(flaw) => assert_eq!(behind, Err(*flaw), "no more bytes mend it"),
    }
    if let Some(half) = bytes.get(..bytes.len() / 2) {
        match (Message::read(half), &read) {
            (Ok(short), Ok(long)) => assert_eq!(short, *long),
            (Err(Flaw::CutOff | Flaw::Data), _) => {}
            (Err(short), long) => assert_eq!(Err(short), *long, "the first flaw counts"),
            (Ok(_), Err(flaw)) => panic!("half of it is a message, all of it is none: {flaw}"),
        }
    }
    let counts = read.map(|it| (it.rcode.0, types(&it)));
    kind((ours, counts.map_err(|it| it.to_string())))
}

fn types(it: &Message) -> Vec<u16> {
    SECTIONS.iter().flat_map(|section| it.section(*section)).map(|it| it.record_type.0).take(6).collect()
}

/// A message that is whole: its head counts its records, and where another reader takes it as well, it
/// reads the same.
fn whole(bytes: &[u8], it: &Message) {
    let counts = SECTIONS.map(|section| it.section(section).len());
    let word = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    assert_eq!(counts, [word(6), word(8), word(10)]);
    let lines = SECTIONS.iter().flat_map(|section| it.section(*section));
    for record in lines.filter(|it| it.record_type != RecordType(41)) {
        let clean = record.text.chars().all(|it| it == '\t' || !it.is_control());
        assert!(clean && record.text.matches('\t').count() >= 4, "{:?}", record.text);
    }
    let Ok(other) = Other::from_vec(bytes) else { return };
    assert_eq!(it.authoritative, other.metadata.authoritative);
    assert_eq!(it.truncated, other.metadata.truncation);
    let addresses = |of: &[fingerpost::dns::Record]| -> Vec<String> {
        let those = of.iter().filter(|it| it.record_type.0 == 1 || it.record_type.0 == 28);
        let data = those.filter_map(|it| it.text.rsplit('\t').next().map(str::to_owned));
        // Without data they speak of the name alone.
        data.filter(|it| !it.is_empty()).collect()
    };
    let theirs: Vec<String> = other
        .answers
        .iter()
        .filter_map(|it| match &it.data {
            RData::A(it) => Some(it.to_string()),
            RData::AAAA(it) => Some(it.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(addresses(it.section(Section::Answer)), theirs);
}

fn name(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let read = Name::parse(&text);
    if let Ok(it) = &read {
        let shown = it.to_string();
        assert_eq!(Name::parse(&shown).as_ref(), Ok(it), "{shown:?}");
        assert!(shown.bytes().all(|it| it.is_ascii_graphic() || it == b' '), "{shown:?}");
        let asked = Query { name: it.clone(), ..query() };
        let mut answer = asked.message(ID);
        assert!(answer.len() <= 12 + 255 + 4, "{shown:?}");
        answer[2] |= 0x80;
        assert!(asked.is_answered_by(ID, &answer), "the question comes back as it went");
        assert_eq!(Message::read(&answer).map(|it| it.rcode.0), Ok(0));
    }
    kind(read.map(|it| it.to_string().len()).map_err(|it| it.to_string()))
}

const ID: u16 = 0x1234;
const SECTIONS: [Section; 3] = [Section::Answer, Section::Authority, Section::Additional];

fn query() -> Query {
    let name = Name::parse("www.example.test").expect("it is a name");
    Query { name, record_type: RecordType(1), class: Class(1), recursion: true }
}

/// The head and the question of an answer.
fn head(rcode: u8, counts: [u8; 3]) -> Vec<u8> {
    let mut bytes = query().message(ID);
    (bytes[2], bytes[3]) = (0x84, 0x80 | rcode);
    (bytes[7], bytes[9], bytes[11]) = (counts[0], counts[1], counts[2]);
    bytes
}

fn record(record_type: u8, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).expect("seeds are short");
    [&[0xc0, 12, 0, record_type, 0, 1, 0, 0, 0, 60, 0, length], data].concat()
}

fn answer() -> Vec<u8> {
    let text: &[u8] = b"\x05v=one\x03\"\\\x07";
    let soa = [&[0xc0, 16, 2, b'm', b'x', 0xc0, 16][..], &[0, 0, 0, 9].repeat(5)].concat();
    let service = [0, 1, 0, 2, 31, 144, 3, b's', b'r', b'v', 0xc0, 16];
    let records = [
        record(1, &[192, 0, 2, 1]),
        record(5, &[0xc0, 16]),
        record(28, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        record(16, text),
        record(15, &[0, 10, 0xc0, 16]),
        record(33, &service),
        record(6, &soa),
        record(65, &[0, 1, 0, 0, 1, 0, 3, 2, b'h', b'2', 0, 4, 0, 4, 192, 0, 2, 9]),
        record(0xfe, &[1, 2, 3]),
    ];
    let note = vec![0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
    [vec![head(0, [7, 2, 1])], records.to_vec(), vec![note]].concat().concat()
}

fn refusal() -> Vec<u8> {
    let mut bytes = head(5, [0, 0, 0]);
    bytes.truncate(12);
    bytes[5] = 0;
    bytes
}
