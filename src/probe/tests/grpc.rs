use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};

use super::lab::{Authority, Server, ask, example, hasty, module, page};
use crate::cause::{Cause, Verdict, judge};
use crate::outcome::{End, Fault, FaultKind, GrpcFacts, Phase, Serving};
use crate::spec::{DialSpec, Family, GrpcSpec, Module, Prober, TlsSpec};

/// What a server says: its head, its body, what stands behind it.
#[derive(Clone, Default)]
struct Said {
    status: u16,
    head: Vec<(&'static str, &'static str)>,
    body: &'static [u8],
    trailers: Vec<(&'static str, &'static str)>,
}

const GRPC: (&str, &str) = ("content-type", "application/grpc+proto");

/// An answer with that message and that code.
fn said(body: &'static [u8], code: &'static str) -> Said {
    Said { status: 200, head: vec![GRPC], body, trailers: vec![("grpc-status", code)] }
}

/// An answer that is all head.
fn head(status: u16, head: &[(&'static str, &'static str)]) -> Said {
    Said { status, head: head.to_vec(), ..Said::default() }
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
}

type Asked = Arc<Mutex<Vec<(http::request::Parts, Bytes)>>>;

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, said: Said, asked: Asked) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (said, asked) = (said.clone(), Arc::clone(&asked));
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            asked.lock().unwrap().push((parts, body));
            let trailers = headers(&said.trailers);
            let body = Full::new(Bytes::from_static(said.body))
                .with_trailers(async move { (!trailers.is_empty()).then_some(Ok(trailers)) });
            let mut response = Response::new(body);
            *response.status_mut() = said.status.try_into().unwrap();
            *response.headers_mut() = headers(&said.head);
            Ok::<_, Infallible>(response)
        }
    });
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn server(said: Said) -> (Server, Asked) {
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let server = Server::new(move |talk| speak(talk.stream, said.clone(), Arc::clone(&noted))).await;
    (server, asked)
}

fn grpc(change: impl FnOnce(&mut GrpcSpec)) -> Module {
    let dial = DialSpec { preferred: Family::Ip4, ..DialSpec::default() };
    let mut spec = GrpcSpec { dial, ..GrpcSpec::default() };
    change(&mut spec);
    module(Prober::Grpc(spec))
}

#[tokio::test]
async fn each_answer_of_a_health_service_has_its_verdict() {
    let failed = |cause| Verdict::Failure(cause, Phase::Check);
    let (not_serving, status) = (failed(Cause::GrpcNotServing), failed(Cause::GrpcStatus));
    let facts = |status, message: &str, serving| GrpcFacts { status, message: message.into(), serving };
    let table = [
        (said(b"\0\0\0\0\x02\x08\x01", "0"), facts(0, "", Some(Serving::Serving)), Verdict::Success),
        (said(b"\0\0\0\0\x02\x08\x02", "0"), facts(0, "", Some(Serving::NotServing)), not_serving),
        (said(b"\0\0\0\0\0", "0"), facts(0, "", Some(Serving::Unknown)), not_serving),
        (said(b"", "12"), facts(12, "", None), status),
        (said(b"\0\0\0\0\x02\x08\x01", "14"), facts(14, "", None), status),
        (
            head(200, &[GRPC, ("grpc-status", "5"), ("grpc-message", "no%20such")]),
            facts(5, "no such", None),
            status,
        ),
        (head(200, &[GRPC]), facts(13, "the answer ended without a status", None), status),
        (head(503, &[("content-type", "text/html")]), facts(14, "HTTP 503, text/html", None), status),
        (head(404, &[]), facts(12, "HTTP 404, no content type", None), status),
        (head(200, &[("content-type", "text/html")]), facts(2, "HTTP 200, text/html", None), status),
        (head(200, &[GRPC, ("grpc-status", "x")]), facts(2, "", None), status),
    ];
    for (said, facts, verdict) in table {
        let (server, _asked) = server(said).await;
        let module = grpc(|_| {});
        let outcome = ask(&module, &server.address.to_string()).await;
        assert_eq!(judge(&module, &outcome), verdict, "{facts:?}");
        assert_eq!((outcome.end, outcome.grpc), (End::Reply, Some(facts)));
        server.deserted().await;
    }
}

