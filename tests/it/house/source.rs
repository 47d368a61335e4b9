//! Reads Rust just well enough for the house rules: words and paths, without comments, literals and
//! what is compiled for tests alone. It is no parser, and a macro may fool it.

use std::collections::BTreeSet;
use std::ops::Range;

/// One file, by its path from the package's root (`src/probe/dial.rs`).
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What a file says outside its tests.
pub(crate) struct Reading {
    pub(crate) paths: Vec<Path>,
    pub(crate) words: Vec<Word>,
    /// Lines that no test item takes up.
    pub(crate) lines: usize,
    /// Files that only tests see: the `tests` of `#[cfg(test)] mod tests;`.
    pub(crate) test_modules: BTreeSet<String>,
}

/// A path as it is used, with `use` trees told out: `crate::{a, b::c}` is two.
pub(crate) struct Path {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// How many inline `mod x { … }` stand around it.
    pub(crate) inline_depth: usize,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Source {
    pub(crate) fn read(&self) -> Reading {
        let all = words(&self.text);
        let mut kept = Vec::new();
        let mut test_modules = BTreeSet::new();
        let mut test_lines = 0;
        let mut at = 0;
        while at < all.len() {
            let Some(item) = test_item(&all, at) else {
                kept.push(all[at].clone());
                at += 1;
                continue;
            };
            test_lines += all[item.end - 1].line - all[item.start].line + 1;
            test_modules.extend(file_module(&all[item.clone()]));
            at = item.end;
        }
        Reading {
            paths: paths(&kept),
            words: kept,
            lines: self.text.lines().count() - test_lines,
            test_modules,
        }
    }

    /// The modules from the crate's root down to this file: `probe`, `dial`.
    pub(crate) fn modules(&self) -> Vec<&str> {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inner.strip_suffix(".rs").unwrap_or(inner).split('/').collect()
    }
}

/// Splits the text into names, `::` and single signs. A literal becomes `"`, a lifetime keeps its `'`.
fn words(text: &str) -> Vec<Word> {
    let chars: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while at < chars.len() {
        let end = word_end(&chars, at);
        let said: String = chars[at..end].iter().collect();
        if let Some(kept) = meaning(&said) {
            words.push(Word { text: kept.to_owned(), line });
        }
        line += said.matches('\n').count();
        at = end;
    }
    words
}

fn meaning(said: &str) -> Option<&str> {
    let blank = said.starts_with(char::is_whitespace) || said.starts_with("//") || said.starts_with("/*");
    let literal = said.len() > 1 && said.ends_with(['"', '\'']) || said.contains("\"#");
    match (blank, literal) {
        (true, _) => None,
        (false, true) => Some("\""),
        (false, false) => Some(said.strip_prefix("r#").unwrap_or(said)),
    }
}

fn word_end(chars: &[char], at: usize) -> usize {
    let next = |step: usize| chars.get(at + step).copied().unwrap_or('\0');
    match chars[at] {
        '/' if next(1) == '/' => until(chars, at, |it| it == '\n'),
        '/' if next(1) == '*' => block_comment_end(chars, at),
        '"' => string_end(chars, at),
        '\'' if next(1) == '\\' => quoted_end(chars, at, '\''),
        '\'' if next(2) == '\'' => at + 3,
        '\'' => until(chars, at + 1, |it| !is_name(it)),
        ':' if next(1) == ':' => at + 2,
        it if is_name(it) => name_end(chars, at),
        _ => at + 1,
    }
}

/// A name, or the literal whose prefix it is: `r"…"`, `br#"…"#`, `b'x'`.
fn name_end(chars: &[char], at: usize) -> usize {
    let end = until(chars, at, |it| !is_name(it));
    let name: String = chars[at..end].iter().collect();
    let hashes = chars[end..].iter().take_while(|it| **it == '#').count();
    let opens = chars.get(end + hashes) == Some(&'"');
    match name.as_str() {
        "r" | "br" | "cr" if opens => raw_end(chars, end + hashes + 1, hashes),
        "r" if hashes == 1 => until(chars, end + 1, |it| !is_name(it)),
        "b" | "c" if opens && hashes == 0 => string_end(chars, end),
        "b" if chars.get(end) == Some(&'\'') => quoted_end(chars, end, '\''),
        _ => end,
    }
}

fn raw_end(chars: &[char], from: usize, hashes: usize) -> usize {
    let closes = |at: &usize| chars[*at] == '"' && chars[at + 1..].iter().take(hashes).all(|it| *it == '#');
    (from..chars.len()).find(closes).map_or(chars.len(), |at| at + 1 + hashes)
}

fn string_end(chars: &[char], at: usize) -> usize {
    quoted_end(chars, at, '"')
}

fn quoted_end(chars: &[char], open: usize, quote: char) -> usize {
    let mut at = open + 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn block_comment_end(chars: &[char], open: usize) -> usize {
    let mut depth = 0;
    let mut at = open;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') if depth == 1 => return at + 2,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    chars.len()
}

fn until(chars: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|at| stop(chars[*at])).unwrap_or(chars.len())
}

fn is_name(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

fn spells(words: &[Word], at: usize, wanted: &[&str]) -> bool {
    wanted.iter().enumerate().all(|(step, text)| words.get(at + step).is_some_and(|it| it.text == *text))
}

/// The words of an item under `#[cfg(test)]`, when one begins here.
fn test_item(words: &[Word], at: usize) -> Option<Range<usize>> {
    if !spells(words, at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
        return None;
    }
    let mut depth = 0_i32;
    let mut end = at + 7;
    while end < words.len() {
        match words[end].text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        let last = words[end].text == "}" && depth <= 0 || words[end].text == ";" && depth == 0;
        end += 1;
        if last {
            break;
        }
    }
    Some(at..end)
}

fn file_module(item: &[Word]) -> Option<String> {
    let at = item.iter().position(|it| it.text == "mod")?;
    spells(item, at + 2, &[";"]).then(|| item[at + 1].text.clone())
}

fn paths(words: &[Word]) -> Vec<Path> {
    let mut found = Vec::new();
    let mut braces = 0_usize;
    let mut inline: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let text = words[at].text.as_str();
        if text.starts_with(is_name) && text != "use" && !continues_path(words, at) {
            let first = found.len();
            at = branch(words, at, &[], &mut found);
            found[first..].iter_mut().for_each(|it| it.inline_depth = inline.len());
            continue;
        }
        if text == "{" {
            braces += 1;
            if at >= 2 && words[at - 2].text == "mod" {
                inline.push(braces);
            }
        } else if text == "}" {
            inline.retain(|it| *it != braces);
            braces = braces.saturating_sub(1);
        }
        at += 1;
    }
    found
}

/// True behind a turbofish, `Vec::<u8>::new`; a leading `::` begins a path of its own.
fn continues_path(words: &[Word], at: usize) -> bool {
    at >= 2 && words[at - 1].text == "::" && words[at - 2].text == ">"
}

/// Follows one path from its name at `at`, and every branch of its tree; returns where it ends.
fn branch(words: &[Word], at: usize, stem: &[String], found: &mut Vec<Path>) -> usize {
    let mut segments = stem.to_vec();
    let line = words[at].line;
    let mut next = at;
    loop {
        segments.push(words[next].text.clone());
        next += 1;
        if !spells(words, next, &["::"]) {
            break;
        }
        match words.get(next + 1).map_or("", |it| it.text.as_str()) {
            "{" => return tree(words, next + 2, &segments, found),
            text if text == "*" || text.starts_with(is_name) => next += 1,
            _ => break,
        }
    }
    found.push(Path { segments, line, inline_depth: 0 });
    next
}

fn tree(words: &[Word], from: usize, stem: &[String], found: &mut Vec<Path>) -> usize {
    let mut at = from;
    while at < words.len() && words[at].text != "}" {
        let text = words[at].text.as_str();
        at = match text {
            "as" => at + 2,
            _ if text == "*" || text.starts_with(is_name) => branch(words, at, stem, found),
            _ => at + 1,
        };
    }
    at + 1
}
