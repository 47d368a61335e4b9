//! Each program comes up here by itself. So where a test of the daemon fails, it is the daemon.

use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use super::alertmanager::Alertmanager;
use super::http;
use super::nginx::Nginx;
use super::node_exporter::NodeExporter;
use super::process::{Process, eventually, folder, free_address, insist, look_up};
use super::prometheus::{Prometheus, promtool_check_metrics};

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn prometheus_scrapes_a_node_exporter() {
    let Some(node) = NodeExporter::start() else { return };
    let job = format!("static_configs: [ {{ targets: ['{}'] }} ]", node.address());
    let config =
        format!("scrape_configs: [ {{ job_name: node, scrape_interval: 1s, scrape_timeout: 1s, {job} }} ]");
    let Some(prometheus) = Prometheus::start(&config) else { return };
    let up = eventually(LIMIT, || prometheus.query("up == 1").pop());
    let (labels, value) = up.expect("the exporter is scraped");
    assert!((value - 1.0).abs() < f64::EPSILON);
    assert_eq!(labels["job"], "node");
    assert_eq!(labels["instance"], node.address().to_string());
}

#[test]
fn alertmanager_shows_the_same_alert_by_either_way() {
    let Some(alertmanager) = Alertmanager::start() else { return };
    assert_eq!(alertmanager.alerts(), []);
    alertmanager.amtool(&["alert", "add", "alertname=Planted", "--annotation=runbook_url=https://x.test/#a"]);
    let seen = eventually(LIMIT, || alertmanager.alerts().pop()).expect("what was added is shown");
    assert_eq!(seen.labels["alertname"], "Planted");
    assert_eq!(seen.annotations["runbook_url"], "https://x.test/#a");
    assert!(!seen.starts_at.is_empty());
    assert_eq!(alertmanager.amtool_alerts(), [seen]);
}

#[test]
fn nginx_serves_what_it_was_told_last() {
    let Some(mut nginx) = Nginx::start("location /metrics { return 404; }") else { return };
    assert_eq!(http::get(nginx.address(), "/metrics").unwrap().status, 404);
    nginx.serve("location /metrics { return 200 'up 1\n'; }");
    let reply = http::get(nginx.address(), "/metrics").unwrap();
    assert_eq!((reply.status, reply.body.as_str()), (200, "up 1\n"));
    assert!(reply.head.contains("Content-Type: text/plain; version=0.0.4"), "{}", reply.head);
}

#[test]
fn promtool_complains_about_a_counter_without_total_and_not_about_one_with_it() {
    let page = |name: &str| format!("# HELP {name} Things seen.\n# TYPE {name} counter\n{name} 1\n");
    let Some(told) = promtool_check_metrics(&page("seen_total")) else { return };
    assert_eq!(told, [""; 0]);
    let told = promtool_check_metrics(&page("seen")).expect("promtool was here a moment ago");
    assert!(told.iter().any(|it| it.contains("_total")), "{told:?}");
    let told = promtool_check_metrics("seen{").expect("promtool was here a moment ago");
    assert!(!told.is_empty());
}

#[test]
fn a_program_ends_with_its_handle_and_so_does_what_it_started() {
    let Some(nginx) = Nginx::start("return 204;") else { return };
    let address = nginx.address();
    drop(nginx);
    TcpStream::connect(address).expect_err("nobody listens any more");

    let folder = folder();
    let file = folder.path().join("child");
    let script = format!("sleep 600 & echo $! > {}; wait", file.display());
    let mut shell =
        Process::start(Path::new("/bin/sh"), &["-c".to_owned(), script], super::process::folder());
    shell.await_ready(|| std::fs::read_to_string(&file).is_ok_and(|it| it.ends_with('\n'))).unwrap();
    let child = std::fs::read_to_string(&file).unwrap();
    let status = format!("/proc/{}/status", child.trim());
    assert!(Path::new(&status).exists());
    drop(shell);
    let gone = eventually(LIMIT, || ended(&status).then_some(()));
    assert!(gone.is_some(), "the shell's child outlived it");
}

/// A process that nobody has reaped yet has ended all the same.
fn ended(status: &str) -> bool {
    std::fs::read_to_string(status).map_or(true, |it| it.contains("State:\tZ"))
}

#[test]
fn a_program_that_ends_too_early_is_told_with_its_last_words() {
    let script = ["-c".to_owned(), "echo out of tea >&2; exit 3".to_owned()];
    let mut shell = Process::start(Path::new("/bin/sh"), &script, folder());
    let told = shell.await_ready(|| false).unwrap_err();
    assert!(told.contains("out of tea") && told.contains("status: 3"), "{told}");
}

#[test]
fn a_program_that_is_told_to_end_tells_how_it_ended() {
    let script = ["-c".to_owned(), "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done".to_owned()];
    let mut shell = Process::start(Path::new("/bin/sh"), &script, folder());
    let log = shell.log().to_owned();
    shell.await_ready(|| std::fs::read_to_string(&log).is_ok_and(|it| it == "ready\n")).unwrap();
    assert_eq!(shell.await_end(Duration::ZERO), None);
    shell.signal("TERM");
    assert_eq!(shell.await_end(LIMIT).and_then(|it| it.code()), Some(7));
}

#[test]
fn a_program_that_nobody_has_is_not_found() {
    assert_eq!(look_up("no-such-program-anywhere"), None);
    insist("no-such-program-anywhere", false);
}

#[test]
#[should_panic(expected = "no no-such-program-anywhere")]
fn a_missing_program_is_a_failure_where_all_must_be_proved() {
    insist("no-such-program-anywhere", true);
}

#[test]
fn two_free_addresses_are_not_the_same() {
    assert_ne!(free_address(), free_address());
}
