//! kramdown's attribute lists, `{: #id .class key="value" reference}`, as far as anchors need them:
//! the id, and the names of the lists it refers to.

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;

use super::source::pattern;

/// What an attribute list says about an element's id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    id: Option<String>,
    references: Vec<String>,
}

/// Lists defined under a name, `{:name: #id}`.
pub(super) type NamedLists = HashMap<String, Attributes>;

impl Attributes {
    /// Takes over what the inside of a `{: … }` says; what is said later wins.
    pub(super) fn read(&mut self, text: &str) {
        let mut rest = text;
        let mut at_start = true;
        while !rest.is_empty() {
            let separated = rest.trim_start_matches(BLANKS);
            if !at_start && separated.len() == rest.len() {
                // Not at the start of a word: as kramdown does, go on to the next blank.
                rest = rest.find(BLANKS).map_or("", |blank| &rest[blank..]);
                continue;
            }
            at_start = false;
            rest = separated;
            let Some(word) = WORD.captures(rest).filter(|word| ends_a_word(&rest[word[0].len()..])) else {
                rest = rest.find(BLANKS).map_or("", |blank| &rest[blank..]);
                continue;
            };
            if let Some(value) = word.name("double").or(word.name("single")) {
                if &word["key"] == "id" {
                    self.id = Some(value.as_str().to_owned());
                }
            } else if let Some(reference) = word.name("reference") {
                self.references.push(reference.as_str().to_owned());
            } else {
                let ids = ID_OR_CLASS.captures_iter(&word[0]).filter_map(|part| part.get(1));
                if let Some(last) = ids.last() {
                    self.id = Some(last.as_str().to_owned());
                }
            }
            rest = &rest[word[0].len()..];
        }
    }

    /// The id the element gets: its own, else that of the last list it refers to.
    pub(super) fn id<'a>(&'a self, lists: &'a NamedLists) -> Option<&'a str> {
        self.id_within(lists, REFERENCES_DEPTH_MAX)
    }

    fn id_within<'a>(&'a self, lists: &'a NamedLists, depth: usize) -> Option<&'a str> {
        if self.id.is_some() || depth == 0 {
            return self.id.as_deref();
        }
        let mut named = self.references.iter().rev().filter_map(|name| lists.get(name));
        named.find_map(|list| list.id_within(lists, depth - 1))
    }
}

fn ends_a_word(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(BLANKS)
}

const BLANKS: [char; 6] = [' ', '\t', '\n', '\r', '\x0b', '\x0c'];

/// A list may refer to a list; a circle ends here.
const REFERENCES_DEPTH_MAX: usize = 4;

static WORD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r#"^(?:(?P<key>(?-u:\w)[-A-Za-z0-9_]*)=(?:"(?P<double>(?:\\\}|\\"|[^}"])*)"|'(?P<single>(?:\\\}|\\'|[^}'])*)')"#,
        r"|(?P<marks>(?:#[A-Za-z][-A-Za-z0-9_:]*|\.[^ \t\n\r\x0b\x0c.#]+)+)",
        r"|(?P<reference>(?-u:\w)[-A-Za-z0-9_]*))"
    ))
});

static ID_OR_CLASS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"#([A-Za-z][-A-Za-z0-9_:]*)|\.[^ \t\n\r\x0b\x0c.#]+"));

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(text: &str) -> Option<String> {
        let mut attributes = Attributes::default();
        attributes.read(text);
        attributes.id(&NamedLists::new()).map(str::to_owned)
    }

    #[test]
    fn an_id_is_found_among_classes_and_keys() {
        assert_eq!(id_of(" .label #here .red"), Some("here".to_owned()));
        assert_eq!(id_of("#here"), Some("here".to_owned()));
        assert_eq!(id_of(" .label.red#here"), Some("here".to_owned()));
        assert_eq!(id_of(r#" id="here" title="a #b""#), Some("here".to_owned()));
        assert_eq!(id_of(" #one #two"), Some("two".to_owned()));
        assert_eq!(id_of(" .label .red"), None);
        assert_eq!(id_of(" #1st"), None);
    }

    #[test]
    fn a_list_takes_the_id_of_the_list_it_refers_to_and_a_circle_ends() {
        let mut lists = NamedLists::new();
        lists.entry("far".to_owned()).or_default().read(" #there");
        lists.entry("circle".to_owned()).or_default().read(" circle");
        let mut attributes = Attributes::default();
        attributes.read(" far");
        assert_eq!(attributes.id(&lists), Some("there"));
        attributes.read(" #own");
        assert_eq!(attributes.id(&lists), Some("own"));
        assert_eq!(lists["circle"].id(&lists), None);
    }
}
