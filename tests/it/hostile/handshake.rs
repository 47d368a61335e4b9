//! TLS: what comes instead of a handshake, and certificates that are not good.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ServerConfig, SupportedProtocolVersion};

use super::case::{Case, page};
use super::server::{Act, Step};

pub(crate) fn cases(authority: &Authority) -> Vec<Case> {
    let mut cases: Vec<Case> = certificates(authority);
    cases.extend(inside(authority));
    let case = |name: &str, expected, bytes: &[u8]| {
        Case::new(
            "https",
            format!("tls: {name}"),
            expected,
            Act::Tcp(vec![Step::Hear, Step::Send(bytes.to_vec())]),
        )
    };
    cases.extend(RECORDS.iter().map(|(name, expected, bytes)| case(name, expected, bytes)));
    for (code, expected) in ALERTS {
        cases.push(case(&format!("alert {code}"), expected, &[0x15, 3, 3, 0, 2, 2, *code]));
    }
    cases.extend(FLOODS.iter().map(|(name, expected, bytes)| {
        let act = Act::Tcp(vec![Step::Hear, Step::Flood(bytes.to_vec())]);
        Case::new("https", format!("tls: {name}"), expected, act)
    }));
    cases.extend(stalls());
    cases.extend(upgrades(authority));
    cases
}

const PROTOCOL: &str = "tls_protocol tls";
const ALERT: &str = "tls_alert tls";
const UNTRUSTED: &str = "certificate_untrusted tls";

