//! `prober: path`: the way to the target, hop by hop, with loss and round trips, as `mtr` finds it.
//! Over TCP that needs no privilege: a connection is begun with few hops to live, and what routers
//! say of it stands in the socket's error queue.

mod packet;
mod trace;

use std::net::IpAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use url::Url;

use crate::dial::{Dialer, Trail, Trouble};
use crate::outcome::{FaultKind, OwnSide, PathFacts, Phase};
use crate::spec::{Module, PathSpec};
use crate::target::Target;
use packet::Packet;
use trace::{Landing, Next, Trace};

/// Traces the way to `target` and notes what was found, also when the module's timeout or trouble of
/// our own came before the end.
///
/// A way of which only the end is silent was measured. It is a fault when somebody said that it ends
/// before the target (`Unreachable`), and when nothing at all was heard (`TimedOut`).
pub(super) async fn ask(
    dialer: &Dialer,
    module: &Module,
    spec: &PathSpec,
    target: &Target,
    trail: &Trail,
) -> Result<(), Trouble> {
    let (host, port) = place(&target.address).ok_or(FaultKind::NoSuchName)?;
    let port = spec.port.or(port).unwrap_or(PORT);
    let peer = dialer.find(&host, port, &spec.dial, trail).await?;
    trail.enter(Phase::Connect);
    let until = trail.begun() + module.timeout.saturating_sub(WRAP_UP);
    let packet =
        Packet { target: peer, source: spec.dial.source, protocol: spec.protocol, hops: 1, wait: spec.wait };
    let mut trace = Trace::new(peer.ip(), spec);
    let measured = measure(&mut trace, packet, until).await;
    let facts = trace.facts();
    let end = end_of(&facts);
    trail.note(|seen| seen.path = Some(facts));
    measured?;
    end.map_or(Ok(()), |kind| Err(kind.into()))
}

/// Sends and listens until the trace is done or the time is up.
async fn measure(trace: &mut Trace, packet: Packet, until: Instant) -> Result<(), Trouble> {
    let mut flights = JoinSet::new();
    let mut next_at = Instant::now();
    loop {
        let next = trace.next();
        if next == Next::Done && flights.is_empty() {
            return Ok(());
        }
        let sendable = match next {
            Next::Send(hops) if flights.len() < IN_FLIGHT_MAX => Some(hops),
            Next::Send(_) | Next::Await | Next::Done => None,
        };
        tokio::select! {
            biased;
            () = sleep_until(until) => return Ok(()),
            Some(landed) = flights.join_next() => {
                let (hops, landing): (u8, Result<Landing, Trouble>) =
                    landed.map_err(|_| OwnSide::Internal)?;
                trace.landed(hops, landing?);
            }
            () = sleep_until(next_at), if sendable.is_some() => {
                let hops = sendable.expect("there is a packet to send");
                // What could not be sent in time is not made up for in a burst.
                next_at = Instant::now().max(next_at + trace.gap());
                trace.sent();
                let packet = Packet { hops, ..packet };
                flights.spawn(async move { (hops, packet.fly().await) });
            }
        }
    }
}

/// Where the way failed rather than lost.
fn end_of(facts: &PathFacts) -> Option<FaultKind> {
    let refuses = facts.hops.last().is_some_and(|it| it.refusal.is_some());
    let answers = facts.hops.iter().any(|it| it.address.is_some());
    let end_is_silent = facts.hops.last().is_some_and(|it| it.address.is_none());
    match (facts.reached, refuses) {
        (true, _) => None,
        (false, true) => Some(FaultKind::Unreachable),
        (false, false) if answers && end_is_silent => None,
        // Nobody answers, or the time was up before the end of the way was asked.
        (false, false) => Some(FaultKind::TimedOut),
    }
}

