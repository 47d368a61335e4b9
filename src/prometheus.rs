//! Asks a Prometheus, by its instant query, and takes a number out of what it answers.
//!
//! When it is asked and what the number means is left to others.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Deserialize;
use url::Url;

use crate::config::Endpoint;
use crate::dial::Dialer;
use crate::labels::Labels;

/// A Prometheus that can be asked. Cheap enough to clone for each question.
#[derive(Clone, Debug)]
pub struct Prometheus {
    endpoint: Endpoint,
    dialer: Dialer,
}

/// Why there is no answer, in words for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// One series of an answer, as of now.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels; a scalar has none.
    pub labels: Labels,
    /// Its value; it may be no number.
    pub value: f64,
}

impl Prometheus {
    /// The one at that endpoint.
    pub fn new(endpoint: Endpoint, dialer: Dialer) -> Self {
        Self { endpoint, dialer }
    }

    /// The value of a scalar, or of the first series by its labels: a query that means one number is
    /// written so that it gives one series. Not a number where there is no series.
    ///
    /// # Errors
    ///
    /// Where [`Prometheus::samples`] fails.
    pub async fn number(&self, promql: &str) -> Result<f64, Unanswered> {
        let samples = self.samples(promql).await?;
        Ok(samples.first().map_or(f64::NAN, |it| it.value))
    }

    /// Every series of an instant vector, by its labels; one without labels for a scalar.
    ///
    /// # Errors
    ///
    /// Where there is no answer in time, where it is an error, where it comes with warnings (then a part
    /// of what was asked may be missing in it), and where it is neither a vector nor a scalar.
    pub async fn samples(&self, promql: &str) -> Result<Vec<Sample>, Unanswered> {
        let Endpoint { url, client, timeout } = &self.endpoint;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let form = form(promql, *timeout);
        let answer = self.dialer.call(client, Method::POST, &query_url(url), headers, form, *timeout).await;
        let answer = answer.map_err(|it| Unanswered(it.to_string()))?;
        // An error in the question has a body that says more than its status.
        let read = read(&answer.body);
        if answer.status.is_success() || answer.status.is_client_error() && read.is_said() {
            return read.samples();
        }
        Err(Unanswered(format!("it answers with status {}", answer.status)))
    }
}

/// Under the path that the settings give.
fn query_url(base: &Url) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/api/v1/query", base.path().trim_end_matches('/')));
    url
}

/// Prometheus gives up when we do, so that it does not reckon for nobody.
fn form(promql: &str, timeout: Duration) -> Bytes {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("query", promql);
    form.append_pair("timeout", &format!("{}ms", timeout.as_millis()));
    form.finish().into()
}

/// What stands in the body.
enum Read {
    Samples(Vec<Sample>),
    /// Prometheus says why not.
    Said(String),
    /// It is no answer of a Prometheus.
    Strange(String),
}

impl Read {
    fn is_said(&self) -> bool {
        match self {
            Self::Said(_) => true,
            Self::Samples(_) | Self::Strange(_) => false,
        }
    }

