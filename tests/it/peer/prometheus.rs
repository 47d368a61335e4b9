//! Prometheus, and promtool's opinion of a page of metrics.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::http;
use super::process::{Process, find, folder, free_address, write};

/// A Prometheus that forgets everything at its end.
pub(crate) struct Prometheus {
    process: Process,
    address: SocketAddr,
}

/// The labels of a series, `__name__` among them.
pub(crate) type Labels = BTreeMap<String, String>;

impl Prometheus {
    /// Starts it with this `prometheus.yml` and waits until it is ready; `None` where there is none.
    pub(crate) fn start(config: &str) -> Option<Self> {
        let folder = folder();
        write(folder.path(), "prometheus.yml", config);
        Self::start_in(folder)
    }

    /// Starts one that scrapes nothing and has this history (OpenMetrics with timestamps); `None` where
    /// it or promtool is missing.
    pub(crate) fn remembering(history: &str) -> Option<Self> {
        let promtool = find("promtool")?;
        let folder = folder();
        write(folder.path(), "prometheus.yml", "scrape_configs: []\n");
        write(folder.path(), "history", history);
        let laid_down = Command::new(promtool)
            .args(["tsdb", "create-blocks-from", "openmetrics", "history", "tsdb"])
            .current_dir(folder.path())
            .output()
            .expect("promtool starts");
        assert!(laid_down.status.success(), "{}", String::from_utf8_lossy(&laid_down.stderr));
        Self::start_in(folder)
    }

    fn start_in(folder: TempDir) -> Option<Self> {
        let program = find("prometheus")?;
        let address = free_address();
        let arguments = [
            "--config.file=prometheus.yml".to_owned(),
            "--storage.tsdb.path=tsdb".to_owned(),
            "--storage.tsdb.retention.time=1d".to_owned(),
            format!("--web.listen-address={address}"),
            "--web.enable-lifecycle".to_owned(),
            "--rules.alert.resend-delay=1s".to_owned(),
            "--log.level=warn".to_owned(),
        ];
        let mut process = Process::start(&program, &arguments, folder);
        let ready = || http::get(address, "/-/ready").is_ok_and(|it| it.status == 200);
        process.await_ready(ready).unwrap_or_else(|told| panic!("{told}"));
        Some(Self { process, address })
    }

    /// Where it is asked: `http://127.0.0.1:…`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks for the instant vector of an expression, as of now.
    pub(crate) fn query(&self, expression: &str) -> Vec<(Labels, f64)> {
        let target = http::target("/api/v1/query", &[("query", expression)]);
        let reply = http::get(self.address, &target).expect("a Prometheus that is up answers");
        assert_eq!(reply.status, 200, "{}\n{}", reply.body, self.process.said());
        let answer: Value = serde_json::from_str(&reply.body).expect("Prometheus answers in JSON");
        let series = answer["data"]["result"].as_array().expect("an instant vector is a list");
        series.iter().map(reading).collect()
    }
}

fn reading(series: &Value) -> (Labels, f64) {
    let labels = serde_json::from_value(series["metric"].clone()).expect("labels are strings");
    let value = series["value"][1].as_str().and_then(|it| it.parse().ok());
    (labels, value.expect("a sample is a number in a string"))
}

/// What `promtool check metrics` has to say, line by line; `None` where there is no promtool.
pub(crate) fn promtool_check_metrics(page: &str) -> Option<Vec<String>> {
    let mut promtool = Command::new(find("promtool")?)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool starts");
    let mut input = promtool.stdin.take().expect("its input is ours");
    input.write_all(page.as_bytes()).expect("promtool reads to the end");
    drop(input);
    let told = promtool.wait_with_output().expect("promtool ends with its input");
    let said = [told.stdout, told.stderr].concat();
    let mut lines: Vec<String> = String::from_utf8_lossy(&said).lines().map(str::to_owned).collect();
    if lines.is_empty() && !told.status.success() {
        lines.push(told.status.to_string());
    }
    Some(lines)
}
