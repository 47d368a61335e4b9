//! The daemon while its files change under it: settings, drop-ins, and what people hear meanwhile.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::peer::daemon::Daemon;
use crate::peer::process::{eventually, folder, free_address, write};

/// Far more than any of it takes; reached only when what is awaited never comes.
const LIMIT: Duration = Duration::from_mins(1);

/// Takes alerts as an Alertmanager does, and remembers them.
struct Ear {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Ear {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("who listens has an address");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let memory = Arc::clone(&heard);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let memory = Arc::clone(&memory);
                thread::spawn(move || listen(stream, &memory));
            }
        });
        Self { address, heard }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The newest that was heard of an alert of that name.
    fn newest(&self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        self.heard.lock().expect("no listener panics").iter().rev().find(|it| wanted(it)).cloned()
    }

    #[track_caller]
    fn awaits(&self, daemon: &Daemon, wanted: impl Fn(&Value) -> bool) -> Value {
        let heard = eventually(LIMIT, || self.newest(&wanted));
        heard.unwrap_or_else(|| panic!("not heard among {:?}\n{}", self.heard.lock(), daemon.said()))
    }
}

fn listen(mut stream: TcpStream, ears: &Mutex<Vec<Value>>) {
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    let body = loop {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&part[..count]),
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .to_lowercase()
            .split_once("content-length: ")
            .and_then(|(_, it)| it.split("\r\n").next()?.parse::<usize>().ok());
        if body.len() >= length.unwrap_or(0) {
            break body.to_owned();
        }
    };
    if let Ok(Value::Array(alerts)) = serde_json::from_str(&body) {
        ears.lock().expect("no listener panics").extend(alerts);
    }
    let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]");
}

/// A daemon with a configuration folder that the test goes on to change.
struct Scene {
    daemon: Daemon,
    folder: PathBuf,
}

impl Scene {
    fn start(files: &[(&str, String)]) -> Self {
        let config = folder();
        let path = config.path().to_owned();
        for (name, text) in files {
            write(&path, name, text);
        }
        let daemon = Daemon::start(config, &["--web.enable-lifecycle".to_owned()]);
        Self { daemon, folder: path }
    }

    fn write(&self, name: &str, text: &str) {
        write(&self.folder, name, text);
    }

    /// Asks for a reload, and gives its outcome once it is over.
    fn reload(&self) -> (u16, String) {
        let mut stream = TcpStream::connect(self.daemon.address()).expect("the daemon listens");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit is no zero");
        stream.write_all(b"POST /-/reload HTTP/1.0\r\nContent-Length: 0\r\n\r\n").expect("it takes requests");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers in text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        (
            head.split(' ').nth(1).expect("it has a status").parse().expect("a status is a number"),
            body.to_owned(),
        )
    }

    fn metric(&self, line: &str) -> bool {
        self.daemon.get("/metrics").body.lines().any(|it| it == line)
    }

    fn alerts(&self) -> Vec<Value> {
        let told = self.daemon.get("/api/v1/alerts").body;
        let told: Value = serde_json::from_str(&told).expect("the interface speaks JSON");
        told["data"]["alerts"].as_array().cloned().unwrap_or_default()
    }

    /// Since when the alert of that name is there.
    fn active_at(&self, name: &str) -> Value {
        let alerts = self.alerts();
        let found = alerts.iter().find(|it| it["labels"]["alertname"] == name);
        found.unwrap_or_else(|| panic!("no {name} among {alerts:?}"))["activeAt"].clone()
    }

    fn firing(&self, name: &str) -> bool {
        self.alerts().iter().any(|it| it["labels"]["alertname"] == name && it["state"] == "firing")
    }

    #[track_caller]
    fn await_firing(&self, name: &str) {
        let fires = eventually(LIMIT, || self.firing(name).then_some(()));
        assert!(fires.is_some(), "{name} does not fire: {:?}\n{}", self.alerts(), self.daemon.said());
    }
}

