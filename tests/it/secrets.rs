//! Secrets are seen nowhere: every place of the configuration that can hold one holds a word of its own,
//! the daemon runs with good and with failing probes, and whatever it shows to anybody is searched for
//! these words.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::peer::daemon::Daemon;
use crate::peer::process::{eventually, folder, free_address, write};

/// Far more than any of it takes; reached only when what is awaited never comes.
const LIMIT: Duration = Duration::from_mins(1);

/// Every place that can hold a secret; `S<number>S` is one. The word behind `#` of a line is no part of
/// it.
const MODULES: &str = r#"
modules:
  basic: { prober: http, timeout: 3s, http: { basic_auth: { username: u, password: S101S } } }
  basic_file: { prober: http, http: { basic_auth: { username: u, password_file: FOLDER/password } } }
  bearer: { prober: http, http: { bearer_token: S103S } }
  bearer_file: { prober: metrics, http: { bearer_token_file: FOLDER/password } }
  authorization: { prober: http, http: { authorization: { type: Token, credentials: S104S } } }
  oauth:
    prober: http
    http:
      oauth2:
        client_id: c
        client_secret: S105S
        token_url: "http://u:S106S@SERVER/token"
        endpoint_params: { client_assertion: S107S }
  oauth_refused: { prober: http, http: { oauth2: { client_id: c, client_secret: S108S, token_url: "http://SERVER/bad" } } }
  headers:
    prober: http
    http:
      headers: { Authorization: "Bearer S109S", Cookie: "session=S110S", X-Api-Key: S111S }
      http_headers: { X-Plain: { secrets: [S112S], files: [FOLDER/password] }, X-Token: { values: [S113S] } }
  proxy:
    prober: http
    http:
      proxy_url: "http://u:S114S@CLOSED"
      proxy_connect_header: { X-Any: [S115S] }
  own_key: { prober: tcp, tcp: { tls: true, tls_config: { cert: "-----BEGIN CERTIFICATE-----", key: "S116S" } } }
  socket: { prober: websocket, websocket: { http_config: { bearer_token: S117S }, headers: { X-Any: { secrets: [S118S] } } } }
  calls: { prober: grpc, grpc: { metadata: { authorization: [S119S] } } }
probes:
  - { name: basic, module: basic, interval: 1s, targets: { static_configs: [{ targets: ["http://SERVER/good", "http://SERVER/bad", "http://CLOSED/"] }] } }
  - { name: url, module: bearer, interval: 1s, targets: { static_configs: [{ targets: ["http://me:S120S@SERVER/bad", "http://SERVER/bad"] }] } }
  - { name: redirect, module: authorization, interval: 1s, targets: { static_configs: [{ targets: ["http://me:S122S@SERVER/redirect", "http://SERVER/redirect"] }] } }
  - { name: oauth, module: oauth, interval: 1s, targets: { static_configs: [{ targets: ["http://SERVER/bad", "http://SERVER/good"] }] } }
  - { name: refused, module: oauth_refused, interval: 1s, targets: { static_configs: [{ targets: ["http://SERVER/good"] }] } }
  - { name: files, module: basic_file, interval: 1s, targets: { static_configs: [{ targets: ["http://SERVER/bad"] }] } }
  - { name: scrape, module: bearer_file, interval: 1s, targets: { static_configs: [{ targets: ["me:S123S@SERVER", "SERVER"] }] } }
  - { name: headers, module: headers, interval: 1s, targets: { static_configs: [{ targets: ["http://SERVER/bad"] }] } }
  - { name: proxy, module: proxy, interval: 1s, targets: { static_configs: [{ targets: ["http://SERVER/bad"] }] } }
  - { name: own-key, module: own_key, interval: 1s, targets: { static_configs: [{ targets: ["SERVER"] }] } }
  - { name: socket, module: socket, interval: 1s, targets: { static_configs: [{ targets: ["ws://me:S124S@SERVER/bad", "ws://SERVER/bad"] }] } }
  - { name: calls, module: calls, interval: 1s, targets: { static_configs: [{ targets: ["SERVER"] }] } }
"#;

/// What is wrong, in lines that hold secrets: a complaint shows its line.
const BAD: &str = r#"
modules:
  a: { prober: http, http: { basic_auth: { usrname: u, password: S201S } } }
  b: { prober: http, http: { basic_auth: { username: u, pasword: S202S } } }
  c: { prober: http, http: { bearer_token: S203S, authorization: { credentials: "S204S" }, oops: 1 } }
  d: { prober: http, http: { proxy_url: "htp://u:S205S@proxy" } }
  e: { prober: http, http: { oauth2: { client_id: c, client_secret: S206S, token_url: "htp://u:S207S@h" } } }
  f: { prober: http, http: { headers: { "X Y": 1, Authorization: S208S }, proxy_connect_header: { "A B": [S209S] } } }
  g: { prober: http, http: { http_headers: { X-A: { secret: [S210S] }, "X B": { secrets: [S211S] }, Authorization: { values: [S212S] } } } }
  h: { prober: http, http: { tls_config: { key: "S213S" } } }
  i: { prober: http, http: { bearer_token: [S214S] } }
  j: { prober: http, http: { bearer_token: { a: S216S } } }
