//! From text to a tree, and from each node of the tree back to its place in the text.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, Expr, IdedExpr, SourceInfo};
use cel::{Env, ParseError, extensions};

use super::Mistake;
use super::function;

/// The words of CEL that an expression is made of, and our own.
pub(super) static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    env.add_extension(extensions::strings).expect("the strings library is added once");
    function::add_ours(&mut env);
    Arc::new(env)
});

/// Makes a tree of an expression.
///
/// # Errors
/// The first thing that is no CEL: what comes after it would only be its echo.
pub(super) fn parse(source: &str) -> Result<(IdedExpr, Places<'_>), Mistake> {
    if source.trim().is_empty() {
        return Err(Mistake::new(0..source.len(), "an expression is missing", None));
    }
    refuse_depth(source)?;
    match ENV.parser().parse_with_source_info(source) {
        Ok((tree, info)) => Ok((tree, Places { source, info })),
        Err(all) => Err(all.errors.first().map_or_else(
            || Mistake::new(0..source.len(), "this cannot be read", None),
            |first| syntax_mistake(source, first),
        )),
    }
}

/// Where each node stands in the text.
pub(super) struct Places<'a> {
    source: &'a str,
    info: SourceInfo,
}

impl<'a> Places<'a> {
    /// The text.
    pub(super) fn source(&self) -> &'a str {
        self.source
    }

    /// All that a node is made of, from its first to its last character (without the brackets
    /// around it).
    pub(super) fn extent(&self, node: &IdedExpr) -> Range<usize> {
        let token = self.token(node.id);
        match &node.expr {
            Expr::Select(select) => {
                let start = self.extent(&select.operand).start;
                start..self.field(node).end
            }
            Expr::Call(call) => self.extent_of_call(call, token),
            Expr::Comprehension(it) => self.extent(&it.iter_range).start..self.closed(token.start),
            Expr::List(_) | Expr::Map(_) => token.start..self.closed(token.start),
            Expr::Struct(it) => self.before(token.start, &it.type_name)..self.closed(token.start),
            Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => token,
        }
    }

    /// The name of the field that a selection names.
    pub(super) fn field(&self, node: &IdedExpr) -> Range<usize> {
        let Expr::Select(select) = &node.expr else { return self.extent(node) };
        let before = self.extent(&select.operand).end;
        let gap = self.source[before..].find(|it: char| !it.is_whitespace() && it != '.' && it != ')');
        let start = gap.map_or(before, |gap| before + gap);
        start..start + word(&self.source[start..])
    }

    /// The name of the function (or macro) that a call names.
    pub(super) fn callee(&self, node: &IdedExpr) -> Range<usize> {
        let open = self.token(node.id).start;
        let before = self.source[..open].trim_end();
        let name = before.bytes().rev().take_while(|it| is_word_byte(*it)).count();
        before.len() - name..before.len()
    }

    fn extent_of_call(&self, call: &CallExpr, token: Range<usize>) -> Range<usize> {
        let first = call.target.as_deref().or(call.args.first()).map(|it| self.extent(it));
        let last = call.args.last().map(|it| self.extent(it));
        let is_named = call.func_name.bytes().all(is_word_byte) && !call.func_name.starts_with('_');
        if is_named {
            let start = match &call.target {
                Some(target) => self.extent(target).start,
                None => self.before(token.start, &call.func_name),
            };
            return start..self.closed(token.start);
        }
        let start = first.map_or(token.start, |it| it.start.min(token.start));
        let end = last.map_or(token.end, |it| it.end.max(token.end));
        if self.source[token.start..].starts_with('[') {
            return start..self.closed(token.start);
        }
        start..end
    }

    /// Where the name begins that stands before that place.
    fn before(&self, at: usize, name: &str) -> usize {
        floor(self.source, self.source[..at].trim_end().len().saturating_sub(name.len()))
    }

    /// The token that a node was made at: its name, its operator, its opening bracket.
    fn token(&self, id: u64) -> Range<usize> {
        let Some((start, last)) = self.info.offset_for(id) else { return 0..self.source.len() };
        let start = floor(self.source, start as usize);
        let end = ceil(self.source, (last as usize).saturating_add(1)).max(start);
        start..end
    }

    /// Where the bracket that opens there has closed.
    fn closed(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (at, it) in marks(&self.source[open..]) {
            match it {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return open + at + 1;
                    }
                }
                _ => {}
            }
        }
        self.source.len()
    }
}

/// The characters of an expression that stand in no string and no comment, with their places.
pub(crate) fn marks(source: &str) -> impl Iterator<Item = (usize, char)> {
    let mut at = 0;
    let mut previous = ' ';
    std::iter::from_fn(move || {
        loop {
            let rest = &source[at..];
            let it = rest.chars().next()?;
            let here = at;
            let is_raw = matches!(previous, 'r' | 'R');
            previous = it;
            if it == '"' || it == '\'' {
                at += string_len(rest, is_raw);
            } else if rest.starts_with("//") {
                at += rest.find('\n').unwrap_or(rest.len());
            } else {
                at += it.len_utf8();
                return Some((here, it));
            }
        }
    })
}

