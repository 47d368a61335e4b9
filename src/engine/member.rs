//! What is told of a group: how many of its members fare how, and a line for each, in the order that the
//! drop-in asks for.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::condition::{Failed, Order, Rank};
use crate::labels::Labels;
use crate::plan::{Grouping, Members};
use crate::view::{CheckAnswer, Reading, Tally, View};

use super::groups::Muster;

/// How the members of a group fare, as a scope would count them.
pub(super) fn tally(muster: &Muster) -> Tally {
    let mut causes = BTreeMap::new();
    for it in muster.readings.iter().filter(|it| it.failing) {
        *causes.entry(it.cause).or_default() += 1;
    }
    let count = |it: usize| it as u64;
    Tally {
        watched: count(muster.readings.len() + muster.ignored),
        failing: count(muster.readings.iter().filter(|it| it.failing).count()),
        unknown: count(muster.readings.iter().filter(|it| it.unknown).count()),
        ignored: count(muster.ignored),
        causes,
        distinct: BTreeMap::new(),
        targets: Vec::new(),
    }
}

/// The members that are told, in their order. A member whose place could not be found stands last.
pub(super) fn in_order<'a>(
    grouping: &Grouping,
    muster: &'a Muster,
    now: SystemTime,
    failures: &mut Vec<Failed>,
) -> Vec<&'a Reading> {
    let Members { order_by, first, .. } = &grouping.members;
    let mut rank = |order: &Order, reading: &Reading| {
        order.rank(&Member { reading, now }).unwrap_or_else(|failed| {
            failures.extend((!failed.no_answer).then_some(failed));
            Rank::Last
        })
    };
    let mut ranked: Vec<(Vec<Rank>, &Reading)> = muster
        .readings
        .iter()
        .map(|reading| (order_by.iter().map(|it| rank(it, reading)).collect(), reading))
        .collect();
    // The readings stand in the order of their labels, and a stable sort leaves equals so.
    ranked.sort_by(|one, other| one.0.cmp(&other.0));
    ranked.truncate(*first);
    ranked.into_iter().map(|(_, reading)| reading).collect()
}

/// A line for each member that is told, and how many more there are.
pub(super) fn lines(
    grouping: &Grouping,
    muster: &Muster,
    now: SystemTime,
    failures: &mut Vec<Failed>,
) -> Vec<String> {
    let told = in_order(grouping, muster, now, failures);
    let more = muster.readings.len() - told.len();
    let mut lines = Vec::with_capacity(told.len() + 1);
    for reading in told {
        let line = grouping.members.show.render(&Member { reading, now }).unwrap_or_else(|failed| {
            let line = format!("{}: {}", reading.address, failed.message);
            failures.extend((!failed.no_answer).then_some(failed));
            line
        });
        lines.push(on_one_line(&line));
    }
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines
}

/// What a target answered may stand in a line, and must not break it.
fn on_one_line(text: &str) -> String {
    let plain: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let words: Vec<_> = plain.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LINE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What is seen of one member of a group.
struct Member<'a> {
    reading: &'a Reading,
    now: SystemTime,
}

impl View for Member<'_> {
    fn now(&self) -> SystemTime {
        self.now
    }

    fn labels(&self) -> Labels {
        self.reading.labels.clone()
    }

    fn target(&self) -> Reading {
        self.reading.clone()
    }

    fn scope(&self, _name: &str, _with_targets: bool) -> Option<Tally> {
        None
    }

    fn check(&self, _name: &str) -> Option<CheckAnswer> {
        None
    }

    fn query(&self, _name: &str) -> Option<f64> {
        None
    }

    fn firing_for(&self) -> Duration {
        Duration::ZERO
    }

    fn firing(&self, _alert: &str, _labels: &Labels) -> bool {
        false
    }
}

/// The longest line of a member.
const LINE_CHARS_MAX: usize = 300;
