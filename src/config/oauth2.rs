//! `oauth2`: who gives out the tokens, and what for.

use super::client;
use super::desk::Desk;
use super::field::Fields;
use super::key::OAUTH2_GRANT;
use super::proxy;
use super::raw::Node;
use super::word;
use crate::spec::{HttpClient, OAuth2, Secret};

/// The section; none where something in it is wrong, or not built.
pub(super) fn read(node: &Node, desk: &mut Desk) -> Option<OAuth2> {
    let fields = Fields::of(node, &OAUTH2_GRANT, desk);
    grant_type(&fields, desk);
    let client_id = fields.required("client_id", desk).and_then(|it| word::text(it, desk));
    if let Some(node) = fields.get("client_id").filter(|_| client_id == Some("")) {
        desk.error(
            &node.span,
            "the client has no name",
            "write the name under which the token server has it",
        );
    }
    let token_url = fields.required("token_url", desk).and_then(|it| word::url(it, desk));
    let mut scopes = Vec::new();
    for node in fields.list("scopes", desk) {
        scopes.extend(word::text(node, desk).map(str::to_owned));
    }
    let mut endpoint_params = Vec::new();
    for entry in fields.map("endpoint_params", desk) {
        let value = word::text(&entry.node, desk);
        endpoint_params.extend(value.map(|it| (entry.key.to_string(), Secret::Inline(it.to_owned()))));
    }
    let client = HttpClient {
        tls: fields.get("tls_config").map(|it| client::tls(it, desk)).unwrap_or_default(),
        proxy: proxy::read(&fields, desk),
        ..client::plain(ANSWER_BYTES_MAX)
    };
    let client_secret = client::secret(&fields, "client_secret", "client_secret_file", desk);
    let mut token_url = token_url?;
    // Who we are is told by the client's name and secret. Only a URL without a host refuses.
    let _ = token_url.set_username("");
    let _ = token_url.set_password(None);
    token_url.set_fragment(None);
    let client_id = client_id?.to_owned();
    Some(OAuth2 { client_id, client_secret, token_url, scopes, endpoint_params, client })
}

fn grant_type(fields: &Fields<'_>, desk: &mut Desk) {
    let Some(node) = fields.get("grant_type") else { return };
    match word::text(node, desk) {
        None | Some("" | "client_credentials") => {}
        Some(JWT_BEARER) => {
            let help = "only the grant `client_credentials` is built";
            desk.lacks(&node.span, "the grant `jwt-bearer` of OAuth 2", help);
        }
        Some(other) => {
            let title = format!("`{other}` is no grant that a client can ask for");
            desk.error(&node.span, title, "write `client_credentials`, or take the key away");
        }
    }
}

/// As RFC 7523 names it.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The longest answer of a token server that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
