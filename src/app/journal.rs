//! Keeps first, tells then: what people are to hear goes out when what it rests on is on the disk. A
//! thread of its own waits for the disk, and takes together what has come meanwhile.
//!
//! A disk that hangs or takes nothing keeps nobody in the dark: after [`PATIENCE`] what is to be told
//! is told all the same.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc as blocking;
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, info};

use crate::engine::{Event, OwnAlert, OwnFinding};
use crate::labels::Labels;
use crate::notification::{Incident, Notification};
use crate::serve::OwnMetrics;
use crate::store::{Change, Saved, Store, StoreFailed};

/// What is to be told, each with what has to be kept before.
#[derive(Debug)]
pub(super) struct Journal {
    /// None where nothing is kept: then everything is told at once.
    desk: Option<Desk>,
    /// How long the disk is waited for.
    patience: Duration,
    waiting: VecDeque<Waiting>,
    /// The number of what was to be kept last.
    last: u64,
    /// Up to which number all is kept.
    kept: u64,
}

#[derive(Debug)]
struct Desk {
    deeds: blocking::Sender<Deed>,
    written: mpsc::UnboundedReceiver<u64>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    until: Instant,
    news: Vec<Notification>,
}

/// What the thread is to do.
#[derive(Debug)]
enum Deed {
    Write(u64, Vec<Change>),
    /// A sink has heard of an end.
    Heard(Incident, u64),
}

/// Whether what must outlive the process is on the disk; a change is told.
type OnHealth = Box<dyn Fn(Result<(), String>) + Send>;

impl Journal {
    /// Opens what is kept in `folder`; without one nothing is. Another daemon that still has it may be just
    /// about to end: it is waited for.
    ///
    /// # Errors
    ///
    /// The other one goes on.
    pub(super) async fn open(
        folder: Option<&Path>,
        own: &OwnMetrics,
        events: &mpsc::UnboundedSender<Event>,
    ) -> Result<(Self, Option<Saved>), StoreFailed> {
        let Some(folder) = folder else { return Ok((Self::without(), None)) };
        let until = Instant::now() + OTHER_ENDS_WITHIN;
        let (store, failed, saved) = loop {
            let folder = folder.to_owned();
            let opened = tokio::task::spawn_blocking(move || Store::open(&folder, SystemTime::now()));
            match opened.await.expect("opening the state does not panic") {
                Ok(it) => break it,
                Err(_busy) if Instant::now() < until => sleep(LOOK_AGAIN).await,
                Err(busy) => return Err(busy),
            }
        };
        let healthy = failed.is_none();
        let (own, events) = (own.clone(), events.clone());
        let on_health = move |health: Result<(), String>| {
            own.state_saved(health.is_ok());
            let found = health.err().map(|why| not_saved(&why)).into_iter().collect();
            let _stopping = events.send(Event::Ourselves { alert: OwnAlert::ProberStateNotSaved, found });
        };
        if let Some(failed) = failed {
            error!(error = %failed, "the state is not on the disk: after a restart alerts begin anew");
            on_health(Err(failed.to_string()));
        } else {
            on_health(Ok(()));
        }
        Ok((Self::keep(store, healthy, Box::new(on_health)), Some(saved)))
    }

