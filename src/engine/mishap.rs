//! Which expressions fail, told when it begins and when it is over, and not at every look.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::condition::{Failed, Written};

/// An expression of an alert that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mishap {
    /// The alert's name.
    pub alert: Arc<str>,
    /// The expression; none where nobody knows which.
    pub written: Option<Arc<Written>>,
    /// What happened.
    pub error: String,
}

/// What there is to say about expressions that fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MishapNews {
    /// It fails, and did not before.
    Began(Mishap),
    /// It has not failed for a while.
    Ended(Mishap),
    /// So many fail that further ones are counted, and not told.
    TooMany,
}

/// The expressions that fail.
#[derive(Debug, Default)]
pub(super) struct Mishaps {
    /// Until when each is thought to fail still.
    live: BTreeMap<Mishap, Duration>,
    too_many: bool,
    news: Vec<MishapNews>,
}

impl Mishaps {
    /// It fails now; within `quiet` it would fail again.
    pub(super) fn note(&mut self, now: Duration, alert: &Arc<str>, failed: &Failed, quiet: Duration) {
        let Failed { message, written, .. } = failed;
        let mishap = Mishap { alert: Arc::clone(alert), written: written.clone(), error: message.clone() };
        let until = now.saturating_add(quiet.max(QUIET_MIN));
        if let Some(known) = self.live.get_mut(&mishap) {
            *known = until;
        } else if self.live.len() < TOLD_MAX {
            self.live.insert(mishap.clone(), until);
            self.news.push(MishapNews::Began(mishap));
        } else if !std::mem::replace(&mut self.too_many, true) {
            self.news.push(MishapNews::TooMany);
        }
    }

    /// What there is to say since this was asked last.
    pub(super) fn take(&mut self, now: Duration) -> Vec<MishapNews> {
        let over: Vec<Mishap> =
            self.live.iter().filter(|(_, until)| **until <= now).map(|(it, _)| it.clone()).collect();
        for it in over {
            self.live.remove(&it);
            self.news.push(MishapNews::Ended(it));
        }
        self.too_many &= self.live.len() == TOLD_MAX;
        std::mem::take(&mut self.news)
    }
}

/// How long nothing must fail at the least until it is over.
const QUIET_MIN: Duration = Duration::from_mins(5);
/// How many are told at once.
const TOLD_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(message: &str) -> Failed {
        Failed { message: message.to_owned(), no_answer: false, written: None }
    }

    fn told(news: &[MishapNews]) -> Vec<String> {
        let name = |it: &MishapNews| match it {
            MishapNews::Began(it) => format!("{} begins", it.error),
            MishapNews::Ended(it) => format!("{} ends", it.error),
            MishapNews::TooMany => "too many".to_owned(),
        };
        news.iter().map(name).collect()
    }

    #[test]
    fn what_fails_is_told_once_until_it_has_been_well_for_a_while() {
        let (mut it, alert, interval) = (Mishaps::default(), Arc::from("A"), Duration::from_mins(4));
        let up = |minutes| Duration::from_mins(minutes);
        for minute in [0, 4, 4, 8] {
            it.note(up(minute), &alert, &failed("x"), interval * 3);
        }
        assert_eq!(told(&it.take(up(19))), ["x begins"]);
        it.note(up(19), &alert, &failed("y"), Duration::ZERO);
        assert_eq!(told(&it.take(up(20))), ["y begins", "x ends"]);
        it.note(up(21), &alert, &failed("x"), interval);
        assert_eq!(told(&it.take(up(22))), ["x begins"]);
        assert_eq!(told(&it.take(up(24))), ["y ends"]);
    }

    #[test]
    fn of_very_many_the_first_hundred_are_told_and_that_there_are_more() {
        let (mut it, alert) = (Mishaps::default(), Arc::from("A"));
        for number in 0..1000 {
            it.note(Duration::ZERO, &alert, &failed(&number.to_string()), Duration::ZERO);
        }
        let news = it.take(Duration::ZERO);
        assert_eq!((news.len(), news.last()), (101, Some(&MishapNews::TooMany)));
        assert_eq!(it.take(Duration::from_mins(5)).len(), 100);
        it.note(Duration::from_mins(6), &alert, &failed("again"), Duration::ZERO);
        assert_eq!(told(&it.take(Duration::from_mins(6))), ["again begins"]);
    }
}
