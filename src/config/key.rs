//! Every key that a file may hold, a row each: what it takes, what holds without it, what it means.
//! The reading goes by these tables, and so does what is printed about them.

pub use client::{AUTHORIZATION, BASIC_AUTH, ENDPOINT, EXTRA_HEADER, OAUTH2_GRANT, RUNBOOK, SETTINGS, TLS};
pub use dns::{DNS, RECORD_RULES};
pub use grpc::GRPC;
pub use http::{HEADER_RULE, HTTP};
pub use icmp::ICMP;
pub use metrics::{METRICS, SCRAPE_HTTP};
pub use module::MODULE;
pub use path::PATH;
pub use query::QUERY;
pub use tcp::{EXCHANGE, EXPECT_LABEL, TCP};
pub use tls::HANDSHAKE;
pub use unix::UNIX;
pub use web::{WEB, WEB_HTTP, WEB_RATE, WEB_TLS};
pub use websocket::{TURN, WEBSOCKET, WEBSOCKET_HTTP};

mod client;
mod dns;
mod grpc;
mod http;
mod icmp;
mod metrics;
mod module;
pub mod scene;
mod path;
mod query;
mod tcp;
mod websocket;
mod tls;
mod unix;
mod web;

/// The keys of one kind of map.
#[derive(Debug)]
pub struct Section {
    /// What the map is, as "a probe".
    pub title: &'static str,
    /// Its keys, in the order in which people like to read them.
    pub keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What stands behind it, in words.
    pub takes: &'static str,
    /// What holds where it is absent; empty: it must be there, or nothing does.
    pub default: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Whether it is read.
    pub standing: Standing,
}

/// Whether a key has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is read.
    Read,
    /// It may stand there, as in the exporter, and is not looked at.
    Unread,
    /// The exporter reads it and we do not yet: a module that has it is left out, alone.
    Unbuilt(&'static str),
    /// It has a meaning that is not built yet; the text helps whoever wants it now.
    Later(&'static str),
}

impl Section {
    /// The row of that key.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|it| it.name == name)
    }
}

const fn key(name: &'static str, takes: &'static str, default: &'static str, meaning: &'static str) -> Key {
    Key { name, takes, default, meaning, standing: Standing::Read }
}

const fn unread(name: &'static str, meaning: &'static str) -> Key {
    Key { name, takes: "anything", default: "", meaning, standing: Standing::Unread }
}

const fn later(name: &'static str, meaning: &'static str, help: &'static str) -> Key {
    Key { name, takes: "anything", default: "", meaning, standing: Standing::Later(help) }
}

const fn unbuilt(name: &'static str, meaning: &'static str, help: &'static str) -> Key {
    Key { name, takes: "anything", default: "", meaning, standing: Standing::Unbuilt(help) }
}

/// Every section, drop-ins first.
pub const SECTIONS: &[&Section] = &[
    &DROP_IN,
    &MODULE,
    &HTTP,
    &SCRAPE_HTTP,
    &METRICS,
    &TCP,
    &GRPC,
    &WEBSOCKET,
    &WEBSOCKET_HTTP,
    &TURN,
    &HANDSHAKE,
    &UNIX,
    &DNS,
    &RECORD_RULES,
    &ICMP,
    &PATH,
    &QUERY,
    &HEADER_RULE,
    &EXCHANGE,
    &EXPECT_LABEL,
    &BASIC_AUTH,
    &AUTHORIZATION,
    &OAUTH2_GRANT,
    &TLS,
    &EXTRA_HEADER,
    &PROBE,
    &TARGETS,
    &STATIC_CONFIG,
    &FILE_SD,
    &RELABEL,
    &ALERT,
    &SCOPE,
    &CHECK,
    &JOIN,
    &MEMBERS,
    &INHIBITOR,
    &ROW,
    &STEP,
    &TEXT_RULE,
    &TEXT_ROW,
    &SETTINGS,
    &ENDPOINT,
    &RUNBOOK,
    &scene::SUITE,
    &scene::SCENE_TARGET,
    &scene::CASE,
    &scene::PAUSE,
    &scene::OBSERVE,
    &scene::SEE,
    &scene::SCENE_CERTIFICATE,
    &scene::SCENE_HOP,
    &scene::SCENE_SERIES,
    &scene::EXPECT,
    &scene::SCENE_ALERT,
    &scene::SCENE_ADVICE,
    &scene::SCENE_ESCALATION,
    &WEB,
    &WEB_TLS,
    &WEB_HTTP,
    &WEB_RATE,
];

