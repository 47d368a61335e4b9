use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd};
use rustls::server::ClientCertVerifierBuilder;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio_rustls::TlsAcceptor;

use super::lab::{Authority, Identity, Server, ask, expired, handshake, hasty, not_yet_valid};
use crate::cause::{Cause, Verdict, judge};
use crate::outcome::CertificateFault::{Expired, NotYetValid, Untrusted, WrongName};
use crate::outcome::{CertificateFault, Outcome, Phase};
use crate::spec::{Exchange, Expected, Module, Sent, TlsVersion};

const HERE: [&str; 1] = ["127.0.0.1"];

fn failed(cause: Cause) -> Verdict {
    Verdict::Failure(cause, Phase::Tls)
}

async fn look(module: &Module, server: &Server) -> (Verdict, Outcome) {
    let outcome = ask(module, &server.address.to_string()).await;
    (judge(module, &outcome), outcome)
}

async fn quiet(identity: &Identity) -> Server {
    Server::tls(identity.server(), "").await
}

fn until(date: (i32, u8, u8)) -> impl Fn(&mut CertificateParams) {
    move |it| it.not_after = date_time_ymd(date.0, date.1, date.2)
}

fn day(date: &str) -> SystemTime {
    humantime::parse_rfc3339(&format!("{date}T00:00:00Z")).unwrap()
}

#[tokio::test]
async fn each_chain_has_its_cause_and_all_of_its_faults_and_its_handshake_is_seen_to_the_end() {
    let (root, stranger) = (Authority::new(), Authority::new());
    let deep = (0..9).fold(Authority::new(), |it, _| it.intermediate(|_| {}));
    let rsa = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let mut without = root.intermediate(|_| {}).certify(&HERE, |_| {});
    without.path.clear();
    let table: Vec<(&str, Identity, Verdict, &[CertificateFault])> = vec![
        ("good", root.certify(&HERE, |_| {}), Verdict::Success, &[]),
        ("RSA of 2048 bits", root.certify_key(rsa(), &HERE, |_| {}), Verdict::Success, &[]),
        ("by an intermediate", root.intermediate(|_| {}).certify(&HERE, |_| {}), Verdict::Success, &[]),
        ("expired", root.certify(&HERE, expired), failed(Cause::CertificateExpired), &[Expired]),
        (
            "not yet valid",
            root.certify(&HERE, not_yet_valid),
            failed(Cause::CertificateNotYetValid),
            &[NotYetValid],
        ),
        (
            "another's",
            root.certify(&["a.example"], |_| {}),
            failed(Cause::CertificateWrongName),
            &[WrongName],
        ),
        (
            "another's, and expired",
            root.certify(&["a.example"], expired),
            failed(Cause::CertificateExpired),
            &[Expired, WrongName],
        ),
        (
            "by an expired intermediate",
            root.intermediate(expired).certify(&HERE, |_| {}),
            failed(Cause::CertificateExpired),
            &[Expired],
        ),
        ("a stranger's", stranger.certify(&HERE, |_| {}), failed(Cause::CertificateUntrusted), &[Untrusted]),
        (
            "a stranger's, and another's",
            stranger.certify(&["a.example"], |_| {}),
            failed(Cause::CertificateUntrusted),
            &[Untrusted, WrongName],
        ),
        ("its own", Identity::self_signed("127.0.0.1"), failed(Cause::CertificateUntrusted), &[Untrusted]),
        ("without its intermediate", without, failed(Cause::CertificateUntrusted), &[Untrusted]),
        (
            "ten long, of a stranger",
            deep.certify(&HERE, |_| {}),
            failed(Cause::CertificateUntrusted),
            &[Untrusted],
        ),
    ];
    for (name, identity, verdict, faults) in table {
        let server = quiet(&identity).await;
        let (seen, outcome) = look(&handshake(&root, |_| {}), &server).await;
        let tls = outcome.tls.unwrap();
        let mut found = tls.faults.clone();
        found.sort_by_key(|it| faults.iter().position(|other| other == it));
        assert_eq!((seen, &*found), (verdict, faults), "{name}");
        assert_eq!((tls.version, tls.verified), (Some("TLS 1.3"), faults.is_empty()), "{name}");
        assert_eq!(tls.chain.len(), 1 + identity.path.len(), "{name}");
        let careless = handshake(&root, |it| it.tls.insecure_skip_verify = true);
        let (seen, outcome) = look(&careless, &server).await;
        assert_eq!((seen, outcome.tls.unwrap().faults), (Verdict::Success, tls.faults), "{name}");
    }
}

