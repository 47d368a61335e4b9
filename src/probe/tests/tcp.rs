use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::lab::{Authority, Server, ask, hasty, http_spec, tcp};
use crate::outcome::{End, Fault, FaultKind, Missed, Phase};
use crate::spec::{Exchange, ExpectLabel, Expected, Module, Prober, Sent, TcpSpec, TlsSpec};

fn expecting(pattern: &str) -> Exchange {
    Exchange { expect: Some(Expected::Line(pattern.parse().unwrap())), ..Exchange::default() }
}

fn fault(phase: Phase, kind: FaultKind) -> End {
    End::Fault(Fault { phase, kind })
}

fn with_tls(module: Module, change: impl FnOnce(&mut TcpSpec)) -> Module {
    let Prober::Tcp(mut spec) = module.prober else { panic!("a tcp module") };
    change(&mut spec);
    Module { prober: Prober::Tcp(spec), ..module }
}

#[tokio::test]
async fn connecting_is_enough_where_nothing_is_said_and_ends_in_peace() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::new(move |talk| {
        let tell = tell.clone();
        async move { tell.send(talk.end().await.is_ok()).unwrap() }
    })
    .await;
    let outcome = ask(&tcp(Vec::new()), &server.address.to_string()).await;
    assert_eq!((outcome.end, outcome.peer), (End::Reply, Some(server.address)));
    assert_eq!(told.recv().await, Some(true));
}

#[tokio::test]
async fn lines_are_read_until_one_matches_and_its_groups_are_sent_back() {
    let server = Server::new(|mut talk| async move {
        talk.stream.write_all(b"* hello\r\n* id 42 \xff\r\n").await.unwrap();
        let (read, mut write) = talk.stream.split();
        let mut lines = BufReader::new(read).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        write.write_all(format!("got <{line}>\n").as_bytes()).await.unwrap();
        let _ = lines.next_line().await;
    })
    .await;
    let mut first = expecting(r"id (\d+)");
    first.send = Some(Sent::Line("n${1}".into()));
    let outcome = ask(&tcp(vec![first, expecting("^got <n42>$")]), &server.address.to_string()).await;
    assert_eq!(outcome.end, End::Reply);
    let it = outcome.conversation.unwrap();
    assert_eq!((it.exchanges, &*it.last_line, it.missed), (2, "got <n42>", None));
}

