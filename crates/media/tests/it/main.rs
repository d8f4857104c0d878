//! Files as they come in, good and bad.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fall")]

mod pictures;
mod streams;

use media::{Finished, Intake, MediaError, Taken};

/// Reads a file in chunks of `size`: what came out of it, and what it was.
fn read(bytes: &[u8], size: usize) -> Result<(Vec<u8>, Taken), MediaError> {
    let mut intake = Intake::new();
    let mut out = Vec::new();
    for chunk in bytes.chunks(size) {
        out.extend(intake.push(chunk)?);
    }
    Ok((out, intake.end()?))
}

/// A picture, finished.
fn finish(bytes: &[u8]) -> Result<Finished, MediaError> {
    match read(bytes, 4096)? {
        (_, Taken::Picture(picture)) => picture.finish(),
        (_, taken) => panic!("no picture: {taken:?}"),
    }
}

fn refusal<T>(outcome: Result<T, MediaError>) -> MediaError {
    match outcome {
        Ok(_) => panic!("it was taken"),
        Err(error) => error,
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|there| there == part)
}
