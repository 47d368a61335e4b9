//! The command line: the only room that prints. Flags are named as the exporters name them, and may
//! stand before or after the subcommand.
//!
//! Exit status: 0 all is well, 1 a fault was found, 2 the words were wrong.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::app::{self, Options};
use crate::config::Overrides;
use crate::demo;

mod check;
mod door;
mod explain;
mod logging;
mod rules;
mod scenes;
mod web;
mod words;

/// Runs the program with the words of its command line.
pub fn main() -> ExitCode {
    let words = Words::parse_from(words::settled(std::env::args_os()));
    let flags = words.flags;
    let command = words.command.unwrap_or(Command::Run);
    // What the demo has to say stands on its own page, not between the lines of a log.
    let quiet = matches!(command, Command::Demo);
    let level = flags.log_level.unwrap_or(if quiet { LogLevel::Error } else { LogLevel::Info });
    logging::start(level, flags.log_format);
    match command {
        Command::Run if flags.check => check::run(&flags, &[], false),
        Command::Run => run(&flags),
        Command::Check(which) => check::run(&flags, &which.files, which.strict),
        Command::Test(which) => scenes::run(&flags, &which.files),
        Command::Rules(RulesWords { alertmanager: _ }) => rules::run(&flags),
        Command::Explain(which) => explain::run(&flags, which.what.as_deref(), which.format),
        Command::Demo => told(block_on(demo::run(&flags.web.listen_or(DEMO_ADDRESS)))),
    }
}

/// A blackbox probing daemon that points the person on call to the step of the runbook where they
/// must act.
#[derive(Debug, Parser)]
#[command(name = "fingerpost", version, disable_help_subcommand = true)]
struct Words {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon (also what happens without a subcommand).
    Run,
    /// Say everything that is wrong with the configuration, each with its place.
    Check(CheckWords),
    /// Run scenario files against the drop-ins: what must fire, when, and where it must point.
    Test(TestWords),
    /// Print the drop-ins' alerts for another program: with `--alertmanager`, the inhibit rules that
    /// match `inhibited_by`.
    Rules(RulesWords),
    /// Say what a cause means, or where a text points: a log, a chat message, a job's output on
    /// standard input.
    Explain(ExplainWords),
    /// Run the daemon over a small fleet of its own that fails in every way.
    Demo,
}

#[derive(Debug, Args)]
struct CheckWords {
    /// Take a warning for a fault.
    #[arg(long)]
    strict: bool,
    /// Drop-ins to look at, by themselves; none: those of the configuration folder.
    files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct TestWords {
    /// Scenario files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct RulesWords {
    /// Inhibit rules for an Alertmanager's configuration.
    #[arg(long, required = true)]
    alertmanager: bool,
}

#[derive(Debug, Args)]
struct ExplainWords {
    /// How it is told.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A cause, or `-` for the text on standard input; none: that text, or on a terminal all causes.
    #[arg(value_name = "CAUSE")]
    what: Option<String>,
}

/// For whom it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

/// The flags of every subcommand.
#[derive(Debug, Args)]
struct Flags {
    /// The folder with `probes.d` and `targets`.
    #[arg(long = "config.dir", value_name = "DIR", default_value = ".", global = true)]
    config_dir: PathBuf,
    /// The daemon's own settings; none: `fingerpost.yaml` of the configuration folder, where there is one.
    #[arg(long = "config.file", value_name = "FILE", global = true)]
    config_file: Option<PathBuf>,
    #[command(flatten)]
    web: web::WebFlags,
    /// Say what is wrong with the configuration and end, as `check` does.
    #[arg(long = "config.check", global = true)]
    check: bool,
    /// Taken as the exporters take it: files are watched anyway.
    #[arg(long = "config.enable-auto-reload", global = true)]
    auto_reload: bool,
    /// Taken as the exporters take it: a change is seen at once.
    #[arg(long = "config.auto-reload-interval", value_name = "SECONDS", default_value_t = 30, global = true)]
    auto_reload_interval: u32,
    /// Take `POST /-/reload`.
    #[arg(long = "web.enable-lifecycle", global = true)]
    lifecycle: bool,
    /// An Alertmanager to tell; may be repeated.
    #[arg(long = "alertmanager.url", value_name = "URL", global = true)]
    #[arg(value_parser = http_url)]
    alertmanagers: Vec<Url>,
    /// The Prometheus that alerts' queries are asked of.
    #[arg(long = "prometheus.url", value_name = "URL", global = true)]
    #[arg(value_parser = http_url)]
    prometheus: Option<Url>,
    /// A folder with the runbook's pages, to prove links and to know the steps' titles.
    #[arg(long = "runbook.dir", value_name = "DIR", global = true)]
    runbook_dir: Option<PathBuf>,
    /// Where the runbook's pages are read.
    #[arg(long = "runbook.base-url", value_name = "URL", global = true)]
    runbook_base_url: Option<Url>,
    /// A folder for what must outlive a restart: what pends, what fires, and who has yet to hear of it.
    /// [default: `$STATE_DIRECTORY`, else `data` in the configuration folder]
    #[arg(long = "storage.path", value_name = "DIR", global = true)]
    storage: Option<PathBuf>,
    /// The most attempts that are under way at once; fewer where there are too few file descriptors.
    #[arg(long = "probe.concurrency", value_name = "N", default_value_t = 1000, global = true)]
    concurrency: usize,
    #[command(flatten)]
    probe: door::DoorFlags,
    /// The least that is logged. [default: info; error in the demo]
    #[arg(long = "log.level", value_enum, value_name = "LEVEL", global = true)]
    log_level: Option<LogLevel>,
    /// How it is logged.
    #[arg(long = "log.format", value_enum, default_value_t = LogFormat::Logfmt, global = true)]
    log_format: LogFormat,
}

/// The exporters' levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

/// The exporters' formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Logfmt,
    Json,
}

