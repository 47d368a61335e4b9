use super::*;

fn answer(status: u16, body: &'static str) -> Answer {
    let status = http::StatusCode::from_u16(status).unwrap();
    Answer { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) }
}

fn told(answer: &Answer) -> String {
    match token(answer) {
        Ok(token) => format!("{} for {:?}", token.value.to_str().unwrap(), token.life),
        Err(told) => told.to_string(),
    }
}

#[test]
fn an_answer_is_a_token_with_a_margin_before_its_end_or_says_why_it_is_none() {
    let table = [
        (200, r#"{"access_token":"a","token_type":"bearer","expires_in":3600}"#, "Bearer a for 3570s"),
        (200, r#"{"access_token":"a","token_type":"MAC","expires_in":"40"}"#, "MAC a for 30s"),
        (201, r#"{"access_token":"a"}"#, "Bearer a for 270s"),
        (200, r#"{"access_token":"a","expires_in":-1}"#, "Bearer a for 270s"),
        (200, r#"{"access_token":"a","expires_in":1e300}"#, "Bearer a for 270s"),
        (200, r#"{"access_token":"a","expires_in":1e9,"token_type":""}"#, "Bearer a for 86370s"),
        (200, r#"{"access_token":""}"#, "its answer holds no token that can be used"),
        (200, r#"{"access_token":"a\r\nb"}"#, "its answer holds no token that can be used"),
        (200, "<html>", "its answer holds no token that can be used"),
        (302, r#"{"access_token":"a"}"#, "it answers with status 302"),
        (401, r#"{"error":"invalid_client"}"#, "it answers with status 401"),
    ];
    for (status, body, expected) in table {
        assert_eq!(told(&answer(status, body)), expected, "{status} {body}");
    }
}

#[test]
fn a_token_ends_by_whichever_clock_is_ahead() {
    let (now, wall) = (Instant::now(), SystemTime::now());
    let life = Duration::from_mins(1);
    let token = Token { value: HeaderValue::from_static("Bearer a"), since: now, life, until: wall + life };
    assert!(token.is_good(now, wall));
    assert!(!token.is_good(now + life, wall), "it has run out");
    assert!(!token.is_good(now, wall + life), "the machine slept meanwhile");
}

#[test]
fn another_secret_is_another_grant_and_no_secret_is_shown() {
    let grant = |secret: &str| OAuth2 {
        client_id: "c".into(),
        client_secret: Some(crate::spec::Secret::Inline(secret.into())),
        token_url: "http://t/".parse().unwrap(),
        scopes: Vec::new(),
        endpoint_params: vec![("p".into(), crate::spec::Secret::Inline("hidden-too".into()))],
        client: HttpClient::default(),
    };
    let (one, two) =
        (Identity::of(&grant("hidden-one")).unwrap(), Identity::of(&grant("hidden-two")).unwrap());
    assert!(one != two && one == Identity::of(&grant("hidden-one")).unwrap());
    assert!(!one.shown.contains("hidden"), "{}", one.shown);
}

#[test]
fn a_name_and_a_secret_are_escaped_before_they_are_joined() {
    let grant = OAuth2 {
        client_id: "a:b".into(),
        client_secret: Some(crate::spec::Secret::Inline("p w&".into())),
        token_url: "http://t/".parse().unwrap(),
        scopes: vec!["read".into(), "x:y".into()],
        endpoint_params: vec![("audience".into(), crate::spec::Secret::Inline("me & you".into()))],
        client: HttpClient::default(),
    };
    let words = Words::of(&grant).ok().unwrap();
    assert_eq!(words.header, format!("Basic {}", base64(b"a%3Ab:p+w%26")));
    assert_eq!(words.question, "grant_type=client_credentials&scope=read+x%3Ay&audience=me+%26+you");
    assert_eq!(
        words.question_with_client,
        format!("{}&client_id=a%3Ab&client_secret=p+w%26", words.question)
    );
}

#[tokio::test]
async fn a_token_that_is_refused_is_given_up_unless_it_was_fresh() {
    let grant = OAuth2 {
        client_id: "c".into(),
        client_secret: None,
        token_url: "http://t/".parse().unwrap(),
        scopes: Vec::new(),
        endpoint_params: Vec::new(),
        client: HttpClient::default(),
    };
    let dialer = Dialer::asking(&[]);
    let client = HttpClient { oauth2: Some(Box::new(grant.clone())), ..HttpClient::default() };
    for (age, is_kept) in [(Duration::ZERO, true), (FRESH * 2, false)] {
        let place = dialer.means.tokens.place(Identity::of(&grant).unwrap());
        let life = Duration::from_hours(1);
        let (since, until) = (Instant::now().checked_sub(age).unwrap(), SystemTime::now() + life);
        *place.lock().await = Held::Token(Token { value: HeaderValue::from_static("x"), since, life, until });
        dialer.refused(&client).await;
        assert_eq!(matches!(&*place.lock().await, Held::Token(_)), is_kept, "{age:?}");
    }
}
