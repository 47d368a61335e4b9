use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

use flate2::Compression as Level;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::header::{COOKIE, HOST};
use http::{HeaderName, HeaderValue, Method};
use tokio::io::AsyncWriteExt as _;

use super::lab::{Server, ask, example, hasty, http, http_with, page};
use crate::cause::{Cause, Verdict, judge};
use crate::condition::over_json;
use crate::outcome::{End, Fault, FaultKind, HeaderMatch, JsonMatch, OwnSide, Phase};
use crate::spec::{Auth, Body, BodyRule, Compression, FailIf, HeaderRule, JsonRule, Module, Secret};

fn fault(phase: Phase, kind: FaultKind) -> End {
    End::Fault(Fault { phase, kind })
}

#[tokio::test]
async fn a_plain_answer_is_told_with_its_status_version_and_bytes() {
    let headers = "Content-Type: text/plain\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let server = Server::answering(page(headers, "hello")).await;
    let outcome = ask(&http(), &server.url()).await;
    assert_eq!(outcome.end, End::Reply);
    assert_eq!(outcome.peer, Some(server.address));
    assert_eq!(outcome.tls, None);
    let http = outcome.http.unwrap();
    assert_eq!((http.status, http.version, http.ssl, http.redirects), (200, "HTTP/1.1", false, 0));
    assert_eq!((http.wire_bytes, http.body_bytes, http.content_length), (5, 5, Some(5)));
    assert_eq!((&*http.body_start, http.content_type.as_deref()), ("hello", Some("text/plain")));
    assert_eq!(http.last_modified, Some(httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap()));
    let head = &server.heads()[0];
    assert!(head.starts_with("GET / HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {}\r\n", server.address)), "{head}");
    assert!(head.contains("user-agent: Fingerpost/") && head.contains("connection: close\r\n"), "{head}");
    server.deserted().await;
}

