//! The world as one alert of one target, or of one group, sees it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::board::{Board, Entry};
use crate::condition::{Condition, Failed, Needs};
use crate::labels::Labels;
use crate::moment::Moment;
use crate::plan::{Alert, Check, Query, Row, Vantage};
use crate::target::TargetId;
use crate::template::Template;
use crate::view::{CheckAnswer, Reading, Tally, View};

use super::World;
use super::evidence::Evidence;
use super::groups::{Doubt, Muster};
use super::inquiry::CheckTopic;
use super::member;

/// What conditions and templates of an alert see. It is made for one look and thrown away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlook<'a> {
    pub(super) world: &'a World,
    pub(super) now: Moment,
    pub(super) subject: Subject<'a>,
    /// None for the alerts about ourselves.
    pub(super) alert: Option<&'a Alert>,
    pub(super) firing_for: Duration,
}

/// Whom an alert is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    Target(TargetId, &'a Entry),
    Group(&'a Muster, Doubt),
}

impl<'a> Outlook<'a> {
    /// Whom it is about: of a group one of its members, who stands for all of them in every scope.
    pub(super) fn target(&self) -> TargetId {
        match self.subject {
            Subject::Target(target, _) => target,
            Subject::Group(muster, _) => muster.any,
        }
    }

    /// The target; none where it is about a group.
    pub(super) fn entry(&self) -> Option<&'a Entry> {
        match self.subject {
            Subject::Target(_, entry) => Some(entry),
            Subject::Group(..) => None,
        }
    }

    /// All that there is to tell; `read` are the rows down to the one that was chosen.
    pub(super) fn evidence(&self, read: &[Row], failures: &mut Vec<Failed>) -> Evidence<'a> {
        let mut evidence = Evidence::of(self.entry());
        let Some(alert) = self.alert else { return evidence };
        if let (Subject::Group(muster, _), Some(grouping)) = (self.subject, &alert.group) {
            evidence.groups.push((GROUP, muster.labels.clone(), member::tally(muster)));
            evidence.members = member::lines(grouping, muster, self.now.wall, failures);
        }
        // A scope that counts only some failures serves a condition; people read the whole count.
        for scope in alert.scopes.iter().filter(|it| it.failing_when.is_none()) {
            let board: &'a Board = &self.world.board;
            let group = board.group(self.target(), &alert.name, &scope.name);
            let tally = board.tally(self.target(), &alert.name, &scope.name, false);
            evidence.groups.extend(group.zip(tally).map(|(group, tally)| (&*scope.name, group, tally)));
        }
        let answered = |it: &'a Check| Some((&*it.name, self.answer(alert, it)?));
        evidence.checks = alert.checks.iter().filter_map(answered).collect();
        let valued = |it: &'a Query| Some((&*it.name, self.value(it)?));
        evidence.queries = alert.queries.iter().filter_map(valued).collect();
        evidence.unanswered = self.unanswered(alert, read);
        evidence
    }

    /// A check that runs once for a scope has one answer for the whole group.
    pub(super) fn topic(&self, alert: &Alert, check: &Check) -> CheckTopic {
        let group = check.per.as_ref().and_then(|it| self.world.board.group(self.target(), &alert.name, it));
        let labels = group.unwrap_or_else(|| self.labels());
        CheckTopic { alert: Arc::clone(&alert.name), check: Arc::clone(&check.name), labels }
    }

    fn answer(&self, alert: &Alert, check: &Check) -> Option<&'a CheckAnswer> {
        self.world.answers.check(self.now.up, &self.topic(alert, check))
    }

    /// The answer to a query of that alert.
    fn value(&self, query: &Query) -> Option<f64> {
        let promql = query.promql.render_promql(self).ok()?;
        self.world.answers.query(self.now.up, &promql)
    }

    /// What was asked and has no answer, by name; of the questions to Prometheus those alone that were
    /// asked for the sake of the evidence, or that what was read names.
    fn unanswered(&self, alert: &Alert, read: &[Row]) -> Vec<String> {
        // A vantage that nobody has named is missed by nobody.
        let asked = |it: &&Check| {
            it.via != Vantage::Unnamed && self.world.inquiries.checks.has(&self.topic(alert, it))
        };
        let checks = alert.checks.iter().filter(asked).filter(|it| self.answer(alert, it).is_none());
        let queries = alert.queries.iter().filter(|it| self.value(it).is_none());
        let names = |needs: &Needs, it: &Query| needs.queries.iter().any(|name| **name == *it.name);
        let is_missed = |it: &&Query| {
            looked_at(alert, read).any(|needs| names(needs, it))
                || !unread(alert, read).any(|needs| names(needs, it))
        };
        let queries = queries.filter(is_missed);
        let checks = checks.map(|it| format!("check {}", it.name));
        checks.chain(queries.map(|it| format!("query {}", it.name))).collect()
    }
}

/// What was read to choose the row, and what is said.
fn looked_at<'a>(alert: &'a Alert, read: &'a [Row]) -> impl Iterator<Item = &'a Needs> {
    let rows = alert.before.iter().chain(read);
    let texts = alert.annotations.iter().map(|(_, it)| it);
    let texts = texts.chain(read.last().and_then(|it| it.call.as_ref())).flat_map(Template::needs);
    rows.filter_map(|it| it.when.as_ref()).chain([&alert.when]).map(Condition::needs).chain(texts)
}

/// What stands in the rows that nobody had to read any more.
fn unread<'a>(alert: &'a Alert, read: &[Row]) -> impl Iterator<Item = &'a Needs> {
    alert.steps[read.len()..].iter().filter_map(|it| it.when.as_ref()).map(Condition::needs)
}

/// What the tally of an alert's own group is called.
const GROUP: &str = "group";

impl View for Outlook<'_> {
    fn now(&self) -> SystemTime {
        self.now.wall
    }

    fn labels(&self) -> Labels {
        match self.subject {
            Subject::Target(_, entry) => entry.reading.labels.clone(),
            Subject::Group(muster, _) => muster.labels.clone(),
        }
    }

    fn target(&self) -> Reading {
        self.entry().map(|it| it.reading.clone()).unwrap_or_default()
    }

    fn scope(&self, name: &str, with_targets: bool) -> Option<Tally> {
        self.world.board.tally(self.target(), &self.alert?.name, name, with_targets)
    }

    fn check(&self, name: &str) -> Option<CheckAnswer> {
        let alert = self.alert?;
        let check = alert.checks.iter().find(|it| *it.name == *name)?;
        self.answer(alert, check).cloned()
    }

    fn query(&self, name: &str) -> Option<f64> {
        self.value(self.alert?.queries.iter().find(|it| *it.name == *name)?)
    }

    fn firing_for(&self) -> Duration {
        self.firing_for
    }

    fn firing(&self, alert: &str, labels: &Labels) -> bool {
        self.world.ledger.firing.has(alert, labels)
    }

    fn firing_prefix(&self, prefix: &str) -> bool {
        self.world.ledger.firing.has_prefix(prefix)
    }

    fn members(&self) -> Vec<Reading> {
        match self.subject {
            Subject::Target(..) => Vec::new(),
            Subject::Group(muster, doubt) => muster.readings.iter().map(|it| doubt.take(it)).collect(),
        }
    }

    fn members_of(&self, probe: &str) -> Vec<Reading> {
        match self.subject {
            Subject::Target(..) => Vec::new(),
            Subject::Group(muster, doubt) => {
                muster.others.get(probe).into_iter().flatten().map(|it| doubt.take(it)).collect()
            }
        }
    }
}
