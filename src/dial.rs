//! Reaches out: finds addresses, makes connections, speaks TLS and HTTP, and times each step.
//!
//! Every connection is a fresh one, so that each attempt measures all of it; nothing is pooled,
//! cached or tried twice, but for the tokens that say who we are (`token`). Who asks decides until when: whatever is awaited here ends when its
//! future is dropped. What an answer means is left to others.

mod call;
mod certificate;
mod chain;
mod connection;
mod datagram;
mod fault;
mod pulse;
mod head;
mod proxy;
mod guard;
mod request;
mod resolve;
mod secret;
mod server;
mod socket;
mod tls;
mod token;
mod trail;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::time::timeout;

pub use call::{Answer, CallFailed};
pub(crate) use connection::{Connection, FirstByte, Wire};
pub(crate) use datagram::Datagrams;
pub(crate) use fault::{Part, Trouble, of_http, of_io};
pub use guard::{Allowed, NoSuchPlace};
pub use pulse::{Pause, Pulse, Vigil};
pub(crate) use request::{Answered, Request, Turns};
pub(crate) use secret::{authorization, base64, body, headers};
pub(crate) use server::Reception;
pub(crate) use trail::Trail;

use crate::config::Endpoint;
use crate::outcome::{FaultKind, OwnSide, Phase};
use crate::spec::{DialSpec, TlsSpec};
use guard::Guard;
use proxy::Environment;
use resolve::Resolver;
use tls::Trust;
use token::Tokens;

/// Finds addresses, makes connections, speaks TLS. Cheap to clone.
#[derive(Clone)]
pub struct Dialer {
    means: Arc<Means>,
    prometheus: Option<Arc<Endpoint>>,
    pulse: Pulse,
    guard: Guard,
}

struct Means {
    resolver: Resolver,
    trust: Trust,
    proxies: Environment,
    tokens: Tokens,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").finish_non_exhaustive()
    }
}

impl Dialer {
    /// A dialer by the rules of this machine, read once and now: its `/etc/resolv.conf`,
    /// `/etc/hosts`, trusted roots, and the proxies that the environment names. Whoever wants changed files to count makes another.
    pub fn system() -> Self {
        Self::with(Resolver::system(), Environment::read(|name| std::env::var(name).ok()))
    }

    /// A dialer that asks these name servers and no others, and reads neither `/etc/hosts` nor
    /// the environment.
    pub fn asking(name_servers: &[SocketAddr]) -> Self {
        Self::with(Resolver::asking(name_servers), Environment::default())
    }

    fn with(resolver: Resolver, proxies: Environment) -> Self {
        Self {
            means: Arc::new(Means { resolver, trust: Trust::system(), proxies, tokens: Tokens::default() }),
            prometheus: None,
            pulse: Pulse::default(),
            guard: Guard::Open,
        }
    }

    /// The same, and this is the Prometheus that questions go to.
    #[must_use]
    pub fn with_prometheus(self, endpoint: Option<Endpoint>) -> Self {
        Self { prometheus: endpoint.map(Arc::new), ..self }
    }

    /// The Prometheus that questions go to; none where the settings name none.
    pub(crate) fn prometheus(&self) -> Option<&Endpoint> {
        self.prometheus.as_deref()
    }

    /// The same, and this says whether we were awake while something was awaited.
    #[must_use]
    pub fn with_pulse(self, pulse: Pulse) -> Self {
        Self { pulse, ..self }
    }

    /// Says whether we were awake.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// The same for targets that somebody else names, as through our `/probe`: it dials no address that
    /// only we can reach, but for those that are `allowed`, and marks its requests ([`ASKED_FOR_OTHERS`]).
    #[must_use]
    pub fn for_others(&self, allowed: Arc<Allowed>) -> Self {
        Self { guard: Guard::Door(allowed), ..self.clone() }
    }

    /// The same for what the configuration itself names, whoever asks.
    #[must_use]
    pub(crate) fn for_ourselves(&self) -> Self {
        Self { guard: Guard::Open, ..self.clone() }
    }

    /// The same for where a target leads by a redirect, which was reached at `first` itself: unless that
    /// was one too, it dials no neighbour on the link and no metadata.
    #[must_use]
    pub(crate) fn beyond(&self, first: Option<SocketAddr>) -> Self {
        Self { guard: self.guard.beyond(first.map(|it| it.ip())), ..self.clone() }
    }

    /// Finds the address of `host` (a name, or an address without brackets) and connects to it,
    /// in the phases `resolve` and `connect`. `connect_timeout` bounds the second alone.
    pub(crate) async fn connect(
        &self,
        host: &str,
        port: u16,
        spec: &DialSpec,
        connect_timeout: Option<Duration>,
        trail: &Trail,
    ) -> Result<Wire, Trouble> {
        trail.enter(Phase::Resolve);
        let turns = self.means.resolver.turns(host, spec).await?;
        let peers: Vec<_> = turns.into_iter().map(|it| SocketAddr::new(it, port)).collect();
        met(trail, peers[0]);
        self.admit(host, &peers, trail)?;
        trail.enter(Phase::Connect);
        let opening = open_in_turn(&peers, spec.source, trail);
        let stream = match connect_timeout {
            None => opening.await?,
            Some(limit) => timeout(limit, opening).await.map_err(|_| FaultKind::TimedOut)??,
        };
        Ok(Wire::tcp(stream, trail.clone()))
    }