probes:
  - { name: p, module: x, targets: { static_configs: [{ targets: ["http://me:S217S@h/", "http://h/?token=S218S"], oops: 1 }] } }
"#;

const BROKEN: &str = "
modules:
  a: { prober: http, http: { basic_auth: { username: u, password: S220S } }
  b: { bearer_token: 'S221S }
";

const SETTINGS: &str = r#"
alertmanagers:
  - { url: "http://SERVER/", basic_auth: { username: u, password: S301S } }
  - { url: "http://me:S302S@CLOSED/", resend: 1 }
  - { url: "http://CLOSED/x", bearer_token: S303S, tls_config: { cert: C, key: S304S } }
  - { url: "http://SERVER/y", oauth2: { client_id: c, client_secret: S305S, token_url: "http://SERVER/bad" } }
prometheus: { url: "http://SERVER/", authorization: { credentials: S306S }, proxy_url: "http://u:S307S@CLOSED" }
"#;

/// Answers by path, gives out the token `S401S`, and keeps what it was told as alerts.
struct Server {
    address: SocketAddr,
    told: Arc<Mutex<String>>,
}

impl Server {
    fn start() -> Self {
        let address = free_address();
        let listener = TcpListener::bind(address).expect("a free port can be listened on");
        let told = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&told);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                thread::spawn(move || serve(stream, &kept));
            }
        });
        Self { address, told }
    }

    fn told(&self) -> String {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<String>) {
    stream.set_read_timeout(Some(LIMIT)).expect("a limit is no zero");
    let mut asked = Vec::new();
    let mut part = [0; 4096];
    let (head, body) = loop {
        let text = String::from_utf8_lossy(&asked).into_owned();
        let whole = text.split_once("\r\n\r\n").and_then(|(head, body)| {
            let length = head.to_lowercase().split("content-length: ").nth(1)?.lines().next()?.parse().ok();
            (body.len() >= length.unwrap_or(0)).then(|| (head.to_owned(), body.to_owned()))
        });
        let bodiless =
            text.split_once("\r\n\r\n").filter(|(head, _)| !head.to_lowercase().contains("content-length"));
        if let Some(done) = whole.or_else(|| bodiless.map(|(head, _)| (head.to_owned(), String::new()))) {
            break done;
        }
        match stream.read(&mut part) {
            Ok(count @ 1..) => asked.extend_from_slice(&part[..count]),
            Ok(0) | Err(_) => return,
        }
    };
    let path = head.split(' ').nth(1).unwrap_or_default();
    if path.ends_with("/alerts") {
        kept.lock().unwrap_or_else(PoisonError::into_inner).push_str(&body);
    }
    let (status, headers, answer) = match path {
        "/token" => ("200 OK", "", r#"{"access_token":"S401S","expires_in":60}"#),
        "/redirect" => ("302 On", "Location: /bad?session=S402S\r\n", ""),
        _ if path.starts_with("/bad") => ("500 Said by a test", "", "no"),
        _ if path.ends_with("/alerts") && head.starts_with("GET") => ("200 OK", "", "[]"),
        _ => ("200 OK", "", "good"),
    };
    let length = answer.len();
    let page = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{answer}"
    );
    stream.write_all(page.as_bytes()).ok();
}

/// The secrets that stand in a text.
fn secrets_in(text: &str) -> Vec<String> {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| {
        let inner = it.strip_prefix('S').and_then(|it| it.strip_suffix('S'));
        inner.is_some_and(|it| it.len() == 3 && it.bytes().all(|it| it.is_ascii_digit()))
    });
    words.map(str::to_owned).collect()
}

/// With an `S` that stands at another word's side too, as in an escape.
fn holds_none(what: &str, text: &str, leaks: &mut String) {
    let plain = text
        .replace("%3A", ":")
        .replace("%40", "@")
        .replace("%3D", "=")
        .replace("\\n", " ")
        .replace("\\\"", " ");
    for found in secrets_in(&plain) {
        let line = plain.lines().find(|it| it.contains(&found)).unwrap_or_default();
        writeln!(leaks, "{found} in {what}: {line}").expect("a text takes all");
    }
}

const USER: &str =
    "basic_auth_users: { u: '$2b$04$S501Saaaaaaaaaaaaaaaaau1KQ6Yy8Yq5mSVZk2oX6m0K1n8bYqZK' }\n";

fn filled(text: &str, server: &Server, closed: SocketAddr, folder: &Path) -> String {
    text.replace("SERVER", &server.address.to_string())
        .replace("CLOSED", &closed.to_string())
        .replace("FOLDER", &folder.display().to_string())
}

