//! What Prometheus answers: series with their values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::labels::Labels;

/// One series of an instant vector. A plain number is a series without labels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// Its labels, without the metric's name.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
}

/// The series that have the labels of `by` in common, as one: by what they have in common, in order.
/// Without `by` every label counts, and only those are together that differ in the metric's name
/// alone.
pub fn folded(series: &[Series], by: Option<&[Arc<str>]>) -> BTreeMap<Labels, Vec<Series>> {
    let mut groups: BTreeMap<Labels, Vec<Series>> = BTreeMap::new();
    for it in series {
        let common = match by {
            None => it.labels.clone(),
            Some(by) => by.iter().map(|name| (&**name, it.labels.get(name))).collect(),
        };
        groups.entry(common).or_default().push(it.clone());
    }
    groups
}

/// The sum of their values; none where there are none.
pub fn sum(series: &[Series]) -> Option<f64> {
    (!series.is_empty()).then(|| series.iter().map(|it| it.value).sum())
}

/// Each label of the series with its values, in their order and none twice, joined by a comma; of
/// many the first ten.
pub fn notes(series: &[Series]) -> Labels {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in series.iter().flat_map(|it| it.labels.iter()) {
        values.entry(name).or_default().insert(value);
    }
    let told = |values: &BTreeSet<&str>| {
        let more = values.len().saturating_sub(VALUES_TOLD_MAX);
        let first: Vec<_> = values.iter().take(VALUES_TOLD_MAX).copied().collect();
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{rest}", first.join(", "))
    };
    values.iter().map(|(name, values)| (*name, told(values))).collect()
}

/// How many values of one label are told.
const VALUES_TOLD_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn series(labels: &[(&str, &str)], value: f64) -> Series {
        Series { labels: labels.iter().copied().collect(), value }
    }

    #[test]
    fn what_differs_in_other_labels_is_one_reading_with_the_sum_of_the_values() {
        let all = [
            series(&[("worker", "w1"), ("reason", "etcd")], 2.0),
            series(&[("worker", "w2"), ("reason", "etcd")], 1.0),
            series(&[("worker", "w1"), ("reason", "dns")], 3.0),
        ];
        let groups = folded(&all, Some(&["worker".into()]));
        let w1 = &groups[&[("worker", "w1")].into_iter().collect()];
        assert_eq!((groups.len(), sum(w1)), (2, Some(5.0)));
        assert_eq!(notes(w1).get("reason"), "dns, etcd");
        assert_eq!(folded(&all, None).len(), 3);
        assert_eq!(folded(&all, Some(&[])).len(), 1);
        assert_eq!(sum(&[]), None);
    }

    #[test]
    fn of_many_values_the_first_are_told_and_how_many_more_there_are() {
        let all: Vec<_> = (0..14).map(|it| series(&[("pod", &format!("p{it:02}"))], 1.0)).collect();
        let told = notes(&all);
        assert!(told.get("pod").starts_with("p00, p01, "), "{told}");
        assert!(told.get("pod").ends_with("p09 and 4 more"), "{told}");
    }
}
