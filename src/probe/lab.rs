//! The loopback lab: servers that do one thing wrong, each on a port of its own, and modules to ask
//! them with.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientCertVerifierBuilder, WebPkiClientVerifier};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::config::{self, LastGood, Source};
use crate::dial::Dialer;
use crate::labels::Labels;
use crate::outcome::{Late, Outcome};
use crate::spec::{
    DialSpec, Exchange, Family, HandshakeSpec, HttpClient, HttpSpec, MetricsSpec, Module, Pem, Prober,
    Secret, TcpSpec, TlsSpec,
};
use crate::target::Target;

/// A server on loopback; it ends with this value.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// The heads of the requests that came, in their order.
    heads: Arc<Mutex<Vec<String>>>,
    /// How many connections are open at the server's end.
    open: watch::Receiver<usize>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Hands each connection to `serve`, and closes it when that is done.
    pub(super) async fn new<F, S>(serve: S) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
        S: Fn(Talk) -> F + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (count, open) = watch::channel(0);
        let mut tasks = JoinSet::new();
        let noted = Arc::clone(&heads);
        tasks.spawn(async move {
            let mut running = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.send_modify(|it| *it += 1);
                let (work, count) = (serve(Talk { stream, heads: Arc::clone(&noted) }), count.clone());
                running.spawn(async move {
                    work.await;
                    count.send_modify(|it| *it -= 1);
                });
            }
        });
        Self { address, heads, open, _tasks: tasks }
    }

    /// Reads a request, writes these bytes, and closes once the client has.
    pub(super) async fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::new(move |mut talk| {
            let bytes = bytes.clone();
            async move {
                talk.read_head().await;
                let _ = talk.stream.write_all(&bytes).await;
                talk.until_closed().await;
            }
        })
        .await
    }

    /// Reads a request, writes a beginning, then the same bytes as long as somebody reads them.
    pub(super) async fn repeating(start: &'static str, again: impl Into<Vec<u8>>) -> Self {
        let again = again.into();
        Self::new(move |mut talk| {
            let again = again.clone();
            async move {
                talk.read_head().await;
                if talk.stream.write_all(start.as_bytes()).await.is_ok() {
                    while talk.stream.write_all(&again).await.is_ok() {}
                }
            }
        })
        .await
    }

    /// Speaks TLS as `config` says, then answers with these bytes.
    pub(super) async fn tls(config: ServerConfig, bytes: &'static str) -> Self {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        Self::new(move |talk| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(talk.stream).await else { return };
                let head = read_head(&mut stream).await;
                talk.heads.lock().unwrap().push(head);
                let _ = stream.write_all(bytes.as_bytes()).await;
                let _ = stream.shutdown().await;
                until_closed(&mut stream).await;
            }
        })
        .await
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// Waits until the server has no connection any more.
    pub(super) async fn deserted(&self) {
        self.open.clone().wait_for(|it| *it == 0).await.unwrap();
    }
}

/// One connection at the server's end.
pub(super) struct Talk {
    pub(super) stream: TcpStream,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Talk {
    pub(super) async fn read_head(&mut self) {
        let head = read_head(&mut self.stream).await;
        self.heads.lock().unwrap().push(head);
    }

    /// Reads a head, and tells it.
    pub(super) async fn next_head(&mut self) -> String {
        self.read_head().await;
        self.heads.lock().unwrap().last().unwrap().clone()
    }

    pub(super) async fn until_closed(&mut self) {
        until_closed(&mut self.stream).await;
    }

    /// Reads on, and says how the client ended the connection.
    pub(super) async fn end(mut self) -> std::io::Result<usize> {
        let mut rest = [0; 1024];
        loop {
            match self.stream.read(&mut rest).await {
                Ok(1..) => {}
                end => return end,
            }
        }
    }
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte).await {
            Ok(1) => head.push(byte[0]),
            Ok(_) | Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

async fn until_closed(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let mut rest = [0; 1024];
    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
}

/// A body behind a head that fits it.
pub(super) fn page(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes =
        format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// An authority that nobody knows unless told, and what it signs.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// What leads from it to the root, itself first; empty for a root.
    path: Vec<CertificateDer<'static>>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let (params, key) = (Self::params(0), KeyPair::generate().unwrap());
        Self { issuer: CertifiedIssuer::self_signed(params, key).unwrap(), path: Vec::new() }
    }

    /// One that this one vouches for.
    pub(super) fn intermediate(&self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = Self::params(self.path.len() + 1);
        change(&mut params);
        let issuer = CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &self.issuer).unwrap();
        let path = std::iter::once(issuer.der().clone()).chain(self.path.iter().cloned()).collect();
        Self { issuer, path }
    }

