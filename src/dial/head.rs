//! How long the head of an HTTP/1 answer is, and how it frames its body. The library has one word for
//! a head that is too long and for a length that no number holds, and takes for an end what is none;
//! here they are told apart.

use std::sync::{Arc, Mutex};

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Version};

/// The head as far as it has come. Clones lead to the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Head(Arc<Mutex<Count>>);

#[derive(Debug, Default)]
struct Count {
    /// Lines that have their ends, the one with the status among them.
    lines: usize,
    bytes: usize,
    /// Bytes of the running line, without carriage returns.
    line_bytes: usize,
    /// Whether its status says that another head follows (1xx).
    is_interim: bool,
    is_whole: bool,
}

impl Head {
    /// Counts the next bytes of the connection.
    pub(super) fn take(&self, bytes: &[u8]) {
        self.0.lock().expect("nobody panics while counting").take(bytes);
    }

    /// Whether the head came to its end with at most that many headers. Where the library complains of
    /// its size all the same, it means the size that a header tells of.
    pub(super) fn is_whole_within(&self, headers_max: usize) -> bool {
        let it = self.0.lock().expect("nobody panics while counting");
        it.is_whole && it.lines <= headers_max + 1
    }
}

impl Count {
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.is_whole {
                return;
            }
            if self.bytes == STATUS_AT {
                self.is_interim = *byte == b'1';
            }
            self.bytes += 1;
            match byte {
                b'\n' if self.line_bytes > 0 => (self.lines, self.line_bytes) = (self.lines + 1, 0),
                b'\n' if self.is_interim => *self = Self::default(),
                b'\n' => self.is_whole = true,
                b'\r' => {}
                _ => self.line_bytes += 1,
            }
        }
    }
}

/// Whether a body can be told from what follows it. The only coding of a transfer that is known is
/// `chunked`, once; a length is a number that a file can have.
pub(super) fn is_framed(version: Version, headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_known = match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    };
    let length = |it: &http::HeaderValue| it.to_str().is_ok_and(|it| it.trim().parse::<i64>().is_ok());
    // HTTP/1.0 knows no codings of a transfer, and does not look at them.
    (is_known || version < Version::HTTP_11) && headers.get_all(CONTENT_LENGTH).iter().all(length)
}

/// Where the status stands in `HTTP/1.1 200`.
const STATUS_AT: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_whole_behind_its_empty_line_and_an_interim_one_does_not_count() {
        let table = [
            ("HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\n\n", 1, true),
            ("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n", 1, false),
            ("HTTP/1.1 200 OK\r\nA: b\r\n", 1, false),
            ("HTTP/1.1 103 On\r\nA: b\r\nC: d\r\n\r\nHTTP/1.1 200 OK\n\n", 0, true),
            ("HTTP/1.1 103 On\r\n\r\n", 1, false),
        ];
        for (bytes, headers_max, is_whole) in table {
            let (at_once, piece_by_piece) = (Head::default(), Head::default());
            at_once.take(bytes.as_bytes());
            bytes.as_bytes().chunks(1).for_each(|it| piece_by_piece.take(it));
            assert_eq!(at_once.is_whole_within(headers_max), is_whole, "{bytes:?}");
            assert_eq!(piece_by_piece.is_whole_within(headers_max), is_whole, "{bytes:?}");
        }
    }
}
