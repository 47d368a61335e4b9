//! Patterns of modules, as Go reads them. Module files are written for the exporter, and its patterns
//! differ from ours in small things: `\d` and `\b` are of ASCII there, a lone `{` is a brace, `\<` is a
//! sign and `\Q…\E` is a quotation. What can be said in both ways is rewritten into ours.

use std::fmt::Write as _;

use regex::{Regex, bytes};

use super::desk::Desk;
use super::raw::Node;
use super::word::{complain_of_regex, text};

/// A pattern over texts, not anchored; the caret stands where it goes wrong.
pub(super) fn regex(node: &Node, desk: &mut Desk) -> Option<Regex> {
    let written = text(node, desk)?;
    let ours = of_go(written, "\\B");
    Regex::new(&ours).map_err(|error| complain(node, written, &ours, &error, desk)).ok()
}

/// As `regex`, over bytes.
pub(super) fn bytes_regex(node: &Node, desk: &mut Desk) -> Option<bytes::Regex> {
    let written = text(node, desk)?;
    let ours = of_go(written, "(?-u:\\B)");
    bytes::Regex::new(&ours).map_err(|error| complain(node, written, &ours, &error, desk)).ok()
}

/// Places in the error are those of our way to write it, unless what was written is as wrong.
fn complain(node: &Node, written: &str, ours: &str, error: &regex::Error, desk: &mut Desk) {
    match bytes::Regex::new(written) {
        Err(error) => complain_of_regex(node, written, &error, desk),
        Ok(_) if written == ours => complain_of_regex(node, written, error, desk),
        Ok(_) => {
            let error = regex::Error::Syntax(format!("error: {}", last_line(error)));
            complain_of_regex(node, written, &error, desk);
        }
    }
}

fn last_line(error: &regex::Error) -> String {
    let told = error.to_string();
    told.rsplit("error: ").next().unwrap_or(&told).trim().to_owned()
}

/// The same pattern in our words. `no_edge` is what stands for `\B`: over texts it cannot be had in ASCII.
fn of_go(pattern: &str, no_edge: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(sign) = rest.chars().next() {
        let behind = &rest[sign.len_utf8()..];
        rest = match sign {
            '\\' => escape(behind, Within::Pattern { no_edge }, &mut out),
            '[' => class(behind, &mut out),
            '{' if !is_repetition(rest) => {
                out.push_str("\\{");
                behind
            }
            _ => {
                out.push(sign);
                behind
            }
        };
    }
    out
}

/// Where an escape stands.
#[derive(Clone, Copy)]
enum Within<'a> {
    Pattern { no_edge: &'a str },
    Class,
}

/// What stands behind a backslash; gives what comes after it.
fn escape<'a>(rest: &'a str, within: Within<'_>, out: &mut String) -> &'a str {
    let Some(sign) = rest.chars().next() else {
        out.push('\\');
        return rest;
    };
    let behind = &rest[sign.len_utf8()..];
    let inner = SETS.iter().find(|it| it.0 == sign);
    match (sign, within, inner) {
        (_, Within::Pattern { .. }, Some((_, set, ""))) => out.extend(["[", set, "]"]),
        (_, Within::Class, Some((_, set, ""))) => out.push_str(set),
        (_, _, Some((_, set, not))) => out.extend(["[", not, set, "]"]),
        ('b', Within::Pattern { .. }, None) => out.push_str("(?-u:\\b)"),
        ('B', Within::Pattern { no_edge }, None) => out.push_str(no_edge),
        ('C', Within::Pattern { .. }, None) => out.push_str("(?s-u:.)"),
        ('<' | '>', _, None) => out.push(sign),
        ('Q', Within::Pattern { .. }, None) => {
            let (quoted, behind) = behind.split_once("\\E").unwrap_or((behind, ""));
            out.push_str(&regex::escape(quoted));
            return behind;
        }
        ('0'..='7', _, None) => {
            let digits = rest.bytes().take(3).take_while(|it| matches!(it, b'0'..=b'7')).count();
            // A single digit would be a back-reference, which is none of Go's either.
            if sign == '0' || digits > 1 {
                let code = u32::from_str_radix(&rest[..digits], 8).expect("these are octal digits");
                write!(out, "\\x{{{code:x}}}").expect("a string takes all text");
                return &rest[digits..];
            }
            out.extend(['\\', sign]);
        }
        _ => out.extend(['\\', sign]),
    }
    behind
}

