//! `prober: grpc`.

use super::address::dial;
use super::client;
use super::desk::Desk;
use super::field::Fields;
use super::key::GRPC;
use super::raw::Node;
use super::word;
use crate::spec::GrpcSpec;

/// The section, or what holds without one.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk) -> GrpcSpec {
    let mut spec = GrpcSpec::default();
    let Some(node) = node else { return spec };
    let fields = Fields::of(node, &GRPC, desk);
    spec.service = fields.text("service", desk).unwrap_or_default().into();
    let tls = fields.get("tls_config").map(|it| client::tls(it, desk)).unwrap_or_default();
    spec.tls = fields.flag("tls", false, desk).then_some(tls);
    spec.dial = dial(&fields, desk);
    for entry in fields.map("metadata", desk) {
        let Some(name) = client::header_name(&entry.key, &entry.key_span, desk) else { continue };
        if RESERVED.contains(&name.as_str()) || name.as_str().starts_with("grpc-") {
            let help = "gRPC sets it itself: take it away";
            desk.error(&entry.key_span, format!("`{name}` cannot be set here"), help);
            continue;
        }
        for node in word::list(&entry.node, desk) {
            if let Some(mut value) = client::header_value(node, desk) {
                // Tokens are sent this way, and nobody marks them.
                value.set_sensitive(true);
                spec.metadata.append(name.clone(), value);
            }
        }
    }
    spec
}

/// Headers that make a call what it is.
const RESERVED: [&str; 6] = ["content-type", "te", "host", "connection", "content-length", "user-agent"];
