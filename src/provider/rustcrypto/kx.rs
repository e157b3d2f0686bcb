//! Key exchange: X25519, the NIST curves, and their hybrids with ML-KEM
//! (RFC 9846 4.3.8 and 7.4, RFC 7748, FIPS 203, RFC 10024).

use crate::codepoint::NamedGroup;
use crate::crypto::{KeyExchangeGroup, Random};
use crate::error::CryptoError;
use crate::provider::copy_exact;
use crate::provider::kx::{
    Classical, DiffieHellman, Hybrid, HybridGroup, Kem, UNCOMPRESSED, hybrids,
};
use ml_kem::array::typenum::Unsigned;
use ml_kem::kem::{
    Decapsulate, Decapsulator, Encapsulate, Generate, KeyExport, KeySizeUser, TryKeyInit,
};
use ml_kem::{MlKem768, MlKem1024};
use p256::elliptic_curve::point::AffineCoordinates;
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytes, PublicKey, SecretKey};
use x25519_dalek::StaticSecret;
#[cfg(not(feature = "tables"))]
use x25519_dalek::X25519_BASEPOINT_BYTES;
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
pub static X25519MLKEM768: &dyn KeyExchangeGroup = &Hybrid::<X25519MlKem768>::NEW;

/// x25519.
pub static X25519: &dyn KeyExchangeGroup = &Classical::<Montgomery>::NEW;

/// secp256r1.
pub static SECP256R1: &dyn KeyExchangeGroup = &Classical::<Weierstrass<p256::NistP256>>::NEW;

/// secp384r1.
pub static SECP384R1: &dyn KeyExchangeGroup = &Classical::<Weierstrass<p384::NistP384>>::NEW;

/// SecP256r1MLKEM768.
pub static SECP256R1MLKEM768: &dyn KeyExchangeGroup = &Hybrid::<SecP256r1MlKem768>::NEW;

/// SecP384r1MLKEM1024.
pub static SECP384R1MLKEM1024: &dyn KeyExchangeGroup = &Hybrid::<SecP384r1MlKem1024>::NEW;

/// A key of X25519.
pub(in crate::provider) struct Montgomery {
    secret: StaticSecret,
    share: x25519_dalek::PublicKey,
}

impl From<StaticSecret> for Montgomery {
    fn from(secret: StaticSecret) -> Self {
        #[cfg(feature = "tables")]
        let share = (&secret).into();
        // Without tables the crate multiplies on the Edwards curve, with vector instructions where the
        // CPU has them: faster than the ladder if optimized for speed, but larger, and many times slower
        // in a program that is optimized for size, where nothing of it is inlined.
        #[cfg(not(feature = "tables"))]
        let share = {
            let base = X25519_BASEPOINT_BYTES.into();
            secret.diffie_hellman(&base).to_bytes().into()
        };
        Self { secret, share }
    }
}

impl DiffieHellman for Montgomery {
    const GROUP: NamedGroup = NamedGroup::X25519;
    const SHARE_LEN: usize = 32;
    const SECRET_LEN: usize = 32;
    const STACK: usize = 4 << 10;

    fn generate(random: &mut Random) -> Result<Self, CryptoError> {
        Ok(StaticSecret::random_from_rng(random).into())
    }

