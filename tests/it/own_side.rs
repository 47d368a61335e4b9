//! Faults on our own side: a daemon that is stopped, starved, or without descriptors wakes nobody for its
//! healthy targets, and finds the outage among them all the same.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::peer::alertmanager::Alertmanager;
use crate::peer::daemon::Daemon;
use crate::peer::http;
use crate::peer::process::{Process, eventually, folder, free_address, write};

/// Far more than any of it takes.
const LIMIT: Duration = Duration::from_mins(1);

/// How many targets are well.
const HEALTHY: u8 = 60;

/// A server that takes its time, on every address of loopback. It ends with the test.
fn slow_server() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("there is a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    port
}

fn answer(mut stream: TcpStream) {
    let _who_has_gone = stream.read(&mut [0; 4096]);
    thread::sleep(Duration::from_millis(600));
    let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

/// A daemon that calls somebody for a single failure, whatever it is.
struct Scene {
    daemon: Process,
    address: SocketAddr,
    gone: String,
}

impl Scene {
    /// Starts it by way of `before`, which ends in the program's own words.
    fn start(before: &[&str]) -> Self {
        let port = slow_server();
        let gone = free_address().to_string();
        let healthy: Vec<_> = (1..=HEALTHY).map(|it| format!("'127.0.0.{it}:{port}'")).collect();
        let config = folder();
        let drop_in = format!(
            "
modules: {{ ask: {{ prober: http, timeout: 2s }} }}
probes:
  - name: fleet
    module: ask
    interval: 2s
    targets: {{ static_configs: [{{ targets: [{}, '{gone}'] }}] }}
alerts:
  - {{ alert: Down, probe: fleet, when: target.failing, for: 0s, steps: [{{ page: /down.html }}] }}
",
            healthy.join(", ")
        );
        write(config.path(), "probes.d/fleet.yaml", drop_in);
        let address = free_address();
        let own = [
            env!("CARGO_BIN_EXE_fingerpost").to_owned(),
            "run".to_owned(),
            format!("--config.dir={}", config.path().display()),
            format!("--web.listen-address={address}"),
        ];
        let words: Vec<_> = before.iter().map(|it| (*it).to_owned()).chain(own).collect();
        let daemon = Process::start(Path::new("/usr/bin/env"), &words, config);
        let scene = Self { daemon, address, gone };
        let all = scene.await_that(|it| it.count("success") >= u64::from(HEALTHY) && !it.called().is_empty());
        assert!(all, "not all were asked: {}", scene.daemon.said());
        scene
    }

    /// How many attempts had that verdict, or that cause.
    fn count(&self, word: &str) -> u64 {
        http::get(self.address, "/metrics").map_or(0, |page| attempts(&page.body, word))
    }

    /// About whom somebody was called since the start, be it over by now.
    fn called(&self) -> BTreeSet<String> {
        called(&self.daemon)
    }

    fn await_that(&self, holds: impl Fn(&Self) -> bool) -> bool {
        eventually(LIMIT, || holds(self).then_some(())).is_some()
    }

    /// Lets every target be asked some times more, and says about whom somebody was called.
    fn called_after_some_rounds(&self) -> BTreeSet<String> {
        let before = self.count("success");
        assert!(
            self.await_that(|it| it.count("success") >= before + 3 * u64::from(HEALTHY)),
            "nobody is asked"
        );
        self.called()
    }

    fn outage(&self) -> BTreeSet<String> {
        BTreeSet::from([self.gone.clone()])
    }
}

/// How many attempts had that verdict, or that cause, by the daemon's metrics.
fn attempts(metrics: &str, word: &str) -> u64 {
    let word = format!("\"{word}\"");
    let mine = |it: &&str| it.starts_with("fingerpost_attempts_total") && it.contains(&word);
    let value = |it: &str| it.rsplit(' ').next().and_then(|it| it.parse::<u64>().ok());
    metrics.lines().filter(mine).filter_map(value).sum()
}

/// The instances about which the daemon's log says that `Down` fires, be it over by now.
fn called(daemon: &Process) -> BTreeSet<String> {
    let said = daemon.said();
    let firing = said.lines().filter(|it| it.contains("alertname=Down") && it.contains("state=firing"));
    let instance = |it: &str| Some(it.split("instance=\\\"").nth(1)?.split('\\').next()?.to_owned());
    firing.filter_map(instance).collect()
}

#[test]
fn a_daemon_that_is_stopped_and_goes_on_calls_nobody_for_what_it_did_not_see() {
    let scene = Scene::start(&[]);
    for _ in 0..2 {
        scene.daemon.signal("STOP");
        // Longer than the timeout of any attempt.
        thread::sleep(Duration::from_secs(4));
        scene.daemon.signal("CONT");
        assert_eq!(scene.called_after_some_rounds(), scene.outage(), "{}", scene.daemon.said());
    }
    assert!(scene.count("paused") > 0, "some were under way when it was stopped");
    assert_eq!(scene.count("deadline_exceeded"), 0);
}

#[test]
fn without_descriptors_nothing_is_known_and_when_there_are_some_again_all_goes_on() {
    let scene = Scene::start(&[]);
    if !scene.daemon.limit_descriptors(Some(16)) {
        return;
    }
    // Two rounds; nobody can be asked how it fares meanwhile, because it cannot take a connection.
    thread::sleep(Duration::from_secs(4));
    assert!(scene.daemon.limit_descriptors(None));
    assert!(scene.await_that(|it| it.count("local_fd") > 0), "{}", scene.daemon.said());
    assert_eq!(scene.called_after_some_rounds(), scene.outage(), "{}", scene.daemon.said());
}

#[test]
fn a_daemon_that_hardly_gets_a_processor_calls_nobody_for_that() {
    let scene = Scene::start(&["nice", "-n", "19"]);
    let hog = || {
        let words = ["-c".to_owned(), "while :; do :; done".to_owned()];
        Process::start(Path::new("/bin/sh"), &words, folder())
    };
    let processors = thread::available_parallelism().map_or(2, usize::from);
    let hogs: Vec<_> = (0..2 * processors).map(|_| hog()).collect();
    let called = scene.called_after_some_rounds();
    drop(hogs);
    assert_eq!(called, scene.outage(), "{}", scene.daemon.said());
}

/// The names of what an Alertmanager holds for firing.
fn heard(alertmanager: &Alertmanager) -> BTreeSet<String> {
    alertmanager.alerts().iter().map(|it| it.labels["alertname"].clone()).collect()
}

const PAGE: &str = "---\ntitle: Doors\nlink: /doors.html\n---\n\n## Open the door\n\ntext\n";

const POINTS_THERE: &str = "
modules: { knock: { prober: tcp } }
probes: [ { name: door, module: knock, interval: 1s } ]
alerts:
  - { alert: Down, probe: door, when: target.failing, runbook: /doors.html, steps: [{ step: open-the-door }] }
";

#[test]
fn people_hear_that_all_is_well_and_what_of_our_own_files_is_not_until_it_is_mended() {
    let Some(alertmanager) = Alertmanager::start() else { return };
    let config = folder();
    let (root, at) = (config.path().to_owned(), "runbook/doors.md");
    write(&root, at, PAGE);
    write(&root, "probes.d/a.yaml", POINTS_THERE);
    let flags = [
        format!("--alertmanager.url={}", alertmanager.url()),
        format!("--runbook.dir={}", root.join("runbook").display()),
    ];
    let daemon = Daemon::start(config, &flags);
    let hears = |names: &[&str]| {
        let wanted: BTreeSet<_> = names.iter().map(|it| (*it).to_owned()).collect();
        let heard_it = eventually(LIMIT, || (heard(&alertmanager) == wanted).then_some(()));
        assert!(heard_it.is_some(), "{:?}, not {wanted:?}\n{}", heard(&alertmanager), daemon.said());
    };
    hears(&["Watchdog"]);
    write(&root, at, PAGE.replace("Open", "Shut"));
    hears(&["RunbookAnchorMissing", "Watchdog"]);
    write(&root, "probes.d/a.yaml", POINTS_THERE.replace("interval", "intervall"));
    write(&root, at, PAGE);
    hears(&["ProbeFileInvalid", "Watchdog"]);
    let told = alertmanager.alerts().into_iter().find(|it| it.labels["alertname"] == "ProbeFileInvalid");
    let told = told.expect("it was there a moment ago");
    assert_eq!(told.labels["file"], "probes.d/a.yaml");
    assert!(told.annotations["description"].contains("a.yaml:3:"), "{told:?}");
    write(&root, "probes.d/a.yaml", POINTS_THERE);
    hears(&["Watchdog"]);
}

#[test]
fn the_service_manager_hears_that_the_daemon_lives_and_not_while_it_stands_still() {
    let config = folder();
    write(config.path(), "probes.d/a.yaml", POINTS_THERE);
    let socket = folder();
    let path = socket.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a folder of our own takes a socket");
    manager.set_read_timeout(Some(LIMIT)).expect("a limit is no zero");
    let words = [
        format!("NOTIFY_SOCKET={}", path.display()),
        "WATCHDOG_USEC=400000".to_owned(),
        env!("CARGO_BIN_EXE_fingerpost").to_owned(),
        "run".to_owned(),
        format!("--config.dir={}", config.path().display()),
        format!("--web.listen-address={}", free_address()),
    ];
    let daemon = Process::start(Path::new("/usr/bin/env"), &words, config);
    let hear = || {
        let mut heard = [0; 1024];
        let length = manager.recv(&mut heard)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&heard[..length]).into_owned())
    };
    let lives = || (0..20).any(|_| hear().is_ok_and(|it| it.contains("WATCHDOG=1")));
    assert!(lives(), "{}", daemon.said());
    daemon.signal("STOP");
    manager.set_read_timeout(Some(Duration::from_millis(1500))).expect("a limit is no zero");
    // What was on its way is heard still.
    let silent = (0..20).any(|_| hear().is_err());
    assert!(silent, "a process that is stopped says nothing");
    daemon.signal("CONT");
    assert!(lives(), "{}", daemon.said());
}

