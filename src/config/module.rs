//! `modules`: ways to ask, by name.

use std::net::IpAddr;
use std::num::NonZeroU8;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::client;
use super::complaint::nearest;
use super::desk::Desk;
use super::field::Fields;
use super::key::{EXCHANGE, METRICS, MODULE, PATH, SCRAPE_HTTP, TCP};
use super::raw::{Entry, Node};
use super::word::{self, Bounds, HOUR};
use super::{http, query};
use crate::spec::{
    DialSpec, Exchange, Family, MetricsSpec, Module, PathProtocol, PathSpec, Prober, ScrapeProtocol, TcpSpec,
    TlsSpec,
};

/// The module under that name.
pub(super) fn read(entry: &Entry, desk: &mut Desk) -> Module {
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
    if let (Prober::Http(_) | Prober::Tcp(_) | Prober::Path(_) | Prober::Query(_), Some(span)) =
        (&prober, fields.key_span("metrics"))
    {
        let title = format!("the prober `{}` does not read this section", prober.name());
        desk.warning(span, title, "write `prober: metrics` to ask as a scrape does");
    }
    Module { name: Arc::clone(&entry.key), timeout, patience, connect_timeout, prober }
}

fn prober(fields: &Fields<'_>, desk: &mut Desk) -> Prober {
    let named = fields.required("prober", desk);
    let word = named.and_then(|it| word::text(it, desk)).unwrap_or_default();
    match word {
        "http" => Prober::Http(http::read(fields.get("http"), desk)),
        "metrics" => Prober::Metrics(metrics(fields, desk)),
        "tcp" => Prober::Tcp(tcp(fields.get("tcp"), desk)),
        "path" => Prober::Path(path(fields.get("path"), desk)),
        "query" => Prober::Query(query::read(fields, desk)),
        other => {
            if let Some(node) = named.filter(|_| !other.is_empty()) {
                let help = match nearest(other, PROBERS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        "those that are known are `http`, `metrics`, `tcp`, `path` and `query`".to_owned()
                    }
                };
                desk.error(&node.span, format!("prober `{other}` is not known here"), help);
            }
            Prober::Tcp(tcp(None, desk))
        }
    }
}

fn metrics(fields: &Fields<'_>, desk: &mut Desk) -> MetricsSpec {
    let mut client = match fields.get("http") {
        None => client::plain(SCRAPE_BYTES_MAX),
        Some(node) => {
            let http = Fields::of(node, &SCRAPE_HTTP, desk);
            let mut client = client::read(&http, SCRAPE_BYTES_MAX, desk);
            client::add_headers(&http, &mut client.headers, desk);
            client.dial = dial(&http, desk);
            client
        }
    };
    let mut spec = MetricsSpec {
        client: client.clone(),
        fallback_scrape_protocol: None,
        sample_limit: SAMPLES_MAX,
        label_limit: LABELS_MAX,
    };
    let Some(node) = fields.get("metrics") else { return spec };
    let fields = Fields::of(node, &METRICS, desk);
    if let Some(bytes) = fields.get("body_size_limit").and_then(|it| word::size(it, desk)) {
        client.body_bytes_max = bytes;
    }
    let mut limit = |name, default, most: RangeInclusive<u64>| match fields.get(name) {
        None => default,
        Some(node) => match word::number(node, &most, desk) {
            Some(0) => *most.end(),
            Some(it) => it,
            None => default,
        },
    };
    spec.sample_limit = limit("sample_limit", SAMPLES_MAX, 0..=u64::MAX);
    let labels = limit("label_limit", u64::from(LABELS_MAX), 0..=u64::from(u32::MAX));
    spec.label_limit = u32::try_from(labels).unwrap_or(u32::MAX);
    spec.fallback_scrape_protocol = fields.get("fallback_scrape_protocol").and_then(|it| protocol(it, desk));
    spec.client = client;
    spec
}

