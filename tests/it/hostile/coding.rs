//! Bodies that are not encoded as they say, or unfold to more than anybody wants.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::case::{Case, page, says, says_on};
use super::server::Act;

pub(crate) fn cases() -> Vec<Case> {
    let failed = "decode_failed transfer";
    let plain = [("plain text", failed, b"hello".to_vec()), ("nothing", failed, Vec::new())];
    let mut cases = Vec::new();
    for (module, label, encode) in [
        ("gzip", "gzip", gzip as fn(&[u8]) -> Vec<u8>),
        ("deflate", "zlib", zlib),
        ("deflate", "deflate", deflate),
    ] {
        let whole = encode(&letters(2000));
        let bomb = encode(&vec![0; 20 << 20]);
        let mut rows = vec![
            ("as it should be", "", whole.clone()),
            ("cut in half", failed, whole[..whole.len() / 2].to_vec()),
            ("without its last byte", failed, whole[..whole.len() - 1].to_vec()),
            ("of one byte", failed, whole[..1].to_vec()),
            ("unfolding a thousandfold", "decode_limit transfer", bomb.clone()),
            ("unfolding a thousandfold, cut short", "decode_limit transfer", bomb[..bomb.len() / 2].to_vec()),
            ("of much text", "body_too_large transfer", encode(&letters(400_000))),
            ("within itself", "", encode(&whole)),
        ];
        rows.extend(plain.clone());
        cases.extend(rows.into_iter().map(|(name, expected, body)| {
            of(module, &format!("{label} {name}"), expected, says(page("", body)))
        }));
    }
    cases.extend(of_gzip());
    cases.extend(of_brotli());
    cases.extend(of_header());
    cases
}

fn of(module: &'static str, name: &str, expected: &'static str, act: Act) -> Case {
    Case::new(module, format!("coding: {name}"), expected, act)
}

/// What only gzip has: members and sums.
fn of_gzip() -> Vec<Case> {
    let failed = "decode_failed transfer";
    let whole = gzip(&letters(2000));
    let broken = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        bytes
    };
    let named = [&b"\x1f\x8b\x08\x08\0\0\0\0\0\xff"[..], &vec![b'n'; 64 << 10]].concat();
    let end = whole.len();
    let mut cases: Vec<Case> = [
        ("gzip with a broken byte", failed, broken(end / 2)),
        ("gzip with a wrong sum", failed, broken(end - 8)),
        ("gzip with a wrong length", failed, broken(end - 4)),
        ("gzip with another method", failed, broken(2)),
        ("gzip of two members", "", whole.repeat(2)),
        ("gzip of a thousand members", "", gzip(b"x").repeat(1000)),
        ("gzip with a tail", failed, [whole.clone(), b"tail".to_vec()].concat()),
        ("gzip with nothing but a name", failed, named.clone()),
    ]
    .into_iter()
    .map(|(name, expected, body)| of("gzip", name, expected, says(page("", body))))
    .collect();
    let bomb = gzip(&vec![0; 10 << 20]);
    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    cases.extend([
        of("gzip", "gzip of bombs without end", "decode_limit transfer", says_on(head, bomb)),
        of(
            "gzip",
            "gzip of empty members without end",
            "body_too_large transfer",
            says_on(head, gzip(b"").repeat(1000)),
        ),
        of(
            "gzip",
            "gzip whose name never ends",
            "decode_failed transfer",
            says_on([&head[..], &named].concat(), vec![b'n'; 64 << 10]),
        ),
    ]);
    cases
}

fn of_brotli() -> Vec<Case> {
    let failed = "decode_failed transfer";
    [
        ("brotli as it should be", "", BROTLI_HELLO.to_vec()),
        ("brotli cut short", failed, BROTLI_HELLO[..8].to_vec()),
        ("brotli with a tail", failed, [BROTLI_HELLO, b"tail"].concat()),
        ("plain text for brotli", failed, b"hello".to_vec()),
        ("nothing for brotli", failed, Vec::new()),
        ("brotli with a window beyond the standard", failed, BROTLI_WIDE.to_vec()),
        ("zeros for brotli", failed, vec![0; 100]),
        ("high bytes for brotli", failed, vec![0xff; 1000]),
    ]
    .into_iter()
    .map(|(name, expected, body)| of("br", name, expected, says(page("", body))))
    .collect()
}

/// What the header says of metrics.
fn of_header() -> Vec<Case> {
    let typed = "Content-Type: text/plain; version=0.0.4\r\n";
    let body = b"up 1\n".to_vec();
    let bomb = gzip(&b"x 1\n".repeat(8 << 20));
    [
        ("metrics in gzip", "", "gzip", gzip(&body)),
        ("metrics that are not in gzip", "decode_failed transfer", "gzip", body.clone()),
        ("metrics in gzip cut short", "decode_failed transfer", "gzip", gzip(&body)[..15].to_vec()),
        ("metrics in gzip that are a bomb", "sample_limit check", "gzip", bomb),
        (
            "metrics in gzip that are a bomb of one line",
            "label_limit check",
            "gzip",
            gzip(&vec![b'x'; 32 << 20]),
        ),
        ("metrics in gzip within gzip", "exposition_syntax check", "gzip", gzip(&gzip(&body))),
        (
            "metrics in a coding that was not asked for",
            "exposition_syntax check",
            "br",
            BROTLI_HELLO.to_vec(),
        ),
        ("metrics in two codings", "exposition_syntax check", "gzip, gzip", gzip(&gzip(&body))),
    ]
    .into_iter()
    .map(|(name, expected, coding, body)| {
        of("metrics", name, expected, says(page(&format!("{typed}Content-Encoding: {coding}\r\n"), body)))
    })
    .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes bytes");
    encoder.finish().expect("memory takes bytes")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes bytes");
    encoder.finish().expect("memory takes bytes")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes bytes");
    encoder.finish().expect("memory takes bytes")
}

/// Text that shrinks to about a third.
fn letters(count: u32) -> Vec<u8> {
    (0..count).flat_map(|it| it.wrapping_mul(2_654_435_761).to_string().into_bytes()).collect()
}

/// "hello"; the same in a window of 2^30.
const BROTLI_HELLO: &[u8] = b"\x0b\x02\x80hello\x03";
const BROTLI_WIDE: &[u8] = b"\x11\x1e\x08\x00\x02hello\x03";
