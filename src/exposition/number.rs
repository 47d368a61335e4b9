//! Numbers as Prometheus reads them: Go's `strconv.ParseFloat` without hexadecimal floats and
//! underscores. A number is judged, and its value computed only where it might not fit.

use super::cursor::{Cursor, Read, Stop};
use super::flaw::FlawKind;

/// What a token is as a 64-bit float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Float {
    Finite,
    /// `NaN`, `Inf` or `Infinity`, in any case; a sign may stand before the last two.
    Special,
    /// A number, but one that rounds to infinity.
    TooLarge,
    Invalid,
}

/// Takes the value of a sample or an exemplar: a token of one class of bytes.
#[inline]
pub(super) fn value(cursor: &mut Cursor<'_>, class: u8) -> Read<()> {
    let start = cursor.at;
    let token = cursor.token(class, FlawKind::ValueMissing)?;
    match float(token) {
        Float::Finite | Float::Special => Ok(()),
        Float::TooLarge => Err(Stop::Flaw { at: start, kind: FlawKind::ValueRange }),
        Float::Invalid if token.ends_with(b"\r") => {
            Err(Stop::Flaw { at: cursor.at - 1, kind: FlawKind::CarriageReturn })
        }
        Float::Invalid => Err(Stop::Flaw { at: start, kind: FlawKind::ValueInvalid }),
    }
}

/// Judges a whole token.
pub(super) fn float(token: &[u8]) -> Float {
    let unsigned = match token {
        [b'+' | b'-', rest @ ..] | rest => rest,
    };
    let whole = digits(unsigned);
    let fraction = match unsigned.get(whole) {
        Some(b'.') => digits(&unsigned[whole + 1..]) + 1,
        _ => 0,
    };
    let mantissa = whole + fraction;
    if whole + fraction.saturating_sub(1) == 0 {
        return special(token, unsigned);
    }
    match &unsigned[mantissa..] {
        [] if whole < SAFE_EXPONENT => Float::Finite,
        [] => computed(token),
        [b'e' | b'E', exponent @ ..] => with_exponent(token, whole, exponent),
        _ => Float::Invalid,
    }
}

/// A timestamp of the text format: digits alone, at most `i64::MAX` milliseconds.
pub(super) fn fits_milliseconds(digits: &[u8]) -> bool {
    let significant = digits.iter().position(|&digit| digit != b'0').map_or(&[][..], |at| &digits[at..]);
    match significant.len().cmp(&MILLISECONDS_MAX.len()) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => significant <= MILLISECONDS_MAX,
        std::cmp::Ordering::Greater => false,
    }
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len())
}

fn special(token: &[u8], unsigned: &[u8]) -> Float {
    let infinite = unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity");
    if infinite || token.eq_ignore_ascii_case(b"nan") { Float::Special } else { Float::Invalid }
}

fn with_exponent(token: &[u8], whole: usize, exponent: &[u8]) -> Float {
    let (negative, exponent) = match exponent {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    if exponent.is_empty() || digits(exponent) != exponent.len() {
        return Float::Invalid;
    }
    let size = exponent
        .iter()
        .fold(0_usize, |sum, digit| sum.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
    let largest = if negative { whole } else { whole.saturating_add(size) };
    if largest < SAFE_EXPONENT { Float::Finite } else { computed(token) }
}

fn computed(token: &[u8]) -> Float {
    match std::str::from_utf8(token).ok().and_then(|token| token.parse::<f64>().ok()) {
        Some(value) if value.is_infinite() => Float::TooLarge,
        Some(_) => Float::Finite,
        None => Float::Invalid,
    }
}

/// A number below ten to this power is surely finite (`f64::MAX` is about 1.8e308).
const SAFE_EXPONENT: usize = 308;
const MILLISECONDS_MAX: &[u8] = b"9223372036854775807";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_is_what_go_takes_for_one() {
        for token in
            ["0", "1", "-1", "+1", "1.", ".5", "-.5e-3", "1E+9", "00012", "1e-999999999", "0e99999999"]
        {
            assert_eq!(float(token.as_bytes()), Float::Finite, "{token}");
        }
        for token in ["NaN", "nan", "Inf", "-inf", "+INF", "Infinity", "-iNfInItY"] {
            assert_eq!(float(token.as_bytes()), Float::Special, "{token}");
        }
        for token in [
            "",
            "+",
            "-",
            ".",
            "-.",
            "e5",
            "1e",
            "1e+",
            "1e5.",
            "1.2.3",
            "0x1F",
            "0x1p4",
            "1_000",
            "1p3",
            "+NaN",
            "-nan",
            "infi",
            "infinit",
            "infinityy",
            "--1",
            "1,5",
            "1f",
            "١",
            "1 ",
            "0b1",
            "0o7",
            "i",
            "nann",
        ] {
            assert_eq!(float(token.as_bytes()), Float::Invalid, "{token}");
        }
    }

    #[test]
    fn a_float_is_too_large_exactly_where_it_rounds_to_infinity() {
        assert_eq!(float(b"1.7976931348623157e308"), Float::Finite);
        assert_eq!(float(b"1.7976931348623158e308"), Float::Finite);
        assert_eq!(float(b"1.7976931348623159e308"), Float::TooLarge);
        assert_eq!(float(b"1e309"), Float::TooLarge);
        assert_eq!(float(b"-1e309"), Float::TooLarge);
        assert_eq!(float(b"1e18446744073709551617"), Float::TooLarge);
        assert_eq!(float("9".repeat(308).as_bytes()), Float::Finite);
        assert_eq!(float("9".repeat(309).as_bytes()), Float::TooLarge);
        assert_eq!(float(format!("{}.5", "0".repeat(400)).as_bytes()), Float::Finite);
        assert_eq!(float(format!("{}e-400", "9".repeat(400)).as_bytes()), Float::Finite);
    }

    #[test]
    fn milliseconds_fit_up_to_the_largest_signed_integer() {
        assert!(fits_milliseconds(b"9223372036854775807"));
        assert!(!fits_milliseconds(b"9223372036854775808"));
        assert!(fits_milliseconds(b"0000000000000000000000000001"));
        assert!(fits_milliseconds(b"0"));
        assert!(!fits_milliseconds(b"10000000000000000000"));
    }
}
