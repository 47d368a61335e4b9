//! The questions of the shipped `40-bootstrap.yaml`, as they stand there, over histories that promtool
//! plays: thresholds, and the traps of counters that begin, fall, or are not there at all.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use fingerpost::config::{self, LastGood, Source};
use fingerpost::spec::{Prober, QuerySpec};

use crate::peer::process::{find, folder, write};

/// A series, and its samples from the first minute on.
type History = (String, String);

struct Case {
    name: &'static str,
    alert: &'static str,
    history: Vec<History>,
    minute: u32,
    /// Who fires, with which value.
    fires: Vec<(String, u32)>,
}

#[test]
fn every_question_of_bootstrap_fires_at_its_threshold_and_falls_into_no_trap() {
    let Some(promtool) = find("promtool") else { return };
    let questions = questions();
    let mut suite = "evaluation_interval: 1m\ntests:\n".to_owned();
    for case in [thresholds(), counters(), unfinished(), crowds(), policies(), notes()].into_iter().flatten()
    {
        tell(&mut suite, &case, &questions[case.alert]);
    }
    let folder = folder();
    write(folder.path(), "test.yaml", &suite);
    let told = Command::new(promtool)
        .args(["test", "rules", "test.yaml"])
        .current_dir(folder.path())
        .output()
        .expect("promtool starts");
    let said = String::from_utf8_lossy(&told.stdout) + String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{said}");
}

/// What the drop-in asks, by alert.
fn questions() -> BTreeMap<String, QuerySpec> {
    let text = include_str!("../../probes.d/40-bootstrap.yaml");
    let source = Source { name: "probes.d/40-bootstrap.yaml".into(), text: Ok(text.into()) };
    let plan = config::load(&[source], &LastGood::default()).config.plan;
    let question = |alert: &std::sync::Arc<fingerpost::plan::Alert>| {
        let probe = plan.probe(&alert.probe).expect("each alert has its probe");
        match &probe.module.prober {
            Prober::Query(spec) => (alert.name.to_string(), spec.clone()),
            Prober::Http(_)
            | Prober::Metrics(_)
            | Prober::Tcp(_)
            | Prober::Grpc(_)
            | Prober::WebSocket(_)
            | Prober::Tls(_)
            | Prober::Unix(_)
            | Prober::Dns(_)
            | Prober::Icmp(_)
            | Prober::Path(_) => {
                panic!("{} asks no question", alert.name)
            }
        }
    };
    let questions: BTreeMap<_, _> = plan.alerts.iter().map(question).collect();
    assert_eq!(questions.len(), 13);
    questions
}

fn tell(suite: &mut String, case: &Case, question: &QuerySpec) {
    let by = question.by.as_deref().expect("each question says who it is about").join(", ");
    writeln!(suite, "- interval: 1m\n  input_series:").expect(WRITTEN);
    for (series, values) in &case.history {
        writeln!(suite, "  - {{ series: '{series}', values: '{values}' }}").expect(WRITTEN);
    }
    let expr = format!("sum by ({by}) ({})", question.promql).replace('\n', " ").replace('\'', "''");
    writeln!(suite, "  # {}\n  promql_expr_test:", case.name).expect(WRITTEN);
    writeln!(suite, "  - expr: '{expr}'\n    eval_time: {}m\n    exp_samples:", case.minute).expect(WRITTEN);
    for (labels, value) in &case.fires {
        writeln!(suite, "    - {{ labels: '{labels}', value: {value} }}").expect(WRITTEN);
    }
}

fn one(series: &str, values: &str) -> Vec<History> {
    vec![(series.to_owned(), values.to_owned())]
}

fn w1(value: u32) -> Vec<(String, u32)> {
    vec![("{workerID=\"w1\"}".to_owned(), value)]
}

const WRITTEN: &str = "a string takes what is written";

/// Whose alert fires beyond three of which metric.
const OVER_THREE: [(&str, &str, &str); 7] = [
    ("BootstrapRequestHandlerFailed", "bootstrap_request_handler_state_count", "FAIL"),
    ("BootstrapTarHandlerFailed", "bootstrap_tar_handler_state_count", "tar_handler_failed"),
    ("BootstrapReloadWorkerFailed", "bootstrap_reload_job_state_count", "reload_job_failed"),
    ("BootstrapCordonJobFailed", "bootstrap_cordon_job_state_count", "FAIL"),
    ("BootstrapCleanupJobFailed", "bootstrap_worker_cleanup_job_state_count", "Failed"),
    ("BootstrapLabelFailed", "bootstrap_worker_label_fail_count", "FAIL"),
    ("BootstrapTaintFailed", "bootstrap_worker_taint_fail_count", "FAIL"),
];

