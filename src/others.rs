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
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;

    /// An Alertmanager that gives every question this answer.
    async fn server(status: &'static str, body: &'static str, tasks: &mut JoinSet<()>) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::at(format!("http://{}", listener.local_addr().unwrap()).parse().unwrap());
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        tasks.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    asked.push(stream.read_u8().await.unwrap());
                }
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
        });
        endpoint
    }

    #[tokio::test]
    async fn the_first_alertmanager_that_answers_is_believed() {
        let mut tasks = JoinSet::new();
        let broken = server("500 Oh", "", &mut tasks).await;
        let strange = server("200 OK", "{}", &mut tasks).await;
        let good = server("200 OK", r#"[{"labels":{"alertname":"A"}}]"#, &mut tasks).await;
        let empty = server("200 OK", "[]", &mut tasks).await;
        let dialer = Dialer::asking(&[]);
        let all = [broken.clone(), strange.clone(), good, empty];
        let heard = firing(&all, &dialer).await.unwrap();
        assert_eq!(heard.iter().map(|it| it.get("alertname")).collect::<Vec<_>>(), ["A"]);
        let why = firing(&[broken, strange], &dialer).await.unwrap_err();
        assert!(why.starts_with("alertmanager-0: it answers with status 500"), "{why}");
        assert!(why.contains("; alertmanager-1: this is no answer of an Alertmanager"), "{why}");
    }

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
