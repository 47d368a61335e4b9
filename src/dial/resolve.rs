//! From the name in a target to the one address that is dialled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::IntoName;
use hickory_resolver::system_conf::read_system_conf;

use super::fault::{Trouble, of_resolver};
use super::socket::Sockets;
use crate::outcome::{FaultKind, OwnSide};
use crate::spec::{DialSpec, Family};

/// Finds addresses. It remembers none: each attempt asks anew, so that each measures the lookup.
#[derive(Clone)]
pub(crate) struct Resolver {
    strategies: Option<Arc<Strategies>>,
    /// What the hosts file says of names that never leave this machine.
    local: Arc<[(String, IpAddr)]>,
}

/// hickory fixes at its making which records it asks for.
struct Strategies {
    ip4: hickory_resolver::Resolver<Sockets>,
    ip6: hickory_resolver::Resolver<Sockets>,
    both: hickory_resolver::Resolver<Sockets>,
}

impl Resolver {
    /// Asks as `/etc/hosts` and `/etc/resolv.conf` say. Where they cannot be read, only addresses
    /// and `localhost` are found.
    pub(crate) fn system() -> Self {
        let strategies = read_system_conf().and_then(|(config, options)| Strategies::new(&config, &options));
        let hosts = std::fs::read_to_string(HOSTS).unwrap_or_default();
        Self { strategies: strategies.ok().map(Arc::new), local: local_names(&hosts).into() }
    }

    /// Asks these servers, over UDP and TCP, and reads no `/etc/hosts`.
    pub(crate) fn asking(servers: &[SocketAddr]) -> Self {
        let server = |it: &SocketAddr| {
            let port = |mut connection: ConnectionConfig| {
                connection.port = it.port();
                connection
            };
            let mut server = NameServerConfig::udp_and_tcp(it.ip());
            server.connections = vec![port(ConnectionConfig::udp()), port(ConnectionConfig::tcp())];
            server
        };
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect());
        let mut options = ResolverOpts::default();
        options.use_hosts_file = hickory_resolver::config::ResolveHosts::Never;
        Self { strategies: Strategies::new(&config, &options).ok().map(Arc::new), local: Arc::default() }
    }

    /// The address of `host` that is dialled, as `spec` says: the first of the preferred family,
    /// else, where that is allowed, the first of the other.
    pub(crate) async fn address(&self, host: &str, spec: &DialSpec) -> Result<IpAddr, Trouble> {
        Ok(self.every_address(host, spec).await?[0])
    }

    /// That address, and where `host` is this machine itself the first of the other family behind it,
    /// unless `spec` has pinned one: whoever writes `localhost` means the service, wherever it listens.
    pub(crate) async fn turns(&self, host: &str, spec: &DialSpec) -> Result<Vec<IpAddr>, Trouble> {
        let mut found = self.every_address(host, spec).await?;
        let first = family_of(found[0]);
        let other = found.iter().copied().find(|it| family_of(*it) != first).filter(|_| is_localhost(host));
        found.truncate(1);
        found.extend(other);
        Ok(found)
    }

    /// Every address of `host` that will do, the one that is dialled first; never none.
    pub(crate) async fn every_address(&self, host: &str, spec: &DialSpec) -> Result<Vec<IpAddr>, Trouble> {
        let wanted = Wanted::new(spec);
        if let Ok(literal) = host.parse::<IpAddr>() {
            let is_wanted = wanted != Wanted::Only(other_than(family_of(literal)));
            return if is_wanted { Ok(vec![literal]) } else { Err(FaultKind::NoAddress.into()) };
        }
        let found = if is_localhost(host) { self.loopback(host) } else { self.lookup(host, wanted).await? };
        let found = wanted.order(&found);
        if found.is_empty() { Err(FaultKind::NoAddress.into()) } else { Ok(found) }
    }

    /// What the hosts file says, else both families.
    fn loopback(&self, host: &str) -> Vec<IpAddr> {
        let host = bare(host);
        let said: Vec<_> = self.local.iter().filter(|(name, _)| *name == host).map(|(_, it)| *it).collect();
        if said.is_empty() { LOOPBACK.to_vec() } else { said }
    }

    async fn lookup(&self, host: &str, wanted: Wanted) -> Result<Vec<IpAddr>, Trouble> {
        let name = host.into_name().map_err(|_| FaultKind::NoSuchName)?;
        let strategies = self.strategies.as_ref().ok_or(OwnSide::Resolver)?;
        let resolver = match wanted {
            Wanted::Only(Family::Ip4) => &strategies.ip4,
            Wanted::Only(Family::Ip6) => &strategies.ip6,
            Wanted::First(_) => &strategies.both,
        };
        let found = resolver.lookup_ip(name).await.map_err(|error| of_resolver(&error))?;
        Ok(found.iter().collect())
    }
}