    fn params(depth: usize) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let name = if depth == 0 { "lab".to_owned() } else { format!("lab {depth}") };
        params.distinguished_name.push(DnType::CommonName, name);
        params
    }

    pub(super) fn pem(&self) -> Pem {
        Pem::Inline(self.issuer.pem())
    }

    /// A certificate for these names, changed by `change`, with its key.
    pub(super) fn certify(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        self.certify_key(KeyPair::generate().unwrap(), names, change)
    }

    /// The same for a key that is there.
    pub(super) fn certify_key(
        &self,
        key: KeyPair,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let mut params =
            CertificateParams::new(names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(DnType::CommonName, names[0]);
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let path = self.path.clone();
        Identity { certificate: certificate.der().clone(), path, pem: certificate.pem(), key }
    }

    /// A server's side that wants a certificate of this authority from its clients.
    pub(super) fn demanding(&self, identity: &Identity) -> ServerConfig {
        self.asking(identity, |it| it)
    }

    /// As `demanding`, the way to ask changed by `change`.
    pub(super) fn asking(
        &self,
        identity: &Identity,
        change: impl FnOnce(ClientCertVerifierBuilder) -> ClientCertVerifierBuilder,
    ) -> ServerConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let verifier = change(WebPkiClientVerifier::builder_with_provider(roots.into(), provider()));
        let (chain, key) = identity.parts();
        builder().with_client_cert_verifier(verifier.build().unwrap()).with_single_cert(chain, key).unwrap()
    }
}

/// A certificate and its key.
pub(super) struct Identity {
    certificate: CertificateDer<'static>,
    /// What is presented behind it.
    pub(super) path: Vec<CertificateDer<'static>>,
    pem: String,
    key: KeyPair,
}

impl Identity {
    /// A certificate that only itself vouches for.
    pub(super) fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
        Self { certificate: certificate.der().clone(), path: Vec::new(), pem: certificate.pem(), key }
    }

    pub(super) fn server(&self) -> ServerConfig {
        let (chain, key) = self.parts();
        builder().with_no_client_auth().with_single_cert(chain, key).unwrap()
    }

    /// A server of these versions alone.
    pub(super) fn server_of(&self, versions: &[&'static rustls::SupportedProtocolVersion]) -> ServerConfig {
        let (chain, key) = self.parts();
        let builder =
            ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions).unwrap();
        builder.with_no_client_auth().with_single_cert(chain, key).unwrap()
    }

    /// The certificate itself.
    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// The same certificate, that often.
    pub(super) fn server_with_chain_of(&self, length: usize) -> ServerConfig {
        let (_, key) = self.parts();
        let chain = vec![self.certificate.clone(); length];
        builder().with_no_client_auth().with_single_cert(chain, key).unwrap()
    }

    pub(super) fn client(&self) -> (Pem, Secret) {
        (Pem::Inline(self.pem.clone()), Secret::Inline(self.key.serialize_pem()))
    }

    fn parts(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let chain = std::iter::once(&self.certificate).chain(&self.path).cloned().collect();
        (chain, PrivateKeyDer::try_from(self.key.serialize_der()).unwrap())
    }
}

fn builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

pub(super) fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
}

pub(super) fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2999, 1, 1);
    params.not_after = date_time_ymd(3000, 1, 1);
}

