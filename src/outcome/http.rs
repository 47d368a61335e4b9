//! What an HTTP answer showed.

use std::time::SystemTime;

use serde::Serialize;

use crate::spec::JsonRule;

/// What an HTTP answer showed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HttpFacts {
    /// The status of the last answer.
    pub status: u16,
    /// `HTTP/1.0`, `HTTP/1.1`, `HTTP/2.0`.
    pub version: &'static str,
    /// How many redirects led there; 1 where one was met and is not followed.
    pub redirects: u32,
    /// Whether the last answer came over TLS.
    pub ssl: bool,
    /// The URL that answered last, without credentials.
    pub url: String,
    /// `Content-Length`, where the answer had one; 0 where its status says that there is no body.
    pub content_length: Option<u64>,
    /// `Content-Type`, where the answer had one.
    pub content_type: Option<String>,
    /// `Last-Modified`, where the answer had one that can be read.
    pub last_modified: Option<SystemTime>,
    /// Bytes of the body as they came.
    pub wire_bytes: u64,
    /// Bytes of the body after decoding.
    pub body_bytes: u64,
    /// The first bytes of the decoded body, as text (bytes that are none replaced).
    pub body_start: String,
    /// For each of the module's body rules, whether its pattern was found. Empty where the body
    /// was not looked at.
    pub body_matches: Vec<bool>,
    /// For each of the module's conditions on a JSON body, what it answers. Empty likewise.
    pub json_matches: Vec<JsonMatch>,
    /// For each of the module's header rules, what was found.
    pub header_matches: Vec<HeaderMatch>,
}

/// What a condition says of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonMatch {
    /// It holds.
    Holds,
    /// It does not hold.
    HoldsNot,
    /// The body is no JSON.
    NoJson,
    /// It has no answer; in words why.
    NoAnswer(String),
}

impl JsonMatch {
    /// What each of the conditions says of the body. One that is no JSON answers none of them.
    pub fn of(rules: &[JsonRule], body: &[u8]) -> Vec<Self> {
        if rules.is_empty() {
            return Vec::new();
        }
        let document: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let answer = |rule: &JsonRule| match document.as_ref().map(|it| rule.condition.holds(it)) {
            None => Self::NoJson,
            Some(Ok(true)) => Self::Holds,
            Some(Ok(false)) => Self::HoldsNot,
            Some(Err(why)) => Self::NoAnswer(why),
        };
        rules.iter().map(answer).collect()
    }
}

/// What was found of one header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderMatch {
    /// There is no such header.
    Missing,
    /// One of its values matches.
    Found,
    /// None of its values matches.
    NotFound,
}
