//! What the engine sees of a case: outcomes and answers, made from what the case says.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::cause::{Cause, Judged, Verdict, judge};
use crate::engine::{CheckOrder, QueryOrder};
use crate::exposition::{Format, Limits, Scan, Summary};
use crate::moment::Moment;
use crate::outcome::{
    CertificateFacts, CertificateFault, Conversation, End, Fault, FaultKind, GrpcFacts, HttpFacts, IcmpFacts,
    JsonMatch, Late, Outcome, Phase, Series, Serving, TlsFacts,
};
use crate::spec::{Module, Prober};
use crate::view::{CheckAnswer, Hop, Reading};

use super::nameserver;
use super::written::{Case, Hour, See, WrittenCertificate, WrittenHop, labels};

/// What comes back of an attempt, the later part with its time from the attempt's beginning.
pub(super) struct Witnessed {
    pub judged: Judged,
    pub late: Option<(Duration, Late)>,
}

/// An attempt that began `now` and saw `see`.
pub(super) fn witness(see: &See, module: &Module, now: Moment) -> Witnessed {
    let stated = see.verdict;
    let took = see.answered_after.or(see.duration);
    let is_late = took.is_some_and(|it| it > module.timeout);
    let is_deadline = matches!(stated, Some(Verdict::Failure(Cause::DeadlineExceeded, _)));
    if is_deadline || (is_late && stated.is_none()) {
        let phase = see.phase.unwrap_or(Phase::Processing);
        return timed_out(see, module, now, phase, took.filter(|_| is_late));
    }
    let mut outcome = outcome(see, module, now, took.unwrap_or_default().min(module.timeout));
    let verdict = match stated {
        Some(Verdict::Unknown(own)) => {
            // Whoever could not ask has seen nothing, not even what is seen where nothing is said.
            outcome = Outcome::bare(now.wall, outcome.duration, End::Unknown(own));
            Verdict::Unknown(own)
        }
        Some(verdict) => verdict,
        None => match &see.hops {
            None => judge(module, &outcome),
            Some(hops) => of_path(hops),
        },
    };
    Witnessed { judged: Judged { verdict, outcome }, late: None }
}

/// What a path means, as `cause` judges one: its end loses nothing, or it does.
fn of_path(hops: &[WrittenHop]) -> Verdict {
    let loses = hops.last().map(hop).is_some_and(|it| it.loss > 0.0);
    if loses { Verdict::Failure(Cause::PathLossy, Cause::PathLossy.doc().phase) } else { Verdict::Success }
}

/// What a follow-up check of a case sees, and how long it takes; None where the case names none.
pub(super) fn checked(case: &Case, order: &CheckOrder, now: Moment) -> Option<CheckAnswer> {
    let (_, see) = case.checks.iter().find(|(name, _)| *name.text == *order.topic.check)?;
    let hops = see.hops.iter().flatten().map(hop).collect();
    let Witnessed { judged, .. } = witness(see, &order.module, now);
    let mut reading = reading_of(judged.verdict, see);
    reading.rcode = judged.outcome.rcode();
    reading.status = judged.outcome.http.as_ref().map_or(0, |it| it.status);
    reading.duration = judged.outcome.duration;
    reading.timeout = order.module.timeout;
    Some(CheckAnswer { reading, hops })
}

/// What Prometheus answers in a case; None where the case says nothing of any query that asks.
pub(super) fn answered(case: &Case, order: &QueryOrder) -> Option<f64> {
    let said = |query: &str| case.queries.iter().find(|(name, _)| name.text == query);
    order.asked_by.iter().find_map(|(_, query)| said(query)).map(|(_, value)| *value)
}

fn reading_of(verdict: Verdict, see: &See) -> Reading {
    Reading {
        failing: matches!(verdict, Verdict::Failure(..)),
        unknown: matches!(verdict, Verdict::Unknown(_)),
        cause: verdict.cause_name(),
        phase: verdict.phase_name(),
        status: see.status.unwrap_or(0),
        duration: see.duration.unwrap_or_default(),
        answered_after: see.answered_after,
        body: see.body.as_deref().unwrap_or_default().into(),
        ..Reading::default()
    }
}

/// Nothing complete within the timeout; perhaps later.
fn timed_out(see: &See, module: &Module, now: Moment, phase: Phase, took: Option<Duration>) -> Witnessed {
    let mut outcome =
        Outcome::bare(now.wall, module.timeout, End::Fault(Fault { phase, kind: FaultKind::TimedOut }));
    outcome.phases.add(phase, module.timeout);
    let status = see.status.or(is_http(&module.prober).then_some(200));
    let late = match took.filter(|it| *it <= module.patience) {
        Some(after) => {
            let body_bytes = see.body.as_ref().map_or(0, |it| it.len() as u64);
            (after, Late::Answered { after, status, body_bytes })
        }
        None => (module.patience, Late::Silent { waited: module.patience }),
    };
    let verdict = Verdict::Failure(Cause::DeadlineExceeded, phase);
    let reads_on = module.patience > module.timeout;
    Witnessed { judged: Judged { verdict, outcome }, late: reads_on.then_some(late) }
}

