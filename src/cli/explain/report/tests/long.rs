//! Each row of the shipped rules over texts, in the middle of a log of other things.

use super::*;

/// A row by what stands in the text: where it points, and a part of what it says besides.
const EACH: &[(&str, &str, &str)] = &[
    (
        "Get https://eu-de.kms.cloud.ibm.com/api/v2/keys/1: 410 Gone: KEY_DELETED_ERR",
        "kms-kp-secret-deleted.html",
        "",
    ),
    ("unwrap: 409 Conflict, reasons=[KEY_ACTION_INVALID_STATE_ERR]", "kms-kp-key-invalid-state.html", ""),
    ("iam: 400: BXNIM0415E: no such key", "kms-api-key-missing.html", ""),
    ("iam: 400: BXNIM0410E: no such user", "error-messages", "no longer in the account"),
    ("failed to get CRN token from IAM: 503", "failed-to-get-crn-token-from-iam", "#iam-issues"),
    (
        "Error getting DEK: 401: Unauthorized: user does not have access to provided resources",
        "error-messages",
        "no Reader role",
    ),
    (
        "Unwrap WDEK failed: 403: Unauthorized: The user does not have access to the specified resource",
        "error-messages",
        "authorization policy",
    ),
    (
        "Post https://api.eu-de.hs-crypto.cloud.ibm.com:9123/api/v2/keys: dial tcp 192.0.2.9:9123: connect: connection refused",
        "error-messages",
        "may have been deleted",
    ),
    (
        "https://x.eu-de.kms.cloud.ibm.com: This operation cannot be completed. Please try your request at a later time.",
        "kp_provider_table",
        "#key-protect",
    ),
    ("the KMS V2.0 path is taken", "key-protect-troubleshooting", ""),
    ("nothing that any row knows", "actions-to-take", ""),
];

/// Stands somewhere else in the same log; by itself it points to no row.
const ELSEWHERE: &str = "{\"level\":\"info\",\"msg\":\"Service to service authentication will be used\"}\n";

/// So many bytes of what other programs write, in whole entries of several kinds.
fn noise(bytes: usize) -> String {
    let mut log = String::with_capacity(bytes + 1024);
    for n in 0_usize.. {
        let (second, odd) = (n % 60, n.wrapping_mul(2_654_435_761) % 100_000);
        let hour = format!("07:08:{second:02}");
        let entry = match n % 7 {
            0 => format!(
                "{{\"level\":\"info\",\"ts\":\"2024-05-06T{hour}Z\",\"caller\":\"sync/run.go:{odd}\",\"msg\":\"reconciled the \
                 deployment of a tenant\",\"url\":\"https://10.0.0.{second}:443/apis/{odd}\",\"labels\":[\"a-az1\",\"b\"]}}\n"
            ),
            1 => format!(
                "I0506 {hour}.678901       1 controller.go:{odd}] (volume) synced item {n}, and 0 failed\n"
            ),
            2 => format!(
                "2024-05-06T{hour}.123Z\tERROR\tstore\tcannot write {odd}\n\tat org.example.Store.write(Store.java:{second})\n\
                 \tat org.example.Main.run(Main.java:1)\n"
            ),
            3 => format!(
                "time=\"2024-05-06T{hour}Z\" level=warning msg=\"FAILED to renew the lease on node {odd}\"\n"
            ),
            4 => format!(
                "[pod/web-{odd}/web] 192.0.2.7 - - [06/May/2024:{hour} +0000] \"GET / HTTP/1.1\" 200 {odd}\n"
            ),
            5 => format!("May  6 {hour} worker kubelet[12]: unmounted {odd}\n"),
            _ => format!("{{\n  \"reading\": {odd},\n  \"list\": [\n    \"x\"\n  ]\n}}\n"),
        };
        log.push_str(&entry);
        if log.len() >= bytes {
            break;
        }
    }
    log
}

/// The text between the halves of a log, with what stands at its begin.
fn amid(text: &str, log: &str) -> String {
    let half = log.len() / 2;
    let middle = half + log[half..].find("\nI0506").expect("there is a line of klog") + 1;
    [ELSEWHERE, &log[..middle], text, &log[middle..]].concat()
}

/// Handed in as bytes, as an operator does it.
fn handed_in(plan: &Plan, text: &str) -> Report {
    let text = Arc::new(Text::from_bytes(text.as_bytes()));
    Report::new(&text, plan, &Runbook::default(), SystemTime::UNIX_EPOCH + SATURDAY)
}

fn assert_ends_at(report: &Report, wanted: &str, said: &str, how: &str) {
    assert_eq!(way(report), wanted, "{how}");
    let told = report.to_string();
    assert!(told.contains(said), "{how}: {told}");
}

const LONG: usize = 10 << 20;

