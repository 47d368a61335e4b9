use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn names(sources: &[Source]) -> Vec<&str> {
    sources.iter().map(|it| &*it.name).collect()
}

fn title(source: &Source) -> &str {
    &source.text.as_ref().unwrap_err().title
}

#[test]
fn drop_ins_come_in_byte_order_without_what_editors_leave_behind() {
    let dir = folder(&[
        ("probes.d/20-b.yml", "b"),
        ("probes.d/10-a.yaml", "a"),
        ("probes.d/Z.yaml", "z"),
        ("probes.d/.hidden.yaml", ""),
        ("probes.d/10-a.yaml~", ""),
        ("probes.d/10-a.yaml.bak", ""),
        ("probes.d/10-a.yaml.dpkg-old", ""),
        ("probes.d/notes.txt", ""),
        ("probes.d/tests/x.test.yaml", ""),
    ]);
    let found = drop_ins(dir.path());
    assert_eq!(names(&found), ["probes.d/10-a.yaml", "probes.d/20-b.yml", "probes.d/Z.yaml"]);
    assert_eq!(&**found[0].text.as_ref().unwrap(), "a");
    assert!(drop_ins(Path::new("/there/is/no/such/folder")).is_empty());
}

#[test]
fn a_pipe_a_folder_a_dead_link_a_long_file_and_bytes_are_complaints_and_nothing_waits() {
    let dir = folder(&[("probes.d/good.yaml", "x")]);
    let probes_d = dir.path().join("probes.d");
    fs::create_dir(probes_d.join("folder.yaml")).unwrap();
    symlink("nowhere", probes_d.join("link.yaml")).unwrap();
    symlink("/dev/zero", probes_d.join("zero.yaml")).unwrap();
    fs::write(probes_d.join("long.yaml"), "x".repeat(FILE_BYTES_MAX + 1)).unwrap();
    fs::write(probes_d.join("bytes.yaml"), b"a: b\nc: \xff\n").unwrap();
    let made = std::process::Command::new("mkfifo").arg(probes_d.join("pipe.yaml")).status();
    assert!(made.unwrap().success());

    let found = drop_ins(dir.path());
    let of = |name: &str| found.iter().find(|it| *it.name == format!("probes.d/{name}.yaml")).unwrap();
    assert!(of("good").text.is_ok());
    for name in ["folder", "zero", "pipe"] {
        assert!(title(of(name)).contains("no file"), "{name}");
    }
    assert!(title(of("link")).contains("cannot be read"));
    assert!(title(of("long")).contains("longer than"));
    let place = &of("bytes").text.as_ref().unwrap_err().place;
    assert_eq!((place.line(), place.column()), (2, 4));
}

#[test]
fn all_files_of_one_look_are_of_one_generation() {
    let dir = folder(&[("probes.d/..2/a.yaml", "old"), ("probes.d/..3/a.yaml", "new")]);
    let probes_d = dir.path().join("probes.d");
    symlink("..2", probes_d.join("..data")).unwrap();
    symlink("..data/a.yaml", probes_d.join("a.yaml")).unwrap();
    let before = drop_ins(dir.path());
    assert_eq!(names(&before), ["probes.d/a.yaml"]);
    assert_eq!(&**before[0].text.as_ref().unwrap(), "old");
    let looking = generation(&probes_d);
    fs::remove_file(probes_d.join("..data")).unwrap();
    symlink("..3", probes_d.join("..data")).unwrap();
    assert_eq!(fs::read_to_string(path_in(&probes_d, "a.yaml", looking.as_deref())).unwrap(), "old");
    let after = drop_ins(dir.path());
    assert_eq!(&**after[0].text.as_ref().unwrap(), "new");
    assert_ne!(fingerprint(&before), fingerprint(&after));
    assert_eq!(fingerprint(&after), fingerprint(&drop_ins(dir.path())));
}

#[test]
fn pages_are_found_in_folders_below_and_named_by_their_path() {
    let dir =
        folder(&[("b/x.md", ""), ("a.markdown", ""), ("b/c/y.txt", ""), (".git/z.md", ""), ("b/p.png", "")]);
    assert_eq!(names(&pages(dir.path())), ["a.markdown", "b/c/y.txt", "b/x.md"]);
    assert!(pages(&dir.path().join("none"))[0].text.is_err());
}

