//! Where neither kind of socket may be had, these tests have nothing to hold; the namespaces of
//! `tests/it/icmp_lab.rs` have both.

use super::lab::{ask, client, module};
use crate::outcome::{End, Fault, FaultKind, OwnSide, Phase};
use crate::spec::{DialSpec, IcmpSpec, Module, Prober};

fn icmp(change: impl FnOnce(&mut IcmpSpec)) -> Module {
    let mut spec = IcmpSpec { dial: client().dial, ..IcmpSpec::default() };
    change(&mut spec);
    module(Prober::Icmp(spec))
}

/// Whether this machine lets us send echo requests at all.
async fn may_ask() -> bool {
    ask(&icmp(|_| {}), "127.0.0.1").await.end != End::Unknown(OwnSide::Permission)
}

#[tokio::test]
async fn loopback_answers_packets_of_every_size() {
    if !may_ask().await {
        return;
    }
    for (size, target) in [(1, "127.0.0.1"), (28, "::1"), (8, "127.0.0.2:9100"), (65_507, "127.0.0.1")] {
        let outcome = ask(&icmp(|it| it.payload_bytes = size), target).await;
        assert_eq!(outcome.end, End::Reply, "{size} to {target}");
        assert_eq!(outcome.icmp.unwrap().reply_hop_limit, Some(64), "{size} to {target}");
    }
}

#[tokio::test]
async fn many_who_ask_the_same_host_at_once_each_take_their_own_reply() {
    if !may_ask().await {
        return;
    }
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..64 {
        asked.spawn(async { ask(&icmp(|_| {}), "127.0.0.1").await.end });
    }
    assert!(asked.join_all().await.into_iter().all(|end| end == End::Reply));
}

#[tokio::test]
async fn an_address_that_is_not_ours_is_no_fault_of_the_target() {
    if !may_ask().await {
        return;
    }
    let source = Some("192.0.2.1".parse().unwrap());
    let outcome = ask(&icmp(|it| it.dial = DialSpec { source, ..it.dial }), "127.0.0.1").await;
    assert!(matches!(outcome.end, End::Unknown(_)), "{:?}", outcome.end);
}

#[tokio::test]
async fn a_target_that_is_no_host_has_no_name() {
    let outcome = ask(&icmp(|_| {}), ":9100").await;
    assert_eq!(outcome.end, fault(FaultKind::NoSuchName, Phase::Resolve));
}

fn fault(kind: FaultKind, phase: Phase) -> End {
    End::Fault(Fault { phase, kind })
}
