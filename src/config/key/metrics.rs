//! The keys of `prober: metrics`.

use super::client::{
    AUTHORIZATION_KEY, BASIC, BEARER, BEARER_FILE, EXTRA, FALLBACK, FOLLOW, HTTP2, OAUTH2, PREFERRED, PROXY,
    PROXY_ENV, PROXY_HEADER, PROXY_NOT, TLS_KEY,
};
use super::{Section, key, later};

/// `http:` of `prober: metrics`.
pub const SCRAPE_HTTP: Section = Section {
    title: "the `http` section of a metrics module",
    keys: &[
        key("headers", "a map of texts", "none", "sent with each request"),
        FOLLOW,
        PREFERRED,
        FALLBACK,
        BASIC,
        AUTHORIZATION_KEY,
        BEARER,
        BEARER_FILE,
        OAUTH2,
        TLS_KEY,
        HTTP2,
        PROXY,
        PROXY_NOT,
        PROXY_ENV,
        PROXY_HEADER,
        EXTRA,
        later("body_size_limit", "the longest body", "it stands under `metrics:` here"),
        later("method", "the request's method", SCRAPES),
        later("body", "the request's body", SCRAPES),
        later("compression", "the answer's encoding", SCRAPES),
        later("valid_status_codes", "statuses that are good", SCRAPES),
        later("fail_if_body_matches_regexp", "a match is a failure", SCRAPES),
        later("fail_if_body_not_matches_regexp", "no match is a failure", SCRAPES),
    ],
};

/// `metrics:`.
pub const METRICS: Section = Section {
    title: "a `metrics` section",
    keys: &[
        key("body_size_limit", "a size as 10MB", "16MiB", "the longest decoded body; 0 is no limit"),
        key("sample_limit", "a number", "50000", "samples that an exposition may have; 0 is no limit"),
        key("label_limit", "a number", "64", "labels that a sample may have; 0 is no limit"),
        key("fallback_scrape_protocol", "a format's name", "none", "how an untyped answer is read"),
    ],
};

const SCRAPES: &str = "a scrape has nothing to choose there: take `prober: http` to ask otherwise";
