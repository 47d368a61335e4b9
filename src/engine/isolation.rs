//! Is it me? Whether it is the prober that is cut off, and not its targets that are gone.
//!
//! Some probes are controls: their targets are known to be well and stand near the prober's door. While
//! none of them can be reached, and neither can at least half of the targets that were asked since one
//! of them answered last, on at least [`HOSTS_MIN`] hosts, the prober takes itself to be cut off. Then
//! people hear of that once, and its targets' alerts wait. They wait until their targets have been asked
//! again after a control answered, at most for one turn of their probe: what the cut itself has
//! broken is not told.
//!
//! A target that went missing before a control answered says nothing about the prober, and counts neither
//! way. Without a control nothing is ever held back, and a verdict that is unknown moves nothing.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use crate::board::Board;
use crate::cause::{Cause, Judged, Verdict};
use crate::labels::Labels;
use crate::moment::Moment;
use crate::outcome::Phase;
use crate::plan::Probe;
use crate::target::{Target, TargetId};

use super::Engine;
use super::ourselves::{OwnAlert, OwnFinding};

/// The name of the alert about a prober that is cut off.
pub const PROBER_ISOLATED: &str = "ProberIsolated";

/// What is known of the way to everybody.
#[derive(Debug, Default)]
pub(super) struct Isolation {
    members: HashMap<TargetId, Member>,
    controls: BTreeSet<TargetId>,
    count: Count,
    /// Goes up whenever a control answers; what was seen in an earlier round does not count.
    round: u64,
    state: State,
    /// When the attempt began whose verdict came in this turn of the engine.
    heard: Option<Duration>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Connected,
    CutOff,
    /// The way is open again, and not everybody has been asked yet.
    Returning {
        /// Readings of attempts that began then are of the open way.
        since: Duration,
        /// When the way was found open.
        at: Duration,
        /// When the alerts of some probe wait no longer.
        ends: BTreeSet<Duration>,
    },
}

/// What a target is to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is watched for its own sake.
    Watched,
    /// It stands near the prober's door.
    Control,
}

#[derive(Debug)]
struct Member {
    role: Role,
    host: Arc<str>,
    /// The latest that we could tell.
    seen: Option<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    began: Duration,
    way: Way,
    /// The round in which it answered last, or in which it was missing first.
    round: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    Shut,
}

/// Those that are watched, as they fared in this round.
#[derive(Debug, Default)]
struct Count {
    answered: usize,
    missing: usize,
    /// How many are missing on each host.
    hosts: HashMap<Arc<str>, usize>,
}

impl Isolation {
    /// Takes a target in; one that is there keeps what was seen of it, unless its role is another.
    pub(super) fn set(&mut self, id: TargetId, role: Role, target: &Target) {
        if self.members.get(&id).is_some_and(|it| it.role == role) {
            return;
        }
        self.forget(id);
        self.members.insert(id, Member { role, host: host(&target.address).into(), seen: None });
        match role {
            Role::Watched => {}
            Role::Control => {
                self.controls.insert(id);
            }
        }
    }

    pub(super) fn forget(&mut self, id: TargetId) {
        self.controls.remove(&id);
        if let Some(Member { role: Role::Watched, host, seen: Some(seen) }) = self.members.remove(&id)
            && seen.round == self.round
        {
            self.count.take_off(&host, seen.way);
        }
    }

    /// A verdict has come.
    pub(super) fn heed(&mut self, now: Moment, id: TargetId, judged: &Judged) {
        let Some(way) = way(judged.verdict) else { return };
        let Some(member) = self.members.get_mut(&id) else { return };
        let began = now.up.saturating_sub(judged.outcome.duration);
        let before = member.seen;
        let round = match (before, way) {
            (Some(Seen { way: Way::Shut, round, .. }), Way::Shut) => round,
            (Some(_) | None, Way::Open | Way::Shut) => self.round,
        };
        member.seen = Some(Seen { began, way, round });
        self.heard = Some(began);
        match (member.role, way) {
            (Role::Watched, _) => {
                if let Some(seen) = before.filter(|it| it.round == self.round) {
                    self.count.take_off(&member.host, seen.way);
                }
                if round == self.round {
                    self.count.put_on(&member.host, way);
                }
            }
            (Role::Control, Way::Open) => self.begin_round(),
            (Role::Control, Way::Shut) => {}
        }
    }