fn with_alerts(modules: &str) -> String {
    let names: Vec<&str> =
        modules.lines().filter_map(|it| it.trim().strip_prefix("- { name: ")?.split(',').next()).collect();
    let mut text = format!("{modules}alerts:\n");
    for name in names {
        let alert: String = name.split('-').collect();
        writeln!(
            text,
            "  - alert: {alert}\n    probe: {name}\n    when: '!target.ok'\n    annotations: {{ summary: '{{{{ labels.instance }}}} {{{{ target.cause }}}} {{{{ target.body }}}}' }}\n    queries: {{ q: 'up' }}\n    steps: [ {{ page: /x.html }} ]"
        )
        .expect("a text takes all");
    }
    text.replace("when: '!target.ok'", "when: target.failing")
}

#[test]
fn a_secret_of_the_configuration_is_shown_to_nobody() {
    let (server, closed) = (Server::start(), free_address());
    let config = folder();
    let path = config.path().to_owned();
    write(&path, "password", "S102S\n");
    write(&path, "probes.d/a.yaml", filled(&with_alerts(MODULES), &server, closed, &path));
    write(&path, "probes.d/bad.yaml", BAD);
    write(&path, "probes.d/broken.yaml", BROKEN);
    write(&path, "fingerpost.yaml", filled(&SETTINGS.replace(", resend: 1", ""), &server, closed, &path));
    let mut leaks = String::new();
    for arguments in [vec!["check"], vec!["check", "--log.level=debug"]] {
        let told = Command::new(env!("CARGO_BIN_EXE_fingerpost"))
            .args(arguments)
            .arg(format!("--config.dir={}", path.display()))
            .output()
            .expect("our own program starts");
        let said = [told.stdout, told.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("pasword") && said.contains("usrname"), "{said}");
        holds_none("check", &said, &mut leaks);
    }
    let flags = ["--log.level=debug", "--log.prober=debug", "--probe.allow=127.0.0.1"].map(str::to_owned);
    let daemon = Daemon::start(config, &flags);
    let fired = eventually(LIMIT, || {
        let told = server.told();
        let names = [
            "basic",
            "url",
            "redirect",
            "oauth",
            "files",
            "headers",
            "proxy",
            "scrape",
            "socket",
            "ProbeFileInvalid",
        ];
        names.iter().all(|it| told.contains(&format!("\"alertname\":\"{it}"))).then_some(())
    });
    let modules = ["basic", "basic_file", "bearer", "bearer_file", "authorization", "oauth", "oauth_refused"];
    let modules = modules.into_iter().chain(["headers", "proxy", "own_key", "socket", "calls"]);
    for module in modules {
        for page in ["good", "bad?token=S403S", "redirect"] {
            let target = format!("http://me:S404S@{}/{page}", server.address);
            for more in ["", "&debug=true"] {
                let query: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
                let reply = daemon.get(&format!("/probe?module={module}{more}&target={query}"));
                holds_none(&format!("/probe of {module}{more}"), &reply.body, &mut leaks);
            }
        }
    }
    let mut pages: Vec<String> = ["/", "/config", "/probes", "/metrics", "/api/v1/targets", "/api/v1/alerts"]
        .map(str::to_owned)
        .to_vec();
    pages.extend((0..40).map(|id| format!("/logs?id={id}")));
    for page in pages {
        let reply = daemon.get(&page);
        assert_eq!(reply.status, 200, "{page}");
        holds_none(&page, &reply.body, &mut leaks);
    }
    write(&path, "fingerpost.yaml", filled(SETTINGS, &server, closed, &path));
    let refused = eventually(LIMIT, || daemon.said().contains("resend").then_some(()));
    holds_none("an alert", &server.told(), &mut leaks);
    holds_none("the log", &daemon.said(), &mut leaks);
    holds_none("/config", &daemon.get("/config").body, &mut leaks);
    assert!(leaks.is_empty(), "{leaks}");
    assert!(fired.is_some(), "{}\n{}", server.told(), daemon.said());
    assert!(refused.is_some(), "{}", daemon.said());
}

#[test]
fn a_bad_web_file_is_refused_without_its_secrets() {
    let config = folder();
    let file = config.path().join("web.yml");
    let mut leaks = String::new();
    for (text, word) in [
        (USER.replace("$2b$04$", ""), "bcrypt"),
        (format!("oops: 1\n{USER}"), "oops"),
        ("tls_server_config: { cert: C, key: S502S, oops: 1 }\n".to_owned(), "oops"),
    ] {
        write(config.path(), "web.yml", &text);
        let told = Command::new(env!("CARGO_BIN_EXE_fingerpost"))
            .args(["run", "--web.listen-address=127.0.0.1:0"])
            .arg(format!("--config.dir={}", config.path().display()))
            .arg(format!("--web.config.file={}", file.display()))
            .output()
            .expect("our own program starts");
        let said = String::from_utf8_lossy(&[told.stdout, told.stderr].concat()).into_owned();
        assert!(said.contains(word) && !told.status.success(), "{said}");
        holds_none("the refusal", &said, &mut leaks);
        if said.contains("S501S") {
            leaks.push_str(&said);
        }
    }
    assert!(leaks.is_empty(), "{leaks}");
}
