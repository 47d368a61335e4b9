//! What conditions and templates can see. `condition` turns it into CEL's values, `rule` fills it
//! from the board; neither knows the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::labels::Labels;
use crate::outcome::TlsFacts;
use crate::text::Text;

pub use path::table;

mod path;

/// The world as one alert of one target sees it. Whoever asks for a part pays for that part alone.
pub trait View: Sync {
    /// The hour.
    fn now(&self) -> SystemTime;
    /// The target's labels, as people see them.
    fn labels(&self) -> Labels;
    /// The target's latest reading.
    fn target(&self) -> Reading;
    /// The tally of a scope of the alert, the one that the target belongs to. `with_targets` asks
    /// for the readings themselves too.
    fn scope(&self, name: &str, with_targets: bool) -> Option<Tally>;
    /// What a follow-up check saw; `None` while it has no answer.
    fn check(&self, name: &str) -> Option<CheckAnswer>;
    /// What Prometheus answered; `None` while it has not.
    fn query(&self, name: &str) -> Option<f64>;
    /// How long the alert has been firing; zero while it is not.
    fn firing_for(&self) -> Duration;
    /// Whether an alert of that name fires whose labels have all of these.
    fn firing(&self, alert: &str, labels: &Labels) -> bool;
    /// The text that is judged: of a target the first bytes of its body, as its address gave it.
    fn text(&self) -> Arc<Text> {
        let target = self.target();
        Arc::new(Text::answered(&target.address, &target.body))
    }
    /// Whether an alert fires whose name begins so.
    fn firing_prefix(&self, _prefix: &str) -> bool {
        false
    }
    /// The readings of the alert's group, in the order of their labels; none where the alert is about
    /// one target.
    fn members(&self) -> Vec<Reading> {
        Vec::new()
    }
    /// The readings of another probe's targets that have the labels of the alert's group.
    fn members_of(&self, _probe: &str) -> Vec<Reading> {
        Vec::new()
    }
}

/// One target's latest reading, in the words of conditions. Before the first answer it is unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The target's labels, as people see them.
    pub labels: Labels,
    /// The target's address, as it was given.
    pub address: Arc<str>,
    /// The verdict is a failure.
    pub failing: bool,
    /// We cannot tell.
    pub unknown: bool,
    /// The cause's name, or `""`.
    pub cause: &'static str,
    /// The phase's name, or `""`.
    pub phase: &'static str,
    /// The HTTP status, or 0.
    pub status: u16,
    /// How long the attempt took, at most its timeout.
    pub duration: Duration,
    /// The timeout it had.
    pub timeout: Duration,
    /// How long a late answer took.
    pub answered_after: Option<Duration>,
    /// How long it was waited for in vain.
    pub silent_for: Option<Duration>,
    /// Bytes of the decoded body.
    pub body_bytes: u64,
    /// The first bytes of the body, as text.
    pub body: Arc<str>,
    /// Samples of an exposition.
    pub samples: u64,
    /// The address that was dialled, with its port, or `""`.
    pub peer: Arc<str>,
    /// The value of a series, for `query`; of several series their sum.
    pub value: Option<f64>,
    /// What its series bear, those labels among them that do not say who it is about.
    pub notes: Labels,
    /// The earliest end of a certificate of the chain.
    pub certificate_not_after: Option<SystemTime>,
    /// What its handshake showed; none where it showed no certificate.
    pub tls: Option<Arc<TlsFacts>>,
    /// Since when the verdict is of its kind (success, failure, unknown); none before the first.
    pub since: Option<SystemTime>,
    /// The readings of its partners among the targets of other probes, by the name of the `join`.
    pub joined: Arc<BTreeMap<Arc<str>, Reading>>,
}

/// How the targets of a scope fare, by their latest readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// How many there are.
    pub watched: u64,
    /// How many of them fail (and, where the scope says which failures count, by those alone).
    pub failing: u64,
    /// Of how many we cannot tell, those not asked yet among them.
    pub unknown: u64,
    /// How many are left out on purpose.
    pub ignored: u64,
    /// The failing ones by cause.
    pub causes: BTreeMap<&'static str, u64>,
    /// For each label that the scope counts: how many different values the failing ones have.
    pub distinct: BTreeMap<Arc<str>, u64>,
    /// The readings, where they were asked for, in the order of their labels.
    pub targets: Vec<Reading>,
}

impl Tally {
    /// The share that fails of those that we can tell of: 0.0 to 1.0; 0.0 where there is none.
    pub fn share(&self) -> f64 {
        let known = self.watched.saturating_sub(self.unknown + self.ignored);
        #[expect(clippy::cast_precision_loss, reason = "counts of targets are far below 2^52")]
        if known == 0 { 0.0 } else { self.failing as f64 / known as f64 }
    }
}

/// What a follow-up check saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckAnswer {
    /// The reading, as a target has one.
    pub reading: Reading,
    /// The hops of a path, the nearest first.
    pub hops: Vec<Hop>,
}

/// One hop of a path, as `mtr` counts it: loss in percent, times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hop {
    /// Its address; `""` where nobody answers.
    pub address: String,
    /// Percent of the packets that were not answered: 0.0 to 100.0.
    pub loss: f64,
    /// Packets sent.
    pub sent: u64,
    /// Round trip of the last answer, in milliseconds.
    pub last: f64,
    /// Their mean.
    pub average: f64,
    /// The shortest.
    pub best: f64,
    /// The longest.
    pub worst: f64,
    /// Their standard deviation.
    pub deviation: f64,
}
