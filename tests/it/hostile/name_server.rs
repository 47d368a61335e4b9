//! Name servers, by datagrams and by connections.

use std::time::Duration;

use super::case::Case;
use super::server::{Act, Step};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, expected, answer) in ANSWERS {
        cases.push(Case::new("dns", format!("dns: {name}"), expected, Act::Udp(*answer)));
    }
    for (name, expected, answer) in STRANGERS {
        cases.push(Case::new("dns_hasty", format!("dns: {name}"), expected, Act::Udp(*answer)));
    }
    for (name, expected, answer) in FRAMED {
        let script = vec![Step::Question, Step::Answer(*answer)];
        cases.push(Case::new("dns_tcp", format!("dns by tcp: {name}"), expected, Act::Tcp(script)));
    }
    cases.push(Case::new(
        "dns_hasty",
        "dns: answers from another port",
        "deadline_exceeded processing",
        Act::UdpFromElsewhere(|it| vec![good(it)]),
    ));
    cases.push(Case::new(
        "dns",
        "dns: nobody listens",
        "connect_refused connect",
        Act::Nowhere("127.0.0.1:1"),
    ));
    cases.extend(connections());
    cases
}

type Reply = fn(&[u8]) -> Vec<u8>;
type Datagrams = fn(&[u8]) -> Vec<Vec<u8>>;

const CHECK: &str = "dns_answer_mismatch check";
const BROKEN: &str = "dns_protocol processing";
const BROKEN_LATER: &str = "dns_protocol transfer";
const SILENT: &str = "deadline_exceeded processing";

/// One question, and what comes back to it.
const ANSWERS: &[(&str, &str, Datagrams)] = &[
    ("answers as it should", "", |it| vec![good(it)]),
    ("answers twice", "", |it| vec![good(it), good(it)]),
    ("knows no such name", "dns_rcode check", |it| vec![coded(it, 3)]),
    ("fails", "dns_rcode check", |it| vec![coded(it, 2)]),
    ("cannot read the question", "dns_rcode check", |it| vec![coded(it, 1)]),
    ("has not built that", "dns_rcode check", |it| vec![coded(it, 4)]),
    ("refuses", "dns_rcode check", |it| vec![coded(it, 5)]),
    ("has a code that nobody knows", "dns_rcode check", |it| vec![coded(it, 15)]),
    ("answers with nothing", CHECK, |it| vec![coded(it, 0)]),
    ("cuts its answer short", CHECK, |it| vec![flagged(&coded(it, 0), 2, 0x02)]),
    ("answers with another address", CHECK, |it| {
        vec![record(it, b"\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x08")]
    }),
    ("answers with a name that leads to itself", CHECK, |it| {
        vec![record(it, b"\0\x05\0\x01\0\0\0\x3c\0\x02\xc0\x0c")]
    }),
    ("has an address of three bytes", BROKEN, |it| {
        vec![record(it, b"\0\x01\0\x01\0\0\0\x3c\0\x03\xc0\0\x02")]
    }),
    ("has an address of five bytes", BROKEN, |it| {
        vec![record(it, b"\0\x01\0\x01\0\0\0\x3c\0\x05\xc0\0\x02\x07\x07")]
    }),
    ("has data beyond its end", BROKEN, |it| {
        vec![record(it, b"\0\x01\0\x01\0\0\0\x3c\xff\xff\xc0\0\x02\x07")]
    }),
    ("has half a record", BROKEN, |it| vec![record(it, b"\0\x01\0")]),
    ("counts records that are not there", BROKEN, |it| vec![counted(&good(it), 7, 200)]),
    ("counts 65535 records", BROKEN, |it| vec![counted(&counted(&good(it), 6, 0xff), 7, 0xff)]),
    ("points to itself", BROKEN, |it| vec![named(it, pointer)]),
    ("points forward", BROKEN, |it| vec![named(it, |at| pointer(at + 4))]),
    ("points beyond its end", BROKEN, |it| vec![named(it, |_| vec![0xff, 0xff])]),
    ("has a label of a kind that nobody knows", BROKEN, |it| vec![named(it, |_| vec![0x80, 0])]),
    ("has a name without end", BROKEN, |it| {
        vec![named(it, |_| b"\x3faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".repeat(8))]
    }),
    ("has a name that ends nowhere", BROKEN, |it| vec![named(it, |_| vec![0x3f, b'a'])]),
    ("has bytes behind its end", "", |it| vec![[good(it), vec![0; 100]].concat()]),
    ("has 4000 records", "", |it| vec![many(it, 4000)]),
];

