//! `--web.config.file`: who may ask our server, and over what. Keys that are not honoured are refused
//! by name: whoever relies on one of them must not find out later.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Source;
use super::client;
use super::complaint::{Complaint, Level};
use super::desk::Desk;
use super::field::Fields;
use super::key::{WEB, WEB_HTTP, WEB_RATE, WEB_TLS};
use super::raw::{self, Node, Value};
use super::word::{self, Bounds, HOUR};
use crate::spec::{Pem, Secret, TlsVersion};

/// What the file says.
#[derive(Clone, Debug, Default)]
pub struct WebConfig {
    /// TLS; none: plain text.
    pub tls: Option<ServerTls>,
    /// Whether HTTP/2 is offered over TLS.
    pub http2: bool,
    /// Headers of every answer.
    pub headers: HeaderMap,
    /// Hashes of passwords (bcrypt) by the users' names; none: anybody may ask.
    pub users: BTreeMap<String, String>,
    /// How many requests are answered; none: all of them.
    pub rate: Option<Rate>,
}

/// How our server speaks TLS.
#[derive(Clone, Debug)]
pub struct ServerTls {
    /// Our certificate with its chain, as PEM.
    pub certificate: Pem,
    /// Its key, as PEM.
    pub key: Secret,
    /// Whether clients show one.
    pub clients: Clients,
    /// The names of which a client's certificate must bear one; empty: any will do.
    pub allowed_names: Vec<String>,
    /// The lowest version that is spoken.
    pub version_min: TlsVersion,
    /// The highest.
    pub version_max: TlsVersion,
}

/// Whether clients show a certificate, and whom it must come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clients {
    /// They are not asked.
    Unasked,
    /// One that is shown must be good.
    VerifiedIfGiven(Pem),
    /// They must show a good one.
    Verified(Pem),
}

/// One more request each `interval`, and `burst` at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The time in which one more is answered.
    pub interval: Duration,
    /// How many are answered at once.
    pub burst: u32,
}

/// Reads the file. Paths in it begin in `folder`.
///
/// # Errors
///
/// Every complaint, where there is an error among them.
pub fn web(source: &Source, folder: &Path) -> Result<WebConfig, Vec<Complaint>> {
    let text = source.text.as_ref().map_err(|it| vec![it.clone()])?;
    let mut web = WebConfig { http2: true, ..WebConfig::default() };
    if text.trim().is_empty() {
        return Ok(web);
    }
    let mut desk = Desk::new(Arc::clone(&source.name), Arc::clone(text));
    if let Some(root) = raw::read(&mut desk) {
        read(&root, &mut web, &mut desk);
    }
    let complaints = desk.take().complaints;
    if complaints.iter().any(|it| it.level == Level::Error) {
        return Err(complaints);
    }
    if let Some(tls) = &mut web.tls {
        tls.begin_in(folder);
    }
    Ok(web)
}

impl ServerTls {
    fn begin_in(&mut self, folder: &Path) {
        let pem = |it: &mut Pem| {
            if let Pem::File(path) = it {
                *path = folder.join(&*path);
            }
        };
        pem(&mut self.certificate);
        if let Secret::File(path) = &mut self.key {
            *path = folder.join(&*path);
        }
        match &mut self.clients {
            Clients::Unasked => {}
            Clients::VerifiedIfGiven(ca) | Clients::Verified(ca) => pem(ca),
        }
    }
}

fn read(root: &Node, web: &mut WebConfig, desk: &mut Desk) {
    let fields = Fields::of(root, &WEB, desk);
    web.tls = fields.get("tls_server_config").and_then(|it| tls(it, desk));
    if let Some(node) = fields.get("http_server_config") {
        let fields = Fields::of(node, &WEB_HTTP, desk);
        web.http2 = fields.flag("http2", true, desk);
        for entry in fields.map("headers", desk) {
            let name = SECURITY_HEADERS.into_iter().find(|it| it.eq_ignore_ascii_case(&entry.key));
            let Some(name) = name else {
                let title = format!("the header `{}` cannot be set here", entry.key);
                let help = format!("those that can are {}", super::complaint::listed(SECURITY_HEADERS));
                desk.error(&entry.key_span, title, help);
                continue;
            };
            let Some(text) = word::text(&entry.node, desk) else { continue };
            match HeaderValue::from_str(text) {
                Ok(value) => {
                    let name = HeaderName::try_from(name).expect("a security header has a sound name");
                    web.headers.insert(name, value);
                }
                Err(_) => {
                    desk.error(
                        &entry.node.span,
                        "this is no value of a header",
                        "write plain text, one line",
                    );
                }
            }
        }
    }
    for entry in fields.map("basic_auth_users", desk) {
        let Some(hash) = word::text(&entry.node, desk) else { continue };
        if is_bcrypt(hash) {
            web.users.insert(entry.key.to_string(), hash.to_owned());
        } else {
            let help = "hash the password, as `htpasswd -nBC 10 \"\"` does; a hash begins with `$2`";
            desk.error(&entry.node.span, "this is no bcrypt hash", help);
        }
    }
    if let Some(node) = fields.get("rate_limit") {
        let fields = Fields::of(node, &WEB_RATE, desk);
        let interval = fields.duration("interval", &RATE.or_zero(), desk).filter(|it| !it.is_zero());
        let burst = fields.get("burst").and_then(|it| word::number(it, &(1..=BURST_MAX), desk)).unwrap_or(1);
        web.rate =
            interval.map(|interval| Rate { interval, burst: u32::try_from(burst).unwrap_or(u32::MAX) });
    }
}

