//! A scenario file as people write it, and whether all that it names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::piece::WrittenAdvice;
use super::read;
use crate::cause::Verdict;
use crate::config::reading::{listed, nearest};
use crate::config::{Complaint, Config, Level, Place, Source};
use crate::labels::Labels;
use crate::outcome::{CertificateFault, Phase};
use crate::target::Target;

/// A scenario file.
#[derive(Debug)]
pub struct Suite {
    /// The folder with `probes.d`, relative to the scenario file.
    pub config_dir: PathBuf,
    /// Instead of discovery: the targets of each probe.
    pub(super) targets: Vec<(Named, Vec<WrittenTarget>)>,
    /// The cases. Each runs alone.
    pub cases: Vec<Case>,
}

/// A name, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub text: String,
    pub place: Place,
}

#[derive(Debug)]
pub(super) struct WrittenTarget {
    pub address: String,
    pub labels: BTreeMap<String, String>,
}

/// One story.
#[derive(Debug)]
pub struct Case {
    /// A sentence that can be false.
    pub(super) name: Named,
    /// What attempts see.
    pub(super) observe: Vec<Observe>,
    /// What follow-up checks see, by name.
    pub(super) checks: Vec<(Named, See)>,
    /// What Prometheus answers, by name.
    pub(super) queries: Vec<(Named, f64)>,
    /// Alerts of others that fire from the beginning.
    pub(super) firing: Vec<WrittenAlert>,
    /// What an operator hands in: a log, a chat message, a job's output.
    pub(super) text: Option<String>,
    /// What must have come of it.
    pub(super) expect: Vec<Expect>,
}

/// From `at` on, attempts of `probe` at targets with these labels see `see`.
#[derive(Debug)]
pub(super) struct Observe {
    pub at: Duration,
    pub probe: Named,
    pub targets: BTreeMap<String, String>,
    /// Where it says at which targets.
    pub place: Place,
    pub see: See,
}

/// What an attempt sees; nothing said: success.
#[derive(Clone, Debug, Default)]
pub(super) struct See {
    /// The verdict that is stated: a failure by its cause, or a fault of our own.
    pub verdict: Option<Verdict>,
    /// The phase it came in; where it is at home if not said.
    pub phase: Option<Phase>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// How long the attempt took.
    pub duration: Option<Duration>,
    /// How long the answer took that came after the timeout.
    pub answered_after: Option<Duration>,
    /// The body.
    pub body: Option<String>,
    /// The server's certificate.
    pub certificate: Option<WrittenCertificate>,
    /// The hops of a path.
    pub hops: Option<Vec<WrittenHop>>,
    /// What Prometheus answers to a question; nothing where it is not said.
    pub series: Option<Vec<WrittenSeries>>,
    /// Where that is said.
    pub series_at: Option<Place>,
}

/// A certificate: names and times.
#[derive(Clone, Debug)]
pub(super) struct WrittenCertificate {
    /// The subject.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// DNS names.
    pub names: Vec<String>,
    /// When its time begins.
    pub not_before: Option<Hour>,
    /// When its time ends.
    pub not_after: Option<Hour>,
    /// When the time of the certificate behind it ends, on which it hangs.
    pub chain_not_after: Option<Hour>,
    /// What is wrong beside the dates, which say so themselves.
    pub faults: Vec<CertificateFault>,
}

/// A point in time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hour {
    /// By the wall clock.
    At(SystemTime),
    /// So long before the case begins.
    Earlier(Duration),
    /// So long after that.
    Later(Duration),
}

/// A series of an answer.
#[derive(Clone, Debug)]
pub(super) struct WrittenSeries {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// A hop, as `mtr` prints it: loss in percent, times in milliseconds.
#[derive(Clone, Debug)]
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
#[derive(Debug)]
pub(super) struct Expect {
    pub at: Duration,
    /// Exactly these fire, in any order.
    pub firing: Vec<WrittenAlert>,
    /// Exactly these are pending; not looked at where it is not given.
    pub pending: Option<Vec<WrittenAlert>>,
    /// Where the case's text points at that hour; not looked at where it is not given.
    pub advice: Option<Vec<WrittenAdvice>>,
}

/// An alert, as far as it matters.
#[derive(Clone, Debug)]
pub(super) struct WrittenAlert {
    pub alert: Named,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub page: Option<String>,
    pub step: Option<String>,
}

impl Suite {
    /// Reads a scenario file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place.
    pub fn read(source: &Source) -> Result<Self, Vec<Complaint>> {
        read::suite(source)
    }

    /// Reads the text of a scenario file that has no name.
    ///
    /// # Errors
    ///
    /// As a person reads them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let source = Source { name: "scenario".into(), text: Ok(text.into()) };
        Self::read(&source).map_err(|all| super::told(&all))
    }

    /// The targets that the file has for a probe.
    pub(super) fn targets_of(&self, probe: &str) -> Vec<Arc<Target>> {
        let written = self.targets.iter().filter(|(name, _)| name.text == probe).flat_map(|(_, it)| it);
        written.map(|it| Arc::new(Target::new(&it.address, &labels(&it.labels)))).collect()
    }