    /// Whether it must be looked at anew who waits: the way is shut, or open again, or some have waited
    /// long enough.
    pub(super) fn decide<'a>(&mut self, now: Duration, probes: impl Iterator<Item = &'a Arc<Probe>>) -> bool {
        let heard = self.heard.take();
        let is_cut_off = self.is_cut_off();
        match &mut self.state {
            State::Connected | State::Returning { .. } if is_cut_off => self.state = State::CutOff,
            State::CutOff | State::Returning { .. } if self.controls.is_empty() => {
                self.state = State::Connected;
            }
            State::CutOff if !is_cut_off => {
                let ends = probes.map(|it| now.saturating_add(turn(it))).collect();
                self.state = State::Returning { since: heard.unwrap_or(now), at: now, ends };
            }
            State::Returning { ends, .. } => {
                let before = ends.len();
                ends.retain(|it| *it > now);
                let (passed, is_over) = (ends.len() < before, ends.is_empty());
                if is_over {
                    self.state = State::Connected;
                    self.begin_round();
                }
                return passed || is_over;
            }
            State::Connected | State::CutOff => return false,
        }
        true
    }

    /// When somebody will have waited long enough.
    pub(super) fn next_wakeup(&self) -> Option<Duration> {
        match &self.state {
            State::Connected | State::CutOff => None,
            State::Returning { ends, .. } => ends.first().copied(),
        }
    }

    /// Whether anybody may have to wait.
    pub(super) fn is_closed(&self) -> bool {
        match self.state {
            State::Connected => false,
            State::CutOff | State::Returning { .. } => true,
        }
    }

    /// Whether an alert of that target (or group) of the probe waits.
    pub(super) fn holds(&self, now: Duration, target: TargetId, probe: &Probe) -> bool {
        match &self.state {
            State::Connected => false,
            State::CutOff => true,
            State::Returning { since, at, .. } => {
                let seen = self.members.get(&target).and_then(|it| it.seen);
                let is_fresh = seen.is_some_and(|it| it.began >= *since);
                !is_fresh && now < at.saturating_add(turn(probe))
            }
        }
    }

    /// While the way is shut the rounds stand still: what is missing is missing for that reason.
    fn begin_round(&mut self) {
        match self.state {
            State::Connected if self.controls.iter().any(|it| self.is(*it, Way::Open)) => {
                self.round += 1;
                self.count = Count::default();
            }
            State::Connected | State::CutOff | State::Returning { .. } => {}
        }
    }

    fn is_cut_off(&self) -> bool {
        let Count { answered, missing, hosts } = &self.count;
        let many = *missing > 0 && missing >= answered && hosts.len() >= HOSTS_MIN;
        many && !self.controls.is_empty() && self.controls.iter().all(|it| self.is(*it, Way::Shut))
    }

    fn is(&self, id: TargetId, way: Way) -> bool {
        self.members.get(&id).and_then(|it| it.seen).is_some_and(|it| it.way == way)
    }

    /// What people read of it: a line, and the evidence.
    fn told(&self, board: &Board) -> (String, String) {
        let Count { answered, missing, hosts } = &self.count;
        let (asked, controls) = (answered + missing, self.controls.len());
        let summary = format!(
            "this prober is cut off: {missing} of {asked} targets cannot be reached, and none of {controls} controls"
        );
        let mut text = format!(
            "{missing} of {asked} targets on {} hosts went missing together; their alerts wait\n",
            hosts.len()
        );
        for id in self.controls.iter().take(CONTROLS_TOLD) {
            let Some(entry) = board.entry(*id) else { continue };
            let Some(judged) = &entry.judged else { continue };
            let phase = match judged.verdict.phase_name() {
                "" => String::new(),
                phase => format!(" ({phase})"),
            };
            let since = entry.since.map(|it| humantime::format_rfc3339_seconds(it).to_string());
            let (address, cause) = (&entry.target.address, judged.verdict.cause_name());
            let since = since.unwrap_or_default();
            writeln!(text, "control {address} of {}: {cause}{phase} since {since}", entry.probe)
                .expect("a string takes what is written");
        }
        if controls > CONTROLS_TOLD {
            writeln!(text, "and {} more controls", controls - CONTROLS_TOLD)
                .expect("a string takes what is written");
        }
        (summary, text.trim_end().to_owned())
    }
}

