//! Families of what speaks HTTP, and of what it brought.

use super::Samples;
use super::number;
use super::reading::{Audience, Reading, TargetRow, flag, gauge, unix_seconds};
use crate::cause::{Cause, Judged, Verdict};
use crate::outcome::{End, Fault, HttpFacts, Missed, Outcome, Phase};
use crate::spec::Prober;

pub(super) const ROWS: &[TargetRow] = &[
    TargetRow {
        family: gauge(
            "probe_http_duration_seconds",
            &["phase"],
            "How long each phase of the request took, summed over redirects.",
        ),
        samples: |it, out| {
            if let (Some(seen), true) = (it.seen(), it.speaks_http()) {
                // Whoever asked alone sees the phases of a request only where there was one.
                let is_lost = it.told_to == Audience::Asker && never_found(seen);
                for phase in HTTP_PHASES.into_iter().take(if is_lost { 1 } else { HTTP_PHASES.len() }) {
                    out.put(&[phase.name()], seen.phases.of(phase).as_secs_f64());
                }
            }
        },
    },
    TargetRow {
        family: gauge("probe_http_status_code", &[], "The status of the last answer; 0 without one."),
        samples: |it, out| put_http(it, out, |it| f64::from(it.status)),
    },
    TargetRow {
        family: gauge(
            "probe_http_content_length",
            &[],
            "What the answer said its body's length is, in bytes; -1 where it did not say, 0 without an answer.",
        ),
        samples: |it, out| put_http(it, out, |it| it.content_length.map_or(-1.0, number)),
    },
    TargetRow {
        family: gauge(
            "probe_http_uncompressed_body_length",
            &[],
            "The length of the body that was read, decoded, in bytes; at the most what is read.",
        ),
        samples: |it, out| {
            let most = body_bytes_max(&it.module.prober);
            if let (Some(seen), true) = (it.seen(), it.speaks_http()) {
                let is_more = matches!(
                    it.told(),
                    Some(Judged { verdict: Verdict::Failure(Cause::BodyTooLarge, _), .. })
                );
                let read = |it: &HttpFacts| number(if is_more { most } else { it.body_bytes.min(most) });
                out.put(&[], seen.http.as_ref().map_or(0.0, read));
            }
        },
    },
    TargetRow {
        family: gauge("probe_http_redirects", &[], "How many redirects were followed."),
        samples: |it, out| put_http(it, out, |it| f64::from(it.redirects)),
    },
    TargetRow {
        family: gauge("probe_http_ssl", &[], "Whether the last answer came over TLS."),
        samples: |it, out| put_http(it, out, |it| flag(it.ssl)),
    },
    TargetRow {
        family: gauge("probe_http_version", &[], "The version of HTTP of the last answer; 0 without one."),
        samples: |it, out| {
            put_http(it, out, |it| it.version.trim_start_matches("HTTP/").parse().unwrap_or(0.0));
        },
    },
    TargetRow {
        family: gauge(
            "probe_http_last_modified_timestamp_seconds",
            &[],
            "When the answer says that its content was changed last.",
        ),
        samples: |it, out| {
            if let Some(at) = it.seen().and_then(|it| it.http.as_ref()?.last_modified) {
                out.put(&[], unix_seconds(at));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_failed_due_to_regex",
            &[],
            "Whether what was read did not match, or matched what it should not.",
        ),
        samples: |it, out| {
            let Some(Judged { verdict, outcome }) = it.told() else { return };
            let causes = [Cause::ContentMismatch, Cause::HeaderMismatch];
            let fails =
                || causes.iter().any(|it| matches!(verdict, Verdict::Failure(cause, _) if cause == it));
            let missed = || {
                let talk = outcome.conversation.as_ref().map(|it| it.missed == Some(Missed::Line));
                // The exporter says so also where nothing was said.
                talk.or((it.told_to == Audience::Asker).then_some(false))
            };
            let failed = match it.module.prober {
                Prober::Http(_) => Some(fails()),
                Prober::Metrics(_)
                | Prober::Dns(_)
                | Prober::Icmp(_)
                | Prober::Grpc(_)
                | Prober::WebSocket(_)
                | Prober::Path(_)
                | Prober::Query(_) => None,
                Prober::Tcp(_) | Prober::Tls(_) | Prober::Unix(_) => missed(),
            };
            if let Some(failed) = failed {
                out.put(&[], flag(failed));
            }
        },
    },
    TargetRow {
        family: gauge(
            "probe_failed_due_to_cel",
            &[],
            "Whether a condition on the JSON body failed; there where the module has one.",
        ),
        samples: |it, out| {
            let Some(Judged { verdict, .. }) = it.told() else { return };
            if has_json_rules(&it.module.prober) {
                out.put(&[], flag(matches!(verdict, Verdict::Failure(Cause::AssertionFailed, _))));
            }
        },
    },
    TargetRow {
        family: gauge("probe_exposition_samples", &[], "Samples in the exposition that was read."),
        samples: |it, out| {
            if let Some(Ok(summary)) = it.seen().and_then(|it| it.exposition.as_ref()) {
                out.put(&[], number(summary.samples));
            }
        },
    },
];

/// Whether no address was found, of the first host.
fn never_found(seen: &Outcome) -> bool {
    seen.http.is_none() && matches!(seen.end, End::Fault(Fault { phase: Phase::Resolve, .. }))
}

/// The most of a body that is read, in bytes.
fn body_bytes_max(prober: &Prober) -> u64 {
    match prober {
        Prober::Http(spec) => spec.client.body_bytes_max,
        Prober::Metrics(spec) => spec.client.body_bytes_max,
        Prober::Tcp(_)
        | Prober::Tls(_)
        | Prober::Unix(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Path(_)
        | Prober::Query(_) => u64::MAX,
    }
}

fn has_json_rules(prober: &Prober) -> bool {
    match prober {
        Prober::Http(spec) => !spec.json_rules.is_empty(),
        Prober::Metrics(_)
        | Prober::Tcp(_)
        | Prober::Tls(_)
        | Prober::Unix(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Path(_)
        | Prober::Query(_) => false,
    }
}

/// For probers that speak HTTP: a number of the last answer, 0 where there was none.
fn put_http(it: &Reading<'_>, out: &mut Samples<'_, '_>, number: fn(&HttpFacts) -> f64) {
    if let (Some(seen), true) = (it.seen(), it.speaks_http()) {
        out.put(&[], seen.http.as_ref().map_or(0.0, number));
    }
}

/// The exporter's phases of a request: checking is none of them.
const HTTP_PHASES: [Phase; 5] =
    [Phase::Resolve, Phase::Connect, Phase::Tls, Phase::Processing, Phase::Transfer];
