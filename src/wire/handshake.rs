//! The handshake messages of TLS 1.3 other than the hellos (RFC 9846 4).

use crate::codepoint::{
    CertificateStatusType, ExtensionType, HandshakeType, KeyUpdateRequest, NamedGroup,
    SignatureScheme,
};
use crate::error::{DecodeError, DecodeFault};
use crate::wire::codec::{EncodeError, Item, List, Reader, Writer};
use crate::wire::extension::{
    MessageKind, Names, extension_block, read_block, read_selected_protocol,
    write_selected_protocol,
};
use crate::wire::hello::{read_groups, read_schemes};
use alloc::vec::Vec;
use core::ops::Range;

/// The bytes of a [`HandshakeHeader`].
pub const HANDSHAKE_HEADER_LEN: usize = 4;

const MOST_24: usize = 0x00ff_ffff;

/// What stands before every handshake message (RFC 9846 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeHeader {
    /// `msg_type`.
    pub kind: HandshakeType,
    /// The bytes of the body, below 2^24.
    pub length: u32,
}

impl HandshakeHeader {
    /// Reads a header.
    #[must_use]
    pub const fn parse(bytes: &[u8; HANDSHAKE_HEADER_LEN]) -> Self {
        let [kind, a, b, c] = *bytes;
        Self {
            kind: HandshakeType(kind),
            length: u32::from_be_bytes([0, a, b, c]),
        }
    }

    /// Writes the header.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.u8(self.kind.0);
        w.u24(self.length);
    }
}

/// Appends a whole message: the header, and what `body` writes. The range is the message's place
/// in `out`.
///
/// # Errors
/// Where something was too long for its length field; `out` is then as it was.
pub fn write_message(
    out: &mut Vec<u8>,
    kind: HandshakeType,
    body: impl FnOnce(&mut Writer<'_>),
) -> Result<Range<usize>, EncodeError> {
    let start = out.len();
    let mut w = Writer::new(out);
    w.u8(kind.0);
    w.vec24(body);
    match w.finish() {
        Ok(()) => Ok(start..out.len()),
        Err(e) => {
            out.truncate(start);
            Err(e)
        }
    }
}

extension_block! {
    /// EncryptedExtensions (RFC 9846 4.4.1).
    EncryptedExtensions {
        /// `server_name`: the server took the name into account.
        server_name: bool,
        /// The one name of `application_layer_protocol_negotiation`.
        alpn: Option<&'a [u8]>,
        /// `supported_groups`: what the server would prefer, for later connections.
        supported_groups: Option<List<'a, NamedGroup>>,
        /// `record_size_limit`; its range isn't checked.
        record_size_limit: Option<u16>,
        /// `early_data`: the server takes it.
        early_data: bool,
        /// `quic_transport_parameters` (RFC 9001), all of it.
        quic_transport_parameters: Option<&'a [u8]>,
    }
}

impl<'a> EncryptedExtensions<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let block = r.vec16("EncryptedExtensions.extensions", 0..=0xffff)?;
        r.finish("EncryptedExtensions")?;
        let mut extensions = Self::default();
        let seen = read_block(block, &[MessageKind::EncryptedExtensions], |kind, r| {
            match kind {
                ExtensionType::SERVER_NAME => extensions.server_name = true,
                ExtensionType::ALPN => extensions.alpn = Some(read_selected_protocol(r)?),
                ExtensionType::SUPPORTED_GROUPS => {
                    extensions.supported_groups = Some(read_groups(r)?);
                }
                ExtensionType::RECORD_SIZE_LIMIT => {
                    extensions.record_size_limit = Some(r.u16("RecordSizeLimit")?);
                }
                ExtensionType::EARLY_DATA => extensions.early_data = true,
                ExtensionType::QUIC_TRANSPORT_PARAMETERS => {
                    extensions.quic_transport_parameters = Some(r.rest());
                }
                _ => {
                    r.rest();
                }
            }
            Ok(())
        })?;
        extensions.present = seen.present;
        extensions.unknown = seen.unknown;
        Ok(extensions)
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.vec16(|w| {
            w.flag_extension(ExtensionType::SERVER_NAME, self.server_name);
            write_selected_protocol(w, self.alpn);
            if let Some(groups) = &self.supported_groups {
                w.extension(ExtensionType::SUPPORTED_GROUPS, |w| {
                    w.vec16(|w| groups.write(w))
                });
            }
            if let Some(limit) = self.record_size_limit {
                w.extension(ExtensionType::RECORD_SIZE_LIMIT, |w| w.u16(limit));
            }
            w.flag_extension(ExtensionType::EARLY_DATA, self.early_data);
            if let Some(parameters) = self.quic_transport_parameters {
                w.extension(ExtensionType::QUIC_TRANSPORT_PARAMETERS, |w| {
                    w.bytes(parameters)
                });
            }
        });
    }
}

