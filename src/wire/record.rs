//! What stands before every record, and the one message that is a record's whole content.

use crate::codepoint::{AlertDescription, AlertLevel, ContentType, ProtocolVersion};
use crate::error::DecodeError;
use crate::wire::codec::{Reader, Writer};

/// The bytes of a [`RecordHeader`].
pub const RECORD_HEADER_LEN: usize = 5;

/// The header of a record (RFC 9846 5.1, 5.2). Nothing about its values is checked here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// `type`, or `opaque_type` of a protected record.
    pub content_type: ContentType,
    /// `legacy_record_version`.
    pub version: ProtocolVersion,
    /// The bytes that follow the header.
    pub length: u16,
}

impl RecordHeader {
    /// Reads a header.
    #[must_use]
    pub const fn parse(bytes: &[u8; RECORD_HEADER_LEN]) -> Self {
        let [content_type, major, minor, high, low] = *bytes;
        Self {
            content_type: ContentType(content_type),
            version: ProtocolVersion(u16::from_be_bytes([major, minor])),
            length: u16::from_be_bytes([high, low]),
        }
    }

    /// The header's bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; RECORD_HEADER_LEN] {
        let [major, minor] = self.version.0.to_be_bytes();
        let [high, low] = self.length.to_be_bytes();
        [self.content_type.0, major, minor, high, low]
    }

    /// Writes the header.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.bytes(&self.to_bytes());
    }
}

/// An alert (RFC 9846 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// `level`.
    pub level: AlertLevel,
    /// `description`.
    pub description: AlertDescription,
}

impl Alert {
    /// Reads an alert: exactly two bytes.
    ///
    /// # Errors
    /// `Truncated` or `TrailingBytes`.
    pub fn parse(body: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let alert = Self {
            level: AlertLevel(r.u8("Alert.level")?),
            description: AlertDescription(r.u8("Alert.description")?),
        };
        r.finish("Alert")?;
        Ok(alert)
    }

    /// The alert's bytes.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 2] {
        [self.level.0, self.description.0]
    }

    /// Writes the alert.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.bytes(&self.to_bytes());
    }
}
