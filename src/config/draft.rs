//! One drop-in as it was read, before its names of other things are looked up; and the joining of
//! all that are in force.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::alert::{self, AlertDraft};
use super::complaint::{Complaint, listed};
use super::desk::Desk;
use super::field::Fields;
use super::key::DROP_IN;
use super::probe::{self, ProbeDraft};
use super::raw;
use super::text::{self, TextDraft};
use super::word::Word;
use super::{Config, Source, module, ring};
use crate::plan::{Plan, Probe};
use crate::spec::Module;

/// One drop-in.
pub(super) struct Draft {
    pub(super) desk: Desk,
    /// Whether the file could be read as YAML at all: else nobody knows what it would say.
    pub(super) readable: bool,
    /// Whether it is in force already, word for word.
    pub(super) stays: bool,
    pub(super) modules: Vec<(Word, Arc<Module>)>,
    /// Of those the ones that ask for what is not built, and for what.
    pub(super) lacking: BTreeMap<Arc<str>, String>,
    /// The names of those modules that say no timeout.
    pub(super) untimed: BTreeSet<Arc<str>>,
    pub(super) probes: Vec<ProbeDraft>,
    pub(super) alerts: Vec<AlertDraft>,
    pub(super) texts: Vec<TextDraft>,
}

pub(super) fn read(source: &Source) -> Draft {
    let (text, unread) = match &source.text {
        Ok(text) => (Arc::clone(text), None),
        Err(complaint) => (Arc::from(""), Some(complaint.clone())),
    };
    let mut desk = Desk::new(Arc::clone(&source.name), text);
    let root = match unread {
        None => raw::read(&mut desk),
        Some(complaint) => {
            desk.put(complaint);
            None
        }
    };
    let mut draft = Draft {
        desk,
        readable: false,
        stays: false,
        modules: Vec::new(),
        lacking: BTreeMap::new(),
        untimed: BTreeSet::new(),
        probes: Vec::new(),
        alerts: Vec::new(),
        texts: Vec::new(),
    };
    let Some(root) = root else { return draft };
    draft.readable = true;
    let desk = &mut draft.desk;
    let fields = Fields::of(&root, &DROP_IN, desk);
    for entry in fields.map("modules", desk) {
        let (module, lacking) = module::read(entry, desk);
        draft.untimed.extend(module::is_untimed(entry).then(|| Arc::clone(&entry.key)));
        let Some(name) = Word::new(&entry.key, &entry.key_span, desk) else { continue };
        if !lacking.is_empty() {
            draft.lacking.insert(Arc::clone(&name.text), lacking.join(", "));
        }
        draft.modules.push((name, Arc::new(module)));
    }
    draft.probes = fields.list("probes", desk).iter().filter_map(|it| probe::read(it, desk)).collect();
    draft.alerts = fields.list("alerts", desk).iter().filter_map(|it| alert::read(it, desk)).collect();
    draft.texts = fields.list("text_rules", desk).iter().filter_map(|it| text::read(it, desk)).collect();
    draft
}

/// Everything that is in force: files that are good now, and earlier versions of others. A name that
/// both have belongs to the former. What needs something of a file that is left out is left out too,
/// with a warning where it stands.
pub(super) fn join(good: Vec<Draft>, replaced: Vec<Draft>, left_out: &[&str]) -> (Config, Vec<Complaint>) {
    let mut drafts: Vec<(Draft, bool)> = good.into_iter().map(|it| (it, true)).collect();
    drafts.extend(replaced.into_iter().map(|it| (it, false)));
    let help = format!("mend {} first", listed(left_out.iter().copied()));
    let mut config = Config::default();
    take_modules(&drafts, &mut config);
    let mut probes = BTreeSet::new();
    let mut plan = Plan::default();
    for (draft, current) in &mut drafts {
        for it in std::mem::take(&mut draft.probes) {
            if probes.contains(&it.name.text) {
                continue;
            }
            let Some(module) = config.modules.get(&it.module.text) else {
                let (why, help) = match config.left_out.get(&it.module.text) {
                    None => ("no good file has its module".to_owned(), &*help),
                    Some(what) => (format!("its module needs {what}"), LACKING),
                };
                let title = format!("the probe `{}` is left out: {why}", it.name.text);
                draft.desk.warning_where(*current, &it.module.span, title, help);
                continue;
            };
            probes.insert(Arc::clone(&it.name.text));
            let (name, module) = (it.name.text, Arc::clone(module));
            plan.controls.extend(it.control.then(|| Arc::clone(&name)));
            plan.probes.push(Arc::new(Probe { name, module, interval: it.interval }));
            config.discoveries.push(it.discovery);
        }
    }
    for it in drafts.iter().flat_map(|(draft, _)| &draft.texts) {
        if !plan.text_rules.iter().any(|rule| rule.name == it.name.text) {
            plan.text_rules.push(Arc::clone(&it.rule));
        }
    }
    let mut alerts = BTreeSet::new();
    for (draft, current) in &mut drafts {
        for it in std::mem::take(&mut draft.alerts) {
            let Some(mut alert) = it.alert else { continue };
            if alerts.contains(&it.name.text) {
                continue;
            }
            let mut needed = std::iter::once(&it.probe).chain(&it.joined);
            if let Some(probe) = needed.find(|it| !probes.contains(&it.text)) {
                let title = format!("the alert `{}` is left out: no good file has its probe", it.name.text);
                draft.desk.warning_where(*current, &probe.span, title, &help);
                continue;
            }
            alerts.insert(Arc::clone(&it.name.text));
            for (check, module) in it.check_modules {
                if !config.modules.contains_key(&module.text) {
                    let title = format!("the check `{check}` is left out: no good file has its module");
                    draft.desk.warning_where(*current, &module.span, title, &help);
                    alert.checks.retain(|it| it.name != check);
                }
            }
            if let Some(name) = it.text_rules {
                if let Some(rule) = plan.text_rules.iter().find(|rule| rule.name == name.text) {
                    text::extend(&mut alert, rule);
                } else {
                    let title = format!("the rule `{}` is left out: it stands in no good file", name.text);
                    draft.desk.warning_where(*current, &name.span, title, &help);
                }
            }
            plan.alerts.push(Arc::new(alert));
        }
    }
    plan.modules = config.modules.clone();
    ring::open(&mut plan.alerts);
    config.plan = Arc::new(plan);
    let told = drafts.into_iter().filter(|(_, current)| *current);
    (config, told.flat_map(|(mut draft, _)| draft.desk.take().complaints).collect())
}

/// Modules by their names; a name that two files have belongs to the first.
fn take_modules(drafts: &[(Draft, bool)], config: &mut Config) {
    for (draft, _) in drafts {
        for (name, module) in &draft.modules {
            let name = &name.text;
            if config.modules.contains_key(name) || config.left_out.contains_key(name) {
                continue;
            }
            match draft.lacking.get(name) {
                None => {
                    config.modules.insert(Arc::clone(name), Arc::clone(module));
                    config.untimed.extend(draft.untimed.get(name).cloned());
                }
                Some(what) => drop(config.left_out.insert(Arc::clone(name), what.clone())),
            }
        }
    }
}

/// What helps where a module is left out.
const LACKING: &str = "the module says what it needs: change it there, or take the probe away";
