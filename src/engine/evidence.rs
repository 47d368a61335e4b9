//! The evidence: what was measured, in lines that a person reads at night, so that nobody measures
//! it again.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use crate::board::Entry;
use crate::cause::{Cause, Judged, Verdict};
use crate::labels::Labels;
use crate::outcome::{End, Late, Outcome, Phase, grpc_status_name};
use crate::view::{CheckAnswer, Tally, table};

mod dns;
mod icmp;
mod series;

/// What there is to tell of one target, or of one group.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    /// Its latest outcome, and what came after; none of a group.
    pub(super) entry: Option<&'a Entry>,
    /// A line for each member of a group.
    pub(super) members: Vec<String>,
    /// Each scope by its name, with what the target has in common with its group. Those in which it
    /// is alone are left out.
    pub(super) groups: Vec<(&'a str, Labels, Tally)>,
    /// What follow-up checks saw, by name.
    pub(super) checks: Vec<(&'a str, &'a CheckAnswer)>,
    /// What Prometheus answered, by name.
    pub(super) queries: Vec<(&'a str, f64)>,
    /// What was asked in vain, or has not answered yet.
    pub(super) unanswered: Vec<String>,
}

impl<'a> Evidence<'a> {
    /// The target's own, where it is about one, and nothing around it.
    pub(super) fn of(entry: Option<&'a Entry>) -> Self {
        let (members, unanswered) = (Vec::new(), Vec::new());
        Self { entry, members, groups: Vec::new(), checks: Vec::new(), queries: Vec::new(), unanswered }
    }

    /// All of it, one thing a line, the weightiest first.
    pub(super) fn text(&self) -> String {
        let mut lines = Vec::new();
        if let Some(entry) = self.entry
            && let Some(judged) = &entry.judged
        {
            let timeout = entry.module.timeout;
            lines.push(headline(judged, timeout));
            lines.extend(afterwards(judged, entry.late));
            lines.push(times(&judged.outcome, timeout));
            lines.extend(answer(&judged.outcome));
            lines.extend(judged.outcome.peer.map(dialled));
            lines.extend(certificate(&judged.outcome));
            lines.extend(series::answer(judged));
            lines.extend(dns::answer(&entry.module, judged));
            lines.extend(icmp::answer(judged));
            lines.extend(content(judged));
            lines.extend(since(entry, judged.verdict));
            lines.extend(hint(judged.verdict));
        }
        lines.extend(self.groups.iter().filter(|(.., tally)| tally.watched > 0).map(group));
        lines.extend(self.members.iter().cloned());
        for (name, answer) in &self.checks {
            lines.push(check(name, answer));
            lines.extend((!answer.hops.is_empty()).then(|| table(&answer.hops).trim_end().to_owned()));
        }
        lines.extend(self.queries.iter().map(|(name, value)| format!("{name}: {value}")));
        if !self.unanswered.is_empty() {
            lines.push(format!("without an answer: {}", self.unanswered.join(", ")));
        }
        lines.extend(self.entry.and_then(|it| series::question(&it.module)));
        lines.join("\n")
    }
}

/// Seconds with one decimal, whole ones without; less than a second in milliseconds.
pub(super) fn time(it: Duration) -> String {
    match it.as_millis() {
        0 if it.is_zero() => "0 s".to_owned(),
        0 => "< 1 ms".to_owned(),
        millis @ 1..1000 => format!("{millis} ms"),
        _ => seconds(it),
    }
}

/// Seconds with one decimal, whole ones without.
fn seconds(it: Duration) -> String {
    let text = tenths(it);
    text.strip_suffix(".0 s").map_or(text.clone(), |whole| format!("{whole} s"))
}

/// Seconds with one decimal, always.
fn tenths(it: Duration) -> String {
    format!("{:.1} s", it.as_secs_f64())
}

fn headline(judged: &Judged, timeout: Duration) -> String {
    match judged.verdict {
        Verdict::Success => "it answers as it should".to_owned(),
        Verdict::Failure(Cause::DeadlineExceeded, phase) => {
            format!("deadline exceeded {}: nothing complete within {}", doing(phase), time(timeout))
        }
        Verdict::Failure(cause @ Cause::HttpStatus, phase) => {
            let status = judged.outcome.http.as_ref().map_or(0, |it| it.status);
            format!("{status} is not a good status ({}, {})", cause.name(), doing(phase))
        }
        Verdict::Failure(cause, phase) => {
            format!("{} ({}, {})", cause.doc().meaning, cause.name(), doing(phase))
        }
        Verdict::Unknown(own) => {
            let cause = Cause::from(own);
            format!("we cannot tell: {} ({})", cause.doc().meaning, cause.name())
        }
    }
}

fn doing(phase: Phase) -> &'static str {
    match phase {
        Phase::Resolve => "while resolving the name",
        Phase::Connect => "while connecting",
        Phase::Tls => "during the TLS handshake",
        Phase::Processing => "while waiting for the first byte",
        Phase::Transfer => "while reading the answer",
        Phase::Check => "when the answer was looked at",
    }
}

