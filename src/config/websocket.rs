//! `prober: websocket`.

use super::address::dial;
use super::client;
use super::desk::Desk;
use super::field::Fields;
use super::key::{TURN, WEBSOCKET, WEBSOCKET_HTTP};
use super::raw::Node;
use super::word;
use crate::spec::{Turn, WebSocketSpec};

/// The section, or what holds without one.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk) -> WebSocketSpec {
    let mut spec = WebSocketSpec::default();
    if let Some(node) = node {
        let fields = Fields::of(node, &WEBSOCKET, desk);
        if let Some(node) = fields.get("http_config") {
            let http = Fields::of(node, &WEBSOCKET_HTTP, desk);
            client::read_credentials(&http, &mut spec.client, desk);
        }
        for entry in fields.map("headers", desk) {
            let lower = entry.key.to_ascii_lowercase();
            if RESERVED.contains(&&*lower) || lower.starts_with("sec-websocket-") {
                let help = "the handshake sets it itself: take it away";
                desk.error(&entry.key_span, format!("the header `{}` cannot be set here", entry.key), help);
                continue;
            }
            client::extra_header(entry, &mut spec.client, desk);
        }
        spec.client.dial = dial(&fields, desk);
        spec.turns = fields.list("query_response", desk).iter().map(|it| turn(it, desk)).collect();
    }
    (spec.client.follow_redirects, spec.client.http2) = (false, false);
    spec
}

fn turn(node: &Node, desk: &mut Desk) -> Turn {
    let fields = Fields::of(node, &TURN, desk);
    Turn {
        expect: fields.get("expect").and_then(|it| word::regex(it, desk)),
        send: fields.text("send", desk).filter(|it| !it.is_empty()).map(str::to_owned),
    }
}

/// Headers that make the handshake what it is.
const RESERVED: [&str; 3] = ["connection", "upgrade", "content-length"];
