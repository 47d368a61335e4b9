//! Reads the body of an answer: decodes it, counts it, stops at the limit, and hands on what is
//! within. A body is never kept here, and never read further than somebody wants it.

use std::io::{self, Write};
use std::ops::ControlFlow;

use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt as _;

use super::brotli::Unbrotli;
use super::inflate::Inflate;
use crate::dial::{Answered, Part, Trail, Trouble, of_http};
use crate::outcome::FaultKind;

/// Takes the decoded bytes of a body.
pub(super) trait Sink: Send {
    /// Takes the next bytes. On a break the rest is not read.
    fn take(&mut self, bytes: &[u8]) -> ControlFlow<()>;
}

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// As it is.
    Plain,
    /// gzip, of one member or several.
    Gzip,
    /// deflate, with zlib's wrapping or without.
    Deflate,
    /// brotli.
    Brotli,
}

/// Reads the body up to its end, or as far as `sink` wants it, and notes the bytes.
///
/// # Errors
///
/// The fault that ended it: cut short, not encoded as it says, more than `bytes_max` decoded bytes.
pub(super) async fn read(
    answered: &mut Answered,
    coding: Coding,
    bytes_max: u64,
    sink: &mut impl Sink,
    trail: &Trail,
) -> Result<(), Trouble> {
    let mut meter = Some(Meter { sink, bytes: 0, bytes_max, start: Vec::new(), stop: None });
    let mut decoder = None;
    let mut wire_bytes: u64 = 0;
    while let Some(frame) = answered.response.frame().await {
        let frame = frame.map_err(|error| of_http(&error, Part::Body, trail.broken()))?;
        let Some(data) = frame.data_ref().filter(|it| !it.is_empty()) else { continue };
        wire_bytes += data.len() as u64;
        // Bytes without end that unfold to nothing would keep us busy until the deadline.
        if wire_bytes > bytes_max.saturating_mul(WIRE_MAX) {
            return Err(FaultKind::BodyTooLarge.into());
        }
        if let Some(meter) = meter.take() {
            decoder = Some(Decoder::new(coding, data[0], meter));
        }
        let decoder = decoder.as_mut().expect("a decoder is made with the first byte");
        let result = decoder.write_all(data);
        note(decoder.meter(), wire_bytes, trail);
        match (result, decoder.meter().stop) {
            (Ok(()), _) => {}
            (Err(_), Some(Stop::Enough)) => return Ok(()),
            (Err(_), Some(Stop::Limit)) => return Err(over_limit(coding, bytes_max, wire_bytes).into()),
            (Err(_), None) => return Err(FaultKind::DecodeFailed.into()),
        }
    }
    match decoder {
        None if coding == Coding::Plain => Ok(()),
        None => Err(FaultKind::DecodeFailed.into()),
        Some(mut decoder) => {
            let result = decoder.finish();
            note(decoder.meter(), wire_bytes, trail);
            match (result, decoder.meter().stop) {
                (Ok(()), _) | (Err(_), Some(Stop::Enough)) => Ok(()),
                (Err(_), Some(Stop::Limit)) => Err(over_limit(coding, bytes_max, wire_bytes).into()),
                (Err(_), None) => Err(FaultKind::DecodeFailed.into()),
            }
        }
    }
}

fn note<S: Sink>(meter: &Meter<'_, S>, wire_bytes: u64, trail: &Trail) {
    trail.note_http(|facts| {
        facts.wire_bytes = wire_bytes;
        facts.body_bytes = meter.bytes;
        if facts.body_start.len() < meter.start.len() {
            facts.body_start = String::from_utf8_lossy(&meter.start).into_owned();
        }
    });
}

/// A body that unfolds to a hundred times its size and more was made to do so; text of metrics
/// unfolds to twenty times at the most.
fn over_limit(coding: Coding, bytes_max: u64, wire_bytes: u64) -> FaultKind {
    match coding {
        Coding::Gzip | Coding::Deflate | Coding::Brotli if bytes_max / UNFOLD_MAX >= wire_bytes => {
            FaultKind::DecodeLimit
        }
        Coding::Plain | Coding::Gzip | Coding::Deflate | Coding::Brotli => FaultKind::BodyTooLarge,
    }
}

/// Counts decoded bytes on their way to the sink.
struct Meter<'a, S> {
    sink: &'a mut S,
    bytes: u64,
    bytes_max: u64,
    start: Vec<u8>,
    stop: Option<Stop>,
}

/// Why nothing more is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The sink wants no more.
    Enough,
    /// The limit is reached.
    Limit,
}

impl<S: Sink> Write for Meter<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A decoder that is dropped tries to get rid of what it still holds.
        if self.stop.is_some() {
            return Err(io::ErrorKind::Other.into());
        }
        self.bytes += bytes.len() as u64;
        let room = START_BYTES_MAX - self.start.len();
        self.start.extend_from_slice(&bytes[..room.min(bytes.len())]);
        if self.bytes > self.bytes_max {
            self.stop = Some(Stop::Limit);
        } else if self.sink.take(bytes).is_break() {
            self.stop = Some(Stop::Enough);
        }
        if self.stop.is_some() { Err(io::ErrorKind::Other.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Decoder<'a, S: Sink> {
    Plain(Meter<'a, S>),
    Gzip(Box<MultiGzDecoder<Meter<'a, S>>>),
    Deflate(Box<Inflate<Meter<'a, S>>>),
    Brotli(Box<Unbrotli<Meter<'a, S>>>),
}

impl<'a, S: Sink> Decoder<'a, S> {
    /// A decoder of a body with that first byte, by which zlib's wrapping is known: as a beginning
    /// of deflate itself it would be a stored block with noise where its padding is.
    fn new(coding: Coding, first: u8, meter: Meter<'a, S>) -> Self {
        match coding {
            Coding::Plain => Self::Plain(meter),
            Coding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(meter))),
            Coding::Deflate => Self::Deflate(Box::new(Inflate::new(first & 0x0f == 8, meter))),
            Coding::Brotli => Self::Brotli(Box::new(Unbrotli::new(meter))),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(it) => it.write_all(bytes),
            Self::Gzip(it) => it.write_all(bytes),
            Self::Deflate(it) => it.write_all(bytes),
            Self::Brotli(it) => it.write_all(bytes),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Gzip(it) => it.try_finish(),
            Self::Deflate(it) => it.finish(),
            Self::Brotli(it) => it.finish(),
        }
    }

    fn meter(&self) -> &Meter<'a, S> {
        match self {
            Self::Plain(it) => it,
            Self::Gzip(it) => it.get_ref(),
            Self::Deflate(it) => it.get_ref(),
            Self::Brotli(it) => it.get_ref(),
        }
    }
}

/// Decoded bytes for each byte on the wire, from which on a body is taken for hostile.
const UNFOLD_MAX: u64 = 100;

/// The most bytes on the wire for each that may be decoded: no encoding makes a body twice as long.
const WIRE_MAX: u64 = 2;

/// How much of a body is kept as evidence, in bytes: an error that is told in JSON has its code in
/// there, and a hundred thousand of them still fit into memory.
const START_BYTES_MAX: usize = 512;
