//! Killed at random moments while incidents come and go, the daemon loses none and tells none twice.
//!
//! Targets go down and come back; each does so only when the receiver has heard of the state before, so
//! that the number of outages is known. What the receiver heard must then be exactly that: for each
//! outage one incident with one start and one end, however often it was told. `KILLS` says how many
//! times (`make killstorm`); a few in every test run.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::peer::daemon::Daemon;
use crate::peer::process::{folder, free_address, write};

const DROP_IN: &str = r"
modules:
  connect: { prober: tcp, timeout: 5s }
probes:
  - name: door
    module: connect
    interval: 100ms
    targets:
      file_sd_configs: [{ files: [targets/*.yaml] }]
alerts:
  - alert: DoorShut
    probe: door
    when: target.failing
    for: 20ms
    runbook: https://runbooks.test/doors.html
    steps: [{ step: open-it }]
";

const TARGETS: usize = 5;
const KILLS_IN_TESTS: u64 = 12;
/// Far more than any change takes; reached only when one is lost.
const LIMIT: Duration = Duration::from_mins(1);

/// A door that can be opened and shut.
struct Door {
    address: SocketAddr,
    listener: Option<TcpListener>,
    /// How often it was shut.
    outages: usize,
    /// When it was last shut or opened.
    since: Instant,
}

impl Door {
    fn new() -> Self {
        let address = free_address();
        Self { address, listener: Some(open(address)), outages: 0, since: Instant::now() }
    }

    /// Lets in and out whoever knocked meanwhile.
    fn attend(&self) {
        while self.listener.as_ref().is_some_and(|it| it.accept().is_ok()) {}
    }

    fn is_open(&self) -> bool {
        self.listener.is_some()
    }

    fn turn(&mut self) {
        self.since = Instant::now();
        if self.listener.take().is_some() {
            self.outages += 1;
        } else {
            self.listener = Some(open(self.address));
        }
    }
}

fn open(address: SocketAddr) -> TcpListener {
    let listener = TcpListener::bind(address).expect("the port is still ours");
    listener.set_nonblocking(true).expect("a listener need not block");
    listener
}

/// An alert as it is posted.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Posted {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL", default)]
    _generator_url: String,
}

impl Posted {
    fn seconds(text: &str) -> f64 {
        let at = humantime::parse_rfc3339(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        at.duration_since(std::time::UNIX_EPOCH).expect("we live after 1970").as_secs_f64()
    }
}

/// What was heard of one label set: each start with its end, in the order of the first hearing.
type Story = Vec<(String, Option<String>)>;

/// Takes what is posted, and holds it to what may be.
#[derive(Default)]
struct Receiver {
    stories: Mutex<BTreeMap<String, Story>>,
    faults: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl Receiver {
    fn listen(self: &Arc<Self>) -> SocketAddr {
        let listener = TcpListener::bind(free_address()).expect("the port is free");
        let address = listener.local_addr().expect("it listens");
        let this = Arc::clone(self);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if this.stop.load(Ordering::Relaxed) {
                    return;
                }
                let this = Arc::clone(&this);
                thread::spawn(move || this.answer(&stream));
            }
        });
        address
    }

    /// A sender that is killed in the middle of it has posted nothing.
    fn answer(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            (reader.read_line(&mut head).ok()? > 0).then_some(())?;
        }
        let lower = head.to_ascii_lowercase();
        let mut body = vec![
            0;
            lower.split_once("content-length: ").map_or(0, |(_, it)| {
                it.lines().next().and_then(|it| it.trim().parse().ok()).unwrap_or(0)
            })
        ];
        reader.read_exact(&mut body).ok()?;
        let answer = if head.starts_with("POST /api/v2/alerts ") {
            match serde_json::from_slice::<Vec<Posted>>(&body) {
                Ok(alerts) => alerts.iter().for_each(|it| self.take(it)),
                Err(error) => self.blame(format!("{error}: {}", String::from_utf8_lossy(&body))),
            }
            ""
        } else {
            "[]"
        };
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        )
        .ok()
    }

    fn blame(&self, fault: String) {
        self.faults.lock().expect("nobody panicked").push(fault);
    }

    fn take(&self, it: &Posted) {
        let start = Posted::seconds(&it.starts_at);
        let end = Posted::seconds(&it.ends_at);
        let over = end <= now();
        if end <= start {
            self.blame(format!("it ends before it begins: {it:?}"));
        }
        let about = it.labels.get("instance");
        if about.is_some() && !it.annotations.contains_key("runbook_url") {
            self.blame(format!("it points nowhere: {it:?}"));
        }
        let mut stories = self.stories.lock().expect("nobody panicked");
        let story = stories.entry(about.unwrap_or(&it.labels["alertname"]).clone()).or_default();
        let last = story.len().saturating_sub(1);
        let end = over.then(|| it.ends_at.clone());
        let fault = match story.iter().position(|(start, _)| *start == it.starts_at) {
            None => {
                let before = story.last().is_some_and(|(_, end)| end.is_none());
                story.push((it.starts_at.clone(), end));
                before.then(|| format!("a second start while the first goes on: {it:?}"))
            }
            Some(at) => {
                let known = &mut story[at].1;
                match (&known, &end) {
                    (Some(before), Some(now)) if before != now => {
                        Some(format!("another end than {before}: {it:?}"))
                    }
                    (Some(_), None) => Some(format!("it fires after its end: {it:?}")),
                    (None, Some(_)) if at < last => Some(format!("an older one ends late: {it:?}")),
                    _ => {
                        *known = known.take().or(end);
                        None
                    }
                }
            }
        };
        drop(stories);
        if let Some(fault) = fault {
            self.blame(fault);
        }
    }

    /// Of one door: how many incidents were heard of, and how many of them are over.
    fn tally(&self, door: &Door) -> (usize, usize) {
        let stories = self.stories.lock().expect("nobody panicked");
        let story = stories.get(&door.address.to_string());
        let over = |it: &Story| it.iter().filter(|(_, end)| end.is_some()).count();
        story.map_or((0, 0), |it| (it.len(), over(it)))
    }

    /// Whether all that the door has done was heard, and no more.
    fn knows(&self, door: &Door) -> bool {
        let over = if door.is_open() { door.outages } else { door.outages - 1 };
        self.tally(door) == (door.outages, over)
    }
}

fn now() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("we live after 1970")
        .as_secs_f64()
}

/// Random enough to fall into every gap, and the same for the same seed (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |it| it.parse().unwrap_or_else(|_| panic!("{name}={it} is no number")))
}

#[test]
fn killed_at_random_moments_it_loses_no_incident_and_tells_none_twice() {
    let (kills, seed) = (number("KILLS", KILLS_IN_TESTS), number("SEED", 1));
    let receiver = Arc::new(Receiver::default());
    let alertmanager = receiver.listen();
    let mut doors: Vec<_> = (0..TARGETS).map(|_| Door::new()).collect();
    let config = folder();
    write(config.path(), "probes.d/doors.yaml", DROP_IN);
    let addresses: Vec<_> = doors.iter().map(|it| format!("'{}'", it.address)).collect();
    write(config.path(), "targets/doors.yaml", format!("- targets: [{}]\n", addresses.join(", ")));
    let mut daemon = Daemon::start(config, &[format!("--alertmanager.url=http://{alertmanager}")]);
    let mut dice = Dice(seed);
    for kill in 0..kills {
        // From the middle of starting to well within its work.
        let until = Instant::now() + Duration::from_millis(dice.throw(600));
        while Instant::now() < until {
            doors.iter().for_each(Door::attend);
            for door in doors.iter_mut().filter(|it| receiver.knows(it)) {
                if dice.throw(3) == 0 {
                    door.turn();
                }
            }
            thread::sleep(Duration::from_millis(5));
        }
        daemon.kill_and_start_again();
        if dice.throw(4) > 0 {
            daemon.await_ready();
        }
        let stuck = doors.iter().find(|it| !receiver.knows(it) && it.since.elapsed() > LIMIT);
        assert!(stuck.is_none(), "after {kill} kills (seed {seed}) a change was never heard");
        let faults = receiver.faults.lock().expect("nobody panicked").clone();
        assert!(faults.is_empty(), "after {kill} kills (seed {seed}): {faults:#?}\n{}", daemon.said());
    }
    daemon.await_ready();
    for door in doors.iter_mut().filter(|it| !it.is_open() && receiver.knows(it)) {
        door.turn();
    }
    let until = Instant::now() + LIMIT;
    while doors.iter().any(|it| !receiver.knows(it)) && Instant::now() < until {
        doors.iter().for_each(Door::attend);
        thread::sleep(Duration::from_millis(20));
    }
    receiver.stop.store(true, Ordering::Relaxed);
    let outages: usize = doors.iter().map(|it| it.outages).sum();
    let heard: usize = doors.iter().map(|it| receiver.tally(it).0).sum();
    let faults = receiver.faults.lock().expect("nobody panicked").clone();
    println!(
        "{kills} kills, seed {seed}: {outages} outages, {heard} incidents heard, {} faults",
        faults.len()
    );
    let unheard: Vec<_> =
        doors.iter().filter(|it| !receiver.knows(it)).map(|it| (it.outages, receiver.tally(it))).collect();
    assert!(faults.is_empty(), "seed {seed}: {faults:#?}");
    assert!(unheard.is_empty(), "seed {seed}, outages and (incidents, ends): {unheard:?}\n{}", daemon.said());
    assert!(outages > 0, "nothing happened");
}
