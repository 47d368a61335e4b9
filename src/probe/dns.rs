//! `prober: dns`: one question to one name server, and its answer. Nothing is asked twice: an answer
//! that says it was cut short is the answer.

use std::net::IpAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::yield_now;

use super::path::place;
use crate::dial::{Connection, Datagrams, Dialer, FirstByte, Trail, Trouble, of_io};
use crate::dns::{Message, Query, Record, Section};
use crate::outcome::{DnsAnswer, DnsFacts, FaultKind, Phase, SectionFacts};
use crate::spec::{DnsSpec, DnsTransport, Module};
use crate::target::Target;

/// Asks the name server `target`, and notes its answer.
pub(super) async fn ask(
    dialer: &Dialer,
    module: &Module,
    spec: &DnsSpec,
    target: &Target,
    trail: &Trail,
) -> Result<(), Trouble> {
    trail.note(|seen| seen.dns = Some(DnsFacts::default()));
    let (host, port) = server(&target.address, spec.transport.port()).ok_or(FaultKind::NoSuchName)?;
    let id = u16::from_be_bytes(dialer.random()?);
    let question = Question { query: &spec.query, id };
    let bytes = match &spec.transport {
        DnsTransport::Udp => {
            let datagrams = dialer.datagrams(&host, port, &spec.dial, trail).await?;
            over_datagrams(&datagrams, &question, trail).await?
        }
        DnsTransport::Tcp => {
            let wire = dialer.connect(&host, port, &spec.dial, module.connect_timeout, trail).await?;
            over_connection(Connection::plain(wire, FirstByte::Answer), &question, trail).await?
        }
        DnsTransport::Tls(tls) => {
            let wire = dialer.connect(&host, port, &spec.dial, module.connect_timeout, trail).await?;
            let stream = dialer.secure(wire, &host, tls, &[], trail).await?;
            over_connection(Connection::tls(stream, FirstByte::Answer), &question, trail).await?
        }
    };
    match Message::read(&bytes) {
        Ok(message) => {
            trail.enter(Phase::Check);
            let answer = answer(spec, &message);
            note(trail, |facts| facts.answer = Some(answer));
            Ok(())
        }
        Err(flaw) => {
            note(trail, |facts| facts.flaw = Some(flaw));
            Err(FaultKind::DnsProtocol.into())
        }
    }
}

/// A question, and the number by which its answer is known.
struct Question<'a> {
    query: &'a Query,
    id: u16,
}

/// Anybody can send a datagram that looks as if it came from the server. What does not answer the
/// question is passed over, and the answer awaited.
async fn over_datagrams(
    datagrams: &Datagrams,
    question: &Question<'_>,
    trail: &Trail,
) -> Result<Vec<u8>, Trouble> {
    let mut bytes = vec![0; MESSAGE_BYTES_MAX];
    trail.enter(Phase::Processing);
    // A datagram that comes back undelivered is told of a way that is shut.
    let undelivered = |trouble| {
        trail.enter(Phase::Connect);
        trouble
    };
    datagrams.send(&question.query.message(question.id)).await.map_err(undelivered)?;
    loop {
        let length = datagrams.receive(&mut bytes).await.map_err(undelivered)?;
        if question.query.is_answered_by(question.id, &bytes[..length]) {
            bytes.truncate(length);
            return Ok(bytes);
        }
        note(trail, |facts| facts.strangers = facts.strangers.saturating_add(1));
        // A flood of them must not keep the deadline from being looked at.
        yield_now().await;
    }
}

/// Each message has its length before it. On a connection of our own nobody else can slip in: a
/// message that does not answer the question is the server's mistake.
async fn over_connection(
    mut connection: Connection,
    question: &Question<'_>,
    trail: &Trail,
) -> Result<Vec<u8>, Trouble> {
    trail.enter(Phase::Processing);
    let message = question.query.message(question.id);
    let length = u16::try_from(message.len()).expect("a question has less than 300 bytes");
    let framed = [&length.to_be_bytes()[..], &message].concat();
    connection.write_all(&framed).await.map_err(|error| of_io(&error))?;
    connection.flush().await.map_err(|error| of_io(&error))?;
    let length = connection.read_u16().await.map_err(|error| of_io(&error))?;
    let mut bytes = vec![0; length.into()];
    connection.read_exact(&mut bytes).await.map_err(|error| of_io(&error))?;
    connection.farewell().say();
    if question.query.is_answered_by(question.id, &bytes) {
        return Ok(bytes);
    }
    note(trail, |facts| facts.strangers = 1);
    Err(FaultKind::DnsProtocol.into())
}

/// Host and port of a name server: an address of either family, a name, a port behind it or none. Of
/// a URL it is the host, for its port is another service's.
fn server(address: &str, default: u16) -> Option<(String, u16)> {
    if let Ok(ip) = address.parse::<IpAddr>() {
        return Some((ip.to_string(), default));
    }
    let (host, port) = place(address)?;
    let port = port.filter(|_| !address.contains("://"));
    Some((host, port.unwrap_or(default)))
}

fn answer(spec: &DnsSpec, message: &Message) -> DnsAnswer {
    let matched = |it: &crate::spec::RecordRule| {
        message.section(it.section).iter().filter(|record| it.regex.is_match(&record.text)).count()
    };
    DnsAnswer {
        rcode: message.rcode,
        authoritative: message.authoritative,
        truncated: message.truncated,
        serial: message.section(Section::Answer).iter().rev().find_map(|it| it.serial),
        matched: spec.rules.iter().map(matched).collect(),
        sections: Section::ALL.map(|it| section(message.section(it))),
    }
}

fn section(records: &[Record]) -> SectionFacts {
    let cut = |it: &Record| it.text.chars().take(RECORD_CHARS_MAX).collect();
    SectionFacts { records: records.len(), first: records.iter().take(RECORDS_KEPT_MAX).map(cut).collect() }
}

fn note(trail: &Trail, write: impl FnOnce(&mut DnsFacts)) {
    trail.note(|seen| write(seen.dns.get_or_insert_default()));
}

/// The longest message there is, in bytes.
const MESSAGE_BYTES_MAX: usize = u16::MAX as usize;

/// How many records of a section are kept as evidence, and how much of each.
const RECORDS_KEPT_MAX: usize = 16;
const RECORD_CHARS_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_server_may_stand_without_a_port() {
        for (address, expected) in [
            ("192.0.2.1", Some(("192.0.2.1", 53))),
            ("192.0.2.1:5353", Some(("192.0.2.1", 5353))),
            ("2001:db8::53", Some(("2001:db8::53", 53))),
            ("[2001:db8::53]:5353", Some(("2001:db8::53", 5353))),
            ("[2001:db8::53]", Some(("2001:db8::53", 53))),
            ("ns.example", Some(("ns.example", 53))),
            ("https://ns.example/metrics", Some(("ns.example", 53))),
            ("ns.example:x", None),
            ("", None),
        ] {
            let found = server(address, 53);
            assert_eq!(found.as_ref().map(|(host, port)| (&**host, *port)), expected, "{address}");
        }
    }
}
