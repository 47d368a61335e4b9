//! What leaves the engine when an alert begins, changes or ends: all that a person reads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::labels::Labels;

/// One alert, as it is now. The next one of the same incident takes its place; no sink has to
/// remember what was said before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// `alertname` and all other labels: the alert's identity.
    pub labels: Labels,
    /// What may change while it fires: evidence, cause, step.
    pub annotations: BTreeMap<Arc<str>, String>,
    /// The moment of firing. It never changes while the incident lasts.
    pub starts_at: SystemTime,
    /// The moment of resolving, after which nothing more comes of this incident. `None`: it fires.
    pub ends_at: Option<SystemTime>,
}

impl Notification {
    /// What this is about.
    pub fn incident(&self) -> Incident {
        Incident { labels: self.labels.clone(), starts_at: self.starts_at }
    }

    /// Where the alert stands on our page: the same for as long as its labels are.
    pub fn anchor(&self) -> String {
        format!("alert-{:016x}", self.labels.fingerprint())
    }

    /// The alert's name.
    pub fn name(&self) -> &str {
        self.labels.get("alertname")
    }
}

/// One alert from its firing to its resolving: the same labels firing again are another incident.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Incident {
    /// The alert's identity.
    pub labels: Labels,
    /// When it began to fire.
    pub starts_at: SystemTime,
}
