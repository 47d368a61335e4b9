//! One HTTP request over a connection of its own, up to the head of its answer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, UPGRADE};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Method, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use url::{Host, Url};

use super::connection::{Connection, Farewell, FirstByte};
use super::fault::{Part, Trouble, of_http};
use super::head::is_framed;
use super::proxy;
use super::resolve::is_localhost;
use super::trail::Trail;
use super::{ASKED_FOR_OTHERS, Dialer, Wire};
use crate::outcome::{FaultKind, Phase};
use crate::spec::{DialSpec, Proxy, ProxySpec, TlsSpec};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    /// Where to; `http` or `https`.
    pub url: &'a Url,
    /// Its method.
    pub method: Method,
    /// Its headers. A `Host` among them names another host than the URL does, to the server and to
    /// its certificate.
    pub headers: HeaderMap,
    /// Its body; empty for none.
    pub body: Bytes,
    /// How TLS is spoken, where the URL wants it.
    pub tls: &'a TlsSpec,
    /// Which address is dialled.
    pub dial: &'a DialSpec,
    /// How many of the host's addresses get their turn.
    pub turns: Turns,
    /// Whether it goes through a proxy.
    pub proxy: &'a ProxySpec,
    /// Bounds connecting alone.
    pub connect_timeout: Option<Duration>,
    /// Whether HTTP/2 is offered by ALPN.
    pub http2: bool,
}

/// How many of a host's addresses get their turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turns {
    /// The one that the module's family says: a probe tells of that one.
    One,
    /// Each, until one takes the connection within the time for connecting: calls of our own.
    Every,
}

/// An answer whose head has been read. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Answered {
    /// Status, version, headers. `Incoming` is the body, as it comes.
    pub response: Response<Incoming>,
    /// What to say when the body has been read, or is not wanted.
    pub farewell: Farewell,
    _tasks: Held,
}

impl Dialer {
    /// Sends `request` and reads the head of the answer, in the phases `resolve` to `processing`;
    /// with the first byte of the answer begins `transfer`.
    pub(crate) async fn request(&self, mut request: Request<'_>, trail: &Trail) -> Result<Answered, Trouble> {
        if self.guard.is_door() {
            request.headers.insert(ASKED_FOR_OTHERS, HeaderValue::from_static("1"));
        }
        let host = host(request.url)?;
        let port = request.url.port_or_known_default().ok_or(FaultKind::NoSuchName)?;
        let proxy = self.means.proxies.choose(request.proxy, request.url, &host, port);
        let (mut wire, place) = match proxy {
            None => (self.reach(&host, port, &request, trail).await?, None),
            Some(proxy) => {
                let (wire, place) = self.connect_to_proxy(proxy, &host, port, &request, trail).await?;
                (wire, Some((proxy, place)))
            }
        };
        if request.url.scheme() != "https" {
            let mut request = request;
            let absolute = place.map(|(proxy, place)| {
                request.headers.extend(proxy::credentials(proxy)?);
                absolute(&place, request.url)
            });
            let target = absolute.unwrap_or_else(|| Ok(path_and_query(request.url)?.into()))?;
            trail.enter(Phase::Processing);
            return over_http1(Connection::plain(wire, FirstByte::Answer), request, target, trail).await;
        }
        if let Some((proxy, place)) = place {
            proxy::pass(&mut wire, &place, proxy, request.proxy).await?;
        }
        let (stream, is_http2) = self.secure_for_http(wire, &host, &request, trail).await?;
        trail.enter(Phase::Processing);
        if is_http2 {
            over_http2(Connection::tls(stream, FirstByte::Preface), request, trail).await
        } else {
            let target = path_and_query(request.url)?.into();
            over_http1(Connection::tls(stream, FirstByte::Answer), request, target, trail).await
        }
    }

    /// A connection to `proxy`, and the place that it is to be asked for.
    async fn connect_to_proxy(
        &self,
        proxy: &Proxy,
        host: &str,
        port: u16,
        request: &Request<'_>,
        trail: &Trail,
    ) -> Result<(Wire, String), Trouble> {
        let place = if request.proxy.resolves_here {
            self.find(host, port, request.dial, trail).await?.to_string()
        } else {
            // Where the proxy finds the address, no more than what is written here can be looked at.
            if let Some(address) = written(host) {
                self.admit(host, &[SocketAddr::new(address, port)], trail)?;
            }
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
        };
        // Who named the target did not name the proxy.
        let wire = self.for_ourselves().reach(&proxy.host, proxy.port, request, trail).await?;
        Ok((wire, place))
    }

