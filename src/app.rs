//! The daemon: one loop that owns the engine, and the edges around it. Whatever happens comes to the
//! loop as an event; what the engine wants done goes out to the crew and the sinks.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};
use url::Url;

use crate::config::{self, Overrides};
use crate::dial::{Dialer, Pause, Pulse, Vigil};
use crate::engine::{Effect, Engine, Event, OwnAlert, Settings, Snapshot, Spread};
use crate::moment::Moment;
use crate::notification::Notification;
use crate::prometheus::Prometheus;
use crate::serve::{Front, OwnMetrics, Probing, SnapshotRequest, serve};
use crate::store::{Change, Saved, StoreFailed};

mod crew;
mod descriptor;
mod door;
mod errand;
mod hearsay;
mod journal;
mod keeper;
mod mishap;
mod port;
mod signal;
mod supervisor;
mod teller;
mod watchdog;

use crew::Crew;
pub use door::Door;
use errand::Errands;
use journal::Journal;
use keeper::Keeper;
pub use port::Port;
use teller::{Teller, Workshop};
use watchdog::{Progress, Round, Watchdog};

/// How the daemon is started.
#[derive(Debug)]
pub struct Options {
    /// The folder with `probes.d` and `targets`.
    pub config_dir: PathBuf,
    /// The settings' file; none: `fingerpost.yaml` of the folder, where there is one.
    pub config_file: Option<PathBuf>,
    /// What flags say over the settings.
    pub overrides: Overrides,
    /// Where our server listens, and who may come in.
    pub port: Port,
    /// Whether `POST /-/reload` is taken.
    pub lifecycle: bool,
    /// The most attempts that are under way at once; the limit of file descriptors may allow fewer.
    pub concurrency: usize,
    /// The folder for what must outlive the process; none: nothing does.
    pub storage: Option<PathBuf>,
    /// How `/probe` is set up.
    pub door: Door,
    /// Shorter times than the drop-ins say, for a demonstration.
    pub pace: Option<Pace>,
    /// Gets every notification as well.
    pub tap: Option<mpsc::UnboundedSender<Notification>>,
    /// Gets the addresses that are listened on, once they are.
    pub started: Option<oneshot::Sender<Vec<SocketAddr>>>,
}

/// Shorter times. No timeout is ever shortened.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Every probe's interval.
    pub interval: Duration,
    /// Every alert's `for`.
    pub hold: Duration,
}

/// Why the daemon could not start.
#[derive(Debug, Error)]
pub enum Failed {
    /// The settings are wrong; every complaint, with its place.
    #[error("the settings are wrong\n{0}")]
    Settings(String),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// As it was asked for.
        address: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// What outlives the process is in use.
    #[error(
        "{0}\nhelp: two daemons cannot share one --storage.path; stop the other one, or give this one a folder of its own"
    )]
    State(StoreFailed),
    /// `--web.config.file` is wrong.
    #[error("the web configuration is wrong\n{0}")]
    Web(String),
    /// `--web.systemd-socket`, and nobody handed one over.
    #[error(
        "systemd has opened no socket for us: start it by its socket unit, or without --web.systemd-socket"
    )]
    NoSocket,
    /// Signals cannot be waited for.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
}

