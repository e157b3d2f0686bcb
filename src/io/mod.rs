//! Adapters that do I/O, each behind a feature. The library itself does none.

#[cfg(feature = "std")]
mod stream;

#[cfg(feature = "std")]
pub use stream::{Stream, now, seed};