/// Answers that are not for us: they are not believed, and we wait on.
const STRANGERS: &[(&str, &str, Datagrams)] = &[
    ("says nothing", SILENT, |_| Vec::new()),
    ("answers with an empty datagram", SILENT, |_| vec![Vec::new()]),
    ("answers with half a head", SILENT, |it| vec![it[..7].to_vec()]),
    ("answers another id", SILENT, |it| vec![flagged(&good(it), 0, 0xff)]),
    ("answers another question", SILENT, |it| vec![flagged(&good(it), 14, 0x01)]),
    ("answers for another type", SILENT, |it| vec![flagged(&good(it), it.len() - 3, 0x1c)]),
    ("sends the question back", SILENT, |it| vec![it.to_vec()]),
    ("answers with zeros", SILENT, |_| vec![vec![0; 512]]),
    ("answers with text", SILENT, |_| vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()]),
    ("answers ten thousand times for others", SILENT, |it| vec![flagged(&good(it), 0, 0xff); 10_000]),
    ("answers late among strangers", "", |it| {
        [vec![flagged(&good(it), 0, 0xff); 20], vec![good(it)]].concat()
    }),
];

/// One question over a connection, and the bytes that come back.
const FRAMED: &[(&str, &str, Reply)] = &[
    ("answers as it should", "", |it| framed(&good(it))),
    ("fails", "dns_rcode check", |it| framed(&coded(it, 2))),
    ("answers with 64 KiB", "", |it| framed(&many(it, 4000))),
    ("answers with an empty message", BROKEN_LATER, |_| vec![0, 0]),
    ("answers another id", BROKEN_LATER, |it| framed(&flagged(&good(it), 0, 0xff))),
    ("answers another question", BROKEN_LATER, |it| framed(&flagged(&good(it), 14, 0x01))),
    ("points to itself", BROKEN_LATER, |it| framed(&named(it, pointer))),
    ("closes without a word", "connection_reset processing", |_| Vec::new()),
    ("closes within the length", "connection_reset transfer", |_| vec![0]),
    ("closes within the answer", "connection_reset transfer", |it| framed(&good(it))[..20].to_vec()),
    ("closes behind the length", "connection_reset transfer", |_| vec![0xff, 0xff]),
    ("speaks HTTP", "connection_reset transfer", |_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
    ("answers twice", "", |it| framed(&good(it)).repeat(2)),
];

fn connections() -> Vec<Case> {
    let case =
        |module, name: &str, expected, act| Case::new(module, format!("dns by tcp: {name}"), expected, act);
    let script = |steps: &[Step]| Act::Tcp(steps.to_vec());
    vec![
        case("dns_tcp", "nobody listens", "connect_refused connect", Act::Nowhere("127.0.0.1:1")),
        case("dns_tcp", "resets", "connection_reset processing", script(&[Step::Question, Step::Reset])),
        case("dns_tcp_hasty", "says nothing", SILENT, script(&[Step::Hold])),
        case(
            "dns_tcp_hasty",
            "stalls behind the length",
            "deadline_exceeded transfer",
            script(&[Step::Question, Step::Send(vec![1, 0]), Step::Hold]),
        ),
        case(
            "dns_tcp_hasty",
            "drips",
            "deadline_exceeded transfer",
            script(&[Step::Question, Step::Drip(vec![0xff], Duration::from_millis(50))]),
        ),
    ]
}

/// The question as an answer with that code.
fn coded(question: &[u8], code: u8) -> Vec<u8> {
    let mut bytes = question.to_vec();
    bytes[2] |= 0x80;
    bytes[3] = bytes[3] & 0xf0 | code;
    // What the exporter says of itself beyond the question stays away.
    bytes[10..12].fill(0);
    let end = 12 + bytes[12..].iter().position(|it| *it == 0).map_or(0, |it| it + 5);
    bytes.truncate(end);
    bytes
}

/// An answer with one record: the name is that of the question, and this stands behind it.
fn record(question: &[u8], rest: &[u8]) -> Vec<u8> {
    [&counted(&coded(question, 0), 7, 1)[..], &[0xc0, 0x0c], rest].concat()
}

fn good(question: &[u8]) -> Vec<u8> {
    record(question, b"\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07")
}

fn many(question: &[u8], count: u16) -> Vec<u8> {
    let [high, low] = count.to_be_bytes();
    let head = counted(&counted(&coded(question, 0), 6, high), 7, low);
    [head, b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07".repeat(count.into())].concat()
}

/// An answer with one record of a name that is made at the place where it stands.
fn named(question: &[u8], name: fn(usize) -> Vec<u8>) -> Vec<u8> {
    let head = counted(&coded(question, 0), 7, 1);
    let name = name(head.len());
    [head, name, b"\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07".to_vec()].concat()
}

fn pointer(at: usize) -> Vec<u8> {
    let at = u16::try_from(at).expect("a message of ours is short");
    (at | 0xc000).to_be_bytes().to_vec()
}

fn counted(message: &[u8], at: usize, count: u8) -> Vec<u8> {
    let mut bytes = message.to_vec();
    bytes[at] = count;
    bytes
}

fn flagged(message: &[u8], at: usize, bits: u8) -> Vec<u8> {
    let mut bytes = message.to_vec();
    bytes[at] ^= bits;
    bytes
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).expect("a message has 64 KiB at the most");
    [&length.to_be_bytes()[..], message].concat()
}
