//! Judges the text that a scraped target answers: bytes in, counts and the first flaw out.
//!
//! It takes what the scrape parser of Prometheus 3 takes, and refuses what that refuses or what its
//! storage refuses of a whole scrape (two labels of one name, a name that is not UTF-8). The body is
//! read as it comes and never kept: what stays between two chunks is the line that they cut.
//!
//! What a flaw means for the target is left to `cause`; reading, unpacking and bounding the body is
//! left to the prober.

mod braces;
mod comment;
mod content_type;
mod cursor;
mod flaw;
mod number;
mod openmetrics;
mod series;
mod text;

pub use content_type::{ContentType, format_of};
pub use flaw::{Flaw, FlawKind, Limit};

use comment::{Comment, Skip, Skipped};
use cursor::{Cursor, Span, Stop};
use series::Series;

/// The two text formats of Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `text/plain`, versions 0.0.4 and 1.0.0 (which adds quoted names).
    Text,
    /// `application/openmetrics-text`, versions 0.0.1 and 1.0.0.
    OpenMetrics,
}

/// What a target may ask of us. Prometheus has no limits until it is given some; these are there
/// because nobody has vouched for the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Samples in the whole exposition.
    pub samples_max: u64,
    /// Labels written on one sample (or exemplar), without the metric's name.
    pub labels_max: u32,
    /// Bytes of a label name, escapes resolved.
    pub label_name_bytes_max: usize,
    /// Bytes of a label value or of a metric name (Prometheus counts it as a value), escapes resolved.
    pub label_value_bytes_max: usize,
    /// Bytes of a line without its line feed; a quoted string that runs over lines makes them one.
    /// It is also the most that a [`Scan`] holds. Comments may be longer: they are not held.
    pub line_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            samples_max: 50_000,
            labels_max: 64,
            label_name_bytes_max: 256,
            label_value_bytes_max: 1 << 10,
            line_bytes_max: 64 << 10,
        }
    }
}

/// What a good exposition held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Samples, each line of a histogram or summary for itself; what Prometheus calls
    /// `scrape_samples_scraped`.
    pub samples: u64,
    /// Metric families that HELP, TYPE or UNIT announced. Names are not held, so a family that is
    /// announced in two places counts twice, and one without any announcement does not count.
    pub families: u64,
    /// Bytes of the body.
    pub bytes: u64,
}

/// A judge of one exposition. Chunks go in as they come; how they are cut changes nothing.
///
/// ```
/// use fingerpost::exposition::{Format, Limits, Scan};
///
/// let mut scan = Scan::new(Format::Text, Limits::default());
/// scan.push(b"up{job=\"no").unwrap();
/// scan.push(b"de\"} 1\n").unwrap();
/// assert_eq!(scan.finish().unwrap().samples, 1);
///
/// let mut scan = Scan::new(Format::Text, Limits::default());
/// let flaw = scan.push(b"up 1\nup{job=node} 1\n").unwrap_err();
/// assert_eq!(flaw.to_string(), "line 2, column 8: a label has no quoted value");
/// ```
#[derive(Debug)]
pub struct Scan {
    format: Format,
    limits: Limits,
    stage: Stage,
    summary: Summary,
    /// The number of the line on which the next entry begins.
    line: u64,
    /// Prometheus's lexer steps over NUL bytes at the begin of the next line.
    skips_nuls: bool,
    /// The entry that the last chunk cut, and the length it must pass before another try is worth it.
    carry: Vec<u8>,
    retry_bytes: usize,
    /// The name that the last metadata spoke of.
    family: Vec<u8>,
    series: Series,
    exemplar: Series,
}

/// How far the exposition has come.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Reading,
    /// A comment that is longer than a line may be; `flaw` is what it is if its text is none.
    Skipping {
        skip: Skip,
        flaw: Flaw,
    },
    /// `# EOF` was read; nothing may follow but one line feed (and NUL bytes, which Prometheus skips).
    Eof {
        column: u64,
        line_fed: bool,
    },
    /// A NUL byte stood where Prometheus takes it for the end of the text format; what follows it is
    /// ignored.
    Nul,
    /// There is a flaw, and nothing after it is looked at.
    Flawed(Flaw),
}

/// What one read entry was.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Sample,
    Metadata {
        name: Span,
    },
    /// The HELP of OpenMetrics.
    Help {
        name: Span,
    },
    /// A comment or a blank line.
    Other,
    /// `# EOF`, or the NUL byte that ends the text format.
    End,
}

impl Scan {
    /// A judge who has seen nothing yet.
    pub fn new(format: Format, limits: Limits) -> Self {
        Self {
            format,
            limits,
            stage: Stage::Reading,
            summary: Summary::default(),
            line: 1,
            skips_nuls: false,
            carry: Vec::new(),
            retry_bytes: 0,
            family: Vec::new(),
            series: Series::default(),
            exemplar: Series::default(),
        }
    }

