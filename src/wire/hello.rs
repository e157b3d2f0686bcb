//! ClientHello, ServerHello and HelloRetryRequest, for every version (RFC 9846 4.2).

use crate::codepoint::{
    CipherSuite, ExtensionType, NamedGroup, ProtocolVersion, PskKeyExchangeMode, SignatureScheme,
};
use crate::error::{DecodeError, DecodeFault};
use crate::wire::codec::{Item, List, Reader, Writer};
use crate::wire::extension::{
    ExtensionSet, KeyShareEntry, KeyShares, MessageKind, Names, OfferedPsks, Protocols, allowed_in,
    extension_block, name_of, read_block, read_selected_protocol, read_server_name,
    read_status_request, write_selected_protocol, write_server_name, write_status_request,
};

/// The random of a ServerHello that is a HelloRetryRequest: SHA-256 of "HelloRetryRequest"
/// (RFC 9846 4.2.3).
pub const HELLO_RETRY_REQUEST_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The last bytes of the random of a TLS 1.3 server that negotiates TLS 1.2 (RFC 9846 4.2.3).
pub const DOWNGRADE_TO_TLS12: [u8; 8] = *b"DOWNGRD\x01";

/// The last bytes of the random of a TLS 1.3 server that negotiates TLS 1.1 or older, or of a
/// TLS 1.2 server that negotiates an older version (RFC 9846 4.2.3).
pub const DOWNGRADE_TO_TLS11: [u8; 8] = *b"DOWNGRD\x00";

/// ClientHello (RFC 9846 4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// `legacy_version`.
    pub legacy_version: ProtocolVersion,
    /// `random`.
    pub random: &'a [u8; 32],
    /// `legacy_session_id`: at most 32 bytes.
    pub session_id: &'a [u8],
    /// `cipher_suites`: at least one.
    pub cipher_suites: List<'a, CipherSuite>,
    /// `legacy_compression_methods`: at least one.
    pub compression_methods: &'a [u8],
    /// `extensions`. Where it has none, the block itself is left out, as old clients do.
    pub extensions: ClientExtensions<'a>,
}

impl<'a> ClientHello<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let hello = Self {
            legacy_version: ProtocolVersion(r.u16("ClientHello.legacy_version")?),
            random: r.array("ClientHello.random")?,
            session_id: r.vec8("ClientHello.legacy_session_id", 0..=32)?,
            cipher_suites: List::parse(r.vec16("ClientHello.cipher_suites", 2..=0xfffe)?)?,
            compression_methods: r.vec8("ClientHello.legacy_compression_methods", 1..=0xff)?,
            extensions: match r.is_empty() {
                true => ClientExtensions::default(),
                false => ClientExtensions::parse(r.vec16("ClientHello.extensions", 0..=0xffff)?)?,
            },
        };
        r.finish("ClientHello")?;
        Ok(hello)
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.legacy_version.0);
        w.bytes(self.random);
        w.vec8(|w| w.bytes(self.session_id));
        w.vec16(|w| self.cipher_suites.write(w));
        w.vec8(|w| w.bytes(self.compression_methods));
        w.vec16_unless_empty(|w| self.extensions.write(w));
    }

    /// Where the list of binders begins in the whole message (header and body) of `message_len`
    /// bytes; see [`OfferedPsks::binders_offset`]. `None` without `pre_shared_key`.
    #[must_use]
    pub fn binders_offset(&self, message_len: usize) -> Option<usize> {
        self.extensions.pre_shared_key?.binders_offset(message_len)
    }
}

/// Two reserved extension types to be written, so that servers stay used to what they don't know
/// (RFC 8701 3.1). They must be GREASE values that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GreaseExtensions {
    /// The type of an empty extension, before all others.
    pub first: ExtensionType,
    /// The type of an extension with one byte, after all others but `pre_shared_key`.
    pub last: ExtensionType,
}

/// What is called with the type of an extension and with what writes its content.
type Each<'e> = dyn FnMut(ExtensionType, &dyn Fn(&mut Writer<'_>)) + 'e;