    /// Everything that the file names and that is not there, each with its place.
    pub(super) fn check(&self, config: &Config) -> Vec<Complaint> {
        let names = Names::of(config);
        let mut wrong = Vec::new();
        for (probe, targets) in &self.targets {
            if !look(&names.probes, "probe", probe, &mut wrong) {
                continue;
            }
            if names.asking.contains(&*probe.text) && !targets.is_empty() {
                let title = format!("the probe `{}` asks Prometheus, and has no targets", probe.text);
                complain(&mut wrong, &probe.place, title, "say its `series` with `see`");
            }
        }
        for case in &self.cases {
            case.observe.iter().for_each(|it| self.check_observation(it, &names, &mut wrong));
            for alert in case.expected() {
                look(&names.alerts, "alert", &alert.alert, &mut wrong);
            }
            for rule in
                case.expect.iter().flat_map(|it| &it.advice).flatten().filter_map(|it| it.rule.as_ref())
            {
                look(&names.rules, "rule over texts", rule, &mut wrong);
            }
            for (name, _) in &case.checks {
                look(&names.checks, "check", name, &mut wrong);
            }
            for (name, _) in &case.queries {
                look(&names.queries, "query", name, &mut wrong);
            }
        }
        wrong.sort_by_key(|it| it.place.span.start);
        wrong.dedup();
        wrong
    }

    fn check_observation(&self, it: &Observe, names: &Names<'_>, wrong: &mut Vec<Complaint>) {
        let probe = &it.probe.text;
        if !look(&names.probes, "probe", &it.probe, wrong) {
            return;
        }
        if names.asking.contains(&**probe) {
            if !it.targets.is_empty() {
                let title = format!("the probe `{probe}` asks Prometheus: it has no targets to choose from");
                complain(wrong, &it.place, title, "take `targets` away");
            }
            return;
        }
        if let Some(place) = &it.see.series_at {
            let title = format!("the probe `{probe}` asks no Prometheus, and sees no `series`");
            complain(wrong, place, title, "take it away, or name a probe whose module is a `query`");
        }
        let targets = self.targets_of(probe);
        if targets.is_empty() {
            let title = format!("the probe `{probe}` has no targets in this file, so nothing is seen here");
            complain(wrong, &it.place, title, "write them under `targets:` at the top of the file");
            return;
        }
        let wanted = labels(&it.targets);
        if targets.iter().any(|target| target.labels.has_all(wanted.iter())) {
            return;
        }
        let alone = wanted.iter().find(|pair| !targets.iter().any(|target| target.labels.has_all([*pair])));
        let help = match alone {
            None => "each of these labels is on some target, and no target has them all".to_owned(),
            Some((name, _)) => {
                let values: BTreeSet<_> = targets.iter().map(|target| target.labels.get(name)).collect();
                let known = values.iter().copied().filter(|it| !it.is_empty());
                match known.clone().next() {
                    None => format!("no target of the probe has the label `{name}`"),
                    Some(_) => format!("`{name}` is {}", listed(known.take(NAMES_TOLD))),
                }
            }
        };
        complain(wrong, &it.place, format!("no target of the probe `{probe}` has these labels"), help);
    }
}

/// The names that a scenario may say.
struct Names<'a> {
    probes: BTreeSet<&'a str>,
    /// The probes that ask Prometheus.
    asking: BTreeSet<&'a str>,
    alerts: BTreeSet<&'a str>,
    /// The rules over texts.
    rules: BTreeSet<&'a str>,
    checks: BTreeSet<&'a str>,
    queries: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    fn of(config: &'a Config) -> Self {
        let plan = &config.plan;
        let asking = plan.probes.iter().filter(|it| it.module.prober.asks_for_series());
        Self {
            probes: plan.probes.iter().map(|it| &*it.name).collect(),
            asking: asking.map(|it| &*it.name).collect(),
            alerts: plan.alerts.iter().map(|it| &*it.name).chain(OWN_ALERTS).collect(),
            rules: plan.text_rules.iter().map(|it| &*it.name).collect(),
            checks: plan.alerts.iter().flat_map(|it| &it.checks).map(|it| &*it.name).collect(),
            queries: plan.alerts.iter().flat_map(|it| &it.queries).map(|it| &*it.name).collect(),
        }
    }
}

/// Whether the name is known; if not, says so.
fn look(known: &BTreeSet<&str>, kind: &str, name: &Named, wrong: &mut Vec<Complaint>) -> bool {
    if known.contains(&*name.text) {
        return true;
    }
    let help = match nearest(&name.text, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is {}", listed(known.iter().copied().take(NAMES_TOLD))),
    };
    complain(wrong, &name.place, format!("no drop-in has the {kind} `{}`", name.text), help);
    false
}

fn complain(wrong: &mut Vec<Complaint>, place: &Place, title: String, help: impl Into<String>) {
    wrong.push(Complaint { level: Level::Error, place: place.clone(), title, help: Some(help.into()) });
}

impl Case {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name.text
    }

    fn expected(&self) -> impl Iterator<Item = &WrittenAlert> {
        self.expect.iter().flat_map(|it| it.firing.iter().chain(it.pending.iter().flatten()))
    }

    /// What an attempt at that time sees: the latest that was said of the target; said last wins
    /// where two begin together.
    pub(super) fn seen_by(&self, probe: &str, target: &Target, now: Duration) -> &See {
        let said = self.observe.iter().filter(|it| {
            let wanted = it.targets.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            it.probe.text == probe && it.at <= now && target.labels.has_all(wanted)
        });
        said.max_by_key(|it| it.at).map_or(&ALL_WELL, |it| &it.see)
    }

    /// The alerts of others that fire.
    pub(super) fn others(&self) -> Vec<Labels> {
        let others = self.firing.iter();
        others.map(|it| labels(&it.labels).with([("alertname", it.alert.text.as_str())])).collect()
    }
}

pub(super) fn labels(written: &BTreeMap<String, String>) -> Labels {
    written.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// How many names a help lists.
const NAMES_TOLD: usize = 12;

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
    verdict: None,
    phase: None,
    status: None,
    duration: None,
    answered_after: None,
    body: None,
    certificate: None,
    hops: None,
    series: None,
    series_at: None,
};
