//! The keys of `prober: tcp`.

use super::client::{FALLBACK, PREFERRED, TLS_KEY};
use super::{Section, key, later};

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
        later("expect_bytes", "bytes to wait for", "bytes are not awaited yet: `expect` takes a pattern"),
        key("send", "a text", "none", "sent with a line feed; may say ${1}"),
        key("starttls", "true or false", "false", "whether TLS starts here"),
        later("labels", "labels from the match", "labels from an answer are not built yet: take them away"),
    ],
};
