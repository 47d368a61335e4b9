//! `prober: websocket`.

use regex::Regex;

use super::HttpClient;

/// `websocket:`.
#[derive(Clone, Debug, Default)]
pub struct WebSocketSpec {
    /// How the request is made that asks for the other protocol. No redirect of it is followed.
    pub client: HttpClient,
    /// The conversation by messages, top down.
    pub turns: Vec<Turn>,
}

/// One entry of `query_response`: expect, then send.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// Messages are read until one matches.
    pub expect: Option<Regex>,
    /// Sent as one text message, after `${1}` and the like are filled in from the match.
    pub send: Option<String>,
}
