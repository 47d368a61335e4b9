use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::lab::{Server, Talk, ask_on, hasty, http, page, switch};
use crate::outcome::{End, Fault, FaultKind, Late, Phase};
use crate::spec::Module;

fn patient(patience: Duration) -> Module {
    Module { patience, ..hasty(http()) }
}

const TIMED_OUT: End = End::Fault(Fault { phase: Phase::Processing, kind: FaultKind::TimedOut });

/// A server that waits for the switch and then does `rest`.
async fn waiting<F>(
    rest: impl Fn(Talk) -> F + Send + Sync + 'static,
) -> (Server, tokio::sync::mpsc::UnboundedSender<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (on, waiting) = switch();
    let rest = Arc::new(rest);
    let server = Server::new(move |mut talk| {
        let (waiting, rest) = (Arc::clone(&waiting), Arc::clone(&rest));
        async move {
            talk.read_head().await;
            waiting.lock().await.recv().await;
            rest(talk).await;
        }
    })
    .await;
    (server, on)
}

#[tokio::test]
async fn an_answer_after_the_timeout_amends_the_verdict_over_the_same_connection() {
    let (server, on) = waiting(|mut talk| async move {
        talk.stream.write_all(&page("", "late")).await.unwrap();
        talk.until_closed().await;
    })
    .await;
    let module = patient(Duration::from_secs(30));
    let (outcome, late) = ask_on(&module, &server.url(), || on.send(()).unwrap()).await;
    assert_eq!(outcome.end, TIMED_OUT);
    let Some(Late::Answered { after, status: Some(200), body_bytes: 4 }) = late else {
        panic!("{late:?}");
    };
    assert!(after >= outcome.duration);
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn a_mute_server_is_silent_until_our_patience_ends() {
    let (server, _on) = waiting(|_| async {}).await;
    let module = patient(Duration::from_millis(300));
    let (outcome, late) = ask_on(&module, &server.url(), || {}).await;
    assert_eq!(outcome.end, TIMED_OUT);
    assert!(matches!(late, Some(Late::Silent { waited }) if waited >= module.patience), "{late:?}");
}

#[tokio::test]
async fn a_server_that_hangs_up_after_the_timeout_has_failed_late() {
    let (server, on) = waiting(|_| async {}).await;
    let module = patient(Duration::from_secs(30));
    let (outcome, late) = ask_on(&module, &server.url(), || on.send(()).unwrap()).await;
    assert_eq!(outcome.end, TIMED_OUT);
    let reset = Fault { phase: Phase::Processing, kind: FaultKind::Reset };
    assert!(matches!(late, Some(Late::Failed { fault, .. }) if fault == reset), "{late:?}");
}

#[tokio::test]
async fn an_answer_in_time_leaves_nothing_to_wait_for() {
    let server = Server::answering(page("", "")).await;
    let (outcome, late) = ask_on(&patient(Duration::from_secs(30)), &server.url(), || {}).await;
    assert_eq!((outcome.end, late), (End::Reply, None));
}

#[tokio::test]
async fn an_attempt_that_is_dropped_closes_its_connection() {
    let (came, mut coming) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::new(move |mut talk| {
        let came = came.clone();
        async move {
            talk.read_head().await;
            came.send(()).unwrap();
            talk.until_closed().await;
        }
    })
    .await;
    let (module, url) = (http(), server.url());
    tokio::select! {
        _ = ask_on(&module, &url, || {}) => panic!("nobody answers"),
        _ = coming.recv() => {}
    }
    server.deserted().await;
}