/// A case: its name, what the server says before it closes, and the fault that this means, if any.
type Case = (&'static str, String, Option<(Phase, FaultKind)>);

/// Asks one server for each case.
async fn hold(table: Vec<Case>) {
    for (name, answer, expected) in table {
        let server = Server::new(move |mut talk| {
            let answer = answer.clone();
            async move {
                talk.read_head().await;
                let _ = talk.stream.write_all(answer.as_bytes()).await;
                let _ = talk.stream.shutdown().await;
                talk.until_closed().await;
            }
        })
        .await;
        let end = expected.map_or(End::Reply, |(phase, kind)| fault(phase, kind));
        assert_eq!(ask(&http(), &server.url()).await.end, end, "{name}");
    }
}

#[tokio::test]
async fn each_broken_head_has_one_fault() {
    let (reset, none) = (FaultKind::Reset, Some((Phase::Transfer, FaultKind::HttpProtocol)));
    let with = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
    hold(vec![
        ("closed before an answer", String::new(), Some((Phase::Processing, reset))),
        ("closed within the head", "HTTP/1.1 200 OK\r\nX: y".into(), Some((Phase::Transfer, reset))),
        ("no HTTP at all", "220 mail.example ESMTP\r\n\r\n".into(), none),
        ("HTTP/9.9", "HTTP/9.9 200 OK\r\n\r\n".into(), none),
        ("no status", "HTTP/1.1  OK\r\n\r\n".into(), none),
        ("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n".into(), none),
        ("a NUL in a header", with("X: a\0b"), none),
        ("a header on two lines", with("X: a\r\n b"), none),
        ("a negative length", with("Content-Length: -1"), none),
        ("two lengths", with("Content-Length: 1\r\nContent-Length: 2"), none),
        ("a length beyond all numbers", with("Content-Length: 18446744073709551616"), none),
        ("a length just within all numbers", with("Content-Length: 18446744073709551615"), none),
        ("a length that no file has", with("Content-Length: 9223372036854775808"), none),
        ("a coding that nobody knows", with("Transfer-Encoding: xchunked"), none),
        ("a coding behind another", with("Transfer-Encoding: gzip, chunked"), none),
        ("no reason is fine", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n".into(), None),
        (
            "one interim answer is fine",
            format!("HTTP/1.1 103 Hints\r\n\r\n{}", with("Content-Length: 0")),
            None,
        ),
    ])
    .await;
}

#[tokio::test]
async fn each_broken_body_has_one_fault() {
    let truncated = Some((Phase::Transfer, FaultKind::BodyTruncated));
    let none = Some((Phase::Transfer, FaultKind::HttpProtocol));
    let long = |length: u64, body| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
    let chunked = |body| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    hold(vec![
        ("HTTP/1.0 until the end is fine", "HTTP/1.0 200 OK\r\n\r\nbody".into(), None),
        ("half a body", long(10, "hello"), truncated),
        ("a length beyond all memory", long(u64::MAX >> 1, "x"), truncated),
        ("half a chunk", chunked("5\r\nhe"), truncated),
        ("no last chunk", chunked("5\r\nhello\r\n"), truncated),
        ("a chunk without a size", chunked("zz\r\nhello\r\n"), none),
        ("a chunk beyond all numbers", chunked("fffffffffffffffff\r\n"), none),
        ("a chunk longer than it says", chunked("2\r\nhello\r\n0\r\n\r\n"), none),
        ("chunks are fine", chunked("5\r\nhello\r\n0\r\n\r\n"), None),
    ])
    .await;
}

#[tokio::test]
async fn a_head_has_its_limits() {
    let limit = Some((Phase::Transfer, FaultKind::HeaderLimit));
    let fields = |count: usize| {
        format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", "X: y\r\n".repeat(count - 1))
    };
    let long = |length| format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "y".repeat(length));
    hold(vec![
        ("100 headers are fine", fields(100), None),
        ("101 headers", fields(101), limit),
        ("10 000 headers", fields(10_000), limit),
        ("a header of 60 KiB is fine", long(60 << 10), None),
        ("a header of 1 MiB", long(1 << 20), limit),
    ])
    .await;
}

#[tokio::test]
async fn interim_answers_without_end_are_no_http() {
    let server = Server::repeating("", "HTTP/1.1 100 Continue\r\n\r\n").await;
    assert_eq!(ask(&http(), &server.url()).await.end, fault(Phase::Transfer, FaultKind::HttpProtocol));
}

#[tokio::test]
async fn a_port_that_nobody_listens_at_is_refused() {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outcome = ask(&http(), &format!("http://{address}/")).await;
    assert_eq!(outcome.end, fault(Phase::Connect, FaultKind::Refused));
    assert_eq!(outcome.peer, Some(address));
}

#[tokio::test]
async fn a_reset_after_accept_is_a_reset_while_we_wait() {
    let server = Server::new(|mut talk| async move {
        talk.read_head().await;
        talk.stream.set_zero_linger().unwrap();
    })
    .await;
    assert_eq!(ask(&http(), &server.url()).await.end, fault(Phase::Processing, FaultKind::Reset));
}

#[tokio::test]
async fn a_mute_server_times_out_while_we_wait_for_its_first_byte() {
    let server = Server::new(|mut talk| async move { talk.until_closed().await }).await;
    let outcome = ask(&hasty(http()), &server.url()).await;
    assert_eq!(outcome.end, fault(Phase::Processing, FaultKind::TimedOut));
    assert!(outcome.duration >= hasty(http()).timeout);
    server.deserted().await;
}

#[tokio::test]
async fn a_dripping_server_does_not_put_off_the_deadline() {
    let server = Server::new(|mut talk| async move {
        talk.read_head().await;
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(10));
        for byte in "HTTP/1.1 200 OK\r\n".bytes().chain(std::iter::repeat(b'x')) {
            ticks.tick().await;
            if talk.stream.write_all(&[byte]).await.is_err() {
                return;
            }
        }
    })
    .await;
    let outcome = ask(&hasty(http()), &server.url()).await;
    assert_eq!(outcome.end, fault(Phase::Transfer, FaultKind::TimedOut));
}

#[tokio::test]
async fn a_body_that_stalls_times_out_in_transfer_and_keeps_its_status() {
    let server = Server::answering("HTTP/1.1 503 Busy\r\nContent-Length: 10\r\n\r\nhello").await;
    let outcome = ask(&hasty(http()), &server.url()).await;
    assert_eq!(outcome.end, fault(Phase::Transfer, FaultKind::TimedOut));
    let http = outcome.http.unwrap();
    assert_eq!((http.status, http.body_bytes, &*http.body_start), (503, 5, "hello"));
}