extension_block! {
    /// The extensions of a ClientHello.
    ClientExtensions {
        /// Two GREASE extensions to be written. Reading never sets it.
        grease: Option<GreaseExtensions>,
        /// The host name of `server_name`, not empty; whether it is a DNS name isn't checked.
        server_name: Option<&'a [u8]>,
        /// `extended_master_secret` (RFC 7627).
        extended_master_secret: bool,
        /// `renegotiated_connection` of `renegotiation_info` (RFC 5746).
        renegotiation_info: Option<&'a [u8]>,
        /// `supported_versions`.
        supported_versions: Option<List<'a, ProtocolVersion>>,
        /// `supported_groups`.
        supported_groups: Option<List<'a, NamedGroup>>,
        /// `ec_point_format_list` of `ec_point_formats` (RFC 8422).
        ec_point_formats: Option<&'a [u8]>,
        /// `signature_algorithms`.
        signature_algorithms: Option<List<'a, SignatureScheme>>,
        /// `signature_algorithms_cert`.
        signature_algorithms_cert: Option<List<'a, SignatureScheme>>,
        /// `application_layer_protocol_negotiation`.
        alpn: Option<Protocols<'a>>,
        /// `status_request`, for OCSP. Responder IDs and request extensions are neither written
        /// nor kept.
        status_request: bool,
        /// `signed_certificate_timestamp`.
        signed_certificate_timestamp: bool,
        /// `certificate_authorities`.
        certificate_authorities: Option<Names<'a>>,
        /// `record_size_limit`; its range isn't checked.
        record_size_limit: Option<u16>,
        /// `session_ticket` (RFC 5077), all of it.
        session_ticket: Option<&'a [u8]>,
        /// `ticket_request`: `new_session_count` and `resumption_count` (RFC 9149 3).
        ticket_request: Option<(u8, u8)>,
        /// `post_handshake_auth`.
        post_handshake_auth: bool,
        /// `quic_transport_parameters` (RFC 9001), all of it.
        quic_transport_parameters: Option<&'a [u8]>,
        /// `key_share`.
        key_shares: Option<KeyShares<'a>>,
        /// `cookie`.
        cookie: Option<&'a [u8]>,
        /// `psk_key_exchange_modes`.
        psk_key_exchange_modes: Option<List<'a, PskKeyExchangeMode>>,
        /// `early_data`.
        early_data: bool,
        /// `padding` (RFC 7685): how many bytes. Their values aren't checked.
        padding: Option<u16>,
        /// `pre_shared_key`.
        pre_shared_key: Option<OfferedPsks<'a>>,
    }
}

impl<'a> ClientExtensions<'a> {
    fn parse(block: &'a [u8]) -> Result<Self, DecodeError> {
        let mut extensions = Self::default();
        let seen = read_block(block, &[MessageKind::ClientHello], |kind, r| {
            extensions.read(kind, r)
        })?;
        extensions.present = seen.present;
        extensions.unknown = seen.unknown;
        Ok(extensions)
    }

