//! Changes inputs at random.

/// The generator `SplitMix64`.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    /// A number below `end`, which is not 0; small bounds are met evenly enough.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("it is below a usize")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// A place between two bytes.
    fn gap(&mut self, bytes: &[u8]) -> usize {
        self.below(bytes.len() + 1)
    }

    /// A part, most often a short one.
    fn part(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.gap(bytes);
        let longest = (bytes.len() - start).min(1 << self.below(9));
        start..start + self.below(longest + 1)
    }

    /// A whole line with its end.
    fn line(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let at = self.gap(bytes);
        let start = bytes[..at].iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
        let end = bytes[at..].iter().position(|it| *it == b'\n').map_or(bytes.len(), |it| at + it + 1);
        start..end
    }
}

/// Bytes that are often at the edge of something.
const EDGES: &[u8] = b"\0\x01\x7f\x80\xc0\xff\n\r\t \"'\\#{}[]:,-&*!|>%@`=~/.?+;()<0";
const NUMBERS: &[&str] =
    &["0", "-1", "1", "255", "256", "65535", "65536", "4294967296", "18446744073709551615", "1e309", "NaN"];

/// Makes a few changes; `other` is an input that parts are taken from.
pub(super) fn change(input: &mut Vec<u8>, other: &[u8], words: &[&str], most: usize, chance: &mut Chance) {
    for _ in 0..=chance.below(4) {
        once(input, other, words, chance);
    }
    input.truncate(most);
}

fn once(input: &mut Vec<u8>, other: &[u8], words: &[&str], chance: &mut Chance) {
    let at = chance.gap(input);
    match chance.below(14) {
        0 if at < input.len() => input[at] ^= 1 << chance.below(8),
        1 if at < input.len() => input[at] = chance.byte(),
        2 if at < input.len() => input[at] = EDGES[chance.below(EDGES.len())],
        3 => input.insert(at, EDGES[chance.below(EDGES.len())]),
        4 => drop(input.drain(chance.part(input))),
        5 => {
            let part = input[chance.part(input)].to_vec();
            let times = if chance.below(8) == 0 { 64 } else { 1 };
            input.splice(at..at, part.repeat(times));
        }
        6 => drop(input.drain(chance.line(input))),
        7 => {
            let line = input[chance.line(input)].to_vec();
            let start = chance.line(input).start;
            input.splice(start..start, line);
        }
        8 => {
            let line = other[chance.line(other)].to_vec();
            let start = chance.line(input).start;
            input.splice(start..start, line);
        }
        9 => {
            let part = other[chance.part(other)].to_vec();
            let gone = chance.part(input);
            input.splice(gone, part);
        }
        10 | 11 if !words.is_empty() => {
            let gone = if chance.below(2) == 0 { at..at } else { chance.part(input) };
            input.splice(gone, words[chance.below(words.len())].bytes());
        }
        12 => {
            let digits = number_at(input, at);
            input.splice(digits, NUMBERS[chance.below(NUMBERS.len())].bytes());
        }
        13 if chance.below(4) == 0 => input.truncate(at),
        _ => input.insert(at, chance.byte()),
    }
}

/// The digits that begin there or behind; where there are none, nothing at that place.
fn number_at(input: &[u8], at: usize) -> std::ops::Range<usize> {
    let Some(start) = input[at..].iter().position(u8::is_ascii_digit).map(|it| at + it) else {
        return at..at;
    };
    let length = input[start..].iter().take_while(|it| it.is_ascii_digit()).count();
    start..start + length
}

#[test]
fn the_same_seed_changes_in_the_same_way() {
    let changed = |seed| {
        let (mut input, mut chance) = (b"up{job=\"a\"} 1\nup 2\n".to_vec(), Chance::new(seed));
        (0..50).for_each(|_| change(&mut input, b"other\nlines\n", &["word"], 100, &mut chance));
        input
    };
    assert_eq!(changed(7), changed(7));
    assert_ne!(changed(7), changed(8));
    assert!((0..50).all(|it| changed(it).len() <= 100));
}
