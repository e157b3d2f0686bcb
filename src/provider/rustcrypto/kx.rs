//! Key exchange: X25519, the NIST curves, and their hybrids with ML-KEM
//! (RFC 9846 4.3.8 and 7.4, RFC 7748, FIPS 203, RFC 10024).

use super::copy_exact;
use crate::codepoint::NamedGroup;
use crate::crypto::{KeyExchange, KeyExchangeGroup, Random, SharedSecret};
use crate::error::CryptoError;
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;
use ml_kem::array::typenum::Unsigned;
use ml_kem::kem::{
    Decapsulate, Decapsulator, Encapsulate, Generate, KeyExport, KeySizeUser, TryKeyInit,
};
use ml_kem::{MlKem768, MlKem1024};
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, Sec1Point, ToSec1Point};
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, PublicKey, SecretKey};
use x25519_dalek::StaticSecret;
use zeroize::Zeroize;

/// The groups, best first: the hybrid that everybody has, then the classical ones.
pub static GROUPS: &[&dyn KeyExchangeGroup] = &[
    X25519MLKEM768,
    SECP256R1MLKEM768,
    SECP384R1MLKEM1024,
    X25519,
    SECP256R1,
    SECP384R1,
];

/// X25519MLKEM768.
pub static X25519MLKEM768: &dyn KeyExchangeGroup = &Hybrid::<X25519MlKem768>(PhantomData);

/// x25519.
pub static X25519: &dyn KeyExchangeGroup = &Classical::<Montgomery>(PhantomData);

/// secp256r1.
pub static SECP256R1: &dyn KeyExchangeGroup =
    &Classical::<Weierstrass<p256::NistP256>>(PhantomData);

/// secp384r1.
pub static SECP384R1: &dyn KeyExchangeGroup =
    &Classical::<Weierstrass<p384::NistP384>>(PhantomData);

/// SecP256r1MLKEM768.
pub static SECP256R1MLKEM768: &dyn KeyExchangeGroup = &Hybrid::<SecP256r1MlKem768>(PhantomData);

/// SecP384r1MLKEM1024.
pub static SECP384R1MLKEM1024: &dyn KeyExchangeGroup = &Hybrid::<SecP384r1MlKem1024>(PhantomData);

/// A Diffie-Hellman key of a classical group. Wiped on drop.
trait DiffieHellman: Send + Sync + 'static {
    const GROUP: NamedGroup;
    /// Bytes of a public key: the same for both sides.
    const SHARE_LEN: usize;
    const SECRET_LEN: usize;

    fn generate(random: &mut Random) -> Self;

    fn share(&self) -> &[u8];

    /// Writes the shared secret, of `SECRET_LEN` bytes.
    fn agree(&self, peer: &[u8], secret: &mut [u8]) -> Result<(), CryptoError>;
}

/// A key of X25519.
struct Montgomery {
    secret: StaticSecret,
    share: x25519_dalek::PublicKey,
}

impl From<StaticSecret> for Montgomery {
    fn from(secret: StaticSecret) -> Self {
        let share = (&secret).into();
        Self { secret, share }
    }
}

impl DiffieHellman for Montgomery {
    const GROUP: NamedGroup = NamedGroup::X25519;
    const SHARE_LEN: usize = 32;
    const SECRET_LEN: usize = 32;

    fn generate(random: &mut Random) -> Self {
        StaticSecret::random_from_rng(random).into()
    }

    fn share(&self) -> &[u8] {
        self.share.as_bytes()
    }

    fn agree(&self, peer: &[u8], secret: &mut [u8]) -> Result<(), CryptoError> {
        let peer = <[u8; 32]>::try_from(peer).map_err(|_| CryptoError::InvalidKeyShare)?;
        let shared = self.secret.diffie_hellman(&peer.into());
        // RFC 9846 7.4.2: check whether the computed shared secret is the all-zero value and
        // abort if so.
        if !shared.was_contributory() {
            return Err(CryptoError::InvalidKeyShare);
        }
        copy_exact(secret, shared.as_bytes())
    }
}

/// What differs from curve to curve.
trait NistCurve:
    CurveArithmetic<AffinePoint: FromSec1Point<Self> + ToSec1Point<Self>, FieldBytesSize: ModulusSize>
{
    const GROUP: NamedGroup;
    /// Bytes of a field element.
    const FIELD_LEN: usize;
}

