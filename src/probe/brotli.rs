//! Unfolds brotli as it comes. A window is 16 MiB at the most, as the standard has it: the larger ones
//! that some encoders can make are refused before anything is held for them.

use std::io::{self, Write};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

/// Hands decoded bytes on to `W`.
pub(super) struct Unbrotli<W> {
    out: W,
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    buffer: Vec<u8>,
    is_done: bool,
}

impl<W: Write> Unbrotli<W> {
    pub(super) fn new(out: W) -> Self {
        let alloc = StandardAlloc::default;
        let state = BrotliState::new_strict(alloc(), alloc(), alloc());
        Self { out, state, buffer: vec![0; BUFFER_BYTES], is_done: false }
    }

    /// Whether these bytes go on with the stream; nothing may follow its end.
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.is_done {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let (mut left, mut read) = (bytes.len(), 0);
        loop {
            let (mut room, mut written, mut total) = (self.buffer.len(), 0, 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut read,
                bytes,
                &mut room,
                &mut written,
                &mut self.buffer,
                &mut total,
                &mut self.state,
            );
            self.out.write_all(&self.buffer[..written])?;
            match result {
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::ResultSuccess => {
                    self.is_done = true;
                    return if left == 0 { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) };
                }
                BrotliResult::ResultFailure => return Err(io::ErrorKind::InvalidData.into()),
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

const BUFFER_BYTES: usize = 16 << 10;
