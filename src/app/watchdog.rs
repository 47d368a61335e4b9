//! Whether all is well with us: the alert `Watchdog` says so for as long as it is true, and the service
//! manager is told that we live. Neither is a timer that would go on by itself: both are withheld when the
//! schedule, the sinks or the controls of our own make no progress.
//!
//! The controls are two ports of loopback, asked as any target is: one that answers, and one that refuses.
//! Whoever finds the first shut or the second open judges wrongly.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sd_notify::watchdog_enabled;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tracing::{info, warn};

use crate::cause::{Cause, Judged, Verdict};
use crate::dial::Dialer;
use crate::engine::OwnFinding;
use crate::labels::Labels;
use crate::spec::{DialSpec, Module, Prober, TcpSpec, TlsSpec};
use crate::target::Target;

use super::supervisor;

/// What a round of the controls has shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// Of the port that answers.
    good: Verdict,
    /// Of the port that refuses.
    bad: Verdict,
}

/// What the watchdog goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// How long the target that waits longest has been due.
    pub(super) lag: Duration,
    /// How long ago the slowest sink looked for something to do.
    pub(super) sinks: Duration,
}

/// Keeps what was seen of ourselves.
#[derive(Debug)]
pub(super) struct Watchdog {
    /// The last round of the controls that could be carried out.
    told: Option<(Instant, Round)>,
    /// When the controls last came back, whatever they said.
    back: Instant,
    well: Option<Result<(), String>>,
    period: Duration,
    next: Instant,
    tells_manager: bool,
}

impl Watchdog {
    /// Nothing is known yet, and that we live is believed for a while.
    pub(super) fn new() -> Self {
        let asked = watchdog_enabled();
        let now = Instant::now();
        Self {
            told: None,
            back: now,
            well: None,
            period: asked.map_or(LOOK, |it| LOOK.min(it / 2)),
            next: now,
            tells_manager: asked.is_some(),
        }
    }

    /// When to look next.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// The controls came back.
    pub(super) fn came_back(&mut self, round: Round) {
        let now = Instant::now();
        self.back = now;
        match (round.good, round.bad) {
            // What cannot be told moves nothing.
            (Verdict::Unknown(_), _) | (_, Verdict::Unknown(_)) => {}
            (Verdict::Success | Verdict::Failure(..), Verdict::Success | Verdict::Failure(..)) => {
                self.told = Some((now, round));
                self.next = now;
            }
        }
    }

    /// We stood still: what is old is so for that reason, and gets as much time again.
    pub(super) fn paused(&mut self) {
        let now = Instant::now();
        self.back = now;
        if let Some((at, _)) = &mut self.told {
            *at = now;
        }
    }

    /// Looks, and tells the service manager. What the alert says now, where that is something else than
    /// before.
    pub(super) fn look(&mut self, progress: Progress) -> Option<Vec<OwnFinding>> {
        let now = Instant::now();
        self.next = now + self.period;
        let lives = now - self.back < CONTROLS_WITHIN && progress.sinks < SINKS_WITHIN;
        if lives && self.tells_manager {
            supervisor::alive();
        }
        let told = self.told.map(|(at, round)| (now - at, round));
        let well = verdict(told, progress);
        if self.well.as_ref().map(Result::is_ok) == Some(well.is_ok()) {
            return None;
        }
        match &well {
            Ok(()) => info!("all is well with the prober"),
            // At the beginning nothing is known.
            Err(_) if self.well.is_none() => {}
            Err(why) => warn!(why, "all is not well with the prober: the alert Watchdog is withheld"),
        }
        let found = well.is_ok().then(all_is_well);
        self.well = Some(well);
        Some(found.into_iter().collect())
    }
}

/// Whether all is well, or what is not. `told` is the age of the last round of the controls, and the round.
fn verdict(told: Option<(Duration, Round)>, progress: Progress) -> Result<(), String> {
    let Some((age, Round { good, bad })) = told else {
        return Err("the controls on loopback have not come back yet".to_owned());
    };
    let seconds = |it: Duration| it.as_secs();
    if age >= CONTROLS_WITHIN {
        return Err(format!("the controls on loopback said nothing for {} s", seconds(age)));
    }
    if good != Verdict::Success {
        return Err(format!("a port of loopback that answers was found {}", good.cause_name()));
    }
    if !matches!(bad, Verdict::Failure(Cause::ConnectRefused, _)) {
        let found = if bad == Verdict::Success { "open" } else { bad.cause_name() };
        return Err(format!("a port of loopback that refuses was found {found}"));
    }
    if progress.lag >= LAG_WITHIN {
        return Err(format!("a target has been due for {} s and is not asked", seconds(progress.lag)));
    }
    if progress.sinks >= SINKS_WITHIN {
        return Err(format!("a sink has stood still for {} s", seconds(progress.sinks)));
    }
    Ok(())
}

/// What the alert says.
fn all_is_well() -> OwnFinding {
    OwnFinding {
        labels: [("severity", "none")].into_iter().collect(),
        summary: "this prober is well: the alert fires for as long as that is so".to_owned(),
        description: "targets are asked when they are due, notifications go out, and of two ports of loopback the \
                      one that answers is found open and the other shut\nwho does not hear this alert any more \
                      is not warned of anything else either: look after the prober, its log says what stands still"
            .to_owned(),
    }
}

