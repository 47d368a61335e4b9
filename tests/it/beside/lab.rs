//! The servers that both are sent to. Each path of the web server is one behaviour, each other
//! server has one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use super::certificate::Authority;
use super::health;
use crate::peer::process::free_address;

/// All servers, each by its name; they end with this value.
pub(super) struct Lab {
    addresses: BTreeMap<&'static str, SocketAddr>,
    pub(super) authority: Authority,
    runtime: Runtime,
}

impl Lab {
    pub(super) fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime can be started");
        let mut lab = Self { addresses: BTreeMap::new(), authority: Authority::new(), runtime };
        let https = lab.authority.server(&["localhost", "127.0.0.1"]);
        lab.addresses.insert("closed", free_address());
        let tls = [
            ("https", https.clone()),
            ("self_signed", Authority::new().server(&["127.0.0.1"])),
            ("expired", lab.authority.expired_server(&["127.0.0.1"])),
            ("wrong_name", lab.authority.server(&["door.example"])),
            ("tls_1_2", lab.authority.server_of_tls_1_2(&["127.0.0.1"])),
            ("demanding", lab.authority.demanding_server(&["127.0.0.1"])),
        ];
        for (name, config) in tls {
            lab.listen_tls(name, config);
        }
        lab.listen("http", serve_http);
        lab.listen("proxy", serve_http);
        lab.listen("mute", |mut stream, _| async move { read_to_end(&mut stream).await });
        lab.listen("ssh", |mut stream, _| async move {
            stream.write_all(b"SSH-2.0-door\r\n").await.ok();
            read_to_end(&mut stream).await;
        });
        lab.listen("smtp", |stream, _| serve_smtp(stream, None));
        let acceptor = TlsAcceptor::from(Arc::new(https));
        lab.listen("smtp_tls", move |stream, _| serve_smtp(stream, Some(acceptor.clone())));
        lab.listen("grpc", |stream, _| health::serve(stream));
        let acceptor = TlsAcceptor::from(Arc::new(lab.authority.h2_server(&["127.0.0.1"])));
        lab.listen("grpc_tls", move |stream, _| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    health::serve(stream).await;
                }
            }
        });
        lab
    }

    /// A server of somebody else by a name of ours.
    pub(super) fn add(&mut self, name: &'static str, address: SocketAddr) {
        self.addresses.insert(name, address);
    }

    pub(super) fn address(&self, name: &str) -> SocketAddr {
        self.addresses[name]
    }

    /// `text` with the addresses of `{name}` and the ports of `{name_port}` in it.
    pub(super) fn filled_in(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, address) in &self.addresses {
            text = text.replace(&format!("{{{name}}}"), &address.to_string());
            text = text.replace(&format!("{{{name}_port}}"), &address.port().to_string());
        }
        assert!(!text.contains('{'), "no server of the lab is meant by {text}");
        text
    }

    /// Hands each connection to `serve`, with the port of our own `https` behind it for redirects.
    fn listen<F, S>(&mut self, name: &'static str, serve: S)
    where
        F: Future<Output = ()> + Send + 'static,
        S: Fn(TcpStream, u16) -> F + Send + 'static,
    {
        let address = free_address();
        let listener = self.runtime.block_on(TcpListener::bind(address)).expect("the port is free");
        let https = self.addresses.get("https").map_or(0, SocketAddr::port);
        self.runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, https));
            }
        });
        self.addresses.insert(name, address);
    }

    fn listen_tls(&mut self, name: &'static str, config: ServerConfig) {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        self.listen(name, move |stream, _| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve_http(stream, 0).await;
                }
            }
        });
    }
}

/// One request, one answer, and the connection is closed. `https` is where `/to-https` leads.
async fn serve_http<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T, https: u16) {
    let Some(request) = read_request(&mut stream).await else { return };
    let path = request.path.as_str();
    if matches!(path, "/silent") {
        return read_to_end(&mut stream).await;
    }
    stream.write_all(&answer(path, &request, https)).await.ok();
    if path == "/stalling" {
        return read_to_end(&mut stream).await;
    }
    stream.shutdown().await.ok();
}

