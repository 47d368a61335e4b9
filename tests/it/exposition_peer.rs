//! The exposition table against a real Prometheus: it scrapes every body of the table from a loopback
//! server, and must come to the verdict that stands there. Debian's is 2.42; rows that newer versions
//! judge otherwise say so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use fingerpost::exposition::{FlawKind, Format};

use crate::peer::process::{Process, find, folder, free_address, write};

#[path = "../../src/exposition/tests/rows.rs"]
mod rows;

use rows::{ROWS, Row, Verdict};

/// How long Prometheus may take to start and to scrape everything twice.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn prometheus_takes_and_refuses_the_same_expositions() {
    let Some(program) = find("prometheus") else { return };
    let (seen, scrapes) = mpsc::channel();
    let folder = folder();
    write(folder.path(), "prometheus.yml", config(serve_rows(seen)));
    let address = free_address();
    let arguments = [
        "--config.file=prometheus.yml".to_owned(),
        "--storage.tsdb.path=tsdb".to_owned(),
        format!("--web.listen-address={address}"),
    ];
    let prometheus = Process::start(&program, &arguments, folder);
    if let Err(missed) = wait_for_second_scrapes(&scrapes) {
        panic!("row {missed} was not scraped twice within {PATIENCE:?}:\n{}", prometheus.said());
    }
    let is_old = ask(address, "/api/v1/status/buildinfo")["data"]["version"]
        .as_str()
        .is_some_and(|version| version.starts_with("2."));
    let errors = last_errors(&ask(address, "/api/v1/targets?state=active"));

    let wrong: Vec<String> = ROWS
        .iter()
        .enumerate()
        .filter_map(|(index, row)| {
            let refusal = &errors[&index];
            let is_taken = matches!(row.verdict, Verdict::Samples(_)) != (row.newer && is_old);
            (refusal.is_empty() != is_taken).then(|| {
                let body = String::from_utf8_lossy(row.body);
                format!("row {index}: {:?} {body:?}\n  Prometheus says {refusal:?}\n", row.format)
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

fn config(bodies: u16) -> String {
    let head = "global: { scrape_interval: 2s, scrape_timeout: 2s }\nscrape_configs:\n- job_name: rows\n";
    let mut config = format!("{head}  static_configs:\n");
    for index in 0..ROWS.len() {
        let labels = format!("__metrics_path__: /{index}, row: \"{index}\"");
        writeln!(config, "  - {{ targets: [\"127.0.0.1:{bodies}\"], labels: {{ {labels} }} }}")
            .expect("a string takes what is written");
    }
    config
}

/// Serves row 7 under `/7`; tells of every row that was asked for.
fn serve_rows(seen: Sender<usize>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("a listener has an address").port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            if let Some(index) = serve_one(&mut stream)
                && seen.send(index).is_err()
            {
                return;
            }
        }
    });
    port
}

fn serve_one(stream: &mut TcpStream) -> Option<usize> {
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
    }
    let index: usize = String::from_utf8_lossy(&request).split_whitespace().nth(1)?[1..].parse().ok()?;
    let Row { format, body, .. } = ROWS.get(index)?;
    let media = match format {
        Format::Text => "text/plain; version=0.0.4; charset=utf-8",
        Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    stream.write_all(body).ok()?;
    Some(index)
}

/// A row that is asked for again was judged the first time. Gives a row that was not.
fn wait_for_second_scrapes(scrapes: &Receiver<usize>) -> Result<(), usize> {
    let deadline = Instant::now() + PATIENCE;
    let mut counts = vec![0_u32; ROWS.len()];
    while let Some(missed) = counts.iter().position(|&count| count < 2) {
        let left = deadline.saturating_duration_since(Instant::now());
        let index = scrapes.recv_timeout(left).map_err(|_timeout| missed)?;
        counts[index] += 1;
    }
    Ok(())
}

fn ask(prometheus: SocketAddr, target: &str) -> serde_json::Value {
    let mut stream = TcpStream::connect(prometheus).expect("a Prometheus that scrapes listens");
    write!(stream, "GET {target} HTTP/1.0\r\nHost: prometheus\r\n\r\n").expect("prometheus reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("prometheus answers");
    let (_, json) = answer.split_once("\r\n\r\n").expect("an answer has a body");
    serde_json::from_str(json).expect("the body is JSON")
}

/// What Prometheus has against each row; empty where it has nothing.
fn last_errors(answer: &serde_json::Value) -> BTreeMap<usize, String> {
    let targets = answer["data"]["activeTargets"].as_array().expect("there are targets");
    targets
        .iter()
        .map(|target| {
            let row = target["labels"]["row"].as_str().expect("a target has its row");
            let error = target["lastError"].as_str().expect("a target has its last error");
            (row.parse().expect("a row is a number"), error.to_owned())
        })
        .collect()
}
