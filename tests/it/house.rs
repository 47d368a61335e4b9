//! The rules of the house that no compiler knows: what may use what, what is pure, how long a file
//! may be. Each rule is a function from sources to offences; each is tried on a planted offence.

mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path as FilePath;
use std::process::Command;

use source::{Path, Reading, Source};

/// A line of prose: where, and what is wrong there.
type Offence = String;

/// The three kinds of modules, by the comments over their groups in `src/lib.rs`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Layer {
    Facts,
    Judgement,
    Edges,
}

/// The top modules in reading order.
struct House {
    modules: Vec<(String, Layer)>,
}

/// Edges that join the others; the rest do not know each other.
const JOINERS: [&str; 3] = ["app", "demo", "cli"];

/// The edge that every other may use: who reaches out, dials.
const DIAL: &str = "dial";

/// The few doors between edges: who goes through, and into what.
const DOORS: [(&str, &str); 2] = [("scenario", "files"), ("probe", "prometheus")];

const FILE_LINES_MAX: usize = 400;

/// Beginnings of paths that read the world. A crate's name counts only with what is taken from it:
/// alone it may be a variable.
const WORLD_ROOTS: [&[&str]; 9] = [
    &["tokio"],
    &["rand"],
    &["hyper"],
    &["std", "fs"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "net", "ToSocketAddrs"],
    &["std", "os"],
];

/// Names that read the world wherever they stand in a path; addresses are data and not among them.
const WORLD_NAMES: [&str; 8] = [
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "UnixDatagram",
    "Mutex",
    "RwLock",
];

/// What asks the clock: the last two segments of a path.
const CLOCKS: [&str; 2] = ["SystemTime", "Instant"];

impl House {
    fn read(lib: &str) -> Result<Self, Offence> {
        let mut layer = None;
        let mut modules = Vec::new();
        for line in lib.lines().map(str::trim) {
            if let Some(comment) = line.strip_prefix("// ") {
                layer = layer_of(comment).or(layer);
            }
            let declared = line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod "));
            if let Some(name) = declared.and_then(|it| it.strip_suffix(';')) {
                let layer = layer.ok_or_else(|| format!("src/lib.rs: `{name}` stands under no layer"))?;
                modules.push((name.to_owned(), layer));
            }
        }
        Ok(Self { modules })
    }

    fn place(&self, module: &str) -> Option<usize> {
        self.modules.iter().position(|(name, _)| name == module)
    }

    fn layer(&self, module: &str) -> Option<Layer> {
        self.place(module).map(|at| self.modules[at].1)
    }
}

fn layer_of(comment: &str) -> Option<Layer> {
    let layers = [("Facts", Layer::Facts), ("Judgement", Layer::Judgement), ("Edges", Layer::Edges)];
    layers.into_iter().find(|(word, _)| comment.starts_with(word)).map(|(_, layer)| layer)
}

/// Sources of the library's modules, with what they say outside their tests.
struct Room<'a> {
    source: &'a Source,
    reading: Reading,
    module: String,
}

/// Leaves out `lib.rs` and `main.rs`, which join everything, and files that only tests see.
fn rooms(sources: &[Source]) -> Vec<Room<'_>> {
    let mut rooms: Vec<Room<'_>> = sources
        .iter()
        .filter(|it| !matches!(it.path.as_str(), "src/lib.rs" | "src/main.rs"))
        .map(|it| Room { source: it, reading: it.read(), module: it.modules()[0].to_owned() })
        .collect();
    let tests: Vec<String> = rooms
        .iter()
        .flat_map(|it| {
            let folder = it.source.path.trim_end_matches(".rs");
            it.reading.test_modules.iter().map(move |name| format!("{folder}/{name}"))
        })
        .collect();
    rooms.retain(|it| {
        let stem = it.source.path.trim_end_matches(".rs");
        !tests.iter().any(|test| stem == test || stem.starts_with(&format!("{test}/")))
    });
    rooms
}

/// A path inside this crate, from its root; `None` for what leads elsewhere or stays in the module.
fn inside(room: &Room<'_>, path: &Path) -> Option<Vec<String>> {
    let depth = room.source.modules().len() + path.inline_depth;
    let supers = path.segments.iter().take_while(|it| *it == "super").count();
    let rest = match path.segments.first()?.as_str() {
        "crate" => &path.segments[1..],
        "super" if supers == depth => &path.segments[supers..],
        _ => return None,
    };
    (rest.first()? != "self").then(|| rest.to_vec())
}

/// A module uses only modules that stand above it.
fn order_offences(house: &House, sources: &[Source]) -> Vec<Offence> {
    let mut offences = Vec::new();
    for room in rooms(sources) {
        let Some(own) = house.place(&room.module) else {
            offences.push(format!("{}: src/lib.rs has no `{}`", room.source.path, room.module));
            continue;
        };
        for path in &room.reading.paths {
            let Some(inner) = inside(&room, path) else { continue };
            let place = format!("{}:{}", room.source.path, path.line);
            match house.place(&inner[0]) {
                None => offences.push(format!("{place}: `{}` is no module of src/lib.rs", inner[0])),
                Some(other) if other > own => {
                    offences.push(format!("{place}: `{}` stands below `{}`", inner[0], room.module));
                }
                Some(_) => {}
            }
        }
    }
    offences
}

