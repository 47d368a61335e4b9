//! Every row of the shipped tables is proved: a drop-in that lacks any one of them fails a shipped
//! scene.

use std::fs;
use std::sync::Arc;
use std::thread;

use fingerpost::config::{self, Config, LastGood, Level, Source};
use fingerpost::runbook::DEFAULT_BASE_URL;
use fingerpost::scenario::{self, Suite};

use crate::peer::shipped;

/// A shipped file.
struct File {
    name: String,
    text: String,
}

/// A row of a drop-in's table, by its lines.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// The line of its dash, from 0.
    start: usize,
    /// The line behind its last.
    end: usize,
    /// The line of its table's name, if it is the only row.
    alone_under: Option<usize>,
}

/// The tables, each a list in block style.
const TABLES: [&str; 3] = ["before:", "steps:", "escalate:"];

/// The rows of all tables of a drop-in.
fn rows(text: &str) -> Vec<Row> {
    let lines: Vec<&str> = text.lines().collect();
    let depth = |at: usize| lines[at].len() - lines[at].trim_start().len();
    let is_text = |at: usize| !lines[at].trim().is_empty() && !lines[at].trim_start().starts_with('#');
    let mut all = Vec::new();
    for table in (0..lines.len()).filter(|at| TABLES.contains(&lines[*at].trim())) {
        let below = |from: usize, limit: usize| {
            let beyond = (from..lines.len()).find(|at| is_text(*at) && depth(*at) < limit);
            beyond.unwrap_or(lines.len())
        };
        let inside: Vec<usize> =
            (table + 1..below(table + 1, depth(table) + 1)).filter(|at| is_text(*at)).collect();
        let first = *inside.first().expect("a table has a row");
        let is_row = |at: &&usize| depth(**at) == depth(first);
        assert!(inside.iter().filter(is_row).all(|at| lines[*at].trim_start().starts_with("- ")));
        let starts: Vec<usize> = inside.iter().filter(is_row).copied().collect();
        let alone_under = (starts.len() == 1).then_some(table);
        all.extend(starts.iter().map(|start| Row {
            start: *start,
            end: below(start + 1, depth(first) + 1),
            alone_under,
        }));
    }
    all
}

fn without(text: &str, row: &Row) -> String {
    let taken = |at: usize| (row.start..row.end).contains(&at) || row.alone_under == Some(at);
    let kept = text.lines().enumerate().filter(|(at, _)| !taken(*at));
    kept.flat_map(|(_, line)| [line, "\n"]).collect()
}

