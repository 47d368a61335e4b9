use std::sync::Arc;

use super::*;
use crate::board::Board;
use crate::exposition::{Format, Limits, Scan};
use crate::outcome::{CertificateFacts, Fault, FaultKind, HttpFacts, OwnSide, TlsFacts};
use crate::spec::{DialSpec, Module, Prober, TcpSpec, TlsSpec};
use crate::target::Target;

fn millis(it: u64) -> Duration {
    Duration::from_millis(it)
}

fn module() -> Arc<Module> {
    let dial = DialSpec::default();
    let tcp = TcpSpec { dial, tls: None, starttls: TlsSpec::default(), query_response: Vec::new() };
    let (timeout, patience) = (millis(10_000), millis(30_000));
    Arc::new(Module { name: "m".into(), timeout, patience, connect_timeout: None, prober: Prober::Tcp(tcp) })
}

fn outcome(duration: u64, end: End) -> Outcome {
    Outcome::bare(SystemTime::UNIX_EPOCH, millis(duration), end)
}

/// The text about a target that was seen like this.
fn told(verdict: Verdict, outcome: Outcome, late: Option<Late>) -> Vec<String> {
    let mut board = Board::default();
    let target = Arc::new(Target::new("a:1", &Labels::default()));
    let id = target.id("p");
    board.set(id, &"p".into(), target, module());
    board.judge(id, Arc::new(Judged { verdict, outcome }), true, SystemTime::UNIX_EPOCH);
    if let Some(late) = late {
        board.amend(id, late);
    }
    let entry = board.entry(id).unwrap();
    let evidence = Evidence::of(Some(entry));
    evidence.text().lines().map(str::to_owned).collect()
}

fn timed_out(phase: Phase) -> (Verdict, Outcome) {
    let end = End::Fault(Fault { phase, kind: FaultKind::TimedOut });
    let mut outcome = outcome(10_000, end);
    outcome.phases.add(Phase::Resolve, Duration::from_micros(300));
    outcome.phases.add(Phase::Connect, millis(12));
    outcome.phases.add(phase, millis(9_987));
    (Verdict::Failure(Cause::DeadlineExceeded, phase), outcome)
}

#[test]
fn a_slow_target_and_a_dead_one_are_told_apart_in_two_lines() {
    let (verdict, seen) = timed_out(Phase::Processing);
    let late = Late::Answered { after: millis(14_230), status: Some(200), body_bytes: 48_213 };
    let lines = told(verdict, seen.clone(), Some(late));
    assert_eq!(lines[0], "deadline exceeded while waiting for the first byte: nothing complete within 10 s");
    assert_eq!(lines[1], "answered after 14.2 s (status 200, 48 213 bytes)");
    assert_eq!(lines[2], "took 10 s of 10 s: resolve < 1 ms, connect 12 ms, processing 10 s");
    let line = |late| told(verdict, seen.clone(), Some(late))[1].clone();
    assert_eq!(line(Late::Silent { waited: millis(30_000) }), "silent for 30 s");
    assert_eq!(line(Late::Silent { waited: millis(500) }), "silent for 0.5 s");
    let fault = Fault { phase: Phase::Processing, kind: FaultKind::Reset };
    let line = line(Late::Failed { after: millis(12_000), fault });
    assert_eq!(line, "after 12 s it ended in connection_reset while waiting for the first byte");
}

#[test]
fn an_answer_that_was_complete_and_yet_too_late_says_so() {
    let verdict = Verdict::Failure(Cause::DeadlineExceeded, Phase::Transfer);
    let lines = told(verdict, outcome(10_100, End::Reply), None);
    assert_eq!(lines[0], "deadline exceeded while reading the answer: nothing complete within 10 s");
    assert_eq!(lines[1], "answered after 10.1 s");
}

