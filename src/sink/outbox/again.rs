//! After a pause: what fires may be over in the eyes of the other side, because nobody said meanwhile that
//! it goes on.

use super::{Lane, Outbox, Standing};
use crate::moment::Moment;

impl Outbox {
    /// Whatever fires is due at once, however lately it was heard. The machine may have slept: what the
    /// other side's clock said does not count any more.
    pub fn say_again(&mut self, now: Moment) {
        self.clock = None;
        self.say_what_fires(now);
    }

    pub(super) fn say_what_fires(&mut self, now: Moment) {
        let fires = |lane: &Lane| {
            let says =
                lane.incidents.front().is_some_and(|it| it.standing == Standing::Heard && !it.is_over());
            // What is on its way is being said.
            says && lane.due.is_some()
        };
        let ids: Vec<_> = self.lanes.iter().filter(|(_, it)| fires(it)).map(|(id, _)| *id).collect();
        for id in ids {
            self.plan(id, now.up);
        }
    }
}
