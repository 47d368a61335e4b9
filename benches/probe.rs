//! How long one http probe takes against a server on loopback, and how its total compares with what
//! curl says of the same page (`%{time_total}`), side by side.
#![expect(clippy::print_stdout, reason = "a bench is there to print")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::thread;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use fingerpost::dial::Dialer;
use fingerpost::labels::Labels;
use fingerpost::outcome::{End, Phase};
use fingerpost::probe::ask;
use fingerpost::spec::{HttpClient, HttpSpec, Module, Prober};
use fingerpost::target::Target;
use tokio::runtime::Runtime;

fn one_probe(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime can be made");
    let (dialer, module) = (Dialer::system(), module());
    let target = Target::new(&format!("http://{}/", serve(Duration::ZERO)), &Labels::default());
    criterion.bench_function("http probe on loopback", |bencher| {
        bencher.iter(|| {
            let (outcome, _) = runtime.block_on(ask(&dialer, &module, &target));
            assert_eq!(outcome.end, End::Reply);
        });
    });
}

/// Medians, in milliseconds, for a server that answers at once and for ones that think.
fn beside_curl(_: &mut Criterion) {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("no curl here: nothing to compare with");
        return;
    }
    let runtime = Runtime::new().expect("a runtime can be made");
    let (dialer, module) = (Dialer::system(), module());
    println!("server thinks   probe      curl       difference");
    for thinking in [0, 5, 50].map(Duration::from_millis) {
        let url = format!("http://{}/", serve(thinking));
        let target = Target::new(&url, &Labels::default());
        let probe = median(|| {
            let (outcome, _) = runtime.block_on(ask(&dialer, &module, &target));
            assert_eq!(outcome.phases.total(), outcome.duration);
            assert!(outcome.phases.of(Phase::Processing) >= thinking);
            outcome.duration.as_secs_f64() * 1e3
        });
        let curl = median(|| curl_total(&url) * 1e3);
        let difference = probe - curl;
        println!("{:>10} ms {probe:>8.3} ms {curl:>8.3} ms {difference:>+8.3} ms", thinking.as_millis());
    }
}

fn median(mut measure: impl FnMut() -> f64) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS).map(|_| measure()).collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn curl_total(url: &str) -> f64 {
    let output = Command::new("curl")
        .args(["--silent", "--output", "/dev/null", "--write-out", "%{time_total}", "--noproxy", "*", url])
        .output()
        .expect("curl was there a moment ago");
    String::from_utf8_lossy(&output.stdout).parse().expect("curl prints seconds")
}

/// A server that answers each connection with one page, after some thought.
fn serve(thinking: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
    let address = listener.local_addr().expect("a listener has an address");
    thread::spawn(move || {
        let page = "x".repeat(PAGE_BYTES);
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {PAGE_BYTES}\r\n\r\n{page}");
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection can be accepted");
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok_and(|it| it > 0) {
                thread::sleep(thinking);
                let _ = stream.write_all(answer.as_bytes());
                // The client closes, so that its ports wait and not ours.
                let _ = stream.read(&mut request);
            }
        }
    });
    address
}

fn module() -> Module {
    let client = HttpClient::default();
    let spec = HttpSpec { client, ..HttpSpec::default() };
    let timeout = Duration::from_secs(10);
    Module {
        name: "bench".into(),
        timeout,
        patience: timeout,
        connect_timeout: None,
        prober: Prober::Http(spec),
    }
}

const ROUNDS: usize = 51;
const PAGE_BYTES: usize = 16 << 10;

criterion_group!(benches, one_probe, beside_curl);
criterion_main!(benches);
