//! `prober: tls`.

use super::address::{dial, source};
use super::client;
use super::desk::Desk;
use super::field::Fields;
use super::key::HANDSHAKE;
use super::raw::Node;
use super::tcp::query_response;
use crate::spec::{DialSpec, HandshakeSpec, TlsSpec};

/// The section, or what holds without one.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk) -> HandshakeSpec {
    let mut spec =
        HandshakeSpec { dial: DialSpec::default(), tls: TlsSpec::default(), query_response: Vec::new() };
    let Some(node) = node else { return spec };
    let fields = Fields::of(node, &HANDSHAKE, desk);
    spec.dial = dial(&fields, desk);
    spec.dial.source = source(&fields, desk);
    spec.tls = fields.get("tls_config").map(|it| client::tls(it, desk)).unwrap_or_default();
    spec.query_response = query_response(&fields, desk);
    let (starts, last) = match &spec.query_response[..] {
        [] => return spec,
        [before @ .., last] => (before.iter().any(|it| it.starttls), last.starttls),
    };
    if starts || !last {
        let span = fields.key_span("query_response").unwrap_or(&fields.span);
        let help = "write `starttls: true` in its last entry, and in no other: the handshake ends the probe";
        desk.error(span, "the end of this conversation, and nothing else of it, starts the handshake", help);
    }
    spec
}