#[test]
fn what_is_named_and_not_there_is_a_warning() {
    let dir = folder(&[("targets/scrape/a.yaml", "[]"), ("secret", "s")]);
    let needed = |what| Needed { place: Place::unread("x".into()), what };
    let all = [
        needed(Outside::Pattern("targets/scrape/*.yaml".to_owned())),
        needed(Outside::Pattern("targets/scrape/*.json".to_owned())),
        needed(Outside::File(dir.path().join("secret"))),
        needed(Outside::File(dir.path().join("gone"))),
    ];
    let told = missing(&all, dir.path());
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|it| it.level == Level::Warning));
    assert_eq!(told[0].title, "no file matches `targets/scrape/*.json`");
    assert!(told[1].title.contains("gone"));
}

#[test]
fn the_settings_file_is_the_named_one_or_that_of_the_folder_or_none() {
    let dir = folder(&[("fingerpost.yaml", "a"), ("other.yaml", "b")]);
    let text = |it: Option<Source>| it.map(|it| it.text.unwrap().to_string());
    assert_eq!(text(settings(None, dir.path())).as_deref(), Some("a"));
    assert_eq!(text(settings(Some(&dir.path().join("other.yaml")), dir.path())).as_deref(), Some("b"));
    assert!(settings(Some(&dir.path().join("gone.yaml")), dir.path()).unwrap().text.is_err());
    assert!(settings(None, &dir.path().join("nowhere")).is_none());
}

#[test]
fn a_change_in_a_watched_folder_is_told() {
    let dir = folder(&[("probes.d/a.yaml", "a")]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut watch = Watch::new(vec![dir.path().join("probes.d")]);
        fs::write(dir.path().join("probes.d/b.yaml"), "b").unwrap();
        let told = tokio::time::timeout(Duration::from_secs(30), watch.look_again()).await;
        assert!(told.is_ok());
    });
}

#[test]
fn what_is_half_written_is_what_it_was_before_and_a_swapped_generation_is_taken_at_once() {
    let dir = folder(&[("probes.d/a.yaml", "old"), ("probes.d/b.yaml", "b")]);
    let before = drop_ins(dir.path());
    fs::write(dir.path().join("probes.d/a.yaml"), "half").unwrap();
    fs::write(dir.path().join("probes.d/new.yaml"), "half").unwrap();
    fs::remove_file(dir.path().join("probes.d/b.yaml")).unwrap();
    let (sources, waits) = settled(drop_ins(dir.path()), &before, dir.path());
    assert_eq!((names(&sources), waits), (vec!["probes.d/a.yaml"], true));
    assert_eq!(&**sources[0].text.as_ref().unwrap(), "old");
    for name in ["a", "new"] {
        let file =
            File::options().append(true).open(dir.path().join(format!("probes.d/{name}.yaml"))).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(2)).unwrap();
    }
    let (sources, waits) = settled(drop_ins(dir.path()), &before, dir.path());
    assert_eq!((names(&sources).len(), waits), (2, false));
    fs::write(dir.path().join("probes.d/a.yaml"), "fresh").unwrap();
    fs::create_dir(dir.path().join("probes.d/..1")).unwrap();
    symlink("..1", dir.path().join("probes.d/..data")).unwrap();
    assert!(!settled(drop_ins(dir.path()), &before, dir.path()).1);
}

#[test]
fn a_module_file_is_no_settings_only_where_it_is_named() {
    let dir = folder(&[("blackbox.yml", "modules: { a: { prober: tcp } }")]);
    let file = dir.path().join("blackbox.yml");
    let (settings, modules) = configured(Some(&file), dir.path());
    assert!(settings.is_none() && modules.is_some());
    fs::write(dir.path().join("fingerpost.yaml"), "modules: {}").unwrap();
    let (settings, modules) = configured(Some(&file), dir.path());
    assert!(settings.is_some() && modules.is_some(), "settings may stand beside it");
    let (settings, modules) = configured(None, dir.path());
    assert!(settings.is_some() && modules.is_none(), "there it is a mistake, and is told as one");
    fs::write(&file, "resend_interval: 1m").unwrap();
    let (settings, modules) = configured(Some(&file), dir.path());
    assert!(settings.is_some() && modules.is_none());
}