impl NistCurve for p256::NistP256 {
    const GROUP: NamedGroup = NamedGroup::SECP256R1;
    const FIELD_LEN: usize = 32;
}

impl NistCurve for p384::NistP384 {
    const GROUP: NamedGroup = NamedGroup::SECP384R1;
    const FIELD_LEN: usize = 48;
}

/// A key on a NIST curve.
struct Weierstrass<C: NistCurve>
where
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    secret: SecretKey<C>,
    share: Sec1Point<C>,
}

impl<C: NistCurve> From<SecretKey<C>> for Weierstrass<C>
where
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    fn from(secret: SecretKey<C>) -> Self {
        let share = secret.public_key().to_sec1_point(false);
        Self { secret, share }
    }
}

/// The first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 4;

impl<C: NistCurve> DiffieHellman for Weierstrass<C>
where
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    const GROUP: NamedGroup = C::GROUP;
    const SHARE_LEN: usize = 1 + 2 * C::FIELD_LEN;
    const SECRET_LEN: usize = C::FIELD_LEN;

    fn generate(random: &mut Random) -> Self {
        SecretKey::generate_from_rng(random).into()
    }

    fn share(&self) -> &[u8] {
        self.share.as_bytes()
    }

    fn agree(&self, peer: &[u8], secret: &mut [u8]) -> Result<(), CryptoError> {
        // RFC 9846 4.3.8.2: only uncompressed points, and the peer's must be validated: that it
        // is on the curve and not at infinity (the cofactor is 1).
        if peer.len() != Self::SHARE_LEN || peer.first() != Some(&UNCOMPRESSED) {
            return Err(CryptoError::InvalidKeyShare);
        }
        let peer =
            PublicKey::<C>::from_sec1_bytes(peer).map_err(|_| CryptoError::InvalidKeyShare)?;
        // RFC 9846 7.4.2: the x-coordinate at its full length, leading zeros kept.
        copy_exact(secret, self.secret.diffie_hellman(&peer).raw_secret_bytes())
    }
}

/// A classical group.
struct Classical<D>(PhantomData<fn() -> D>);

impl<D: DiffieHellman> fmt::Debug for Classical<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&D::GROUP, f)
    }
}

impl<D: DiffieHellman> KeyExchangeGroup for Classical<D> {
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
        Ok(Box::new(ClassicalKey(D::generate(random))))
    }

    fn respond(
        &self,
        random: &mut Random,
        client_share: &[u8],
        server_share: &mut [u8],
    ) -> Result<SharedSecret, CryptoError> {
        let key = D::generate(random);
        copy_exact(server_share, key.share())?;
        agreed(&key, client_share)
    }
}

/// The client's key in a classical group.
struct ClassicalKey<D>(D);

