//! The icmp prober in a network of real routers, with privilege and without.
//!
//! A namespace belongs to a process, so the prober runs in one of its own: this binary again, with
//! one test that does what the environment says.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use serde_json::{Value, json};

use crate::dns_peer::{ask, only_module};
use crate::peer::network::{HOPS, HOPS_6, Network, Place};
use crate::peer::process::{find, folder};

const ORDER: &str = "FINGERPOST_TEST_ECHO";
const TARGET: &str = "FINGERPOST_TEST_ECHO_TARGET";
const ANSWER: &str = "echoed: ";

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Root,
    Nobody,
}

/// What the prober of the network heard.
#[derive(Debug, PartialEq)]
struct Found {
    cause: String,
    /// Who said something of the packet, with its type and code where it was not the hops.
    notice: Option<(String, Option<(u64, u64)>)>,
    hop_limit: Option<u64>,
}

/// Asks `target` from the network's prober, with these lines below `icmp:`.
fn echo(network: &Network, who: Who, target: &str, lines: &str) -> Found {
    let folder = folder();
    // Nobody may have no way into the folder where this binary was built.
    let copy = folder.path().join("it");
    fs::copy(env::current_exe().expect("a running test is a file"), &copy).expect("there is room for a copy");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("the folder is ours");
    let told = command(network, who, &copy)
        .args(["--exact", "--nocapture", "icmp_lab::an_echo_is_told_to_whoever_asks_by_the_environment"])
        .env(ORDER, lines)
        .env(TARGET, target)
        .output()
        .expect("this binary runs a second time");
    let text = String::from_utf8_lossy(&told.stdout);
    let answer = text.lines().find_map(|it| Some(it.split_once(ANSWER)?.1));
    let answer = answer.unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&told.stderr)));
    let answer: Value = serde_json::from_str(answer).expect("the answer is JSON");
    let refusal = |it: &Value| it[1].as_u64().zip(it[2].as_u64());
    Found {
        cause: answer["cause"].as_str().expect("a verdict has a cause").to_owned(),
        notice: answer["notice"][0].as_str().map(|it| (it.to_owned(), refusal(&answer["notice"]))),
        hop_limit: answer["hop_limit"].as_u64(),
    }
}

fn command(network: &Network, who: Who, program: &Path) -> Command {
    match who {
        Who::Root => network.command(Place::Prober, program),
        Who::Nobody => network.command_of_nobody(Place::Prober, program),
    }
}

#[test]
fn an_echo_is_told_to_whoever_asks_by_the_environment() {
    let (Ok(lines), Ok(target)) = (env::var(ORDER), env::var(TARGET)) else { return };
    let module =
        only_module(&format!("modules:\n  m:\n    prober: icmp\n    timeout: 5s\n    icmp: {{ {lines} }}\n"));
    let (verdict, outcome) = ask(&module, &target);
    let facts = outcome.icmp.unwrap_or_default();
    let answer = json!({
        "cause": verdict.cause_name(),
        "notice": facts.notice.map(|(from, refusal)| {
            json!([from.to_string(), refusal.map(|it| it.icmp_type), refusal.map(|it| it.code)])
        }),
        "hop_limit": facts.reply_hop_limit,
    });
    println!("\n{ANSWER}{answer}");
}

/// Each kind of socket: a raw one as root, and one without any privilege.
fn kinds(network: &Network) -> [Who; 2] {
    network.set(Place::Prober, "ipv4/ping_group_range", "65534 65534");
    [Who::Root, Who::Nobody]
}

#[test]
fn a_reply_from_afar_says_how_many_hops_it_had_left() {
    let Some(network) = Network::build() else { return };
    for who in kinds(&network) {
        for hops in [HOPS, HOPS_6] {
            let found = echo(&network, who, hops[2], "");
            assert_eq!(
                found,
                Found { cause: String::new(), notice: None, hop_limit: Some(62) },
                "{}",
                hops[2]
            );
        }
    }
}

#[test]
fn whoever_gave_the_packet_up_is_named() {
    let Some(network) = Network::build() else { return };
    for who in kinds(&network) {
        for hops in [HOPS, HOPS_6] {
            for (ttl, router) in [(1, hops[0]), (2, hops[1])] {
                let found = echo(&network, who, hops[2], &format!("ttl: {ttl}"));
                assert_eq!(found.cause, "icmp_time_exceeded", "{found:?}");
                assert_eq!(found.notice, Some((router.to_owned(), None)));
            }
            assert_eq!(echo(&network, who, hops[2], "ttl: 3").cause, "");
        }
    }
}

#[test]
fn the_router_whose_firewall_rejects_echoes_is_named() {
    let Some(network) = Network::build() else { return };
    let Some(nft) = find("nft") else { return };
    let rules = "table inet lab {\nchain lab {\ntype filter hook forward priority 0\n\
                 meta l4proto { icmp, ipv6-icmp } reject with icmpx type admin-prohibited\n}\n}\n";
    network.filter(Place::Far, &nft, rules);
    for who in kinds(&network) {
        for (hops, said) in [(HOPS, (3, 13)), (HOPS_6, (1, 1))] {
            let found = echo(&network, who, hops[2], "");
            assert_eq!(found.cause, "icmp_unreachable", "{found:?}");
            assert_eq!(found.notice, Some((hops[1].to_owned(), Some(said))));
        }
    }
}

#[test]
fn a_packet_that_may_not_be_cut_is_told_where_it_did_not_fit() {
    let Some(network) = Network::build() else { return };
    let Some(ip) = find("ip") else { return };
    let told = network
        .command(Place::Near, &ip)
        .args(["link", "set", "right", "mtu", "1300"])
        .status()
        .expect("ip starts");
    assert!(told.success());
    for who in kinds(&network) {
        let cut = echo(&network, who, HOPS[2], "payload_size: 1400, dont_fragment: true");
        assert_eq!(cut.cause, "icmp_unreachable", "{cut:?}");
        assert_eq!(cut.notice, Some((HOPS[0].to_owned(), Some((3, 4)))));
        let larger_than_the_first_link =
            echo(&network, who, HOPS[2], "payload_size: 1600, dont_fragment: true");
        assert_eq!(
            (&*larger_than_the_first_link.cause, larger_than_the_first_link.notice),
            ("icmp_unreachable", None)
        );
        assert_eq!(echo(&network, who, HOPS[2], "payload_size: 1200, dont_fragment: true").cause, "");
    }
}

#[test]
fn who_may_not_send_echoes_learns_nothing_of_the_target() {
    let Some(network) = Network::build() else { return };
    network.set(Place::Prober, "ipv4/ping_group_range", "1 0");
    assert_eq!(echo(&network, Who::Nobody, HOPS[2], "").cause, "local_permission");
    assert_eq!(echo(&network, Who::Root, HOPS[2], "").cause, "", "a raw socket needs no group");
}

#[test]
fn the_shipped_example_is_answered_by_a_real_host() {
    let Some(network) = Network::build() else { return };
    let module = only_module(include_str!("../../docs/examples/icmp.yaml"));
    assert_eq!(module.prober.name(), "icmp");
    let lines = "payload_size: 56";
    for who in kinds(&network) {
        assert_eq!(echo(&network, who, HOPS[1], lines).cause, "");
    }
}
