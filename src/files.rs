//! Files in: drop-ins, settings, runbook pages, and word that something has changed.
//!
//! What cannot be read is told as a complaint about that file, and the others go on. What the texts
//! mean is for `config` and `runbook` to say.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::config::{
    Complaint, FILE_BYTES_MAX, Level, Needed, Outside, Place, SHOWN_FILES_ONLY, Source, is_module_file,
    rooted,
};
use crate::labels::{FNV_OFFSET, fnv1a};

pub use watch::Watch;

mod watch;

/// The drop-ins of a configuration folder: `probes.d/*.yaml` and `*.yml`, in byte order. Each is named
/// as people see it, with the folder's name left out. No folder `probes.d`: none.
///
/// Kubernetes swaps the files of a mounted ConfigMap by one link, `..data`. That link is followed
/// once, so that the files of one look are all of one generation.
pub fn drop_ins(config_dir: &Path) -> Vec<Source> {
    let folder = config_dir.join(DROP_INS);
    let generation = generation(&folder);
    let mut names = match names_in(&folder) {
        Ok(names) => names,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            let help = "give the user that runs this the right to read the folder";
            let complaint = unread(DROP_INS, format!("the folder cannot be read: {error}"), help);
            return vec![Source { name: DROP_INS.into(), text: Err(complaint) }];
        }
    };
    names.retain(|it| is_drop_in(it));
    names.sort_unstable();
    let shown = |name: &String| format!("{DROP_INS}/{name}");
    names.iter().map(|it| source(&path_in(&folder, it, generation.as_deref()), &shown(it))).collect()
}

/// One file, named as `shown`.
pub fn source(path: &Path, shown: &str) -> Source {
    Source { name: shown.into(), text: read(path, shown) }
}

/// The settings: the file that was named, else `fingerpost.yaml` of the configuration folder where
/// there is one.
pub fn settings(named: Option<&Path>, config_dir: &Path) -> Option<Source> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => Some(config_dir.join(SETTINGS)).filter(|it| it.exists())?,
    };
    Some(source(&path, &path.display().to_string()))
}

/// What `--config.file` names: settings, or a module file of the exporter. Without settings there, those of
/// the configuration folder.
pub fn configured(named: Option<&Path>, config_dir: &Path) -> (Option<Source>, Option<Source>) {
    match settings(named, config_dir) {
        Some(source) if named.is_some() && is_module_file(&source) => {
            (settings(None, config_dir), Some(source))
        }
        source => (source, None),
    }
}