/// A drop-in with a probe of a port where nobody listens, and an alert about it.
fn drop_in(name: &str) -> String {
    let target = free_address();
    format!(
        "modules:
  {name}: {{ prober: tcp, timeout: 1s }}
probes:
  - {{ name: {name}, module: {name}, interval: 1s, targets: {{ static_configs: [{{ targets: ['{target}'] }}] }} }}
alerts:
  - {{ alert: {name}_down, probe: {name}, when: target.failing, steps: [{{ page: /x.html }}] }}
"
    )
}

fn is_over(alert: &Value) -> bool {
    let times = |key: &str| alert[key].as_str().and_then(|it| humantime::parse_rfc3339(it).ok());
    times("endsAt").is_some_and(|it| it <= std::time::SystemTime::now())
}

#[test]
fn settings_change_while_the_daemon_runs_and_broken_ones_change_nothing() {
    let scene = Scene::start(&[("probes.d/a.yaml", drop_in("a"))]);
    scene.await_firing("a_down");
    let (first, second) = (Ear::open(), Ear::open());
    scene.write("fingerpost.yaml", &format!("alertmanagers: [{{ url: '{}' }}]\n", first.url()));
    assert_eq!(scene.reload().0, 200);
    let heard = first.awaits(&scene.daemon, |it| it["labels"]["alertname"] == "a_down");
    let source: url::Url =
        heard["generatorURL"].as_str().expect("an alert says where it comes from").parse().unwrap();
    assert_eq!(source.port(), Some(scene.daemon.address().port()), "{source}");
    let anchor = source.fragment().expect("each alert has its place");
    assert!(scene.daemon.get("/").body.contains(&format!("id=\"{anchor}\"")), "{anchor}");

    let other = format!(
        "alertmanagers: [{{ url: '{}' }}]\nexternal_labels: {{ vantage: v9 }}\ngenerator_url: https://f.test/x\n",
        second.url()
    );
    scene.write("fingerpost.yaml", &other);
    assert_eq!(scene.reload().0, 200);
    let heard = second.awaits(&scene.daemon, |it| it["labels"]["vantage"] == "v9" && !is_over(it));
    assert_eq!(heard["generatorURL"], "https://f.test/x");
    first.awaits(&scene.daemon, |it| it["labels"]["vantage"].is_null() && is_over(it));

    scene.write("fingerpost.yaml", "alertmanagers: [{ url: nowhere }]\n");
    let (status, told) = scene.reload();
    assert_eq!(status, 500);
    assert!(told.contains("fingerpost.yaml:1:24"), "{told}");
    assert!(scene.metric("fingerpost_config_last_reload_successful 0"));
    fs::remove_file(scene.folder.join("fingerpost.yaml")).unwrap();
    let (status, told) = scene.reload();
    assert!(status == 500 && told.contains("gone"), "{told}");
    scene.write("probes.d/b.yaml", &drop_in("b"));
    scene.reload();
    second
        .awaits(&scene.daemon, |it| it["labels"]["alertname"] == "b_down" && it["labels"]["vantage"] == "v9");
    scene.write("fingerpost.yaml", &other);
    assert_eq!(scene.reload().0, 200);
    assert!(scene.metric("fingerpost_config_last_reload_successful 1"));
}

#[test]
fn other_settings_are_found_without_being_asked_for() {
    let scene = Scene::start(&[
        ("probes.d/a.yaml", drop_in("a")),
        ("fingerpost.yaml", "resend_interval: 1m\n".into()),
    ]);
    let ear = Ear::open();
    scene.write("fingerpost.yaml", &format!("alertmanagers: [{{ url: '{}' }}]\n", ear.url()));
    ear.awaits(&scene.daemon, |it| it["labels"]["alertname"] == "a_down");
}