/// Edges do not know each other, but for the joiners and the doors.
fn edge_offences(house: &House, sources: &[Source]) -> Vec<Offence> {
    let mut offences = Vec::new();
    for room in rooms(sources) {
        let joins = JOINERS.contains(&room.module.as_str());
        if joins || house.layer(&room.module) != Some(Layer::Edges) {
            continue;
        }
        for path in &room.reading.paths {
            let Some(inner) = inside(&room, path) else { continue };
            let other = &inner[0];
            let another_edge = *other != room.module && house.layer(other) == Some(Layer::Edges);
            let open = other == DIAL || DOORS.contains(&(room.module.as_str(), other.as_str()));
            if another_edge && !open {
                let line = path.line;
                offences.push(format!("{}:{line}: an edge uses `{}`", room.source.path, inner.join("::")));
            }
        }
    }
    offences
}

/// Facts and judgement read neither clock, chance, file nor socket, and wait for nothing.
fn purity_offences(house: &House, sources: &[Source]) -> Vec<Offence> {
    let mut offences = Vec::new();
    for room in rooms(sources) {
        match house.layer(&room.module) {
            None | Some(Layer::Edges) => continue,
            Some(Layer::Facts | Layer::Judgement) => {}
        }
        let waits = room.reading.words.iter().filter(|it| it.text == "async" || it.text == "await");
        let waits = waits.map(|it| (it.line, it.text.clone()));
        let reads = room.reading.paths.iter().filter(|it| reads_world(&it.segments));
        let reads = reads.map(|it| (it.line, it.segments.join("::")));
        let told = waits.chain(reads);
        offences
            .extend(told.map(|(line, what)| format!("{}:{line}: `{what}` is not pure", room.source.path)));
    }
    offences
}

fn reads_world(segments: &[String]) -> bool {
    let roots = WORLD_ROOTS.iter().any(|root| {
        let begins = segments.iter().take(root.len()).eq(root.iter());
        begins && segments.len() > 1
    });
    let named = segments.iter().any(|it| WORLD_NAMES.contains(&it.as_str()));
    let clock = segments.windows(2).any(|it| CLOCKS.contains(&it[0].as_str()) && it[1] == "now");
    roots || named || clock
}

fn size_offences(sources: &[Source]) -> Vec<Offence> {
    let long = rooms(sources).into_iter().filter(|it| it.reading.lines > FILE_LINES_MAX);
    long.map(|it| {
        format!("{}: {} lines before its tests, more than {FILE_LINES_MAX}", it.source.path, it.reading.lines)
    })
    .collect()
}

/// Each file says first what it is responsible for; a file of tests says it by its name.
fn opening_offences(sources: &[Source]) -> Vec<Offence> {
    let says =
        |it: &Source| it.text.lines().next().is_some_and(|line| line.len() > 4 && line.starts_with("//!"));
    let silent = rooms(sources).into_iter().filter(|it| !says(it.source));
    silent.map(|it| format!("{}: does not open with `//!`", it.source.path)).collect()
}

/// A path of somebody's machine has no meaning on another.
fn machine_offences(files: &BTreeMap<String, String>) -> Vec<Offence> {
    let folders = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let mut offences = Vec::new();
    for (file, text) in files {
        for (index, line) in text.lines().enumerate() {
            let named = folders.iter().find(|folder| names_folder(line, folder));
            offences.extend(named.map(|folder| format!("{file}:{}: names `{folder}`", index + 1)));
        }
    }
    offences
}

/// True where the folder begins a path: `/x/y` has no `/y` in this sense.
fn names_folder(line: &str, folder: &str) -> bool {
    let inner = |it: char| it.is_alphanumeric() || matches!(it, '.' | '_' | '-' | '}' | '/' | '*');
    line.match_indices(folder).any(|(at, _)| !line[..at].ends_with(inner))
}

/// Every file that git would hand to somebody else and that is text.
fn tracked_files() -> BTreeMap<String, String> {
    let root = FilePath::new(env!("CARGO_MANIFEST_DIR"));
    let told = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output().expect("git is here");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let names = String::from_utf8(told.stdout).expect("file names are UTF-8");
    let read = |name: &str| Some((name.to_owned(), fs::read_to_string(root.join(name)).ok()?));
    names.split_terminator('\0').filter_map(read).collect()
}

fn tracked_sources() -> Vec<Source> {
    let rust =
        |name: &str| name.starts_with("src/") && FilePath::new(name).extension().is_some_and(|it| it == "rs");
    let files = tracked_files().into_iter().filter(|(name, _)| rust(name));
    files.map(|(path, text)| Source { path, text }).collect()
}

fn our_house(sources: &[Source]) -> House {
    let lib = sources.iter().find(|it| it.path == "src/lib.rs").expect("the library has a root");
    House::read(&lib.text).expect("each module of the library stands under a layer")
}

#[track_caller]
fn nothing(offences: &[Offence]) {
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

mod rules {
    use super::*;

    #[test]
    fn a_module_uses_only_modules_above_it() {
        let sources = tracked_sources();
        nothing(&order_offences(&our_house(&sources), &sources));
    }

    #[test]
    fn edges_do_not_know_each_other() {
        let sources = tracked_sources();
        nothing(&edge_offences(&our_house(&sources), &sources));
    }

    #[test]
    fn facts_and_judgement_are_pure() {
        let sources = tracked_sources();
        nothing(&purity_offences(&our_house(&sources), &sources));
    }

    #[test]
    fn a_file_has_at_most_four_hundred_lines_before_its_tests() {
        nothing(&size_offences(&tracked_sources()));
    }

    #[test]
    fn each_module_says_first_what_it_is_for() {
        nothing(&opening_offences(&tracked_sources()));
    }

    #[test]
    fn no_file_names_a_folder_of_somebodys_machine() {
        nothing(&machine_offences(&tracked_files()));
    }
}

#[cfg(test)]
mod tests;
