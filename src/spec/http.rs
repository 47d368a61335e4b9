//! `prober: http`.

use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderName, Method};
use regex::{Regex, bytes::Regex as BytesRegex};

use super::{HttpClient, JsonCondition};

/// `http:`.
#[derive(Clone, Debug)]
pub struct HttpSpec {
    /// How the request is made.
    pub client: HttpClient,
    /// Its method.
    pub method: Method,
    /// Its body.
    pub body: Option<Body>,
    /// How the answer's body is encoded.
    pub compression: Compression,
    /// The statuses that are good; empty: 200 to 299.
    pub valid_status_codes: Vec<u16>,
    /// The versions that are good, as `HTTP/1.1`; empty: any.
    pub valid_http_versions: Vec<String>,
    /// Whether an answer over TLS is wanted, unwanted, or all the same.
    pub ssl: Option<SslWanted>,
    /// What the body must, or must not, hold. `HttpFacts::body_matches` has an entry for each.
    pub body_rules: Vec<BodyRule>,
    /// What the body must, or must not, say as JSON. `HttpFacts::json_matches` has an entry for each.
    pub json_rules: Vec<JsonRule>,
    /// What headers must, or must not, hold. `HttpFacts::header_matches` has an entry for each.
    pub header_rules: Vec<HeaderRule>,
}

/// A GET whose answer is good with any status from 200 to 299.
impl Default for HttpSpec {
    fn default() -> Self {
        Self {
            client: HttpClient::default(),
            method: Method::GET,
            body: None,
            compression: Compression::Untouched,
            valid_status_codes: Vec::new(),
            valid_http_versions: Vec::new(),
            ssl: None,
            body_rules: Vec::new(),
            json_rules: Vec::new(),
            header_rules: Vec::new(),
        }
    }
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// `body`: the text itself.
    Inline(Arc<str>),
    /// `body_file`: a file that is read at each use, as it is.
    File(PathBuf),
}

/// `fail_if_ssl`, `fail_if_not_ssl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslWanted {
    /// Plain text is a failure.
    Yes,
    /// TLS is a failure.
    No,
}

/// `compression`: what is asked for with `Accept-Encoding`, and how the body is then read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Compression {
    /// Nothing is asked for, and the body is read as it comes.
    #[default]
    Untouched,
    /// `identity` is asked for.
    Identity,
    /// gzip.
    Gzip,
    /// brotli.
    Brotli,
    /// deflate (zlib's wrapping or none).
    Deflate,
}

/// A pattern over the decoded body.
#[derive(Clone, Debug)]
pub struct BodyRule {
    /// The pattern, not anchored.
    pub regex: BytesRegex,
    /// What is a failure.
    pub fail_if: FailIf,
}

/// A condition on what the body says as JSON.
#[derive(Clone, Debug)]
pub struct JsonRule {
    /// The condition.
    pub condition: Arc<JsonCondition>,
    /// What is a failure. A body that is no JSON, and a condition that has no answer, always are.
    pub fail_if: FailIf,
}

/// A pattern over the values of one header.
#[derive(Clone, Debug)]
pub struct HeaderRule {
    /// The header.
    pub header: HeaderName,
    /// The pattern, not anchored.
    pub regex: Regex,
    /// Whether a missing header is no failure.
    pub allow_missing: bool,
    /// What is a failure.
    pub fail_if: FailIf,
}

/// Which answer of a pattern is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailIf {
    /// It matches.
    Matches,
    /// It does not match.
    NotMatches,
}
