//! The handshake messages that only TLS 1.2 has, or has in another form (RFC 5246 7.4, RFC 8422 5).

use crate::codepoint::{CertificateStatusType, NamedGroup, SignatureScheme};
use crate::error::{DecodeError, DecodeFault};
use crate::wire::codec::{Item, List, Reader, Writer};
use crate::wire::extension::Names;

const MOST_24: usize = 0x00ff_ffff;
/// ECCurveType named_curve (RFC 8422 5.4).
const NAMED_CURVE: u8 = 3;

/// One certificate of a list, as DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asn1Cert<'a>(pub &'a [u8]);

impl<'a> Item<'a> for Asn1Cert<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        r.vec24("ASN.1Cert", 1..=MOST_24).map(Self)
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.vec24(|w| w.bytes(self.0));
    }
}

/// Certificate (RFC 5246 7.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// `certificate_list`, the sender's own first; may be empty.
    pub entries: List<'a, Asn1Cert<'a>>,
}

impl<'a> Certificate<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let entries = List::parse(r.vec24("Certificate.certificate_list", 0..=MOST_24)?)?;
        r.finish("Certificate")?;
        Ok(Self { entries })
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.vec24(|w| self.entries.write(w));
    }
}

/// CertificateStatus (RFC 6066 8): an OCSP response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateStatus<'a> {
    /// The DER of the response.
    pub response: &'a [u8],
}

impl<'a> CertificateStatus<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let what = "CertificateStatus.status_type";
        let mut r = Reader::new(body);
        if CertificateStatusType(r.u8(what)?) != CertificateStatusType::OCSP {
            return Err(DecodeError::new(what, DecodeFault::BadValue));
        }
        let response = r.vec24("OCSPResponse", 1..=MOST_24)?;
        r.finish("CertificateStatus")?;
        Ok(Self { response })
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.u8(CertificateStatusType::OCSP.0);
        w.vec24(|w| w.bytes(self.response));
    }
}

/// ServerKeyExchange of the ECDHE suites (RFC 8422 5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerKeyExchange<'a> {
    /// ServerECDHParams as they are signed; see [`write_params`].
    pub params: &'a [u8],
    /// The curve in them.
    pub group: NamedGroup,
    /// The server's public key in them.
    pub public: &'a [u8],
    /// The scheme of the signature.
    pub scheme: SignatureScheme,
    /// The signature of both randoms and `params`.
    pub signature: &'a [u8],
}

impl<'a> ServerKeyExchange<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form, or the curve isn't a named one.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let kind = "ECParameters.curve_type";
        if r.u8(kind)? != NAMED_CURVE {
            return Err(DecodeError::new(kind, DecodeFault::BadValue));
        }
        let group = NamedGroup(r.u16("ECParameters.namedcurve")?);
        let public = r.vec8("ECPoint.point", 1..=0xff)?;
        let params_len = body.len().saturating_sub(r.remaining());
        let params = body.get(..params_len).unwrap_or(&[]);
        let scheme = SignatureScheme(r.u16("ServerKeyExchange.algorithm")?);
        let signature = r.vec16("ServerKeyExchange.signature", 0..=0xffff)?;
        r.finish("ServerKeyExchange")?;
        Ok(Self {
            params,
            group,
            public,
            scheme,
            signature,
        })
    }

    /// Writes the body of the message: `params`, scheme and signature.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.bytes(self.params);
        w.u16(self.scheme.0);
        w.vec16(|w| w.bytes(self.signature));
    }
}

/// Writes ServerECDHParams: a named curve and a public key.
pub fn write_params(w: &mut Writer<'_>, group: NamedGroup, public: &[u8]) {
    w.u8(NAMED_CURVE);
    w.u16(group.0);
    w.vec8(|w| w.bytes(public));
}

/// CertificateRequest (RFC 5246 7.4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateRequest<'a> {
    /// `certificate_types`: rsa_sign is 1, ecdsa_sign 64.
    pub certificate_types: &'a [u8],
    /// `supported_signature_algorithms`.
    pub signature_algorithms: List<'a, SignatureScheme>,
    /// `certificate_authorities`; may be empty.
    pub certificate_authorities: Names<'a>,
}

