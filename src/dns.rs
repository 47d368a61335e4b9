//! DNS messages: a question's bytes out, an answer's bytes in. Records come out as the text that
//! zone files have for them, because that is what people write patterns for.
//!
//! Nothing here trusts a length or a pointer, and no input makes it fail in another way than with a
//! [`Flaw`]. What the text of a record looks like is that of the exporter's library to the letter:
//! `name`, TTL, class and type with a tab behind each, then the data.

mod message;
mod name;
mod parameter;
mod reader;
mod record;
mod word;

pub use message::{Message, Query};
pub use name::{BadName, Name};
pub use reader::Flaw;
pub use record::Record;
pub use word::{CLASSES, Class, RCODES, Rcode, RecordType, Section, TYPES};

#[cfg(test)]
mod tests;
