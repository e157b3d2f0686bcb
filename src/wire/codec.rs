//! Reading and writing the presentation language of RFC 9846 3.

use crate::codepoint::{
    CipherSuite, NamedGroup, ProtocolVersion, PskKeyExchangeMode, SignatureScheme,
};
use crate::error::{DecodeError, DecodeFault, Error, ErrorKind};
use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;

/// A cursor over bytes that somebody else wrote.
///
/// Every read names the field that it reads (`what`), in the RFC's words, for the error.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the first of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// `Truncated` where fewer are left.
    pub fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self
            .bytes
            .split_at_checked(n)
            .ok_or(DecodeError::new(what, DecodeFault::Truncated))?;
        self.bytes = tail;
        Ok(head)
    }

    /// The next `N` bytes, as an array.
    ///
    /// # Errors
    /// `Truncated` where fewer are left.
    pub fn array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<&'a [u8; N], DecodeError> {
        let (head, tail) = self
            .bytes
            .split_first_chunk::<N>()
            .ok_or(DecodeError::new(what, DecodeFault::Truncated))?;
        self.bytes = tail;
        Ok(head)
    }

    /// A `uint8`.
    ///
    /// # Errors
    /// `Truncated` at the end of the bytes.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(what).map(|b| u8::from_be_bytes(*b))
    }

    /// A `uint16`.
    ///
    /// # Errors
    /// `Truncated` where fewer than two bytes are left.
    pub fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        self.array::<2>(what).map(|b| u16::from_be_bytes(*b))
    }

    /// A `uint24`.
    ///
    /// # Errors
    /// `Truncated` where fewer than three bytes are left.
    pub fn u24(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        let [a, b, c] = *self.array::<3>(what)?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }

    /// A `uint32`.
    ///
    /// # Errors
    /// `Truncated` where fewer than four bytes are left.
    pub fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        self.array::<4>(what).map(|b| u32::from_be_bytes(*b))
    }

    /// A vector with a length of one byte; `allowed` are the bytes it may have.
    ///
    /// # Errors
    /// `BadLength` for a length that isn't allowed, `Truncated` where the bytes end too early.
    pub fn vec8(
        &mut self,
        what: &'static str,
        allowed: RangeInclusive<usize>,
    ) -> Result<&'a [u8], DecodeError> {
        let len = self.u8(what)?;
        self.body(usize::from(len), what, &allowed)
    }

    /// A vector with a length of two bytes; `allowed` are the bytes it may have.
    ///
    /// # Errors
    /// `BadLength` for a length that isn't allowed, `Truncated` where the bytes end too early.
    pub fn vec16(
        &mut self,
        what: &'static str,
        allowed: RangeInclusive<usize>,
    ) -> Result<&'a [u8], DecodeError> {
        let len = self.u16(what)?;
        self.body(usize::from(len), what, &allowed)
    }

    /// A vector with a length of three bytes; `allowed` are the bytes it may have.
    ///
    /// # Errors
    /// `BadLength` for a length that isn't allowed, `Truncated` where the bytes end too early.
    pub fn vec24(
        &mut self,
        what: &'static str,
        allowed: RangeInclusive<usize>,
    ) -> Result<&'a [u8], DecodeError> {
        let len = self.u24(what)?;
        self.body(usize::try_from(len).unwrap_or(usize::MAX), what, &allowed)
    }

    fn body(
        &mut self,
        len: usize,
        what: &'static str,
        allowed: &RangeInclusive<usize>,
    ) -> Result<&'a [u8], DecodeError> {
        if !allowed.contains(&len) {
            return Err(DecodeError::new(what, DecodeFault::BadLength));
        }
        self.take(len, what)
    }

    /// All that is left; the reader is empty afterwards.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.bytes)
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// `TrailingBytes` where something is left.
    pub const fn finish(self, what: &'static str) -> Result<(), DecodeError> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::new(what, DecodeFault::TrailingBytes))
        }
    }
}

