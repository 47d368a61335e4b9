//! What an answer by HTTP means, to one who asked for a page or for a WebSocket.

use super::Cause;
use crate::outcome::{HeaderMatch, HttpFacts, JsonMatch, Outcome, Phase};
use crate::spec::{FailIf, HttpSpec, SslWanted};

/// In the order in which the exporter looks: status, headers, body, version, TLS.
pub(super) fn of_http(spec: &HttpSpec, http: &HttpFacts) -> Option<(Cause, Phase)> {
    let status_is_good = match &*spec.valid_status_codes {
        [] => (200..300).contains(&http.status),
        good => good.contains(&http.status),
    };
    if !status_is_good {
        return Some((Cause::HttpStatus, Phase::Processing));
    }
    let header_fails = spec.header_rules.iter().zip(&http.header_matches).any(|(rule, found)| match found {
        HeaderMatch::Missing => !rule.allow_missing,
        HeaderMatch::Found => rule.fail_if == FailIf::Matches,
        HeaderMatch::NotFound => rule.fail_if == FailIf::NotMatches,
    });
    if header_fails {
        return Some((Cause::HeaderMismatch, Phase::Check));
    }
    let body_fails = spec.body_rules.iter().zip(&http.body_matches).any(|(rule, found)| match rule.fail_if {
        FailIf::Matches => *found,
        FailIf::NotMatches => !found,
    });
    if body_fails {
        return Some((Cause::ContentMismatch, Phase::Check));
    }
    let json_fails = spec.json_rules.iter().zip(&http.json_matches).any(|(rule, found)| match found {
        JsonMatch::Holds => rule.fail_if == FailIf::Matches,
        JsonMatch::HoldsNot => rule.fail_if == FailIf::NotMatches,
        JsonMatch::NoJson | JsonMatch::NoAnswer(_) => true,
    });
    if json_fails {
        return Some((Cause::AssertionFailed, Phase::Check));
    }
    let versions = &spec.valid_http_versions;
    if !versions.is_empty() && !versions.iter().any(|it| it == http.version) {
        return Some((Cause::HttpVersion, Phase::Check));
    }
    let ssl_is_good = match spec.ssl {
        None => true,
        Some(SslWanted::Yes) => http.ssl,
        Some(SslWanted::No) => !http.ssl,
    };
    (!ssl_is_good).then_some((Cause::HttpSsl, Phase::Check))
}

/// The handshake is answered with one status alone, and what is expected must come.
pub(super) fn of_websocket(outcome: &Outcome) -> Option<(Cause, Phase)> {
    let http = outcome.http.as_ref().expect("a websocket reply has http facts");
    if http.status != 101 {
        return Some((Cause::HttpStatus, Phase::Processing));
    }
    let missed = outcome.conversation.as_ref().and_then(|it| it.missed);
    missed.map(|_| (Cause::ContentMismatch, Phase::Check))
}