pub(super) fn client() -> HttpClient {
    HttpClient { dial: DialSpec { preferred: Family::Ip4, ..DialSpec::default() }, ..HttpClient::default() }
}

pub(super) fn http_spec() -> HttpSpec {
    HttpSpec { client: client(), ..HttpSpec::default() }
}

/// A module that fails no test for want of time: whoever wants the time to run out says so.
pub(super) fn module(prober: Prober) -> Module {
    let long = Duration::from_secs(30);
    Module { name: "lab".into(), timeout: long, patience: long, connect_timeout: None, prober }
}

pub(super) fn http() -> Module {
    module(Prober::Http(http_spec()))
}

/// An http module that is changed by `change`.
pub(super) fn http_with(change: impl FnOnce(&mut HttpSpec)) -> Module {
    let mut spec = http_spec();
    change(&mut spec);
    module(Prober::Http(spec))
}

pub(super) fn metrics_with(change: impl FnOnce(&mut MetricsSpec)) -> Module {
    let mut spec = MetricsSpec {
        client: client(),
        fallback_scrape_protocol: None,
        sample_limit: 50_000,
        label_limit: 64,
    };
    change(&mut spec);
    module(Prober::Metrics(spec))
}

pub(super) fn tcp(query_response: Vec<Exchange>) -> Module {
    let dial = client().dial;
    module(Prober::Tcp(TcpSpec { dial, tls: None, starttls: TlsSpec::default(), query_response }))
}

/// A handshake with one that trusts `authority`, changed by `change`.
pub(super) fn handshake(authority: &Authority, change: impl FnOnce(&mut HandshakeSpec)) -> Module {
    let tls = TlsSpec { ca: Some(authority.pem()), ..TlsSpec::default() };
    let mut spec = HandshakeSpec { dial: client().dial, tls, query_response: Vec::new() };
    change(&mut spec);
    module(Prober::Tls(spec))
}

/// The same module with little time.
pub(super) fn hasty(module: Module) -> Module {
    Module { timeout: Duration::from_millis(200), patience: Duration::from_millis(200), ..module }
}

/// What asking `address` shows. Every outcome is held to what holds of all.
pub(super) async fn ask(module: &Module, address: &str) -> Outcome {
    let (outcome, late) = ask_on(module, address, || {}).await;
    assert_eq!(late, None);
    outcome
}

/// Likewise, with what came later; `between` is called when the verdict is there.
pub(super) async fn ask_on(
    module: &Module,
    address: &str,
    between: impl FnOnce(),
) -> (Outcome, Option<Late>) {
    let (dialer, target) = (Dialer::asking(&[]), Target::new(address, &Labels::default()));
    let (outcome, reading_on) = super::ask(&dialer, module, &target).await;
    assert_eq!(outcome.phases.total(), outcome.duration);
    between();
    match reading_on {
        None => (outcome, None),
        Some(it) => (outcome, Some(it.finish().await)),
    }
}

/// A switch that a server waits for.
pub(super) fn switch() -> (mpsc::UnboundedSender<()>, Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<()>>>) {
    let (on, waiting) = mpsc::unbounded_channel();
    (on, Arc::new(tokio::sync::Mutex::new(waiting)))
}

/// The shipped example of that name, with `to` in place of `from`: for each of its probes how it asks,
/// and each address that it asks.
pub(super) fn example(name: &str, from: &str, to: &str) -> Vec<(Module, String)> {
    let file = format!("docs/examples/{name}.yaml");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{file} names {from}");
    let source = Source { name: file.into(), text: Ok(text.replace(from, to).into()) };
    let loaded = config::load(&[source], &LastGood::default());
    assert_eq!(loaded.complaints, []);
    let probes = loaded.config.plan.probes.iter().zip(&loaded.config.discoveries);
    let asked = probes.flat_map(|(probe, discovery)| {
        let targets = discovery.static_configs.iter().flat_map(|it| &it.targets);
        targets.map(|it| ((*probe.module).clone(), it.clone()))
    });
    asked.collect()
}
