//! How many file descriptors there are, and so how many attempts may be under way: whoever tells people of
//! an outage must have one left for that.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracing::{debug, warn};

/// Raises the limit as far as it may be raised, and bounds the number of attempts by it.
pub(super) fn places(wanted: usize) -> usize {
    let (soft, hard) = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok(limits) => limits,
        Err(error) => {
            warn!(%error, "the limit of file descriptors cannot be read");
            return wanted;
        }
    };
    let limit = match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(error) => {
            debug!(%error, soft, hard, "the limit of file descriptors cannot be raised");
            soft
        }
    };
    let places = bounded(limit, wanted);
    if places < wanted {
        let help = "raise the limit (LimitNOFILE, ulimit -n), or lower --probe.concurrency";
        warn!(limit, wanted, places, help, "fewer attempts than wanted may be under way at once");
    }
    places
}

/// Two descriptors for each attempt, and the rest is kept. Where there are hardly any, a quarter of them
/// goes to attempts.
fn bounded(limit: u64, wanted: usize) -> usize {
    let most = (limit.saturating_sub(RESERVED) / EACH).max(limit / 4 / EACH).max(1);
    wanted.min(usize::try_from(most).unwrap_or(usize::MAX))
}

/// A connection, and the question to a name server before it.
const EACH: u64 = 2;
/// For the Alertmanagers, Prometheus, whoever looks at our pages, and the files that are read.
const RESERVED: u64 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_leave_descriptors_for_those_who_tell_people() {
        let table = [
            (65_536, 1000, 1000),
            (2256, 1000, 1000),
            (2254, 1000, 999),
            (1024, 1000, 384),
            (1024, 10, 10),
            (256, 1000, 32),
            (64, 1000, 8),
            (0, 1000, 1),
            (u64::MAX, usize::MAX, usize::try_from((u64::MAX - 256) / 2).unwrap()),
        ];
        for (limit, wanted, expected) in table {
            assert_eq!(bounded(limit, wanted), expected, "{limit} descriptors for {wanted} attempts");
        }
    }
}
