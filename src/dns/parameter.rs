//! The parameters of a service (RFC 9460): keys with values, behind a blank each.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::reader::{Flaw, Reader};
use super::record::{base64, push};

/// Writes all that is left, as `alpn="h2,h3" port="8443"`.
pub(super) fn write(text: &mut String, data: &mut Reader<'_>) -> Result<(), Flaw> {
    let mut separator = "";
    while !data.is_at_end() {
        let key = data.u16()?;
        let length = data.u16()?;
        push(text, format_args!("{separator}{}=\"", key_name(key)));
        write_value(text, key, data.part(length.into())?)?;
        text.push('"');
        separator = " ";
    }
    Ok(())
}

fn key_name(key: u16) -> std::borrow::Cow<'static, str> {
    match KEYS.get(usize::from(key)) {
        Some(name) => (*name).into(),
        None => format!("key{key}").into(),
    }
}

fn write_value(text: &mut String, key: u16, mut value: Reader<'_>) -> Result<(), Flaw> {
    let mut separator = "";
    match key {
        MANDATORY => {
            while !value.is_at_end() {
                push(text, format_args!("{separator}{}", key_name(value.u16()?)));
                separator = ",";
            }
        }
        ALPN => {
            while !value.is_at_end() {
                push(text, separator);
                let length = value.u8()?;
                escape_in_list(text, value.take(length.into())?);
                separator = ",";
            }
        }
        PORT => push(text, value.u16()?),
        IP4_HINT => {
            while !value.is_at_end() {
                push(text, format_args!("{separator}{}", Ipv4Addr::from(value.array::<4>()?)));
                separator = ",";
            }
        }
        IP6_HINT => {
            while !value.is_at_end() {
                push(text, format_args!("{separator}{}", Ipv6Addr::from(value.array::<16>()?)));
                separator = ",";
            }
        }
        ECH => base64(text, value.rest()),
        _ => escape(text, value.rest()),
    }
    if value.is_at_end() { Ok(()) } else { Err(Flaw::Data) }
}

/// A comma separates entries, so one within an entry is escaped, and that once more for the quotes.
fn escape_in_list(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b',' => text.push_str(r"\\\044"),
            b'\\' => text.push_str(r"\\\092"),
            other => escape(text, &[*other]),
        }
    }
}

fn escape(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'"' | b';' | b' ' | b'\\' => push(text, format_args!("\\{}", char::from(*byte))),
            b'!'..=b'~' => text.push(char::from(*byte)),
            other => push(text, format_args!("\\{other:03}")),
        }
    }
}

/// The keys that have names, by their numbers.
const KEYS: [&str; 9] =
    ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ipv6hint", "ech", "dohpath", "ohttp"];
const MANDATORY: u16 = 0;
const ALPN: u16 = 1;
const PORT: u16 = 3;
const IP4_HINT: u16 = 4;
const IP6_HINT: u16 = 5;
const ECH: u16 = 6;
