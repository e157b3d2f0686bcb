//! Record protection: one direction, one epoch (RFC 9846 5.2 to 5.5).

use crate::codepoint::ContentType;
use crate::crypto::{Aead, AeadKey, Hash, HashSecret, Nonce};
use crate::error::{CryptoError, Error, Limit, Violation};
use crate::keys::tls13::{Iv, traffic_key};
use crate::record::MAX_PLAINTEXT;
use alloc::boxed::Box;

/// A key, its IV and the number of the next record.
#[derive(Debug)]
struct Keyed {
    key: Box<dyn AeadKey>,
    iv: Iv,
    sequence: u64,
    limit: u64,
}

impl Keyed {
    fn new(
        hash: &dyn Hash,
        aead: &dyn Aead,
        secret: &HashSecret,
        limit: u64,
    ) -> Result<Self, CryptoError> {
        let (key, iv) = traffic_key(hash, aead, secret)?;
        Ok(Self {
            key,
            iv,
            sequence: 0,
            limit,
        })
    }

    /// The nonce of the next record.
    fn nonce(&self) -> Nonce {
        // RFC 9846 5.3: the sequence number, padded on the left, exclusive-or the IV.
        let mut nonce = [0; 12];
        let sequence = self.sequence.to_be_bytes();
        let padded = [0; 4].iter().chain(&sequence);
        for ((to, iv), number) in nonce.iter_mut().zip(self.iv.expose()).zip(padded) {
            *to = iv ^ number;
        }
        nonce
    }

    fn advance(&mut self) {
        self.sequence = self.sequence.saturating_add(1);
    }
}

/// Opens what the peer protected.
#[derive(Debug)]
pub struct Opener(Keyed);

/// What was inside a record: the content stays where the ciphertext was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plaintext {
    /// The inner content type.
    pub content_type: ContentType,
    /// How many bytes of content, from the start of the body.
    pub len: usize,
}

impl Opener {
    /// With the keys of a traffic secret.
    ///
    /// # Errors
    /// Those of the provider.
    pub fn new(hash: &dyn Hash, aead: &dyn Aead, secret: &HashSecret) -> Result<Self, CryptoError> {
        Ok(Self(Keyed::new(
            hash,
            aead,
            secret,
            aead.confidentiality_limit(),
        )?))
    }

    /// How many records were opened under this key.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.sequence
    }

    /// Whether so many records came under this key that the peer should be asked for a new one.
    #[must_use]
    pub fn is_worn(&self) -> bool {
        self.0.sequence >= self.0.limit
    }

    /// Opens a record in place. On failure the body holds no plaintext.
    ///
    /// # Errors
    /// [`CryptoError::DecryptFailed`]; [`Violation::RecordTooLong`] if the content with its type
    /// and padding is longer than `most`; [`Violation::NoContentType`] for nothing but padding.
    pub fn open(
        &mut self,
        header: &[u8; 5],
        body: &mut [u8],
        most: usize,
    ) -> Result<Plaintext, Error> {
        let len = self.0.key.open_in_place(&self.0.nonce(), header, body)?;
        // RFC 9846 5.3: sequence numbers do not wrap.
        if self.0.sequence == u64::MAX {
            return Err(Limit::KeyUse.into());
        }
        self.0.advance();
        let inner = body.get(..len).unwrap_or(&[]);
        // RFC 9846 5.2: no more than 2^14 + 1 bytes of TLSInnerPlaintext; RFC 8449 4: or our
        // record_size_limit.
        if len > most.min(MAX_PLAINTEXT.saturating_add(1)) {
            wipe(body);
            return Err(Violation::RecordTooLong.into());
        }
        // RFC 9846 5.4: the type is the last byte that is not zero.
        let Some(at) = inner.iter().rposition(|byte| *byte != 0) else {
            return Err(Violation::NoContentType.into());
        };
        let content_type = inner
            .get(at)
            .map_or(ContentType(0), |byte| ContentType(*byte));
        Ok(Plaintext {
            content_type,
            len: at,
        })
    }
}

fn wipe(bytes: &mut [u8]) {
    use zeroize::Zeroize;
    bytes.zeroize();
}

/// Protects what goes to the peer.
#[derive(Debug)]
pub struct Sealer {
    keyed: Keyed,
    tag_len: usize,
}

impl Sealer {
    /// With the keys of a traffic secret; `limit` lowers the AEAD's own.
    ///
    /// # Errors
    /// Those of the provider.
    pub fn new(
        hash: &dyn Hash,
        aead: &dyn Aead,
        secret: &HashSecret,
        limit: u64,
    ) -> Result<Self, CryptoError> {
        let limit = limit.min(aead.confidentiality_limit());
        Ok(Self {
            keyed: Keyed::new(hash, aead, secret, limit)?,
            tag_len: aead.tag_len(),
        })
    }

    /// Bytes of tag.
    #[must_use]
    pub fn tag_len(&self) -> usize {
        self.tag_len
    }

    /// Bytes that protection adds to the content: type byte and tag.
    #[must_use]
    pub fn overhead(&self) -> usize {
        self.tag_len.saturating_add(1)
    }

    /// Whether the next record should be a KeyUpdate (RFC 9846 5.5).
    #[must_use]
    pub fn is_worn(&self) -> bool {
        // One record is kept in reserve for the KeyUpdate itself, one for an alert.
        self.keyed.sequence.saturating_add(2) >= self.keyed.limit
    }

    /// Seals in place: `body` is content, type byte, padding and room for the tag.
    ///
    /// # Errors
    /// [`CryptoError::BufferSize`]; [`Limit::KeyUse`] when the AEAD's limit is reached.
    pub fn seal(&mut self, header: &[u8; 5], body: &mut [u8]) -> Result<(), Error> {
        // RFC 9846 5.5: no key is used beyond its limit; 5.3: sequence numbers do not wrap.
        if self.keyed.sequence >= self.keyed.limit.max(4) || self.keyed.sequence == u64::MAX {
            return Err(Limit::KeyUse.into());
        }
        self.keyed
            .key
            .seal_in_place(&self.keyed.nonce(), header, body)?;
        self.keyed.advance();
        Ok(())
    }
}
