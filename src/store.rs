//! What outlives the process, in one file: the alerts that are pending or fire, and the ends that
//! somebody has yet to hear of. A change is on the disk when [`Store::write`] returns.
//!
//! A file that cannot be read is set aside, with the word `corrupt` and the time in its name, and a new
//! one is begun: nobody is kept from starting. While the disk takes nothing, everything is kept in
//! memory, and written whole once it takes something again.

mod file;

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use md5::{Digest as _, Md5};
use redb::{Database, TableDefinition};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing::{error, warn};

use crate::engine::{Record, Remembered};
use crate::notification::{Incident, Notification};
use crate::target::TargetId;
use file::{BROKEN, Unread, of_redb, read};

/// What was kept by the process before.
#[derive(Debug)]
pub struct Saved {
    /// Every alert that was pending or fired.
    pub remembered: Vec<Remembered>,
    /// Ends that not everyone is known to have heard of.
    pub owed: Vec<Notification>,
    /// When that process is known to have still run.
    pub last_alive: SystemTime,
}

/// One change of what is kept.
#[derive(Clone, Debug)]
pub enum Change {
    /// Of an alert.
    Alert(Record),
    /// An incident is over, and these sinks are to hear of it.
    Owe {
        /// As they know it.
        incident: Incident,
        /// What they are to hear.
        notification: Box<Notification>,
        /// The sinks, each by a number that is the same after a restart.
        ears: Vec<u64>,
    },
    /// One of them has heard it.
    Heard {
        /// As they know it.
        incident: Incident,
        /// Who.
        ear: u64,
    },
}

/// Why what is kept is out of reach.
#[derive(Debug, Error)]
pub enum StoreFailed {
    /// Another process has it: two that alert from one state would tell everything twice.
    #[error("{0} is in use by another fingerpost")]
    Busy(PathBuf),
    /// The disk does not take it, or does not give it.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Keeps what must outlive the process.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// None while the disk is out of reach.
    database: Option<Database>,
    /// All rows, by table and key: what the file holds, or will once it can be written again.
    rows: BTreeMap<(Table, String), Vec<u8>>,
}

/// The tables of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Table {
    /// By name and target, a [`Remembered`].
    Alerts,
    /// By labels and start, an [`Owed`].
    Owed,
    /// `last_alive`: milliseconds since the epoch.
    Clock,
}

/// An end that somebody has yet to hear of.
#[derive(Debug, Serialize, Deserialize)]
struct Owed {
    notification: Notification,
    ears: Vec<u64>,
}

impl Store {
    /// Opens what is kept in `folder`, which is made where it is missing. Where the disk does not take
    /// it, the store goes on without, and the second value says why.
    ///
    /// # Errors
    ///
    /// [`StoreFailed::Busy`] alone.
    pub fn open(folder: &Path, now: SystemTime) -> Result<(Self, Option<StoreFailed>, Saved), StoreFailed> {
        let mut store = Self { folder: folder.to_owned(), database: None, rows: BTreeMap::new() };
        let failed = match store.reopen(now) {
            Ok(()) => None,
            Err(busy @ StoreFailed::Busy(_)) => return Err(busy),
            Err(failed) => Some(failed),
        };
        store.forget_what_is_old(now);
        let saved = store.saved(now);
        Ok((store, failed, saved))
    }

    /// Keeps these changes, and that we are alive.
    ///
    /// # Errors
    ///
    /// The disk did not take them. They are kept in memory, and go out with the next change that it takes.
    pub fn write(&mut self, changes: Vec<Change>, now: SystemTime) -> Result<(), StoreFailed> {
        let mut touched = vec![self.put(Table::Clock, LAST_ALIVE.to_owned(), &millis(now))];
        touched.extend(changes.into_iter().map(|it| self.take(it)));
        if self.database.is_some() {
            match self.commit(&touched) {
                // What was kept so far stands in memory as well: a new file gets it whole, at once.
                Err(failed) if self.give_up(&failed, now) => {}
                written => return written,
            }
        }
        // The file was given up: what memory holds is the truth, and takes its place whole.
        let rows = std::mem::take(&mut self.rows);
        let opened = self.reopen(now);
        let known: Vec<_> = self.rows.keys().cloned().chain(rows.keys().cloned()).collect();
        self.rows = rows;
        opened?;
        let written = self.commit(&known);
        if let Err(failed) = &written {
            self.give_up(failed, now);
        }
        written
    }

