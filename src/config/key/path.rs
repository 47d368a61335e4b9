//! The keys of `prober: path`.

use super::client::{FALLBACK, PREFERRED};
use super::{Section, key};

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
