//! The demo as a newcomer starts it: what it writes has an alert of each system with its step.

use std::path::Path;
use std::time::Duration;

use crate::peer::process::{Process, eventually, folder, free_address};

/// Far more than it takes; reached only when what is awaited never comes.
const LIMIT: Duration = Duration::from_mins(1);

/// An alert of each system, and where it points.
const WAYS: [(&str, &str); 5] = [
    ("KubernetesEndpointScrapeFailure, ", "armada-global-scrape-failure.html#http-404-actions"),
    ("prom-proxy_service_instance_down, ", "armada-kubx-prom-proxy-down.html#rollback-armada-metrics"),
    (
        "AllSEEndpointsDown, ",
        "all-se-endpoints-down.html#determine-if-this-issue-is-with-registry-or-service-endpoint",
    ),
    ("BootstrapRequestHandlerFailed, ", "armada-bootstrap-failures.html#bootstrap-request-handler-failed"),
    ("KeyManagementEndpointFailing, ", "kms-kp-key-invalid-state.html"),
];

/// The blocks of that alert.
fn blocks<'a>(said: &'a str, alert: &'a str) -> impl Iterator<Item = &'a str> {
    said.split("\n\n").filter(move |it| it.lines().nth(1).is_some_and(|it| it.trim().starts_with(alert)))
}

#[test]
fn the_demo_calls_somebody_about_each_system_with_its_step_and_about_nothing_that_is_well() {
    let arguments = ["demo".to_owned(), format!("--web.listen-address={}", free_address())];
    let demo = Process::start(Path::new(env!("CARGO_BIN_EXE_fingerpost")), &arguments, folder());
    let is_over =
        || demo.said().contains("Somebody has been called about everything that fails").then_some(());
    assert!(eventually(LIMIT, is_over).is_some(), "{}", demo.said());
    let said = demo.said();
    for (alert, step) in WAYS {
        assert!(blocks(&said, alert).any(|it| it.lines().any(|it| it.ends_with(step))), "{alert}{said}");
    }
    let firing = said.lines().filter(|it| it.starts_with("FIRING")).count();
    let failing = said.lines().find_map(|it| it.split_once(" of them fail:")?.0.rsplit(' ').next());
    let failing: usize = failing.and_then(|it| it.parse().ok()).expect("it counts those that fail");
    assert_eq!(firing, failing + WAYS.len() - 1, "{said}");
}
