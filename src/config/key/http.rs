//! The keys of `prober: http`.

use super::client::{
    AUTHORIZATION_KEY, BASIC, BEARER, BEARER_FILE, EXTRA, FALLBACK, FOLLOW, HTTP2, OAUTH2, PREFERRED, PROXY,
    PROXY_ENV, PROXY_HEADER, PROXY_NOT, TLS_KEY,
};
use super::{Section, key};

/// `http:` of `prober: http`.
pub const HTTP: Section = Section {
    title: "an `http` section",
    keys: &[
        key("valid_status_codes", "a list of numbers", "200 to 299", "statuses that are good"),
        key("valid_http_versions", "a list of texts", "any", "versions that are good, as HTTP/1.1"),
        key("method", "a text", "GET", "the request's method"),
        key("headers", "a map of texts", "none", "sent with each request"),
        key("body", "a text", "none", "the request's body"),
        key("body_file", "a path", "none", "a file that holds the request's body, read at each use"),
        key("body_size_limit", "a size as 10MB", "1MiB", "the longest decoded body; 0 is no limit"),
        key("compression", "gzip, br, deflate or identity", "", "how the answer's body is encoded"),
        FOLLOW,
        key("no_follow_redirects", "true or false", "", "old opposite of `follow_redirects`"),
        key("fail_if_ssl", "true or false", "false", "TLS is a failure"),
        key("fail_if_not_ssl", "true or false", "false", "plain text is a failure"),
        key("fail_if_body_matches_regexp", "a list of patterns", "none", "a match is a failure"),
        key("fail_if_body_not_matches_regexp", "a list of patterns", "none", "no match is a failure"),
        key("fail_if_body_json_matches_cel", "CEL", "none", "a condition on the JSON `body` that fails it"),
        key("fail_if_body_json_not_matches_cel", "CEL", "none", "a condition that the JSON `body` must meet"),
        key("fail_if_header_matches", "a list of maps", "none", "a match is a failure"),
        key("fail_if_header_not_matches", "a list of maps", "none", "no match is a failure"),
        PREFERRED,
        FALLBACK,
        key("skip_resolve_phase_with_proxy", "true or false", "false", "the proxy finds the address"),
        key("enable_http3", "true or false", "false", "HTTP/3, which is not built: the module is left out"),
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
    ],
};

/// An entry of `fail_if_header_matches`.
pub const HEADER_RULE: Section = Section {
    title: "a header rule",
    keys: &[
        key("header", "a header's name", "", "the header"),
        key("regexp", "a pattern", "", "held against its values"),
        key("allow_missing", "true or false", "false", "whether a missing header is no failure"),
    ],
};