    fn read(&mut self, kind: ExtensionType, r: &mut Reader<'a>) -> Result<(), DecodeError> {
        match kind {
            ExtensionType::SERVER_NAME => self.server_name = read_server_name(r)?,
            ExtensionType::EXTENDED_MASTER_SECRET => self.extended_master_secret = true,
            ExtensionType::RENEGOTIATION_INFO => {
                self.renegotiation_info = Some(read_renegotiation_info(r)?);
            }
            ExtensionType::SUPPORTED_VERSIONS => {
                let versions = r.vec8("SupportedVersions.versions", 2..=254)?;
                self.supported_versions = Some(List::parse(versions)?);
            }
            ExtensionType::SUPPORTED_GROUPS => self.supported_groups = Some(read_groups(r)?),
            ExtensionType::EC_POINT_FORMATS => {
                self.ec_point_formats = Some(read_point_formats(r)?);
            }
            ExtensionType::SIGNATURE_ALGORITHMS => {
                self.signature_algorithms = Some(read_schemes(r)?);
            }
            ExtensionType::SIGNATURE_ALGORITHMS_CERT => {
                self.signature_algorithms_cert = Some(read_schemes(r)?);
            }
            ExtensionType::ALPN => self.alpn = Some(Protocols::read(r)?),
            ExtensionType::STATUS_REQUEST => self.status_request = read_status_request(r)?,
            ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => {
                self.signed_certificate_timestamp = true;
            }
            ExtensionType::CERTIFICATE_AUTHORITIES => {
                self.certificate_authorities = Some(Names::read(r)?);
            }
            ExtensionType::RECORD_SIZE_LIMIT => {
                self.record_size_limit = Some(r.u16("RecordSizeLimit")?);
            }
            ExtensionType::SESSION_TICKET => self.session_ticket = Some(r.rest()),
            ExtensionType::TICKET_REQUEST => {
                let new = r.u8("ClientTicketRequest.new_session_count")?;
                let resumed = r.u8("ClientTicketRequest.resumption_count")?;
                self.ticket_request = Some((new, resumed));
            }
            ExtensionType::POST_HANDSHAKE_AUTH => self.post_handshake_auth = true,
            ExtensionType::QUIC_TRANSPORT_PARAMETERS => {
                self.quic_transport_parameters = Some(r.rest());
            }
            ExtensionType::KEY_SHARE => self.key_shares = Some(KeyShares::read(r)?),
            ExtensionType::COOKIE => self.cookie = Some(read_cookie(r)?),
            ExtensionType::PSK_KEY_EXCHANGE_MODES => {
                let modes = r.vec8("PskKeyExchangeModes.ke_modes", 1..=255)?;
                self.psk_key_exchange_modes = Some(List::parse(modes)?);
            }
            ExtensionType::EARLY_DATA => self.early_data = true,
            ExtensionType::PADDING => self.padding = u16::try_from(r.rest().len()).ok(),
            ExtensionType::PRE_SHARED_KEY => self.pre_shared_key = Some(OfferedPsks::read(r)?),
            _ => {
                r.rest();
            }
        }
        Ok(())
    }

    fn write(&self, w: &mut Writer<'_>) {
        self.each(&mut |kind, data| w.extension(kind, data));
    }

    /// The known extensions that writing these writes: what a server may answer to.
    #[must_use]
    pub fn offered(&self) -> ExtensionSet {
        let mut offered = ExtensionSet::EMPTY;
        self.each(&mut |kind, _| {
            offered.insert(kind);
        });
        offered
    }

    /// Calls `each` for every extension to be written, in order, with what writes its content.
    fn each(&self, each: &mut Each<'_>) {
        if let Some(grease) = self.grease {
            each(grease.first, &|_| ());
        }
        self.each_of_any_version(each);
        self.each_of_tls13(each);
        if let Some(grease) = self.grease {
            each(grease.last, &|w| w.u8(0));
        }
        if let Some(len) = self.padding {
            each(ExtensionType::PADDING, &|w| (0..len).for_each(|_| w.u8(0)));
        }
        if let Some(psks) = &self.pre_shared_key {
            each(ExtensionType::PRE_SHARED_KEY, &|w| psks.write(w));
        }
    }

    fn each_of_any_version(&self, each: &mut Each<'_>) {
        if let Some(name) = self.server_name {
            each(ExtensionType::SERVER_NAME, &|w| write_server_name(w, name));
        }
        if self.extended_master_secret {
            each(ExtensionType::EXTENDED_MASTER_SECRET, &|_| ());
        }
        if let Some(info) = self.renegotiation_info {
            each(ExtensionType::RENEGOTIATION_INFO, &|w| {
                w.vec8(|w| w.bytes(info))
            });
        }
        if let Some(groups) = &self.supported_groups {
            each(ExtensionType::SUPPORTED_GROUPS, &|w| {
                w.vec16(|w| groups.write(w))
            });
        }
        if let Some(formats) = self.ec_point_formats {
            each(ExtensionType::EC_POINT_FORMATS, &|w| {
                w.vec8(|w| w.bytes(formats))
            });
        }
        if let Some(ticket) = self.session_ticket {
            each(ExtensionType::SESSION_TICKET, &|w| w.bytes(ticket));
        }
        if let Some(protocols) = &self.alpn {
            each(ExtensionType::ALPN, &|w| w.vec16(|w| protocols.write(w)));
        }
        if self.status_request {
            each(ExtensionType::STATUS_REQUEST, &write_status_request);
        }
        if let Some(schemes) = &self.signature_algorithms {
            each(ExtensionType::SIGNATURE_ALGORITHMS, &|w| {
                w.vec16(|w| schemes.write(w))
            });
        }
        if self.signed_certificate_timestamp {
            each(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, &|_| ());
        }
        if let Some(limit) = self.record_size_limit {
            each(ExtensionType::RECORD_SIZE_LIMIT, &|w| w.u16(limit));
        }
    }

