//! `http:` of `prober: http`.

use std::sync::Arc;

use http::Method;

use super::address::dial;
use super::client;
use super::desk::Desk;
use super::field::Fields;
use super::go_regex;
use super::key::{HEADER_RULE, HTTP};
use super::raw::Node;
use super::word;
use crate::spec::{
    Body, BodyRule, Compression, FailIf, HeaderRule, HttpClient, HttpSpec, JsonRule, SslWanted,
};

/// The section, or what holds without one.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk) -> HttpSpec {
    let mut spec = HttpSpec::default();
    let Some(node) = node else { return spec };
    let fields = Fields::of(node, &HTTP, desk);
    let limit = fields.get("body_size_limit").and_then(|it| word::size(it, desk));
    spec.client = client::read(&fields, limit.unwrap_or(BODY_BYTES_MAX), desk);
    client::add_headers(&fields, &mut spec.client.headers, desk);
    spec.client.dial = dial(&fields, desk);
    spec.client.proxy.resolves_here = !fields.flag("skip_resolve_phase_with_proxy", false, desk);
    if fields.get("no_follow_redirects").is_some() {
        spec.client.follow_redirects = !fields.flag("no_follow_redirects", false, desk);
    }
    if let Some(node) = fields.get("method") {
        spec.method = method(node, desk);
    }
    client::exclude(&fields, "body", "body_file", desk);
    let body = fields.text("body", desk).filter(|it| !it.is_empty()).map(|it| Body::Inline(it.into()));
    spec.body = body.or_else(|| client::path(&fields, "body_file", desk).map(Body::File));
    spec.compression = compression(&fields, desk);
    check_accept_encoding(&fields, spec.compression, desk);
    let codes = fields.list("valid_status_codes", desk).iter();
    let codes = codes.filter_map(|it| word::number(it, &(100..=999), desk));
    spec.valid_status_codes = codes.filter_map(|it| u16::try_from(it).ok()).collect();
    let http3 = http3(&fields, &spec.client, desk);
    spec.valid_http_versions = versions(&fields, http3, desk);
    spec.ssl = ssl(&fields, desk);
    for (key, fail_if) in BODY_KEYS {
        for node in fields.list(key, desk) {
            let rule = go_regex::bytes_regex(node, desk).map(|regex| BodyRule { regex, fail_if });
            spec.body_rules.extend(rule);
        }
    }
    for (key, fail_if) in JSON_KEYS {
        let condition = fields.get(key).and_then(|it| word::json_condition(it, desk));
        spec.json_rules.extend(condition.map(|it| JsonRule { condition: Arc::new(it), fail_if }));
    }
    for (key, fail_if) in HEADER_KEYS {
        for node in fields.list(key, desk) {
            spec.header_rules.extend(header_rule(node, fail_if, desk));
        }
    }
    spec
}

fn method(node: &Node, desk: &mut Desk) -> Method {
    let written = word::text(node, desk).unwrap_or_default();
    match Method::from_bytes(written.as_bytes()) {
        Ok(method) => {
            let upper = written.to_ascii_uppercase();
            if written != upper && COMMON_METHODS.contains(&upper.as_str()) {
                let title = format!("`{written}` is another method than `{upper}`");
                desk.warning(&node.span, title, format!("methods are told apart by case: write `{upper}`"));
            }
            method
        }
        Err(_) if written.is_empty() => Method::GET,
        Err(_) => {
            desk.error(
                &node.span,
                format!("`{written}` is no method"),
                "write `GET`, `POST`, `HEAD` or another word",
            );
            Method::GET
        }
    }
}

fn compression(fields: &Fields<'_>, desk: &mut Desk) -> Compression {
    let Some(node) = fields.get("compression") else { return Compression::Untouched };
    match word::text(node, desk).unwrap_or_default() {
        "" => Compression::Untouched,
        "identity" => Compression::Identity,
        "gzip" => Compression::Gzip,
        "br" => Compression::Brotli,
        "deflate" => Compression::Deflate,
        other => {
            let title = format!("`{other}` is no encoding that is read");
            desk.error(&node.span, title, "write `gzip`, `br`, `deflate` or `identity`");
            Compression::Untouched
        }
    }
}

/// A header `Accept-Encoding` that does not ask for what `compression` reads is a mistake of the
/// exporter's too.
fn check_accept_encoding(fields: &Fields<'_>, compression: Compression, desk: &mut Desk) {
    let wanted = match compression {
        Compression::Untouched => return,
        Compression::Identity => "identity",
        Compression::Gzip => "gzip",
        Compression::Brotli => "br",
        Compression::Deflate => "deflate",
    };
    let entries = fields.map("headers", desk).iter();
    for entry in entries.filter(|it| it.key.eq_ignore_ascii_case("accept-encoding")) {
        let Some(value) = word::text(&entry.node, desk) else { continue };
        if !accepts(value, wanted) {
            let title = format!("this header does not ask for the encoding `{wanted}` of `compression`");
            desk.error(&entry.node.span, title, "take the header away: `compression` asks by itself");
        }
    }
}

