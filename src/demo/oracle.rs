//! The Prometheus of the demo: it speaks of one worker that failed to bootstrap, and knows nothing else.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::Router;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Answers instant queries for as long as it is asked to.
pub(super) async fn serve(listener: TcpListener) {
    let router = Router::new().route("/api/v1/query", post(answer));
    // It ends with the demo, and not before.
    let _never = axum::serve(listener, router).await;
}

async fn answer(form: String) -> Json<Value> {
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    let query = pairs.find(|(name, _)| name == "query").map(|(_, query)| query.into_owned());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Json(told(&query.unwrap_or_default(), now))
}

/// What Prometheus answers to an instant query at that time after 1970.
fn told(query: &str, now: Duration) -> Value {
    let worker = json!({
        "metric": {
            "workerID": "kube-c1a7-w3",
            "failureReason": "the worker never came up",
            "bomVersion": "1.30.4_1530",
            "pod_name": "armada-bootstrap-5f9c",
        },
        "value": [now.as_secs_f64(), "4"],
    });
    let result = if query.contains(METRIC) { vec![worker] } else { Vec::new() };
    json!({ "status": "success", "data": { "resultType": "vector", "result": result } })
}

const METRIC: &str = "bootstrap_request_handler_state_count";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_question_has_an_answer_and_no_other() {
        let failed = |query| told(query, Duration::from_secs(7))["data"]["result"].as_array().unwrap().len();
        assert_eq!(failed("sum(bootstrap_request_handler_state_count{state='FAIL'}) > 3"), 1);
        assert_eq!(failed("up"), 0);
    }
}
