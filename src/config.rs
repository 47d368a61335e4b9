//! Drop-ins in, a checked [`Config`] out, and every complaint at once, each with its place and a
//! help that can be followed. What leaves here cannot be wrong any more.
//!
//! A file goes through four hands. `raw` makes a tree of it, in which every value knows its place.
//! `module`, `probe` and `alert` read that tree entry by entry against the tables of `key`, and lay
//! what they find wrong onto the file's `desk`; a mistake in one entry hides none in the next. `link`
//! looks at what files say of each other. Then what is good is put together here: a bad file is
//! replaced by its last good version, or left out, and takes no other file with it.
//!
//! Texts come as arguments: `files` reads them, and looks for the files that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

pub use complaint::{Complaint, Level, Place};
pub use exporter::{DEFAULT_MODULE, default_module, is_module_file};
pub use page::{PageUse, pages, prove};
pub use pattern::{SHOWN_FILES_ONLY, rooted};
pub use raw::FILE_BYTES_MAX;
pub use setting::{SettingsRead, settings};
pub use shown::{modules_shown, shown, without_secrets};
pub use target_file::{TARGET_FILE_BYTES_MAX, target_groups};
pub use web::{Clients, Rate, ServerTls, WebConfig, web};

use crate::labels::Labels;
use crate::plan::Plan;
use crate::relabel::Rule;
use crate::spec::{HttpClient, Module};

mod complaint;
pub mod key;
mod desk;
pub(crate) mod raw;
pub(crate) mod word;
mod go_regex;
mod field;
mod address;
mod proxy;
mod oauth2;
mod client;
mod dns;
mod grpc;
mod http;
mod icmp;
mod metrics;
mod path;
mod query;
mod tcp;
mod websocket;
mod tls;
mod unix;
mod module;
mod rewrite;
mod pattern;
mod probe;
mod target_file;
mod row;
mod alert;
mod text;
mod group;
mod ring;
mod draft;
mod link;
mod page;
mod setting;
mod shown;
mod veil;
mod exporter;
mod web;

/// The tools of reading a file of keys, for those who read files of their own.
pub(crate) mod reading {
    pub(crate) use super::complaint::{listed, nearest};
    pub(crate) use super::desk::Desk;
    pub(crate) use super::field::Fields;
    pub(crate) use super::raw::{self, Entry, Node};
    pub(crate) use super::word::{self, Bounds};
}

/// All that the drop-ins say.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The probes and the alerts.
    pub plan: Arc<Plan>,
    /// Where each probe's targets come from; one for each probe of the plan.
    pub discoveries: Vec<Discovery>,
    /// Every module by its name, those that no probe uses among them.
    pub modules: BTreeMap<Arc<str>, Arc<Module>>,
    /// Modules that ask for what is not built, and for what. They are left out, alone.
    pub left_out: BTreeMap<Arc<str>, String>,
    /// The names of those modules that say no timeout of their own.
    pub untimed: BTreeSet<Arc<str>>,
}

/// Where a probe's targets come from.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// The probe's name.
    pub probe: Arc<str>,
    /// Groups that are written in the drop-in.
    pub static_configs: Vec<TargetGroup>,
    /// Glob patterns, absolute or relative to the configuration folder.
    pub file_sd_patterns: Vec<String>,
    /// Rules for every target's labels, top down.
    pub relabel: Vec<Rule>,
}

/// Addresses with the labels that they share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// `host:port` each, or a URL; as they are written, right or wrong.
    pub targets: Vec<String>,
    /// Where each of them is written.
    pub places: Vec<Place>,
    /// What each of them bears.
    pub labels: Labels,
}

/// The daemon's own settings: `fingerpost.yaml`, with the flags on top.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whom alerts are sent to: each of them.
    pub alertmanagers: Vec<Endpoint>,
    /// Whom queries are asked of.
    pub prometheus: Option<Endpoint>,
    /// Laid under every alert's labels.
    pub external_labels: Labels,
    /// What every alert's `generatorURL` says; none: its place on our page.
    pub generator_url: Option<Url>,
    /// Where people reach our page; none: by this host's name.
    pub external_url: Option<Url>,
    /// The time after which a firing alert is sent again.
    pub resend_interval: Duration,
    /// The folder of the runbook's pages.
    pub runbook_dir: Option<PathBuf>,
    /// Where people read those pages.
    pub runbook_base_url: Url,
}

/// A server that is called.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Without `/api/v2/alerts` (Alertmanager) or `/api/v1/query` (Prometheus).
    pub url: Url,
    /// How the call is made.
    pub client: HttpClient,
    /// How long one call may take.
    pub timeout: Duration,
}

