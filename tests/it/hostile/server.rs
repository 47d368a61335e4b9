//! Servers that follow a script, whatever is asked of them. Each stands on a port of loopback of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixListener};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What a server does.
#[derive(Clone)]
pub(crate) enum Act {
    /// Nobody listens: whatever this place is, with `{dir}` for a folder of ours.
    Nowhere(&'static str),
    /// Follows the script with each connection.
    Tcp(Vec<Step>),
    /// Likewise within TLS.
    Tls(Arc<ServerConfig>, Vec<Step>),
    /// Follows the script with each connection to a socket in the folder of the daemon.
    Unix(Vec<Step>),
    /// Sends these datagrams for each that comes.
    Udp(fn(&[u8]) -> Vec<Vec<u8>>),
    /// Likewise from another port than was asked.
    UdpFromElsewhere(fn(&[u8]) -> Vec<Vec<u8>>),
    /// Accepts no connection, and lets the kernel do so once.
    Backlog,
}

/// One thing that a server does.
#[derive(Clone)]
pub(crate) enum Step {
    /// Reads up to an empty line.
    Head,
    /// Reads something, once.
    Hear,
    /// Reads a message of DNS with its length.
    Question,
    /// Reads a request of HTTP/2, up to the end of its stream.
    Frames,
    /// Sends what this makes of what was read last.
    Answer(fn(&[u8]) -> Vec<u8>),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes for as long as somebody takes them.
    Flood(Vec<u8>),
    /// Sends these bytes one by one, with this pause before each, again and again.
    Drip(Vec<u8>, Duration),
    /// Does nothing until the other side has gone.
    Hold,
    /// Cuts the connection so that the other side sees a reset.
    Reset,
    /// Goes without reading the rest, and within TLS without a word.
    Drop,
}

/// How a script ends.
#[derive(PartialEq, Eq)]
enum End {
    /// With the other side's going.
    Orderly,
    Reset,
    Dropped,
}

/// All servers of the corpus; they end with this value.
pub(crate) struct Servers {
    runtime: tokio::runtime::Runtime,
    tasks: JoinSet<()>,
    /// Ports that are bound and accept nobody.
    held: Vec<Vec<TcpStream>>,
    idle: Vec<socket2::Socket>,
}

impl Servers {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("there are threads for us");
        Self { runtime, tasks: JoinSet::new(), held: Vec::new(), idle: Vec::new() }
    }

    /// Starts a server, and says where it is. `name` is unique, and fit for a file.
    pub(crate) fn start(&mut self, act: Act, folder: &Path, name: &str) -> String {
        let _inside = self.runtime.enter();
        match act {
            Act::Nowhere(place) => place.replace("{dir}", &folder.display().to_string()),
            Act::Backlog => self.full(),
            Act::Tcp(script) => self.listen(move |stream| {
                let script = script.clone();
                async move { over_tcp(stream, &script).await }
            }),
            Act::Tls(config, script) => {
                let acceptor = TlsAcceptor::from(config);
                self.listen(move |stream| {
                    let (acceptor, script) = (acceptor.clone(), script.clone());
                    async move {
                        let Ok(mut stream) = acceptor.accept(stream).await else { return };
                        match play(&mut stream, &script).await {
                            End::Orderly => finish(&mut stream).await,
                            End::Reset | End::Dropped => {
                                let _ = stream.get_ref().0.set_zero_linger();
                            }
                        }
                    }
                })
            }
            Act::Unix(script) => self.listen_at(&folder.join(format!("{name}.sock")), script),
            Act::Udp(answers) => self.datagrams(answers, false),
            Act::UdpFromElsewhere(answers) => self.datagrams(answers, true),
        }
    }