    /// Begins to keep things in `store`; `healthy` is whether the disk took it so far.
    fn keep(store: Store, healthy: bool, on_health: OnHealth) -> Self {
        let (deeds, inbox) = blocking::channel();
        let (done, written) = mpsc::unbounded_channel();
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write_all(store, healthy, &inbox, &done, &on_health))
            .expect("a thread can be started when the daemon is");
        Self::with(Some(Desk { deeds, written }), PATIENCE)
    }

    /// Keeps nothing.
    pub(super) fn without() -> Self {
        Self::with(None, Duration::ZERO)
    }

    fn with(desk: Option<Desk>, patience: Duration) -> Self {
        Self { desk, patience, waiting: VecDeque::new(), last: 0, kept: 0 }
    }

    /// What sinks call when they have heard of an end.
    pub(super) fn on_end(&self, ear: u64) -> crate::sink::alertmanager::OnEnd {
        let deeds = self.desk.as_ref().map(|it| it.deeds.clone());
        std::sync::Arc::new(move |incident| {
            if let Some(deeds) = &deeds {
                let _stopping = deeds.send(Deed::Heard(incident, ear));
            }
        })
    }

    /// Lets these changes be kept, and then `news` be told by [`Self::next`].
    pub(super) fn enter(&mut self, changes: Vec<Change>, news: Vec<Notification>) {
        if changes.is_empty() && news.is_empty() {
            return;
        }
        self.last += u64::from(!changes.is_empty());
        let number = self.last;
        if let (Some(desk), false) = (&self.desk, changes.is_empty()) {
            let _ended_by_a_panic = desk.deeds.send(Deed::Write(number, changes));
        }
        if !news.is_empty() {
            self.waiting.push_back(Waiting { number, until: Instant::now() + self.patience, news });
        }
    }

    /// What may be told now, in the order in which it came. Waits until there is something; may be
    /// dropped and asked again.
    pub(super) async fn next(&mut self) -> Vec<Notification> {
        loop {
            let Some(first) = self.waiting.front() else { return std::future::pending().await };
            let (number, until) = (first.number, first.until);
            if number > self.kept {
                self.kept = self.kept_by(until, number).await;
            }
            let ripe = self.waiting.iter().take_while(|it| it.number <= self.kept).count();
            if ripe > 0 {
                return self.waiting.drain(..ripe).flat_map(|it| it.news).collect();
            }
        }
    }

    /// Up to which number all is kept, or has been waited for long enough.
    async fn kept_by(&mut self, until: Instant, number: u64) -> u64 {
        let Some(desk) = &mut self.desk else { return number };
        tokio::select! {
            biased;
            it = desk.written.recv() => it.unwrap_or_else(|| {
                // The thread is gone by a mistake of ours: nothing is kept any more.
                self.desk = None;
                u64::MAX
            }),
            () = sleep_until(until) => number,
        }
    }

    /// What is left to tell, once the disk has taken it or [`PATIENCE`] is over.
    pub(super) async fn rest(&mut self) -> Vec<Notification> {
        let mut rest = Vec::new();
        while !self.waiting.is_empty() {
            rest.extend(self.next().await);
        }
        rest
    }
}

/// What people are told while nothing outlives the process.
fn not_saved(why: &str) -> OwnFinding {
    OwnFinding {
        labels: Labels::default(),
        summary: "the state of the prober is not on the disk".to_owned(),
        description: format!(
            "{why}\nalerts go on from memory; after a restart they would begin anew, and ends that nobody heard be lost\n\
             make room, or let the folder of --storage.path be written; it is tried again every 10 s"
        ),
    }
}

/// Writes until everyone who could want something written is gone.
fn write_all(
    mut store: Store,
    mut healthy: bool,
    inbox: &blocking::Receiver<Deed>,
    done: &mpsc::UnboundedSender<u64>,
    on_health: &OnHealth,
) {
    loop {
        let mut changes = Vec::new();
        let mut number = None;
        let mut take = |deed: Deed| match deed {
            Deed::Write(it, more) => {
                number = Some(it);
                changes.extend(more);
            }
            Deed::Heard(incident, ear) => changes.push(Change::Heard { incident, ear }),
        };
        match inbox.recv_timeout(HEARTBEAT) {
            Ok(deed) => take(deed),
            Err(blocking::RecvTimeoutError::Timeout) if healthy && store.is_empty() => continue,
            Err(blocking::RecvTimeoutError::Timeout) => {}
            Err(blocking::RecvTimeoutError::Disconnected) => return,
        }
        inbox.try_iter().take(TOGETHER_MAX).for_each(take);
        let now = SystemTime::now();
        store.forget_what_is_old(now);
        match (store.write(changes, now), healthy) {
            (Ok(()), true) => {}
            (Ok(()), false) => {
                info!("the state is on the disk again");
                on_health(Ok(()));
                healthy = true;
            }
            (Err(failed), was_healthy) => {
                if was_healthy {
                    error!(error = %failed, "the state is not on the disk; it is kept in memory and tried again");
                }
                on_health(Err(failed.to_string()));
                healthy = false;
            }
        }
        if let Some(number) = number {
            let _stopping = done.send(number);
        }
    }
}

