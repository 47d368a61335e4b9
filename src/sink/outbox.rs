//! What one Alertmanager has yet to hear, and when. Pure: time is an argument, and sending is left to
//! [`super::alertmanager`].
//!
//! Nothing queues up: of each incident only the newest notification is kept. Nothing is dropped: it
//! stays until it was heard. Incidents of the same labels take turns, so that the end of one is heard
//! before the beginning of the next.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use url::Url;

use crate::labels::{FNV_OFFSET, Labels, fnv1a};
use crate::moment::Moment;
use crate::notification::{Incident, Notification};

mod again;
mod batch;
mod clock;
mod manners;
pub use batch::Batch;
pub use manners::{Manners, Origin};

/// How a batch was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// Heard.
    Taken,
    /// Something in it is not acceptable. What is acceptable may have been stored all the same.
    Refused,
    /// It is too long.
    TooLong,
    /// Not now, but after that time.
    NotNow(Duration),
    /// No answer, or one that says nothing about what was sent.
    Failed,
}

/// What one reception meant for how many alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Heard.
    pub delivered: u64,
    /// Incidents whose end was among that.
    pub ended: Vec<Incident>,
    /// To be tried again.
    pub failed: u64,
    /// Set aside, because it was refused alone.
    pub rejected: Option<Labels>,
}

/// What one Alertmanager has yet to hear.
#[derive(Debug)]
pub struct Outbox {
    manners: Manners,
    lanes: HashMap<u64, Lane>,
    lane_ids: HashMap<Labels, u64>,
    /// When each lane wants to be sent next; a lane stands here once at the most.
    agenda: BTreeSet<(Duration, u64)>,
    /// Parts of a batch that was refused, each to be sent alone to find what is wrong in it.
    suspects: Vec<Vec<Entry>>,
    alerts_max: usize,
    bytes_max: usize,
    not_before: Duration,
    clock: Option<clock::Clock>,
    failures: u32,
    expired: u64,
    last_number: u64,
}

/// All incidents of one label set, in the order in which they began. The first is the one to send.
#[derive(Debug)]
struct Lane {
    labels: Labels,
    incidents: VecDeque<Item>,
    /// Where it stands in the agenda.
    due: Option<Duration>,
}

#[derive(Debug)]
struct Item {
    notification: Notification,
    generator_url: Option<Url>,
    /// Names what the notification says: it changes when that does.
    version: u64,
    standing: Standing,
    /// When it was first known to be over.
    over_since: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Unheard,
    Heard,
    /// Refused for what it says.
    Aside,
}

/// One alert of a batch, and what it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    lane: u64,
    version: u64,
}

impl Outbox {
    /// An outbox with nothing to say.
    pub fn new(manners: Manners) -> Self {
        Self {
            manners,
            lanes: HashMap::new(),
            lane_ids: HashMap::new(),
            agenda: BTreeSet::new(),
            suspects: Vec::new(),
            alerts_max: BATCH_ALERTS_MAX,
            bytes_max: BATCH_BYTES_MAX,
            not_before: Duration::ZERO,
            clock: None,
            failures: 0,
            expired: 0,
            last_number: 0,
        }
    }

    /// Takes in the newest of an incident. What is already over stays over.
    pub fn take(&mut self, notification: Notification, now: Moment) {
        let generator_url = self.manners.origin.as_ref().map(|it| it.of(&notification));
        let labels = self.manners.external_labels.with(notification.labels.iter());
        let notification = Notification { labels, ..notification };
        let version = self.number();
        let labels = &notification.labels;
        let id = *self.lane_ids.entry(labels.clone()).or_insert(version);
        let lane = self.lanes.entry(id).or_insert_with(|| Lane::new(labels.clone()));
        let over_since = notification.ends_at.map(|_| now.up);
        match lane.incidents.iter_mut().find(|it| it.notification.starts_at == notification.starts_at) {
            Some(known) if known.is_over() || known.notification == notification => return,
            Some(known) => {
                *known =
                    Item { notification, generator_url, version, standing: Standing::Unheard, over_since }
            }
            None => {
                let item =
                    Item { notification, generator_url, version, standing: Standing::Unheard, over_since };
                lane.enter(item);
            }
        }
        self.expired += lane.make_way();
        self.plan(id, now.up);
    }