fn tls(node: &Node, desk: &mut Desk) -> Option<ServerTls> {
    let fields = Fields::of(node, &WEB_TLS, desk);
    if matches!(&node.value, Value::Map(entries) if entries.is_empty()) {
        return None;
    }
    let certificate = client::pem(&fields, "cert", "cert_file", desk);
    let key = client::secret(&fields, "key", "key_file", desk);
    for (lacks, what, short) in [
        (certificate.is_none(), "certificate", "cert_file"),
        (key.is_none(), "key of the certificate", "key_file"),
    ] {
        if lacks {
            desk.error(&fields.span, format!("TLS without a {what}"), format!("add `{short}:`"));
        }
    }
    let ca = client::pem(&fields, "client_ca", "client_ca_file", desk);
    let clients = clients(&fields, ca, desk);
    let version_min = client::version(&fields, "min_version", TlsVersion::LOWEST, desk);
    let version_max = client::version(&fields, "max_version", TlsVersion::HIGHEST, desk);
    if version_min > version_max {
        let span = fields.get("max_version").map_or(&fields.span, |it| &it.span);
        desk.error(span, "no version of TLS is left", "let `max_version` be at least `min_version`");
    }
    let names = fields.list("client_allowed_sans", desk);
    let allowed_names: Vec<String> =
        names.iter().filter_map(|it| word::text(it, desk).map(str::to_owned)).collect();
    if let (false, Some(Clients::Unasked), Some(span)) =
        (allowed_names.is_empty(), &clients, fields.key_span("client_allowed_sans"))
    {
        let help = "add `client_auth_type: RequireAndVerifyClientCert` and `client_ca_file:`";
        desk.error(span, "names of clients' certificates, and no client is asked for one", help);
    }
    Some(ServerTls {
        certificate: certificate?,
        key: key?,
        clients: clients?,
        allowed_names,
        version_min,
        version_max,
    })
}

fn clients(fields: &Fields<'_>, ca: Option<Pem>, desk: &mut Desk) -> Option<Clients> {
    let node = fields.get("client_auth_type");
    let word = node.and_then(|it| word::text(it, desk)).unwrap_or_default();
    let make: fn(Pem) -> Clients = match (word, &ca) {
        ("" | "NoClientCert", None) => return Some(Clients::Unasked),
        ("" | "NoClientCert", Some(_)) => {
            let span = fields.key_span("client_ca").or(fields.key_span("client_ca_file"));
            let help = "add `client_auth_type: RequireAndVerifyClientCert`, or take the roots away";
            desk.error(span.unwrap_or(&fields.span), "roots for clients, and no client is asked", help);
            return None;
        }
        ("VerifyClientCertIfGiven", _) => Clients::VerifiedIfGiven,
        ("RequireAndVerifyClientCert", _) => Clients::Verified,
        ("RequestClientCert" | "RequireAnyClientCert", _) => {
            let title = format!("`{word}` asks for certificates that nobody verifies");
            let span = node.map_or(&fields.span, |it| &it.span);
            desk.error(span, title, "write `VerifyClientCertIfGiven` or `RequireAndVerifyClientCert`");
            return None;
        }
        (other, _) => {
            let known = ["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"];
            let help = format!("write one of {}", super::complaint::listed(known));
            let span = node.map_or(&fields.span, |it| &it.span);
            desk.error(span, format!("`{other}` is no way to treat clients"), help);
            return None;
        }
    };
    if ca.is_none() {
        let span = node.map_or(&fields.span, |it| &it.span);
        desk.error(span, "clients are verified against roots, and there are none", "add `client_ca_file:`");
    }
    ca.map(make)
}

