//! Reads a scenario file: everything that is wrong with it is told at once, each with its place.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::piece;
use super::written::{
    Case, Expect, Hour, Named, Observe, See, Suite, WrittenAlert, WrittenCertificate, WrittenHop,
    WrittenSeries, WrittenTarget,
};
use crate::cause::{CAUSES, Cause, Verdict, own_side};
use crate::config::key::scene::{
    CASE, EXPECT, OBSERVE, SCENE_ALERT, SCENE_CERTIFICATE, SCENE_HOP, SCENE_SERIES, SCENE_TARGET, SEE, SUITE,
};
use crate::config::reading::{Bounds, Desk, Entry, Fields, Node, listed, nearest, raw, word};
use crate::config::{Complaint, Source};
use crate::outcome::{CertificateFault, Phase};

/// The suite that a file holds.
pub(super) fn suite(source: &Source) -> Result<Suite, Vec<Complaint>> {
    let text = source.text.clone().map_err(|it| vec![it])?;
    let mut desk = Desk::new(source.name.clone(), text);
    let suite = raw::read(&mut desk).map(|root| root_of(&root, &mut desk));
    let gathered = desk.take();
    match suite {
        Some(suite) if !gathered.has_errors() => Ok(suite),
        Some(_) | None => Err(gathered.complaints),
    }
}

fn root_of(root: &Node, desk: &mut Desk) -> Suite {
    let fields = Fields::of(root, &SUITE, desk);
    let mut targets = Vec::new();
    for entry in fields.map("targets", desk) {
        let of_probe = word::list(&entry.node, desk).iter().filter_map(|it| target(it, desk)).collect();
        targets.push((key(entry, desk), of_probe));
    }
    let cases: Vec<Case> = match fields.required("cases", desk) {
        Some(node) => word::list(node, desk).iter().filter_map(|it| case(it, desk)).collect(),
        None => Vec::new(),
    };
    if cases.is_empty() && !desk.has_errors() {
        let span = fields.key_span("cases").unwrap_or(&fields.span);
        desk.error(span, "a file without a case proves nothing", "write a case: `- name: …`");
    }
    let config_dir = fields.text("config_dir", desk).map_or_else(|| ".".into(), PathBuf::from);
    Suite { config_dir, targets, cases }
}

fn target(node: &Node, desk: &mut Desk) -> Option<WrittenTarget> {
    let fields = Fields::of(node, &SCENE_TARGET, desk);
    let labels = texts(&fields, "labels", desk);
    let address = word::text(fields.required("address", desk)?, desk)?.to_owned();
    Some(WrittenTarget { address, labels })
}

fn case(node: &Node, desk: &mut Desk) -> Option<Case> {
    let fields = Fields::of(node, &CASE, desk);
    let name = fields.required("name", desk).and_then(|it| named(it, desk));
    let observe = fields.list("observe", desk).iter().filter_map(|it| observation(it, desk)).collect();
    let mut checks = Vec::new();
    for entry in fields.map("checks", desk) {
        checks.push((key(entry, desk), see(&entry.node, desk)));
    }
    let mut queries = Vec::new();
    for entry in fields.map("queries", desk) {
        let value = number(&entry.node, desk);
        queries.extend(value.map(|it| (key(entry, desk), it)));
    }
    let firing = alerts(&fields, "firing", desk);
    let expect = fields.list("expect", desk);
    if expect.is_empty() {
        let span = fields.key_span("expect").unwrap_or(&fields.span);
        let help = "write `expect:` and under it `- { at: 2m, firing: [] }`, with what must fire by then";
        desk.error(span, "a case that expects nothing proves nothing", help);
    }
    let expect: Vec<Expect> = expect.iter().filter_map(|it| expectation(it, desk)).collect();
    let text = piece::text(&fields, &expect, desk);
    Some(Case { name: name?, observe, checks, queries, firing, text, expect })
}

fn observation(node: &Node, desk: &mut Desk) -> Option<Observe> {
    let fields = Fields::of(node, &OBSERVE, desk);
    let at = required_span(&fields, "at", desk);
    let probe = fields.required("probe", desk).and_then(|it| named(it, desk));
    let targets = texts(&fields, "targets", desk);
    let place = desk.place(fields.key_span("targets").or(fields.key_span("probe")).unwrap_or(&fields.span));
    let see = fields.get("see").map(|it| see(it, desk)).unwrap_or_default();
    Some(Observe { at: at?, probe: probe?, targets, place, see })
}

