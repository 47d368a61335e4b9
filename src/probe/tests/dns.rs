use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::lab::{Authority, Server, ask, client, hasty, module};
use crate::dns::{Class, Name, Query, Rcode, RecordType, Section};
use crate::outcome::{DnsAnswer, End, Fault, FaultKind, Outcome, Phase};
use crate::spec::{DnsSpec, DnsTransport, Module, Prober, RecordRule, RecordsFailIf, TlsSpec};

fn spec(transport: DnsTransport) -> DnsSpec {
    let name = Name::parse("www.example.com").unwrap();
    DnsSpec {
        dial: client().dial,
        transport,
        query: Query {
            name,
            record_type: RecordType::from_name("A").unwrap(),
            class: Class::IN,
            recursion: true,
        },
        valid_rcodes: vec![Rcode::NOERROR],
        rules: Vec::new(),
    }
}

fn dns(transport: DnsTransport) -> Module {
    module(Prober::Dns(spec(transport)))
}

fn fault(phase: Phase, kind: FaultKind) -> End {
    End::Fault(Fault { phase, kind })
}

/// The answer to that question: one address record, whose name points to the question's.
fn answer(question: &[u8]) -> Vec<u8> {
    let mut bytes = question.to_vec();
    bytes[2] |= 0x80;
    bytes[7] = 1;
    bytes.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07");
    bytes
}

/// A name server over UDP that sends those datagrams for each question.
async fn name_server(answers: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> (SocketAddr, JoinSet<()>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut bytes = [0; 4096];
        loop {
            let Ok((length, peer)) = socket.recv_from(&mut bytes).await else { continue };
            for answer in answers(&bytes[..length]) {
                socket.send_to(&answer, peer).await.unwrap();
            }
        }
    });
    (address, tasks)
}

/// A name server over TCP that writes those bytes for each question.
async fn framed(answer: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + 'static) -> Server {
    Server::new(move |mut talk| {
        let answer = answer.clone();
        async move {
            let length = talk.stream.read_u16().await.unwrap();
            let mut question = vec![0; length.into()];
            talk.stream.read_exact(&mut question).await.unwrap();
            let _ = talk.stream.write_all(&answer(&question)).await;
            talk.until_closed().await;
        }
    })
    .await
}

fn frame(message: &[u8]) -> Vec<u8> {
    let mut bytes = u16::try_from(message.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend_from_slice(message);
    bytes
}

fn seen(outcome: &Outcome) -> &DnsAnswer {
    outcome.dns.as_ref().unwrap().answer.as_ref().unwrap()
}

#[tokio::test]
async fn an_answer_comes_with_its_code_and_its_records_over_each_way() {
    let authority = Authority::new();
    let config = authority.certify(&["127.0.0.1"], |_| {}).server();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let (udp, _tasks) = name_server(|question| vec![answer(question)]).await;
    let tcp = framed(|question| frame(&answer(question))).await;
    let tls = Server::new(move |talk| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(talk.stream).await.unwrap();
            let length = stream.read_u16().await.unwrap();
            let mut question = vec![0; length.into()];
            stream.read_exact(&mut question).await.unwrap();
            // In two pieces: a length and a half.
            let bytes = frame(&answer(&question));
            stream.write_all(&bytes[..9]).await.unwrap();
            stream.flush().await.unwrap();
            stream.write_all(&bytes[9..]).await.unwrap();
            let _ = stream.read_u8().await;
        }
    })
    .await;
    let trusting = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    for (transport, address) in [
        (DnsTransport::Udp, udp),
        (DnsTransport::Tcp, tcp.address),
        (DnsTransport::Tls(trusting), tls.address),
    ] {
        let is_tls = matches!(transport, DnsTransport::Tls(_));
        let outcome = ask(&dns(transport), &address.to_string()).await;
        assert_eq!((outcome.end.clone(), outcome.peer), (End::Reply, Some(address)));
        assert_eq!(&*outcome.rcode(), "NOERROR");
        assert_eq!(&*outcome.text(), "www.example.com.\t60\tIN\tA\t192.0.2.7");
        assert_eq!(outcome.tls.is_some_and(|it| it.verified), is_tls);
    }
}

#[tokio::test]
async fn a_server_whose_certificate_nobody_vouches_for_is_asked_nothing() {
    let server = Server::tls(Authority::new().certify(&["127.0.0.1"], |_| {}).server(), "").await;
    let trusting = TlsSpec { ca: Some(Authority::new().pem()), ..TlsSpec::default() };
    let outcome = ask(&dns(DnsTransport::Tls(trusting)), &server.address.to_string()).await;
    let End::Fault(fault) = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(fault.phase, Phase::Tls);
    assert_eq!(outcome.tls.unwrap().chain.len(), 1, "what it showed is kept");
}

#[tokio::test]
async fn datagrams_that_answer_something_else_are_passed_over() {
    let (server, _tasks) = name_server(|question| {
        let right = answer(question);
        let changed = |change: fn(&mut Vec<u8>)| {
            let mut bytes = right.clone();
            change(&mut bytes);
            // If it were believed, it would be seen.
            bytes[3] |= 3;
            bytes
        };
        vec![
            changed(|it| it[0] ^= 1),
            changed(|it| it[13] = b'x'),
            changed(|it| it[2] &= 0x7f),
            changed(|it| it.truncate(11)),
            Vec::new(),
            right.clone(),
        ]
    })
    .await;
    let outcome = ask(&dns(DnsTransport::Udp), &server.to_string()).await;
    assert_eq!((outcome.end.clone(), &*outcome.rcode()), (End::Reply, "NOERROR"));
    assert_eq!(outcome.dns.unwrap().strangers, 5);
}

