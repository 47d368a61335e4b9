//! `modules`: ways to ask, by name.

use std::sync::Arc;
use std::time::Duration;

use super::complaint::{listed, nearest};
use super::desk::Desk;
use super::field::Fields;
use super::key::MODULE;
use super::raw::{Entry, Value};
use super::word::{self, Bounds, HOUR};
use super::{dns, grpc, http, icmp, metrics, path, query, tcp, tls, unix, websocket};
use crate::spec::{Module, Prober};

/// The module under that name, and what it asks for that is not built: then it is left out.
pub(super) fn read(entry: &Entry, desk: &mut Desk) -> (Module, Vec<String>) {
    desk.begin_module();
    let module = module(entry, desk);
    (module, desk.end_module())
}

fn module(entry: &Entry, desk: &mut Desk) -> Module {
    let fields = Fields::of(&entry.node, &MODULE, desk);
    let timeout = fields.duration("timeout", &ATTEMPT.or_zero(), desk).filter(|it| !it.is_zero());
    let timeout = timeout.unwrap_or(TIMEOUT);
    let patience = fields.duration("patience", &ATTEMPT, desk).unwrap_or(timeout);
    if patience < timeout {
        let span = fields.get("patience").map_or(&fields.span, |it| &it.span);
        let help =
            format!("the verdict is given after {timeout:?}: wait at least that long, or take it away");
        desk.error(span, "the patience ends before the timeout", help);
    }
    let connect_timeout = fields.duration("connect_timeout", &ATTEMPT, desk);
    if connect_timeout.is_some_and(|it| it > timeout) {
        let span = fields.get("connect_timeout").map_or(&fields.span, |it| &it.span);
        let help = format!("the verdict is given after {timeout:?}: bound connecting below that");
        desk.error(span, "connecting may take longer than the timeout", help);
    }
    let prober = prober(&fields, desk);
    let is_metrics = matches!(prober, Prober::Metrics(_));
    if let (false, Some(span)) = (is_metrics, fields.key_span("metrics")) {
        let title = format!("the prober `{}` does not read this section", prober.name());
        desk.warning(span, title, "write `prober: metrics` to ask as a scrape does");
    }
    Module { name: Arc::clone(&entry.key), timeout, patience, connect_timeout, prober }
}

/// Whether the module says no timeout, or none by `0s`: then `/probe` takes as long as its asker has.
pub(super) fn is_untimed(entry: &Entry) -> bool {
    let Value::Map(entries) = &entry.node.value else { return true };
    match entries.iter().find(|it| &*it.key == "timeout").map(|it| &it.node.value) {
        None | Some(Value::Null | Value::List(_) | Value::Map(_)) => true,
        Some(Value::Scalar(it)) => it.text.chars().filter(char::is_ascii_digit).all(|it| it == '0'),
    }
}

fn prober(fields: &Fields<'_>, desk: &mut Desk) -> Prober {
    let named = fields.required("prober", desk);
    let word = named.and_then(|it| word::text(it, desk)).unwrap_or_default();
    match word {
        "http" => Prober::Http(http::read(fields.get("http"), desk)),
        "metrics" => Prober::Metrics(metrics::read(fields, desk)),
        "tcp" => Prober::Tcp(tcp::read(fields.get("tcp"), desk)),
        "grpc" => Prober::Grpc(grpc::read(fields.get("grpc"), desk)),
        "websocket" => Prober::WebSocket(websocket::read(fields.get("websocket"), desk)),
        "tls" => Prober::Tls(tls::read(fields.get("tls"), desk)),
        "unix" => Prober::Unix(unix::read(fields.get("unix"), desk)),
        "dns" => Prober::Dns(dns::read(fields.get("dns"), desk)),
        "icmp" => Prober::Icmp(icmp::read(fields.get("icmp"), desk)),
        "path" => Prober::Path(path::read(fields.get("path"), desk)),
        "query" => Prober::Query(query::read(fields, desk)),
        other => {
            if let Some(node) = named.filter(|_| !other.is_empty()) {
                let help = match nearest(other, PROBERS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        format!("those that are known are {}", listed(PROBERS))
                    }
                };
                desk.error(&node.span, format!("prober `{other}` is not known here"), help);
            }
            Prober::Tcp(tcp::read(None, desk))
        }
    }
}

const PROBERS: [&str; 11] =
    ["http", "metrics", "tcp", "unix", "dns", "icmp", "grpc", "websocket", "tls", "path", "query"];
pub(super) const ATTEMPT: Bounds = Bounds::new(Duration::from_millis(1), HOUR);
const TIMEOUT: Duration = Duration::from_secs(10);
