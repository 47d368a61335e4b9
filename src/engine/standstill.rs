//! We stood still, or somebody had to wait for us: of whom nothing is known any more, and which clocks
//! have not run.

use std::sync::Arc;
use std::time::Duration;

use crate::moment::Moment;
use crate::outcome::OwnSide;

use super::Engine;
use super::ourselves::OwnAlert;
use super::turn::ours;

impl Engine {
    /// We stood still, and have just begun to look again: while nobody looked, no clock ran, and what was
    /// seen before is of no use where a reading is missing.
    pub(super) fn stand_still(&mut self, now: Moment, stood: Duration, lasted: Duration) {
        let before = now.up.saturating_sub(stood);
        let keys: Vec<_> = self.alarms.iter().map(|(key, _)| key.clone()).collect();
        for key in keys.iter().filter(|it| OwnAlert::of(it).is_none()) {
            let Some(alarm) = self.alarms.get_mut(key) else { continue };
            alarm.rule.stand_still(before);
            self.alarms.set_timer(key, None);
        }
        for target in self.schedule.paused(now.up, lasted) {
            self.judge(now, target, Arc::new(ours(now, OwnSide::Paused)), false);
        }
    }

    /// Of whom has waited for a place for a whole interval we cannot tell any more how they fare.
    pub(super) fn give_up_waiting(&mut self, now: Moment) {
        for target in self.schedule.overrun(now.up) {
            self.judge(now, target, Arc::new(ours(now, OwnSide::Overrun)), false);
        }
    }
}
