//! Which packet of a trace goes next, and what the answers add up to. It neither waits nor sends.
//!
//! The first round finds the end of the path: one packet after the other, each allowed one hop more,
//! until the target answers. The rounds after it ask the hops up to there, side by side.

use std::net::IpAddr;
use std::time::Duration;

use crate::outcome::{HopFacts, PathFacts, Refusal};
use crate::spec::PathSpec;

/// A trace on its way.
#[derive(Debug)]
pub(super) struct Trace {
    target: IpAddr,
    rounds: u32,
    pace: Duration,
    /// By their number less one; as many as there may be.
    hops: Vec<HopFacts>,
    /// The number of the nearest hop from which the target answered.
    target_at: Option<usize>,
    /// How many rounds are over; the first is the one that finds the end.
    round: u32,
    /// The number of the hop that is asked next in this round.
    next: usize,
    in_flight: usize,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A packet that is allowed so many hops.
    Send(u8),
    /// An answer, or the end of waiting for it, decides.
    Await,
    /// Everything was sent.
    Done,
}

/// How one packet ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landing {
    /// Somebody answered.
    Answered {
        /// Who.
        by: IpAddr,
        /// What was said of the way's end; none: the target took it, or its hops were used up.
        refusal: Option<Refusal>,
        /// From sending the packet until its answer.
        after: Duration,
    },
    /// Nobody did in time.
    Lost,
}

impl Trace {
    /// A trace to `target` that has not begun.
    pub(super) fn new(target: IpAddr, spec: &PathSpec) -> Self {
        Self {
            target,
            rounds: spec.count,
            pace: spec.pace,
            hops: vec![HopFacts::default(); usize::from(spec.hops_max.get())],
            target_at: None,
            round: 0,
            next: 1,
            in_flight: 0,
        }
    }

    /// What is to be done now. Asked again before anything was done, it says the same.
    pub(super) fn next(&mut self) -> Next {
        if self.round == 0 {
            let end_is_known = self.target_at.is_some() || self.refused_at().is_some();
            let all_are_asked = self.next > self.hops.len();
            match (end_is_known, all_are_asked) {
                (false, true) if self.in_flight > 0 => return Next::Await,
                (true, _) | (false, true) => (self.round, self.next) = (1, 1),
                (false, false) => {}
            }
        } else if self.next > self.reach() {
            (self.round, self.next) = (self.round + 1, 1);
        }
        if self.round >= self.rounds { Next::Done } else { Next::Send(hops(self.next)) }
    }

    /// The packet that [`Trace::next`] named is on its way.
    pub(super) fn sent(&mut self) {
        self.in_flight += 1;
        self.next += 1;
    }

    /// A packet that was allowed `hops` hops has ended.
    pub(super) fn landed(&mut self, hops: u8, landing: Landing) {
        self.in_flight -= 1;
        let at = usize::from(hops);
        let hop = &mut self.hops[at - 1];
        hop.sent += 1;
        match landing {
            Landing::Lost => {}
            Landing::Answered { by, refusal, after } => {
                hop.trips.add(after);
                hop.address = hop.address.or(Some(by));
                hop.refusal = hop.refusal.or(refusal);
                if by == self.target {
                    self.target_at = Some(self.target_at.map_or(at, |known| known.min(at)));
                }
            }
        }
    }

    /// The time from one packet to the next.
    pub(super) fn gap(&self) -> Duration {
        if self.round == 0 { self.pace / FINDING_SHARE } else { self.pace / u32::from(hops(self.reach())) }
    }

    /// What is known by now.
    pub(super) fn facts(&self) -> PathFacts {
        let end = self.target_at.or(self.refused_at()).unwrap_or(self.last_answering() + 1);
        let known = &self.hops[..end.min(self.hops.len())];
        let length = known.iter().rposition(|it| it.sent > 0).map_or(0, |at| at + 1);
        PathFacts { hops: known[..length].to_vec(), reached: self.target_at.is_some() }
    }

    /// How far packets are sent once the first round is over. Where the target is silent, a few
    /// hops more than have answered: it may have lost the first packet only.
    fn reach(&self) -> usize {
        let silent = || self.refused_at().unwrap_or(self.last_answering()) + SILENT_MORE;
        self.target_at.unwrap_or_else(silent).min(self.hops.len())
    }

    /// The number of the nearest hop where somebody on the way said that it ends there.
    fn refused_at(&self) -> Option<usize> {
        let refuses = |it: &HopFacts| it.refusal.is_some() && it.address != Some(self.target);
        self.hops.iter().position(refuses).map(|at| at + 1)
    }

    /// The number of the farthest hop that answered; 0 where none did.
    fn last_answering(&self) -> usize {
        self.hops.iter().rposition(|it| it.address.is_some()).map_or(0, |at| at + 1)
    }
}

fn hops(number: usize) -> u8 {
    u8::try_from(number).expect("a path has at most 255 hops")
}

/// How many packets of the first round go out in the time of a round: fast enough to end soon, slow
/// enough that the target's answer comes before many packets too many are sent to it.
const FINDING_SHARE: u32 = 10;

