//! The keys of `prober: tls`.

use super::client::{FALLBACK, PREFERRED, TLS_KEY};
use super::{Section, key};

/// `tls:`.
pub const HANDSHAKE: Section = Section {
    title: "a `tls` section",
    keys: &[
        PREFERRED,
        FALLBACK,
        key("source_ip_address", "an address", "any", "the address we ask from"),
        TLS_KEY,
        key(
            "query_response",
            "a list of maps",
            "none",
            "what is said before TLS starts; its last entry starts it",
        ),
    ],
};
