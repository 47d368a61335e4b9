//! The log of one attempt, and the document that shows it with its metrics and its module. What the
//! target said in its body is not in it: that may be for others' eyes.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use crate::cause::{Cause, Judged, Verdict};
use crate::config::without_secrets;
use crate::outcome::{HttpFacts, TlsFacts};
use crate::spec::Module;

/// What is told of an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'a> {
    pub(super) module: &'a Module,
    /// Without secrets.
    pub(super) target: &'a str,
    pub(super) timeout: Duration,
    pub(super) judged: &'a Judged,
}

/// How much weight a line of an attempt's log has; the least that is told is `--log.prober`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Each step.
    Debug,
    /// What was found.
    Info,
    /// What is odd.
    Warn,
    /// Why it failed.
    Error,
}

impl Level {
    /// The word of the exporter's flag and lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// The document, in the exporter's three parts.
pub(super) fn write(told: &Told<'_>, level: Level, metrics: &str, module: &str) -> String {
    let (lines, metrics) = (log(told, level), metrics.trim_end());
    let lines = lines.trim_end();
    format!(
        "Logs for the probe:\n{lines}\n\n\nMetrics that would have been returned:\n{metrics}\n\n\nModule configuration:\n{module}"
    )
}

fn log(told: &Told<'_>, level: Level) -> String {
    let Told { module, target, timeout, judged } = told;
    let outcome = &judged.outcome;
    let mut log = Log { level, text: String::new() };
    let seconds = |it: Duration| it.as_secs_f64().to_string();
    let prober = module.prober.name();
    let begun = [
        ("module", &*module.name),
        ("target", target),
        ("probe", prober),
        ("timeout_seconds", &seconds(*timeout)),
    ];
    log.line(outcome.at, Level::Info, "Beginning probe", &begun);
    let mut at = outcome.at;
    for (phase, time) in outcome.phases.iter().filter(|(_, time)| !time.is_zero()) {
        at += time;
        let fields = [("phase", phase.name()), ("duration_seconds", &seconds(time))];
        log.line(at, Level::Info, "Phase ended", &fields);
    }
    if let Some(peer) = outcome.peer {
        log.line(at, Level::Info, "Address of the target", &[("address", &peer.to_string())]);
    }
    if let Some(tls) = &outcome.tls {
        tell_tls(&mut log, at, tls);
    }
    if let Some(http) = &outcome.http {
        tell_http(&mut log, at, http);
    }
    let duration = seconds(outcome.duration);
    let ended = outcome.at + outcome.duration;
    let cause = match judged.verdict {
        Verdict::Success => None,
        Verdict::Failure(cause, _) => Some(cause),
        Verdict::Unknown(own) => Some(Cause::from(own)),
    };
    match cause {
        None => log.line(ended, Level::Info, "Probe succeeded", &[("duration_seconds", &duration)]),
        Some(cause) => {
            let doc = cause.doc();
            let fields = [
                ("cause", doc.name),
                ("phase", judged.verdict.phase_name()),
                ("meaning", doc.meaning),
                ("help", doc.hint),
                ("duration_seconds", &duration),
            ];
            log.line(ended, Level::Error, "Probe failed", &fields);
        }
    }
    log.text
}

fn tell_tls(log: &mut Log, at: SystemTime, tls: &TlsFacts) {
    let fields = [
        ("version", tls.version.unwrap_or("none")),
        ("cipher", tls.cipher.as_deref().unwrap_or("none")),
        ("verified", if tls.verified { "true" } else { "false" }),
    ];
    log.line(at, Level::Info, "TLS handshake", &fields);
    for certificate in &tls.chain {
        let not_after = humantime::format_rfc3339_seconds(certificate.not_after).to_string();
        let names = certificate.names.join(",");
        let fields = [
            ("subject", &*certificate.subject),
            ("issuer", &*certificate.issuer),
            ("names", &*names),
            ("not_after", &*not_after),
        ];
        log.line(at, Level::Info, "Certificate presented", &fields);
    }
}

fn tell_http(log: &mut Log, at: SystemTime, http: &HttpFacts) {
    let url = without_secrets(&http.url).unwrap_or_else(|| http.url.clone());
    let length = http.content_length.map_or("unknown".to_owned(), |it| it.to_string());
    let fields = [
        ("status_code", &*http.status.to_string()),
        ("version", http.version),
        ("url", &*url),
        ("redirects", &*http.redirects.to_string()),
        ("content_type", http.content_type.as_deref().unwrap_or_default()),
        ("content_length", &*length),
        ("body_bytes", &*http.body_bytes.to_string()),
    ];
    log.line(at, Level::Info, "Received HTTP response", &fields);
}

/// Lines of `name=value`, none of which can look like two.
struct Log {
    level: Level,
    text: String,
}

impl Log {
    fn line(&mut self, at: SystemTime, level: Level, message: &str, fields: &[(&str, &str)]) {
        if level < self.level {
            return;
        }
        let time = at.max(SystemTime::UNIX_EPOCH);
        let (time, level) = (humantime::format_rfc3339_millis(time), level.name());
        write!(self.text, "time={time} level={level} msg={message:?}").expect("a string takes all text");
        for (name, value) in fields {
            let short: String = value.chars().take(FIELD_CHARS_MAX).collect();
            let is_word = |it: char| it.is_ascii_graphic() && !matches!(it, '"' | '=' | '\\');
            if !short.is_empty() && short.chars().all(is_word) {
                write!(self.text, " {name}={short}")
            } else {
                write!(self.text, " {name}={short:?}")
            }
            .expect("a string takes all text");
        }
        self.text.push('\n');
    }
}

const FIELD_CHARS_MAX: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Outcome;
    use crate::serve::sample::{answer, http_module, refused, unknown};

