use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt as _;

use super::lab::{Authority, Identity, Server, ask, expired, hasty, http_with, not_yet_valid, page};
use crate::outcome::{CertificateFault, End, Fault, FaultKind, Outcome, OwnSide, Phase};
use crate::spec::{Body, Pem, TlsSpec, TlsVersion};

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn tls_fault(kind: FaultKind) -> End {
    End::Fault(Fault { phase: Phase::Tls, kind })
}

async fn ask_tls(server: &Server, host: &str, tls: TlsSpec) -> Outcome {
    let module = http_with(|spec| spec.client.tls = tls);
    ask(&module, &format!("https://{host}:{}/", server.address.port())).await
}

#[tokio::test]
async fn each_certificate_has_one_end_and_says_what_it_is() {
    use CertificateFault::{Expired, NotYetValid, Untrusted, WrongName};
    let authority = Authority::new();
    let stranger = Authority::new();
    let loopback = ["127.0.0.1", "localhost"];
    let table = [
        ("good", authority.certify(&loopback, |_| {}), None),
        ("expired", authority.certify(&loopback, expired), Some(Expired)),
        ("not yet valid", authority.certify(&loopback, not_yet_valid), Some(NotYetValid)),
        ("another's", authority.certify(&["other.example"], |_| {}), Some(WrongName)),
        ("a stranger's", stranger.certify(&loopback, |_| {}), Some(Untrusted)),
        ("its own", Identity::self_signed("127.0.0.1"), Some(Untrusted)),
    ];
    for (name, identity, refused) in table {
        let server = Server::tls(identity.server(), ANSWER).await;
        let trusting = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
        let careless = TlsSpec { insecure_skip_verify: true, ..trusting.clone() };

        let strict = ask_tls(&server, "127.0.0.1", trusting).await;
        let end = refused.map_or(End::Reply, |it| tls_fault(FaultKind::Certificate(it)));
        assert_eq!(strict.end, end, "{name}");
        let facts = strict.tls.unwrap();
        assert_eq!((facts.chain.len(), facts.verified), (1, refused.is_none()), "{name}");

        let lax = ask_tls(&server, "127.0.0.1", careless).await;
        assert_eq!(lax.end, End::Reply, "{name}");
        let lax = lax.tls.unwrap();
        assert_eq!((&lax.chain, lax.verified), (&facts.chain, refused.is_none()), "{name}");
        assert_eq!(lax.version, Some("TLS 1.3"), "{name}");
        assert!(lax.cipher.unwrap().starts_with("TLS_AES_"), "{name}");
    }
}

#[tokio::test]
async fn an_expired_certificate_still_says_when_it_expired() {
    let authority = Authority::new();
    let server = Server::tls(authority.certify(&["127.0.0.1"], expired).server(), ANSWER).await;
    let trusting = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    let facts = ask_tls(&server, "127.0.0.1", trusting).await.tls.unwrap();
    let end = httpdate::parse_http_date("Fri, 01 Jan 2021 00:00:00 GMT").unwrap();
    assert_eq!(facts.earliest_not_after(), Some(end));
    assert_eq!(facts.chain[0].issuer.split(',').next(), Some("CN=lab"));
}

