//! Every spelling of an address that only this machine reaches, held against a listener that must not
//! hear of it.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;

use super::*;
use crate::cause::Cause;
use crate::labels::Labels;
use crate::outcome::Phase;
use crate::spec::Prober;

/// `127.0.0.1`, `0.0.0.0` and `169.254.169.254` as libraries of other languages take them.
const SPELLINGS_V4: &[&str] = &[
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.00.00.01",
    "127.000.000.001",
    "0127.0.0.1",
    "0177.0.0.1",
    "0177.0.0.01",
    "0177.1",
    "017700000001",
    "0000000000017700000001",
    "0x7f.0.0.1",
    "0x7F.0x0.0x0.0x1",
    "0x7f.1",
    "0x7f000001",
    "0X7F000001",
    "0x000000007f000001",
    "2130706433",
    "2130706433.",
    "127.0x1",
    "127.0.0x1",
    "0x7f.0.1",
    "127.255.255.254",
    "127.0.0.0",
    "127.127.127.127",
    "0177.0x0.0.1",
    "%31%32%37%2e%30%2e%30%2e%31",
    "127%2e0%2e0%2e1",
    "127%2E1",
    "%30x7f.1",
    "127。0。0。1",
    "127．0．0．1",
    "127｡1",
    "１２７.0.0.1",
    "①②⑦.⓪.⓪.①",
    "⑫⑦.0.0.1",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "127.0.0.1%00",
    "127.0.0.1%20",
    "0",
    "0.0.0.0",
    "0.0",
    "00000000",
    "0x0",
    "0x00000000",
    "0.0.0.0.",
    "0.1.2.3",
    "%30",
    "169.254.169.254",
    "169.254.43518",
    "169.16689662",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0xa9.254.0251.0376",
    "025177524776",
    "0251.0376.0251.0376",
    "169.254.169.254.",
    "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
    "169。254。169。254",
    "169.254.170.2",
    "169.254.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "224.0.0.1",
    "239.255.255.250",
    "255.255.255.255",
    "4294967295",
    "0xffffffff",
    "240.0.0.1",
];

const SPELLINGS_V6: &[&str] = &[
    "::1",
    "::",
    "0:0:0:0:0:0:0:1",
    "0000:0000:0000:0000:0000:0000:0000:0001",
    "0::1",
    "::0001",
    "::0:1",
    "::0.0.0.1",
    "::127.0.0.1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::FFFF:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:7f00:0001",
    "0:0:0:0:0:ffff:127.0.0.1",
    "0:0:0:0:0:ffff:7f00:1",
    "::ffff:0:127.0.0.1",
    "::ffff:0.0.0.0",
    "::ffff:0:0",
    "::ffff:a9fe:a9fe",
    "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1:ffff::127.0.0.1",
    "2002:7f00:1::",
    "2002:7f00:0001::1",
    "2002:a9fe:a9fe::1",
    "2001:0:1:2:3:4:80ff:fffe",
    "fe80::1",
    "fe80::1%lo",
    "fe80::1%25lo",
    "fe80::1%1",
    "febf::1",
    "::1%lo",
    "::1%25lo",
    "fd00:ec2::254",
    "fd00:0ec2:0:0:0:0:0:254",
    "fd00:ec2::253",
    "fd20:ce::254",
    "ff02::1",
    "ff01::1",
];

/// Names. The name server that is asked says of every one that it is this machine.
const NAMES: &[&str] = &[
    "localhost",
    "LOCALHOST",
    "localhost.",
    "LocalHost.",
    "a.localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "%6cocalhost",
    "loc%61lhost",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "ｌｏｃａｌｈｏｓｔ",
    "localhost%00.example",
    "metadata.google.internal",
    "127.0.0.1.nip.example",
    "rebound.example",
    "rebound.example.",
    "xn--bcher-kva.example",
    "bücher.example",
    "a_b.example",
];

/// Addresses that begin with what somebody might look at first.
const DISGUISES: &[&str] = &[
    "example.com@127.0.0.1",
    "example.com:80@127.0.0.1",
    "user:pass@127.1",
    "127.0.0.1@localhost",
    "example.com%40x@0x7f.1",
    "10.0.0.1@[::1]",
    "example.com\\@127.0.0.1",
    "\t127.0.0.1",
    "127\t.0.0.1",
    "127.0.0.1\n",
];