/// What follows a client's first words.
const RECORDS: &[(&str, &str, &[u8])] = &[
    ("closes on the first word", "connection_reset tls", b""),
    ("speaks HTTP", PROTOCOL, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    ("greets as a mail server", PROTOCOL, b"220 mail.example ESMTP ready\r\n"),
    ("greets as SSH", PROTOCOL, b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    ("sends zeros", PROTOCOL, &[0; 64]),
    ("sends high bytes", PROTOCOL, &[0xff; 64]),
    ("answers as SSLv2", PROTOCOL, b"\x80\x2e\x04\x00\x01\x00\x02\x00\x0b\x00\x00\x00\x10"),
    ("has a record of no kind", PROTOCOL, b"\x63\x03\x03\x00\x01\x00"),
    ("has a record longer than it may", PROTOCOL, b"\x16\x03\x03\xff\xff\x02"),
    ("has an empty record of a handshake", PROTOCOL, b"\x16\x03\x03\x00\x00"),
    ("sends data before the handshake", PROTOCOL, b"\x17\x03\x03\x00\x05hello"),
    ("changes ciphers first", PROTOCOL, b"\x14\x03\x03\x00\x01\x01"),
    ("has a broken change of ciphers", PROTOCOL, b"\x14\x03\x03\x00\x02\x01\x01"),
    ("has half an alert", PROTOCOL, b"\x15\x03\x03\x00\x01\x02"),
    ("closes within an alert", "connection_reset tls", b"\x15\x03\x03\x00\x02\x02"),
    ("says goodbye at once", "connection_reset tls", b"\x15\x03\x03\x00\x02\x01\x00"),
    ("closes within a record", "connection_reset tls", b"\x16\x03\x03\x00\x40\x02\x00"),
    ("has a message of no kind", PROTOCOL, b"\x16\x03\x03\x00\x04\x63\x00\x00\x00"),
    ("has a message of 16 MiB", PROTOCOL, b"\x16\x03\x03\x00\x04\x02\xff\xff\xff"),
    ("says hello with nothing", PROTOCOL, b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"),
    ("says hello as a client", PROTOCOL, b"\x16\x03\x03\x00\x04\x01\x00\x00\x00"),
    ("finishes before it begins", PROTOCOL, b"\x16\x03\x03\x00\x04\x14\x00\x00\x00"),
    (
        "says hello in TLS 1.0",
        PROTOCOL,
        b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\x00\x00\x2f\x00",
    ),
    (
        "says hello in TLS 1.1",
        PROTOCOL,
        b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\x00\x00\x2f\x00",
    ),
    (
        "says hello in SSL 3",
        PROTOCOL,
        b"\x16\x03\x00\x00\x2a\x02\x00\x00\x26\x03\x00rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\x00\x00\x2f\x00",
    ),
    (
        "says hello in a cipher that was not offered",
        PROTOCOL,
        b"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\x00\x00\x2f\x00",
    ),
    (
        "says hello with a compression",
        PROTOCOL,
        b"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\x00\xc0\x2f\x01",
    ),
];

/// A fatal alert, by its number.
const ALERTS: &[(u8, &str)] = &[
    (10, ALERT),
    (20, ALERT),
    (22, ALERT),
    (40, ALERT),
    (42, ALERT),
    (46, ALERT),
    (47, ALERT),
    (48, ALERT),
    (49, ALERT),
    (50, ALERT),
    (51, ALERT),
    (70, PROTOCOL),
    (71, PROTOCOL),
    (80, ALERT),
    (86, PROTOCOL),
    (109, ALERT),
    (110, ALERT),
    (112, ALERT),
    (116, ALERT),
    (120, PROTOCOL),
    (255, ALERT),
];

/// The same without end.
const FLOODS: &[(&str, &str, &[u8])] = &[
    ("warns without end", PROTOCOL, b"\x15\x03\x03\x00\x02\x01\x5a"),
    ("changes ciphers without end", PROTOCOL, b"\x14\x03\x03\x00\x01\x01"),
    ("sends zeros without end", PROTOCOL, &[0; 4096]),
    ("has empty records without end", PROTOCOL, b"\x16\x03\x03\x00\x00"),
    (
        "has one message without end",
        PROTOCOL,
        b"\x16\x03\x03\x00\x10\x02\xff\xff\xff\x02\xff\xff\xff\x02\xff\xff\xff\x02\xff\xff\xff",
    ),
];

fn stalls() -> Vec<Case> {
    let case = |name: &str, steps: &[Step]| {
        Case::new("https_hasty", format!("tls: {name}"), "deadline_exceeded tls", Act::Tcp(steps.to_vec()))
    };
    let drip = |bytes: &[u8]| Step::Drip(bytes.to_vec(), Duration::from_millis(20));
    vec![
        case("says nothing", &[Step::Hold]),
        case(
            "stalls within a record",
            &[Step::Hear, Step::Send(b"\x16\x03\x03\x00\x40\x02".to_vec()), Step::Hold],
        ),
        case("stalls within a head", &[Step::Hear, Step::Send(b"\x16\x03".to_vec()), Step::Hold]),
        case(
            "drips a record",
            &[Step::Hear, Step::Send(b"\x16\x03\x03\x10\x00\x02\x00\x0f\xfc".to_vec()), drip(b"x")],
        ),
        Case::new(
            "tls_hasty",
            "tls alone: says nothing",
            "deadline_exceeded tls",
            Act::Tcp(vec![Step::Hold]),
        ),
        Case::new("tls", "tls alone: nobody listens", "connect_refused connect", Act::Nowhere("127.0.0.1:1")),
        Case::new(
            "https",
            "tls: resets on the first word",
            "connection_reset tls",
            Act::Tcp(vec![Step::Hear, Step::Reset]),
        ),
    ]
}

/// Good and bad certificates, each asked by a request and by a handshake alone.
#[expect(clippy::too_many_lines, reason = "a table, one case a row")]
fn certificates(authority: &Authority) -> Vec<Case> {
    let stranger = Authority::new("stranger");
    let address = ["127.0.0.1"];
    let plain = |_: &mut CertificateParams| {};
    let between = authority.below(plain);
    let lapsed = authority.below(|it| lasting(it, [2020, 1, 1], [2021, 1, 1]));
    let mut deep = authority.below(plain);
    for _ in 0..4 {
        deep = deep.below(plain);
    }
    let good = authority.identity(&address, plain);
    let rows: Vec<(&str, &str, ServerConfig)> = vec![
        ("good", "", good.server()),
        ("good by TLS 1.2", "", good.server_of(&[&rustls::version::TLS12])),
        ("good by TLS 1.3", "", good.server_of(&[&rustls::version::TLS13])),
        (
            "over",
            "certificate_expired tls",
            authority.identity(&address, |it| lasting(it, [2020, 1, 1], [2021, 1, 1])).server(),
        ),
        (
            "over for a day's worth of time since 1970",
            "certificate_expired tls",
            authority.identity(&address, |it| lasting(it, [1970, 1, 1], [1970, 1, 2])).server(),
        ),
        (
            "not yet good",
            "certificate_not_yet_valid tls",
            authority.identity(&address, |it| lasting(it, [2999, 1, 1], [3000, 1, 1])).server(),
        ),
        (
            "for another name",
            "certificate_wrong_name tls",
            authority.identity(&["other.example"], plain).server(),
        ),
        (
            "for another address",
            "certificate_wrong_name tls",
            authority.identity(&["127.0.0.2"], plain).server(),
        ),
        (
            "for every name of a domain",
            "certificate_wrong_name tls",
            authority.identity(&["*.example"], plain).server(),
        ),
        ("for no name", "certificate_wrong_name tls", authority.identity(&[], plain).server()),
        ("by a stranger", UNTRUSTED, stranger.identity(&address, plain).server()),
        ("by itself", UNTRUSTED, alone(&address).server()),
        ("by an authority between", "", between.identity(&address, plain).server()),
        (
            "by one between that is not shown",
            UNTRUSTED,
            between.identity(&address, plain).without_path().server(),
        ),
        ("by one between that is over", "certificate_expired tls", lapsed.identity(&address, plain).server()),
        ("by five between", "", deep.identity(&address, plain).server()),
        ("shown with a stranger's", "", good.beside(&stranger).server()),
        ("shown twenty times", PROTOCOL, good.times(20).server()),
        ("shown with five hundred", PROTOCOL, good.times(500).server()),
        ("of no reading", UNTRUSTED, good.garbled().server()),
        ("good, to those who show one", ALERT, good.demanding(authority)),
    ];
    let mut cases = Vec::new();
    for (name, expected, config) in rows {
        let config = Arc::new(config);
        let answer = vec![Step::Head, Step::Send(page("", "hello"))];
        cases.push(Case::new(
            "https",
            format!("certificate: {name}"),
            expected,
            Act::Tls(Arc::clone(&config), answer),
        ));
        cases.push(Case::new(
            "tls",
            format!("certificate alone: {name}"),
            expected,
            Act::Tls(config, vec![Step::Hold]),
        ));
    }
    cases
}

/// HTTP within TLS that ends as it should not.
fn inside(authority: &Authority) -> Vec<Case> {
    let config = Arc::new(authority.identity(&["127.0.0.1"], |_| {}).server());
    let mut other = authority.identity(&["127.0.0.1"], |_| {}).server();
    other.alpn_protocols = vec![b"spdy/1".to_vec()];
    let case = |name: &str, expected, steps: &[Step]| {
        Case::new("https", format!("https: {name}"), expected, Act::Tls(Arc::clone(&config), steps.to_vec()))
    };
    let send = |bytes: &[u8]| Step::Send(bytes.to_vec());
    vec![
        case("closes without a word", "connection_reset processing", &[Step::Head]),
        case("goes without a word of TLS", "connection_reset processing", &[Step::Head, Step::Drop]),
        case(
            "goes within its body",
            "body_truncated transfer",
            &[Step::Head, send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")],
        ),
        case("is no HTTP", "http_protocol transfer", &[Step::Head, send(b"220 mail.example ESMTP\r\n")]),
        case(
            "has a body without end",
            "body_too_large transfer",
            &[Step::Head, send(b"HTTP/1.1 200 OK\r\n\r\n"), Step::Flood(vec![b'x'; 16 << 10])],
        ),
        Case::new(
            "https_hasty",
            "https: says nothing",
            "deadline_exceeded processing",
            Act::Tls(Arc::clone(&config), vec![Step::Hold]),
        ),
        Case::new(
            "https",
            "https: speaks nothing that was offered",
            PROTOCOL,
            Act::Tls(Arc::new(other), vec![Step::Hold]),
        ),
    ]
}

/// A handshake in the middle of a conversation.
fn upgrades(_authority: &Authority) -> Vec<Case> {
    let case = |module, name: &str, expected, rest: &[Step]| {
        let start = vec![Step::Send(b"220 ready\r\n".to_vec()), Step::Hear];
        Case::new(module, format!("starttls: {name}"), expected, Act::Tcp([start, rest.to_vec()].concat()))
    };
    let send = |bytes: &[u8]| Step::Send(bytes.to_vec());
    vec![
        case("tcp_tls", "does not want to", "content_mismatch check", &[send(b"502 no\r\n")]),
        case("tcp_tls", "closes instead", "connection_reset processing", &[]),
        case("tcp_tls", "agrees and closes", "connection_reset tls", &[send(b"220 go\r\n"), Step::Hear]),
        case(
            "tcp_tls",
            "agrees and goes on in the clear",
            PROTOCOL,
            &[send(b"220 go\r\n"), Step::Hear, send(b"250 hello to you all\r\n")],
        ),
        case(
            "tcp_tls_hasty",
            "agrees and says nothing",
            "deadline_exceeded tls",
            &[send(b"220 go\r\n"), Step::Hold],
        ),
    ]
}

/// Somebody who vouches for certificates.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// What leads from it to the root, itself first; empty for a root.
    path: Vec<CertificateDer<'static>>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let issuer =
            CertifiedIssuer::self_signed(params_of(name), key()).expect("an authority can sign itself");
        Self { issuer, path: Vec::new() }
    }

    /// The certificate by which it is known.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// One that this one vouches for.
    fn below(&self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = params_of(&format!("{} below", self.path.len()));
        change(&mut params);
        let issuer = CertifiedIssuer::signed_by(params, key(), &self.issuer).expect("an authority can sign");
        let path = std::iter::once(issuer.der().clone()).chain(self.path.iter().cloned()).collect();
        Self { issuer, path }
    }

    /// A certificate for these names.
    pub(crate) fn identity(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let (mut params, key) = (named(names), key());
        change(&mut params);
        let own = params.signed_by(&key, &self.issuer).expect("an authority can sign").der().clone();
        Identity { chain: std::iter::once(own).chain(self.path.iter().cloned()).collect(), key }
    }
}

/// A server's certificate with its key.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Identity {
    pub(crate) fn server(&self) -> ServerConfig {
        self.server_of(rustls::ALL_VERSIONS)
    }

    fn server_of(&self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions);
        let builder = builder.expect("the versions are known").with_no_client_auth();
        // Not `with_single_cert`: that reads the certificate, and some here cannot be read.
        builder.with_cert_resolver(Arc::new(Shown(self.certified())))
    }

    fn demanding(&self, authority: &Authority) -> ServerConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.issuer.der().clone()).expect("an authority is a root");
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider()).build();
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.expect("the versions are known");
        let builder = builder.with_client_cert_verifier(verifier.expect("there is a root"));
        builder.with_cert_resolver(Arc::new(Shown(self.certified())))
    }

    fn certified(&self) -> Arc<rustls::sign::CertifiedKey> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).expect("a key can be read");
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).expect("a key can sign");
        Arc::new(rustls::sign::CertifiedKey::new(self.chain.clone(), key))
    }

    fn without_path(mut self) -> Self {
        self.chain.truncate(1);
        self
    }

    fn beside(&self, other: &Authority) -> Self {
        self.with(self.chain.iter().cloned().chain([other.issuer.der().clone()]).collect())
    }

    fn times(&self, count: usize) -> Self {
        self.with(vec![self.chain[0].clone(); count])
    }

    fn garbled(&self) -> Self {
        self.with(vec![CertificateDer::from(vec![0x30, 0x03, 0x02, 0x01])])
    }

    fn with(&self, chain: Vec<CertificateDer<'static>>) -> Self {
        let key = KeyPair::try_from(self.key.serialize_der()).expect("a key can be read");
        Self { chain, key }
    }
}

/// Shows one certificate to everybody.
#[derive(Debug)]
struct Shown(Arc<rustls::sign::CertifiedKey>);

impl rustls::server::ResolvesServerCert for Shown {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

fn alone(names: &[&str]) -> Identity {
    let key = key();
    let own = named(names).self_signed(&key).expect("a key can sign").der().clone();
    Identity { chain: vec![own], key }
}

fn named(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("the names are names");
    params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
    params
}

fn params_of(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Good between these days, each with year, month and day.
fn lasting(params: &mut CertificateParams, from: [i32; 3], to: [i32; 3]) {
    let day = |[year, month, day]: [i32; 3]| {
        let small = |it: i32| u8::try_from(it).expect("months and days are small");
        date_time_ymd(year, small(month), small(day))
    };
    (params.not_before, params.not_after) = (day(from), day(to));
}

fn key() -> KeyPair {
    KeyPair::generate().expect("there is randomness")
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