    /// Lets go of the file. One that is damaged is set aside, so that it is not opened again; whether it was.
    fn give_up(&mut self, failed: &StoreFailed, now: SystemTime) -> bool {
        self.close();
        match failed {
            StoreFailed::Io { error, .. } if error.kind() == io::ErrorKind::InvalidData => {
                self.set_aside(&error.to_string(), now).is_ok()
            }
            StoreFailed::Io { .. } | StoreFailed::Busy(_) => false,
        }
    }

    /// Closing a damaged file may go wrong as writing it did.
    fn close(&mut self) {
        let database = self.database.take();
        let _closed = catch_unwind(AssertUnwindSafe(|| drop(database)));
    }

    fn set_aside(&self, why: &str, now: SystemTime) -> io::Result<()> {
        let (path, aside) = (self.path(), self.folder.join(format!("{FILE}.corrupt-{}", millis(now))));
        error!(file = %path.display(), aside = %aside.display(), why, "the state cannot be read and is set aside");
        fs::rename(path, aside)
    }

    /// Whether anything is kept whose clocks go on.
    pub fn is_empty(&self) -> bool {
        self.rows.keys().all(|(table, _)| *table == Table::Clock)
    }

    /// Forgets ends that nobody needs to hear of any more.
    pub fn forget_what_is_old(&mut self, now: SystemTime) {
        self.rows.retain(|(table, key), row| {
            let owed = (*table == Table::Owed).then(|| opened::<Owed>(key, row)).flatten();
            let ended = owed.and_then(|it| it.notification.ends_at);
            ended.is_none_or(|it| now.duration_since(it).is_ok_and(|age| age < OWED_FOR) || it > now)
        });
    }

    fn take(&mut self, change: Change) -> (Table, String) {
        match change {
            Change::Alert(Record::Keep(it)) => {
                let key = alert_key(&it.alert, it.target);
                self.put(Table::Alerts, key, &*it)
            }
            Change::Alert(Record::Forget { alert, target }) => {
                self.drop_row(Table::Alerts, alert_key(&alert, target))
            }
            Change::Owe { incident, notification, ears } => {
                let owed = Owed { notification: *notification, ears };
                self.put(Table::Owed, incident_key(&incident), &owed)
            }
            Change::Heard { incident, ear } => {
                let key = (Table::Owed, incident_key(&incident));
                let owed = self.rows.get(&key).and_then(|row| opened::<Owed>(&key.1, row));
                let Some(mut owed) = owed else { return key };
                owed.ears.retain(|it| *it != ear);
                if owed.ears.is_empty() { self.drop_row(key.0, key.1) } else { self.put(key.0, key.1, &owed) }
            }
        }
    }

    fn put(&mut self, table: Table, key: String, value: &impl Serialize) -> (Table, String) {
        let row = sealed(&key, &serde_json::to_vec(value).expect("what is kept can be written as JSON"));
        self.rows.insert((table, key.clone()), row);
        (table, key)
    }

    fn drop_row(&mut self, table: Table, key: String) -> (Table, String) {
        let key = (table, key);
        self.rows.remove(&key);
        key
    }

