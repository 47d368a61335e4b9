//! `fingerpost explain [CAUSE]`: what a cause means, or where a text on standard input points.

use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use crate::config::{self, Config, InForce, LastGood};
use crate::files;
use crate::runbook::Runbook;
use crate::text::{TEXT_BYTES_MAX, Text};

use super::{Flags, Format, check, say};

mod cause;
mod report;

/// Explains. Exit 1 where no rule knows the text, 2 where there is nothing to explain.
pub(super) fn run(flags: &Flags, what: Option<&str>, format: Format) -> ExitCode {
    match what {
        None if io::stdin().is_terminal() => {
            print(&cause::all(format));
            ExitCode::SUCCESS
        }
        None | Some("-") => explain_text(flags, format),
        Some(name) => match cause::find(name) {
            Ok(doc) => {
                let (config, runbook) = load(flags);
                print(&cause::told(doc, &config.plan, &runbook, format));
                ExitCode::SUCCESS
            }
            Err(help) => wrong(&help),
        },
    }
}

fn explain_text(flags: &Flags, format: Format) -> ExitCode {
    // One byte more than is taken, so that the text knows that it was cut.
    let mut bytes = Vec::new();
    let most = u64::try_from(TEXT_BYTES_MAX + 1).expect("a text is shorter than 2^64 bytes");
    if let Err(error) = io::stdin().lock().take(most).read_to_end(&mut bytes) {
        return wrong(&format!("the text cannot be read: {error}"));
    }
    let text = Text::from_bytes(&bytes);
    if text.as_str().trim().is_empty() {
        return wrong("there is no text on standard input");
    }
    let (config, runbook) = load(flags);
    let report = report::Report::new(&Arc::new(text), &config.plan, &runbook, SystemTime::now());
    for failed in report.failures() {
        say(io::stderr(), &format!("fingerpost: {failed}"));
    }
    print(&match format {
        Format::Text => report.to_string(),
        Format::Json => report.to_json(),
    });
    if report.points() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What is in force of the drop-ins. What is wrong with the rest is for `check` to say.
fn load(flags: &Flags) -> (Config, Runbook) {
    let mut complaints = Vec::new();
    let settings = check::settings(flags, &mut complaints);
    let runbook = settings.map_or_else(Runbook::default, |it| check::runbook(&it, &mut complaints));
    let loaded = config::load(&files::drop_ins(&flags.config_dir), &LastGood::default());
    for file in loaded.files.iter().filter(|it| it.in_force != InForce::Current) {
        say(io::stderr(), &format!("fingerpost: {} is left out: `fingerpost check` says why", file.name));
    }
    (loaded.config, runbook)
}

fn wrong(why: &str) -> ExitCode {
    say(io::stderr(), &format!("fingerpost: {why}"));
    ExitCode::from(2)
}

fn print(told: &str) {
    say(io::stdout(), told.trim_end());
}
