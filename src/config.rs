//! Interface only.
use crate::labels::Labels;
use crate::plan::Plan;
use crate::relabel::Rule;
use crate::spec::{HttpClient, Module};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// All that the drop-ins say.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub plan: Arc<Plan>,
    /// where each probe's targets come from
    pub discoveries: Vec<Discovery>,
    /// every module by its name, those that no probe uses among them
    pub modules: BTreeMap<Arc<str>, Arc<Module>>,
}
/// Where a probe's targets come from.
#[derive(Clone, Debug)]
pub struct Discovery {
    pub probe: Arc<str>,
    pub static_configs: Vec<TargetGroup>,
    /// glob patterns, absolute or relative to the configuration folder
    pub file_sd_patterns: Vec<String>,
    pub relabel: Vec<Rule>,
}
/// Addresses with the labels that they share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    pub targets: Vec<String>,
    pub labels: Labels,
}
/// The daemon's own settings: `fingerpost.yaml`, with the flags on top.
#[derive(Clone, Debug)]
pub struct Settings {
    pub alertmanagers: Vec<Endpoint>,
    pub prometheus: Option<Endpoint>,
    pub external_labels: Labels,
    pub generator_url: Option<Url>,
    pub resend_interval: Duration,
    pub runbook_dir: Option<PathBuf>,
    pub runbook_base_url: Url,
}
/// A server that is called.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// without `/api/v2/alerts`
    pub url: Url,
    pub client: HttpClient,
    pub timeout: Duration,
}
