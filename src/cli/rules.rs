//! `fingerpost rules --alertmanager`.

use std::process::ExitCode;

use crate::config::{self, LastGood, Level, Loaded};
use crate::files;
use crate::rules;

use super::{Flags, say};

/// Prints the inhibit rules that match the drop-ins. Exit 1 where a drop-in is wrong: rules that lack
/// some of them would pass for all.
pub(super) fn run(flags: &Flags) -> ExitCode {
    let Loaded { config, complaints, .. } =
        config::load(&files::drop_ins(&flags.config_dir), &LastGood::default());
    let mut errors = complaints.iter().filter(|it| it.level == Level::Error).peekable();
    if errors.peek().is_none() {
        say(std::io::stdout(), rules::inhibit_rules(&config.plan).trim_end());
        return ExitCode::SUCCESS;
    }
    for complaint in errors {
        say(std::io::stderr(), &format!("{complaint}\n"));
    }
    ExitCode::FAILURE
}
