//! A question and its answer as a whole.

use super::name::Name;
use super::reader::{Flaw, Reader};
use super::record::Record;
use super::word::{Class, Rcode, RecordType, Section};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What it is about.
    pub name: Name,
    /// Which records are wanted.
    pub record_type: RecordType,
    /// Of which class.
    pub class: Class,
    /// Whether the server is asked to look further itself.
    pub recursion: bool,
}

impl Query {
    /// The bytes of the message that asks, without EDNS.
    pub fn message(&self, id: u16) -> Vec<u8> {
        let flags = if self.recursion { RECURSION_DESIRED } else { 0 };
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.name.wire().len() + 4);
        for word in [id, flags, 1, 0, 0, 0] {
            bytes.extend_from_slice(&word.to_be_bytes());
        }
        bytes.extend_from_slice(self.name.wire());
        bytes.extend_from_slice(&self.record_type.0.to_be_bytes());
        bytes.extend_from_slice(&self.class.0.to_be_bytes());
        bytes
    }

    /// Whether these bytes say that they answer this question, asked with that number. A server
    /// that reports an error may leave the question out.
    pub fn is_answered_by(&self, id: u16, bytes: &[u8]) -> bool {
        self.answered(id, bytes) == Ok(true)
    }

    fn answered(&self, id: u16, bytes: &[u8]) -> Result<bool, Flaw> {
        let mut reader = Reader::new(bytes);
        let head = Head::read(&mut reader)?;
        let is_answer = head.flags & RESPONSE != 0 && head.flags & OPCODE == 0;
        if head.id != id || !is_answer {
            return Ok(false);
        }
        match head.counts[0] {
            0 => Ok(head.flags & RCODE != 0),
            1 => {
                let name = reader.name()?;
                let is_ours = (reader.u16()?, reader.u16()?) == (self.record_type.0, self.class.0);
                Ok(is_ours && name.is(&self.name))
            }
            _ => Ok(false),
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it says of the question as a whole.
    pub rcode: Rcode,
    /// Whether the server answers for the zone itself.
    pub authoritative: bool,
    /// Whether there is more than the message had room for.
    pub truncated: bool,
    sections: [Vec<Record>; 3],
}

impl Message {
    /// Reads a whole message. Bytes behind its end are not looked at.
    ///
    /// # Errors
    ///
    /// The first thing that makes it none.
    pub fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        let mut reader = Reader::new(bytes);
        let head = Head::read(&mut reader)?;
        for _ in 0..head.counts[0] {
            reader.name()?;
            reader.u32()?;
        }
        let mut sections: [Vec<Record>; 3] = Default::default();
        for (section, count) in sections.iter_mut().zip(&head.counts[1..]) {
            for _ in 0..*count {
                section.push(Record::read(&mut reader)?);
            }
        }
        let extended = sections[2].iter().find_map(|it| it.extended_rcode).unwrap_or(0);
        Ok(Self {
            rcode: Rcode(head.flags & RCODE | extended << 4),
            authoritative: head.flags & AUTHORITATIVE != 0,
            truncated: head.flags & TRUNCATED != 0,
            sections,
        })
    }

    /// The records of a section, in the order in which they came.
    pub fn section(&self, section: Section) -> &[Record] {
        &self.sections[section as usize]
    }
}

struct Head {
    id: u16,
    flags: u16,
    counts: [u16; 4],
}

impl Head {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Flaw> {
        let (id, flags) = (reader.u16()?, reader.u16()?);
        let counts = [reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?];
        Ok(Self { id, flags, counts })
    }
}

const HEADER_BYTES: usize = 12;
const RESPONSE: u16 = 1 << 15;
const OPCODE: u16 = 0b1111 << 11;
const AUTHORITATIVE: u16 = 1 << 10;
const TRUNCATED: u16 = 1 << 9;
const RECURSION_DESIRED: u16 = 1 << 8;
const RCODE: u16 = 0b1111;