#[test]
fn an_expression_that_fails_at_night_is_told_once_with_its_place() {
    let row = "steps: [{ when: 'int(labels.nothing) > 3', page: /never.html }, { page: /x.html }]";
    let text = drop_in("a").replace("steps: [{ page: /x.html }]", row);
    let scene = Scene::start(&[("probes.d/a.yaml", text)]);
    scene.await_firing("a_down");
    let column = "probes.d/a.yaml:6:";
    let counted = |least: f64| {
        let page = scene.daemon.get("/metrics").body;
        let counts = page.lines().filter_map(|it| {
            it.strip_prefix("fingerpost_expression_errors_total{")?.split(' ').nth(1)?.parse::<f64>().ok()
        });
        (counts.sum::<f64>() > least).then_some(())
    };
    assert!(eventually(LIMIT, || counted(3.0)).is_some(), "{}", scene.daemon.said());
    let said = scene.daemon.said();
    let told: Vec<_> = said.lines().filter(|it| it.contains("an expression cannot be evaluated")).collect();
    assert_eq!(told.len(), 1, "{said}");
    assert!(told[0].contains(column) && told[0].contains("int(labels.nothing) > 3"), "{}", told[0]);
}

/// A settings file that names whom alerts are sent to.
fn settings(ear: &Ear) -> (&'static str, String) {
    ("fingerpost.yaml", format!("alertmanagers: [{{ url: '{}' }}]\n", ear.url()))
}

#[test]
fn a_file_that_breaks_or_is_no_file_takes_nothing_with_it_and_comes_back() {
    let (good, other) = (drop_in("a"), drop_in("b"));
    let scene = Scene::start(&[("probes.d/10-a.yaml", good.clone()), ("probes.d/20-b.yaml", other)]);
    scene.await_firing("a_down");
    scene.await_firing("b_down");
    assert_eq!(scene.reload().0, 200);
    scene.write("probes.d/10-a.yaml", "modules: {\n");
    let folder = scene.folder.join("probes.d");
    fs::create_dir(folder.join("30-folder.yaml")).unwrap();
    std::os::unix::fs::symlink("31-loop.yaml", folder.join("31-loop.yaml")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.join("32-device.yaml")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.join("33-pipe.yaml")).status();
    assert!(made.unwrap().success());
    scene.write("probes.d/40-again.yaml", &drop_in("b"));
    let (status, told) = scene.reload();
    assert!(status == 500 && told.contains("probes.d/10-a.yaml:1"), "{told}");
    assert!(scene.firing("a_down") && scene.firing("b_down"), "{:?}", scene.alerts());
    for name in ["10-a", "30-folder", "31-loop", "32-device", "33-pipe", "40-again"] {
        let line = format!("fingerpost_config_file_valid{{file=\"probes.d/{name}.yaml\"}} 0");
        assert!(scene.metric(&line), "{line}");
    }
    assert!(scene.metric("fingerpost_config_file_valid{file=\"probes.d/20-b.yaml\"} 1"));
    let said = scene.daemon.said();
    let twice = said.lines().find(|it| it.contains("there is a probe `b` already")).expect("both are told");
    assert!(twice.contains("probes.d/40-again.yaml") && twice.contains("probes.d/20-b.yaml"), "{twice}");
    scene.write("probes.d/10-a.yaml", &good);
    for name in ["31-loop", "32-device", "33-pipe", "40-again"] {
        fs::remove_file(folder.join(format!("{name}.yaml"))).unwrap();
    }
    fs::remove_dir(folder.join("30-folder.yaml")).unwrap();
    let (status, told) = scene.reload();
    assert_eq!(status, 200, "{told}");
    assert!(scene.firing("a_down"));
}

