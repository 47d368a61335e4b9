//! `fingerpost test FILE…`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use url::Url;

use crate::config::{self, Complaint, Config, LastGood, Level, Loaded};
use crate::files;
use crate::runbook;
use crate::scenario::{self, Ran, Suite};

use super::{Flags, say};

/// Runs each file; what went wrong is told side by side. Exit 1 where a case or a file failed.
pub(super) fn run(flags: &Flags, files: &[PathBuf]) -> ExitCode {
    let mut failed = false;
    for file in files {
        match run_file(flags, file) {
            Ok(ran) => failed |= !tell(file, &ran),
            Err(message) => {
                say(std::io::stderr(), &format!("{}: not run\n{message}\n", file.display()));
                failed = true;
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn run_file(flags: &Flags, file: &Path) -> Result<Vec<Ran>, String> {
    let source = files::source(file, &file.display().to_string());
    let suite = Suite::read(&source).map_err(|it| scenario::told(&it))?;
    let folder = file.parent().unwrap_or(Path::new(".")).join(&suite.config_dir);
    let config = config_of(&folder)?;
    let base = flags.runbook_base_url.clone().unwrap_or_else(default_base_url);
    scenario::run(&suite, &config, &base)
}

/// The folder's drop-ins. One that is wrong fails the scenario: it would be proved without it.
fn config_of(folder: &Path) -> Result<Config, String> {
    let sources = files::drop_ins(folder);
    if sources.is_empty() {
        return Err(format!("there is no drop-in in {}", folder.join("probes.d").display()));
    }
    let Loaded { config, complaints, .. } = config::load(&sources, &LastGood::default());
    let errors: Vec<_> = complaints.iter().filter(|it| it.level == Level::Error).collect();
    if errors.is_empty() {
        return Ok(config);
    }
    let told: Vec<_> = errors.into_iter().map(Complaint::to_string).collect();
    Err(format!("the drop-ins of {} are wrong\n{}", folder.display(), told.join("\n\n")))
}

fn default_base_url() -> Url {
    runbook::DEFAULT_BASE_URL.parse().expect("the default is a URL")
}

/// Whether all cases of the file were as expected.
fn tell(file: &Path, ran: &[Ran]) -> bool {
    let out = std::io::stdout();
    let mut failed = 0;
    for case in ran.iter().filter(|it| !it.misses.is_empty()) {
        failed += 1;
        say(&out, &format!("FAILED {}", case.name));
        for miss in &case.misses {
            for line in miss.to_string().lines() {
                say(&out, &format!("    {line}"));
            }
        }
    }
    say(&out, &format!("{}: {} passed, {failed} failed", file.display(), ran.len() - failed));
    failed == 0
}