    /// Writes the rows of these keys as they are now, and waits for the disk.
    fn commit(&self, keys: &[(Table, String)]) -> Result<(), StoreFailed> {
        let database = self.database.as_ref().expect("it is asked for with a file alone");
        let work = || -> Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            for table in Table::ALL {
                let mut rows = transaction.open_table(table.definition())?;
                for key in keys.iter().filter(|(it, _)| *it == table) {
                    match self.rows.get(key) {
                        Some(bytes) => rows.insert(key.1.as_str(), bytes.as_slice())?,
                        None => rows.remove(key.1.as_str())?,
                    };
                }
            }
            Ok(transaction.commit()?)
        };
        // What the file promises may be broken where nobody has read it yet: then the library panics.
        let written = catch_unwind(AssertUnwindSafe(work));
        let written = written.unwrap_or_else(|_panic| Err(redb::Error::Corrupted(BROKEN.to_owned())));
        written.map_err(|error| StoreFailed::Io { path: self.path(), error: of_redb(error) })
    }

    /// Opens the file and reads all of it. One that cannot be read is set aside.
    fn reopen(&mut self, now: SystemTime) -> Result<(), StoreFailed> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| StoreFailed::Io { path, error }
        };
        fs::create_dir_all(&self.folder).map_err(io(&self.folder))?;
        let path = self.path();
        let opened = match read(&path) {
            Ok(it) => Ok(it),
            Err(Unread::Busy) => return Err(StoreFailed::Busy(path)),
            Err(Unread::Io(error)) => Err(error),
            Err(Unread::Corrupt(why)) => {
                self.set_aside(&why, now).map_err(io(&path))?;
                read(&path).map_err(|it| match it {
                    Unread::Busy => io::ErrorKind::ResourceBusy.into(),
                    Unread::Io(error) => error,
                    Unread::Corrupt(why) => io::Error::other(why),
                })
            }
        };
        let (database, rows) = opened.map_err(io(&path))?;
        // Best effort: it holds no secret, but the names of what is watched.
        let _not_ours = fs::set_permissions(&path, Permissions::from_mode(0o600));
        let _no_such_call = File::open(&self.folder).and_then(|it| it.sync_all());
        (self.database, self.rows) = (Some(database), rows);
        Ok(())
    }

    fn saved(&self, now: SystemTime) -> Saved {
        let spoilt =
            self.rows.iter().filter(|((_, key), row)| opened::<IgnoredAny>(key, row).is_none()).count();
        if spoilt > 0 {
            warn!(rows = spoilt, "some of the state is damaged, and is passed over");
        }
        let last_alive = self.all_of(Table::Clock).next().map(Duration::from_millis);
        Saved {
            remembered: self.all_of(Table::Alerts).collect(),
            owed: self.all_of(Table::Owed).map(|it: Owed| it.notification).collect(),
            last_alive: last_alive.map_or(now, |it| SystemTime::UNIX_EPOCH + it),
        }
    }

    /// What the rows of a table say, without those that are damaged.
    fn all_of<T: for<'a> Deserialize<'a>>(&self, wanted: Table) -> impl Iterator<Item = T> {
        let of_table = self.rows.iter().filter(move |((it, _), _)| *it == wanted);
        of_table.filter_map(|((_, key), row)| opened(key, row))
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

impl Table {
    const ALL: [Self; 3] = [Self::Alerts, Self::Owed, Self::Clock];

    fn definition(self) -> TableDefinition<'static, &'static str, &'static [u8]> {
        TableDefinition::new(match self {
            Self::Alerts => "alerts",
            Self::Owed => "owed",
            Self::Clock => "clock",
        })
    }
}

/// A row with a number ahead that tells whether it, or its key, was damaged.
fn sealed(key: &str, json: &[u8]) -> Vec<u8> {
    [seal(key, json).as_slice(), json].concat()
}

/// What a row says; none where it is damaged.
fn opened<T: for<'a> Deserialize<'a>>(key: &str, row: &[u8]) -> Option<T> {
    let (number, json) = row.split_first_chunk()?;
    (*number == seal(key, json)).then(|| serde_json::from_slice(json).ok()).flatten()
}

fn seal(key: &str, json: &[u8]) -> [u8; 16] {
    let digest = Md5::new().chain_update(key).chain_update([0]).chain_update(json).finalize();
    digest.into()
}

fn alert_key(alert: &str, target: TargetId) -> String {
    format!("{alert} {target}")
}

fn incident_key(it: &Incident) -> String {
    let since = it.starts_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{} {}", since.as_nanos(), it.labels)
}

fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

const FILE: &str = "state.redb";
const LAST_ALIVE: &str = "last_alive";
/// After that time nobody needs to hear of the end of an incident: the outbox gives it up then as well.
const OWED_FOR: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests;