    fn each_of_tls13(&self, each: &mut Each<'_>) {
        if let Some(schemes) = &self.signature_algorithms_cert {
            each(ExtensionType::SIGNATURE_ALGORITHMS_CERT, &|w| {
                w.vec16(|w| schemes.write(w))
            });
        }
        if let Some(names) = &self.certificate_authorities {
            each(ExtensionType::CERTIFICATE_AUTHORITIES, &|w| {
                w.vec16(|w| names.write(w))
            });
        }
        if let Some((new, resumed)) = self.ticket_request {
            each(ExtensionType::TICKET_REQUEST, &|w| w.bytes(&[new, resumed]));
        }
        if self.post_handshake_auth {
            each(ExtensionType::POST_HANDSHAKE_AUTH, &|_| ());
        }
        if let Some(parameters) = self.quic_transport_parameters {
            each(ExtensionType::QUIC_TRANSPORT_PARAMETERS, &|w| {
                w.bytes(parameters)
            });
        }
        if let Some(shares) = &self.key_shares {
            each(ExtensionType::KEY_SHARE, &|w| w.vec16(|w| shares.write(w)));
        }
        if let Some(modes) = &self.psk_key_exchange_modes {
            each(ExtensionType::PSK_KEY_EXCHANGE_MODES, &|w| {
                w.vec8(|w| modes.write(w))
            });
        }
        if let Some(versions) = &self.supported_versions {
            each(ExtensionType::SUPPORTED_VERSIONS, &|w| {
                w.vec8(|w| versions.write(w))
            });
        }
        if let Some(cookie) = self.cookie {
            each(ExtensionType::COOKIE, &|w| w.vec16(|w| w.bytes(cookie)));
        }
        if self.early_data {
            each(ExtensionType::EARLY_DATA, &|_| ());
        }
    }
}

/// `supported_groups`, also of EncryptedExtensions.
pub(crate) fn read_groups<'a>(r: &mut Reader<'a>) -> Result<List<'a, NamedGroup>, DecodeError> {
    List::parse(r.vec16("NamedGroupList.named_group_list", 2..=0xffff)?)
}

/// `signature_algorithms` and `signature_algorithms_cert`, also of CertificateRequest.
pub(crate) fn read_schemes<'a>(
    r: &mut Reader<'a>,
) -> Result<List<'a, SignatureScheme>, DecodeError> {
    List::parse(r.vec16(
        "SignatureSchemeList.supported_signature_algorithms",
        2..=0xfffe,
    )?)
}

fn read_cookie<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    r.vec16("Cookie.cookie", 1..=0xffff)
}

fn read_renegotiation_info<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    r.vec8("RenegotiationInfo.renegotiated_connection", 0..=0xff)
}

fn read_point_formats<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    r.vec8("ECPointFormatList.ec_point_format_list", 1..=0xff)
}

/// ServerHello of any version, or HelloRetryRequest (RFC 9846 4.2.3, 4.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHello<'a> {
    /// `legacy_version`.
    pub legacy_version: ProtocolVersion,
    /// `random`; [`HELLO_RETRY_REQUEST_RANDOM`] makes the message a HelloRetryRequest.
    pub random: &'a [u8; 32],
    /// `legacy_session_id_echo`: at most 32 bytes.
    pub session_id: &'a [u8],
    /// `cipher_suite`.
    pub cipher_suite: CipherSuite,
    /// `legacy_compression_method`.
    pub compression_method: u8,
    /// `extensions`. Where it has none, the block itself is left out, as old servers do.
    pub extensions: ServerHelloExtensions<'a>,
}

