//! One record, and its text.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use chrono::DateTime;

use super::parameter;
use super::reader::{Flaw, Reader};
use super::word::{Class, RecordType};

/// A record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its type.
    pub record_type: RecordType,
    /// It as zone files have it: name, TTL, class and type with a tab behind each, then the data.
    pub text: String,
    /// The serial number of the zone, where it is a zone's start.
    pub serial: Option<u32>,
    /// The upper bits of the answer's code, where it is a note that has them.
    pub(super) extended_rcode: Option<u16>,
}

impl Record {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Flaw> {
        let name = reader.name()?;
        let (record_type, class) = (RecordType(reader.u16()?), Class(reader.u16()?));
        let (ttl, length) = (reader.u32()?, reader.u16()?);
        let data = reader.part(length.into())?;
        if record_type == RecordType::OPT {
            let [extended, version, flags, _] = ttl.to_be_bytes();
            let secure = if flags & 0x80 == 0 { "" } else { " do" };
            let text = format!(
                "\n;; OPT PSEUDOSECTION:\n; EDNS: version {version}; flags:{secure}; udp: {}",
                class.0
            );
            return Ok(Self { record_type, text, serial: None, extended_rcode: Some(extended.into()) });
        }
        let known = record_type.is_known();
        let (class, type_name) = if known {
            (class.name(), record_type.name())
        } else {
            // RFC 3597 has the number of a class where the type has no name.
            (format!("CLASS{}", class.0).into(), record_type.name())
        };
        let mut text = format!("{name}\t{ttl}\t{class}\t{type_name}\t");
        match layout(record_type) {
            Some(parts) => write_data(&mut text, parts, data)?,
            None => write_unknown(&mut text, data),
        }
        let serial = if record_type == RecordType::SOA { Some(serial(data)?) } else { None };
        Ok(Self { record_type, text, serial, extended_rcode: None })
    }
}

fn serial(mut data: Reader<'_>) -> Result<u32, Flaw> {
    data.name()?;
    data.name()?;
    data.u32()
}

/// A piece of a record's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A number of one byte.
    U8,
    /// A number of two bytes.
    U16,
    /// A number of four bytes.
    U32,
    /// An address of IPv4.
    Ip4,
    /// An address of IPv6.
    Ip6,
    /// A name.
    Name,
    /// A text with its length before it, between quotes.
    Text,
    /// As many texts as there are.
    Texts,
    /// A text with its length before it, without quotes.
    Tag,
    /// All that is left as a text, between quotes.
    RestText,
    /// All that is left, in hexadecimal small letters.
    RestHex,
    /// All that is left, in hexadecimal large letters.
    RestHexLarge,
    /// All that is left, in base64.
    RestBase64,
    /// Bytes with their length before them, in hexadecimal large letters; `-` for none.
    Salt,
    /// Bytes with their length before them, in base32 with the digits first.
    Hash,
    /// Seconds since 1970, as a date without signs between its parts.
    Time,
    /// The type of a record, by its name.
    Type,
    /// A set of types, by their names.
    Types,
    /// Keys and values of a service.
    Parameters,
}

/// What the data of a type is made of; none where it is shown as bytes.
fn layout(record_type: RecordType) -> Option<&'static [Part]> {
    LAYOUTS.iter().find(|(types, _)| types.contains(&record_type.0)).map(|(_, parts)| *parts)
}

