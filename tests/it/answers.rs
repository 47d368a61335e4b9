//! What alerts want to know beyond the probes' attempts, asked of the real programs: Prometheus, the
//! target itself, Alertmanager.

use std::time::Duration;

use fingerpost::config::Endpoint;
use fingerpost::dial::Dialer;
use fingerpost::prometheus::Prometheus as Asked;
use serde_json::Value;

use crate::peer::alertmanager::Alertmanager;
use crate::peer::daemon::Daemon;
use crate::peer::nginx::Nginx;
use crate::peer::node_exporter::NodeExporter;
use crate::peer::process::{eventually, folder, free_address, write};
use crate::peer::prometheus::Prometheus;

/// Far more than any of it takes; reached only when what is awaited never comes.
const LIMIT: Duration = Duration::from_mins(1);

/// What a Prometheus at that URL answers.
fn ask(url: &str, promql: &str) -> Result<f64, String> {
    let endpoint = Endpoint::at(url.parse().expect("the test's URL is one"));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(Asked::new(endpoint, Dialer::system()).number(promql)).map_err(|it| it.to_string())
}

#[test]
fn prometheus_answers_with_a_number_or_says_why_not() {
    let Some(prometheus) = Prometheus::start("global: {}\n") else { return };
    let ask = |promql| ask(&prometheus.url(), promql);
    assert_eq!(ask("1 + 1"), Ok(2.0));
    assert_eq!(ask("vector(33.3)"), Ok(33.3));
    let labelled = |value: u8, label: &str| format!("label_replace(vector({value}), 'x', '{label}', '', '')");
    let several = format!("{} or {}", labelled(2, "b"), labelled(1, "a"));
    assert_eq!(ask(&several), Ok(1.0), "the first by its labels");
    assert!(ask("no_such_series").is_ok_and(f64::is_nan), "no series, no number");
    assert!(ask("vector(0) / 0").is_ok_and(f64::is_nan));
    assert_eq!(ask("vector(1) / 0"), Ok(f64::INFINITY));
    let error = ask("up{").unwrap_err();
    assert!(error.starts_with("bad_data: ") && error.contains("parse error"), "{error}");
    let error = ask("vector(1)[1m:]").unwrap_err();
    assert!(error.contains("matrix"), "{error}");
    let error = ask("'text'").unwrap_err();
    assert!(error.contains("string"), "{error}");
}

#[test]
fn a_prometheus_that_is_away_has_no_answer() {
    let error = ask(&format!("http://{}", free_address()), "up").unwrap_err();
    assert!(error.contains("connect_refused"), "{error}");
}

/// The target's metrics are asked for under a wrong path, and one label needs escapes in PromQL.
const DROP_IN: &str = r#"
modules:
  scrape: { prober: metrics, timeout: 5s }
  port: { prober: tcp, timeout: 5s }