#[tokio::test]
async fn a_chain_is_followed_over_six_intermediates_and_no_farther() {
    for (depth, verdict) in [(6, Verdict::Success), (7, failed(Cause::CertificateUntrusted))] {
        let root = Authority::new();
        let lowest = (1..depth).fold(root.intermediate(|_| {}), |it, _| it.intermediate(|_| {}));
        let identity = lowest.certify(&HERE, |_| {});
        let (seen, outcome) = look(&handshake(&root, |_| {}), &quiet(&identity).await).await;
        assert_eq!((seen, outcome.tls.unwrap().chain.len()), (verdict, depth + 1));
    }
}

#[tokio::test]
async fn a_chain_is_trusted_until_the_first_certificate_that_it_needs_ends() {
    let root = Authority::new();
    let short = root.intermediate(until((2998, 1, 1)));
    let mut burdened = root.certify(&HERE, until((2999, 1, 1)));
    // A certificate that leads nowhere, as of an old root that signed across: nobody needs it.
    burdened.path = vec![Authority::new().certify(&["old"], expired).der()];
    let table = [
        ("its own", root.certify(&HERE, until((2997, 1, 1))), "2997-01-01", "2997-01-01", true),
        ("its intermediate's", short.certify(&HERE, until((2999, 1, 1))), "2998-01-01", "2998-01-01", true),
        ("not the needless one's", burdened, "2999-01-01", "2021-01-01", true),
        ("past", root.certify(&HERE, expired), "2021-01-01", "2021-01-01", false),
    ];
    for (name, identity, trusted, earliest, verified) in table {
        let tls = look(&handshake(&root, |_| {}), &quiet(&identity).await).await.1.tls.unwrap();
        let ends = (tls.trusted_until, tls.earliest_not_after());
        assert_eq!(ends, (Some(day(trusted)), Some(day(earliest))), "{name}");
        assert_eq!(tls.verified, verified, "{name}");
    }
    let nobody = Identity::self_signed("127.0.0.1");
    let tls = look(&handshake(&root, |_| {}), &quiet(&nobody).await).await.1.tls.unwrap();
    assert_eq!((tls.trusted_until, tls.usable_until()), (None, tls.earliest_not_after()));
}

#[tokio::test]
async fn an_older_version_is_seen_and_may_be_too_old() {
    let root = Authority::new();
    let config = root.certify(&HERE, |_| {}).server_of(&[&rustls::version::TLS12]);
    let server = Server::tls(config, "").await;
    let (seen, outcome) = look(&handshake(&root, |_| {}), &server).await;
    assert_eq!((seen, outcome.tls.unwrap().version), (Verdict::Success, Some("TLS 1.2")));
    let strict = handshake(&root, |it| it.tls.version_min = TlsVersion::V1_3);
    assert_eq!(look(&strict, &server).await.0, failed(Cause::TlsProtocol));
}

#[tokio::test]
async fn what_is_no_tls_and_what_breaks_off_have_their_causes() {
    let table: Vec<(&str, &'static [u8], Cause)> = vec![
        ("plain HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", Cause::TlsProtocol),
        ("an alert and the end", b"\x15\x03\x03\x00\x02\x02\x28", Cause::TlsAlert),
        ("the end", b"", Cause::ConnectionReset),
    ];
    let root = Authority::new();
    for (name, bytes, cause) in table {
        let server = Server::new(move |mut talk| async move {
            talk.stream.readable().await.unwrap();
            talk.stream.write_all(bytes).await.unwrap();
            talk.stream.shutdown().await.unwrap();
            talk.until_closed().await;
        })
        .await;
        let (seen, outcome) = look(&handshake(&root, |_| {}), &server).await;
        assert_eq!((seen, outcome.tls.unwrap().chain.len()), (failed(cause), 0), "{name}");
    }
}