    /// The next batch, if something is due and no pause is on. One batch at a time may be on its way.
    pub fn batch(&mut self, now: Moment) -> Option<Batch> {
        if now.up < self.not_before {
            return None;
        }
        while let Some(mut suspects) = self.suspects.pop() {
            suspects.retain(|it| self.lanes.get(&it.lane).is_some_and(|lane| lane.says(it.version)));
            if !suspects.is_empty() {
                return Some(self.write(suspects, now));
            }
        }
        let mut entries = Vec::new();
        while entries.len() < self.alerts_max {
            let Some(&(due, id)) = self.agenda.first() else { break };
            if due > now.up {
                break;
            }
            self.agenda.pop_first();
            let Some(lane) = self.lanes.get_mut(&id) else { continue };
            lane.due = None;
            self.expired += lane.forget_the_past(now.up);
            match lane.incidents.front() {
                Some(item) => entries.push(Entry { lane: id, version: item.version }),
                None => self.close_lane(id),
            }
        }
        (!entries.is_empty()).then(|| self.write(entries, now))
    }

    /// Takes in how a batch was received.
    pub fn settle(&mut self, batch: Batch, reception: Reception, now: Moment) -> Settled {
        let mut entries = batch.entries;
        let count = entries.len() as u64;
        match reception {
            Reception::Taken => {
                self.failures = 0;
                self.alerts_max = (self.alerts_max * 2).min(BATCH_ALERTS_MAX);
                let ended = entries.iter().filter_map(|it| self.end_that_says(*it)).collect();
                self.mark(&entries, Standing::Heard, now.up);
                Settled { delivered: count, ended, ..Settled::default() }
            }
            Reception::Refused | Reception::TooLong if entries.len() > 1 => {
                if reception == Reception::TooLong {
                    self.bytes_max = (batch.body.len() / 2).max(BATCH_BYTES_LEAST);
                }
                let second_half = entries.split_off(entries.len() / 2);
                self.suspects.extend([second_half, entries]);
                Settled::default()
            }
            Reception::Refused | Reception::TooLong => {
                self.failures = 0;
                let labels = entries.first().map(|it| self.labels_of(*it)).unwrap_or_default();
                self.mark(&entries, Standing::Aside, now.up);
                Settled { rejected: Some(labels), ..Settled::default() }
            }
            Reception::NotNow(wait) => {
                // Longer than this, and what fires would be taken for over.
                let wait = wait.min(self.manners.resend_interval * (ENDS_AT_RESENDS - 2));
                self.try_again(&entries, now.up, wait);
                Settled { failed: count, ..Settled::default() }
            }
            Reception::Failed => {
                self.failures = self.failures.saturating_add(1);
                // Should one alert be what the other side stumbles over, the others get past it.
                self.alerts_max = (entries.len() / 2).max(1);
                self.try_again(&entries, now.up, self.pause());
                Settled { failed: count, ..Settled::default() }
            }
        }
    }

    /// When something is due, by [`Moment::up`]. While a batch is on its way, its settling comes first.
    pub fn next_wakeup(&self) -> Option<Duration> {
        if !self.suspects.is_empty() {
            return Some(self.not_before);
        }
        self.agenda.first().map(|(due, _)| (*due).max(self.not_before))
    }

    /// How many alerts were given up since this was asked last: over, and unheard for a day or in
    /// the way of too many others of the same labels.
    pub fn take_expired(&mut self) -> u64 {
        std::mem::take(&mut self.expired)
    }

    /// Forgets what was heard, so that what remains is all that must be said before the end.
    pub fn keep_only_unheard(&mut self) {
        self.lanes.retain(|_, lane| {
            lane.incidents.retain(|it| it.standing == Standing::Unheard);
            !lane.incidents.is_empty()
        });
        self.lane_ids.retain(|_, id| self.lanes.contains_key(id));
        self.agenda.retain(|(_, id)| self.lanes.contains_key(id));
    }

