//! The keys of `prober: icmp`.

use super::client::{FALLBACK, PREFERRED};
use super::{Section, key};

/// `icmp:`.
pub const ICMP: Section = Section {
    title: "an `icmp` section",
    keys: &[
        PREFERRED,
        FALLBACK,
        key("source_ip_address", "an address", "any", "the address we ask from"),
        key("payload_size", "a number", "28", "bytes behind the request's header; 0 is the default too"),
        key(
            "dont_fragment",
            "true or false",
            "false",
            "whether nobody on the way may cut an IPv4 packet in pieces",
        ),
        key("ttl", "a number", "64", "how many hops the request is allowed; 0 is the default too"),
    ],
};
