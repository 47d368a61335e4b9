use std::fs;
use std::net::SocketAddr;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use super::*;
use crate::dial::Dialer;
use crate::engine::Snapshot;
use crate::serve::gate::tests::certificate;
use crate::serve::tests::front;
use crate::serve::{Prefix, serve};
use crate::spec::{HttpClient, Pem, Secret, TlsSpec};

async fn server(gate: Gate, prefix: &str) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut task = JoinSet::new();
    let (front, ready) = front(Snapshot::default(), None);
    let prefix = Prefix::of(prefix).unwrap();
    task.spawn(async move {
        serve(listener, front, gate, prefix, std::future::pending()).await;
        drop(ready);
    });
    (address, task)
}

/// Everything that comes back until the server has nothing more to say.
async fn say(address: SocketAddr, words: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _it_may_be_gone = stream.write_all(words).await;
    let mut heard = Vec::new();
    let _reset = stream.read_to_end(&mut heard).await;
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test]
async fn who_opens_many_connections_and_says_nothing_waits_for_himself_alone() {
    let (address, _serving) = server(Gate::open(), "").await;
    let from = async |client: [u8; 4]| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((IpAddr::from(client), 0).into()).unwrap();
        socket.connect(address).await.unwrap()
    };
    let mut silent = Vec::new();
    for _ in 0..SILENT_OF_ONE_MAX {
        silent.push(from([127, 0, 0, 2]).await);
    }
    let mut request = from([127, 0, 0, 2]).await;
    request.write_all(b"GET /-/healthy HTTP/1.0\r\n\r\n").await.unwrap();
    assert!(say(address, b"GET /-/healthy HTTP/1.0\r\n\r\n").await.contains("Healthy"), "another client");
    let mut byte = [0];
    assert!(request.try_read(&mut byte).is_err_and(|it| it.kind() == std::io::ErrorKind::WouldBlock));
    drop(silent.pop());
    let mut heard = String::new();
    request.read_to_string(&mut heard).await.unwrap();
    assert!(heard.contains("Healthy"), "{heard}");
}

#[tokio::test]
async fn nobody_is_remembered_who_has_gone_and_too_many_do_not_wait() {
    let mut hall = Hall::new(1);
    for number in 0..u32::try_from(3 * CLIENTS_KNOWN_MAX).unwrap() {
        drop(hall.entrance(IpAddr::V4(number.into())));
    }
    assert!(hall.silent.len() <= CLIENTS_KNOWN_MAX);
    let client = IpAddr::from([10, 0, 0, 1]);
    let all = Arc::clone(&hall.entrance(client).unwrap().silent);
    let _silent = all.acquire_many(u32::try_from(SILENT_OF_ONE_MAX).unwrap()).await.unwrap();
    let waiting: Vec<_> = (0..WAITING_MAX).map(|_| hall.entrance(client).unwrap()).collect();
    assert!(waiting.iter().all(|it| it.waiting.is_some()) && hall.entrance(client).is_none());
    assert!(hall.entrance(IpAddr::from([10, 0, 0, 2])).is_some_and(|it| it.waiting.is_none()));
}

#[tokio::test]
async fn a_head_that_is_too_long_and_a_body_on_a_get_do_no_harm() {
    let (address, _serving) = server(Gate::open(), "").await;
    let bomb = format!("GET / HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n", "a".repeat(HEADER_BYTES_MAX));
    assert!(!say(address, bomb.as_bytes()).await.contains(" 200 "));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: a\r\n".repeat(2000));
    assert!(!say(address, many.as_bytes()).await.contains(" 200 "));
    let body = "GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
    let heard = say(address, body.as_bytes()).await;
    assert!(heard.starts_with("HTTP/1.1 200 ") && heard.matches("HTTP/1.1").count() == 1, "{heard}");
    let pipelined = "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nGET /-/healthy HTTP/1.0\r\n\r\n";
    assert_eq!(say(address, pipelined.as_bytes()).await.matches("Healthy").count(), 2);
}