fn thresholds() -> Vec<Case> {
    let mut cases = Vec::new();
    for (alert, metric, state) in OVER_THREE {
        let series = format!("{metric}{{state=\"{state}\",workerID=\"w1\"}}");
        let mut case = |name, series: &str, values: &str, fires| {
            cases.push(Case { name, alert, history: one(series, values), minute: 290, fires });
        };
        case("three are not enough", &series, "0+0x20 1+0x20 2+0x20 3+0x240", vec![]);
        case("four are", &series, "0+0x20 1+0x20 2+0x20 3+0x20 4+0x240", w1(4));
        case("three, the first is the first sample", &series, "_x20 1+0x20 2+0x20 3+0x240", vec![]);
        case("four, the first is the first sample", &series, "_x20 1+0x20 2+0x20 3+0x20 4+0x240", w1(4));
        case("four, all in the first sample", &series, "_x200 4+0x100", w1(4));
        let well = series.replace(state, "complete");
        case("what went well is no failure", &well, "0+1x300", vec![]);
    }
    cases
}

fn counters() -> Vec<Case> {
    let alert = "BootstrapRequestHandlerFailed";
    let series =
        |more: &str| format!("bootstrap_request_handler_state_count{{state=\"FAIL\",workerID=\"w1\"{more}}}");
    let case = |name, history, minute, fires| Case { name, alert, history, minute, fires };
    let plain = |values| one(&series(""), values);
    vec![
        case("a restart alone is no failure", plain("0+0x10 3+0x100 0+0x190"), 290, vec![]),
        case("three, and a restart", plain("0+0x10 2+0x100 0+0x10 1+0x180"), 290, vec![]),
        case("what a counter has after a restart are failures", plain("0+0x10 3+0x99 1+0x190"), 290, w1(4)),
        case("what was there long before does not count", plain("9+0x600"), 590, vec![]),
        case("four of five hours ago", plain("0+0x10 4+0x300"), 312, vec![]),
        case("four within five hours", plain("0+0x10 4+0x300"), 309, w1(4)),
        case("a gap is no failure", plain("0+0x10 9+0x300 _x20 9+0x300"), 600, vec![]),
        case("what came within a gap is a failure", plain("0+0x10 9+0x300 _x20 13+0x300"), 600, w1(4)),
        case(
            "another pod has series of its own",
            vec![
                (series(",pod_name=\"a\""), "5+0x310 6+0x9 7+0x9 stale".to_owned()),
                (series(",pod_name=\"b\""), "_x330 1+0x9 2+0x290".to_owned()),
            ],
            600,
            w1(4),
        ),
        case(
            "failures of different reasons are failures of one worker",
            vec![
                (series(",failureReason=\"etcd\""), "_x20 1+0x20 2+0x290".to_owned()),
                (series(",failureReason=\"kubelet\""), "_x30 1+0x20 2+0x290".to_owned()),
                (series("").replace("w1", "w2"), "_x20 1+0x20 3+0x290".to_owned()),
            ],
            290,
            w1(4),
        ),
    ]
}

fn unfinished() -> Vec<Case> {
    let recorded = |kind: &str, values: &str| {
        (format!("armada_bootstrap:bootstrap_request_{kind}_count{{workerID=\"w1\"}}"), values.to_owned())
    };
    let alert = "BootstrapFinishedStatusNotReported";
    let case = |name, history, fires| Case { name, alert, history, minute: 590, fires };
    let three = || recorded("start", "_x320 1+0x20 2+0x20 3+0x240");
    vec![
        case("two starts are not enough", vec![recorded("start", "_x320 1+0x20 2+0x260")], vec![]),
        case("three are, where nothing else was ever recorded", vec![three()], w1(3)),
        case(
            "three are, where what else is recorded does not change",
            vec![three(), recorded("complete", "7+0x600"), recorded("fail", "2+0x600")],
            w1(3),
        ),
        case(
            "it was complete, for the first time",
            vec![three(), recorded("complete", "_x390 1+0x210")],
            vec![],
        ),
        case("it failed, and said so", vec![three(), recorded("fail", "2+0x390 3+0x210")], vec![]),
    ]
}