    /// Judges the next bytes of the body.
    ///
    /// # Errors
    ///
    /// The first flaw; once there is one, every later call gives the same.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        self.summary.bytes += bytes.len() as u64;
        self.advance(bytes).inspect_err(|&flaw| self.stage = Stage::Flawed(flaw))
    }

    /// Judges the end of the body. An empty body is good in either format: so Prometheus has it.
    ///
    /// # Errors
    ///
    /// The first flaw, which may be that the end is missing.
    pub fn finish(mut self) -> Result<Summary, Flaw> {
        match self.format {
            // Prometheus itself adds the last line feed, needed or not.
            Format::Text => self.carry.push(b'\n'),
            Format::OpenMetrics if self.summary.bytes == 0 => return Ok(self.summary),
            Format::OpenMetrics => {}
        }
        let rest = std::mem::take(&mut self.carry);
        let used = self.run(&rest)?;
        match self.stage {
            Stage::Flawed(flaw) => return Err(flaw),
            Stage::Reading if used < rest.len() || self.format == Format::OpenMetrics => {
                return Err(self.cut_off(&rest[used..]));
            }
            // The text format has got its last line feed above.
            Stage::Skipping { flaw, .. } => return Err(Flaw { kind: FlawKind::EofMissing, ..flaw }),
            Stage::Reading | Stage::Eof { .. } | Stage::Nul => {}
        }
        Ok(self.summary)
    }

    fn advance(&mut self, mut bytes: &[u8]) -> Result<(), Flaw> {
        while !self.carry.is_empty() && !bytes.is_empty() {
            let (now, later) = bytes.split_at(self.worth_carrying(bytes));
            self.carry.extend_from_slice(now);
            bytes = later;
            let is_ready = self.carry.ends_with(b"\n") && self.carry.len() > self.retry_bytes;
            if is_ready || self.carry.len() > self.limits.line_bytes_max {
                let mut carry = std::mem::take(&mut self.carry);
                let used = self.run(&carry)?;
                carry.drain(..used);
                self.keep(carry);
            }
        }
        if !bytes.is_empty() {
            let used = self.run(bytes)?;
            let mut carry = std::mem::take(&mut self.carry);
            carry.extend_from_slice(&bytes[used..]);
            self.keep(carry);
        }
        Ok(())
    }

    /// How many of these bytes to add to the cut entry: up to the line feed that may complete it, and
    /// never more than a line may have.
    fn worth_carrying(&self, bytes: &[u8]) -> usize {
        let skip = self.retry_bytes.saturating_sub(self.carry.len()).min(bytes.len());
        let line = memchr::memchr(b'\n', &bytes[skip..]).map_or(bytes.len(), |at| skip + at + 1);
        line.min(self.limits.line_bytes_max.saturating_add(1).saturating_sub(self.carry.len()))
    }

    /// Holds what could not be read to its end. Where that has line feeds inside quotes, it must double
    /// before it is read again, or a hostile body would be read over and over.
    fn keep(&mut self, carry: Vec<u8>) {
        let has_lines = memchr::memchr(b'\n', &carry).is_some();
        self.retry_bytes = if has_lines { carry.len() * 2 } else { 0 };
        self.carry = carry;
    }

    /// Reads all whole entries; gives the number of bytes they had.
    fn run(&mut self, bytes: &[u8]) -> Result<usize, Flaw> {
        let window_bytes_max = self.limits.line_bytes_max.saturating_add(1);
        let mut used = 0;
        while used < bytes.len() {
            if let Stage::Skipping { skip, flaw } = &mut self.stage {
                match skip.take(&bytes[used..]) {
                    Ok(Skipped::All) => return Ok(bytes.len()),
                    Ok(Skipped::Line(length)) => (used, self.stage) = (used + length, Stage::Reading),
                    Ok(Skipped::End) => self.stage = Stage::Nul,
                    Err(kind) => return Err(Flaw { kind, ..*flaw }),
                }
                continue;
            }
            if !matches!(self.stage, Stage::Reading) {
                return self.after_end(&bytes[used..]).map(|()| bytes.len());
            }
            let window = &bytes[used..bytes.len().min(used.saturating_add(window_bytes_max))];
            let mut cursor = Cursor::new(window);
            match self.entry(&mut cursor) {
                Ok(entry) => {
                    used += cursor.at;
                    self.count(entry, &cursor)?;
                }
                Err(Stop::Flaw { at, kind }) => return Err(self.flaw(&cursor, at, kind)),
                Err(Stop::Short { .. }) if window.len() > self.limits.line_bytes_max => {
                    if let Some(comment) = cursor.comment {
                        used += self.begin_to_skip(comment, &cursor)?;
                        continue;
                    }
                    return Err(self.flaw(&cursor, self.limits.line_bytes_max, FlawKind::LineLimit));
                }
                Err(Stop::Short { .. }) => break,
            }
        }
        Ok(used)
    }

    /// Counts a comment that is too long to be held; gives the bytes of it that need no second look.
    #[cold]
    fn begin_to_skip(&mut self, comment: Comment, cursor: &Cursor<'_>) -> Result<usize, Flaw> {
        let (skip, entry, used, at) = match comment {
            Comment::Free => (Skip::Free, Entry::Other, 0, 0),
            Comment::UpToNul => (Skip::UpToNul, Entry::Other, 0, 0),
            Comment::Help { name, text, at } => {
                let entry = match self.format {
                    Format::Text => Entry::Metadata { name },
                    Format::OpenMetrics => Entry::Help { name },
                };
                (Skip::Help { rest: [0; 4], length: 0 }, entry, text, at)
            }
        };
        let flaw = self.flaw(cursor, at, FlawKind::LineLimit);
        self.count(entry, cursor)?;
        self.stage = Stage::Skipping { skip, flaw };
        Ok(used)
    }

    #[inline]
    fn entry(&mut self, cursor: &mut Cursor<'_>) -> Result<Entry, Stop> {
        match self.format {
            Format::Text => text::entry(cursor, &mut self.series, &self.limits),
            Format::OpenMetrics => {
                if self.skips_nuls {
                    cursor.skip(cursor::NUL);
                }
                openmetrics::entry(cursor, &mut self.series, &mut self.exemplar, &self.limits)
            }
        }
    }

    #[inline]
    fn count(&mut self, entry: Entry, cursor: &Cursor<'_>) -> Result<(), Flaw> {
        match entry {
            Entry::Sample if self.summary.samples >= self.limits.samples_max => {
                return Err(Flaw { line: self.line, column: 1, kind: FlawKind::SampleLimit });
            }
            Entry::Sample => self.summary.samples += 1,
            Entry::Metadata { name } | Entry::Help { name } => {
                let name = &cursor.bytes[name.start..name.end];
                if self.summary.families == 0 || self.family != name {
                    self.summary.families += 1;
                    self.family.clear();
                    self.family.extend_from_slice(name);
                }
            }
            Entry::Other => {}
            Entry::End => {
                self.stage = match self.format {
                    Format::Text => Stage::Nul,
                    Format::OpenMetrics => Stage::Eof { column: cursor.at as u64 + 1, line_fed: false },
                };
            }
        }
        self.skips_nuls = matches!(entry, Entry::Help { .. });
        self.line += 1 + cursor.line_feeds;
        Ok(())
    }

    /// Judges what comes after the end.
    fn after_end(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        match &mut self.stage {
            Stage::Reading | Stage::Skipping { .. } | Stage::Nul => {}
            Stage::Flawed(flaw) => return Err(*flaw),
            Stage::Eof { column, line_fed } => {
                for &byte in bytes {
                    match byte {
                        0 => *column += 1,
                        b'\n' if !*line_fed => (*column, *line_fed) = (1, true),
                        _ => {
                            let line = if *line_fed { self.line } else { self.line - 1 };
                            return Err(Flaw { line, column: *column, kind: FlawKind::EofNotLast });
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The flaw of an entry that the end of the body cut off.
    #[cold]
    fn cut_off(&mut self, bytes: &[u8]) -> Flaw {
        let mut cursor = Cursor::new(bytes);
        match self.entry(&mut cursor) {
            Err(Stop::Short { at, kind } | Stop::Flaw { at, kind }) => self.flaw(&cursor, at, kind),
            Ok(_) => unreachable!("an entry that was short a moment ago is whole now"),
        }
    }

    /// Finds the line and column of an offset in the entry that is being read. Where a quoted string ran
    /// over its line before the grammar broke, its closing quote is what is missing.
    #[cold]
    fn flaw(&self, cursor: &Cursor<'_>, at: usize, kind: FlawKind) -> Flaw {
        let (at, kind) = match (cursor.overrun, kind.limit()) {
            (Some(open), None | Some(Limit::Line)) => open,
            (Some(_), Some(Limit::Samples | Limit::Labels)) | (None, _) => (at, kind),
        };
        let before = &cursor.bytes[..at];
        let lines = memchr::memchr_iter(b'\n', before).count() as u64;
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |feed| feed + 1) + 1;
        Flaw { line: self.line + lines, column: column as u64, kind }
    }
}

#[cfg(test)]
mod tests;