/// Flags that win over the settings file. `None`, or an empty list: the flag was not given.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--alertmanager.url`, each of them.
    pub alertmanagers: Vec<Url>,
    /// `--prometheus.url`.
    pub prometheus: Option<Url>,
    /// `--web.external-url`.
    pub external_url: Option<Url>,
    /// `--runbook.dir`.
    pub runbook_dir: Option<PathBuf>,
    /// `--runbook.base-url`.
    pub runbook_base_url: Option<Url>,
}

/// A file as it was found.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name as people see it, as `probes.d/10-scrape.yaml`. Files are taken in byte order of it.
    pub name: Arc<str>,
    /// Its text, or why it could not be read.
    pub text: Result<Arc<str>, Complaint>,
}

/// Something outside that a file names: whether it is there is a matter for `files`.
#[derive(Clone, Debug)]
pub struct Needed {
    /// Where it is named.
    pub place: Place,
    /// What is named.
    pub what: Outside,
}

/// What a file can name outside itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outside {
    /// A file with a secret or a certificate, read at each use; relative to the working directory.
    File(PathBuf),
    /// A glob pattern of target files; relative to the configuration folder.
    Pattern(String),
}

/// What became of the drop-ins.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// What is in force.
    pub config: Config,
    /// Every file, in byte order of their names.
    pub files: Vec<FileState>,
    /// Everything that is wrong, file by file, each from the top down.
    pub complaints: Vec<Complaint>,
    /// Every page of the runbook that is named; [`prove`] looks for them.
    pub pages: Vec<PageUse>,
    /// Everything outside that is named.
    pub needed: Vec<Needed>,
    /// To be handed to the next [`load`].
    pub last_good: LastGood,
}

/// A file, and which of its versions is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Its name.
    pub name: Arc<str>,
    /// Which version.
    pub in_force: InForce,
}

/// Which version of a file is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InForce {
    /// The file is good.
    Current,
    /// It has errors; what it said before goes on.
    LastGood,
    /// It has errors, and was never good since the start.
    LeftOut,
}

/// The texts of all files when they were good for the last time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastGood(BTreeMap<Arc<str>, Arc<str>>);

impl LastGood {
    /// The files that are in force, with their texts, in byte order of their names.
    pub fn files(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter()
    }
}

/// Reads all drop-ins. A file with an error gives way to its last good version, or is left out; what
/// other files need of it then is left out with a warning, and nothing else is.
pub fn load(sources: &[Source], last_good: &LastGood) -> Loaded {
    let mut sources: Vec<&Source> = sources.iter().collect();
    sources.sort_by(|one, other| one.name.cmp(&other.name));
    let stays =
        |it: &Source| it.text.as_ref().ok().is_some_and(|text| last_good.0.get(&it.name) == Some(text));
    let read = |it: &&Source| draft::Draft { stays: stays(it), ..draft::read(it) };
    let mut drafts: Vec<draft::Draft> = sources.iter().map(read).collect();
    let earlier = |source: &Source| {
        let text = Ok(Arc::clone(last_good.0.get(&source.name)?));
        Some(draft::read(&Source { name: Arc::clone(&source.name), text })).filter(|it| !it.desk.has_errors())
    };
    let spoiled = sources.iter().zip(&drafts).filter(|(_, draft)| draft.desk.has_errors());
    let standing_by: Vec<draft::Draft> = spoiled.filter_map(|(source, _)| earlier(source)).collect();
    link::check(&mut drafts, &standing_by);

    let mut loaded = Loaded::default();
    let (mut good, mut replaced) = (Vec::new(), Vec::new());
    for (source, mut draft) in sources.into_iter().zip(drafts) {
        let (name, gathered) = (Arc::clone(&source.name), draft.desk.take());
        let is_good = !gathered.has_errors();
        loaded.complaints.extend(gathered.complaints);
        loaded.pages.extend(gathered.pages);
        loaded.needed.extend(gathered.needed);
        let in_force = match (&source.text, earlier(source)) {
            (Ok(text), _) if is_good => {
                loaded.last_good.0.insert(Arc::clone(&name), Arc::clone(text));
                good.push(draft);
                InForce::Current
            }
            (_, Some(before)) => {
                loaded.last_good.0.extend(
                    last_good.0.get_key_value(&name).map(|(name, text)| (name.clone(), text.clone())),
                );
                replaced.push(before);
                InForce::LastGood
            }
            (_, None) => InForce::LeftOut,
        };
        loaded.files.push(FileState { name, in_force });
    }
    let left_out = loaded.files.iter().filter(|it| it.in_force == InForce::LeftOut).map(|it| &*it.name);
    let (config, complaints) = draft::join(good, replaced, &left_out.collect::<Vec<_>>());
    loaded.config = config;
    loaded.complaints.extend(complaints);
    loaded.complaints.sort_by(|one, other| {
        let key = |it: &Complaint| it.place.span.start;
        one.place.file.cmp(&other.place.file).then_with(|| key(one).cmp(&key(other)))
    });
    loaded
}

#[cfg(test)]
mod tests;