impl<'a> ServerHello<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let mut hello = Self {
            legacy_version: ProtocolVersion(r.u16("ServerHello.legacy_version")?),
            random: r.array("ServerHello.random")?,
            session_id: r.vec8("ServerHello.legacy_session_id_echo", 0..=32)?,
            cipher_suite: CipherSuite(r.u16("ServerHello.cipher_suite")?),
            compression_method: r.u8("ServerHello.legacy_compression_method")?,
            extensions: ServerHelloExtensions::default(),
        };
        if !r.is_empty() {
            let block = r.vec16("ServerHello.extensions", 0..=0xffff)?;
            hello.extensions = match hello.is_hello_retry_request() {
                true => ServerHelloExtensions::parse_retry(block)?,
                false => ServerHelloExtensions::parse(block)?,
            };
        }
        r.finish("ServerHello")?;
        Ok(hello)
    }

    /// Whether the random makes the message a HelloRetryRequest.
    #[must_use]
    pub fn is_hello_retry_request(&self) -> bool {
        *self.random == HELLO_RETRY_REQUEST_RANDOM
    }

    /// Writes the body of the message. A HelloRetryRequest writes `retry_group`, a ServerHello
    /// `key_share`, whatever else is set.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.legacy_version.0);
        w.bytes(self.random);
        w.vec8(|w| w.bytes(self.session_id));
        w.u16(self.cipher_suite.0);
        w.u8(self.compression_method);
        let retry = self.is_hello_retry_request();
        w.vec16_unless_empty(|w| self.extensions.write(w, retry));
    }
}

extension_block! {
    /// The extensions of a ServerHello or HelloRetryRequest.
    ///
    /// With `supported_versions`, only those of TLS 1.3 may be read; without, only those of the
    /// older versions.
    ServerHelloExtensions {
        /// `selected_version` of `supported_versions`.
        supported_version: Option<ProtocolVersion>,
        /// `key_share` of a ServerHello.
        key_share: Option<KeyShareEntry<'a>>,
        /// `selected_group` of the `key_share` of a HelloRetryRequest.
        retry_group: Option<NamedGroup>,
        /// `cookie`, in a HelloRetryRequest only.
        cookie: Option<&'a [u8]>,
        /// `selected_identity` of `pre_shared_key`.
        pre_shared_key: Option<u16>,
        /// `server_name`, before TLS 1.3.
        server_name: bool,
        /// `extended_master_secret`, before TLS 1.3.
        extended_master_secret: bool,
        /// `renegotiated_connection` of `renegotiation_info`, before TLS 1.3.
        renegotiation_info: Option<&'a [u8]>,
        /// `ec_point_format_list` of `ec_point_formats`, before TLS 1.3.
        ec_point_formats: Option<&'a [u8]>,
        /// `session_ticket`, before TLS 1.3.
        session_ticket: bool,
        /// The one name of `application_layer_protocol_negotiation`, before TLS 1.3.
        alpn: Option<&'a [u8]>,
        /// `status_request`, before TLS 1.3.
        status_request: bool,
        /// `signed_certificate_timestamp` (RFC 6962), before TLS 1.3, all of it and unread.
        sct: Option<&'a [u8]>,
        /// `record_size_limit`, before TLS 1.3; its range isn't checked.
        record_size_limit: Option<u16>,
    }
}

impl<'a> ServerHelloExtensions<'a> {
    fn parse_retry(block: &'a [u8]) -> Result<Self, DecodeError> {
        let mut extensions = Self::default();
        let seen = read_block(block, &[MessageKind::HelloRetryRequest], |kind, r| {
            if kind == ExtensionType::KEY_SHARE {
                let group = r.u16("KeyShareHelloRetryRequest.selected_group")?;
                extensions.retry_group = Some(NamedGroup(group));
                return Ok(());
            }
            extensions.read(kind, r)
        })?;
        extensions.present = seen.present;
        extensions.unknown = seen.unknown;
        Ok(extensions)
    }