/// The daemon asks its own server, so often that the ports run out that lead there.
#[test]
fn without_a_port_nothing_is_known_of_those_it_leads_to_and_others_are_found_gone() {
    let config = folder();
    let (own, gone) = ("127.0.0.1:19115", "127.0.0.1:19116");
    let healthy: Vec<_> = (0..200).map(|it| format!("'http://{own}/-/healthy?{it}'")).collect();
    let drop_in = format!(
        "
modules: {{ ask: {{ prober: http, timeout: 5s }} }}
probes:
  - name: fleet
    module: ask
    interval: 1s
    targets: {{ static_configs: [{{ targets: [{}, '{gone}'] }}] }}
alerts:
  - {{ alert: Down, probe: fleet, when: target.failing, for: 0s, steps: [{{ page: /down.html }}] }}
",
        healthy.join(", ")
    );
    write(config.path(), "probes.d/fleet.yaml", drop_in);
    let script = format!(
        "ip link set lo up && echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range && touch ready &&
         exec {} run --config.dir=. --web.listen-address={own}",
        env!("CARGO_BIN_EXE_fingerpost")
    );
    let words = ["-n", "sh", "-c", &script].map(str::to_owned);
    let ready = config.path().join("ready");
    let mut daemon = Process::start(Path::new("/usr/bin/unshare"), &words, config);
    if daemon.await_ready(|| ready.exists()).is_err() {
        // Not `eprintln!`: that is kept from the reader when the test passes.
        writeln!(std::io::stderr(), "skipped: no network namespaces").expect("standard error is open");
        return;
    }
    let enough = || {
        let metrics = daemon.page_in_its_network(&format!("http://{own}/metrics"));
        let (fine, without) = (attempts(&metrics, "success"), attempts(&metrics, "local_ports"));
        (fine > 200 && without > 20 && !called(&daemon).is_empty()).then_some(())
    };
    assert!(eventually(LIMIT, enough).is_some(), "{}", daemon.said());
    assert_eq!(called(&daemon), BTreeSet::from([gone.to_owned()]), "{}", daemon.said());
}
