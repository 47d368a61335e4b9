//! What targets answer, over a real connection.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use fingerpost::cause::{Judged, Verdict};
use fingerpost::config::{LastGood, Source, load};
use fingerpost::dial::Dialer;
use fingerpost::exposition::{Format, Limits, Scan};
use fingerpost::labels::Labels;
use fingerpost::probe;
use fingerpost::spec::Module;
use fingerpost::target::Target as Asked;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::lab;
use super::{Target, hold, kind};

/// An exposition as a target may send it: with its length, in chunks, packed, up to the end.
pub(super) const SCRAPE: Target = Target {
    name: "scrape",
    seeds: super::exposition::TEXT.seeds,
    words: super::exposition::TEXT.words,
    bytes_max: 2048,
    runs: 150,
    hold: scrape,
};

#[test]
fn an_exposition_means_the_same_however_it_is_sent() {
    hold(&SCRAPE);
}

const MODULE: &str = "modules: { scrape: { prober: metrics, timeout: 20s } }";

fn module() -> &'static Module {
    static MODULE_READ: OnceLock<Arc<Module>> = OnceLock::new();
    MODULE_READ.get_or_init(|| {
        let loaded = load(&[Source { name: "m.yaml".into(), text: Ok(MODULE.into()) }], &LastGood::default());
        Arc::clone(&loaded.config.modules["scrape"])
    })
}

fn dialer() -> &'static Dialer {
    static DIALER: OnceLock<Dialer> = OnceLock::new();
    DIALER.get_or_init(|| Dialer::asking(&[]))
}

/// What the scrape makes of an answer.
fn judged(answer: &[u8]) -> Judged {
    lab::within(|lab| {
        let target = Asked::new(&lab.address.to_string(), &Labels::default());
        let asking = async { probe::ask(dialer(), module(), &target).await.0 };
        Judged::new(module(), lab.while_answering(|| answer.to_vec(), asking))
    })
}

fn scrape(body: &[u8]) -> u64 {
    let mut scan = Scan::new(Format::Text, Limits::default());
    let expected = scan.push(body).and_then(|()| scan.finish());
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n";
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(body).expect("memory takes it");
    let packed = gzip.finish().expect("memory takes it");
    let longest = 1 + body.len() / 3;
    let chunk = |it: &[u8]| [format!("{:x}\r\n", it.len()).as_bytes(), it, b"\r\n"].concat();
    let chunks: Vec<u8> = body.chunks(longest).flat_map(chunk).collect();
    let sent = [
        [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat(),
        [head.as_bytes(), b"Transfer-Encoding: chunked\r\n\r\n", &chunks, b"0\r\n\r\n"].concat(),
        [
            format!("{head}Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len()).as_bytes(),
            &packed,
        ]
        .concat(),
        [head.as_bytes(), b"Connection: close\r\n\r\n", body].concat(),
    ];
    for (way, bytes) in ["with its length", "in chunks", "packed", "up to the end"].iter().zip(sent) {
        let judged = judged(&bytes);
        assert_eq!(judged.outcome.exposition, Some(expected), "{way}");
        assert_eq!(judged.verdict == Verdict::Success, expected.is_ok(), "{way}");
    }
    kind(expected.map(|it| it.samples).map_err(|it| it.kind))
}