/// A vector that is to be written is longer than its length field can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError;

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a vector to be written is longer than its length field can say")
    }
}

impl core::error::Error for EncodeError {}

impl From<EncodeError> for Error {
    fn from(_: EncodeError) -> Self {
        ErrorKind::Internal("a vector to be written is longer than its length field can say").into()
    }
}

/// Appends to a vector. Lengths come from scopes: `w.vec16(|w| ...)` writes the length of
/// whatever the closure wrote.
///
/// A body that is too long for its length field doesn't stop the writing; it is remembered, and
/// [`finish`](Self::finish) tells of it. What was written is then of no use.
#[derive(Debug)]
#[must_use = "only `finish` tells whether all lengths did fit"]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    overflow: bool,
}

impl<'a> Writer<'a> {
    /// A writer that appends to `out`.
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            overflow: false,
        }
    }

    /// Writes bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Writes a `uint8`.
    pub fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    /// Writes a `uint16`.
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// Writes a `uint24`. A larger value counts as a length that doesn't fit.
    pub fn u24(&mut self, value: u32) {
        let [high, a, b, c] = value.to_be_bytes();
        self.overflow |= high != 0;
        self.bytes(&[a, b, c]);
    }

    /// Writes a `uint32`.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// Writes what `body` writes, after its length in one byte.
    pub fn vec8(&mut self, body: impl FnOnce(&mut Self)) {
        self.scope(body, |len| u8::try_from(len).ok().map(u8::to_be_bytes));
    }

    /// Writes what `body` writes, after its length in two bytes.
    pub fn vec16(&mut self, body: impl FnOnce(&mut Self)) {
        self.scope(body, |len| u16::try_from(len).ok().map(u16::to_be_bytes));
    }

    /// Writes what `body` writes, after its length in three bytes.
    pub fn vec24(&mut self, body: impl FnOnce(&mut Self)) {
        self.scope(body, |len| {
            match u32::try_from(len).ok().map(u32::to_be_bytes) {
                Some([0, a, b, c]) => Some([a, b, c]),
                _ => None,
            }
        });
    }

    /// Like [`vec16`](Self::vec16), but writes nothing at all where `body` writes nothing.
    pub fn vec16_unless_empty(&mut self, body: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        self.vec16(body);
        if self.out.len() == start.saturating_add(2) {
            self.out.truncate(start);
        }
    }

    /// Ends the writing.
    ///
    /// # Errors
    /// Where a vector was too long for its length field.
    pub const fn finish(self) -> Result<(), EncodeError> {
        if self.overflow {
            Err(EncodeError)
        } else {
            Ok(())
        }
    }

    fn scope<const N: usize>(
        &mut self,
        body: impl FnOnce(&mut Self),
        encode: impl FnOnce(usize) -> Option<[u8; N]>,
    ) {
        let start = self.out.len();
        self.bytes(&[0; N]);
        body(self);
        let written = self.out.get_mut(start..).unwrap_or_default();
        match (
            encode(written.len().saturating_sub(N)),
            written.first_chunk_mut::<N>(),
        ) {
            (Some(len), Some(place)) => *place = len,
            _ => self.overflow = true,
        }
    }
}

/// One item of a [`List`].
pub trait Item<'a>: Copy + PartialEq + fmt::Debug {
    /// Reads one item.
    ///
    /// # Errors
    /// Where the bytes aren't one.
    fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError>;

    /// Writes the item.
    fn write(&self, w: &mut Writer<'_>);
}

macro_rules! code_points {
    ($($name:ident: $read:ident;)*) => {
        $(impl<'a> Item<'a> for $name {
            fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
                r.$read(stringify!($name)).map(Self)
            }

            fn write(&self, w: &mut Writer<'_>) {
                w.$read(self.0);
            }
        })*
    };
}

code_points! {
    ProtocolVersion: u16;
    CipherSuite: u16;
    NamedGroup: u16;
    SignatureScheme: u16;
    PskKeyExchangeMode: u8;
}

