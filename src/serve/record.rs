//! `/config`, `/logs` and `/probes`: what is in force, and what `/probe` was asked for of late.

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use url::form_urlencoded;

use super::Front;
use super::probing::PLAIN;

/// Every file that is in force, as YAML without secrets.
pub(super) async fn config(State(front): State<Front>) -> Response {
    ([(header::CONTENT_TYPE, PLAIN)], front.probing.ways().shown.to_string()).into_response()
}

/// The debug document of one result: by its number, or the newest about a target.
pub(super) async fn logs(State(front): State<Front>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let parameter = |wanted: &str| {
        let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned()).filter(|it| !it.is_empty())
    };
    let history = &front.probing.history;
    let found = match (parameter("id"), parameter("target"), parameter("module")) {
        (Some(_), Some(_), _) => return bad("Name either an id or a target, not both\n"),
        (None, None, Some(_)) => return bad("A module needs its target\n"),
        (None, None, None) => return bad("Name an id or a target\n"),
        (Some(id), None, _) => match id.parse() {
            Ok(id) => history.by_id(id),
            Err(_) => return bad("The id is a number\n"),
        },
        (None, Some(target), module) => history.by_target(&target, module.as_deref()),
    };
    match found {
        Some(document) => ([(header::CONTENT_TYPE, PLAIN)], document.to_string()).into_response(),
        None => (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, PLAIN)], "No such result is kept\n")
            .into_response(),
    }
}

/// A page of the results that are kept.
pub(super) async fn history(State(front): State<Front>) -> Html<String> {
    Html(front.probing.history.page())
}

fn bad(told: &'static str) -> Response {
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, PLAIN)], told).into_response()
}
