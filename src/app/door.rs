//! What `/probe` asks with: the modules that are in force, and a dialer that is no open proxy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::error;

use crate::cause::{Judged, Verdict};
use crate::config::{self, Config, DEFAULT_MODULE, LastGood, Settings};
use crate::dial::{Allowed, Dialer};
use crate::outcome::{End, Outcome, OwnSide};
use crate::serve::{Asker, ProbingSettings, Way, Ways};
use crate::spec::Module;
use crate::target::Target;

/// How `/probe` is set up.
#[derive(Clone, Debug, Default)]
pub struct Door {
    /// `--probe.allow`.
    pub allowed: Arc<Allowed>,
    /// Its other flags.
    pub settings: ProbingSettings,
}

/// Asks for whoever asks `/probe`, by `dialer` and behind its guard. Questions go to the Prometheus of the
/// settings as they are then.
pub(super) fn asker(dialer: &Dialer, door: &Door, settings: &watch::Receiver<Settings>) -> Asker {
    let (dialer, settings) = (dialer.for_others(Arc::clone(&door.allowed)), settings.clone());
    Asker::new(move |module, target| {
        let prometheus = settings.borrow().prometheus.clone();
        alone(dialer.clone().with_prometheus(prometheus), module, target)
    })
}

/// One attempt in a task of its own, so that a mistake of ours ends nothing else.
async fn alone(dialer: Dialer, module: Module, target: Target) -> Judged {
    let mut task = JoinSet::new();
    task.spawn(async move {
        let (outcome, _nobody_reads_on) = crate::probe::ask(&dialer, &module, &target).await;
        Judged::new(&module, outcome)
    });
    if let Some(Ok(judged)) = task.join_next().await {
        return judged;
    }
    error!("an attempt for /probe was lost by a mistake of ours");
    let outcome = Outcome::bare(SystemTime::now(), Duration::ZERO, End::Unknown(OwnSide::Internal));
    Judged { verdict: Verdict::Unknown(OwnSide::Internal), outcome }
}

/// The modules of all files in force. The exporter's default is there where all files are good and none
/// says it: of a bad file nobody knows what it would have said.
pub(super) fn ways(config: &Config, in_force: &LastGood, settings: Option<&str>, all_good: bool) -> Ways {
    let mut texts = BTreeMap::new();
    let mut pages: Vec<String> = settings.map(str::to_owned).into_iter().collect();
    for (name, text) in in_force.files() {
        pages.push(config::shown(name, text));
        for (module, shown) in config::modules_shown(text) {
            texts.entry(module).or_insert(shown);
        }
    }
    let way = |(name, module): (&Arc<str>, &Arc<Module>)| {
        let shown = texts.get(name).map_or("", String::as_str).into();
        let untimed = config.untimed.contains(name);
        (Arc::clone(name), Way { module: Arc::clone(module), untimed, shown })
    };
    let mut modules: BTreeMap<Arc<str>, Way> = config.modules.iter().map(way).collect();
    let default = config::default_module().filter(|_| all_good && !modules.contains_key(DEFAULT_MODULE));
    if let Some(module) = default {
        let way = Way { module, untimed: true, shown: "prober: http\n".into() };
        modules.insert(DEFAULT_MODULE.into(), way);
    }
    Ways { modules, left_out: config.left_out.clone(), shown: pages.join("---\n").into() }
}

#[cfg(test)]
mod tests;
