//! Comments that are longer than a line may be: they are stepped over to their end, and nothing of
//! them is held. Only what can make them a flaw, or the end of the body, is looked for on the way.

use super::cursor::Span;
use super::flaw::FlawKind;

/// What kind of comment is being read, set where nothing but its end is missing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Comment {
    /// Anything may stand there.
    Free,
    /// Likewise, but for the NUL byte: Prometheus takes it for the end of the body.
    UpToNul,
    /// The text of a HELP must be UTF-8 from `text` on; where it is not, the flaw stands `at`.
    Help {
        /// Of which family.
        name: Span,
        /// Where the text begins in the window.
        text: usize,
        /// Where the flaw stands.
        at: usize,
    },
}

/// A comment that is being stepped over.
#[derive(Debug, Clone, Copy)]
pub(super) enum Skip {
    Free,
    UpToNul,
    /// The bytes at the end that may be the beginning of a character, and how many they are.
    Help {
        rest: [u8; 4],
        length: usize,
    },
}

/// What came of some bytes of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skipped {
    /// It goes on.
    All,
    /// It ends with the line feed that is the last of that many bytes.
    Line(usize),
    /// It is the end of the body.
    End,
}

impl Skip {
    /// Steps over the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Skipped, FlawKind> {
        let feed = memchr::memchr(b'\n', bytes);
        let line = &bytes[..feed.unwrap_or(bytes.len())];
        match self {
            Self::UpToNul if memchr::memchr(0, line).is_some() => return Ok(Skipped::End),
            Self::Free | Self::UpToNul => {}
            Self::Help { rest, length } => {
                let open = decode(rest, *length, line).ok_or(FlawKind::HelpUtf8)?;
                if feed.is_some() && open > 0 {
                    return Err(FlawKind::HelpUtf8);
                }
                *length = open;
            }
        }
        Ok(feed.map_or(Skipped::All, |at| Skipped::Line(at + 1)))
    }
}

/// Reads `bytes` behind the first `length` of `rest` as UTF-8; puts what is left of a character that
/// they cut into `rest`, and gives its length. None where it is no UTF-8.
fn decode(rest: &mut [u8; 4], length: usize, mut bytes: &[u8]) -> Option<usize> {
    let mut held = length;
    while held > 0 {
        let Some((first, others)) = bytes.split_first() else { return Some(held) };
        rest[held] = *first;
        (held, bytes) = (held + 1, others);
        match std::str::from_utf8(&rest[..held]) {
            Ok(_) => held = 0,
            Err(error) if error.error_len().is_some() => return None,
            Err(_) => {}
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => Some(0),
        Err(error) if error.error_len().is_some() => None,
        Err(error) => {
            let open = &bytes[error.valid_up_to()..];
            rest[..open.len()].copy_from_slice(open);
            Some(open.len())
        }
    }
}