#[tokio::test]
async fn an_answer_from_another_address_is_not_heard() {
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut bytes = [0; 512];
        let (length, peer) = socket.recv_from(&mut bytes).await.unwrap();
        stranger.send_to(&answer(&bytes[..length]), peer).await.unwrap();
        std::future::pending::<()>().await;
        drop(socket);
    });
    let outcome = ask(&hasty(dns(DnsTransport::Udp)), &address.to_string()).await;
    assert_eq!(outcome.end, fault(Phase::Processing, FaultKind::TimedOut));
    assert_eq!(outcome.dns.unwrap().strangers, 0);
}

#[tokio::test]
async fn a_flood_of_what_answers_something_else_ends_with_the_deadline() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut bytes = [0; 512];
        let (_, peer) = socket.recv_from(&mut bytes).await.unwrap();
        while socket.send_to(&[0; 64], peer).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    let outcome = ask(&hasty(dns(DnsTransport::Udp)), &address.to_string()).await;
    assert_eq!(outcome.end, fault(Phase::Processing, FaultKind::TimedOut));
    assert!(outcome.dns.unwrap().strangers > 0);
}

#[tokio::test]
async fn nobody_at_the_port_is_a_refusal_and_not_a_wait() {
    let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
    let outcome = ask(&dns(DnsTransport::Udp), &port.to_string()).await;
    assert_eq!(outcome.end, fault(Phase::Connect, FaultKind::Refused));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_says_so_at_once() {
    let (server, _tasks) = name_server(|question| {
        let mut bytes = answer(question);
        // The record's name points to itself.
        let at = question.len();
        bytes[at + 1] = u8::try_from(at).unwrap();
        vec![bytes]
    })
    .await;
    let outcome = ask(&dns(DnsTransport::Udp), &server.to_string()).await;
    assert_eq!(outcome.end, fault(Phase::Processing, FaultKind::DnsProtocol));
    assert_eq!(outcome.dns.unwrap().flaw, Some(crate::dns::Flaw::Pointer));
}

#[tokio::test]
async fn each_connection_that_goes_wrong_has_one_end() {
    type Answer = fn(&[u8]) -> Vec<u8>;
    let table: [(&str, Answer, End); 4] = [
        ("nothing", |_| Vec::new(), fault(Phase::Processing, FaultKind::TimedOut)),
        ("half of it", |it| frame(&answer(it))[..20].to_vec(), fault(Phase::Transfer, FaultKind::TimedOut)),
        (
            "another number",
            |it| {
                let mut bytes = answer(it);
                bytes[0] ^= 1;
                frame(&bytes)
            },
            fault(Phase::Transfer, FaultKind::DnsProtocol),
        ),
        ("a banner", |_| b"SSH-2.0".repeat(4000), fault(Phase::Transfer, FaultKind::DnsProtocol)),
    ];
    for (name, answer, end) in table {
        let server = framed(answer).await;
        let outcome = ask(&hasty(dns(DnsTransport::Tcp)), &server.address.to_string()).await;
        assert_eq!(outcome.end, end, "{name}");
    }
    let server = Server::new(|talk| async move { drop(talk) }).await;
    let outcome = ask(&dns(DnsTransport::Tcp), &server.address.to_string()).await;
    assert_eq!(outcome.end, fault(Phase::Processing, FaultKind::Reset));
}

#[tokio::test]
async fn the_longest_answer_is_read_to_its_end() {
    const RECORDS: u16 = 4000;
    let server = framed(|question| {
        let mut bytes = question.to_vec();
        bytes[2] |= 0x80;
        bytes[6..8].copy_from_slice(&RECORDS.to_be_bytes());
        for number in 0..RECORDS {
            bytes.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0");
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        frame(&bytes)
    })
    .await;
    let rule =
        |section, pattern: &str, fail_if| RecordRule { section, regex: pattern.parse().unwrap(), fail_if };
    let mut spec = spec(DnsTransport::Tcp);
    spec.rules = vec![
        rule(Section::Answer, r"^www\.example\.com\.\t60\tIN\tA\t10\.0\.0\.", RecordsFailIf::NotMatches),
        rule(Section::Authority, "", RecordsFailIf::Matches),
    ];
    let outcome = ask(&module(Prober::Dns(spec)), &server.address.to_string()).await;
    assert_eq!(outcome.end, End::Reply);
    let answer = seen(&outcome);
    assert_eq!(answer.section(Section::Answer).records, 4000);
    assert_eq!(answer.matched, [256, 0]);
    assert!(answer.section(Section::Answer).first.len() < 100, "evidence has a bound");
}

#[tokio::test]
async fn an_answer_that_was_cut_short_is_the_answer() {
    let (server, _tasks) = name_server(|question| {
        let mut bytes = question.to_vec();
        bytes[2] |= 0x82;
        vec![bytes]
    })
    .await;
    let outcome = ask(&dns(DnsTransport::Udp), &server.to_string()).await;
    assert_eq!(outcome.end, End::Reply);
    assert!(seen(&outcome).truncated);
}

#[tokio::test]
async fn no_two_questions_have_the_same_number_by_rule() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (server, _tasks) = name_server(move |question| {
        tell.send(u16::from_be_bytes([question[0], question[1]])).unwrap();
        vec![answer(question)]
    })
    .await;
    let mut numbers = std::collections::BTreeSet::new();
    for _ in 0..16 {
        assert_eq!(ask(&dns(DnsTransport::Udp), &server.to_string()).await.end, End::Reply);
        numbers.insert(told.recv().await.unwrap());
    }
    assert!(numbers.len() > 8, "{numbers:?}");
}
