//! Finding the next record in the input.

use crate::codepoint::ContentType;
use crate::error::Violation;
use crate::record::{MAX_CIPHERTEXT, MAX_PLAINTEXT};

const HEADER: usize = 5;

/// A whole record at the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The outer content type.
    pub content_type: ContentType,
    /// The header, which is the additional data of the AEAD.
    pub header: [u8; HEADER],
    /// Bytes of body, after the header.
    pub body_len: usize,
}

impl Frame {
    /// Bytes of the record with its header.
    #[must_use]
    pub fn len(&self) -> usize {
        self.body_len.saturating_add(HEADER)
    }

    /// Always false: a record has a header.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// What [`deframe`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deframed {
    /// The input must reach this many bytes.
    Need(usize),
    /// A whole record.
    Frame(Frame),
}

/// Looks at the front of `input`. The header is judged as soon as it is there, before the body.
///
/// # Errors
/// [`Violation::NotTls`] if `first` and the peer seems to speak something else,
/// [`Violation::UnexpectedContentType`], [`Violation::RecordTooLong`].
pub fn deframe(input: &[u8], first: bool, protected: bool) -> Result<Deframed, Violation> {
    let Some((header, _)) = input.split_first_chunk::<HEADER>() else {
        // What can't become TLS is told before five bytes have come.
        if let (true, Some(kind)) = (first, input.first()) {
            check_type(ContentType(*kind), first)?;
        }
        return Ok(Deframed::Need(HEADER));
    };
    let [kind, major, _, high, low] = *header;
    let content_type = ContentType(kind);
    check_type(content_type, first)?;
    if major != 3 {
        // RFC 9846 5.1: legacy_record_version is to be ignored for all purposes; a major version
        // that no TLS ever had is taken as a sign of another protocol.
        return Err(if first {
            Violation::NotTls
        } else {
            Violation::BadRecordVersion
        });
    }
    let body_len = usize::from(u16::from_be_bytes([high, low]));
    // RFC 9846 5.1 and 5.2: 2^14 bytes in plaintext, 2^14 + 256 protected, record_overflow
    // beyond.
    // Application data before there are keys is early data, protected by others.
    let data = content_type == ContentType::APPLICATION_DATA;
    let most = if protected || data {
        MAX_CIPHERTEXT
    } else {
        MAX_PLAINTEXT
    };
    if body_len > most {
        return Err(Violation::RecordTooLong);
    }
    let frame = Frame {
        content_type,
        header: *header,
        body_len,
    };
    if input.len() < frame.len() {
        return Ok(Deframed::Need(frame.len()));
    }
    Ok(Deframed::Frame(frame))
}

fn check_type(content_type: ContentType, first: bool) -> Result<(), Violation> {
    // RFC 9846 5: a record of an unexpected type ends the connection.
    match content_type {
        ContentType::HANDSHAKE | ContentType::ALERT => Ok(()),
        ContentType::CHANGE_CIPHER_SPEC | ContentType::APPLICATION_DATA => Ok(()),
        _ if first => Err(Violation::NotTls),
        _ => Err(Violation::UnexpectedContentType),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_exactly_what_is_missing() {
        assert_eq!(deframe(&[], true, false), Ok(Deframed::Need(5)));
        assert_eq!(deframe(&[22, 3, 1], true, false), Ok(Deframed::Need(5)));
        assert_eq!(
            deframe(&[22, 3, 1, 0, 7, 1], true, false),
            Ok(Deframed::Need(12))
        );
        let whole = [22, 3, 1, 0, 1, 9, 22];
        let Ok(Deframed::Frame(frame)) = deframe(&whole, true, false) else {
            panic!()
        };
        assert_eq!((frame.len(), frame.body_len), (6, 1));
        assert!(!frame.is_empty());
    }

    #[test]
    fn refuses_by_the_header_alone() {
        assert_eq!(deframe(b"H", true, false), Err(Violation::NotTls));
        assert_eq!(
            deframe(&[22, 3, 3, 0x40, 1], false, false),
            Err(Violation::RecordTooLong)
        );
        assert_eq!(
            deframe(&[23, 3, 3, 0x41, 0], false, true),
            Ok(Deframed::Need(5 + 0x4100))
        );
        // Handshake messages under keys, and data that may be early.
        for (kind, protected) in [(22, true), (23, false)] {
            assert_eq!(
                deframe(&[kind, 3, 3, 0x41, 0], false, protected),
                Ok(Deframed::Need(5 + 0x4100))
            );
        }
        assert_eq!(
            deframe(&[22, 3, 3, 0x40, 0], false, false),
            Ok(Deframed::Need(5 + 0x4000))
        );
        assert_eq!(
            deframe(&[23, 3, 3, 0x41, 1], false, true),
            Err(Violation::RecordTooLong)
        );
        assert_eq!(
            deframe(&[24, 3, 3, 0, 1], false, true),
            Err(Violation::UnexpectedContentType)
        );
        assert_eq!(
            deframe(&[22, 2, 3, 0, 1], false, true),
            Err(Violation::BadRecordVersion)
        );
    }
}
