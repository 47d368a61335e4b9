//! Conditions: the part of CEL in which a drop-in says when something is so.
//!
//! All that can be told at load is told at load, with its place in the text: [`Condition::compile`]
//! walks through the whole tree. At night [`Condition::holds`] only asks the view for what the
//! condition mentions. What the view is, and who fills it, is not known here.

use std::ops::Range;
use std::sync::Arc;

use crate::view::View;

mod call;
mod check;
mod constant;
mod declared;
mod expression;
mod firing;
mod function;
mod grammar;
mod json;
mod kind;
mod lower;
mod order;
mod quick;
mod root;
mod sample;
mod value;
mod vocabulary;
mod world;

pub(crate) use expression::Expression;
pub(crate) use grammar::marks;
pub use json::over_json;
pub use order::{Order, Rank};
pub use vocabulary::{Entry, vocabulary};

/// A condition that can be evaluated.
#[derive(Debug)]
pub struct Condition {
    source: String,
    expression: Expression,
    written: Option<Arc<Written>>,
}

impl Condition {
    /// Compiles a condition of an alert: of `when`, `before` and `steps`.
    ///
    /// # Errors
    /// Every mistake that is in it.
    pub fn compile(source: &str, known: &Known) -> Result<Self, Vec<Mistake>> {
        Self::compile_at(Place::Alert, source, known)
    }

    /// Compiles a condition that stands elsewhere.
    ///
    /// # Errors
    /// Every mistake that is in it.
    pub fn compile_at(place: Place, source: &str, known: &Known) -> Result<Self, Vec<Mistake>> {
        let expression = Expression::truth(source, known, place)?;
        Ok(Self { source: source.to_owned(), expression, written: None })
    }

    /// The same, which stands at that place of a file (`file:line:column`): its failures say so.
    #[must_use]
    pub fn written_at(self, place: String) -> Self {
        let written = Written { text: self.source.clone(), place };
        Self { written: Some(Arc::new(written)), ..self }
    }

    /// Where it is written, as far as anybody said so.
    pub fn written(&self) -> Option<&Arc<Written>> {
        self.written.as_ref()
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// [`Failed::no_answer`] where it hangs on a check, a query or a certificate that is not there;
    /// else something that only the night could show, such as a text that is no number for `int`.
    pub fn holds(&self, view: &dyn View) -> Result<bool, Failed> {
        self.expression.holds(view).map_err(|it| it.of(self.written.as_ref()))
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether a word stands in it, or in a fact that it asks.
    pub fn names(&self, word: &str) -> bool {
        let is_whole = |at: usize| {
            let inner = |it: char| it.is_alphanumeric() || it == '_';
            let (before, behind) = (&self.source[..at], &self.source[at + word.len()..]);
            !before.ends_with(inner) && !behind.starts_with(inner)
        };
        let here = self.source.match_indices(word).any(|(at, _)| is_whole(at));
        here || self.expression.facts().iter().any(|it| it.condition.names(word))
    }

    /// What it needs of a view: nothing else can change its result.
    pub fn needs(&self) -> &Needs {
        self.expression.needs()
    }
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The bytes of the text that it is about.
    pub span: Range<usize>,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Mistake {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>, help: Option<&str>) -> Self {
        Self { span, message: message.into(), help: help.map(str::to_owned) }
    }
}

/// The names that the alert around a condition declares.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its scopes.
    pub scopes: Vec<String>,
    /// Its follow-up checks.
    pub checks: Vec<String>,
    /// Its queries.
    pub queries: Vec<String>,
    /// The labels that a scope counts, each with the scope before it.
    pub distinct: Vec<(String, String)>,
    /// Its named conditions.
    pub facts: Vec<Fact>,
    /// Whom it fires for.
    pub subject: Subject,
    /// The names under which its members have partners among the targets of other probes.
    pub joins: Vec<String>,
}

/// Whom an alert fires for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// Each target by itself.
    #[default]
    Target,
    /// Each group of targets that have these labels equal.
    Group(Vec<String>),
}

/// A condition with a name, so that several rows can ask it. It asks no other fact.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What stands after `facts.`
    pub name: String,
    /// When it holds.
    pub condition: Arc<Condition>,
}

/// A condition or a template that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// What happened.
    pub message: String,
    /// It hangs on something that has no answer (yet): no mistake, and nothing for the log.
    pub no_answer: bool,
    /// What failed.
    pub written: Option<Arc<Written>>,
}

impl Failed {
    /// The same, of what is written there.
    pub(crate) fn of(self, written: Option<&Arc<Written>>) -> Self {
        Self { written: written.cloned().or(self.written), ..self }
    }
}

/// A text of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// As it is written.
    pub text: String,
    /// `file:line:column`.
    pub place: String,
}

