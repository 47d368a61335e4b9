//! Asks the Alertmanagers which alerts fire, whoever has sent them.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::Deserialize;
use url::Url;

use crate::config::Endpoint;
use crate::dial::Dialer;
use crate::labels::Labels;
use crate::spec::HttpClient;

/// The labels of every alert that is active, of the first Alertmanager that answers: they tell each
/// other what they know.
///
/// # Errors
///
/// Why each of them did not, in words for the log.
pub async fn firing(endpoints: &[Endpoint], dialer: &Dialer) -> Result<Vec<Labels>, String> {
    let mut troubles = Vec::new();
    for (position, endpoint) in endpoints.iter().enumerate() {
        match ask(endpoint, dialer).await {
            Ok(alerts) => return Ok(alerts),
            Err(why) => troubles.push(format!("alertmanager-{position}: {why}")),
        }
    }
    Err(troubles.join("; "))
}

async fn ask(endpoint: &Endpoint, dialer: &Dialer) -> Result<Vec<Labels>, String> {
    let Endpoint { url, client, timeout } = endpoint;
    let client = HttpClient { body_bytes_max: BODY_BYTES_MAX, ..client.clone() };
    let url = alerts_url(url);
    let answer = dialer.call(&client, Method::GET, &url, HeaderMap::new(), Bytes::new(), *timeout).await;
    let answer = answer.map_err(|it| it.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("it answers with status {}", answer.status));
    }
    read(&answer.body)
}

#[derive(Deserialize)]
struct Alert {
    labels: BTreeMap<String, String>,
}

fn read(body: &[u8]) -> Result<Vec<Labels>, String> {
    let alerts: Vec<Alert> = serde_json::from_slice(body)
        .map_err(|error| format!("this is no answer of an Alertmanager: {error}"))?;
    let labels = |it: &Alert| it.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut all: Vec<Labels> = alerts.iter().map(labels).collect();
    all.sort();
    Ok(all)
}

/// Neither silenced nor inhibited: what nobody is to hear of holds nothing back.
fn alerts_url(base: &Url) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/api/v2/alerts", base.path().trim_end_matches('/')));
    url.query_pairs_mut()
        .append_pair("active", "true")
        .append_pair("silenced", "false")
        .append_pair("inhibited", "false");
    url
}

/// Tens of thousands of alerts.
const BODY_BYTES_MAX: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_active_alert_is_known_by_its_labels() {
        let body = br#"[{"labels":{"alertname":"B","region":"r"},"status":{"state":"active"}},
            {"labels":{"alertname":"A"},"annotations":{}}]"#;
        let alerts = read(body).unwrap();
        let names: Vec<_> = alerts.iter().map(|it| it.get("alertname")).collect();
        assert_eq!(names, ["A", "B"]);
        assert_eq!(alerts[1].get("region"), "r");
        assert!(read(b"<html>").is_err());
    }

    #[test]
    fn what_is_silenced_or_inhibited_is_left_out() {
        let url = alerts_url(&"http://am:9093/x/".parse().unwrap());
        assert_eq!(url.as_str(), "http://am:9093/x/api/v2/alerts?active=true&silenced=false&inhibited=false");
    }
}