/// Runs until SIGTERM or SIGINT. Nothing is resolved because it stops: what the Alertmanagers have
/// not heard yet is told to them within [`FLUSH_WITHIN`], and that is all.
///
/// # Errors
///
/// Where it cannot start. Once it runs, nothing from outside ends it but a signal.
pub async fn run(options: Options) -> Result<(), Failed> {
    let own = OwnMetrics::new(env!("CARGO_PKG_VERSION"));
    let (tell_ways, ways) = watch::channel(Arc::default());
    let keeper = Keeper::open(&options, own.clone(), tell_ways)?;
    let settings = keeper.settings().clone();
    let mut signals = signal::Signals::new().map_err(Failed::Signals)?;
    let gate = options.port.gate()?;
    let listeners = options.port.listeners().await?;

    let pulse = Pulse::default();
    let dialer = Dialer::system().with_prometheus(settings.prometheus.clone()).with_pulse(pulse.clone());
    let (events, inbox) = mpsc::unbounded_channel();
    let (looks, questions) = mpsc::channel(LOOKS_MAX);
    let (wishes, reloads) = mpsc::channel(LOOKS_MAX);
    let (ready, is_ready) = watch::channel(false);
    let (stop, stopped) = watch::channel(false);
    let (told, changes) = watch::channel(settings.clone());

    let mut edges = JoinSet::new();
    let front = Front {
        ask: looks,
        own: own.clone(),
        ready: is_ready,
        reload: options.lifecycle.then_some(wishes.clone()),
        probing: Probing::new(options.door.settings, ways, door::asker(&dialer, &options.door, &changes)),
    };
    let addresses = listeners.iter().filter_map(|it| it.local_addr().ok()).collect::<Vec<_>>();
    for listener in listeners {
        let (gate, prefix) = (gate.clone(), options.port.prefix.clone());
        edges.spawn(serve(listener, front.clone(), gate, prefix, raised(stopped.clone())));
    }
    info!(addresses = ?addresses, "listening");
    let port = addresses.first().map_or(0, SocketAddr::port);
    if let Some(started) = options.started {
        let _nobody_waits = started.send(addresses);
    }
    edges.spawn(pulse.clone().beat(raised(stopped.clone())));
    let (rounds, controls) = mpsc::channel(1);
    edges.spawn(watchdog::keep_asking(dialer.clone(), rounds, raised(stopped.clone())));
    let page = own_page(port);
    let (journal, saved) =
        Journal::open(options.storage.as_deref(), &own, &events).await.map_err(Failed::State)?;
    let workshop = Workshop { dialer: &dialer, own: &own, journal: &journal, edges: &mut edges };
    let teller = Teller::start(&settings, page, options.tap, workshop);
    edges.spawn(keeper.keep(reloads, events.clone(), told, ready, raised(stopped.clone())));
    let heard = events.clone();
    edges.spawn(hearsay::listen(changes.clone(), dialer.clone(), heard, raised(stopped)));

    let engine = Engine::new(
        Settings {
            seed: SEED,
            concurrency: descriptor::places(options.concurrency),
            base_url: settings.runbook_base_url.clone(),
            spread: Spread::ByHash,
        },
        Moment::start(SystemTime::now()),
    );
    let prometheus = settings.prometheus.map(|it| Prometheus::new(it, dialer.clone()));
    let errands = Errands::new(dialer.clone(), prometheus, own.clone());
    let crew = Crew::new(dialer.clone(), own.clone(), events);
    let (vigil, watchdog, begun) = (pulse.watch(), Watchdog::new(), Instant::now());
    let mut daemon =
        Daemon { engine, crew, errands, journal, teller, own, vigil, watchdog, controls, dialer, begun };
    if let Some(saved) = saved {
        daemon.recall(saved);
    }
    daemon.run(inbox, questions, wishes, changes, &mut edges, &mut signals).await;

    daemon.stop(&stop, edges).await;
    Ok(())
}

/// The loop's own state. Nobody else touches it.
struct Daemon {
    engine: Engine,
    crew: Crew,
    errands: Errands,
    journal: Journal,
    teller: Teller,
    own: OwnMetrics,
    /// Tells of pauses, before anything that came in meanwhile is handled.
    vigil: Vigil,
    watchdog: Watchdog,
    /// What the watchdog goes by.
    controls: mpsc::Receiver<Round>,
    dialer: Dialer,
    begun: Instant,
}

