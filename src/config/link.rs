//! What drop-ins say of each other: names that are looked up, names that are given twice, alerts
//! that hold each other back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::alert::OWN_ALERTS;
use super::complaint::{Place, listed, nearest};
use super::desk::Desk;
use super::draft::Draft;
use super::word::Word;
use crate::spec::Module;

/// Every name that anybody gives, whether or not what stands under it is good: a reference to a bad
/// module is not the fault of the probe that makes it.
struct Names {
    modules: BTreeMap<Arc<str>, Arc<Module>>,
    probes: BTreeSet<Arc<str>>,
    alerts: BTreeSet<Arc<str>>,
    texts: BTreeSet<Arc<str>>,
    /// Each alert with those that hold it back.
    inhibitors: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// Whether a file is silent because it cannot be read: then no name is surely wrong.
    gaps: bool,
}

/// Complains on the drafts' desks. `standing_by`: earlier versions of files that have errors now.
pub(super) fn check(drafts: &mut [Draft], standing_by: &[Draft]) {
    let names = Names::of(drafts, standing_by);
    let mut told_rings = BTreeSet::new();
    for draft in &mut *drafts {
        names.check_probes(draft);
        names.check_alerts(draft);
        names.check_inhibitors(draft, &mut told_rings);
    }
    doubles(drafts, "a module", |it| it.modules.iter().map(|(name, _)| name.clone()).collect());
    doubles(drafts, "a probe", |it| it.probes.iter().map(|it| it.name.clone()).collect());
    doubles(drafts, "an alert", |it| it.alerts.iter().map(|it| it.name.clone()).collect());
    doubles(drafts, "a rule over texts", |it| it.texts.iter().map(|it| it.name.clone()).collect());
}

/// `kind` is what bears the name, with its article. The first who gives a name has it; in a later file, or further down, it is an error. What is in force
/// comes before what is new, so that no newcomer takes it down, and files with errors come last.
fn doubles(drafts: &mut [Draft], kind: &str, names: impl Fn(&Draft) -> Vec<Word>) {
    let mut first: BTreeMap<Arc<str>, Place> = BTreeMap::new();
    let mut in_turn: Vec<&mut Draft> = drafts.iter_mut().collect();
    in_turn.sort_by_key(|it| (it.desk.has_errors(), !it.stays));
    for draft in in_turn {
        for name in names(draft) {
            let Some(there) = first.get(&name.text) else {
                first.insert(name.text, draft.desk.place(&name.span));
                continue;
            };
            let title = format!("there is {kind} `{}` already", name.text);
            let help = format!("it stands in {}:{}: rename one of them", there.file, there.line());
            draft.desk.error(&name.span, title, help);
        }
    }
}

impl Names {
    fn of(drafts: &[Draft], standing_by: &[Draft]) -> Self {
        let all = || drafts.iter().chain(standing_by);
        let alerts = || all().flat_map(|it| &it.alerts);
        let modules = all().flat_map(|it| &it.modules);
        Self {
            modules: modules.map(|(name, module)| (Arc::clone(&name.text), Arc::clone(module))).collect(),
            probes: all().flat_map(|it| &it.probes).map(|it| Arc::clone(&it.name.text)).collect(),
            alerts: alerts().map(|it| Arc::clone(&it.name.text)).collect(),
            texts: all().flat_map(|it| &it.texts).map(|it| Arc::clone(&it.name.text)).collect(),
            inhibitors: drafts
                .iter()
                .flat_map(|it| &it.alerts)
                .map(|it| {
                    (Arc::clone(&it.name.text), it.inhibitors.iter().map(|it| Arc::clone(&it.text)).collect())
                })
                .collect(),
            gaps: drafts.iter().any(|it| !it.readable),
        }
    }

    fn check_probes(&self, draft: &mut Draft) {
        for probe in &draft.probes {
            let Some(module) = self.modules.get(&probe.module.text) else {
                let known = self.modules.keys().map(|it| &**it);
                self.complain_of_name("module", &probe.module, known, &mut draft.desk);
                continue;
            };
            if module.prober.asks_for_series() {
                if let Some(span) = &probe.own_targets {
                    let title = "a probe that asks Prometheus has no targets of its own";
                    let help = "the series of the answer are its targets: take this away";
                    draft.desk.error(span, title, help);
                }
            } else if let Some(span) = &probe.asks_nobody {
                let help = "write `targets:` with `static_configs` or `file_sd_configs` under it";
                draft.desk.warning(span, "this probe asks nobody", help);
            }
            if module.timeout > probe.interval {
                let shown = |it| humantime::format_duration(it).to_string().replace(' ', "");
                let title = format!(
                    "the interval of {} is shorter than the timeout of module `{}`, {}",
                    shown(probe.interval),
                    module.name,
                    shown(module.timeout),
                );
                let help =
                    "an attempt is never overlapped, so ticks will be missed: make the interval longer";
                draft.desk.warning(&probe.interval_span, title, help);
            }
        }
    }

