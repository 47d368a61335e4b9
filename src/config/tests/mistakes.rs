//! Mistakes, a row each: the file, what stands over the carets, and parts of what is said of it.

use std::fmt::Write;

use super::*;

/// A file whose one mistake is in the module `m`.
fn module(inner: &str) -> String {
    format!("modules:\n  m: {{ {inner} }}\n")
}

fn http(inner: &str) -> String {
    module(&format!("prober: http, http: {{ {inner} }}"))
}

/// … in the probe `p`.
fn probe(inner: &str) -> String {
    format!("modules: {{ m: {{ prober: tcp }} }}\nprobes:\n  - {{ name: p, module: m, {inner} }}\n")
}

fn relabel(inner: &str) -> String {
    probe(&format!("targets: {{ static_configs: [{{ targets: [a:1] }}] }}, relabel_configs: [{{ {inner} }}]"))
}

/// … in the alert `A`, which has no `when` and no `steps` unless `inner` says them.
fn bare_alert(inner: &str) -> String {
    format!("{GOOD}alerts:\n  - {{ alert: A, probe: hosts, {inner} }}\n")
}

fn alert(inner: &str) -> String {
    bare_alert(&format!("when: target.failing, steps: [{{ page: /x.html }}], {inner}"))
}

fn steps(inner: &str) -> String {
    bare_alert(&format!("when: target.failing, runbook: /r.html, steps: [{inner}]"))
}