/// Every target there is a way to write, for the canary's port.
fn targets(port: u16) -> Vec<String> {
    let hosts = SPELLINGS_V4.iter().chain(NAMES).map(|it| (*it).to_owned());
    let hosts = hosts.chain(SPELLINGS_V6.iter().map(|it| format!("[{it}]")));
    let hosts: Vec<String> = hosts.chain(DISGUISES.iter().map(|it| (*it).to_owned())).collect();
    assert!(hosts.len() >= 140, "{}", hosts.len());
    let ways = |host: &String| {
        [
            format!("{host}:{port}"),
            format!("http://{host}:{port}/"),
            format!("HTTP:\\\\{host}:{port}\\"),
            format!("http:{host}:{port}"),
        ]
    };
    let bare = SPELLINGS_V6.iter().map(|it| format!("{it}:{port}"));
    hosts.iter().flat_map(ways).chain(bare).collect()
}

/// Listeners on every address of this machine, with one port.
struct Canary {
    listeners: Vec<TcpListener>,
    port: u16,
}

impl Canary {
    fn new() -> Self {
        let all = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = all.local_addr().unwrap().port();
        let mut listeners = vec![all];
        // Where there is no IPv6, nobody can be led there either.
        listeners.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)));
        for it in &listeners {
            it.set_nonblocking(true).unwrap();
        }
        Self { listeners, port }
    }

    fn heard(&self) -> usize {
        let calls = |it: &TcpListener| {
            std::iter::from_fn(|| match it.accept() {
                Ok(_) => Some(()),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    None
                }
            })
            .count()
        };
        self.listeners.iter().map(calls).sum()
    }
}

/// A name server that says of every name that it is this machine: one answer of the family asked for.
async fn name_server() -> (SocketAddr, JoinSet<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut asked = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut asked).await {
            let mut at = 12;
            while asked[at] != 0 {
                at += 1 + usize::from(asked[at]);
            }
            let question = &asked[12..(at + 5).min(length)];
            let is_v6 = asked[at + 2] == 28;
            let mut answer = [&asked[..2], &[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], question].concat();
            answer.extend([0xc0, 12, 0, asked[at + 2], 0, 1, 0, 0, 0, 0]);
            if is_v6 {
                answer.extend([0, 16]);
                answer.extend(Ipv6Addr::LOCALHOST.octets());
            } else {
                answer.extend([0, 4, 127, 0, 0, 1]);
            }
            let _gone = socket.send_to(&answer, peer).await;
        }
    });
    (address, task)
}

fn module(text: &str) -> Module {
    let text = format!("modules: {{ m: {text} }}");
    let source = config::Source { name: "f".into(), text: Ok(text.into()) };
    let loaded = config::load(&[source], &LastGood::default());
    let module = loaded.config.modules.get("m").unwrap_or_else(|| panic!("{:?}", loaded.complaints));
    Module::clone(module)
}

fn target(address: &str) -> Target {
    Target::new(address, &Labels::default())
}

#[tokio::test]
async fn no_spelling_of_this_machine_is_dialled_for_others() {
    let (canary, (server, _answering)) = (Canary::new(), name_server().await);
    let dialer = Dialer::asking(&[server]).for_others(Arc::new(Allowed::default()));
    let quick = "timeout: 500ms, connect_timeout: 100ms";
    let mut denied = 0;
    for prober in ["http", "metrics", "tcp"] {
        let module = module(&format!("{{ prober: {prober}, {quick} }}"));
        for address in targets(canary.port) {
            let (outcome, _) = crate::probe::ask(&dialer, &module, &target(&address)).await;
            let verdict = Judged::new(&module, outcome).verdict;
            assert_ne!(verdict, Verdict::Success, "{prober} {address}");
            assert_eq!(canary.heard(), 0, "{prober} {address}");
            denied += usize::from(matches!(verdict, Verdict::Failure(Cause::TargetDenied, Phase::Connect)));
        }
    }
    assert!(denied > 400, "of those that can be understood each is denied by its name: {denied}");
}

