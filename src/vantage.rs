//! Another vantage: asks the `/probe` of another Fingerpost, or of a `blackbox_exporter`, in our place,
//! and reads of its metrics what it saw.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use crate::cause::Cause;
use crate::dial::{CallFailed, Dialer};
use crate::outcome::Phase;
use crate::spec::{HttpClient, Module, Prober};
use crate::target::Target;
use crate::view::Reading;

/// What the other vantage sees of `target`, asked as the module of the same name says there.
///
/// # Errors
///
/// Where it has no answer in time, or one that does not say how the target fares.
pub async fn ask(
    dialer: &Dialer,
    via: &Url,
    module: &Module,
    target: &Target,
) -> Result<Reading, CallFailed> {
    let url = probe_url(via, module, target);
    let seconds = (module.timeout + OFFSET).as_secs_f64().to_string();
    let mut headers = HeaderMap::new();
    headers.extend(HeaderValue::try_from(seconds).ok().map(|it| (TIMEOUT_HEADER, it)));
    let limit = module.timeout + GRACE;
    let answer = dialer.call(&client(), Method::GET, &url, headers, Bytes::new(), limit).await?;
    if !answer.status.is_success() {
        return Err(CallFailed(format!("it answers with status {}", answer.status)));
    }
    let page = String::from_utf8_lossy(&answer.body);
    read(&page, module, target).ok_or_else(|| CallFailed("the answer has no probe_success".to_owned()))
}

/// `/probe` below the path of `via`, with the module and the target as the exporter takes them.
fn probe_url(via: &Url, module: &Module, target: &Target) -> Url {
    let asked = match &module.prober {
        Prober::Http(_) => target.url("/"),
        Prober::Metrics(_) => target.url("/metrics"),
        Prober::Tcp(_) | Prober::Tls(_) | Prober::Path(_) => target.port().address.to_string(),
        Prober::Unix(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Query(_) => target.address.to_string(),
    };
    let mut url = via.clone();
    let path = via.path().trim_end_matches('/');
    let path = path.strip_suffix("/probe").unwrap_or(path).to_owned();
    url.set_path(&format!("{path}/probe"));
    url.query_pairs_mut().append_pair("module", &module.name).append_pair("target", &asked);
    url
}

/// None where it does not say whether the probe succeeded.
fn read(page: &str, module: &Module, target: &Target) -> Option<Reading> {
    let success = value(page, "probe_success")?;
    let unknown = value(page, "probe_unknown").is_some_and(|it| it > 0.0);
    let label = |name| page.lines().find_map(|it| label(it.strip_prefix("probe_cause_info{")?, name));
    let cause = label("cause").and_then(Cause::from_name);
    let phase = label("phase").and_then(Phase::from_name);
    let status = value(page, "probe_http_status_code").filter(|it| (0.0..1000.0).contains(it));
    let seconds = value(page, "probe_duration_seconds").filter(|it| (0.0..1e6).contains(it));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 999")]
    let status = status.map_or(0, |it| it as u16);
    Some(Reading {
        labels: target.labels.public(),
        address: Arc::clone(&target.address),
        failing: success < 1.0 && !unknown,
        unknown,
        cause: cause.map_or("", |it| it.doc().name),
        phase: phase.map_or("", Phase::name),
        status,
        duration: seconds.map(Duration::from_secs_f64).unwrap_or_default(),
        timeout: module.timeout,
        ..Reading::default()
    })
}

/// The value of the first sample of a metric, whatever its labels.
fn value(page: &str, metric: &str) -> Option<f64> {
    let of_metric = |line: &str| -> Option<f64> {
        let rest = line.strip_prefix(metric)?;
        let rest = match rest.strip_prefix('{') {
            Some(labels) => &labels[labels.rfind('}')? + 1..],
            None => rest.strip_prefix(' ').map(|_| rest)?,
        };
        rest.split_whitespace().next()?.parse().ok()
    };
    page.lines().find_map(of_metric)
}

/// The value of a label, of what stands behind the brace. Names of causes and phases need no escapes.
fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let parts = labels.split(['{', ',']).map(str::trim_start);
    let value = parts.filter_map(|it| it.strip_prefix(name)).find_map(|it| it.strip_prefix("=\""))?;
    Some(&value[..value.find('"')?])
}

fn client() -> HttpClient {
    HttpClient { follow_redirects: false, body_bytes_max: PAGE_BYTES_MAX, ..HttpClient::default() }
}

/// The exporter probes for as long as its scraper waits, less half a second.
const TIMEOUT_HEADER: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");
const OFFSET: Duration = Duration::from_millis(500);
/// Beyond the module's timeout, for the way there and back.
const GRACE: Duration = Duration::from_secs(5);
const PAGE_BYTES_MAX: u64 = 1 << 20;

#[cfg(test)]
mod tests;
