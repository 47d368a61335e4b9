//! What a trace of the way to the target showed, hop by hop.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

/// The way to the target.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PathFacts {
    /// The hops, the nearest first. The last one is the target where it was reached; else whoever
    /// said that the way ends there; else the first of the silent places behind the last that
    /// answered. What is farther is not known.
    pub hops: Vec<HopFacts>,
    /// Whether the target itself answered at least once.
    pub reached: bool,
}

/// One place on the way: all packets that were allowed that many hops.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HopFacts {
    /// Who answered first from there; `None` where nobody did.
    pub address: Option<IpAddr>,
    /// Packets that were answered, or whose own wait was over. One that was still under way when
    /// the time was up is not among them.
    pub sent: u64,
    /// The answers.
    pub trips: RoundTrips,
    /// What was said of the way's end there.
    pub refusal: Option<Refusal>,
}

impl HopFacts {
    /// Packets without an answer.
    pub fn lost(&self) -> u64 {
        self.sent.saturating_sub(self.trips.received())
    }
}

/// Round trips of one hop, counted as they come; none of them is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct RoundTrips {
    received: u64,
    last: Duration,
    best: Duration,
    worst: Duration,
    /// In seconds.
    mean: f64,
    /// The sum of the squared distances from the mean, in seconds squared.
    spread: f64,
}

impl RoundTrips {
    /// Counts one more.
    pub fn add(&mut self, trip: Duration) {
        self.best = if self.received == 0 { trip } else { self.best.min(trip) };
        self.worst = self.worst.max(trip);
        self.last = trip;
        self.received += 1;
        // Welford's way: it does not lose small spreads in large sums.
        let distance = trip.as_secs_f64() - self.mean;
        self.mean += distance / self.count();
        self.spread += distance * (trip.as_secs_f64() - self.mean);
    }

    /// How many there were.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The latest; zero where there is none, as for all that follows.
    pub fn last(&self) -> Duration {
        self.last
    }

    /// Their mean.
    pub fn average(&self) -> Duration {
        Duration::from_secs_f64(self.mean.max(0.0))
    }

    /// The shortest.
    pub fn best(&self) -> Duration {
        self.best
    }

    /// The longest.
    pub fn worst(&self) -> Duration {
        self.worst
    }

    /// The standard deviation of a sample, as `mtr` has it; zero for a single one.
    pub fn deviation(&self) -> Duration {
        if self.received < 2 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64((self.spread.max(0.0) / (self.count() - 1.0)).sqrt())
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of packets are far below 2^52")]
    fn count(&self) -> f64 {
        self.received as f64
    }
}

/// An ICMP answer other than "its hops are used up": the way ends here. Type and code are those of
/// ICMP or `ICMPv6`, as the address says; the types that mean unreachable are different numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Refusal {
    /// The ICMP type.
    pub icmp_type: u8,
    /// The ICMP code.
    pub code: u8,
}

/// `type 3 code 13, administratively prohibited`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "type {} code {}", self.icmp_type, self.code)?;
        let known = MEANINGS.iter().find(|(key, _)| *key == (self.icmp_type, self.code));
        known.map_or(Ok(()), |(_, meaning)| write!(f, ", {meaning}"))
    }
}

/// RFC 792, RFC 1812 and RFC 4443: what routers and firewalls say in practice.
const MEANINGS: [((u8, u8), &str); 15] = [
    ((3, 0), "network unreachable"),
    ((3, 1), "host unreachable"),
    ((3, 2), "protocol unreachable"),
    ((3, 3), "port unreachable"),
    ((3, 4), "packet too big"),
    ((3, 9), "network administratively prohibited"),
    ((3, 10), "host administratively prohibited"),
    ((3, 13), "administratively prohibited"),
    ((1, 0), "no route"),
    ((1, 1), "administratively prohibited"),
    ((1, 3), "address unreachable"),
    ((1, 4), "port unreachable"),
    ((1, 5), "source address refused by policy"),
    ((1, 6), "route rejected"),
    ((2, 0), "packet too big"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn trips(millis: &[u64]) -> RoundTrips {
        let mut trips = RoundTrips::default();
        for it in millis {
            trips.add(Duration::from_millis(*it));
        }
        trips
    }

    #[track_caller]
    fn near(seen: Duration, millis: f64) {
        let distance = seen.as_secs_f64() * 1e3 - millis;
        assert!(distance.abs() < 0.001, "{seen:?} is not {millis} ms");
    }

    #[test]
    fn nothing_received_is_zero_throughout() {
        let none = RoundTrips::default();
        let times = [none.last(), none.average(), none.best(), none.worst(), none.deviation()];
        assert_eq!((none.received(), times), (0, [Duration::ZERO; 5]));
    }

    #[test]
    fn round_trips_are_counted_as_a_sample() {
        let seen = trips(&[2, 4, 4, 4, 5, 5, 7, 9]);
        assert_eq!(seen.received(), 8);
        near(seen.last(), 9.0);
        near(seen.average(), 5.0);
        near(seen.best(), 2.0);
        near(seen.worst(), 9.0);
        // The root of 32 / 7; that of 32 / 8 would be the deviation of a whole population.
        near(seen.deviation(), 2.138_089_935);
        near(trips(&[3]).deviation(), 0.0);
    }

    #[test]
    fn a_refusal_is_told_in_words_where_they_are_known() {
        let told = |icmp_type, code| Refusal { icmp_type, code }.to_string();
        assert_eq!(told(3, 13), "type 3 code 13, administratively prohibited");
        assert_eq!(told(1, 0), "type 1 code 0, no route");
        assert_eq!(told(3, 15), "type 3 code 15");
    }
}
