use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;

use super::lab::{Authority, ask, module};
use crate::cause::{Cause, Verdict, judge};
use crate::outcome::{End, Phase};
use crate::spec::{Exchange, Expected, Module, Prober, Sent, TlsSpec, UnixSpec};

fn unix(query_response: Vec<Exchange>) -> Module {
    module(Prober::Unix(UnixSpec { tls: None, starttls: TlsSpec::default(), query_response }))
}

fn ping() -> Vec<Exchange> {
    let expect = Some(Expected::Line("^PONG$".parse().unwrap()));
    let send = Some(Sent::Line("PING".into()));
    vec![Exchange { send, ..Exchange::default() }, Exchange { expect, ..Exchange::default() }]
}

/// One connection: what it says to `PING`.
fn answering(path: &Path, answer: &'static [u8]) -> tokio::task::JoinHandle<()> {
    let listener = UnixListener::bind(path).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut said = [0; 5];
        if stream.read_exact(&mut said).await.is_ok() {
            assert_eq!(&said, b"PING\n");
            stream.write_all(answer).await.unwrap();
        }
    })
}

async fn judged(module: &Module, path: &Path) -> Verdict {
    judge(module, &ask(module, path.to_str().unwrap()).await)
}

#[tokio::test]
async fn a_socket_is_spoken_with_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    for (name, answer, verdict) in [
        ("good", &b"PONG\n"[..], Verdict::Success),
        ("other", b"HA\n", Verdict::Failure(Cause::ContentMismatch, Phase::Check)),
        ("mute", b"", Verdict::Failure(Cause::ConnectionReset, Phase::Processing)),
    ] {
        let path = folder.path().join(name);
        let server = answering(&path, answer);
        assert_eq!(judged(&unix(ping()), &path).await, verdict, "{name}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_socket_that_nobody_made_or_listens_at_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let gone = Verdict::Failure(Cause::ConnectUnreachable, Phase::Connect);
    assert_eq!(judged(&unix(Vec::new()), &path).await, gone);
    assert_eq!(judged(&unix(Vec::new()), &folder.path().join("x".repeat(200))).await, gone);
    drop(UnixListener::bind(&path).unwrap());
    let refused = Verdict::Failure(Cause::ConnectRefused, Phase::Connect);
    assert_eq!(judged(&unix(Vec::new()), &path).await, refused);
}

#[tokio::test]
async fn tls_over_a_socket_goes_by_the_name_that_the_module_gives() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let config = authority.certify(&["db.example"], |_| {}).server();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let wrong = Verdict::Failure(Cause::CertificateWrongName, Phase::Tls);
    for (name, insecure_skip_verify, verdict) in [
        (Some("db.example"), false, Verdict::Success),
        (Some("a.example"), false, wrong),
        (None, false, wrong),
        (None, true, Verdict::Success),
    ] {
        let path = folder.path().join(format!("{name:?}{insecure_skip_verify}"));
        let (listener, acceptor) = (UnixListener::bind(&path).unwrap(), acceptor.clone());
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            drop(acceptor.accept(stream).await);
        });
        let ca = Some(authority.pem());
        let tls =
            TlsSpec { ca, server_name: name.map(str::to_owned), insecure_skip_verify, ..TlsSpec::default() };
        let spec = UnixSpec { tls: Some(tls), starttls: TlsSpec::default(), query_response: Vec::new() };
        let module = module(Prober::Unix(spec));
        let outcome = ask(&module, path.to_str().unwrap()).await;
        assert_eq!(judge(&module, &outcome), verdict, "{name:?}");
        assert_eq!((outcome.end == End::Reply, outcome.peer), (verdict == Verdict::Success, None));
        server.await.unwrap();
    }
}