impl Strategies {
    fn new(config: &ResolverConfig, options: &ResolverOpts) -> Result<Self, NetError> {
        let with = |strategy| {
            let mut options = options.clone();
            options.ip_strategy = strategy;
            options.cache_size = 0;
            hickory_resolver::Resolver::builder_with_config(config.clone(), Sockets::default())
                .with_options(options)
                .build()
        };
        Ok(Self {
            ip4: with(LookupIpStrategy::Ipv4Only)?,
            ip6: with(LookupIpStrategy::Ipv6Only)?,
            both: with(LookupIpStrategy::Ipv4AndIpv6)?,
        })
    }
}

/// Which addresses will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Only(Family),
    First(Family),
}

impl Wanted {
    /// An address we ask from decides the family by itself.
    fn new(spec: &DialSpec) -> Self {
        match (spec.source, spec.fallback) {
            (Some(IpAddr::V4(_)), _) => Self::Only(Family::Ip4),
            (Some(IpAddr::V6(_)), _) => Self::Only(Family::Ip6),
            (None, false) => Self::Only(spec.preferred),
            (None, true) => Self::First(spec.preferred),
        }
    }

    /// Those that will do, the preferred family first.
    fn order(self, found: &[IpAddr]) -> Vec<IpAddr> {
        let preferred = |family| found.iter().copied().filter(move |it| family_of(*it) == family);
        let others = |family| found.iter().copied().filter(move |it| family_of(*it) != family);
        match self {
            Self::Only(family) => preferred(family).collect(),
            Self::First(family) => preferred(family).chain(others(family)).collect(),
        }
    }
}

fn other_than(family: Family) -> Family {
    match family {
        Family::Ip4 => Family::Ip6,
        Family::Ip6 => Family::Ip4,
    }
}

fn family_of(address: IpAddr) -> Family {
    match address {
        IpAddr::V4(_) => Family::Ip4,
        IpAddr::V6(_) => Family::Ip6,
    }
}

/// `localhost` and what is below it never leave the machine, whatever its resolver thinks (RFC 6761).
pub(super) fn is_localhost(host: &str) -> bool {
    let host = bare(host);
    host == "localhost" || host.ends_with(".localhost")
}

/// In small letters, without the dot of the root.
fn bare(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// The lines of a hosts file that name this machine: each name with each of its addresses, top down.
fn local_names(hosts: &str) -> Vec<(String, IpAddr)> {
    let mut found = Vec::new();
    for line in hosts.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next().and_then(|it| it.parse().ok()) else { continue };
        found.extend(words.filter(|it| is_localhost(it)).map(|it| (bare(it), address)));
    }
    found
}

const HOSTS: &str = "/etc/hosts";

