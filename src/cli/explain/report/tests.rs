//! The shipped rules over texts, row by row, in texts of our own around the phrases.

use std::time::Duration;

use crate::config::{self, LastGood, Source};
use crate::plan::Plan;

use super::*;

mod long;

const SHIPPED: [(&str, &str); 2] = [
    ("probes.d/30-registry-se.yaml", include_str!("../../../../probes.d/30-registry-se.yaml")),
    ("probes.d/50-deploy.yaml", include_str!("../../../../probes.d/50-deploy.yaml")),
];

fn shipped() -> Arc<Plan> {
    let sources = SHIPPED.map(|(name, text)| Source { name: name.into(), text: Ok(text.into()) });
    let loaded = config::load(&sources, &LastGood::default());
    assert!(loaded.complaints.is_empty(), "{:?}", loaded.complaints);
    loaded.config.plan
}

/// Saturday, 1 June 2024, 12:00 UTC.
const SATURDAY: Duration = Duration::from_hours(477_012);
/// The Monday after it, 15:00 UTC, which is 11 h in New York.
const MONDAY: Duration = Duration::from_hours(477_063);

fn report(text: &str, now: Duration) -> Report {
    let text = Arc::new(Text::new(text));
    Report::new(&text, &shipped(), &Runbook::default(), SystemTime::UNIX_EPOCH + now)
}

/// The last part of the way: the anchor, or the file's name.
fn way(report: &Report) -> String {
    let url = report.way.runbook_url.as_ref().expect("a rule knows every text");
    url.rsplit(['#', '/']).next().unwrap_or_default().to_owned()
}

/// What a text holds, and where it points.
const ROWS: &[(&str, &str)] = &[
    ("Conflict: KEY_DELETED_ERR", "kms-kp-secret-deleted.html"),
    ("KEY_ACTION_INVALID_STATE_ERR KEY_DELETED_ERR BXNIM0415E", "kms-kp-secret-deleted.html"),
    ("reasons=[KEY_ACTION_INVALID_STATE_ERR]", "kms-kp-key-invalid-state.html"),
    ("BXNIM0410E KEY_ACTION_INVALID_STATE_ERR", "kms-kp-key-invalid-state.html"),
    ("BXNIM0415E no such key", "kms-api-key-missing.html"),
    ("BXNIM0410E BXNIM0415E", "kms-api-key-missing.html"),
    ("BXNIM0410E no such user", "error-messages"),
    ("failed to get CRN token from IAM: 503", "failed-to-get-crn-token-from-iam"),
    (
        "Error getting DEK, and Unauthorized: user does not have access to provided resources",
        "error-messages",
    ),
    (
        "2024-05-06T07:08:09Z Error getting DEK\n  caused by\n  Unauthorized: user does not have access to provided resources\n",
        "error-messages",
    ),
    (
        "2024-05-06T07:08:09Z Error getting DEK\n2024-05-06T07:08:10Z Unauthorized: user does not have access to provided resources\n",
        "actions-to-take",
    ),
    (
        "Error getting DEK of a WDEK\nUnauthorized: user does not have access to provided resources\n",
        "key-protect-troubleshooting",
    ),
    (
        "Service to service authentication will be used\n{\"a\":1}\nUnwrap WDEK failed: Unauthorized: The user does not have access to the specified resource",
        "error-messages",
    ),
    (
        "{\"e\":\"Unwrap WDEK failed: Unauthorized: The user does not have access to the specified resource\"}\n{\"m\":\"Service to service authentication will be used\"}\n",
        "error-messages",
    ),
    // Without the phrase, or in two entries: of key management, and no more is known.
    (
        "Unwrap WDEK failed: Unauthorized: The user does not have access to the specified resource",
        "key-protect-troubleshooting",
    ),
    (
        "Service to service authentication will be used\n{\"e\":\"Unwrap WDEK failed\"}\n{\"e\":\"Unauthorized: The user does not have access to the specified resource\"}\n",
        "key-protect-troubleshooting",
    ),
    (
        "Post https://api.eu-de.hs-crypto.cloud.ibm.com:9123/api/v2/keys: dial tcp 192.0.2.9:9123: connect: connection refused",
        "error-messages",
    ),
    (
        r#"{"e":"Post \"https://api.private.eu-de.hs-crypto.cloud.ibm.com:9123/k\": dial tcp [2001:db8::1]:9123: connect: connection refused"}"#,
        "error-messages",
    ),
    ("dial tcp api.eu-de.hs-crypto.cloud.ibm.com:9123: connect: connection refused", "error-messages"),
    (
        "Post https://eu-de.kms.cloud.ibm.com/api: dial tcp 192.0.2.9:443: connect: connection refused",
        "actions-to-take",
    ),
    (
        "Get https://not-hs-crypto.example.com/: dial tcp 192.0.2.9:443: connect: connection refused",
        "actions-to-take",
    ),
    (
        "https://api.eu-de.hs-crypto.cloud.ibm.com:1/ is well\nPost https://x.example.com/: dial tcp 192.0.2.9:443: connect: connection refused",
        "actions-to-take",
    ),
    (
        "Post https://api.eu-de.hs-crypto.cloud.ibm.com:9123/: dial tcp 192.0.2.9:9123: i/o timeout",
        "actions-to-take",
    ),
    (
        "This operation cannot be completed. Please try your request at a later time. Ask somebody.",
        "kp_provider_table",
    ),
    ("[pod/kms-0/kms] all is well", "key-protect-troubleshooting"),
    ("KMS V2.0 path", "key-protect-troubleshooting"),
    ("error during request to KeyProtect", "key-protect-troubleshooting"),
    ("kubectl logs master -c kms\nstarted", "key-protect-troubleshooting"),
    ("{\"container\":\"kms\",\"m\":\"started\"}", "key-protect-troubleshooting"),
    ("kubectl logs master -c kmsx", "actions-to-take"),
    ("nothing that anybody knows", "actions-to-take"),
];

