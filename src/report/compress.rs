//! Files that are compressed as they are written.

use std::io::{self, BufRead, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// Bytes that become one frame of a zstd file; frames follow each other, and every reader takes them as one.
const FRAME: usize = 1 << 20;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// `.gz`, RFC 1952; no time is written into it.
    Gzip,
    /// `.zst`, RFC 8878.
    Zstd,
}

impl Compression {
    /// What is added to the file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Compression::Gzip => "gz",
            Compression::Zstd => "zst",
        }
    }
}

/// A writer that compresses, or does not.
#[derive(Debug)]
pub enum Compressed<W: Write> {
    /// As it comes.
    Plain(W),
    /// Gzip.
    Gzip(GzEncoder<W>),
    /// Zstd, with what will be the next frame.
    Zstd(W, Vec<u8>),
}

impl<W: Write> Compressed<W> {
    /// Compresses into `out`.
    pub fn new(out: W, compression: Option<Compression>) -> Compressed<W> {
        match compression {
            None => Compressed::Plain(out),
            Some(Compression::Gzip) => Compressed::Gzip(GzEncoder::new(out, flate2::Compression::default())),
            Some(Compression::Zstd) => Compressed::Zstd(out, Vec::with_capacity(FRAME)),
        }
    }

    /// Writes what was held back, and the end.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Compressed::Plain(mut out) => out.flush().map(|()| out),
            Compressed::Gzip(encoder) => encoder.finish(),
            Compressed::Zstd(mut out, frame) => {
                if !frame.is_empty() {
                    out.write_all(&compress_to_vec(frame.as_slice(), CompressionLevel::Fastest))?;
                }
                out.flush().map(|()| out)
            }
        }
    }
}

impl<W: Write> Write for Compressed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Compressed::Plain(out) => out.write(bytes),
            Compressed::Gzip(encoder) => encoder.write(bytes),
            Compressed::Zstd(out, frame) => {
                let taken = bytes.len().min(FRAME - frame.len());
                frame.extend_from_slice(&bytes[..taken]);
                if frame.len() == FRAME {
                    out.write_all(&compress_to_vec(frame.as_slice(), CompressionLevel::Fastest))?;
                    frame.clear();
                }
                Ok(taken)
            }
        }
    }

    /// What could be compressed better with what follows stays.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `bytes` as a whole file.
///
/// # Errors
/// None of its own: writing into memory does not fail.
pub fn compress(bytes: &[u8], compression: Compression) -> io::Result<Vec<u8>> {
    let mut file = Compressed::new(Vec::new(), Some(compression));
    file.write_all(bytes)?;
    file.finish()
}

/// Copies a file to `out` as it was before it was compressed.
///
/// # Errors
/// Those of both, and what is no file of this compression.
pub fn decompress(mut file: impl BufRead, compression: Option<Compression>, out: &mut impl Write) -> io::Result<()> {
    match compression {
        None => io::copy(&mut file, out).map(drop),
        Some(Compression::Gzip) => io::copy(&mut MultiGzDecoder::new(file), out).map(drop),
        Some(Compression::Zstd) => {
            while !file.fill_buf()?.is_empty() {
                let mut frame = StreamingDecoder::new(&mut file).map_err(io::Error::other)?;
                io::copy(&mut frame, out)?;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_is_read_back() {
        for length in [0, 1, 1000, FRAME - 1, FRAME, 2 * FRAME + 17] {
            let bytes: Vec<u8> = (0..length).map(|at| b"0,default,pi-rs7fs\n"[(at * at / 7) % 19]).collect();
            for how in [Compression::Gzip, Compression::Zstd] {
                let (packed, mut back) = (compress(&bytes, how).unwrap(), Vec::new());
                decompress(packed.as_slice(), Some(how), &mut back).unwrap();
                assert!(back == bytes, "{how:?}, {length} bytes");
                assert!(length < 1000 || how == Compression::Zstd || packed.len() < length / 2);
            }
        }
    }

    #[test]
    fn what_is_not_compressed_so_is_an_error() {
        for how in [Compression::Gzip, Compression::Zstd] {
            assert!(decompress(b"time_s,job\n".as_slice(), Some(how), &mut io::sink()).is_err(), "{how:?}");
        }
    }
}
