//! A conversation by lines or by bytes, over whatever connection: expect, send, perhaps start TLS.

use std::collections::BTreeMap;

use regex::bytes::{Captures, Regex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::dial::{Connection, Dialer, FirstByte, Trail, Trouble, Wire, of_io};
use crate::outcome::{Conversation, FaultKind, Missed, Phase};
use crate::spec::{Exchange, ExpectLabel, Expected, Sent, TlsSpec};

/// What is said, to whom, and which certificates count.
pub(super) struct Talk<'a> {
    /// The host, for certificates.
    pub(super) host: &'a str,
    /// TLS from the beginning.
    pub(super) tls: Option<&'a TlsSpec>,
    /// TLS in the middle.
    pub(super) starttls: &'a TlsSpec,
    /// The conversation, top down.
    pub(super) script: &'a [Exchange],
}

impl Talk<'_> {
    /// Has the conversation over `wire`, and notes how far it came. What is left of the connection
    /// is given back, unless the other side did not say what was expected.
    pub(super) async fn hold(
        &self,
        dialer: &Dialer,
        wire: Wire,
        trail: &Trail,
    ) -> Result<Option<Connection>, Trouble> {
        let mut connection = match self.tls {
            None => Connection::plain(wire, FirstByte::Answer),
            Some(tls) => secured(dialer, wire, self.host, tls, trail).await?,
        };
        trail.note(|seen| seen.conversation = Some(Conversation::default()));
        let mut heard = Heard::default();
        for exchange in self.script {
            trail.enter(Phase::Processing);
            if let Err(missed) = converse(&mut connection, &mut heard, exchange, trail).await? {
                note(trail, |seen| seen.missed = Some(missed));
                connection.farewell().say();
                return Ok(None);
            }
            if exchange.starttls {
                // What came in the clear must not pass for what is said within TLS.
                heard = Heard::default();
                connection = secured(dialer, connection.into_wire(), self.host, self.starttls, trail).await?;
            }
            note(trail, |seen| seen.exchanges += 1);
        }
        Ok(Some(connection))
    }
}

async fn secured(
    dialer: &Dialer,
    wire: Wire,
    host: &str,
    tls: &TlsSpec,
    trail: &Trail,
) -> Result<Connection, Trouble> {
    let stream = dialer.secure(wire, host, tls, &[], trail).await?;
    Ok(Connection::tls(stream, FirstByte::Answer))
}

/// Goes through one entry: whether what was expected came.
async fn converse(
    connection: &mut Connection,
    heard: &mut Heard,
    exchange: &Exchange,
    trail: &Trail,
) -> Result<Result<(), Missed>, Trouble> {
    let mut send = match &exchange.send {
        None => Vec::new(),
        Some(Sent::Line(line)) => line.as_bytes().to_vec(),
        Some(Sent::Bytes(bytes)) => bytes.clone(),
    };
    let is_line = matches!(exchange.send, Some(Sent::Line(_)));
    match &exchange.expect {
        None => {}
        Some(Expected::Bytes(wanted)) => {
            let is_it = await_bytes(connection, heard, wanted, trail).await?;
            if !is_it {
                return Ok(Err(Missed::Bytes));
            }
        }
        Some(Expected::Line(regex)) => {
            let Some(line) = await_match(connection, heard, regex, trail).await? else {
                return Ok(Err(Missed::Line));
            };
            let found = regex.captures(&line).expect("the line was found to match");
            if is_line {
                send = filled(&found, &send);
            }
            let label = |it: &ExpectLabel| (it.name.clone(), text(&filled(&found, it.value.as_bytes())));
            let labels: BTreeMap<_, _> = exchange.labels.iter().map(label).collect();
            note(trail, |seen| seen.labels.extend(labels));
        }
    }
    if !send.is_empty() {
        send.extend(is_line.then_some(b'\n'));
        connection.write_all(&send).await.map_err(|error| of_io(&error))?;
        connection.flush().await.map_err(|error| of_io(&error))?;
    }
    Ok(Ok(()))
}

