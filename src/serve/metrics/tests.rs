use std::collections::BTreeSet;
use std::time::SystemTime;

use super::super::family::{Kind, families};
use super::super::sample::*;
use super::*;
use crate::cause::Judged;
use crate::labels::Labels;
use crate::outcome::{CertificateFacts, End, Fault, FaultKind, JsonMatch, Outcome, Phase, Serving};
use crate::spec::Prober;
use crate::target::Target;

fn page(targets: Vec<TargetStatus>) -> String {
    render(&Snapshot { targets, ..Snapshot::default() }, &OwnMetrics::new("0"))
}

/// The samples of that family, as they stand.
fn samples<'a>(page: &'a str, family: &str) -> Vec<&'a str> {
    let of_family = |line: &&str| line.strip_prefix(family).is_some_and(|rest| rest.starts_with(['{', ' ']));
    page.lines().filter(of_family).collect()
}

/// Everything that there can be, at least once.
fn full() -> (Snapshot, OwnMetrics) {
    let mut alerts = vec![alert(AlertState::Firing, "A", &[])];
    alerts.push(alert(AlertState::Pending, "A", &[]));
    let mut snapshot = Snapshot {
        targets: vec![
            target(http_module(), &[("job", "x")], Some(answer(200))),
            target(metrics_module(), &[("job", "y")], Some(answer(500))),
            target(tcp_module(), &[("job", "z")], Some(conversation(true))),
            target(http_module(), &[("job", "u")], Some(unknown())),
            target(grpc_module(), &[("job", "g")], Some(health(Serving::Serving))),
            target(websocket_module(), &[("job", "w")], Some(handshake(101))),
            target(json_module(), &[("job", "j")], Some(answer(200))),
            target(query_module(), &[("worker", "w1")], Some(answered(4.0))),
            target(dns_module(), &[("job", "d")], Some(records())),
            target(icmp_module(), &[("job", "i")], Some(echo())),
        ],
        alerts,
        ..Snapshot::default()
    };
    snapshot.counters.steps.insert(("A".into(), "http-404-actions".into()), 3);
    snapshot.counters.expression_errors.insert("A".into(), 1);
    snapshot.counters.missed.insert("p".into(), 2);
    let own = OwnMetrics::new("1.2.3");
    own.attempt("p", &Judged::new(&http_module(), answer(200)));
    own.attempt_started(std::time::Duration::from_millis(2));
    own.reloaded(hour());
    own.files([("10-scrape.yaml", true)]);
    own.targets_left_out([("scrape", 1)]);
    own.notifications.with_label_values(&["alertmanager-0", "delivered"]).inc();
    (snapshot, own)
}

#[test]
fn every_family_of_the_page_has_a_row_and_every_row_is_on_the_page() {
    let (snapshot, own) = full();
    let page = render(&snapshot, &own);
    let shown: BTreeSet<(&str, &str)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .filter(|(name, _)| !name.starts_with("process_"))
        .collect();
    assert_eq!(shown, families().map(|it| (it.name, it.kind.name())).collect());
    for it in families() {
        let suffix = if it.kind == Kind::Histogram { "_count" } else { "" };
        let samples = samples(&page, &format!("{}{suffix}", it.name));
        assert!(!samples.is_empty(), "{} has no sample", it.name);
        for label in it.labels {
            assert!(samples[0].contains(&format!("{label}=\"")), "{} lacks {label}", samples[0]);
        }
        assert!(page.contains(&format!("# HELP {} {}\n", it.name, it.help)));
    }
    assert!(page.contains("process_open_fds"));
}