/// What stands behind the `[` of a class, up to its end; gives what comes after it.
fn class<'a>(rest: &'a str, out: &mut String) -> &'a str {
    out.push('[');
    let mut rest = rest;
    if let Some(behind) = rest.strip_prefix('^') {
        out.push('^');
        rest = behind;
    }
    if let Some(behind) = rest.strip_prefix(']') {
        out.push_str("\\]");
        rest = behind;
    }
    while let Some(sign) = rest.chars().next() {
        let behind = &rest[sign.len_utf8()..];
        rest = match sign {
            ']' => {
                out.push(']');
                return behind;
            }
            '\\' => escape(behind, Within::Class, out),
            '[' => {
                let named = behind.strip_prefix(':').and_then(|it| it.split_once(":]"));
                if let Some((name, behind)) = named {
                    out.extend(["[:", name, ":]"]);
                    behind
                } else {
                    out.push_str("\\[");
                    behind
                }
            }
            // Twice, these are operations on classes in ours.
            '&' | '~' => {
                out.extend(['\\', sign]);
                behind
            }
            // The first may be a sign, or stand between the ends of a range; the second ends it.
            '-' if behind.starts_with('-') => {
                let begins = out.ends_with('[') || out.ends_with("[^");
                out.push_str(if begins { "\\--" } else { "-\\-" });
                &behind[1..]
            }
            _ => {
                out.push(sign);
                behind
            }
        };
    }
    rest
}

/// Whether this begins with `{2}`, `{2,}` or `{2,3}`.
fn is_repetition(text: &str) -> bool {
    let inner = text.strip_prefix('{').and_then(|it| it.split_once('}')).map(|it| it.0);
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    inner.is_some_and(|it| match it.split_once(',') {
        None => is_number(it),
        Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
    })
}

/// The sets that Go has by a letter: what they hold, and whether they are what holds none of that.
const SETS: [(char, &str, &str); 6] = [
    ('d', "0-9", ""),
    ('w', "0-9A-Za-z_", ""),
    ('s', "\\t\\n\\f\\r ", ""),
    ('D', "0-9", "^"),
    ('W', "0-9A-Za-z_", "^"),
    ('S', "\\t\\n\\f\\r ", "^"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(pattern: &str, text: &[u8]) -> bool {
        let ours = of_go(pattern, "(?-u:\\B)");
        bytes::Regex::new(&ours).unwrap_or_else(|error| panic!("{pattern}: {ours}: {error}")).is_match(text)
    }

    #[test]
    fn letters_and_digits_are_those_of_ascii() {
        for (pattern, yes, no) in [
            (r"^\d$", "7", "٣"),
            (r"^\w$", "k", "é"),
            (r"^\s$", " ", "\u{a0}"),
            (r"^\s$", "\n", "\u{b}"),
            (r"^\D$", "٣", "7"),
            (r"^[^\d]$", "٣", "7"),
            (r"^[\W]$", "é", "k"),
            (r"^[\d\-x]$", "-", "y"),
            (r"\bcaf\b", "café", "cafe"),
            (r"caf\B", "cafe", "caf"),
        ] {
            assert!(finds(pattern, yes.as_bytes()), "{pattern} finds {yes}");
            assert!(!finds(pattern, no.as_bytes()), "{pattern} does not find {no}");
        }
    }

    #[test]
    fn signs_that_mean_more_to_us_than_to_go_are_signs() {
        for (pattern, yes, no) in [
            (r#"{"ok": ?true}"#, r#"{"ok": true}"#, r#"{"ok": false}"#),
            (r"^a{,2}$", "a{,2}", "aa"),
            (r"^a{2,3}$", "aaa", "a"),
            (r"^\<b\>$", "<b>", "b"),
            (r"^[[a]$", "[", "]"),
            (r"^[]a]$", "]", "["),
            (r"^[^]a]$", "b", "]"),
            (r"^[a&&b]$", "&", "c"),
            (r"^[a~~b]$", "~", "c"),
            (r"^[+--]$", ",", "."),
            (r"^[--/]$", ".", "+"),
            (r"^[[:alpha:]-]$", "-", "1"),
            (r"^\Qa.b[\E+$", "a.b[[", "axb["),
            (r"\Q(", "(", "["),
            (r"^\101\0$", "A\0", "101"),
        ] {
            assert!(finds(pattern, yes.as_bytes()), "{pattern} finds {yes}");
            assert!(!finds(pattern, no.as_bytes()), "{pattern} does not find {no}");
        }
        assert!(finds(r"^\C\C$", &[0xff, b'\n']) && !finds(r"^\C$", b"ab"));
    }

    #[test]
    fn of_what_is_the_same_in_both_nothing_is_changed() {
        for pattern in
            [r"^SSH-2.0-([^ -]+)(?: (.*))?$", r"(?i)^\+OK|\.$", r"a\{2\}", r"\x{41}\pL\t", "é|ß", "\\"]
        {
            assert_eq!(of_go(pattern, "\\B"), pattern);
        }
    }
}
