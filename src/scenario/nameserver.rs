//! What a case says of a name server's answer.

use super::written::See;
use crate::dns::{Rcode, Section};
use crate::outcome::{DnsAnswer, DnsFacts, SectionFacts};
use crate::spec::{DnsSpec, RecordsFailIf};

/// The answer with the records that the body has, one a line; those of the module's good codes and
/// records that break none of its rules where neither is said.
pub(super) fn seen(see: &See, spec: &DnsSpec) -> DnsFacts {
    if see.verdict.is_some() && see.rcode.is_none() && see.body.is_none() {
        return DnsFacts::default();
    }
    let rcode = see.rcode.unwrap_or(spec.valid_rcodes[0]);
    if see.body.is_none() {
        return DnsFacts { answer: Some(as_wanted(spec, rcode)), ..DnsFacts::default() };
    }
    let lines: Vec<_> = see.body.iter().flat_map(|it| it.lines()).map(str::to_owned).collect();
    let count = |section: Section, regex: &regex::Regex| match section {
        Section::Answer => lines.iter().filter(|it| regex.is_match(it)).count(),
        Section::Authority | Section::Additional => 0,
    };
    let matched = spec.rules.iter().map(|it| count(it.section, &it.regex)).collect();
    let records = lines.len();
    let mut sections: [SectionFacts; 3] = Default::default();
    sections[Section::Answer as usize] = SectionFacts { records, first: lines };
    let answer = DnsAnswer { rcode, matched, sections, ..DnsAnswer::default() };
    DnsFacts { answer: Some(answer), ..DnsFacts::default() }
}

/// An answer whose records, of which nothing is said, break no rule.
fn as_wanted(spec: &DnsSpec, rcode: Rcode) -> DnsAnswer {
    let matched = spec.rules.iter().map(|it| match it.fail_if {
        RecordsFailIf::Matches => 0,
        RecordsFailIf::AllMatch | RecordsFailIf::NotMatches | RecordsFailIf::NoneMatches => 1,
    });
    let one = || SectionFacts { records: 1, first: Vec::new() };
    DnsAnswer { rcode, matched: matched.collect(), sections: [one(), one(), one()], ..DnsAnswer::default() }
}