/// The items of a vector, either as a peer wrote them or as values to be written.
///
/// Two lists are equal when their items are.
#[derive(Clone, Copy)]
pub enum List<'a, T> {
    /// The encoded items, without the vector's length; made by [`List::parse`].
    Wire(&'a [u8]),
    /// The items.
    Values(&'a [T]),
}

impl<'a, T: Item<'a>> List<'a, T> {
    /// Checks that `bytes` are items from the first to the last.
    ///
    /// # Errors
    /// That of the first item that is ill-formed or cut short.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        while !r.is_empty() {
            T::read(&mut r)?;
        }
        Ok(Self::Wire(bytes))
    }

    /// The items, in order.
    #[must_use]
    pub fn iter(&self) -> ListIter<'a, T> {
        match *self {
            Self::Wire(bytes) => ListIter::Wire(Reader::new(bytes)),
            Self::Values(values) => ListIter::Values(values.iter()),
        }
    }

    /// Whether `item` is one of them.
    #[must_use]
    pub fn contains(&self, item: T) -> bool {
        self.iter().any(|i| i == item)
    }

    /// The first item.
    #[must_use]
    pub fn first(&self) -> Option<T> {
        self.iter().next()
    }

    /// How many items there are. Counts them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        match self {
            Self::Wire(bytes) => bytes.is_empty(),
            Self::Values(values) => values.is_empty(),
        }
    }

    /// Writes the items, without a length before them.
    pub fn write(&self, w: &mut Writer<'_>) {
        match self {
            Self::Wire(bytes) => w.bytes(bytes),
            Self::Values(values) => values.iter().for_each(|v| v.write(w)),
        }
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self::Values(&[])
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(values: &'a [T]) -> Self {
        Self::Values(values)
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for List<'a, T> {
    fn from(values: &'a [T; N]) -> Self {
        Self::Values(values)
    }
}

impl<'a, T: Item<'a>> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Item<'a> + Eq> Eq for List<'a, T> {}

impl<'a, T: Item<'a>> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Item<'a>> IntoIterator for List<'a, T> {
    type Item = T;
    type IntoIter = ListIter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The iterator of a [`List`].
#[derive(Clone, Debug)]
pub enum ListIter<'a, T> {
    /// Over encoded items.
    Wire(Reader<'a>),
    /// Over values.
    Values(core::slice::Iter<'a, T>),
}

impl<'a, T: Item<'a>> Iterator for ListIter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self {
            Self::Wire(r) if r.is_empty() => None,
            // `List::parse` has read every item once already.
            Self::Wire(r) => T::read(r).ok(),
            Self::Values(values) => values.next().copied(),
        }
    }
}

/// A value that occurs twice, if there is one; found without a heap and in time linear in the
/// number of values, whatever a peer chose them to be.
///
/// The values fall into 32 bands by their upper five bits. Each band that occurs costs one pass
/// with a bitmap of its 2048 values.
pub(crate) fn duplicate(values: impl Iterator<Item = u16> + Clone) -> Option<u16> {
    // One value alone, as most lists of key shares have.
    values.clone().nth(1)?;
    let bands = values
        .clone()
        .fold(0u32, |bands, v| bands | bit_of_band(v >> 11));
    (0..32)
        .filter(|band| bands & bit_of_band(*band) != 0)
        .find_map(|band| {
            let mut seen = [0u64; 32];
            let mut in_band = values.clone().filter(|v| v >> 11 == band);
            in_band.find(|v| {
                let bit = 1u64.wrapping_shl(u32::from(v & 63));
                match seen.get_mut(usize::from(v >> 6 & 31)) {
                    Some(word) => core::mem::replace(word, *word | bit) & bit != 0,
                    None => false,
                }
            })
        })
}

fn bit_of_band(band: u16) -> u32 {
    1u32.wrapping_shl(u32::from(band))
}
