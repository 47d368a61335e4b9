//! The shipped examples of probers whose own tests are about other things: each asks a peer on loopback
//! what it says.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::lab::{Authority, Server, ask, example, page};
use crate::cause::{Cause, Verdict, judge};
use crate::config::{Endpoint, LastGood, Source, load};
use crate::dial::Dialer;
use crate::labels::Labels;
use crate::outcome::Phase;
use crate::spec::{HttpClient, Prober};
use crate::target::Target;

#[tokio::test]
async fn the_tcp_example_takes_an_ssh_server_and_nobody_else() {
    for (greeting, is_ssh) in [("SSH-2.0-OpenSSH_9.2\r\n", true), ("220 mail\r\n", false)] {
        let server = Server::new(move |mut talk| async move {
            talk.stream.write_all(greeting.as_bytes()).await.unwrap();
            if !is_ssh {
                return;
            }
            talk.until_closed().await;
        })
        .await;
        for (module, address) in example("tcp", "bastion.example:22", &server.address.to_string()) {
            let seen = judge(&module, &ask(&module, &address).await);
            assert_eq!(seen == Verdict::Success, is_ssh, "{seen:?}");
        }
    }
}

#[tokio::test]
async fn the_tls_example_sees_a_chain() {
    let authority = Authority::new();
    let identity = authority.certify(&["shop.example"], |_| {});
    let server = Server::tls(identity.server(), "").await;
    for (mut module, address) in example("tls", "shop.example:443", &server.address.to_string()) {
        let Prober::Tls(spec) = &mut module.prober else { panic!("a tls module") };
        spec.tls.ca = Some(authority.pem());
        let outcome = ask(&module, &address).await;
        assert_eq!(judge(&module, &outcome), Verdict::Success);
        assert!(outcome.tls.is_some());
    }
}

#[tokio::test]
async fn the_unix_example_hears_its_pong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"PING\n");
        stream.write_all(b"+PONG\r\n").await.unwrap();
        let _ = stream.read(&mut heard).await;
    });
    for (module, address) in example("unix", "/run/cache/cache.sock", &path.display().to_string()) {
        assert_eq!(judge(&module, &ask(&module, &address).await), Verdict::Success);
    }
}

#[tokio::test]
async fn the_metrics_example_reads_an_exposition() {
    let server = Server::answering(page("Content-Type: text/plain; version=0.0.4\r\n", "a 1\n")).await;
    for (module, address) in example("metrics", "node.example:9100", &server.address.to_string()) {
        assert_eq!(judge(&module, &ask(&module, &address).await), Verdict::Success);
    }
    assert!(server.heads()[0].starts_with("GET /metrics "));
}

#[tokio::test]
async fn the_path_example_finds_the_way_next_door() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    for (module, address) in example("path", "gateway.example:443", &address) {
        assert_eq!(judge(&module, &ask(&module, &address).await), Verdict::Success);
    }
}

#[tokio::test]
async fn the_query_example_finds_the_disk_that_is_in_trouble() {
    let answer = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"instance":"a","mountpoint":"/"},"value":[1,"0.05"]}]}}"#;
    let server = Server::answering(page("Content-Type: application/json\r\n", answer)).await;
    let text = Ok(include_str!("../../../docs/examples/query.yaml").into());
    let loaded = load(&[Source { name: "query.yaml".into(), text }], &LastGood::default());
    assert_eq!(loaded.complaints, []);
    let module = &loaded.config.plan.probes[0].module;
    let client = HttpClient { body_bytes_max: 1 << 20, ..HttpClient::default() };
    let endpoint =
        Endpoint { url: server.url().parse().unwrap(), client, timeout: std::time::Duration::from_secs(30) };
    let dialer = Dialer::asking(&[]).with_prometheus(Some(endpoint));
    let question = Target { address: "".into(), labels: Labels::default() };
    let outcome = crate::probe::ask(&dialer, module, &question).await.0;
    assert_eq!(judge(module, &outcome), Verdict::Failure(Cause::QueryMatched, Phase::Check));
}
