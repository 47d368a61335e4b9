//! How an outbox goes about its work, and where it says that alerts come from.

use std::time::Duration;

use url::Url;

use crate::labels::Labels;
use crate::notification::Notification;

/// How an outbox goes about its work.
#[derive(Clone, Debug)]
pub struct Manners {
    /// From one sending of an alert that fires to the next. `endsAt` is four of them ahead.
    pub resend_interval: Duration,
    /// Laid under each alert's own labels.
    pub external_labels: Labels,
    /// What the `generatorURL` of an alert says.
    pub origin: Option<Origin>,
    /// The first pause after a failure; each further one is twice as long.
    pub pause_min: Duration,
    /// The longest pause between two tries.
    pub pause_max: Duration,
    /// Makes the pauses of two outboxes differ.
    pub seed: u64,
}

impl Manners {
    /// Pauses of 1 s to 60 s.
    pub fn new(resend_interval: Duration, external_labels: Labels, origin: Option<Origin>) -> Self {
        Self {
            resend_interval,
            external_labels,
            origin,
            pause_min: Duration::from_secs(1),
            pause_max: Duration::from_mins(1),
            seed: 0,
        }
    }
}

/// Where alerts come from, as their `generatorURL` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From there, all of them.
    Fixed(Url),
    /// From our page, on which each alert has its place.
    Page(Url),
}

impl Origin {
    pub(super) fn of(&self, notification: &Notification) -> Url {
        match self {
            Self::Fixed(url) => url.clone(),
            Self::Page(url) => {
                let mut url = url.clone();
                url.set_fragment(Some(&notification.anchor()));
                url
            }
        }
    }
}
