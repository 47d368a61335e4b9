//! The exposition table against a real Prometheus: it scrapes every body of the table from a loopback
//! server, and must come to the verdict that stands there. Debian's is 2.42; rows that newer versions
//! judge otherwise say so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use fingerpost::exposition::{FlawKind, Format};

#[path = "../../src/exposition/tests/rows.rs"]
mod rows;

use rows::{ROWS, Row, Verdict};

/// How long Prometheus may take to start and to scrape everything twice.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn prometheus_takes_and_refuses_the_same_expositions() {
    let Some(version) = prometheus_version() else {
        skip("prometheus_takes_and_refuses_the_same_expositions: there is no `prometheus` in PATH");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (seen, scrapes) = mpsc::channel();
    let bodies = serve_rows(seen);
    let mut prometheus = Prometheus::start(folder.path(), bodies);
    prometheus.wait_for_second_scrapes(&scrapes);
    let errors = prometheus.last_errors();

    let is_old = version.starts_with("2.");
    let wrong: Vec<String> = ROWS
        .iter()
        .enumerate()
        .filter_map(|(index, row)| {
            let refusal = &errors[&index];
            let is_taken = matches!(row.verdict, Verdict::Samples(_)) != (row.newer && is_old);
            (refusal.is_empty() != is_taken).then(|| {
                let body = String::from_utf8_lossy(row.body);
                format!("row {index}: {:?} {body:?}\n  {version} says {refusal:?}\n", row.format)
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

fn prometheus_version() -> Option<String> {
    let output = Command::new("prometheus").arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    text.split_whitespace().nth(2).map(str::to_owned)
}

#[expect(clippy::print_stderr, reason = "a skipped test must say what it wants")]
fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
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

/// A Prometheus of our own, which ends with the test.
struct Prometheus {
    child: Child,
    port: u16,
}

impl Prometheus {
    fn start(folder: &Path, bodies: u16) -> Self {
        let mut config =
            String::from("global: { scrape_interval: 2s, scrape_timeout: 2s }\nscrape_configs:\n- job_name: rows\n");
        config.push_str("  static_configs:\n");
        for index in 0..ROWS.len() {
            let labels = format!("__metrics_path__: /{index}, row: \"{index}\"");
            writeln!(config, "  - {{ targets: [\"127.0.0.1:{bodies}\"], labels: {{ {labels} }} }}")
                .expect("a string takes what is written");
        }
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config).expect("the configuration can be written");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let port = free.local_addr().expect("a listener has an address").port();
        drop(free);
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus starts");
        Self { child, port }
    }

    /// A row that is asked for again was judged the first time.
    fn wait_for_second_scrapes(&mut self, scrapes: &Receiver<usize>) {
        let deadline = Instant::now() + PATIENCE;
        let mut counts = vec![0_u32; ROWS.len()];
        while counts.iter().any(|&count| count < 2) {
            let left = deadline.saturating_duration_since(Instant::now());
            let index = scrapes.recv_timeout(left).expect("prometheus scrapes every row twice");
            counts[index] += 1;
        }
    }

    /// What Prometheus has against each row; empty where it has nothing.
    fn last_errors(&self) -> BTreeMap<usize, String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("prometheus listens");
        let request = "GET /api/v1/targets?state=active HTTP/1.0\r\nHost: prometheus\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("prometheus reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("prometheus answers");
        let (_, json) = answer.split_once("\r\n\r\n").expect("an answer has a body");
        let answer: serde_json::Value = serde_json::from_str(json).expect("the body is JSON");
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
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about that here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
