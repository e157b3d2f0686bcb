//! The record layer (RFC 9846 5): framing, protection in place, joining and fragmenting.
//!
//! Nothing here allocates: input is opened where it lies, output goes to the caller's [`Sink`],
//! and the joiner works on a vector that it is given.

mod deframe;
mod fragment;
mod joiner;
mod protect;
mod sink;

pub use crate::keys::Epoch;
pub use deframe::{Deframed, Frame, deframe};
pub use fragment::{Padding, USEFUL_ROOM, record_room, write_initial_hello, write_record};
pub use joiner::{Joined, Joiner};
pub use protect::{Opener, Plaintext, Sealer};
pub use sink::{FixedSink, Sink};

/// The most content one record may carry (RFC 9846 5.1).
pub const MAX_PLAINTEXT: usize = 16_384;
/// The longest protected record body (RFC 9846 5.2).
pub const MAX_CIPHERTEXT: usize = MAX_PLAINTEXT + 256;