/// Takes the client's greeting, sends its own first words, and goes on for ever.
async fn stalling(identity: &Identity, bytes_max: usize) -> Server {
    let config = Arc::new(identity.server_of(&[&rustls::version::TLS12]));
    Server::new(move |mut talk| {
        let mut session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        async move {
            let mut words = Vec::new();
            while !session.wants_write() {
                let mut read = [0; 4096];
                let count = talk.stream.read(&mut read).await.unwrap();
                session.read_tls(&mut &read[..count]).unwrap();
                session.process_new_packets().unwrap();
            }
            while session.wants_write() {
                session.write_tls(&mut words).unwrap();
            }
            words.truncate(bytes_max);
            talk.stream.write_all(&words).await.unwrap();
            talk.until_closed().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_handshake_that_stalls_is_late_in_tls_and_keeps_what_was_shown() {
    let root = Authority::new();
    let identity = root.certify(&HERE, expired);
    // A ServerHello of TLS 1.2 without its certificate, and all that a server says before it waits.
    for (bytes_max, shown) in [(40, 0), (usize::MAX, 1)] {
        let server = stalling(&identity, bytes_max).await;
        let (seen, outcome) = look(&hasty(handshake(&root, |_| {})), &server).await;
        assert_eq!(seen, failed(Cause::DeadlineExceeded), "{shown}");
        assert_eq!(outcome.tls.unwrap().chain.len(), shown);
    }
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_of_ours_refuses_us_without_one_and_shows_its_own() {
    let root = Authority::new();
    let identity = root.certify(&HERE, |_| {});
    let ours = root.certify(&["us"], |_| {});
    let strangers = Authority::new().certify(&["us"], |_| {});
    let server = Server::tls(root.demanding(&identity), "").await;
    let plain = look(&handshake(&root, |_| {}), &server).await;
    assert_eq!((plain.0, plain.1.tls.unwrap().chain.len()), (failed(Cause::TlsAlert), 1));
    let with = handshake(&root, |it| it.tls.identity = Some(ours.client()));
    assert_eq!(look(&with, &server).await.0, Verdict::Success);
    let wrong = handshake(&root, |it| it.tls.identity = Some(strangers.client()));
    assert_eq!(look(&wrong, &server).await.0, failed(Cause::TlsAlert));
    let old = |module: Module| {
        let crate::spec::Prober::Tls(mut spec) = module.prober else { panic!("a tls module") };
        spec.tls.version_max = TlsVersion::V1_2;
        Module { prober: crate::spec::Prober::Tls(spec), ..module }
    };
    assert_eq!(look(&old(handshake(&root, |_| {})), &server).await.0, failed(Cause::TlsAlert));
    assert_eq!(look(&old(with), &server).await.0, Verdict::Success);
}

#[tokio::test]
async fn a_server_that_would_like_a_certificate_and_needs_none_is_well() {
    let root = Authority::new();
    let config = root.asking(&root.certify(&HERE, |_| {}), ClientCertVerifierBuilder::allow_unauthenticated);
    let (seen, outcome) = look(&handshake(&root, |_| {}), &Server::tls(config, "").await).await;
    assert_eq!((seen, outcome.tls.unwrap().wants_certificate), (Verdict::Success, true));
}

fn expecting(pattern: &str, send: &str) -> Exchange {
    let expect = Some(Expected::Line(pattern.parse().unwrap()));
    Exchange { expect, send: Some(Sent::Line(send.to_owned())), ..Exchange::default() }
}

async fn mail(identity: &Identity, banner: &'static [u8]) -> Server {
    let acceptor = TlsAcceptor::from(Arc::new(identity.server()));
    Server::new(move |mut talk| {
        let acceptor = acceptor.clone();
        async move {
            talk.stream.write_all(banner).await.unwrap();
            let mut line = String::new();
            BufReader::new(&mut talk.stream).read_line(&mut line).await.unwrap();
            if line != "STARTTLS\n" {
                return;
            }
            talk.stream.write_all(b"220 go\r\n").await.unwrap();
            drop(acceptor.accept(talk.stream).await);
        }
    })
    .await
}

#[tokio::test]
async fn a_conversation_may_lead_to_the_handshake_or_fail_to() {
    let root = Authority::new();
    let identity = root.certify(&HERE, expired);
    let module = handshake(&root, |it| {
        let start = Exchange { starttls: true, ..expecting("^220", "") };
        it.query_response = vec![expecting("^220", "STARTTLS"), start];
    });
    let (seen, outcome) = look(&module, &mail(&identity, b"220 mail\r\n").await).await;
    assert_eq!((seen, outcome.tls.unwrap().chain.len()), (failed(Cause::CertificateExpired), 1));
    let server =
        Server::new(|mut talk| async move { talk.stream.write_all(b"554 no\r\n").await.unwrap() }).await;
    let (seen, outcome) = look(&module, &server).await;
    assert_eq!(seen, Verdict::Failure(Cause::ContentMismatch, Phase::Check));
    assert_eq!(outcome.tls, None);
}