#[test]
fn a_file_that_is_written_byte_by_byte_ends_no_alert() {
    let ear = Ear::open();
    let before = drop_in("a");
    let scene = Scene::start(&[("probes.d/a.yaml", before.clone()), settings(&ear)]);
    scene.await_firing("a_down");
    let after = format!(
        "{before}  - {{ alert: a_new, probe: a, when: target.failing, steps: [{{ page: /y.html }}] }}\n"
    );
    // Its first half is a good drop-in by itself, that has no alert.
    let (half, rest) = after.split_at(after.find("alerts:").expect("it has alerts"));
    let mut file = fs::File::create(scene.folder.join("probes.d/a.yaml")).unwrap();
    thread::scope(|scope| {
        for byte in half.as_bytes() {
            file.write_all(&[*byte]).unwrap();
        }
        let asked = scope.spawn(|| scene.reload());
        let waits = eventually(LIMIT, || {
            file.write_all(b"#\n").unwrap();
            scene.daemon.said().contains("a file is being written").then_some(())
        });
        assert!(waits.is_some() && scene.firing("a_down"), "{}", scene.daemon.said());
        for byte in rest.as_bytes() {
            file.write_all(&[*byte]).unwrap();
        }
        assert_eq!(asked.join().expect("it asks").0, 200);
    });
    drop(file);
    scene.await_firing("a_new");
    assert!(ear.newest(is_over).is_none(), "{:?}", ear.heard.lock());
}

#[test]
fn a_config_map_that_is_swapped_changes_everything_at_once_and_keeps_what_fires() {
    let (first, added) = (drop_in("a"), drop_in("b"));
    let scene = Scene::start(&[("probes.d/..1/a.yaml", first.clone())]);
    let folder = scene.folder.join("probes.d");
    let link = |generation: &str| {
        let fresh = folder.join("..data_tmp");
        std::os::unix::fs::symlink(generation, &fresh).unwrap();
        fs::rename(fresh, folder.join("..data")).unwrap();
    };
    link("..1");
    std::os::unix::fs::symlink("..data/a.yaml", folder.join("a.yaml")).unwrap();
    assert_eq!(scene.reload().0, 200);
    scene.await_firing("a_down");
    let since = scene.active_at("a_down");
    for generation in 2..20 {
        let name = format!("..{generation}");
        scene.write(&format!("probes.d/{name}/a.yaml"), &first);
        scene.write(&format!("probes.d/{name}/b.yaml"), &added);
        link(&name);
        if generation == 2 {
            std::os::unix::fs::symlink("..data/b.yaml", folder.join("b.yaml")).unwrap();
        }
        fs::remove_dir_all(folder.join(format!("..{}", generation - 1))).unwrap();
        assert!(scene.firing("a_down"));
    }
    assert_eq!(scene.reload().0, 200);
    scene.await_firing("b_down");
    assert_eq!(scene.active_at("a_down"), since);
}

#[test]
fn a_file_by_another_name_changes_nothing_and_one_that_goes_ends_its_alert_saying_so() {
    let ear = Ear::open();
    let scene = Scene::start(&[("probes.d/a.yaml", drop_in("a")), settings(&ear)]);
    scene.await_firing("a_down");
    let told = ear.awaits(&scene.daemon, |it| it["labels"]["alertname"] == "a_down");
    let folder = scene.folder.join("probes.d");
    fs::rename(folder.join("a.yaml"), folder.join("z.yaml")).unwrap();
    assert_eq!(scene.reload().0, 200);
    assert!(scene.firing("a_down"));
    assert!(ear.newest(is_over).is_none(), "{:?}", ear.heard.lock());
    fs::remove_file(folder.join("z.yaml")).unwrap();
    assert_eq!(scene.reload().0, 200);
    let over = ear.awaits(&scene.daemon, is_over);
    assert_eq!(over["startsAt"], told["startsAt"]);
    assert_eq!(over["annotations"]["resolved_reason"], "alert_removed");
}

#[test]
fn of_many_who_ask_for_a_reload_at_once_each_hears_and_few_looks_are_made() {
    let scene = Scene::start(&[("probes.d/a.yaml", drop_in("a"))]);
    let before = scene.daemon.said().matches("drop-ins are read").count();
    thread::scope(|scope| {
        let asked: Vec<_> = (0..60).map(|_| scope.spawn(|| scene.reload().0)).collect();
        for it in asked {
            assert_eq!(it.join().expect("it asks"), 200);
        }
    });
    let looks = scene.daemon.said().matches("drop-ins are read").count() - before;
    assert!((1..30).contains(&looks), "{looks} looks");
}
