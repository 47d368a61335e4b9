//! What people have been told, one entry for each label set that fires.
//!
//! Two alerts of different targets can come to have the same labels. Then the first one speaks for
//! both until it ends, and the next one takes over: people see one incident, with one start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::labels::Labels;
use crate::notification::Notification;
use crate::plan::Inhibitor;
use crate::target::TargetId;

use super::diagnosis::{Diagnosis, Meaning};
use super::firing::Firing;

/// Names an alert of a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) alert: Arc<str>,
    pub(super) target: TargetId,
}

/// All incidents, and what fires.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) firing: Firing,
    incidents: BTreeMap<Labels, Incident>,
    touched: BTreeSet<Labels>,
    resolved: Vec<Notification>,
    /// Who speaks for an incident of which people have just heard something else.
    changed: Vec<Key>,
}

/// A label set that fires.
#[derive(Debug)]
pub(super) struct Incident {
    pub(super) starts_at: SystemTime,
    pub(super) held_by: Option<Arc<str>>,
    /// Who speaks for it.
    owner: Key,
    claims: BTreeSet<Key>,
    told: Option<Told>,
}

#[derive(Debug)]
struct Told {
    meaning: Meaning,
    notification: Notification,
}

/// Whether an alert speaks for its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It does.
    First,
    /// Another one did before.
    Duplicate,
}

/// Why an incident ended, where it did not end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removed {
    Target,
    Alert,
    Labels,
}

impl Removed {
    /// The annotation `resolved_reason`.
    fn reason(self) -> &'static str {
        match self {
            Self::Target => "target_removed",
            Self::Alert => "alert_removed",
            Self::Labels => "labels_changed",
        }
    }
}

impl Ledger {
    /// An alert fires under these labels.
    pub(super) fn claim(&mut self, labels: &Labels, key: Key, starts_at: SystemTime) -> Claim {
        self.touched.insert(labels.clone());
        if let Some(incident) = self.incidents.get_mut(labels) {
            incident.claims.insert(key);
            return Claim::Duplicate;
        }
        let claims = [key.clone()].into();
        let incident = Incident { starts_at, held_by: None, owner: key, claims, told: None };
        self.incidents.insert(labels.clone(), incident);
        self.firing.begin(labels);
        Claim::First
    }

    /// An alert of the process before fires under these labels, and this is what people heard of it.
    pub(super) fn recall(
        &mut self,
        labels: &Labels,
        key: Key,
        starts_at: SystemTime,
        told: Option<(Meaning, Notification)>,
    ) {
        self.claim(labels, key.clone(), starts_at);
        let incident = self.incidents.get_mut(labels).expect("it was claimed a moment ago");
        if let Some((meaning, notification)) = told {
            incident.owner = key;
            // Who took over from another one that ended goes on under that one's start.
            incident.starts_at = notification.starts_at;
            incident.told = Some(Told { meaning, notification });
        }
    }

    /// It fires no more. People hear of it if they had heard that it fired, and nobody else goes on
    /// under the same labels.
    pub(super) fn release(&mut self, labels: &Labels, key: &Key, at: SystemTime, why: Option<Removed>) {
        let Some(incident) = self.incidents.get_mut(labels) else { return };
        incident.claims.remove(key);
        if let Some(next) = incident.claims.first() {
            if incident.owner == *key {
                incident.owner = next.clone();
                self.changed.push(next.clone());
                self.touched.insert(labels.clone());
            }
            return;
        }
        let incident = self.incidents.remove(labels).expect("it was there a moment ago");
        self.firing.end(labels);
        if let Some(Told { mut notification, .. }) = incident.told {
            notification.ends_at = Some(at.max(incident.starts_at + INSTANT));
            let reason = why.map(|it| ("resolved_reason".into(), it.reason().to_owned()));
            notification.annotations.extend(reason);
            self.resolved.push(notification);
        }
    }

    /// What is said of the incident may have changed.
    pub(super) fn touch(&mut self, labels: &Labels) {
        self.touched.insert(labels.clone());
    }

    /// It may have changed for all of them who holds them back.
    pub(super) fn touch_all(&mut self) {
        self.touched = self.incidents.keys().cloned().collect();
    }

    /// The incident of these labels, where they fire.
    pub(super) fn incident(&self, labels: &Labels) -> Option<&Incident> {
        self.incidents.get(labels)
    }

    /// What people must hear now: first what has ended, then what began or has changed in
    /// [`Meaning`], of whom `is_open` (it is touched again when it opens), and is held back neither by another alert nor by `hold`. What is held back after people heard of it stays as they
    /// heard it.
    pub(super) fn settle<'a>(
        &mut self,
        is_open: impl Fn(&Key) -> bool,
        inhibitors: impl Fn(&str) -> &'a [Inhibitor],
        diagnosis: impl Fn(&Key) -> &'a Diagnosis,
        hold: impl Fn(&Key) -> Option<Arc<str>>,
    ) -> Vec<Notification> {
        let mut news = std::mem::take(&mut self.resolved);
        let mut touched = std::mem::take(&mut self.touched);
        if self.firing.take_flipped() {
            touched = self.incidents.keys().cloned().collect();
        }
        for labels in touched {
            let Some(incident) = self.incidents.get_mut(&labels) else { continue };
            if !is_open(&incident.owner) {
                continue;
            }
            let holder = self.firing.holder(&labels, inhibitors(&incident.owner.alert));
            incident.held_by = holder.or_else(|| hold(&incident.owner));
            let said = diagnosis(&incident.owner);
            let is_known = incident.told.as_ref().is_some_and(|it| it.meaning == said.meaning);
            if is_known || incident.held_by.is_some() {
                continue;
            }
            let annotations = said.annotations.clone();
            let notification =
                Notification { labels, annotations, starts_at: incident.starts_at, ends_at: None };
            incident.told = Some(Told { meaning: said.meaning.clone(), notification: notification.clone() });
            self.changed.push(incident.owner.clone());
            news.push(notification);
        }
        news
    }

    /// Of whom people have heard something else since this was asked last.
    pub(super) fn take_changed(&mut self) -> Vec<Key> {
        std::mem::take(&mut self.changed)
    }
}

impl Incident {
    /// Whether this alert, among those with its labels, is the one that people hear.
    pub(super) fn is_spoken_for_by(&self, key: &Key) -> bool {
        self.owner == *key
    }

    /// What people heard last.
    pub(super) fn told_last(&self) -> Option<&Notification> {
        self.told.as_ref().map(|it| &it.notification)
    }
}

/// An end that is not after its start would be no end for an Alertmanager.
const INSTANT: Duration = Duration::from_millis(1);
