//! The file of what must outlive the process.

use std::cell::RefCell;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fingerpost::engine::{Record, Remembered};
use fingerpost::labels::Labels;
use fingerpost::notification::Notification;
use fingerpost::rule::Stage;
use fingerpost::store::{Change, Saved, Store};
use fingerpost::target::TargetId;
use tempfile::{TempDir, tempdir};

use super::{Target, hold, kind};

/// Damage to the file: each five bytes are a place and what is done there. Behind an `R` that begins
/// the input stand all bytes of the file.
pub(super) const STORE: Target = Target {
    name: "store",
    seeds: || {
        let places = (0..200u32).map(|it| it * 97);
        let mut seeds: Vec<Vec<u8>> = places.map(|it| [&it.to_le_bytes()[..], &[1]].concat()).collect();
        seeds.extend([vec![], b"R".into(), b"Rredb".into(), b"Rno such thing".repeat(99)]);
        seeds
    },
    words: &["redb", "\x1a\n\u{a9}\r\n", "alerts", "owed", "clock"],
    bytes_max: 200,
    runs: 150,
    hold: store,
};

#[test]
fn whatever_became_of_the_file_what_is_read_was_written_and_what_is_written_is_read() {
    hold(&STORE);
}

fn at(secs: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + secs)
}

fn labels(name: &str) -> Labels {
    [("alertname", name), ("instance", "a \"quoted\"\nplace")].into_iter().collect()
}

fn told(name: &str, ends_at: Option<SystemTime>) -> Notification {
    let annotations = [(Arc::from("summary"), "it is so".to_owned())].into();
    Notification { labels: labels(name), annotations, starts_at: at(60), ends_at }
}

fn firing(name: &str) -> Remembered {
    let stage = Stage::Firing { active_at: at(0), starts_at: at(60) };
    let told = Some(told(name, None));
    Remembered { alert: name.into(), target: TargetId(7), labels: labels(name), stage, told }
}

fn keep(name: &str) -> Change {
    Change::Alert(Record::Keep(Box::new(firing(name))))
}

fn owe(name: &str) -> Change {
    let notification = told(name, Some(at(90)));
    Change::Owe { incident: notification.incident(), notification: Box::new(notification), ears: vec![1] }
}

fn open(folder: &TempDir, now: u64) -> (Store, Saved) {
    let (store, failed, saved) = Store::open(folder.path(), at(now)).expect("nobody else has it");
    assert!(failed.is_none(), "the disk takes everything: {failed:?}");
    (store, saved)
}

/// A file that is well, and what is in it.
fn whole() -> Vec<u8> {
    let folder = tempdir().expect("there is a place");
    let (mut store, _) = open(&folder, 0);
    for name in ["A", "B", "C"] {
        store.write(vec![keep(name), owe(&format!("{name}-over"))], at(91)).expect("the disk takes it");
    }
    drop(store);
    fs::read(folder.path().join(FILE)).expect("it is there")
}

const FILE: &str = "state.redb";

fn damaged(whole: &[u8], input: &[u8]) -> Vec<u8> {
    if let Some(raw) = input.strip_prefix(b"R") {
        return raw.to_vec();
    }
    let mut bytes = whole.to_vec();
    for edit in input.chunks_exact(5) {
        let place = u32::from_le_bytes([edit[0], edit[1], edit[2], edit[3]]);
        let at = usize::try_from(place).expect("it is a place") % (bytes.len() + 1);
        match edit[4] {
            0 => bytes.truncate(at),
            1..=128 if at < bytes.len() => bytes[at] ^= edit[4],
            129..=160 => bytes[at..].iter_mut().take(64).for_each(|it| *it = 0),
            161..=192 => {
                let page = bytes[at..].iter().copied().take(512).collect::<Vec<_>>();
                bytes.splice(0..page.len(), page);
            }
            other if at < bytes.len() => bytes[at] = other,
            _ => bytes.push(0),
        }
    }
    bytes
}

thread_local! {
    static WHOLE: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

fn store(input: &[u8]) -> u64 {
    let bytes = WHOLE.with_borrow_mut(|it| damaged(it.get_or_insert_with(whole), input));
    let folder = tempdir().expect("there is a place");
    fs::write(folder.path().join(FILE), bytes).expect("the disk takes it");
    let (mut store, saved) = open(&folder, 100);
    let firing_known = |it: &Remembered| *it == firing(&it.alert);
    let over_known = |it: &Notification| *it == told(it.name(), Some(at(90)));
    assert!(saved.remembered.iter().all(firing_known), "what is read was written: {:?}", saved.remembered);
    assert!(saved.owed.iter().all(over_known), "what is read was written: {:?}", saved.owed);
    store.write(vec![keep("new")], at(130)).expect("the disk takes it");
    drop(store);
    let (_, again) = open(&folder, 140);
    assert!(again.remembered.contains(&firing("new")), "what was written is read");
    assert_eq!(again.last_alive, at(130));
    assert!(
        saved.remembered.iter().all(|it| again.remembered.contains(it)),
        "what was read is not lost later"
    );
    let aside = fs::read_dir(folder.path()).expect("it is there").count();
    kind((saved.remembered.len(), saved.owed.len(), aside, again.remembered.len()))
}
