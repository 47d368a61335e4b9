//! What one attempt has seen so far, and the stopwatch of its phases.
//!
//! The attempt writes here as it goes: its own steps, the sockets it opened, the verifier of its
//! handshake. When the time is up, whoever waits for it takes a picture, and the attempt may go on.
//! Hence the lock: it is held for a few assignments, and never across an `await`.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use tokio::time::Instant;

use super::fault::Trouble;
use crate::exposition::{Flaw, Summary};
use crate::outcome::{Conversation, End, Fault, FaultKind, HttpFacts, Outcome, Phase, Phases, TlsFacts};

/// The trail of one attempt. Clones lead to the same one.
#[derive(Clone, Debug)]
pub struct Trail(Arc<Mutex<Notes>>);

/// What was seen on the way, as [`Outcome`] has it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The address that was dialled last.
    pub peer: Option<std::net::SocketAddr>,
    /// What the last TLS handshake showed.
    pub tls: Option<TlsFacts>,
    /// What the last HTTP answer showed.
    pub http: Option<HttpFacts>,
    /// What stood in the exposition.
    pub exposition: Option<Result<Summary, Flaw>>,
    /// What a conversation over TCP showed.
    pub conversation: Option<Conversation>,
    /// How the last connection ended, where it did so before we let go of it.
    pub broken: Option<Break>,
}

/// How the other side let go of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// It has nothing more to say.
    Closed,
    /// Reading or writing failed.
    Failed(Trouble),
}

#[derive(Debug)]
struct Notes {
    at: SystemTime,
    begun: Instant,
    /// When the running phase began.
    since: Instant,
    phase: Phase,
    phases: Phases,
    seen: Seen,
}

impl Trail {
    /// Begins now, with resolving.
    pub fn begin() -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(Notes {
            at: SystemTime::now(),
            begun: now,
            since: now,
            phase: Phase::Resolve,
            phases: Phases::default(),
            seen: Seen::default(),
        })))
    }

    /// When it began.
    pub fn begun(&self) -> Instant {
        self.notes().begun
    }

    /// The running phase ends now, and `phase` begins.
    pub fn enter(&self, phase: Phase) {
        self.notes().enter(phase);
    }

    /// A byte of the answer is here: waiting for it is over, if it was waited for.
    pub fn first_byte(&self) {
        let mut notes = self.notes();
        if notes.phase == Phase::Processing {
            notes.enter(Phase::Transfer);
        }
    }

    /// Writes down what was seen.
    pub fn note(&self, write: impl FnOnce(&mut Seen)) {
        write(&mut self.notes().seen);
    }

    /// Writes down what an HTTP answer showed.
    pub fn note_http(&self, write: impl FnOnce(&mut HttpFacts)) {
        self.note(|seen| write(seen.http.get_or_insert_default()));
    }

    /// How the last connection ended.
    pub fn broken(&self) -> Option<Break> {
        self.notes().seen.broken
    }

    /// The end of an attempt that ran into `trouble` in the phase that is running.
    pub fn end(&self, trouble: impl Into<Trouble>) -> End {
        let phase = self.notes().phase;
        match trouble.into() {
            Trouble::Ours(own) => End::Unknown(own),
            // What the other side says of our handshake may come only when we already wait for the
            // answer; it is about the handshake all the same.
            Trouble::Theirs(kind @ (FaultKind::TlsAlert | FaultKind::Certificate(_)))
                if phase == Phase::Processing =>
            {
                End::Fault(Fault { phase: Phase::Tls, kind })
            }
            Trouble::Theirs(kind) => End::Fault(Fault { phase, kind }),
        }
    }

    /// What was seen by an attempt that ended so, now.
    pub fn outcome(&self, end: End) -> Outcome {
        self.notes().outcome(end)
    }

    /// What was seen by an attempt whose time is up now, in the phase that is running.
    pub fn cut_off(&self) -> Outcome {
        let notes = self.notes();
        notes.outcome(End::Fault(Fault { phase: notes.phase, kind: FaultKind::TimedOut }))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().expect("nobody panics while writing down")
    }
}

impl Notes {
    fn enter(&mut self, phase: Phase) {
        let now = Instant::now();
        self.phases.add(self.phase, now - self.since);
        self.since = now;
        self.phase = phase;
    }

    fn outcome(&self, end: End) -> Outcome {
        let now = Instant::now();
        let mut phases = self.phases;
        phases.add(self.phase, now - self.since);
        let seen = self.seen.clone();
        Outcome {
            at: self.at,
            duration: now - self.begun,
            phases,
            peer: seen.peer,
            tls: seen.tls,
            http: seen.http,
            exposition: seen.exposition,
            conversation: seen.conversation,
            end,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::outcome::OwnSide;

    #[tokio::test(start_paused = true)]
    async fn the_phases_add_up_to_the_duration_and_the_cut_names_the_running_one() {
        let trail = Trail::begin();
        tokio::time::advance(Duration::from_millis(3)).await;
        trail.enter(Phase::Connect);
        tokio::time::advance(Duration::from_millis(5)).await;
        trail.enter(Phase::Processing);
        tokio::time::advance(Duration::from_millis(7)).await;
        trail.first_byte();
        trail.first_byte();
        tokio::time::advance(Duration::from_millis(11)).await;
        let outcome = trail.cut_off();
        assert_eq!(outcome.phases.of(Phase::Processing), Duration::from_millis(7));
        assert_eq!(outcome.phases.of(Phase::Transfer), Duration::from_millis(11));
        assert_eq!(outcome.phases.total(), outcome.duration);
        assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Transfer, kind: FaultKind::TimedOut }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_picture_does_not_stop_the_watch() {
        let trail = Trail::begin();
        let _ = trail.cut_off();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(trail.outcome(End::Reply).phases.of(Phase::Resolve), Duration::from_secs(1));
    }

    #[test]
    fn a_first_byte_outside_of_processing_changes_no_phase() {
        let trail = Trail::begin();
        trail.first_byte();
        assert_eq!(
            trail.end(FaultKind::Reset),
            End::Fault(Fault { phase: Phase::Resolve, kind: FaultKind::Reset })
        );
        assert_eq!(trail.end(OwnSide::Fd), End::Unknown(OwnSide::Fd));
    }
}