    #[cfg(test)]
    fn from_private(bytes: &[u8]) -> Self {
        StaticSecret::from(<[u8; 32]>::try_from(bytes).unwrap()).into()
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
pub(in crate::provider) trait NistCurve:
    CurveArithmetic<AffinePoint: AffineCoordinates<FieldRepr = FieldBytes<Self>>>
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

/// The bytes of an uncompressed point of P-384.
const MAX_POINT_LEN: usize = 1 + 2 * <p384::NistP384 as NistCurve>::FIELD_LEN;

/// A key on a NIST curve.
pub(in crate::provider) struct Weierstrass<C: NistCurve> {
    secret: SecretKey<C>,
    share: [u8; MAX_POINT_LEN],
}

impl<C: NistCurve> From<SecretKey<C>> for Weierstrass<C> {
    fn from(secret: SecretKey<C>) -> Self {
        let point = secret.public_key();
        let (x, y) = (point.as_affine().x(), point.as_affine().y());
        let mut share = [0; MAX_POINT_LEN];
        let bytes = [UNCOMPRESSED].into_iter().chain(x).chain(y);
        for (to, from) in share.iter_mut().zip(bytes) {
            *to = from;
        }
        Self { secret, share }
    }
}

impl<C: NistCurve> DiffieHellman for Weierstrass<C> {
    const GROUP: NamedGroup = C::GROUP;
    const SHARE_LEN: usize = 1 + 2 * C::FIELD_LEN;
    const SECRET_LEN: usize = C::FIELD_LEN;
    const STACK: usize = 4 << 10;

    fn generate(random: &mut Random) -> Result<Self, CryptoError> {
        Ok(SecretKey::generate_from_rng(random).into())
    }

    #[cfg(test)]
    fn from_private(bytes: &[u8]) -> Self {
        SecretKey::from_slice(bytes).unwrap().into()
    }

    fn share(&self) -> &[u8] {
        self.share.get(..Self::SHARE_LEN).unwrap_or_default()
    }

    fn agree(&self, peer: &[u8], secret: &mut [u8]) -> Result<(), CryptoError> {
        let peer = public_key::<C>(peer).ok_or(CryptoError::InvalidKeyShare)?;
        // RFC 9846 7.4.2: the x-coordinate at its full length, leading zeros kept.
        copy_exact(secret, self.secret.diffie_hellman(&peer).raw_secret_bytes())
    }
}

/// The key that an uncompressed point is, the only form that is accepted (RFC 9846 4.3.8.2, RFC 8422
/// 5.4.1).
pub(super) fn public_key<C>(point: &[u8]) -> Option<PublicKey<C>>
where
    C: CurveArithmetic<AffinePoint: AffineCoordinates<FieldRepr = FieldBytes<C>>>,
{
    let (&UNCOMPRESSED, coordinates) = point.split_first()? else {
        return None;
    };
    let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
    let x = FieldBytes::<C>::try_from(x).ok()?;
    let y = FieldBytes::<C>::try_from(y).ok()?;
    // RFC 9846 4.3.8.2: the point must be validated: that it is on the curve and not at infinity (the
    // cofactor is 1).
    let point = AffinePoint::<C>::from_coordinates(&x, &y).into_option()?;
    PublicKey::from_affine(point).ok()
}

/// A key of ML-KEM with one of its parameter sets.
pub(in crate::provider) struct Lattice<P: ParameterSet>(P::DecapsulationKey);

/// ML-KEM with a parameter set whose keys can be shared.
pub(in crate::provider) trait ParameterSet:
    ml_kem::Kem<
        DecapsulationKey: Decapsulate<Kem = Self> + Send + Sync,
        EncapsulationKey: Encapsulate<Kem = Self>,
    >
{
}

impl ParameterSet for MlKem768 {}
impl ParameterSet for MlKem1024 {}

impl<P: ParameterSet> Kem for Lattice<P> {
    const KEY_LEN: usize = <P::EncapsulationKey as KeySizeUser>::KeySize::USIZE;
    const CIPHERTEXT_LEN: usize = P::CiphertextSize::USIZE;
    const STACK: usize = 24 << 10;

    fn generate(random: &mut Random) -> Result<Self, CryptoError> {
        Ok(Self(Generate::generate_from_rng(random)))
    }

    fn write_key(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        copy_exact(out, &self.0.encapsulation_key().to_bytes())
    }

    fn encapsulate(
        random: &mut Random,
        key: &[u8],
        ciphertext: &mut [u8],
        secret: &mut [u8],
    ) -> Result<(), CryptoError> {
        // RFC 10024: the server checks the encapsulation key as FIPS 203 7.2 says (its length, and
        // that its coefficients are reduced), and fails the handshake otherwise.
        let key =
            P::EncapsulationKey::new_from_slice(key).map_err(|_| CryptoError::InvalidKeyShare)?;
        let (sent, mut shared) = key.encapsulate_with_rng(random);
        let copied = copy_exact(ciphertext, &sent).and_then(|()| copy_exact(secret, &shared));
        shared.zeroize();
        copied
    }

    fn decapsulate(&mut self, ciphertext: &[u8], secret: &mut [u8]) -> Result<(), CryptoError> {
        let mut shared = self
            .0
            .decapsulate_slice(ciphertext)
            .map_err(|_| CryptoError::InvalidKeyShare)?;
        let copied = copy_exact(secret, &shared);
        shared.zeroize();
        copied
    }
}

hybrids! {
    X25519MlKem768 = X25519MLKEM768, Montgomery, Lattice<MlKem768>, kem first: true;
    SecP256r1MlKem768 = SECP256R1MLKEM768, Weierstrass<p256::NistP256>, Lattice<MlKem768>, kem first: false;
    SecP384r1MlKem1024 = SECP384R1MLKEM1024, Weierstrass<p384::NistP384>, Lattice<MlKem1024>, kem first: false;
}

#[cfg(test)]
mod tests;
