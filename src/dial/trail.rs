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
use crate::outcome::{
    Conversation, DnsFacts, End, Fault, FaultKind, GrpcFacts, HttpFacts, IcmpFacts, Outcome, OwnSide,
    PathFacts, Phase, Phases, Series, TlsFacts,
};

/// The trail of one attempt. Clones lead to the same one.
#[derive(Clone, Debug)]
pub(crate) struct Trail(Arc<Mutex<Notes>>);

/// What was seen on the way, as [`Outcome`] has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
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
    /// What a question to a name server showed.
    pub dns: Option<DnsFacts>,
    /// What an echo request showed.
    pub icmp: Option<IcmpFacts>,
    /// What a health check of gRPC showed.
    pub grpc: Option<GrpcFacts>,
    /// What was found of the way.
    pub path: Option<PathFacts>,
    /// What Prometheus answered, or why it did not.
    pub series: Option<Result<Arc<[Series]>, String>>,
    /// How the last connection ended, where it did so before we let go of it.
    pub broken: Option<Break>,
}

/// How the other side let go of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
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
    /// What we do for ourselves just now, and what it means if our time runs out over it.
    own: Option<OwnSide>,
    seen: Seen,
}

impl Trail {
    /// Begins now, with resolving.
    pub(crate) fn begin() -> Self {
        Self(Arc::new(Mutex::new(Notes::new(SystemTime::now(), Instant::now()))))
    }

    /// When it began.
    pub(crate) fn begun(&self) -> Instant {
        self.notes().begun
    }

    /// The running phase ends now, and `phase` begins.
    pub(crate) fn enter(&self, phase: Phase) {
        self.notes().enter(phase, Instant::now());
    }

    /// From now on we have something to do that the target has no part in. If the time runs out over
    /// it, the attempt ends with `own`.
    pub(crate) fn enter_own(&self, own: OwnSide) {
        self.notes().own = Some(own);
    }

    /// That is done.
    pub(crate) fn leave_own(&self) {
        self.notes().own = None;
    }

    /// A byte of the answer is here: waiting for it is over, if it was waited for.
    pub(crate) fn first_byte(&self) {
        self.notes().first_byte(Instant::now());
    }

    /// Writes down what was seen.
    pub(crate) fn note(&self, write: impl FnOnce(&mut Seen)) {
        write(&mut self.notes().seen);
    }

    /// Writes down what an HTTP answer showed.
    pub(crate) fn note_http(&self, write: impl FnOnce(&mut HttpFacts)) {
        self.note(|seen| write(seen.http.get_or_insert_default()));
    }

    /// What the last handshake showed so far.
    pub(crate) fn tls(&self) -> Option<TlsFacts> {
        self.notes().seen.tls.clone()
    }

    /// How the last connection ended.
    pub(crate) fn broken(&self) -> Option<Break> {
        self.notes().seen.broken
    }

    /// The end of an attempt that ran into `trouble` in the phase that is running.
    pub(crate) fn end(&self, trouble: impl Into<Trouble>) -> End {
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
    pub(crate) fn outcome(&self, end: End) -> Outcome {
        self.notes().outcome(end, Instant::now())
    }

    /// What was seen by an attempt whose time is up now, in the phase that is running.
    pub(crate) fn cut_off(&self) -> Outcome {
        self.notes().cut_off(Instant::now())
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().expect("nobody panics while writing down")
    }
}

impl Notes {
    fn new(at: SystemTime, now: Instant) -> Self {
        Self {
            at,
            begun: now,
            since: now,
            phase: Phase::Resolve,
            phases: Phases::default(),
            own: None,
            seen: Seen::default(),
        }
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        self.phases.add(self.phase, now - self.since);
        self.since = now;
        self.phase = phase;
    }

    fn first_byte(&mut self, now: Instant) {
        if self.phase == Phase::Processing {
            self.enter(Phase::Transfer, now);
        }
    }

    fn cut_off(&self, now: Instant) -> Outcome {
        let fault = End::Fault(Fault { phase: self.phase, kind: FaultKind::TimedOut });
        self.outcome(self.own.map_or(fault, End::Unknown), now)
    }

    fn outcome(&self, end: End, now: Instant) -> Outcome {
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
            dns: seen.dns,
            icmp: seen.icmp,
            grpc: seen.grpc,
            path: seen.path,
            series: seen.series,
            end,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_phases_add_up_to_the_duration_and_the_cut_names_the_running_one() {
        let begun = Instant::now();
        let after = |milliseconds| begun + Duration::from_millis(milliseconds);
        let mut notes = Notes::new(SystemTime::UNIX_EPOCH, begun);
        notes.enter(Phase::Connect, after(3));
        notes.enter(Phase::Processing, after(8));
        notes.first_byte(after(15));
        notes.first_byte(after(20));
        let outcome = notes.cut_off(after(26));
        assert_eq!(outcome.phases.of(Phase::Processing), Duration::from_millis(7));
        assert_eq!(outcome.phases.of(Phase::Transfer), Duration::from_millis(11));
        assert_eq!(outcome.phases.total(), outcome.duration);
        assert_eq!(outcome.end, End::Fault(Fault { phase: Phase::Transfer, kind: FaultKind::TimedOut }));
        let later = notes.outcome(End::Reply, after(30));
        assert_eq!(later.phases.of(Phase::Transfer), Duration::from_millis(15), "a picture stops no watch");
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
