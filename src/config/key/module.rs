//! The keys of modules.

use super::client::{
    AUTHORIZATION_KEY, BASIC, BEARER, BEARER_FILE, EXTRA, FALLBACK, FOLLOW, HTTP2, NO_PROXY, OAUTH2,
    PREFERRED, PROXY, PROXY_ENV, PROXY_HEADER, PROXY_NOT, TLS_KEY,
};
use super::{Section, key, later, unread};

/// `modules.<name>`.
pub const MODULE: Section = Section {
    title: "a module",
    keys: &[
        key("prober", "http, metrics, tcp, path or query", "", "what is asked"),
        key("timeout", "a duration", "10s", "the threshold of the verdict"),
        key("patience", "a duration", "timeout", "how long the prober reads on for the evidence"),
        key("connect_timeout", "a duration", "timeout", "bounds connecting alone"),
        key("http", "a map", "", "how an HTTP request is made, and what is good"),
        key("metrics", "a map", "", "what a scrape may bring"),
        key("tcp", "a map", "", "how a TCP connection is made, and what is said on it"),
        key("path", "a map", "", "how the way to a target is traced"),
        key("query", "a map", "", "what is asked of Prometheus"),
        unread("dns", "the exporter's dns prober"),
        unread("icmp", "the exporter's icmp prober"),
        unread("grpc", "the exporter's grpc prober"),
        unread("unix", "the exporter's unix prober"),
        unread("websocket", "the exporter's websocket prober"),
    ],
};

/// `http:` of `prober: http`.
pub const HTTP: Section = Section {
    title: "an `http` section",
    keys: &[
        key("valid_status_codes", "a list of numbers", "200 to 299", "statuses that are good"),
        key("valid_http_versions", "a list of texts", "any", "versions that are good, as HTTP/1.1"),
        key("method", "a text", "GET", "the request's method"),
        key("headers", "a map of texts", "none", "sent with each request"),
        key("body", "a text", "none", "the request's body"),
        later("body_file", "the request's body", "a body from a file is not built yet: write it as `body`"),
        key("body_size_limit", "a size as 10MB", "1MiB", "the longest decoded body; 0 is no limit"),
        key("compression", "gzip, deflate or identity", "", "how the answer's body is encoded"),
        FOLLOW,
        key("no_follow_redirects", "true or false", "", "old opposite of `follow_redirects`"),
        key("fail_if_ssl", "true or false", "false", "TLS is a failure"),
        key("fail_if_not_ssl", "true or false", "false", "plain text is a failure"),
        key("fail_if_body_matches_regexp", "a list of patterns", "none", "a match is a failure"),
        key("fail_if_body_not_matches_regexp", "a list of patterns", "none", "no match is a failure"),
        later("fail_if_body_json_matches_cel", "a condition on the body", NO_CEL),
        later("fail_if_body_json_not_matches_cel", "a condition on the body", NO_CEL),
        key("fail_if_header_matches", "a list of maps", "none", "a match is a failure"),
        key("fail_if_header_not_matches", "a list of maps", "none", "no match is a failure"),
        PREFERRED,
        FALLBACK,
        later("skip_resolve_phase_with_proxy", "no look-up of the target", NO_PROXY),
        later("enable_http3", "HTTP/3", "take the key away to ask by HTTP/2 or 1.1: HTTP/3 is not built yet"),
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

/// `tcp:`.
pub const TCP: Section = Section {
    title: "a `tcp` section",
    keys: &[
        PREFERRED,
        FALLBACK,
        key("source_ip_address", "an address", "any", "the address we ask from"),
        key("tls", "true or false", "false", "whether all is said within TLS"),
        TLS_KEY,
        key("query_response", "a list of maps", "none", "the conversation, top down"),
    ],
};

/// `path:`.
pub const PATH: Section = Section {
    title: "a `path` section",
    keys: &[
        key("protocol", "tcp or icmp", "tcp", "what the packets are"),
        key("port", "a number", "the target's, else 80", "the TCP port that is asked for"),
        key("count", "a number", "10", "how many packets each hop gets"),
        key("hops_max", "a number", "30", "behind how many hops the target is given up"),
        key("pace", "a duration", "100ms", "from one packet of a hop to its next"),
        key("wait", "a duration", "1s", "how long an answer to one packet is waited for"),
        PREFERRED,
        FALLBACK,
        key("source_ip_address", "an address", "any", "the address we ask from"),
    ],
};

/// `query:`.
pub const QUERY: Section = Section {
    title: "a `query` section",
    keys: &[
        key("promql", "PromQL", "", "the question; each series of the answer is in trouble"),
        key("by", "a list of labels", "all", "who a series is about; those that agree are one reading"),
        key("on_empty", "healthy, failing or unknown", "healthy", "what an answer without series says"),
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

/// An entry of `query_response`.
pub const EXCHANGE: Section = Section {
    title: "an entry of `query_response`",
    keys: &[
        key("expect", "a pattern", "none", "lines are read until one matches"),
        later("expect_bytes", "bytes to wait for", "bytes are not awaited yet: `expect` takes a pattern"),
        key("send", "a text", "none", "sent with a line feed; may say ${1}"),
        key("starttls", "true or false", "false", "whether TLS starts here"),
        later("labels", "labels from the match", "labels from an answer are not built yet: take them away"),
    ],
};

const NO_CEL: &str =
    "conditions on a JSON body are not built yet: `fail_if_body_matches_regexp` takes a pattern";
const SCRAPES: &str = "a scrape has nothing to choose there: take `prober: http` to ask otherwise";