/// Where an expression stands, and so what it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `when`, `before`, `steps` and annotations: all there is.
    Alert,
    /// The `when` of a check: all but `checks`.
    Check,
    /// The `failing_when` of a scope: `target` and `labels` of the one that is counted.
    Scope,
    /// What is said of one member of a group, and the order of its members: that `target`, its `labels`,
    /// and the hour.
    Member,
    /// Labels of an alert, and queries: `labels`.
    Label,
    /// A row of `text_rules`: `text`, its `entries` and `fields`, and `now`.
    Text,
}

impl Place {
    /// Whether a word of that kind can stand here.
    fn sees(self, kind: kind::Kind) -> bool {
        use kind::Kind;
        match self {
            Self::Alert => true,
            Self::Check => kind != Kind::Checks,
            Self::Scope => kind == Kind::Target || kind == Kind::Labels,
            Self::Member => kind == Kind::Target || kind == Kind::Labels || kind == Kind::Timestamp,
            Self::Label => kind == Kind::Labels,
            Self::Text => matches!(kind, Kind::Text | Kind::Texts | Kind::Fields | Kind::Timestamp),
        }
    }

    /// What to say of a word that cannot stand here, and how to help.
    fn refusal(self, word: &str) -> (String, &'static str) {
        let (here, help) = match self {
            Self::Alert => ("here", "leave it out"),
            Self::Check => {
                ("in the `when` of a check", "no check waits for another: ask for `target` or `scope`")
            }
            Self::Scope => (
                "where a scope counts",
                "it sees the `target` that is counted and its `labels`, nothing else",
            ),
            Self::Member => (
                "where one member is told",
                "it sees the `target` that is told, its `labels` and `now`, nothing else",
            ),
            Self::Label => (
                "in a label or a query",
                "only `labels` can: what can change from one probe to the next is an annotation, never a label",
            ),
            Self::Text => (
                "in a rule over texts",
                "it sees `text`, its `entries` and `fields`, and `now`: there may be no target",
            ),
        };
        (format!("`{word}` cannot stand {here}"), help)
    }
}

/// What an expression needs of a view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the view of its own")]
pub struct Needs {
    /// The target's reading.
    pub target: bool,
    /// The target's labels.
    pub labels: bool,
    /// These scopes.
    pub scopes: Vec<ScopeNeed>,
    /// The answers of these checks.
    pub checks: Vec<String>,
    /// The answers of these queries.
    pub queries: Vec<String>,
    /// How long the alert has been firing.
    pub firing_for: bool,
    /// The hour.
    pub now: bool,
    /// The text, which of a target is its body.
    pub text: bool,
    /// Its entries too.
    pub entries: bool,
    /// Whether these other alerts fire. `config` proves that there are such alerts.
    pub alerts: Vec<Mention>,
    /// The readings of the group.
    pub members: bool,
    /// The readings of these other probes' targets that have the group's labels. `config` proves that there
    /// are such probes.
    pub probes: Vec<Mention>,
    /// Which alerts fire, by the beginnings of their names.
    pub alert_prefixes: bool,
}

impl Needs {
    /// Everything that `other` needs is needed as well, because of what stands at `span`.
    fn take_in(&mut self, other: &Self, span: &Range<usize>) {
        self.target |= other.target;
        self.labels |= other.labels;
        self.firing_for |= other.firing_for;
        self.now |= other.now;
        self.text |= other.text;
        self.entries |= other.entries;
        self.members |= other.members;
        self.alert_prefixes |= other.alert_prefixes;
        for scope in &other.scopes {
            match self.scopes.iter_mut().find(|it| it.name == scope.name) {
                Some(it) => it.targets |= scope.targets,
                None => self.scopes.push(scope.clone()),
            }
        }
        let absent = |all: &[String], name: &String| !all.contains(name);
        self.checks
            .extend(other.checks.iter().filter(|it| absent(&self.checks, it)).cloned().collect::<Vec<_>>());
        self.queries
            .extend(other.queries.iter().filter(|it| absent(&self.queries, it)).cloned().collect::<Vec<_>>());
        let mentions = other.alerts.iter().map(|it| Mention { name: it.name.clone(), span: span.clone() });
        self.alerts.extend(mentions);
        let mentions = other.probes.iter().map(|it| Mention { name: it.name.clone(), span: span.clone() });
        self.probes.extend(mentions);
    }
}

/// A scope that is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeNeed {
    /// Its name.
    pub name: String,
    /// The readings of its targets too.
    pub targets: bool,
}

/// A name that is mentioned, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The name.
    pub name: String,
    /// The bytes of the text where it stands, quotes included.
    pub span: Range<usize>,
}

/// The name that was probably meant.
fn nearest<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let distance = |it: &&str| strsim::osa_distance(&name, &it.to_lowercase());
    let near = all.map(|it| (distance(&it), it)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, it)| distance * 3 <= name.len().max(it.len())).map(|(_, it)| it)
}

#[cfg(test)]
mod tests;