impl<D: DiffieHellman> KeyExchange for ClassicalKey<D> {
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

fn agreed<D: DiffieHellman>(key: &D, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
    let mut secret = SharedSecret::zeroed(D::SECRET_LEN);
    key.agree(peer, secret.expose_mut())?;
    Ok(secret)
}

/// Bytes of ML-KEM's shared secret.
const KEM_SECRET_LEN: usize = 32;

/// ML-KEM with one of its parameter sets.
trait Kem:
    ml_kem::Kem<
        DecapsulationKey: Decapsulate<Kem = Self> + Send + Sync,
        EncapsulationKey: Encapsulate<Kem = Self>,
    >
{
    /// Bytes of an encapsulation key, which the client sends.
    const KEY_LEN: usize = <Self::EncapsulationKey as KeySizeUser>::KeySize::USIZE;
    /// Bytes of a ciphertext, which the server sends.
    const CIPHERTEXT_LEN: usize = Self::CiphertextSize::USIZE;
}

impl Kem for MlKem768 {}
impl Kem for MlKem1024 {}

/// Encapsulates to a client's key: the part of the server.
fn encapsulate<K: Kem>(
    random: &mut Random,
    key: &[u8],
    ciphertext: &mut [u8],
    secret: &mut [u8],
) -> Result<(), CryptoError> {
    // RFC 10024: the server checks the encapsulation key as FIPS 203 7.2 says (its length, and
    // that its coefficients are reduced), and fails the handshake otherwise.
    let key = K::EncapsulationKey::new_from_slice(key).map_err(|_| CryptoError::InvalidKeyShare)?;
    let (sent, mut shared) = key.encapsulate_with_rng(random);
    let copied = copy_exact(ciphertext, &sent).and_then(|()| copy_exact(secret, &shared));
    shared.zeroize();
    copied
}

/// Decapsulates a server's ciphertext: the part of the client.
fn decapsulate<K: Kem>(
    key: &K::DecapsulationKey,
    ciphertext: &[u8],
    secret: &mut [u8],
) -> Result<(), CryptoError> {
    // A ciphertext of the right length always yields a secret (FIPS 203 6.3).
    let mut shared = key
        .decapsulate_slice(ciphertext)
        .map_err(|_| CryptoError::InvalidKeyShare)?;
    let copied = copy_exact(secret, &shared);
    shared.zeroize();
    copied
}

/// Which halves a hybrid has and in which order they stand (RFC 10024).
trait HybridGroup: 'static {
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
    /// Where the classical half stands in the client's share.
    const CLASSICAL: Range<usize> = if Self::KEM_FIRST {
        <Self::Kem as Kem>::KEY_LEN..Self::CLIENT_SHARE_LEN
    } else {
        0..<Self::Classical as DiffieHellman>::SHARE_LEN
    };
}

struct X25519MlKem768;

impl HybridGroup for X25519MlKem768 {
    const GROUP: NamedGroup = NamedGroup::X25519MLKEM768;
    const KEM_FIRST: bool = true;
    type Classical = Montgomery;
    type Kem = MlKem768;
}

struct SecP256r1MlKem768;

impl HybridGroup for SecP256r1MlKem768 {
    const GROUP: NamedGroup = NamedGroup::SECP256R1MLKEM768;
    const KEM_FIRST: bool = false;
    type Classical = Weierstrass<p256::NistP256>;
    type Kem = MlKem768;
}

struct SecP384r1MlKem1024;

impl HybridGroup for SecP384r1MlKem1024 {
    const GROUP: NamedGroup = NamedGroup::SECP384R1MLKEM1024;
    const KEM_FIRST: bool = false;
    type Classical = Weierstrass<p384::NistP384>;
    type Kem = MlKem1024;
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
struct Hybrid<H>(PhantomData<fn() -> H>);

impl<H: HybridGroup> fmt::Debug for Hybrid<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&H::GROUP, f)
    }
}

impl<H: HybridGroup> KeyExchangeGroup for Hybrid<H> {
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
            classical: H::Classical::generate(random),
            kem: Generate::generate_from_rng(random),
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
        let key = H::Classical::generate(random);
        key.agree(classical_in, classical_secret)?;
        encapsulate::<H::Kem>(random, kem_in, kem_out, kem_secret)?;
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
    kem: <H::Kem as ml_kem::Kem>::DecapsulationKey,
}

impl<H: HybridGroup> KeyExchange for HybridKey<H> {
    fn group(&self) -> NamedGroup {
        H::GROUP
    }

    fn write_share(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let share = self.classical.share();
        let (classical, kem) = halves_mut::<H>(out, share.len(), H::Kem::KEY_LEN)?;
        copy_exact(classical, share)?;
        copy_exact(kem, &self.kem.encapsulation_key().to_bytes())
    }

    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, CryptoError> {
        let (classical, kem) = halves::<H>(server_share, H::Kem::CIPHERTEXT_LEN)
            .ok_or(CryptoError::InvalidKeyShare)?;
        let mut secret = SharedSecret::zeroed(H::SECRET_LEN);
        let (classical_secret, kem_secret) = secret_halves::<H>(&mut secret)?;
        self.classical.agree(classical, classical_secret)?;
        decapsulate::<H::Kem>(&self.kem, kem, kem_secret)?;
        Ok(secret)
    }

    fn component(&self) -> Option<(NamedGroup, Range<usize>)> {
        Some((H::Classical::GROUP, H::CLASSICAL))
    }

    fn finish_component(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, CryptoError> {
        agreed(&self.classical, server_share)
    }
}

#[cfg(test)]
mod tests;
