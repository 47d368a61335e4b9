//! From a drop-in to the page of the person on call, with the real programs on either side.

use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use crate::peer::alertmanager::{Alert, Alertmanager};
use crate::peer::daemon::Daemon;
use crate::peer::nginx::Nginx;
use crate::peer::node_exporter::NodeExporter;
use crate::peer::process::{Process, eventually, folder, free_address, write};
use crate::peer::prometheus::{Labels, Prometheus, promtool_check_metrics};

/// Far more than any of it takes; reached only when what is awaited never comes.
const LIMIT: Duration = Duration::from_mins(1);

const SITE: &str = "https://runbooks.test/site";

const GONE: &str = "location /metrics { return 404; }";

const MENDED: &str = "location /metrics { return 200 '# TYPE doors gauge\ndoors 4\n'; }";

/// What the shipped drop-in does, at a pace for tests.
const DROP_IN: &str = r#"
modules:
  scrape:
    prober: metrics
    timeout: 5s
probes:
  - name: scrape
    module: scrape
    interval: 1s
    targets:
      file_sd_configs:
        - files: [targets/scrape/*.yaml]
alerts:
  - alert: KubernetesEndpointScrapeFailure
    probe: scrape
    when: target.failing
    for: 1s
    labels:
      severity: critical
      alert_situation: "{{ labels.hostname }}_{{ labels.name }}_scrape_failure"
    annotations:
      summary: "{{ labels.instance }} is failing to scrape"
    runbook: /armada/armada-global-scrape-failure.html
    steps:
      - { when: "target.cause == 'http_status' && target.status == 404", step: http-404-actions }
      - { when: "target.cause == 'deadline_exceeded'", step: context-deadline-exceeded-actions }
      - { step: if-calico-node-is-running-perform-further-checks }
"#;

/// A daemon that watches a node-exporter, which is well, and an nginx, which serves what the test says.
struct Scene {
    daemon: Daemon,
    node: NodeExporter,
    nginx: Nginx,
}

impl Scene {
    /// `None` where a program is missing.
    fn start(server: &str, flags: &[String]) -> Option<Self> {
        let node = NodeExporter::start()?;
        let nginx = Nginx::start(server)?;
        let config = folder();
        write(config.path(), "probes.d/10-scrape.yaml", DROP_IN);
        write(config.path(), "targets/scrape/fleet.yaml", fleet(node.address(), nginx.address()));
        let daemon = Daemon::start(config, flags);
        Some(Self { daemon, node, nginx })
    }
}

fn fleet(node: SocketAddr, nginx: SocketAddr) -> String {
    format!(
        "- targets: ['{node}']
  labels: {{ name: node-exporter, hostname: host-1, carrier_name: prod-dal10-carrier1, region: us-south }}
- targets: ['{nginx}']
  labels: {{ name: doors, hostname: host-2, carrier_name: prod-dal10-carrier1, region: us-south }}
"
    )
}

/// The scrape that the documentation asks for.
fn scrape_of(daemon: &Daemon) -> String {
    format!(
        "scrape_configs:
  - job_name: fingerpost
    honor_labels: true
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [ {{ targets: ['{}'] }} ]
",
        daemon.address()
    )
}

fn value_of(series: &[(Labels, f64)], instance: SocketAddr) -> Option<f64> {
    let instance = instance.to_string();
    series.iter().find(|(labels, _)| labels["instance"] == instance).map(|(_, value)| *value)
}

fn named(alerts: Vec<Alert>, name: &str) -> Option<Alert> {
    alerts.into_iter().find(|it| it.labels.get("alertname").is_some_and(|it| it == name))
}

#[test]
fn prometheus_has_the_success_of_every_target_under_the_targets_own_labels() {
    let Some(scene) = Scene::start(GONE, &[]) else { return };
    let Some(prometheus) = Prometheus::start(&scrape_of(&scene.daemon)) else { return };
    let seen = eventually(LIMIT, || {
        let series = prometheus.query("probe_success");
        (series.len() == 2).then_some(series)
    });
    let series = seen.unwrap_or_else(|| panic!("no two series of probe_success\n{}", scene.daemon.said()));
    assert_eq!(value_of(&series, scene.node.address()), Some(1.0));
    assert_eq!(value_of(&series, scene.nginx.address()), Some(0.0));
    for (labels, _) in &series {
        assert_eq!(labels["probe"], "scrape");
        assert_eq!(labels["carrier_name"], "prod-dal10-carrier1");
        assert!(!labels.contains_key("exported_instance"), "{labels:?}");
    }
    let causes = eventually(LIMIT, || prometheus.query("probe_cause_info").pop());
    let (labels, _) = causes.expect("what fails has a cause");
    assert_eq!(labels["cause"], "http_status");
    assert_eq!(labels["instance"], scene.nginx.address().to_string());
}

#[test]
fn promtool_has_nothing_to_say_about_the_metrics() {
    let Some(scene) = Scene::start(GONE, &[]) else { return };
    let page = eventually(LIMIT, || {
        let page = scene.daemon.get("/metrics").body;
        (page.matches("\nprobe_success{").count() == 2).then_some(page)
    });
    let page = page.unwrap_or_else(|| panic!("both targets are on the page\n{}", scene.daemon.said()));
    let Some(told) = promtool_check_metrics(&page) else { return };
    assert!(told.is_empty(), "{told:#?}\n{page}");
}

#[test]
fn amtool_shows_the_alert_with_its_step_until_the_target_is_mended() {
    let Some(alertmanager) = Alertmanager::start() else { return };
    let flags = [format!("--alertmanager.url={}", alertmanager.url()), format!("--runbook.base-url={SITE}")];
    let Some(mut scene) = Scene::start(GONE, &flags) else { return };
    let firing = || named(alertmanager.amtool_alerts(), "KubernetesEndpointScrapeFailure");
    let alert = eventually(LIMIT, firing).unwrap_or_else(|| panic!("no alert\n{}", scene.daemon.said()));
    let instance = scene.nginx.address().to_string();
    assert_eq!(alert.labels["instance"], instance);
    assert_eq!(alert.labels["alert_situation"], "host-2_doors_scrape_failure");
    assert_eq!(alert.labels["severity"], "critical");
    let step = format!("{SITE}/armada/armada-global-scrape-failure.html#http-404-actions");
    assert_eq!(alert.annotations["runbook_url"], step);
    assert_eq!(alert.annotations["cause"], "http_status");
    assert_eq!(alert.annotations["summary"], format!("{instance} is failing to scrape"));

    scene.nginx.serve(MENDED);
    let gone = eventually(LIMIT, || firing().is_none().then_some(()));
    assert!(gone.is_some(), "the target is well and the alert is still there\n{}", scene.daemon.said());
}

#[test]
fn the_daemon_ends_well_when_it_is_asked_to() {
    let config = folder();
    write(config.path(), "probes.d/10-scrape.yaml", DROP_IN);
    let daemon = Daemon::start(config, &[]);
    assert_eq!(daemon.get("/-/healthy").status, 200);
    let status = daemon.stop().expect("it ends within a minute");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn the_service_manager_hears_when_the_daemon_is_ready_reloads_and_stops() {
    let config = folder();
    write(config.path(), "probes.d/10-scrape.yaml", DROP_IN);
    let socket = folder();
    let path = socket.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a folder of our own takes a socket");
    manager.set_read_timeout(Some(LIMIT)).expect("a limit is no zero");
    let arguments = [
        format!("NOTIFY_SOCKET={}", path.display()),
        env!("CARGO_BIN_EXE_fingerpost").to_owned(),
        "run".to_owned(),
        format!("--config.dir={}", config.path().display()),
        format!("--web.listen-address={}", free_address()),
    ];
    let mut daemon = Process::start(Path::new("/usr/bin/env"), &arguments, config);
    let hear = |daemon: &Process| {
        let mut heard = [0; 1024];
        let length = manager.recv(&mut heard).unwrap_or_else(|error| panic!("{error}\n{}", daemon.said()));
        String::from_utf8_lossy(&heard[..length]).into_owned()
    };
    let ready = hear(&daemon);
    assert!(
        ready.contains("READY=1\n") && ready.contains("STATUS=watching 0 targets of 1 probes"),
        "{ready}"
    );
    daemon.signal("HUP");
    let reloading = hear(&daemon);
    assert!(reloading.contains("RELOADING=1\n") && reloading.contains("MONOTONIC_USEC="), "{reloading}");
    assert!(hear(&daemon).contains("READY=1\n"));
    daemon.signal("TERM");
    assert!(hear(&daemon).contains("STOPPING=1"));
    let status = daemon.await_end(LIMIT).expect("it ends within a minute");
    assert_eq!(status.code(), Some(0));
}
