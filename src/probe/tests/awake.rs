//! Whose fault it is that nothing was seen: that of the target, or ours, who did not look.

use std::time::{Duration, SystemTime};

use super::super::Awake;
use super::lab::{Server, hasty, http, page};
use crate::dial::{Dialer, Pulse};
use crate::labels::Labels;
use crate::outcome::{End, Fault, FaultKind, Late, Outcome, OwnSide, Phase};
use crate::spec::Module;
use crate::target::Target;
use tokio::io::AsyncWriteExt as _;

const TIMED_OUT: End = End::Fault(Fault { phase: Phase::Processing, kind: FaultKind::TimedOut });
const REFUSED: End = End::Fault(Fault { phase: Phase::Connect, kind: FaultKind::Refused });

/// Asks a server that loses that much of our time once it has been asked, and then says `answer`, if it
/// says anything.
async fn ask_while_we_lose(
    module: &Module,
    (stalled, pauses): (Duration, u64),
    answer: &'static str,
) -> (Outcome, Option<Late>) {
    let pulse = Pulse::default();
    let ours = pulse.clone();
    let server = Server::new(move |mut talk| {
        let ours = ours.clone();
        async move {
            talk.read_head().await;
            ours.lose(stalled, pauses);
            if !answer.is_empty() {
                let _ = talk.stream.write_all(&page("", answer)).await;
            }
            talk.until_closed().await;
        }
    })
    .await;
    let dialer = Dialer::asking(&[]).with_pulse(pulse);
    let target = Target { address: server.url().into(), labels: Labels::default() };
    let (outcome, rest) = super::super::ask(&dialer, module, &target).await;
    let late = match rest {
        Some(rest) => Some(rest.finish().await),
        None => None,
    };
    (outcome, late)
}

#[tokio::test]
async fn an_attempt_across_a_pause_says_nothing_whatever_it_saw() {
    let pause = (Duration::from_secs(12), 1);
    let module = Module { patience: Duration::from_secs(1), ..hasty(http()) };
    for answer in ["hello", ""] {
        let (outcome, late) = ask_while_we_lose(&module, pause, answer).await;
        assert_eq!((outcome.end, late), (End::Unknown(OwnSide::Paused), None), "{answer}");
    }
}

#[tokio::test]
async fn a_target_that_is_silent_for_the_whole_timeout_fails_also_where_we_lost_some_time() {
    let module = hasty(http());
    let lost = module.timeout / 2;
    let (outcome, _) = ask_while_we_lose(&module, (lost, 0), "").await;
    assert_eq!(outcome.end, TIMED_OUT);
    assert!(outcome.duration >= module.timeout + lost, "it is waited for as long as we did not look");
}

#[tokio::test]
async fn silence_in_time_that_we_have_mostly_lost_says_nothing() {
    let module = hasty(http());
    let (outcome, _) = ask_while_we_lose(&module, (module.timeout, 0), "").await;
    assert_eq!(outcome.end, End::Unknown(OwnSide::Overrun));
    assert!(outcome.http.is_none());
}

#[tokio::test]
async fn what_is_lost_is_ours_only_where_it_may_have_made_the_difference() {
    let module = Module { timeout: Duration::from_secs(10), ..http() };
    let overrun = End::Unknown(OwnSide::Overrun);
    // Milliseconds: how long it took, what of it was lost.
    let table = [
        (End::Reply, 10_500, 0, End::Reply),
        (End::Reply, 10_500, 499, End::Reply),
        (End::Reply, 10_500, 500, overrun.clone()),
        (End::Reply, 9_000, 8_000, End::Reply),
        (REFUSED, 10, 10, REFUSED),
        (TIMED_OUT, 10_000, 0, TIMED_OUT),
        (TIMED_OUT, 12_000, 5_999, TIMED_OUT),
        (TIMED_OUT, 12_000, 6_000, overrun),
        (End::Unknown(OwnSide::Fd), 12_000, 6_000, End::Unknown(OwnSide::Fd)),
    ];
    for (end, took, lost, expected) in table {
        let pulse = Pulse::default();
        let awake = Awake::begin(&Dialer::asking(&[]).with_pulse(pulse.clone()));
        pulse.lose(Duration::from_millis(lost), 0);
        let outcome = Outcome::bare(SystemTime::UNIX_EPOCH, Duration::from_millis(took), end.clone());
        assert_eq!(
            awake.attest(&module, outcome).end,
            expected,
            "{end:?}, {took} ms, {lost} ms of them lost"
        );
    }
}
