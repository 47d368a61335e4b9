//! `prober: icmp`: one echo request, and the reply to it. It goes over a socket that needs no privilege
//! where the kernel gives us one (`ping_group_range`), else over a raw one.

mod echo;

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd as _, AsRawFd as _};

use nix::cmsg_space;
use nix::libc::EMSGSIZE;
use nix::sys::socket::sockopt::{Ipv4RecvTtl, Ipv6RecvHopLimit};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
use rustix::net::sockopt::{Ipv4PathMtuDiscovery, set_ip_mtu_discover};
use socket2::{Domain, Protocol, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::task::yield_now;

use super::error_queue::{self, Notice};
use super::path::place;
use crate::dial::{Dialer, Trail, Trouble, of_connect};
use crate::outcome::{FaultKind, IcmpFacts, Phase};
use crate::spec::IcmpSpec;
use crate::target::Target;
use echo::{Echo, Reply, Socket};

/// Sends `target` one echo request, and notes what was heard of it.
pub(super) async fn ask(
    dialer: &Dialer,
    spec: &IcmpSpec,
    target: &Target,
    trail: &Trail,
) -> Result<(), Trouble> {
    trail.note(|seen| seen.icmp = Some(IcmpFacts::default()));
    let (host, _) = place(&target.address).ok_or(FaultKind::NoSuchName)?;
    let peer = dialer.find(&host, 0, &spec.dial, trail).await?;
    trail.enter(Phase::Connect);
    let echo = Echo::new(peer.ip(), spec.payload_bytes, dialer.random()?);
    let line = Line::open(peer, spec, echo).map_err(|error| of_connect(&error, peer))?;
    trail.enter(Phase::Processing);
    let heard = line.converse(trail).await;
    // What is said of the way is said of a way that is shut.
    let shut = |kind: FaultKind| {
        trail.enter(Phase::Connect);
        Err(kind.into())
    };
    match heard {
        Ok(Heard::Reply(reply)) => {
            trail.enter(Phase::Check);
            note(trail, |facts| facts.reply_hop_limit = reply.hop_limit);
            Ok(())
        }
        Ok(Heard::Notice(notice)) => {
            note(trail, |facts| facts.notice = Some((notice.from, notice.refusal)));
            match notice.refusal {
                None => shut(FaultKind::IcmpTimeExceeded),
                Some(_) => shut(FaultKind::IcmpUnreachable),
            }
        }
        Ok(Heard::Stranger) => unreachable!("a stranger ends no conversation"),
        Err(error) if error.raw_os_error() == Some(EMSGSIZE) => {
            note(trail, |facts| facts.too_large = true);
            shut(FaultKind::IcmpUnreachable)
        }
        Err(error) => {
            trail.enter(Phase::Connect);
            Err(of_connect(&error, peer))
        }
    }
}

/// What came in on the socket.
enum Heard {
    /// The reply to our request.
    Reply(Reply),
    /// What somebody on the way says of our request.
    Notice(Notice),
    /// Something that is about neither.
    Stranger,
}

/// A socket of one request.
struct Line {
    /// tokio has no kind of socket for an echo; this one serves, being any socket of packets.
    socket: UdpSocket,
    kind: Socket,
    peer: IpAddr,
    echo: Echo,
}

impl Line {
    fn open(peer: SocketAddr, spec: &IcmpSpec, echo: Echo) -> io::Result<Self> {
        let protocol = match peer {
            SocketAddr::V4(_) => Protocol::ICMPV4,
            SocketAddr::V6(_) => Protocol::ICMPV6,
        };
        let of_type = |kind| socket2::Socket::new(Domain::for_address(peer), kind, Some(protocol));
        let (socket, kind) = match of_type(Type::DGRAM) {
            Ok(socket) => (socket, Socket::Datagram),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                (of_type(Type::RAW)?, Socket::Raw)
            }
            Err(error) => return Err(error),
        };
        socket.set_nonblocking(true)?;
        error_queue::keep(&socket, peer)?;
        match peer {
            SocketAddr::V4(_) => {
                socket.set_ttl_v4(spec.hops_max.into())?;
                setsockopt(&socket, Ipv4RecvTtl, &true)?;
                if spec.dont_fragment {
                    // What was learned of the way before is not minded: each attempt measures anew.
                    set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::PROBE)?;
                }
            }
            SocketAddr::V6(_) => {
                socket.set_unicast_hops_v6(spec.hops_max.into())?;
                setsockopt(&socket, Ipv6RecvHopLimit, &true)?;
            }
        }
        if let Some(source) = spec.dial.source {
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        socket.connect(&peer.into())?;
        Ok(Self { socket: UdpSocket::from_std(socket.into())?, kind, peer: peer.ip(), echo })
    }

    /// Sends the request and listens until something is said of it.
    async fn converse(&self, trail: &Trail) -> io::Result<Heard> {
        self.socket.send(&self.echo.request()).await?;
        let mut packet = vec![0; PACKET_BYTES_MAX];
        let said = Interest::READABLE | Interest::ERROR;
        loop {
            match self.socket.async_io(said, || self.hear(&mut packet)).await? {
                Heard::Stranger => {
                    note(trail, |facts| facts.strangers = facts.strangers.saturating_add(1));
                    // A flood of them must not keep the deadline from being looked at.
                    yield_now().await;
                }
                heard @ (Heard::Reply(_) | Heard::Notice(_)) => return Ok(heard),
            }
        }
    }

    /// The next thing that is there; it would block while there is none. Notices go first, for the
    /// socket makes errors of them that name nobody. On a raw socket they may be about packets of
    /// others to the same host.
    fn hear(&self, packet: &mut [u8]) -> io::Result<Heard> {
        if let Some(heard) = self.notice(packet)? {
            return Ok(heard);
        }
        match self.receive(packet) {
            Ok((length, hop_limit)) => {
                let reply = self.echo.reply(self.kind, self.peer, &packet[..length]);
                Ok(reply.map_or(Heard::Stranger, |it| {
                    Heard::Reply(Reply { hop_limit: it.hop_limit.or(hop_limit) })
                }))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
            // The notice came between the two readings, or the error is of one that was read before.
            Err(error) => match (self.notice(packet)?, self.kind) {
                (Some(heard), _) => Ok(heard),
                (None, Socket::Raw) => Ok(Heard::Stranger),
                (None, Socket::Datagram) => Err(error),
            },
        }
    }

    fn notice(&self, packet: &mut [u8]) -> io::Result<Option<Heard>> {
        let Some((notice, length)) = error_queue::take_quoting(&self.socket, packet)? else {
            return Ok(None);
        };
        let is_ours = self.echo.is_quoted(self.kind, &packet[..length]);
        Ok(Some(if is_ours { Heard::Notice(notice) } else { Heard::Stranger }))
    }

    /// How long the packet is, and how many hops it was still allowed where that is told beside it. A
    /// packet of another host is as long as none.
    fn receive(&self, packet: &mut [u8]) -> io::Result<(usize, Option<u8>)> {
        let mut room = cmsg_space!(i32, i32);
        let mut parts = [IoSliceMut::new(packet)];
        let fd = self.socket.as_fd().as_raw_fd();
        let message = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut room), MsgFlags::MSG_DONTWAIT)?;
        let hop_limit = message.cmsgs()?.find_map(|it| match it {
            ControlMessageOwned::Ipv4Ttl(it) | ControlMessageOwned::Ipv6HopLimit(it) => u8::try_from(it).ok(),
            _ => None,
        });
        let from = message.address.as_ref().and_then(|it| {
            let four = it.as_sockaddr_in().map(|it| IpAddr::from(it.ip()));
            four.or_else(|| it.as_sockaddr_in6().map(|it| IpAddr::from(it.ip())))
        });
        let is_peer = from.is_none_or(|it| it == self.peer);
        Ok((if is_peer { message.bytes } else { 0 }, hop_limit))
    }
}

fn note(trail: &Trail, write: impl FnOnce(&mut IcmpFacts)) {
    trail.note(|seen| write(seen.icmp.get_or_insert_default()));
}

/// The longest packet there is, in bytes.
const PACKET_BYTES_MAX: usize = 65_535;
