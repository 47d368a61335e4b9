//! The path prober in a network of real routers, as a user without any privilege, beside `mtr`.
//!
//! A namespace belongs to a process, so the prober runs in one of its own: this binary again, with
//! one test that does what the environment says.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;
use std::{env, process};

use fingerpost::cause::judge;
use fingerpost::dial::Dialer;
use fingerpost::labels::Labels;
use fingerpost::outcome::{HopFacts, Refusal};
use fingerpost::spec::{Module, PathProtocol, PathSpec, Prober};
use fingerpost::target::Target;
use fingerpost::view::{CheckAnswer, Hop};
use serde_json::{Value, json};

use crate::peer::network::{HOPS, HOPS_6, Network, Place};
use crate::peer::process::{find, folder};

/// What the prober of the network found.
#[derive(Debug)]
struct Found {
    /// The cause of the verdict, `""` for success.
    cause: String,
    reached: bool,
    /// What the kernel allows the process that asked beyond what it allows anybody, in hex.
    privileges: String,
    /// The number of the hop where loss begins, 0 where none does.
    loss_begins: u64,
    hops: Vec<FoundHop>,
}

#[derive(Debug, PartialEq)]
struct FoundHop {
    address: String,
    loss: f64,
    refusal: Option<(u64, u64)>,
}

/// What is asked of the prober: protocol, target, packets of each hop.
type Order<'a> = (PathProtocol, &'a str, u32);

const ORDER: &str = "FINGERPOST_TEST_TRACE";
const ANSWER: &str = "traced: ";

/// Shorter than a second: then the kernel has no time to send a packet of ours again by itself,
/// which the counting filters would count.
const WAIT: Duration = Duration::from_millis(800);

const PORT: u16 = 80;

impl Found {
    fn addresses(&self) -> Vec<&str> {
        self.hops.iter().map(|it| it.address.as_str()).collect()
    }
}

/// Runs the trace where the network's prober stands.
fn trace(network: &Network, (protocol, target, count): Order) -> Found {
    let folder = folder();
    // Nobody may have no way into the folder where this binary was built.
    let copy = folder.path().join("it");
    fs::copy(env::current_exe().expect("a running test is a file"), &copy).expect("there is room for a copy");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("the folder is ours");
    let protocol = match protocol {
        PathProtocol::Tcp => "tcp",
        PathProtocol::Icmp => "icmp",
    };
    let told = network
        .command_of_nobody(Place::Prober, &copy)
        .args(["--exact", "--nocapture", "path_lab::a_trace_is_told_to_whoever_asks_by_the_environment"])
        .env(ORDER, format!("{protocol} {target} {count}"))
        .output()
        .expect("this binary runs a second time");
    let text = String::from_utf8_lossy(&told.stdout);
    let answer = text.lines().find_map(|it| Some(it.split_once(ANSWER)?.1));
    let answer = answer.unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&told.stderr)));
    read(&serde_json::from_str(answer).expect("the answer is JSON"))
}

fn read(answer: &Value) -> Found {
    let hop = |it: &Value| FoundHop {
        address: it["address"].as_str().expect("a hop has an address").to_owned(),
        loss: it["loss"].as_f64().expect("a hop has a loss"),
        refusal: it["refusal"]["icmp_type"].as_u64().zip(it["refusal"]["code"].as_u64()),
    };
    Found {
        cause: answer["cause"].as_str().expect("a verdict has a cause").to_owned(),
        reached: answer["reached"].as_bool().expect("a path says whether it ends"),
        privileges: answer["privileges"].as_str().expect("a process has privileges or none").to_owned(),
        loss_begins: answer["loss_begins"].as_u64().expect("loss begins somewhere or nowhere"),
        hops: answer["hops"].as_array().expect("a path has hops").iter().map(hop).collect(),
    }
}

#[test]
fn a_trace_is_told_to_whoever_asks_by_the_environment() {
    let Ok(order) = env::var(ORDER) else { return };
    let words: Vec<&str> = order.split(' ').collect();
    let [protocol, target, count] = words[..] else { panic!("{order}") };
    let protocol = if protocol == "tcp" { PathProtocol::Tcp } else { PathProtocol::Icmp };
    let pace = Duration::from_millis(40);
    let count = count.parse().expect("a count of packets");
    let spec = PathSpec { protocol, port: Some(PORT), count, pace, wait: WAIT, ..PathSpec::default() };
    let timeout = Duration::from_secs(30);
    let prober = Prober::Path(spec);
    let module = Module { name: "path".into(), timeout, patience: timeout, connect_timeout: None, prober };
    let target = Target::new(target, &Labels::default());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let dialer = runtime.block_on(async { Dialer::asking(&[]) });
    let (outcome, _) = runtime.block_on(fingerpost::probe::ask(&dialer, &module, &target));
    let path = outcome.path.clone().unwrap_or_default();
    let hops: Vec<Hop> = path.hops.iter().map(Hop::from).collect();
    let told = |(hop, facts): (&Hop, &HopFacts)| {
        let refusal =
            facts.refusal.map(|Refusal { icmp_type, code }| json!({ "icmp_type": icmp_type, "code": code }));
        json!({ "address": hop.address, "loss": hop.loss, "refusal": refusal })
    };
    let answer = json!({
        "cause": judge(&module, &outcome).cause_name(),
        "reached": path.reached,
        "privileges": privileges(),
        "hops": hops.iter().zip(&path.hops).map(told).collect::<Vec<_>>(),
        "loss_begins": CheckAnswer { hops, ..CheckAnswer::default() }.loss_begins(),
    });
    println!("\n{ANSWER}{answer}");
}

