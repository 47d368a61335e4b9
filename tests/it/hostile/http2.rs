//! HTTP/2 in frames that no library would send: within TLS to the http prober, in the clear to gRPC.

use std::sync::Arc;

use rustls::ServerConfig;

use super::case::Case;
use super::server::{Act, Step};

/// `config` speaks for the server, and offers `h2` alone.
pub(crate) fn cases(config: &Arc<ServerConfig>) -> Vec<Case> {
    let tls = |name: &str, module, expected, steps: Vec<Step>| {
        let steps = [vec![Step::Frames], steps].concat();
        Case::new(module, format!("h2: {name}"), expected, Act::Tls(Arc::clone(config), steps))
    };
    let mut cases = Vec::new();
    for (name, expected, bytes) in answers() {
        cases.push(tls(name, "https", expected, vec![Step::Send([settings(&[]), bytes].concat())]));
    }
    for (name, expected, bytes) in openings() {
        cases.push(tls(name, "https", expected, vec![Step::Send(bytes)]));
    }
    for (name, expected, start, again) in floods() {
        let start = [settings(&[]), start].concat();
        cases.push(tls(name, "https", expected, vec![Step::Send(start), Step::Flood(again)]));
    }
    for (name, expected, bytes) in stalls() {
        cases.push(tls(name, "https_hasty", expected, vec![Step::Send(bytes), Step::Hold]));
    }
    let grpc = |name: &str, module, expected, steps: Vec<Step>| {
        Case::new(module, format!("grpc: {name}"), expected, Act::Tcp([vec![Step::Frames], steps].concat()))
    };
    for (name, expected, bytes) in services() {
        cases.push(grpc(name, "grpc", expected, vec![Step::Send([settings(&[]), bytes].concat())]));
    }
    let closed = [settings(&[(4, 0)]), Vec::new()].concat();
    cases.extend([
        grpc(
            "takes no byte",
            "grpc_hasty",
            "deadline_exceeded processing",
            vec![Step::Send(closed), Step::Hold],
        ),
        grpc("says nothing", "grpc_hasty", "deadline_exceeded processing", vec![Step::Hold]),
        grpc(
            "speaks HTTP/1",
            "grpc",
            "http_protocol processing",
            vec![Step::Send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec())],
        ),
        grpc("closes without a word", "grpc", "connection_reset processing", vec![]),
        grpc("resets", "grpc", "connection_reset processing", vec![Step::Reset]),
        Case::new("grpc", "grpc: nobody listens", "connect_refused connect", Act::Nowhere("127.0.0.1:1")),
    ]);
    cases
}

type Row = (&'static str, &'static str, Vec<u8>);

const BROKEN: &str = "http_protocol processing";
const CUT: &str = "http_protocol transfer";