fn protocol(node: &Node, desk: &mut Desk) -> Option<ScrapeProtocol> {
    match word::text(node, desk)? {
        "PrometheusText0.0.4" | "PrometheusText1.0.0" => Some(ScrapeProtocol::Text),
        "OpenMetricsText0.0.1" | "OpenMetricsText1.0.0" => Some(ScrapeProtocol::OpenMetrics),
        other => {
            let help = "take `PrometheusText0.0.4`, `PrometheusText1.0.0`, `OpenMetricsText0.0.1` or \
                        `OpenMetricsText1.0.0`";
            desk.error(&node.span, format!("`{other}` is no format that is read"), help);
            None
        }
    }
}

fn tcp(node: Option<&Node>, desk: &mut Desk) -> TcpSpec {
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

fn path(node: Option<&Node>, desk: &mut Desk) -> PathSpec {
    let mut spec = PathSpec::default();
    let Some(node) = node else { return spec };
    let fields = Fields::of(node, &PATH, desk);
    spec.dial = dial(&fields, desk);
    spec.dial.source = source(&fields, desk);
    if let Some(node) = fields.get("protocol") {
        match word::text(node, desk).unwrap_or_default() {
            "tcp" | "" => spec.protocol = PathProtocol::Tcp,
            "icmp" => spec.protocol = PathProtocol::Icmp,
            other => {
                desk.error(&node.span, format!("no path is traced with `{other}`"), "write `tcp` or `icmp`");
            }
        }
    }
    let mut number = |name, least, most| {
        let found = word::number(fields.get(name)?, &(least..=most), desk);
        found.map(|it| u16::try_from(it).expect("it is within the bounds"))
    };
    spec.port = number("port", 1, u64::from(u16::MAX));
    spec.count = number("count", 1, COUNT_MAX).map_or(spec.count, u32::from);
    let hops = number("hops_max", 1, u64::from(u8::MAX)).and_then(|it| u8::try_from(it).ok());
    spec.hops_max = hops.and_then(NonZeroU8::new).unwrap_or(spec.hops_max);
    spec.pace = fields.duration("pace", &ATTEMPT, desk).unwrap_or(spec.pace);
    spec.wait = fields.duration("wait", &ATTEMPT, desk).unwrap_or(spec.wait);
    spec
}

/// `source_ip_address`.
fn source(fields: &Fields<'_>, desk: &mut Desk) -> Option<IpAddr> {
    let node = fields.get("source_ip_address")?;
    let written = word::text(node, desk).filter(|it| !it.is_empty())?;
    let found = written.parse().ok();
    if found.is_none() {
        desk.error(&node.span, format!("`{written}` is no address"), "write an IPv4 or IPv6 address");
    }
    found
}

/// `preferred_ip_protocol` and `ip_protocol_fallback`.
pub(super) fn dial(fields: &Fields<'_>, desk: &mut Desk) -> DialSpec {
    let mut dial = DialSpec::default();
    if let Some(node) = fields.get("preferred_ip_protocol") {
        match word::text(node, desk).unwrap_or_default() {
            "ip4" => dial.preferred = Family::Ip4,
            "ip6" | "" => dial.preferred = Family::Ip6,
            other => {
                desk.error(
                    &node.span,
                    format!("`{other}` is no family of addresses"),
                    "write `ip4` or `ip6`",
                );
            }
        }
    }
    dial.fallback = fields.flag("ip_protocol_fallback", dial.fallback, desk);
    dial
}

const PROBERS: [&str; 5] = ["http", "metrics", "tcp", "path", "query"];
const ATTEMPT: Bounds = Bounds::new(Duration::from_millis(1), HOUR);
/// The most packets for each hop.
const COUNT_MAX: u64 = 1000;
const TIMEOUT: Duration = Duration::from_secs(10);
const SCRAPE_BYTES_MAX: u64 = 16 << 20;
const SAMPLES_MAX: u64 = 50_000;
const LABELS_MAX: u32 = 64;
