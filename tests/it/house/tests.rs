//! Planted offences: a rule that finds none of them proves nothing about the house.

use super::*;

const LIB: &str = "//! A house.\n// Facts: seen.\npub mod labels;\npub mod outcome;\n// Judgement: meant.\n\
                   pub mod engine;\n// Edges: bytes.\npub mod files;\npub mod dial;\npub mod probe;\npub mod sink;\npub mod scenario;\npub mod app;\n";

fn house() -> House {
    House::read(LIB).unwrap()
}

fn one(path: &str, text: &str) -> Vec<Source> {
    vec![Source { path: path.to_owned(), text: text.to_owned() }]
}

fn order(path: &str, text: &str) -> Vec<Offence> {
    order_offences(&house(), &one(path, text))
}

fn edges(path: &str, text: &str) -> Vec<Offence> {
    edge_offences(&house(), &one(path, text))
}

fn purity(path: &str, text: &str) -> Vec<Offence> {
    purity_offences(&house(), &one(path, text))
}

#[test]
fn a_module_before_the_first_layer_is_an_offence() {
    let told = House::read("pub mod labels;\n// Facts: seen.\n").err();
    assert_eq!(told.as_deref(), Some("src/lib.rs: `labels` stands under no layer"));
}

#[test]
fn a_module_may_use_those_above_it_and_itself() {
    let text = "use crate::labels::Label;\nuse crate::outcome::{self, End};\nuse super::labels;\n";
    nothing(&order("src/outcome.rs", text));
    nothing(&order("src/outcome/end.rs", "use super::Outcome;\nuse super::super::labels;\n"));
}

#[test]
fn every_way_to_name_a_module_below_is_found_at_its_line() {
    let planted = [
        ("src/labels.rs", "\nuse crate::outcome::End;"),
        ("src/labels.rs", "\nuse crate::{labels::Label, outcome::{End, Fault}};"),
        ("src/labels.rs", "\nfn f() -> crate::outcome::End { todo!() }"),
        ("src/labels.rs", "\nlet it = Vec::<crate::outcome::End>::new();"),
        ("src/labels.rs", "\npub(in crate::outcome) struct It;"),
        ("src/labels.rs", "\nuse super::outcome::End;"),
        ("src/labels/set.rs", "\nuse super::super::outcome::End;"),
        ("src/labels.rs", "\nmod inner { use super::super::outcome::End; }"),
        ("src/labels.rs", "\nuse crate::outcome as seen;"),
    ];
    for (path, text) in planted {
        let told = order(path, text);
        assert!(!told.is_empty(), "nothing found in {text}");
        let wanted = format!("{path}:2: `outcome` stands below `labels`");
        assert!(told.iter().all(|it| *it == wanted), "{told:?} in {text}");
    }
}

#[test]
fn the_second_branch_of_a_tree_over_several_lines_is_found_at_its_line() {
    let told = order("src/labels.rs", "use crate::{\n    labels::{A, B},\n    outcome::End,\n};\n");
    assert_eq!(told, ["src/labels.rs:3: `outcome` stands below `labels`"]);
}

#[test]
fn a_name_that_is_no_module_is_an_offence_and_so_is_everything_at_once() {
    assert_eq!(
        order("src/engine.rs", "use crate::Alias;"),
        ["src/engine.rs:1: `Alias` is no module of src/lib.rs"]
    );
    assert_eq!(order("src/engine.rs", "use crate::*;"), ["src/engine.rs:1: `*` is no module of src/lib.rs"]);
    assert_eq!(order("src/attic.rs", ""), ["src/attic.rs: src/lib.rs has no `attic`"]);
}

#[test]
fn comments_literals_and_tests_may_name_what_they_like() {
    let text = r##"
        //! See `crate::engine`. /* crate::engine */
        /* nested /* crate::engine */ crate::engine */
        const A: &str = "crate::engine \" crate::engine";
        const B: &str = r#"crate::engine " crate::engine"#;
        const C: (char, &[u8]) = ('"', b"crate::engine");
        fn life<'a>(it: &'a str) -> &'a str { it }
        #[cfg(test)]
        use crate::engine::Engine;
        #[cfg(test)]
        #[allow(dead_code)]
        mod tests { use crate::engine; fn f() { let it = [0; 3]; } use crate::app; }
    "##;
    nothing(&order("src/labels.rs", text));
    assert_eq!(order("src/labels.rs", &format!("{text}\nuse crate::app;")).len(), 1);
}

