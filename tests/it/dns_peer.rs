//! The dns prober against a real unbound: modules as people write them, and what they are told.

use std::sync::Arc;
use std::time::Duration;

use fingerpost::cause::{Cause, Verdict, judge};
use fingerpost::config::{self, LastGood, Source};
use fingerpost::dial::Dialer;
use fingerpost::dns::Section;
use fingerpost::labels::Labels;
use fingerpost::outcome::{DnsAnswer, Outcome, Phase};
use fingerpost::spec::Module;
use fingerpost::target::Target;

use crate::peer::unbound::Unbound;

const ZONES: &str = r#"
  local-zone: "example.test." static
  local-data: "example.test. 3600 IN SOA ns.example.test. host.example.test. 2026112101 7200 3600 1209600 300"
  local-data: "example.test. 3600 IN NS ns.example.test."
  local-data: "example.test. 3600 IN MX 10 mx.example.test."
  local-data: "www.example.test. 60 IN A 192.0.2.1"
  local-data: "www.example.test. 60 IN A 192.0.2.2"
  local-data: "www.example.test. 60 IN AAAA 2001:db8::1"
  local-data: 'txt.example.test. 60 IN TXT "v=spf1 -all" "a;b"'
  local-data: "_sip._tcp.example.test. 60 IN SRV 1 2 5060 sip.example.test."
  local-data: 'ca.example.test. 60 IN CAA 0 issue "ca.example"'
  local-data: "key.example.test. 60 IN DS 12345 8 2 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE1C6C6E7A7D4B8D6F7A5E3F2C"
  local-data: 'svc.example.test. 60 IN HTTPS 1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1'
  local-data: "_443._tcp.example.test. 60 IN TLSA 3 1 1 0d6fce3ab03d7ddc4b9c9f3ee1f2d3a4b5c6d7e8f90a1b2c3d4e5f60718293a4"
  local-data: 'naptr.example.test. 60 IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.test!" .'
  local-data: "1.2.0.192.in-addr.arpa. 60 IN PTR www.example.test."
  local-data: "alias.example.test. 60 IN CNAME www.example.test."
  local-zone: "gone.test." always_nxdomain
  local-zone: "closed.test." always_refuse
  local-zone: "mute.test." always_deny
  local-zone: "." always_refuse
"#;

/// The module of a file with these lines below `dns:`.
fn module(lines: &str) -> Arc<Module> {
    let head =
        "modules:\n  m:\n    prober: dns\n    timeout: 5s\n    dns:\n      preferred_ip_protocol: ip4\n";
    let lines = lines.trim().replace('\n', "\n      ");
    only_module(&format!("{head}      {lines}\n"))
}

/// The one module of a file that has nothing to complain of.
pub(crate) fn only_module(text: &str) -> Arc<Module> {
    let source = Source { name: "probes.d/file.yaml".into(), text: Ok(text.into()) };
    let loaded = config::load(&[source], &LastGood::default());
    assert!(loaded.complaints.is_empty(), "{:?}", loaded.complaints);
    Arc::clone(loaded.config.modules.values().next().expect("the file has a module"))
}

/// What asking `target` as `module` says shows, and what that means.
pub(crate) fn ask(module: &Module, target: &str) -> (Verdict, Outcome) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let target = Target::new(target, &Labels::default());
    let outcome = runtime.block_on(async {
        let dialer = Dialer::asking(&[]);
        fingerpost::probe::ask(&dialer, module, &target).await.0
    });
    (judge(module, &outcome), outcome)
}

fn answer(outcome: &Outcome) -> &DnsAnswer {
    outcome.dns.as_ref().and_then(|it| it.answer.as_ref()).expect("an answer came")
}

#[test]
fn records_of_a_real_server_are_written_as_the_exporter_has_them() {
    let Some(unbound) = Unbound::start(ZONES) else { return };
    for (name, record_type, expected) in [
        (
            "example.test",
            "SOA",
            "example.test.\t3600\tIN\tSOA\tns.example.test. host.example.test. 2026112101 7200 3600 1209600 300",
        ),
        ("example.test", "MX", "example.test.\t3600\tIN\tMX\t10 mx.example.test."),
        ("example.test", "NS", "example.test.\t3600\tIN\tNS\tns.example.test."),
        ("www.example.test", "AAAA", "www.example.test.\t60\tIN\tAAAA\t2001:db8::1"),
        ("txt.example.test", "TXT", "txt.example.test.\t60\tIN\tTXT\t\"v=spf1 -all\" \"a;b\""),
        ("_sip._tcp.example.test", "SRV", "_sip._tcp.example.test.\t60\tIN\tSRV\t1 2 5060 sip.example.test."),
        ("ca.example.test", "CAA", "ca.example.test.\t60\tIN\tCAA\t0 issue \"ca.example\""),
        (
            "key.example.test",
            "DS",
            "key.example.test.\t60\tIN\tDS\t12345 8 2 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE1C6C6E7A7D4B8D6F7A5E3F2C",
        ),
        (
            "svc.example.test",
            "HTTPS",
            "svc.example.test.\t60\tIN\tHTTPS\t1 . alpn=\"h2,h3\" port=\"8443\" ipv4hint=\"192.0.2.1\"",
        ),
        (
            "_443._tcp.example.test",
            "TLSA",
            "_443._tcp.example.test.\t60\tIN\tTLSA\t3 1 1 0d6fce3ab03d7ddc4b9c9f3ee1f2d3a4b5c6d7e8f90a1b2c3d4e5f60718293a4",
        ),
        (
            "naptr.example.test",
            "NAPTR",
            "naptr.example.test.\t60\tIN\tNAPTR\t100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:info@example.test!\" .",
        ),
        ("1.2.0.192.in-addr.arpa", "PTR", "1.2.0.192.in-addr.arpa.\t60\tIN\tPTR\twww.example.test."),
        ("alias.example.test", "CNAME", "alias.example.test.\t60\tIN\tCNAME\twww.example.test."),
    ] {
        let module = module(&format!("query_name: {name}\nquery_type: {record_type}"));
        let (verdict, outcome) = ask(&module, &unbound.address.to_string());
        assert_eq!(verdict, Verdict::Success, "{name} {record_type}: {outcome:?}");
        assert_eq!(answer(&outcome).section(Section::Answer).first, [expected]);
    }
}