/// Behind good settings.
#[expect(clippy::too_many_lines, reason = "a table, one case a row")]
fn answers() -> Vec<Row> {
    let ok = || headers(1, HEADERS_END, &fields(&[(":status", "200")]));
    let head = |pairs: &[(&str, &str)]| headers(1, HEADERS_END | STREAM_END, &fields(pairs));
    let then = |rest: Vec<u8>| [ok(), rest].concat();
    let mut rows = vec![
        ("answers as it should", "", then(frame(DATA, STREAM_END, 1, b"hello"))),
        ("answers with a head alone", "", head(&[(":status", "200")])),
        ("fails", "http_status processing", head(&[(":status", "503")])),
        (
            "has trailers",
            "",
            [then(frame(DATA, 0, 1, b"hello")), headers(1, HEADERS_END | STREAM_END, &fields(&[("x", "y")]))]
                .concat(),
        ),
        ("has no status", BROKEN, head(&[("x", "y")])),
        ("has two statuses", BROKEN, head(&[(":status", "200"), (":status", "200")])),
        ("has a status of letters", BROKEN, head(&[(":status", "abc")])),
        ("has a path in its answer", "", head(&[(":status", "200"), (":path", "/")])),
        ("has a pseudo header that nobody knows", BROKEN, head(&[(":status", "200"), (":x", "y")])),
        ("has its status behind a header", BROKEN, head(&[("x", "y"), (":status", "200")])),
        ("has a header in upper case", BROKEN, head(&[(":status", "200"), ("X", "y")])),
        ("has a header of the connection", BROKEN, head(&[(":status", "200"), ("connection", "close")])),
        ("has a NUL in a header", BROKEN, head(&[(":status", "200"), ("x", "a\0b")])),
        ("has a header without a name", BROKEN, head(&[(":status", "200"), ("", "y")])),
        (
            "has 101 headers",
            "http_header_limit transfer",
            head(&[&[(":status", "200")][..], &[("x", "y"); 101]].concat()),
        ),
        (
            "speaks to a stream that is not there",
            BROKEN,
            headers(3, HEADERS_END, &fields(&[(":status", "200")])),
        ),
        ("speaks to the stream zero", BROKEN, headers(0, HEADERS_END, &fields(&[(":status", "200")]))),
        ("speaks on a stream of its own", BROKEN, headers(2, HEADERS_END, &fields(&[(":status", "200")]))),
        (
            "promises what nobody wants",
            BROKEN,
            frame(5, HEADERS_END, 1, &[&[0, 0, 0, 2][..], &fields(&[(":method", "GET")])].concat()),
        ),
        ("has a body before its head", BROKEN, frame(DATA, STREAM_END, 1, b"hello")),
        (
            "has a head cut short by another frame",
            BROKEN,
            [headers(1, 0, &fields(&[(":status", "200")])), frame(PING, 0, 0, &[0; 8])].concat(),
        ),
        (
            "goes on with a head that was not begun",
            BROKEN,
            frame(CONTINUATION, HEADERS_END, 1, &fields(&[(":status", "200")])),
        ),
        (
            "pads more than there is",
            BROKEN,
            headers(1, HEADERS_END | PADDED, &[&[200][..], &fields(&[(":status", "200")])].concat()),
        ),
        (
            "depends on itself",
            BROKEN,
            headers(
                1,
                HEADERS_END | PRIORITY,
                &[&[0, 0, 0, 1, 5][..], &fields(&[(":status", "200")])].concat(),
            ),
        ),
        ("closes before its head", "connection_reset processing", Vec::new()),
        ("closes within its body", "body_truncated transfer", then(frame(DATA, 0, 1, b"hel"))),
        (
            "closes within a frame of its body",
            "body_truncated transfer",
            then(frame(DATA, STREAM_END, 1, b"hello")[..11].to_vec()),
        ),
        (
            "has less than its length",
            CUT,
            [
                headers(1, HEADERS_END, &fields(&[(":status", "200"), ("content-length", "9")])),
                frame(DATA, STREAM_END, 1, b"hello"),
            ]
            .concat(),
        ),
        (
            "has more than its length",
            CUT,
            [
                headers(1, HEADERS_END, &fields(&[(":status", "200"), ("content-length", "3")])),
                frame(DATA, STREAM_END, 1, b"hello"),
            ]
            .concat(),
        ),
        ("has a body on the stream zero", CUT, then(frame(DATA, 0, 0, b"hello"))),
        ("has a body on a stream that is not there", CUT, then(frame(DATA, 0, 3, b"hello"))),
        ("has trailers that do not end", CUT, then(headers(1, HEADERS_END, &fields(&[("x", "y")])))),
        (
            "has a status among its trailers",
            "",
            then(headers(1, HEADERS_END | STREAM_END, &fields(&[(":status", "500")]))),
        ),
        ("cancels its body", "body_truncated transfer", then(frame(RESET, 0, 1, &[0, 0, 0, 8]))),
        ("says goodbye within its body", CUT, then(frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 1]))),
    ];
    rows.extend(
        blocks()
            .into_iter()
            .map(|(name, block)| (name, BROKEN, headers(1, HEADERS_END | STREAM_END, &block))),
    );
    rows.extend(frames().into_iter().map(|(name, bytes)| (name, BROKEN, bytes)));
    rows
}

/// Heads that cannot be unfolded.
fn blocks() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("names an entry of no table", vec![0xff, 0x80, 0x01]),
        ("names the entry zero", vec![0x80]),
        ("has a number without end", vec![0xff; 32]),
        ("has half a text", vec![0x00, 0x05, b'a']),
        ("has a text beyond its head", vec![0x00, 0x7f, 0xff, 0xff, 0xff, 0x07, b'a']),
        ("has a broken code of Huffman", vec![0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x01, b'a']),
        ("makes its table larger than it may", vec![0x3f, 0xe1, 0xff, 0xff, 0x07, 0x88]),
        ("makes its table smaller in the middle", vec![0x88, 0x20]),
    ]
}

