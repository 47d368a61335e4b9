//! One GET, in HTTP/1.0 so that the body ends with the connection. Enough for a test's question.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Status line and headers as they came.
    pub(crate) head: String,
    pub(crate) body: String,
}

const REPLY_MAX: Duration = Duration::from_secs(20);

/// Asks for `target`, a path with its query. Bounded in time; the body must be UTF-8.
pub(crate) fn get(server: SocketAddr, target: &str) -> io::Result<Reply> {
    let until = Instant::now() + REPLY_MAX;
    let mut stream = TcpStream::connect_timeout(&server, REPLY_MAX)?;
    write!(stream, "GET {target} HTTP/1.0\r\nHost: {server}\r\nAccept: */*\r\n\r\n")?;
    let mut answer = Vec::new();
    let mut part = [0; 16 << 10];
    loop {
        let left = until.checked_duration_since(Instant::now()).filter(|it| !it.is_zero());
        stream.set_read_timeout(Some(left.ok_or(io::ErrorKind::TimedOut)?))?;
        match stream.read(&mut part)? {
            0 => return parse(&answer).ok_or_else(|| io::ErrorKind::InvalidData.into()),
            count => answer.extend_from_slice(&part[..count]),
        }
    }
}

/// A path with its query, each value escaped.
pub(crate) fn target(path: &str, query: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{query}")
}

fn parse(answer: &[u8]) -> Option<Reply> {
    let (head, body) = std::str::from_utf8(answer).ok()?.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head: head.to_owned(), body: body.to_owned() })
}