/// How long another daemon is waited for that has the state.
const OTHER_ENDS_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How long the disk is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is noted that we are alive while anything is kept, and a disk that took nothing is
/// tried again.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// The most deeds that are written together.
const TOGETHER_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use tempfile::{TempDir, tempdir};
    use tokio::time::timeout;

    use super::*;
    use crate::engine::{Record, Remembered};
    use crate::rule::Stage;
    use crate::target::TargetId;

    fn news(name: &str) -> Notification {
        let labels: Labels = [("alertname", name)].into_iter().collect();
        Notification {
            labels,
            annotations: BTreeMap::default(),
            starts_at: SystemTime::UNIX_EPOCH,
            ends_at: None,
        }
    }

    fn change(name: &str) -> Change {
        let stage = Stage::Firing { active_at: SystemTime::UNIX_EPOCH, starts_at: SystemTime::UNIX_EPOCH };
        let (labels, told) = (news(name).labels, Some(news(name)));
        let it = Remembered { alert: name.into(), target: TargetId(1), labels, stage, told };
        Change::Alert(Record::Keep(Box::new(it)))
    }

    fn kept(folder: &TempDir) -> Saved {
        Store::open(folder.path(), SystemTime::now()).expect("the journal has let go").2
    }

    fn names(news: &[Notification]) -> Vec<&str> {
        news.iter().map(Notification::name).collect()
    }

    fn journal(folder: &TempDir) -> Journal {
        let (store, failed, _) = Store::open(folder.path(), SystemTime::now()).unwrap();
        assert!(failed.is_none());
        Journal::keep(store, true, Box::new(|_| {}))
    }

    #[tokio::test]
    async fn what_is_told_is_on_the_disk_by_then() {
        let folder = tempdir().unwrap();
        let mut it = journal(&folder);
        it.enter(vec![change("A")], vec![news("A")]);
        it.enter(Vec::new(), vec![news("B")]);
        it.enter(vec![change("C")], Vec::new());
        it.enter(vec![change("D")], vec![news("D")]);
        let mut told = Vec::new();
        while told.len() < 3 {
            told.extend(it.next().await);
        }
        assert_eq!(names(&told), ["A", "B", "D"]);
        // What is on the disk cannot be seen while it is open: a copy of the file is what a crash leaves.
        let crashed = tempdir().unwrap();
        fs::copy(folder.path().join("state.redb"), crashed.path().join("state.redb")).unwrap();
        let alerts = kept(&crashed).remembered.len();
        assert_eq!(alerts, 3);
    }

    #[tokio::test]
    async fn nothing_to_tell_is_waited_for() {
        let folder = tempdir().unwrap();
        let mut it = journal(&folder);
        it.enter(vec![change("A")], Vec::new());
        assert!(timeout(Duration::from_millis(50), it.next()).await.is_err());
        assert!(it.rest().await.is_empty());
    }

    #[tokio::test]
    async fn a_disk_that_hangs_keeps_nobody_in_the_dark() {
        let (deeds, _never_read) = blocking::channel();
        let (_never_done, written) = mpsc::unbounded_channel();
        let desk = Some(Desk { deeds, written });
        let mut it = Journal::with(desk, Duration::from_millis(1));
        it.enter(vec![change("A")], vec![news("A")]);
        assert_eq!(names(&it.next().await), ["A"]);
    }

    #[tokio::test]
    async fn without_a_store_and_after_its_end_everything_is_told_at_once() {
        let mut it = Journal::without();
        it.enter(vec![change("A")], vec![news("A")]);
        assert_eq!(names(&it.next().await), ["A"]);
        let (deeds, _) = blocking::channel();
        let (_, written) = mpsc::unbounded_channel();
        it = Journal::with(Some(Desk { deeds, written }), PATIENCE);
        it.enter(vec![change("B")], vec![news("B")]);
        assert_eq!(names(&it.next().await), ["B"]);
    }
}
