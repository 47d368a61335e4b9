//! Unfolds deflate as it comes, with zlib's wrapping or without. The library's own writer takes a
//! stream that was cut short for a whole one; here its end must have come, and nothing may follow.

use std::io::{self, Write};

use flate2::{Decompress, FlushDecompress, Status};

/// Hands decoded bytes on to `W`.
pub(super) struct Inflate<W> {
    out: W,
    state: Decompress,
    buffer: Vec<u8>,
    is_done: bool,
}

impl<W: Write> Inflate<W> {
    /// `wrapped`: within zlib's head and sum.
    pub(super) fn new(wrapped: bool, out: W) -> Self {
        Self { out, state: Decompress::new(wrapped), buffer: vec![0; BUFFER_BYTES], is_done: false }
    }

    /// Whether these bytes go on with the stream; nothing may follow its end.
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        loop {
            if self.is_done {
                return if rest.is_empty() { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) };
            }
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(rest, &mut self.buffer, FlushDecompress::None);
            let status = status.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            let (read, written) =
                (count(self.state.total_in() - read), count(self.state.total_out() - written));
            rest = &rest[read..];
            self.out.write_all(&self.buffer[..written])?;
            self.is_done = status == Status::StreamEnd;
            if rest.is_empty() && written < self.buffer.len() && !self.is_done {
                return Ok(());
            }
            if read == 0 && written == 0 && !self.is_done {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// Whether the stream is whole.
    pub(super) fn finish(&self) -> io::Result<()> {
        if self.is_done { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    pub(super) fn get_ref(&self) -> &W {
        &self.out
    }
}

/// One step is no longer than the buffers it goes between.
fn count(bytes: u64) -> usize {
    usize::try_from(bytes).expect("a step is no longer than a buffer")
}

const BUFFER_BYTES: usize = 16 << 10;
