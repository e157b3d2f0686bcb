//! Record protection: one direction, one epoch (RFC 9846 5.2 to 5.5; RFC 5246 6.2.3.3).

use crate::codepoint::ContentType;
use crate::crypto::{Aead, AeadKey, Hash, HashSecret, Nonce, Tls12Suite};
use crate::error::{CryptoError, Error, Limit, Violation};
use crate::keys::tls13::{Iv, traffic_key};
use crate::record::MAX_PLAINTEXT;
use alloc::boxed::Box;

/// How a version uses its AEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The type is inside, the header is the additional data (RFC 9846 5.2).
    Tls13,
    /// The type is outside; with an explicit nonce, 8 bytes go before the ciphertext (RFC 5288 3).
    Tls12 { explicit_nonce: bool },
}

/// A key, its IV and the number of the next record.
#[derive(Debug)]
struct Keyed {
    key: Box<dyn AeadKey>,
    iv: Iv,
    sequence: u64,
    /// So many records and then another key, if there is a choice.
    limit: u64,
    /// So many records at most.
    most: u64,
    form: Form,
    tag_len: u8,
}

/// The length of a tag in the one byte that a connection keeps of it.
fn short(tag_len: usize) -> Result<u8, CryptoError> {
    u8::try_from(tag_len).map_err(|_| CryptoError::BufferSize)
}

/// Bytes of an explicit nonce.
const EXPLICIT: usize = 8;

impl Keyed {
    fn tls13(
        hash: &dyn Hash,
        aead: &dyn Aead,
        secret: &HashSecret,
        limit: u64,
    ) -> Result<Self, CryptoError> {
        let (key, iv) = traffic_key(hash, aead, secret)?;
        let (form, tag_len) = (Form::Tls13, short(aead.tag_len())?);
        Ok(Self {
            key,
            iv,
            sequence: 0,
            limit: limit.min(aead.confidentiality_limit()),
            most: aead.confidentiality_limit(),
            form,
            tag_len,
        })
    }

    fn tls12(suite: &Tls12Suite, key: (&[u8], &[u8]), limit: u64) -> Result<Self, CryptoError> {
        let (key, iv) = key;
        Ok(Self {
            key: suite.aead.key(key)?,
            iv: Iv::copied_from(iv).ok_or(CryptoError::BufferSize)?,
            sequence: 0,
            limit: limit.min(suite.aead.confidentiality_limit()),
            most: suite.aead.confidentiality_limit(),
            form: Form::Tls12 {
                explicit_nonce: suite.explicit_nonce,
            },
            tag_len: short(suite.aead.tag_len())?,
        })
    }

    /// The nonce of the record with this number, or with this explicit nonce.
    fn nonce(&self, number: [u8; EXPLICIT]) -> Nonce {
        let mut nonce = [0; 12];
        if self.form
            == (Form::Tls12 {
                explicit_nonce: true,
            })
        {
            // RFC 5288 3: four bytes of salt from the key block, then the explicit part.
            for (to, from) in nonce.iter_mut().zip(self.iv.expose().iter().chain(&number)) {
                *to = *from;
            }
            return nonce;
        }
        // RFC 9846 5.3, RFC 7905 2: the number, padded on the left, exclusive-or the IV.
        let padded = [0; 4].iter().chain(&number);
        for ((to, iv), number) in nonce.iter_mut().zip(self.iv.expose()).zip(padded) {
            *to = iv ^ number;
        }
        nonce
    }

    /// Bytes of the tag.
    fn tag_len(&self) -> usize {
        usize::from(self.tag_len)
    }

    /// Bytes before the ciphertext.
    fn front_len(&self) -> usize {
        match self.form {
            Form::Tls12 {
                explicit_nonce: true,
            } => EXPLICIT,
            _ => 0,
        }
    }

    /// RFC 5246 6.2.3.3: number, type, version and length of the content.
    fn tls12_aad(&self, header: &[u8; 5], content_len: usize) -> Result<[u8; 13], CryptoError> {
        let len = u16::try_from(content_len).map_err(|_| CryptoError::BufferSize)?;
        let mut aad = [0; 13];
        let [kind, major, minor, _, _] = *header;
        let parts = self
            .sequence
            .to_be_bytes()
            .into_iter()
            .chain([kind, major, minor]);
        for (to, from) in aad.iter_mut().zip(parts.chain(len.to_be_bytes())) {
            *to = from;
        }
        Ok(aad)
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
    /// The content type.
    pub content_type: ContentType,
    /// Where the content begins in the body.
    pub start: usize,
    /// How many bytes of content.
    pub len: usize,
}

impl Opener {
    /// With the keys of a TLS 1.3 traffic secret.
    ///
    /// # Errors
    /// Those of the provider.
    pub fn new(hash: &dyn Hash, aead: &dyn Aead, secret: &HashSecret) -> Result<Self, CryptoError> {
        Keyed::tls13(hash, aead, secret, u64::MAX).map(Self)
    }

