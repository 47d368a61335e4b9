//! What a question to a name server showed.

use crate::dns::{Flaw, Rcode, Section};

/// What a question to a name server showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsFacts {
    /// The answer, where a whole one came.
    pub answer: Option<DnsAnswer>,
    /// What made the answer unreadable.
    pub flaw: Option<Flaw>,
    /// Datagrams that came from the server and answered another question than ours, or none. They
    /// are not believed.
    pub strangers: u32,
}

/// An answer of a name server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsAnswer {
    /// What it says of the question as a whole.
    pub rcode: Rcode,
    /// Whether the server answers for the zone itself.
    pub authoritative: bool,
    /// Whether there is more than the message had room for.
    pub truncated: bool,
    /// The serial number of the zone, where its start is among the answer's records.
    pub serial: Option<u32>,
    /// For each rule of the module, how many records of its section match.
    pub matched: Vec<usize>,
    /// The sections, in their order.
    pub sections: [SectionFacts; 3],
}

impl DnsAnswer {
    /// One of its sections.
    pub fn section(&self, section: Section) -> &SectionFacts {
        &self.sections[section as usize]
    }
}

/// The records of one section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectionFacts {
    /// How many there are.
    pub records: usize,
    /// The first of them, as zone files have them.
    pub first: Vec<String>,
}