    fn samples(self) -> Result<Vec<Sample>, Unanswered> {
        match self {
            Self::Samples(it) => Ok(it),
            Self::Said(why) | Self::Strange(why) => Err(Unanswered(why)),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    status: String,
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: serde_json::Value,
}

#[derive(Deserialize)]
struct Series {
    metric: std::collections::BTreeMap<String, String>,
    /// Absent where the series has a native histogram.
    value: Option<Point>,
}

/// The hour in seconds, and the value as a text.
#[derive(Deserialize)]
struct Point(#[expect(dead_code, reason = "only its place counts")] f64, String);

fn read(body: &[u8]) -> Read {
    let body: Body = match serde_json::from_slice(body) {
        Ok(it) => it,
        Err(error) => return Read::Strange(format!("this is no answer of a Prometheus: {error}")),
    };
    if body.status != "success" {
        return Read::Said(cut(&format!("{}: {}", body.error_type, body.error)));
    }
    if let Some(first) = body.warnings.first() {
        return Read::Said(cut(&format!("it warns: {first}")));
    }
    let Some(data) = body.data else { return Read::Strange("the answer has no data".to_owned()) };
    match data.result_type.as_str() {
        "scalar" => serde_json::from_value(data.result).ok().and_then(|it| sample(Labels::default(), &it)),
        "vector" => return vector(data.result),
        other => return Read::Strange(format!("it answers with a {other}, which is no number")),
    }
    .map_or_else(|| Read::Strange("the scalar cannot be read".to_owned()), |it| Read::Samples(vec![it]))
}

fn vector(result: serde_json::Value) -> Read {
    let series: Vec<Series> = match serde_json::from_value(result) {
        Ok(it) => it,
        Err(error) => return Read::Strange(format!("the vector cannot be read: {error}")),
    };
    let mut samples = Vec::with_capacity(series.len());
    for Series { metric, value } in series {
        let labels = metric.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        match value.and_then(|it| sample(labels, &it)) {
            Some(it) => samples.push(it),
            None => return Read::Strange("a series has no number".to_owned()),
        }
    }
    samples.sort_by(|one, other| one.labels.cmp(&other.labels));
    Read::Samples(samples)
}

fn sample(labels: Labels, Point(_, value): &Point) -> Option<Sample> {
    Some(Sample { labels, value: value.parse().ok()? })
}

/// As much as belongs into a log line.
fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(TOLD_BYTES_MAX);
    text[..end].to_owned()
}

const TOLD_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> Result<Vec<(String, f64)>, String> {
        let samples = read(body.as_bytes()).samples().map_err(|it| it.to_string())?;
        Ok(samples.into_iter().map(|it| (it.labels.get("x").to_owned(), it.value)).collect())
    }

    #[test]
    fn a_vector_comes_by_its_labels_and_a_scalar_alone() {
        let body = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"x":"b"},"value":[1.5,"2"]},{"metric":{"x":"a"},"value":[1.5,"+Inf"]}]}}"#;
        assert_eq!(told(body), Ok(vec![("a".to_owned(), f64::INFINITY), ("b".to_owned(), 2.0)]));
        let body = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"33.3"]}}"#;
        assert_eq!(told(body), Ok(vec![(String::new(), 33.3)]));
        let body = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
        assert_eq!(told(body), Ok(Vec::new()));
        let body = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"NaN"]}}"#;
        assert!(told(body).unwrap()[0].1.is_nan());
    }

    #[test]
    fn what_cannot_be_relied_on_is_no_answer() {
        let error = r#"{"status":"error","errorType":"bad_data","error":"unexpected end of input"}"#;
        assert_eq!(told(error), Err("bad_data: unexpected end of input".to_owned()));
        let warned = r#"{"status":"success","warnings":["a store is away"],"data":{"resultType":"vector","result":[]}}"#;
        assert_eq!(told(warned), Err("it warns: a store is away".to_owned()));
        for strange in [
            "<html>",
            r#"{"status":"success"}"#,
            r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}"#,
            r#"{"status":"success","data":{"resultType":"scalar","result":[1,"x"]}}"#,
        ] {
            assert!(told(strange).is_err(), "{strange}");
        }
    }

    #[test]
    fn the_question_is_asked_below_the_path_of_the_settings() {
        let url = |it: &str| query_url(&it.parse().unwrap()).to_string();
        assert_eq!(url("http://p:9090"), "http://p:9090/api/v1/query");
        assert_eq!(url("https://p/prom/"), "https://p/prom/api/v1/query");
        assert_eq!(
            &*form("up{a=\"b\"}", Duration::from_secs(10)),
            b"query=up%7Ba%3D%22b%22%7D&timeout=10000ms"
        );
    }
}
