//! The keys of `prober: websocket`.

use super::client::{
    AUTHORIZATION_KEY, BASIC, BEARER, BEARER_FILE, EXTRA, FALLBACK, OAUTH2, PREFERRED, TLS_KEY,
};
use super::{Section, key, later, unread};

/// `websocket:`.
pub const WEBSOCKET: Section = Section {
    title: "a `websocket` section",
    keys: &[
        key("http_config", "a map", "none", "how the first request is made"),
        key("headers", "a map of headers", "none", "sent with it, each name with its values"),
        key("query_response", "a list of maps", "none", "the conversation by messages, top down"),
        PREFERRED,
        FALLBACK,
    ],
};

/// `http_config:` of `prober: websocket`. What the exporter does not look at is not looked at here.
pub const WEBSOCKET_HTTP: Section = Section {
    title: "an `http_config` section",
    keys: &[
        BASIC,
        AUTHORIZATION_KEY,
        BEARER,
        BEARER_FILE,
        OAUTH2,
        TLS_KEY,
        EXTRA,
        unread("follow_redirects", "a handshake is never sent on"),
        unread("enable_http2", "the handshake is one of HTTP/1.1"),
        unread("proxy_url", "the exporter connects directly, and so do we"),
        unread("no_proxy", "the exporter connects directly, and so do we"),
        unread("proxy_from_environment", "the exporter connects directly, and so do we"),
        unread("proxy_connect_header", "the exporter connects directly, and so do we"),
    ],
};

/// An entry of `query_response` of `prober: websocket`.
pub const TURN: Section = Section {
    title: "an entry of `query_response`",
    keys: &[
        key("expect", "a pattern", "none", "messages are read until one matches"),
        key("send", "a text", "none", "sent as one message; may say ${1}"),
        later("expect_bytes", "bytes to wait for", "messages are awaited whole: `expect` takes a pattern"),
        unread("starttls", "a WebSocket has its TLS from the beginning: `wss://`"),
        unread("labels", "the exporter does not look at them here"),
    ],
};
