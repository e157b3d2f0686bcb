//! What groups of any provider are made of: a Diffie-Hellman key, a key encapsulation, or both
//! (RFC 9846 4.3.8, RFC 10024).

use super::copy_exact;
use crate::codepoint::NamedGroup;
use crate::crypto::{KeyExchange, KeyExchangeGroup, Random, SharedSecret};
use crate::error::CryptoError;
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;

/// A Diffie-Hellman key of a classical group. Wiped on drop.
pub(super) trait DiffieHellman: Sized + Send + Sync + 'static {
    const GROUP: NamedGroup;
    /// Bytes of a public key: the same for both sides.
    const SHARE_LEN: usize;
    const SECRET_LEN: usize;
    /// As [`KeyExchangeGroup::stack`].
    const STACK: usize;

    /// A fresh key.
    fn generate(random: &mut Random) -> Result<Self, CryptoError>;

    /// The key with these bytes.
    #[cfg(test)]
    fn from_private(bytes: &[u8]) -> Self;

    fn share(&self) -> &[u8];

    /// Writes the shared secret, of `SECRET_LEN` bytes.
    fn agree(&self, peer: &[u8], secret: &mut [u8]) -> Result<(), CryptoError>;
}

/// The first byte of an uncompressed point.
pub(super) const UNCOMPRESSED: u8 = 4;

/// A classical group.
pub(super) struct Classical<D>(PhantomData<fn() -> D>);

impl<D> Classical<D> {
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<D: DiffieHellman> fmt::Debug for Classical<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&D::GROUP, f)
    }
}

impl<D: DiffieHellman> KeyExchangeGroup for Classical<D> {
    fn stack(&self) -> usize {
        D::STACK
    }

    fn name(&self) -> NamedGroup {
        D::GROUP
    }

    fn client_share_len(&self) -> usize {
        D::SHARE_LEN
    }

    fn server_share_len(&self) -> usize {
        D::SHARE_LEN
    }

    fn start(&self, random: &mut Random) -> Result<Box<dyn KeyExchange>, CryptoError> {
        Ok(Box::new(ClassicalKey(D::generate(random)?)))
    }

    fn respond(
        &self,
        random: &mut Random,
        client_share: &[u8],
        server_share: &mut [u8],
    ) -> Result<SharedSecret, CryptoError> {
        let key = D::generate(random)?;
        copy_exact(server_share, key.share())?;
        agreed(&key, client_share)
    }
}

/// The client's key in a classical group.
struct ClassicalKey<D>(D);

impl<D: DiffieHellman> KeyExchange for ClassicalKey<D> {
    fn stack(&self) -> usize {
        D::STACK
    }

    fn group(&self) -> NamedGroup {
        D::GROUP
    }

    fn write_share(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        copy_exact(out, self.0.share())
    }

    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, CryptoError> {
        agreed(&self.0, server_share)
    }
}

pub(super) fn agreed<D: DiffieHellman>(key: &D, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
    let mut secret = SharedSecret::zeroed(D::SECRET_LEN);
    key.agree(peer, secret.expose_mut())?;
    Ok(secret)
}

/// Bytes of ML-KEM's shared secret.
pub(super) const KEM_SECRET_LEN: usize = 32;

/// A client's key of ML-KEM (FIPS 203). Wiped on drop.
pub(super) trait Kem: Sized + Send + Sync + 'static {
    /// Bytes of an encapsulation key, which the client sends.
    const KEY_LEN: usize;
    /// Bytes of a ciphertext, which the server sends.
    const CIPHERTEXT_LEN: usize;
    /// As [`KeyExchangeGroup::stack`].
    const STACK: usize;

    fn generate(random: &mut Random) -> Result<Self, CryptoError>;

    /// Writes the encapsulation key, of `KEY_LEN` bytes.
    fn write_key(&self, out: &mut [u8]) -> Result<(), CryptoError>;

    /// Encapsulates to a client's key: the part of the server.
    fn encapsulate(
        random: &mut Random,
        key: &[u8],
        ciphertext: &mut [u8],
        secret: &mut [u8],
    ) -> Result<(), CryptoError>;

    /// Decapsulates a server's ciphertext: the part of the client. One of the right length always yields a
    /// secret (FIPS 203 6.3). The key isn't moved: it is wiped where it is.
    fn decapsulate(&mut self, ciphertext: &[u8], secret: &mut [u8]) -> Result<(), CryptoError>;
}

/// Which halves a hybrid has and in which order they stand (RFC 10024).
pub(super) trait HybridGroup: 'static {
    const GROUP: NamedGroup;
    /// Whether ML-KEM's half comes first, in the shares as well as in the secret.
    const KEM_FIRST: bool;
    type Classical: DiffieHellman;
    type Kem: Kem;

    const CLIENT_SHARE_LEN: usize =
        <Self::Classical as DiffieHellman>::SHARE_LEN + <Self::Kem as Kem>::KEY_LEN;
    const SERVER_SHARE_LEN: usize =
        <Self::Classical as DiffieHellman>::SHARE_LEN + <Self::Kem as Kem>::CIPHERTEXT_LEN;
    const SECRET_LEN: usize = <Self::Classical as DiffieHellman>::SECRET_LEN + KEM_SECRET_LEN;
    /// The compiler may put one half's functions into those that call the other's.
    const STACK: usize = <Self::Classical as DiffieHellman>::STACK + <Self::Kem as Kem>::STACK;
    /// Where the classical half stands in the client's share.
    const CLASSICAL: Range<usize> = if Self::KEM_FIRST {
        <Self::Kem as Kem>::KEY_LEN..Self::CLIENT_SHARE_LEN
    } else {
        0..<Self::Classical as DiffieHellman>::SHARE_LEN
    };
}

