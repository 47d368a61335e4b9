//! HTTP/1: heads, lengths, chunks, silence and floods.

use std::time::Duration;

use super::case::{Case, page, says, says_on};
use super::server::{Act, Step};

pub(crate) fn cases() -> Vec<Case> {
    let case = |name: &str, expected, bytes: &[u8]| {
        Case::new("http", format!("http: {name}"), expected, says(bytes))
    };
    let heads = HEADS.iter().map(|(name, expected, bytes)| case(name, expected, bytes));
    let fields = FIELDS.iter().map(|(name, expected, field)| {
        case(name, expected, &[b"HTTP/1.1 200 OK\r\n", *field, b"\r\n\r\nhello"].concat())
    });
    let chunks = CHUNKS.iter().map(|(name, expected, body)| {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        case(name, expected, &[&head[..], body].concat())
    });
    let mut cases: Vec<Case> = heads.chain(fields).chain(chunks).chain(sizes()).collect();
    cases.extend(ends());
    cases.extend(silent());
    cases
}

/// What comes instead of a head.
const HEADS: &[(&str, &str, &[u8])] = &[
    ("closes without a word", "connection_reset processing", b""),
    ("closes after one byte", "connection_reset transfer", b"H"),
    ("closes within the status line", "connection_reset transfer", b"HTTP/1.1 20"),
    ("closes within the headers", "connection_reset transfer", b"HTTP/1.1 200 OK\r\nX: y"),
    ("closes before the empty line", "connection_reset transfer", b"HTTP/1.1 200 OK\r\nX: y\r\n"),
    ("greets as a mail server", "http_protocol transfer", b"220 mail.example ESMTP\r\n"),
    ("greets as SSH", "http_protocol transfer", b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    ("answers as a cache does", "http_protocol transfer", b"-ERR unknown command 'GET'\r\n"),
    ("sends an alert of TLS", "http_protocol transfer", b"\x15\x03\x01\x00\x02\x02\x46"),
    ("sends zeros", "http_protocol transfer", &[0; 64]),
    ("sends high bytes", "http_protocol transfer", &[0xff; 64]),
    ("sends a mark of byte order first", "http_protocol transfer", b"\xef\xbb\xbfHTTP/1.1 200 OK\r\n\r\n"),
    ("answers with a request", "http_protocol transfer", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("answers as HTTP/0.9", "http_protocol transfer", b"<html>hello</html>\r\n"),
    ("speaks HTTP/2 unasked", "http_protocol transfer", b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
    ("claims HTTP/9.9", "http_protocol transfer", b"HTTP/9.9 200 OK\r\n\r\n"),
    ("claims HTTP/2.0 in a line", "http_protocol transfer", b"HTTP/2.0 200 OK\r\n\r\n"),
    ("claims HTTP/1.10", "http_protocol transfer", b"HTTP/1.10 200 OK\r\n\r\n"),
    ("claims HTTP in lower case", "http_protocol transfer", b"http/1.1 200 OK\r\n\r\n"),
    ("says ICY", "http_protocol transfer", b"ICY 200 OK\r\n\r\n"),
    ("has no status", "http_protocol transfer", b"HTTP/1.1  OK\r\n\r\n"),
    ("has a status of two digits", "http_protocol transfer", b"HTTP/1.1 20 OK\r\n\r\n"),
    ("has a status of four digits", "http_protocol transfer", b"HTTP/1.1 2000 OK\r\n\r\n"),
    ("has a status below zero", "http_protocol transfer", b"HTTP/1.1 -20 OK\r\n\r\n"),
    ("has a status of letters", "http_protocol transfer", b"HTTP/1.1 abc OK\r\n\r\n"),
    ("has the status 000", "http_protocol transfer", b"HTTP/1.1 000 OK\r\n\r\n"),
    ("has the status 099", "http_protocol transfer", b"HTTP/1.1 099 OK\r\n\r\n"),
    ("has the status 999", "http_status processing", b"HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n"),
    ("has the status 204 and a body", "", b"HTTP/1.1 204 No Content\r\n\r\nhello"),
    ("has the status 304 unasked", "http_status processing", b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    ("has no space behind the status", "http_protocol transfer", b"HTTP/1.1 200OK\r\n\r\n"),
    ("has a tab before the status", "http_protocol transfer", b"HTTP/1.1\t200 OK\r\n\r\n"),
    ("has a NUL in the reason", "http_protocol transfer", b"HTTP/1.1 200 O\0K\r\n\r\n"),
    ("ends the status line with a bare CR", "http_protocol transfer", b"HTTP/1.1 200 OK\rX: y\r\n\r\n"),
    ("has no reason", "", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
    ("has a reason beyond ASCII", "", b"HTTP/1.1 200 \xc3\xa9t\xe9\r\nContent-Length: 0\r\n\r\n"),
    ("ends lines with bare LF", "", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
    ("is HTTP/1.0 up to its end", "", b"HTTP/1.0 200 OK\r\n\r\nhello"),
    (
        "switches protocols unasked",
        "http_status processing",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ),
    ("closes after an interim answer", "connection_reset transfer", b"HTTP/1.1 100 Continue\r\n\r\n"),
    (
        "says hints before its answer",
        "",
        b"HTTP/1.1 103 Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ),
    ("fails", "http_status processing", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
    (
        "fails and cuts its body short",
        "body_truncated transfer",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 10\r\n\r\nhello",
    ),
    (
        "answers twice",
        "",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
    ),
];

/// Headers, where five bytes of body follow and the connection ends.
const FIELDS: &[(&str, &str, &[u8])] = &[
    ("has no colon in a header", "http_protocol transfer", b"nonsense"),
    ("has a header without a name", "http_protocol transfer", b": x"),
    ("has a space before the colon", "http_protocol transfer", b"X : y"),
    ("has a header on two lines", "http_protocol transfer", b"X: a\r\n b"),
    ("has a NUL in a header", "http_protocol transfer", b"X: a\0b"),
    ("has a bell in a header", "http_protocol transfer", b"X: a\x07b"),
    ("has a bare CR in a header", "http_protocol transfer", b"X: a\rb"),
    ("has a NUL in a header's name", "http_protocol transfer", b"X\0: a"),
    ("has a header's name beyond ASCII", "http_protocol transfer", b"\xc3\xa9: a"),
    ("has a header's value beyond ASCII", "", b"X: \xff\xfe"),
    ("has a header's value of nothing", "", b"X:"),
    ("has a length of -1", "http_protocol transfer", b"Content-Length: -1"),
    ("has a length of +5", "http_protocol transfer", b"Content-Length: +5"),
    ("has a length of 0x5", "http_protocol transfer", b"Content-Length: 0x5"),
    ("has a length of 5.0", "http_protocol transfer", b"Content-Length: 5.0"),
    ("has a length of two numbers", "http_protocol transfer", b"Content-Length: 5 5"),
    ("has a length of nothing", "http_protocol transfer", b"Content-Length:"),
    (
        "has a length just within all numbers",
        "http_protocol transfer",
        b"Content-Length: 18446744073709551615",
    ),
    ("has a length beyond all numbers", "http_protocol transfer", b"Content-Length: 18446744073709551616"),
    (
        "has a length of a thousand digits",
        "http_protocol transfer",
        b"Content-Length: 99999999999999999999999999999999999999999999999999",
    ),
    ("has a length that no file has", "http_protocol transfer", b"Content-Length: 9223372036854775808"),
    ("has a length beyond all memory", "body_truncated transfer", b"Content-Length: 9223372036854775807"),
    ("has two lengths that differ", "http_protocol transfer", b"Content-Length: 5\r\nContent-Length: 6"),
    ("has a list of lengths that differ", "http_protocol transfer", b"Content-Length: 5, 6"),
    ("has a length twice", "", b"Content-Length: 5\r\nContent-Length: 5"),
    ("is shorter than it says", "body_truncated transfer", b"Content-Length: 10"),
    ("is longer than it says", "", b"Content-Length: 3"),
    ("has a coding that nobody knows", "http_protocol transfer", b"Transfer-Encoding: xchunked"),
    ("has the coding identity", "http_protocol transfer", b"Transfer-Encoding: identity"),
    ("has a coding behind another", "http_protocol transfer", b"Transfer-Encoding: gzip, chunked"),
    ("has chunked twice", "http_protocol transfer", b"Transfer-Encoding: chunked, chunked"),
    (
        "has two codings",
        "http_protocol transfer",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    ),
    ("says chunked and sends none", "http_protocol transfer", b"Transfer-Encoding: chunked"),
    (
        "says chunked and a length",
        "http_protocol transfer",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    ),
];

/// Bodies that say they are chunked.
const CHUNKS: &[(&str, &str, &[u8])] = &[
    ("has chunks as they should be", "", b"5\r\nhello\r\n0\r\n\r\n"),
    ("has an extension of a chunk", "", b"5;name=value\r\nhello\r\n0\r\n\r\n"),
    ("has trailers", "", b"5\r\nhello\r\n0\r\nX: y\r\n\r\n"),
    ("has half a chunk", "body_truncated transfer", b"5\r\nhe"),
    ("has no last chunk", "body_truncated transfer", b"5\r\nhello\r\n"),
    ("has half a size of a chunk", "body_truncated transfer", b"5"),
    ("has no end behind the last chunk", "body_truncated transfer", b"5\r\nhello\r\n0\r\n"),
    ("has a chunk without a size", "http_protocol transfer", b"\r\nhello\r\n0\r\n\r\n"),
    ("has a chunk's size of letters", "http_protocol transfer", b"zz\r\nhello\r\n0\r\n\r\n"),
    ("has a chunk's size below zero", "http_protocol transfer", b"-5\r\nhello\r\n0\r\n\r\n"),
    ("has a chunk's size in hexadecimal signs", "http_protocol transfer", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("has a chunk's size beyond all numbers", "http_protocol transfer", b"fffffffffffffffff\r\nhello"),
    ("has a chunk's size just within all numbers", "body_truncated transfer", b"ffffffffffffffff\r\nhello"),
    ("has a chunk longer than it says", "http_protocol transfer", b"2\r\nhello\r\n0\r\n\r\n"),
    ("has a chunk's size with bare LF", "http_protocol transfer", b"5\nhello\r\n0\r\n\r\n"),
];

/// Heads and bodies beyond any use.
#[expect(clippy::too_many_lines, reason = "a table, one case a row")]
fn sizes() -> Vec<Case> {
    let case = |name: &str, expected, act| Case::new("http", format!("http: {name}"), expected, act);
    let fields = |count: usize| {
        format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", "X: y\r\n".repeat(count - 1))
    };
    let long = |length| page(&format!("X: {}\r\n", "y".repeat(length)), "");
    let limit = "http_header_limit transfer";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    vec![
        case("has 100 headers", "", says(fields(100))),
        case("has 101 headers", limit, says(fields(101))),
        case("has 10 000 headers", limit, says(fields(10_000))),
        case("has headers without end", limit, says_on("HTTP/1.1 200 OK\r\n", "X: y\r\n")),
        case("has a header of 60 KiB", "", says(long(60 << 10))),
        case("has a header of 1 MiB", limit, says(long(1 << 20))),
        case("has a header without end", limit, says_on("HTTP/1.1 200 OK\r\nX: ", vec![b'y'; 64 << 10])),
        case("has a header's name without end", limit, says_on("HTTP/1.1 200 OK\r\n", vec![b'y'; 64 << 10])),
        case("has a reason without end", limit, says_on("HTTP/1.1 200 ", vec![b'y'; 64 << 10])),
        case("has a body of the limit", "", says(page("", vec![b'x'; 1_000_000]))),
        case(
            "has a body beyond the limit",
            "body_too_large transfer",
            says(page("", vec![b'x'; (1 << 20) + 1])),
        ),
        case(
            "has a body without end",
            "body_too_large transfer",
            says_on("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 64 << 10]),
        ),
        case(
            "says a length of 4 GiB and keeps to it",
            "body_too_large transfer",
            says_on("HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n", vec![0; 64 << 10]),
        ),
        case(
            "has chunks without end",
            "body_too_large transfer",
            says_on(chunked, [&b"4000\r\n"[..], &[b'x'; 0x4000], b"\r\n"].concat()),
        ),
        case(
            "has an extension of a chunk without end",
            "http_protocol transfer",
            says_on(format!("{chunked}5;"), vec![b'x'; 64 << 10]),
        ),
        case(
            "has trailers without end",
            "http_protocol transfer",
            says_on(format!("{chunked}5\r\nhello\r\n0\r\n"), b"X: y\r\n".repeat(1000)),
        ),
        case(
            "has a trailer without end",
            "http_protocol transfer",
            says_on(format!("{chunked}0\r\nX: "), vec![b'x'; 64 << 10]),
        ),
        case(
            "has interim answers without end",
            "http_protocol transfer",
            says_on("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ),
        case(
            "has hints without end",
            "http_protocol transfer",
            says_on("", "HTTP/1.1 103 Hints\r\nLink: <x>\r\n\r\n"),
        ),
        case(
            "has 16 interim answers",
            "",
            says([b"HTTP/1.1 102 On\r\n\r\n".repeat(16), page("", "x")].concat()),
        ),
        case(
            "has 17 interim answers",
            "http_protocol transfer",
            says([b"HTTP/1.1 102 On\r\n\r\n".repeat(17), page("", "x")].concat()),
        ),
        case(
            "has an empty line without end before its answer",
            "http_protocol transfer",
            says_on("", b"\r\n".repeat(1000)),
        ),
        Case::new(
            "body",
            "http: has a body for a slow pattern",
            "content_mismatch check",
            says(page("", [&[b'a'; 900_000][..], b"!"].concat())),
        ),
    ]
}

/// How a connection ends.
fn ends() -> Vec<Case> {
    let case = |name: &str, expected, act| Case::new("http", format!("http: {name}"), expected, act);
    let script = |steps: &[Step]| Act::Tcp(steps.to_vec());
    vec![
        case("nobody listens", "connect_refused connect", Act::Nowhere("127.0.0.1:1")),
        case("resets after the request", "connection_reset processing", script(&[Step::Head, Step::Reset])),
        case("has no address that can be", "dns_no_such_name resolve", Act::Nowhere("a..b")),
    ]
}

/// Those who never come to an end.
fn silent() -> Vec<Case> {
    let case = |name: &str, expected, act| Case::new("http_hasty", format!("http: {name}"), expected, act);
    let script = |steps: &[Step]| Act::Tcp(steps.to_vec());
    let send = |bytes: &[u8]| Step::Send(bytes.to_vec());
    let drip = |bytes: &[u8]| Step::Drip(bytes.to_vec(), Duration::from_millis(50));
    let (waiting, transfer) = ("deadline_exceeded processing", "deadline_exceeded transfer");
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    vec![
        case("takes no connection", "deadline_exceeded connect", Act::Backlog),
        case("says nothing", waiting, script(&[Step::Hold])),
        case("reads and says nothing", waiting, script(&[Step::Head, Step::Hold])),
        case("stalls after one byte", transfer, script(&[Step::Head, send(b"H"), Step::Hold])),
        case(
            "stalls within the head",
            transfer,
            script(&[Step::Head, send(b"HTTP/1.1 200 OK\r\nX: y\r\n"), Step::Hold]),
        ),
        case(
            "stalls after the head",
            transfer,
            script(&[Step::Head, send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), Step::Hold]),
        ),
        case(
            "stalls within the body",
            transfer,
            script(&[Step::Head, send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), Step::Hold]),
        ),
        case(
            "stalls within a body that lasts to the end",
            transfer,
            script(&[Step::Head, send(b"HTTP/1.1 200 OK\r\n\r\nhello"), Step::Hold]),
        ),
        case(
            "stalls within a chunk",
            transfer,
            script(&[Step::Head, send(chunked), send(b"5\r\nhe"), Step::Hold]),
        ),
        case(
            "stalls before the last chunk",
            transfer,
            script(&[Step::Head, send(chunked), send(b"5\r\nhello\r\n"), Step::Hold]),
        ),
        case(
            "stalls within a trailer",
            transfer,
            script(&[Step::Head, send(chunked), send(b"0\r\nX: "), Step::Hold]),
        ),
        case(
            "stalls after an interim answer",
            transfer,
            script(&[Step::Head, send(b"HTTP/1.1 100 Continue\r\n\r\n"), Step::Hold]),
        ),
        case("drips a head", transfer, script(&[Step::Head, send(b"HTTP/1.1 200 OK\r\nX: "), drip(b"y")])),
        case(
            "drips headers",
            transfer,
            script(&[Step::Head, send(b"HTTP/1.1 200 OK\r\n"), drip(b"X: y\r\n")]),
        ),
        case("drips a body", transfer, script(&[Step::Head, send(b"HTTP/1.1 200 OK\r\n\r\n"), drip(b"y")])),
        case("drips chunks", transfer, script(&[Step::Head, send(chunked), drip(b"1\r\nx\r\n")])),
        case("has a chunk's size of zeros without end", transfer, says_on(chunked, vec![b'0'; 64 << 10])),
        case("drips empty lines", transfer, script(&[Step::Head, drip(b"\r\n")])),
    ]
}