#[test]
fn an_answer_is_shown_by_the_exporters_names() {
    let page = page(vec![target(http_module(), &[("job", "x")], Some(answer(404)))]);
    for (family, expected) in [
        ("probe_success", "0"),
        ("probe_unknown", "0"),
        ("probe_duration_seconds", "2.5"),
        ("probe_timeout_seconds", "10"),
        ("probe_deadline_ratio", "0.25"),
        ("probe_dns_lookup_time_seconds", "0.5"),
        ("probe_ip_protocol", "4"),
        // FNV-1a of 7f 00 00 01.
        ("probe_ip_addr_hash", "3668918509"),
        ("probe_http_status_code", "404"),
        ("probe_http_content_length", "-1"),
        ("probe_http_uncompressed_body_length", "12"),
        ("probe_http_redirects", "1"),
        ("probe_http_ssl", "1"),
        ("probe_http_version", "1.1"),
        ("probe_http_last_modified_timestamp_seconds", "1000000"),
        ("probe_failed_due_to_regex", "0"),
        ("probe_ssl_earliest_cert_expiry", "1000005"),
        ("probe_ssl_last_chain_expiry_timestamp_seconds", "1000005"),
    ] {
        let sample = format!(r#"{family}{{instance="a:1",job="x",probe="p"}} {expected}"#);
        assert_eq!(samples(&page, family), [sample]);
    }
    assert_eq!(
        samples(&page, "probe_cause_info"),
        [r#"probe_cause_info{instance="a:1",job="x",probe="p",cause="http_status",phase="processing"} 1"#]
    );
    let phases = samples(&page, "probe_http_duration_seconds");
    assert_eq!(phases.len(), 5);
    assert!(phases[3].ends_with(r#"probe="p",phase="processing"} 2"#), "{}", phases[3]);
    let chain = samples(&page, "probe_ssl_last_chain_info");
    let labels =
        r#"subject="CN=\"x\"",issuer="CN=i",subjectalternative="a.example,b.example",serialnumber="0a"} 1"#;
    assert!(chain[0].ends_with(labels), "{}", chain[0]);
}

#[test]
fn a_target_that_was_not_asked_yet_has_no_series() {
    let page = page(vec![target(http_module(), &[], None)]);
    assert!(!page.contains("\nprobe_"));
}

#[test]
fn while_we_cannot_tell_there_is_nothing_that_a_rule_could_take_for_an_answer() {
    let page = page(vec![target(http_module(), &[], Some(unknown()))]);
    let shown: Vec<_> = page.lines().filter(|it| it.starts_with("probe_")).collect();
    let labels = r#"{instance="a:1",probe="p"}"#;
    assert_eq!(shown, [format!("probe_unknown{labels} 1"), format!("probe_timeout_seconds{labels} 10")]);
}

#[test]
fn without_an_answer_http_is_zero_and_tls_is_absent() {
    let page = page(vec![target(http_module(), &[], Some(refused()))]);
    let labels = r#"{instance="a:1",probe="p"}"#;
    for family in ["probe_http_status_code", "probe_http_content_length", "probe_http_version"] {
        assert_eq!(samples(&page, family), [format!("{family}{labels} 0")]);
    }
    assert!(samples(&page, "probe_ssl_earliest_cert_expiry").is_empty());
    assert!(samples(&page, "probe_http_last_modified_timestamp_seconds").is_empty());
}

#[test]
fn a_certificate_that_was_not_accepted_still_shows_its_end() {
    let mut outcome = refused();
    outcome.tls = answer(200).tls;
    outcome.tls.as_mut().unwrap().verified = false;
    let mut careless = http_module();
    let Prober::Http(spec) = &mut careless.prober else { panic!("http") };
    spec.client.tls.insecure_skip_verify = true;
    for (module, last) in [(http_module(), None), (careless, Some("-62135596800"))] {
        let page = page(vec![target(module, &[], Some(outcome.clone()))]);
        assert_eq!(samples(&page, "probe_ssl_earliest_cert_expiry").len(), 1);
        let labels = r#"{instance="a:1",probe="p"}"#;
        let family = "probe_ssl_last_chain_expiry_timestamp_seconds";
        let expected: Vec<String> = last.map(|it| format!("{family}{labels} {it}")).into_iter().collect();
        assert_eq!(samples(&page, family), expected);
        assert_eq!(samples(&page, "probe_ssl_verified"), [format!("probe_ssl_verified{labels} 0")]);
    }
}

#[test]
fn a_verified_chain_ends_when_a_certificate_that_it_needs_does() {
    let mut outcome = answer(200);
    let tls = outcome.tls.as_mut().unwrap();
    let needless = CertificateFacts { not_after: SystemTime::UNIX_EPOCH, ..tls.chain[0].clone() };
    tls.chain.push(needless);
    tls.trusted_until = Some(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(9));
    let page = page(vec![target(http_module(), &[], Some(outcome))]);
    let value = |family: &str| samples(&page, family)[0].rsplit_once(' ').unwrap().1.to_owned();
    assert_eq!(value("probe_ssl_earliest_cert_expiry"), "0");
    assert_eq!(value("probe_ssl_last_chain_expiry_timestamp_seconds"), "9");
    let each = samples(&page, "probe_ssl_chain_cert_not_after_timestamp_seconds");
    assert!(each[0].contains("position=\"0\"") && each[1].ends_with("position=\"1\"} 0"), "{each:?}");
}

#[test]
fn what_matched_has_the_labels_of_the_module_whatever_those_of_the_target() {
    let status = target(tcp_module(), &[("job", "theirs")], Some(conversation(false)));
    assert_eq!(
        samples(&page(vec![status]), "probe_expect_info"),
        [concat!(
            r#"probe_expect_info{instance="a:1",exported_job="theirs",probe="p","#,
            r#"job="ours",ssh_version="9 \"x\""} 1"#
        )]
    );
}

#[test]
fn a_name_server_is_shown_by_the_exporters_names() {
    let answered = page(vec![target(dns_module(), &[], Some(records()))]);
    for (family, values) in [
        ("probe_dns_duration_seconds", &["0", "0.005", "0.01"][..]),
        ("probe_dns_answer_rrs", &["1"]),
        ("probe_dns_authority_rrs", &["2"]),
        ("probe_dns_additional_rrs", &["1"]),
        ("probe_dns_query_succeeded", &["1"]),
        ("probe_dns_serial", &["2026112101"]),
    ] {
        let shown: Vec<_> =
            samples(&answered, family).iter().map(|it| it.rsplit(' ').next().unwrap()).collect();
        assert_eq!(shown, values, "{family}");
    }
    let mut silent = conversation(false);
    silent.end = End::Fault(Fault { phase: Phase::Processing, kind: FaultKind::TimedOut });
    let silent = page(vec![target(dns_module(), &[], Some(silent))]);
    assert_eq!(samples(&silent, "probe_dns_query_succeeded").len(), 1, "also without an answer");
    assert!(samples(&silent, "probe_dns_query_succeeded")[0].ends_with(" 0"));
    assert!(
        samples(&silent, "probe_dns_serial").is_empty(),
        "a zone of which nothing is known has no number"
    );
}

#[test]
fn an_echo_is_shown_by_the_exporters_names() {
    let page = page(vec![target(icmp_module(), &[], Some(echo()))]);
    let phases = samples(&page, "probe_icmp_duration_seconds");
    assert!(phases[2].contains("phase=\"rtt\"") && phases[2].ends_with(" 0.5"), "{phases:?}");
    assert!(samples(&page, "probe_icmp_reply_hop_limit")[0].ends_with(" 57"));
    assert!(samples(&page, "probe_dns_query_succeeded").is_empty());
}

#[test]
fn a_conversation_has_no_http() {
    let page = page(vec![target(tcp_module(), &[], Some(conversation(true)))]);
    assert!(samples(&page, "probe_http_status_code").is_empty());
    assert_eq!(
        samples(&page, "probe_failed_due_to_regex"),
        [r#"probe_failed_due_to_regex{instance="a:1",probe="p"} 1"#]
    );
}

#[test]
fn a_label_that_we_need_is_called_exported() {
    let labels = [("probe", "theirs"), ("exported_probe", "older"), ("phase", "3"), ("version", "v1")];
    let page = page(vec![target(http_module(), &labels, Some(answer(200)))]);
    assert_eq!(
        samples(&page, "probe_success"),
        [concat!(
            r#"probe_success{exported_probe="older",instance="a:1",phase="3",exported_exported_probe="theirs","#,
            r#"version="v1",probe="p"} 1"#
        )]
    );
    assert!(samples(&page, "probe_http_duration_seconds")[0].contains(r#",exported_phase="3","#));
    assert!(samples(&page, "probe_tls_version_info")[0].contains(r#"exported_version="v1""#));
}

#[test]
fn two_targets_with_the_same_labels_are_shown_once_and_counted() {
    let one = || target(http_module(), &[], Some(answer(200)));
    let hidden = target(http_module(), &[("__metrics_path__", "/other")], Some(answer(500)));
    let page = page(vec![one(), hidden]);
    assert_eq!(samples(&page, "probe_success"), [r#"probe_success{instance="a:1",probe="p"} 1"#]);
    assert_eq!(samples(&page, "fingerpost_duplicate_targets"), ["fingerpost_duplicate_targets 1"]);
}

#[test]
fn counts_of_the_engine_are_shown() {
    let (snapshot, own) = full();
    let page = render(&snapshot, &own);
    for sample in [
        r#"fingerpost_alerts{alertname="A",state="firing"} 1"#,
        r#"fingerpost_alerts{alertname="A",state="pending"} 1"#,
        r#"fingerpost_steps_total{alertname="A",step="http-404-actions"} 3"#,
        r#"fingerpost_expression_errors_total{alertname="A"} 1"#,
        r#"fingerpost_missed_attempts_total{probe="p"} 2"#,
        r#"fingerpost_attempts_total{cause="",probe="p",verdict="success"} 1"#,
        r#"fingerpost_config_file_valid{file="10-scrape.yaml"} 1"#,
        r#"fingerpost_build_info{version="1.2.3"} 1"#,
    ] {
        assert!(page.lines().any(|it| it == sample), "no {sample}\n{page}");
    }
}

#[test]
fn a_file_that_is_gone_is_forgotten() {
    let own = OwnMetrics::new("0");
    own.files([("a.yaml", true), ("b.yaml", true)]);
    own.files([("b.yaml", false)]);
    let page = render(&Snapshot::default(), &own);
    assert_eq!(
        samples(&page, "fingerpost_config_file_valid"),
        [r#"fingerpost_config_file_valid{file="b.yaml"} 0"#]
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    /// As we judge the expositions of others.
    #[test]
    fn whatever_labels_say_the_page_can_be_read(
        labels in proptest::collection::btree_map("(probe|phase|[a-z]{1,3}|.{0,3})", ".{0,20}|(\\PC|[\"\\\\\n,{}])*", 0..6),
    ) {
        let labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let page = page(vec![
            target(http_module(), &labels, Some(answer(200))),
            target(metrics_module(), &[("job", "y")], Some(refused())),
        ]);
        let mut scan = crate::exposition::Scan::new(
            crate::exposition::Format::Text,
            crate::exposition::Limits::default(),
        );
        proptest::prop_assert!(scan.push(page.as_bytes()).is_ok());
        proptest::prop_assert!(scan.finish().is_ok());
    }
}

#[test]
fn a_series_is_shown_with_its_labels_and_value_and_the_question_with_its_times() {
    let mut question = target(query_module(), &[], None);
    question.target = std::sync::Arc::new(Target { address: "x > 3".into(), labels: Labels::default() });
    let mut nothing = answered(0.0);
    nothing.series = Some(Ok([].into()));
    question.judged = Some(std::sync::Arc::new(Judged::new(&question.module, nothing)));
    let page = page(vec![question, target(query_module(), &[("worker", "w1")], Some(answered(4.0)))]);
    let shown = |family: &str| samples(&page, family).iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let series = "{instance=\"a:1\",worker=\"w1\",probe=\"p\"}";
    assert_eq!(
        shown("probe_success"),
        ["probe_success{probe=\"p\"} 1".to_owned(), format!("probe_success{series} 0")]
    );
    assert_eq!(shown("probe_query_value"), [format!("probe_query_value{series} 4")]);
    assert_eq!(shown("probe_duration_seconds"), ["probe_duration_seconds{probe=\"p\"} 0.003"]);
    assert!(shown("probe_ip_protocol").is_empty());
}

#[test]
fn a_health_check_shows_one_state_and_the_code_of_what_never_came_to_one() {
    let show = |outcome: Outcome| page(vec![target(grpc_module(), &[], Some(outcome))]);
    let it = show(health(Serving::NotServing));
    let one: Vec<_> =
        samples(&it, "probe_grpc_healthcheck_response").into_iter().filter(|it| it.ends_with(" 1")).collect();
    assert!(matches!(one[..], [only] if only.contains("serving_status=\"NOT_SERVING\"")), "{one:?}");
    assert_eq!(samples(&it, "probe_grpc_healthcheck_response").len(), 4);
    assert!(samples(&it, "probe_success")[0].ends_with(" 0"));
    assert_eq!(samples(&it, "probe_grpc_duration_seconds").len(), 2);
    for (phase, kind, code) in [
        (Phase::Connect, FaultKind::Refused, " 14"),
        (Phase::Processing, FaultKind::TimedOut, " 4"),
        (Phase::Resolve, FaultKind::NoSuchName, " 0"),
    ] {
        let end = End::Fault(Fault { phase, kind });
        let it = show(Outcome::bare(hour(), std::time::Duration::ZERO, end));
        assert!(samples(&it, "probe_grpc_status_code")[0].ends_with(code), "{kind:?}");
    }
}

#[test]
fn a_condition_that_fails_is_told_apart_from_a_pattern() {
    for (found, value) in [(JsonMatch::Holds, " 0"), (JsonMatch::HoldsNot, " 1"), (JsonMatch::NoJson, " 1")] {
        let mut outcome = answer(200);
        outcome.http.as_mut().unwrap().json_matches = vec![found];
        let it = page(vec![target(json_module(), &[], Some(outcome))]);
        assert!(samples(&it, "probe_failed_due_to_cel")[0].ends_with(value));
        assert!(samples(&it, "probe_failed_due_to_regex")[0].ends_with(" 0"));
    }
    assert_eq!(
        samples(&page(vec![target(http_module(), &[], Some(answer(200)))]), "probe_failed_due_to_cel").len(),
        0
    );
}

#[test]
fn a_websocket_shows_its_handshake_and_the_phases_it_reached() {
    let it = page(vec![target(websocket_module(), &[], Some(handshake(403)))]);
    assert!(samples(&it, "probe_websocket_status_code")[0].ends_with(" 403"));
    assert!(samples(&it, "probe_websocket_connection_upgraded")[0].ends_with(" 0"));
    let phases = samples(&it, "probe_websocket_duration_seconds");
    assert!(
        matches!(phases[..], [only] if only.contains("connect") && only.ends_with(" 0.003")),
        "{phases:?}"
    );
    assert_eq!(samples(&it, "probe_http_status_code").len(), 0);
    let it = page(vec![target(websocket_module(), &[], Some(handshake(101)))]);
    assert!(samples(&it, "probe_success")[0].ends_with(" 1"));
    assert!(samples(&it, "probe_websocket_connection_upgraded")[0].ends_with(" 1"));
}