impl Daemon {
    async fn run(
        &mut self,
        mut inbox: mpsc::UnboundedReceiver<Event>,
        mut questions: mpsc::Receiver<SnapshotRequest>,
        reload: mpsc::Sender<crate::serve::ReloadRequest>,
        mut changes: watch::Receiver<config::Settings>,
        edges: &mut JoinSet<()>,
        signals: &mut signal::Signals,
    ) {
        loop {
            let wakeup = self.engine.next_wakeup().map(|it| self.begun + it);
            tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    signal::Signal::Stop => return,
                    signal::Signal::Reload => {
                        let (answer, _heard_in_the_log) = oneshot::channel();
                        let _one_is_waiting_already = reload.try_send(answer);
                    }
                },
                Ok(()) = changes.changed() => {
                    let settings = changes.borrow_and_update().clone();
                    self.change(&settings, edges);
                }
                Some(event) = inbox.recv() => self.handle(event),
                news = self.journal.next() => self.tell(news),
                event = self.errands.next() => self.handle(event),
                lost = self.crew.lost() => self.handle(lost),
                Some(question) = questions.recv() => {
                    let _gone = question.send(Arc::new(self.picture()));
                }
                Some(round) = self.controls.recv() => self.watchdog.came_back(round),
                () = sleep_until(self.watchdog.next()) => self.look_at_ourselves(),
                () = at(wakeup) => self.handle(Event::Woken),
            }
        }
    }

    fn handle(&mut self, event: Event) {
        if let Some(Pause { stood, lasted }) = self.vigil.take_pause() {
            warn!(seconds = lasted.as_secs_f64(), "we stood still; what was under way says nothing");
            self.own.paused(lasted);
            self.carry_out(Event::Paused { stood, lasted });
            self.teller.tell_again();
            self.watchdog.paused();
        }
        self.carry_out(event);
    }

    fn carry_out(&mut self, event: Event) {
        let now = self.now();
        let event = self.teller.without_ours(event, now);
        let (mut changes, mut news) = (Vec::new(), Vec::new());
        for effect in self.engine.handle(now, event) {
            match effect {
                Effect::Probe(attempt) => {
                    self.own.attempt_started(now.up.saturating_sub(attempt.due));
                    self.crew.start(attempt, now.up);
                }
                Effect::Check(order) => self.errands.check(order),
                Effect::Ask(order) => self.errands.ask(order),
                Effect::Remember(record) => changes.push(Change::Alert(record)),
                Effect::Notify(notification) => {
                    changes.extend(self.teller.owed(&notification));
                    news.push(notification);
                }
            }
        }
        self.journal.enter(changes, news);
        mishap::tell(&self.engine.take_mishaps(now));
    }

    /// Other settings hold from now on.
    fn change(&mut self, settings: &config::Settings, edges: &mut JoinSet<()>) {
        let dialer = self.dialer.clone().with_prometheus(settings.prometheus.clone());
        self.dialer = dialer.clone();
        self.crew.dial_with(dialer.clone());
        let prometheus = settings.prometheus.clone();
        self.errands.ask_of(prometheus.map(|it| Prometheus::new(it, dialer.clone())));
        let now = self.now();
        self.teller.change(
            settings,
            Workshop { dialer: &dialer, own: &self.own, journal: &self.journal, edges },
            now,
        );
    }

    fn tell(&mut self, news: Vec<Notification>) {
        let now = self.now();
        for it in news {
            self.teller.tell(it, now);
        }
    }

    /// Goes on where the process before stopped.
    fn recall(&mut self, saved: Saved) {
        let Saved { remembered, owed, last_alive } = saved;
        let told = remembered.iter().filter_map(|it| it.told.clone());
        // Ends first: the same labels may fire again by now.
        self.teller.go_on(owed.into_iter().chain(told).collect(), self.now());
        self.handle(Event::Recall { remembered, last_alive });
    }

    /// Tells what is still to be told, and waits for those who carry it.
    async fn stop(mut self, stop: &watch::Sender<bool>, mut edges: JoinSet<()>) {
        info!("stopping");
        supervisor::stopping();
        let rest = self.journal.rest().await;
        self.tell(rest);
        drop(self);
        stop.send_replace(true);
        let all_ended = async { while edges.join_next().await.is_some() {} };
        if tokio::time::timeout(FLUSH_WITHIN + GRACE, all_ended).await.is_err() {
            warn!("some work did not end in time");
        }
    }

    /// Whether all is well: whoever waits for the alert that says so hears of a change.
    fn look_at_ourselves(&mut self) {
        let progress = Progress { lag: self.engine.lag(self.now()), sinks: self.teller.slowest() };
        if let Some(found) = self.watchdog.look(progress) {
            self.handle(Event::Ourselves { alert: OwnAlert::Watchdog, found });
        }
    }

    fn picture(&self) -> Snapshot {
        self.engine.snapshot(self.now())
    }

    fn now(&self) -> Moment {
        Moment { up: self.begun.elapsed(), wall: SystemTime::now() }
    }
}

/// Our page, by this host's name.
fn own_page(port: u16) -> Url {
    let host = nix::unistd::gethostname().ok().and_then(|it| it.into_string().ok());
    let named = host.and_then(|it| Url::parse(&format!("http://{it}:{port}/")).ok());
    named.unwrap_or_else(|| {
        Url::parse(&format!("http://localhost:{port}/")).expect("a host, a port and a path make a URL")
    })
}

/// Waits until that instant; where there is none, for ever.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(it) => sleep_until(it).await,
        None => std::future::pending().await,
    }
}

/// Waits until the flag is up, or nobody is left to raise it.
async fn raised(mut flag: watch::Receiver<bool>) {
    let _nobody_left = flag.wait_for(|it| *it).await;
}

/// How long what is unheard is told to the Alertmanagers when the daemon stops.
pub const FLUSH_WITHIN: Duration = Duration::from_secs(8);
/// For what ends by itself thereafter.
const GRACE: Duration = Duration::from_secs(2);
/// The most who wait for a picture at once.
const LOOKS_MAX: usize = 64;
/// Where the spread of first attempts begins. It is the same at every start, so that a target keeps
/// its place in the interval.
const SEED: u64 = 0;
