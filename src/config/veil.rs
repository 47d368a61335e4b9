//! What a complaint must not show: it shows a line of the file, and complaints go into logs, alerts and
//! pages.

use std::ops::Range;

use super::raw::{Node, Value};
use super::shown::{Sight, parsed, sounds_secret};

/// A line of a file with each sign of a secret replaced, and where `spot` of it is then. `start` is where
/// the line begins in the file.
pub(super) fn veiled(text: &str, start: usize, line: &str, spot: &Range<usize>) -> (String, Range<usize>) {
    let mut hidden = Vec::new();
    match parsed(text) {
        Some(root) => cover(&root, Sight::Open, "", &mut hidden),
        None => hidden.extend(behind_suspects(line).map(|at| start + at..start + line.len())),
    }
    let mut hidden: Vec<_> = hidden
        .into_iter()
        .filter(|it| it.start < start + line.len() && start < it.end)
        .map(|it| it.start.saturating_sub(start)..it.end - start)
        .collect();
    hidden.extend(in_urls(line));
    let (mut out, mut shown) = (String::with_capacity(line.len()), 0..0);
    for (at, sign) in line.char_indices() {
        if at == spot.start {
            shown.start = out.len();
        }
        let is_hidden = !matches!(sign, '"' | '\'') && hidden.iter().any(|it| it.contains(&at));
        out.push(if is_hidden { COVER } else { sign });
        if at < spot.end {
            shown.end = out.len();
        }
    }
    if spot.start >= line.len() {
        shown.start = out.len();
    }
    let shown = shown.start..shown.end.max(shown.start);
    (out, shown)
}

/// A text with the passwords and tokens of its URLs replaced, sign by sign.
pub(super) fn without_credentials(text: &str) -> String {
    let hidden: Vec<_> = in_urls(text).collect();
    let sign = |(at, it)| if hidden.iter().any(|range| range.contains(&at)) { COVER } else { it };
    text.char_indices().map(sign).collect()
}

fn cover(node: &Node, sight: Sight, key: &str, hidden: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(_) => match sight {
            Sight::Hidden | Sight::Names => hidden.push(node.span.clone()),
            Sight::Open | Sight::Named => {}
        },
        Value::List(items) => items.iter().for_each(|it| cover(it, sight, key, hidden)),
        Value::Map(entries) => {
            for it in entries {
                cover(&it.node, sight.of(&it.key, key), &it.key, hidden);
            }
        }
    }
}

/// In a file that is no YAML the words tell: what stands behind a key that sounds like a secret.
fn behind_suspects(line: &str) -> impl Iterator<Item = usize> {
    line.match_indices(':').map(|(at, _)| at + 1).filter(|at| {
        let word = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
        let before = line[..*at - 1].trim_end_matches(['"', '\'']);
        let key = &before[before.trim_end_matches(word).len()..];
        sounds_secret(key)
    })
}

/// Passwords before an `@`, and the values of parameters that sound like a secret.
fn in_urls(text: &str) -> impl Iterator<Item = Range<usize>> {
    let ends = |it: char| it.is_whitespace() || matches!(it, '"' | '\'' | '`' | ',' | '[' | ']' | '{' | '}');
    let passwords = text.match_indices('@').filter_map(move |(at, _)| {
        let before = &text[..at];
        let start = before.rfind(|it| ends(it) || matches!(it, '/' | '@')).map_or(0, |it| it + 1);
        let colon = before.get(start..)?.find(':')?;
        Some(start + colon + 1..at)
    });
    let parameters = text.match_indices('=').filter_map(move |(at, _)| {
        let start = text[..at].rfind(['?', '&'])? + 1;
        let name = text.get(start..at)?;
        let is_name = !name.contains(|it| ends(it) || matches!(it, '=' | '/'));
        let rest = &text[at + 1..];
        let end = rest.find(|it| ends(it) || matches!(it, '&' | '#')).unwrap_or(rest.len());
        (is_name && sounds_secret(name)).then_some(at + 1..at + 1 + end)
    });
    passwords.chain(parameters)
}

/// Stands for each sign that is not shown.
const COVER: char = 'x';

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, spot: &str) -> String {
        let at = text.find(spot).unwrap();
        let (line, shown) = veiled(text, 0, text, &(at..at + spot.len()));
        format!("{line} | {}", &line[shown])
    }

    #[test]
    fn a_line_is_shown_without_its_secrets_and_the_caret_stays_at_its_place() {
        let table = [
            (
                "basic_auth: { usrname: u, password: 'p ß:' }",
                "usrname",
                "basic_auth: { usrname: u, password: 'xxxx' } | usrname",
            ),
            ("{ password: ßß, oops: 1 }", "oops", "{ password: xx, oops: 1 } | oops"),
            (
                "{ pasword: abc, password_file: /run/p }",
                "pasword",
                "{ pasword: xxx, password_file: /run/p } | pasword",
            ),
            ("{ passwd: abc, username: u }", "abc", "{ passwd: xxx, username: u } | xxx"),
            ("url: 'htp://u:s@h/?a=1&token=t&b=2'", "h/", "url: 'htp://u:x@h/?a=1&token=x&b=2' | h/"),
            ("[me:s@host, you@host]", "you", "[me:x@host, you@host] | you"),
            ("{ broken: [ , password: \"a b\" }", "broken", "{ broken: [ , password:x\"xxx\"xx | broken"),
            ("tls_config: { key: abc, ca: def }", "ca", "tls_config: { key: xxx, ca: def } | ca"),
        ];
        for (text, spot, expected) in table {
            assert_eq!(line(text, spot), expected);
        }
    }

    #[test]
    fn a_spot_at_the_end_of_a_line_stays_there() {
        assert_eq!(veiled("a: b", 0, "a: b", &(4..4)), ("a: b".to_owned(), 4..4));
        let text = "x: 1\npassword: |\n  abc\n  def\n";
        assert_eq!(veiled(text, 17, "  abc", &(2..5)).0.trim(), "xxx");
    }
}
