//! One packet of a trace, on a socket of its own: sent with so many hops, and what became of it.
//!
//! Each TCP packet has a source port of its own, so routers that balance by ports may lead them
//! over different ways. A target that accepts sees a connection that is reset at once.
//!
//! tokio has no kind of socket for an echo; its `UdpSocket` serves, being any socket of datagrams.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::libc::EINPROGRESS;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::Interest;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout_at};

use super::trace::Landing;
use crate::dial::{Trouble, of_connect};
use crate::probe::error_queue::{self, Notice};
use crate::spec::PathProtocol;

/// A packet that is not sent yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    /// Where it goes; the port counts for TCP alone.
    pub(super) target: SocketAddr,
    /// The address it comes from, where that is not the kernel's to choose.
    pub(super) source: Option<IpAddr>,
    /// What it is.
    pub(super) protocol: PathProtocol,
    /// How many hops it is allowed.
    pub(super) hops: u8,
    /// How long its answer is waited for.
    pub(super) wait: Duration,
}

impl Packet {
    /// Sends it and waits for its answer.
    pub(super) async fn fly(self) -> Result<Landing, Trouble> {
        self.send_and_hear().await.map_err(|error| of_connect(&error, self.target))
    }

    async fn send_and_hear(&self) -> io::Result<Landing> {
        let socket = self.socket()?;
        let begun = Instant::now();
        let answered =
            |it: Notice| Landing::Answered { by: it.from, refusal: it.refusal, after: begun.elapsed() };
        match self.send(&socket) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(EINPROGRESS) => {}
            // On a short way the answer may be there before the call is over.
            Err(error) => return self.hear(&socket, Err(error)).map(answered),
        }
        let heard = timeout_at(begun + self.wait, self.listen(socket)).await;
        heard.map_or(Ok(Landing::Lost), |it| it.map(answered))
    }

    async fn listen(&self, socket: Socket) -> io::Result<Notice> {
        match self.protocol {
            PathProtocol::Tcp => {
                let stream = TcpStream::from_std(socket.into())?;
                let decided = Interest::WRITABLE | Interest::ERROR;
                stream.async_io(decided, || self.hear(&stream, connected(&stream))).await
            }
            PathProtocol::Icmp => {
                let socket = UdpSocket::from_std(socket.into())?;
                let said = Interest::READABLE | Interest::ERROR;
                socket.async_io(said, || self.hear(&socket, echoed(&socket))).await
            }
        }
    }

    fn socket(&self) -> io::Result<Socket> {
        let (kind, protocol) = match (self.protocol, self.target) {
            (PathProtocol::Tcp, _) => (Type::STREAM, Protocol::TCP),
            (PathProtocol::Icmp, SocketAddr::V4(_)) => (Type::DGRAM, Protocol::ICMPV4),
            (PathProtocol::Icmp, SocketAddr::V6(_)) => (Type::DGRAM, Protocol::ICMPV6),
        };
        let socket = Socket::new(Domain::for_address(self.target), kind, Some(protocol))?;
        socket.set_nonblocking(true)?;
        error_queue::keep(&socket, self.target)?;
        match self.target {
            SocketAddr::V4(_) => socket.set_ttl_v4(self.hops.into())?,
            SocketAddr::V6(_) => socket.set_unicast_hops_v6(self.hops.into())?,
        }
        match self.protocol {
            // A connection that was made has served: it is not to linger here nor there.
            PathProtocol::Tcp => socket.set_linger(Some(Duration::ZERO))?,
            PathProtocol::Icmp => {}
        }
        if let Some(source) = self.source {
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        Ok(socket)
    }

    fn send(&self, mut socket: &Socket) -> io::Result<()> {
        socket.connect(&self.target.into())?;
        match (self.protocol, self.target) {
            (PathProtocol::Tcp, _) => Ok(()),
            (PathProtocol::Icmp, SocketAddr::V4(_)) => socket.write_all(&echo(ECHO)),
            (PathProtocol::Icmp, SocketAddr::V6(_)) => socket.write_all(&echo(ECHO_6)),
        }
    }

    /// What was said of the packet, where the socket itself says `own`. A router's notice goes first:
    /// the socket makes an error of it that names nobody. It is read second: what comes between the
    /// two readings is not missed that way.
    fn hear(&self, socket: &impl AsFd, own: io::Result<()>) -> io::Result<Notice> {
        if let Some(notice) = error_queue::take(socket)? {
            return Ok(notice);
        }
        match own {
            Ok(()) => {}
            // The target's no to the port is an answer all the same.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error),
        }
        Ok(Notice { from: self.target.ip(), refusal: None })
    }
}

/// Whether the connection is made; it would block until that is decided.
fn connected(stream: &TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Err(io::ErrorKind::WouldBlock.into()),
        Err(error) => Err(error),
    }
}

/// Whether the echo is here; it would block until then. The kernel hands a socket of this kind the
/// replies to its own requests and nothing else, and there is one request on each.
fn echoed(socket: &UdpSocket) -> io::Result<()> {
    let socket = SockRef::from(socket);
    (&*socket).read(&mut [0; ECHO_BYTES]).map(|_| ())
}

/// An echo request; the kernel fills in the identifier and the checksum.
fn echo(icmp_type: u8) -> [u8; ECHO_BYTES] {
    let mut packet = [0; ECHO_BYTES];
    packet[0] = icmp_type;
    packet
}

/// Echo request in ICMP.
const ECHO: u8 = 8;

/// Echo request in `ICMPv6`.
const ECHO_6: u8 = 128;

/// As `mtr` and `ping` have it: 8 bytes of header and 56 that mean nothing.
const ECHO_BYTES: usize = 64;
