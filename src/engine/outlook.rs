//! The world as one alert of one target sees it.

use std::time::{Duration, SystemTime};

use crate::board::{Board, Entry};
use crate::labels::Labels;
use crate::moment::Moment;
use crate::plan::{Alert, Check};
use crate::target::TargetId;
use crate::view::{CheckAnswer, Reading, Tally, View};

use super::World;
use super::evidence::Evidence;

/// What conditions and templates of an alert see. It is made for one look and thrown away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlook<'a> {
    pub(super) world: &'a World,
    pub(super) now: Moment,
    pub(super) target: TargetId,
    pub(super) entry: &'a Entry,
    /// None for the alerts about ourselves.
    pub(super) alert: Option<&'a Alert>,
    pub(super) firing_for: Duration,
}

impl<'a> Outlook<'a> {
    /// All that there is to tell.
    pub(super) fn evidence(&self) -> Evidence<'a> {
        let mut evidence =
            Evidence { entry: self.entry, groups: Vec::new(), checks: Vec::new(), queries: Vec::new() };
        let Some(alert) = self.alert else { return evidence };
        // A scope that counts only some failures serves a condition; people read the whole count.
        for scope in alert.scopes.iter().filter(|it| it.failing_when.is_none()) {
            let board: &'a Board = &self.world.board;
            let group = board.group(self.target, &alert.name, &scope.name);
            let tally = board.tally(self.target, &alert.name, &scope.name, false);
            evidence.groups.extend(group.zip(tally).map(|(group, tally)| (&*scope.name, group, tally)));
        }
        let answered = |it: &'a Check| Some((&*it.name, self.answer(alert, it)?));
        evidence.checks = alert.checks.iter().filter_map(answered).collect();
        let valued = |name: &'a str| Some((name, self.query(name)?));
        evidence.queries = alert.queries.iter().filter_map(|it| valued(&it.name)).collect();
        evidence
    }

    /// A check that runs once for a scope has one answer for the whole group.
    fn answer(&self, alert: &Alert, check: &Check) -> Option<&'a CheckAnswer> {
        let group = check.per.as_ref().and_then(|it| self.world.board.group(self.target, &alert.name, it));
        let labels = group.unwrap_or_else(|| self.labels());
        self.world.answers.check(&alert.name, &check.name, &labels)
    }
}

impl View for Outlook<'_> {
    fn now(&self) -> SystemTime {
        self.now.wall
    }

    fn labels(&self) -> Labels {
        self.entry.reading.labels.clone()
    }

    fn target(&self) -> Reading {
        self.entry.reading.clone()
    }

    fn scope(&self, name: &str, with_targets: bool) -> Option<Tally> {
        self.world.board.tally(self.target, &self.alert?.name, name, with_targets)
    }

    fn check(&self, name: &str) -> Option<CheckAnswer> {
        let alert = self.alert?;
        let check = alert.checks.iter().find(|it| *it.name == *name)?;
        self.answer(alert, check).cloned()
    }

    fn query(&self, name: &str) -> Option<f64> {
        self.world.answers.query(&self.alert?.name, name, &self.entry.reading.labels)
    }

    fn firing_for(&self) -> Duration {
        self.firing_for
    }

    fn firing(&self, alert: &str, labels: &Labels) -> bool {
        self.world.ledger.firing.has(alert, labels)
    }
}