    /// Connects to the local socket at `path`, in the phase `connect`.
    pub(crate) async fn connect_unix(
        &self,
        path: &Path,
        connect_timeout: Option<Duration>,
        trail: &Trail,
    ) -> Result<Wire, Trouble> {
        trail.enter(Phase::Connect);
        trail.note(|seen| seen.broken = None);
        if !self.guard.admits_path(path) {
            return Err(FaultKind::TargetDenied.into());
        }
        let opened = async { UnixStream::connect(path).await.map_err(|error| of_connect_unix(&error)) };
        let stream = match connect_timeout {
            None => opened.await?,
            Some(limit) => timeout(limit, opened).await.map_err(|_| FaultKind::TimedOut)??,
        };
        Ok(Wire::unix(stream, trail.clone()))
    }

    /// As [`Dialer::connect`], for calls of our own: every address of `host` gets its turn, and an equal
    /// share of `limit`, until one answers.
    pub(crate) async fn connect_any(
        &self,
        host: &str,
        port: u16,
        spec: &DialSpec,
        limit: Duration,
        trail: &Trail,
    ) -> Result<Wire, Trouble> {
        trail.enter(Phase::Resolve);
        let addresses = self.means.resolver.every_address(host, spec).await?;
        trail.enter(Phase::Connect);
        let share = limit / u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        let mut last = FaultKind::NoAddress.into();
        for address in addresses {
            let peer = SocketAddr::new(address, port);
            met(trail, peer);
            self.admit(host, &[peer], trail)?;
            match timeout(share, open(peer, spec.source)).await {
                Ok(Ok(stream)) => return Ok(Wire::tcp(stream, trail.clone())),
                Ok(Err(trouble)) => last = trouble,
                Err(_) => last = FaultKind::TimedOut.into(),
            }
        }
        Err(last)
    }

    /// Finds the address of `host`, in the phase `resolve`, and connects to nothing.
    pub(crate) async fn find(
        &self,
        host: &str,
        port: u16,
        spec: &DialSpec,
        trail: &Trail,
    ) -> Result<SocketAddr, Trouble> {
        trail.enter(Phase::Resolve);
        let address = self.means.resolver.address(host, spec).await?;
        let peer = SocketAddr::new(address, port);
        met(trail, peer);
        self.admit(host, &[peer], trail)?;
        Ok(peer)
    }

    /// Puts TLS over `wire`, in the phase `tls`. The certificate must bear `host`, unless `spec`
    /// says another name. `protocols` are offered by ALPN, the one that is liked best first.
    pub(crate) async fn secure(
        &self,
        wire: Wire,
        host: &str,
        spec: &TlsSpec,
        protocols: &[&[u8]],
        trail: &Trail,
    ) -> Result<tokio_rustls::client::TlsStream<Wire>, Trouble> {
        trail.enter(Phase::Tls);
        self.means.trust.handshake(wire, host, spec, protocols, trail).await
    }
}

impl Dialer {
    /// Whether all of these, which were found for `host`, may be dialled.
    fn admit(&self, host: &str, peers: &[SocketAddr], trail: &Trail) -> Result<(), Trouble> {
        if peers.iter().all(|it| self.guard.admits(host, it.ip())) {
            return Ok(());
        }
        trail.enter(Phase::Connect);
        Err(FaultKind::TargetDenied.into())
    }
}

fn met(trail: &Trail, peer: SocketAddr) {
    trail.note(|seen| (seen.peer, seen.broken) = (Some(peer), None));
}

/// The first that lets us in. The next one gets its turn where one says no at once; where all do, it
/// is the first one's no that counts.
async fn open_in_turn(
    peers: &[SocketAddr],
    source: Option<IpAddr>,
    trail: &Trail,
) -> Result<TcpStream, Trouble> {
    let mut no = None;
    for peer in peers {
        met(trail, *peer);
        match open(*peer, source).await {
            Err(trouble @ Trouble::Theirs(FaultKind::Refused | FaultKind::Unreachable)) => {
                no.get_or_insert(trouble);
            }
            opened => return opened,
        }
    }
    met(trail, peers[0]);
    Err(no.unwrap_or(FaultKind::NoAddress.into()))
}

async fn open(peer: SocketAddr, source: Option<IpAddr>) -> Result<TcpStream, Trouble> {
    let socket = match peer {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket.map_err(|error| of_io(&error))?;
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0)).map_err(|error| of_io(&error))?;
    }
    let stream = socket.connect(peer).await.map_err(|error| of_connect(&error, peer))?;
    // A request goes out in one piece as soon as it is there. If that cannot be had, it goes later.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// What an error of connecting to a local socket means.
fn of_connect_unix(error: &io::Error) -> Trouble {
    match error.kind() {
        // Nobody made the socket, or its path cannot be one.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput => {
            FaultKind::Unreachable.into()
        }
        // Whoever listens has as many in line as it takes.
        io::ErrorKind::WouldBlock => FaultKind::Refused.into(),
        _ => of_io(error),
    }
}

/// What an error of connecting to `peer` means.
pub(crate) fn of_connect(error: &io::Error, peer: SocketAddr) -> Trouble {
    match of_io(error) {
        // Linux has one errno for "no port left" and for "no address of that family here".
        Trouble::Ours(OwnSide::Ports) if !has_address_for(peer) => FaultKind::Unreachable.into(),
        trouble => trouble,
    }
}

/// Whether this machine has an address from which `peer` could be asked. Connecting a datagram
/// socket sends nothing, and there is no lack of ports for it.
fn has_address_for(peer: SocketAddr) -> bool {
    let any = match peer {
        SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(peer)).is_ok()
}

/// The header of requests that are made for somebody who asked our `/probe`. A `/probe` that gets it
/// refuses: else two of them could ask each other for ever.
pub const ASKED_FOR_OTHERS: HeaderName = HeaderName::from_static("x-fingerpost-probe");

/// Who we say we are.
pub(crate) const AGENT: &str = concat!("Fingerpost/", env!("CARGO_PKG_VERSION"));
