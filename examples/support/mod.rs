//! What the examples share.

#![allow(dead_code, reason = "each example uses a part of it")]

pub mod args;
pub mod certs;
pub mod failure;
pub mod sessions;
pub mod setup;
pub mod trace;
pub mod trust;

use std::io::Write;

/// Writes to stdout; a reader that went away is no error of ours.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Writes a line to stderr.
pub fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
