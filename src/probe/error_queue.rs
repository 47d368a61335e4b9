//! What routers say of our packets, read from a socket's error queue (`ip(7)`, `IP_RECVERR`): the
//! address that said it, and the ICMP type and code. The kernel gives it to any user.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd as _};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::{SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6, sock_extended_err, sockaddr_in6};
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};

use crate::outcome::Refusal;

/// One ICMP message about a packet of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// Who sent it.
    pub(super) from: IpAddr,
    /// What it says other than that the packet's hops are used up.
    pub(super) refusal: Option<Refusal>,
}

/// Has the kernel keep what is said of the packets to `peer`.
pub(super) fn keep(socket: &impl AsFd, peer: SocketAddr) -> io::Result<()> {
    match peer {
        SocketAddr::V4(_) => setsockopt(socket, Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(socket, Ipv6RecvErr, &true)?,
    }
    Ok(())
}

/// The next notice; none where the queue holds no more. What our own kernel says of itself is
/// passed over: it comes as an error of the socket too.
pub(super) fn take(socket: &impl AsFd) -> io::Result<Option<Notice>> {
    Ok(take_quoting(socket, &mut [0; PACKET_BYTES])?.map(|(notice, _)| notice))
}

/// As [`take`]; how much of the packet that the notice is about stands in `packet` comes second.
pub(super) fn take_quoting(socket: &impl AsFd, packet: &mut [u8]) -> io::Result<Option<(Notice, usize)>> {
    loop {
        // Beside the notice stands what else the socket was asked to tell: how many hops were left.
        let mut room = cmsg_space!(sock_extended_err, sockaddr_in6, i32);
        let mut parts = [IoSliceMut::new(packet)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let fd = socket.as_fd().as_raw_fd();
        let message = match recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut room), flags) {
            Ok(message) => message,
            Err(Errno::EAGAIN) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if let Some(notice) = message.cmsgs()?.find_map(|it| notice(&it)) {
            return Ok(Some((notice, message.bytes)));
        }
    }
}

fn notice(message: &ControlMessageOwned) -> Option<Notice> {
    match message {
        ControlMessageOwned::Ipv4RecvErr(error, Some(from)) if error.ee_origin == SO_EE_ORIGIN_ICMP => {
            let from = Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr));
            Some(Notice { from: from.into(), refusal: refusal(error, TIME_EXCEEDED) })
        }
        ControlMessageOwned::Ipv6RecvErr(error, Some(from)) if error.ee_origin == SO_EE_ORIGIN_ICMP6 => {
            let from = Ipv6Addr::from(from.sin6_addr.s6_addr);
            Some(Notice { from: from.into(), refusal: refusal(error, TIME_EXCEEDED_6) })
        }
        _ => None,
    }
}

fn refusal(error: &sock_extended_err, time_exceeded: u8) -> Option<Refusal> {
    (error.ee_type != time_exceeded).then_some(Refusal { icmp_type: error.ee_type, code: error.ee_code })
}

/// ICMP type 11: the packet's hops are used up.
const TIME_EXCEEDED: u8 = 11;

/// `ICMPv6` type 3: the same.
const TIME_EXCEEDED_6: u8 = 3;

/// How much of our own packet is looked at when it comes back: nothing is read from it.
const PACKET_BYTES: usize = 64;