impl Flags {
    fn overrides(&self) -> Overrides {
        Overrides {
            alertmanagers: self.alertmanagers.clone(),
            prometheus: self.prometheus.clone(),
            external_url: self.web.external_url.clone(),
            runbook_dir: self.runbook_dir.clone(),
            runbook_base_url: self.runbook_base_url.clone(),
        }
    }
}

impl Flags {
    /// Where the state is kept. systemd names its folders in one variable, with colons between them.
    fn storage_or(&self, state_directory: Option<OsString>) -> PathBuf {
        let of_systemd = state_directory.and_then(|it| std::env::split_paths(&it).next());
        let own = self.storage.clone().or_else(|| of_systemd.filter(|it| !it.as_os_str().is_empty()));
        own.unwrap_or_else(|| self.config_dir.join("data"))
    }
}

fn run(flags: &Flags) -> ExitCode {
    if !is_there(flags) {
        return ExitCode::FAILURE;
    }
    let door = match door::of(&flags.probe) {
        Ok(door) => door,
        Err(wrong) => {
            say(std::io::stderr(), &format!("fingerpost: --probe.allow: {wrong}"));
            return ExitCode::from(2);
        }
    };
    let options = Options {
        config_dir: flags.config_dir.clone(),
        config_file: flags.config_file.clone(),
        overrides: flags.overrides(),
        port: flags.web.port(DAEMON_ADDRESS),
        lifecycle: flags.lifecycle,
        concurrency: flags.concurrency,
        storage: Some(flags.storage_or(std::env::var_os("STATE_DIRECTORY"))),
        door,
        pace: None,
        tap: None,
        started: None,
    };
    told(block_on(app::run(options)))
}

/// A URL that we can ask.
fn http_url(word: &str) -> Result<Url, String> {
    match Url::parse(word) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) | Err(_) => {
            Err(format!("write it as `http://{}`", word.split("://").last().unwrap_or("host:port")))
        }
    }
}

/// Whether the configuration folder is there; a name that was mistyped watches nothing.
fn is_there(flags: &Flags) -> bool {
    let is_there = flags.config_dir.is_dir();
    if !is_there {
        let folder = flags.config_dir.display();
        say(std::io::stderr(), &format!("fingerpost: --config.dir: there is no folder {folder}"));
    }
    is_there
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("the system has threads and an event queue for us").block_on(future)
}

/// Says what went wrong, where something did.
fn told<E: std::fmt::Display>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(std::io::stderr(), &format!("fingerpost: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line. Nobody reading it is no fault of ours.
fn say(mut to: impl Write, line: &str) {
    let _unread = writeln!(to, "{line}");
}

const DAEMON_ADDRESS: &str = ":19115";
const DEMO_ADDRESS: &str = "127.0.0.1:19115";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn no_flag_stands_twice_and_the_exporters_are_taken() {
        Words::command().debug_assert();
        let words = "fingerpost --config.file=b.yml --config.enable-auto-reload --config.auto-reload-interval=5 \
            --timeout-offset=-0.5 --history.limit=3 --log.prober=loud --web.listen-address=:1 --web.listen-address=:2 \
            --web.config.file= --web.external-url=http://h/pre/ --probe.allow=10.0.0.0/8 --probe.allow=h";
        let flags = Words::try_parse_from(words.split_whitespace()).unwrap().flags;
        let port = flags.web.port(DAEMON_ADDRESS);
        assert_eq!((port.listen, port.web_config), (vec![":1".to_owned(), ":2".to_owned()], None));
        assert_eq!(Some(port.prefix), crate::serve::Prefix::of("pre"));
        let settings = door::of(&flags.probe).unwrap().settings;
        assert_eq!((settings.timeout_offset, settings.history_limit), (-0.5, 3));
        for wrong in ["--timeout-offset=NaN", "--web.route-prefix=/{x}", "--history.limit=-1"] {
            assert!(Words::try_parse_from(["fingerpost", wrong]).is_err(), "{wrong}");
        }
    }
}
