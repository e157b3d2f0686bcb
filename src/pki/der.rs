//! A strict reader for the DER that certificates are made of (X.690).
//!
//! Only what DER allows: definite lengths in their shortest form, low tag numbers.

use crate::error::{DecodeError, DecodeFault};
use alloc::vec::Vec;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const TELETEX_STRING: u8 = 0x14;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// `[n]`, primitive.
pub(crate) const fn context(n: u8) -> u8 {
    0x80 | n
}

/// `[n]`, constructed.
pub(crate) const fn context_constructed(n: u8) -> u8 {
    0xa0 | n
}

/// One value: its tag, its contents, and the whole encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// Reads one value after another.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader over `bytes`; `what` names them in errors.
    pub(crate) const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) const fn fail(&self, fault: DecodeFault) -> DecodeError {
        DecodeError::new(self.what, fault)
    }

    /// The next value, whatever its tag.
    #[inline]
    pub(crate) fn any(&mut self) -> Result<Tlv<'a>, DecodeError> {
        let start = self.rest;
        let (tag, contents) = self.next()?;
        let size = start.len().saturating_sub(self.rest.len());
        Ok(Tlv {
            tag,
            contents,
            whole: start.get(..size).unwrap_or(start),
        })
    }

    /// The next value's tag and contents; `what` names it in errors.
    pub(crate) fn tagged(&mut self, what: &'static str) -> Result<(u8, &'a [u8]), DecodeError> {
        self.what = what;
        self.next()
    }

    /// The next value's tag and contents.
    #[inline(always)]
    fn next(&mut self) -> Result<(u8, &'a [u8]), DecodeError> {
        // Nearly all are short.
        if let [tag, length @ 0..=0x7f, rest @ ..] = self.rest
            && let Some((contents, rest)) = rest.split_at_checked(usize::from(*length))
            && tag & 0x1f != 0x1f
        {
            self.rest = rest;
            return Ok((*tag, contents));
        }
        let (tag, contents, rest) = long_value(self.rest, self.what)?;
        self.rest = rest;
        Ok((tag, contents))
    }

    /// The next value, which must have this tag; `what` names it in errors.
    pub(crate) fn tlv(&mut self, tag: u8, what: &'static str) -> Result<Tlv<'a>, DecodeError> {
        self.what = what;
        let value = self.any()?;
        if value.tag != tag {
            return Err(self.fail(DecodeFault::BadValue));
        }
        Ok(value)
    }

    /// The contents of the next value, which must have this tag.
    #[inline(always)]
    pub(crate) fn contents(
        &mut self,
        tag: u8,
        what: &'static str,
    ) -> Result<&'a [u8], DecodeError> {
        self.what = what;
        // Nearly all are short. (No tag asked for is one that `next` refuses.)
        if let [found, length @ 0..=0x7f, rest @ ..] = self.rest
            && let Some((contents, rest)) = rest.split_at_checked(usize::from(*length))
            && *found == tag
        {
            self.rest = rest;
            return Ok(contents);
        }
        let (found, contents, rest) = long_value(self.rest, what)?;
        self.rest = rest;
        match found == tag {
            true => Ok(contents),
            false => Err(self.fail(DecodeFault::BadValue)),
        }
    }

    /// A reader over the contents of the next value, which must have this tag.
    #[inline]
    pub(crate) fn nested(&mut self, tag: u8, what: &'static str) -> Result<Self, DecodeError> {
        Ok(Self::new(self.contents(tag, what)?, what))
    }

    /// The next value if it has this tag.
    #[inline]
    pub(crate) fn optional(
        &mut self,
        tag: u8,
        what: &'static str,
    ) -> Result<Option<&'a [u8]>, DecodeError> {
        if self.rest.first() == Some(&tag) {
            self.contents(tag, what).map(Some)
        } else {
            Ok(None)
        }
    }

    /// There must be no more.
    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.fail(DecodeFault::TrailingBytes))
        }
    }

    /// A BOOLEAN, if one comes next. (An explicit FALSE where that is the default is no DER, but
    /// common enough to be let through.)
    #[inline]
    pub(crate) fn optional_boolean(&mut self, what: &'static str) -> Result<bool, DecodeError> {
        match self.optional(BOOLEAN, what)? {
            None | Some([0]) => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(DecodeError::new(what, DecodeFault::BadValue)),
        }
    }

    /// The contents of an INTEGER, which are in the shortest form (X.690 8.3.2).
    pub(crate) fn integer(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        match self.contents(INTEGER, what)? {
            [] => Err(self.fail(DecodeFault::BadLength)),
            [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(self.fail(DecodeFault::BadValue)),
            contents => Ok(contents),
        }
    }

    /// The digits of an INTEGER above zero, without a leading zero octet.
    pub(crate) fn positive(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        match self.integer(what)? {
            [0] | [0x80..=0xff, ..] => Err(self.fail(DecodeFault::BadValue)),
            [0, digits @ ..] | digits => Ok(digits),
        }
    }

    /// A BIT STRING of whole octets.
    pub(crate) fn octet_bits(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        match self.contents(BIT_STRING, what)?.split_first() {
            Some((0, bits)) => Ok(bits),
            _ => Err(self.fail(DecodeFault::BadValue)),
        }
    }
}

