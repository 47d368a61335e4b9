//! Conversations over TCP, over sockets of Unix, and over `WebSocket`s.

use std::time::Duration;

use super::case::{Case, page, says};
use super::server::{Act, Step};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, expected, steps) in scripts() {
        cases.push(Case::new("tcp", format!("tcp: {name}"), expected, Act::Tcp(steps.clone())));
        cases.push(Case::new("unix", format!("unix: {name}"), expected, Act::Unix(steps)));
    }
    for (name, expected, steps) in endless() {
        cases.push(Case::new("tcp_hasty", format!("tcp: {name}"), expected, Act::Tcp(steps.clone())));
        cases.push(Case::new("unix_hasty", format!("unix: {name}"), expected, Act::Unix(steps)));
    }
    cases.extend([
        Case::new("tcp", "tcp: nobody listens", "connect_refused connect", Act::Nowhere("127.0.0.1:1")),
        Case::new("tcp_hasty", "tcp: takes no connection", "deadline_exceeded connect", Act::Backlog),
        Case::new(
            "unix",
            "unix: is not there",
            "connect_unreachable connect",
            Act::Nowhere("{dir}/nowhere.sock"),
        ),
        Case::new("unix", "unix: is a folder", "connect_refused connect", Act::Nowhere("{dir}/probes.d")),
        Case::new(
            "unix",
            "unix: is a file",
            "connect_refused connect",
            Act::Nowhere("{dir}/probes.d/hostile.yaml"),
        ),
    ]);
    cases.extend(upgrades());
    cases.extend(frames());
    cases
}

type Script = (&'static str, &'static str, Vec<Step>);

fn send(bytes: impl Into<Vec<u8>>) -> Step {
    Step::Send(bytes.into())
}

/// What is said where a line with `220 ready` is awaited.
fn scripts() -> Vec<Script> {
    let missed = "content_mismatch check";
    vec![
        ("greets", "", vec![send("220 ready\r\n")]),
        ("greets without an end of its line", "", vec![send("220 ready")]),
        ("greets behind other lines", "", vec![send("x\r\n".repeat(1000)), send("220 ready\n")]),
        ("closes without a word", "connection_reset processing", vec![]),
        ("says another word", missed, vec![send("550 go away\r\n")]),
        ("says half the word", missed, vec![send("220 rea")]),
        ("says zeros", missed, vec![send(vec![0; 100])]),
        ("says bytes that are no text", missed, vec![send(vec![0xff; 100]), send("\n")]),
        ("says an empty line", missed, vec![send("\n")]),
        (
            "has a line of 64 KiB",
            "",
            vec![send([&b"220 ready"[..], &[b'x'; (64 << 10) - 9], b"\n"].concat())],
        ),
        (
            "has a line beyond 64 KiB",
            "body_too_large transfer",
            vec![send(vec![b'x'; 70 << 10]), send("\n220 ready\n")],
        ),
        ("has a line without end", "body_too_large transfer", vec![Step::Flood(vec![b'x'; 64 << 10])]),
        ("has a line of zeros without end", "body_too_large transfer", vec![Step::Flood(vec![0; 64 << 10])]),
    ]
}

fn endless() -> Vec<Script> {
    let drip = |bytes: &[u8]| Step::Drip(bytes.to_vec(), Duration::from_millis(20));
    vec![
        ("says nothing", "deadline_exceeded processing", vec![Step::Hold]),
        ("stalls within the word", "deadline_exceeded transfer", vec![send("220 rea"), Step::Hold]),
        ("drips a line", "deadline_exceeded transfer", vec![drip(b"x")]),
        ("drips lines", "deadline_exceeded transfer", vec![drip(b"x\n")]),
        ("has lines without end", "deadline_exceeded transfer", vec![Step::Flood(b"x\n".repeat(32 << 10))]),
    ]
}

