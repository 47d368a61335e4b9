//! `fingerpost.yaml`: the daemon's own settings, with the flags on top.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::client;
use super::complaint::Complaint;
use super::desk::Desk;
use super::field::Fields;
use super::key::{ENDPOINT, RUNBOOK, SETTINGS};
use super::probe;
use super::raw::{self, Node};
use super::word::{self, Bounds, HOUR};
use super::{Endpoint, Needed, Overrides, Settings, Source};
use crate::runbook::DEFAULT_BASE_URL;

/// What the settings file says, or without one what the flags say.
#[derive(Clone, Debug)]
pub struct SettingsRead {
    /// None where the file has errors.
    pub settings: Option<Settings>,
    /// Everything that is wrong with it.
    pub complaints: Vec<Complaint>,
    /// Files that it names.
    pub needed: Vec<Needed>,
}

/// Reads the settings; a flag wins over what the file says in its place (the list of Alertmanagers
/// as a whole).
pub fn settings(source: Option<&Source>, overrides: &Overrides) -> SettingsRead {
    let mut settings = Settings::default();
    let (mut complaints, mut needed, mut sound) = (Vec::new(), Vec::new(), true);
    match source.map(|it| (it, &it.text)) {
        None => {}
        Some((_, Err(complaint))) => {
            sound = false;
            complaints.push(complaint.clone());
        }
        Some((source, Ok(text))) => {
            let mut desk = Desk::new(source.name.clone(), text.clone());
            if let Some(root) = raw::read(&mut desk) {
                read(&root, &mut settings, &mut desk);
            }
            sound = !desk.has_errors();
            let gathered = desk.take();
            (complaints, needed) = (gathered.complaints, gathered.needed);
        }
    }
    overrides.lay_on(&mut settings);
    SettingsRead { settings: sound.then_some(settings), complaints, needed }
}

impl Overrides {
    /// The flags that were given and win over a key of the file.
    pub fn named(&self) -> Vec<&'static str> {
        let all = [
            ("--alertmanager.url", !self.alertmanagers.is_empty()),
            ("--prometheus.url", self.prometheus.is_some()),
            ("--runbook.dir", self.runbook_dir.is_some()),
            ("--runbook.base-url", self.runbook_base_url.is_some()),
        ];
        all.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }

    fn lay_on(&self, settings: &mut Settings) {
        if !self.alertmanagers.is_empty() {
            settings.alertmanagers = self.alertmanagers.iter().cloned().map(Endpoint::at).collect();
        }
        if let Some(url) = &self.prometheus {
            settings.prometheus = Some(Endpoint::at(url.clone()));
        }
        settings.external_url.clone_from(&self.external_url);
        if let Some(dir) = &self.runbook_dir {
            settings.runbook_dir = Some(dir.clone());
        }
        if let Some(url) = &self.runbook_base_url {
            settings.runbook_base_url = url.clone();
        }
    }
}

impl Endpoint {
    /// The server at that URL, called without credentials.
    pub fn at(url: Url) -> Self {
        Self { url, client: client::plain(ANSWER_BYTES_MAX), timeout: TIMEOUT }
    }
}

/// What holds where nothing is said.
impl Default for Settings {
    fn default() -> Self {
        Self {
            alertmanagers: Vec::new(),
            prometheus: None,
            external_labels: crate::labels::Labels::default(),
            generator_url: None,
            external_url: None,
            resend_interval: Duration::from_mins(1),
            runbook_dir: None,
            runbook_base_url: Url::parse(DEFAULT_BASE_URL).expect("the default base is a URL"),
        }
    }
}

fn read(root: &Node, settings: &mut Settings, desk: &mut Desk) {
    let fields = Fields::of(root, &SETTINGS, desk);
    for node in fields.list("alertmanagers", desk) {
        settings.alertmanagers.extend(endpoints(node, desk));
    }
    if let Some(node) = fields.get("prometheus") {
        let mut found = endpoints(node, desk);
        if found.len() > 1 {
            desk.error(
                &node.span,
                "one Prometheus is asked, and this names several",
                "name one of them by `url`",
            );
        }
        settings.prometheus = found.pop();
    }
    settings.external_labels = probe::labels(&fields, "external_labels", desk);
    settings.generator_url = fields.get("generator_url").and_then(|it| word::url(it, desk));
    if let Some(interval) = fields.duration("resend_interval", &RESEND, desk) {
        settings.resend_interval = interval;
    }
    if let Some(node) = fields.get("runbook") {
        let runbook = Fields::of(node, &RUNBOOK, desk);
        settings.runbook_dir = runbook.text("dir", desk).map(PathBuf::from);
        if let Some(url) = runbook.get("base_url").and_then(|it| word::url(it, desk)) {
            settings.runbook_base_url = url;
        }
    }
}

/// One server by `url`, or as many as `static_configs` names.
fn endpoints(node: &Node, desk: &mut Desk) -> Vec<Endpoint> {
    let fields = Fields::of(node, &ENDPOINT, desk);
    let client = client::read(&fields, ANSWER_BYTES_MAX, desk);
    let timeout = fields.duration("timeout", &CALL, desk).unwrap_or(TIMEOUT);
    if let Some(node) = fields.get("api_version")
        && word::text(node, desk) != Some("v2")
    {
        desk.error(
            &node.span,
            "only version 2 of the interface is spoken",
            "write `v2`, or take the key away",
        );
    }
    client::exclude(&fields, "url", "static_configs", desk);
    let urls: Vec<Url> = match (fields.get("url"), fields.get("static_configs")) {
        (Some(node), _) => word::url(node, desk).into_iter().collect(),
        (None, Some(groups)) => addresses(&fields, groups, desk),
        (None, None) => {
            desk.error(&fields.span, "this server has no address", "write `url: http://host:port`");
            Vec::new()
        }
    };
    urls.into_iter().map(|url| Endpoint { url, client: client.clone(), timeout }).collect()
}

fn addresses(fields: &Fields<'_>, groups: &Node, desk: &mut Desk) -> Vec<Url> {
    let scheme = fields.text("scheme", desk).unwrap_or("http");
    if let Some(node) = fields.get("scheme").filter(|_| !matches!(scheme, "http" | "https")) {
        desk.error(&node.span, format!("`{scheme}` is no scheme that is called"), "write `http` or `https`");
        return Vec::new();
    }
    let prefix = fields.text("path_prefix", desk).unwrap_or("").trim_matches('/');
    let mut urls = Vec::new();
    for node in word::list(groups, desk) {
        for address in probe::group(node, desk).targets {
            match Url::parse(&format!("{scheme}://{address}/{prefix}")) {
                Ok(url) if url.has_host() && !address.contains(is_blank) => urls.push(url),
                Ok(_) | Err(_) => {
                    desk.error(&node.span, format!("`{address}` is no address"), "write `host:port`");
                }
            }
        }
    }
    urls
}

/// What a URL would silently lose.
fn is_blank(sign: char) -> bool {
    sign.is_whitespace() || sign.is_control()
}

const ANSWER_BYTES_MAX: u64 = 1 << 20;
const TIMEOUT: Duration = Duration::from_secs(10);
const CALL: Bounds = Bounds::new(Duration::from_millis(1), HOUR);
const RESEND: Bounds = Bounds::new(Duration::from_secs(1), HOUR);