#[test]
fn an_http_answer_shows_its_status_its_size_and_its_beginning() {
    let mut seen = outcome(1_240, End::Reply);
    let body_start = format!("<h1>no\u{7}\nsuch page</h1> {}", "x".repeat(500));
    seen.http = Some(HttpFacts { status: 404, body_bytes: 1_234_567, body_start, ..HttpFacts::default() });
    seen.peer = Some(([10, 0, 0, 1], 9100).into());
    let lines = told(Verdict::Failure(Cause::HttpStatus, Phase::Processing), seen, None);
    assert_eq!(lines[0], "404 is not a good status (http_status, while waiting for the first byte)");
    assert_eq!(lines[1], "took 1.2 s of 10 s");
    assert_eq!(lines[2], "status 404, 1 234 567 bytes");
    assert_eq!(lines[3], "dialled 10.0.0.1:9100");
    assert!(lines[4].starts_with("the body begins \"<h1>no such page</h1> xxx"), "{}", lines[4]);
    assert!(lines[4].ends_with("x…\"") && lines[4].chars().count() < 230);
    assert_eq!(lines[5], "failing since 1970-01-01T00:00:00Z");
    assert!(lines[6].starts_with("hint: ") && lines[6].contains("read its log"));
}

#[test]
fn a_flaw_of_an_exposition_has_its_place() {
    let mut scan = Scan::new(Format::Text, Limits::default());
    let flaw = scan.push(b"a 1\nb x\n").and_then(|()| scan.finish()).unwrap_err();
    let mut seen = outcome(20, End::Reply);
    seen.exposition = Some(Err(flaw));
    let lines = told(Verdict::Failure(Cause::ExpositionSyntax, Phase::Check), seen, None);
    assert!(lines.iter().any(|it| it.starts_with("line 2, column 3: ")), "{lines:?}");
}

#[test]
fn a_certificate_shows_its_dates_names_and_whether_it_is_trusted() {
    let at = |days: u64| SystemTime::UNIX_EPOCH + Duration::from_hours(days * 24);
    let own = CertificateFacts {
        subject: "CN=a".to_owned(),
        issuer: "CN=ca".to_owned(),
        names: vec!["a".to_owned(), "b".to_owned()],
        not_before: at(0),
        not_after: at(365),
        serial: String::new(),
        fingerprint_sha256: String::new(),
    };
    let ca = CertificateFacts { not_after: at(31), ..own.clone() };
    let end = End::Fault(Fault { phase: Phase::Tls, kind: FaultKind::TlsAlert });
    let mut seen = outcome(20, end);
    seen.tls = Some(TlsFacts { chain: vec![own.clone(), ca], ..TlsFacts::default() });
    let verdict = Verdict::Failure(Cause::CertificateExpired, Phase::Tls);
    let expected = "certificate CN=a by CN=ca: from 1970-01-01T00:00:00Z until 1971-01-01T00:00:00Z, \
                    its chain until 1970-02-01T00:00:00Z; it is not trusted; for a, b";
    assert_eq!(told(verdict, seen.clone(), None)[2], expected);
    let for_ever = CertificateFacts { not_after: at(4_000_000), ..own };
    seen.tls = Some(TlsFacts { chain: vec![for_ever], verified: true, ..TlsFacts::default() });
    assert!(told(verdict, seen, None)[2].contains("until 9999-12-31T23:59:59Z; it is trusted"));
}

#[test]
fn what_is_unknown_says_what_we_lacked() {
    let lines = told(Verdict::Unknown(OwnSide::Fd), outcome(0, End::Unknown(OwnSide::Fd)), None);
    assert_eq!(lines[0], "we cannot tell: we had no file descriptor left (local_fd)");
}

#[test]
fn a_group_shows_who_fails_with_the_commonest_cause_first() {
    let labels: Labels = [("carrier_name", "prod-dal10-carrier1")].into_iter().collect();
    let causes = [("connect_refused", 1), ("deadline_exceeded", 2)].into();
    let tally = Tally { watched: 12, failing: 3, causes, ..Tally::default() };
    assert_eq!(
        group(&("carrier", labels.clone(), tally.clone())),
        "carrier prod-dal10-carrier1: 3 of 12 failing (25 %): deadline_exceeded 2, connect_refused 1"
    );
    let distinct = [("service".into(), 2)].into();
    let tally = Tally { watched: 11, unknown: 2, distinct, ..tally };
    assert_eq!(
        group(&("carrier", labels, tally)),
        "carrier prod-dal10-carrier1: 3 of 11 failing (33.3 %): deadline_exceeded 2, connect_refused 1; \
         2 values of service; of 2 we cannot tell"
    );
    let fleet = Tally { watched: 4, ..Tally::default() };
    assert_eq!(group(&("fleet", Labels::default(), fleet)), "fleet: 0 of 4 failing (0 %)");
}
