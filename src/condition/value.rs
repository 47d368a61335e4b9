//! What was seen, as CEL's values.
#![expect(clippy::unnecessary_wraps, reason = "they stand in one table with what may be missing")]

use std::time::{Duration, SystemTime};

use cel::ExecutionError;
use cel::common::types::{CelBool, CelDouble, CelDuration, CelInt, CelList, CelString, CelTimestamp};
use cel::common::value::Val;
use chrono::{DateTime, TimeDelta};

use super::world::Part;

/// A value for CEL, or why there is none.
pub(super) type Seen = Result<Box<dyn Val>, ExecutionError>;

pub(super) fn truth(it: bool) -> Seen {
    Ok(Box::new(CelBool::from(it)))
}

pub(super) fn count(it: u64) -> Seen {
    Ok(Box::new(CelInt::from(i64::try_from(it).unwrap_or(i64::MAX))))
}

pub(super) fn number(it: f64) -> Seen {
    Ok(Box::new(CelDouble::from(it)))
}

pub(super) fn text(it: &str) -> Seen {
    Ok(Box::new(CelString::from(it.to_owned())))
}

/// A duration; CEL's longest is 292 years.
pub(super) fn span(it: Duration) -> Seen {
    let nanos = i64::try_from(it.as_nanos()).unwrap_or(i64::MAX);
    Ok(Box::new(CelDuration::from(TimeDelta::nanoseconds(nanos))))
}

/// A point in time, held between the years 1 and 9999, which are CEL's.
pub(super) fn hour(it: SystemTime) -> Seen {
    let seconds = match it.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |it| -it - 1),
    };
    let nanos = match it.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.subsec_nanos(),
        Err(_) => 0,
    };
    let within = DateTime::from_timestamp(seconds.clamp(YEAR_1, YEAR_9999), nanos);
    let utc = within.expect("the years 1 to 9999 are chrono's too");
    Ok(Box::new(CelTimestamp::from(utc.fixed_offset())))
}

const YEAR_1: i64 = -62_135_596_800;
const YEAR_9999: i64 = 253_402_300_799;

/// A list of parts.
pub(super) fn list(parts: impl Iterator<Item = Part>) -> Seen {
    let parts: Vec<Box<dyn Val>> = parts.map(|it| Box::new(it) as Box<dyn Val>).collect();
    Ok(Box::new(CelList::from(parts)))
}

/// A list of texts.
pub(super) fn texts<'a>(all: impl Iterator<Item = &'a str>) -> Box<dyn Val> {
    let all: Vec<Box<dyn Val>> =
        all.map(|it| Box::new(CelString::from(it.to_owned())) as Box<dyn Val>).collect();
    Box::new(CelList::from(all))
}

/// The error of what has no answer: no mistake, and nothing for the log. To CEL it is a missing
/// key, so that `has` can ask for it.
pub(super) fn no_answer(why: &str) -> ExecutionError {
    ExecutionError::no_such_key(&format!("{NO_ANSWER}{why}"))
}

/// Why there is no answer, if that is what the error says.
pub(super) fn unanswered(error: &ExecutionError) -> Option<&str> {
    match error {
        ExecutionError::NoSuchKey(key) => key.strip_prefix(NO_ANSWER),
        _ => None,
    }
}

const NO_ANSWER: &str = "no answer: ";
