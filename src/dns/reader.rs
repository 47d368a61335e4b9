//! Reads the parts of a message one after the other.

use super::name::{NAME_BYTES_MAX, Name};

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Something begins that the message has no room for.
    #[error("the message ends in the middle of something")]
    CutOff,
    /// A length byte of a name that is neither a length nor a pointer.
    #[error("a name has a label of an unknown kind")]
    Label,
    /// A pointer that does not lead backwards.
    #[error("a name points to itself, or ahead")]
    Pointer,
    /// A name of more than 255 bytes.
    #[error("a name is longer than 255 bytes")]
    LongName,
    /// Data of a record that is longer or shorter than its type says.
    #[error("a record's data does not fit its type")]
    Data,
}

/// A place in a message, and how far may be read from there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    message: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { message, at: 0, end: message.len() }
    }

    pub(super) fn u8(&mut self) -> Result<u8, Flaw> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Flaw> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Flaw> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        Ok(self.take(N)?.try_into().expect("that many were taken"))
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Flaw> {
        let end = self.at.checked_add(count).filter(|it| *it <= self.end).ok_or(Flaw::CutOff)?;
        let taken = &self.message[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        let rest = &self.message[self.at..self.end];
        self.at = self.end;
        rest
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.end
    }

    /// A reader of the next `count` bytes alone; names in it may point back into the whole message.
    pub(super) fn part(&mut self, count: usize) -> Result<Self, Flaw> {
        let at = self.at;
        self.take(count)?;
        Ok(Self { message: self.message, at, end: self.at })
    }

    /// A name. Pointers lead backwards only, each before the part that it stands in: so they end.
    pub(super) fn name(&mut self) -> Result<Name, Flaw> {
        let mut wire = Vec::new();
        let mut part_begins = self.at;
        let mut place = *self;
        let mut behind_pointer = None;
        loop {
            let length = place.u8()?;
            match length >> 6 {
                0b00 => {
                    wire.push(length);
                    wire.extend_from_slice(place.take(length.into())?);
                    if wire.len() > NAME_BYTES_MAX {
                        return Err(Flaw::LongName);
                    }
                    if length == 0 {
                        self.at = behind_pointer.unwrap_or(place.at);
                        return Ok(Name::from_wire(wire));
                    }
                }
                0b11 => {
                    let to = usize::from(length & 0x3f) << 8 | usize::from(place.u8()?);
                    behind_pointer = behind_pointer.or(Some(place.at));
                    if to >= part_begins {
                        return Err(Flaw::Pointer);
                    }
                    part_begins = to;
                    place = Self { message: self.message, at: to, end: self.message.len() };
                }
                _ => return Err(Flaw::Label),
            }
        }
    }
}