#[test]
fn each_text_points_to_its_row() {
    for (text, wanted) in ROWS {
        assert_eq!(way(&report(text, SATURDAY)), *wanted, "{text}");
    }
}

#[test]
fn each_text_points_to_its_row_in_the_middle_of_another_log() {
    let other = "2024-05-06T07:08:09Z I reconcile and all is well\n".repeat(2000);
    for (text, wanted) in ROWS {
        let text = format!("{other}\n{text}\n{other}");
        assert_eq!(way(&report(&text, SATURDAY)), *wanted);
    }
}

const DOWN: &str =
    "ibm-system   cise-ibmcloud-image-enforcement   3         0         0            0           7d\n";

const PODS: &str = "Name: image-admission-config\n\n\
    NAMESPACE    NAME                              DESIRED   CURRENT   UP-TO-DATE   AVAILABLE   AGE\n";

#[test]
fn the_webhook_is_suspected_when_it_stands_and_its_pods_do_not() {
    let failed = |operation: &str| format!("*FAILED* *{operation}* on Carrier: *c1* (10.0.0.1)\n\n");
    let down = DOWN;
    let up =
        "ibm-system   cise-ibmcloud-image-enforcement   3         3         3            1           7d\n";
    for (operation, pods, wanted) in [
        ("upgrade", down, "webhooks-causing-failures"),
        ("update", down, "webhooks-causing-failures"),
        ("upgrade", &down.replace("cise-", "cis-"), "webhooks-causing-failures"),
        (
            "upgrade",
            "cise-ibmcloud-image-enforcement-5d-x   0/1   CrashLoopBackOff   9   1h\n",
            "webhooks-causing-failures",
        ),
        ("upgrade", "cise-ibmcloud-image-enforcement-5d-x   1/1   Running   0   1h\n", "actions-to-take"),
        ("upgrade", up, "actions-to-take"),
        ("upgrade", "", "actions-to-take"),
        ("deploy", down, "actions-to-take"),
    ] {
        let text = format!("{}{PODS}{pods}", failed(operation));
        assert_eq!(way(&report(&text, SATURDAY)), wanted, "{operation} {pods}");
    }
    let without_webhook = format!("{}{down}", failed("upgrade"));
    assert_eq!(way(&report(&without_webhook, SATURDAY)), "actions-to-take");
}

