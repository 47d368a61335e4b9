//! Label sets, as Prometheus has them: names with values, sorted, without empty values.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of labels in byte order of their names. Cheap to clone. A label whose value is empty is
/// the same as no label, so none is kept.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Arc<[(Box<str>, Box<str>)]>);

impl Labels {
    /// The value of `name`, or `""` where there is no such label.
    pub fn get(&self, name: &str) -> &str {
        self.0.binary_search_by(|(it, _)| (**it).cmp(name)).map_or("", |at| &self.0[at].1)
    }

    /// Whether there is a label `name`.
    pub fn contains(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// Names and values, in byte order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These labels with those of `on_top`; where both have a name, `on_top` wins (an empty value
    /// there takes the label away).
    #[must_use]
    pub fn with<'a>(&'a self, on_top: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.iter().chain(on_top).collect()
    }

    /// The labels that people see: those that do not begin with `__`.
    #[must_use]
    pub fn public(&self) -> Self {
        self.iter().filter(|(name, _)| !name.starts_with("__")).collect()
    }

    /// Whether each of `subset` stands here with the same value (an empty value: is absent here).
    pub fn has_all<'a>(&self, subset: impl IntoIterator<Item = (&'a str, &'a str)>) -> bool {
        subset.into_iter().all(|(name, value)| self.get(name) == value)
    }

    /// A number that is the same for equal sets, today and after a restart (FNV-1a, 64 bit, over
    /// names and values each followed by a byte that UTF-8 never holds).
    pub fn fingerprint(&self) -> u64 {
        self.iter().fold(FNV_OFFSET, |hash, (name, value)| fnv1a(fnv1a(hash, name), value))
    }
}

/// Later pairs win over earlier ones of the same name; empty values are left out.
impl<'a> FromIterator<(&'a str, &'a str)> for Labels {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let mut kept = std::collections::BTreeMap::new();
        kept.extend(pairs);
        kept.retain(|_, value| !value.is_empty());
        Self(kept.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl<'a> FromIterator<(&'a str, String)> for Labels {
    fn from_iter<I: IntoIterator<Item = (&'a str, String)>>(pairs: I) -> Self {
        let pairs: Vec<_> = pairs.into_iter().collect();
        pairs.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
}

/// As Prometheus writes a label set: `{carrier_name="prod-dal10-carrier1", name="armada-api"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name}=\"{}\"", escape(value))?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = std::collections::BTreeMap::<String, String>::deserialize(deserializer)?;
        Ok(pairs.iter().map(|(name, value)| (&**name, &**value)).collect())
    }
}

/// Whether `name` may stand as a label name everywhere: `[a-zA-Z_][a-zA-Z0-9_]*`.
pub fn is_label_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|it| it == b'_' || it.is_ascii_alphabetic())
        && bytes.all(|it| it == b'_' || it.is_ascii_alphanumeric())
}

/// A label value as it stands between quotes in the text exposition format.
pub fn escape(value: &str) -> std::borrow::Cow<'_, str> {
    if value.contains(['\\', '"', '\n']) {
        value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n").into()
    } else {
        value.into()
    }
}

/// `hash` carried on over `text` and one byte that ends it (FNV-1a, 64 bit).
pub fn fnv1a(hash: u64, text: &str) -> u64 {
    text.bytes().chain([0xff]).fold(hash, |it, byte| (it ^ u64::from(byte)).wrapping_mul(FNV_PRIME))
}

/// Where an FNV-1a hash begins.
pub const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_is_no_label_and_later_pairs_win() {
        let it: Labels = [("b", "1"), ("a", ""), ("b", "2")].into_iter().collect();
        assert_eq!(it.to_string(), r#"{b="2"}"#);
        assert!(!it.contains("a"));
        assert_eq!(it.with([("b", "")]), Labels::default());
    }

    #[test]
    fn the_fingerprint_tells_where_a_name_ends() {
        let one: Labels = [("a", "bc")].into_iter().collect();
        let other: Labels = [("ab", "c")].into_iter().collect();
        assert_ne!(one.fingerprint(), other.fingerprint());
    }

    #[test]
    fn only_labels_that_people_see_are_public() {
        let it: Labels = [("__address__", "a:1"), ("_x", "y"), ("job", "j")].into_iter().collect();
        assert_eq!(it.public().to_string(), r#"{_x="y", job="j"}"#);
    }

    #[test]
    fn a_quote_a_backslash_and_a_new_line_are_escaped() {
        let it: Labels = [("a", "x\"} evil 1\n\\")].into_iter().collect();
        assert_eq!(it.to_string(), r#"{a="x\"} evil 1\n\\"}"#);
    }
}