fn crowds() -> Vec<Case> {
    let hour = "HourFailedCountThresholdBreached";
    let kind = "BootstrapMachineTypeFailed";
    let workers = |count: u32, metric: &str, labels: &str, values: &str| -> Vec<History> {
        let series = |it| (format!("{metric}{{workerID=\"w{it}\"{labels}}}"), values.to_owned());
        (0..count).map(series).collect()
    };
    let fails = "armada_bootstrap:bootstrap_request_fail_count";
    let of_type = ",state=\"bootstrap_failed_job_complete\",machineTypeID=\"m1\"";
    let failed = |count, values| workers(count, "bootstrap_failed_job_state_count", of_type, values);
    let done = |machine: &str, values: &str| {
        let labels = format!("state=\"bootstrapped_complete\",machineTypeID=\"{machine}\",workerID=\"w99\"");
        (format!("bootstrap_bootstrapped_job_state_count{{{labels}}}"), values.to_owned())
    };
    let with = |mut history: Vec<History>, it: History| {
        history.push(it);
        history
    };
    let m1 = |value| vec![("{machineTypeID=\"m1\"}".to_owned(), value)];
    let new = "_x550 1+0x50";
    let case = |alert, name, history, fires| Case { name, alert, history, minute: 590, fires };
    vec![
        case(hour, "twenty workers", workers(20, fails, "", new), vec![]),
        case(hour, "twenty-one workers", workers(21, fails, "", new), vec![("{}".to_owned(), 21)]),
        case(hour, "twenty-one, but an hour ago", workers(21, fails, "", "_x500 1+0x100"), vec![]),
        case(hour, "one worker, often", workers(1, fails, "", "_x550 1+1x50"), vec![]),
        case(hour, "a pod of many is gone", workers(30, fails, "", "9+0x570 5+0x30"), vec![]),
        case(kind, "twenty workers of a type", failed(20, new), vec![]),
        case(kind, "twenty-one, each new", failed(21, new), m1(21)),
        case(kind, "twenty-one, each for the second time", failed(21, "_x550 1+0x10 2+0x40"), m1(21)),
        case(
            kind,
            "a success of the type, its first",
            with(failed(21, new), done("m1", "_x570 1+0x30")),
            vec![],
        ),
        case(kind, "a success of long ago", with(failed(21, new), done("m1", "5+0x600")), m1(21)),
        case(kind, "a success of another type", with(failed(21, new), done("m2", "_x570 1+0x30")), m1(21)),
    ]
}

fn policies() -> Vec<Case> {
    let recorded = |kind: &str, values: &str| {
        let metric = format!("armada_bootstrap:bootstrap_worker_policy_job_state_{kind}_count");
        (format!("{metric}{{workerID=\"w1\"}}"), values.to_owned())
    };
    let alert = "BootstrapApplyNetworkPolicyFailed";
    let case = |name, history, fires| Case { name, alert, history, minute: 590, fires };
    let four = || recorded("fail", "_x320 1+0x20 2+0x20 3+0x20 4+0x220");
    let reason = "bootstrap_worker_policy_job_state_count{workerID=\"w1\",state=\"failed\",reason=\"etcd\"}";
    vec![
        case("three are not enough", vec![recorded("fail", "_x320 1+0x20 2+0x20 3+0x240")], vec![]),
        case("four are, where none was ever complete", vec![four()], w1(4)),
        case("its reasons count nothing", vec![four(), (reason.to_owned(), "0+1x600".to_owned())], w1(4)),
        case("it was complete", vec![four(), recorded("complete", "_x390 1+0x210")], vec![]),
        case("it was complete long ago", vec![four(), recorded("complete", "8+0x600")], w1(4)),
    ]
}

fn notes() -> Vec<Case> {
    let case = |alert, name, series: &str, values: &str, fires| Case {
        name,
        alert,
        history: one(series, values),
        minute: 590,
        fires,
    };
    let api = "bootstrap_incoming_malformed_request_count{clusterID=\"c1\",workerID=\"w1\",pod_name=\"p\"}";
    let bom = "bootstrap_tar_handler_state_count{state=\"Unsupported_BOM\",workerID=\"w1\",bomVersion=\"9\"}";
    let both = vec![("{clusterID=\"c1\", workerID=\"w1\"}".to_owned(), 1)];
    let mut labels = case(
        "BootstrapLabelFailed",
        "its error texts count nothing",
        "bootstrap_worker_label_fail_count{state=\"FAIL\",workerID=\"w1\"}",
        "_x320 1+0x20 4+0x280",
        w1(4),
    );
    let text = "bootstrap_apply_label_trigger_count{state=\"complete\",workerID=\"w1\",error=\"no json\"}";
    labels.history.push((text.to_owned(), "0+1x600".to_owned()));
    vec![
        case("APIRequestFailedBootstrap", "the first request", api, "_x390 1+0x210", both),
        case("APIRequestFailedBootstrap", "requests of long ago", api, "5+0x600", vec![]),
        case("WorkerSetToUnsupportedBomVersion", "the first time", bom, "_x390 1+0x210", w1(1)),
        case("BootstrapTarHandlerFailed", "it is another alert's", bom, "_x390 9+0x210", vec![]),
        labels,
    ]
}
