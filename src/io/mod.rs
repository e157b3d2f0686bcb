//! Adapters that do I/O, each behind a feature. The library itself does none.

#[cfg(feature = "platform-roots")]
mod roots;
#[cfg(feature = "std")]
mod stream;

#[cfg(feature = "platform-roots")]
pub use roots::{PlatformRoots, SkippedRoot, platform_roots};
#[cfg(feature = "std")]
pub use stream::{Stream, now, seed};