    /// With a key and IV of a TLS 1.2 key block.
    ///
    /// # Errors
    /// Those of the provider.
    pub fn tls12(suite: &Tls12Suite, key: (&[u8], &[u8])) -> Result<Self, CryptoError> {
        Keyed::tls12(suite, key, u64::MAX).map(Self)
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

    /// Whether the types of records are inside them.
    #[must_use]
    pub fn hides_type(&self) -> bool {
        self.0.form == Form::Tls13
    }

    /// Opens a record in place. On failure the body holds no plaintext.
    ///
    /// # Errors
    /// [`CryptoError::DecryptFailed`]; [`Violation::RecordTooLong`] if the content (in TLS 1.3 with
    /// its type and padding) is longer than `most`; [`Violation::NoContentType`] for nothing but
    /// padding.
    pub fn open(
        &mut self,
        header: &[u8; 5],
        body: &mut [u8],
        most: usize,
    ) -> Result<Plaintext, Error> {
        // RFC 9846 5.3: sequence numbers do not wrap.
        if self.0.sequence == u64::MAX {
            return Err(Limit::KeyUse.into());
        }
        let opened = match self.0.form {
            Form::Tls13 => self.open_tls13(header, body)?,
            Form::Tls12 { .. } => self.open_tls12(header, body)?,
        };
        self.0.advance();
        // RFC 9846 5.2: no more than 2^14 + 1 bytes of TLSInnerPlaintext; RFC 5246 6.2.3: no more
        // than 2^14; RFC 8449 4: or our record_size_limit.
        let (len, most) = match self.0.form {
            Form::Tls13 => (opened.len, most.min(MAX_PLAINTEXT.saturating_add(1))),
            Form::Tls12 { .. } => (opened.len, most.min(MAX_PLAINTEXT)),
        };
        if len > most {
            wipe(body);
            return Err(Violation::RecordTooLong.into());
        }
        if self.0.form != Form::Tls13 {
            return Ok(opened);
        }
        // RFC 9846 5.4: the type is the last byte that is not zero.
        let inner = body.get(..len).unwrap_or(&[]);
        let Some(at) = inner.iter().rposition(|byte| *byte != 0) else {
            return Err(Violation::NoContentType.into());
        };
        let content_type = inner
            .get(at)
            .map_or(ContentType(0), |byte| ContentType(*byte));
        Ok(Plaintext {
            content_type,
            start: 0,
            len: at,
        })
    }

    fn open_tls13(&self, header: &[u8; 5], body: &mut [u8]) -> Result<Plaintext, CryptoError> {
        let nonce = self.0.nonce(self.0.sequence.to_be_bytes());
        let len = self.0.key.open_in_place(&nonce, header, body)?;
        Ok(Plaintext {
            content_type: ContentType(0),
            start: 0,
            len,
        })
    }

    fn open_tls12(&self, header: &[u8; 5], body: &mut [u8]) -> Result<Plaintext, CryptoError> {
        let start = self.0.front_len();
        let overhead = start.saturating_add(self.0.tag_len());
        let content = body
            .len()
            .checked_sub(overhead)
            .ok_or(CryptoError::DecryptFailed)?;
        let aad = self.0.tls12_aad(header, content)?;
        let (front, sealed) = body
            .split_at_mut_checked(start)
            .ok_or(CryptoError::DecryptFailed)?;
        let number = match front.first_chunk::<EXPLICIT>() {
            Some(explicit) => *explicit,
            None => self.0.sequence.to_be_bytes(),
        };
        let len = self
            .0
            .key
            .open_in_place(&self.0.nonce(number), &aad, sealed)?;
        let [kind, ..] = *header;
        Ok(Plaintext {
            content_type: ContentType(kind),
            start,
            len,
        })
    }
}

fn wipe(bytes: &mut [u8]) {
    use zeroize::Zeroize;
    bytes.zeroize();
}

/// Protects what goes to the peer.
#[derive(Debug)]
pub struct Sealer(Keyed);

impl Sealer {
    /// With the keys of a TLS 1.3 traffic secret, worn after `limit` records, or as many as the AEAD
    /// allows.
    ///
    /// # Errors
    /// Those of the provider.
    pub fn new(
        hash: &dyn Hash,
        aead: &dyn Aead,
        secret: &HashSecret,
        limit: u64,
    ) -> Result<Self, CryptoError> {
        Keyed::tls13(hash, aead, secret, limit).map(Self)
    }

    /// With a key and IV of a TLS 1.2 key block, worn after `limit` records, or as many as the AEAD
    /// allows.
    ///
    /// # Errors
    /// Those of the provider.
    pub fn tls12(suite: &Tls12Suite, key: (&[u8], &[u8]), limit: u64) -> Result<Self, CryptoError> {
        Keyed::tls12(suite, key, limit).map(Self)
    }

    /// Bytes between the header and the content.
    #[must_use]
    pub fn front_len(&self) -> usize {
        self.0.front_len()
    }

    /// Bytes of tag.
    #[must_use]
    pub fn tag_len(&self) -> usize {
        self.0.tag_len()
    }

