//! Keeps the configuration: reads the folders when something in them may have changed, and tells the
//! engine what is new. What did not change is not told again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, info, warn};

use crate::config::{
    self, Complaint, Config, FileState, InForce, LastGood, Level, Loaded, Overrides, Settings, Source,
};
use crate::discovery::{self, Memory};
use crate::engine::{Event, OwnAlert, OwnFinding};
use crate::files::{self, Watch};
use crate::runbook::Runbook;
use crate::serve::{OwnMetrics, ReloadRequest, Ways};
use crate::target::TargetSet;

use super::{Failed, Options, Pace, door, supervisor};

use pace::{leave_questions_out, quicken};
use settings::SettingsFile;

mod pace;
mod settings;

/// The settings, and what was read last.
#[derive(Debug)]
pub(super) struct Keeper {
    config_dir: PathBuf,
    config_file: Option<PathBuf>,
    overrides: Overrides,
    settings: Settings,
    pace: Option<Pace>,
    own: OwnMetrics,
    /// A module file of the exporter that was named in place of settings.
    module_file: Option<PathBuf>,
    settings_shown: Option<String>,
    ways: watch::Sender<Arc<Ways>>,
    memory: Memory,
    known: Known,
}

/// What the engine knows already.
#[derive(Debug, Default)]
struct Known {
    settings: SettingsFile,
    /// The drop-ins as they were taken last; none before the first look.
    sources: Vec<Source>,
    /// Somebody is writing a file: what it said before is in force, and the next look is soon.
    waits: bool,
    /// How many looks in a row have waited.
    waited: u32,
    drop_ins: Option<u64>,
    pages: Option<u64>,
    config: Config,
    last_good: LastGood,
    /// How many drop-ins are left out.
    left_out: usize,
    targets: BTreeMap<Arc<str>, TargetSet>,
    troubles: Vec<Complaint>,
    /// Whether every drop-in is good.
    all_good: bool,
    /// Whether the engine knows that all files were read and are good.
    settled: bool,
}

