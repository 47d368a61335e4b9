//! The checked program: which probes run, and which alerts watch over them. `config` makes it,
//! the engine carries it out. Nothing in it can be wrong any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::condition::{Condition, Order};
use crate::labels::Labels;
use crate::runbook::{Link, PageRef};
use crate::spec::Module;
use crate::template::Template;

/// All probes and alerts of all drop-ins.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The ways to ask, by name.
    pub modules: BTreeMap<Arc<str>, Arc<Module>>,
    /// The probes, none of a name twice.
    pub probes: Vec<Arc<Probe>>,
    /// The names of those probes whose targets are controls: known to be well, and near the prober's
    /// door. While none of them answers, it may be the prober that is cut off.
    pub controls: BTreeSet<Arc<str>>,
    /// The alerts, none of a name twice.
    pub alerts: Vec<Arc<Alert>>,
    /// The rules over texts, none of a name twice, in the order of their files.
    pub text_rules: Vec<Arc<TextRule>>,
}

impl Plan {
    /// The probe of that name.
    pub fn probe(&self, name: &str) -> Option<&Arc<Probe>> {
        self.probes.iter().find(|it| &*it.name == name)
    }

    /// The alerts that watch over that probe.
    pub fn alerts_of<'a>(&'a self, probe: &'a str) -> impl Iterator<Item = &'a Arc<Alert>> {
        self.alerts.iter().filter(move |it| &*it.probe == probe)
    }
}

/// What is asked, and how often. Its targets come from discovery.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Its name.
    pub name: Arc<str>,
    /// How it asks.
    pub module: Arc<Module>,
    /// The time from one start to the next.
    pub interval: Duration,
}

/// An alert: when it fires, what it says, where it points.
#[derive(Debug)]
pub struct Alert {
    /// `alertname`.
    pub name: Arc<str>,
    /// The probe whose targets it watches.
    pub probe: Arc<str>,
    /// Whom it fires for, where not for each target by itself.
    pub group: Option<Grouping>,
    /// Which targets do not count; none: all of them do. It sees `target` and `labels`.
    pub ignore_when: Option<Condition>,
    /// Whether a target (or the group) is in trouble.
    pub when: Condition,
    /// `for`: how long it must be so before it fires.
    pub hold: Duration,
    /// How long it must be over before it resolves.
    pub keep_firing_for: Duration,
    /// Laid on top of the target's labels. They speak of labels alone, so that the identity stays.
    pub labels: Vec<(Arc<str>, Template)>,
    /// The drop-in's own annotations.
    pub annotations: Vec<(Arc<str>, Template)>,
    /// The groups of targets that are counted.
    pub scopes: Vec<Scope>,
    /// What is measured once it starts to fail.
    pub checks: Vec<Check>,
    /// What Prometheus is asked.
    pub queries: Vec<Query>,
    /// Alerts that hold this one back while they fire.
    pub inhibited_by: Vec<Inhibitor>,
    /// The page that `step` anchors stand on.
    pub runbook: Option<PageRef>,
    /// Pages that are named ahead of the step: every row that holds.
    pub before: Vec<Row>,
    /// The way to go: the first row that holds.
    pub steps: Vec<Row>,
    /// Where to turn when the step did not help: the first row that holds. With `text_rules`.
    pub escalate: Vec<Row>,
    /// What a rule over texts names in the target's body: annotations, where the alert has none of that
    /// name itself. With `text_rules`.
    pub found: Vec<(Arc<str>, Template)>,
    /// The rule over texts whose rows stand behind its own.
    pub text_rule: Option<Arc<str>>,
}

impl Alert {
    /// The probe whose targets the scope counts.
    pub fn counts<'a>(&'a self, scope: &'a Scope) -> &'a Arc<str> {
        scope.probe.as_ref().unwrap_or(&self.probe)
    }
}

/// An alert fires once for each group of the probe's targets.
#[derive(Debug)]
pub struct Grouping {
    /// The labels that the members have equal; none: all targets of the probe are one group. Those that
    /// lack one are a group of their own, so that nobody is left out unseen.
    pub by: Vec<Arc<str>>,
    /// Where the members have partners.
    pub joins: Vec<Join>,
    /// The other probes that its conditions ask for by `members(probe)`: `on` is what `by` is.
    pub others: Vec<Join>,
    /// How the members are told.
    pub members: Members,
}

