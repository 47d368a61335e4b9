//! What the other shipped drop-ins watch in the demo: something of each system that fails, laid out so
//! that a certain row of its table holds. Like the fleet it is invented, and stands on loopback.

use std::time::Duration;

use super::behaviour::{Port, response};

/// A target beside the fleet.
#[derive(Clone, Copy, Debug)]
pub struct Neighbour {
    /// The folder under `targets` in which it is listed.
    pub folder: &'static str,
    /// What discovery knows of it. No value holds a quote.
    pub labels: &'static [(&'static str, &'static str)],
    /// What it says to everybody, as the status line has it, with a body; none: it refuses.
    pub says: Option<(&'static str, &'static str)>,
    /// Where it is to be asked, if not as its module says.
    pub path: &'static str,
}

/// One of the systems that the shipped drop-ins are for.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// What people call it.
    pub name: &'static str,
    /// What is wrong with it.
    pub told: &'static str,
    /// The alert that comes of it.
    pub alert: &'static str,
}

impl Neighbour {
    /// What stands at its port.
    pub(super) fn port(&self) -> Port {
        match self.says {
            None => Port::Closed,
            Some((status, body)) => {
                let bytes = response(status, "text/plain; charset=utf-8", body);
                Port::Answering { after: Duration::ZERO, bytes }
            }
        }
    }
}

/// The system of the fleet itself.
pub const SCRAPE: System =
    System { name: "scrape", told: "targets fail in every way", alert: "KubernetesEndpointScrapeFailure" };

/// The others, in the order of their drop-ins.
pub const SYSTEMS: [System; 4] = [
    System {
        name: "prom-proxy",
        told: "one of a carrier's three clusters answers 503",
        alert: "prom-proxy_service_instance_down",
    },
    System {
        name: "registry",
        told: "every zone of a region refuses connections, and behind one all is well",
        alert: "AllSEEndpointsDown",
    },
    System {
        name: "bootstrap",
        told: "a Prometheus knows of a worker that failed four times",
        alert: "BootstrapRequestHandlerFailed",
    },
    System {
        name: "deploy",
        told: "a key-management endpoint says that the root key is disabled",
        alert: "KeyManagementEndpointFailing",
    },
];

/// Folders that a shipped drop-in reads and that hold nobody in the demo.
pub const EMPTY_FOLDERS: [&str; 2] = ["registry-se-control", "bootstrap"];

/// Everybody.
pub const NEIGHBOURS: [Neighbour; 15] = [
    prom_proxy(&[("cluster_id", "c1a7"), CARRIER, PROM_PROXY], Some(WELL)),
    prom_proxy(&[("cluster_id", "c2b8"), CARRIER, PROM_PROXY], Some(WELL)),
    prom_proxy(
        &[("cluster_id", "c3c9"), CARRIER, PROM_PROXY],
        Some(("503 Service Unavailable", "no healthy upstream\n")),
    ),
    at("cluster-pods", &[("cluster_id", "c3c9"), CARRIER, ("name", "ingress-ctl")], Some(WELL)),
    at("carrier-control", &[CARRIER], Some(WELL)),
    at("registry-se-front", &[REGION, ("zone", "us-south-az1"), ("magic_box", "dal10-vm-a1")], None),
    at("registry-se-front", &[REGION, ("zone", "us-south-az2"), ("magic_box", "dal12-vm-b2")], None),
    at("registry-se-front", &[REGION, ("zone", "us-south-az3"), ("magic_box", "dal13-vm-c3")], None),
    at("registry-se-upstream", &[REGION, ("zone", "us-south-az1"), ("magic_box", "dal10-vm-a1")], None),
    at(
        "registry-se-upstream",
        &[REGION, ("zone", "us-south-az2"), ("magic_box", "dal12-vm-b2")],
        Some(("404 Not Found", "disabled\n")),
    ),
    at("registry-se-upstream", &[REGION, ("zone", "us-south-az3"), ("magic_box", "dal13-vm-c3")], Some(WELL)),
    at("registry-public", &[REGION, ("zone", "us-south")], Some(WELL)),
    at("registry-public", &[("region", "prod-eu-central"), ("zone", "eu-central")], Some(WELL)),
    kms(&[("region", "eu-de"), ("provider", "Key Protect")], ("409 Conflict", DISABLED)),
    kms(&[("region", "us-south"), ("provider", "Key Protect")], WELL),
];

const fn prom_proxy(
    labels: &'static [(&'static str, &'static str)],
    says: Option<(&'static str, &'static str)>,
) -> Neighbour {
    at("prom-proxy", labels, says)
}

const fn kms(
    labels: &'static [(&'static str, &'static str)],
    says: (&'static str, &'static str),
) -> Neighbour {
    Neighbour { folder: "kms", labels, says: Some(says), path: "/api/v2/keys" }
}

const fn at(
    folder: &'static str,
    labels: &'static [(&'static str, &'static str)],
    says: Option<(&'static str, &'static str)>,
) -> Neighbour {
    Neighbour { folder, labels, says, path: "" }
}

const WELL: (&str, &str) = ("200 OK", "ok\n");

const CARRIER: (&str, &str) = ("carrier_name", "prod-dal13-carrier6");

const PROM_PROXY: (&str, &str) = ("name", "prom-proxy");

const REGION: (&str, &str) = ("region", "prod-us-south");

const DISABLED: &str = r#"{"resources":[{"errorMsg":"Conflict: the key cannot be used","reasons":[{"code":"KEY_ACTION_INVALID_STATE_ERR"}]}]}
"#;
