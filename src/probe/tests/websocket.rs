use http::HeaderValue;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;

use super::lab::{Server, Talk, ask, client, example, hasty, module, page};
use crate::cause::{Cause, Verdict, judge};
use crate::dial::base64;
use crate::outcome::{Conversation, End, Fault, FaultKind, Phase};
use crate::spec::{Auth, Module, Prober, Secret, Turn, WebSocketSpec};

/// The answer to the handshake that was asked for last.
fn agreed(head: &str) -> String {
    let key = head.lines().find_map(|it| it.strip_prefix("sec-websocket-key: ")).unwrap();
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    let accept = base64(digest.as_ref());
    format!(
        "HTTP/1.1 101 On\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// Makes the handshake, says these bytes, and tells what it is sent: each frame's first byte and its body.
async fn serve(mut talk: Talk, says: Vec<u8>, tell: mpsc::UnboundedSender<(u8, String)>) {
    let head = talk.next_head().await;
    talk.stream.write_all(agreed(&head).as_bytes()).await.unwrap();
    talk.stream.write_all(&says).await.unwrap();
    loop {
        let mut begin = [0; 6];
        if talk.stream.read_exact(&mut begin).await.is_err() {
            return;
        }
        assert!(begin[1] & 0x80 != 0, "a client masks what it sends");
        let mut body = vec![0; usize::from(begin[1] & 0x7f)];
        talk.stream.read_exact(&mut body).await.unwrap();
        let body = body.iter().zip(begin[2..].iter().cycle()).map(|(it, mask)| it ^ mask).collect::<Vec<_>>();
        let _ = tell.send((begin[0], String::from_utf8_lossy(&body).into_owned()));
    }
}

async fn server(says: &[u8]) -> (Server, mpsc::UnboundedReceiver<(u8, String)>) {
    let (tell, told) = mpsc::unbounded_channel();
    let says = says.to_vec();
    (Server::new(move |talk| serve(talk, says.clone(), tell.clone())).await, told)
}

fn websocket(turns: Vec<(&str, &str)>) -> Module {
    let turn = |(expect, send): (&str, &str)| Turn {
        expect: (!expect.is_empty()).then(|| expect.parse().unwrap()),
        send: (!send.is_empty()).then(|| send.to_owned()),
    };
    let mut client = client();
    (client.follow_redirects, client.http2) = (false, false);
    module(Prober::WebSocket(WebSocketSpec { client, turns: turns.into_iter().map(turn).collect() }))
}

#[tokio::test]
async fn a_conversation_goes_by_messages_however_they_are_cut() {
    let says = b"\x81\x03one\x89\x04ping\x01\x03hel\x8a\x00\x80\x08lo world\x82\x03end";
    let (server, mut told) = server(says).await;
    let module = websocket(vec![("", "begin"), ("^hello (w.*)$", "got ${1}"), ("^end$", "")]);
    let outcome = ask(&module, &format!("WS://{}/live", server.address)).await;
    assert_eq!(judge(&module, &outcome), Verdict::Success);
    assert_eq!(outcome.http.unwrap().status, 101);
    let seen = Conversation { exchanges: 3, last_line: "end".into(), ..Conversation::default() };
    assert_eq!(outcome.conversation, Some(seen));
    let close = String::from_utf8_lossy(&1000_u16.to_be_bytes()).into_owned();
    for expected in
        [(0x81, "begin".to_owned()), (0x8a, "ping".into()), (0x81, "got world".into()), (0x88, close)]
    {
        assert_eq!(told.recv().await, Some(expected));
    }
    server.deserted().await;
    let head = &server.heads()[0];
    assert!(head.starts_with("GET /live HTTP/1.1\r\n") && head.contains("upgrade: websocket\r\n"), "{head}");
    assert!(
        head.contains("connection: Upgrade\r\n") && head.contains("sec-websocket-version: 13\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn each_answer_to_the_handshake_has_its_verdict() {
    let refused = Verdict::Failure(Cause::HttpStatus, Phase::Processing);
    let wrong =
        "HTTP/1.1 101 On\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n";
    let table = [
        (page("", "hello"), refused),
        (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n".to_vec(), refused),
        (b"HTTP/1.1 302 On\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n".to_vec(), refused),
        (wrong.into(), Verdict::Failure(Cause::HttpProtocol, Phase::Transfer)),
    ];
    for (answer, verdict) in table {
        let server = Server::answering(answer).await;
        let module = websocket(Vec::new());
        let outcome = ask(&module, &server.address.to_string()).await;
        assert_eq!((judge(&module, &outcome), outcome.conversation), (verdict, None));
        server.deserted().await;
    }
}

#[tokio::test]
async fn each_conversation_that_fails_has_its_verdict() {
    let protocol = Verdict::Failure(Cause::HttpProtocol, Phase::Transfer);
    let mismatch = Verdict::Failure(Cause::ContentMismatch, Phase::Check);
    let table: [(&[u8], Verdict); 7] = [
        (b"\x81\x02no\x88\x00", mismatch),
        (b"\x88\x02\x03\xe8", mismatch),
        (b"\x81\x83abcd", protocol),
        (b"\xc1\x00", protocol),
        (b"\x80\x02no", protocol),
        (b"\x01\x01a\x81\x01b", protocol),
        (b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", Verdict::Failure(Cause::BodyTooLarge, Phase::Transfer)),
    ];
    for (says, verdict) in table {
        let (server, _told) = server(says).await;
        let module = websocket(vec![("^yes$", "")]);
        let outcome = ask(&module, &server.address.to_string()).await;
        assert_eq!(judge(&module, &outcome), verdict, "{says:?}");
        server.deserted().await;
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_after_the_handshake_is_given_up_in_time() {
    let (server, _told) = server(b"\x81\x05hal").await;
    let outcome = ask(&hasty(websocket(vec![("^yes$", "")])), &server.address.to_string()).await;
    assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Transfer, kind: FaultKind::TimedOut }));
    assert_eq!(outcome.conversation, Some(Conversation::default()));
    server.deserted().await;
}

#[tokio::test]
async fn the_handshake_carries_headers_and_credentials() {
    let (server, _told) = server(b"").await;
    let mut module = websocket(Vec::new());
    let Prober::WebSocket(spec) = &mut module.prober else { panic!("a websocket") };
    spec.client.auth =
        Some(Auth::Authorization { scheme: "Bearer".into(), credentials: Secret::Inline("sesame".into()) });
    spec.client.headers.insert("origin", HeaderValue::from_static("https://app.example"));
    assert_eq!(ask(&module, &format!("http://{}/", server.address)).await.end, End::Reply);
    let head = &server.heads()[0];
    assert!(head.contains("authorization: Bearer sesame\r\n"), "{head}");
    assert!(head.contains("origin: https://app.example\r\n"), "{head}");
}

#[tokio::test]
async fn the_shipped_example_talks_to_a_server() {
    let (server, mut told) = server(b"\x81\x08hello me\x81\x07pong me").await;
    for (module, address) in example("websocket", "ws.example:8080", &server.address.to_string()) {
        assert_eq!(judge(&module, &ask(&module, &address).await), Verdict::Success, "{}", module.name);
    }
    assert_eq!(told.recv().await, Some((0x81, "pong me".to_owned())));
}