/// The shipped files of a folder, sorted.
fn files(folder: &str) -> Vec<File> {
    let folder = shipped::folder().join(folder);
    let entries = fs::read_dir(&folder).expect("the shipped files are there").map(|it| it.expect("an entry"));
    let paths = entries.map(|it| it.path()).filter(|it| it.extension().is_some_and(|it| it == "yaml"));
    let mut files: Vec<File> = paths
        .map(|it| File {
            name: it.file_name().expect("a file has a name").to_string_lossy().into_owned(),
            text: fs::read_to_string(&it).expect("a shipped file can be read"),
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// The drop-ins, one of them with another text.
fn config(drop_ins: &[File], changed: &str, text: &str) -> Config {
    let source = |it: &File| Source {
        name: it.name.as_str().into(),
        text: Ok(Arc::from(if it.name == changed { text } else { &it.text })),
    };
    let loaded = config::load(&drop_ins.iter().map(source).collect::<Vec<_>>(), &LastGood::default());
    let errors: Vec<_> = loaded.complaints.iter().filter(|it| it.level == Level::Error).collect();
    assert!(errors.is_empty(), "{changed}: {errors:#?}");
    loaded.config
}

/// Whether any case of these scenes is not as expected. Each runs until the first that is not.
fn is_missed(scenes: &[&File], config: &Config) -> bool {
    let base = DEFAULT_BASE_URL.parse().expect("the default is a URL");
    scenes.iter().any(|file| {
        let mut suite = Suite::parse(&file.text).expect("a shipped scene can be read");
        let cases = std::mem::take(&mut suite.cases);
        cases.into_iter().any(|case| {
            suite.cases = vec![case];
            let ran = scenario::run(&suite, config, &base);
            ran.expect("a row's absence is no mistake").iter().any(|it| !it.misses.is_empty())
        })
    })
}

/// Which rows of the drop-in no scene misses, by their first lines.
fn unproved(drop_ins: &[File], scenes: &[File], drop_in: &File) -> Vec<String> {
    let number = &drop_in.name[..3];
    let own: Vec<&File> = scenes.iter().filter(|it| it.name.starts_with(number)).collect();
    let whole = config(drop_ins, &drop_in.name, &drop_in.text);
    assert!(!is_missed(&own, &whole), "{} fails with all of its rows", drop_in.name);
    let rows = rows(&drop_in.text);
    let is_unproved =
        |row: &&Row| !is_missed(&own, &config(drop_ins, &drop_in.name, &without(&drop_in.text, row)));
    let told = |row: &Row| {
        let line = drop_in.text.lines().nth(row.start).expect("a row has a line");
        format!("{}:{}: {}", drop_in.name, row.start + 1, line.trim())
    };
    rows.iter().filter(is_unproved).map(told).collect()
}

#[test]
fn a_drop_in_without_any_one_of_its_rows_fails_a_scene() {
    let (drop_ins, scenes) = (files("."), files("tests"));
    let unproved: Vec<String> = thread::scope(|scope| {
        let of = |it| {
            let (drop_ins, scenes) = (&drop_ins, &scenes);
            scope.spawn(move || unproved(drop_ins, scenes, it))
        };
        let all: Vec<_> = drop_ins.iter().map(of).collect();
        all.into_iter().flat_map(|it| it.join().expect("it says itself why not")).collect()
    });
    assert!(unproved.is_empty(), "no scene misses\n{}", unproved.join("\n"));
}

const TABLE: &str = "\
alerts:
  - alert: A
    before:
      - when: x
        page: /y.html
    steps:
      # first
      - { step: a }

      - when: >-
          b
          && c
        step: d
        also:
          - /e.html
      - step: f
text_rules:
  - name: g
    steps:
      - step: h
";

#[test]
fn a_row_ends_where_the_next_begins_and_a_table_goes_with_its_only_row() {
    let rows = rows(TABLE);
    let spans: Vec<_> = rows.iter().map(|it| (it.start, it.end, it.alone_under)).collect();
    assert_eq!(spans, [(3, 5, Some(2)), (7, 9, None), (9, 15, None), (15, 16, None), (19, 20, Some(18))]);
    assert_eq!(without(TABLE, &rows[2]).lines().nth(9), Some("      - step: f"));
    assert!(!without(TABLE, &rows[0]).contains("before"));
}

#[test]
fn every_row_that_is_read_from_the_shipped_drop_ins_is_found() {
    for file in files(".") {
        let plan = config(&[File { name: file.name.clone(), text: file.text.clone() }], "", "").plan;
        let texts = |it: &fingerpost::plan::TextRule| it.before.len() + it.steps.len() + it.escalate.len();
        let of_texts: usize = plan.text_rules.iter().map(|it| texts(it)).sum();
        // An alert's table goes on with the rows of the rule that it takes in.
        let names = file.text.lines().filter_map(|it| it.trim().strip_prefix("text_rules: "));
        let rules = names.filter_map(|name| plan.text_rules.iter().find(|it| &*it.name == name));
        let taken_in: usize = rules.map(|it| it.before.len() + it.steps.len()).sum();
        let of_alerts: usize = plan.alerts.iter().map(|it| it.before.len() + it.steps.len()).sum();
        assert_eq!(rows(&file.text).len(), of_texts + of_alerts - taken_in, "{}", file.name);
    }
}