#[test]
fn a_file_that_only_tests_see_is_left_out_and_its_neighbour_is_not() {
    let mut sources = one("src/labels.rs", "mod set;\n#[cfg(test)]\nmod tests;\n");
    sources.extend(one("src/labels/tests.rs", "use crate::engine;"));
    sources.extend(one("src/labels/tests/more.rs", "use crate::engine;"));
    sources.extend(one("src/labels/set.rs", "use crate::engine;"));
    assert_eq!(order_offences(&house(), &sources), ["src/labels/set.rs:1: `engine` stands below `labels`"]);
}

#[test]
fn an_edge_that_uses_an_edge_is_an_offence_but_for_joiners_and_doors() {
    assert_eq!(
        edges("src/sink.rs", "use crate::probe::http;"),
        ["src/sink.rs:1: an edge uses `probe::http`"]
    );
    assert_eq!(edges("src/probe.rs", "use crate::files;"), ["src/probe.rs:1: an edge uses `files`"]);
    assert_eq!(edges("src/probe/tcp.rs", "use crate::files::read;").len(), 1);
    nothing(&edges("src/sink.rs", "use crate::{engine, dial::{Dialer, Way}, sink::worker};"));
    nothing(&edges("src/scenario.rs", "use crate::files::read;"));
    assert_eq!(edges("src/dial.rs", "use crate::files;").len(), 1);
    nothing(&edges("src/app.rs", "use crate::{files, probe, sink};"));
    nothing(&edges("src/engine.rs", "use crate::labels;"));
}

#[test]
fn what_reads_the_world_is_an_offence_in_facts_and_judgement_alone() {
    let planted = [
        "async fn wait() {}",
        "fn f() { let it = async move { 1 }; }",
        "use tokio::time::sleep;",
        "use std::{collections::BTreeMap, net::{SocketAddr, TcpStream}};",
        "fn f() { std::fs::read(\"x\"); }",
        "use std::fs;",
        "use ::std::fs;",
        "let now = std::time::Instant::now();",
        "use std::time::SystemTime;\nfn f() { SystemTime::now(); }",
        "let it = rand::random::<u8>();",
        "use std::sync::Mutex;",
        "use std::env;",
    ];
    for text in planted {
        assert_eq!(purity("src/engine.rs", text).len(), 1, "{text}");
        assert_eq!(purity("src/labels/set.rs", text).len(), 1, "{text}");
        nothing(&purity("src/probe.rs", text));
    }
}

#[test]
fn addresses_durations_and_moments_are_data() {
    nothing(&purity(
        "src/outcome.rs",
        "use std::net::{IpAddr, SocketAddr};\nuse std::time::{Duration, Instant, SystemTime};\n\
         fn due(now: Instant) -> SystemTime { SystemTime::UNIX_EPOCH }\n",
    ));
}

#[test]
fn the_four_hundred_and_first_line_is_an_offence_and_tests_do_not_count() {
    let tests = "#[cfg(test)]\nmod tests {\n    fn f() {}\n}\n".repeat(50);
    nothing(&size_offences(&one("src/labels.rs", &format!("{}{tests}", "// a line\n".repeat(400)))));
    assert_eq!(
        size_offences(&one("src/labels.rs", &format!("{}{tests}", "// a line\n".repeat(401)))),
        ["src/labels.rs: 401 lines before its tests, more than 400"]
    );
}

#[test]
fn a_file_that_opens_with_code_is_an_offence() {
    assert_eq!(opening_offences(&one("src/x.rs", "use std::io;\n")), ["src/x.rs: does not open with `//!`"]);
    assert_eq!(opening_offences(&one("src/x.rs", "")).len(), 1);
    let mut sources = one("src/x.rs", "//! What it is for.\n#[cfg(test)]\nmod tests;\n");
    sources.extend(one("src/x/tests.rs", "use super::*;\n"));
    nothing(&opening_offences(&sources));
}

#[test]
fn a_folder_of_a_machine_is_an_offence_where_it_begins_a_path() {
    let folder = concat!("/wo", "rk/");
    let tree = |text: String| BTreeMap::from([("README.md".to_owned(), text)]);
    assert_eq!(
        machine_offences(&tree(format!("first\nsee `{folder}main`"))),
        [format!("README.md:2: names `{folder}`")]
    );
    nothing(&machine_offences(&tree(format!("https://example.org{folder}x, a/b{folder}c"))));
}
