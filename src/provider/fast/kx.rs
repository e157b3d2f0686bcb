//! Key exchange with `graviola`: X25519, P-256, P-384 and ML-KEM-768; ML-KEM-1024 is RustCrypto's.

use crate::codepoint::NamedGroup;
use crate::crypto::{KeyExchangeGroup, Random};
use crate::error::CryptoError;
use crate::provider::copy_exact;
use crate::provider::kx::{
    Classical, DiffieHellman, Hybrid, HybridGroup, Kem, UNCOMPRESSED, hybrids,
};
use crate::provider::rustcrypto::kx::Lattice;
use alloc::boxed::Box;
use graviola::Error;
use graviola::key_agreement::{mlkem768, p256, p384, x25519};
use ml_kem::MlKem1024;
use zeroize::Zeroize;

/// The groups, in the order of the portable provider.
pub(super) static GROUPS: &[&dyn KeyExchangeGroup] = &[
    &Hybrid::<X25519MlKem768>::NEW,
    &Hybrid::<SecP256r1MlKem768>::NEW,
    &Hybrid::<SecP384r1MlKem1024>::NEW,
    &Classical::<X25519>::NEW,
    &Classical::<P256>::NEW,
    &Classical::<P384>::NEW,
];

hybrids! {
    X25519MlKem768 = X25519MLKEM768, X25519, MlKem768, kem first: true;
    SecP256r1MlKem768 = SECP256R1MLKEM768, P256, MlKem768, kem first: false;
    SecP384r1MlKem1024 = SECP384R1MLKEM1024, P384, Lattice<MlKem1024>, kem first: false;
}

/// A key of X25519, and its share.
pub(in crate::provider) struct X25519 {
    secret: x25519::StaticPrivateKey,
    share: [u8; 32],
}

impl X25519 {
    fn new(mut bytes: [u8; 32]) -> Self {
        let secret = x25519::StaticPrivateKey::from_array(&bytes);
        bytes.zeroize();
        let share = secret.public_key().as_bytes();
        Self { secret, share }
    }
}

impl DiffieHellman for X25519 {
    const GROUP: NamedGroup = NamedGroup::X25519;
    const SHARE_LEN: usize = 32;
    const SECRET_LEN: usize = 32;
    const STACK: usize = 2 << 10;

    fn generate(random: &mut Random) -> Result<Self, CryptoError> {
        Ok(Self::new(random.array()))
    }

    #[cfg(test)]
    fn from_private(bytes: &[u8]) -> Self {
        Self::new(bytes.try_into().unwrap())
    }

    fn share(&self) -> &[u8] {
        &self.share
    }

    fn agree(&self, peer: &[u8], secret: &mut [u8]) -> Result<(), CryptoError> {
        let peer =
            x25519::PublicKey::try_from_slice(peer).map_err(|_| CryptoError::InvalidKeyShare)?;
        // RFC 9846 7.4.2: an all-zero secret is an error here.
        let shared = self
            .secret
            .diffie_hellman(&peer)
            .map_err(|_| CryptoError::InvalidKeyShare)?;
        copy_exact(secret, &shared.0)
    }
}

/// How often a scalar is drawn before giving up: each time it is out of range with a probability of
/// 2^-32 (P-256) or less.
const ATTEMPTS: usize = 8;

