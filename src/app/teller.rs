//! Hands each notification to everyone who is to hear it.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::info;
use url::Url;

use crate::config::{Endpoint, Settings};
use crate::dial::Dialer;
use crate::engine::Event;
use crate::labels::Labels;
use crate::moment::Moment;
use crate::notification::{Incident, Notification};
use crate::serve::OwnMetrics;
use crate::sink::alertmanager::{self, Listener, ear, sink_name};
use crate::sink::outbox::{Manners, Origin};
use crate::sink::{Beat, Counts, News, log};
use crate::store::Change;

use super::FLUSH_WITHIN;
use super::journal::Journal;

/// Everyone who is to hear. Dropping it closes their ears: each tells what is unheard, and ends.
#[derive(Debug)]
pub(super) struct Teller {
    /// Unbounded, because each worker takes what comes at once: what it holds is bounded by the
    /// number of incidents.
    alertmanagers: Vec<Worker>,
    tap: Option<mpsc::UnboundedSender<Notification>>,
    /// Our page, as this host names it.
    page: Url,
    external_labels: Labels,
    /// Their numbers.
    ears: Vec<u64>,
    /// What we have told, by the labels that an Alertmanager has.
    ours: HashMap<Labels, Told>,
}

/// Tells one Alertmanager.
#[derive(Debug)]
struct Worker {
    ears: mpsc::UnboundedSender<News>,
    /// When it last looked for something to do.
    beat: Beat,
}

impl Worker {
    fn hear(&self, news: News) {
        let _stopping = self.ears.send(news);
    }
}

/// The newest of what was told of an alert.
#[derive(Debug)]
struct Told {
    notification: Notification,
    /// Of what is over: until when an Alertmanager may still have it.
    until: Option<Duration>,
}

/// What a worker for an Alertmanager is started with.
pub(super) struct Workshop<'a> {
    pub(super) dialer: &'a Dialer,
    pub(super) own: &'a OwnMetrics,
    pub(super) journal: &'a Journal,
    pub(super) edges: &'a mut JoinSet<()>,
}

impl Teller {
    /// Starts a worker for each Alertmanager; `page` is where our own page is, as far as we know.
    pub(super) fn start(
        settings: &Settings,
        page: Url,
        tap: Option<mpsc::UnboundedSender<Notification>>,
        workshop: Workshop<'_>,
    ) -> Self {
        let external_labels = settings.external_labels.clone();
        let alertmanagers = workers(settings, &page, workshop);
        Self { alertmanagers, tap, page, external_labels, ears: ears(settings), ours: HashMap::new() }
    }

