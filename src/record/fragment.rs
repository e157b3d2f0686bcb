//! Cutting output into records.

use crate::codepoint::ContentType;
use crate::error::{Error, ErrorKind};
use crate::record::{MAX_PLAINTEXT, Sealer, Sink};

/// Room that is always enough for a useful record: where less is left, output waits rather than
/// going out in stubs.
pub const USEFUL_ROOM: usize = 512;

const HEADER: usize = 5;

/// How protected records are padded (RFC 9846 5.4): what an observer learns of lengths.
///
/// Padding yields where the sink's room is short: give room for a whole record (16,645 bytes) if
/// lengths are to be hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Padding {
    /// Not at all.
    #[default]
    None,
    /// Content and type byte up to a multiple of this many bytes (0 is the same as none).
    ToMultipleOf(u16),
    /// Every record to the full size.
    Full,
}

impl Padding {
    /// How many zero bytes go behind `content` bytes and the type byte, where `most` is what
    /// content, type and padding may be together.
    #[must_use]
    pub fn after(self, content: usize, most: usize) -> usize {
        let inner = content.saturating_add(1);
        let padded = match self {
            Self::None => inner,
            Self::ToMultipleOf(n) => inner
                .checked_next_multiple_of(usize::from(n))
                .unwrap_or(inner),
            Self::Full => most,
        };
        padded.min(most).saturating_sub(inner)
    }
}

/// The size of a record with this much content and padding.
#[must_use]
pub fn record_room(sealer: Option<&Sealer>, content: usize, padding: usize) -> usize {
    let overhead = sealer.map_or(0, Sealer::overhead);
    HEADER
        .saturating_add(content)
        .saturating_add(padding)
        .saturating_add(overhead)
}

/// Appends one record to the sink, which must have [`record_room`]: the content is copied once
/// from its parts and sealed where it then lies. `padding` is ignored without a sealer.
///
/// # Errors
/// [`ErrorKind::Internal`] if the sink or the record is too small; those of [`Sealer::seal`].
/// The sink is then as it was.
pub fn write_record<'a>(
    sealer: Option<&mut Sealer>,
    content_type: ContentType,
    parts: impl Iterator<Item = &'a [u8]>,
    padding: usize,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    // RFC 9846 5.1: legacy_record_version MUST be 0x0303 in all records but an initial ClientHello.
    all_or_nothing(sink, |sink| {
        write_parts(sealer, content_type, [3, 3], parts, padding, sink)
    })
}

/// As [`write_record`], for a record of the initial ClientHello: the one that doesn't answer a
/// HelloRetryRequest.
///
/// # Errors
/// Those of [`write_record`].
pub fn write_initial_hello<'a>(
    parts: impl Iterator<Item = &'a [u8]>,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    // RFC 9846 5.1: there legacy_record_version may be 0x0301, which old servers insist on.
    all_or_nothing(sink, |sink| {
        write_parts(None, ContentType::HANDSHAKE, [3, 1], parts, 0, sink)
    })
}

fn all_or_nothing(
    sink: &mut dyn Sink,
    write: impl FnOnce(&mut dyn Sink) -> Result<(), Error>,
) -> Result<(), Error> {
    let before = sink.room();
    let result = write(sink);
    if result.is_err() {
        sink.retract(before.saturating_sub(sink.room()));
    }
    result
}

fn write_parts<'a>(
    sealer: Option<&mut Sealer>,
    content_type: ContentType,
    [major, minor]: [u8; 2],
    parts: impl Iterator<Item = &'a [u8]>,
    padding: usize,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    const FULL: ErrorKind = ErrorKind::Internal("the sink has less room than it said");
    let hides_type = sealer.as_ref().is_some_and(|sealer| sealer.hides_type());
    let outer = if hides_type {
        ContentType::APPLICATION_DATA
    } else {
        content_type
    };
    let mut ok = sink.append(&[outer.0, major, minor, 0, 0]);
    let mut len = sealer.as_ref().map_or(0, |sealer| sealer.front_len());
    ok = ok && sink.append([0; 8].get(..len).unwrap_or(&[]));
    for part in parts {
        ok = ok && sink.append(part);
        len = len.saturating_add(part.len());
    }
    if let Some(sealer) = &sealer {
        let mut zeros = sealer.tag_len();
        if hides_type {
            ok = ok && sink.append(&[content_type.0]);
            len = len.saturating_add(1);
            zeros = zeros.saturating_add(padding);
        }
        len = len.saturating_add(zeros);
        while zeros > 0 {
            let some = [0; 64];
            let now = zeros.min(some.len());
            ok = ok && sink.append(some.get(..now).unwrap_or(&some));
            zeros = zeros.saturating_sub(now);
        }
    }
    let body_len = u16::try_from(len).map_err(|_| FULL)?;
    if !ok || len > MAX_PLAINTEXT.saturating_add(256) {
        return Err(FULL.into());
    }
    let record = sink.tail_mut(len.saturating_add(HEADER));
    let Some((header, body)) = record.split_first_chunk_mut::<HEADER>() else {
        return Err(FULL.into());
    };
    let [high, low] = body_len.to_be_bytes();
    *header = [outer.0, major, minor, high, low];
    match sealer {
        Some(sealer) => sealer.seal(header, body),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};

    /// A sink that has lost bytes in the middle.
    struct Full(Vec<u8>, usize);

    impl Sink for Full {
        fn room(&self) -> usize {
            self.0.room()
        }

        fn append(&mut self, bytes: &[u8]) -> bool {
            bytes.len() != self.1 && Sink::append(&mut self.0, bytes)
        }

        fn tail_mut(&mut self, len: usize) -> &mut [u8] {
            self.0.tail_mut(len)
        }

        fn retract(&mut self, len: usize) {
            self.0.retract(len);
        }
    }

    #[test]
    fn nothing_of_a_record_stays_in_a_sink_that_refuses_a_part() {
        for refused in [7, 2] {
            let mut sink = Full(vec![9; 20], refused);
            let parts = [&[1; 7][..], &[2; 2]].into_iter();
            let written = write_record(None, ContentType::ALERT, parts, 0, &mut sink);
            let error = written.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Internal(_)), "{error}");
            assert_eq!(sink.0, [9; 20]);
        }
    }

    #[test]
    fn no_record_is_longer_than_its_length_can_say() {
        let long = [0; MAX_PLAINTEXT + 257];
        for (cut, fits) in [(1, true), (0, false)] {
            let mut sink = Vec::new();
            let part = [&long[cut..]].into_iter();
            let written = write_record(None, ContentType::ALERT, part, 0, &mut sink);
            assert_eq!((written.is_ok(), sink.is_empty()), (fits, !fits));
        }
    }

    #[test]
    fn padding_never_exceeds_the_record() {
        assert_eq!(Padding::None.after(10, 100), 0);
        assert_eq!(Padding::ToMultipleOf(16).after(10, 100), 5);
        assert_eq!(Padding::ToMultipleOf(16).after(15, 100), 0);
        assert_eq!(Padding::ToMultipleOf(64).after(64, 100), 35);
        assert_eq!(Padding::ToMultipleOf(0).after(10, 100), 0);
        assert_eq!(Padding::Full.after(10, 100), 89);
        assert_eq!(Padding::Full.after(99, 100), 0);
    }
}
