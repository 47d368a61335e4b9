//! Families of name servers: they are there for every attempt, 0 without an answer.

use super::Samples;
use super::number;
use super::reading::{Reading, TargetRow, flag, gauge};
use crate::dns::{RecordType, Section};
use crate::outcome::{DnsAnswer, Outcome, Phase};
use crate::spec::{DnsSpec, Prober};

pub(super) const ROWS: &[TargetRow] = &[
    TargetRow {
        family: gauge(
            "probe_dns_duration_seconds",
            &["phase"],
            "How long each phase of the question took; connecting includes TLS.",
        ),
        samples: |it, out| {
            let Some((seen, _)) = asked(it) else { return };
            for (name, phases) in PHASES {
                let seconds = |phase: &Phase| seen.phases.of(*phase).as_secs_f64();
                out.put(&[name], phases.iter().map(seconds).sum());
            }
        },
    },
    TargetRow {
        family: gauge("probe_dns_answer_rrs", &[], "How many records the answer has in its first section."),
        samples: |it, out| put(it, out, |it| records(it, Section::Answer)),
    },
    TargetRow {
        family: gauge(
            "probe_dns_authority_rrs",
            &[],
            "How many records the answer has about who would know.",
        ),
        samples: |it, out| put(it, out, |it| records(it, Section::Authority)),
    },
    TargetRow {
        family: gauge("probe_dns_additional_rrs", &[], "How many records the answer has besides."),
        samples: |it, out| put(it, out, |it| records(it, Section::Additional)),
    },
    TargetRow {
        family: gauge("probe_dns_query_succeeded", &[], "Whether an answer came, whatever it says."),
        samples: |it, out| put(it, out, |it| flag(it.is_some())),
    },
    TargetRow {
        family: gauge(
            "probe_dns_serial",
            &[],
            "The serial number of the zone, where its start was asked for and an answer came; 0 without one in it.",
        ),
        samples: |it, out| {
            let Some((seen, spec)) = asked(it) else { return };
            let wanted = spec.query.record_type == RecordType::SOA;
            if let Some(answer) = answer(seen).filter(|_| wanted) {
                out.put(&[], f64::from(answer.serial.unwrap_or(0)));
            }
        },
    },
];

fn put(it: &Reading<'_>, out: &mut Samples<'_, '_>, number: fn(Option<&DnsAnswer>) -> f64) {
    if let Some((seen, _)) = asked(it) {
        out.put(&[], number(answer(seen)));
    }
}

fn asked<'a>(it: &Reading<'a>) -> Option<(&'a Outcome, &'a DnsSpec)> {
    match &it.module.prober {
        Prober::Dns(spec) => Some((it.seen()?, spec)),
        Prober::Http(_)
        | Prober::Metrics(_)
        | Prober::Tcp(_)
        | Prober::Unix(_)
        | Prober::Tls(_)
        | Prober::Icmp(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Path(_)
        | Prober::Query(_) => None,
    }
}

fn answer(seen: &Outcome) -> Option<&DnsAnswer> {
    seen.dns.as_ref()?.answer.as_ref()
}

fn records(answer: Option<&DnsAnswer>, section: Section) -> f64 {
    answer.map_or(0.0, |it| number(it.section(section).records.try_into().unwrap_or(u64::MAX)))
}

/// The exporter's phases, and ours that they are made of.
const PHASES: [(&str, &[Phase]); 3] = [
    ("resolve", &[Phase::Resolve]),
    ("connect", &[Phase::Connect, Phase::Tls]),
    ("request", &[Phase::Processing, Phase::Transfer]),
];