fn filled(found: &Captures<'_>, template: &[u8]) -> Vec<u8> {
    let mut filled = Vec::new();
    found.expand(template, &mut filled);
    filled
}

/// The first line that matches; none where the other side has nothing more to say. One that says
/// nothing at all has closed the connection before an answer.
async fn await_match(
    connection: &mut Connection,
    heard: &mut Heard,
    expect: &Regex,
    trail: &Trail,
) -> Result<Option<Vec<u8>>, Trouble> {
    let mut silent = true;
    while let Some(line) = heard.line(connection).await? {
        silent = false;
        note(trail, |seen| seen.last_line = evidence(&line));
        if expect.is_match(&line) {
            return Ok(Some(line));
        }
    }
    if silent {
        note(trail, |seen| seen.missed = Some(Missed::Line));
        return Err(FaultKind::Reset.into());
    }
    Ok(None)
}

/// Whether as many bytes as `wanted` has come next, and are those. What came with a line and was not
/// taken yet comes first.
async fn await_bytes(
    connection: &mut Connection,
    heard: &mut Heard,
    wanted: &[u8],
    trail: &Trail,
) -> Result<bool, Trouble> {
    let found = heard.bytes(connection, wanted.len()).await?;
    note(trail, |seen| seen.last_line = evidence(&found));
    match found.len() {
        0 => Err(FaultKind::Reset.into()),
        count if count < wanted.len() => Err(FaultKind::BodyTruncated.into()),
        _ => Ok(found == wanted),
    }
}

fn note(trail: &Trail, write: impl FnOnce(&mut Conversation)) {
    trail.note(|seen| write(seen.conversation.get_or_insert_default()));
}

fn evidence(bytes: &[u8]) -> String {
    text(bytes).chars().take(EVIDENCE_CHARS_MAX).collect()
}

/// Bytes that are no text are replaced.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What was read and not yet taken.
#[derive(Default)]
struct Heard {
    buffer: Vec<u8>,
}

impl Heard {
    /// The next line without its end, or what stands after the last one.
    async fn line(&mut self, connection: &mut Connection) -> Result<Option<Vec<u8>>, Trouble> {
        // Bytes at the front that hold no line feed.
        let mut looked_at = 0;
        loop {
            let end = self.buffer[looked_at..].iter().position(|it| *it == b'\n').map(|it| looked_at + it);
            if end.unwrap_or(self.buffer.len()) > LINE_BYTES_MAX {
                return Err(FaultKind::BodyTooLarge.into());
            }
            if let Some(end) = end {
                return Ok(Some(bare(self.take(end + 1))));
            }
            looked_at = self.buffer.len();
            if self.read(connection).await? == 0 {
                let last = self.take(self.buffer.len());
                return Ok((!last.is_empty()).then(|| bare(last)));
            }
        }
    }

    /// The next bytes: so many, or fewer where the other side has no more.
    async fn bytes(&mut self, connection: &mut Connection, count: usize) -> Result<Vec<u8>, Trouble> {
        while self.buffer.len() < count && self.read(connection).await? > 0 {}
        Ok(self.take(count.min(self.buffer.len())))
    }

    async fn read(&mut self, connection: &mut Connection) -> Result<usize, Trouble> {
        connection.read_buf(&mut self.buffer).await.map_err(|error| of_io(&error))
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(count);
        std::mem::replace(&mut self.buffer, rest)
    }
}

fn bare(mut line: Vec<u8>) -> Vec<u8> {
    let line_end = line.strip_suffix(b"\n").unwrap_or(&line);
    let length = line_end.strip_suffix(b"\r").unwrap_or(line_end).len();
    line.truncate(length);
    line
}

/// How much of a line is kept as evidence.
const EVIDENCE_CHARS_MAX: usize = 256;

/// The longest line that is read, in bytes.
const LINE_BYTES_MAX: usize = 64 << 10;