/// The types that are written out, by number.
const LAYOUTS: &[(&[u16], &[Part])] = &[
    (&[1], &[Part::Ip4]),
    (&[28], &[Part::Ip6]),
    // NS, MD, MF, CNAME, MB, MG, MR, PTR, NSAPPTR, DNAME
    (&[2, 3, 4, 5, 7, 8, 9, 12, 23, 39], &[Part::Name]),
    // SOA
    (&[6], &[Part::Name, Part::Name, Part::U32, Part::U32, Part::U32, Part::U32, Part::U32]),
    // HINFO
    (&[13], &[Part::Text, Part::Text]),
    // MINFO, RP, TALINK
    (&[14, 17, 58], &[Part::Name, Part::Name]),
    // MX, AFSDB, RT, KX, LP
    (&[15, 18, 21, 36, 107], &[Part::U16, Part::Name]),
    // TXT, NINFO, SPF, AVC
    (&[16, 56, 99, 258], &[Part::Texts]),
    // SRV
    (&[33], &[Part::U16, Part::U16, Part::U16, Part::Name]),
    // NAPTR
    (&[35], &[Part::U16, Part::U16, Part::Text, Part::Text, Part::Text, Part::Name]),
    // DS, CDS, TA, DLV
    (&[43, 59, 32768, 32769], &[Part::U16, Part::U8, Part::U8, Part::RestHexLarge]),
    // SSHFP
    (&[44], &[Part::U8, Part::U8, Part::RestHexLarge]),
    // SIG, RRSIG
    (
        &[24, 46],
        &[
            Part::Type,
            Part::U8,
            Part::U8,
            Part::U32,
            Part::Time,
            Part::Time,
            Part::U16,
            Part::Name,
            Part::RestBase64,
        ],
    ),
    // NSEC
    (&[47], &[Part::Name, Part::Types]),
    // KEY, DNSKEY, RKEY, CDNSKEY
    (&[25, 48, 57, 60], &[Part::U16, Part::U8, Part::U8, Part::RestBase64]),
    // DHCID, OPENPGPKEY
    (&[49, 61], &[Part::RestBase64]),
    // NSEC3
    (&[50], &[Part::U8, Part::U8, Part::U16, Part::Salt, Part::Hash, Part::Types]),
    // NSEC3PARAM
    (&[51], &[Part::U8, Part::U8, Part::U16, Part::Salt]),
    // TLSA, SMIMEA
    (&[52, 53], &[Part::U8, Part::U8, Part::U8, Part::RestHex]),
    // CSYNC
    (&[62], &[Part::U32, Part::U16, Part::Types]),
    // ZONEMD
    (&[63], &[Part::U32, Part::U8, Part::U8, Part::RestHex]),
    // SVCB, HTTPS
    (&[64, 65], &[Part::U16, Part::Name, Part::Parameters]),
    // L32
    (&[105], &[Part::U16, Part::Ip4]),
    // URI
    (&[256], &[Part::U16, Part::U16, Part::RestText]),
    // CAA
    (&[257], &[Part::U8, Part::Tag, Part::RestText]),
];

/// Writes the parts with a blank between them. An update's record without data has none.
fn write_data(text: &mut String, parts: &[Part], mut data: Reader<'_>) -> Result<(), Flaw> {
    if data.is_at_end() {
        return Ok(());
    }
    for (at, part) in parts.iter().enumerate() {
        let before = text.len();
        if at > 0 {
            text.push(' ');
        }
        let separated = text.len();
        write_part(text, *part, &mut data).map_err(of_data)?;
        // A list without entries, which comes last, leaves no blank behind.
        if text.len() == separated && matches!(part, Part::Types | Part::Parameters) {
            text.truncate(before);
        }
    }
    if data.is_at_end() { Ok(()) } else { Err(Flaw::Data) }
}

/// What ends within a record's data ends there, and not with the message.
fn of_data(flaw: Flaw) -> Flaw {
    match flaw {
        Flaw::CutOff => Flaw::Data,
        Flaw::Label | Flaw::Pointer | Flaw::LongName | Flaw::Data => flaw,
    }
}