#[tokio::test]
async fn the_name_is_that_of_the_url_the_host_header_or_the_drop_in() {
    let authority = Authority::new();
    let server = Server::tls(authority.certify(&["front.example"], |_| {}).server(), ANSWER).await;
    let trusting = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    let wrong = tls_fault(FaultKind::Certificate(CertificateFault::WrongName));
    assert_eq!(ask_tls(&server, "127.0.0.1", trusting.clone()).await.end, wrong);
    let named = TlsSpec { server_name: Some("front.example".into()), ..trusting.clone() };
    assert_eq!(ask_tls(&server, "127.0.0.1", named).await.end, End::Reply);
    let module = http_with(|spec| {
        spec.client.tls = trusting;
        spec.client.headers.insert("host", HeaderValue::from_static("front.example:443"));
    });
    let outcome = ask(&module, &format!("https://{}/", server.address)).await;
    assert_eq!(outcome.end, End::Reply);
    assert!(outcome.http.unwrap().ssl);
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_there_is_one() {
    let authority = Authority::new();
    let config = authority.demanding(&authority.certify(&["127.0.0.1"], |_| {}));
    let server = Server::tls(config, ANSWER).await;
    let without = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    let with = TlsSpec { identity: Some(authority.certify(&["us"], |_| {}).client()), ..without.clone() };
    assert_eq!(ask_tls(&server, "127.0.0.1", without).await.end, tls_fault(FaultKind::TlsAlert));
    assert_eq!(ask_tls(&server, "127.0.0.1", with).await.end, End::Reply);
}

#[tokio::test]
async fn a_client_certificate_does_not_cross_to_another_port() {
    let authority = Authority::new();
    let identity = authority.certify(&["127.0.0.1"], |_| {});
    let demanding = Server::tls(authority.demanding(&identity), ANSWER).await;
    let location = format!(
        "HTTP/1.1 302 Found\r\nLocation: https://{}/\r\nContent-Length: 0\r\n\r\n",
        demanding.address
    );
    let first = Server::tls(identity.server(), location.leak()).await;
    let tls = TlsSpec {
        ca: Some(authority.pem()),
        identity: Some(authority.certify(&["us"], |_| {}).client()),
        ..TlsSpec::default()
    };
    assert_eq!(ask_tls(&first, "127.0.0.1", tls).await.end, tls_fault(FaultKind::TlsAlert));
    assert!(demanding.heads().is_empty());
}

#[tokio::test]
async fn what_is_no_tls_is_a_matter_of_protocol() {
    let table: Vec<(&str, &'static [u8], FaultKind)> = vec![
        ("plain HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", FaultKind::TlsProtocol),
        ("an alert", b"\x15\x03\x03\x00\x02\x02\x28", FaultKind::TlsAlert),
        ("an alert about the version", b"\x15\x03\x01\x00\x02\x02\x46", FaultKind::TlsProtocol),
        ("nothing", b"", FaultKind::Reset),
    ];
    for (name, bytes, kind) in table {
        let server = Server::new(move |mut talk| async move {
            talk.stream.readable().await.unwrap();
            talk.stream.write_all(bytes).await.unwrap();
            talk.stream.shutdown().await.unwrap();
            talk.until_closed().await;
        })
        .await;
        let outcome =
            ask_tls(&server, "127.0.0.1", TlsSpec { insecure_skip_verify: true, ..TlsSpec::default() }).await;
        assert_eq!(outcome.end, tls_fault(kind), "{name}");
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_times_out_in_tls() {
    let server = Server::new(|mut talk| async move { talk.until_closed().await }).await;
    let module = hasty(http_with(|spec| spec.client.tls.insecure_skip_verify = true));
    let outcome = ask(&module, &format!("https://{}/", server.address)).await;
    assert_eq!(outcome.end, tls_fault(FaultKind::TimedOut));
    server.deserted().await;
}

#[tokio::test]
async fn https_asked_of_as_http_is_no_http() {
    let server = Server::tls(Identity::self_signed("127.0.0.1").server(), ANSWER).await;
    let outcome = ask(&http_with(|_| {}), &server.url()).await;
    assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Transfer, kind: FaultKind::HttpProtocol }));
}

#[tokio::test]
async fn only_the_versions_that_are_wanted_are_offered() {
    let authority = Authority::new();
    let server = Server::tls(authority.certify(&["127.0.0.1"], |_| {}).server(), ANSWER).await;
    let old = TlsSpec { ca: Some(authority.pem()), version_max: TlsVersion::V1_2, ..TlsSpec::default() };
    let outcome = ask_tls(&server, "127.0.0.1", old).await;
    assert_eq!(outcome.tls.unwrap().version, Some("TLS 1.2"));
}

#[tokio::test]
async fn a_chain_of_more_than_sixteen_is_not_looked_at() {
    let authority = Authority::new();
    let identity = authority.certify(&["127.0.0.1"], |_| {});
    let careless = TlsSpec { insecure_skip_verify: true, ..TlsSpec::default() };
    for (length, end) in [(16, End::Reply), (17, tls_fault(FaultKind::TlsProtocol))] {
        let server = Server::tls(identity.server_with_chain_of(length), ANSWER).await;
        let outcome = ask_tls(&server, "127.0.0.1", careless.clone()).await;
        assert_eq!(outcome.end, end, "{length}");
        assert_eq!(outcome.tls.unwrap().chain.len(), 16, "{length}");
    }
}

#[tokio::test]
async fn roots_that_cannot_be_read_are_our_own_fault() {
    let server = Server::tls(Identity::self_signed("127.0.0.1").server(), ANSWER).await;
    for ca in [Pem::File("/nowhere/ca.pem".into()), Pem::Inline("no pem".into())] {
        let outcome = ask_tls(&server, "127.0.0.1", TlsSpec { ca: Some(ca), ..TlsSpec::default() }).await;
        assert_eq!(outcome.end, End::Unknown(OwnSide::Secret));
    }
}

#[tokio::test]
async fn a_body_without_tls_goodbye_ends_where_its_length_says() {
    let authority = Authority::new();
    let acceptor =
        tokio_rustls::TlsAcceptor::from(Arc::new(authority.certify(&["127.0.0.1"], |_| {}).server()));
    let trusting = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    let truncated = End::Fault(Fault { phase: Phase::Transfer, kind: FaultKind::BodyTruncated });
    for (answer, end) in [
        ("HTTP/1.1 200 OK\r\n\r\nhello", End::Reply),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", truncated),
    ] {
        let acceptor = acceptor.clone();
        let server = Server::new(move |talk| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = acceptor.accept(talk.stream).await.unwrap();
                tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        })
        .await;
        assert_eq!(ask_tls(&server, "127.0.0.1", trusting.clone()).await.end, end, "{answer}");
    }
}

