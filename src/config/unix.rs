//! `prober: unix`.

use super::client;
use super::desk::Desk;
use super::field::Fields;
use super::key::UNIX;
use super::raw::Node;
use super::tcp::query_response;
use crate::spec::{TlsSpec, UnixSpec};

/// The section, or what holds without one.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk) -> UnixSpec {
    let mut spec = UnixSpec { tls: None, starttls: TlsSpec::default(), query_response: Vec::new() };
    let Some(node) = node else { return spec };
    let fields = Fields::of(node, &UNIX, desk);
    spec.starttls = fields.get("tls_config").map(|it| client::tls(it, desk)).unwrap_or_default();
    spec.tls = fields.flag("tls", false, desk).then(|| spec.starttls.clone());
    spec.query_response = query_response(&fields, desk);
    spec
}