/// Tag and contents of the value that comes first, and what follows it. Takes no reader, so that those can
/// be kept in registers.
#[inline(never)]
fn long_value<'a>(
    bytes: &'a [u8],
    what: &'static str,
) -> Result<(u8, &'a [u8], &'a [u8]), DecodeError> {
    let fail = |fault| DecodeError::new(what, fault);
    let (tag, rest) = bytes.split_first().ok_or(fail(DecodeFault::Truncated))?;
    if tag & 0x1f == 0x1f {
        return Err(fail(DecodeFault::BadValue));
    }
    let (length, rest) = length(rest).map_err(fail)?;
    let (contents, rest) = rest
        .split_at_checked(length)
        .ok_or(fail(DecodeFault::Truncated))?;
    Ok((*tag, contents, rest))
}

/// A length in its shortest form (X.690 10.1), and what follows it.
fn length(bytes: &[u8]) -> Result<(usize, &[u8]), DecodeFault> {
    Ok(match bytes {
        [length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        [0x81, length @ 0x80..=0xff, rest @ ..] => (usize::from(*length), rest),
        [0x82, high @ 1..=0xff, low, rest @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return rare_length(bytes),
    })
}

/// A length of three or four octets, or what is none.
#[cold]
fn rare_length(bytes: &[u8]) -> Result<(usize, &[u8]), DecodeFault> {
    let (first, rest) = bytes.split_first().ok_or(DecodeFault::Truncated)?;
    // 0x80 is the indefinite form; nothing here is as long as 2^32.
    let count = usize::from(first & 0x7f);
    if !(1..=4).contains(&count) {
        return Err(DecodeFault::BadLength);
    }
    let (digits, rest) = rest.split_at_checked(count).ok_or(DecodeFault::Truncated)?;
    let mut length: u32 = 0;
    for digit in digits {
        length = (length << 8) | u32::from(*digit);
    }
    if length < 0x80 || digits.first() == Some(&0) {
        return Err(DecodeFault::BadLength);
    }
    let length = usize::try_from(length).map_err(|_| DecodeFault::BadLength)?;
    Ok((length, rest))
}

/// The one value that `bytes` hold, which must have this tag: a reader over its contents.
pub(crate) fn only<'a>(
    bytes: &'a [u8],
    tag: u8,
    what: &'static str,
) -> Result<Reader<'a>, DecodeError> {
    let mut outer = Reader::new(bytes, what);
    let inner = outer.nested(tag, what)?;
    outer.end()?;
    Ok(inner)
}

