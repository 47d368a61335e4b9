//! Which key-management service a text speaks of, and by which path its keys are used.

use std::sync::LazyLock;

use regex::Regex;

use super::field::{Field, Fields};

/// A service that keeps keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    KeyProtect,
    HyperProtect,
}

impl Provider {
    /// Whose endpoint has that host.
    fn of(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        let old = host.strip_prefix("keyprotect.").and_then(|it| it.strip_suffix(".bluemix.net"));
        if host.ends_with(".kms.cloud.ibm.com") || old.is_some_and(|it| !it.is_empty()) {
            return Some(Self::KeyProtect);
        }
        host.ends_with(".hs-crypto.cloud.ibm.com").then_some(Self::HyperProtect)
    }

    fn name(self) -> &'static str {
        match self {
            Self::KeyProtect => "Key Protect",
            Self::HyperProtect => "Hyper Protect Crypto",
        }
    }
}

/// The endpoint at that address: a URL, or a host with or without a port.
pub(super) fn fill_endpoint(address: &str, fields: &mut Fields) {
    if address.contains("://") {
        endpoint(address, fields);
    } else {
        endpoint(&format!("https://{address}"), fields);
    }
}

/// Of several endpoints the last that is named counts: in a log it is the newest.
pub(super) fn fill(text: &str, fields: &mut Fields) {
    if fields.get(Field::KmsHost).is_empty() {
        endpoint(text, fields);
    }
    fields.put(Field::KmsPath, path(text));
}

fn endpoint(text: &str, fields: &mut Fields) {
    let named = URL.captures_iter(text).filter_map(|it| {
        let host = it.get(1)?.as_str().trim_end_matches('.');
        Some((Provider::of(host)?, host, it.get(2).map_or("", |it| it.as_str())))
    });
    if let Some((provider, host, port)) = named.last() {
        fields.put(Field::Provider, provider.name());
        fields.put(Field::KmsHost, host.to_ascii_lowercase());
        fields.put(Field::KmsPort, port);
    }
}

fn path(text: &str) -> &'static str {
    let mentions = |it: &str| text.contains(it);
    if mentions("KMS V2.0 path") {
        "2.0"
    } else if mentions("KMS V1.0 path") {
        "1.0"
    } else if ["KeyProtect", "WDEK", "wrapped DEK"].into_iter().any(mentions) {
        "1.0 or legacy"
    } else {
        ""
    }
}

static URL: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)\bhttps?://([a-z0-9.-]+)(?::([0-9]{1,5})\b)?";
    Regex::new(pattern).expect("the pattern of URLs is sound")
});