/// `$2b$10$` and 53 characters more.
fn is_bcrypt(hash: &str) -> bool {
    let mut parts = hash.split('$').skip(1);
    let is_version = parts.next().is_some_and(|it| matches!(it, "2" | "2a" | "2b" | "2x" | "2y"));
    let is_cost = parts.next().and_then(|it| it.parse::<u32>().ok()).is_some_and(|it| (4..=31).contains(&it));
    let is_radix = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '/');
    let rest = parts.next().unwrap_or_default();
    is_version && is_cost && rest.len() == 53 && rest.chars().all(is_radix) && parts.next().is_none()
}

/// Those that the toolkit lets a file set.
const SECURITY_HEADERS: [&str; 5] = [
    "Content-Security-Policy",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
    "Strict-Transport-Security",
];
const RATE: Bounds = Bounds::new(Duration::from_nanos(1), HOUR);
const BURST_MAX: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2y$04$fcy5PMmZPkKPWhE7Yk8wuOVHaIjHBuM5vcHzNBBpbBHb9N6tf9YcO";

    fn read(text: &str) -> Result<WebConfig, String> {
        let source = Source { name: "web.yml".into(), text: Ok(text.into()) };
        let told = |it: Vec<Complaint>| it.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        web(&source, Path::new("/etc/f")).map_err(told)
    }

    #[test]
    fn everything_that_is_honoured_is_read() {
        let text = format!(
            "tls_server_config: {{ cert_file: c.pem, key_file: /k.pem, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem, client_allowed_sans: [a], min_version: TLS13, prefer_server_cipher_suites: true }}\n\
             http_server_config: {{ http2: false, headers: {{ x-frame-options: deny }} }}\n\
             basic_auth_users: {{ alice: '{HASH}' }}\nrate_limit: {{ interval: 100ms, burst: 5 }}\n"
        );
        let web = read(&text).unwrap();
        let tls = web.tls.unwrap();
        assert_eq!(tls.certificate, Pem::File("/etc/f/c.pem".into()));
        assert_eq!(tls.key, Secret::File("/k.pem".into()));
        assert_eq!(tls.clients, Clients::Verified(Pem::File("/etc/f/ca.pem".into())));
        assert_eq!((tls.version_min, tls.allowed_names.len()), (TlsVersion::V1_3, 1));
        assert!(!web.http2 && web.headers["x-frame-options"] == "deny" && web.users["alice"] == HASH);
        assert_eq!(web.rate, Some(Rate { interval: Duration::from_millis(100), burst: 5 }));
    }

    #[test]
    fn a_file_that_says_nothing_changes_nothing() {
        for text in
            ["", "\n", "tls_server_config: {}\n", "basic_auth_users: {}\n", "rate_limit: { burst: 3 }\n"]
        {
            let web = read(text).unwrap();
            assert!(web.tls.is_none() && web.http2 && web.users.is_empty() && web.rate.is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_not_honoured_is_refused_by_name_with_its_place() {
        for (text, told) in [
            ("tls_server_config: { cert: C, key: K, cipher_suites: [X] }", "`cipher_suites` cannot be used"),
            ("tls_server_config: { cert: C, key: K, curve_preferences: [X] }", "`curve_preferences` cannot"),
            (
                "tls_server_config: { cert: C, key: K, client_auth_type: RequestClientCert }",
                "nobody verifies",
            ),
            ("tls_server_config: { cert: C, key: K, client_auth_type: Maybe }", "`Maybe` is no way"),
            ("tls_server_config: { cert: C, key: K, client_ca: X }", "no client is asked"),
            ("tls_server_config: { cert: C, key: K, client_allowed_sans: [a] }", "no client is asked"),
            (
                "tls_server_config: { cert: C, key: K, client_auth_type: VerifyClientCertIfGiven }",
                "there are none",
            ),
            ("tls_server_config: { cert: C }", "TLS without a key"),
            ("tls_server_config: { key: C }", "TLS without a certificate"),
            (
                "tls_server_config: { cert: C, key: K, min_version: TLS13, max_version: TLS12 }",
                "no version of TLS",
            ),
            ("http_server_config: { headers: { X-Mine: a } }", "`X-Mine` cannot be set"),
            ("basic_auth_users: { a: plain }", "no bcrypt hash"),
            (
                "basic_auth_users: { a: $2y$40$fcy5PMmZPkKPWhE7Yk8wuOVHaIjHBuM5vcHzNBBpbBHb9N6tf9YcO }",
                "no bcrypt",
            ),
            ("tls_server_conf: {}", "unknown key `tls_server_conf`"),
        ] {
            let complaint = read(text).unwrap_err();
            assert!(complaint.contains(told) && complaint.contains("web.yml:1:"), "{text}\n{complaint}");
        }
    }
}