const LOOPBACK: [IpAddr; 2] = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hickory_resolver::proto::op::{Message, ResponseCode};
    use hickory_resolver::proto::rr::rdata::{A, AAAA};
    use hickory_resolver::proto::rr::{RData, Record, RecordType};
    use hickory_resolver::proto::serialize::binary::{BinDecodable as _, BinEncodable as _};
    use tokio::net::UdpSocket;
    use tokio::task::JoinSet;

    use super::*;

    /// A name server that answers by the first letters of the name.
    async fn name_server() -> (SocketAddr, JoinSet<()>) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut bytes = [0; 4096];
            loop {
                let (length, peer) = socket.recv_from(&mut bytes).await.unwrap();
                let question = Message::from_bytes(&bytes[..length]).unwrap();
                if let Some(answer) = answer(question) {
                    socket.send_to(&answer.to_bytes().unwrap(), peer).await.unwrap();
                }
            }
        });
        (address, tasks)
    }

    fn answer(question: Message) -> Option<Message> {
        let query = question.queries[0].clone();
        let name = query.name().to_string();
        let mut answer = question.into_response();
        let mut add = |data: RData| {
            answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
        };
        match (name.split('.').next().unwrap(), query.query_type()) {
            ("both" | "four", RecordType::A) => add(RData::A(A::new(10, 0, 0, 4))),
            ("both", RecordType::AAAA) => add(RData::AAAA(AAAA::new(0xfd00, 0, 0, 0, 0, 0, 0, 6))),
            ("missing", _) => answer.metadata.response_code = ResponseCode::NXDomain,
            ("broken", _) => answer.metadata.response_code = ResponseCode::ServFail,
            ("closed", _) => answer.metadata.response_code = ResponseCode::Refused,
            ("mute", _) => return None,
            _ => {}
        }
        Some(answer)
    }

    #[tokio::test]
    async fn each_answer_of_a_name_server_is_an_address_or_has_one_fault() {
        let (server, _tasks) = name_server().await;
        let resolver = Resolver::asking(&[server]);
        let (four, six) = ("10.0.0.4".parse().unwrap(), "fd00::6".parse().unwrap());
        let table: [(&str, DialSpec, Result<IpAddr, Trouble>); 9] = [
            ("both.example", spec(Family::Ip6, true), Ok(six)),
            ("both.example", spec(Family::Ip4, true), Ok(four)),
            ("four.example", spec(Family::Ip6, true), Ok(four)),
            ("four.example", spec(Family::Ip6, false), Err(FaultKind::NoAddress.into())),
            ("four.example", spec(Family::Ip4, false), Ok(four)),
            ("none.example", spec(Family::Ip4, true), Err(FaultKind::NoAddress.into())),
            ("missing.example", spec(Family::Ip4, true), Err(FaultKind::NoSuchName.into())),
            ("broken.example", spec(Family::Ip4, true), Err(FaultKind::DnsServerFailure.into())),
            ("closed.example", spec(Family::Ip4, true), Err(FaultKind::DnsRefused.into())),
        ];
        for (name, spec, expected) in table {
            assert_eq!(resolver.address(name, &spec).await, expected, "{name} {spec:?}");
        }
    }

    #[tokio::test]
    async fn a_name_server_that_does_not_answer_leaves_it_to_the_deadline() {
        let (server, _tasks) = name_server().await;
        let resolver = Resolver::asking(&[server]);
        let spec = DialSpec::default();
        let asked = resolver.address("mute.example", &spec);
        let limit = Duration::from_millis(100);
        assert!(tokio::time::timeout(limit, asked).await.is_err());
    }

    #[tokio::test]
    async fn a_name_server_that_is_not_there_is_our_own_fault() {
        let server = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let resolver = Resolver::asking(&[server]);
        assert_eq!(resolver.address("a.example", &DialSpec::default()).await, Err(OwnSide::Resolver.into()));
    }

    fn spec(preferred: Family, fallback: bool) -> DialSpec {
        DialSpec { preferred, fallback, source: None }
    }

    #[test]
    fn the_first_address_of_the_preferred_family_is_taken_else_the_first_of_the_other() {
        let found: Vec<IpAddr> =
            ["10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"].map(|it| it.parse().unwrap()).to_vec();
        let choose = |found: &[IpAddr], spec| Wanted::new(&spec).order(found).first().copied();
        assert_eq!(choose(&found, spec(Family::Ip6, true)), Some(found[2]));
        assert_eq!(choose(&found, spec(Family::Ip4, false)), Some(found[0]));
        assert_eq!(choose(&found[..2], spec(Family::Ip6, true)), Some(found[0]));
        assert_eq!(choose(&found[..2], spec(Family::Ip6, false)), None);
        let from = DialSpec { source: Some(found[0]), ..spec(Family::Ip6, true) };
        assert_eq!(choose(&found, from), Some(found[0]));
    }

    #[tokio::test]
    async fn addresses_and_localhost_need_no_server() {
        let without = Resolver { strategies: None, local: Arc::default() };
        let ip4 = spec(Family::Ip4, true);
        assert_eq!(without.address("10.0.0.7", &ip4).await, Ok("10.0.0.7".parse().unwrap()));
        assert_eq!(without.address("LocalHost.", &ip4).await, Ok(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(without.address("example.org", &ip4).await, Err(OwnSide::Resolver.into()));
        assert_eq!(without.address("a..b", &ip4).await, Err(FaultKind::NoSuchName.into()));
    }

    #[tokio::test]
    async fn the_hosts_file_decides_where_it_names_this_machine() {
        let hosts = "# 10.0.0.1 localhost\n127.0.0.1\tLocalHost localhost.localdomain # 10.0.0.2\n\n\
                     ::1 ip6-localhost\nbroken localhost\n127.0.0.9 db.localhost. other\n10.9.9.9 elsewhere\n";
        let resolver = Resolver { strategies: None, local: local_names(hosts).into() };
        let any = DialSpec::default();
        let turns = async |host, spec| resolver.turns(host, spec).await;
        let (four, six): (IpAddr, IpAddr) = ("127.0.0.1".parse().unwrap(), "::1".parse().unwrap());
        assert_eq!(turns("localhost", &any).await, Ok(vec![four]), "it names one family alone");
        assert_eq!(turns("DB.localhost", &any).await, Ok(vec!["127.0.0.9".parse().unwrap()]));
        assert_eq!(turns("not.named.localhost", &any).await, Ok(vec![six, four]));
        let only_six = spec(Family::Ip6, false);
        assert_eq!(turns("localhost", &only_six).await, Err(FaultKind::NoAddress.into()));
    }

    #[tokio::test]
    async fn this_machine_has_two_turns_unless_a_family_is_pinned_and_others_have_one() {
        let (server, _tasks) = name_server().await;
        let resolver = Resolver::asking(&[server]);
        let (four, six): (IpAddr, IpAddr) = ("127.0.0.1".parse().unwrap(), "::1".parse().unwrap());
        let source = DialSpec { source: Some(four), ..DialSpec::default() };
        for (host, spec, expected) in [
            ("localhost", spec(Family::Ip6, true), vec![six, four]),
            ("localhost", spec(Family::Ip4, true), vec![four, six]),
            ("localhost", spec(Family::Ip6, false), vec![six]),
            ("localhost", source, vec![four]),
            ("127.0.0.1", spec(Family::Ip6, true), vec![four]),
            ("both.example", spec(Family::Ip4, true), vec!["10.0.0.4".parse().unwrap()]),
        ] {
            assert_eq!(resolver.turns(host, &spec).await, Ok(expected), "{host} {spec:?}");
        }
        let every = resolver.every_address("both.example", &DialSpec::default()).await.unwrap();
        assert_eq!(every.len(), 2, "a call of our own has them all");
    }
}
