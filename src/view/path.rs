//! What the hops of a path mean to one who reads them: where loss begins, how far it is, and the
//! table that operators know from `mtr`.

use std::fmt::Write as _;
use std::time::Duration;

use super::{CheckAnswer, Hop};
use crate::outcome::HopFacts;

/// Milliseconds and percent, as `mtr` has them. A hop of which nothing is known yet is a silent one.
impl From<&HopFacts> for Hop {
    fn from(seen: &HopFacts) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts of packets are far below 2^52")]
        let loss = if seen.sent == 0 { 100.0 } else { seen.lost() as f64 * 100.0 / seen.sent as f64 };
        let millis = |it: Duration| it.as_secs_f64() * 1e3;
        Self {
            address: seen.address.map(|it| it.to_string()).unwrap_or_default(),
            loss,
            sent: seen.sent,
            last: millis(seen.trips.last()),
            average: millis(seen.trips.average()),
            best: millis(seen.trips.best()),
            worst: millis(seen.trips.worst()),
            deviation: millis(seen.trips.deviation()),
        }
    }
}

impl Hop {
    /// Whether anything was heard from it.
    pub fn answers(&self) -> bool {
        self.loss < 100.0
    }
}

impl CheckAnswer {
    /// The number of the hop, from 1, where loss begins; 0 where the end of the path loses nothing.
    ///
    /// Loss begins at the first answering hop that loses and behind which every hop that answers
    /// loses too. A hop that is silent, or loses, before one that does not, is a router that has
    /// better things to do than to answer us. Where nobody answers behind the last hop that loses
    /// nothing, it begins at the first of the silent ones.
    pub fn loss_begins(&self) -> u32 {
        let clean = self.hops.iter().rposition(|it| it.loss <= 0.0).map_or(0, |at| at + 1);
        let behind = &self.hops[clean..];
        if behind.is_empty() {
            return 0;
        }
        number(clean + behind.iter().position(Hop::answers).unwrap_or(0) + 1)
    }

    /// How many hops the path has.
    pub fn length(&self) -> u32 {
        number(self.hops.len())
    }

    /// The slowest average, in milliseconds, among the first two hops that answer; 0.0 where there
    /// is none. The end of the path is far by definition and never counts.
    pub fn near(&self) -> f64 {
        let way = self.hops.split_last().map_or(&[][..], |(_, way)| way);
        way.iter().filter(|it| it.answers()).take(2).map(|it| it.average).fold(0.0, f64::max)
    }

    /// The average of the last hop, in milliseconds; 0.0 where it is silent.
    pub fn far(&self) -> f64 {
        self.hops.last().filter(|it| it.answers()).map_or(0.0, |it| it.average)
    }
}

/// The hops as `mtr -w -n` prints them, one line each, with the times in milliseconds. Like there,
/// what is wider than its column loses its last digits, and a silent hop is called `???`.
pub fn table(hops: &[Hop]) -> String {
    let name = |it: &Hop| if it.address.is_empty() { "???".to_owned() } else { it.address.clone() };
    let names: Vec<String> = hops.iter().map(name).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0).max(8);
    let mut text = format!("HOST:   {:width$} Loss%   Snt   Last   Avg  Best  Wrst StDev\n", "");
    for (index, (hop, name)) in hops.iter().zip(names).enumerate() {
        let loss = cut(format!("{:.1}%", hop.loss));
        write!(text, "{:3}.|-- {name:width$} {loss:>5} {:5}  ", index + 1, hop.sent)
            .expect("a string takes what is written");
        let times = [hop.last, hop.average, hop.best, hop.worst, hop.deviation];
        let times = times.map(|it| format!("{:>5}", cut(format!("{it:.1}"))));
        text.push_str(&times.join(" "));
        text.push('\n');
    }
    text
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("a path has at most 255 hops")
}

