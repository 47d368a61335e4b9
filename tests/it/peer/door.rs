//! Ports of loopback that behave as a test says: they answer, say nothing, refuse, or let nobody in.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::process::free_address;

/// What somebody finds who knocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Behind {
    /// An HTTP answer with that status and no body.
    Status(u16),
    /// The connection is taken, and nothing ever comes.
    Mute,
    /// Nobody listens.
    Refusing,
    /// Not even the connection is taken, as if no packet came back.
    Silent,
}

/// A port, held until this value goes.
pub(crate) struct Door {
    address: SocketAddr,
    held: Held,
}

enum Held {
    Serving(Porter),
    Bound(#[expect(dead_code, reason = "it only holds the port")] Socket),
    Full(#[expect(dead_code, reason = "it only fills the queue")] (Socket, Vec<TcpStream>)),
}

impl Door {
    pub(crate) fn open(behind: Behind) -> Self {
        let address = free_address();
        let held = match behind {
            Behind::Status(status) => Held::Serving(Porter::start(address, Some(status))),
            Behind::Mute => Held::Serving(Porter::start(address, None)),
            Behind::Refusing => Held::Bound(bound(address)),
            Behind::Silent => Held::Full(full(address)),
        };
        Self { address, held }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers with that status from now on.
    pub(crate) fn answer(&self, status: u16) {
        let Held::Serving(porter) = &self.held else { panic!("nobody answers at {}", self.address) };
        porter.answer(status);
    }
}

/// Answers every request at one port, at whichever address of loopback it comes in.
pub(crate) struct Porter {
    port: u16,
    manners: Arc<Mutex<Manners>>,
}

/// A status each; none: nothing is said.
struct Manners {
    to_all: Option<u16>,
    /// Addresses with a status of their own.
    apart: Vec<(Ipv4Addr, u16)>,
    is_open: bool,
}

impl Porter {
    /// Listens at that address; at 0.0.0.0 for all of 127.0.0.0/8.
    pub(crate) fn start(address: SocketAddr, status: Option<u16>) -> Self {
        let listener = TcpListener::bind(address).expect("a free port can be listened on");
        let manners = Manners { to_all: status, apart: Vec::new(), is_open: true };
        let manners = Arc::new(Mutex::new(manners));
        let shared = Arc::clone(&manners);
        thread::spawn(move || serve(&listener, &shared));
        Self { port: address.port(), manners }
    }

    /// Answers so wherever nothing else was said.
    pub(crate) fn answer(&self, status: u16) {
        lock(&self.manners).to_all = Some(status);
    }

    /// Answers so at that address.
    pub(crate) fn answer_at(&self, address: Ipv4Addr, status: u16) {
        lock(&self.manners).apart.push((address, status));
    }
}

impl Drop for Porter {
    fn drop(&mut self) {
        lock(&self.manners).is_open = false;
        // It looks up when somebody knocks; who is gone already needs no knock.
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok();
    }
}

fn serve(listener: &TcpListener, manners: &Mutex<Manners>) {
    let mut kept = Vec::new();
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let manners = lock(manners);
        if !manners.is_open {
            return;
        }
        let here = stream.local_addr().expect("a connection has two ends").ip();
        let apart = manners.apart.iter().rev().find(|(address, _)| *address == here);
        let status = apart.map_or(manners.to_all, |(_, status)| Some(*status));
        drop(manners);
        match status {
            None => kept.push(stream),
            Some(status) => reply(stream, status),
        }
    }
}

/// Who hangs up first is not waited for.
fn reply(mut stream: TcpStream, status: u16) {
    let mut request = Vec::new();
    let mut part = [0; 1024];
    stream.set_read_timeout(Some(REQUEST_MAX)).expect("a limit is no zero");
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(count) if count > 0 => request.extend_from_slice(&part[..count]),
            _ => return,
        }
    }
    let head = format!("HTTP/1.1 {status} Said by a test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok();
}

fn bound(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("there is room for a socket");
    socket.bind(&address.into()).expect("a free port can be taken");
    socket
}

/// A queue of connections that nobody takes. Once it is full the kernel drops whoever knocks.
fn full(address: SocketAddr) -> (Socket, Vec<TcpStream>) {
    let listener = bound(address);
    listener.listen(0).expect("a bound socket can listen");
    let mut inside = Vec::new();
    while inside.len() < QUEUE_MAX {
        match TcpStream::connect_timeout(&address, KNOCK) {
            Ok(stream) => inside.push(stream),
            Err(error) if error.kind() == ErrorKind::TimedOut => return (listener, inside),
            Err(error) => panic!("{address}: {error}"),
        }
    }
    panic!("{address} takes more connections than it was told to")
}

/// A test that failed while it held the lock has told so already.
fn lock(manners: &Mutex<Manners>) -> MutexGuard<'_, Manners> {
    manners.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A queue for none takes one or two connections on Linux.
const QUEUE_MAX: usize = 16;

/// How long a connection on loopback is given to be made; it takes some microseconds.
const KNOCK: Duration = Duration::from_millis(150);

/// Reached only by somebody who never says what is wanted.
const REQUEST_MAX: Duration = Duration::from_secs(20);