/// Frames that break a rule.
fn frames() -> Vec<(&'static str, Vec<u8>)> {
    let many = frame(DATA, 0, 1, &vec![0; 20 << 10]);
    vec![
        ("has a frame larger than it may", many),
        ("has settings of five bytes", frame(SETTINGS, 0, 0, &[0; 5])),
        ("has settings of a stream", frame(SETTINGS, 0, 1, &[])),
        ("agrees to settings with bytes", frame(SETTINGS, 1, 0, &[0; 6])),
        ("has a window beyond all numbers", settings(&[(4, 0xffff_ffff)])),
        ("has frames smaller than it may", settings(&[(5, 1)])),
        ("has a switch that is neither on nor off", settings(&[(2, 2)])),
        ("pings with seven bytes", frame(PING, 0, 0, &[0; 7])),
        ("pings a stream", frame(PING, 0, 1, &[0; 8])),
        ("opens a window by nothing", frame(WINDOW, 0, 0, &[0; 4])),
        ("opens a window beyond all numbers", frame(WINDOW, 0, 0, &[0x7f, 0xff, 0xff, 0xff])),
        ("opens a window by three bytes", frame(WINDOW, 0, 0, &[0; 3])),
        ("resets a stream that is not there", frame(RESET, 0, 7, &[0; 4])),
        ("resets with three bytes", frame(RESET, 0, 1, &[0; 3])),
        ("wants HTTP/1", frame(RESET, 0, 1, &[0, 0, 0, 13])),
        ("says goodbye in three bytes", frame(GOAWAY, 0, 0, &[0; 3])),
    ]
}

/// Instead of settings.
fn openings() -> Vec<Row> {
    vec![
        ("speaks HTTP/1", BROKEN, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec()),
        ("sends zeros", BROKEN, vec![0; 64]),
        ("sends high bytes", BROKEN, vec![0xff; 64]),
        (
            "has a head before its settings",
            "",
            headers(1, HEADERS_END | STREAM_END, &fields(&[(":status", "200")])),
        ),
        ("closes without a word", "connection_reset processing", Vec::new()),
    ]
}

/// A start, and what comes again and again.
fn floods() -> Vec<(&'static str, &'static str, Vec<u8>, Vec<u8>)> {
    let large = fields(&[("x", &"y".repeat(4000))]);
    let hints = headers(1, HEADERS_END, &fields(&[(":status", "103")]));
    // One large entry of the table, named again and again by one byte.
    let entry = [&[0x40, 0x01, b'x', 0x7f, 0x81, 0x1e][..], &[b'y'; 4000]].concat();
    let bomb = headers(1, 0, &[entry, vec![0xbe; 10_000]].concat());
    vec![
        ("has pings without end", BROKEN, Vec::new(), frame(PING, 0, 0, &[0; 8]).repeat(100)),
        ("has settings without end", BROKEN, Vec::new(), settings(&[]).repeat(100)),
        ("opens its window without end", BROKEN, Vec::new(), frame(WINDOW, 0, 1, &[0, 0, 0, 1]).repeat(100)),
        (
            "goes on with its head without end",
            BROKEN,
            headers(1, 0, &fields(&[(":status", "200")])),
            frame(CONTINUATION, 0, 1, &large),
        ),
        (
            "goes on with an empty head without end",
            BROKEN,
            headers(1, 0, &fields(&[(":status", "200")])),
            frame(CONTINUATION, 0, 1, &[]),
        ),
        ("unfolds its head a thousandfold", BROKEN, bomb, frame(CONTINUATION, 0, 1, &[0xbe; 10_000])),
        ("has hints without end", BROKEN, Vec::new(), hints),
        (
            "promises without end",
            BROKEN,
            Vec::new(),
            frame(5, HEADERS_END, 1, &[&[0, 0, 0, 2][..], &fields(&[(":method", "GET")])].concat()),
        ),
    ]
}

