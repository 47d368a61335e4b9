//! Hands each notification to everyone who is to hear it.

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::config::Settings;
use crate::dial::Dialer;
use crate::notification::Notification;
use crate::serve::OwnMetrics;
use crate::sink::alertmanager::{self, sink_name};
use crate::sink::outbox::Manners;
use crate::sink::{Counts, log};

use super::FLUSH_WITHIN;

/// Everyone who is to hear. Dropping it closes their ears: each tells what is unheard, and ends.
#[derive(Debug)]
pub(super) struct Teller {
    /// Unbounded, because each worker takes what comes at once: what it holds is bounded by the
    /// number of incidents.
    alertmanagers: Vec<mpsc::UnboundedSender<Notification>>,
    tap: Option<mpsc::UnboundedSender<Notification>>,
}

impl Teller {
    /// Starts a worker for each Alertmanager.
    pub(super) fn start(
        settings: &Settings,
        dialer: &Dialer,
        own: &OwnMetrics,
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
            let (news, ears) = mpsc::unbounded_channel();
            let (endpoint, dialer, manners) = (endpoint.clone(), dialer.clone(), manners.clone());
            edges.spawn(alertmanager::run(name, endpoint, dialer, manners, counts, ears, FLUSH_WITHIN));
            news
        };
        Self { alertmanagers: settings.alertmanagers.iter().enumerate().map(start).collect(), tap }
    }

    /// Tells everyone.
    pub(super) fn tell(&self, notification: Notification) {
        log::tell(&notification);
        for alertmanager in &self.alertmanagers {
            let _stopping = alertmanager.send(notification.clone());
        }
        if let Some(tap) = &self.tap {
            let _gone = tap.send(notification);
        }
    }
}
