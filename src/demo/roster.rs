//! Who belongs to the fleet: an invented one, laid out so that each row of the decision table for
//! scrape failures holds for somebody and for nobody by accident.
//!
//! Whoever adds to it must keep the rows apart. Three services that are cut off (refused, late,
//! silent or gone) in one carrier or one region are a blast when they are a quarter of it; a service
//! that is late in two carriers points to etcd, and one that fails in two carriers to its squad.

use super::behaviour::Behaviour::{
    self, BlankContentType, BrokenExposition, Gone, Healthy, Late, NotFound, Refused, Silent, TruncatedBody,
    Unavailable,
};

/// One target, as discovery describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resident {
    /// The carrier's name; a number from 100 on at its end says tugboat.
    pub carrier: &'static str,
    /// The region of the carrier.
    pub region: &'static str,
    /// The worker's address in the invented fleet. The target itself is on loopback.
    pub hostname: &'static str,
    /// The service; its app and its name are the same.
    pub service: &'static str,
    /// What it does.
    pub behaviour: Behaviour,
}

impl Resident {
    /// The value of `job`: how Prometheus came to know the target.
    pub fn job(&self) -> &'static str {
        if self.service == CADVISOR { CADVISOR } else { "kubernetes-service-endpoints" }
    }

    /// The value of `kubernetes_namespace`.
    pub fn namespace(&self) -> &'static str {
        match self.service {
            CADVISOR | "calico-node" | "kubelet" => "kube-system",
            service if service.starts_with("armada-") => "armada",
            _ => "monitoring",
        }
    }
}

const fn carrier<const N: usize>(
    region: &'static str,
    carrier: &'static str,
    targets: [(&'static str, &'static str, Behaviour); N],
) -> [Resident; N] {
    let (hostname, service, behaviour) = targets[0];
    let mut residents = [Resident { carrier, region, hostname, service, behaviour }; N];
    let mut at = 1;
    while at < N {
        let (hostname, service, behaviour) = targets[at];
        residents[at] = Resident { carrier, region, hostname, service, behaviour };
        at += 1;
    }
    residents
}

/// A node-exporter that fails, and a wrong path.
const DALLAS_1: [Resident; 6] = carrier(
    "us-south",
    "prod-dal10-carrier1",
    [
        ("10.176.31.239", "node-exporter", Refused),
        ("10.176.31.239", "docker-metrics-endpoint", Healthy),
        ("10.176.31.239", "armada-api", NotFound),
        ("10.176.31.240", "node-exporter", Healthy),
        ("10.176.31.240", "prometheus", Healthy),
        ("10.176.31.240", "armada-api", Healthy),
    ],
);

/// Answers that came and were no good: the row for anything else.
const DALLAS_2: [Resident; 6] = carrier(
    "us-south",
    "prod-dal12-carrier2",
    [
        ("10.185.16.144", "armada-deploy", BrokenExposition),
        ("10.185.16.144", "armada-events", TruncatedBody),
        ("10.185.16.144", "node-exporter", Healthy),
        ("10.184.18.162", "armada-secrets", BlankContentType),
        ("10.184.18.162", "armada-api", Healthy),
        ("10.184.18.162", "node-exporter", Healthy),
    ],
);

/// A tugboat, on which one target is late and alone with that.
const FRANKFURT: [Resident; 4] = carrier(
    "eu-de",
    "prod-fra02-carrier100",
    [
        ("10.75.197.52", CADVISOR, Late),
        ("10.75.197.52", "node-exporter", Healthy),
        ("10.75.197.60", "armada-api", Healthy),
        ("10.75.197.60", "node-exporter", Healthy),
    ],
);

/// One target says nothing at all.
const LONDON: [Resident; 4] = carrier(
    "eu-gb",
    "prod-lon04-carrier3",
    [
        ("10.45.118.7", "armada-health", Silent),
        ("10.45.118.7", "node-exporter", Healthy),
        ("10.45.118.9", "armada-api", Healthy),
        ("10.45.118.9", "node-exporter", Healthy),
    ],
);

/// The same service is late here and in Sydney, and the hosts answer: etcd.
const TOKYO: [Resident; 3] = carrier(
    "jp-tok",
    "prod-tok02-carrier2",
    [
        ("10.132.40.11", "armada-cluster", Late),
        ("10.132.40.11", "node-exporter", Healthy),
        ("10.132.40.12", "armada-api", Healthy),
    ],
);

const SYDNEY: [Resident; 3] = carrier(
    "au-syd",
    "prod-syd01-carrier1",
    [
        ("10.138.67.90", "armada-cluster", Late),
        ("10.138.67.90", "node-exporter", Healthy),
        ("10.138.67.91", "armada-api", Healthy),
    ],
);

/// A blast: three services of eight targets are out of reach, and no host as a whole is.
const WASHINGTON: [Resident; 8] = carrier(
    "us-east",
    "prod-wdc07-carrier2",
    [
        ("10.190.22.31", "armada-provision", Gone),
        ("10.190.22.31", "node-exporter", Healthy),
        ("10.190.22.32", "armada-ingress", Gone),
        ("10.190.22.32", "node-exporter", Healthy),
        ("10.190.22.33", "armada-storage", Gone),
        ("10.190.22.33", "node-exporter", Healthy),
        ("10.190.22.34", "armada-api", Healthy),
        ("10.190.22.34", "prometheus", Healthy),
    ],
);

