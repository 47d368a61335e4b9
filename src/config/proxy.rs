//! `proxy_url` and the keys around it, by the rules of Prometheus's client.

use url::Url;

use super::client;
use super::desk::Desk;
use super::field::Fields;
use super::word;
use crate::spec::{Exceptions, NoProxy, Proxy, ProxySpec, Secret, Way};

/// Which way requests take. The name is left to the proxy.
pub(super) fn read(fields: &Fields<'_>, desk: &mut Desk) -> ProxySpec {
    let mut spec = ProxySpec::default();
    let from_environment = fields.flag("proxy_from_environment", false, desk);
    let except = fields.text("no_proxy", desk).filter(|it| !it.is_empty());
    let url = fields.get("proxy_url").filter(|it| !word::is_empty(it));
    if let Some(span) = fields.key_span("no_proxy").filter(|_| except.is_some() && url.is_none()) {
        let help = "add `proxy_url:`, or take it away: `NO_PROXY` of the environment is read by itself";
        desk.error(span, "there is no proxy to be an exception from", help);
    }
    if let (Some(span), true) = (fields.key_span("proxy_url").filter(|_| url.is_some()), from_environment) {
        desk.error(span, "two proxies are named", "keep `proxy_url` or `proxy_from_environment`");
    }
    if from_environment {
        spec.way = Way::Environment;
    }
    if let Some(node) = url {
        let except = except.map(Exceptions::read).unwrap_or_default();
        let parsed = word::text(node, desk).and_then(|it| Url::parse(it).ok());
        match parsed.map_or(Err(NoProxy::NoUrl), |it| Proxy::at(&it, except)) {
            Ok(proxy) => spec.way = Way::Proxy(proxy),
            Err(NoProxy::NotBuilt) => {
                desk.lacks(&node.span, "a proxy other than http://", "name a proxy that speaks HTTP");
            }
            Err(NoProxy::NoUrl) => {
                desk.error(&node.span, "this is no proxy's URL", "write `http://host:port`");
            }
        }
    }
    for entry in fields.map("proxy_connect_header", desk) {
        let Some(name) = client::header_name(&entry.key, &entry.key_span, desk) else { continue };
        for node in word::list(&entry.node, desk) {
            let value = client::header_value(node, desk).and(word::text(node, desk));
            let secret = value.map(|it| (name.clone(), Secret::Inline(it.to_owned())));
            spec.connect_headers.extend(secret);
        }
    }
    let headers = fields.key_span("proxy_connect_header").filter(|_| !spec.connect_headers.is_empty());
    if let Some(span) = headers.filter(|_| url.is_none() && !from_environment) {
        desk.error(span, "there is no proxy to send these to", "add `proxy_url:`, or take them away");
    }
    spec
}