fn expectation(node: &Node, desk: &mut Desk) -> Option<Expect> {
    let fields = Fields::of(node, &EXPECT, desk);
    let at = required_span(&fields, "at", desk);
    let firing = alerts(&fields, "firing", desk);
    let pending = fields.key_span("pending").map(|_| alerts(&fields, "pending", desk));
    let advice = fields.get("advice").map(|it| piece::advice(it, desk));
    Some(Expect { at: at?, firing, pending, advice })
}

fn alerts(fields: &Fields<'_>, key: &str, desk: &mut Desk) -> Vec<WrittenAlert> {
    let mut alerts = Vec::new();
    for node in fields.list(key, desk) {
        let alert = Fields::of(node, &SCENE_ALERT, desk);
        let name = alert.required("alert", desk).and_then(|it| named(it, desk));
        let labels = texts(&alert, "labels", desk);
        let annotations = texts(&alert, "annotations", desk);
        let mut text = |key: &str| alert.text(key, desk).map(str::to_owned);
        let (page, step) = (text("page"), text("step"));
        alerts.extend(name.map(|alert| WrittenAlert { alert, labels, annotations, page, step }));
    }
    alerts
}

fn see(node: &Node, desk: &mut Desk) -> See {
    let fields = Fields::of(node, &SEE, desk);
    let phase = fields.get("phase").and_then(|it| phase(it, desk));
    let verdict = verdict(&fields, phase, desk);
    let status = fields.get("status").and_then(|it| word::number(it, &(100..=999), desk));
    let certificate = fields.get("certificate").map(|it| certificate(it, desk));
    let hops = fields.get("hops").map(|it| word::list(it, desk).iter().map(|it| hop(it, desk)).collect());
    let series = fields
        .get("series")
        .map(|it| word::list(it, desk).iter().filter_map(|it| series(it, desk)).collect());
    See {
        verdict,
        phase,
        status: status.map(|it| u16::try_from(it).expect("a status has three digits")),
        duration: fields.duration("duration", &SPAN, desk),
        answered_after: fields.duration("answered_after", &SPAN, desk),
        body: fields.text("body", desk).map(str::to_owned),
        certificate,
        hops,
        series,
        series_at: fields.key_span("series").map(|it| desk.place(it)),
    }
}

