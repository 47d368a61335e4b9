//! The sockets that ask name servers. They are tokio's, but those for datagrams are connected and
//! look out for errors: so the kernel says at once that nobody is at a name server's port, instead
//! of leaving us to wait for the deadline.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hickory_resolver::net::runtime::{DnsUdpSocket, RuntimeProvider, TokioRuntimeProvider};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Opens sockets for hickory.
#[derive(Clone, Default)]
pub(crate) struct Sockets(TokioRuntimeProvider);

type Promise<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

impl RuntimeProvider for Sockets {
    type Handle = <TokioRuntimeProvider as RuntimeProvider>::Handle;
    type Timer = <TokioRuntimeProvider as RuntimeProvider>::Timer;
    type Udp = Datagrams;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.0.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        local: Option<SocketAddr>,
        wait_for: Option<Duration>,
    ) -> Promise<'static, Self::Tcp> {
        self.0.connect_tcp(server, local, wait_for)
    }

    fn bind_udp(&self, local: SocketAddr, server: SocketAddr) -> Promise<'static, Self::Udp> {
        Box::pin(async move {
            let socket = UdpSocket::bind(local).await?;
            socket.connect(server).await?;
            Ok(Datagrams(socket))
        })
    }
}

/// A datagram socket that is connected to its name server.
pub(crate) struct Datagrams(UdpSocket);

impl Datagrams {
    /// Fails with the socket's error, or as one that has to wait where it has none (any more).
    fn fail<T>(&self) -> io::Result<T> {
        Err(self.0.take_error()?.unwrap_or_else(|| io::ErrorKind::WouldBlock.into()))
    }
}

impl DnsUdpSocket for Datagrams {
    type Time = <TokioRuntimeProvider as RuntimeProvider>::Timer;

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        DnsUdpSocket::poll_recv_from(&self.0, cx, buf)
    }

    // An error alone does not wake who waits for a datagram.
    fn recv_from<'a, 'b, 'c>(&'a self, buf: &'b mut [u8]) -> Promise<'c, (usize, SocketAddr)>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            loop {
                let ready = self.0.ready(Interest::READABLE | Interest::ERROR).await?;
                let result = if ready.is_error() {
                    self.0.try_io(Interest::ERROR, || self.fail())
                } else {
                    self.0.try_recv_from(buf)
                };
                match result {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return result,
                }
            }
        })
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], target: SocketAddr) -> Poll<io::Result<usize>> {
        DnsUdpSocket::poll_send_to(&self.0, cx, buf, target)
    }
}