type Row = (String, &'static str, &'static str, &'static str);

fn row(text: impl Into<String>, spot: &'static str, said: &'static str, help: &'static str) -> Row {
    (text.into(), spot, said, help)
}

fn hold(rows: &[Row]) {
    let mut wrong = String::new();
    for (text, spot, said, help) in rows {
        let loaded = loaded(&[("probes.d/a.yaml", text)]);
        check(text, &loaded.complaints, (spot, said, help), &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn check(text: &str, told: &[Complaint], row: (&str, &str, &str), wrong: &mut String) {
    let fits = |it: &Complaint| {
        it.place.excerpt() == row.0
            && it.title.contains(row.1)
            && it.help.as_deref().unwrap_or_default().contains(row.2)
    };
    if told.len() != 1 || !fits(&told[0]) {
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        writeln!(wrong, "\n=== {text}\nwanted {row:?}, got:\n{}", told.join("\n")).unwrap();
    }
    for it in told {
        let sentence = |it: &str| !it.ends_with('.') && !it.starts_with(char::is_uppercase);
        if !sentence(&it.title) || !it.help.as_deref().is_none_or(sentence) {
            writeln!(wrong, "\n=== not in house style: {it}").unwrap();
        }
    }
}

/// Six lists, each of which says the one before it ten times.
fn bomb() -> String {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (before, name) in ('a'..).zip('b'..='f') {
        writeln!(text, "{name}: &{name} [{}]", vec![format!("*{before}"); 10].join(", ")).unwrap();
    }
    text
}

#[test]
fn aliases_do_not_blow_a_file_up() {
    let told = loaded(&[("probes.d/a.yaml", &bomb())]).complaints;
    assert!(told[0].title.contains("repeat more than 100000 values"), "{:?}", told[0]);
    assert_eq!(told[0].place.excerpt(), "*d");
}

#[test]
fn mistakes_of_the_writing_have_their_place_and_a_help() {
    hold(&[
        row("", "", "says nothing", "delete the file"),
        row("# only a comment\n", "#", "says nothing", "delete the file"),
        row("modules: {\n", "{", "not YAML", "bracket"),
        row("modules:\n\tm: x\n", "\t", "not YAML", "spaces"),
        row("modules: {}\nmodules: {}\n", "modules", "stands here twice", "line 1"),
        row("modules: {}\n---\nprobes: []\n", "---", "second document", "take `---` away"),
        row("modules: !!map {}\n", "!!map", "tag `!!map`", "take it away"),
        row("!!binary modules: {}\n", "!!binary", "tag `!!binary`", "take it away"),
        row("modules: *none\n", "*none", "no anchor", "before the first"),
        row("just text\n", "just text", "a map of keys", "`modules`"),
        row("modules: { <<: 5 }\n", "5", "merges maps", "anchor"),
        row("modules: { [a]: 1 }\n", "[a]", "cannot be a key", "quotes"),
        row("modul: {}\n", "modul", "unknown key", "`modules`"),
        row("modules: [m]\n", "[m]", "a map of names", "without `- `"),
        row("probes: { name: p }\n", "{ name: p }", "a list is wanted", "`- `"),
        row(format!("modules: {}1{}\n", "[".repeat(40), "]".repeat(40)), "[", "deep", "needs that"),
    ]);
}

fn text_rule(inner: &str) -> String {
    format!("text_rules:\n  - {{ name: r, runbook: /r.html, {inner} }}\n")
}

#[test]
fn mistakes_in_text_rules_have_their_place_and_a_help() {
    hold(&[
        row("text_rules:\n  - { name: r }\n", "name", "needs `steps`", "a list of rows"),
        row("text_rules:\n  - { steps: [{ page: /x.html }] }\n", "steps", "needs `name`", "a name"),
        row(text_rule("stepps: [], steps: [{ step: a }]"), "stepps", "unknown key", "`steps`"),
        row(
            text_rule("steps: [{ when: text.contain('x'), step: a }]"),
            "contain",
            "no function",
            "`contains`",
        ),
        row(text_rule("steps: [{ when: target.failing, step: a }]"), "target", "cannot stand", "`text`"),
        row(
            text_rule("steps: [{ when: \"fields.regoin == ''\", step: a }]"),
            "regoin",
            "no field",
            "`region`",
        ),
        row(
            text_rule("steps: [{ when: \"text.matches('(')\", step: a }]"),
            "'('",
            "no regular expression",
            "look like",
        ),
        row(text_rule("steps: [{ step: a, call: '{{ labels.x }}' }]"), "labels", "cannot stand", "`text`"),
        row(text_rule("steps: [{ step: a }], escalate: [{ call: x }]"), "call", "points nowhere", "`page:`"),
        row(text_rule("steps: [{ step: a, note: [x] }]"), "[x]", "a text is wanted", "quotes"),
        row(text_rule("steps: [{ step: a }, { step: b }]"), "step", "never chosen", "put it last"),
        row(text_rule("steps: [{ step: a }], before: [{ step: b, call: x }]"), "call", "unknown key", "has"),
        row(
            text_rule("labels: { a: '{{ fields.regoin }}' }, steps: [{ step: a }]"),
            "regoin",
            "no field",
            "`region`",
        ),
        row(
            text_rule("annotations: { a: '{{ target.status }}' }, steps: [{ step: a }]"),
            "target",
            "cannot stand",
            "`text`",
        ),
        row(text_rule("labels: { a-b: x }, steps: [{ step: a }]"), "a-b", "", "a_b"),
        row(
            "text_rules: [{ name: r, steps: [{ step: a }] }]\n",
            "step",
            "the rule has no `runbook`",
            "in the rule",
        ),
        row(
            format!("{}  - {{ name: r, steps: [{{ page: /x.html }}] }}\n", text_rule("steps: [{ step: a }]")),
            "r",
            "a rule over texts `r` already",
            "rename",
        ),
        row(alert("text_rules: deploi"), "deploi", "no rule over texts `deploi`", "add one"),
    ]);
}

#[test]
fn mistakes_in_modules_have_their_place_and_a_help() {
    hold(&[
        row(module("timeout: 5s"), "timeout", "needs `prober`", "path or query"),
        row(module("prober: gopher"), "gopher", "prober `gopher` is not known", "`path` and `query`"),
        row(module("prober: htpp"), "htpp", "not known", "did you mean `http`?"),
        row(module("prober: path, path: { protocol: udp }"), "udp", "no path is traced", "`icmp`"),
        row(module("prober: path, path: { hops_max: 0 }"), "0", "not a number", "from 1 to 255"),
        row(module("prober: path, path: { counts: 5 }"), "counts", "unknown key", "`count`"),
        row(module("prober: path, path: { source_ip_address: here }"), "here", "is no address", "IPv6"),
        row(module("prober: tcp, timeout: 10"), "10", "has no unit", "`10s`"),
        row(module("prober: tcp, timeout: 1M"), "1M", "is a month", "minute"),
        row(module("prober: tcp, timeout: 2years"), "2years", "is a year", "365d"),
        row(module("prober: tcp, timeout: 5S"), "5S", "no duration", "`1m30s`"),
        row(module("prober: tcp, timeout: -5s"), "-5s", "no duration", "`1m30s`"),
        row(module("prober: tcp, timeout: 2h"), "2h", "too long", "1h"),
        row(module("prober: tcp, timeout: [5s]"), "[5s]", "a text is wanted", "quotes"),
        row(module("prober: tcp, patience: 5s"), "5s", "ends before the timeout", "10s"),
        row(module("prober: tcp, connect_timeout: 11s"), "11s", "longer than the timeout", "10s"),
        row(module("prober: tcp, timeuot: 5s"), "timeuot", "unknown key", "`timeout`"),
    ]);
}

#[test]
fn mistakes_in_requests_have_their_place_and_a_help() {
    hold(&[
        row(http("method: 'G T'"), "'G T'", "no method", "`GET`"),
        row(http("valid_status_codes: [20]"), "20", "not a number", "100 to 999"),
        row(http("valid_status_codes: ['200']"), "'200'", "not a number", "without quotes"),
        row(http("valid_status_codes: 200"), "200", "a list is wanted", "`[200]`"),
        row(http("valid_http_versions: [HTTP/2]"), "HTTP/2", "no answer is ever", "`HTTP/2.0`"),
        row(http("follow_redirects: 'true'"), "'true'", "neither true nor false", "without quotes"),
        row(http("fail_if_body_matches_regexp: ['a(b']"), "(", "unclosed group", "no look-around"),
        row(http("fail_if_body_matches_regexp: [\"a\\\\d(?=b)\"]"), "(?=", "look-ahead", "no look-around"),
        row(http("fail_if_header_matches: [{ regexp: x }]"), "regexp", "needs `header`", "header's name"),
        row(http("fail_if_header_matches: [{ header: x }]"), "header", "needs `regexp`", "a pattern"),
        row(http("headers: { 'a b': x }"), "'a b'", "no header's name", "letters"),
        row(http("compression: zstd"), "zstd", "no encoding", "`br`"),
        row(
            http("compression: gzip, headers: { accept-encoding: deflate }"),
            "deflate",
            "does not ask",
            "take the header away",
        ),
        row(http("compression: gzip, headers: [x]"), "[x]", "a map of names", "without `- `"),
        row(http("body_size_limit: 10kB"), "10kB", "no size", "`10MB`"),
        row(http("body: x, body_file: y"), "body_file", "say the same", "keep one"),
        row(http("fail_if_body_json_matches_cel: 'body.a =='"), "=", "ends too early", "body.status"),
        row(http("fail_if_body_json_matches_cel: ''"), "", "is missing", "body.status"),
        row(http("fail_if_body_json_not_matches_cel: 'body.a && boby.b'"), "boby", "there is no", "`body`"),
        row(http("enable_http3: true"), "enable_http3", "both asked for", "enable_http2: false"),
        row(http("valid_http_versions: [HTTP/3.0]"), "HTTP/3.0", "not asked for", "enable_http3"),
        row(http("no_proxy: a"), "no_proxy", "exception from", "proxy_url"),
        row(http("proxy_url: 'http://p', proxy_from_environment: true"), "proxy_url", "two proxies", "keep"),
        row(http("proxy_url: 'p:3128'"), "'p:3128'", "no proxy's URL", "http://host:port"),
        row(http("proxy_connect_header: { A: [b] }"), "proxy_connect_header", "no proxy", "proxy_url"),
        row(http("preferred_ip_protocol: ipv4"), "ipv4", "no family", "`ip4`"),
        row(http("fail_if_ssl: true, fail_if_not_ssl: true"), "fail_if_not_ssl", "every answer", "keep one"),
        row(http("bearer_token: x, basic_auth: { username: u }"), "bearer_token", "given twice", "keep"),
        row(
            http("basic_auth: { username: u, password: p, password_file: f }"),
            "password_file",
            "say the same",
            "keep one",
        ),
        row(
            http("authorization: { type: Basic, credentials: x }"),
            "Basic",
            "section of its own",
            "basic_auth",
        ),
        row(http("authorization: { type: Token }"), "type", "no credentials", "credentials_file"),
        row(http("tls_config: { cert_file: c }"), "cert_file", "without its key", "key_file"),
        row(http("tls_config: { max_version: TLS11 }"), "TLS11", "no version", "`TLS12`"),
        row(
            http("tls_config: { min_version: TLS13, max_version: TLS12 }"),
            "TLS12",
            "no version of TLS is left",
            "at least",
        ),
        row(http("http_headers: { Host: { values: [x] } }"), "Host", "cannot be set", "client"),
    ]);
}

#[test]
fn mistakes_in_questions_to_name_servers_have_their_place_and_a_help() {
    hold(&[
        row(module("prober: dns, dns: { query_type: A }"), "query_type", "needs `query_name`", "a name"),
        row(module("prober: dns, dns: { query_name: '' }"), "''", "no name", "the root"),
        row(
            module("prober: dns, dns: { query_name: a..b }"),
            "a..b",
            "a part of it is empty",
            "www.example.com",
        ),
        row(module("prober: dns, dns: { query_name: a, query_type: aaaa }"), "aaaa", "no type", "`AAAA`"),
        row(module("prober: dns, dns: { query_name: a, query_type: NOSUCH }"), "NOSUCH", "no type", ""),
        row(module("prober: dns, dns: { query_name: a, query_class: in }"), "in", "no class", "`IN`"),
        row(
            module("prober: dns, dns: { query_name: a, valid_rcodes: [NOERR] }"),
            "NOERR",
            "no code",
            "`NOERROR`",
        ),
        row(
            module("prober: dns, dns: { query_name: a, transport_protocol: quic }"),
            "quic",
            "travels",
            "`tcp`",
        ),
        row(
            module("prober: dns, dns: { query_name: a, dns_over_tls: true }"),
            "dns_over_tls",
            "wants a connection",
            "`transport_protocol: tcp`",
        ),
        row(
            module(
                "prober: dns, dns: { query_name: a, validate_answer_rrs: { fail_if_matches_regexp: ['a(b'] } }",
            ),
            "(",
            "cannot be read",
            "",
        ),
        row(
            module(
                "prober: dns, dns: { query_name: a, validate_answer_rrs: { fail_if_all_match_regexp: [x] } }",
            ),
            "fail_if_all_match_regexp",
            "passes where all do",
            "fail_if_not_matches_regexp",
        ),
        row(module("prober: icmp, icmp: { ttl: 256 }"), "256", "", "255"),
        row(module("prober: icmp, icmp: { payload_size: 65508 }"), "65508", "", "65507"),
    ]);
}

#[test]
fn mistakes_in_scrapes_and_conversations_have_their_place_and_a_help() {
    hold(&[
        row(module("prober: metrics, http: { method: POST }"), "method", "cannot be used", "`prober: http`"),
        row(module("prober: http, metrics: {}"), "metrics", "does not read", "`prober: metrics`"),
        row(module("prober: metrics, metrics: { sample_limit: -1 }"), "-1", "not a number", "0 on"),
        row(
            module("prober: metrics, metrics: { fallback_scrape_protocol: text }"),
            "text",
            "no format",
            "PrometheusText0.0.4",
        ),
        row(module("prober: tcp, tcp: { source_ip_address: localhost }"), "localhost", "no address", "IPv4"),
        row(module("prober: query"), "prober", "needs `query`", "a map"),
        row(module("prober: query, query: { by: [a] }"), "by", "needs `promql`", "PromQL"),
        row(module("prober: query, query: { promql: '  ' }"), "'  '", "no question", "`up == 0`"),
        row(module("prober: query, query: { promql: up, by: [a b] }"), "a b", "not a label name", "`a_b`"),
        row(
            module("prober: query, query: { promql: up, on_empty: good }"),
            "good",
            "nothing that an empty answer says",
            "`healthy`, `failing` or `unknown`",
        ),
        row(
            module("prober: tcp, tcp: { query_response: [{ expect: y, expect_bytes: x }] }"),
            "expect_bytes",
            "say the same",
            "keep one",
        ),
        row(
            module("prober: tcp, tcp: { query_response: [{ expect_bytes: !!binary 'a?==' }] }"),
            "'a?=='",
            "not base64",
            "four by four",
        ),
        row(
            module("prober: tcp, tcp: { query_response: [{ expect: !!binary YQ== }] }"),
            "!!binary",
            "tag `!!binary` is not taken",
            "take it away",
        ),
        row(
            module("prober: tcp, tcp: { query_response: [{ expect: '[a-\\d]' }] }"),
            "\\d",
            "pattern cannot be read",
            "Go and Rust",
        ),
        row(
            module("prober: tcp, tcp: { query_response: [{ labels: [{ name: a }] }] }"),
            "labels",
            "none is expected",
            "`expect:`",
        ),
        row(
            module("prober: tcp, tcp: { query_response: [{ expect: a, labels: [{ name: a-b }] }] }"),
            "a-b",
            "not a label name",
            "`a_b`",
        ),
        row(
            module("prober: tls, tls: { query_response: [{ starttls: true }, { send: a }] }"),
            "query_response",
            "nothing else of it",
            "in its last entry",
        ),
        row(
            module("prober: unix, unix: { source_ip_address: ::1 }"),
            "source_ip_address",
            "unknown key",
            "`tls`",
        ),
    ]);
}

#[test]
fn mistakes_in_probes_have_their_place_and_a_help() {
    let targets = "targets: { static_configs: [{ targets: [a:1] }] }";
    hold(&[
        row(probe("intreval: 5s, targets: { static_configs: [] }"), "intreval", "unknown key", "`interval`"),
        row(probe(&format!("interval: 0s, {targets}")), "0s", "too short", "100ms"),
        row(probe(&format!("interval: 5s, {targets}")), "5s", "shorter than the timeout", "longer"),
        row(probe(&format!("control: perhaps, {targets}")), "perhaps", "neither true nor false", "`true`"),
        row(probe("interval: 1m"), "name", "asks nobody", "`static_configs`"),
        row(
            "modules: { m: { prober: query, query: { promql: up } } }\nprobes: [{ name: p, module: m, targets: {} }]\n"
                .to_owned(),
            "targets",
            "no targets of its own",
            "take this away",
        ),
        row(
            probe("targets: { static_configs: [{ labels: { a: b } }] }"),
            "labels",
            "needs `targets`",
            "addresses",
        ),
        row(
            probe("targets: { static_configs: [{ targets: [a:1], labels: { a-b: c } }] }"),
            "a-b",
            "not a label name",
            "`a_b`",
        ),
        row(probe("targets: { file_sd_configs: [{ files: [x.txt] }] }"), "x.txt", "unknown format", ".yaml"),
        row(
            probe("targets: { file_sd_configs: [{ files: ['x[.yaml'] }] }"),
            "[.yaml",
            "cannot be read",
            "`*`",
        ),
        row(
            probe("targets: { http_sd_configs: [] }"),
            "http_sd_configs",
            "cannot be used",
            "file_sd_configs",
        ),
        row(
            "probes: [{ name: p, module: pnig, targets: { static_configs: [] } }]\nmodules: { ping: { prober: tcp } }",
            "pnig",
            "no module `pnig`",
            "`ping`",
        ),
        row(
            "probes: [{ name: p, module: x, targets: { static_configs: [] } }]",
            "x",
            "no module `x`",
            "add one",
        ),
        row(
            format!("{GOOD}  - {{ name: hosts, module: ping, {targets} }}\n"),
            "hosts",
            "already",
            "probes.d/a.yaml:4",
        ),
        row(relabel("action: relpace"), "relpace", "no action", "`replace`"),
        row(relabel("action: hashmod, target_label: a"), "action", "needs `modulus`", "a number"),
        row(relabel("source_labels: [a]"), "source_labels", "needs `target_label`", "write `target_label:`"),
        row(relabel("target_label: a-b"), "a-b", "not a label name", "`a_b`"),
        row(relabel("target_label: a, regex: '(a'"), "(", "unclosed group", "no look-around"),
        row(relabel("target_label: a, source_labels: a"), "a", "a list is wanted", "`[a]`"),
    ]);
}

#[test]
fn mistakes_in_alerts_have_their_place_and_a_help() {
    let row_of_alert = "when: target.failing, steps: [{ page: /x.html }]";
    hold(&[
        row(bare_alert("steps: [{ page: /x.html }]"), "alert", "needs `when`", "a condition"),
        row(bare_alert("when: target.failing"), "A", "points nowhere", "`steps:`"),
        row(
            format!("{GOOD}alerts: [{{ alert: A, probe: host, {row_of_alert} }}]"),
            "host",
            "no probe `host`",
            "`hosts`",
        ),
        row(
            format!("{GOOD}alerts: [{{ alert: 'A{{{{ labels.x }}}}', probe: hosts, {row_of_alert} }}]"),
            "'A{{ labels.x }}'",
            "no template",
            "a label",
        ),
        row(
            format!("{GOOD}alerts: [{{ alert: Watchdog, probe: hosts, {row_of_alert} }}]"),
            "Watchdog",
            "prober itself",
            "another name",
        ),
        row(
            bare_alert("when: 'target.fialing', steps: [{ page: /x.html }]"),
            "fialing",
            "no field",
            "`failing`",
        ),
        row(
            bare_alert("when: \"target.failing &&\\n  scope.host.failing > 1\", steps: [{ page: /x.html }]"),
            "host",
            "no scope",
            "`scopes:`",
        ),
    ]);
}

#[test]
fn a_mistake_inside_a_text_is_shown_there_however_the_text_is_written() {
    let written = |when: &str| {
        let rest = "when: target.failing\n    steps: [{ page: /x.html }]";
        format!("{GOOD}alerts:\n  - alert: A\n    probe: hosts\n    {}", rest.replace("target.failing", when))
    };
    let columns = [
        ("target.failing && target.fialing", (10, 36)),
        ("'labels.a == ''b'' && target.fialing'", (10, 40)),
        ("\"labels.a == \\\"b\\\" && target.fialing\"", (10, 40)),
        ("|\n      target.failing &&\n      target.fialing", (12, 14)),
        (">-\n      target.failing &&\n      target.fialing", (12, 14)),
        (">-\n      target.failing &&\n      (target.fialing || target.fialing)", (11, 7)),
        ("target.failing\n      && target.fialing", (11, 17)),
    ];
    for (when, expected) in columns {
        let told = loaded(&[("probes.d/a.yaml", &written(when))]).complaints;
        let place = &told[0].place;
        assert_eq!((place.line(), place.column()), expected, "{}", told[0]);
    }
}

#[test]
fn of_very_many_mistakes_the_first_are_told() {
    let mut text = String::new();
    for number in 0..2000 {
        writeln!(text, "key{number}: x").unwrap();
    }
    let told = loaded(&[("probes.d/a.yaml", &text)]).complaints;
    assert_eq!(told.len(), 501);
    assert_eq!((told[500].level, &*told[500].title), (Level::Error, "this and 1499 more below it"));
}

#[test]
fn carriage_returns_and_a_byte_order_mark_do_no_harm() {
    let text = format!("\u{feff}{}", GOOD.replace('\n', "\r\n").replace("tcp", "tpc"));
    let told = loaded(&[("probes.d/a.yaml", &text)]).complaints;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].place.line(), told[0].place.excerpt()), (2, "tpc"));
}

#[test]
fn mistakes_in_what_an_alert_says_and_asks_have_their_place_and_a_help() {
    hold(&[
        row(alert("labels: { alertname: x }"), "alertname", "no label to set", "alert:"),
        row(alert("labels: { __x: y }"), "__x", "nobody sees", "underscores"),
        row(alert("labels: { a: '{{ target.cause }}' }"), "target", "", "label"),
        row(alert("annotations: { a: '{{ labels.x' }"), "{{", "no end", "}}"),
        row(alert("annotations: { a-b: x }"), "a-b", "not a label name", "`a_b`"),
        row(alert("scopes: [a]"), "[a]", "a map of names", "without `- `"),
        row(alert("scopes: { a-b: {} }"), "a-b", "cannot say the name", "letters"),
        row(alert("scopes: { a: { by: zone } }"), "zone", "a list is wanted", "`[zone]`"),
        row(alert("scopes: { a: { probe: hots } }"), "hots", "probe `hots`", "hosts"),
        row(alert("scopes: { a: { failing_when: scope.a.failing > 1 } }"), "scope", "", "target"),
        row(alert("checks: { c: { module: pnig } }"), "pnig", "no module", "`ping`"),
        row(alert("checks: { c: { module: ping, per: host } }"), "host", "no scope `host`", "scopes:"),
        row(
            alert("scopes: { hosts: {} }, checks: { c: { module: ping, per: host } }"),
            "host",
            "no scope `host`",
            "`hosts`",
        ),
        row(alert("checks: { c: { module: ping, via: other:1 } }"), "other:1", "no URL", "https://"),
        row(
            alert("facts: { far: target.fialing }, annotations: { a: '{{ facts.far }}' }"),
            "fialing",
            "no field",
            "`failing`",
        ),
        row(
            alert("annotations: { a: '{{ facts.far }}' }, facts: { fra: target.failing }"),
            "far",
            "no fact",
            "`fra`",
        ),
        row(alert("facts: { far: }"), "", "a text is missing", "write one"),
        row(alert("queries: { q: }"), "q", "asks nothing", "PromQL"),
    ]);
}

#[test]
fn mistakes_in_what_an_alert_says_of_its_group_have_their_place_and_a_help() {
    let group = |inner: &str| bare_alert(&format!("when: 'true', steps: [{{ page: /x.html }}], {inner}"));
    hold(&[
        row(alert("group_by: [region]"), "target", "about no single target", "targets.exists"),
        row(group("group_by: [a b]"), "a b", "not a label name", "`a_b`"),
        row(alert("join: { up: { probe: p, on: [] } }"), "join", "fires for groups", "`group_by:`"),
        row(alert("members: { first: 3 }"), "members", "fires for groups", "`group_by:`"),
        row(alert("ignore_when: firing('Watchdog')"), "firing", "where a scope counts", "nothing else"),
        row(alert("ignore_when: target.fialing"), "fialing", "no field", "`failing`"),
        row(group("group_by: [region], join: { up: { on: [] } }"), "on", "needs `probe`", "a probe's name"),
        row(
            group("group_by: [region], join: { up: { probe: p } }"),
            "probe",
            "needs `on`",
            "a list of labels",
        ),
        row(group("group_by: [region], join: { up: { probe: q, on: [] } }"), "q", "no probe `q`", "`hosts`"),
        row(group("group_by: [region], members: { first: 0 }"), "0", "number", "100"),
        row(
            group("group_by: [region], members: { order_by: ['target.joined.up.failing'] }"),
            "up",
            "no join `up`",
            "under `join:`",
        ),
        row(
            group("group_by: [region], members: { show: '{{ scope.all.failing }}' }"),
            "scope",
            "where one member is told",
            "nothing else",
        ),
        row(
            group("group_by: [region], checks: { c: { module: ping } }"),
            "checks",
            "about one target",
            "without",
        ),
        row(
            group("group_by: [region], scopes: { s: { by: [zone] } }"),
            "zone",
            "may differ in `zone`",
            "add `zone`",
        ),
        row(
            group("group_by: [region], labels: { z: '{{ labels.zone }}' }"),
            "zone",
            "the group has no label `zone`",
            "it.labels.zone",
        ),
        row(
            group("group_by: [region], queries: { q: '{{ labels.regoin }}' }"),
            "regoin",
            "no label",
            "`region`",
        ),
        row(
            group("group_by: [region], annotations: { a: \"{{ size(members('q')) }}\" }"),
            "\"{{ size(members('q')) }}\"",
            "no probe `q`",
            "`hosts`",
        ),
        row(
            group("facts: { f: \"members('p').all(it, it.failing)\" }"),
            "members",
            "only an alert",
            "`target`",
        ),
        row(group("facts: { f: 'targets.all(it, it.failing)' }"), "targets", "only an alert", "`target`"),
    ]);
}

#[test]
fn mistakes_in_where_an_alert_points_have_their_place_and_a_help() {
    hold(&[
        row(alert("inhibited_by: [{ alert: A }]"), "A", "hold itself back", "needless"),
        row(alert("inhibited_by: [{ alert: Watchdgo }]"), "Watchdgo", "no file here", "`Watchdog`"),
        row(alert("for: 1"), "1", "has no unit", "`1s`"),
        row(alert("runbook: /a/../b.html"), "/a/../b.html", "names no page", "/armada/page.html"),
        row(alert("before: [{ when: target.failing }]"), "when", "points nowhere", "`page:`"),
        row(alert("before: [{ step: x }]"), "step", "no `runbook`", "`runbook:`"),
        row(steps("{ step: a }, { when: target.failing, step: b }"), "when", "never chosen", "put it last"),
        row(steps("{ step: a, page: /x.html }"), "step", "to a `page` or to a `step`", "#anchor"),
        row(steps("{ step: a, also: ['a b'] }"), "'a b'", "names no place", "anchor"),
        row(steps("{ step: a, also: /x.html }"), "/x.html", "a list is wanted", "`[/x.html]`"),
        row(steps("{ step: 'a b' }"), "'a b'", "names no place", "anchor"),
        row(
            steps("{ when: 'target.status == ', step: a }, { step: b }"),
            " ",
            "ends too early",
            "target.failing",
        ),
        row(
            steps("{ when: \"firing('Chek', {})\", step: a }, { step: b }"),
            "'Chek'",
            "no file here",
            "Alertmanager",
        ),
        row(
            "alerts: [{ alert: A, probe: p, when: target.failing, steps: [{ page: /x.html }] }]",
            "p",
            "no probe `p`",
            "add one",
        ),
    ]);
}

#[test]
fn mistakes_in_the_settings_have_their_place_and_a_help() {
    let rows = [
        row("alertmanagers: [{ url: am:9093 }]", "am:9093", "no URL", "http://"),
        row("alertmanagers: [{ timeout: 1s }]", "timeout", "no address", "`url: http"),
        row("alertmanagers: [{ url: 'http://a', api_version: v1 }]", "v1", "version 2", "`v2`"),
        row(
            "alertmanagers: [{ scheme: ftp, static_configs: [{ targets: [a:1] }] }]",
            "ftp",
            "no scheme",
            "https",
        ),
        row(
            "prometheus: { static_configs: [{ targets: [a:1, b:1] }] }",
            "{ static_configs: [{ targets: [a:1, b:1] }] }",
            "several",
            "one of them",
        ),
        row("external_labels: { 'a b': c }", "'a b'", "not a label name", "`a_b`"),
        row("resend_interval: 10ms", "10ms", "too short", "1s"),
        row("webhooks: [x]", "webhooks", "cannot be used", "not built yet"),
        row("storage: { path: x }", "storage", "cannot be used", "--storage.path"),
        row("limits: { x: 1 }", "limits", "cannot be used", "yet"),
        row("runbok: { dir: x }", "runbok", "unknown key", "`runbook`"),
    ];
    let mut wrong = String::new();
    for (text, spot, said, help) in &rows {
        let read = settings(Some(&source("fingerpost.yaml", text)), &Overrides::default());
        assert!(read.settings.is_none(), "{text}");
        check(text, &read.complaints, (spot, said, help), &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}
