//! What a name server was asked, what it answered, and which rule that breaks.

use super::quoted;
use crate::cause::{Cause, Judged, Verdict, broken_rule};
use crate::dns::Section;
use crate::outcome::{DnsAnswer, DnsFacts};
use crate::spec::{DnsSpec, Module, Prober};

/// Nothing of other probers.
pub(super) fn answer(module: &Module, judged: &Judged) -> Vec<String> {
    let Prober::Dns(spec) = &module.prober else { return Vec::new() };
    let Some(facts) = &judged.outcome.dns else { return Vec::new() };
    let query = &spec.query;
    let mut lines = vec![format!("asked for {} {}", query.name, query.record_type.name())];
    lines.extend(facts.answer.as_ref().map(head));
    lines.extend(
        facts.answer.as_ref().filter(|_| is_mismatch(judged)).into_iter().flat_map(|it| rule(spec, it)),
    );
    lines.extend(unreadable(facts));
    lines
}

fn is_mismatch(judged: &Judged) -> bool {
    matches!(judged.verdict, Verdict::Failure(Cause::DnsAnswerMismatch, _))
}

/// `NXDOMAIN: 0 answer, 1 authority, 0 additional records; serial 42`
fn head(answer: &DnsAnswer) -> String {
    let counts = Section::ALL.map(|it| format!("{} {}", answer.section(it).records, it.name()));
    let serial = answer.serial.map(|it| format!("; serial {it}")).unwrap_or_default();
    let mut line = format!("{}: {} records{serial}", answer.rcode.name(), counts.join(", "));
    if answer.truncated {
        line.push_str("; it says that there is more (TC): ask with `transport_protocol: tcp` for all of it");
    }
    line
}

/// The rule that does not hold, and the records that it was held against.
fn rule(spec: &DnsSpec, answer: &DnsAnswer) -> Vec<String> {
    let Some((rule, matched)) = broken_rule(spec, answer) else { return Vec::new() };
    let section = answer.section(rule.section);
    let key = rule.fail_if.key();
    let mut lines = vec![format!(
        "validate_{}_rrs, {key} {}: {matched} of {} records match",
        rule.section.name(),
        quoted(rule.regex.as_str()),
        section.records
    )];
    lines.extend(section.first.iter().take(RECORDS_TOLD_MAX).map(|it| format!("record {}", quoted(it))));
    let more = section.records.saturating_sub(section.first.len().min(RECORDS_TOLD_MAX));
    lines.extend((more > 0).then(|| format!("and {more} more records")));
    lines
}

fn unreadable(facts: &DnsFacts) -> Vec<String> {
    let mut lines: Vec<_> =
        facts.flaw.map(|it| format!("the answer cannot be read: {it}")).into_iter().collect();
    if facts.strangers > 0 {
        lines.push(format!("{} messages that answer another question were not believed", facts.strangers));
    }
    lines
}

/// How many records are told.
const RECORDS_TOLD_MAX: usize = 5;
