//! `oauth2`: a token first, then the target.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;

use super::lab::{Server, Talk, hasty, http_with, metrics_with, module, page};
use crate::dial::Dialer;
use crate::labels::Labels;
use crate::outcome::{End, Outcome, OwnSide};
use crate::probe::ask;
use crate::spec::{HttpClient, Module, OAuth2, Prober, Secret, WebSocketSpec};
use crate::target::Target;

fn grant(token_url: &str) -> Box<OAuth2> {
    Box::new(OAuth2 {
        client_id: "prober".into(),
        client_secret: Some(Secret::Inline("sesame".into())),
        token_url: token_url.parse().unwrap(),
        scopes: vec!["read".into()],
        endpoint_params: Vec::new(),
        client: http_client(),
    })
}

/// Gives out `t1`, `t2`, …; hands back each form that came.
async fn token_server(takes_headers: bool) -> (Server, mpsc::UnboundedReceiver<String>) {
    let (forms, received) = mpsc::unbounded_channel();
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let server = Server::new(move |mut talk| {
        let (forms, count) = (forms.clone(), count.clone());
        async move {
            let head = talk.next_head().await;
            let _ = forms.send(form(&mut talk, &head).await);
            let is_refused = !takes_headers && head.contains("authorization:");
            let answer = if is_refused {
                b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n".to_vec()
            } else {
                let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                page("", format!(r#"{{"access_token":"t{number}","token_type":"Bearer","expires_in":3600}}"#))
            };
            let _ = talk.stream.write_all(&answer).await;
            talk.until_closed().await;
        }
    })
    .await;
    (server, received)
}

async fn form(talk: &mut Talk, head: &str) -> String {
    let length = head.lines().find_map(|it| it.strip_prefix("content-length: ")).unwrap();
    let mut form = vec![0; length.parse().unwrap()];
    talk.stream.read_exact(&mut form).await.unwrap();
    String::from_utf8(form).unwrap()
}

async fn seen(dialer: &Dialer, module: &Module, address: &str) -> Outcome {
    ask(dialer, module, &Target::new(address, &Labels::default())).await.0
}

#[tokio::test]
async fn one_token_serves_every_prober_until_it_runs_out() {
    let (tokens, mut forms) = token_server(true).await;
    let page = page("Content-Type: text/plain; version=0.0.4\r\n", "a 1\n");
    let target = Server::answering(page).await;
    let dialer = Dialer::asking(&[]);
    let oauth2 = Some(grant(&format!("{}/token", tokens.url())));
    let websocket = WebSocketSpec {
        client: HttpClient { follow_redirects: false, oauth2: oauth2.clone(), ..http_client() },
        ..WebSocketSpec::default()
    };
    for module in [
        http_with(|spec| spec.client.oauth2 = oauth2.clone()),
        metrics_with(|spec| spec.client.oauth2 = oauth2.clone()),
        module(Prober::WebSocket(websocket)),
    ] {
        assert_eq!(seen(&dialer, &module, &target.url()).await.end, End::Reply);
    }
    let heads = target.heads();
    assert!(
        heads.iter().all(|it| it.contains("authorization: Bearer t1\r\n")) && heads.len() == 3,
        "{heads:?}"
    );
    assert_eq!(forms.recv().await.unwrap(), "grant_type=client_credentials&scope=read");
    let asked = tokens.heads();
    assert!(asked.len() == 1 && asked[0].starts_with("POST /token HTTP/1.1\r\n"), "{asked:?}");
    assert!(asked[0].contains("authorization: Basic cHJvYmVyOnNlc2FtZQ==\r\n"), "{asked:?}");
}

#[tokio::test]
async fn a_token_server_that_takes_no_header_is_told_in_the_body() {
    let (tokens, mut forms) = token_server(false).await;
    let target = Server::answering(page("", "")).await;
    let module = http_with(|spec| spec.client.oauth2 = Some(grant(&tokens.url())));
    assert_eq!(seen(&Dialer::asking(&[]), &module, &target.url()).await.end, End::Reply);
    assert_eq!(forms.recv().await.unwrap(), "grant_type=client_credentials&scope=read");
    assert_eq!(
        forms.recv().await.unwrap(),
        "grant_type=client_credentials&scope=read&client_id=prober&client_secret=sesame"
    );
}

#[tokio::test]
async fn a_token_that_cannot_be_had_is_never_the_targets_fault() {
    let target = Server::answering(page("", "")).await;
    let refusing = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let angry = Server::answering("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n").await;
    let foolish = Server::answering(page("", "{}")).await;
    let mute = Server::new(|talk| async move { drop(talk.end().await) }).await;
    for url in [refusing, angry.url(), foolish.url(), mute.url()] {
        let module = hasty(http_with(|spec| spec.client.oauth2 = Some(grant(&url))));
        let dialer = Dialer::asking(&[]);
        for _ in 0..2 {
            let outcome = seen(&dialer, &module, &target.url()).await;
            assert_eq!(outcome.end, End::Unknown(OwnSide::Secret), "{url}");
        }
    }
    assert_eq!(target.heads(), Vec::<String>::new());
    assert_eq!(angry.heads().len(), 2, "both ways, and the second attempt does not hurry it");
}

#[tokio::test]
async fn a_token_stays_with_the_host_it_was_meant_for() {
    let (tokens, _forms) = token_server(true).await;
    let other = Server::answering(page("", "")).await;
    let answer = format!("HTTP/1.1 302 On\r\nLocation: {}/x\r\nContent-Length: 0\r\n\r\n", other.url());
    let first = Server::answering(answer).await;
    let module = http_with(|spec| spec.client.oauth2 = Some(grant(&tokens.url())));
    assert_eq!(seen(&Dialer::asking(&[]), &module, &first.url()).await.end, End::Reply);
    assert!(first.heads()[0].contains("authorization: Bearer t1\r\n"));
    assert!(!other.heads()[0].contains("authorization"), "{:?}", other.heads());
}

#[tokio::test]
async fn a_call_of_our_own_has_its_token_too() {
    let (tokens, _forms) = token_server(true).await;
    let target = Server::answering(page("", "")).await;
    let client = HttpClient { oauth2: Some(grant(&tokens.url())), ..http_client() };
    let (url, limit) = (target.url().parse().unwrap(), std::time::Duration::from_secs(30));
    let dialer = Dialer::asking(&[]);
    let call =
        dialer.call(&client, http::Method::GET, &url, http::HeaderMap::new(), bytes::Bytes::new(), limit);
    assert_eq!(call.await.unwrap().status, http::StatusCode::OK);
    assert!(target.heads()[0].contains("authorization: Bearer t1\r\n"));
}

fn http_client() -> HttpClient {
    HttpClient { body_bytes_max: 1 << 20, ..HttpClient::default() }
}
