//! `prober: tcp`, and the conversation that other probers have too.

use super::address::{dial, source};
use super::client;
use super::desk::Desk;
use super::field::Fields;
use super::go_regex;
use super::key::{EXCHANGE, EXPECT_LABEL, TCP};
use super::raw::Node;
use super::word;
use crate::spec::{DialSpec, Exchange, ExpectLabel, Expected, Sent, TcpSpec, TlsSpec};

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
    spec.query_response = query_response(&fields, desk);
    spec
}

/// `query_response` of a section that has it.
pub(super) fn query_response(fields: &Fields<'_>, desk: &mut Desk) -> Vec<Exchange> {
    fields.list("query_response", desk).iter().map(|it| exchange(it, desk)).collect()
}

fn exchange(node: &Node, desk: &mut Desk) -> Exchange {
    let fields = Fields::of(node, &EXCHANGE, desk);
    client::exclude(&fields, "expect", "expect_bytes", desk);
    // An empty one expects nothing, as in the exporter.
    let line = fields.get("expect").filter(|it| !word::is_empty(it));
    let line = line.and_then(|it| go_regex::bytes_regex(it, desk)).map(Expected::Line);
    let bytes = fields.get("expect_bytes").and_then(|it| word::bytes(it, desk));
    let bytes = bytes.filter(|it| !it.is_empty()).map(Expected::Bytes);
    let labels: Vec<_> = fields.list("labels", desk).iter().filter_map(|it| label(it, desk)).collect();
    if !labels.is_empty() && fields.get("expect").is_none() {
        let span = fields.key_span("labels").unwrap_or(&fields.span);
        let help = "write `expect:` with groups that the labels can name, or take `labels` away";
        desk.error(span, "labels are taken from a line that matches, and none is expected", help);
    }
    Exchange {
        expect: line.or(bytes),
        labels,
        send: fields.get("send").and_then(|it| sent(it, desk)),
        starttls: fields.flag("starttls", false, desk),
    }
}

fn sent(node: &Node, desk: &mut Desk) -> Option<Sent> {
    if word::is_binary(node) {
        return word::bytes(node, desk).map(Sent::Bytes);
    }
    word::text(node, desk).filter(|it| !it.is_empty()).map(|it| Sent::Line(it.to_owned()))
}

fn label(node: &Node, desk: &mut Desk) -> Option<ExpectLabel> {
    let fields = Fields::of(node, &EXPECT_LABEL, desk);
    let name = fields.required("name", desk).and_then(|it| word::label_name(it, desk));
    let value = fields.text("value", desk).unwrap_or_default().to_owned();
    Some(ExpectLabel { name: name?.to_string(), value })
}