    fn check_alerts(&self, draft: &mut Draft) {
        for alert in &draft.alerts {
            for probe in alert.scope_probes.iter().chain(&alert.joined).chain([&alert.probe]) {
                if !self.probes.contains(&probe.text) {
                    let known = self.probes.iter().map(|it| &**it);
                    self.complain_of_name("probe", probe, known, &mut draft.desk);
                }
            }
            if let Some(rule) = alert.text_rules.as_ref().filter(|it| !self.texts.contains(&it.text)) {
                let known = self.texts.iter().map(|it| &**it);
                self.complain_of_name("rule over texts", rule, known, &mut draft.desk);
            }
            for (_, module) in &alert.check_modules {
                if !self.modules.contains_key(&module.text) {
                    let known = self.modules.keys().map(|it| &**it);
                    self.complain_of_name("module", module, known, &mut draft.desk);
                }
            }
        }
    }

    fn check_inhibitors(&self, draft: &mut Draft, told_rings: &mut BTreeSet<Arc<str>>) {
        for alert in &draft.alerts {
            for inhibitor in &alert.inhibitors {
                let name = &inhibitor.text;
                if *name == alert.name.text {
                    let help = "name the alert whose firing makes this one needless";
                    draft.desk.error(&inhibitor.span, "an alert cannot hold itself back", help);
                } else if let Some(ring) = self.ring(&alert.name.text, name) {
                    if ring.iter().all(|it| told_rings.insert(Arc::clone(it))) {
                        let ring = listed(ring.iter().map(|it| &**it));
                        let title = "these alerts hold each other back, so none would ever fire";
                        draft.desk.error(
                            &inhibitor.span,
                            title,
                            format!("the ring is {ring}: break it at one of them"),
                        );
                    }
                } else {
                    self.expect_alert(inhibitor, &mut draft.desk);
                }
            }
        }
        for alert in draft.desk.mentioned().to_vec() {
            self.expect_alert(&alert, &mut draft.desk);
        }
    }

    /// Somebody else may send that alert to the same Alertmanager, so this is no error.
    fn expect_alert(&self, alert: &Word, desk: &mut Desk) {
        if self.gaps || self.alerts.contains(&alert.text) || OWN_ALERTS.contains(&&*alert.text) {
            return;
        }
        let known = self.alerts.iter().map(|it| &**it).chain(OWN_ALERTS);
        let help = match nearest(&alert.text, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "right if somebody else sends it to the same Alertmanager".to_owned(),
        };
        desk.warning(&alert.span, format!("no file here has an alert `{}`", alert.text), help);
    }

    /// The alerts on the way from `to` back to `from`, where there is one; `from` is the first.
    fn ring(&self, from: &Arc<str>, to: &Arc<str>) -> Option<Vec<Arc<str>>> {
        let mut before: BTreeMap<&Arc<str>, &Arc<str>> = BTreeMap::from([(to, from)]);
        let mut queue = VecDeque::from([to]);
        while let Some(at) = queue.pop_front() {
            for next in self.inhibitors.get(at).into_iter().flatten() {
                if next == from {
                    let mut ring = vec![Arc::clone(at)];
                    let mut step = at;
                    while step != to {
                        step = before[step];
                        ring.push(Arc::clone(step));
                    }
                    ring.push(Arc::clone(from));
                    ring.reverse();
                    return Some(ring);
                }
                if !before.contains_key(next) {
                    before.insert(next, at);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    /// With a gap in the files nothing is said here: what is in no good file is left out later on,
    /// and told then.
    fn complain_of_name<'a>(
        &self,
        kind: &str,
        word: &Word,
        known: impl Iterator<Item = &'a str> + Clone,
        desk: &mut Desk,
    ) {
        if self.gaps {
            return;
        }
        let help = match nearest(&word.text, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.clone().next().is_none() => format!("no file here has any {kind}: add one"),
            None => format!("there is {}", listed(known.take(NAMES_TOLD))),
        };
        desk.error(&word.span, format!("there is no {kind} `{}`", word.text), help);
    }
}

/// How many names a help lists.
const NAMES_TOLD: usize = 12;
