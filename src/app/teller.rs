//! Hands each notification to everyone who is to hear it.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::info;

use crate::config::Settings;
use crate::dial::Dialer;
use crate::engine::Event;
use crate::labels::Labels;
use crate::moment::Moment;
use crate::notification::{Incident, Notification};
use crate::serve::OwnMetrics;
use crate::sink::alertmanager::{self, Listener, ear, sink_name};
use crate::sink::outbox::Manners;
use crate::sink::{Counts, log};
use crate::store::Change;

use super::FLUSH_WITHIN;
use super::journal::Journal;

/// Everyone who is to hear. Dropping it closes their ears: each tells what is unheard, and ends.
#[derive(Debug)]
pub(super) struct Teller {
    /// Unbounded, because each worker takes what comes at once: what it holds is bounded by the
    /// number of incidents.
    alertmanagers: Vec<mpsc::UnboundedSender<Notification>>,
    tap: Option<mpsc::UnboundedSender<Notification>>,
    external_labels: Labels,
    /// Their numbers.
    ears: Vec<u64>,
    /// What we have told, by the labels that an Alertmanager has; of what is over, until when it may
    /// still have it.
    ours: HashMap<Labels, Option<Duration>>,
}

impl Teller {
    /// Starts a worker for each Alertmanager.
    pub(super) fn start(
        settings: &Settings,
        dialer: &Dialer,
        own: &OwnMetrics,
        journal: &Journal,
        tap: Option<mpsc::UnboundedSender<Notification>>,
        edges: &mut JoinSet<()>,
    ) -> Self {
        let manners = Manners::new(
            settings.resend_interval,
            settings.external_labels.clone(),
            settings.generator_url.clone(),
        );
        let start = |(position, endpoint): (usize, &crate::config::Endpoint)| {
            let name = sink_name(position);
            let counts = Counts::new(&own.notifications, &name);
            let on_end = journal.on_end(ear(&endpoint.url));
            let (news, ears) = mpsc::unbounded_channel();
            let listener = Listener { name, endpoint: endpoint.clone(), counts, on_end };
            edges.spawn(alertmanager::run(listener, dialer.clone(), manners.clone(), ears, FLUSH_WITHIN));
            news
        };
        let ears = settings.alertmanagers.iter().map(|it| ear(&it.url)).collect();
        Self {
            alertmanagers: settings.alertmanagers.iter().enumerate().map(start).collect(),
            tap,
            external_labels: settings.external_labels.clone(),
            ears,
            ours: HashMap::new(),
        }
    }

    /// What has to be kept before this is told: of an end, who is to hear of it.
    pub(super) fn owed(&self, notification: &Notification) -> Option<Change> {
        let owes = notification.ends_at.is_some() && !self.ears.is_empty();
        owes.then(|| {
            let labels = self.external_labels.with(notification.labels.iter());
            let incident = Incident { labels, starts_at: notification.starts_at };
            Change::Owe { incident, notification: Box::new(notification.clone()), ears: self.ears.clone() }
        })
    }

    /// Tells everyone.
    pub(super) fn tell(&mut self, notification: Notification, now: Moment) {
        log::tell(&notification);
        self.pass_on(notification, now);
    }

    /// Tells everyone what they may have heard before a restart: the same again, word for word.
    pub(super) fn tell_again(&mut self, known: Vec<Notification>, now: Moment) {
        if !known.is_empty() {
            info!(alerts = known.len(), "alerts go on where they stood before the restart");
        }
        for it in known {
            self.pass_on(it, now);
        }
    }

    fn pass_on(&mut self, notification: Notification, now: Moment) {
        let labels = self.external_labels.with(notification.labels.iter());
        self.ours.insert(labels, notification.ends_at.map(|_| now.up + RESOLVE_HEARD_WITHIN));
        for alertmanager in &self.alertmanagers {
            let _stopping = alertmanager.send(notification.clone());
        }
        if let Some(tap) = &self.tap {
            let _gone = tap.send(notification);
        }
    }

    /// Alertmanagers tell us our own alerts too: those are left out.
    pub(super) fn without_ours(&mut self, event: Event, now: Moment) -> Event {
        let Event::Others(mut firing) = event else { return event };
        self.ours.retain(|_, until| until.is_none_or(|it| it > now.up));
        firing.retain(|it| !self.ours.contains_key(it));
        Event::Others(firing)
    }
}

/// For how long the end of an alert is told at the most.
const RESOLVE_HEARD_WITHIN: Duration = Duration::from_mins(15);

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn others(teller: &mut Teller, up: u64, labels: &[Labels]) -> Vec<Labels> {
        let now = Moment::start(SystemTime::UNIX_EPOCH).after(Duration::from_secs(up));
        match teller.without_ours(Event::Others(labels.to_vec()), now) {
            Event::Others(left) => left,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn our_own_alerts_are_no_alerts_of_others_until_their_end_is_old() {
        let external_labels: Labels = [("vantage", "v1")].into_iter().collect();
        let mut teller = Teller {
            alertmanagers: Vec::new(),
            tap: None,
            external_labels,
            ears: Vec::new(),
            ours: HashMap::new(),
        };
        let start = Moment::start(SystemTime::UNIX_EPOCH);
        let told = |ends_at| Notification {
            labels: [("alertname", "A")].into_iter().collect(),
            annotations: std::collections::BTreeMap::default(),
            starts_at: start.wall,
            ends_at,
        };
        let ours: Labels = [("alertname", "A"), ("vantage", "v1")].into_iter().collect();
        let theirs: Labels = [("alertname", "A"), ("vantage", "v2")].into_iter().collect();
        let both = [ours, theirs];
        teller.tell(told(None), start);
        assert_eq!(others(&mut teller, 100_000, &both), both[1..]);
        teller.tell(told(Some(start.wall)), start);
        assert_eq!(others(&mut teller, 899, &both), both[1..]);
        assert_eq!(others(&mut teller, 901, &both), both, "by now nobody has it from us any more");
    }
}