fn privileges() -> String {
    let status = fs::read_to_string("/proc/self/status").expect("a process can read of itself");
    let line = status.lines().find_map(|it| it.strip_prefix("CapEff:"));
    line.expect("the kernel says what a process may do").trim().to_owned()
}

/// Each line of `mtr`'s table: address and loss in percent. `None` where it is not installed.
fn mtr(network: &Network, arguments: &[&str]) -> Option<Vec<(String, f64)>> {
    let program = find("mtr")?;
    let mut command = network.command(Place::Prober, &program);
    // Like the prober: an answer is waited for a second, and the last ones are waited for at all.
    command.args(["-w", "-n", "-T", "-Z", "1", "-G", "1", "-i", "0.1"]).args(["-P", &PORT.to_string()]);
    let told: process::Output = command.args(arguments).output().expect("mtr starts");
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let row = |line: &str| {
        let mut words = line.split_once(".|--")?.1.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.trim_end_matches('%').parse().ok()?))
    };
    let rows: Vec<_> = text.lines().filter_map(row).collect();
    assert!(!rows.is_empty(), "{text}\n{}", String::from_utf8_lossy(&told.stderr));
    Some(rows)
}

/// A table that does one thing to what passes through, or comes from, that place.
fn rules(hook: &str, rule: &str) -> String {
    format!("table inet lab {{\nchain lab {{\ntype filter hook {hook} priority 0\n{rule}\n}}\n}}\n")
}

/// Where a knock is lost, the kernel knocks again after a second, which is when `mtr` gives up on it: so
/// that neither what is counted nor what is answered hangs on who was faster, nobody knocks twice.
const KNOCKING_ONCE: &str = "table inet lab {
set knocked {
type inet_service
flags dynamic
timeout 5s
}
chain lab {
type filter hook output priority 0
tcp flags & (syn|ack) == syn tcp sport @knocked drop
tcp flags & (syn|ack) == syn add @knocked { tcp sport }
}
}
";

#[test]
fn nobody_sees_the_hops_that_mtr_sees_as_root() {
    let Some(network) = Network::build() else { return };
    for hops in [HOPS, HOPS_6] {
        let found = trace(&network, (PathProtocol::Tcp, hops[2], 3));
        assert_eq!(found.addresses(), hops, "{found:?}");
        assert!(found.hops.iter().all(|it| it.loss == 0.0 && it.refusal.is_none()), "{found:?}");
        assert_eq!((&*found.cause, found.reached, found.loss_begins), ("", true, 0));
        assert!(found.privileges.chars().all(|it| it == '0'), "{found:?}");
        if let Some(oracle) = mtr(&network, &["-c", "3", hops[2]]) {
            let oracle: Vec<&str> = oracle.iter().map(|(address, _)| address.as_str()).collect();
            assert_eq!(found.addresses(), oracle);
        }
    }
}

#[test]
fn echoes_of_a_group_that_may_send_them_find_the_same_hops() {
    let Some(network) = Network::build() else { return };
    network.set(Place::Prober, "ipv4/ping_group_range", "65534 65534");
    for hops in [HOPS, HOPS_6] {
        let found = trace(&network, (PathProtocol::Icmp, hops[2], 3));
        assert_eq!(found.addresses(), hops, "{found:?}");
        assert_eq!((&*found.cause, found.reached, found.loss_begins), ("", true, 0));
    }
}

#[test]
fn echoes_of_a_group_that_may_not_send_them_are_our_own_fault() {
    let Some(network) = Network::build() else { return };
    network.set(Place::Prober, "ipv4/ping_group_range", "1 0");
    let found = trace(&network, (PathProtocol::Icmp, HOPS[2], 3));
    assert_eq!((&*found.cause, found.hops.len()), ("local_permission", 0));
}