/// Those who never come to an end.
fn stalls() -> Vec<Row> {
    let ok = headers(1, HEADERS_END, &fields(&[(":status", "200")]));
    let waiting = "deadline_exceeded processing";
    vec![
        ("says nothing", waiting, Vec::new()),
        ("says settings and nothing more", waiting, settings(&[])),
        ("says half a frame", waiting, vec![0, 0]),
        ("says a frame of no kind", waiting, [settings(&[]), frame(0xee, 0xff, 0, b"hello")].concat()),
        (
            "stalls within its head",
            waiting,
            [settings(&[]), headers(1, 0, &fields(&[(":status", "200")]))].concat(),
        ),
        ("stalls behind its head", "deadline_exceeded transfer", [settings(&[]), ok.clone()].concat()),
        (
            "stalls within its body",
            "deadline_exceeded transfer",
            [settings(&[]), ok, frame(DATA, 0, 1, b"hel")].concat(),
        ),
    ]
}

/// Answers of a health service.
fn services() -> Vec<Row> {
    let head =
        || headers(1, HEADERS_END, &fields(&[(":status", "200"), ("content-type", "application/grpc")]));
    let end = |code: &str| headers(1, HEADERS_END | STREAM_END, &fields(&[("grpc-status", code)]));
    let said = |body: &[u8], code: &str| [head(), frame(DATA, 0, 1, body), end(code)].concat();
    let alone = |pairs: &[(&str, &str)]| headers(1, HEADERS_END | STREAM_END, &fields(pairs));
    let (failed, short) = ("decode_failed transfer", "body_truncated transfer");
    vec![
        ("serves", "", said(b"\0\0\0\0\x02\x08\x01", "0")),
        ("does not serve", "grpc_not_serving check", said(b"\0\0\0\0\x02\x08\x02", "0")),
        ("does not know", "grpc_not_serving check", said(b"\0\0\0\0\0", "0")),
        ("serves in a state that nobody knows", "grpc_not_serving check", said(b"\0\0\0\0\x02\x08\x63", "0")),
        ("has no such method", "grpc_status check", said(b"", "12")),
        ("has a code of letters", "grpc_status check", said(b"", "x")),
        ("has a code beyond all numbers", "grpc_status check", said(b"", "99999999999999999999")),
        (
            "ends without a code",
            "grpc_status check",
            [head(), frame(DATA, STREAM_END, 1, b"\0\0\0\0\x02\x08\x01")].concat(),
        ),
        (
            "answers with a page",
            "grpc_status check",
            alone(&[(":status", "200"), ("content-type", "text/html")]),
        ),
        ("is busy", "grpc_status check", alone(&[(":status", "503")])),
        ("has half a message", short, said(b"\0\0\0\0\x02\x08", "0")),
        ("has half a length", short, said(b"\0\0\0", "0")),
        ("has a message of 4 GiB", short, said(b"\0\xff\xff\xff\xff\x08\x01", "0")),
        ("has a compressed message", failed, said(b"\x01\0\0\0\x02\x08\x01", "0")),
        ("has two messages", failed, said(&b"\0\0\0\0\x02\x08\x01".repeat(2), "0")),
        ("has a message that is none", failed, said(b"\0\0\0\0\x02\xff\xff", "0")),
        ("resets the call", "connection_reset processing", frame(RESET, 0, 1, &[0, 0, 0, 2])),
        ("says goodbye", "connection_reset processing", frame(GOAWAY, 0, 0, &[0; 8])),
    ]
}

const DATA: u8 = 0;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;

const STREAM_END: u8 = 0x1;
const HEADERS_END: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame of ours is short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn headers(stream: u32, flags: u8, block: &[u8]) -> Vec<u8> {
    frame(1, flags, stream, block)
}

fn settings(pairs: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = pairs
        .iter()
        .flat_map(|(key, value)| [&key.to_be_bytes()[..], &value.to_be_bytes()].concat())
        .collect();
    frame(SETTINGS, 0, 0, &payload)
}

/// Headers by their letters, in no table.
fn fields(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in pairs {
        block.push(0);
        for text in [name, value] {
            length(&mut block, text.len());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// A number with seven bits in its first byte.
fn length(block: &mut Vec<u8>, number: usize) {
    let byte = |it: usize| u8::try_from(it & 0x7f).expect("seven bits fit");
    if number < 127 {
        return block.push(byte(number));
    }
    block.push(127);
    let mut rest = number - 127;
    while rest >= 128 {
        block.push(byte(rest) | 0x80);
        rest >>= 7;
    }
    block.push(byte(rest));
}
