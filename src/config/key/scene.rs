//! The keys of scenario files (`fingerpost test`).

use super::{Section, key};

/// A scenario file.
pub const SUITE: Section = Section {
    title: "a scenario file",
    keys: &[
        key("config_dir", "a folder", "the file's own", "the folder with `probes.d`, from this file on"),
        key("targets", "a map of lists", "none", "by probe, whom it asks, instead of discovery"),
        key("cases", "a list of cases", "", "stories; each runs alone"),
    ],
};

/// An entry of `targets.<probe>`.
pub const SCENE_TARGET: Section = Section {
    title: "a target",
    keys: &[
        key("address", "a text", "", "its `__address__`, and its `instance` unless a label says another"),
        key("labels", "a map of texts", "none", "what it bears"),
    ],
};

/// An entry of `cases`.
pub const CASE: Section = Section {
    title: "a case",
    keys: &[
        key("name", "a sentence", "", "a sentence that can be false"),
        key("observe", "a list of maps", "all is well", "what attempts see, and from when on"),
        key("checks", "a map of what is seen", "no answer", "by name, what follow-up checks see"),
        key("queries", "a map of numbers", "no answer", "by name, what Prometheus answers"),
        key("firing", "a list of alerts", "none", "alerts of others that fire from the beginning"),
        key("text", "a text", "none", "what an operator hands in: a log, a chat message, a job's output"),
        key("expect", "a list of maps", "", "what must have come of it, and when"),
    ],
};

/// An entry of `observe`.
pub const OBSERVE: Section = Section {
    title: "an entry of `observe`",
    keys: &[
        key("at", "a duration", "", "from when on"),
        key("probe", "a probe's name", "", "whose attempts"),
        key("targets", "a map of labels", "all", "at the targets that have these labels"),
        key("see", "a map", "success", "what they see"),
    ],
};

/// `see`, and an entry of `checks`.
pub const SEE: Section = Section {
    title: "what is seen",
    keys: &[
        key("cause", "a cause", "none", "why it failed"),
        key("phase", "a phase", "that of the cause", "where it failed"),
        key("status", "a number", "200", "the HTTP status"),
        key("duration", "a duration", "0s", "how long it took"),
        key("answered_after", "a duration", "never", "how long the answer took that came after the timeout"),
        key("body", "a text", "empty", "what came"),
        key("certificate", "a map", "none", "the server's certificate"),
        key("hops", "a list of maps", "none", "the hops of a path, as `mtr` prints them"),
        key("series", "a list of maps", "none", "what Prometheus answers to a query probe"),
        key("unknown", "a cause", "none", "a fault of our own"),
    ],
};

/// `see.certificate`.
pub const SCENE_CERTIFICATE: Section = Section {
    title: "a certificate",
    keys: &[
        key("subject", "a text", "empty", "whose it is"),
        key("issuer", "a text", "empty", "who signed it"),
        key("names", "a list of texts", "none", "its DNS names"),
        key(
            "not_before",
            "a time",
            "a year before",
            "when its time begins: RFC 3339, or as `-1h` from the case's beginning",
        ),
        key(
            "not_after",
            "a time",
            "a year on",
            "when its time ends: RFC 3339, or as `72h` from the case's beginning",
        ),
        key("chain_not_after", "a time", "none", "when that of the certificate behind it ends"),
        key("faults", "a list of words", "none", "`wrong_name`, `untrusted`: what is wrong beside its dates"),
    ],
};

/// An entry of `see.hops`.
pub const SCENE_HOP: Section = Section {
    title: "a hop",
    keys: &[
        key("address", "a text", "nobody", "who answers; `???` or nothing: nobody"),
        key("loss", "a number", "0, or 100 where nobody answers", "percent that were lost"),
        key("sent", "a number", "0", "packets"),
        key("last", "a number", "0", "the last round trip, in milliseconds"),
        key("average", "a number", "0", "the mean, in milliseconds"),
        key("best", "a number", "0", "the shortest, in milliseconds"),
        key("worst", "a number", "0", "the longest, in milliseconds"),
        key("deviation", "a number", "0", "the standard deviation, in milliseconds"),
    ],
};

/// An entry of `see.series`.
pub const SCENE_SERIES: Section = Section {
    title: "a series",
    keys: &[
        key("labels", "a map of texts", "none", "whom it is about"),
        key("value", "a number", "", "its value"),
    ],
};

/// An entry of `expect`.
pub const EXPECT: Section = Section {
    title: "an entry of `expect`",
    keys: &[
        key("at", "a duration", "", "when"),
        key("firing", "a list of alerts", "none", "exactly these fire, in any order"),
        key("pending", "a list of alerts", "not looked at", "exactly these are pending"),
        key("advice", "a list of maps", "anything", "where the case's `text` points at that hour"),
    ],
};

/// An entry of `firing` or `pending`.
pub const SCENE_ALERT: Section = Section {
    title: "an alert of a scene",
    keys: &[
        key("alert", "an alert's name", "", "which"),
        key("labels", "a map of texts", "any", "labels that it has, among others"),
        key("annotations", "a map of texts", "any", "annotations that it has, among others"),
        key("page", "a page", "any", "where it points"),
        key("step", "an anchor", "any", "where on that page"),
    ],
};

/// An entry of `advice`.
pub const SCENE_ADVICE: Section = Section {
    title: "an advice",
    keys: &[
        key("rule", "a rule's name", "any", "the rule over texts that knows the text"),
        key("region", "a text", "any", "the region it is about"),
        key("page", "a page", "any", "the page of the step"),
        key("step", "an anchor", "any", "the step"),
        key("call", "a text", "anybody", "whom to call; `\"\"` for nobody"),
        key("note", "a text", "any", "what to know before; `\"\"` for nothing"),
        key("before", "a list of pages", "any", "exactly these are named ahead"),
        key("also", "a list of pages", "any", "exactly these are named with the step"),
        key("escalate", "a map", "anywhere", "where to turn when that does not help"),
    ],
};

/// `advice[].escalate`.
pub const SCENE_ESCALATION: Section = Section {
    title: "where to turn",
    keys: &[
        key("page", "a page", "any", "its page"),
        key("step", "an anchor", "any", "the step"),
        key("call", "a text", "anybody", "whom to call; `\"\"` for nobody"),
    ],
};