#[tokio::test]
async fn an_answer_that_is_no_message_is_a_fault() {
    let table: [(&[u8], FaultKind); 5] = [
        (b"", FaultKind::BodyTruncated),
        (b"\0\0\0\0\x03\x08\x01", FaultKind::BodyTruncated),
        (b"\x01\0\0\0\x02\x08\x01", FaultKind::DecodeFailed),
        (b"\0\0\0\0\x02\x08\x01\0\0\0\0\0", FaultKind::DecodeFailed),
        (b"\0\0\0\0\x01\x08", FaultKind::DecodeFailed),
    ];
    for (body, kind) in table {
        let (server, _asked) = server(said(body, "0")).await;
        let outcome = ask(&grpc(|_| {}), &server.address.to_string()).await;
        assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Transfer, kind }), "{body:?}");
    }
}

#[tokio::test]
async fn the_call_is_that_of_the_standard_and_carries_its_metadata() {
    let (server, asked) = server(said(b"\0\0\0\0\x02\x08\x01", "0")).await;
    let module = grpc(|spec| {
        spec.service = "a.B".into();
        spec.metadata = headers(&[("x-token", "t1"), ("x-raw-bin", "hello")]);
        spec.metadata.append("x-token", HeaderValue::from_static("t2"));
    });
    assert_eq!(ask(&module, &format!("http://{}/x", server.address)).await.end, End::Reply);
    let asked = asked.lock().unwrap();
    let (parts, body) = &asked[0];
    assert_eq!((parts.method.as_str(), parts.uri.path()), ("POST", "/grpc.health.v1.Health/Check"));
    assert_eq!(parts.uri.authority().unwrap().as_str(), server.address.to_string());
    assert_eq!(&body[..], b"\0\0\0\0\x05\x0a\x03a.B");
    let header =
        |name: &str| parts.headers.get_all(name).iter().map(|it| it.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(header("content-type"), ["application/grpc"]);
    assert_eq!((header("te"), header("grpc-timeout")), (vec!["trailers"], vec!["30000m"]));
    assert_eq!((header("x-token"), header("x-raw-bin")), (vec!["t1", "t2"], vec!["aGVsbG8="]));
}

#[tokio::test]
async fn a_call_within_tls_shows_the_certificate_and_needs_http2() {
    let authority = Authority::new();
    for (protocols, end) in [
        (vec![b"h2".to_vec()], End::Reply),
        (Vec::new(), End::Fault(Fault { phase: Phase::Tls, kind: FaultKind::TlsProtocol })),
    ] {
        let mut config = authority.certify(&["localhost"], |_| {}).server();
        config.alpn_protocols = protocols;
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let server = Server::new(move |talk| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(stream) = acceptor.accept(talk.stream).await else { return };
                speak(stream, said(b"\0\0\0\0\x02\x08\x01", "0"), Asked::default()).await;
            }
        })
        .await;
        let tls = TlsSpec {
            ca: Some(authority.pem()),
            server_name: Some("localhost".into()),
            ..TlsSpec::default()
        };
        let outcome = ask(&grpc(|spec| spec.tls = Some(tls)), &server.address.to_string()).await;
        assert_eq!(outcome.end, end);
        assert!(outcome.tls.is_some_and(|it| it.verified));
    }
}

#[tokio::test]
async fn a_server_that_hangs_or_speaks_something_else_does_not_hang_us() {
    let mute = Server::new(|mut talk| async move { talk.until_closed().await }).await;
    let outcome = ask(&hasty(grpc(|_| {})), &mute.address.to_string()).await;
    assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Processing, kind: FaultKind::TimedOut }));
    mute.deserted().await;

    let http1 = Server::new(|mut talk| async move {
        use tokio::io::AsyncWriteExt as _;
        let _ = talk.stream.write_all(&page("", "hello")).await;
        talk.until_closed().await;
    })
    .await;
    let outcome = ask(&grpc(|_| {}), &http1.address.to_string()).await;
    assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Processing, kind: FaultKind::HttpProtocol }));
}

#[tokio::test]
async fn the_shipped_example_asks_a_server_and_one_of_its_services() {
    let (server, asked) = server(said(b"\0\0\0\0\x02\x08\x01", "0")).await;
    for (module, address) in example("grpc", "grpc.example:50051", &server.address.to_string()) {
        assert_eq!(judge(&module, &ask(&module, &address).await), Verdict::Success, "{}", module.name);
    }
    let asked = asked.lock().unwrap();
    assert_eq!(asked.iter().map(|(_, body)| body.len()).collect::<Vec<_>>(), [5, 5 + 18]);
    assert_eq!(asked[1].0.headers["x-asked-by"], "fingerpost");
}
