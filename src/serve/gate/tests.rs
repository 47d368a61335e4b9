use std::fs;

use tempfile::TempDir;

use super::*;

fn folder() -> TempDir {
    TempDir::with_prefix("fingerpost-gate-").unwrap()
}

/// A certificate for 127.0.0.1 in `folder`, as `name.pem` and `name.key`, signed by itself.
pub(in crate::serve) fn certificate(folder: &Path, name: &str) -> String {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), name.to_owned()]).unwrap();
    fs::write(folder.join(format!("{name}.pem")), made.cert.pem()).unwrap();
    fs::write(folder.join(format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
    made.cert.pem()
}

fn user(name: &str, password: &str) -> String {
    format!("basic_auth_users: {{ {name}: '{}' }}\n", bcrypt::hash(password, 4).unwrap())
}

async fn admits(gate: &Gate, words: &str) -> u16 {
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(words).unwrap())]);
    gate.rules().await.admit(&headers).await.map_or_else(|it| it.status().as_u16(), |()| 200)
}

#[tokio::test]
async fn a_changed_file_counts_at_once_and_a_bad_one_never() {
    let folder = folder();
    let file = folder.path().join("web.yml");
    fs::write(&file, user("alice", "open")).unwrap();
    let gate = Gate::of(&file).unwrap();
    let (alice, bob) = ("Basic YWxpY2U6b3Blbg==", "Basic Ym9iOnNlc2FtZQ==");
    assert_eq!((admits(&gate, alice).await, admits(&gate, bob).await), (200, 401));
    fs::write(&file, user("bob", "sesame")).unwrap();
    assert_eq!((admits(&gate, alice).await, admits(&gate, bob).await), (401, 200));
    for bad in ["basic_auth_users: {\n", "basic_auth_users: { alice: open }\n", "rate_limits: {}\n"] {
        fs::write(&file, bad).unwrap();
        assert_eq!((admits(&gate, alice).await, admits(&gate, bob).await), (401, 200), "{bad}");
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(admits(&gate, alice).await, 401);
}

#[test]
fn nobody_begins_with_a_file_that_is_bad_or_names_what_is_not_there() {
    let folder = folder();
    let file = folder.path().join("web.yml");
    assert!(Gate::of(&file).unwrap_err().contains("cannot be read"));
    certificate(folder.path(), "a");
    certificate(folder.path(), "b");
    for (text, told) in [
        ("tls_server_config: { cert_file: no.pem, key_file: a.key }", "cannot be read"),
        ("tls_server_config: { cert_file: a.key, key_file: a.key }", "cannot be read"),
        ("tls_server_config: { cert_file: a.pem, key_file: b.key }", "do not belong together"),
        (
            "tls_server_config: { cert_file: a.pem, key_file: a.key, client_auth_type: RequireAndVerifyClientCert, client_ca_file: no.pem }",
            "roots for clients",
        ),
        ("basic_auth_users: { a: b }", "no bcrypt hash"),
    ] {
        fs::write(&file, text).unwrap();
        let complaint = Gate::of(&file).unwrap_err();
        assert!(complaint.contains(told), "{text}\n{complaint}");
    }
    fs::write(&file, "tls_server_config: { cert_file: a.pem, key_file: a.key }").unwrap();
    assert!(Gate::of(&file).is_ok());
}

#[tokio::test]
async fn a_changed_certificate_is_a_changed_file() {
    let folder = folder();
    let file = folder.path().join("web.yml");
    certificate(folder.path(), "a");
    fs::write(&file, "tls_server_config: { cert_file: a.pem, key_file: a.key }").unwrap();
    let gate = Gate::of(&file).unwrap();
    let first = gate.rules().await;
    assert!(Arc::ptr_eq(&first, &gate.rules().await));
    certificate(folder.path(), "a");
    assert!(!Arc::ptr_eq(&first, &gate.rules().await));
}

#[test]
fn a_bucket_gives_what_time_has_put_into_it() {
    let begun = Instant::now();
    let rate = Rate { interval: Duration::from_secs(1), burst: 2 };
    let mut bucket = Bucket::full(rate, begun);
    let mut taken_at = |milliseconds| bucket.take(begun + Duration::from_millis(milliseconds));
    assert_eq!([0, 0, 0, 900, 1100, 1200].map(&mut taken_at), [true, true, false, false, true, false]);
    assert_eq!(
        [60_000, 60_000, 60_000].map(&mut taken_at),
        [true, true, false],
        "it holds no more than its burst"
    );
}
