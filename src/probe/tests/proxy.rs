use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

use super::lab::{Authority, Server, ask, hasty, http_with, page};
use crate::cause::{Cause, Verdict, judge};
use crate::outcome::{End, Fault, FaultKind, OwnSide, Phase};
use crate::spec::{Auth, Exceptions, Module, Proxy, ProxySpec, Secret, TlsSpec, Way};

/// A proxy that opens every way it is asked for.
async fn opening() -> Server {
    Server::new(|mut talk| async move {
        let head = talk.next_head().await;
        let place = head.split(' ').nth(1).unwrap().to_owned();
        let Ok(mut there) = TcpStream::connect(place).await else { return };
        talk.stream.write_all(b"HTTP/1.1 200 Established\r\nX-Proxy: y\r\n\r\n").await.unwrap();
        let _ = copy_bidirectional(&mut talk.stream, &mut there).await;
    })
    .await
}

fn through(proxy: &Server, tls: TlsSpec) -> Module {
    through_but(proxy, Exceptions::default(), tls)
}

fn through_but(proxy: &Server, except: Exceptions, tls: TlsSpec) -> Module {
    http_with(|spec| {
        let url = format!("http://us:p%40ss@{}", proxy.address).parse().unwrap();
        spec.client.tls = tls;
        spec.client.proxy = ProxySpec {
            way: Way::Proxy(Proxy::at(&url, except).unwrap()),
            connect_headers: vec![("x-connect".parse().unwrap(), Secret::Inline("c1".into()))],
            resolves_here: false,
        };
    })
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_url_and_for_the_name() {
    let proxy = Server::answering(page("", "by proxy")).await;
    let outcome = ask(&through(&proxy, TlsSpec::default()), "http://nowhere.example:81/x?y=1").await;
    assert_eq!((outcome.end, outcome.peer), (End::Reply, Some(proxy.address)));
    assert_eq!(outcome.http.unwrap().body_start, "by proxy");
    let head = &proxy.heads()[0];
    assert!(head.starts_with("GET http://nowhere.example:81/x?y=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("host: nowhere.example:81\r\n"), "{head}");
    assert!(
        head.contains("proxy-authorization: Basic dXM6cEBzcw==\r\n") && !head.contains("x-connect"),
        "{head}"
    );
}

#[tokio::test]
async fn where_the_address_is_found_here_the_proxy_is_asked_for_that() {
    let proxy = Server::answering(page("", "")).await;
    let mut module = through(&proxy, TlsSpec::default());
    let crate::spec::Prober::Http(spec) = &mut module.prober else { panic!("http") };
    spec.client.proxy.resolves_here = true;
    assert_eq!(ask(&module, "http://127.0.0.9:81/").await.end, End::Reply);
    assert!(proxy.heads()[0].starts_with("GET http://127.0.0.9:81/ HTTP/1.1\r\n"));
    let outcome = ask(&module, "http://nowhere.example/").await;
    assert_eq!(outcome.end, End::Unknown(OwnSide::Resolver), "the lab has no name server");
    assert_eq!(proxy.heads().len(), 1);
}

#[tokio::test]
async fn tls_goes_through_a_proxy_from_end_to_end() {
    let authority = Authority::new();
    let config = authority.certify(&["127.0.0.1"], |_| {}).server();
    let server = Server::tls(config, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let proxy = opening().await;
    let trusting = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    let outcome = ask(&through(&proxy, trusting), &format!("https://{}/deep", server.address)).await;
    assert_eq!(outcome.end, End::Reply);
    assert!(outcome.tls.is_some_and(|it| it.verified));
    let asked = &proxy.heads()[0];
    assert!(asked.starts_with(&format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", server.address)), "{asked}");
    assert!(asked.contains("proxy-authorization: Basic dXM6cEBzcw==\r\n"), "{asked}");
    assert!(asked.contains("x-connect: c1\r\n"), "{asked}");
    let head = &server.heads()[0];
    assert!(
        head.starts_with("GET /deep HTTP/1.1\r\n") && !head.contains("proxy-") && !head.contains("x-connect"),
        "{head}"
    );
}

#[tokio::test]
async fn a_proxy_that_does_not_open_the_way_has_its_own_fault() {
    let connect = |kind| End::Fault(Fault { phase: Phase::Connect, kind });
    let table = [
        ("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n".to_owned(), FaultKind::ProxyRefused),
        ("HTTP/1.0 502 Bad\r\n\r\n".into(), FaultKind::ProxyRefused),
        ("SSH-2.0-OpenSSH\r\n\r\n".into(), FaultKind::HttpProtocol),
        (format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(20_000)), FaultKind::HeaderLimit),
    ];
    for (answer, kind) in table {
        let proxy = Server::answering(answer).await;
        let module = through(&proxy, TlsSpec::default());
        let outcome = ask(&module, "https://nowhere.example/").await;
        assert_eq!(outcome.end, connect(kind));
        if kind == FaultKind::ProxyRefused {
            assert_eq!(judge(&module, &outcome), Verdict::Failure(Cause::ProxyRefused, Phase::Connect));
        }
    }
    let mute = Server::new(|mut talk| async move { talk.until_closed().await }).await;
    let outcome = ask(&hasty(through(&mute, TlsSpec::default())), "https://nowhere.example/").await;
    assert_eq!(outcome.end, connect(FaultKind::TimedOut));
}

#[tokio::test]
async fn an_exception_is_asked_without_the_proxy() {
    let server = Server::answering(page("", "direct")).await;
    let proxy = Server::answering(page("", "by proxy")).await;
    let module = through_but(&proxy, Exceptions::read("other.example"), TlsSpec::default());
    assert_eq!(ask(&module, &server.url()).await.http.unwrap().body_start, "direct");
    assert!(proxy.heads().is_empty() && !server.heads()[0].contains("proxy-authorization"));
}

#[tokio::test]
async fn a_secret_of_the_proxy_that_cannot_be_read_is_our_own_fault() {
    let proxy = Server::answering(page("", "")).await;
    let mut module = through(&proxy, TlsSpec::default());
    let crate::spec::Prober::Http(spec) = &mut module.prober else { panic!("http") };
    let Way::Proxy(way) = &mut spec.client.proxy.way else { panic!("a proxy") };
    way.auth = Some(Auth::Basic { username: Secret::File("/nowhere/name".into()), password: None });
    assert_eq!(ask(&module, "http://nowhere.example/").await.end, End::Unknown(OwnSide::Secret));
}
