//! The settings file while the daemon runs: it is read again like the drop-ins are.

use std::path::PathBuf;

use tracing::{info, warn};

use crate::config::{self, Complaint, Level, Place, Source};
use crate::files;

use super::{Keeper, WAITS_MAX, tell};

/// What is known of the settings file.
#[derive(Debug, Default)]
pub(super) struct SettingsFile {
    /// As it was read last; `None` to read it whatever it says.
    seen: Option<u64>,
    /// As it says what holds now.
    in_force: u64,
    /// Whether there was one when it was good.
    was_there: bool,
    /// What is wrong with it.
    wrong: Option<String>,
}

impl SettingsFile {
    /// It was read at the start, and is good.
    pub(super) fn opened(source: Option<&Source>) -> Self {
        let print = print_of(source);
        Self { seen: Some(print), in_force: print, was_there: source.is_some(), wrong: None }
    }

    /// The next look reads it, changed or not.
    pub(super) fn forget(&mut self) {
        self.seen = None;
    }

    /// The first thing that is wrong with it.
    pub(super) fn outcome(&self) -> Result<(), String> {
        self.wrong.clone().map_or(Ok(()), Err)
    }
}

impl Keeper {
    /// Whether other settings hold now. A file that is wrong, or gone, changes nothing: without its
    /// settings nobody would hear of anything.
    pub(super) fn look_at_settings(&mut self) -> bool {
        let source = files::settings(self.config_file.as_deref(), &self.config_dir);
        let print = print_of(source.as_ref());
        if self.known.settings.seen == Some(print) {
            return false;
        }
        let path = self.settings_path();
        if files::is_being_written(&path) && self.known.waited < WAITS_MAX {
            self.known.waits = true;
            return false;
        }
        self.known.settings.seen = Some(print);
        if source.is_none() && self.known.settings.was_there {
            self.refuse(&[gone()]);
            return false;
        }
        let read = config::settings(source.as_ref(), &self.overrides);
        tell(&files::missing(&read.needed, &self.config_dir));
        let Some(settings) = read.settings else {
            self.refuse(&read.complaints);
            return false;
        };
        tell(&read.complaints);
        let file = &mut self.known.settings;
        file.wrong = None;
        file.was_there = source.is_some();
        if std::mem::replace(&mut file.in_force, print) == print {
            return false;
        }
        if settings.prometheus.is_some() != self.settings.prometheus.is_some() {
            self.known.drop_ins = None;
        }
        self.known.pages = None;
        self.settings = settings;
        self.settings_shown = source.as_ref().and_then(shown);
        self.tell_ways();
        info!(alertmanagers = self.settings.alertmanagers.len(), "other settings hold");
        let flags = self.overrides.named();
        if !flags.is_empty() {
            let flags = flags.join(" ");
            info!(flags, "what flags say wins over the settings, and changes with a restart only");
        }
        true
    }

    /// Where the settings are, or would be.
    pub(super) fn settings_path(&self) -> PathBuf {
        self.config_file.clone().unwrap_or_else(|| self.config_dir.join("fingerpost.yaml"))
    }

    /// What held before goes on.
    fn refuse(&mut self, complaints: &[Complaint]) {
        let first = complaints.iter().find(|it| it.level == Level::Error);
        self.known.settings.wrong =
            Some(first.map(|it| format!("{}: {}", it.place, it.title)).unwrap_or_default());
        tell(complaints);
        warn!("the settings are not taken: those of before go on");
    }
}

/// The file as anybody may see it.
pub(super) fn shown(source: &Source) -> Option<String> {
    Some(config::shown(&source.name, source.text.as_deref().ok()?))
}

fn print_of(source: Option<&Source>) -> u64 {
    files::fingerprint(source.map(std::slice::from_ref).unwrap_or_default())
}

fn gone() -> Complaint {
    Complaint {
        level: Level::Error,
        place: Place::unread("fingerpost.yaml".into()),
        title: "the settings file is gone".to_owned(),
        help: Some("put it back, or restart without it: until then its settings go on".to_owned()),
    }
}
