//! Where output goes: the caller's buffer.

use alloc::vec::Vec;

/// Takes output. Bytes are appended and then, still at the end, sealed in place.
pub trait Sink {
    /// How many bytes can still be appended.
    fn room(&self) -> usize;

    /// Appends all of `bytes`, or nothing and answers `false`.
    fn append(&mut self, bytes: &[u8]) -> bool;

    /// The last `len` bytes appended, or fewer if there aren't as many.
    fn tail_mut(&mut self, len: usize) -> &mut [u8];

    /// Takes back the last `len` bytes appended.
    fn retract(&mut self, len: usize);
}

impl Sink for Vec<u8> {
    fn room(&self) -> usize {
        usize::MAX.saturating_sub(self.len())
    }

    fn append(&mut self, bytes: &[u8]) -> bool {
        self.extend_from_slice(bytes);
        true
    }

    fn tail_mut(&mut self, len: usize) -> &mut [u8] {
        let start = self.len().saturating_sub(len);
        self.get_mut(start..).unwrap_or(&mut [])
    }

    fn retract(&mut self, len: usize) {
        self.truncate(self.len().saturating_sub(len));
    }
}

/// A sink of fixed size over the caller's array.
#[derive(Debug)]
pub struct FixedSink<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> FixedSink<'a> {
    /// An empty sink over `buffer`.
    #[must_use]
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// What was written so far.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or(&[])
    }

    /// Forgets what was written, once the caller has taken it.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}

impl Sink for FixedSink<'_> {
    fn room(&self) -> usize {
        self.buffer.len().saturating_sub(self.len)
    }

    fn append(&mut self, bytes: &[u8]) -> bool {
        let Some(end) = self.len.checked_add(bytes.len()) else {
            return false;
        };
        match self.buffer.get_mut(self.len..end) {
            Some(to) => {
                for (to, from) in to.iter_mut().zip(bytes) {
                    *to = *from;
                }
                self.len = end;
                true
            }
            None => false,
        }
    }

    fn tail_mut(&mut self, len: usize) -> &mut [u8] {
        let start = self.len.saturating_sub(len);
        self.buffer.get_mut(start..self.len).unwrap_or(&mut [])
    }

    fn retract(&mut self, len: usize) {
        self.len = self.len.saturating_sub(len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_sink_takes_all_or_nothing() {
        let mut buffer = [0; 4];
        let mut sink = FixedSink::new(&mut buffer);
        assert!(sink.append(b"abc"));
        assert!(!sink.append(b"de"));
        assert_eq!(sink.written(), b"abc");
        sink.tail_mut(2).copy_from_slice(b"xy");
        assert_eq!(sink.written(), b"axy");
        sink.retract(2);
        assert_eq!((sink.room(), sink.written()), (3, &b"a"[..]));
        sink.clear();
        assert_eq!((sink.room(), sink.written()), (4, &b""[..]));
    }
}