#[tokio::test]
async fn what_is_allowed_is_dialled_and_nothing_besides() {
    let (canary, (server, _answering)) = (Canary::new(), name_server().await);
    let module = module("{ prober: tcp, timeout: 5s, tcp: { preferred_ip_protocol: ip4 } }");
    for (allowed, host, reached) in [
        ("127.0.0.0/8", "127.0.0.1", true),
        ("127.0.0.0/8", "rebound.example", true),
        ("127.0.0.0/8", "0.0.0.0", false),
        ("rebound.example", "rebound.example.", true),
        ("rebound.example", "other.example", false),
        ("10.0.0.0/8", "127.0.0.1", false),
    ] {
        let allow = Arc::new(Allowed::of([allowed]).unwrap());
        let dialer = Dialer::asking(&[server]).for_others(allow);
        let address = format!("{host}:{}", canary.port);
        let (outcome, _) = crate::probe::ask(&dialer, &module, &target(&address)).await;
        let is_success = Judged::new(&module, outcome).verdict == Verdict::Success;
        assert_eq!((is_success, canary.heard()), (reached, usize::from(reached)), "{allowed} {host}");
    }
}

/// A server that answers every request with a redirect to there.
async fn leading_to(location: String) -> (SocketAddr, JoinSet<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut task = JoinSet::new();
    task.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _read = stream.read(&mut [0; 4096]).await;
            let answer = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            let _written = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, task)
}

#[tokio::test]
async fn a_redirect_leads_nobody_behind_the_door() {
    let canary = Canary::new();
    let module = module("{ prober: http, timeout: 5s }");
    // The server may be asked, and sends whoever asks to the canary, which may not.
    let location = format!("http://127.0.0.2:{}/", canary.port);
    let (server, _serving) = leading_to(location).await;
    let allowed = Arc::new(Allowed::of(["127.0.0.1"]).unwrap());
    let ask = async |dialer: &Dialer, address: String| {
        let (outcome, _) = crate::probe::ask(dialer, &module, &target(&address)).await;
        Judged::new(&module, outcome).verdict
    };
    let dialer = Dialer::asking(&[]);
    let verdict = ask(&dialer.for_others(allowed), format!("http://{server}/")).await;
    assert_eq!((verdict.cause_name(), canary.heard()), ("http_redirect_denied", 0));

    // Of our own accord we follow it, but never to metadata or to a neighbour on the link.
    let (server, _serving) = leading_to("http://169.254.169.254/latest/meta-data/".to_owned()).await;
    let verdict = ask(&dialer, format!("http://{server}/")).await;
    assert_eq!(verdict.cause_name(), "http_redirect_denied");
}

#[tokio::test]
async fn what_is_asked_for_others_says_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let door = Door { allowed: Arc::new(Allowed::of(["127.0.0.1"]).unwrap()), ..Door::default() };
    let for_others = Dialer::asking(&[]).for_others(door.allowed);
    for (dialer, marked) in [(for_others, true), (Dialer::asking(&[]), false)] {
        let module = module("{ prober: http, timeout: 5s }");
        let asked = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            String::from_utf8_lossy(&head[..length]).contains("x-fingerpost-probe: 1\r\n")
        };
        let address = target(&address.to_string());
        let (is_marked, _) = tokio::join!(asked, crate::probe::ask(&dialer, &module, &address));
        assert_eq!(is_marked, marked);
    }
}

#[test]
fn the_exporters_default_is_there_unless_somebody_says_it_or_might_have() {
    let of = |text: &str, all_good| {
        let source = config::Source { name: "f".into(), text: Ok(text.into()) };
        let loaded = config::load(&[source], &LastGood::default());
        ways(&loaded.config, &loaded.last_good, Some("# settings\n{}\n"), all_good)
    };
    let other = "modules: { a: { prober: tcp, timeout: 3s } }";
    let it = of(other, true);
    assert!(
        matches!(it.modules["http_2xx"].module.prober, Prober::Http(_)) && it.modules["http_2xx"].untimed
    );
    assert!(!it.modules["a"].untimed && it.modules["a"].shown.contains("prober: tcp"));
    assert_eq!(&*it.shown, "# settings\n{}\n---\n# f\nmodules:\n  a:\n    prober: tcp\n    timeout: 3s\n");
    assert!(!of(other, false).modules.contains_key("http_2xx"));
    let said = of("modules: { http_2xx: { prober: tcp } }", true);
    assert!(matches!(said.modules["http_2xx"].module.prober, Prober::Tcp(_)));
}
