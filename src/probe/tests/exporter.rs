use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::lab::{Authority, Server, ask};
use crate::cause::{Cause, Verdict, judge};
use crate::config::{LastGood, Source, load};
use crate::outcome::{Outcome, Phase};
use crate::spec::{Family, Module, Prober, TcpSpec};

/// A module of the exporter's, changed by what this machine lacks.
fn module(name: &str, change: impl FnOnce(&mut TcpSpec)) -> Module {
    let text = Ok(include_str!("exporter.yaml").into());
    let loaded = load(&[Source { name: "blackbox.yml".into(), text }], &LastGood::default());
    let module = (*loaded.config.modules[name]).clone();
    let Prober::Tcp(mut spec) = module.prober else { panic!("a tcp module") };
    spec.dial.preferred = Family::Ip4;
    change(&mut spec);
    Module { prober: Prober::Tcp(spec), ..module }
}

/// Says each line in turn, and waits for what must come before the next.
async fn scripted(script: &'static [(&'static str, &'static str)]) -> Server {
    Server::new(move |mut talk| async move {
        for (heard, said) in script {
            let mut bytes = vec![0; heard.len()];
            talk.stream.read_exact(&mut bytes).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&bytes), *heard);
            talk.stream.write_all(said.as_bytes()).await.unwrap();
        }
        talk.until_closed().await;
    })
    .await
}

async fn look(module: &Module, server: &Server) -> (Verdict, Outcome) {
    let outcome = ask(module, &server.address.to_string()).await;
    (judge(module, &outcome), outcome)
}

#[tokio::test]
async fn an_ssh_banner_is_taken_apart() {
    let server = scripted(&[("", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")]).await;
    let (seen, outcome) = look(&module("ssh_banner_extract", |_| {}), &server).await;
    let expected = [("ssh_comments", "Debian-2"), ("ssh_version", "OpenSSH_9.2p1")];
    let expected: BTreeMap<_, _> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!((seen, outcome.conversation.unwrap().labels), (Verdict::Success, expected));
    let server = scripted(&[("", "SSH-2.0-x\n"), ("SSH-2.0-blackbox-ssh-check\n", "")]).await;
    assert_eq!(look(&module("ssh_banner", |_| {}), &server).await.0, Verdict::Success);
}

#[tokio::test]
async fn an_irc_server_gets_its_own_word_back() {
    let server = scripted(&[
        ("NICK prober\nUSER prober prober prober :prober\n", ":irc NOTICE * :wait\r\nPING :4711\r\n"),
        ("PONG 4711\n", ":irc 001 prober :hello\r\n"),
    ])
    .await;
    assert_eq!(look(&module("irc_banner", |_| {}), &server).await.0, Verdict::Success);
}

/// `^+OK` asks for `OK` at the beginning, in Go as here: a plus sign there is no sign.
#[tokio::test]
async fn a_pop3_banner_is_judged_by_the_pattern_as_it_is_written() {
    let authority = Authority::new();
    for (banner, verdict) in [
        ("OK hello\r\n", Verdict::Success),
        ("+OK hello\r\n", Verdict::Failure(Cause::ContentMismatch, Phase::Check)),
    ] {
        let acceptor = authority.certify(&["127.0.0.1"], |_| {}).server();
        let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(acceptor));
        let server = Server::new(move |talk| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = acceptor.accept(talk.stream).await.unwrap();
                stream.write_all(banner.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        })
        .await;
        let trusting = |spec: &mut TcpSpec| spec.tls.as_mut().unwrap().ca = Some(authority.pem());
        assert_eq!(look(&module("pop3s_banner", trusting), &server).await.0, verdict, "{banner}");
    }
}

#[tokio::test]
async fn a_postgres_that_speaks_tls_is_told_from_one_that_does_not() {
    let authority = Authority::new();
    let mismatch = Verdict::Failure(Cause::ContentMismatch, Phase::Check);
    for (answer, verdict) in [(b"S", Verdict::Success), (b"N", mismatch)] {
        let acceptor = authority.certify(&["127.0.0.1"], |_| {}).server();
        let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(acceptor));
        let server = Server::new(move |mut talk| {
            let acceptor = acceptor.clone();
            async move {
                // One byte more than that, and the server would take it for the client's greeting in TLS.
                let mut request = [0; 8];
                talk.stream.read_exact(&mut request).await.unwrap();
                assert_eq!(request, [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]);
                talk.stream.write_all(answer).await.unwrap();
                drop(acceptor.accept(talk.stream).await);
            }
        })
        .await;
        let trusting = |spec: &mut TcpSpec| spec.starttls.ca = Some(authority.pem());
        let (seen, outcome) = look(&module("postgresql", trusting), &server).await;
        assert_eq!((seen, outcome.tls.is_some()), (verdict, verdict == Verdict::Success));
    }
}