/// Asks the controls again and again until `stop` comes. Where loopback cannot be had, it says nothing, and
/// the watchdog is withheld.
pub(super) async fn keep_asking(dialer: Dialer, rounds: mpsc::Sender<Round>, stop: impl Future<Output = ()>) {
    let ask = async {
        match Controls::open() {
            Ok(controls) => controls.ask_on(&dialer, rounds).await,
            Err(error) => warn!(%error, "there are no controls on loopback: the alert Watchdog is withheld"),
        }
    };
    tokio::select! {
        () = ask => {}
        () = stop => {}
    }
}

/// The two ports.
struct Controls {
    good: TcpListener,
    /// Bound, so that nobody else opens it, and not listening.
    bad: TcpSocket,
    module: Module,
}

impl Controls {
    fn open() -> std::io::Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (good, bad) = (TcpSocket::new_v4()?, TcpSocket::new_v4()?);
        good.bind(any)?;
        bad.bind(any)?;
        let (dial, starttls) = (DialSpec::default(), TlsSpec::default());
        let prober = Prober::Tcp(TcpSpec { dial, tls: None, starttls, query_response: Vec::new() });
        let module = Module {
            name: Arc::from("loopback"),
            timeout: ANSWER_WITHIN,
            patience: ANSWER_WITHIN,
            connect_timeout: None,
            prober,
        };
        Ok(Self { good: good.listen(BACKLOG)?, bad, module })
    }

    async fn ask_on(self, dialer: &Dialer, rounds: mpsc::Sender<Round>) {
        let addresses = (self.good.local_addr(), self.bad.local_addr());
        let (Ok(good), Ok(bad)) = addresses else { return };
        let target = |it: SocketAddr| Target::new(&it.to_string(), &Labels::default());
        let (good, bad) = (target(good), target(bad));
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let round = Round { good: self.ask(dialer, &good).await, bad: self.ask(dialer, &bad).await };
            // Whoever has connected is let go.
            while timeout(Duration::ZERO, self.good.accept()).await.is_ok_and(|it| it.is_ok()) {}
            if rounds.send(round).await.is_err() {
                return;
            }
        }
    }

    async fn ask(&self, dialer: &Dialer, target: &Target) -> Verdict {
        let (outcome, _) = crate::probe::ask(dialer, &self.module, target).await;
        Judged::new(&self.module, outcome).verdict
    }
}

/// How often we look whether all is well, at the least.
const LOOK: Duration = Duration::from_secs(5);
const EVERY: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const CONTROLS_WITHIN: Duration = Duration::from_secs(30);
const LAG_WITHIN: Duration = Duration::from_mins(1);
const SINKS_WITHIN: Duration = Duration::from_secs(30);
const BACKLOG: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{OwnSide, Phase};

    const REFUSED: Verdict = Verdict::Failure(Cause::ConnectRefused, Phase::Connect);
    const WELL: Round = Round { good: Verdict::Success, bad: REFUSED };

    fn secs(it: u64) -> Duration {
        Duration::from_secs(it)
    }

    #[test]
    fn all_is_well_while_everything_makes_progress_and_at_no_other_time() {
        let told = |age, good, bad| Some((secs(age), Round { good, bad }));
        let fine = told(12, Verdict::Success, REFUSED);
        // What the controls said, the lag, the slowest sink, a word of what is wrong.
        let table = [
            (fine, 59, 29, ""),
            (None, 0, 0, "not come back"),
            (told(30, Verdict::Success, REFUSED), 0, 0, "nothing for 30 s"),
            (told(0, REFUSED, REFUSED), 0, 0, "found connect_refused"),
            (told(0, Verdict::Success, Verdict::Success), 0, 0, "found open"),
            (fine, 60, 0, "due for 60 s"),
            (fine, 0, 30, "stood still for 30 s"),
        ];
        for (told, lag, sinks, wrong) in table {
            let progress = Progress { lag: secs(lag), sinks: secs(sinks) };
            let said = verdict(told, progress).err().unwrap_or_default();
            assert!(said.contains(wrong) && said.is_empty() == wrong.is_empty(), "{said:?}, not {wrong:?}");
        }
    }

    #[test]
    fn the_alert_begins_once_ends_once_and_what_cannot_be_told_moves_nothing() {
        let progress = |lag| Progress { lag: secs(lag), sinks: secs(0) };
        let mut it = Watchdog::new();
        assert_eq!(it.look(progress(0)), Some(Vec::new()));
        it.came_back(WELL);
        assert_eq!(it.look(progress(0)).map(|it| it.len()), Some(1));
        assert_eq!(it.look(progress(0)), None);
        it.came_back(Round { good: Verdict::Unknown(OwnSide::Paused), bad: REFUSED });
        assert_eq!(it.look(progress(0)), None);
        assert_eq!(it.look(progress(100)), Some(Vec::new()));
        it.came_back(WELL);
        assert_eq!(it.look(progress(0)).map(|it| it.len()), Some(1));
        it.came_back(Round { good: REFUSED, bad: REFUSED });
        assert_eq!(it.look(progress(0)), Some(Vec::new()));
    }

    #[tokio::test]
    async fn of_the_two_ports_one_answers_and_one_refuses_again_and_again() {
        let controls = Controls::open().unwrap();
        let (good, bad) = (controls.good.local_addr().unwrap(), controls.bad.local_addr().unwrap());
        let target = |it: SocketAddr| Target::new(&it.to_string(), &Labels::default());
        let dialer = Dialer::asking(&[]);
        for _ in 0..3 {
            assert_eq!(controls.ask(&dialer, &target(good)).await, Verdict::Success);
            assert_eq!(controls.ask(&dialer, &target(bad)).await, REFUSED);
        }
    }
}
