//! `prober: tcp`: a connection, TLS if asked for, and a conversation by lines.

use regex::Regex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::dial::{Connection, Dialer, FirstByte, Trail, Trouble, of_io};
use crate::outcome::{Conversation, FaultKind, OwnSide, Phase};
use crate::spec::{Exchange, Module, TcpSpec};
use crate::target::Target;

/// Connects to `target`, has the conversation, and notes how far it came.
pub(super) async fn ask(
    dialer: &Dialer,
    module: &Module,
    spec: &TcpSpec,
    target: &Target,
    trail: &Trail,
) -> Result<(), Trouble> {
    let (host, port) = place(&target.address).ok_or(FaultKind::NoSuchName)?;
    let wire = dialer.connect(host, port, &spec.dial, module.connect_timeout, trail).await?;
    let mut connection = match &spec.tls {
        None => Connection::plain(wire, FirstByte::Answer),
        Some(tls) => {
            let stream = dialer.secure(wire, host, tls, &[], trail).await?;
            Connection::tls(stream, FirstByte::Answer)
        }
    };
    trail.note(|seen| seen.conversation = Some(Conversation::default()));
    let mut lines = Lines::default();
    for exchange in &spec.query_response {
        trail.enter(Phase::Processing);
        if !converse(&mut connection, &mut lines, exchange, trail).await? {
            break;
        }
        if exchange.starttls {
            let wire = connection.into_plain().ok_or(OwnSide::Internal)?;
            // What came in the clear must not pass for what is said within TLS.
            lines = Lines::default();
            let stream = dialer.secure(wire, host, &spec.starttls, &[], trail).await?;
            connection = Connection::tls(stream, FirstByte::Answer);
        }
        note(trail, |seen| seen.exchanges += 1);
    }
    connection.farewell().say();
    Ok(())
}

/// Goes through one entry: whether what was expected came.
async fn converse(
    connection: &mut Connection,
    lines: &mut Lines,
    exchange: &Exchange,
    trail: &Trail,
) -> Result<bool, Trouble> {
    let mut send = exchange.send.clone();
    if let Some(expect) = &exchange.expect {
        let Some(line) = await_match(connection, lines, expect, trail).await? else {
            note(trail, |seen| seen.mismatch = true);
            return Ok(false);
        };
        let found = expect.captures(&line).expect("the line was found to match");
        send = send.map(|template| {
            let mut filled = String::new();
            found.expand(&template, &mut filled);
            filled
        });
    }
    if let Some(mut send) = send.filter(|it| !it.is_empty()) {
        send.push('\n');
        connection.write_all(send.as_bytes()).await.map_err(|error| of_io(&error))?;
        connection.flush().await.map_err(|error| of_io(&error))?;
    }
    Ok(true)
}

/// The first line that matches; none where the other side has nothing more to say. One that says
/// nothing at all has closed the connection before an answer.
async fn await_match(
    connection: &mut Connection,
    lines: &mut Lines,
    expect: &Regex,
    trail: &Trail,
) -> Result<Option<String>, Trouble> {
    let mut heard = false;
    while let Some(line) = lines.next(connection).await? {
        heard = true;
        note(trail, |seen| seen.last_line = line.chars().take(EVIDENCE_CHARS_MAX).collect());
        if expect.is_match(&line) {
            return Ok(Some(line));
        }
    }
    if heard { Ok(None) } else { Err(FaultKind::Reset.into()) }
}

fn note(trail: &Trail, write: impl FnOnce(&mut Conversation)) {
    trail.note(|seen| write(seen.conversation.get_or_insert_default()));
}

/// Host and port; the brackets of an IPv6 address are taken off.
fn place(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    // An IPv6 address without brackets has no port that could be told from the rest of it.
    if bare.is_none() && host.contains(':') {
        return None;
    }
    Some((bare.unwrap_or(host), port.parse().ok()?)).filter(|(host, _)| !host.is_empty())
}

/// What was read and not yet taken as a line.
#[derive(Default)]
struct Lines {
    buffer: Vec<u8>,
    /// Bytes at the front that hold no line feed.
    looked_at: usize,
}

impl Lines {
    /// The next line without its end, or what stands after the last one. Bytes that are no text are
    /// replaced.
    async fn next(&mut self, connection: &mut Connection) -> Result<Option<String>, Trouble> {
        loop {
            if let Some(at) = self.buffer[self.looked_at..].iter().position(|it| *it == b'\n') {
                let rest = self.buffer.split_off(self.looked_at + at + 1);
                let line = std::mem::replace(&mut self.buffer, rest);
                self.looked_at = 0;
                return Ok(Some(text(&line)));
            }
            self.looked_at = self.buffer.len();
            if self.buffer.len() > LINE_BYTES_MAX {
                return Err(FaultKind::BodyTooLarge.into());
            }
            if connection.read_buf(&mut self.buffer).await.map_err(|error| of_io(&error))? == 0 {
                let last = std::mem::take(&mut self.buffer);
                self.looked_at = 0;
                return Ok((!last.is_empty()).then(|| text(&last)));
            }
        }
    }
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

/// How much of a line is kept as evidence.
const EVIDENCE_CHARS_MAX: usize = 256;

/// The longest line that is read, in bytes.
const LINE_BYTES_MAX: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_host_and_a_port() {
        let table = [
            ("a:25", Some(("a", 25))),
            ("[::1]:25", Some(("::1", 25))),
            ("127.0.0.1:25", Some(("127.0.0.1", 25))),
            ("::1:25", None),
            ("a", None),
            (":25", None),
            ("a:70000", None),
        ];
        for (address, expected) in table {
            assert_eq!(place(address), expected, "{address}");
        }
    }
}
