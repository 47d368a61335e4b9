//! The fleet of the demo: servers on loopback that fail in every way a scrape can, and its neighbours of
//! the other systems, each held by the fleet and gone with it. They speak no more HTTP than a scrape needs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use url::Url;

use super::behaviour::{Behaviour, Port};
use super::neighbour::{EMPTY_FOLDERS, NEIGHBOURS, Neighbour};
use super::oracle;
use super::roster::{CARRIERS, Resident};
use crate::labels::{FNV_OFFSET, fnv1a};

/// Servers that are up as long as this value lives.
#[derive(Debug)]
pub struct Fleet {
    members: Vec<(Resident, SocketAddr)>,
    neighbours: Vec<(Neighbour, SocketAddr)>,
    prometheus: Url,
    /// Serving; dropping the set ends them and whom they talk to.
    _servers: JoinSet<()>,
    /// Bound so that nobody else gets the port, or full so that nobody gets in.
    _held: Vec<Socket>,
}

impl Fleet {
    /// Starts everybody on ports of 127.0.0.1 that are free.
    ///
    /// # Errors
    ///
    /// When the system has no port or no file descriptor left.
    pub async fn start() -> io::Result<Self> {
        let (mut members, mut servers, mut held) = (Vec::new(), JoinSet::new(), Vec::new());
        for resident in CARRIERS.iter().copied().flatten() {
            let port = resident.behaviour.port(resident.service);
            let address = open(port, &mut servers, &mut held).await?;
            members.push((*resident, address));
        }
        let mut neighbours = Vec::new();
        for it in NEIGHBOURS {
            neighbours.push((it, open(it.port(), &mut servers, &mut held).await?));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let prometheus = format!("http://{}", listener.local_addr()?).parse().map_err(io::Error::other)?;
        servers.spawn(oracle::serve(listener));
        Ok(Self { members, neighbours, prometheus, _servers: servers, _held: held })
    }

    /// Where the Prometheus of the demo is asked.
    pub fn prometheus(&self) -> &Url {
        &self.prometheus
    }

    /// Everybody of the fleet, with the address to ask.
    pub fn members(&self) -> &[(Resident, SocketAddr)] {
        &self.members
    }

    /// How many targets behave so.
    pub fn count(&self, behaviour: Behaviour) -> usize {
        self.members.iter().filter(|(it, _)| it.behaviour == behaviour).count()
    }

    /// Where the targets are that fail.
    pub fn failing(&self) -> impl Iterator<Item = SocketAddr> {
        let failing = self.members.iter().filter(|(it, _)| it.behaviour != Behaviour::Healthy);
        failing.map(|(_, address)| *address)
    }

    /// Everybody's labels, in the order of the members. No value holds a quote.
    pub fn labels(&self) -> impl Iterator<Item = [(&'static str, String); 10]> {
        self.members.iter().map(|(it, _)| labels(it))
    }

    /// The fleet in Prometheus's file_sd format (YAML), with the labels of `targets/scrape`.
    pub fn targets_yaml(&self) -> String {
        let mut yaml = String::from(HEADING);
        for ((_, address), labels) in self.members.iter().zip(self.labels()) {
            write_group(&mut yaml, &address.to_string(), labels.iter().map(|(name, it)| (*name, &**it)));
        }
        yaml
    }

    /// The same of the neighbours: of each folder under `targets` what it holds, those that hold nobody
    /// among them.
    pub fn neighbours_yaml(&self) -> BTreeMap<&'static str, String> {
        let mut folders: BTreeMap<_, _> = EMPTY_FOLDERS.map(|it| (it, "[]\n".to_owned())).into();
        for (it, address) in &self.neighbours {
            let yaml = folders.entry(it.folder).or_insert_with(|| HEADING.to_owned());
            let scheme = if it.path.is_empty() { "" } else { "http://" };
            write_group(yaml, &format!("{scheme}{address}{}", it.path), it.labels.iter().copied());
        }
        folders
    }
}

fn write_group<'a>(yaml: &mut String, target: &str, labels: impl Iterator<Item = (&'a str, &'a str)>) {
    write!(yaml, "- targets:\n    - '{target}'\n  labels:\n").expect("a string takes all text");
    for (name, value) in labels {
        writeln!(yaml, "    {name}: '{value}'").expect("a string takes all text");
    }
}

