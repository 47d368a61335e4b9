use std::fmt::Write as _;

use url::Url;

use super::behaviour::Behaviour;
use super::fleet::Fleet;
use super::folder::Folder;
use super::roster::Resident;
use crate::config::{self, LastGood};
use crate::files;
use crate::runbook::DEFAULT_BASE_URL;
use crate::scenario::{self, Suite};

/// What an attempt at such a target sees, in the words of scenario files.
fn see(behaviour: Behaviour) -> &'static str {
    match behaviour {
        Behaviour::Healthy => "{}",
        Behaviour::NotFound => "{ status: 404 }",
        Behaviour::Unavailable => "{ status: 503 }",
        Behaviour::Late => "{ answered_after: 12300ms }",
        Behaviour::Silent => "{ cause: deadline_exceeded, phase: processing }",
        Behaviour::BrokenExposition => "{ cause: exposition_syntax }",
        Behaviour::TruncatedBody => "{ cause: body_truncated }",
        Behaviour::BlankContentType => "{ cause: content_type }",
        Behaviour::Refused => "{ cause: connect_refused }",
        Behaviour::Gone => "{ cause: deadline_exceeded, phase: connect }",
    }
}

/// Where the alert of such a target must point.
fn step(it: &Resident) -> &'static str {
    match (it.behaviour, it.region) {
        (Behaviour::NotFound, _) => "http-404-actions",
        (Behaviour::Unavailable, _) => "escalation-policy",
        (Behaviour::Late, "eu-de") | (Behaviour::Silent, "eu-gb") => "context-deadline-exceeded-actions",
        (Behaviour::Late, "jp-tok" | "au-syd") => {
            "context-deadline-exceeded-and-alerts-firing-for-multiple-carriers-actions"
        }
        (Behaviour::Gone, "us-east") => "blast-of-alert-firing-for-carriertugboat-or-regional-level",
        (Behaviour::Gone, "ca-tor") => "verify-calico-node-is-running",
        _ => "if-calico-node-is-running-perform-further-checks",
    }
}

fn suite(fleet: &Fleet) -> String {
    let (mut targets, mut observe, mut firing) = (String::new(), String::new(), String::new());
    for ((resident, address), group) in fleet.members().iter().zip(fleet.labels()) {
        write!(targets, "    - address: '{address}'\n      labels:\n").unwrap();
        for (name, value) in group {
            writeln!(targets, "        {name}: '{value}'").unwrap();
        }
        let see = see(resident.behaviour);
        writeln!(
            observe,
            "      - {{ at: 0s, probe: scrape, targets: {{ instance: '{address}' }}, see: {see} }}"
        )
        .unwrap();
        if resident.behaviour == Behaviour::Healthy {
            continue;
        }
        let way = if resident.service == "node-exporter" {
            "page: /armada/armada-ops-node-exporter-on-carrier-master-troubled.html".to_owned()
        } else {
            format!("step: {}", step(resident))
        };
        let alert = "alert: KubernetesEndpointScrapeFailure";
        writeln!(firing, "          - {{ {alert}, labels: {{ instance: '{address}' }}, {way} }}").unwrap();
    }
    format!(
        "targets:\n  scrape:\n{targets}cases:\n  - name: the fleet of the demo\n    observe:\n{observe}    \
         expect:\n      - at: 3m\n        firing:\n{firing}"
    )
}

#[tokio::test]
async fn the_shipped_drop_in_points_each_failing_target_to_its_own_row() {
    let fleet = Fleet::start().await.unwrap();
    let folder = Folder::write([]).unwrap();
    let loaded = config::load(&files::drop_ins(folder.path()), &LastGood::default());
    let suite = Suite::parse(&suite(&fleet)).unwrap();
    let base = Url::parse(DEFAULT_BASE_URL).unwrap();
    let ran = scenario::run(&suite, &loaded.config, &base).unwrap();
    let misses: Vec<String> = ran[0].misses.iter().map(ToString::to_string).collect();
    assert!(misses.is_empty(), "{}", misses.join("\n"));
}
