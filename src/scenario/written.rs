//! A scenario file as people write it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use crate::config::Config;
use crate::labels::Labels;
use crate::target::Target;

/// A scenario file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The folder with `probes.d`, relative to the scenario file.
    #[serde(default = "here")]
    pub config_dir: PathBuf,
    /// Instead of discovery: the targets of each probe.
    #[serde(default)]
    targets: BTreeMap<String, Vec<WrittenTarget>>,
    /// The cases. Each runs alone.
    pub cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTarget {
    address: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// One story.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A sentence that can be false.
    pub name: String,
    /// What attempts see.
    #[serde(default)]
    observe: Vec<Observe>,
    /// What follow-up checks see, by name.
    #[serde(default)]
    pub(super) checks: BTreeMap<String, See>,
    /// What Prometheus answers, by name.
    #[serde(default)]
    pub(super) queries: BTreeMap<String, f64>,
    /// Alerts of others that fire from the beginning.
    #[serde(default)]
    firing: Vec<WrittenAlert>,
    /// What must have come of it.
    pub(super) expect: Vec<Expect>,
}

/// From `at` on, attempts of `probe` at targets with these labels see `see`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Observe {
    at: Span,
    probe: String,
    #[serde(default)]
    targets: BTreeMap<String, String>,
    #[serde(default)]
    see: See,
}

/// What an attempt sees; nothing said: success.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct See {
    /// The cause of a failure, by its name.
    pub cause: Option<String>,
    /// The phase it came in; where it is at home if not said.
    pub phase: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// How long the attempt took.
    pub duration: Option<Span>,
    /// How long the answer took that came after the timeout.
    pub answered_after: Option<Span>,
    /// The body.
    pub body: Option<String>,
    /// The server's certificate.
    pub certificate: Option<WrittenCertificate>,
    /// The hops of a path.
    pub hops: Option<Vec<WrittenHop>>,
    /// What Prometheus answers to a question; nothing where it is not said.
    pub(super) series: Option<Vec<WrittenSeries>>,
    /// A fault of our own, by its name.
    pub unknown: Option<String>,
}

/// A certificate: names and times. A time is RFC 3339, or a time from the case's beginning
/// (`72h`, `-1h`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenCertificate {
    /// The subject.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// DNS names.
    pub names: Vec<String>,
    /// When its time begins.
    pub not_before: Option<String>,
    /// When its time ends.
    pub not_after: Option<String>,
}

/// A series of an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSeries {
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// A hop, as `mtr` prints it: loss in percent, times in milliseconds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenHop {
    /// Its address; none (or `???`) where nobody answers.
    pub address: String,
    /// Percent lost; all where nobody answers, none else.
    pub loss: Option<f64>,
    /// Packets sent.
    pub sent: u64,
    /// The last round trip, in milliseconds.
    pub last: f64,
    /// The mean.
    pub average: f64,
    /// The shortest.
    pub best: f64,
    /// The longest.
    pub worst: f64,
    /// The standard deviation.
    pub deviation: f64,
}

/// What must be so at a time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub at: Span,
    /// Exactly these fire, in any order.
    #[serde(default)]
    pub firing: Vec<WrittenAlert>,
    /// Exactly these are pending; not looked at where it is not given.
    pub pending: Option<Vec<WrittenAlert>>,
}

/// An alert, as far as it matters.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenAlert {
    pub alert: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    pub page: Option<String>,
    pub step: Option<String>,
}

/// A time, as `90s`, `2m` or `1m30s`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span(pub Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map(Self).map_err(de::Error::custom)
    }
}

impl Suite {
    /// Reads a scenario file's text.
    ///
    /// # Errors
    ///
    /// In words, with the place under a caret.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    /// The targets that the file has for a probe.
    pub(super) fn targets_of(&self, probe: &str) -> Vec<Arc<Target>> {
        let written = self.targets.get(probe).map(Vec::as_slice).unwrap_or_default();
        written.iter().map(|it| Arc::new(Target::new(&it.address, &labels(&it.labels)))).collect()
    }

    /// The probes that the file has targets for.
    pub(super) fn probes(&self) -> impl Iterator<Item = &str> {
        self.targets.keys().map(String::as_str)
    }
}

impl Case {
    /// Whether everything that the case names is there.
    pub(super) fn check(&self, config: &Config) -> Result<(), String> {
        let plan = &config.plan;
        if let Some(it) = self.observe.iter().find(|it| plan.probe(&it.probe).is_none()) {
            return Err(format!("no drop-in has a probe `{}`", it.probe));
        }
        let asks = |it: &str| plan.probe(it).is_some_and(|it| it.module.prober.asks_for_series());
        if let Some(it) = self.observe.iter().find(|it| it.see.series.is_some() && !asks(&it.probe)) {
            return Err(format!("the probe `{}` asks no Prometheus: it sees no `series`", it.probe));
        }
        if let Some(it) = self.observe.iter().find(|it| asks(&it.probe) && !it.targets.is_empty()) {
            return Err(format!(
                "the probe `{}` has no targets to choose from: take `targets` away",
                it.probe
            ));
        }
        let has = |name: &str| plan.alerts.iter().any(|it| &*it.name == name) || OWN_ALERTS.contains(&name);
        let expected = self.expect.iter().flat_map(|it| it.firing.iter().chain(it.pending.iter().flatten()));
        if let Some(it) = expected.into_iter().find(|it| !has(&it.alert)) {
            return Err(format!("no drop-in has an alert `{}`", it.alert));
        }
        let checks: BTreeSet<_> = plan.alerts.iter().flat_map(|it| &it.checks).map(|it| &*it.name).collect();
        if let Some(name) = self.checks.keys().find(|it| !checks.contains(it.as_str())) {
            return Err(format!("no alert has a check `{name}`"));
        }
        let queries: BTreeSet<_> =
            plan.alerts.iter().flat_map(|it| &it.queries).map(|it| &*it.name).collect();
        if let Some(name) = self.queries.keys().find(|it| !queries.contains(it.as_str())) {
            return Err(format!("no alert has a query `{name}`"));
        }
        Ok(())
    }

    /// What an attempt at that time sees: the latest that was said of the target; said last wins
    /// where two begin together.
    pub(super) fn seen_by(&self, probe: &str, target: &Target, now: Duration) -> &See {
        let said = self.observe.iter().filter(|it| {
            let wanted = it.targets.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            it.probe == probe && it.at.0 <= now && target.labels.has_all(wanted)
        });
        said.max_by_key(|it| it.at.0).map_or(&ALL_WELL, |it| &it.see)
    }

    /// The alerts of others that fire.
    pub(super) fn others(&self) -> Vec<Labels> {
        self.firing.iter().map(|it| labels(&it.labels).with([("alertname", it.alert.as_str())])).collect()
    }
}

pub(super) fn labels(written: &BTreeMap<String, String>) -> Labels {
    written.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn here() -> PathBuf {
    ".".into()
}

/// Alerts about the prober itself: no expectation has to speak of them.
pub(super) const OWN_ALERTS: [&str; 6] = [
    "Watchdog",
    "ProberIsolated",
    "ProbeStale",
    "ProbeFileInvalid",
    "RunbookAnchorMissing",
    "ProberStateNotSaved",
];

static ALL_WELL: See = See {
    cause: None,
    phase: None,
    status: None,
    duration: None,
    answered_after: None,
    body: None,
    certificate: None,
    hops: None,
    series: None,
    unknown: None,
};