#[test]
fn the_router_whose_firewall_rejects_is_named() {
    let Some(network) = Network::build() else { return };
    let Some(nft) = find("nft") else { return };
    let rule = format!("tcp dport {PORT} reject with icmpx type admin-prohibited");
    network.filter(Place::Far, &nft, &rules("forward", &rule));
    for (hops, said) in [(HOPS, (3, 13)), (HOPS_6, (1, 1))] {
        let found = trace(&network, (PathProtocol::Tcp, hops[2], 3));
        assert_eq!((&*found.cause, found.reached), ("connect_unreachable", false));
        assert_eq!(found.addresses(), [hops[0], hops[1], hops[1]]);
        let refusals: Vec<_> = found.hops.iter().map(|it| it.refusal).collect();
        assert_eq!(refusals, [None, None, Some(said)]);
    }
}

#[test]
fn a_router_that_is_silent_in_the_middle_is_healthy() {
    let Some(network) = Network::build() else { return };
    let Some(nft) = find("nft") else { return };
    network.filter(Place::Near, &nft, &rules("output", "icmp type time-exceeded drop"));
    let found = trace(&network, (PathProtocol::Tcp, HOPS[2], 3));
    assert_eq!(found.addresses(), ["", HOPS[1], HOPS[2]]);
    assert_eq!((&*found.cause, found.loss_begins), ("", 0), "{found:?}");
}

#[test]
fn a_black_hole_begins_behind_the_last_router_that_answers() {
    let Some(network) = Network::build() else { return };
    let Some(nft) = find("nft") else { return };
    network.filter(Place::Far, &nft, &rules("forward", &format!("tcp dport {PORT} drop")));
    let found = trace(&network, (PathProtocol::Tcp, HOPS[2], 3));
    assert_eq!(found.addresses(), [HOPS[0], HOPS[1], ""]);
    assert_eq!((&*found.cause, found.reached, found.loss_begins), ("path_lossy", false, 3));
    if let Some(oracle) = mtr(&network, &["-c", "3", HOPS[2]]) {
        let oracle: Vec<&str> = oracle.iter().map(|(address, _)| address.as_str()).collect();
        assert_eq!(oracle, [HOPS[0], HOPS[1], "???"]);
    }
}

#[test]
fn loss_begins_at_the_hop_and_with_the_share_that_mtr_measures() {
    let Some(network) = Network::build() else { return };
    let Some(nft) = find("nft") else { return };
    let rule = "tcp flags & (syn|ack) == syn numgen inc mod 10 < 3 drop";
    network.filter(Place::Far, &nft, &rules("forward", rule));
    network.filter(Place::Prober, &nft, KNOCKING_ONCE);
    let found = trace(&network, (PathProtocol::Tcp, HOPS[2], 40));
    assert_eq!(found.addresses(), HOPS, "{found:?}");
    assert_eq!((&*found.cause, found.loss_begins), ("path_lossy", 3), "{found:?}");
    let losses = |it: f64| (it - 30.0).abs() <= 5.0;
    assert!(
        found.hops[0].loss == 0.0 && found.hops[1].loss == 0.0 && losses(found.hops[2].loss),
        "{found:?}"
    );
    if let Some(oracle) = mtr(&network, &["-c", "40", HOPS[2]]) {
        let first = oracle.iter().position(|(_, loss)| *loss > 0.0).expect("mtr sees the loss too");
        assert_eq!(first, 2, "{oracle:?}");
        assert!((oracle[2].1 - found.hops[2].loss).abs() <= 5.0, "{oracle:?} against {found:?}");
    }
}

#[test]
fn loss_behind_the_first_router_is_of_every_hop_beyond_it_as_mtr_has_it() {
    let Some(network) = Network::build() else { return };
    let Some(nft) = find("nft") else { return };
    // Each hop counts for itself: by the life that a packet for it has left when it goes on.
    let rule = ["1", "2"]
        .map(|left| format!("ip ttl {left} tcp flags & (syn|ack) == syn numgen inc mod 10 < 3 drop\n"));
    network.filter(Place::Near, &nft, &rules("forward", &rule.concat()));
    network.filter(Place::Prober, &nft, KNOCKING_ONCE);
    let found = trace(&network, (PathProtocol::Tcp, HOPS[2], 40));
    assert_eq!(found.addresses(), HOPS, "{found:?}");
    assert_eq!((&*found.cause, found.loss_begins), ("path_lossy", 2), "{found:?}");
    let loses = |it: f64| (it - 30.0).abs() <= 5.0;
    assert!(found.hops[0].loss == 0.0, "{found:?}");
    assert!(loses(found.hops[1].loss) && loses(found.hops[2].loss), "{found:?}");
    if let Some(oracle) = mtr(&network, &["-c", "40", HOPS[2]]) {
        let first = oracle.iter().position(|(_, loss)| *loss > 0.0).expect("mtr sees the loss too");
        assert_eq!(first, 1, "{oracle:?}");
        for (one, other) in oracle.iter().zip(&found.hops) {
            assert!((one.1 - other.loss).abs() <= 5.0, "{oracle:?} against {found:?}");
        }
    }
}