/// Entries by falling weight; the first that names the encoding, or all of them, decides.
fn accepts(header: &str, encoding: &str) -> bool {
    let mut entries: Vec<(&str, f64)> = header
        .split(',')
        .map(|entry| {
            let (name, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
            let weight = weight.trim().trim_start_matches("q=").parse().unwrap_or(0.0);
            (name.trim(), weight)
        })
        .collect();
    entries.sort_by(|one, other| other.1.total_cmp(&one.1));
    entries
        .iter()
        .find(|(name, _)| *name == encoding || *name == "*")
        .is_some_and(|(_, weight)| *weight > 0.0)
}

/// `enable_http3`, by the exporter's rules for it.
fn http3(fields: &Fields<'_>, client: &HttpClient, desk: &mut Desk) -> bool {
    let wanted = fields.flag("enable_http3", false, desk);
    let span = fields.key_span("enable_http3").filter(|_| wanted);
    if let Some(span) = span {
        if client.http2 {
            desk.error(
                span,
                "two versions are both asked for: HTTP/3 and HTTP/2",
                "add `enable_http2: false`",
            );
        } else {
            desk.lacks(span, "HTTP/3", "take the key away to ask by HTTP/2 or 1.1");
        }
    }
    wanted
}

fn versions(fields: &Fields<'_>, http3: bool, desk: &mut Desk) -> Vec<String> {
    let mut found = Vec::new();
    for node in fields.list("valid_http_versions", desk) {
        let Some(text) = word::text(node, desk) else { continue };
        if text == "HTTP/3.0" && !http3 {
            let help = "add `enable_http3: true` and `enable_http2: false`, or take it away";
            desk.error(&node.span, "no answer is of HTTP/3 where it is not asked for", help);
        } else if http3 && matches!(text, "HTTP/1.1" | "HTTP/2.0") {
            let title = format!("no answer is of the version `{text}` where HTTP/3 is asked for");
            desk.error(&node.span, title, "keep `HTTP/3.0` alone, or take `enable_http3` away");
        } else if !http3 && !VERSIONS.contains(&text) {
            let help = "write `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`; they are compared letter by letter";
            desk.warning(&node.span, format!("no answer is ever of the version `{text}`"), help);
        }
        found.push(text.to_owned());
    }
    found
}

fn ssl(fields: &Fields<'_>, desk: &mut Desk) -> Option<SslWanted> {
    let unwanted = fields.flag("fail_if_ssl", false, desk);
    let wanted = fields.flag("fail_if_not_ssl", false, desk);
    if wanted && unwanted {
        let span = fields.key_span("fail_if_not_ssl").unwrap_or(&fields.span);
        desk.error(
            span,
            "every answer would be a failure, with TLS and without",
            "keep one of `fail_if_ssl` and `fail_if_not_ssl`",
        );
    }
    match (wanted, unwanted) {
        (true, _) => Some(SslWanted::Yes),
        (false, true) => Some(SslWanted::No),
        (false, false) => None,
    }
}

fn header_rule(node: &Node, fail_if: FailIf, desk: &mut Desk) -> Option<HeaderRule> {
    let fields = Fields::of(node, &HEADER_RULE, desk);
    let header = fields.required("header", desk);
    let header = header.and_then(|it| client::header_name(word::text(it, desk)?, &it.span, desk));
    let regex = fields.required("regexp", desk).and_then(|it| go_regex::regex(it, desk));
    let allow_missing = fields.flag("allow_missing", false, desk);
    Some(HeaderRule { header: header?, regex: regex?, allow_missing, fail_if })
}

const BODY_KEYS: [(&str, FailIf); 2] = [
    ("fail_if_body_matches_regexp", FailIf::Matches),
    ("fail_if_body_not_matches_regexp", FailIf::NotMatches),
];
const JSON_KEYS: [(&str, FailIf); 2] = [
    ("fail_if_body_json_matches_cel", FailIf::Matches),
    ("fail_if_body_json_not_matches_cel", FailIf::NotMatches),
];
const HEADER_KEYS: [(&str, FailIf); 2] =
    [("fail_if_header_matches", FailIf::Matches), ("fail_if_header_not_matches", FailIf::NotMatches)];
const COMMON_METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];
const VERSIONS: [&str; 3] = ["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"];
const BODY_BYTES_MAX: u64 = 1 << 20;
