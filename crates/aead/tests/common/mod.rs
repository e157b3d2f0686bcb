//! Our AEADs and RustCrypto's, each behind one face.

use aes_gcm::aead::{AeadInOut, KeyInit, Nonce, Tag};
use symbolon_aead::Error;

/// An AEAD under a key.
pub trait Aead {
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], message: &mut [u8]) -> [u8; 16];
    fn open(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        message: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), Error>;
}

macro_rules! ours {
    ($name:ident) => {
        impl Aead for symbolon_aead::$name {
            fn seal(&self, nonce: &[u8; 12], aad: &[u8], message: &mut [u8]) -> [u8; 16] {
                symbolon_aead::$name::seal(self, nonce, aad, message).unwrap()
            }

            fn open(
                &self,
                nonce: &[u8; 12],
                aad: &[u8],
                message: &mut [u8],
                tag: &[u8; 16],
            ) -> Result<(), Error> {
                symbolon_aead::$name::open(self, nonce, aad, message, tag)
            }
        }
    };
}

ours!(Aes128Gcm);
ours!(Aes256Gcm);
ours!(ChaCha20Poly1305);

/// RustCrypto's.
pub struct Reference<A>(A);

impl<A: AeadInOut> Aead for Reference<A> {
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], message: &mut [u8]) -> [u8; 16] {
        let nonce = Nonce::<A>::try_from(&nonce[..]).unwrap();
        let tag = self.0.encrypt_inout_detached(&nonce, aad, message.into());
        tag.unwrap()[..].try_into().unwrap()
    }

    fn open(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        message: &mut [u8],
        tag: &[u8; 16],
    ) -> Result<(), Error> {
        let nonce = Nonce::<A>::try_from(&nonce[..]).unwrap();
        let tag = Tag::<A>::try_from(&tag[..]).unwrap();
        self.0
            .decrypt_inout_detached(&nonce, aad, message.into(), &tag)
            .map_err(|_| Error::WrongTag)
    }
}

/// The algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
}

pub const ALGORITHMS: [Algorithm; 3] = [
    Algorithm::Aes128Gcm,
    Algorithm::Aes256Gcm,
    Algorithm::ChaCha20Poly1305,
];

/// The widest vectors that the CPU has, or of 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    Widest,
    Narrow,
}

pub const WIDTHS: [Width; 2] = [Width::Widest, Width::Narrow];

impl Algorithm {
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }

    /// Ours under a key of `key_len` bytes, or nothing if the CPU can't run it.
    pub fn ours(self, key: &[u8], width: Width) -> Option<Box<dyn Aead>> {
        macro_rules! ours {
            ($name:ident) => {{
                let key = key.try_into().unwrap();
                match width {
                    Width::Widest => symbolon_aead::$name::new(key)?,
                    Width::Narrow => symbolon_aead::$name::new_narrow(key)?,
                }
            }};
        }
        Some(match self {
            Self::Aes128Gcm => ours!(Aes128Gcm),
            Self::Aes256Gcm => ours!(Aes256Gcm),
            Self::ChaCha20Poly1305 => ours!(ChaCha20Poly1305),
        })
    }

    pub fn reference(self, key: &[u8]) -> Box<dyn Aead> {
        fn with<A: AeadInOut + KeyInit + 'static>(key: &[u8]) -> Box<dyn Aead> {
            Box::new(Reference(A::new_from_slice(key).unwrap()))
        }
        match self {
            Self::Aes128Gcm => with::<aes_gcm::Aes128Gcm>(key),
            Self::Aes256Gcm => with::<aes_gcm::Aes256Gcm>(key),
            Self::ChaCha20Poly1305 => with::<chacha20poly1305::ChaCha20Poly1305>(key),
        }
    }
}

/// Pseudorandom numbers, the same in each run (xorshift64*).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, which is small.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(((self.next() >> 32) * bound as u64) >> 32).unwrap()
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes);
        bytes
    }
}

/// Seals and opens with both and compares; then flips a bit in each part and expects a refusal
/// that leaves zeros behind.
pub fn compare(
    name: &str,
    ours: &dyn Aead,
    theirs: &dyn Aead,
    nonce: &[u8; 12],
    aad: &[u8],
    message: &[u8],
    flips: u64,
) {
    let at = || format!("{name}, {} bytes, {} of AAD", message.len(), aad.len());
    let mut expected = message.to_vec();
    let expected_tag = theirs.seal(nonce, aad, &mut expected);

    let mut buf = message.to_vec();
    let tag = ours.seal(nonce, aad, &mut buf);
    assert!(buf == expected, "sealed: {}", at());
    assert_eq!(tag, expected_tag, "tag: {}", at());
    assert_eq!(ours.open(nonce, aad, &mut buf, &tag), Ok(()), "{}", at());
    assert!(buf == message, "opened: {}", at());

    let flip = |bytes: &mut [u8]| {
        let bits = 8 * bytes.len() as u64;
        if bits == 0 {
            return false;
        }
        let bit = flips % bits;
        bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
        true
    };
    let mut refused = |nonce: &[u8; 12], aad: &[u8], tag: &[u8; 16], sealed: &[u8]| {
        buf.copy_from_slice(sealed);
        assert_eq!(
            ours.open(nonce, aad, &mut buf, tag),
            Err(Error::WrongTag),
            "{}",
            at()
        );
        assert!(buf.iter().all(|byte| *byte == 0), "left over: {}", at());
    };
    let mut other_tag = tag;
    flip(&mut other_tag);
    refused(nonce, aad, &other_tag, &expected);
    let mut other_nonce = *nonce;
    flip(&mut other_nonce);
    refused(&other_nonce, aad, &tag, &expected);
    let mut other_aad = aad.to_vec();
    if flip(&mut other_aad) {
        refused(nonce, &other_aad, &tag, &expected);
    }
    if flip(&mut expected) {
        refused(nonce, aad, &tag, &expected);
    }
}