#[test]
fn each_answer_of_a_real_server_has_its_cause() {
    let Some(unbound) = Unbound::start(ZONES) else { return };
    let www = "query_name: www.example.test\nquery_type: A\n";
    for (lines, cause) in [
        ("query_name: gone.test".to_owned(), "dns_rcode"),
        ("query_name: gone.test\nvalid_rcodes: [NOERROR, NXDOMAIN]".to_owned(), ""),
        ("query_name: closed.test".to_owned(), "dns_rcode"),
        ("query_name: closed.test\nvalid_rcodes: [REFUSED]".to_owned(), ""),
        (
            format!("{www}validate_answer_rrs: {{ fail_if_not_matches_regexp: ['\\t192\\.0\\.2\\.[12]$'] }}"),
            "",
        ),
        (
            format!("{www}validate_answer_rrs: {{ fail_if_not_matches_regexp: ['192\\.0\\.2\\.1'] }}"),
            "dns_answer_mismatch",
        ),
        (format!("{www}validate_answer_rrs: {{ fail_if_none_matches_regexp: ['192\\.0\\.2\\.1'] }}"), ""),
        (
            format!("{www}validate_answer_rrs: {{ fail_if_matches_regexp: ['192\\.0\\.2\\.1'] }}"),
            "dns_answer_mismatch",
        ),
        (
            format!("{www}validate_additional_rrs: {{ fail_if_none_matches_regexp: ['.*'] }}"),
            "dns_answer_mismatch",
        ),
        (
            "query_name: none.example.test\nquery_type: A\nvalid_rcodes: [NXDOMAIN]\n\
             validate_authority_rrs: { fail_if_not_matches_regexp: [SOA] }"
                .to_owned(),
            "",
        ),
    ] {
        for transport in ["udp", "tcp"] {
            let module = module(&format!("transport_protocol: {transport}\n{lines}"));
            let (verdict, outcome) = ask(&module, &unbound.address.to_string());
            assert_eq!(verdict.cause_name(), cause, "{transport} {lines}: {outcome:?}");
        }
    }
}

#[test]
fn a_server_that_says_nothing_costs_the_timeout_and_no_more() {
    let Some(unbound) = Unbound::start(ZONES) else { return };
    let module = module("query_name: mute.test");
    let short = Duration::from_millis(200);
    let module = Module { timeout: short, patience: short, ..Module::clone(&module) };
    let (verdict, _) = ask(&module, &unbound.address.to_string());
    assert_eq!(verdict, Verdict::Failure(Cause::DeadlineExceeded, Phase::Processing));
}

#[test]
fn the_zone_s_serial_is_told_where_its_start_is_asked_for() {
    let Some(unbound) = Unbound::start(ZONES) else { return };
    let (_, outcome) =
        ask(&module("query_name: example.test\nquery_type: SOA"), &unbound.address.to_string());
    assert_eq!(answer(&outcome).serial, Some(2_026_112_101));
}

#[test]
fn a_real_server_is_asked_within_tls_and_only_where_its_certificate_is_trusted() {
    let Some(unbound) = Unbound::start(ZONES) else { return };
    let lines = "query_name: www.example.test\nquery_type: A\ntransport_protocol: tcp\ndns_over_tls: true\n";
    let (verdict, outcome) = ask(&module(lines), &unbound.tls.to_string());
    assert_eq!(verdict.cause_name(), "certificate_untrusted", "{outcome:?}");
    let pem = unbound.certificate.trim().replace('\n', "\n    ");
    let (verdict, outcome) =
        ask(&module(&format!("{lines}tls_config:\n  ca: |\n    {pem}")), &unbound.tls.to_string());
    assert_eq!(verdict, Verdict::Success, "{outcome:?}");
    assert!(outcome.tls.is_some_and(|it| it.verified));
}

#[test]
fn the_shipped_example_is_answered_by_a_real_server() {
    let Some(unbound) = Unbound::start(
        "  local-zone: \"example.com.\" static\n  \
         local-data: \"example.com. 60 IN SOA ns.example.com. host.example.com. 7 1 1 1 1\"\n",
    ) else {
        return;
    };
    let module = only_module(include_str!("../../docs/examples/dns.yaml"));
    let (verdict, outcome) = ask(&module, &unbound.address.to_string());
    assert_eq!(verdict, Verdict::Success, "{outcome:?}");
}