    /// A connection to one address of the host, or to the first that takes it.
    async fn reach(
        &self,
        host: &str,
        port: u16,
        request: &Request<'_>,
        trail: &Trail,
    ) -> Result<Wire, Trouble> {
        match request.turns {
            Turns::One => self.connect(host, port, request.dial, request.connect_timeout, trail).await,
            Turns::Every => {
                let limit = request.connect_timeout.unwrap_or(Duration::MAX);
                self.connect_any(host, port, request.dial, limit, trail).await
            }
        }
    }

    /// Likewise, over HTTP/2 and nothing else: in the clear where the URL says `http`.
    pub(crate) async fn request_by_http2(
        &self,
        request: Request<'_>,
        trail: &Trail,
    ) -> Result<Answered, Trouble> {
        let host = host(request.url)?;
        let port = request.url.port_or_known_default().ok_or(FaultKind::NoSuchName)?;
        let wire = self.connect(&host, port, request.dial, request.connect_timeout, trail).await?;
        let connection = if request.url.scheme() == "https" {
            let stream = self.secure(wire, &host, request.tls, &[b"h2"], trail).await?;
            if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                return Err(FaultKind::TlsProtocol.into());
            }
            Connection::tls(stream, FirstByte::Preface)
        } else {
            Connection::plain(wire, FirstByte::Preface)
        };
        trail.enter(Phase::Processing);
        over_http2(connection, request, trail).await
    }

    async fn secure_for_http(
        &self,
        wire: Wire,
        host: &str,
        request: &Request<'_>,
        trail: &Trail,
    ) -> Result<(tokio_rustls::client::TlsStream<Wire>, bool), Trouble> {
        let named = request.headers.get(HOST).and_then(|it| Authority::try_from(it.as_bytes()).ok());
        let name = named.as_ref().map_or(host, |it| it.host().trim_matches(['[', ']']));
        let protocols: &[&[u8]] = if request.http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        let stream = self.secure(wire, name, request.tls, protocols, trail).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((stream, is_http2))
    }
}

/// The address that a host is by itself.
fn written(host: &str) -> Option<IpAddr> {
    if is_localhost(host) { Some(Ipv4Addr::LOCALHOST.into()) } else { host.parse().ok() }
}

/// The URL's host as a name or an address, without brackets.
fn host(url: &Url) -> Result<String, Trouble> {
    match url.host() {
        None => Err(FaultKind::NoSuchName.into()),
        Some(Host::Domain(name)) => Ok(name.to_owned()),
        Some(Host::Ipv4(address)) => Ok(address.to_string()),
        Some(Host::Ipv6(address)) => Ok(address.to_string()),
    }
}

async fn over_http1(
    connection: Connection,
    request: Request<'_>,
    target: Uri,
    trail: &Trail,
) -> Result<Answered, Trouble> {
    let (farewell, head) = (connection.farewell(), connection.head());
    let tasks = Held::default();
    let failed = |error: hyper::Error| match of_http(&error, Part::Head, trail.broken()) {
        Trouble::Theirs(FaultKind::HeaderLimit) if head.is_whole_within(HEADERS_MAX) => {
            FaultKind::HttpProtocol.into()
        }
        trouble => trouble,
    };
    let (mut sender, line) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(connection))
        .await
        .map_err(failed)?;
    // What the line has to say of its end, it says to the request or to the body too.
    if request.headers.contains_key(UPGRADE) {
        tasks.0.execute(async { drop(line.with_upgrades().await) });
    } else {
        tasks.0.execute(async { drop(line.await) });
    }
    let authority = authority(request.url);
    let mut message = http::Request::new(Full::new(request.body));
    *message.method_mut() = request.method;
    *message.uri_mut() = target;
    *message.headers_mut() = request.headers;
    let headers = message.headers_mut();
    if !headers.contains_key(HOST) {
        headers.insert(HOST, HeaderValue::try_from(authority).map_err(|_| FaultKind::NoSuchName)?);
    }
    headers.entry(CONNECTION).or_insert(HeaderValue::from_static("close"));
    let flood = watch_informational(&mut message);
    // Of both at once the flood is told: it came first.
    let response = tokio::select! {
        biased;
        () = flood.notified() => return Err(FaultKind::HttpProtocol.into()),
        response = sender.send_request(message) => response.map_err(failed)?,
    };
    if !is_framed(response.version(), response.headers()) {
        return Err(FaultKind::HttpProtocol.into());
    }
    within_limits(Answered { response, farewell, _tasks: tasks })
}