/// The first five characters.
fn cut(mut number: String) -> String {
    number.truncate(5);
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::RoundTrips;

    const SILENT: f64 = 100.0;

    /// Hops by their loss; the nth takes n milliseconds.
    fn path(losses: &[f64]) -> CheckAnswer {
        let hop = |(loss, average): (&f64, f64)| Hop { loss: *loss, average, ..Hop::default() };
        let averages = (1..).map(f64::from);
        CheckAnswer { hops: losses.iter().zip(averages).map(hop).collect(), ..CheckAnswer::default() }
    }

    #[test]
    fn loss_begins_where_every_later_hop_that_answers_loses() {
        let mut document = vec![0.0];
        document.extend([SILENT; 6]);
        document.extend([0.0, 7.0]);
        let table: [(&[f64], u32); 16] = [
            (&document, 9),
            (&[], 0),
            (&[0.0], 0),
            (&[0.0, SILENT, 0.0], 0),
            (&[0.0, 60.0, 0.0], 0),
            (&[30.0, SILENT, 30.0, 0.0], 0),
            (&[0.0, 10.0, 10.0], 2),
            (&[10.0, 10.0, 10.0], 1),
            (&[0.0, 10.0, 0.0, 0.0, 5.0, 5.0], 5),
            // Silence before loss, with nothing clean behind it, is still a router that is silent.
            (&[0.0, SILENT, SILENT, 5.0, 7.0], 4),
            (&[0.0, SILENT, 5.0], 3),
            // Nobody answers up to the end.
            (&[0.0, 0.0, SILENT, SILENT, SILENT], 3),
            (&[0.0, 20.0, SILENT], 2),
            (&[0.0, SILENT, 20.0, SILENT], 3),
            (&[SILENT, SILENT], 1),
            (&[0.1], 1),
        ];
        for (losses, expected) in table {
            assert_eq!(path(losses).loss_begins(), expected, "{losses:?}");
        }
    }

    #[test]
    fn near_is_the_slower_of_the_first_two_that_answer_and_never_the_end() {
        let table: [(&[f64], f64); 7] = [
            (&[0.0, 0.0, 0.0], 2.0),
            (&[0.0, SILENT, 0.0, 0.0, 0.0], 3.0),
            (&[SILENT, SILENT, 50.0, 0.0], 3.0),
            (&[0.0, 0.0], 1.0),
            (&[0.0], 0.0),
            (&[SILENT, SILENT, 0.0], 0.0),
            (&[], 0.0),
        ];
        for (losses, expected) in table {
            let near = path(losses).near();
            assert!((near - expected).abs() < 1e-9, "{losses:?}: {near} is not {expected}");
        }
        let mut slow_first = path(&[0.0, 0.0, 0.0]);
        slow_first.hops[0].average = 120.0;
        assert!((slow_first.near() - 120.0).abs() < 1e-9);
    }

    #[test]
    fn far_is_the_end_of_the_path_and_nothing_where_it_is_silent() {
        assert!((path(&[0.0, SILENT, 99.0]).far() - 3.0).abs() < 1e-9);
        assert!(path(&[0.0, SILENT]).far().abs() < 1e-9);
        assert!(path(&[]).far().abs() < 1e-9);
        assert_eq!(path(&[0.0, SILENT]).length(), 2);
    }

    #[test]
    fn a_hop_is_told_in_percent_and_milliseconds() {
        let mut trips = RoundTrips::default();
        for millis in [10, 20, 30] {
            trips.add(Duration::from_millis(millis));
        }
        let address = Some("192.0.2.1".parse().unwrap());
        let hop = Hop::from(&HopFacts { address, sent: 4, trips, refusal: None });
        let text = table(std::slice::from_ref(&hop));
        assert_eq!(text.lines().last(), Some("  1.|-- 192.0.2.1 25.0%     4   30.0  20.0  10.0  30.0  10.0"));
        let nothing = Hop::from(&HopFacts::default());
        assert!(!nothing.answers() && nothing.address.is_empty());
    }

    #[test]
    fn the_table_reads_as_the_documents_example() {
        let hop = |address: &str, loss, sent, [last, average, best, worst, deviation]: [f64; 5]| Hop {
            address: address.into(),
            loss,
            sent,
            last,
            average,
            best,
            worst,
            deviation,
        };
        let hops = [
            hop("192.0.2.1", 0.0, 100, [1.0, 1.4, 0.8, 12.6, 1.4]),
            hop("", 100.0, 100, [0.0; 5]),
            hop("198.51.100.13", 7.0, 100, [1083.4, 709.0, 13.1, 1113.2, 504.8]),
        ];
        let expected = "\
HOST:                 Loss%   Snt   Last   Avg  Best  Wrst StDev
  1.|-- 192.0.2.1      0.0%   100    1.0   1.4   0.8  12.6   1.4
  2.|-- ???           100.0   100    0.0   0.0   0.0   0.0   0.0
  3.|-- 198.51.100.13  7.0%   100  1083. 709.0  13.1 1113. 504.8
";
        assert_eq!(table(&hops), expected);
    }
}
