//! `prober: tcp`.

use super::address::{dial, source};
use super::client;
use super::desk::Desk;
use super::field::Fields;
use super::key::{EXCHANGE, TCP};
use super::raw::Node;
use super::word;
use crate::spec::{DialSpec, Exchange, TcpSpec, TlsSpec};

/// The section, or what holds without one.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk) -> TcpSpec {
    let mut spec = TcpSpec {
        dial: DialSpec::default(),
        tls: None,
        starttls: TlsSpec::default(),
        query_response: Vec::new(),
    };
    let Some(node) = node else { return spec };
    let fields = Fields::of(node, &TCP, desk);
    spec.dial = dial(&fields, desk);
    spec.dial.source = source(&fields, desk);
    spec.starttls = fields.get("tls_config").map(|it| client::tls(it, desk)).unwrap_or_default();
    spec.tls = fields.flag("tls", false, desk).then(|| spec.starttls.clone());
    spec.query_response = fields.list("query_response", desk).iter().map(|it| exchange(it, desk)).collect();
    spec
}

fn exchange(node: &Node, desk: &mut Desk) -> Exchange {
    let fields = Fields::of(node, &EXCHANGE, desk);
    Exchange {
        expect: fields.get("expect").and_then(|it| word::regex(it, desk)),
        send: fields.text("send", desk).filter(|it| !it.is_empty()).map(str::to_owned),
        starttls: fields.flag("starttls", false, desk),
    }
}
