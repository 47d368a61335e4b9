//! `fingerpost check [FILE…]`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::{self, Complaint, Config, LastGood, Level, Loaded, Settings, Source};
use crate::discovery::{self, Memory};
use crate::files;
use crate::plan::Plan;
use crate::runbook::Runbook;
use crate::serve::Gate;

use super::{Flags, is_there, say};

/// Says everything that is wrong, each with its place, and a last line that counts. Exit 1 where
/// there is an error, or where `strict` and there is a warning.
pub(super) fn run(flags: &Flags, named: &[PathBuf], strict: bool) -> ExitCode {
    if named.is_empty() && !is_there(flags) {
        return ExitCode::FAILURE;
    }
    let mut complaints = Vec::new();
    let settings = settings(flags, &mut complaints);
    let sources = sources(flags, named);
    let Loaded { config, files, complaints: found, pages, needed, .. } =
        config::load(&sources, &LastGood::default());
    complaints.extend(found);
    complaints.extend(files::missing(&needed, &flags.config_dir));
    complaints.extend(targets(&config, flags));
    let note = settings.as_ref().filter(|it| it.prometheus.is_none()).and_then(|_| unasked(&config.plan));
    if let Some(settings) = settings {
        let runbook = runbook(&settings, &mut complaints);
        complaints.extend(config::prove(&pages, &runbook, strict));
    }
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for complaint in &complaints {
        say(std::io::stderr(), &format!("{}\n", complaint.render(colour)));
    }
    if let Some(note) = note {
        say(std::io::stderr(), &format!("note: {note}\n"));
    }
    if files.is_empty() {
        let folder = flags.config_dir.join("probes.d");
        say(std::io::stderr(), &format!("there is no drop-in in {}", folder.display()));
    }
    let web = flags.web.port("").web_config.map(|file| Gate::of(&file));
    let web_error = web.and_then(Result::err);
    if let Some(told) = &web_error {
        say(std::io::stderr(), &format!("{told}\n"));
    }
    let count = |level| complaints.iter().filter(|it| it.level == level).count();
    let errors = count(Level::Error) + usize::from(web_error.is_some());
    let warnings = count(Level::Warning);
    let (probes, alerts) = (config.plan.probes.len(), config.plan.alerts.len());
    let told = format!(
        "{}, {}, {}: {}, {}",
        counted(files.len(), "drop-in"),
        counted(probes, "probe"),
        counted(alerts, "alert"),
        counted(errors, "error"),
        counted(warnings, "warning"),
    );
    say(std::io::stdout(), &told);
    if errors > 0 || (strict && warnings > 0) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

pub(super) fn settings(flags: &Flags, complaints: &mut Vec<Complaint>) -> Option<Settings> {
    let (source, _) = files::configured(flags.config_file.as_deref(), &flags.config_dir);
    let read = config::settings(source.as_ref(), &flags.overrides());
    complaints.extend(read.complaints);
    complaints.extend(files::missing(&read.needed, &flags.config_dir));
    read.settings
}

fn sources(flags: &Flags, named: &[PathBuf]) -> Vec<Source> {
    if named.is_empty() {
        let (_, modules) = files::configured(flags.config_file.as_deref(), &flags.config_dir);
        return files::drop_ins(&flags.config_dir).into_iter().chain(modules).collect();
    }
    named.iter().map(|path| files::source(path, &path.display().to_string())).collect()
}

/// What is wrong with the targets that the probes would ask.
fn targets(config: &Config, flags: &Flags) -> Vec<Complaint> {
    let (mut memory, mut found) = (Memory::default(), Vec::new());
    for it in &config.discoveries {
        let Some(probe) = config.plan.probe(&it.probe) else { continue };
        let troubles =
            discovery::gather(it, &probe.module.prober, &flags.config_dir, &mut memory, |_| false).troubles;
        // Several probes may read one file.
        found.extend(troubles.into_iter().filter(|it| !found.contains(it)).collect::<Vec<_>>());
    }
    found
}

/// The pages of the runbook's folder, where there is one.
pub(super) fn runbook(settings: &Settings, complaints: &mut Vec<Complaint>) -> Runbook {
    let base = settings.runbook_base_url.clone();
    let Some(dir) = &settings.runbook_dir else { return Runbook::without_folder(base) };
    let (pages, wrong) = config::pages(&files::pages(dir));
    complaints.extend(wrong);
    Runbook::from_pages(base, pages).0
}

/// What goes unasked where no Prometheus is named. Said here, once, and not in each alert at night.
fn unasked(plan: &Plan) -> Option<String> {
    let probes = plan.probes.iter().filter(|it| it.module.prober.asks_for_series()).count();
    let alerts: Vec<&str> =
        plan.alerts.iter().filter(|it| !it.queries.is_empty()).map(|it| &*it.name).collect();
    let mut missed = Vec::new();
    missed.extend((probes > 0).then(|| format!("{} left out", are(probes, "probe"))));
    missed
        .extend((!alerts.is_empty()).then(|| format!("the queries of {} are not asked", alerts.join(", "))));
    let help = "help: give `prometheus` in the settings, or --prometheus.url";
    (!missed.is_empty()).then(|| format!("no Prometheus is named: {}\n{help}", missed.join(", and ")))
}

fn are(count: usize, what: &str) -> String {
    format!("{} {}", counted(count, what), if count == 1 { "is" } else { "are" })
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKS: &str = "modules: { q: { prober: query, query: { promql: up } } }\nprobes: [{ name: q, module: q, interval: 1m }]\n";

    fn told(text: &str) -> Option<String> {
        let source = Source { name: "a.yaml".into(), text: Ok(text.into()) };
        let loaded = config::load(&[source], &LastGood::default());
        assert!(loaded.complaints.iter().all(|it| it.level != Level::Error), "{:?}", loaded.complaints);
        unasked(&loaded.config.plan)
    }

    #[test]
    fn what_goes_unasked_without_a_prometheus_is_said_once_by_name() {
        const ALERT: &str = "modules: { t: { prober: tcp } }\nprobes: [{ name: t, module: t, interval: 1m }]\n\
            alerts: [{ alert: Down, probe: t, when: target.failing, queries: { a: up, b: up }, steps: [{ page: /x.html }] }]\n";
        assert_eq!(told("modules: { t: { prober: tcp } }\n"), None);
        let both = told(ALERT).unwrap();
        assert!(
            both.starts_with("no Prometheus is named: the queries of Down are not asked\nhelp: "),
            "{both}"
        );
        let left_out = told(ASKS).unwrap();
        assert!(left_out.starts_with("no Prometheus is named: 1 probe is left out\n"), "{left_out}");
    }
}