/// A server of HTTP/2 alone that answers as `answer` says.
async fn http2(
    authority: &Authority,
    answer: impl Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Clone + Send + 'static,
) -> Server {
    let mut config = authority.certify(&["127.0.0.1"], |_| {}).server();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    Server::new(move |talk| {
        let (acceptor, answer) = (acceptor.clone(), answer.clone());
        async move {
            let Ok(stream) = acceptor.accept(talk.stream).await else { return };
            let service = service_fn(move |request| {
                let answer = answer(&request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })
    .await
}

#[tokio::test]
async fn http2_is_spoken_where_both_like_it() {
    let authority = Authority::new();
    let server = http2(&authority, |request| {
        let host = request.uri().authority().unwrap().to_string();
        Response::new(Full::new(Bytes::from(format!("{} {host}", request.method()))))
    })
    .await;
    let trusting = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    let outcome = ask_tls(&server, "127.0.0.1", trusting.clone()).await;
    assert_eq!(outcome.end, End::Reply);
    let http = outcome.http.unwrap();
    assert_eq!((http.status, http.version), (200, "HTTP/2.0"));
    assert_eq!(http.body_start, format!("GET {}", server.address));
    server.deserted().await;

    let module = http_with(|spec| (spec.client.tls, spec.client.http2) = (trusting, false));
    let outcome = ask(&module, &format!("https://{}/", server.address)).await;
    assert_eq!(outcome.end, tls_fault(FaultKind::TlsProtocol));
}

#[tokio::test]
async fn http2_has_the_same_limits() {
    let authority = Authority::new();
    let many = http2(&authority, |_| {
        let mut response = Response::new(Full::default());
        for _ in 0..101 {
            response.headers_mut().append("x", HeaderValue::from_static("y"));
        }
        response
    })
    .await;
    let long = http2(&authority, |_| {
        Response::builder().header("x", "y".repeat(70_000)).body(Full::default()).unwrap()
    })
    .await;
    let large = http2(&authority, |_| Response::new(Full::new(vec![b'x'; 2 << 20].into()))).await;
    let trusting = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    for (server, kind) in
        [(many, FaultKind::HeaderLimit), (long, FaultKind::HeaderLimit), (large, FaultKind::BodyTooLarge)]
    {
        let outcome = ask_tls(&server, "127.0.0.1", trusting.clone()).await;
        assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Transfer, kind }));
        server.deserted().await;
    }
}

/// The server allows any number of bytes and reads none, so that what is written cannot be flushed.
#[tokio::test]
async fn http2_that_is_deaf_times_out_and_leaves_no_task_behind() {
    let authority = Authority::new();
    let mut config = authority.certify(&["127.0.0.1"], |_| {}).server();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let server = Server::new(move |talk| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(talk.stream).await.unwrap();
            stream.write_all(b"\0\0\x06\x04\0\0\0\0\0\0\x04\x7f\xff\xff\xff").await.unwrap();
            stream.write_all(b"\0\0\x04\x08\0\0\0\0\0\x7f\xff\0\0").await.unwrap();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    let module = hasty(http_with(|spec| {
        spec.client.tls.ca = Some(authority.pem());
        spec.method = Method::POST;
        spec.body = Some(Body::Inline("x".repeat(16 << 20).into()));
    }));
    let outcome = ask(&module, &format!("https://{}/", server.address)).await;
    assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Processing, kind: FaultKind::TimedOut }));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let of_the_server = 1;
    assert_eq!(metrics.num_alive_tasks(), before + of_the_server);
}

#[tokio::test]
async fn http2_that_breaks_off_is_reset_truncated_or_no_http() {
    let authority = Authority::new();
    let mut config = authority.certify(&["127.0.0.1"], |_| {}).server();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let settings = b"\0\0\0\x04\0\0\0\0\0";
    // :status 200 from the static table, and a DATA frame that does not end the stream.
    let head = b"\0\0\x01\x01\x04\0\0\0\x01\x88";
    let data = b"\0\0\x02\0\0\0\0\0\x01ok";
    let table: Vec<(&str, Vec<u8>, Phase, FaultKind)> = vec![
        ("closed at once", Vec::new(), Phase::Processing, FaultKind::Reset),
        ("closed before an answer", settings.to_vec(), Phase::Processing, FaultKind::Reset),
        ("no frames", page("", "x"), Phase::Processing, FaultKind::HttpProtocol),
        (
            "closed within the body",
            [&settings[..], head, data].concat(),
            Phase::Transfer,
            FaultKind::BodyTruncated,
        ),
    ];
    let trusting = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    for (name, bytes, phase, kind) in table {
        let acceptor = acceptor.clone();
        let server = Server::new(move |talk| {
            let (acceptor, bytes) = (acceptor.clone(), bytes.clone());
            async move {
                let mut stream = acceptor.accept(talk.stream).await.unwrap();
                tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await.unwrap();
                stream.write_all(&bytes).await.unwrap();
                stream.shutdown().await.unwrap();
                while matches!(tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await, Ok(1..)) {}
            }
        })
        .await;
        let outcome = ask_tls(&server, "127.0.0.1", trusting.clone()).await;
        assert_eq!(outcome.end, End::Fault(Fault { phase, kind }), "{name}");
    }
}