#[tokio::test]
async fn an_endless_body_is_read_up_to_the_limit_and_no_further() {
    let server = Server::repeating("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 64 << 10]).await;
    let outcome = ask(&http(), &server.url()).await;
    assert_eq!(outcome.end, fault(Phase::Transfer, FaultKind::BodyTooLarge));
    let limit = 1 << 20;
    let read = outcome.http.unwrap().body_bytes;
    assert!(read > limit && read <= limit + (64 << 10), "{read}");
    server.deserted().await;
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_fine() {
    let module = http_with(|spec| spec.client.body_bytes_max = 5);
    let server = Server::answering(page("", "hello")).await;
    assert_eq!(ask(&module, &server.url()).await.end, End::Reply);
    let server = Server::answering(page("", "hello!")).await;
    assert_eq!(ask(&module, &server.url()).await.end, fault(Phase::Transfer, FaultKind::BodyTooLarge));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Level::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Level::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Text that shrinks to about a third.
fn letters(count: u32) -> Vec<u8> {
    (0..count).flat_map(|it| it.wrapping_mul(2_654_435_761).to_string().into_bytes()).collect()
}

#[tokio::test]
async fn each_encoding_is_unfolded_or_has_one_fault() {
    use Compression::{Brotli, Deflate, Gzip, Identity, Untouched};
    use FaultKind::{BodyTooLarge, DecodeFailed, DecodeLimit};
    let transfer = |kind| fault(Phase::Transfer, kind);
    let whole = gzip(b"hello");
    let mut corrupt = gzip(&letters(1000));
    corrupt[100] ^= 0xff;
    let mut wrong_sum = whole.clone();
    let at = wrong_sum.len() - 8;
    wrong_sum[at] ^= 0xff;
    let table = vec![
        ("gzip", Gzip, whole.clone(), End::Reply),
        ("gzip of two members", Gzip, [gzip(b"hel"), gzip(b"lo")].concat(), End::Reply),
        ("deflate within zlib", Deflate, zlib(b"hello"), End::Reply),
        ("deflate alone", Deflate, deflate(b"hello"), End::Reply),
        ("zlib cut short", Deflate, zlib(&letters(1000))[..900].to_vec(), transfer(DecodeFailed)),
        ("deflate cut short", Deflate, deflate(b"hello")[..5].to_vec(), transfer(DecodeFailed)),
        (
            "deflate with a tail",
            Deflate,
            [deflate(b"hello"), b"tail".to_vec()].concat(),
            transfer(DecodeFailed),
        ),
        ("gzip of nothing without end", Gzip, gzip(b"").repeat(120_000), transfer(BodyTooLarge)),
        ("identity", Identity, b"hello".to_vec(), End::Reply),
        ("untouched", Untouched, b"hello".to_vec(), End::Reply),
        ("gzip cut short", Gzip, whole[..whole.len() - 9].to_vec(), transfer(DecodeFailed)),
        ("gzip without its sum", Gzip, whole[..whole.len() - 8].to_vec(), transfer(DecodeFailed)),
        ("gzip with a wrong sum", Gzip, wrong_sum, transfer(DecodeFailed)),
        ("a broken byte", Gzip, corrupt, transfer(DecodeFailed)),
        ("gzip with a tail", Gzip, [whole.clone(), b"tail".to_vec()].concat(), transfer(DecodeFailed)),
        ("plain text for gzip", Gzip, b"hello".to_vec(), transfer(DecodeFailed)),
        ("plain text for deflate", Deflate, b"hello".to_vec(), transfer(DecodeFailed)),
        ("nothing for gzip", Gzip, Vec::new(), transfer(DecodeFailed)),
        ("a bomb", Gzip, gzip(&vec![0; 100 << 20]), transfer(DecodeLimit)),
        ("a bomb within zlib", Deflate, zlib(&vec![0; 10 << 20]), transfer(DecodeLimit)),
        ("brotli", Brotli, BROTLI_HELLO.to_vec(), End::Reply),
        ("brotli cut short", Brotli, BROTLI_HELLO[..8].to_vec(), transfer(DecodeFailed)),
        ("brotli with a tail", Brotli, [BROTLI_HELLO, b"tail"].concat(), transfer(DecodeFailed)),
        ("plain text for brotli", Brotli, b"hello".to_vec(), transfer(DecodeFailed)),
        ("brotli with a window beyond the standard", Brotli, BROTLI_WIDE.to_vec(), transfer(DecodeFailed)),
        ("a bomb of brotli", Brotli, BROTLI_BOMB.to_vec(), transfer(DecodeLimit)),
        ("much text", Gzip, gzip(&letters(400_000)), transfer(BodyTooLarge)),
    ];
    for (name, compression, body, end) in table {
        let server = Server::answering(page("", &body)).await;
        let module = http_with(|spec| spec.compression = compression);
        let outcome = ask(&module, &server.url()).await;
        assert_eq!(outcome.end, end, "{name}");
        let http = outcome.http.unwrap();
        if end == End::Reply {
            assert_eq!((http.wire_bytes, &*http.body_start), (body.len() as u64, "hello"), "{name}");
        }
        assert!(http.body_bytes <= (1 << 20) + (64 << 10), "{name}");
    }
}

/// "hello"; the same in a window of 2^30; 64 MiB of zeros.
const BROTLI_HELLO: &[u8] = b"\x0b\x02\x80hello\x03";
const BROTLI_WIDE: &[u8] = b"\x11\x1e\x08\x00\x02hello\x03";
const BROTLI_BOMB: &[u8] = b"\xcb\xff\xff\x3f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x8f\xff\xff\x7f\
    \xf0\x4f\x00\xc4\x61\x11\x80\xee\xfd\x1f\xff\xff\xff\xe0\x9f\x00\x88\xc3\x02\x00\xdd\xfb\
    \x3f\xfe\xff\xff\xc1\x3f\x01\x10\x87\x05\x00\xba\xf7\x7f\xfc\xff\xff\x83\x7f\x02\x20\x0e\
    \x0b\x00\x74\xef\xff\xf8\xff\xff\x07\xff\x04\x40\x1c\x16\x00\xe8\xde\xff\xf1\xff\xff\x0f\
    \xfe\x09\x80\x38\x2c\x00\xd0\xbd\xff\xcb\xff\xff\x3f\xfc\x13\x00\x71\x58\x00\xa0\x7b\xff\
    \x07";

/// A module whose JSON body must not meet the first condition and must meet the second.
fn json(matches: &str, not_matches: &str) -> Module {
    http_with(|spec| {
        let rule = |source, fail_if| JsonRule { condition: Arc::new(over_json(source).unwrap()), fail_if };
        spec.json_rules = vec![rule(matches, FailIf::Matches), rule(not_matches, FailIf::NotMatches)];
        spec.body_rules = vec![BodyRule { regex: "status".parse().unwrap(), fail_if: FailIf::NotMatches }];
    })
}

#[tokio::test]
async fn patterns_and_conditions_see_the_same_body() {
    let body =
        r#"{"status": "up", "replicas": [{"ready": true, "lag": 0.5}, {"ready": true, "lag": 2}], "n": 3}"#;
    let server = Server::answering(page("", body)).await;
    let failed = Verdict::Failure(Cause::AssertionFailed, Phase::Check);
    let table = [
        ("body.status == 'down'", "body.replicas.all(it, it.ready)", Verdict::Success),
        ("body.n > 3", "body.n == 3 && size(body.replicas) == 2", Verdict::Success),
        ("body.status == 'up'", "true", failed),
        ("false", "body.replicas.exists(it, it.lag > 2.5)", failed),
        ("body.nothing == 1", "true", failed),
        ("false", "body.status", failed),
    ];
    for (matches, not_matches, verdict) in table {
        let module = json(matches, not_matches);
        let outcome = ask(&module, &server.url()).await;
        assert_eq!(judge(&module, &outcome), verdict, "{matches} / {not_matches}");
    }
    let module = json("false", "true");
    let server = Server::answering(page("", "{\"status\": ")).await;
    let outcome = ask(&module, &server.url()).await;
    assert_eq!(judge(&module, &outcome), failed);
    assert_eq!(outcome.http.unwrap().json_matches, [JsonMatch::NoJson, JsonMatch::NoJson]);
}

#[tokio::test]
async fn what_stands_in_files_is_read_at_each_use() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let (body, header) = (write("body", "one\n"), write("header", "h1\n"));
    let username = Secret::File(write("username", "user\n"));
    let module = http_with(|spec| {
        spec.method = Method::POST;
        spec.body = Some(Body::File(body.clone()));
        spec.client.header_files = vec![(HeaderName::from_static("x-from-file"), Secret::File(header))];
        spec.client.auth = Some(Auth::Basic { username, password: None });
    });
    let server = Server::answering(page("", "")).await;
    assert_eq!(ask(&module, &server.url()).await.end, End::Reply);
    write("body", "longer");
    write("header", "h2");
    assert_eq!(ask(&module, &server.url()).await.end, End::Reply);
    let heads = server.heads();
    assert!(
        heads[0].contains("content-length: 4\r\n") && heads[0].contains("x-from-file: h1\r\n"),
        "{heads:?}"
    );
    assert!(
        heads[1].contains("content-length: 6\r\n") && heads[1].contains("x-from-file: h2\r\n"),
        "{heads:?}"
    );
    assert!(heads[0].contains("authorization: Basic dXNlcjo=\r\n"), "{heads:?}");
    std::fs::remove_file(body).unwrap();
    assert_eq!(ask(&module, &server.url()).await.end, End::Unknown(OwnSide::Secret));
}

#[tokio::test]
async fn an_answer_that_has_no_body_needs_no_encoding() {
    let server = Server::answering("HTTP/1.1 204 None\r\n\r\n").await;
    let module = http_with(|spec| spec.compression = Compression::Gzip);
    assert_eq!(ask(&module, &server.url()).await.end, End::Reply);
    assert!(server.heads()[0].contains("accept-encoding: gzip\r\n"));
    let module = http_with(|spec| spec.method = Method::HEAD);
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n").await;
    assert_eq!(ask(&module, &server.url()).await.end, End::Reply);
}

#[tokio::test]
async fn rules_are_looked_up_and_not_judged() {
    let module = http_with(|spec| {
        let body_rule = |regex: &str| BodyRule { regex: regex.parse().unwrap(), fail_if: FailIf::Matches };
        let header_rule = |header: &'static str, regex: &str| HeaderRule {
            header: HeaderName::from_static(header),
            regex: regex.parse().unwrap(),
            allow_missing: false,
            fail_if: FailIf::Matches,
        };
        spec.body_rules = vec![body_rule("wor"), body_rule("^wor")];
        spec.header_rules =
            vec![header_rule("x-a", "two"), header_rule("x-a", "three"), header_rule("x-b", ".")];
    });
    let server = Server::answering(page("X-A: one\r\nX-A: two\r\n", "hello world")).await;
    let http = ask(&module, &server.url()).await.http.unwrap();
    assert_eq!(http.body_matches, [true, false]);
    assert_eq!(http.header_matches, [HeaderMatch::Found, HeaderMatch::NotFound, HeaderMatch::Missing]);
}

#[tokio::test]
async fn a_redirect_loop_is_followed_ten_times() {
    let server =
        Server::answering("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n").await;
    let outcome = ask(&http(), &server.url()).await;
    assert_eq!(outcome.end, fault(Phase::Transfer, FaultKind::RedirectLimit));
    assert_eq!(outcome.http.unwrap().redirects, 11);
    assert_eq!(server.heads().len(), 11);
    server.deserted().await;
}

#[tokio::test]
async fn a_redirect_is_the_answer_where_it_is_not_followed_or_names_no_place() {
    let module = http_with(|spec| spec.client.follow_redirects = false);
    let server = Server::answering("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n").await;
    let outcome = ask(&module, &server.url()).await;
    assert_eq!((outcome.end, outcome.http.unwrap().status), (End::Reply, 301));
    for headers in ["", "Location:\r\n", "Location:  \r\n"] {
        let server =
            Server::answering(format!("HTTP/1.1 301 Moved\r\n{headers}Content-Length: 0\r\n\r\n")).await;
        let outcome = ask(&http(), &server.url()).await;
        assert_eq!((outcome.end, outcome.http.unwrap().status), (End::Reply, 301), "{headers:?}");
    }
}

#[tokio::test]
async fn a_redirect_to_no_place_of_http_is_denied() {
    for place in ["file:///etc/passwd", "javascript:alert(1)", "http://", "ftp://a/", "http://[::1"] {
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n");
        let server = Server::answering(answer).await;
        let outcome = ask(&http(), &server.url()).await;
        assert_eq!(outcome.end, fault(Phase::Transfer, FaultKind::RedirectDenied), "{place}");
    }
}

/// A server that sends the first request on to `place` and answers every other.
async fn sending_on(place: String) -> Server {
    Server::new(move |mut talk| {
        let place = place.clone();
        async move {
            talk.read_head().await;
            let answer = format!(
                "HTTP/1.1 302 Found\r\nLocation: {place}\r\nSet-Cookie: way=1; Path=/\r\nContent-Length: 0\r\n\r\n"
            );
            let _ = talk.stream.write_all(answer.as_bytes()).await;
            talk.until_closed().await;
        }
    })
    .await
}

#[tokio::test]
async fn credentials_do_not_cross_to_another_port() {
    let other = Server::answering(page("", "hello")).await;
    let server = sending_on(format!("http://other:pass@{}/there", other.address)).await;
    let module = http_with(|spec| {
        let credentials = Secret::Inline("sesame".into());
        spec.client.auth = Some(Auth::Authorization { scheme: "Bearer".into(), credentials });
        spec.client.headers.insert(COOKIE, HeaderValue::from_static("own=1"));
        spec.client.headers.insert(HOST, HeaderValue::from_static("front.example"));
        spec.client.headers.insert("x-api-key", HeaderValue::from_static("k"));
        spec.client.headers.insert("x-plain", HeaderValue::from_static("p"));
    });
    let outcome = ask(&module, &server.url()).await;
    assert_eq!((outcome.end, outcome.peer), (End::Reply, Some(other.address)));
    let http = outcome.http.unwrap();
    assert_eq!((http.redirects, http.url), (1, format!("http://{}/there", other.address)));
    let (first, second) = (&server.heads()[0], &other.heads()[0]);
    for header in ["authorization: Bearer sesame", "cookie: own=1", "host: front.example", "x-api-key: k"] {
        assert!(first.contains(header), "{header} in {first}");
        assert!(!second.contains(header), "{header} in {second}");
    }
    assert!(!second.contains("authorization") && !second.contains("cookie"), "{second}");
    assert!(second.contains("x-plain: p\r\n"), "{second}");
}

#[tokio::test]
async fn cookies_and_credentials_stay_with_their_host() {
    let server = sending_on("/second".into()).await;
    let module = http_with(|spec| {
        spec.client.headers.insert(COOKIE, HeaderValue::from_static("own=1"));
    });
    let address = format!("http://user:p%40ss@{}/", server.address);
    let outcome = ask(&module, &address).await;
    assert_eq!(outcome.end, fault(Phase::Transfer, FaultKind::RedirectLimit));
    assert!(!outcome.http.unwrap().url.contains("p%40ss"));
    let heads = server.heads();
    assert!(
        heads[0].contains("cookie: own=1\r\n") && heads[0].contains("authorization: Basic dXNlcjpwQHNz\r\n")
    );
    assert!(heads[1].contains("cookie: own=1; way=1\r\n") && heads[1].contains("authorization: Basic"));
}

#[tokio::test]
async fn credentials_stay_with_a_host_that_is_named_whole() {
    let server = Server::new(|mut talk| async move {
        let head = talk.next_head().await;
        let host = head.lines().find_map(|it| it.strip_prefix("host: ")).unwrap();
        let again = format!("HTTP/1.1 302 On\r\nLocation: http://{host}/second\r\nContent-Length: 0\r\n\r\n");
        let answer = if head.starts_with("GET /second") { page("", "") } else { again.into_bytes() };
        let _ = talk.stream.write_all(&answer).await;
        talk.until_closed().await;
    })
    .await;
    let module = http_with(|spec| {
        let credentials = Secret::Inline("sesame".into());
        spec.client.auth = Some(Auth::Authorization { scheme: "Bearer".into(), credentials });
    });
    assert_eq!(ask(&module, &server.url()).await.end, End::Reply);
    assert!(server.heads().iter().all(|it| it.contains("authorization: Bearer sesame\r\n")));
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn the_shipped_example_asks_a_page_what_it_says() {
    let body: &[u8] = b"\x0b\x15\x80\x7b\x22\x73\x74\x61\x74\x75\x73\x22\x3a\x22\x75\x70\x22\x2c\x22\x72\x65\x70\x6c\x69\x63\x61\x73\x22\x3a\x5b\x7b\x22\x72\x65\x61\x64\x79\x22\x3a\x74\x72\x75\x65\x7d\x5d\x7d\x03";
    let server = Server::answering(page("Content-Type: application/json\r\n", body)).await;
    for (module, address) in example("http", "status.example:8080", &server.address.to_string()) {
        assert_eq!(judge(&module, &ask(&module, &address).await), Verdict::Success, "{}", module.name);
    }
    let head = &server.heads()[0];
    assert!(head.starts_with("GET /health") && head.contains("accept-encoding: br\r\n"), "{head}");
    assert!(head.contains("authorization: Basic "), "{head}");
}

#[tokio::test]
async fn a_post_becomes_a_get_unless_the_redirect_keeps_it() {
    for (status, second) in [("302", "GET /x HTTP/1.1"), ("307", "POST /x HTTP/1.1")] {
        let server = Server::answering(format!(
            "HTTP/1.1 {status} On\r\nLocation: /x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        let module =
            http_with(|spec| (spec.method, spec.body) = (Method::POST, Some(Body::Inline("data".into()))));
        ask(&module, &server.url()).await;
        let heads = server.heads();
        assert!(heads[0].starts_with("POST / HTTP/1.1") && heads[0].contains("content-length: 4\r\n"));
        assert!(heads[1].starts_with(second), "{status}: {}", heads[1]);
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_our_own_fault() {
    let server = Server::answering(page("", "")).await;
    let module = http_with(|spec| {
        let credentials = Secret::File("/nowhere/token".into());
        spec.client.auth = Some(Auth::Authorization { scheme: "Bearer".into(), credentials });
    });
    assert_eq!(ask(&module, &server.url()).await.end, End::Unknown(OwnSide::Secret));
    assert!(server.heads().is_empty());
}

#[tokio::test]
async fn a_target_that_is_no_url_has_no_name() {
    for address in ["http://", "a b:80", ":80"] {
        let outcome = ask(&http(), address).await;
        assert_eq!(outcome.end, fault(Phase::Resolve, FaultKind::NoSuchName), "{address}");
    }
}

#[tokio::test]
async fn we_ask_from_the_address_that_is_wanted() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let tell = Arc::new(tell);
    let server = Server::new(move |mut talk| {
        let tell = Arc::clone(&tell);
        async move {
            tell.send(talk.stream.peer_addr().unwrap().ip()).unwrap();
            talk.read_head().await;
        }
    })
    .await;
    let source = Ipv4Addr::new(127, 0, 0, 2).into();
    let module = http_with(|spec| spec.client.dial.source = Some(source));
    ask(&module, &server.url()).await;
    assert_eq!(told.recv().await, Some(source));
}

#[tokio::test]
async fn a_failed_exchange_is_reset_and_a_good_one_is_closed_in_peace() {
    for (module, answer, is_peaceful) in [(http(), page("", "x"), true), (hasty(http()), Vec::new(), false)] {
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let server = Server::new(move |mut talk| {
            let (tell, answer) = (tell.clone(), answer.clone());
            async move {
                talk.read_head().await;
                talk.stream.write_all(&answer).await.unwrap();
                tell.send(talk.end().await.is_ok()).unwrap();
            }
        })
        .await;
        ask(&module, &server.url()).await;
        assert_eq!(told.recv().await, Some(is_peaceful));
    }
}

/// Two connections that nobody accepts fill a queue of one; the kernel leaves the next one waiting.
#[tokio::test]
async fn connecting_has_a_timeout_of_its_own() {
    let listener = tokio::net::TcpSocket::new_v4().unwrap();
    listener.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = listener.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let _first = tokio::net::TcpStream::connect(address).await.unwrap();
    let _second = tokio::net::TcpStream::connect(address).await.unwrap();
    let connect_timeout = Some(hasty(http()).timeout);
    let outcome = ask(&Module { connect_timeout, ..http() }, &format!("http://{address}/")).await;
    assert_eq!(outcome.end, fault(Phase::Connect, FaultKind::TimedOut));
    assert!(outcome.duration < http().timeout);
}
