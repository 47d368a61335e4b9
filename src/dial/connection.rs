//! A connection, plain or within TLS: bytes in and out, the first of an answer noticed, and an end
//! without traces.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

use super::fault::of_io;
use super::head::Head;
use super::trail::{Break, Trail};
use crate::outcome::FaultKind;

/// A connection of an attempt, before anything is put over it. Dropped before its [`Farewell`] is said, it is reset: neither a
/// port nor a buffer then waits for a server that failed.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: Stream,
    farewell: Farewell,
    trail: Trail,
}

/// What the bytes go over.
#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// TLS within TLS.
    Within(Box<TlsStream<Wire>>),
}

impl Wire {
    pub(super) fn tcp(stream: TcpStream, trail: Trail) -> Self {
        Self { stream: Stream::Tcp(stream), farewell: Farewell::default(), trail }
    }

    pub(super) fn unix(stream: UnixStream, trail: Trail) -> Self {
        Self { stream: Stream::Unix(stream), farewell: Farewell::default(), trail }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        match &self.stream {
            Stream::Tcp(stream) if !self.farewell.0.load(Ordering::Relaxed) => {
                // Where that cannot be set, closing takes the longer way.
                let _ = stream.set_zero_linger();
            }
            // A local socket takes no port; and the wire within says farewell by itself.
            Stream::Tcp(_) | Stream::Unix(_) | Stream::Within(_) => {}
        }
    }
}

/// Says to a connection, wherever it is held, that its exchange is complete and that it may be
/// closed in peace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Farewell(Arc<AtomicBool>);

impl Farewell {
    /// Says it.
    pub(crate) fn say(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Within(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Within(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Within(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Within(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// What the first byte that comes is the beginning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstByte {
    /// The answer.
    Answer,
    /// A preface; HTTP/2 says when its answer begins.
    Preface,
}

/// A connection that is ready for its exchange.
#[derive(Debug)]
pub(crate) struct Connection {
    layer: Layer,
    farewell: Farewell,
    trail: Trail,
    first: FirstByte,
    head: Head,
    preface: Preface,
}

/// How much has come before the answer, where [`FirstByte::Preface`] says that something does. Clones
/// lead to the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Preface(Arc<AtomicU64>);

impl Preface {
    /// The answer has begun: what comes now is not counted.
    pub(super) fn is_over(&self) {
        self.0.store(IS_OVER, Ordering::Relaxed);
    }

    /// Counts bytes; whether they are still fewer than anybody has to say before an answer.
    fn takes(&self, bytes: usize) -> bool {
        let before = self.0.load(Ordering::Relaxed);
        if before == IS_OVER {
            return true;
        }
        let now = before + bytes as u64;
        // Lost where the answer begins at this very moment: then nothing is counted any more.
        let _ = self.0.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed);
        now <= PREFACE_BYTES_MAX
    }
}

/// No count of bytes.
const IS_OVER: u64 = u64::MAX;

/// The most bytes before an answer: frames about the connection, a head, and of a body what may come
/// before it is asked for, should it be here before the head was looked at.
const PREFACE_BYTES_MAX: u64 = 2 << 20;

#[derive(Debug)]
enum Layer {
    Plain(Wire),
    Tls(Box<TlsStream<Wire>>),
}

impl Connection {
    /// A connection without TLS.
    pub(crate) fn plain(wire: Wire, first: FirstByte) -> Self {
        let (farewell, trail) = (wire.farewell.clone(), wire.trail.clone());
        Self {
            layer: Layer::Plain(wire),
            farewell,
            trail,
            first,
            head: Head::default(),
            preface: Preface::default(),
        }
    }

    /// A connection within TLS.
    pub(crate) fn tls(stream: TlsStream<Wire>, first: FirstByte) -> Self {
        let wire = stream.get_ref().0;
        let (farewell, trail) = (wire.farewell.clone(), wire.trail.clone());
        Self {
            layer: Layer::Tls(Box::new(stream)),
            farewell,
            trail,
            first,
            head: Head::default(),
            preface: Preface::default(),
        }
    }

    /// What TLS can be put over: the wire itself, or the TLS that is there.
    pub(crate) fn into_wire(self) -> Wire {
        match self.layer {
            Layer::Plain(wire) => wire,
            Layer::Tls(stream) => {
                Wire { stream: Stream::Within(stream), farewell: self.farewell, trail: self.trail }
            }
        }
    }

    /// What to say when the exchange is complete.
    pub(crate) fn farewell(&self) -> Farewell {
        self.farewell.clone()
    }

    /// What was seen of the head of an HTTP/1 answer.
    pub(super) fn head(&self) -> Head {
        self.head.clone()
    }

    /// What came before an HTTP/2 answer.
    pub(super) fn preface(&self) -> Preface {
        self.preface.clone()
    }

    fn note(&self, broken: Break) {
        self.trail.note(|seen| seen.broken = Some(broken));
    }

    fn note_failure<T>(&self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &result {
            self.note(Break::Failed(of_io(error)));
        }
        result
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = match &mut self.layer {
            Layer::Plain(wire) => Pin::new(wire).poll_read(cx, buf),
            Layer::Tls(stream) => {
                Pin::new(stream).poll_read(cx, buf).map(|it| it.or_else(forgive_no_goodbye))
            }
        };
        match &result {
            Poll::Ready(Ok(())) if buf.filled().len() > before => {
                if self.first == FirstByte::Answer {
                    self.trail.first_byte();
                    self.head.take(&buf.filled()[before..]);
                } else if !self.preface.takes(buf.filled().len() - before) {
                    self.note(Break::Failed(FaultKind::HttpProtocol.into()));
                    return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
                }
            }
            Poll::Ready(Ok(())) if buf.capacity() > before => self.note(Break::Closed),
            Poll::Ready(Ok(()) | Err(_)) | Poll::Pending => {}
        }
        self.note_failure(result)
    }
}

/// Many servers close without TLS's own goodbye. Whether something is missing then is said by the
/// lengths within, as Go sees it too.
fn forgive_no_goodbye(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::UnexpectedEof { Ok(()) } else { Err(error) }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = match &mut self.layer {
            Layer::Plain(wire) => Pin::new(wire).poll_write(cx, buf),
            Layer::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        self.note_failure(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = match &mut self.layer {
            Layer::Plain(wire) => Pin::new(wire).poll_flush(cx),
            Layer::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        self.note_failure(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.layer {
            Layer::Plain(wire) => Pin::new(wire).poll_shutdown(cx),
            Layer::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