/// The classical half and ML-KEM's of a share; what remains for ML-KEM must be `kem_len` bytes.
fn halves<H: HybridGroup>(share: &[u8], kem_len: usize) -> Option<(&[u8], &[u8])> {
    let classical_len = <H::Classical as DiffieHellman>::SHARE_LEN;
    let (classical, kem) = if H::KEM_FIRST {
        let (kem, classical) = share.split_at_checked(kem_len)?;
        (classical, kem)
    } else {
        share.split_at_checked(classical_len)?
    };
    (classical.len() == classical_len && kem.len() == kem_len).then_some((classical, kem))
}

/// The same to write to, of a share or a secret.
fn halves_mut<H: HybridGroup>(
    whole: &mut [u8],
    classical_len: usize,
    kem_len: usize,
) -> Result<(&mut [u8], &mut [u8]), CryptoError> {
    if Some(whole.len()) != classical_len.checked_add(kem_len) {
        return Err(CryptoError::BufferSize);
    }
    let first_len = if H::KEM_FIRST { kem_len } else { classical_len };
    let (first, second) = whole
        .split_at_mut_checked(first_len)
        .ok_or(CryptoError::BufferSize)?;
    Ok(if H::KEM_FIRST {
        (second, first)
    } else {
        (first, second)
    })
}

/// A hybrid group.
pub(super) struct Hybrid<H>(PhantomData<fn() -> H>);

impl<H> Hybrid<H> {
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<H: HybridGroup> fmt::Debug for Hybrid<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&H::GROUP, f)
    }
}

impl<H: HybridGroup> KeyExchangeGroup for Hybrid<H> {
    fn stack(&self) -> usize {
        H::STACK
    }

    fn is_encapsulation(&self) -> bool {
        true
    }

    fn name(&self) -> NamedGroup {
        H::GROUP
    }

    fn client_share_len(&self) -> usize {
        H::CLIENT_SHARE_LEN
    }

    fn server_share_len(&self) -> usize {
        H::SERVER_SHARE_LEN
    }

    fn start(&self, random: &mut Random) -> Result<Box<dyn KeyExchange>, CryptoError> {
        Ok(Box::new(HybridKey::<H> {
            classical: H::Classical::generate(random)?,
            kem: H::Kem::generate(random)?,
        }))
    }

    fn respond(
        &self,
        random: &mut Random,
        client_share: &[u8],
        server_share: &mut [u8],
    ) -> Result<SharedSecret, CryptoError> {
        let classical_len = <H::Classical as DiffieHellman>::SHARE_LEN;
        let (classical_in, kem_in) =
            halves::<H>(client_share, H::Kem::KEY_LEN).ok_or(CryptoError::InvalidKeyShare)?;
        let (classical_out, kem_out) =
            halves_mut::<H>(server_share, classical_len, H::Kem::CIPHERTEXT_LEN)?;

        let mut secret = SharedSecret::zeroed(H::SECRET_LEN);
        let (classical_secret, kem_secret) = secret_halves::<H>(&mut secret)?;
        let key = H::Classical::generate(random)?;
        key.agree(classical_in, classical_secret)?;
        H::Kem::encapsulate(random, kem_in, kem_out, kem_secret)?;
        copy_exact(classical_out, key.share())?;
        Ok(secret)
    }
}

fn secret_halves<H: HybridGroup>(
    secret: &mut SharedSecret,
) -> Result<(&mut [u8], &mut [u8]), CryptoError> {
    halves_mut::<H>(
        secret.expose_mut(),
        <H::Classical as DiffieHellman>::SECRET_LEN,
        KEM_SECRET_LEN,
    )
}

/// The client's keys in a hybrid group.
struct HybridKey<H: HybridGroup> {
    classical: H::Classical,
    kem: H::Kem,
}

impl<H: HybridGroup> KeyExchange for HybridKey<H> {
    fn stack(&self) -> usize {
        H::STACK
    }

    fn group(&self) -> NamedGroup {
        H::GROUP
    }

    fn write_share(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let share = self.classical.share();
        let (classical, kem) = halves_mut::<H>(out, share.len(), H::Kem::KEY_LEN)?;
        copy_exact(classical, share)?;
        self.kem.write_key(kem)
    }

    fn finish(mut self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, CryptoError> {
        let (classical, kem) = halves::<H>(server_share, H::Kem::CIPHERTEXT_LEN)
            .ok_or(CryptoError::InvalidKeyShare)?;
        let mut secret = SharedSecret::zeroed(H::SECRET_LEN);
        let (classical_secret, kem_secret) = secret_halves::<H>(&mut secret)?;
        self.classical.agree(classical, classical_secret)?;
        self.kem.decapsulate(kem, kem_secret)?;
        Ok(secret)
    }

    fn component(&self) -> Option<(NamedGroup, Range<usize>)> {
        Some((H::Classical::GROUP, H::CLASSICAL))
    }

    fn finish_component(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, CryptoError> {
        agreed(&self.classical, server_share)
    }
}

/// Declares hybrids: which halves they have, and whether ML-KEM's comes first.
macro_rules! hybrids {
    ($($name:ident = $group:ident, $classical:ty, $kem:ty, kem first: $first:literal;)*) => {
        $(
            struct $name;

            impl HybridGroup for $name {
                const GROUP: NamedGroup = NamedGroup::$group;
                const KEM_FIRST: bool = $first;
                type Classical = $classical;
                type Kem = $kem;
            }
        )*
    };
}
pub(super) use hybrids;