#[tokio::test]
async fn every_path_stands_behind_the_prefix_and_the_root_leads_there() {
    let (address, _serving) = server(Gate::open(), "/pre/fix/").await;
    let get = async |path: &str| say(address, format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await;
    assert!(get("/pre/fix/-/healthy").await.starts_with("HTTP/1.0 200 "));
    assert!(get("/pre/fix/probe").await.starts_with("HTTP/1.0 400 "));
    assert!(get("/-/healthy").await.starts_with("HTTP/1.0 404 "));
    for path in ["/", "/pre/fix"] {
        let heard = get(path).await;
        assert!(heard.starts_with("HTTP/1.0 302 ") && heard.contains("location: /pre/fix/\r\n"), "{heard}");
    }
    assert!(get("/pre/fix/").await.starts_with("HTTP/1.0 200 "));
}

#[test]
fn a_prefix_is_a_plain_path() {
    assert_eq!(Prefix::of("/"), Prefix::of(""));
    assert_eq!(Prefix::of("a/b"), Prefix::of("/a/b/"));
    for wrong in ["/{a}", "/*", "/a b", "/a//b", "/a?b", "/ä"] {
        assert_eq!(Prefix::of(wrong), None, "{wrong}");
    }
}

fn client(ca: String, identity: Option<&str>, folder: &std::path::Path) -> HttpClient {
    let identity = identity.map(|it| {
        let key = Secret::File(folder.join(format!("{it}.key")));
        (Pem::File(folder.join(format!("{it}.pem"))), key)
    });
    HttpClient {
        tls: TlsSpec { ca: Some(Pem::Inline(ca)), identity, ..TlsSpec::default() },
        follow_redirects: false,
        ..HttpClient::default()
    }
}

async fn get(address: SocketAddr, client: &HttpClient) -> Result<u16, String> {
    let url = Url::parse(&format!("https://{address}/-/healthy")).unwrap();
    let limit = Duration::from_secs(30);
    let (headers, body) = (http::HeaderMap::new(), bytes::Bytes::new());
    let answer = Dialer::asking(&[]).call(client, http::Method::GET, &url, headers, body, limit).await;
    answer.map(|it| it.status.as_u16()).map_err(|it| it.to_string())
}

#[tokio::test]
async fn over_tls_only_those_come_in_whose_certificate_is_wanted() {
    let folder = TempDir::with_prefix("fingerpost-tls-").unwrap();
    let ours = certificate(folder.path(), "server");
    let file = folder.path().join("web.yml");
    let tls = "tls_server_config: { cert_file: server.pem, key_file: server.key";
    certificate(folder.path(), "alice");
    certificate(folder.path(), "bob");
    certificate(folder.path(), "mallory");
    let both =
        ["alice", "bob"].map(|it| fs::read_to_string(folder.path().join(format!("{it}.pem"))).unwrap());
    fs::write(folder.path().join("clients.pem"), both.concat()).unwrap();
    let clients = "client_auth_type: RequireAndVerifyClientCert, client_ca_file: clients.pem";
    for (more, http2, welcome) in [
        ("", true, [true, true, true, true]),
        ("", false, [true, true, true, true]),
        (clients, true, [false, true, true, false]),
        (&format!("{clients}, client_allowed_sans: [bob, x]"), true, [false, false, true, false]),
        (
            "client_auth_type: VerifyClientCertIfGiven, client_ca_file: clients.pem",
            false,
            [true, true, true, false],
        ),
    ] {
        let http =
            format!("http_server_config: {{ http2: {http2}, headers: {{ X-Frame-Options: deny }} }}\n");
        fs::write(&file, format!("{tls}, {more} }}\n{http}")).unwrap();
        let (address, _serving) = server(Gate::of(&file).unwrap(), "").await;
        for (who, welcome) in [None, Some("alice"), Some("bob"), Some("mallory")].into_iter().zip(welcome) {
            let seen = get(address, &client(ours.clone(), who, folder.path())).await;
            assert_eq!(seen == Ok(200), welcome, "{more} {http2} {who:?} {seen:?}");
        }
        let plain = say(address, b"GET /-/healthy HTTP/1.0\r\n\r\n").await;
        assert!(!plain.contains("Healthy"), "{plain}");
    }
}