/// The DER of a value with these contents.
pub(crate) fn encode(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.push(tag);
    let length = contents.len().to_be_bytes();
    match u8::try_from(contents.len()) {
        Ok(short @ 0..=0x7f) => out.push(short),
        _ => {
            let digits = length.iter().skip_while(|digit| **digit == 0);
            // A usize has at most eight digits.
            out.push(u8::try_from(digits.clone().count()).unwrap_or(8) | 0x80);
            out.extend(digits);
        }
    }
    out.extend_from_slice(contents);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_lengths_and_tags() {
        use DecodeFault::*;
        let long = {
            let mut long = [0_u8; 131];
            (long[0], long[1], long[2]) = (0x04, 0x81, 0x80);
            long
        };
        for (bytes, result) in [
            (&[0x04, 0x00][..], Ok(0)),
            (&[0x04, 0x02, 1, 2], Ok(2)),
            (&long, Ok(128)),
            (&[], Err(Truncated)),
            (&[0x04], Err(Truncated)),
            (&[0x04, 0x02, 1], Err(Truncated)),
            (&[0x04, 0x81], Err(Truncated)),
            (&[0x04, 0x82, 0x01], Err(Truncated)),
            (&[0x04, 0x80, 0, 0], Err(BadLength)),
            (&[0x04, 0x81, 0x01, 9], Err(BadLength)),
            (&[0x04, 0x81, 0x7f], Err(BadLength)),
            (&[0x04, 0x82, 0x00, 0x80], Err(BadLength)),
            (&[0x04, 0x85, 0, 0, 0, 0, 1, 9], Err(BadLength)),
            (&[0x04, 0xff], Err(BadLength)),
            (&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff], Err(Truncated)),
            (&[0x1f, 0x81, 0x01, 0x00], Err(BadValue)),
            (&[0x02, 0x00], Err(BadValue)),
            (&[0x04, 0x00, 0x00], Err(TrailingBytes)),
        ] {
            let read = only(bytes, OCTET_STRING, "x");
            assert_eq!(
                read.map(|r| r.rest.len()).map_err(|e| e.fault),
                result,
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn integers() {
        use DecodeFault::*;
        for (bytes, any, positive) in [
            (&[2, 1, 0][..], Ok(&[0][..]), Err(BadValue)),
            (&[2, 1, 1], Ok(&[1]), Ok(&[1][..])),
            (&[2, 1, 0x80], Ok(&[0x80]), Err(BadValue)),
            (&[2, 2, 0, 0x80], Ok(&[0, 0x80]), Ok(&[0x80])),
            (&[2, 2, 0xff, 0x7f], Ok(&[0xff, 0x7f]), Err(BadValue)),
            (&[2, 2, 0, 1], Err(BadValue), Err(BadValue)),
            (&[2, 2, 0xff, 0x80], Err(BadValue), Err(BadValue)),
            (&[2, 0], Err(BadLength), Err(BadLength)),
        ] {
            let read = Reader::new(bytes, "x").integer("x");
            assert_eq!(read.map_err(|e| e.fault), any, "{bytes:x?}");
            let read = Reader::new(bytes, "x").positive("x");
            assert_eq!(read.map_err(|e| e.fault), positive, "{bytes:x?}");
        }
    }

    #[test]
    fn booleans_and_bits() {
        for (bytes, value) in [
            (&[0x01, 0x01, 0xff][..], Some(true)),
            (&[0x01, 0x01, 0x00], Some(false)),
            (&[0x02, 0x01, 0x00], Some(false)),
            (&[0x01, 0x01, 0x01], None),
            (&[0x01, 0x00], None),
            (&[0x01, 0x02, 0xff, 0xff], None),
        ] {
            let read = Reader::new(bytes, "x").optional_boolean("x");
            assert_eq!(read.ok(), value, "{bytes:x?}");
        }
        for (bytes, value) in [
            (&[0x03, 0x02, 0x00, 0x7f][..], Some(&[0x7f][..])),
            (&[0x03, 0x01, 0x00], Some(&[])),
            (&[0x03, 0x00], None),
            (&[0x03, 0x02, 0x01, 0x7e], None),
        ] {
            assert_eq!(Reader::new(bytes, "x").octet_bits("x").ok(), value);
        }
    }
}