impl Count {
    fn put_on(&mut self, host: &Arc<str>, way: Way) {
        match way {
            Way::Open => self.answered += 1,
            Way::Shut => {
                self.missing += 1;
                *self.hosts.entry(Arc::clone(host)).or_default() += 1;
            }
        }
    }

    fn take_off(&mut self, host: &Arc<str>, way: Way) {
        match way {
            Way::Open => self.answered -= 1,
            Way::Shut => {
                self.missing -= 1;
                let left = self.hosts.get_mut(host).expect("who is missing is counted on its host");
                *left -= 1;
                if *left == 0 {
                    self.hosts.remove(host);
                }
            }
        }
    }
}

impl Engine {
    /// Whether it is us; what begins or ends with that is done here.
    pub(super) fn ask_ourselves(&mut self, now: Moment) {
        if self.isolation.decide(now.up, self.probes.values()) {
            self.world.ledger.touch_all();
        }
        let found = match self.isolation.state {
            State::CutOff => {
                let (summary, description) = self.isolation.told(&self.world.board);
                vec![OwnFinding { labels: Labels::default(), summary, description }]
            }
            State::Connected | State::Returning { .. } => Vec::new(),
        };
        self.tell_of_ourselves(now, OwnAlert::ProberIsolated, found);
    }
}

/// What a verdict says of the way to the target; none where it says nothing.
fn way(verdict: Verdict) -> Option<Way> {
    match verdict {
        Verdict::Success => Some(Way::Open),
        Verdict::Unknown(_) | Verdict::Failure(Cause::TargetDenied, _) => None,
        Verdict::Failure(Cause::DeadlineExceeded, _) => Some(Way::Shut),
        Verdict::Failure(_, phase) => Some(match phase {
            Phase::Resolve | Phase::Connect => Way::Shut,
            Phase::Tls | Phase::Processing | Phase::Transfer | Phase::Check => Way::Open,
        }),
    }
}

/// The time in which each target of the probe has been asked once more, and has its verdict.
fn turn(probe: &Probe) -> Duration {
    probe.interval.saturating_add(probe.module.patience.max(probe.module.timeout))
}

/// The host of `host:port` or of a URL.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, it)| it);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    match authority.rsplit_once(':') {
        Some((host, _)) if !host.contains(':') || host.ends_with(']') => host,
        Some(_) | None => authority,
    }
}

/// On how many hosts targets must be missing.
const HOSTS_MIN: usize = 3;
/// How many controls the evidence names.
const CONTROLS_TOLD: usize = 10;

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_host_is_what_an_address_has_before_its_port() {
        let rows = [
            ("a:1", "a"),
            ("a", "a"),
            ("https://a.test:8443/x?y=b:1", "a.test"),
            ("[2001:db8::1]:80", "[2001:db8::1]"),
            ("2001:db8::1", "2001:db8::1"),
        ];
        for (address, expected) in rows {
            assert_eq!(host(address), expected, "{address}");
        }
    }
}