    fn listen<F, S>(&mut self, serve: S) -> String
    where
        F: Future<Output = ()> + Send + 'static,
        S: Fn(TcpStream) -> F + Send + 'static,
    {
        let listener = self.runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        self.tasks.spawn(async move {
            let mut running = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                running.spawn(serve(stream));
            }
        });
        address.to_string()
    }

    fn listen_at(&mut self, path: &Path, script: Vec<Step>) -> String {
        let listener = UnixListener::bind(path).expect("our own folder takes a socket");
        self.tasks.spawn(async move {
            let mut running = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let script = script.clone();
                running.spawn(async move {
                    if play(&mut stream, &script).await == End::Orderly {
                        finish(&mut stream).await;
                    }
                });
            }
        });
        path.display().to_string()
    }

    fn datagrams(&mut self, answers: fn(&[u8]) -> Vec<Vec<u8>>, elsewhere: bool) -> String {
        let bound = async {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            Ok::<_, std::io::Error>((socket.local_addr()?, socket, other))
        };
        let (address, socket, other) = self.runtime.block_on(bound).expect("loopback has free ports");
        self.tasks.spawn(async move {
            let mut bytes = [0; 4096];
            loop {
                let Ok((length, peer)) = socket.recv_from(&mut bytes).await else { continue };
                for answer in answers(&bytes[..length]) {
                    let from = if elsewhere { &other } else { &socket };
                    let _ = from.send_to(&answer, peer).await;
                }
            }
        });
        address.to_string()
    }

    /// A port whose queue of connections is full.
    fn full(&mut self) -> String {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
            .expect("there are descriptors for us");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("loopback has free ports");
        socket.listen(0).expect("a bound socket can listen");
        let address = socket.local_addr().ok().and_then(|it| it.as_socket()).expect("it has an address");
        let crowd = self.runtime.block_on(async {
            let mut crowd = Vec::new();
            let short = Duration::from_millis(300);
            while let Ok(Ok(it)) = tokio::time::timeout(short, TcpStream::connect(address)).await {
                crowd.push(it);
            }
            crowd
        });
        self.held.push(crowd);
        self.idle.push(socket);
        address.to_string()
    }
}

async fn over_tcp(mut stream: TcpStream, script: &[Step]) {
    match play(&mut stream, script).await {
        End::Orderly => finish(&mut stream).await,
        End::Reset => {
            let _ = stream.set_zero_linger();
        }
        End::Dropped => {}
    }
}

/// Says goodbye, and waits until the other side has gone: what it has yet to read stays whole.
async fn finish(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let _ = stream.shutdown().await;
    until_gone(stream).await;
}

async fn until_gone(stream: &mut (impl AsyncRead + Unpin)) {
    let mut rest = [0; 4096];
    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
}

async fn play(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), script: &[Step]) -> End {
    let mut heard = Vec::new();
    for step in script {
        let went = match step {
            Step::Head => {
                heard = head(stream).await;
                Ok(())
            }
            Step::Hear => {
                heard = vec![0; 16 << 10];
                stream.read(&mut heard).await.map(|count| heard.truncate(count))
            }
            Step::Question => match stream.read_u16().await {
                Ok(length) => {
                    heard = vec![0; length.into()];
                    stream.read_exact(&mut heard).await.map(drop)
                }
                Err(error) => Err(error),
            },
            Step::Frames => frames(stream).await,
            Step::Answer(of) => stream.write_all(&of(&heard)).await,
            Step::Send(bytes) => stream.write_all(bytes).await,
            Step::Flood(bytes) => {
                while stream.write_all(bytes).await.is_ok() {}
                Ok(())
            }
            Step::Drip(bytes, pause) => drip(stream, bytes, *pause).await,
            Step::Hold => {
                until_gone(stream).await;
                Ok(())
            }
            Step::Reset => return End::Reset,
            Step::Drop => return End::Dropped,
        };
        if went.is_err() || stream.flush().await.is_err() {
            return End::Dropped;
        }
    }
    End::Orderly
}

/// Bytes one by one; ends with the other side.
async fn drip(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8], pause: Duration) -> std::io::Result<()> {
    let mut ticks = tokio::time::interval(pause);
    for byte in bytes.iter().cycle() {
        ticks.tick().await;
        stream.write_all(&[*byte]).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// A request of HTTP/2.
async fn frames(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<()> {
    stream.read_exact(&mut [0; 24]).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let [_, high, middle, low, kind, flags, ..] = [&[0], &head[..]].concat()[..] else { return Ok(()) };
        let length = u32::from_be_bytes([0, high, middle, low]);
        let mut payload = vec![0; length.try_into().expect("a length of 24 bits fits")];
        stream.read_exact(&mut payload).await?;
        if kind < 2 && flags & 1 == 1 {
            return Ok(());
        }
    }
}

async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    head
}