    /// Whether the type goes inside, behind the content, where padding may follow it.
    #[must_use]
    pub fn hides_type(&self) -> bool {
        self.0.form == Form::Tls13
    }

    /// Bytes that protection adds to the content.
    #[must_use]
    pub fn overhead(&self) -> usize {
        let inner_type = usize::from(self.hides_type());
        self.front_len()
            .saturating_add(inner_type)
            .saturating_add(self.0.tag_len())
    }

    /// Whether the next record should be a KeyUpdate (RFC 9846 5.5).
    #[must_use]
    pub fn is_worn(&self) -> bool {
        // One record is kept in reserve for the KeyUpdate itself, one for an alert.
        self.0.sequence.saturating_add(2) >= self.0.limit
    }

    /// Seals in place. `body` is [`Sealer::front_len`] bytes of any value, the content, in TLS 1.3
    /// the type byte and padding, and room for the tag.
    ///
    /// # Errors
    /// [`CryptoError::BufferSize`]; [`Limit::KeyUse`] when the AEAD's limit is reached.
    pub fn seal(&mut self, header: &[u8; 5], body: &mut [u8]) -> Result<(), Error> {
        // RFC 9846 5.5: no key is used beyond its limit; 5.3: sequence numbers do not wrap.
        if self.0.sequence >= self.0.most.max(4) || self.0.sequence == u64::MAX {
            return Err(Limit::KeyUse.into());
        }
        let number = self.0.sequence.to_be_bytes();
        let nonce = self.0.nonce(number);
        match self.0.form {
            Form::Tls13 => self.0.key.seal_in_place(&nonce, header, body)?,
            Form::Tls12 { .. } => {
                let content = body.len().checked_sub(self.overhead());
                let aad = self
                    .0
                    .tls12_aad(header, content.ok_or(CryptoError::BufferSize)?)?;
                let split = body.split_at_mut_checked(self.front_len());
                let (front, rest) = split.ok_or(CryptoError::BufferSize)?;
                // RFC 5288 3: the number makes a nonce that never repeats under a key.
                for (to, from) in front.iter_mut().zip(number) {
                    *to = from;
                }
                self.0.key.seal_in_place(&nonce, &aad, rest)?;
            }
        }
        self.0.advance();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::provider::RUSTCRYPTO;

    /// Both ends of one direction under the AEADs with a limit and without.
    fn ends(limited: bool) -> (Sealer, Opener) {
        let mut suites = RUSTCRYPTO.tls13_suites.iter();
        let suite = suites.find(|suite| (suite.aead.confidentiality_limit() < u64::MAX) == limited);
        let suite = suite.unwrap();
        let secret = suite.hash.hmac(&[1], &[]);
        let sealer = Sealer::new(suite.hash, suite.aead, &secret, u64::MAX).unwrap();
        (
            sealer,
            Opener::new(suite.hash, suite.aead, &secret).unwrap(),
        )
    }

    const HEADER: [u8; 5] = [23, 3, 3, 0, 66];

    /// Seals 49 bytes and their type.
    fn seal(sealer: &mut Sealer) -> Result<[u8; 66], Error> {
        let mut body = [23; 66];
        sealer.seal(&HEADER, &mut body)?;
        Ok(body)
    }

    #[test]
    fn a_record_that_is_too_long_leaves_no_plaintext() {
        for (most, fits) in [(50, true), (49, false)] {
            let (mut sealer, mut opener) = ends(true);
            let mut body = seal(&mut sealer).unwrap();
            match opener.open(&HEADER, &mut body, most) {
                Ok(plaintext) => assert!(fits && plaintext.len == 49),
                Err(error) => {
                    assert_eq!(*error.kind(), ErrorKind::Protocol(Violation::RecordTooLong));
                    assert!(!fits && body == [0; 66]);
                }
            }
        }
    }

    #[test]
    fn no_key_is_used_beyond_its_limit() {
        for limited in [true, false] {
            let (mut sealer, mut opener) = ends(limited);
            let most = sealer.0.most;
            assert_eq!(most < u64::MAX, limited);
            for (number, worn) in [(most - 3, false), (most - 2, true), (most - 1, true)] {
                sealer.0.sequence = number;
                opener.0.sequence = number;
                assert_eq!(sealer.is_worn(), worn);
                let mut body = seal(&mut sealer).unwrap();
                assert_eq!(opener.open(&HEADER, &mut body, 50).unwrap().len, 49);
            }
            let error = seal(&mut sealer).unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Limit(Limit::KeyUse));
        }
    }

    #[test]
    fn an_opener_asks_for_a_key_and_never_counts_round() {
        let (_, mut opener) = ends(true);
        let limit = opener.0.limit;
        for (count, worn) in [(0, false), (limit - 1, false), (limit, true)] {
            opener.0.sequence = count;
            assert_eq!((opener.count(), opener.is_worn()), (count, worn));
        }
        opener.0.sequence = u64::MAX;
        let error = opener.open(&HEADER, &mut [0; 66], 50).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Limit(Limit::KeyUse));
    }
}
