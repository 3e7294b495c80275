//! Standard output. A reader that has gone away has seen enough: what is written after that goes nowhere, and the
//! command ends with the code that it would have ended with.

use std::io::{self, StdoutLock, Write};

/// Standard output, held.
pub(super) struct Out {
    to: StdoutLock<'static>,
    closed: bool,
}

/// Standard output.
pub(super) fn stdout() -> Out {
    Out { to: io::stdout().lock(), closed: false }
}

impl Out {
    fn quietly<T>(&mut self, done: io::Result<T>, instead: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(instead)
            }
            done => done,
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let done = self.to.write(bytes);
        self.quietly(done, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let done = self.to.flush();
        self.quietly(done, ())
    }
}
