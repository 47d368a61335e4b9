//! A row of the corpus, and the modules that its rows are asked with.

use super::server::{Act, Step};

/// One misbehaving server, and what is to be said of it.
#[derive(Clone)]
pub(crate) struct Case {
    /// What it does; no two do the same.
    pub(crate) name: String,
    /// The module that asks, out of [`MODULES`].
    pub(crate) module: &'static str,
    /// How the target is written, with `{}` for the server's place.
    pub(crate) target: String,
    /// Cause and phase as `probe_cause_info` has them; nothing where all is well.
    pub(crate) expected: &'static str,
    /// The server.
    pub(crate) act: Act,
}

impl Case {
    pub(crate) fn new(
        module: &'static str,
        name: impl Into<String>,
        expected: &'static str,
        act: Act,
    ) -> Self {
        let target = match scheme(module) {
            "" => "{}".to_owned(),
            scheme => format!("{scheme}://{{}}/"),
        };
        Self { name: name.into(), module, target, expected, act }
    }

    /// The same server, asked for another place of it.
    pub(crate) fn at(self, target: impl Into<String>) -> Self {
        Self { target: target.into(), ..self }
    }
}

/// How a target of that module begins.
fn scheme(module: &str) -> &'static str {
    match module {
        "http" | "http_hasty" | "gzip" | "deflate" | "br" | "body" | "metrics" | "metrics_hasty" => "http",
        "https" | "https_hasty" => "https",
        _ => "",
    }
}

/// A server that reads a request and says that.
pub(crate) fn says(bytes: impl Into<Vec<u8>>) -> Act {
    Act::Tcp(vec![Step::Head, Step::Send(bytes.into())])
}

/// A server that reads a request, says that, and goes on with the other for ever.
pub(crate) fn says_on(bytes: impl Into<Vec<u8>>, again: impl Into<Vec<u8>>) -> Act {
    Act::Tcp(vec![Step::Head, Step::Send(bytes.into()), Step::Flood(again.into())])
}

/// An answer whose head fits its body.
pub(crate) fn page(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The modules as a drop-in, where `{ca}` is the file of an authority.
pub(crate) fn drop_in(ca: &str) -> String {
    MODULES.replace("{ca}", ca)
}

/// Those that end in `_hasty` ask whoever has no end. The others have so long that no crowded machine
/// reaches it.
const MODULES: &str = r#"modules:
  http: { prober: http, timeout: 10s, http: { preferred_ip_protocol: ip4, body_size_limit: 1MB } }
  http_hasty: { prober: http, timeout: 1s, http: { preferred_ip_protocol: ip4, body_size_limit: 1MB } }
  https: { prober: http, timeout: 10s, http: { preferred_ip_protocol: ip4, body_size_limit: 1MB, tls_config: { ca_file: "{ca}" } } }
  https_hasty: { prober: http, timeout: 1s, http: { preferred_ip_protocol: ip4, body_size_limit: 1MB, tls_config: { ca_file: "{ca}" } } }
  gzip: { prober: http, timeout: 10s, http: { preferred_ip_protocol: ip4, body_size_limit: 1MB, compression: gzip } }
  deflate: { prober: http, timeout: 10s, http: { preferred_ip_protocol: ip4, body_size_limit: 1MB, compression: deflate } }
  br: { prober: http, timeout: 10s, http: { preferred_ip_protocol: ip4, body_size_limit: 1MB, compression: br } }
  body: { prober: http, timeout: 10s, http: { preferred_ip_protocol: ip4, body_size_limit: 1MB, fail_if_body_not_matches_regexp: ["^(a+)+$"] } }
  metrics: { prober: metrics, timeout: 10s }
  metrics_hasty: { prober: metrics, timeout: 1s }
  tcp: { prober: tcp, timeout: 10s, tcp: { preferred_ip_protocol: ip4, query_response: [ { expect: "^220 ready" } ] } }
  tcp_hasty: { prober: tcp, timeout: 1s, tcp: { preferred_ip_protocol: ip4, query_response: [ { expect: "^220 ready" } ] } }
  tcp_tls: { prober: tcp, timeout: 10s, tcp: { preferred_ip_protocol: ip4, query_response: [ { expect: "^220" }, { send: "STARTTLS" }, { expect: "^220" }, { starttls: true } ], tls_config: { ca_file: "{ca}" } } }
  tcp_tls_hasty: { prober: tcp, timeout: 1s, tcp: { preferred_ip_protocol: ip4, query_response: [ { expect: "^220" }, { send: "STARTTLS" }, { expect: "^220" }, { starttls: true } ], tls_config: { ca_file: "{ca}" } } }
  tls: { prober: tls, timeout: 10s, tls: { preferred_ip_protocol: ip4, tls_config: { ca_file: "{ca}" } } }
  tls_hasty: { prober: tls, timeout: 1s, tls: { preferred_ip_protocol: ip4, tls_config: { ca_file: "{ca}" } } }
  unix: { prober: unix, timeout: 10s, unix: { query_response: [ { expect: "^220 ready" } ] } }
  unix_hasty: { prober: unix, timeout: 1s, unix: { query_response: [ { expect: "^220 ready" } ] } }
  dns: { prober: dns, timeout: 10s, dns: { preferred_ip_protocol: ip4, query_name: www.example.com, query_type: A, validate_answer_rrs: { fail_if_not_matches_regexp: ["192[.]0[.]2[.]7"] } } }
  dns_hasty: { prober: dns, timeout: 1s, dns: { preferred_ip_protocol: ip4, query_name: www.example.com, query_type: A } }
  dns_tcp: { prober: dns, timeout: 10s, dns: { preferred_ip_protocol: ip4, transport_protocol: tcp, query_name: www.example.com, query_type: A, validate_answer_rrs: { fail_if_not_matches_regexp: ["192[.]0[.]2[.]7"] } } }
  dns_tcp_hasty: { prober: dns, timeout: 1s, dns: { preferred_ip_protocol: ip4, transport_protocol: tcp, query_name: www.example.com, query_type: A } }
  grpc: { prober: grpc, timeout: 10s, grpc: { preferred_ip_protocol: ip4 } }
  grpc_hasty: { prober: grpc, timeout: 1s, grpc: { preferred_ip_protocol: ip4 } }
  websocket: { prober: websocket, timeout: 10s, websocket: { query_response: [ { expect: "^ready" } ] } }
  websocket_hasty: { prober: websocket, timeout: 1s, websocket: { query_response: [ { expect: "^ready" } ] } }
"#;