extension_block! {
    /// CertificateRequest (RFC 9846 4.4.2).
    CertificateRequest {
        /// `certificate_request_context`: at most 255 bytes, none during the handshake.
        context: &'a [u8],
        /// `signature_algorithms`; that it is there isn't checked.
        signature_algorithms: Option<List<'a, SignatureScheme>>,
        /// `signature_algorithms_cert`.
        signature_algorithms_cert: Option<List<'a, SignatureScheme>>,
        /// `certificate_authorities`.
        certificate_authorities: Option<Names<'a>>,
        /// `status_request`.
        status_request: bool,
        /// `filters` of `oid_filters`, unread.
        oid_filters: Option<&'a [u8]>,
    }
}

impl<'a> CertificateRequest<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let context = r.vec8("CertificateRequest.certificate_request_context", 0..=0xff)?;
        let block = r.vec16("CertificateRequest.extensions", 0..=0xffff)?;
        r.finish("CertificateRequest")?;
        let mut request = Self {
            context,
            ..Self::default()
        };
        let seen = read_block(block, &[MessageKind::CertificateRequest], |kind, r| {
            match kind {
                ExtensionType::SIGNATURE_ALGORITHMS => {
                    request.signature_algorithms = Some(read_schemes(r)?);
                }
                ExtensionType::SIGNATURE_ALGORITHMS_CERT => {
                    request.signature_algorithms_cert = Some(read_schemes(r)?);
                }
                ExtensionType::CERTIFICATE_AUTHORITIES => {
                    request.certificate_authorities = Some(Names::read(r)?);
                }
                ExtensionType::STATUS_REQUEST => request.status_request = true,
                ExtensionType::OID_FILTERS => {
                    request.oid_filters = Some(r.vec16("OIDFilterExtension.filters", 0..=0xffff)?);
                }
                _ => {
                    r.rest();
                }
            }
            Ok(())
        })?;
        request.present = seen.present;
        request.unknown = seen.unknown;
        Ok(request)
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.vec8(|w| w.bytes(self.context));
        w.vec16(|w| {
            if let Some(schemes) = &self.signature_algorithms {
                w.extension(ExtensionType::SIGNATURE_ALGORITHMS, |w| {
                    w.vec16(|w| schemes.write(w));
                });
            }
            if let Some(schemes) = &self.signature_algorithms_cert {
                w.extension(ExtensionType::SIGNATURE_ALGORITHMS_CERT, |w| {
                    w.vec16(|w| schemes.write(w));
                });
            }
            if let Some(names) = &self.certificate_authorities {
                w.extension(ExtensionType::CERTIFICATE_AUTHORITIES, |w| {
                    w.vec16(|w| names.write(w));
                });
            }
            w.flag_extension(ExtensionType::STATUS_REQUEST, self.status_request);
            if let Some(filters) = self.oid_filters {
                w.extension(ExtensionType::OID_FILTERS, |w| {
                    w.vec16(|w| w.bytes(filters))
                });
            }
        });
    }
}

/// Certificate (RFC 9846 4.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// `certificate_request_context`: at most 255 bytes, none during the handshake for a server.
    pub context: &'a [u8],
    /// `certificate_list`, the end-entity certificate first; may be empty.
    pub entries: CertificateEntries<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads the body of the message, the extensions of each entry included.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let context = r.vec8("Certificate.certificate_request_context", 0..=0xff)?;
        let entries = r.vec24("Certificate.certificate_list", 0..=MOST_24)?;
        r.finish("Certificate")?;
        Ok(Self {
            context,
            entries: List::parse(entries)?,
        })
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.vec8(|w| w.bytes(self.context));
        w.vec24(|w| self.entries.write(w));
    }
}

extension_block! {
    /// One certificate of a Certificate message, with its extensions (RFC 9846 4.5.1).
    CertificateEntry {
        /// `cert_data`: 1 to 2^24-1 bytes.
        certificate: &'a [u8],
        /// The OCSP response of `status_request`: 1 to 2^24-1 bytes.
        ocsp: Option<&'a [u8]>,
        /// `signed_certificate_timestamp` (RFC 6962), all of it and unread.
        sct: Option<&'a [u8]>,
    }
}

/// The certificates of a Certificate message.
pub type CertificateEntries<'a> = List<'a, CertificateEntry<'a>>;

impl<'a> Item<'a> for CertificateEntry<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut entry = Self {
            certificate: r.vec24("CertificateEntry.cert_data", 1..=MOST_24)?,
            ..Self::default()
        };
        let block = r.vec16("CertificateEntry.extensions", 0..=0xffff)?;
        let seen = read_block(block, &[MessageKind::CertificateEntry], |kind, r| {
            match kind {
                ExtensionType::STATUS_REQUEST => entry.ocsp = Some(read_status(r)?),
                ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => entry.sct = Some(r.rest()),
                _ => {
                    r.rest();
                }
            }
            Ok(())
        })?;
        entry.present = seen.present;
        entry.unknown = seen.unknown;
        Ok(entry)
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.vec24(|w| w.bytes(self.certificate));
        w.vec16(|w| {
            if let Some(response) = self.ocsp {
                w.extension(ExtensionType::STATUS_REQUEST, |w| {
                    w.u8(CertificateStatusType::OCSP.0);
                    w.vec24(|w| w.bytes(response));
                });
            }
            if let Some(timestamps) = self.sct {
                w.extension(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, |w| {
                    w.bytes(timestamps);
                });
            }
        });
    }
}

