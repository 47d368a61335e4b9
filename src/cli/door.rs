//! The flags of `/probe`, by the exporter's names.

use std::sync::Arc;

use clap::{Args, ValueEnum as _};

use super::LogLevel;
use crate::app::Door;
use crate::dial::{Allowed, NoSuchPlace};
use crate::serve::ProbingSettings;
use crate::serve::probing::Level;

/// Of `/probe`.
#[derive(Debug, Args)]
pub(super) struct DoorFlags {
    /// An address, a network or a host that `/probe` may ask although only this machine reaches it
    /// (loopback, link-local, metadata); may be repeated.
    #[arg(long = "probe.allow", value_name = "CIDR|HOST", global = true)]
    allow: Vec<String>,
    /// Seconds by which `/probe` is done before its scraper gives up.
    #[arg(long = "timeout-offset", value_name = "SECONDS", default_value = "0.5", value_parser = seconds, allow_negative_numbers = true, global = true)]
    timeout_offset: f64,
    /// How many results of `/probe` are kept, and how many failures besides.
    #[arg(long = "history.limit", value_name = "N", default_value_t = 100, global = true)]
    history_limit: usize,
    /// The least that the log of one attempt tells, in `debug=true` and `/logs`: debug, info, warn, error.
    #[arg(long = "log.prober", value_name = "LEVEL", default_value = "info", global = true)]
    prober_level: String,
}

/// How `/probe` is set up.
pub(super) fn of(words: &DoorFlags) -> Result<Door, NoSuchPlace> {
    let allowed = Arc::new(Allowed::of(words.allow.iter().map(String::as_str))?);
    let settings = ProbingSettings {
        timeout_offset: words.timeout_offset,
        level: level(&words.prober_level),
        history_limit: words.history_limit,
        ..ProbingSettings::default()
    };
    Ok(Door { allowed, settings })
}

/// As in the exporter, a word that is no level is no reason not to start.
fn level(word: &str) -> Level {
    match LogLevel::from_str(word, true) {
        Ok(LogLevel::Debug) => Level::Debug,
        Ok(LogLevel::Info) => Level::Info,
        Ok(LogLevel::Warn) => Level::Warn,
        Ok(LogLevel::Error) => Level::Error,
        Err(_) => {
            tracing::warn!(
                level = word,
                help = "write debug, info, warn or error",
                "--log.prober names no level: info is taken"
            );
            Level::Info
        }
    }
}

fn seconds(word: &str) -> Result<f64, String> {
    let number: f64 = word.parse().map_err(|_| "it is not a number".to_owned())?;
    if number.is_finite() { Ok(number) } else { Err("it is not a finite number".to_owned()) }
}