/// How many hops behind the last that answered are asked again.
const SILENT_MORE: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str = "192.0.2.99";

    fn spec(count: u32, hops_max: u8) -> PathSpec {
        PathSpec { count, hops_max: hops_max.try_into().unwrap(), ..PathSpec::default() }
    }

    fn trace(spec: &PathSpec) -> Trace {
        Trace::new(TARGET.parse().unwrap(), spec)
    }

    fn router(hops: u8) -> Landing {
        answer(&format!("192.0.2.{hops}"), None)
    }

    fn answer(by: &str, refusal: Option<Refusal>) -> Landing {
        Landing::Answered { by: by.parse().unwrap(), refusal, after: Duration::from_millis(2) }
    }

    const NO: Option<Refusal> = Some(Refusal { icmp_type: 3, code: 13 });

    /// Plays the trace against a network where each answer comes before the next packet is sent.
    /// Gives back the hops that each packet was allowed.
    fn play(trace: &mut Trace, mut network: impl FnMut(u8) -> Landing) -> Vec<u8> {
        let mut sent = Vec::new();
        loop {
            match trace.next() {
                Next::Send(hops) => {
                    trace.sent();
                    trace.landed(hops, network(hops));
                    sent.push(hops);
                }
                Next::Await => panic!("nothing is in flight"),
                Next::Done => return sent,
            }
        }
    }

    fn addresses(facts: &PathFacts) -> Vec<String> {
        let address = |it: &HopFacts| it.address.map_or("???".to_owned(), |it| it.to_string());
        facts.hops.iter().map(address).collect()
    }

    #[test]
    fn the_first_round_ends_with_the_target_and_the_others_stop_there() {
        let mut trace = trace(&spec(3, 30));
        let sent = play(&mut trace, |hops| if hops < 3 { router(hops) } else { answer(TARGET, None) });
        assert_eq!(sent, [1, 2, 3, 1, 2, 3, 1, 2, 3]);
        let facts = trace.facts();
        assert_eq!(addresses(&facts), ["192.0.2.1", "192.0.2.2", TARGET]);
        assert!(facts.reached && facts.hops.iter().all(|it| (it.sent, it.lost()) == (3, 0)));
    }

    #[test]
    fn a_target_that_loses_the_first_packet_is_not_put_one_hop_farther() {
        let mut trace = trace(&spec(4, 30));
        let mut first = true;
        let sent = play(&mut trace, |hops| match hops {
            1 => router(1),
            2 if std::mem::take(&mut first) => Landing::Lost,
            _ => answer(TARGET, None),
        });
        // The second round corrects the first before it comes to the third hop.
        assert_eq!(sent, [1, 2, 3, 1, 2, 1, 2, 1, 2]);
        let facts = trace.facts();
        assert_eq!(addresses(&facts), ["192.0.2.1", TARGET]);
        assert_eq!((facts.hops[1].sent, facts.hops[1].lost()), (4, 1));
    }

    #[test]
    fn a_silent_target_is_one_silent_hop_behind_the_last_that_answers() {
        let mut trace = trace(&spec(2, 8));
        let sent = play(&mut trace, |hops| if hops < 3 { router(hops) } else { Landing::Lost });
        assert_eq!(sent, [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5]);
        let facts = trace.facts();
        assert_eq!(addresses(&facts), ["192.0.2.1", "192.0.2.2", "???"]);
        assert_eq!((facts.reached, facts.hops[2].sent, facts.hops[2].lost()), (false, 2, 2));
    }

    #[test]
    fn silence_in_the_middle_does_not_end_the_path() {
        let mut trace = trace(&spec(1, 30));
        play(&mut trace, |hops| match hops {
            1 => router(1),
            9.. => answer(TARGET, None),
            _ => Landing::Lost,
        });
        let facts = trace.facts();
        assert_eq!((facts.hops.len(), facts.reached), (9, true));
    }

    #[test]
    fn whoever_says_that_the_way_ends_is_its_last_hop() {
        let mut trace = trace(&spec(2, 30));
        let sent = play(&mut trace, |hops| if hops < 3 { router(hops) } else { answer("192.0.2.2", NO) });
        assert_eq!(sent, [1, 2, 3, 1, 2, 3, 4, 5, 6]);
        let facts = trace.facts();
        assert_eq!(addresses(&facts), ["192.0.2.1", "192.0.2.2", "192.0.2.2"]);
        assert_eq!((facts.reached, facts.hops[1].refusal, facts.hops[2].refusal), (false, None, NO));
    }

    #[test]
    fn a_target_that_refuses_by_icmp_is_reached() {
        let mut trace = trace(&spec(1, 30));
        play(&mut trace, |hops| if hops < 2 { router(hops) } else { answer(TARGET, NO) });
        assert!(trace.facts().reached);
        assert_eq!(trace.facts().hops[1].refusal, NO);
    }

    #[test]
    fn what_is_still_under_way_is_not_lost() {
        let mut trace = trace(&spec(2, 30));
        for hops in 1..=3 {
            assert_eq!(trace.next(), Next::Send(hops));
            trace.sent();
        }
        assert_eq!(trace.facts(), PathFacts::default());
        trace.landed(1, router(1));
        trace.landed(3, answer(TARGET, None));
        let facts = trace.facts();
        assert_eq!(addresses(&facts), ["192.0.2.1", "???", TARGET]);
        assert_eq!((facts.hops[1].sent, facts.hops[1].lost()), (0, 0));
    }

    #[test]
    fn where_the_end_is_not_found_the_first_round_is_waited_for() {
        let mut trace = trace(&spec(2, 2));
        trace.next();
        trace.sent();
        trace.next();
        trace.sent();
        assert_eq!(trace.next(), Next::Await);
        trace.landed(2, Landing::Lost);
        assert_eq!(trace.next(), Next::Await);
        trace.landed(1, Landing::Lost);
        assert_eq!(trace.next(), Next::Send(1));
        assert_eq!(trace.facts().hops.len(), 1);
    }

    #[test]
    fn a_round_takes_its_pace_however_many_hops_it_has() {
        let mut trace = trace(&spec(2, 30));
        assert_eq!(trace.gap(), Duration::from_millis(10));
        play(&mut trace, |hops| if hops < 4 { router(hops) } else { answer(TARGET, None) });
        assert_eq!(trace.gap(), Duration::from_millis(25));
    }
}
