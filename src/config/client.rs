//! Prometheus's http client keys: who we say we are, which certificates count, what is sent along.

use std::path::PathBuf;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::desk::Desk;
use super::field::Fields;
use super::key::{AUTHORIZATION, BASIC_AUTH, EXTRA_HEADER, TLS};
use super::oauth2;
use super::proxy;
use super::raw::{Entry, Node};
use super::word;
use crate::spec::{Auth, HttpClient, Pem, Secret, TlsSpec, TlsVersion};

/// A client of which nothing is said.
pub(super) fn plain(body_bytes_max: u64) -> HttpClient {
    HttpClient { body_bytes_max, ..HttpClient::default() }
}

/// The client keys of a section that has them among its own.
pub(super) fn read(fields: &Fields<'_>, body_bytes_max: u64, desk: &mut Desk) -> HttpClient {
    let mut client = plain(body_bytes_max);
    client.follow_redirects = fields.flag("follow_redirects", true, desk);
    client.http2 = fields.flag("enable_http2", true, desk);
    client.proxy = proxy::read(fields, desk);
    read_credentials(fields, &mut client, desk);
    client
}

/// Of those keys the ones that say who we are and whom we trust.
pub(super) fn read_credentials(fields: &Fields<'_>, client: &mut HttpClient, desk: &mut Desk) {
    client.auth = auth(fields, desk);
    client.oauth2 = fields.get("oauth2").and_then(|it| oauth2::read(it, desk)).map(Box::new);
    client.tls = fields.get("tls_config").map(|it| tls(it, desk)).unwrap_or_default();
    for entry in fields.map("http_headers", desk) {
        let reserved = RESERVED.iter().find(|it| it.eq_ignore_ascii_case(&entry.key));
        if let Some(name) = reserved {
            let help = "the client sets it itself; `basic_auth` and `authorization` have keys of their own";
            desk.error(&entry.key_span, format!("the header `{name}` cannot be set here"), help);
            continue;
        }
        extra_header(entry, client, desk);
    }
}

/// One header with all its values: some of them secret, some in files.
pub(super) fn extra_header(entry: &Entry, client: &mut HttpClient, desk: &mut Desk) {
    let extra = Fields::of(&entry.node, &EXTRA_HEADER, desk);
    let Some(name) = header_name(&entry.key, &entry.key_span, desk) else { return };
    for (key, secret) in [("values", false), ("secrets", true)] {
        for node in extra.list(key, desk) {
            if let Some(mut value) = header_value(node, desk) {
                value.set_sensitive(secret);
                client.headers.append(name.clone(), value);
            }
        }
    }
    for node in extra.list("files", desk) {
        let file = path_of(node, desk).map(|it| (name.clone(), Secret::File(it)));
        client.header_files.extend(file);
    }
}

/// `headers:`, a value each.
pub(super) fn add_headers(fields: &Fields<'_>, headers: &mut HeaderMap, desk: &mut Desk) {
    for entry in fields.map("headers", desk) {
        let name = header_name(&entry.key, &entry.key_span, desk);
        let value = header_value(&entry.node, desk);
        if let Some((name, value)) = name.zip(value) {
            headers.append(name, value);
        }
    }
}

pub(super) fn header_name(name: &str, span: &std::ops::Range<usize>, desk: &mut Desk) -> Option<HeaderName> {
    let found = name.parse().ok();
    if found.is_none() {
        let help = "letters, digits and `-` make a header's name; it ends before the colon";
        desk.error(span, format!("`{name}` is no header's name"), help);
    }
    found
}

pub(super) fn header_value(node: &Node, desk: &mut Desk) -> Option<HeaderValue> {
    if node.is_null() {
        return Some(HeaderValue::from_static(""));
    }
    let found = HeaderValue::from_str(word::text(node, desk)?).ok();
    if found.is_none() {
        desk.error(
            &node.span,
            "this cannot be sent as a header",
            "keep it on one line, without control signs",
        );
    }
    found
}

fn auth(fields: &Fields<'_>, desk: &mut Desk) -> Option<Auth> {
    let given: Vec<&str> = WAYS.into_iter().filter(|it| fields.get(it).is_some()).collect();
    if let [first, second, ..] = given[..] {
        let span = fields.key_span(second).unwrap_or(&fields.span);
        let help = format!("a request has one `Authorization` header: keep `{first}` or `{second}`");
        desk.error(span, "credentials are given twice", help);
    }
    let basic = fields.get("basic_auth").map(|it| basic(it, desk));
    let token = fields.get("authorization").and_then(|it| authorization(it, desk));
    let bearer = |credentials| Auth::Authorization { scheme: "Bearer".to_owned(), credentials };
    let inline = fields.text("bearer_token", desk).map(|it| bearer(Secret::Inline(it.to_owned())));
    let file = secret_file(fields, "bearer_token_file", desk).map(bearer);
    basic.or(token).or(inline).or(file)
}

fn basic(node: &Node, desk: &mut Desk) -> Auth {
    let fields = Fields::of(node, &BASIC_AUTH, desk);
    let username = secret(&fields, "username", "username_file", desk);
    let username = username.unwrap_or_else(|| Secret::Inline(String::new()));
    Auth::Basic { username, password: secret(&fields, "password", "password_file", desk) }
}

