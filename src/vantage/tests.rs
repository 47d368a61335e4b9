use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;
use crate::spec::{DialSpec, MetricsSpec, TcpSpec, TlsSpec};

fn module(prober: Prober) -> Module {
    let second = Duration::from_secs(1);
    Module { name: "scrape".into(), timeout: second, patience: second, connect_timeout: None, prober }
}

fn metrics() -> Module {
    module(Prober::Metrics(MetricsSpec {
        client: client(),
        fallback_scrape_protocol: None,
        sample_limit: 10,
        label_limit: 10,
    }))
}

fn target() -> Target {
    Target::new("10.0.0.1:9100", &[("__metrics_path__", "/m"), ("job", "node")].into_iter().collect())
}

/// Answers one request, and hands back what it was asked.
async fn vantage(answer: String) -> (SocketAddr, JoinSet<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(asked).unwrap()
    });
    (address, tasks)
}

fn page(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

const FAILED: &str = "# HELP probe_success Whether\n# TYPE probe_success gauge\n\
    probe_success{instance=\"a b} 1\"} 0\nprobe_duration_seconds 1.5\n\
    probe_http_status_code 503\nprobe_http_status_code_x 7\n\
    probe_cause_info{cause=\"http_status\",phase=\"check\"} 1\n";

#[tokio::test]
async fn another_vantage_is_asked_as_an_exporter_is_and_its_metrics_are_the_reading() {
    let (address, mut tasks) = vantage(page(FAILED)).await;
    let via = format!("http://{address}/elsewhere/").parse().unwrap();
    let seen = ask(&Dialer::asking(&[]), &via, &metrics(), &target()).await.unwrap();
    assert_eq!((seen.failing, seen.unknown, seen.status), (true, false, 503));
    assert_eq!((seen.cause, seen.phase), ("http_status", "check"));
    assert_eq!(seen.duration, Duration::from_millis(1500));
    assert_eq!(seen.labels.get("job"), "node");
    let asked = tasks.join_next().await.unwrap().unwrap();
    let first = asked.lines().next().unwrap();
    let path = "/elsewhere/probe?module=scrape&target=http%3A%2F%2F10.0.0.1%3A9100%2Fm";
    assert_eq!(first, format!("GET {path} HTTP/1.1"));
    assert!(asked.contains("x-prometheus-scrape-timeout-seconds: 1.5\r\n"), "{asked}");
}

#[tokio::test]
async fn what_does_not_say_how_the_target_fares_is_no_answer() {
    for answer in [page("probe_duration_seconds 1\n"), page(""), "HTTP/1.1 400 No\r\n\r\n".to_owned()] {
        let (address, _tasks) = vantage(answer.clone()).await;
        let via = format!("http://{address}").parse().unwrap();
        assert!(ask(&Dialer::asking(&[]), &via, &metrics(), &target()).await.is_err(), "{answer}");
    }
}

#[test]
fn a_vantage_that_cannot_tell_does_not_call_it_a_failure() {
    let seen = read("probe_success 0\nprobe_unknown 1\n", &metrics(), &target()).unwrap();
    assert!(seen.unknown && !seen.failing);
    let seen = read("probe_success 1\n", &metrics(), &target()).unwrap();
    assert!(!seen.unknown && !seen.failing && seen.cause.is_empty());
    let invented = "probe_success 0\nprobe_cause_info{cause=\"invented\",phase=\"check\"} 1\n";
    assert_eq!(read(invented, &metrics(), &target()).unwrap().cause, "", "causes come from our list alone");
}

#[test]
fn a_port_is_asked_by_its_address() {
    let tcp = TcpSpec {
        dial: DialSpec::default(),
        tls: None,
        starttls: TlsSpec::default(),
        query_response: Vec::new(),
    };
    let via = "http://b:9115/probe".parse().unwrap();
    let url = probe_url(&via, &module(Prober::Tcp(tcp)), &target());
    assert_eq!(url.as_str(), "http://b:9115/probe?module=scrape&target=10.0.0.1%3A9100");
}