#[test]
fn every_error_in_the_middle_of_ten_megabytes_ends_at_its_row() {
    let (plan, log) = (shipped(), noise(LONG));
    let ends = |(error, wanted, said): &(&str, &str, &str)| {
        let text = amid(&format!("E0506 07:08:09.000001       1 kms.go:7] {error}\n"), &log);
        assert!(text.len() > LONG);
        let report = handed_in(&plan, &text);
        assert_ends_at(&report, wanted, said, error);
        assert!(!report.cut && report.failures().is_empty(), "{error}");
    };
    // One after the other they take their time.
    std::thread::scope(|scope| {
        for rows in EACH.chunks(EACH.len().div_ceil(4)) {
            scope.spawn(move || rows.iter().for_each(ends));
        }
    });
}

#[test]
fn a_failed_operation_in_the_middle_of_ten_megabytes_comes_back_as_labels_and_annotations() {
    let message = "{\"text\":\"*FAILED* *upgrade* on Carrier: *test-ams03-carrier7* (192.0.2.30) at \
        2024-02-29T23:59:58+0100 - Region: *eu-nl*, Cluster: *c0ffee*, Master: *m1*, BOM: *1.29.3_1533*, IsPaid: *true*, \
        ReqID: *01234567-89ab-cdef-0123-456789abcdef*, Attempts: *3*, Elapsed Time: *61.5* seconds\"}\n";
    let text = amid(&format!("{message}{PODS}{DOWN}\n"), &noise(LONG));
    let report = handed_in(&shipped(), &text);
    assert_ends_at(&report, "webhooks-causing-failures", "", "an upgrade");
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    let labels = serde_json::json!({
        "operation": "upgrade", "carrier": "test-ams03-carrier7", "region": "eu-nl", "cluster": "c0ffee",
    });
    let annotations = serde_json::json!({
        "request": "01234567-89ab-cdef-0123-456789abcdef", "req_id": "01234567-89ab-cdef-0123-456789abcdef",
        "master": "m1", "bom": "1.29.3_1533", "is_paid": "true", "attempts": "3", "elapsed_time": "61.5",
        "failed_at": "2024-02-29T23:59:58+01:00", "node": "192.0.2.30", "failures_within_an_hour": "1",
    });
    assert_eq!((&json["labels"], &json["annotations"]), (&labels, &annotations));
    assert_eq!(json["operations"][0]["labels"], labels);
}

#[test]
fn an_error_ends_at_its_row_however_the_log_wraps_it() {
    let (plan, log) = (shipped(), noise(20_000));
    for (error, wanted, said) in EACH {
        let json = serde_json::json!({ "level": "error", "error": error });
        let (head, rest) = error.split_once(": ").unwrap_or((error, ""));
        let mut wraps = vec![
            format!("\n{error}\n\n"),
            format!("{json}\n"),
            format!("{json:#}\n"),
            format!("{json:#}\n").replace('\n', "\r\n"),
            format!("2024-05-06T07:08:09.000000007Z stderr F {json}\n"),
            format!("[pod/app-5d-x/app] {json}\n"),
            format!("\u{1b}[31mERROR\u{1b}[0m {}\n", error.replace(' ', "\u{1b}[1m \u{1b}[0m")),
            format!("Ann Example  9:41 AM\nlook:\n{}\n\n", error.replace(' ', "\u{200b}\u{a0}")),
        ];
        // Go writes the URL and the dialling in one line.
        if !error.contains("dial tcp") {
            let (first, second) = ("2024-05-06T07:08:09.000000001Z", "2024-05-06T07:08:09.000000002Z");
            wraps.push(format!("2024-05-06T07:08:09Z {head}:\n\t{rest}\n"));
            wraps.push(format!("{first} {head}:\n{second} \t{rest}\n"));
        }
        for wrapped in wraps {
            assert_ends_at(&handed_in(&plan, &amid(&wrapped, &log)), wanted, said, &wrapped);
        }
    }
}

#[test]
fn the_two_halves_of_an_error_in_two_entries_are_no_error() {
    let (plan, log) = (shipped(), noise(20_000));
    for (one, other) in [
        ("Error getting DEK", "Unauthorized: user does not have access to provided resources"),
        ("Unwrap WDEK failed", "Unauthorized: The user does not have access to the specified resource"),
    ] {
        let entries = [
            format!("{{\"msg\":\"{one}\"}}\n{{\"msg\":\"{other}\"}}\n"),
            format!("E0506 07:08:09.1 1 a.go:1] {one}\nE0506 07:08:09.1 1 a.go:1] {other}\n"),
            format!(
                "E0506 07:08:09.1 1 a.go:1] x\n{{\n \"msg\": \"{one}\"\n}}\n{{\n \"msg\": \"{other}\"\n}}\n"
            ),
            format!("2024-05-06T07:08:09.000000001Z {one}\n2024-05-06T07:08:09.000000002Z {other}\n"),
        ];
        for text in entries {
            let found = way(&handed_in(&plan, &amid(&text, &log)));
            assert!(["key-protect-troubleshooting", "actions-to-take"].contains(&&*found), "{found}: {text}");
        }
    }
}