fn authorization(node: &Node, desk: &mut Desk) -> Option<Auth> {
    let fields = Fields::of(node, &AUTHORIZATION, desk);
    let scheme = fields.text("type", desk).map(str::trim).filter(|it| !it.is_empty()).unwrap_or("Bearer");
    if scheme.eq_ignore_ascii_case("basic") {
        let span = fields.get("type").map_or(&fields.span, |it| &it.span);
        desk.error(span, "basic authorization has a section of its own", "write `basic_auth:` instead");
    }
    let credentials = secret(&fields, "credentials", "credentials_file", desk);
    if credentials.is_none() {
        let help = "write `credentials_file:` and a path, or `credentials:`";
        desk.error(&fields.span, "no credentials are given", help);
    }
    Some(Auth::Authorization { scheme: scheme.to_owned(), credentials: credentials? })
}

/// A secret in the file, or in a file of its own; not both.
pub(super) fn secret(fields: &Fields<'_>, inline: &str, file: &str, desk: &mut Desk) -> Option<Secret> {
    exclude(fields, inline, file, desk);
    let given = fields.text(inline, desk).map(|it| Secret::Inline(it.to_owned()));
    given.or_else(|| secret_file(fields, file, desk))
}

fn secret_file(fields: &Fields<'_>, key: &str, desk: &mut Desk) -> Option<Secret> {
    path(fields, key, desk).map(Secret::File)
}

/// A file that is named and should be there.
pub(super) fn path(fields: &Fields<'_>, key: &str, desk: &mut Desk) -> Option<PathBuf> {
    path_of(fields.get(key)?, desk)
}

fn path_of(node: &Node, desk: &mut Desk) -> Option<PathBuf> {
    let path = PathBuf::from(word::text(node, desk).filter(|it| !it.is_empty())?);
    desk.needs_file(&node.span, path.clone());
    Some(path)
}

/// `tls_config:`.
pub(super) fn tls(node: &Node, desk: &mut Desk) -> TlsSpec {
    let fields = Fields::of(node, &TLS, desk);
    let ca = pem(&fields, "ca", "ca_file", desk);
    let cert = pem(&fields, "cert", "cert_file", desk);
    let key = secret(&fields, "key", "key_file", desk);
    if cert.is_some() != key.is_some() {
        let (has, lacks) = if cert.is_some() { ("certificate", "key") } else { ("key", "certificate") };
        let short = if cert.is_some() { "key_file" } else { "cert_file" };
        let given = ["cert", "cert_file", "key", "key_file"].into_iter().find_map(|it| fields.key_span(it));
        let title = format!("a {has} without its {lacks}");
        desk.error(given.unwrap_or(&fields.span), title, format!("add `{short}:`, or take both away"));
    }
    let version_min = version(&fields, "min_version", TlsVersion::LOWEST, desk);
    let version_max = version(&fields, "max_version", TlsVersion::HIGHEST, desk);
    if version_min > version_max {
        let span = fields.get("max_version").map_or(&fields.span, |it| &it.span);
        desk.error(span, "no version of TLS is left", "let `max_version` be at least `min_version`");
    }
    TlsSpec {
        ca,
        identity: cert.zip(key),
        server_name: fields.text("server_name", desk).filter(|it| !it.is_empty()).map(str::to_owned),
        insecure_skip_verify: fields.flag("insecure_skip_verify", false, desk),
        version_min,
        version_max,
    }
}

pub(super) fn pem(fields: &Fields<'_>, inline: &str, file: &str, desk: &mut Desk) -> Option<Pem> {
    exclude(fields, inline, file, desk);
    let given = fields.text(inline, desk).filter(|it| !it.is_empty()).map(|it| Pem::Inline(it.to_owned()));
    given.or_else(|| path(fields, file, desk).map(Pem::File))
}

pub(super) fn version(fields: &Fields<'_>, key: &str, default: TlsVersion, desk: &mut Desk) -> TlsVersion {
    let Some(node) = fields.get(key) else { return default };
    match word::text(node, desk).unwrap_or_default() {
        "TLS12" => TlsVersion::V1_2,
        "TLS13" => TlsVersion::V1_3,
        "TLS10" | "TLS11" if default == TlsVersion::LOWEST => {
            let help = "a server that has only older ones is reported as such; `TLS12` says the same";
            desk.warning(&node.span, "no version below TLS 1.2 is spoken here", help);
            default
        }
        other => {
            desk.error(
                &node.span,
                format!("`{other}` is no version that is spoken"),
                "write `TLS12` or `TLS13`",
            );
            default
        }
    }
}

/// At most one of two keys may be there.
pub(super) fn exclude(fields: &Fields<'_>, one: &str, other: &str, desk: &mut Desk) {
    if fields.get(one).is_some() && fields.get(other).is_some() {
        let span = fields.key_span(other).unwrap_or(&fields.span);
        desk.error(span, format!("`{one}` and `{other}` say the same"), "keep one of them");
    }
}

const WAYS: [&str; 5] = ["basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file"];

/// Headers that Prometheus's client does not let `http_headers` set.
const RESERVED: [&str; 18] = [
    "Authorization",
    "Host",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "User-Agent",
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Www-Authenticate",
    "Accept-Encoding",
    "X-Prometheus-Remote-Write-Version",
    "X-Prometheus-Remote-Read-Version",
    "X-Prometheus-Scrape-Timeout-Seconds",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
];