impl Grouping {
    /// All that leads from a group to targets of other probes.
    pub fn links(&self) -> impl Iterator<Item = &Join> {
        self.joins.iter().chain(&self.others)
    }

    /// What a target with these labels has in common with its group.
    pub fn labels_of(&self, labels: &Labels) -> Labels {
        self.by.iter().map(|name| (&**name, labels.get(name))).collect()
    }
}

/// A probe among whose targets each member of a group has a partner: the target that has these labels
/// equal. Of several it is the one that fares worst.
#[derive(Debug)]
pub struct Join {
    /// Its name in conditions.
    pub name: Arc<str>,
    /// The probe.
    pub probe: Arc<str>,
    /// The labels that both have equal; none: any of the probe's targets.
    pub on: Vec<Arc<str>>,
}

/// How a group's evidence tells its members.
#[derive(Debug)]
pub struct Members {
    /// What decides about their order, the weightiest first; where all are equal: their labels.
    pub order_by: Vec<Order>,
    /// A line for each.
    pub show: Template,
    /// How many are told; of the others it is told how many they are.
    pub first: usize,
}

/// A group of targets of one probe that is counted together: those with equal labels.
#[derive(Debug)]
pub struct Scope {
    /// Its name in conditions.
    pub name: Arc<str>,
    /// The probe whose targets are counted; none: the alert's own.
    pub probe: Option<Arc<str>>,
    /// The labels that must be equal; none: all targets of the probe. A target that lacks one of
    /// them belongs to no group: it is counted alone, and of another probe it has nobody.
    pub by: Vec<Arc<str>>,
    /// The labels whose different values are counted among the failing targets.
    pub distinct: Vec<Arc<str>>,
    /// Which failing targets count as failing here; none: all of them. It sees `target` and
    /// `labels`, nothing else.
    pub failing_when: Option<Condition>,
}

/// From where a check asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vantage {
    /// From here.
    Here,
    /// From another Fingerpost, whose `/probe` asks in our place.
    At(url::Url),
    /// From another one that nobody has named yet (`via: ""`): it has no answer.
    Unnamed,
}

/// A probe that runs when an alert starts to fail.
#[derive(Debug)]
pub struct Check {
    /// Its name in conditions.
    pub name: Arc<str>,
    /// The module that asks.
    pub module: Arc<str>,
    /// The scope it runs once for; none: once for each target.
    pub per: Option<Arc<str>>,
    /// Who asks.
    pub via: Vantage,
    /// Whether it is worth asking.
    pub when: Option<Condition>,
}

/// A question to Prometheus.
#[derive(Debug)]
pub struct Query {
    /// Its name in conditions.
    pub name: Arc<str>,
    /// The PromQL, with the target's labels filled in ([`Template::render_promql`]).
    pub promql: Template,
}

/// An alert that holds another back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inhibitor {
    /// Its name.
    pub alert: Arc<str>,
    /// The labels that must be equal on both.
    pub equal: Vec<Arc<str>>,
}

/// Steps that are chosen by a text: of what an operator hands in, or of a target's body.
#[derive(Debug)]
pub struct TextRule {
    /// Its name.
    pub name: Arc<str>,
    /// What of the text says which trouble this is; where it is empty it is left out.
    pub labels: Vec<(Arc<str>, Template)>,
    /// What else of the text a person wants to know; where it is empty it is left out.
    pub annotations: Vec<(Arc<str>, Template)>,
    /// Pages that are named ahead of the step: every row that holds.
    pub before: Vec<Row>,
    /// The way to go: the first row that holds.
    pub steps: Vec<Row>,
    /// Where to turn when the step did not help: the first row that holds.
    pub escalate: Vec<Row>,
}

/// A row of a step table.
#[derive(Debug)]
pub struct Row {
    /// When it holds; none: always.
    pub when: Option<Condition>,
    /// The page.
    pub page: PageRef,
    /// The anchor on that page.
    pub anchor: Option<Arc<str>>,
    /// Further pages, which are named with the step.
    pub also: Vec<Link>,
    /// Whom to call; none in a row of `before`.
    pub call: Option<Template>,
    /// What a person should know before they go there; none in a row of `before`.
    pub note: Option<Arc<str>>,
}
