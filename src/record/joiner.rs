//! Putting handshake messages together from records (RFC 9846 5.1).

use crate::codepoint::HandshakeType;
use alloc::vec::Vec;
use core::ops::Range;

const HEADER: usize = 4;

/// Handshake bytes that were received and not yet handed out, in a vector of the caller's.
///
/// A message that lies whole in one record never comes here: [`Joiner::first`] finds it in place.
#[derive(Debug, Default)]
pub struct Joiner {
    start: usize,
}

/// What is at the front of the waiting bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// Nothing.
    Empty,
    /// The beginning of a message; its type and length are known once four bytes are there.
    Part(Option<(HandshakeType, usize)>),
    /// A whole message with its header at this range.
    Message(HandshakeType, Range<usize>),
}

impl Joiner {
    /// What is at the front of `bytes`.
    #[must_use]
    pub fn first(bytes: &[u8]) -> Joined {
        if bytes.is_empty() {
            return Joined::Empty;
        }
        let Some(([kind, a, b, c], rest)) = bytes.split_first_chunk::<HEADER>() else {
            return Joined::Part(None);
        };
        let len = u32::from_be_bytes([0, *a, *b, *c]);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if rest.len() < len {
            return Joined::Part(Some((HandshakeType(*kind), len)));
        }
        Joined::Message(HandshakeType(*kind), 0..len.saturating_add(HEADER))
    }

    /// What is at the front of the waiting bytes.
    #[must_use]
    pub fn next(&self, storage: &[u8]) -> Joined {
        match Self::first(storage.get(self.start..).unwrap_or(&[])) {
            Joined::Message(kind, range) => Joined::Message(
                kind,
                range.start.saturating_add(self.start)..range.end.saturating_add(self.start),
            ),
            other => other,
        }
    }

    /// Adds what a record brought.
    pub fn push(&mut self, storage: &mut Vec<u8>, bytes: &[u8]) {
        if self.start > 0 && !bytes.is_empty() {
            // At most one message's worth is moved, once per record.
            let left = storage.len().saturating_sub(self.start);
            let start = self.start.min(storage.len());
            storage.rotate_left(start);
            storage.truncate(left);
            self.start = 0;
        }
        let needed = storage.len().saturating_add(bytes.len());
        if needed > storage.capacity() {
            // Doubled, but not beyond the message at the front: what a peer declares is a bound
            // here, and never a size.
            let message = Self::declared(storage, bytes).unwrap_or(0);
            let room = storage.capacity().saturating_mul(2).min(message);
            let more = room.max(needed).saturating_sub(storage.len());
            storage.reserve_exact(more);
        }
        storage.extend_from_slice(bytes);
    }

    /// What the message at the front says that it has, with its header, once `bytes` are there.
    fn declared(storage: &[u8], bytes: &[u8]) -> Option<usize> {
        let mut front = storage.iter().chain(bytes).skip(1);
        let mut next = || front.next().copied();
        let len = u32::from_be_bytes([0, next()?, next()?, next()?]);
        usize::try_from(len).ok()?.checked_add(HEADER)
    }

    /// Drops the message that [`Joiner::next`] found; the storage is freed when nothing is left.
    pub fn consume(&mut self, storage: &mut Vec<u8>, end: usize) {
        self.start = end;
        if self.start >= storage.len() {
            self.start = 0;
            *storage = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_whole_and_in_order() {
        let bytes = [1, 0, 0, 2, 7, 8, 20, 0, 0, 0, 4];
        let mut joiner = Joiner::default();
        let mut storage = Vec::new();
        let mut got = Vec::new();
        for byte in bytes {
            joiner.push(&mut storage, &[byte]);
            while let Joined::Message(kind, range) = joiner.next(&storage) {
                got.push((kind, storage[range.clone()].len()));
                joiner.consume(&mut storage, range.end);
            }
        }
        assert_eq!(got, [(HandshakeType(1), 6), (HandshakeType(20), 4)]);
        assert_eq!(joiner.next(&storage), Joined::Part(None));
    }

    #[test]
    fn a_declared_length_allocates_nothing() {
        let mut joiner = Joiner::default();
        let mut storage = Vec::new();
        joiner.push(&mut storage, &[1, 0xff, 0xff, 0xff]);
        assert_eq!(
            joiner.next(&storage),
            Joined::Part(Some((HandshakeType::CLIENT_HELLO, 0xff_ffff)))
        );
        assert!(storage.capacity() < 64);
    }
}
