//! Credentials that a token server gives out.

use url::Url;

use super::{HttpClient, Secret};

/// A grant of OAuth 2 to a client in its own name (RFC 6749, 4.4).
#[derive(Clone, Debug)]
pub struct OAuth2 {
    /// Who we say we are to the token server.
    pub client_id: String,
    /// The proof of that; none is sent as an empty one.
    pub client_secret: Option<Secret>,
    /// Where tokens are given out; without credentials of its own.
    pub token_url: Url,
    /// What the token is wanted for.
    pub scopes: Vec<String>,
    /// Sent to the token server besides, by name.
    pub endpoint_params: Vec<(String, Secret)>,
    /// How the token server is asked.
    pub client: HttpClient,
}