/// The pages of a runbook folder and of the folders in it: `.md`, `.markdown`, `.txt`, in byte order
/// of their paths below `dir`, by which they are named. Hidden files and folders are passed over.
pub fn pages(dir: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![(dir.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        let names = match names_in(&folder) {
            Ok(names) => names,
            Err(error) => {
                let shown = folder.display().to_string();
                let help = "give the user that runs this the right to read the folder";
                let complaint = unread(&shown, format!("the folder of pages cannot be read: {error}"), help);
                found.push(Source { name: shown.into(), text: Err(complaint) });
                continue;
            }
        };
        for name in names.into_iter().filter(|it| !it.starts_with('.')) {
            let (path, shown) = (folder.join(&name), format!("{prefix}{name}"));
            if path.is_dir() && depth < FOLDER_DEPTH_MAX {
                folders.push((path, format!("{shown}/"), depth + 1));
            } else if has_ending(&name, &PAGE_ENDINGS) && found.len() < PAGES_MAX {
                found.push(source(&path, &shown));
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// A warning for each file or pattern that is named and leads to nothing. Patterns begin in the
/// configuration folder, other files in the working directory.
pub fn missing(needed: &[Needed], config_dir: &Path) -> Vec<Complaint> {
    let complaint = |it: &Needed| {
        let (title, help) = match &it.what {
            Outside::File(path) if path.is_file() => return None,
            Outside::File(path) => {
                let help = "it is read at each use: put it there, or mend the path";
                (format!("there is no file `{}`", path.display()), help)
            }
            Outside::Pattern(pattern) if matches_any(pattern, config_dir) => return None,
            Outside::Pattern(pattern) => {
                (format!("no file matches `{pattern}`"), "patterns begin in the configuration folder")
            }
        };
        Some(Complaint { level: Level::Warning, place: it.place.clone(), title, help: Some(help.to_owned()) })
    };
    needed.iter().filter_map(complaint).collect()
}

/// Whether somebody may be in the middle of writing the file: it has changed within the last second.
/// A beginning that can be read is no error, and says less than what is meant.
pub fn is_being_written(path: &Path) -> bool {
    let changed = fs::metadata(path).and_then(|it| it.modified());
    changed.is_ok_and(|it| it.elapsed().is_ok_and(|age| age < WRITTEN_WITHIN))
}

/// As they are, but for those that are being written: these stay as they were at the last look, or
/// are not there yet. Whether there were any. What is swapped by one link is never half written.
pub fn settled(sources: Vec<Source>, before: &[Source], config_dir: &Path) -> (Vec<Source>, bool) {
    if generation(&config_dir.join(DROP_INS)).is_some() {
        return (sources, false);
    }
    let mut waits = false;
    let mut settle = |it: Source| {
        let known = before.iter().find(|old| old.name == it.name);
        if known.is_some_and(|old| old.text == it.text) || !is_being_written(&config_dir.join(&*it.name)) {
            return Some(it);
        }
        waits = true;
        known.cloned()
    };
    let sources = sources.into_iter().filter_map(&mut settle).collect();
    (sources, waits)
}

/// A number that changes when a file comes, goes or says something else.
pub fn fingerprint(sources: &[Source]) -> u64 {
    sources.iter().fold(FNV_OFFSET, |hash, source| {
        let said = match &source.text {
            Ok(text) => text,
            Err(complaint) => complaint.title.as_str(),
        };
        fnv1a(fnv1a(hash, &source.name), said)
    })
}

/// The text of a regular file of bounded size. Anything else is not even opened: opening a pipe
/// would wait for whoever writes into it.
fn read(path: &Path, shown: &str) -> Result<Arc<str>, Complaint> {
    let cannot = |error: std::io::Error| {
        let help = match error.kind() {
            std::io::ErrorKind::PermissionDenied => "give the user that runs this the right to read it",
            std::io::ErrorKind::NotFound => {
                "a link that leads nowhere, or a file that has just gone: look at it"
            }
            _ => "look at the disk and at the file",
        };
        unread(shown, format!("the file cannot be read: {error}"), help)
    };
    let kind = fs::metadata(path).map_err(cannot)?;
    if !kind.is_file() {
        let help = "put a regular file there, or a link to one";
        return Err(unread(shown, "this is a folder, a pipe or a device, and no file".to_owned(), help));
    }
    let mut bytes = Vec::new();
    let limit = FILE_BYTES_MAX as u64 + 1;
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() > FILE_BYTES_MAX {
        let title = format!("the file is longer than the {FILE_BYTES_MAX} bytes that are read");
        return Err(unread(shown, title, "split it into several files"));
    }
    String::from_utf8(bytes)
        .map(Arc::from)
        .map_err(|error| no_text(shown, error.as_bytes(), error.utf8_error()))
}

/// The place of the first byte that is no UTF-8.
fn no_text(shown: &str, bytes: &[u8], error: std::str::Utf8Error) -> Complaint {
    let good = error.valid_up_to();
    let text = String::from_utf8_lossy(bytes);
    let bad = char::REPLACEMENT_CHARACTER.len_utf8();
    let place = Place { file: shown.into(), text: text.into(), span: good..good + bad };
    let help = "save the file as UTF-8".to_owned();
    Complaint { level: Level::Error, place, title: "this is not UTF-8".to_owned(), help: Some(help) }
}

fn unread(shown: &str, title: String, help: &str) -> Complaint {
    Complaint { level: Level::Error, place: Place::unread(shown.into()), title, help: Some(help.to_owned()) }
}

/// Names that are no UTF-8 are shown with a sign in their place, and then not found: that is told.
fn names_in(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// What editors and package managers leave behind has other endings.
fn is_drop_in(name: &str) -> bool {
    !name.starts_with('.') && has_ending(name, &DROP_IN_ENDINGS)
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && endings.contains(&ending))
}

/// The folder that `..data` leads to now.
fn generation(folder: &Path) -> Option<PathBuf> {
    fs::canonicalize(folder.join(GENERATION)).ok()
}

/// Where the file is read: within the generation, where it is a link that goes through `..data`.
fn path_in(folder: &Path, name: &str, generation: Option<&Path>) -> PathBuf {
    let path = folder.join(name);
    let link = fs::read_link(&path).unwrap_or_default();
    match (generation, link.strip_prefix(GENERATION)) {
        (Some(generation), Ok(rest)) => generation.join(rest),
        (Some(_) | None, Ok(_) | Err(_)) => path,
    }
}

fn matches_any(pattern: &str, config_dir: &Path) -> bool {
    glob::glob_with(&rooted(pattern, config_dir), SHOWN_FILES_ONLY)
        .is_ok_and(|mut paths| paths.any(|path| path.is_ok_and(|path| path.is_file())))
}

/// Whoever writes a file pauses no longer than that.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);
const DROP_INS: &str = "probes.d";
const SETTINGS: &str = "fingerpost.yaml";
/// The link by which Kubernetes swaps a volume's files.
const GENERATION: &str = "..data";
const DROP_IN_ENDINGS: [&str; 2] = ["yaml", "yml"];
const PAGE_ENDINGS: [&str; 3] = ["md", "markdown", "txt"];
const FOLDER_DEPTH_MAX: usize = 8;
const PAGES_MAX: usize = 10_000;

#[cfg(test)]
mod tests;
