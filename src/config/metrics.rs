//! `prober: metrics`.

use std::ops::RangeInclusive;

use super::address::dial;
use super::client;
use super::desk::Desk;
use super::field::Fields;
use super::key::{METRICS, SCRAPE_HTTP};
use super::raw::Node;
use super::word;
use crate::spec::{MetricsSpec, ScrapeProtocol};

/// The sections `http` and `metrics`, or what holds without them.
pub(super) fn read(fields: &Fields<'_>, desk: &mut Desk) -> MetricsSpec {
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

const SCRAPE_BYTES_MAX: u64 = 16 << 20;
const SAMPLES_MAX: u64 = 50_000;
const LABELS_MAX: u32 = 64;