/// Since when it is so: the first reading of its kind.
fn since(entry: &Entry, verdict: Verdict) -> Option<String> {
    match verdict {
        Verdict::Failure(..) => entry.since.map(|it| format!("failing since {}", date(it))),
        Verdict::Success | Verdict::Unknown(_) => None,
    }
}

/// What came after the deadline.
fn afterwards(judged: &Judged, late: Option<Late>) -> Option<String> {
    match late {
        Some(Late::Answered { after, status, body_bytes }) => {
            let status = status.map(|it| format!("status {it}, ")).unwrap_or_default();
            Some(format!("answered after {} ({status}{} bytes)", tenths(after), grouped(body_bytes)))
        }
        Some(Late::Silent { waited }) => Some(format!("silent for {}", seconds(waited))),
        Some(Late::Failed { after, fault }) => {
            let cause = crate::cause::of_fault(fault);
            Some(format!("after {} it ended in {} {}", time(after), cause.name(), doing(fault.phase)))
        }
        Some(Late::Unknown(own)) => {
            Some(format!("we could not wait for what came later: {}", Cause::from(own).doc().meaning))
        }
        None => {
            let too_late = matches!(judged.verdict, Verdict::Failure(Cause::DeadlineExceeded, _));
            let complete = too_late && judged.outcome.end == End::Reply;
            complete.then(|| format!("answered after {}", tenths(judged.outcome.duration)))
        }
    }
}

fn times(outcome: &Outcome, timeout: Duration) -> String {
    let mut line = format!("took {} of {}", time(outcome.duration), time(timeout));
    let phases = outcome.phases.iter().filter(|(_, it)| !it.is_zero());
    for (at, (phase, it)) in phases.enumerate() {
        let before = if at == 0 { ": " } else { ", " };
        write!(line, "{before}{} {}", phase.name(), time(it)).expect("a string takes what is written");
    }
    line
}

/// Where there are no ports, none is told.
fn dialled(peer: SocketAddr) -> String {
    match peer.port() {
        0 => format!("dialled {}", peer.ip()),
        _ => format!("dialled {peer}"),
    }
}

fn answer(outcome: &Outcome) -> Option<String> {
    let http = outcome.http.as_ref()?;
    let mut parts = vec![format!("status {}", http.status), format!("{} bytes", grouped(http.body_bytes))];
    let samples = outcome.exposition.as_ref().and_then(|it| it.as_ref().ok());
    parts.extend(samples.map(|it| format!("{} samples", grouped(it.samples))));
    parts.extend((http.redirects > 0).then(|| format!("{} redirects, from {}", http.redirects, http.url)));
    Some(parts.join(", "))
}

fn certificate(outcome: &Outcome) -> Option<String> {
    let tls = outcome.tls.as_ref()?;
    let own = tls.chain.first()?;
    let trust = if tls.verified { "it is trusted" } else { "it is not trusted" };
    let (begin, end) = (date(own.not_before), date(own.not_after));
    let earliest = tls.earliest_not_after().filter(|it| *it < own.not_after).map(date);
    let earliest = earliest.map(|it| format!(", its chain until {it}")).unwrap_or_default();
    Some(format!(
        "certificate {} by {}: from {begin} until {end}{earliest}; {trust}; for {}",
        own.subject,
        own.issuer,
        own.names.join(", ")
    ))
}