impl Keeper {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// Where they are wrong: without them nobody would hear of anything.
    pub(super) fn open(
        options: &Options,
        own: OwnMetrics,
        ways: watch::Sender<Arc<Ways>>,
    ) -> Result<Self, Failed> {
        let named = options.config_file.as_deref();
        let (source, modules) = files::configured(named, &options.config_dir);
        let module_file = modules.and(options.config_file.clone());
        if let Some(path) = &module_file {
            info!(file = %path.display(), "--config.file holds modules and no settings: they are served at /probe");
        }
        let settings_shown = source.as_ref().and_then(settings::shown);
        let read = config::settings(source.as_ref(), &options.overrides);
        let missing = files::missing(&read.needed, &options.config_dir);
        let complaints: Vec<_> = read.complaints.into_iter().chain(missing).collect();
        let Some(settings) = read.settings else {
            let told: Vec<_> = complaints.iter().map(Complaint::to_string).collect();
            return Err(Failed::Settings(told.join("\n\n")));
        };
        tell(&complaints);
        Ok(Self {
            config_dir: options.config_dir.clone(),
            config_file: if module_file.is_some() { None } else { options.config_file.clone() },
            overrides: options.overrides.clone(),
            settings,
            pace: options.pace,
            own,
            module_file,
            settings_shown,
            ways,
            memory: Memory::default(),
            known: Known { settings: SettingsFile::opened(source.as_ref()), ..Known::default() },
        })
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Looks once, says that the daemon is ready, and looks again whenever there is reason to, until
    /// `stop` comes.
    pub(super) async fn keep(
        mut self,
        mut reloads: mpsc::Receiver<ReloadRequest>,
        events: mpsc::UnboundedSender<Event>,
        told: watch::Sender<Settings>,
        ready: watch::Sender<bool>,
        stop: impl Future<Output = ()>,
    ) {
        let mut places = self.places();
        let mut watch = Watch::new(places.clone());
        tokio::pin!(stop);
        let mut asked: Vec<ReloadRequest> = Vec::new();
        let mut forced = Instant::now();
        loop {
            let (keeper, news, outcome, changed) = tokio::task::spawn_blocking(move || {
                self.known.waits = false;
                let changed = self.look_at_settings();
                let (news, outcome) = self.look();
                (self, news, outcome, changed)
            })
            .await
            .expect("looking at files does not panic");
            self = keeper;
            if changed {
                told.send_replace(self.settings.clone());
            }
            for event in news {
                let _stopping = events.send(event);
            }
            let waits = self.known.waits;
            self.known.waited = if waits { self.known.waited + 1 } else { 0 };
            if self.known.waited == 1 {
                info!("a file is being written: until that is over, what it said before goes on");
            }
            if (!asked.is_empty() && !waits) || !*ready.borrow() {
                let targets = self.known.targets.values().map(|it| it.targets.len()).sum();
                supervisor::ready(self.known.config.plan.probes.len(), targets);
            }
            ready.send_replace(true);
            let now = self.places();
            if now != places {
                watch = Watch::new(now.clone());
                places = now;
            }
            if waits && !asked.is_empty() {
                // The outcome of the whole is told when nothing waits any more.
                self.known.drop_ins = None;
            }
            if !waits {
                for asked in asked.drain(..) {
                    let _gone = asked.send(outcome.clone());
                }
            }
            tokio::select! {
                () = &mut stop => return,
                () = sleep(LOOK_SOON), if waits => {}
                Some(request) = reloads.recv() => {
                    asked.push(request);
                    // Of many who ask at once, and of those who ask again and again, one look is for all.
                    sleep_until(forced + LOOK_SOON).await;
                    forced = Instant::now();
                    while let Ok(request) = reloads.try_recv() {
                        asked.push(request);
                    }
                    // Whoever asks for a reload wants to hear of it again, changed or not.
                    self.known.drop_ins = None;
                    self.known.settings.forget();
                    supervisor::reloading();
                }
                () = watch.look_again() => {}
            }
        }
    }

    /// Where something may change.
    fn places(&self) -> Vec<PathBuf> {
        let patterns = self.known.config.discoveries.iter().flat_map(|it| &it.file_sd_patterns);
        let folder = |pattern: &String| Some(self.config_dir.join(pattern).parent()?.to_owned());
        let mut places: Vec<PathBuf> = patterns.filter_map(folder).collect();
        places.push(self.config_dir.join("probes.d"));
        places.push(self.settings_path());
        places.extend(self.settings.runbook_dir.clone());
        places.extend(self.module_file.as_ref().and_then(|it| it.parent()).map(folder_of));
        places.sort();
        places.dedup();
        places
    }

    /// Everything new since the last look, and what is wrong with the drop-ins as a whole.
    fn look(&mut self) -> (Vec<Event>, Result<(), String>) {
        let mut news = Vec::new();
        self.look_at_pages(&mut news);
        let outcome = self.look_at_drop_ins(&mut news);
        self.look_at_targets(&mut news);
        let whole = self.known.all_good && self.known.troubles.is_empty();
        if whole && !(self.known.settled && news.is_empty()) {
            news.push(Event::Settled);
        }
        self.known.settled = whole;
        let settings = self.known.settings.outcome();
        if settings.is_err() {
            self.own.reload_failed();
        }
        (news, settings.and(outcome))
    }

    fn look_at_drop_ins(&mut self, news: &mut Vec<Event>) -> Result<(), String> {
        let mut sources = self.settled_drop_ins();
        sources.extend(self.module_file.as_ref().map(|it| files::source(it, &it.display().to_string())));
        let fingerprint = files::fingerprint(&sources);
        if self.known.drop_ins == Some(fingerprint) {
            return Ok(());
        }
        let Loaded { mut config, files, complaints, needed, last_good, .. } =
            config::load(&sources, &self.known.last_good);
        tell(&complaints);
        tell(&files::missing(&needed, &self.config_dir));
        if self.settings.prometheus.is_none() {
            leave_questions_out(&mut config.plan);
        }
        if let Some(pace) = self.pace {
            quicken(&mut config.plan, pace);
        }
        self.own.files(files.iter().map(|it| (&*it.name, it.in_force == InForce::Current)));
        let bad: Vec<_> = files.iter().filter(|it| it.in_force != InForce::Current).collect();
        let (probes, alerts) = (config.plan.probes.len(), config.plan.alerts.len());
        info!(files = files.len(), bad = bad.len(), probes, alerts, "drop-ins are read");
        news.push(Event::Plan(Arc::clone(&config.plan)));
        let found = bad.iter().map(|it| invalid(it, &complaints)).collect();
        news.push(Event::Ourselves { alert: OwnAlert::ProbeFileInvalid, found });
        self.known.left_out = files.iter().filter(|it| it.in_force == InForce::LeftOut).count();
        let outcome = if bad.is_empty() {
            self.own.reloaded(SystemTime::now());
            Ok(())
        } else {
            self.own.reload_failed();
            let first = complaints.iter().find(|it| it.level == Level::Error);
            Err(first
                .map(|it| format!("{}:{}: {}", it.place.file, it.place.line(), it.title))
                .unwrap_or_default())
        };
        self.known.all_good = bad.is_empty();
        self.known.drop_ins = Some(fingerprint);
        self.known.sources = sources;
        self.known.config = config;
        self.known.last_good = last_good;
        self.tell_ways();
        outcome
    }

    /// Tells `/probe` and `/config` what is in force.
    fn tell_ways(&self) {
        let Known { config, last_good, left_out, .. } = &self.known;
        let ways = door::ways(config, last_good, self.settings_shown.as_deref(), *left_out == 0);
        self.ways.send_replace(Arc::new(ways));
    }

    /// Without what is half written, for as long as anybody may reasonably write.
    fn settled_drop_ins(&mut self) -> Vec<Source> {
        let sources = files::drop_ins(&self.config_dir);
        if self.known.drop_ins.is_none() && self.known.sources.is_empty() || self.known.waited >= WAITS_MAX {
            return sources;
        }
        let (sources, waits) = files::settled(sources, &self.known.sources, &self.config_dir);
        self.known.waits |= waits;
        sources
    }

    fn look_at_pages(&mut self, news: &mut Vec<Event>) {
        let base = self.settings.runbook_base_url.clone();
        let sources = self.settings.runbook_dir.as_ref().map(|it| files::pages(it));
        let fingerprint = files::fingerprint(sources.as_deref().unwrap_or_default());
        if self.known.pages == Some(fingerprint) {
            return;
        }
        let runbook = match sources {
            None => Runbook::without_folder(base),
            Some(sources) => {
                let (pages, complaints) = config::pages(&sources);
                tell(&complaints);
                Runbook::from_pages(base, pages).0
            }
        };
        news.push(Event::Runbook(Arc::new(runbook)));
        self.known.pages = Some(fingerprint);
    }

    fn look_at_targets(&mut self, news: &mut Vec<Event>) {
        let (mut troubles, mut left_out, mut waits) = (Vec::new(), Vec::new(), false);
        let mut targets = BTreeMap::new();
        for discovery in &self.known.config.discoveries {
            let Some(probe) = self.known.config.plan.probe(&discovery.probe) else { continue };
            let found = discovery::gather(
                discovery,
                &probe.module.prober,
                &self.config_dir,
                &mut self.memory,
                files::is_being_written,
            );
            troubles.extend(found.troubles);
            waits |= found.waits;
            left_out.push((Arc::clone(&discovery.probe), found.left_out));
            if self.known.targets.get(&discovery.probe) != Some(&found.set) {
                info!(probe = &*discovery.probe, targets = found.set.targets.len(), "targets are known");
                news.push(Event::Targets(found.set.clone()));
            }
            targets.insert(Arc::clone(&discovery.probe), found.set);
        }
        self.own.targets_left_out(left_out.iter().map(|(probe, count)| (&**probe, *count)));
        self.known.targets = targets;
        self.known.waits |= waits;
        if troubles != self.known.troubles {
            tell(&troubles);
            self.known.troubles = troubles;
        }
    }
}

/// The folder of a file that is named without one is where we are.
fn folder_of(parent: &Path) -> PathBuf {
    if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() }
}

