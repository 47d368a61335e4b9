//! What the answer of a name server means, in the order in which the exporter looks: the code, then
//! the records section by section.

use super::Cause;
use crate::dns::Section;
use crate::outcome::{DnsAnswer, Phase};
use crate::spec::{DnsSpec, RecordRule, RecordsFailIf};

pub(super) fn judge(spec: &DnsSpec, answer: &DnsAnswer) -> Option<(Cause, Phase)> {
    if !spec.valid_rcodes.contains(&answer.rcode) {
        return Some((Cause::DnsRcode, Phase::Check));
    }
    broken_rule(spec, answer).map(|_| (Cause::DnsAnswerMismatch, Phase::Check))
}

/// The first rule that the records break, with how many of them match it.
pub fn broken_rule<'a>(spec: &'a DnsSpec, answer: &DnsAnswer) -> Option<(&'a RecordRule, usize)> {
    let breaks = |(rule, matched): &(&'a RecordRule, usize)| match rule.fail_if {
        RecordsFailIf::Matches => *matched > 0,
        RecordsFailIf::AllMatch => *matched < answer.section(rule.section).records,
        RecordsFailIf::NotMatches => {
            let records = answer.section(rule.section).records;
            records == 0 || *matched < records
        }
        RecordsFailIf::NoneMatches => none_matches(spec, answer, rule.section),
    };
    let rules = || spec.rules.iter().zip(answer.matched.iter().copied());
    let of = |section: Section| rules().filter(move |(rule, _)| rule.section == section);
    Section::ALL.into_iter().flat_map(of).find(breaks)
}

/// Patterns of `fail_if_none_matches_regexp` are alternatives: one match of one of them is enough.
fn none_matches(spec: &DnsSpec, answer: &DnsAnswer, section: Section) -> bool {
    let alternatives = spec
        .rules
        .iter()
        .zip(&answer.matched)
        .filter(|(rule, _)| rule.section == section && rule.fail_if == RecordsFailIf::NoneMatches);
    alternatives.into_iter().all(|(_, matched)| *matched == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Class, Name, Query, Rcode, RecordType};
    use crate::outcome::SectionFacts;
    use crate::spec::{DialSpec, DnsTransport};
    use RecordsFailIf::{AllMatch, Matches, NoneMatches, NotMatches};

    fn spec(rules: &[(Section, RecordsFailIf)]) -> DnsSpec {
        let query =
            Query { name: Name::root(), record_type: RecordType::ANY, class: Class::IN, recursion: true };
        let regex = "x".parse::<regex::Regex>().unwrap();
        let rule =
            |it: &(Section, RecordsFailIf)| RecordRule { section: it.0, regex: regex.clone(), fail_if: it.1 };
        DnsSpec {
            dial: DialSpec::default(),
            transport: DnsTransport::Udp,
            query,
            valid_rcodes: vec![Rcode::NOERROR],
            rules: rules.iter().map(rule).collect(),
        }
    }

    fn answer(records: [usize; 3], matched: &[usize]) -> DnsAnswer {
        DnsAnswer {
            matched: matched.to_vec(),
            sections: records.map(|records| SectionFacts { records, first: Vec::new() }),
            ..DnsAnswer::default()
        }
    }

    #[test]
    fn each_rule_over_one_section_fails_by_how_many_records_match() {
        // How many records there are, how many match, and which rules that breaks.
        for (records, matched, broken) in [
            (0, 0, &[NotMatches, NoneMatches][..]),
            (2, 0, &[AllMatch, NotMatches, NoneMatches]),
            (2, 1, &[Matches, AllMatch, NotMatches]),
            (2, 2, &[Matches]),
        ] {
            for rule in RecordsFailIf::ALL {
                let fails = judge(&spec(&[(Section::Answer, rule)]), &answer([records, 0, 0], &[matched]));
                let expected = broken.contains(&rule).then_some((Cause::DnsAnswerMismatch, Phase::Check));
                assert_eq!(fails, expected, "{rule:?}: {matched} of {records}");
            }
        }
    }

    #[test]
    fn patterns_of_which_none_matches_are_alternatives_within_their_section() {
        let two = spec(&[(Section::Answer, NoneMatches), (Section::Answer, NoneMatches)]);
        assert_eq!(judge(&two, &answer([1, 0, 0], &[0, 1])), None);
        let apart = spec(&[(Section::Answer, NoneMatches), (Section::Authority, NoneMatches)]);
        let facts = answer([1, 1, 0], &[1, 0]);
        assert_eq!(broken_rule(&apart, &facts).unwrap().0.section, Section::Authority);
    }

    #[test]
    fn the_code_goes_before_the_records_and_the_answer_before_the_rest() {
        let rules = spec(&[(Section::Additional, NotMatches), (Section::Answer, NotMatches)]);
        let nothing = answer([0, 0, 0], &[0, 0]);
        assert_eq!(broken_rule(&rules, &nothing).unwrap().0.section, Section::Answer);
        let refused = DnsAnswer { rcode: Rcode(5), ..nothing };
        assert_eq!(judge(&rules, &refused), Some((Cause::DnsRcode, Phase::Check)));
    }
}