/// A file in `probes.d`.
pub const DROP_IN: Section = Section {
    title: "a drop-in",
    keys: &[
        key("modules", "a map of modules", "none", "ways to ask, by name"),
        key("probes", "a list of probes", "none", "what is asked, and how often"),
        key("alerts", "a list of alerts", "none", "what is told, and where it points"),
        key("text_rules", "a list of rules", "none", "steps chosen by a text"),
    ],
};

/// An entry of `probes`.
pub const PROBE: Section = Section {
    title: "a probe",
    keys: &[
        key("name", "a text", "", "what alerts and metrics call it"),
        key("module", "a module's name", "", "how it asks"),
        key("interval", "a duration", "30s", "from one start to the next"),
        key("targets", "a map", "none", "who is asked"),
        key(
            "control",
            "true or false",
            "false",
            "its targets are known to be well and near: while none answers, the prober may be cut off",
        ),
        key("relabel_configs", "a list of maps", "none", "rules that rewrite the targets' labels"),
    ],
};

const NO_SD: &str = "list the targets in a file for `file_sd_configs`; it is watched";

/// `targets:`.
pub const TARGETS: Section = Section {
    title: "a `targets` section",
    keys: &[
        key("static_configs", "a list of groups", "none", "targets written here"),
        key("file_sd_configs", "a list of maps", "none", "targets in files of their own"),
        later("kubernetes_sd_configs", "targets from Kubernetes", NO_SD),
        later("http_sd_configs", "targets from a URL", NO_SD),
        later("dns_sd_configs", "targets from DNS", NO_SD),
    ],
};

/// An entry of `static_configs`.
pub const STATIC_CONFIG: Section = Section {
    title: "a group of targets",
    keys: &[
        key("targets", "a list of addresses", "", "host:port each, or a URL"),
        key("labels", "a map of texts", "none", "what they share"),
    ],
};

/// An entry of `file_sd_configs`.
pub const FILE_SD: Section = Section {
    title: "an entry of `file_sd_configs`",
    keys: &[
        key("files", "a list of patterns", "", "relative ones begin in the configuration folder"),
        key("refresh_interval", "a duration", "", "taken as Prometheus takes it; files are watched anyway"),
    ],
};

/// An entry of `relabel_configs`.
pub const RELABEL: Section = Section {
    title: "an entry of `relabel_configs`",
    keys: &[
        key("source_labels", "a list of labels", "none", "their values are joined"),
        key("separator", "a text", ";", "what joins them"),
        key("regex", "a pattern", "(.*)", "held against the whole of it"),
        key("modulus", "a number", "", "of `hashmod`"),
        key("target_label", "a label", "", "the label that is set"),
        key("replacement", "a text", "$1", "what it is set to"),
        key("action", "a word", "replace", "what is done"),
    ],
};

/// An entry of `alerts`.
pub const ALERT: Section = Section {
    title: "an alert",
    keys: &[
        key("alert", "a name", "", "its `alertname`"),
        key("probe", "a probe's name", "", "whose targets it watches"),
        key("when", "a condition", "", "whether a target is in trouble"),
        key("for", "a duration", "0s", "how long it must be so"),
        key("keep_firing_for", "a duration", "0s", "how long it must be over"),
        key("labels", "a map of templates", "none", "laid on the target's labels"),
        key("annotations", "a map of templates", "none", "what it says besides"),
        key("scopes", "a map of scopes", "none", "groups that are counted"),
        key("checks", "a map of checks", "none", "measured when it starts to fail"),
        key("queries", "a map of PromQL", "none", "asked of Prometheus"),
        key("facts", "a map of conditions", "none", "conditions with a name, which rows can ask"),
        key("inhibited_by", "a list of maps", "none", "alerts that hold it back"),
        key("runbook", "a page", "none", "where its `step` anchors stand"),
        key("before", "a list of rows", "none", "pages named ahead; every row that holds"),
        key("steps", "a list of rows", "none", "the way to go; the first row that holds"),
        key("text_rules", "a rule's name", "none", "behind `steps`: the target's body is held against it"),
        key("group_by", "a list of labels", "each target", "it fires once for those that have them equal"),
        key("join", "a map of joins", "none", "other probes whose targets are partners of a group's members"),
        key("members", "a map", "by label", "how a group's evidence tells its members"),
        key("ignore_when", "a condition", "never", "targets that do not count, and fire nothing"),
    ],
};

