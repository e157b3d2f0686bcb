//! What a connection tells its caller.

use crate::config::NewSession;
use crate::error::Error;
use crate::handshake::{Request, Summary};
use alloc::boxed::Box;
use core::ops::{Deref, Range};

/// The answer to one call of `receive`.
#[derive(Debug)]
pub struct Received<'a> {
    /// How many bytes of the input are done with. The next call's input begins after them.
    pub consumed: usize,
    /// Room that the sink must have for more output to go out; 0 if nothing waits.
    pub output: usize,
    /// What happened.
    pub event: Event<'a>,
}

/// One thing that happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// More input is needed: send what is in the sink, and call again with an input slice of at
    /// least `min` bytes in all.
    NeedInput {
        /// Bytes that the input must reach, counted after `consumed`.
        min: usize,
    },
    /// Output has no room: empty the sink and call again. During the handshake, or at its end by an
    /// alert, nothing is consumed before.
    NeedOutput {
        /// Bytes of room that are enough for progress.
        min: usize,
    },
    /// The application is to answer this, through `answer`. Told again until then.
    Ask(Request),
    /// The handshake is done, and all of it has gone to the sink.
    HandshakeDone(Box<Summary>),
    /// Application data, in place in the input.
    Data(Data<'a>),
    /// Early data (servers only): sent before the handshake was done, **by anybody who has seen it
    /// before, perhaps**. See [`EarlyData`].
    EarlyData(EarlyData<'a>),
    /// A session to keep for a later connection (clients only): give it the time by
    /// [`NewSession::received`], and put it into a store or keep it for
    /// [`crate::conn::ClientConnection::resume`].
    Session(Box<NewSession>),
    /// The connection is dead; the alert, if one was due, is in the sink. Told again at every
    /// later call.
    Failed(Error),
    /// No more data will come. Told again at every later call.
    Closed(Eof),
}

/// Application data: a part of the caller's own input, decrypted where it lay.
#[derive(Debug)]
pub struct Data<'a> {
    /// The bytes.
    pub bytes: &'a mut [u8],
    /// Where they lie in the input of this call.
    pub range: Range<usize>,
}

impl Deref for Data<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

/// Data that a client sent before the handshake was done (0-RTT, RFC 9846 2.3), in place in the
/// caller's input, like [`Data`], and never mixed with it.
///
/// It may be a replay of what was sent to another server, or to this one within the bounds of the
/// config's protection: act on it only if that does no harm, or hold the answer back until
/// [`Event::HandshakeDone`].
#[derive(Debug)]
pub struct EarlyData<'a> {
    /// The bytes.
    pub bytes: &'a mut [u8],
    /// Where they lie in the input of this call.
    pub range: Range<usize>,
}

/// How the stream of data ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Eof {
    /// By close_notify: nothing is missing.
    Clean,
    /// Without close_notify: what came may have been cut short by anybody.
    Truncated,
}
