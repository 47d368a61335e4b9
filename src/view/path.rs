//! What the hops of a path mean to one who reads them: where loss begins, how far it is, and the
//! table that operators know from `mtr`.

use std::fmt::Write as _;

use super::{CheckAnswer, Hop};

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
