//! What people hand in, as plain text: without the dress that terminals, chats and editors put on it.
//! Line ends stay where they are, so that the number of a line is that of what was handed in.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// UTF-8, or UTF-16 where its mark stands in front; what is neither is replaced by `U+FFFD`.
pub(super) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(from_utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(from_utf16(rest, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => String::from_utf8_lossy(rest),
    }
}

/// Takes the colours of terminals and characters without width away; puts what chats write as HTML or
/// with typographic quotes and blanks back into what was meant.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    DRESS.replace_all(text, |it: &Captures<'_>| {
        let it = it.get(0).map_or("", |it| it.as_str());
        match it {
            "&amp;" => "&",
            "&lt;" => "<",
            "&gt;" => ">",
            "&nbsp;" | "\u{a0}" | "\u{2007}" | "\u{202f}" => " ",
            "&quot;" | "&#34;" | "&#x22;" | "\u{201c}" | "\u{201d}" | "\u{201e}" | "\u{201f}" => "\"",
            "&apos;" | "&#39;" | "&#x27;" | "\u{2018}" | "\u{2019}" | "\u{201a}" | "\u{201b}" => "'",
            _ => "",
        }
    })
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|it| unit(*it));
    let decoded = char::decode_utf16(units).map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER));
    decoded.chain((!rest.is_empty()).then_some(char::REPLACEMENT_CHARACTER)).collect()
}

static DRESS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?x)
          \x1b \[ [0-?]* [\x20-/]* [@-~]
        | \x1b \] [^\x07\x1b\n]{0,500} (?: \x07 | \x1b\\ )
        | \x1b [\x20-/]{1,3} [0-~]
        | \x1b [@-_]
        | \^\[ \[ [0-9;]{0,20} [mK]
        | [\x{ad}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}]
        | [\x{a0}\x{2007}\x{202f}]
        | [\x{2018}-\x{201f}]
        | & (?: amp | lt | gt | quot | apos | nbsp | \#34 | \#39 | \#x22 | \#x27 ) ;";
    Regex::new(pattern).expect("the pattern of a text's dress is sound")
});
