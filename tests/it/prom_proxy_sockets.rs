//! prom-proxy over real sockets: a carrier of a hundred clusters on as many addresses of loopback,
//! and one that is cut off.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;

use crate::peer::daemon::Daemon;
use crate::peer::door::Behind::Silent;
use crate::peer::door::{Door, Porter};
use crate::peer::process::{eventually, folder, free_address, write};
use crate::peer::shipped::hastened;

/// Far more than any of it takes; reached only when what is awaited never comes.
const LIMIT: Duration = Duration::from_mins(1);

const DROP_IN: &str = "20-prom-proxy.yaml";

const PAGE: &str = "/armada/armada-kubx-prom-proxy-down.html#";

/// Where the first to the hundredth cluster is.
fn cluster(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 42, number)
}

fn target(address: SocketAddr, cluster: &str, carrier: &str) -> String {
    format!(
        "- targets: ['{address}']\n  labels: {{ cluster_id: {cluster}, carrier_name: {carrier}, name: prom-proxy }}\n"
    )
}

/// Of each cluster whose alert fires the anchor of its step.
fn steps(daemon: &Daemon) -> BTreeMap<String, String> {
    let page: Value = serde_json::from_str(&daemon.get("/api/v1/alerts").body).expect("alerts are JSON");
    let alerts = page["data"]["alerts"].as_array().expect("alerts are a list");
    let ours = alerts.iter().filter(|it| it["labels"]["alertname"] == "prom-proxy_service_instance_down");
    let firing = ours.filter(|it| it["state"] == "firing");
    let text = |it: &Value| it.as_str().expect("it is a text").to_owned();
    let anchor = |it: &Value| {
        let url = text(&it["annotations"]["runbook_url"]);
        url.split_once(PAGE).unwrap_or_else(|| panic!("another page: {url}")).1.to_owned()
    };
    firing.map(|it| (text(&it["labels"]["cluster_id"]), anchor(it))).collect()
}

#[track_caller]
fn await_steps(daemon: &Daemon, wanted: &BTreeMap<String, String>) {
    let seen = eventually(LIMIT, || (steps(daemon) == *wanted).then_some(()));
    assert!(seen.is_some(), "wanted {wanted:#?}, got {:#?}\n{}", steps(daemon), daemon.said());
}

#[test]
fn five_of_a_hundred_escalate_a_sixth_rolls_back_and_a_carrier_out_of_reach_is_its_environment() {
    let port = free_address().port();
    let clusters = Porter::start((Ipv4Addr::UNSPECIFIED, port).into(), Some(200));
    let down = [7, 23, 42, 77, 100];
    for number in down {
        clusters.answer_at(cluster(number), 503);
    }
    let cut_off = [Door::open(Silent), Door::open(Silent), Door::open(Silent)];
    let control = Door::open(Silent);

    let config = folder();
    write(config.path(), &format!("probes.d/{DROP_IN}"), hastened(DROP_IN));
    let hundred =
        (1..=100).map(|it| target((cluster(it), port).into(), &format!("c{it}"), "prod-dal10-carrier1"));
    let three = cut_off.iter().enumerate();
    let three = three.map(|(at, it)| target(it.address(), &format!("gone{at}"), "prod-lon04-carrier2"));
    write(config.path(), "targets/prom-proxy/all.yaml", hundred.chain(three).collect::<String>());
    let its_control =
        format!("- targets: ['{}']\n  labels: {{ carrier_name: prod-lon04-carrier2 }}\n", control.address());
    write(config.path(), "targets/carrier-control/all.yaml", its_control);
    let daemon = Daemon::start(config, &[]);

    let gone = (0..3).map(|at| (format!("gone{at}"), "examine-production-environment"));
    let of_gone: BTreeMap<_, _> = gone.map(|(name, step)| (name, step.to_owned())).collect();
    let wanted = |down: &[u8], step: &str| {
        let mut all = of_gone.clone();
        all.extend(down.iter().map(|it| (format!("c{it}"), step.to_owned())));
        all
    };
    await_steps(&daemon, &wanted(&down, "escalation-policy"));
    clusters.answer_at(cluster(64), 404);
    await_steps(&daemon, &wanted(&[7, 23, 42, 64, 77, 100], "rollback-armada-metrics"));
    clusters.answer_at(cluster(7), 200);
    await_steps(&daemon, &wanted(&[23, 42, 64, 77, 100], "escalation-policy"));
}
