//! Datagrams to one address, and what is random about a question.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::fault::{Trouble, of_io};
use super::{Dialer, Trail, of_connect};
use crate::outcome::Phase;
use crate::spec::DialSpec;

/// A socket of datagrams that is connected: the kernel hands it what comes from its peer, and what is
/// said of its packets.
#[derive(Debug)]
pub(crate) struct Datagrams {
    socket: UdpSocket,
    peer: SocketAddr,
}

impl Dialer {
    /// Finds the address of `host`, and a socket that talks to it alone, in the phases `resolve` and
    /// `connect`. Nothing is sent.
    pub(crate) async fn datagrams(
        &self,
        host: &str,
        port: u16,
        spec: &DialSpec,
        trail: &Trail,
    ) -> Result<Datagrams, Trouble> {
        let peer = self.find(host, port, spec, trail).await?;
        trail.enter(Phase::Connect);
        let any = match peer {
            SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        };
        let own = SocketAddr::new(spec.source.unwrap_or(any), 0);
        let socket = UdpSocket::bind(own).await.map_err(|error| of_io(&error))?;
        socket.connect(peer).await.map_err(|error| of_connect(&error, peer))?;
        Ok(Datagrams { socket, peer })
    }

    /// Bytes that nobody can guess.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Trouble> {
        let mut bytes = [0; N];
        self.means.trust.fill(&mut bytes)?;
        Ok(bytes)
    }
}

impl Datagrams {
    /// Sends one.
    pub(crate) async fn send(&self, bytes: &[u8]) -> Result<(), Trouble> {
        self.socket.send(bytes).await.map(|_| ()).map_err(|error| of_connect(&error, self.peer))
    }

    /// The next one: how many of its bytes are in `bytes` now. It is trouble when the peer's host says
    /// that nobody is there, or somebody on the way that it leads nowhere.
    pub(crate) async fn receive(&self, bytes: &mut [u8]) -> Result<usize, Trouble> {
        let heard = async {
            loop {
                // An error alone wakes nobody who waits for a datagram.
                let ready = self.socket.ready(Interest::READABLE | Interest::ERROR).await?;
                let result = if ready.is_error() {
                    self.socket.try_io(Interest::ERROR, || self.fail())
                } else {
                    self.socket.try_recv(bytes)
                };
                match result {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return result,
                }
            }
        };
        heard.await.map_err(|error| of_connect(&error, self.peer))
    }

    /// Fails with the socket's error, or as one that has to wait where it has none any more.
    fn fail(&self) -> io::Result<usize> {
        Err(self.socket.take_error()?.unwrap_or_else(|| io::ErrorKind::WouldBlock.into()))
    }
}
