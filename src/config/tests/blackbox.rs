//! What whoever comes from `blackbox_exporter` brings along: its files, and the mistakes that it refuses.

use super::*;

const STOCK: &str = include_str!("blackbox.yml");

#[test]
fn a_module_file_like_the_exporters_own_loads_unchanged() {
    let loaded = loaded(&[("blackbox.yml", STOCK)]);
    assert!(loaded.complaints.iter().all(|it| it.level == Level::Warning), "{:?}", titles(&loaded));
    let left_out: Vec<_> = loaded.config.left_out.keys().map(|it| &**it).collect();
    assert_eq!(left_out, ["http_3xx"], "{:?}", loaded.config.left_out);
    let names: Vec<_> = STOCK
        .lines()
        .filter_map(|it| it.strip_prefix("  ").filter(|it| !it.starts_with([' ', '#']))?.split(':').next())
        .collect();
    assert!(names.len() > 30);
    for name in names.into_iter().filter(|it| *it != "http_3xx") {
        assert!(loaded.config.modules.contains_key(name), "{name}");
    }
}

#[test]
fn the_file_that_debian_ships_loads_unchanged() {
    let Ok(text) = std::fs::read_to_string("/etc/prometheus/blackbox.yml") else { return };
    let loaded = loaded(&[("blackbox.yml", &text)]);
    assert_eq!(titles(&loaded), Vec::<String>::new());
    assert!(loaded.config.left_out.is_empty() && loaded.config.modules.contains_key("http_2xx"));
}

#[test]
fn each_mistake_that_the_exporter_refuses_is_refused_at_its_place() {
    let http = |inner: &str| format!("prober: http, http: {{ {inner} }}");
    let dns = |inner: &str| format!("prober: dns, dns: {{ {inner} }}");
    let icmp = |inner: &str| format!("prober: icmp, icmp: {{ {inner} }}");
    let tcp = |inner: &str| format!("prober: tcp, tcp: {{ query_response: [{{ {inner} }}] }}");
    let table = [
        ("prober: 'nonsense'".to_owned(), "'nonsense'"),
        ("timeout: 5s".to_owned(), "timeout"),
        ("prober: http, timeout: 5".to_owned(), "5"),
        ("prober: http, timeout: 1d".to_owned(), "1d"),
        ("prober: http, oops: 1".to_owned(), "oops"),
        (http("oops: 1"), "oops"),
        (dns("query_type: A"), "query_type"),
        (dns("query_name: a, query_class: X"), "X"),
        (dns("query_name: a, query_type: NONE_SUCH"), "NONE_SUCH"),
        (dns("query_name: a, dns_over_tls: true"), "dns_over_tls"),
        (http("fail_if_header_matches: [{ regexp: a }]"), "regexp"),
        (http("fail_if_header_matches: [{ header: A }]"), "header"),
        (http("fail_if_header_not_matches: [{ regexp: a }]"), "regexp"),
        (http("fail_if_header_not_matches: [{ header: A }]"), "header"),
        (http("body: a, body_file: /dev/null"), "body_file"),
        (http("fail_if_body_matches_regexp: ['(']"), "("),
        (http("fail_if_body_json_matches_cel: 'body..a'"), "."),
        (http("fail_if_body_json_matches_cel: ''"), ""),
        (http("body_size_limit: 10kB"), "10kB"),
        (http("compression: gzip, headers: { Accept-Encoding: deflate }"), "deflate"),
        (http("bearer_token: a, bearer_token_file: /dev/null"), "bearer_token_file"),
        (http("basic_auth: { username: u }, bearer_token: a"), "bearer_token"),
        (http("authorization: { type: Basic, credentials: a }"), "Basic"),
        (http("oauth2: { client_id: c }"), "client_id"),
        (http("oauth2: { token_url: 'http://t' }"), "token_url"),
        (http("oauth2: { client_id: c, token_url: 'http://t', grant_type: password }"), "password"),
        (http("basic_auth: { username: u }, oauth2: { client_id: c, token_url: 'http://t' }"), "oauth2"),
        (http("http_headers: { Host: { values: [a] } }"), "Host"),
        (http("no_proxy: a"), "no_proxy"),
        (http("proxy_connect_header: { A: [b] }"), "proxy_connect_header"),
        (http("tls_config: { cert_file: /dev/null }"), "cert_file"),
        (http("tls_config: { min_version: TLS9 }"), "TLS9"),
        (http("preferred_ip_protocol: ip5"), "ip5"),
        (http("enable_http3: true"), "enable_http3"),
        (http("valid_http_versions: [HTTP/3.0]"), "HTTP/3.0"),
        (tcp("expect: a, expect_bytes: b"), "expect_bytes"),
        (icmp("ttl: -1"), "-1"),
        (icmp("ttl: 256"), "256"),
    ];
    let mut wrong = Vec::new();
    for (module, spot) in table {
        let text = format!("modules:\n  m: {{ {module} }}\n");
        let loaded = loaded(&[("blackbox.yml", &text)]);
        let errors: Vec<_> = loaded.complaints.iter().filter(|it| it.level == Level::Error).collect();
        let is_there = errors.iter().any(|it| it.place.excerpt() == spot && it.to_string().contains('^'));
        if !is_there || errors.iter().any(|it| it.help.is_none()) {
            let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
            wrong.push(format!("{module}: not at `{spot}`\n{}", told.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