    /// Other settings hold now: other workers take over, and hear all that fires and what was over
    /// lately. Those of before say what is unheard, and end.
    pub(super) fn change(&mut self, settings: &Settings, workshop: Workshop<'_>, now: Moment) {
        let others = self.external_labels != settings.external_labels;
        // Under other labels an alert is another one: what fires under those of before is over.
        for told in self.ours.values().filter(|it| others && it.until.is_none()) {
            let over = Notification { ends_at: Some(now.wall), ..told.notification.clone() };
            for alertmanager in &self.alertmanagers {
                alertmanager.hear(News::Told(over.clone()));
            }
        }
        self.alertmanagers = workers(settings, &self.page, workshop);
        self.external_labels = settings.external_labels.clone();
        self.ears = ears(settings);
        for (labels, told) in std::mem::take(&mut self.ours) {
            for alertmanager in &self.alertmanagers {
                alertmanager.hear(News::Told(told.notification.clone()));
            }
            // An Alertmanager goes on telling us for a while what it has under the labels of before.
            if others {
                let until = told.until.or(Some(now.up + RESOLVE_HEARD_WITHIN));
                self.ours.entry(labels).or_insert(Told { notification: told.notification.clone(), until });
            }
            self.ours.insert(self.external_labels.with(told.notification.labels.iter()), told);
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

    /// Tells everyone what they may have heard before a restart: the same, word for word.
    pub(super) fn go_on(&mut self, known: Vec<Notification>, now: Moment) {
        if !known.is_empty() {
            info!(alerts = known.len(), "alerts go on where they stood before the restart");
        }
        for it in known {
            self.pass_on(it, now);
        }
    }

    fn pass_on(&mut self, notification: Notification, now: Moment) {
        let labels = self.external_labels.with(notification.labels.iter());
        let until = notification.ends_at.map(|_| now.up + RESOLVE_HEARD_WITHIN);
        self.ours.insert(labels, Told { notification: notification.clone(), until });
        for alertmanager in &self.alertmanagers {
            alertmanager.hear(News::Told(notification.clone()));
        }
        if let Some(tap) = &self.tap {
            let _gone = tap.send(notification);
        }
    }

    /// How long ago the worker last looked for something to do that has not for the longest time.
    pub(super) fn slowest(&self) -> Duration {
        self.alertmanagers.iter().map(|it| it.beat.age()).max().unwrap_or_default()
    }

    /// Says again what fires: after a pause it may be over in the eyes of an Alertmanager.
    pub(super) fn tell_again(&self) {
        for alertmanager in &self.alertmanagers {
            alertmanager.beat.turn();
            alertmanager.hear(News::Again);
        }
    }

    /// Alertmanagers tell us our own alerts too: those are left out.
    pub(super) fn without_ours(&mut self, event: Event, now: Moment) -> Event {
        let Event::Others(mut firing) = event else { return event };
        self.ours.retain(|_, told| told.until.is_none_or(|it| it > now.up));
        firing.retain(|it| !self.ours.contains_key(it));
        Event::Others(firing)
    }
}

/// A number for each Alertmanager.
fn ears(settings: &Settings) -> Vec<u64> {
    settings.alertmanagers.iter().map(|it| ear(&it.url)).collect()
}

/// A worker for each Alertmanager.
fn workers(settings: &Settings, page: &Url, workshop: Workshop<'_>) -> Vec<Worker> {
    let fixed = settings.generator_url.clone().map(Origin::Fixed);
    let origin =
        fixed.unwrap_or_else(|| Origin::Page(settings.external_url.as_ref().unwrap_or(page).clone()));
    let manners = Manners::new(settings.resend_interval, settings.external_labels.clone(), Some(origin));
    let Workshop { dialer, own, journal, edges } = workshop;
    let start = |(position, endpoint): (usize, &Endpoint)| {
        let name = sink_name(position);
        let counts = Counts::new(&own.notifications, &name);
        let beat = counts.beat.clone();
        let on_end = journal.on_end(ear(&endpoint.url));
        let (ears, news) = mpsc::unbounded_channel();
        let listener = Listener { name, endpoint: endpoint.clone(), counts, on_end };
        edges.spawn(alertmanager::run(listener, dialer.clone(), manners.clone(), news, FLUSH_WITHIN));
        Worker { ears, beat }
    };
    settings.alertmanagers.iter().enumerate().map(start).collect()
}

/// For how long the end of an alert is told at the most.
const RESOLVE_HEARD_WITHIN: Duration = Duration::from_mins(15);

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn teller(external_labels: Labels) -> Teller {
        let page = "http://here/".parse().unwrap();
        Teller {
            alertmanagers: Vec::new(),
            tap: None,
            page,
            external_labels,
            ears: Vec::new(),
            ours: HashMap::new(),
        }
    }

    fn told(start: Moment, ends_at: Option<SystemTime>) -> Notification {
        Notification {
            labels: [("alertname", "A")].into_iter().collect(),
            annotations: std::collections::BTreeMap::default(),
            starts_at: start.wall,
            ends_at,
        }
    }

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
        let mut teller = teller(external_labels);
        let start = Moment::start(SystemTime::UNIX_EPOCH);
        let told = |ends_at| told(start, ends_at);
        let ours: Labels = [("alertname", "A"), ("vantage", "v1")].into_iter().collect();
        let theirs: Labels = [("alertname", "A"), ("vantage", "v2")].into_iter().collect();
        let both = [ours, theirs];
        teller.tell(told(None), start);
        assert_eq!(others(&mut teller, 100_000, &both), both[1..]);
        teller.tell(told(Some(start.wall)), start);
        assert_eq!(others(&mut teller, 899, &both), both[1..]);
        assert_eq!(others(&mut teller, 901, &both), both, "by now nobody has it from us any more");
    }

    #[tokio::test]
    async fn under_other_external_labels_an_alert_is_over_and_another_one_begins() {
        let start = Moment::start(SystemTime::UNIX_EPOCH);
        let mut teller = teller([("vantage", "v1")].into_iter().collect());
        let (ears, mut news) = mpsc::unbounded_channel();
        teller.alertmanagers = vec![Worker { ears, beat: Beat::new() }];
        let mut heard = async || match news.recv().await {
            Some(News::Told(it)) => Some(it),
            Some(News::Again) | None => None,
        };
        teller.tell(told(start, None), start);
        assert_eq!(heard().await.unwrap().ends_at, None);
        let external_labels = [("vantage", "v2")].into_iter().collect();
        let settings = Settings { external_labels, ..Settings::default() };
        let (dialer, own, mut edges) = (Dialer::system(), OwnMetrics::new("0"), JoinSet::new());
        let later = start.after(Duration::from_mins(1));
        let workshop =
            Workshop { dialer: &dialer, own: &own, journal: &Journal::without(), edges: &mut edges };
        teller.change(&settings, workshop, later);
        assert_eq!(heard().await.unwrap().ends_at, Some(later.wall));
        assert!(heard().await.is_none(), "whom the settings name no more hears no more");
        let of = |vantage| [("alertname", "A"), ("vantage", vantage)].into_iter().collect::<Labels>();
        assert_eq!(others(&mut teller, 70, &[of("v1"), of("v2")]), []);
        assert_eq!(others(&mut teller, 70 + 900, &[of("v1"), of("v2")]), [of("v1")]);
    }
}