fn outcome(see: &See, module: &Module, now: Moment, duration: Duration) -> Outcome {
    let mut outcome = Outcome::bare(now.wall, duration, End::Reply);
    outcome.phases.add(see.phase.unwrap_or(Phase::Processing), duration);
    outcome.tls = see.certificate.as_ref().map(|it| tls(it, now));
    let body = see.body.as_deref().unwrap_or_default();
    let fails = matches!(see.verdict, Some(Verdict::Failure(..)));
    let answered = !fails || see.status.is_some();
    if is_http(&module.prober) && answered {
        outcome.http = Some(http(see, &module.prober, body));
    }
    match &module.prober {
        Prober::Http(_) | Prober::Path(_) => {}
        Prober::Dns(spec) => outcome.dns = Some(nameserver::seen(see, spec)),
        Prober::Icmp(_) => outcome.icmp = Some(IcmpFacts::default()),
        Prober::WebSocket(_) => {
            let status = see.status.unwrap_or(101);
            outcome.http = answered.then(|| HttpFacts { status, ..HttpFacts::default() });
            let last_line = body.lines().last().unwrap_or_default().to_owned();
            let upgraded = Conversation { last_line, ..Conversation::default() };
            outcome.conversation = (answered && status == 101).then_some(upgraded);
        }
        Prober::Grpc(_) => {
            let serving = Some(Serving::Serving);
            outcome.grpc = Some(GrpcFacts { serving, ..GrpcFacts::default() });
        }
        Prober::Query(_) => outcome.series = Some(Ok(series(see))),
        Prober::Metrics(_) if body.is_empty() => {
            outcome.exposition = Some(Ok(Summary::default()));
        }
        Prober::Metrics(_) => {
            let mut scan = Scan::new(Format::Text, Limits::default());
            outcome.exposition = Some(scan.push(body.as_bytes()).and_then(|()| scan.finish()));
        }
        Prober::Tls(spec) => {
            let fault = outcome.tls.as_ref().and_then(|it| it.faults.first());
            if let Some(fault) = fault.filter(|_| !spec.tls.insecure_skip_verify) {
                let kind = FaultKind::Certificate(*fault);
                outcome.end = End::Fault(Fault { phase: Phase::Tls, kind });
            }
        }
        Prober::Tcp(_) | Prober::Unix(_) => {
            let last_line = body.lines().last().unwrap_or_default().to_owned();
            outcome.conversation = Some(Conversation { last_line, ..Conversation::default() });
        }
    }
    outcome
}

fn series(see: &See) -> Arc<[Series]> {
    let all = see.series.iter().flatten();
    all.map(|it| Series { labels: labels(&it.labels), value: it.value }).collect()
}

fn is_http(prober: &Prober) -> bool {
    match prober {
        Prober::Http(_) | Prober::Metrics(_) => true,
        Prober::Tcp(_)
        | Prober::Tls(_)
        | Prober::Unix(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Path(_)
        | Prober::Query(_) => false,
    }
}

fn http(see: &See, prober: &Prober, body: &str) -> HttpFacts {
    let body_matches = match prober {
        Prober::Http(spec) => spec.body_rules.iter().map(|it| it.regex.is_match(body.as_bytes())).collect(),
        Prober::Metrics(_)
        | Prober::Tcp(_)
        | Prober::Tls(_)
        | Prober::Unix(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Path(_)
        | Prober::Query(_) => Vec::new(),
    };
    let json_matches = match prober {
        Prober::Http(spec) if see.body.is_some() => JsonMatch::of(&spec.json_rules, body.as_bytes()),
        Prober::Http(_)
        | Prober::Metrics(_)
        | Prober::Tcp(_)
        | Prober::Tls(_)
        | Prober::Unix(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Path(_)
        | Prober::Query(_) => Vec::new(),
    };
    HttpFacts {
        status: see.status.unwrap_or(200),
        version: "HTTP/1.1",
        wire_bytes: body.len() as u64,
        body_bytes: body.len() as u64,
        body_start: body.to_owned(),
        body_matches,
        json_matches,
        ..HttpFacts::default()
    }
}

/// The certificate as an attempt `now` sees it. Spans count from the beginning of the case.
fn tls(written: &WrittenCertificate, now: Moment) -> TlsFacts {
    let begin = now.wall - now.up;
    let time = |hour: Option<Hour>, default| hour.map_or(default, |it| instant(it, begin));
    let year = Duration::from_hours(365 * 24);
    let own = CertificateFacts {
        subject: written.subject.clone(),
        issuer: written.issuer.clone(),
        names: written.names.clone(),
        not_before: time(written.not_before, begin - year),
        not_after: time(written.not_after, begin + year),
        serial: String::new(),
        fingerprint_sha256: String::new(),
    };
    let chain_not_after = time(written.chain_not_after, own.not_after);
    let behind = written.chain_not_after.is_some().then(|| CertificateFacts {
        subject: own.issuer.clone(),
        names: Vec::new(),
        not_after: chain_not_after,
        ..own.clone()
    });
    let end = own.not_after.min(chain_not_after);
    let dates = [
        (end < now.wall).then_some(CertificateFault::Expired),
        (own.not_before > now.wall).then_some(CertificateFault::NotYetValid),
    ];
    let others = written.faults.iter().copied();
    let faults: Vec<_> = dates.into_iter().flatten().chain(others).collect();
    TlsFacts {
        version: Some("TLS 1.3"),
        chain: std::iter::once(own).chain(behind).collect(),
        verified: faults.is_empty(),
        trusted_until: (!faults.contains(&CertificateFault::Untrusted)).then_some(end),
        faults,
        ..TlsFacts::default()
    }
}

fn instant(hour: Hour, begin: SystemTime) -> SystemTime {
    match hour {
        Hour::At(it) => it,
        Hour::Earlier(span) => begin - span,
        Hour::Later(span) => begin + span,
    }
}

fn hop(written: &WrittenHop) -> Hop {
    let address = if written.address == "???" { String::new() } else { written.address.clone() };
    let silent = address.is_empty();
    Hop {
        address,
        loss: written.loss.unwrap_or(if silent { 100.0 } else { 0.0 }),
        sent: written.sent,
        last: written.last,
        average: written.average,
        best: written.best,
        worst: written.worst,
        deviation: written.deviation,
    }
}