#[test]
fn a_shipped_row_that_is_taken_away_is_missed() {
    let webhook = format!("*FAILED* *update* on Carrier: *c1*\n\n{PODS}{DOWN}");
    let states = [["1:0", "1:1"], ["0:0", "0:-1"], ["0:1", "0:0"], ["0:1", "1:1"]];
    let mut texts: Vec<String> = states.iter().map(|it| zones("test-jp", it)).collect();
    texts.extend(ROWS.iter().map(|it| it.0.to_owned()).chain([webhook]));
    let texts: Vec<Arc<Text>> = texts.iter().map(|it| Arc::new(Text::new(it))).collect();
    let told = |rules: &[Arc<TextRule>]| -> Vec<String> {
        let plan = Plan { text_rules: rules.to_vec(), ..Plan::default() };
        let now = SystemTime::UNIX_EPOCH + SATURDAY;
        texts.iter().map(|it| Report::new(it, &plan, &Runbook::default(), now).to_json()).collect()
    };
    let whole = told(&shipped().text_rules);
    let rows: Vec<usize> = shipped().text_rules.iter().map(|it| it.steps.len()).collect();
    assert_eq!(rows, [4, 12]);
    for (rule, rows) in rows.into_iter().enumerate() {
        for row in 0..rows {
            let mut rules = Arc::into_inner(shipped()).expect("nobody else has the plan").text_rules;
            Arc::get_mut(&mut rules[rule]).expect("nobody else has the rule").steps.remove(row);
            assert_ne!(told(&rules), whole, "row {row} of rule {rule}");
        }
    }
}

#[test]
fn a_row_for_all_other_texts_gives_way_to_a_rule_that_knows_the_text() {
    let file = "text_rules:\n  - { name: a, runbook: /a.html, steps: [{ when: text.contains('x'), step: x }, { step: rest }] }\n  \
                - { name: b, runbook: /b.html, steps: [{ when: text.contains('y'), step: y }, { step: other }] }\n";
    let source = Source { name: "a.yaml".into(), text: Ok(file.into()) };
    let plan = config::load(&[source], &LastGood::default()).config.plan;
    for (text, wanted) in [("x y", "x"), ("y", "y"), ("z", "rest")] {
        let text = Arc::new(Text::new(text));
        assert_eq!(way(&Report::new(&text, &plan, &Runbook::default(), SystemTime::UNIX_EPOCH)), wanted);
    }
}

fn call(text: &str, now: Duration) -> (String, String) {
    let way = report(text, now).way;
    let escalate = way.escalate.expect("the rule says where to turn");
    assert!(escalate.runbook_url.ends_with("#escalation-policy"), "{}", escalate.runbook_url);
    (way.call.unwrap_or_default(), escalate.call.unwrap_or_default())
}

#[test]
fn the_one_to_call_is_the_provider_of_the_endpoint() {
    let phrase = "This operation cannot be completed. Please try your request at a later time";
    let of = |url: &str| call(&format!("{phrase} {url}"), SATURDAY).0;
    assert_eq!(of("https://eu-de.kms.cloud.ibm.com"), "#key-protect");
    assert!(of("https://a.eu-de.hs-crypto.cloud.ibm.com:1").starts_with("#hp-crypto-kms, @hpcs-sre"));
    let both = of("");
    assert!(both.contains("#key-protect") && both.contains("#hp-crypto-kms"), "{both}");
}

#[test]
fn whom_to_turn_to_hangs_on_the_operation_the_rate_and_the_hour() {
    let failed =
        |operation: &str| format!("*FAILED* *{operation}* on Carrier: *c1* at 2024-06-01T11:00:00+0000\n");
    let turned = |text: &str, now| call(text, now).1;
    assert!(turned(&failed("delete").repeat(9), MONDAY).contains("by hand"));
    assert!(turned(&failed("deploy").repeat(5), SATURDAY).contains("at once"));
    assert!(turned(&failed("deploy").repeat(4), MONDAY).contains("by chat"));
    assert_eq!(turned(&failed("deploy").repeat(4), SATURDAY), "an issue for the deploy member on call");
    let evening = MONDAY + Duration::from_hours(6);
    assert!(turned("x", MONDAY + Duration::from_mins(6 * 60 - 1)).contains("by chat"));
    assert!(!turned("x", evening).contains("by chat"));
}

