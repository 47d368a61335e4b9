//! Alertmanager, asked through its interface and through amtool.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use super::http;
use super::process::{Process, find, folder, free_address, write};

/// An Alertmanager alone in the world, that notifies nobody.
pub(crate) struct Alertmanager {
    process: Process,
    address: SocketAddr,
    amtool: PathBuf,
}

/// An alert as Alertmanager holds it; a resolved one is not shown.
#[derive(Deserialize, PartialEq, Debug)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alert {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) starts_at: String,
}

const CONFIG: &str = "
route: { receiver: nobody }
receivers: [ { name: nobody } ]
";

/// What `amtool check-config` says of our configuration with `more` in it, and whether it is content;
/// `None` where it is missing.
pub(crate) fn amtool_check_config(more: &str) -> Option<(bool, String)> {
    let amtool = find("amtool")?;
    let folder = folder();
    write(folder.path(), "am.yml", format!("{CONFIG}{more}"));
    let told = Command::new(amtool).arg("check-config").arg(folder.path().join("am.yml")).output();
    let told = told.expect("amtool starts");
    let said = [told.stdout, told.stderr].concat();
    Some((told.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

impl Alertmanager {
    /// Starts it and waits until it is ready; `None` where it or amtool is missing.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// The same, with more in its configuration.
    pub(crate) fn start_with(more: &str) -> Option<Self> {
        let program = find("prometheus-alertmanager").or_else(|| find("alertmanager"))?;
        let amtool = find("amtool")?;
        let address = free_address();
        let folder = folder();
        write(folder.path(), "am.yml", format!("{CONFIG}{more}"));
        let arguments = [
            "--config.file=am.yml".to_owned(),
            "--storage.path=am".to_owned(),
            format!("--web.listen-address={address}"),
            "--cluster.listen-address=".to_owned(),
            "--log.level=warn".to_owned(),
        ];
        let mut process = Process::start(&program, &arguments, folder);
        let ready = || http::get(address, "/-/ready").is_ok_and(|it| it.status == 200);
        process.await_ready(ready).unwrap_or_else(|told| panic!("{told}"));
        Some(Self { process, address, amtool })
    }

    /// Where alerts are sent: `http://127.0.0.1:…`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The alerts that are active, by `GET /api/v2/alerts`.
    pub(crate) fn alerts(&self) -> Vec<Alert> {
        self.alerts_at("/api/v2/alerts")
    }

    /// Those of them that no other alert holds back.
    pub(crate) fn heard(&self) -> Vec<Alert> {
        self.alerts_at("/api/v2/alerts?inhibited=false")
    }

    fn alerts_at(&self, path: &str) -> Vec<Alert> {
        let reply = http::get(self.address, path).expect("an Alertmanager that is up answers");
        assert_eq!(reply.status, 200, "{}\n{}", reply.body, self.process.said());
        serde_json::from_str(&reply.body).expect("Alertmanager answers in JSON")
    }

    /// The same, as the person on call would ask: `amtool alert query`.
    pub(crate) fn amtool_alerts(&self) -> Vec<Alert> {
        let told = self.amtool(&["alert", "query", "--output=json"]);
        serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error} in amtool's answer:\n{told}"))
    }

    /// Fires an alert with these labels (`name=value`), as somebody else would.
    pub(crate) fn add(&self, labels: &[&str]) {
        self.amtool(&[&["alert", "add"], labels].concat());
    }

    pub(super) fn amtool(&self, arguments: &[&str]) -> String {
        let url = format!("--alertmanager.url={}", self.url());
        let told = Command::new(&self.amtool).args(arguments).arg(url).output().expect("amtool starts");
        assert!(told.status.success(), "amtool {arguments:?}: {}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).expect("amtool writes UTF-8")
    }
}
