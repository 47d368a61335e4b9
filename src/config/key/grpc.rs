//! The keys of `prober: grpc`.

use super::client::{FALLBACK, PREFERRED, TLS_KEY};
use super::{Section, key};

/// `grpc:`.
pub const GRPC: Section = Section {
    title: "a `grpc` section",
    keys: &[
        key("service", "a text", "the server as a whole", "the service whose health is asked"),
        key("tls", "true or false", "false", "whether the call goes within TLS"),
        TLS_KEY,
        PREFERRED,
        FALLBACK,
        key("metadata", "a map of lists", "none", "sent along, each name with its values"),
    ],
};
