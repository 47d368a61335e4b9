//! The keys of `prober: query`.

use super::{Section, key};

/// `query:`.
pub const QUERY: Section = Section {
    title: "a `query` section",
    keys: &[
        key("promql", "PromQL", "", "the question; each series of the answer is in trouble"),
        key("by", "a list of labels", "all", "who a series is about; those that agree are one reading"),
        key("on_empty", "healthy, failing or unknown", "healthy", "what an answer without series says"),
    ],
};