#[tokio::test]
async fn each_conversation_that_breaks_off_has_one_end() {
    let table: Vec<(&str, Vec<u8>, End, Option<Missed>)> = vec![
        ("another banner", b"220 mail\r\n".to_vec(), End::Reply, Some(Missed::Line)),
        ("a banner without an end", b"SSH-2".to_vec(), End::Reply, None),
        ("nothing", Vec::new(), fault(Phase::Processing, FaultKind::Reset), Some(Missed::Line)),
        ("an endless line", vec![b'x'; 1 << 20], fault(Phase::Transfer, FaultKind::BodyTooLarge), None),
    ];
    for (name, bytes, end, missed) in table {
        let server = Server::new(move |mut talk| {
            let bytes = bytes.clone();
            async move { drop(talk.stream.write_all(&bytes).await) }
        })
        .await;
        let outcome = ask(&tcp(vec![expecting("^SSH")]), &server.address.to_string()).await;
        assert_eq!((outcome.end, outcome.conversation.unwrap().missed), (end, missed), "{name}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_more_times_out() {
    let server = Server::new(|mut talk| async move {
        talk.stream.write_all(b"hello\n").await.unwrap();
        talk.until_closed().await;
    })
    .await;
    let outcome = ask(&hasty(tcp(vec![expecting("^SSH")])), &server.address.to_string()).await;
    assert_eq!(outcome.end, fault(Phase::Transfer, FaultKind::TimedOut));
    assert_eq!(outcome.conversation.unwrap().last_line, "hello");
}

#[tokio::test]
async fn tls_may_begin_in_the_middle() {
    let authority = Authority::new();
    let config = authority.certify(&["127.0.0.1"], |_| {}).server();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let server = Server::new(move |mut talk| {
        let acceptor = acceptor.clone();
        async move {
            talk.stream.write_all(b"220 mail\r\n").await.unwrap();
            let mut line = String::new();
            BufReader::new(&mut talk.stream).read_line(&mut line).await.unwrap();
            assert_eq!(line, "STARTTLS\n");
            talk.stream.write_all(b"220 go\r\nwithin\r\n").await.unwrap();
            let mut stream = acceptor.accept(talk.stream).await.unwrap();
            stream.write_all(b"safe\nwithin\n").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    })
    .await;
    let hello = Exchange { send: Some(Sent::Line("STARTTLS".into())), ..expecting("^220") };
    let start = Exchange { starttls: true, ..expecting("^220") };
    // A line that was slipped in before the handshake is not taken for one from within.
    let module = tcp(vec![hello, start, expecting("^(safe|within)$")]);
    let trusting = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    let outcome = ask(&with_tls(module, |spec| spec.starttls = trusting), &server.address.to_string()).await;
    assert_eq!(outcome.end, End::Reply);
    assert!(outcome.tls.unwrap().verified);
    assert_eq!(outcome.conversation.unwrap().last_line, "safe");
}

#[tokio::test]
async fn tls_may_stand_at_the_beginning() {
    let authority = Authority::new();
    let server = Server::tls(authority.certify(&["127.0.0.1"], |_| {}).server(), "hello\n").await;
    let trusting = TlsSpec { ca: Some(authority.pem()), ..http_spec().client.tls };
    let module = tcp(vec![
        Exchange { send: Some(Sent::Line("\r\n\r".into())), ..Exchange::default() },
        expecting("hello"),
    ]);
    let outcome = ask(&with_tls(module, |spec| spec.tls = Some(trusting)), &server.address.to_string()).await;
    assert_eq!(outcome.end, End::Reply);
}

#[tokio::test]
async fn a_target_without_a_port_has_no_name() {
    let outcome = ask(&tcp(Vec::new()), "127.0.0.1").await;
    assert_eq!(outcome.end, fault(Phase::Resolve, FaultKind::NoSuchName));
}

/// Says `greeting`, then echoes whatever comes within `<>`.
async fn echoing(greeting: &'static [u8]) -> Server {
    Server::new(move |mut talk| async move {
        talk.stream.write_all(greeting).await.unwrap();
        let (mut read, mut write) = talk.stream.split();
        let mut said = [0; 1024];
        while let Ok(count @ 1..) = tokio::io::AsyncReadExt::read(&mut read, &mut said).await {
            let echo = [b"<", &said[..count], b">\n"].concat();
            if write.write_all(&echo).await.is_err() {
                return;
            }
        }
    })
    .await
}

fn bytes(wanted: &[u8]) -> Exchange {
    Exchange { expect: Some(Expected::Bytes(wanted.to_vec())), ..Exchange::default() }
}

#[tokio::test]
async fn bytes_are_taken_from_where_the_last_line_ended() {
    let server = echoing(b"hello\nabcde\n").await;
    let script = vec![expecting("^hello"), bytes(b"ab"), bytes(b"cd"), expecting("^e$")];
    let outcome = ask(&tcp(script), &server.address.to_string()).await;
    let talk = outcome.conversation.unwrap();
    assert_eq!((outcome.end, talk.exchanges, talk.missed), (End::Reply, 4, None));
}

#[tokio::test]
async fn other_bytes_are_a_mismatch_and_fewer_are_a_break() {
    let cut = fault(Phase::Transfer, FaultKind::BodyTruncated);
    let table: Vec<(&[u8], End, Option<Missed>)> =
        vec![(b"N", End::Reply, Some(Missed::Bytes)), (b"SN", cut, None), (b"S", End::Reply, None)];
    for (wanted, end, missed) in table {
        let server = Server::new(|mut talk| async move { talk.stream.write_all(b"S").await.unwrap() }).await;
        let outcome = ask(&tcp(vec![bytes(wanted)]), &server.address.to_string()).await;
        assert_eq!((outcome.end, outcome.conversation.unwrap().missed), (end, missed), "{wanted:?}");
    }
}

#[tokio::test]
async fn a_text_goes_with_a_line_feed_and_bytes_go_as_they_are() {
    let server = echoing(b"").await;
    let say = |sent| Exchange { send: Some(sent), ..Exchange::default() };
    for (sent, echo) in [(Sent::Line("a$1".into()), "^<a\\$1$"), (Sent::Bytes(b"b$1".to_vec()), "^<b\\$1>$")]
    {
        let script = vec![say(sent), expecting(echo)];
        let outcome = ask(&hasty(tcp(script)), &server.address.to_string()).await;
        assert_eq!((outcome.end, outcome.conversation.unwrap().exchanges), (End::Reply, 2), "{echo}");
    }
}

#[tokio::test]
async fn what_matched_is_told_by_the_names_of_the_module() {
    let label = |name: &str, value: &str| ExpectLabel { name: name.into(), value: value.into() };
    let server = echoing(b"SSH-2.0-Open_9 Debian\nmore\n").await;
    let mut first = expecting("^SSH-2.0-([^ -]+)(?: (?P<os>.*))?$");
    first.labels = vec![label("version", "${1}"), label("os", "$os"), label("none", "$1W")];
    let mut second = expecting("^(more)$");
    second.labels = vec![label("os", "other"), label("rest", "${1}!")];
    let outcome = ask(&tcp(vec![first, second]), &server.address.to_string()).await;
    let labels = outcome.conversation.unwrap().labels;
    let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(labels, [("none", ""), ("os", "other"), ("rest", "more!"), ("version", "Open_9")]);
}

#[tokio::test]
async fn a_line_is_read_up_to_64_kib_though_its_end_is_there() {
    for (length, end) in
        [(64 << 10, End::Reply), ((64 << 10) + 1, fault(Phase::Transfer, FaultKind::BodyTooLarge))]
    {
        let server = Server::new(move |mut talk| async move {
            let line = [vec![b'x'; length], b"\nSSH\n".to_vec()].concat();
            drop(talk.stream.write_all(&line).await);
            talk.until_closed().await;
        })
        .await;
        let outcome = ask(&tcp(vec![expecting("^SSH")]), &server.address.to_string()).await;
        assert_eq!(outcome.end, end, "{length}");
    }
}

#[tokio::test]
async fn tls_may_begin_within_tls() {
    let authority = Authority::new();
    let outer = authority.certify(&["127.0.0.1"], |_| {});
    let inner = authority.certify(&["127.0.0.1", "inner"], |_| {});
    let acceptor =
        |it: &super::lab::Identity| tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(it.server()));
    let (outer, inner) = (acceptor(&outer), acceptor(&inner));
    let server = Server::new(move |talk| {
        let (outer, inner) = (outer.clone(), inner.clone());
        async move {
            let mut stream = outer.accept(talk.stream).await.unwrap();
            stream.write_all(b"go\n").await.unwrap();
            let mut stream = inner.accept(stream).await.unwrap();
            stream.write_all(b"safe\n").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    })
    .await;
    let start = Exchange { starttls: true, ..expecting("^go$") };
    let trusting = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    let module = with_tls(tcp(vec![start, expecting("^safe$")]), |spec| {
        spec.starttls = trusting.clone();
        spec.tls = Some(trusting);
    });
    let outcome = ask(&module, &server.address.to_string()).await;
    assert_eq!(outcome.end, End::Reply);
    assert_eq!(outcome.tls.unwrap().chain[0].names, ["127.0.0.1", "inner"]);
}
