//! Relabelling, as Prometheus does it: rules that rewrite a label set from the top down.

use md5::{Digest, Md5};
use regex::Regex;

use crate::labels::Labels;

/// One entry of `relabel_configs`.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Their values, joined by `separator`, are what `regex` is held against.
    pub source_labels: Vec<String>,
    /// Stands between the values; `;` unless said otherwise.
    pub separator: String,
    /// Anchored at both ends; `(.*)` unless said otherwise.
    pub regex: Regex,
    /// What is done.
    pub action: Action,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sets `target_label` to `replacement` where the regex matches; both may say `$1`.
    Replace {
        /// The label that is set.
        target_label: String,
        /// Its value.
        replacement: String,
    },
    /// Sets the label to the joined values in lower case.
    Lowercase(String),
    /// Sets the label to the joined values in upper case.
    Uppercase(String),
    /// Drops what does not match.
    Keep,
    /// Drops what matches.
    Drop,
    /// Drops what has another value in that label than the joined ones.
    KeepEqual(String),
    /// Drops what has the joined values in that label.
    DropEqual(String),
    /// Sets the label to the joined values' hash modulo a number.
    HashMod {
        /// The label that is set.
        target_label: String,
        /// Never zero.
        modulus: u64,
    },
    /// Copies every label whose name matches to the name that `replacement` makes of it.
    LabelMap {
        /// May say `$1`.
        replacement: String,
    },
    /// Takes away labels whose names match.
    LabelDrop,
    /// Takes away labels whose names do not match.
    LabelKeep,
}

/// The labels after all rules, or `None` where a rule dropped the target.
pub fn apply(rules: &[Rule], labels: &Labels) -> Option<Labels> {
    rules.iter().try_fold(labels.clone(), |labels, rule| rule.apply(&labels))
}

impl Rule {
    fn apply(&self, labels: &Labels) -> Option<Labels> {
        let values: Vec<&str> = self.source_labels.iter().map(|it| labels.get(it)).collect();
        let joined = values.join(&self.separator);
        let set = |name: &str, value: &str| Some(labels.with([(name, value)]));
        let only_if = |holds: bool| holds.then(|| labels.clone());
        match &self.action {
            Action::Replace { target_label, replacement } => {
                let Some(found) = self.regex.captures(&joined) else { return Some(labels.clone()) };
                let (mut name, mut value) = (String::new(), String::new());
                found.expand(target_label, &mut name);
                found.expand(replacement, &mut value);
                if crate::labels::is_label_name(&name) { set(&name, &value) } else { Some(labels.clone()) }
            }
            Action::Lowercase(name) => set(name, &joined.to_lowercase()),
            Action::Uppercase(name) => set(name, &joined.to_uppercase()),
            Action::Keep => only_if(self.regex.is_match(&joined)),
            Action::Drop => only_if(!self.regex.is_match(&joined)),
            Action::KeepEqual(name) => only_if(labels.get(name) == joined),
            Action::DropEqual(name) => only_if(labels.get(name) != joined),
            Action::HashMod { target_label, modulus } => {
                set(target_label, &(hash(&joined) % modulus).to_string())
            }
            Action::LabelMap { replacement } => {
                let copies: Vec<(String, String)> = labels
                    .iter()
                    .filter(|(name, _)| self.regex.is_match(name))
                    .map(|(name, value)| {
                        (self.regex.replace(name, replacement).into_owned(), value.to_owned())
                    })
                    .collect();
                Some(labels.with(copies.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
            }
            Action::LabelDrop => Some(labels.iter().filter(|it| !self.regex.is_match(it.0)).collect()),
            Action::LabelKeep => Some(labels.iter().filter(|it| self.regex.is_match(it.0)).collect()),
        }
    }
}

/// The last eight bytes of the text's MD5, as Prometheus takes them.
fn hash(text: &str) -> u64 {
    let sum = Md5::digest(text.as_bytes());
    sum[8..].iter().fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(source: &[&str], regex: &str, action: Action) -> Rule {
        let regex = Regex::new(&format!("^(?s:{regex})$")).unwrap();
        let source_labels = source.iter().map(|&it| it.to_owned()).collect();
        Rule { source_labels, separator: ";".to_owned(), regex, action }
    }

    fn after(rule: Rule, labels: &[(&str, &str)]) -> Option<String> {
        let labels = labels.iter().copied().collect();
        apply(&[rule], &labels).map(|it| it.to_string())
    }

    #[test]
    fn replace_fills_in_groups_and_leaves_what_does_not_match() {
        let action = Action::Replace { target_label: "__${1}__".into(), replacement: "$2:10443".into() };
        let it = rule(&["a", "b"], "(addr)ess;(.*)", action);
        assert_eq!(
            after(it.clone(), &[("a", "address"), ("b", "x")]).unwrap(),
            r#"{__addr__="x:10443", a="address", b="x"}"#
        );
        assert_eq!(after(it, &[("a", "no")]).unwrap(), r#"{a="no"}"#);
    }

    #[test]
    fn keep_and_drop_ask_the_whole_value() {
        assert_eq!(after(rule(&["a"], "pro", Action::Keep), &[("a", "prod")]), None);
        assert!(after(rule(&["a"], "pro", Action::Drop), &[("a", "prod")]).is_some());
        assert_eq!(after(rule(&["a"], "prod", Action::Drop), &[("a", "prod")]), None);
    }

    #[test]
    fn equal_actions_compare_with_the_named_label() {
        let labels = [("a", "1"), ("b", "1"), ("c", "2")];
        assert!(after(rule(&["a"], "(.*)", Action::KeepEqual("b".into())), &labels).is_some());
        assert!(after(rule(&["a"], "(.*)", Action::KeepEqual("c".into())), &labels).is_none());
        assert!(after(rule(&["a"], "(.*)", Action::DropEqual("b".into())), &labels).is_none());
    }

    #[test]
    fn names_are_mapped_kept_and_dropped() {
        let labels = [("__meta_zone", "dal10"), ("job", "j")];
        let map = Action::LabelMap { replacement: "k_$1".into() };
        assert_eq!(
            after(rule(&[], "__meta_(.+)", map), &labels).unwrap(),
            r#"{__meta_zone="dal10", job="j", k_zone="dal10"}"#
        );
        assert_eq!(after(rule(&[], "__meta_.*", Action::LabelDrop), &labels).unwrap(), r#"{job="j"}"#);
        assert_eq!(after(rule(&[], "job", Action::LabelKeep), &labels).unwrap(), r#"{job="j"}"#);
    }

    #[test]
    fn case_and_hash_write_the_joined_values() {
        let labels = [("a", "Ab"), ("b", "c")];
        let lower = after(rule(&["a", "b"], "(.*)", Action::Lowercase("x".into())), &labels).unwrap();
        assert!(lower.contains(r#"x="ab;c""#), "{lower}");
        // The last eight bytes of md5("Ab;c"), as `printf 'Ab;c' | md5sum` has them, modulo 1000.
        let action = Action::HashMod { target_label: "x".into(), modulus: 1000 };
        let it = after(rule(&["a", "b"], "(.*)", action), &labels).unwrap();
        let wanted = format!(r#"x="{}""#, HASH_OF_AB_C % 1000);
        assert!(it.contains(&wanted), "{it} {wanted}");
    }

    const HASH_OF_AB_C: u64 = 0x8c8b_8d9d_56a6_0840;
}
