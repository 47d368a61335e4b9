//! The two messages of the health service, in the encoding of protocol buffers. Each has one field,
//! the first; others are stepped over, so that a newer service is understood as well.

use crate::outcome::Serving;

/// `HealthCheckRequest`: the service that is asked for.
pub(super) fn request(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    // What is empty is not sent.
    if !service.is_empty() {
        message.push(FIRST << 3 | LENGTH);
        put_number(&mut message, service.len() as u64);
        message.extend_from_slice(service.as_bytes());
    }
    message
}

/// `HealthCheckResponse`: what is said; none where this is no such message. A status that is left out
/// is unknown, and so is one that has no word yet.
pub(super) fn serving(mut message: &[u8]) -> Option<Serving> {
    let mut status = 0;
    while !message.is_empty() {
        let key = number(&mut message)?;
        let (field, kind) = (key >> 3, u8::try_from(key & 7).ok()?);
        if field == 0 {
            return None;
        }
        let length = match kind {
            NUMBER => {
                let value = number(&mut message)?;
                if field == u64::from(FIRST) {
                    status = value;
                }
                0
            }
            EIGHT => 8,
            FOUR => 4,
            LENGTH => number(&mut message)?,
            _ => return None,
        };
        message = message.get(usize::try_from(length).ok()?..)?;
    }
    let found = usize::try_from(status).ok().and_then(|it| Serving::ALL.get(it).copied());
    Some(found.unwrap_or(Serving::Unknown))
}

fn put_number(message: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        message.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    message.push(value.to_le_bytes()[0]);
}

/// Seven bits to a byte, the lowest first.
fn number(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for place in 0..10 {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

const FIRST: u8 = 1;

// The kinds of what stands behind a field's number.
const NUMBER: u8 = 0;
const EIGHT: u8 = 1;
const LENGTH: u8 = 2;
const FOUR: u8 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_its_service_and_an_empty_name_is_not_sent() {
        assert_eq!(request(""), b"");
        assert_eq!(request("a.B"), b"\x0a\x03a.B");
        let long = request(&"x".repeat(300));
        assert_eq!(long[..3], [0x0a, 0xac, 0x02]);
    }

    #[test]
    fn an_answer_is_read_and_what_is_new_in_it_is_stepped_over() {
        let table: [(&[u8], Option<Serving>); 10] = [
            (b"", Some(Serving::Unknown)),
            (b"\x08\x01", Some(Serving::Serving)),
            (b"\x08\x02", Some(Serving::NotServing)),
            (b"\x08\x03", Some(Serving::ServiceUnknown)),
            (b"\x08\x63", Some(Serving::Unknown)),
            (b"\x12\x02hi\x08\x01\x1d1234\x2112345678", Some(Serving::Serving)),
            (b"\x08", None),
            (b"\x12\x05hi", None),
            (b"\x0b", None),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", None),
        ];
        for (bytes, expected) in table {
            assert_eq!(serving(bytes), expected, "{bytes:?}");
        }
    }
}