    fn parse(block: &'a [u8]) -> Result<Self, DecodeError> {
        let mut extensions = Self::default();
        // Which of both it is is known once the whole block has been read.
        let kinds = [MessageKind::ServerHello, MessageKind::OldServerHello];
        let seen = read_block(block, &kinds, |kind, r| extensions.read(kind, r))?;
        extensions.present = seen.present;
        extensions.unknown = seen.unknown;
        let kind = match extensions.supported_version {
            Some(_) => MessageKind::ServerHello,
            None => MessageKind::OldServerHello,
        };
        // RFC 9846 4.3: an extension that is recognized and not specified for the message that
        // it appears in MUST end the handshake with illegal_parameter.
        match seen.present.difference(allowed_in(kind)).iter().next() {
            Some(kind) => Err(DecodeError::new(name_of(kind), DecodeFault::NotAllowedHere)),
            None => Ok(extensions),
        }
    }

    fn read(&mut self, kind: ExtensionType, r: &mut Reader<'a>) -> Result<(), DecodeError> {
        match kind {
            ExtensionType::SUPPORTED_VERSIONS => {
                let version = r.u16("SupportedVersions.selected_version")?;
                self.supported_version = Some(ProtocolVersion(version));
            }
            ExtensionType::KEY_SHARE => self.key_share = Some(KeyShareEntry::read(r)?),
            ExtensionType::COOKIE => self.cookie = Some(read_cookie(r)?),
            ExtensionType::PRE_SHARED_KEY => {
                self.pre_shared_key = Some(r.u16("PreSharedKeyExtension.selected_identity")?);
            }
            ExtensionType::SERVER_NAME => self.server_name = true,
            ExtensionType::EXTENDED_MASTER_SECRET => self.extended_master_secret = true,
            ExtensionType::RENEGOTIATION_INFO => {
                self.renegotiation_info = Some(read_renegotiation_info(r)?);
            }
            ExtensionType::EC_POINT_FORMATS => {
                self.ec_point_formats = Some(read_point_formats(r)?);
            }
            ExtensionType::SESSION_TICKET => self.session_ticket = true,
            ExtensionType::ALPN => self.alpn = Some(read_selected_protocol(r)?),
            ExtensionType::STATUS_REQUEST => self.status_request = true,
            ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => self.sct = Some(r.rest()),
            ExtensionType::RECORD_SIZE_LIMIT => {
                self.record_size_limit = Some(r.u16("RecordSizeLimit")?);
            }
            _ => {
                r.rest();
            }
        }
        Ok(())
    }

    fn write(&self, w: &mut Writer<'_>, retry: bool) {
        // In the order of RFC 8448's traces; any other would do as well.
        if let Some(identity) = self.pre_shared_key {
            w.extension(ExtensionType::PRE_SHARED_KEY, |w| w.u16(identity));
        }
        match (retry, self.retry_group, &self.key_share) {
            (true, Some(group), _) => w.extension(ExtensionType::KEY_SHARE, |w| w.u16(group.0)),
            (false, _, Some(share)) => w.extension(ExtensionType::KEY_SHARE, |w| share.write(w)),
            _ => {}
        }
        if let Some(cookie) = self.cookie {
            w.extension(ExtensionType::COOKIE, |w| w.vec16(|w| w.bytes(cookie)));
        }
        if let Some(version) = self.supported_version {
            w.extension(ExtensionType::SUPPORTED_VERSIONS, |w| w.u16(version.0));
        }
        w.flag_extension(ExtensionType::SERVER_NAME, self.server_name);
        w.flag_extension(
            ExtensionType::EXTENDED_MASTER_SECRET,
            self.extended_master_secret,
        );
        if let Some(info) = self.renegotiation_info {
            w.extension(ExtensionType::RENEGOTIATION_INFO, |w| {
                w.vec8(|w| w.bytes(info))
            });
        }
        if let Some(formats) = self.ec_point_formats {
            w.extension(ExtensionType::EC_POINT_FORMATS, |w| {
                w.vec8(|w| w.bytes(formats))
            });
        }
        w.flag_extension(ExtensionType::SESSION_TICKET, self.session_ticket);
        write_selected_protocol(w, self.alpn);
        w.flag_extension(ExtensionType::STATUS_REQUEST, self.status_request);
        if let Some(timestamps) = self.sct {
            w.extension(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, |w| {
                w.bytes(timestamps);
            });
        }
        if let Some(limit) = self.record_size_limit {
            w.extension(ExtensionType::RECORD_SIZE_LIMIT, |w| w.u16(limit));
        }
    }
}
