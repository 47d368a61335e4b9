use std::io::{Seek as _, SeekFrom, Write as _};

use tempfile::{TempDir, tempdir};

use super::*;
use crate::labels::Labels;
use crate::rule::Stage;

fn at(secs: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + secs)
}

fn labels(name: &str) -> Labels {
    [("alertname", name), ("instance", "a \"quoted\"\nplace")].into_iter().collect()
}

fn told(name: &str, ends_at: Option<SystemTime>) -> Notification {
    let annotations = [("summary".into(), "it is \u{7f} so".to_owned())].into();
    Notification { labels: labels(name), annotations, starts_at: at(60), ends_at }
}

fn firing(name: &str) -> Remembered {
    let stage = Stage::Firing { active_at: at(0), starts_at: at(60) + Duration::from_nanos(7) };
    let told = Some(told(name, None));
    Remembered { alert: name.into(), target: TargetId(u64::MAX), labels: labels(name), stage, told }
}

fn keep(name: &str) -> Change {
    Change::Alert(Record::Keep(Box::new(firing(name))))
}

fn open(folder: &TempDir, now: u64) -> (Store, Saved) {
    let (store, failed, saved) = Store::open(folder.path(), at(now)).expect("nobody else has it");
    assert!(failed.is_none(), "{failed:?}");
    (store, saved)
}

fn names(saved: &Saved) -> Vec<&str> {
    saved.remembered.iter().map(|it| &*it.alert).collect()
}

#[test]
fn what_was_written_is_there_again_to_the_letter() {
    let folder = tempdir().unwrap();
    let (mut store, saved) = open(&folder, 0);
    assert!(saved.remembered.is_empty() && saved.owed.is_empty() && store.is_empty());
    store.write(vec![keep("A"), keep("B")], at(100)).unwrap();
    let forget = Record::Forget { alert: "B".into(), target: TargetId(u64::MAX) };
    store.write(vec![Change::Alert(forget)], at(130)).unwrap();
    drop(store);
    let (store, saved) = open(&folder, 500);
    assert_eq!(saved.remembered, [firing("A")]);
    assert_eq!(saved.last_alive, at(130));
    assert!(!store.is_empty());
    let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn an_end_is_owed_until_everyone_has_heard_it_or_it_is_old() {
    let folder = tempdir().unwrap();
    let (mut store, _) = open(&folder, 0);
    let owe = |name: &str| {
        let notification = told(name, Some(at(90)));
        let incident = notification.incident();
        Change::Owe { incident, notification: Box::new(notification), ears: vec![1, 2] }
    };
    let heard = |name: &str, ear| Change::Heard { incident: told(name, None).incident(), ear };
    store.write(vec![owe("A"), owe("B"), heard("A", 1)], at(91)).unwrap();
    store.write(vec![heard("A", 2), heard("B", 2), heard("C", 2)], at(92)).unwrap();
    drop(store);
    let (store, saved) = open(&folder, 100);
    assert_eq!(saved.owed, [told("B", Some(at(90)))]);
    drop(store);
    let (_, saved) = open(&folder, 90 + 24 * 3600);
    assert!(saved.owed.is_empty());
}

#[test]
fn two_cannot_have_it() {
    let folder = tempdir().unwrap();
    let (_store, _) = open(&folder, 0);
    let second = Store::open(folder.path(), at(0));
    assert!(matches!(second, Err(StoreFailed::Busy(_))), "{second:?}");
}

#[test]
fn a_damaged_file_keeps_nobody_from_starting_and_is_set_aside() {
    let whole = tempdir().unwrap();
    let (mut store, _) = open(&whole, 0);
    store.write((0..50).map(|it| keep(&format!("A{it}"))).collect(), at(1)).unwrap();
    drop(store);
    let bytes = fs::read(whole.path().join(FILE)).unwrap();
    let cut = [0, 1, 9, 100, 511, 4096, 5000, bytes.len() / 2, bytes.len() - 1];
    let cut = cut.map(|length| bytes[..length].to_vec());
    let flipped = (0..25).map(|it| it * bytes.len() / 25).map(|place| {
        let mut bytes = bytes.clone();
        bytes[place] ^= 0x55;
        bytes
    });
    for (number, damaged) in cut.into_iter().chain(flipped).chain([b"no such thing".repeat(500)]).enumerate()
    {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join(FILE), &damaged).unwrap();
        let (mut store, saved) = open(&folder, 2);
        for it in &saved.remembered {
            assert_eq!(*it, firing(&it.alert), "case {number}: what is there is right");
        }
        let aside = fs::read_dir(folder.path()).unwrap().count() > 1;
        let most = saved.remembered.len() >= 40;
        assert!(aside || most || damaged.is_empty(), "case {number}: {:?}", names(&saved));
        store.write(vec![keep("new")], at(3)).unwrap();
        drop(store);
        assert!(names(&open(&folder, 4).1).contains(&"new"), "case {number}");
    }
}

#[test]
fn a_row_of_another_version_is_passed_over_and_the_rest_is_read() {
    let folder = tempdir().unwrap();
    let (mut store, _) = open(&folder, 0);
    store.put(Table::Alerts, "odd".to_owned(), &"from the future");
    let keys: Vec<_> = store.rows.keys().cloned().collect();
    store.commit(&keys).unwrap();
    store.write(vec![keep("A")], at(1)).unwrap();
    drop(store);
    assert_eq!(names(&open(&folder, 2).1), ["A"]);
}

#[test]
fn while_the_folder_is_out_of_reach_all_is_kept_in_memory_and_written_whole_later() {
    let folder = tempdir().unwrap();
    let place = folder.path().join("state");
    // A file stands where the folder should be.
    fs::write(&place, "").unwrap();
    let (mut store, failed, _) = Store::open(&place, at(0)).expect("nobody else has it");
    assert!(matches!(failed, Some(StoreFailed::Io { .. })), "{failed:?}");
    assert!(store.write(vec![keep("A"), keep("B")], at(1)).is_err());
    let forget = Record::Forget { alert: "B".into(), target: TargetId(u64::MAX) };
    assert!(store.write(vec![Change::Alert(forget)], at(2)).is_err());
    fs::remove_file(&place).unwrap();
    store.write(vec![keep("C")], at(3)).unwrap();
    drop(store);
    let (_, _, saved) = Store::open(&place, at(4)).unwrap();
    assert_eq!(names(&saved), ["A", "C"]);
}

#[test]
fn a_file_that_is_spoilt_under_a_running_store_harms_no_later_start() {
    let folder = tempdir().unwrap();
    let (mut store, _) = open(&folder, 0);
    store.write(vec![keep("A")], at(1)).unwrap();
    let mut file = File::options().write(true).open(folder.path().join(FILE)).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&[0; 64]).unwrap();
    let _either_way = store.write(vec![keep("B")], at(2));
    drop(store);
    let (mut store, _) = open(&folder, 3);
    store.write(vec![keep("C")], at(4)).unwrap();
    drop(store);
    assert!(names(&open(&folder, 5).1).contains(&"C"));
}