async fn over_http2(
    connection: Connection,
    request: Request<'_>,
    trail: &Trail,
) -> Result<Answered, Trouble> {
    let (farewell, preface) = (connection.farewell(), connection.preface());
    let tasks = Held::default();
    let failed = |error: hyper::Error| of_http(&error, Part::Head, trail.broken());
    // HTTP/2 calls a header list that is too long a broken protocol. So it may be somewhat longer
    // than our limit, which is looked at later.
    let header_list_bytes_max = u32::try_from(4 * HEAD_BYTES_MAX).expect("the limit of a head is small");
    let (mut sender, line) = http2::Builder::new(tasks.0.clone())
        .max_header_list_size(header_list_bytes_max)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .handshake(TokioIo::new(connection))
        .await
        .map_err(failed)?;
    tasks.0.execute(async { drop(line.await) });
    let mut headers = request.headers;
    let authority = match headers.remove(HOST) {
        Some(named) => Authority::try_from(named.as_bytes()).map_err(|_| FaultKind::NoSuchName)?,
        None => Authority::try_from(authority(request.url)).map_err(|_| FaultKind::NoSuchName)?,
    };
    let mut uri = http::uri::Parts::default();
    let is_plain = request.url.scheme() == "http";
    uri.scheme = Some(if is_plain { http::uri::Scheme::HTTP } else { http::uri::Scheme::HTTPS });
    uri.authority = Some(authority);
    uri.path_and_query = Some(path_and_query(request.url)?);
    let mut message = http::Request::new(Full::new(request.body));
    *message.method_mut() = request.method;
    *message.uri_mut() = Uri::from_parts(uri).map_err(|_| FaultKind::NoSuchName)?;
    *message.headers_mut() = headers;
    let response = sender.send_request(message).await.map_err(failed)?;
    preface.is_over();
    trail.first_byte();
    within_limits(Answered { response, farewell, _tasks: tasks })
}

/// The URL's host and port, as `Host` has them.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What a proxy is asked for: all of the URL, with `place` for its host and port.
fn absolute(place: &str, url: &Url) -> Result<Uri, Trouble> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(http::uri::Scheme::HTTP);
    parts.authority = Some(Authority::try_from(place).map_err(|_| FaultKind::NoSuchName)?);
    parts.path_and_query = Some(path_and_query(url)?);
    Uri::from_parts(parts).map_err(|_| FaultKind::NoSuchName.into())
}

fn path_and_query(url: &Url) -> Result<PathAndQuery, Trouble> {
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    PathAndQuery::try_from(path).map_err(|_| FaultKind::NoSuchName.into())
}

/// Is notified when more interim answers have come than anybody has use for.
fn watch_informational(message: &mut http::Request<Full<Bytes>>) -> Arc<Notify> {
    let flood = Arc::new(Notify::new());
    let (count, told) = (AtomicUsize::new(0), Arc::clone(&flood));
    hyper::ext::on_informational(message, move |_| {
        if count.fetch_add(1, Ordering::Relaxed) == INFORMATIONAL_MAX {
            told.notify_one();
        }
    });
    flood
}

/// HTTP/1 has counted already; HTTP/2 has not.
fn within_limits(answered: Answered) -> Result<Answered, Trouble> {
    let headers = answered.response.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > HEADERS_MAX || bytes > HEAD_BYTES_MAX {
        return Err(FaultKind::HeaderLimit.into());
    }
    Ok(answered)
}

/// Runs what hyper wants to have run, within this answer's life.
#[derive(Clone, Debug, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.0.lock().expect("nobody panics while spawning").spawn(task);
    }
}

/// Ends the tasks with itself. A task of HTTP/2 holds [`Tasks`] too, and would keep itself alive.
#[derive(Debug, Default)]
struct Held(Tasks);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.lock().expect("nobody panics while spawning").abort_all();
    }
}

/// The longest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// How much of a body by HTTP/2 may come before we ask for more of it, in bytes.
const WINDOW_BYTES: u32 = 1 << 20;

/// The most headers of an answer; hyper's own limit for HTTP/1.
const HEADERS_MAX: usize = 100;

/// The most interim answers (1xx) before the one that counts.
const INFORMATIONAL_MAX: usize = 16;
