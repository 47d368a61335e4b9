//! Redirects that lead nowhere, astray or in a circle.

use super::case::{Case, says};
use super::server::{Act, Step};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = PLACES
        .iter()
        .map(|(name, expected, location)| {
            let answer = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            Case::new("http", format!("redirect: leads {name}"), expected, says(answer))
        })
        .collect();
    let case = |name: &str, expected, act| Case::new("http", format!("redirect: {name}"), expected, act);
    let long =
        format!("HTTP/1.1 302 Found\r\nLocation: /{}\r\nContent-Length: 0\r\n\r\n", "x".repeat(60 << 10));
    let longer =
        format!("HTTP/1.1 302 Found\r\nLocation: /{}\r\nContent-Length: 0\r\n\r\n", "x".repeat(70 << 10));
    let high = b"HTTP/1.1 302 Found\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n";
    cases.extend([
        case("leads ten steps on", "", Act::Tcp(vec![Step::Head, Step::Answer(chain)])).at("http://{}/10"),
        case(
            "leads eleven steps on",
            "http_redirect_limit transfer",
            Act::Tcp(vec![Step::Head, Step::Answer(chain)]),
        )
        .at("http://{}/11"),
        case(
            "names no place",
            "http_status processing",
            says("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
        ),
        case(
            "is 300 with a place",
            "http_status processing",
            says("HTTP/1.1 300 Many\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
        ),
        case(
            "is 200 with a place",
            "",
            says("HTTP/1.1 200 OK\r\nLocation: file:///etc\r\nContent-Length: 0\r\n\r\n"),
        ),
        case("leads to a place of 60 KiB", "http_redirect_limit transfer", says(long)),
        case("leads to a place of 70 KiB", "http_header_limit transfer", says(longer)),
        case("leads to a place that is no text", "http_redirect_denied transfer", says(high)),
        case(
            "has a body without end",
            "http_redirect_limit transfer",
            Act::Tcp(vec![
                Step::Head,
                Step::Send(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n".to_vec()),
                Step::Flood(vec![b'x'; 64 << 10]),
            ]),
        ),
    ]);
    cases
}

/// Where one redirect leads, and what comes of it.
const PLACES: &[(&str, &str, &str)] = &[
    ("to itself", "http_redirect_limit transfer", "/"),
    ("to itself by its query", "http_redirect_limit transfer", "?again"),
    ("to itself by an anchor", "http_redirect_limit transfer", "#again"),
    ("nowhere", "http_status processing", ""),
    ("to a script", "http_redirect_denied transfer", "javascript:alert(1)"),
    ("to a file", "http_redirect_denied transfer", "file:///etc/passwd"),
    ("to data", "http_redirect_denied transfer", "data:text/plain,hello"),
    ("to FTP", "http_redirect_denied transfer", "ftp://127.0.0.1/"),
    ("to mail", "http_redirect_denied transfer", "mailto:a@b"),
    ("to gopher", "http_redirect_denied transfer", "gopher://127.0.0.1:70/1"),
    ("to no host", "http_redirect_denied transfer", "http://"),
    ("to a broken address", "http_redirect_denied transfer", "http://[::1"),
    ("to a port beyond all ports", "http_redirect_denied transfer", "http://127.0.0.1:65536/"),
    ("to the cloud's metadata", "http_redirect_denied connect", "http://169.254.169.254/latest/meta-data/"),
    ("to the metadata without a scheme", "http_redirect_denied connect", "//169.254.169.254/"),
    ("to the metadata as one number", "http_redirect_denied connect", "http://2852039166/"),
    ("to the metadata in octal", "http_redirect_denied connect", "http://0251.0376.0251.0376/"),
    ("to the metadata in hexadecimal", "http_redirect_denied connect", "http://0xa9fea9fe/"),
    ("to the metadata within IPv6", "http_redirect_denied connect", "http://[::ffff:169.254.169.254]/"),
    ("to the metadata by NAT64", "http_redirect_denied connect", "http://[64:ff9b::a9fe:a9fe]/"),
    ("to the metadata of IPv6", "http_redirect_denied connect", "http://[fd00:ec2::254]/"),
    ("to a neighbour on the link", "http_redirect_denied connect", "http://[fe80::1]/"),
    ("to loopback of IPv6", "http_redirect_denied connect", "http://[::1]/"),
    ("to no address", "http_redirect_denied connect", "http://0.0.0.0/"),
    ("to everybody", "http_redirect_denied connect", "http://255.255.255.255/"),
    ("to many", "http_redirect_denied connect", "http://224.0.0.1/"),
    ("where nobody listens", "connect_refused connect", "http://127.0.0.1:1/"),
    ("where nobody listens, by TLS", "connect_refused connect", "https://127.0.0.1:1/"),
];

/// Counts the path down: each request is led to the next number, and `/0` is the end.
fn chain(head: &[u8]) -> Vec<u8> {
    let head = String::from_utf8_lossy(head);
    let left: u32 = head.split(['/', ' ']).nth(2).and_then(|it| it.parse().ok()).unwrap_or(0);
    match left.checked_sub(1) {
        None => b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec(),
        Some(next) => {
            format!("HTTP/1.1 302 Found\r\nLocation: /{next}\r\nContent-Length: 0\r\n\r\n").into_bytes()
        }
    }
}
