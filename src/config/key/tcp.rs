//! The keys of `prober: tcp`.

use super::client::{FALLBACK, PREFERRED, TLS_KEY};
use super::{Section, key};

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

/// An entry of `query_response`.
pub const EXCHANGE: Section = Section {
    title: "an entry of `query_response`",
    keys: &[
        key("expect", "a pattern", "none", "lines are read until one matches"),
        key("expect_bytes", "a text or !!binary", "none", "as many bytes are read, and must be these"),
        key(
            "send",
            "a text or !!binary",
            "none",
            "a text goes with a line feed and may say ${1}; bytes go as they are",
        ),
        key("starttls", "true or false", "false", "whether TLS starts here"),
        key("labels", "a list of maps", "none", "what `probe_expect_info` tells of the line that matched"),
    ],
};

/// An entry of `labels` in `query_response`.
pub const EXPECT_LABEL: Section = Section {
    title: "a label of what was expected",
    keys: &[key("name", "a label", "", "its name"), key("value", "a text", "", "its value; may say ${1}")],
};
