//! The keys of `prober: dns`.

use super::client::{FALLBACK, PREFERRED, TLS_KEY};
use super::{Section, key};

/// `dns:`.
pub const DNS: Section = Section {
    title: "a `dns` section",
    keys: &[
        key("query_name", "a name", "", "what the question is about"),
        key("query_type", "a type of records", "ANY", "which records are wanted, as `A` or `SOA`"),
        key("query_class", "a class of records", "IN", "of which class"),
        key("transport_protocol", "udp or tcp", "udp", "how the question travels"),
        key("dns_over_tls", "true or false", "false", "whether it travels within TLS; wants tcp"),
        TLS_KEY,
        key("recursion_desired", "true or false", "true", "whether the server is to look further itself"),
        PREFERRED,
        FALLBACK,
        key("source_ip_address", "an address", "any", "the address we ask from"),
        key("valid_rcodes", "a list of codes", "NOERROR", "the codes that are good, as `NXDOMAIN`"),
        key("validate_answer_rrs", "a map of patterns", "none", "what the answer's records must say"),
        key("validate_authority_rrs", "a map of patterns", "none", "what the authority's records must say"),
        key("validate_additional_rrs", "a map of patterns", "none", "what the additional records must say"),
    ],
};

/// `validate_answer_rrs:` and its like. A record is held against a pattern as
/// `name<tab>TTL<tab>class<tab>type<tab>data`.
pub const RECORD_RULES: Section = Section {
    title: "a section of patterns over records",
    keys: &[
        key("fail_if_matches_regexp", "a list of patterns", "none", "a record that matches is a failure"),
        key(
            "fail_if_all_match_regexp",
            "a list of patterns",
            "none",
            "a record that does not match is a failure, as in the exporter and whatever the name says",
        ),
        key(
            "fail_if_not_matches_regexp",
            "a list of patterns",
            "none",
            "a record that does not match is a failure, and so is none at all",
        ),
        key(
            "fail_if_none_matches_regexp",
            "a list of patterns",
            "none",
            "that no record matches any of them is a failure",
        ),
    ],
};
