//! The file itself: opening it, reading all of it, and what goes wrong with that.

use std::collections::BTreeMap;
use std::io;
use std::panic::catch_unwind;
use std::path::Path;

use redb::{Database, ReadableDatabase as _, ReadableTable as _};

use super::Table;

/// Why a file could not be read.
pub(super) enum Unread {
    Busy,
    Io(io::Error),
    Corrupt(String),
}

pub(super) type Rows = BTreeMap<(Table, String), Vec<u8>>;

/// A damaged file may break promises that the library relies on: then it panics, and that is taken for
/// what it is.
pub(super) fn read(path: &Path) -> Result<(Database, Rows), Unread> {
    let work = || -> Result<(Database, Rows), redb::Error> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path)?;
        let transaction = database.begin_write()?;
        let mut rows = Rows::new();
        for table in Table::ALL {
            // Made where it is missing, so that every later reader finds it.
            transaction.open_table(table.definition())?;
        }
        transaction.commit()?;
        let transaction = database.begin_read()?;
        for table in Table::ALL {
            for row in transaction.open_table(table.definition())?.iter()? {
                let (key, bytes) = row?;
                rows.insert((table, key.value().to_owned()), bytes.value().to_vec());
            }
        }
        drop(transaction);
        Ok((database, rows))
    };
    match catch_unwind(work) {
        Ok(Ok(it)) => Ok(it),
        Ok(Err(redb::Error::DatabaseAlreadyOpen)) => Err(Unread::Busy),
        Ok(Err(redb::Error::Io(error))) if error.kind() == io::ErrorKind::InvalidData => {
            Err(Unread::Corrupt(error.to_string()))
        }
        Ok(Err(redb::Error::Io(error))) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Unread::Corrupt(error.to_string()))
        }
        Ok(Err(redb::Error::Io(error))) => Err(Unread::Io(error)),
        Ok(Err(other)) => Err(Unread::Corrupt(other.to_string())),
        Err(_panic) => Err(Unread::Corrupt(BROKEN.to_owned())),
    }
}

pub(super) fn of_redb(error: redb::Error) -> io::Error {
    match error {
        redb::Error::Io(error) => error,
        redb::Error::Corrupted(why) => io::Error::new(io::ErrorKind::InvalidData, why),
        other => io::Error::other(other.to_string()),
    }
}

/// What is said of a file that makes the library panic.
pub(super) const BROKEN: &str = "it breaks what the format promises";
const CACHE_BYTES: usize = 4 << 20;