/// Answers to the first request of a WebSocket.
fn upgrades() -> Vec<Case> {
    let case =
        |name: &str, expected, act| Case::new("websocket", format!("websocket: {name}"), expected, act);
    let agree = "HTTP/1.1 101 On\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    let (broken, status) = ("http_protocol transfer", "http_status processing");
    vec![
        case("answers with a page", status, says(page("", "hello"))),
        case(
            "wants another version",
            status,
            says("HTTP/1.1 426 Upgrade\r\nSec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n"),
        ),
        case("agrees without a key", broken, says(format!("{agree}\r\n"))),
        case(
            "agrees to another key",
            broken,
            says(format!("{agree}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")),
        ),
        case(
            "agrees to another protocol",
            broken,
            says("HTTP/1.1 101 On\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
        ),
        case("closes within the agreement", "connection_reset transfer", says(agree)),
        case("closes without a word", "connection_reset processing", says("")),
        case(
            "leads in a circle",
            status,
            says("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
        ),
        Case::new(
            "websocket_hasty",
            "websocket: says nothing",
            "deadline_exceeded processing",
            Act::Tcp(vec![Step::Hold]),
        ),
    ]
}

/// Frames behind an agreement.
fn frames() -> Vec<Case> {
    let rows: &[(&str, &str, &[u8])] = &[
        ("says the word", "", b"\x81\x05ready"),
        ("says the word in pieces", "", b"\x01\x02re\x80\x03ady"),
        ("says the word behind a ping", "", b"\x89\x01x\x81\x05ready"),
        ("says goodbye at once", "content_mismatch check", b"\x88\x02\x03\xe8"),
        ("says goodbye without a reason", "content_mismatch check", b"\x88\x00"),
        ("goes without goodbye", "connection_reset transfer", b""),
        ("goes within a frame", "connection_reset transfer", b"\x81\x05re"),
        ("says another word and goodbye", "content_mismatch check", b"\x81\x02no\x88\x00"),
        ("sets bits that mean nothing", "http_protocol transfer", b"\xf1\x05ready"),
        ("has a frame of no kind", "http_protocol transfer", b"\x83\x05ready"),
        ("masks what it says", "http_protocol transfer", b"\x81\x85\x00\x00\x00\x00ready"),
        ("goes on with nothing", "http_protocol transfer", b"\x80\x05ready"),
        ("begins anew within a message", "http_protocol transfer", b"\x01\x02re\x81\x05ready"),
        ("pings in pieces", "http_protocol transfer", b"\x09\x01x\x81\x05ready"),
        ("pings with 200 bytes", "http_protocol transfer", b"\x89\x7e\x00\xc8"),
        ("has a frame of 2 GiB", "body_too_large transfer", b"\x81\x7f\x00\x00\x00\x00\x80\x00\x00\x00"),
        (
            "has a frame beyond all numbers",
            "body_too_large transfer",
            b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
        ),
    ];
    let script = |rest: Vec<Step>| Act::Tcp([vec![Step::Head, Step::Answer(agreement)], rest].concat());
    let mut cases: Vec<Case> = rows
        .iter()
        .map(|(name, expected, bytes)| {
            Case::new("websocket", format!("websocket: {name}"), expected, script(vec![send(*bytes)]))
        })
        .collect();
    cases.extend([
        Case::new(
            "websocket",
            "websocket: has a message without end",
            "body_too_large transfer",
            script(vec![send(*b"\x01\x00"), Step::Flood(b"\x00\x05hello".repeat(1000))]),
        ),
        Case::new(
            "websocket_hasty",
            "websocket: pings without end",
            "deadline_exceeded transfer",
            script(vec![Step::Flood(b"\x89\x01x".repeat(1000))]),
        ),
        Case::new(
            "websocket_hasty",
            "websocket: says other words without end",
            "deadline_exceeded transfer",
            script(vec![Step::Flood(b"\x81\x01x".repeat(1000))]),
        ),
        Case::new(
            "websocket_hasty",
            "websocket: agrees and says nothing",
            "deadline_exceeded transfer",
            script(vec![Step::Hold]),
        ),
    ]);
    cases
}

/// What a server that understood says to a request.
fn agreement(head: &[u8]) -> Vec<u8> {
    let head = String::from_utf8_lossy(head);
    let key = head.lines().find_map(|it| {
        let (name, value) = it.split_once(": ")?;
        name.eq_ignore_ascii_case("sec-websocket-key").then_some(value)
    });
    let key = format!("{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key.unwrap_or_default());
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let accept = base64(digest.as_ref());
    format!("HTTP/1.1 101 On\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n")
        .into_bytes()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().chain([&0; 2]).take(3).fold(0, |sum, it| sum << 8 | usize::from(*it));
        for place in 0..4 {
            let letter = char::from(LETTERS[number >> (18 - 6 * place) & 63]);
            text.push(if place <= three.len() { letter } else { '=' });
        }
    }
    text
}
