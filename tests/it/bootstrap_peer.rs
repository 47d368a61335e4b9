//! The shipped `40-bootstrap.yaml` over a real Prometheus with a history of ten hours: what fires at
//! each threshold, and that one below it nothing does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::peer::daemon::Daemon;
use crate::peer::process::{eventually, folder, write};
use crate::peer::prometheus::Prometheus;

/// Far more than any of it takes; reached only when what is awaited never comes.
const LIMIT: Duration = Duration::from_mins(1);
/// How far the history reaches back.
const MINUTES: u64 = 600;
/// How often a worker must fail, start, or how many workers must, before an alert fires.
struct Counts {
    failures: u32,
    starts: u32,
    workers: u32,
}

const ENOUGH: Counts = Counts { failures: 4, starts: 3, workers: 21 };
const ONE_LESS: Counts = Counts { failures: 3, starts: 2, workers: 20 };

/// Metrics of which more than three failures of a worker are too many.
const OF_WORKERS: [(&str, &str, &str); 8] = [
    ("BootstrapRequestHandlerFailed", "bootstrap_request_handler_state_count", "FAIL"),
    ("BootstrapTarHandlerFailed", "bootstrap_tar_handler_state_count", "FAIL"),
    ("BootstrapReloadWorkerFailed", "bootstrap_reload_job_state_count", "FAIL"),
    ("BootstrapCordonJobFailed", "bootstrap_cordon_job_state_count", "FAIL"),
    ("BootstrapCleanupJobFailed", "bootstrap_worker_cleanup_job_state_count", "FAIL"),
    ("BootstrapLabelFailed", "bootstrap_worker_label_fail_count", "FAIL"),
    ("BootstrapTaintFailed", "bootstrap_worker_taint_fail_count", "FAIL"),
    (
        "BootstrapApplyNetworkPolicyFailed",
        "armada_bootstrap:bootstrap_worker_policy_job_state_fail_count",
        "FAIL",
    ),
];

#[test]
fn each_alert_of_bootstrap_fires_at_its_threshold() {
    let mut history = history(&ENOUGH);
    history.add("bootstrap_incoming_malformed_request_count", "clusterID=\"c1\",workerID=\"w1\"", 1);
    let state = "state=\"UNSUPPORTED_BOM\",workerID=\"w1\",bomVersion=\"9\"";
    history.add("bootstrap_tar_handler_state_count", state, 1);
    let Some((daemon, _prometheus)) = start(&history) else { return };
    let mut wanted: BTreeSet<String> = OF_WORKERS.iter().map(|(alert, ..)| format!("{alert}  w1 ")).collect();
    wanted.extend([
        "BootstrapFinishedStatusNotReported  w1 ".to_owned(),
        "WorkerSetToUnsupportedBomVersion  w1 ".to_owned(),
        "APIRequestFailedBootstrap c1 w1 ".to_owned(),
        "HourFailedCountThresholdBreached   ".to_owned(),
        "BootstrapMachineTypeFailed   m1".to_owned(),
    ]);
    assert_eq!(wanted.len(), 13);
    let seen = eventually(LIMIT, || Some(firing(&daemon)).filter(|it| *it == wanted));
    assert!(seen.is_some(), "{:?}\n{}", firing(&daemon), daemon.said());
}

#[test]
fn one_below_each_threshold_nothing_of_bootstrap_fires() {
    let Some((daemon, _prometheus)) = start(&history(&ONE_LESS)) else { return };
    let answered = || {
        let text = daemon.get("/api/v1/targets").body;
        let told: Value = serde_json::from_str(&text).expect("the daemon tells in JSON");
        let targets = told["data"]["activeTargets"].as_array().expect("targets are a list").clone();
        let answered = targets.iter().filter(|it| it["health"] == "success").count();
        (answered == 13).then_some(())
    };
    assert!(eventually(LIMIT, answered).is_some(), "{}", daemon.said());
    assert_eq!(firing(&daemon), BTreeSet::new());
}

/// Series that begin with their first failure, and grow by one until they are as said.
#[derive(Default)]
struct History(BTreeMap<String, Vec<(String, u32)>>);

impl History {
    fn add(&mut self, metric: &str, labels: &str, count: u32) {
        self.0.entry(metric.to_owned()).or_default().push((labels.to_owned(), count));
    }

    /// As promtool takes it: a sample a minute. The last of `count` steps is ten minutes ago, the others
    /// are ten minutes apart.
    fn told(&self) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970");
        let mut text = String::new();
        for (metric, series) in &self.0 {
            writeln!(text, "# TYPE {metric} gauge").expect("a string takes it");
            for (labels, count) in series {
                for minute in (0..=MINUTES).rev() {
                    let steps_to_come = u32::try_from(minute.div_ceil(10)).expect("it is small");
                    let value = (count + 1).saturating_sub(steps_to_come.max(1));
                    if value > 0 {
                        let at = now.as_secs() - minute * 60;
                        writeln!(text, "{metric}{{{labels}}} {value} {at}").expect("a string takes it");
                    }
                }
            }
        }
        text + "# EOF\n"
    }
}

fn history(counts: &Counts) -> History {
    let mut history = History::default();
    for (_, metric, state) in OF_WORKERS {
        history.add(metric, &format!("state=\"{state}\",workerID=\"w1\""), counts.failures);
    }
    history.add("armada_bootstrap:bootstrap_request_start_count", "workerID=\"w1\"", counts.starts);
    for worker in 0..counts.workers {
        let labels = format!("workerID=\"h{worker}\"");
        history.add("armada_bootstrap:bootstrap_request_fail_count", &labels, 1);
    }
    let failed = "bootstrap_failed_job_state_count";
    for (machine, workers) in [("m1", counts.workers), ("m2", 21)] {
        for worker in 0..workers {
            let labels = format!("machineTypeID=\"{machine}\",workerID=\"t{worker}\"");
            history.add(failed, &format!("state=\"bootstrap_failed_job_complete\",{labels}"), 1);
        }
    }
    let done = "state=\"bootstrapped_complete\",machineTypeID=\"m2\",workerID=\"t99\"";
    history.add("bootstrap_bootstrapped_job_state_count", done, 1);
    history
}

/// The daemon with the shipped drop-in, quicker, over a Prometheus with that history.
fn start(history: &History) -> Option<(Daemon, Prometheus)> {
    let prometheus = Prometheus::remembering(&history.told())?;
    let config = folder();
    let drop_in = include_str!("../../probes.d/40-bootstrap.yaml").replace("interval: 1m", "interval: 2s");
    write(config.path(), "probes.d/40-bootstrap.yaml", drop_in);
    let daemon = Daemon::start(config, &[format!("--prometheus.url={}", prometheus.url())]);
    Some((daemon, prometheus))
}

/// Name, cluster, worker and machine type of what fires.
fn firing(daemon: &Daemon) -> BTreeSet<String> {
    let text = daemon.get("/api/v1/alerts").body;
    let told: Value = serde_json::from_str(&text).expect("the daemon tells in JSON");
    let alerts = told["data"]["alerts"].as_array().expect("alerts are a list").clone();
    let word = |it: &Value| {
        let label = |name: &str| it["labels"][name].as_str().unwrap_or_default().to_owned();
        let [alert, cluster, worker, machine] =
            ["alertname", "clusterID", "workerID", "machineTypeID"].map(label);
        format!("{alert} {cluster} {worker} {machine}")
    };
    // That all is well with the prober is no alert of bootstrap.
    alerts.iter().filter(|it| it["labels"]["alertname"] != "Watchdog").map(word).collect()
}