/// What discovery would know of the target.
fn labels(it: &Resident) -> [(&'static str, String); 10] {
    let Resident { carrier, region, hostname, service, behaviour: _ } = *it;
    [
        ("name", service.to_owned()),
        ("app", service.to_owned()),
        ("service", service.to_owned()),
        ("service_name", service.to_owned()),
        ("hostname", hostname.to_owned()),
        ("job", it.job().to_owned()),
        ("kubernetes_namespace", it.namespace().to_owned()),
        ("pod_name", pod_name(service, hostname)),
        ("carrier_name", carrier.to_owned()),
        ("region", region.to_owned()),
    ]
}

/// The service's name and five letters, as a DaemonSet names its pods; the same in each run.
fn pod_name(service: &str, hostname: &str) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut hash = fnv1a(fnv1a(FNV_OFFSET, service), hostname);
    let mut name = format!("{service}-");
    for _ in 0..5 {
        let at = hash % LETTERS.len() as u64;
        name.push(char::from(LETTERS[usize::try_from(at).expect("a remainder of a length is an index")]));
        hash /= LETTERS.len() as u64;
    }
    name
}

/// Opens one port, and says at which address.
async fn open(port: Port, servers: &mut JoinSet<()>, held: &mut Vec<Socket>) -> io::Result<SocketAddr> {
    match port {
        Port::Answering { .. } | Port::Mute => {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = listener.local_addr()?;
            servers.spawn(serve(listener, Arc::new(port)));
            Ok(address)
        }
        Port::Closed => {
            let (socket, address) = bound()?;
            held.push(socket);
            Ok(address)
        }
        Port::Full => {
            let (listener, address) = bound()?;
            listener.listen(0)?;
            let fillers = fill(address).await?;
            held.push(listener);
            held.extend(fillers);
            Ok(address)
        }
    }
}

/// A socket with a port of its own on which nobody listens yet.
fn bound() -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))?;
    let address = socket.local_addr()?.as_socket().expect("a socket of IPv4 has an address of IPv4");
    Ok((socket, address))
}

/// Knocks until nobody is let in any more; the connections that were, and the one that was not, fill
/// the queue as long as they are held.
async fn fill(address: SocketAddr) -> io::Result<Vec<Socket>> {
    let mut fillers = Vec::new();
    while fillers.len() < QUEUE_MAX {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        // The answer is always "in progress".
        let _begun = socket.connect(&SockAddr::from(address));
        sleep(KNOCK).await;
        let is_in = socket.peer_addr().is_ok();
        fillers.push(socket);
        if !is_in {
            return Ok(fillers);
        }
    }
    Err(io::Error::other("this system takes more connections than were asked for"))
}

async fn serve(listener: TcpListener, port: Arc<Port>) {
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    conversations.spawn(converse(stream, Arc::clone(&port)));
                }
                // There is no descriptor left; the next moment may have one.
                Err(_) => sleep(BREATH).await,
            },
            Some(_) = conversations.join_next() => {}
        }
    }
}

/// One request, and what this port has to say to it. Who hangs up first is not waited for.
async fn converse(mut stream: TcpStream, port: Arc<Port>) {
    let begun = Instant::now();
    match &*port {
        Port::Answering { after, bytes } => {
            if read_head(&mut stream).await.is_err() {
                return;
            }
            sleep_until(begun + *after).await;
            // The probe may have lost its patience; that is its own affair.
            let _unread = stream.write_all(bytes).await;
            let _unheard = stream.shutdown().await;
        }
        Port::Mute => {
            let mut unread = [0; 1024];
            while stream.read(&mut unread).await.is_ok_and(|it| it > 0) {}
        }
        Port::Closed | Port::Full => unreachable!("nobody is let in there"),
    }
}

/// Reads up to the empty line behind the request's headers. A body is not expected.
async fn read_head(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES_MAX || stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(())
}

const HEADING: &str = "# Invented, as the demo is. The addresses are on loopback.\n";

const HEAD_BYTES_MAX: usize = 16 << 10;

/// How long a connection on loopback is given to be made; it takes some microseconds.
const KNOCK: Duration = Duration::from_millis(20);

/// A queue for none takes one or two connections on Linux.
const QUEUE_MAX: usize = 16;

const BREATH: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
