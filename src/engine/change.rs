//! Other drop-ins, other targets. What stays the same keeps its reading, its clocks and its phase: a
//! target is the same by its probe's name and its id, an alert by its name. What is gone while it fires
//! is resolved, and the last message says why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::moment::Moment;
use crate::plan::{Plan, Probe};
use crate::rule::Transition;
use crate::schedule::Pace;
use crate::spec::Prober;
use crate::target::TargetId;

use super::Engine;
use super::isolation::Role;
use super::ledger::{Key, Removed};
use super::ourselves::OwnAlert;
use super::outlook::Outlook;
use super::watch::Watch;

impl Engine {
    pub(super) fn set_plan(&mut self, now: Moment, plan: &Plan) {
        let named = |it: &Arc<Probe>| (Arc::clone(&it.name), Arc::clone(it));
        let watched = |it: &Arc<Probe>| (Arc::clone(&it.name), Watch::all_of(plan, it).into());
        self.probes = plan.probes.iter().map(named).collect();
        self.watches = plan.probes.iter().map(watched).collect();
        self.modules = plan.modules.clone();

        self.world.groups.set_plan(plan, &self.world.board);

        self.controls.clone_from(&plan.controls);

        let is_judged = |it: &Key| OwnAlert::of(it).is_none() && !self.memory.is_recalled(it);
        let live: Vec<_> = self.alarms.iter().map(|(key, _)| key.clone()).filter(is_judged).collect();
        let (stay, go): (Vec<_>, Vec<_>) = live.into_iter().partition(|key| self.watch(key).is_some());
        for key in &go {
            self.end(now, key, Removed::Alert);
        }
        let gone: Vec<_> = self.members.keys().filter(|it| !self.probes.contains_key(*it)).cloned().collect();
        for probe in gone {
            for target in self.members.remove(&probe).unwrap_or_default() {
                self.remove(now, target);
            }
        }

        let stir = self.world.board.set_plan(plan);
        self.count_failures(now, &stir.failed);
        self.world.ledger.firing.set_asked(plan.alerts.iter().flat_map(|it| &it.inhibited_by));
        for probe in &plan.probes {
            self.place(now, probe);
        }
        self.links.set_plan(plan);
        self.look_for_links(now);
        for key in &stay {
            if let Some(watch) = self.watch(key) {
                self.relabel(now, &watch, key);
                self.look(now, &watch, key.target);
            }
        }
    }

    /// Lets the probe's targets be those that discovery knows.
    pub(super) fn place(&mut self, now: Moment, probe: &Probe) {
        if let Prober::Query(spec) = &probe.module.prober {
            return self.place_question(now, probe, spec);
        }
        let name = &probe.name;
        let found = self.found.get(name).into_iter().flat_map(|it| &it.targets);
        let targets: BTreeMap<_, _> = found.map(|it| (it.id(name), Arc::clone(it))).collect();
        let ids: BTreeSet<_> = targets.keys().copied().collect();
        let before = self.members.insert(Arc::clone(name), ids.clone()).unwrap_or_default();
        let longest = probe.module.patience.max(probe.module.timeout);
        let role = if self.controls.contains(name) { Role::Control } else { Role::Watched };
        for (id, target) in targets {
            let labels = target.labels.public();
            self.isolation.set(id, role, &target);
            self.world.board.set(id, name, target, Arc::clone(&probe.module));
            if !before.contains(&id) {
                self.memory.expect(name, id);
                self.world.groups.enter(id, name, &labels, Some(now.up));
            }
            self.schedule.set(
                now.up,
                id,
                Pace { probe: Arc::clone(name), interval: probe.interval, longest },
            );
        }
        // Who goes leaves after the others have come, so that a group whose members have got other labels
        // is at no time without any.
        for target in before.difference(&ids) {
            self.remove(now, *target);
        }
        self.stir_counters(now, name);
    }

    pub(super) fn remove(&mut self, now: Moment, target: TargetId) {
        if let Some(entry) = self.world.board.entry(target) {
            self.memory.met(&entry.probe, target);
            let (probe, labels) = (Arc::clone(&entry.probe), entry.reading.labels.clone());
            for watch in self.watches_of(&probe).iter() {
                self.end(now, &Key { alert: Arc::clone(watch.name()), target }, Removed::Target);
            }
            for key in self.world.groups.leave(target, &probe, &labels, now.up) {
                self.end(now, &key, Removed::Target);
            }
        }
        self.world.board.remove(target);
        self.isolation.forget(target);
        self.schedule.remove(target);
    }

    pub(super) fn end(&mut self, now: Moment, key: &Key, why: Removed) {
        let Some(mut alarm) = self.alarms.remove(key) else { return };
        self.memory.touch(key);
        match alarm.rule.end(now) {
            Some(Transition::Resolved { ends_at, .. }) => {
                self.world.ledger.release(&alarm.labels, key, ends_at, Some(why));
            }
            Some(Transition::Began | Transition::Fired | Transition::Dropped) | None => {}
        }
    }

    /// Where the drop-in gives other labels now, the old incident ends and another one begins under the
    /// new ones. It begins now: were it given the old start, labels that change back and forth would make
    /// an incident fire that was told to be over.
    pub(super) fn relabel(&mut self, now: Moment, watch: &Watch, key: &Key) {
        let muster = watch.of_groups().and_then(|it| self.world.groups.muster(key, it, &self.world.board));
        let Some(subject) = self.world.subject(watch, key.target, muster.as_ref()) else { return };
        let Some(alarm) = self.alarms.get_mut(key) else { return };
        let firing_for = alarm.rule.firing_for(now);
        let view = Outlook { world: &self.world, now, subject, alert: watch.alert(), firing_for };
        let (labels, unfilled) = watch.labels(&view);
        alarm.unfilled = unfilled;
        let before = std::mem::replace(&mut alarm.labels, labels.clone());
        if before != labels && alarm.rule.starts_at().is_some() {
            alarm.rule.begin_again(now);
            self.world.ledger.release(&before, key, now.wall, Some(Removed::Labels));
            self.world.ledger.claim(&labels, key.clone(), now.wall);
        }
        self.memory.touch(key);
    }
}