fn write_part(text: &mut String, part: Part, data: &mut Reader<'_>) -> Result<(), Flaw> {
    match part {
        Part::U8 => push(text, data.u8()?),
        Part::U16 => push(text, data.u16()?),
        Part::U32 => push(text, data.u32()?),
        Part::Ip4 => push(text, Ipv4Addr::from(data.array::<4>()?)),
        Part::Ip6 => push(text, Ipv6Addr::from(data.array::<16>()?)),
        Part::Name => push(text, data.name()?),
        Part::Text => quote(text, counted(data)?),
        Part::Texts => {
            quote(text, counted(data)?);
            while !data.is_at_end() {
                text.push(' ');
                quote(text, counted(data)?);
            }
        }
        Part::Tag => escape(text, counted(data)?),
        Part::RestText => quote(text, data.rest()),
        Part::RestHex => hex(text, data.rest()),
        Part::RestHexLarge => hex_large(text, data.rest()),
        Part::RestBase64 => base64(text, data.rest()),
        Part::Salt => match counted(data)? {
            [] => text.push('-'),
            salt => hex_large(text, salt),
        },
        Part::Hash => base32(text, counted(data)?),
        Part::Time => {
            let at = DateTime::from_timestamp(data.u32()?.into(), 0).ok_or(Flaw::Data)?;
            push(text, at.format("%Y%m%d%H%M%S"));
        }
        Part::Type => push(text, RecordType(data.u16()?).name()),
        Part::Types => write_types(text, data)?,
        Part::Parameters => parameter::write(text, data)?,
    }
    Ok(())
}

/// Windows of 256 types each: the window's number, how many bytes of bits follow, the bits.
fn write_types(text: &mut String, data: &mut Reader<'_>) -> Result<(), Flaw> {
    let mut separator = "";
    while !data.is_at_end() {
        let window = data.u8()?;
        for (at, byte) in counted(data)?.iter().take(32).enumerate() {
            for bit in (0..8).filter(|bit| byte & (0x80 >> bit) != 0) {
                let low = u16::try_from(at * 8 + bit).expect("a window has 256 types");
                push(text, separator);
                push(text, RecordType(u16::from(window) << 8 | low).name());
                separator = " ";
            }
        }
    }
    Ok(())
}

fn write_unknown(text: &mut String, mut data: Reader<'_>) {
    let bytes = data.rest();
    push(text, format_args!("\\# {} ", bytes.len()));
    hex(text, bytes);
}

fn counted<'a>(data: &mut Reader<'a>) -> Result<&'a [u8], Flaw> {
    let length = data.u8()?;
    data.take(length.into())
}

pub(super) fn push(text: &mut String, it: impl std::fmt::Display) {
    write!(text, "{it}").expect("a string takes all text");
}

fn quote(text: &mut String, bytes: &[u8]) {
    text.push('"');
    escape(text, bytes);
    text.push('"');
}

fn escape(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'"' | b'\\' => push(text, format_args!("\\{}", char::from(*byte))),
            b' '..=b'~' => text.push(char::from(*byte)),
            other => push(text, format_args!("\\{other:03}")),
        }
    }
}

fn hex(text: &mut String, bytes: &[u8]) {
    for it in bytes {
        push(text, format_args!("{it:02x}"));
    }
}

fn hex_large(text: &mut String, bytes: &[u8]) {
    for it in bytes {
        push(text, format_args!("{it:02X}"));
    }
}

pub(super) fn base64(text: &mut String, bytes: &[u8]) {
    digits(text, bytes, 6, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    let missing = (3 - bytes.len() % 3) % 3;
    text.extend(std::iter::repeat_n('=', missing));
}

fn base32(text: &mut String, bytes: &[u8]) {
    digits(text, bytes, 5, b"0123456789ABCDEFGHIJKLMNOPQRSTUV");
}

/// Each `bits` of the bytes as one digit; the last ones are filled up with zeros.
fn digits(text: &mut String, bytes: &[u8], bits: u32, alphabet: &[u8]) {
    let (mut held, mut count) = (0_u32, 0);
    let mask = (1 << bits) - 1;
    let mut digit = |it: u32| text.push(char::from(alphabet[(it & mask) as usize]));
    for byte in bytes {
        held = (held << 8 | u32::from(*byte)) & 0xffff;
        count += 8;
        while count >= bits {
            count -= bits;
            digit(held >> count);
        }
    }
    if count > 0 {
        digit(held << (bits - count));
    }
}