macro_rules! nist_curve {
    ($name:ident, $curve:ident, $group:ident, $len:literal, $stack:literal) => {
        #[doc = concat!("A key on ", stringify!($name), ", and its share.")]
        pub(in crate::provider) struct $name {
            secret: $curve::StaticPrivateKey,
            share: [u8; 1 + 2 * $len],
        }

        impl $name {
            fn new(bytes: &[u8]) -> Result<Self, Error> {
                let secret = $curve::StaticPrivateKey::from_bytes(bytes)?;
                let share = secret.public_key_uncompressed();
                Ok(Self { secret, share })
            }
        }

        impl DiffieHellman for $name {
            const GROUP: NamedGroup = NamedGroup::$group;
            const SHARE_LEN: usize = 1 + 2 * $len;
            const SECRET_LEN: usize = $len;
            const STACK: usize = $stack << 10;

            fn generate(random: &mut Random) -> Result<Self, CryptoError> {
                for _ in 0..ATTEMPTS {
                    let mut bytes: [u8; $len] = random.array();
                    let key = Self::new(&bytes);
                    bytes.zeroize();
                    if let Ok(key) = key {
                        return Ok(key);
                    }
                }
                Err(CryptoError::NoRandomness)
            }

            #[cfg(test)]
            fn from_private(bytes: &[u8]) -> Self {
                Self::new(bytes).unwrap()
            }

            fn share(&self) -> &[u8] {
                &self.share
            }

            fn agree(&self, peer: &[u8], secret: &mut [u8]) -> Result<(), CryptoError> {
                // RFC 9846 4.3.8.2: only uncompressed points, and the peer's must be validated.
                if peer.len() != Self::SHARE_LEN || peer.first() != Some(&UNCOMPRESSED) {
                    return Err(CryptoError::InvalidKeyShare);
                }
                // RFC 9846 7.4.2: the x-coordinate at its full length, leading zeros kept.
                let shared = $curve::PublicKey::from_x962_uncompressed(peer)
                    .and_then(|peer| self.secret.diffie_hellman(&peer))
                    .map_err(|_| CryptoError::InvalidKeyShare)?;
                copy_exact(secret, &shared.0)
            }
        }
    };
}

nist_curve!(P256, p256, SECP256R1, 32, 4);
nist_curve!(P384, p384, SECP384R1, 48, 8);

/// A key of ML-KEM-768. It is made with randomness of the operating system. Boxed, because it is
/// large. Graviola takes it by value: what was moved stays behind in the freed box.
pub(super) struct MlKem768(Option<Box<mlkem768::DecapKey>>);

impl Kem for MlKem768 {
    const KEY_LEN: usize = 1184;
    const CIPHERTEXT_LEN: usize = 1088;
    const STACK: usize = 28 << 10;

    fn generate(_random: &mut Random) -> Result<Self, CryptoError> {
        let key = mlkem768::DecapKey::generate().map_err(|_| CryptoError::NoRandomness)?;
        Ok(Self(Some(Box::new(key))))
    }

    fn write_key(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let key = self.0.as_ref().ok_or(CryptoError::InvalidKey)?;
        copy_exact(out, &key.encapsulation_key().as_bytes())
    }

    fn encapsulate(
        _random: &mut Random,
        key: &[u8],
        ciphertext: &mut [u8],
        secret: &mut [u8],
    ) -> Result<(), CryptoError> {
        // RFC 10024: the server checks the encapsulation key as FIPS 203 7.2 says (its length, and
        // that its coefficients are reduced), and fails the handshake otherwise.
        let key = <&[u8; Self::KEY_LEN]>::try_from(key)
            .ok()
            .and_then(|key| mlkem768::EncapKey::from_bytes(key).ok())
            .ok_or(CryptoError::InvalidKeyShare)?;
        let (shared, sent) = key.encaps().map_err(|_| CryptoError::NoRandomness)?;
        copy_exact(ciphertext, sent.as_ref())?;
        copy_exact(secret, shared.as_ref())
    }

    fn decapsulate(&mut self, ciphertext: &[u8], secret: &mut [u8]) -> Result<(), CryptoError> {
        let ciphertext = <[u8; Self::CIPHERTEXT_LEN]>::try_from(ciphertext)
            .map_err(|_| CryptoError::InvalidKeyShare)?;
        let key = self.0.take().ok_or(CryptoError::InvalidKey)?;
        copy_exact(secret, key.decaps(&ciphertext.into()).as_ref())
    }
}

#[cfg(test)]
mod tests;