fn array(zone: &str, state: &str) -> String {
    format!("[\n \"{zone}\",\n \"box-{zone}\",\n \"Ready\",\n \"10.9.8.7:{state}\",\n \"166.8.0.1/23\"\n]\n")
}

fn zones(region: &str, states: &[&str]) -> String {
    states.iter().zip(1..).map(|(state, n)| array(&format!("registry-{region}-az{n}-1"), state)).collect()
}

#[test]
fn the_states_of_a_region_s_zones_point_to_their_row() {
    const INGRESS: &str = "debugging-registrys-private-ingress";
    const WHICH: &str = "determine-if-this-issue-is-with-registry-or-service-endpoint";
    for (states, wanted, paged) in [
        (["1:1", "1:1", "1:1"], INGRESS, false),
        (["1:0", "1:-1", "1:1"], INGRESS, false),
        (["0:0", "0:-1", "0:0"], INGRESS, false),
        (["0:-1", "0:-1", "0:-1"], INGRESS, false),
        (["0:0", "0:1", "0:-1"], WHICH, true),
        (["0:1", "0:1", "0:1"], WHICH, true),
        (["0:1", "1:1", "0:0"], WHICH, false),
        (["0:0", "0:0", "1:-1"], WHICH, false),
    ] {
        let report = report(&zones("test-jp", &states), SATURDAY);
        assert_eq!(way(&report), wanted, "{states:?}");
        let also = &report.way.also;
        assert_eq!(
            also.iter().any(|it| it.ends_with("#paging-the-service-endpoint-team")),
            paged,
            "{states:?}"
        );
    }
}

#[test]
fn each_region_has_its_own_way_and_one_that_is_well_and_not_asked_for_has_none() {
    let text = format!(
        "CLUSTER=registry-test-jp-az1\n{}[\"broken\"]\n{}{}",
        zones("test-jp", &["1:0", "0:1", "0:0"]),
        zones("test-eu", &["1:1", "1:1"]),
        zones("test-us", &["0:0", "0:-1"]),
    );
    let report = report(&text, SATURDAY);
    assert!(!report.way.points());
    let ways: Vec<_> = report.regions.iter().map(|it| (it.name.as_str(), it.way.points())).collect();
    assert_eq!(ways, [("test-eu", false), ("test-jp", true), ("test-us", true)]);
    let states: Vec<_> = report.regions[1].zones.iter().map(|it| it.state.as_str()).collect();
    assert_eq!(states, ["0:1", "1:0", "0:0"]);
    let told = report.to_string();
    assert!(told.contains("registry-test-jp-az2-1   0:1  box-registry-test-jp-az2-1"), "{told}");
    assert!(told.contains("line 23: an endpoint is five texts"), "{told}");
    assert!(report.to_json().contains("\"magic_box\": \"box-registry-test-us-az1-1\""));
}

#[test]
fn the_fields_are_told_in_their_order_and_no_control_character_reaches_the_terminal() {
    let text = "*FAILED* *deploy* on Carrier: *c\u{1b}[31m1* (10.0.0.1) at now - Region: *r*";
    let told = report(text, SATURDAY).to_string();
    assert!(
        told.contains("labels\n  operation: deploy\n  carrier: c\u{fffd}[31m1\n  region: r\nannotations\n"),
        "{told}"
    );
    assert!(!told.contains('\u{1b}'));
}

#[test]
fn without_rules_no_way_is_told_but_the_fields_are() {
    let text = Arc::new(Text::new("*FAILED* *deploy* on Carrier: *c1*"));
    let report = Report::new(&text, &Plan::default(), &Runbook::default(), SystemTime::UNIX_EPOCH);
    assert!(!report.points());
    let told = report.to_string();
    assert!(told.starts_with("no rule of the drop-ins knows this text\n\noperation: deploy\n"), "{told}");
}