/// How many bytes of the text that begins with a quote belong to the string; all, where it does
/// not end.
fn string_len(text: &str, is_raw: bool) -> usize {
    let quote = &text[..1];
    let triple = quote.repeat(3);
    let end = if text.starts_with(&triple) { &*triple } else { quote };
    let mut at = end.len();
    while let Some(it) = text[at..].chars().next() {
        if text[at..].starts_with(end) {
            return at + end.len();
        }
        at += it.len_utf8();
        if it == '\\' && !is_raw {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    text.len()
}

/// The parser goes down once for each level, on the stack; so the depth is looked at before.
/// Chains of `&&` and `||` are no depth: the tree of them is balanced.
fn refuse_depth(source: &str) -> Result<(), Mistake> {
    let mut around: Vec<(usize, Level)> = Vec::new();
    let mut level = Level::default();
    for (at, it) in marks(source) {
        match it {
            '(' | '[' | '{' => around.push((at, std::mem::take(&mut level))),
            ')' | ']' | '}' => {
                let Some((_, outer)) = around.pop() else { continue };
                level = outer.around(level);
            }
            ',' | '&' | '|' => level.begin_anew(),
            '.' | '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' | '?' | ':' => level.now += 1,
            _ => {}
        }
        if level.deepest() + around.len() * BRACKET_COST > DEPTH_MAX {
            let start = around.last().map_or(at, |(open, _)| *open);
            let help = "split it into rows, or join its parts with && and ||";
            return Err(Mistake::new(start..at + it.len_utf8(), "this is nested too deep", Some(help)));
        }
    }
    Ok(())
}

/// How deep the tree will be of what stands between two brackets.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Of the part that is being read: each operator holds all that stood before it.
    now: usize,
    /// Of the deepest part before it.
    before: usize,
}

impl Level {
    fn begin_anew(&mut self) {
        self.before = self.deepest();
        self.now = 0;
    }

    fn around(self, inner: Self) -> Self {
        Self { now: (self.now + 1).max(inner.deepest() + BRACKET_COST), before: self.before }
    }

    fn deepest(&self) -> usize {
        self.now.max(self.before)
    }
}

/// What one bracket costs of `DEPTH_MAX`: so much more of the stack does the parser need for it.
const BRACKET_COST: usize = 4;
/// What fits on the stack of a thread (2 MiB) in a debug build, with room to spare.
const DEPTH_MAX: usize = 36;

fn syntax_mistake(source: &str, error: &ParseError) -> Mistake {
    let at = offset(source, error.pos);
    let rest = &source[at..];
    let found = &rest[..word(rest).max(rest.chars().next().map_or(0, char::len_utf8))];
    let help = match found {
        "=" => Some("== compares"),
        "and" | "&" => Some("write &&"),
        "or" | "|" => Some("write ||"),
        "not" => Some("write !"),
        _ if source[..at].trim_end().ends_with("not") => Some("write ! for not"),
        _ => None,
    };
    let span = at..at + found.len();
    let message = if let Some(told) = error.msg.strip_prefix("Syntax error: ") {
        if found.is_empty() {
            let last = source.char_indices().next_back().map_or(0, |(at, _)| at);
            return Mistake::new(last..source.len(), "it ends too early", None);
        }
        if told.starts_with("token recognition") && found.starts_with(['"', '\'']) {
            return Mistake::new(at..source.len(), "this text has no closing quote", None);
        }
        format!("`{found}` cannot stand here")
    } else if error.msg.starts_with("unsupported syntax") {
        "optional values (`?`) are not part of this language".to_owned()
    } else {
        error.msg.clone()
    };
    Mistake::new(span, message, help)
}

/// The byte offset of a line and a column, both counted from one. Columns count characters.
fn offset(source: &str, (line, column): (isize, isize)) -> usize {
    let lines = usize::try_from(line - 1).unwrap_or(0);
    let start: usize = source.split_inclusive('\n').take(lines).map(str::len).sum();
    let columns = usize::try_from(column - 1).unwrap_or(0);
    let rest = &source[start..];
    start + rest.char_indices().nth(columns).map_or(rest.len(), |(at, _)| at)
}

/// How many bytes at the beginning are one word.
fn word(text: &str) -> usize {
    text.bytes().take_while(|it| is_word_byte(*it)).count()
}

fn is_word_byte(it: u8) -> bool {
    it == b'_' || it.is_ascii_alphanumeric()
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|it| text.is_char_boundary(*it)).unwrap_or(0)
}

fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|it| text.is_char_boundary(*it)).unwrap_or(text.len())
}