/// `scopes.<name>`.
pub const SCOPE: Section = Section {
    title: "a scope",
    keys: &[
        key("probe", "a probe's name", "the alert's", "whose targets are counted"),
        key("by", "a list of labels", "all targets", "targets that have them equal are counted together"),
        key("distinct", "a list of labels", "none", "whose values are counted among the failing"),
        key("failing_when", "a condition", "all", "which failing targets count"),
    ],
};

/// `checks.<name>`.
pub const CHECK: Section = Section {
    title: "a check",
    keys: &[
        key("module", "a module's name", "", "how it asks"),
        key("per", "a scope", "the target", "what it runs once for"),
        key("via", "a URL", "here", "another Fingerpost that asks; empty: one that nobody has named yet"),
        key("when", "a condition", "always", "whether it is worth asking"),
    ],
};

/// `join.<name>`.
pub const JOIN: Section = Section {
    title: "a join",
    keys: &[
        key("probe", "a probe's name", "", "where each member has a partner among the targets"),
        key("on", "a list of labels", "", "that both have equal; [] takes any target of the probe"),
    ],
};

/// `members:`.
pub const MEMBERS: Section = Section {
    title: "a `members` section",
    keys: &[
        key("order_by", "a list of expressions", "the labels", "the least stands first; false before true"),
        key("show", "a template", "instance and cause", "the line of one member"),
        key("first", "a number", "10", "how many are told; of the others, how many they are"),
    ],
};

/// An entry of `inhibited_by`.
pub const INHIBITOR: Section = Section {
    title: "an entry of `inhibited_by`",
    keys: &[
        key("alert", "an alert's name", "", "what holds this one back"),
        key("equal", "a list of labels", "none", "that both must have equal"),
    ],
};

/// A row of `before`.
pub const ROW: Section = Section {
    title: "a row of `before`",
    keys: &[
        key("when", "a condition", "always", "when it holds"),
        key("page", "a page", "", "a path of the runbook site, or a URL; may end in #anchor"),
        key("step", "an anchor", "", "on the alert's `runbook` page"),
        key("also", "a list of pages", "none", "further pages, named with the step"),
    ],
};

/// A row of an alert's `steps`.
pub const STEP: Section = Section {
    title: "a row",
    keys: &[
        key("when", "a condition", "always", "when it holds"),
        key("page", "a page", "", "a path of the runbook site, or a URL; may end in #anchor"),
        key("step", "an anchor", "", "on the alert's `runbook` page"),
        key("also", "a list of pages", "none", "further pages, named with the step"),
        key("call", "a template", "the alert's own", "whom to call: the annotation `call`"),
        key("note", "a text", "none", "what to know before going there: the annotation `note`"),
    ],
};

/// An entry of `text_rules`.
pub const TEXT_RULE: Section = Section {
    title: "a rule over texts",
    keys: &[
        key("name", "a name", "", "what alerts call it"),
        key("runbook", "a page", "none", "where its `step` anchors stand"),
        key("labels", "a map of templates", "none", "what of the text says which trouble this is"),
        key("annotations", "a map of templates", "none", "what else of the text a person wants to know"),
        key("before", "a list of rows", "none", "pages named ahead; every row that holds"),
        key("steps", "a list of rows", "", "the way to go; the first row that holds"),
        key(
            "escalate",
            "a list of rows",
            "none",
            "where to turn if that does not help; the first row that holds",
        ),
    ],
};

/// A row of `steps` or `escalate` of a rule over texts.
pub const TEXT_ROW: Section = Section {
    title: "a row of a rule over texts",
    keys: &[
        key("when", "a condition", "always", "when it holds"),
        key("page", "a page", "", "a path of the runbook site, or a URL; may end in #anchor"),
        key("step", "an anchor", "", "on the rule's `runbook` page"),
        key("also", "a list of pages", "none", "further pages, named with the step"),
        key("call", "a template", "none", "whom to call"),
        key("note", "a text", "none", "what to know before going there"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_section_has_a_key_twice_and_every_key_says_what_it_means() {
        for section in SECTIONS {
            let mut names: Vec<_> = section.keys.iter().map(|it| it.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), section.keys.len(), "{}", section.title);
            assert!(section.keys.iter().all(|it| !it.meaning.is_empty() && !it.takes.is_empty()));
        }
    }
}