/// Host and port of an address or a URL. The port may be missing; the brackets of an IPv6 address
/// are taken off.
pub(super) fn place(address: &str) -> Option<(String, Option<u16>)> {
    if address.contains("://") {
        let url = Url::parse(address).ok()?;
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        return Some((host, url.port_or_known_default()));
    }
    if let Ok(address) = address.parse::<IpAddr>() {
        return Some((address.to_string(), None));
    }
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !address.ends_with(']') => (host, Some(port.parse().ok()?)),
        Some(_) | None => (address, None),
    };
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    if bare.is_none() && host.contains(':') {
        return None;
    }
    Some((bare.unwrap_or(host).to_owned(), port)).filter(|(host, _)| !host.is_empty())
}

/// The port that is asked for where neither the module nor the target says one, as `mtr` has it.
const PORT: u16 = 80;

/// So much earlier than the timeout the measuring ends, that what was found is still told in time.
const WRAP_UP: Duration = Duration::from_millis(20);

/// How many packets may be under way at once; each has a socket.
const IN_FLIGHT_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use socket2::{Domain, Socket, Type};

    use super::*;
    use crate::cause::{Cause, Verdict, judge};
    use crate::labels::Labels;
    use crate::outcome::{End, Fault, HopFacts, Outcome, Refusal};
    use crate::spec::{PathProtocol, Prober};

    fn module(spec: PathSpec, timeout: Duration) -> Module {
        let prober = Prober::Path(spec);
        Module { name: "path".into(), timeout, patience: timeout, connect_timeout: None, prober }
    }

    fn quick() -> PathSpec {
        PathSpec { count: 3, pace: Duration::from_millis(1), ..PathSpec::default() }
    }

    async fn trace(module: &Module, target: impl ToString) -> Outcome {
        let target = Target::new(&target.to_string(), &Labels::default());
        crate::probe::ask(&Dialer::asking(&[]), module, &target).await.0
    }

    /// A port that is bound and drops whoever knocks: its queue of two is full.
    fn silent() -> (SocketAddr, Vec<Socket>) {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = vec![listener];
        for _ in 0..2 {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            client.set_nonblocking(true).unwrap();
            client.connect(&address).ok();
            held.push(client);
        }
        (address.as_socket().unwrap(), held)
    }

    #[tokio::test]
    async fn a_target_next_door_is_one_hop_away_whether_it_takes_or_refuses() {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let open = listener.local_addr().unwrap();
        let closed = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let module = module(quick(), Duration::from_secs(10));
        for address in [open, closed] {
            let outcome = trace(&module, address).await;
            let path = outcome.path.as_ref().expect("a path was traced");
            assert!(path.reached, "{path:?}");
            assert_eq!(path.hops.len(), 1);
            let hop = &path.hops[0];
            assert_eq!((hop.address, hop.sent, hop.lost()), (Some(Ipv4Addr::LOCALHOST.into()), 3, 0));
            assert_eq!(hop.refusal, None);
            assert_eq!((outcome.peer, outcome.phases.total()), (Some(address), outcome.duration));
            assert_eq!(judge(&module, &outcome), Verdict::Success);
        }
    }

    #[tokio::test]
    async fn where_nobody_answers_the_time_is_up_while_connecting() {
        let (address, _held) = silent();
        let spec = PathSpec { wait: Duration::from_millis(50), hops_max: 2.try_into().unwrap(), ..quick() };
        let module = module(spec, Duration::from_secs(10));
        let outcome = trace(&module, address).await;
        assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Connect, kind: FaultKind::TimedOut }));
        let path = outcome.path.expect("a path was traced");
        assert_eq!((path.reached, path.hops.len()), (false, 1));
        assert_eq!((path.hops[0].sent, path.hops[0].lost()), (3, 3));
    }

    #[tokio::test]
    async fn what_is_under_way_when_the_time_is_up_is_not_lost() {
        let (address, _held) = silent();
        let module = module(quick(), Duration::from_millis(200));
        let outcome = trace(&module, address).await;
        assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Connect, kind: FaultKind::TimedOut }));
        assert_eq!(outcome.path, Some(PathFacts::default()));
    }

    #[tokio::test]
    async fn what_was_measured_when_the_time_is_up_is_the_answer() {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let spec = PathSpec { count: 1_000_000, ..quick() };
        let module = module(spec, Duration::from_millis(200));
        let outcome = trace(&module, listener.local_addr().unwrap()).await;
        assert_eq!(outcome.end, End::Reply);
        let path = outcome.path.as_ref().expect("a path was traced");
        assert!(path.reached && path.hops[0].sent < 1_000_000, "{path:?}");
    }

    #[tokio::test]
    async fn what_we_may_not_send_is_a_matter_of_our_own() {
        let spec = PathSpec { protocol: PathProtocol::Icmp, ..quick() };
        let module = module(spec, Duration::from_secs(10));
        let outcome = trace(&module, "127.0.0.1").await;
        let may = Socket::new(Domain::IPV4, Type::DGRAM, Some(socket2::Protocol::ICMPV4)).is_ok();
        if may {
            assert!(outcome.path.as_ref().is_some_and(|it| it.reached), "{outcome:?}");
        } else {
            assert_eq!(outcome.end, End::Unknown(OwnSide::Permission));
        }
    }

    #[test]
    fn the_end_of_the_path_decides_what_failed() {
        let hop = |address: Option<&str>, refusal| HopFacts {
            address: address.map(|it| it.parse().unwrap()),
            sent: 1,
            refusal,
            ..HopFacts::default()
        };
        let no = Some(Refusal { icmp_type: 3, code: 13 });
        let (router, silence) = (hop(Some("192.0.2.1"), None), hop(None, None));
        let table = [
            (true, vec![router.clone()], None),
            (true, vec![router.clone(), hop(Some("192.0.2.9"), no)], None),
            (false, vec![router.clone(), hop(Some("192.0.2.1"), no)], Some(FaultKind::Unreachable)),
            (false, vec![router.clone(), silence.clone()], None),
            (false, vec![router], Some(FaultKind::TimedOut)),
            (false, vec![silence], Some(FaultKind::TimedOut)),
            (false, vec![], Some(FaultKind::TimedOut)),
        ];
        for (reached, hops, expected) in table {
            let facts = PathFacts { hops, reached };
            assert_eq!(end_of(&facts), expected, "{facts:?}");
        }
    }

    #[test]
    fn loss_at_the_end_is_lossy_and_loss_on_the_way_is_not() {
        let hop = |sent| {
            let mut hop = HopFacts { sent, ..HopFacts::default() };
            hop.trips.add(Duration::from_millis(1));
            hop
        };
        let module = module(quick(), Duration::from_secs(1));
        let judged = |hops: Vec<HopFacts>| {
            // Longer than the timeout: for a path that is no failure.
            let at = std::time::SystemTime::UNIX_EPOCH;
            let mut outcome = Outcome::bare(at, Duration::from_secs(2), End::Reply);
            outcome.path = Some(PathFacts { hops, reached: true });
            judge(&module, &outcome)
        };
        assert_eq!(judged(vec![hop(1), hop(2), hop(1)]), Verdict::Success);
        assert_eq!(judged(vec![hop(1), hop(1), hop(2)]), Verdict::Failure(Cause::PathLossy, Phase::Check));
    }

    #[test]
    fn a_place_may_be_an_address_a_name_or_a_url() {
        let table = [
            ("a:25", Some(("a", Some(25)))),
            ("a", Some(("a", None))),
            ("192.0.2.1", Some(("192.0.2.1", None))),
            ("2001:db8::1", Some(("2001:db8::1", None))),
            ("[2001:db8::1]", Some(("2001:db8::1", None))),
            ("[2001:db8::1]:25", Some(("2001:db8::1", Some(25)))),
            ("https://a.example/metrics", Some(("a.example", Some(443)))),
            ("http://[::1]:9100/metrics", Some(("::1", Some(9100)))),
            ("a:70000", None),
            (":25", None),
            ("", None),
            ("a:b:1", None),
        ];
        for (address, expected) in table {
            let place = place(address);
            let seen = place.as_ref().map(|(host, port)| (host.as_str(), *port));
            assert_eq!(seen, expected, "{address}");
        }
    }
}