impl<'a> CertificateRequest<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let request = Self {
            certificate_types: r.vec8("CertificateRequest.certificate_types", 1..=0xff)?,
            signature_algorithms: List::parse(r.vec16(
                "CertificateRequest.supported_signature_algorithms",
                2..=0xfffe,
            )?)?,
            certificate_authorities: List::parse(
                r.vec16("CertificateRequest.certificate_authorities", 0..=0xffff)?,
            )?,
        };
        r.finish("CertificateRequest")?;
        Ok(request)
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.vec8(|w| w.bytes(self.certificate_types));
        w.vec16(|w| self.signature_algorithms.write(w));
        w.vec16(|w| self.certificate_authorities.write(w));
    }
}

/// ClientKeyExchange of the ECDHE suites (RFC 8422 5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientKeyExchange<'a> {
    /// The client's public key.
    pub public: &'a [u8],
}

impl<'a> ClientKeyExchange<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let public = r.vec8("ClientECDiffieHellmanPublic.ecdh_Yc", 1..=0xff)?;
        r.finish("ClientKeyExchange")?;
        Ok(Self { public })
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.vec8(|w| w.bytes(self.public));
    }
}

/// ServerKeyExchange of the ECDHE_PSK suites (RFC 5489 2): nothing in it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskServerKeyExchange<'a> {
    /// `psk_identity_hint`; may be empty.
    pub identity_hint: &'a [u8],
    /// The curve.
    pub group: NamedGroup,
    /// The server's public key.
    pub public: &'a [u8],
}

impl<'a> PskServerKeyExchange<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form, or the curve isn't a named one.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let identity_hint = r.vec16("ServerKeyExchange.psk_identity_hint", 0..=0xffff)?;
        let kind = "ECParameters.curve_type";
        if r.u8(kind)? != NAMED_CURVE {
            return Err(DecodeError::new(kind, DecodeFault::BadValue));
        }
        let message = Self {
            identity_hint,
            group: NamedGroup(r.u16("ECParameters.namedcurve")?),
            public: r.vec8("ECPoint.point", 1..=0xff)?,
        };
        r.finish("ServerKeyExchange")?;
        Ok(message)
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.vec16(|w| w.bytes(self.identity_hint));
        write_params(w, self.group, self.public);
    }
}

/// ClientKeyExchange of the ECDHE_PSK suites (RFC 5489 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskClientKeyExchange<'a> {
    /// `psk_identity`.
    pub identity: &'a [u8],
    /// The client's public key.
    pub public: &'a [u8],
}

impl<'a> PskClientKeyExchange<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let message = Self {
            identity: r.vec16("ClientKeyExchange.psk_identity", 0..=0xffff)?,
            public: r.vec8("ClientECDiffieHellmanPublic.ecdh_Yc", 1..=0xff)?,
        };
        r.finish("ClientKeyExchange")?;
        Ok(message)
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.vec16(|w| w.bytes(self.identity));
        w.vec8(|w| w.bytes(self.public));
    }
}

/// NewSessionTicket (RFC 5077 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSessionTicket<'a> {
    /// `ticket_lifetime_hint` in seconds; 0 where the server doesn't say.
    pub lifetime_hint: u32,
    /// `ticket`; empty if there is none after all.
    pub ticket: &'a [u8],
}

impl<'a> NewSessionTicket<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// Where the bytes don't have its form.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(body);
        let message = Self {
            lifetime_hint: r.u32("NewSessionTicket.ticket_lifetime_hint")?,
            ticket: r.vec16("NewSessionTicket.ticket", 0..=0xffff)?,
        };
        r.finish("NewSessionTicket")?;
        Ok(message)
    }

    /// Writes the body of the message.
    pub fn write(&self, w: &mut Writer<'_>) {
        w.u32(self.lifetime_hint);
        w.vec16(|w| w.bytes(self.ticket));
    }
}

/// Reads a message without content: ServerHelloDone or HelloRequest (RFC 5246 7.4.5, 7.4.1.1).
///
/// # Errors
/// Where there is content.
pub fn parse_empty(body: &[u8], what: &'static str) -> Result<(), DecodeError> {
    Reader::new(body).finish(what)
}
