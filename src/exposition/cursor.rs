//! A place in a window of bytes, and the tokens that both formats share. A token that the window
//! may cut off is [`Stop::Short`], never a guess: so chunks cannot change a verdict.

use super::comment::Comment;
use super::flaw::FlawKind;

/// Why an entry could not be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The window ends too early. If nothing follows it, `kind` is the flaw at the offset `at`.
    Short { at: usize, kind: FlawKind },
    /// The bytes up to here can be no exposition.
    Flaw { at: usize, kind: FlawKind },
}

/// A result of reading.
pub(super) type Read<T> = Result<T, Stop>;

/// Which bytes may stand inside a quoted string, and what it is called when it is not closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct QuoteRule {
    pub(super) line_feeds: bool,
    /// Prometheus's lexers step over NUL bytes in some states: inside, and after the closing quote.
    pub(super) nuls: bool,
    pub(super) open: FlawKind,
}

/// A token's bytes in the window, without quotes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// It has a backslash that may mean something.
    pub(super) escaped: bool,
    /// It has bytes beyond ASCII, of which nobody has asked yet whether they are UTF-8.
    pub(super) wide: bool,
}

/// Reads one entry out of a window that begins where the entry does.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// Line feeds inside quoted strings, which the text format allows.
    pub(super) line_feeds: u64,
    /// The first quoted string that ran over the end of its line, and what it is called if that was
    /// a mistake.
    pub(super) overrun: Option<(usize, FlawKind)>,
    /// The comment of which only the end is missing, where it is one.
    pub(super) comment: Option<Comment>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, line_feeds: 0, overrun: None, comment: None }
    }

    /// The next byte, which is not taken.
    #[inline]
    pub(super) fn peek(&self) -> Read<u8> {
        match self.bytes.get(self.at) {
            Some(&byte) => Ok(byte),
            None => Err(self.short()),
        }
    }

    /// Takes the next byte if it is this one; else it is a flaw of this kind.
    #[inline]
    pub(super) fn expect(&mut self, byte: u8, kind: FlawKind) -> Read<()> {
        if self.peek()? == byte {
            self.at += 1;
            Ok(())
        } else {
            Err(self.flaw(kind))
        }
    }

    /// Steps over all bytes of a class.
    #[inline]
    pub(super) fn skip(&mut self, class: u8) {
        while let Some(&byte) = self.bytes.get(self.at)
            && CLASSES[usize::from(byte)] & class != 0
        {
            self.at += 1;
        }
    }

    /// Takes a token of one class of bytes: at least one, and the byte behind it is there.
    #[inline]
    pub(super) fn token(&mut self, class: u8, missing: FlawKind) -> Read<&'a [u8]> {
        let start = self.at;
        self.skip(class);
        self.peek()?;
        if self.at == start {
            return Err(self.flaw(missing));
        }
        Ok(&self.bytes[start..self.at])
    }

    /// Takes a name that begins here: the caller has seen its first byte.
    #[inline]
    pub(super) fn name(&mut self, class: u8) -> Read<Span> {
        let start = self.at;
        self.skip(class);
        self.peek()?;
        Ok(Span { start, end: self.at, escaped: false, wide: false })
    }

    /// Takes a quoted string: the caller has seen its opening quote.
    #[inline]
    pub(super) fn quoted(&mut self, rule: QuoteRule) -> Read<Span> {
        let open = self.at;
        let mut span = Span { start: open + 1, end: open + 1, escaped: false, wide: false };
        self.at = span.start;
        loop {
            self.skip(PLAIN);
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    span.escaped = true;
                    self.escape(open, rule)?;
                }
                Some(b'\n') if rule.line_feeds => {
                    self.line_feeds += 1;
                    self.overrun.get_or_insert((open, rule.open));
                    self.at += 1;
                }
                Some(0) if rule.nuls => self.at += 1,
                Some(0x80..) => {
                    span.wide = true;
                    self.skip(WIDE);
                }
                Some(_) => return Err(Stop::Flaw { at: open, kind: rule.open }),
                None => return Err(Stop::Short { at: open, kind: rule.open }),
            }
        }
        self.at += 1;
        if rule.nuls {
            self.skip(NUL);
        }
        // The lexer cuts one byte off each end of its token, so that NUL bytes behind the closing quote
        // push that quote into the value: `""` and a NUL byte is no empty value.
        span.end = self.at - 1;
        Ok(span)
    }

    /// Steps over a backslash and the byte it escapes, which may be any but a line feed.
    #[cold]
    fn escape(&mut self, open: usize, rule: QuoteRule) -> Read<()> {
        self.at += 1;
        if rule.nuls {
            self.skip(NUL);
        }
        match self.bytes.get(self.at) {
            Some(0 | b'\n') => Err(Stop::Flaw { at: open, kind: rule.open }),
            Some(byte) => {
                // A byte beyond ASCII is left to be seen as one.
                self.at += usize::from(byte.is_ascii());
                Ok(())
            }
            None => Err(Stop::Short { at: open, kind: rule.open }),
        }
    }

    /// Takes the rest of the line and its line feed; gives the line without it.
    #[inline]
    pub(super) fn line(&mut self) -> Read<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        if let Some(length) = memchr::memchr(b'\n', rest) {
            self.at += length + 1;
            Ok(&rest[..length])
        } else {
            self.at = self.bytes.len();
            Err(self.short())
        }
    }

    /// Takes a word letter by letter; `nuls` steps over NUL bytes after each letter, as Prometheus's
    /// lexers do in a comment. False where another letter stands; the cursor stays at it.
    pub(super) fn word(&mut self, word: &[u8]) -> Read<bool> {
        for &letter in word {
            if self.peek()? != letter {
                return Ok(false);
            }
            self.at += 1;
            self.skip(NUL);
        }
        Ok(true)
    }

    /// A flaw at the next byte.
    pub(super) fn flaw(&self, kind: FlawKind) -> Stop {
        Stop::Flaw { at: self.at, kind }
    }

    /// The flaw of a byte that begins no line. A byte order mark is named when all of it is there.
    #[cold]
    pub(super) fn no_line_start(&self) -> Stop {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(BYTE_ORDER_MARK) {
            self.flaw(FlawKind::ByteOrderMark)
        } else if BYTE_ORDER_MARK.starts_with(rest) {
            Stop::Short { at: self.at, kind: FlawKind::LineStart }
        } else {
            self.flaw(FlawKind::LineStart)
        }
    }

    /// The window is at its end. Only OpenMetrics can end so: the text format is always given a last
    /// line feed.
    pub(super) fn short(&self) -> Stop {
        Stop::Short { at: self.at, kind: FlawKind::EofMissing }
    }
}

