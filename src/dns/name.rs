//! Names of DNS.

use std::fmt;
use std::sync::Arc;

/// A whole name, with the root at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(Arc<[u8]>);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Two dots side by side, or one at the beginning.
    #[error("a part of it is empty")]
    Empty,
    /// More than 63 bytes between two dots.
    #[error("a part of it is longer than 63 bytes")]
    LongLabel,
    /// More than 255 bytes.
    #[error("it is longer than 255 bytes")]
    Long,
    /// A backslash with neither a sign nor three digits up to 255 behind it.
    #[error("a `\\` has no sign behind it, and no three digits")]
    Escape,
}

impl Name {
    /// `.`.
    pub fn root() -> Self {
        Self(Arc::new([0]))
    }

    /// Reads a name as zone files have it: `\.` is a dot within a label, `\032` a byte by its number.
    /// The dot at the end may be missing.
    ///
    /// # Errors
    ///
    /// Where it is none, with the reason.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        if text == "." || text.is_empty() {
            return Ok(Self::root());
        }
        let mut wire = Vec::new();
        let mut label = Vec::new();
        let mut bytes = text.bytes();
        let mut open = true;
        while let Some(byte) = bytes.next() {
            open = byte != b'.';
            match byte {
                b'.' => close(&mut wire, &mut label)?,
                b'\\' => label.push(escaped(&mut bytes)?),
                other => label.push(other),
            }
        }
        if open {
            close(&mut wire, &mut label)?;
        }
        wire.push(0);
        if wire.len() > NAME_BYTES_MAX { Err(BadName::Long) } else { Ok(Self(wire.into())) }
    }

    /// A name that was read: labels with their lengths, the last one empty.
    pub(super) fn from_wire(wire: Vec<u8>) -> Self {
        Self(wire.into())
    }

    /// Its bytes in a message, without pointers.
    pub(super) fn wire(&self) -> &[u8] {
        &self.0
    }

    /// Whether they are the same name; large and small letters are, and lengths are neither.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

fn close(wire: &mut Vec<u8>, label: &mut Vec<u8>) -> Result<(), BadName> {
    let length = u8::try_from(label.len()).ok().filter(|it| *it <= 63).ok_or(BadName::LongLabel)?;
    if length == 0 {
        return Err(BadName::Empty);
    }
    wire.push(length);
    wire.append(label);
    Ok(())
}

fn escaped(bytes: &mut std::str::Bytes<'_>) -> Result<u8, BadName> {
    let first = bytes.next().ok_or(BadName::Escape)?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let mut number = u16::from(first - b'0');
    for _ in 0..2 {
        let digit = bytes.next().filter(u8::is_ascii_digit).ok_or(BadName::Escape)?;
        number = number * 10 + u16::from(digit - b'0');
    }
    u8::try_from(number).map_err(|_| BadName::Escape)
}

/// As zone files have it, every dot that separates written, the last one too.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self.0 == [0] {
            return f.write_str(".");
        }
        let mut rest = &*self.0;
        while let Some((length, after)) = rest.split_first().filter(|(length, _)| **length > 0) {
            let (label, after) = after.split_at(usize::from(*length));
            for byte in label {
                match byte {
                    b'.' | b' ' | b'\'' | b'@' | b';' | b'(' | b')' | b'"' | b'\\' => {
                        write!(f, "\\{}", char::from(*byte))?;
                    }
                    b'!'..=b'~' => write!(f, "{}", char::from(*byte))?,
                    other => write!(f, "\\{other:03}")?,
                }
            }
            f.write_str(".")?;
            rest = after;
        }
        Ok(())
    }
}

/// The longest name, its lengths and its end among them.
pub(super) const NAME_BYTES_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_as_it_was_read() {
        for (written, shown) in [
            (".", "."),
            ("", "."),
            ("example.com", "example.com."),
            ("Example.COM.", "Example.COM."),
            (r"a\.b.c\032d", r"a\.b.c\ d."),
            (r"\255\007x", r"\255\007x."),
            ("ä.example", r"\195\164.example."),
        ] {
            assert_eq!(Name::parse(written).unwrap().to_string(), shown, "{written}");
        }
    }

    #[test]
    fn what_is_no_name_says_why() {
        let long = "a".repeat(64);
        let longer = ["abcdefg"; 32].join(".");
        for (written, why) in [
            ("a..b", BadName::Empty),
            (".a", BadName::Empty),
            ("..", BadName::Empty),
            (long.as_str(), BadName::LongLabel),
            (longer.as_str(), BadName::Long),
            (r"a\", BadName::Escape),
            (r"a\25", BadName::Escape),
            (r"a\256", BadName::Escape),
        ] {
            assert_eq!(Name::parse(written), Err(why), "{written}");
        }
        assert!(Name::parse(&longer[..longer.len() - 2]).is_ok(), "255 bytes are a name");
    }
}