/// CertificateStatus (RFC 6066 8), of the one type that can be asked for.
fn read_status<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let what = "CertificateStatus.status_type";
    if CertificateStatusType(r.u8(what)?) != CertificateStatusType::OCSP {
        return Err(DecodeError::new(what, DecodeFault::BadValue));
    }
    r.vec24("OCSPResponse", 1..=MOST_24)
}

/// CertificateVerify (RFC 9846 4.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateVerify<'a> {
    /// `algorithm`.
    pub scheme: SignatureScheme,
    /// `signature`.
    pub signature: &'a [u8],
}

impl<'a> CertificateVerify<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let verify = Self {
            scheme: SignatureScheme(r.u16("CertificateVerify.algorithm")?),
            signature: r.vec16("CertificateVerify.signature", 0..=0xffff)?,
        };
        r.finish("CertificateVerify")?;
        Ok(verify)
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.scheme.0);
        w.vec16(|w| w.bytes(self.signature));
    }
}

/// Finished (RFC 9846 4.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished<'a> {
    /// `verify_data`: the whole body. Its length is the hash's, which isn't known here.
    pub verify_data: &'a [u8],
}

impl<'a> Finished<'a> {
    /// Takes the body of the message as it is.
    #[must_use]
    pub const fn parse(body: &'a [u8]) -> Self {
        Self { verify_data: body }
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.bytes(self.verify_data);
    }
}

/// EndOfEarlyData (RFC 9846 4.6): nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOfEarlyData;

impl EndOfEarlyData {
    /// Reads the body of the message, which is empty.
    ///
    /// # Errors
    /// `TrailingBytes` where it isn't.
    pub const fn parse(body: &[u8]) -> Result<Self, DecodeError> {
        match Reader::new(body).finish("EndOfEarlyData") {
            Ok(()) => Ok(Self),
            Err(e) => Err(e),
        }
    }

    /// Writes the body of the message.
    pub const fn write(&self, _: &mut Writer<'_>) {}
}

/// KeyUpdate (RFC 9846 4.7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUpdate {
    /// `request_update`.
    pub request: KeyUpdateRequest,
}

impl KeyUpdate {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// `BadValue` for an unknown request, otherwise where the body isn't one byte.
    pub fn parse(body: &[u8]) -> Result<Self, DecodeError> {
        let what = "KeyUpdate.request_update";
        let mut r = Reader::new(body);
        let request = KeyUpdateRequest(r.u8(what)?);
        r.finish("KeyUpdate")?;
        // RFC 9846 4.7.3: any other value MUST end the connection with illegal_parameter.
        match request {
            KeyUpdateRequest::UPDATE_NOT_REQUESTED | KeyUpdateRequest::UPDATE_REQUESTED => {
                Ok(Self { request })
            }
            _ => Err(DecodeError::new(what, DecodeFault::BadValue)),
        }
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.u8(self.request.0);
    }
}

extension_block! {
    /// NewSessionTicket (RFC 9846 4.7.1).
    NewSessionTicket {
        /// `ticket_lifetime`, seconds; its range isn't checked.
        lifetime: u32,
        /// `ticket_age_add`.
        age_add: u32,
        /// `ticket_nonce`: at most 255 bytes.
        nonce: &'a [u8],
        /// `ticket`: 1 to 2^16-1 bytes.
        ticket: &'a [u8],
        /// `max_early_data_size` of `early_data`.
        max_early_data: Option<u32>,
    }
}

impl<'a> NewSessionTicket<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let mut ticket = Self {
            lifetime: r.u32("NewSessionTicket.ticket_lifetime")?,
            age_add: r.u32("NewSessionTicket.ticket_age_add")?,
            nonce: r.vec8("NewSessionTicket.ticket_nonce", 0..=0xff)?,
            ticket: r.vec16("NewSessionTicket.ticket", 1..=0xffff)?,
            ..Self::default()
        };
        let block = r.vec16("NewSessionTicket.extensions", 0..=0xffff)?;
        r.finish("NewSessionTicket")?;
        let seen = read_block(block, &[MessageKind::NewSessionTicket], |kind, r| {
            if kind == ExtensionType::EARLY_DATA {
                ticket.max_early_data = Some(r.u32("EarlyDataIndication.max_early_data_size")?);
            }
            Ok(())
        })?;
        ticket.present = seen.present;
        ticket.unknown = seen.unknown;
        Ok(ticket)
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.u32(self.lifetime);
        w.u32(self.age_add);
        w.vec8(|w| w.bytes(self.nonce));
        w.vec16(|w| w.bytes(self.ticket));
        w.vec16(|w| {
            if let Some(most) = self.max_early_data {
                w.extension(ExtensionType::EARLY_DATA, |w| w.u32(most));
            }
        });
    }
}