/// The verdict that a case states itself, with a cause of the closed list.
fn verdict(fields: &Fields<'_>, phase: Option<Phase>, desk: &mut Desk) -> Option<Verdict> {
    let (cause, unknown) = (fields.get("cause"), fields.get("unknown"));
    if let (Some(_), Some(unknown)) = (cause, unknown) {
        let span = fields.key_span("unknown").unwrap_or(&unknown.span);
        desk.error(span, "an attempt fails, or we cannot tell", "write `cause` or `unknown`, not both");
    }
    let node = unknown.or(cause)?;
    let name = word::text(node, desk)?;
    let Some(found) = Cause::from_name(name) else {
        let help = match nearest(name, CAUSES.iter().map(|it| it.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`fingerpost explain` lists the causes".to_owned(),
        };
        desk.error(&node.span, format!("there is no cause `{name}`"), help);
        return None;
    };
    match own_side(found) {
        Some(own) => Some(Verdict::Unknown(own)),
        None if unknown.is_some() => {
            let title = format!("`{name}` is a failure of the target, and no fault of our own");
            desk.error(&node.span, title, format!("write `cause: {name}`"));
            None
        }
        None => Some(Verdict::Failure(found, phase.unwrap_or(found.doc().phase))),
    }
}

fn phase(node: &Node, desk: &mut Desk) -> Option<Phase> {
    let name = word::text(node, desk)?;
    let found = Phase::from_name(name);
    if found.is_none() {
        let help = format!("there are {}", listed(Phase::ALL.map(Phase::name)));
        desk.error(&node.span, format!("there is no phase `{name}`"), help);
    }
    found
}

fn certificate(node: &Node, desk: &mut Desk) -> WrittenCertificate {
    let fields = Fields::of(node, &SCENE_CERTIFICATE, desk);
    let names = fields.list("names", desk).iter();
    let names = names.filter_map(|it| word::text(it, desk).map(str::to_owned)).collect();
    let mut text = |key: &str| fields.text(key, desk).unwrap_or_default().to_owned();
    let (subject, issuer) = (text("subject"), text("issuer"));
    let mut hour = |key: &str| fields.get(key).and_then(|it| hour(it, desk));
    let (not_before, not_after) = (hour("not_before"), hour("not_after"));
    let chain_not_after = hour("chain_not_after");
    let faults = fields.list("faults", desk).iter().filter_map(|it| fault(it, desk)).collect();
    WrittenCertificate { subject, issuer, names, not_before, not_after, chain_not_after, faults }
}

fn fault(node: &Node, desk: &mut Desk) -> Option<CertificateFault> {
    match word::text(node, desk)? {
        "wrong_name" => Some(CertificateFault::WrongName),
        "untrusted" => Some(CertificateFault::Untrusted),
        other => {
            let help = "write `wrong_name` or `untrusted`; what is wrong with its dates they say themselves";
            desk.error(&node.span, format!("`{other}` is nothing that is wrong with a certificate"), help);
            None
        }
    }
}

/// RFC 3339, or a span with an optional sign.
fn hour(node: &Node, desk: &mut Desk) -> Option<Hour> {
    let text = word::text(node, desk)?;
    if let Ok(it) = humantime::parse_rfc3339_weak(text) {
        return Some(Hour::At(it));
    }
    let (earlier, span) = text.strip_prefix('-').map_or((false, text), |it| (true, it));
    match humantime::parse_duration(span) {
        Ok(it) if earlier => Some(Hour::Earlier(it)),
        Ok(it) => Some(Hour::Later(it)),
        Err(_) => {
            let help = "write a time like 2026-01-01T00:00:00Z, or a span from the case's beginning on like `72h` or `-1h`";
            desk.error(&node.span, format!("`{text}` is no time"), help);
            None
        }
    }
}

fn hop(node: &Node, desk: &mut Desk) -> WrittenHop {
    let fields = Fields::of(node, &SCENE_HOP, desk);
    let mut of = |key: &str| fields.get(key).and_then(|it| number(it, desk));
    let (loss, last, average) = (of("loss"), of("last"), of("average"));
    let (best, worst, deviation) = (of("best"), of("worst"), of("deviation"));
    let sent = fields.get("sent").and_then(|it| word::number(it, &(0..=u64::MAX), desk));
    WrittenHop {
        address: fields.text("address", desk).unwrap_or_default().to_owned(),
        loss,
        sent: sent.unwrap_or_default(),
        last: last.unwrap_or_default(),
        average: average.unwrap_or_default(),
        best: best.unwrap_or_default(),
        worst: worst.unwrap_or_default(),
        deviation: deviation.unwrap_or_default(),
    }
}

fn series(node: &Node, desk: &mut Desk) -> Option<WrittenSeries> {
    let fields = Fields::of(node, &SCENE_SERIES, desk);
    let labels = texts(&fields, "labels", desk);
    let value = number(fields.required("value", desk)?, desk)?;
    Some(WrittenSeries { labels, value })
}

fn number(node: &Node, desk: &mut Desk) -> Option<f64> {
    let text = word::text(node, desk)?.trim();
    let bare =
        text.strip_prefix('.').filter(|it| it.starts_with(|it: char| it.is_alphabetic())).unwrap_or(text);
    if let Ok(it) = bare.parse() {
        return Some(it);
    }
    let help = match text.trim_end_matches('%').trim_end() {
        rest if rest.len() < text.len() && rest.parse::<f64>().is_ok() => {
            format!("write `{rest}`, without the sign")
        }
        _ => "write a number, as `33.3`".to_owned(),
    };
    desk.error(&node.span, format!("`{text}` is no number"), help);
    None
}

fn texts(fields: &Fields<'_>, key: &str, desk: &mut Desk) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fields.map(key, desk) {
        let value = if entry.node.is_null() { Some("") } else { word::text(&entry.node, desk) };
        found.extend(value.map(|it| (entry.key.to_string(), it.to_owned())));
    }
    found
}

fn required_span(fields: &Fields<'_>, key: &str, desk: &mut Desk) -> Option<Duration> {
    word::duration(fields.required(key, desk)?, &SPAN, desk)
}

pub(super) fn named(node: &Node, desk: &mut Desk) -> Option<Named> {
    let text = word::text(node, desk)?.to_owned();
    Some(Named { text, place: desk.place(&node.span) })
}

fn key(entry: &Entry, desk: &Desk) -> Named {
    Named { text: entry.key.to_string(), place: desk.place(&entry.key_span) }
}

/// A story of ten years is long enough.
const SPAN: Bounds = Bounds::new(Duration::from_nanos(1), Duration::from_hours(24 * 3650)).or_zero();
