//! The keys of `prober: unix`.

use super::client::TLS_KEY;
use super::{Section, key};

/// `unix:`.
pub const UNIX: Section = Section {
    title: "a `unix` section",
    keys: &[
        key("tls", "true or false", "false", "whether all is said within TLS"),
        TLS_KEY,
        key("query_response", "a list of maps", "none", "the conversation, top down"),
    ],
};