/// To the second, in UTC.
fn date(it: SystemTime) -> String {
    // Years beyond 9999 cannot be written; certificates without an end have them.
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    humantime::format_rfc3339_seconds(it.clamp(SystemTime::UNIX_EPOCH, last)).to_string()
}

/// What stood, or did not stand, in what was answered.
fn content(judged: &Judged) -> Vec<String> {
    let outcome = &judged.outcome;
    let mut lines = Vec::new();
    if let Some(Err(flaw)) = &outcome.exposition {
        lines.push(flaw.to_string());
    }
    if let Some(talk) = outcome.conversation.as_ref().filter(|it| it.missed.is_some()) {
        let last = quoted(&talk.last_line);
        lines.push(format!("after {} exchanges the last line was {last}", talk.exchanges));
    }
    if let Some(grpc) = outcome.grpc.as_ref().filter(|_| judged.verdict != Verdict::Success) {
        let state = grpc.serving.map_or(String::new(), |it| format!(", {}", it.name()));
        let said =
            if grpc.message.is_empty() { String::new() } else { format!(": {}", quoted(&grpc.message)) };
        lines.push(format!("grpc status {} {}{state}{said}", grpc.status, grpc_status_name(grpc.status)));
    }
    let about_body = match judged.verdict {
        Verdict::Failure(cause, _) => matches!(cause, Cause::HttpStatus | Cause::ContentMismatch),
        Verdict::Success | Verdict::Unknown(_) => false,
    };
    let body = outcome.http.as_ref().map_or("", |it| &it.body_start);
    if about_body && !body.trim().is_empty() {
        lines.push(format!("the body begins {}", quoted(body)));
    }
    lines
}

/// On one line, between quotes, cut where it grows long.
fn quoted(text: &str) -> String {
    let plain: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let words: Vec<_> = plain.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

/// Where to look first.
fn hint(verdict: Verdict) -> Option<String> {
    let cause = match verdict {
        Verdict::Success => return None,
        Verdict::Failure(cause, _) => cause,
        Verdict::Unknown(own) => Cause::from(own),
    };
    Some(format!("hint: {}", cause.doc().hint))
}

/// `carrier prod-dal10-carrier1: 3 of 12 failing (25 %): deadline_exceeded 2, connect_refused 1`
fn group((name, labels, tally): &(&str, Labels, Tally)) -> String {
    let mut line = (*name).to_owned();
    for (_, value) in labels.iter() {
        line.push(' ');
        line.push_str(value);
    }
    let percent = format!("{:.1}", tally.share() * 100.0);
    let percent = percent.strip_suffix(".0").unwrap_or(&percent);
    write!(line, ": {} of {} failing ({percent} %)", tally.failing, tally.watched).expect(WRITTEN);
    let mut causes: Vec<_> = tally.causes.iter().collect();
    causes.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    for (at, (cause, count)) in causes.into_iter().enumerate() {
        write!(line, "{}{cause} {count}", if at == 0 { ": " } else { ", " }).expect(WRITTEN);
    }
    for (label, count) in tally.distinct.iter().filter(|_| tally.failing > 0) {
        let values = if *count == 1 { "value" } else { "values" };
        write!(line, "; {count} {values} of {label}").expect(WRITTEN);
    }
    if tally.unknown > 0 {
        write!(line, "; of {} we cannot tell", tally.unknown).expect(WRITTEN);
    }
    if tally.ignored > 0 {
        write!(line, "; {} left out on purpose", tally.ignored).expect(WRITTEN);
    }
    line
}

fn check(name: &str, answer: &CheckAnswer) -> String {
    let it = &answer.reading;
    let verdict = match (it.unknown, it.failing) {
        (true, _) => "we cannot tell",
        (false, true) => "fails",
        (false, false) => "answers",
    };
    let mut parts = vec![format!("check {name}: {verdict}")];
    parts.extend((!it.cause.is_empty()).then(|| it.cause.to_owned()));
    parts.extend((it.status > 0).then(|| format!("status {}", it.status)));
    parts.extend((!it.duration.is_zero()).then(|| format!("took {}", time(it.duration))));
    parts.join(", ")
}

/// `48213` as `48 213`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

const QUOTED_CHARS_MAX: usize = 200;
const WRITTEN: &str = "a string takes what is written";

#[cfg(test)]
mod tests;
