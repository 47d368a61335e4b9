use std::io::Write as _;

use flate2::write::GzEncoder;

use super::lab::{Server, ask, metrics_with, page};
use crate::cause::{Cause, Verdict, judge};
use crate::outcome::{End, Fault, FaultKind, Phase};
use crate::spec::ScrapeProtocol;

const TEXT: &str = "Content-Type: text/plain; version=0.0.4\r\n";

#[tokio::test]
async fn it_asks_as_prometheus_asks() {
    let server = Server::answering(page(TEXT, "up 1\n")).await;
    let outcome = ask(&metrics_with(|_| {}), &server.address.to_string()).await;
    assert_eq!(outcome.exposition.unwrap().unwrap().samples, 1);
    let head = &server.heads()[0];
    assert!(head.starts_with("GET /metrics HTTP/1.1\r\n"), "{head}");
    let accept = "accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
        application/openmetrics-text;version=0.0.1;q=0.5,\
        text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n";
    assert!(head.contains(accept), "{head}");
    assert!(head.contains("accept-encoding: gzip\r\n"), "{head}");
    assert!(head.contains("x-prometheus-scrape-timeout-seconds: 30\r\n"), "{head}");
}

#[tokio::test]
async fn each_answer_has_the_verdict_that_a_scrape_has() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let gzipped = format!("{TEXT}Content-Encoding: gzip\r\n");
    let open = "Content-Type: application/openmetrics-text; version=1.0.0\r\n";
    let failure = |cause, phase| Verdict::Failure(cause, phase);
    let table: Vec<(&str, Vec<u8>, Verdict)> = vec![
        ("text", page(TEXT, "up 1\n"), Verdict::Success),
        ("gzip", page(&gzipped, gzip(b"up 1\n")), Verdict::Success),
        ("OpenMetrics", page(open, "up 1\n# EOF\n"), Verdict::Success),
        ("OpenMetrics cut", page(open, "up 1\n"), failure(Cause::ExpositionSyntax, Phase::Check)),
        ("no type", page("", "up 1\n"), failure(Cause::ContentType, Phase::Check)),
        ("no type and no body", page("", ""), Verdict::Success),
        ("a page", page("Content-Type: text/html\r\n", "<p>"), failure(Cause::ContentType, Phase::Check)),
        ("broken", page(TEXT, "up 1\nup{ 1\n"), failure(Cause::ExpositionSyntax, Phase::Check)),
        ("not gzip", page(&gzipped, "up 1\n"), failure(Cause::DecodeFailed, Phase::Transfer)),
        (
            "206 is not 200",
            "HTTP/1.1 206 Part\r\nContent-Length: 5\r\n\r\nup 1\n".into(),
            failure(Cause::HttpStatus, Phase::Processing),
        ),
        (
            "a body that never ends under a bad status",
            "HTTP/1.1 500 Oh\r\nContent-Length: 500\r\n\r\nup".into(),
            failure(Cause::HttpStatus, Phase::Processing),
        ),
    ];
    let module = metrics_with(|_| {});
    for (name, answer, verdict) in table {
        let server = Server::answering(answer).await;
        let seen = judge(&module, &ask(&module, &server.address.to_string()).await);
        assert_eq!(seen, verdict, "{name}");
    }
}

#[tokio::test]
async fn a_flaw_ends_the_reading_of_a_body_that_never_ends() {
    let server = Server::repeating(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nup{ 1\n",
        "up 1\n".repeat(1000),
    )
    .await;
    let outcome = ask(&metrics_with(|_| {}), &server.address.to_string()).await;
    assert_eq!(outcome.end, End::Reply);
    assert_eq!(outcome.exposition.unwrap().unwrap_err().line, 1);
    server.deserted().await;
}

#[tokio::test]
async fn samples_and_bytes_have_their_limits() {
    let module = metrics_with(|spec| (spec.sample_limit, spec.client.body_bytes_max) = (2, 1000));
    let server = Server::answering(page(TEXT, "a 1\nb 1\nc 1\n")).await;
    let seen = judge(&module, &ask(&module, &server.address.to_string()).await);
    assert_eq!(seen, Verdict::Failure(Cause::SampleLimit, Phase::Check));
    let server = Server::answering(page(TEXT, format!("#{}\n", "x".repeat(1000)))).await;
    let outcome = ask(&module, &server.address.to_string()).await;
    assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Transfer, kind: FaultKind::BodyTooLarge }));
}

#[tokio::test]
async fn a_fallback_reads_what_has_no_type() {
    let module = metrics_with(|spec| spec.fallback_scrape_protocol = Some(ScrapeProtocol::Text));
    let server = Server::answering(page("", "up 1\n")).await;
    let outcome = ask(&module, &server.address.to_string()).await;
    assert_eq!(judge(&module, &outcome), Verdict::Success);
}