    /// Whether there is nothing to say, now or later.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn close_lane(&mut self, id: u64) {
        if let Some(lane) = self.lanes.remove(&id) {
            self.lane_ids.remove(&lane.labels);
        }
    }

    /// Puts the lane on the agenda for `due`, in place of what stood there.
    fn plan(&mut self, id: u64, due: Duration) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        if let Some(before) = lane.due.replace(due) {
            self.agenda.remove(&(before, id));
        }
        self.agenda.insert((due, id));
    }

    /// Notes how what was sent was received, unless something newer is to be said meanwhile.
    fn mark(&mut self, entries: &[Entry], standing: Standing, up: Duration) {
        for entry in entries {
            let Some(lane) = self.lanes.get_mut(&entry.lane).filter(|it| it.says(entry.version)) else {
                continue;
            };
            if let Some(item) = lane.incidents.front_mut() {
                item.standing = standing;
            }
            self.expired += lane.make_way();
            let next = lane.incidents.front().map_or(standing, |it| it.standing);
            let wait = match next {
                Standing::Unheard => Duration::ZERO,
                Standing::Heard => self.manners.resend_interval,
                Standing::Aside => ASIDE_FOR,
            };
            self.plan(entry.lane, up + wait);
        }
    }

    fn try_again(&mut self, entries: &[Entry], up: Duration, wait: Duration) {
        self.not_before = up + wait;
        for entry in entries {
            // Behind what has not been tried yet; what has news meanwhile is on the agenda already.
            if self.lanes.get(&entry.lane).is_some_and(|it| it.due.is_none()) {
                self.plan(entry.lane, up);
            }
        }
    }

    /// Twice as long with each failure, shortened by up to a half so that many do not come at once.
    fn pause(&self) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(16);
        let whole = self.manners.pause_min.saturating_mul(1 << doublings).min(self.manners.pause_max);
        let hash = fnv1a(FNV_OFFSET ^ self.manners.seed, &format!("{} {}", self.last_number, self.failures));
        whole.mul_f64(0.5 + f64::from((hash >> 32) as u32) / f64::from(u32::MAX) / 2.0)
    }

    /// The incident of whose end that told.
    fn end_that_says(&self, entry: Entry) -> Option<Incident> {
        let lane = self.lanes.get(&entry.lane).filter(|it| it.says(entry.version))?;
        lane.incidents.front().filter(|it| it.is_over()).map(|it| it.notification.incident())
    }

    fn labels_of(&self, entry: Entry) -> Labels {
        self.lanes.get(&entry.lane).map(|it| it.labels.clone()).unwrap_or_default()
    }
}

impl Lane {
    fn new(labels: Labels) -> Self {
        Self { labels, incidents: VecDeque::new(), due: None }
    }

    /// Takes in an incident that is new here. What goes on began after whatever is over, in whichever order
    /// they come.
    fn enter(&mut self, item: Item) {
        let goes_on = self.incidents.back().is_some_and(|it| !it.is_over());
        let at = self.incidents.len() - usize::from(item.is_over() && goes_on);
        self.incidents.insert(at, item);
    }

    /// Whether that is what is to be said next.
    fn says(&self, version: u64) -> bool {
        self.incidents.front().is_some_and(|it| it.version == version)
    }

    /// Lets the next incident come forward once the end of the first was heard (or will not be), and
    /// returns how many were given up unheard because too many wait.
    fn make_way(&mut self) -> u64 {
        while self.incidents.len() > 1
            && self.incidents.front().is_some_and(|it| it.standing != Standing::Unheard || !it.is_over())
        {
            self.incidents.pop_front();
        }
        let too_many = self.incidents.len().saturating_sub(LANE_INCIDENTS_MAX);
        self.incidents.drain(..too_many);
        too_many as u64
    }

    /// Drops what was over long ago, and returns how many of those were never heard.
    fn forget_the_past(&mut self, up: Duration) -> u64 {
        let mut unheard = 0;
        self.incidents.retain(|it| {
            let age = it.over_since.map_or(Duration::ZERO, |since| up.saturating_sub(since));
            let keep = match it.standing {
                Standing::Heard => age < RESOLVED_FOR,
                Standing::Unheard | Standing::Aside => age < UNHEARD_FOR,
            };
            unheard += u64::from(!keep && it.standing != Standing::Heard);
            keep
        });
        unheard
    }
}

impl Item {
    fn is_over(&self) -> bool {
        self.notification.ends_at.is_some()
    }
}

/// How many resend intervals `endsAt` of an alert that fires is ahead, as Prometheus has it.
const ENDS_AT_RESENDS: u32 = 4;
/// How long the end of an incident is resent.
const RESOLVED_FOR: Duration = Duration::from_mins(15);
/// After that time nobody needs to hear of the end of an incident.
const UNHEARD_FOR: Duration = Duration::from_hours(24);
/// After that time what was refused is tried once more: the other side may have changed.
const ASIDE_FOR: Duration = Duration::from_mins(10);
const BATCH_ALERTS_MAX: usize = 64;
const BATCH_BYTES_MAX: usize = 1 << 20;
/// Below that, a batch is not what is too long.
const BATCH_BYTES_LEAST: usize = 4 << 10;
/// Ended incidents of one label set that wait to be heard, and the one that fires.
const LANE_INCIDENTS_MAX: usize = 16;

#[cfg(test)]
mod tests;
