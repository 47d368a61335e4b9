//! The names with which a path begins.

use super::Needs;
use super::kind::Kind;

/// A name that stands at the beginning of a path.
pub(super) struct Root {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) meaning: &'static str,
    /// Notes that it is needed; what is needed by name is noted where the name stands.
    pub(super) note: fn(&mut Needs),
}

pub(super) const ROOTS: &[Root] = &[
    Root {
        name: "target",
        kind: Kind::Target,
        meaning: "the target's latest reading",
        note: |it| it.target = true,
    },
    Root { name: "labels", kind: Kind::Labels, meaning: "the target's labels", note: |it| it.labels = true },
    Root {
        name: "targets",
        kind: Kind::Targets,
        meaning: "the readings of the alert's group; there with `group_by`, in place of `target`",
        note: |it| it.members = true,
    },
    Root { name: "scope", kind: Kind::Scopes, meaning: "how the targets around it fare", note: |_| () },
    Root { name: "checks", kind: Kind::Checks, meaning: "what the follow-up checks saw", note: |_| () },
    Root { name: "facts", kind: Kind::Facts, meaning: "conditions that the alert gave a name", note: |_| () },
    Root { name: "queries", kind: Kind::Queries, meaning: "what Prometheus answered", note: |_| () },
    Root { name: "alert", kind: Kind::Alert, meaning: "the alert itself", note: |it| it.firing_for = true },
    Root {
        name: "now",
        kind: Kind::Timestamp,
        meaning: "the hour of the judgement",
        note: |it| it.now = true,
    },
    Root {
        name: "text",
        kind: Kind::Text,
        meaning: "the text that `explain` was given; of a target the first bytes of its body",
        note: note_text,
    },
    Root {
        name: "entries",
        kind: Kind::Texts,
        meaning: "the entries of that text: of a log each of its entries, with the lines that belong to it",
        note: |it| {
            note_text(it);
            it.entries = true;
        },
    },
    Root {
        name: "fields",
        kind: Kind::Fields,
        meaning: "what was found in that text by name",
        note: note_text,
    },
];

/// A target's text is part of its reading.
fn note_text(needs: &mut Needs) {
    needs.text = true;
    needs.target = true;
}