/// A host that is gone with all that runs on it.
const TORONTO: [Resident; 5] = carrier(
    "ca-tor",
    "prod-tor01-carrier4",
    [
        ("10.166.9.21", "kubelet", Gone),
        ("10.166.9.21", "calico-node", Gone),
        ("10.166.9.22", "kubelet", Healthy),
        ("10.166.9.22", "calico-node", Healthy),
        ("10.166.9.22", "node-exporter", Healthy),
    ],
);

/// One service is down here and in Osaka: its squad knows more.
const SAO_PAULO: [Resident; 3] = carrier(
    "br-sao",
    "prod-sao01-carrier1",
    [
        ("10.150.3.14", "armada-billing", Unavailable),
        ("10.150.3.14", "node-exporter", Healthy),
        ("10.150.3.15", "armada-api", Healthy),
    ],
);

const OSAKA: [Resident; 3] = carrier(
    "jp-osa",
    "prod-osa21-carrier2",
    [
        ("10.248.5.77", "armada-billing", Unavailable),
        ("10.248.5.77", "node-exporter", Healthy),
        ("10.248.5.78", "armada-api", Healthy),
    ],
);

/// One port that refuses, and nothing else is known: the row for anything else.
const MADRID: [Resident; 3] = carrier(
    "eu-es",
    "prod-mad02-carrier1",
    [
        ("10.251.12.40", "armada-log-collector", Refused),
        ("10.251.12.40", "node-exporter", Healthy),
        ("10.251.12.41", "armada-api", Healthy),
    ],
);

/// Every carrier with its targets.
pub const CARRIERS: [&[Resident]; 11] = [
    &DALLAS_1,
    &DALLAS_2,
    &FRANKFURT,
    &LONDON,
    &TOKYO,
    &SYDNEY,
    &WASHINGTON,
    &TORONTO,
    &SAO_PAULO,
    &OSAKA,
    &MADRID,
];

const CADVISOR: &str = "kubernetes-cadvisor";

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn residents() -> Vec<Resident> {
        CARRIERS.concat()
    }

    fn is_cut(it: &Resident) -> bool {
        matches!(it.behaviour, Refused | Late | Silent | Gone)
    }

    fn is_late(it: &Resident) -> bool {
        matches!(it.behaviour, Late | Silent | Gone)
    }

    /// The groups in which three services and a quarter of the targets are cut off.
    fn blasts(group: impl Fn(&Resident) -> &'static str) -> Vec<&'static str> {
        let mut groups: BTreeMap<_, Vec<Resident>> = BTreeMap::new();
        for it in residents() {
            groups.entry(group(&it)).or_default().push(it);
        }
        groups.retain(|_, targets| {
            let cut: Vec<&Resident> = targets.iter().filter(|it| is_cut(it)).collect();
            let services: BTreeSet<_> = cut.iter().map(|it| it.service).collect();
            services.len() >= 3 && cut.len() * 4 >= targets.len()
        });
        groups.into_keys().collect()
    }

    /// The services of which such targets stand in two carriers.
    fn in_two_carriers(such: impl Fn(&Resident) -> bool) -> Vec<&'static str> {
        let mut carriers: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for it in residents().into_iter().filter(|it| such(it)) {
            carriers.entry(it.service).or_default().insert(it.carrier);
        }
        carriers.retain(|_, carriers| carriers.len() > 1);
        carriers.into_keys().collect()
    }

    #[test]
    fn every_behaviour_is_somebodys() {
        for behaviour in Behaviour::ALL {
            assert!(residents().iter().any(|it| it.behaviour == behaviour), "{behaviour:?}");
        }
    }

    #[test]
    fn there_is_one_blast_and_no_accidental_one() {
        assert_eq!(blasts(|it| it.carrier), ["prod-wdc07-carrier2"]);
        assert_eq!(blasts(|it| it.region), ["us-east"]);
    }

    #[test]
    fn one_service_is_late_in_two_carriers_and_one_fails_so() {
        assert_eq!(in_two_carriers(is_late), ["armada-cluster"]);
        let failing = in_two_carriers(|it| it.behaviour != Healthy);
        assert_eq!(failing, ["armada-billing", "armada-cluster"]);
    }

    #[test]
    fn one_host_is_gone_as_a_whole_and_no_other_is_silent_as_a_whole() {
        let mut hosts: BTreeMap<_, Vec<Resident>> = BTreeMap::new();
        for it in residents() {
            hosts.entry(it.hostname).or_default().push(it);
        }
        hosts.retain(|_, targets| targets.iter().all(is_late));
        assert_eq!(hosts.into_keys().collect::<Vec<_>>(), ["10.166.9.21"]);
    }

    #[test]
    fn a_host_stands_in_one_carrier_and_has_a_service_once() {
        let mut seen = BTreeSet::new();
        for it in residents() {
            assert!(seen.insert((it.hostname, it.service)), "{it:?}");
            let strangers = residents().into_iter().filter(|other| other.hostname == it.hostname);
            assert!(strangers.clone().all(|other| other.carrier == it.carrier), "{it:?}");
        }
    }
}