probes:
  - name: scrape
    module: scrape
    interval: 1s
    targets:
      file_sd_configs:
        - files: [targets/scrape/*.yaml]
alerts:
  - alert: Down
    probe: scrape
    when: target.failing
    checks:
      port: { module: port }
    queries:
      up: 'up{note="{{ labels.note }}"}'
    runbook: /page.html
    steps:
      - { when: queries.up == 1.0 && !checks.port.failing, step: well-for-others }
      - { when: queries.up == 0.0 && checks.port.cause == 'connect_refused', step: gone-for-all }
      - { step: nobody-knows }
"#;

/// The only alert of that name, as the daemon shows it.
fn shown(daemon: &Daemon, name: &str) -> Option<Value> {
    let page: Value = serde_json::from_str(&daemon.get("/api/v1/alerts").body).expect("alerts are JSON");
    let alerts = page["data"]["alerts"].as_array().or_else(|| page.as_array());
    alerts.expect("alerts are a list").iter().find(|it| it["labels"]["alertname"] == name).cloned()
}

#[test]
fn the_step_follows_what_prometheus_and_the_port_say_now() {
    let Some(node) = NodeExporter::start() else { return };
    let address = node.address();
    let own_label = r#"{ note: "it's \"a\\b\"" }"#;
    let scrape = format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: node
    static_configs: [ {{ targets: ['{address}'], labels: {own_label} }} ]
"
    );
    let Some(prometheus) = Prometheus::start(&scrape) else { return };
    let config = folder();
    write(config.path(), "probes.d/a.yaml", DROP_IN);
    let target = format!("- targets: ['http://{address}/no-such-path']\n  labels: {own_label}\n");
    write(config.path(), "targets/scrape/a.yaml", target);
    let daemon = Daemon::start(config, &[format!("--prometheus.url={}", prometheus.url())]);
    let step = |anchor: &str| {
        let seen =
            eventually(LIMIT, || shown(&daemon, "Down").filter(|it| it["runbook"]["anchor"] == anchor));
        seen.unwrap_or_else(|| panic!("no step {anchor}: {:#?}\n{}", shown(&daemon, "Down"), daemon.said()))
    };
    let alert = step("well-for-others");
    let told = alert["annotations"]["description"].as_str().expect("there is evidence");
    assert!(told.contains("\ncheck port: answers") && told.ends_with("\nup: 1"), "{told}");

    drop(node);
    let alert = step("gone-for-all");
    assert_eq!(alert["annotations"]["cause"], "connect_refused");

    drop(prometheus);
    let alert = step("nobody-knows");
    let told = alert["annotations"]["description"].as_str().expect("there is evidence");
    assert!(told.ends_with("\nwithout an answer: query up"), "{told}");
    let page = daemon.get("/metrics").body;
    let failed = page.lines().find_map(|it| it.strip_prefix("fingerpost_queries_total{result=\"failed\"} "));
    assert!(failed.is_some_and(|it| it != "0"), "{page}");
    assert_eq!(daemon.said().matches("no answer").count(), 1, "a state is logged when it changes");
}

const HELD: &str = r"
modules:
  scrape: { prober: metrics, timeout: 5s }
probes:
  - name: scrape
    module: scrape
    interval: 1s
    targets:
      file_sd_configs:
        - files: [targets/scrape/*.yaml]
alerts:
  - alert: Child
    probe: scrape
    when: target.failing
    inhibited_by: [ { alert: RegionIsDown, equal: [region] } ]
    steps: [ { page: /page.html } ]
";

#[test]
fn an_alert_that_somebody_else_fires_holds_ours_back_where_its_labels_are_equal() {
    let Some(alertmanager) = Alertmanager::start() else { return };
    let Some(nginx) = Nginx::start("location /metrics { return 404; }") else { return };
    alertmanager.add(&["alertname=RegionIsDown", "region=us-south"]);
    let config = folder();
    write(config.path(), "probes.d/a.yaml", HELD);
    let target = |region: &str, path: &str| {
        format!("- targets: ['http://{}/{path}']\n  labels: {{ region: {region} }}\n", nginx.address())
    };
    let targets = [target("us-south", "a"), target("eu-de", "b")].concat();
    write(config.path(), "targets/scrape/a.yaml", targets);
    let daemon = Daemon::start(config, &[format!("--alertmanager.url={}", alertmanager.url())]);
    let states = || -> Vec<(String, String)> {
        let page: Value = serde_json::from_str(&daemon.get("/api/v1/alerts").body).expect("alerts are JSON");
        let alerts = page["data"]["alerts"].as_array().or_else(|| page.as_array());
        let of_child =
            alerts.expect("alerts are a list").iter().filter(|it| it["labels"]["alertname"] == "Child");
        let text = |it: &Value| it.as_str().expect("it is a text").to_owned();
        let mut states: Vec<_> =
            of_child.map(|it| (text(&it["labels"]["region"]), text(&it["state"]))).collect();
        states.sort();
        states
    };
    let wanted = [("eu-de", "firing"), ("us-south", "inhibited")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    let seen = eventually(LIMIT, || (states() == wanted).then_some(()));
    assert!(seen.is_some(), "{:?}\n{}", states(), daemon.said());
}

#[test]
fn the_shipped_prom_proxy_probe_asks_its_own_path_and_follows_nobody() {
    let good = "location = /proxy/localhost/6969/metrics { return 200 'up 1\n'; }";
    let Some(good) = Nginx::start(good) else { return };
    let Some(led_away) = Nginx::start("location / { return 302 /elsewhere; }") else { return };
    let config = folder();
    let drop_in = include_str!("../../probes.d/20-prom-proxy.yaml").replace("interval: 30s", "interval: 1s");
    write(config.path(), "probes.d/20-prom-proxy.yaml", drop_in);
    let target = |nginx: &Nginx, cluster: &str| {
        let labels = format!("{{ cluster_id: {cluster}, carrier_name: carrier1, name: prom-proxy }}");
        format!("- targets: ['{}']\n  labels: {labels}\n", nginx.address())
    };
    let targets = [target(&good, "c1"), target(&led_away, "c2")].concat();
    write(config.path(), "targets/prom-proxy/a.yaml", targets);
    let daemon = Daemon::start(config, &[]);
    let metric = |name: &str, cluster: &str| -> Option<String> {
        let page = daemon.get("/metrics").body;
        let cluster = format!("cluster_id=\"{cluster}\"");
        let mut lines =
            page.lines().filter(|it| it.starts_with(&format!("{name}{{")) && it.contains(&cluster));
        lines.next()?.rsplit(' ').next().map(str::to_owned)
    };
    for (name, cluster, value) in
        [("probe_success", "c1", "1"), ("probe_success", "c2", "0"), ("probe_http_status_code", "c2", "302")]
    {
        let seen = eventually(LIMIT, || metric(name, cluster).filter(|it| it == value));
        assert!(seen.is_some(), "{name} of {cluster}: {:?}\n{}", metric(name, cluster), daemon.said());
    }
}