fn tell(complaints: &[Complaint]) {
    for it in complaints {
        let (file, line, column) = (&*it.place.file, it.place.line(), it.place.column());
        let help = it.help.as_deref().unwrap_or_default();
        match it.level {
            Level::Error => error!(file, line, column, help, "{}", it.title),
            Level::Warning => warn!(file, line, column, help, "{}", it.title),
        }
    }
}

/// What people are told of a drop-in with errors.
fn invalid(file: &FileState, complaints: &[Complaint]) -> OwnFinding {
    let name = &*file.name;
    let (goes_on, help) = match file.in_force {
        InForce::Current => ("it is good", "nothing is to be done"),
        InForce::LastGood => (
            "what it said before goes on until the daemon is started again, and then none of it",
            "what was changed in it is not watched",
        ),
        InForce::LeftOut => {
            ("it was never good since the start, and is left out", "nothing of it is watched")
        }
    };
    let errors = complaints.iter().filter(|it| it.level == Level::Error && *it.place.file == *name);
    let told: Vec<_> = errors.take(ERRORS_TOLD).map(ToString::to_string).collect();
    OwnFinding {
        labels: [("file", name)].into_iter().collect(),
        summary: format!("{name} has errors: {help}"),
        description: format!(
            "{goes_on}\n{}\nmend the file: `fingerpost check` shows every error with its place",
            told.join("\n\n")
        ),
    }
}

/// How many errors of a file an alert shows.
const ERRORS_TOLD: usize = 3;
/// From one look that somebody asked for to the next, and while somebody writes a file.
const LOOK_SOON: Duration = Duration::from_secs(1);
/// After so many looks what is there is taken as it is.
const WAITS_MAX: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    #[test]
    fn without_a_prometheus_no_alert_waits_for_one() {
        let text = "modules: { t: { prober: tcp }, q: { prober: query, query: { promql: up } } }\n\
            probes: [{ name: t, module: t, interval: 1m }, { name: q, module: q, interval: 1m }]\n\
            alerts:\n  - { alert: Down, probe: t, when: target.failing, queries: { a: up }, steps: [{ page: /x.html }] }\n  \
            - { alert: Asked, probe: q, when: target.failing, steps: [{ page: /x.html }] }\n";
        let source = Source { name: "a.yaml".into(), text: Ok(text.into()) };
        let mut plan = config::load(&[source], &<_>::default()).config.plan;
        assert_eq!(plan.alerts.len(), 2);
        leave_questions_out(&mut plan);
        let [alert] = &plan.alerts[..] else { panic!("{:?}", plan.alerts) };
        assert_eq!((&*alert.name, alert.queries.len(), plan.probes.len()), ("Down", 0, 1));
    }
}