    fn document(target: &str, level: Level, outcome: Outcome) -> String {
        let module = http_module();
        let judged = Judged::new(&module, outcome);
        let told = Told { module: &module, target, timeout: Duration::from_millis(9500), judged: &judged };
        write(&told, level, "probe_success 1\n", "prober: http\n")
    }

    #[test]
    fn the_document_has_the_exporters_three_parts() {
        let text = document("http://a/", Level::Info, answer(200));
        let parts: Vec<_> = text.split("\n\n\n").collect();
        assert_eq!(parts.len(), 3, "{text}");
        assert!(
            parts[0].starts_with("Logs for the probe:\ntime=1970-01-12T13:46:40.000Z level=info"),
            "{text}"
        );
        assert!(
            parts[0].contains("timeout_seconds=9.5") && parts[0].contains("msg=\"Probe succeeded\""),
            "{text}"
        );
        assert!(parts[0].contains("phase=processing duration_seconds=2\n"), "{text}");
        assert_eq!(parts[1], "Metrics that would have been returned:\nprobe_success 1\n".trim_end());
        assert_eq!(parts[2], "Module configuration:\nprober: http\n");
    }

    #[test]
    fn a_failure_is_told_with_its_phase_cause_and_help_at_every_level() {
        for (outcome, words) in
            [(refused(), "cause=connect_refused phase=connect"), (unknown(), "cause=local_fd")]
        {
            let text = document("a", Level::Error, outcome);
            assert!(text.contains("level=error msg=\"Probe failed\"") && text.contains(words), "{text}");
            assert!(text.contains("help=\"") && !text.contains("level=info"), "{text}");
        }
    }

    #[test]
    fn no_target_makes_two_lines_of_one() {
        let hostile = format!("a\r\nlevel=error\u{2028}\u{1b}[31m\" x=\"{}", "y".repeat(1 << 20));
        let text = document(&hostile, Level::Info, refused());
        let logs = text.split("\n\n\n").next().unwrap();
        assert!(logs.lines().skip(1).all(|it| it.starts_with("time=")), "{logs}");
        assert!(!logs.contains(['\u{1b}', '\u{2028}', '\r']) && logs.len() < 4096);
    }
}