// The classes of bytes, each a bit of its own in the table.

/// Letters, digits, underscore and colon.
pub(super) const METRIC_NAME: u8 = 1;
/// Letters, digits and underscore.
pub(super) const LABEL_NAME: u8 = 1 << 1;
/// What stands for itself inside quotes.
pub(super) const PLAIN: u8 = 1 << 2;
/// Bytes beyond ASCII.
pub(super) const WIDE: u8 = 1 << 3;
/// Space and tab.
pub(super) const BLANK: u8 = 1 << 4;
/// What the text format takes for part of a value.
pub(super) const TEXT_VALUE: u8 = 1 << 5;
/// What OpenMetrics takes for part of a value or timestamp.
pub(super) const OPEN_METRICS_VALUE: u8 = 1 << 6;
/// The byte zero.
pub(super) const NUL: u8 = 1 << 7;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte: u8 = 0;
    loop {
        let mut class = 0;
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            class |= METRIC_NAME | LABEL_NAME;
        }
        if byte == b':' {
            class |= METRIC_NAME;
        }
        if !matches!(byte, 0 | b'\n' | b'"' | b'\\') && byte.is_ascii() {
            class |= PLAIN;
        }
        if !byte.is_ascii() {
            class |= WIDE;
        }
        if matches!(byte, b' ' | b'\t') {
            class |= BLANK;
        }
        if !matches!(byte, 0 | b'\n' | b'\t' | b' ' | b'{') {
            class |= TEXT_VALUE;
        }
        if !matches!(byte, 0 | b'\n' | b' ') {
            class |= OPEN_METRICS_VALUE;
        }
        if byte == 0 {
            class |= NUL;
        }
        table[byte as usize] = class;
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}