fn answer(path: &str, request: &Request, https: u16) -> Vec<u8> {
    let has = |line: &str| request.head.lines().any(|it| it.eq_ignore_ascii_case(line));
    match path {
        "/well" => page("200 OK", "", b"all is well, and the door is open\n"),
        "/missing" => page("404 Not Found", "", b"no such door\n"),
        "/broken" => page("500 Internal Server Error", "", b"the door is stuck\n"),
        "/error" => page("200 OK", "", b"an Error behind the door\nand another line\n"),
        "/empty" => b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_vec(),
        "/long" => page("200 OK", "", "a long way to the door\n".repeat(50).as_bytes()),
        "/chunked" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
            5\r\nthe d\r\n3\r\noor\r\n0\r\n\r\n"
            .to_vec(),
        "/dated" => page("200 OK", "Last-Modified: Tue, 07 Apr 2020 16:20:00 GMT\r\n", b"an old door\n"),
        "/redirect" => page("302 Found", "Location: /well\r\n", b"over there\n"),
        "/to-https" => {
            page("302 Found", &format!("Location: https://127.0.0.1:{https}/well\r\n"), b"over there\n")
        }
        "/loop" => page("302 Found", "Location: /loop\r\n", b""),
        "/no-place" => page("302 Found", "", b"somewhere\n"),
        "/hang-up" => Vec::new(),
        "/garbage" => b"what is a door?\r\n\r\n".to_vec(),
        "/cut-off" | "/stalling" => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe d".to_vec(),
        "/old" => b"HTTP/1.0 200 OK\r\n\r\nan old door\n".to_vec(),
        "/gzip" => page("200 OK", "Content-Encoding: gzip\r\n", &gzip(b"the door is folded\n")),
        "/deflate" => page("200 OK", "Content-Encoding: deflate\r\n", &deflate(b"the door is folded\n")),
        "/zlib" => page("200 OK", "Content-Encoding: deflate\r\n", &zlib(b"the door is folded\n")),
        // The word "hello", in the smallest stream that holds it uncompressed.
        "/brotli" => page("200 OK", "Content-Encoding: br\r\n", b"\x0b\x02\x80hello\x03"),
        "/door-open" => page("200 OK", "X-Door: open\r\n", b"open\n"),
        "/door-shut" => page("200 OK", "X-Door: shut\r\n", b"shut\n"),
        "/posted" if request.head.starts_with("POST") && has("content-type: application/json") => {
            page("201 Created", "", b"a new door\n")
        }
        "/basic" if has("authorization: Basic cG9ydGVyOmJhc2ljLXRva2VuLTQ3MTE=") => {
            page("200 OK", "", b"in\n")
        }
        "/bearer" if has("authorization: Bearer bearer-token-4712") => page("200 OK", "", b"in\n"),
        "/basic" | "/bearer" => page("401 Unauthorized", "WWW-Authenticate: Basic\r\n", b"who is it?\n"),
        "/host" => page("200 OK", "", format!("host={}\n", request.host()).as_bytes()),
        _ => match path.strip_prefix("/ten-redirects") {
            Some("..........") => page("200 OK", "", b"here at last\n"),
            Some(dots) => page("302 Found", &format!("Location: /ten-redirects{dots}.\r\n"), b""),
            None => page("400 Bad Request", "", b"no such behaviour\n"),
        },
    }
}

fn page(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n")
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("a vector takes all bytes")
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("a vector takes all bytes")
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("a vector takes all bytes")
}

/// What was asked; a proxy's absolute form is read down to its path.
struct Request {
    head: String,
    path: String,
}

impl Request {
    fn host(&self) -> &str {
        let line = self.head.lines().find(|it| it.to_ascii_lowercase().starts_with("host:"));
        line.map_or("", |it| it[5..].trim())
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let head = read_until(stream, b"\r\n\r\n").await?;
    let target = head.split(' ').nth(1)?;
    let path = target.strip_prefix("http://").map_or(target, |it| it.find('/').map_or("/", |at| &it[at..]));
    Some(Request { path: path.to_owned(), head })
}

/// A mail server that greets, takes `HELO` and `QUIT`, and `STARTTLS` where it has a certificate.
async fn serve_smtp(mut stream: TcpStream, tls: Option<TlsAcceptor>) {
    stream.write_all(b"220 door mail\r\n").await.ok();
    while let Some(line) = read_until(&mut stream, b"\n").await {
        let reply: &[u8] = match line.trim_end() {
            "HELO door" => b"250 hello\r\n",
            "QUIT" => return,
            "STARTTLS" => {
                let Some(tls) = &tls else { return };
                stream.write_all(b"220 ready\r\n").await.ok();
                let Ok(mut secure) = tls.accept(stream).await else { return };
                if read_until(&mut secure, b"\n").await.is_some() {
                    secure.write_all(b"250 still here\r\n").await.ok();
                    read_to_end(&mut secure).await;
                }
                return;
            }
            _ => b"500 what?\r\n",
        };
        stream.write_all(reply).await.ok();
    }
}

async fn read_until(stream: &mut (impl AsyncRead + Unpin), end: &[u8]) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        bytes.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(bytes).ok()
}

async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) {
    let mut rest = [0; 1024];
    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
}
