//! RSA's public operation, and the encodings of messages that are signed (RFC 8017).
//!
//! All of it is public, so the time depends on it. The `rsa` crate does the same with arithmetic that is made
//! for private keys, which makes a small program tens of kilobytes larger.

use super::{RSA_BITS, integers};
use crate::crypto::HashOutput;
use alloc::vec;
use alloc::vec::Vec;
use crypto_bigint::Limb;

/// A hash of the concatenation of what it is given.
pub(super) type Hash = fn(&[&[u8]]) -> HashOutput;

/// Verifies RSASSA-PKCS1-v1_5 (RFC 8017 8.2.2); `oid` is that of the hash.
pub(super) fn verify_pkcs1(key: &[u8], oid: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    let message = PublicKey::from_der(key)?.recover(signature)?;
    let lengths = |longer: u8| {
        let sum = digest.len().checked_add(oid.len())?;
        u8::try_from(sum).ok()?.checked_add(longer)
    };
    let oid_len = u8::try_from(oid.len()).ok()?;
    let digest_len = u8::try_from(digest.len()).ok()?;
    // RFC 8017 9.2: 00 01 FF .. FF 00, then a DigestInfo, whose parameters are NULL.
    let padding = message
        .strip_prefix(&[0, 1])?
        .strip_suffix(digest)?
        .strip_suffix(&[0x05, 0, 0x04, digest_len])?
        .strip_suffix(oid)?
        .strip_suffix(&[
            0x30,
            lengths(8)?,
            0x30,
            oid_len.checked_add(4)?,
            0x06,
            oid_len,
        ])?
        .strip_suffix(&[0])?;
    (padding.len() >= 8 && padding.iter().all(|byte| *byte == 0xff)).then_some(())
}

/// Verifies RSASSA-PSS (RFC 8017 8.1.2) with MGF1, a salt as long as the hash, and one hash for all.
pub(super) fn verify_pss(key: &[u8], hash: Hash, digest: &[u8], signature: &[u8]) -> Option<()> {
    let key = PublicKey::from_der(key)?;
    let message = key.recover(signature)?;
    // RFC 8017 9.1.2: the encoded message has a bit less than the modulus, so a byte less, or unused
    // bits in the first.
    let (message, used) = match key.bits % 8 {
        1 => (message.strip_prefix(&[0])?, 0xff),
        0 => (&*message, 0x7f),
        2 => (&*message, 0x01),
        3 => (&*message, 0x03),
        4 => (&*message, 0x07),
        5 => (&*message, 0x0f),
        6 => (&*message, 0x1f),
        _ => (&*message, 0x3f),
    };
    let message = message.strip_suffix(&[0xbc])?;
    let masked = message.len().checked_sub(digest.len())?;
    let (masked, expected) = message.split_at_checked(masked)?;

    let mut block = masked.to_vec();
    for (counter, chunk) in (0_u32..).zip(block.chunks_mut(digest.len())) {
        // RFC 8017 B.2.1: MGF1.
        let mask = hash(&[expected, &counter.to_be_bytes()]);
        for (byte, mask) in chunk.iter_mut().zip(mask.as_bytes()) {
            *byte ^= mask;
        }
    }
    let first = block.first_mut()?;
    if masked.first()? & !used != 0 {
        return None;
    }
    *first &= used;
    let salt = block.len().checked_sub(digest.len())?;
    let (padding, salt) = block.split_at_checked(salt)?;
    let padding = padding.strip_suffix(&[1])?;
    let found = hash(&[&[0; 8], digest, salt]);
    (padding.iter().all(|byte| *byte == 0) && found.as_bytes() == expected).then_some(())
}

/// An RSAPublicKey.
struct PublicKey {
    modulus: Modulus,
    bits: u32,
    exponent: u64,
}

impl PublicKey {
    /// Reads a key of [`RSA_BITS`], with an exponent that is odd, not 1, and of up to 33 bits.
    fn from_der(der: &[u8]) -> Option<Self> {
        let [modulus, exponent] = integers(der)?;
        let bits = u32::try_from(modulus.len()).ok()?.checked_mul(8)?;
        let bits = bits.checked_sub(modulus.first()?.leading_zeros())?;
        let exponent = match *exponent {
            [a] => u64::from(a),
            [a, b] => u64::from_be_bytes([0, 0, 0, 0, 0, 0, a, b]),
            [a, b, c] => u64::from_be_bytes([0, 0, 0, 0, 0, a, b, c]),
            [a, b, c, d] => u64::from_be_bytes([0, 0, 0, 0, a, b, c, d]),
            [1, a, b, c, d] => u64::from_be_bytes([0, 0, 0, 1, a, b, c, d]),
            _ => return None,
        };
        let odd = exponent & 1 == 1 && modulus.last()? & 1 == 1;
        (odd && exponent != 1 && RSA_BITS.contains(&bits)).then_some(())?;
        Some(Self {
            modulus: Modulus::new(modulus)?,
            bits,
            exponent,
        })
    }

    /// The encoded message that was signed, as long as the modulus (RFC 8017 5.2.2 and 4).
    fn recover(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let modulus = &self.modulus;
        let len = usize::try_from(self.bits.div_ceil(8)).ok()?;
        let number = number(signature);
        // RFC 8017 8.1.2 and 8.2.2, step 1; 5.2.2, step 1.
        if signature.len() != len || !is_less(&number, &modulus.limbs) {
            return None;
        }
        // One factor isn't of Montgomery's form, so that the product isn't either.
        let form = modulus.product(&number, &modulus.radix_squared(self.bits));
        let power = modulus.power(&form, self.exponent.wrapping_sub(1));
        let bytes = modulus.product(&power, &number);
        let bytes = bytes.iter().rev().flat_map(|limb| limb.0.to_be_bytes());
        let all = modulus.limbs.len().saturating_mul(Limb::BYTES);
        Some(bytes.skip(all.saturating_sub(len)).collect())
    }
}

/// The limbs of a number, the least significant first.
fn number(bytes: &[u8]) -> Vec<Limb> {
    let limb = |bytes: &[u8]| {
        let shift_in = |limb: Limb, byte: &u8| limb.shl(8) | Limb::from_u8(*byte);
        bytes.iter().fold(Limb::ZERO, shift_in)
    };
    bytes.rchunks(Limb::BYTES).map(limb).collect()
}

/// Whether `a` is less than `b`, which has as many limbs.
fn is_less(a: &[Limb], b: &[Limb]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// An odd number, and numbers modulo it in the form of Montgomery: times R, which is 2 to the power of
/// all bits of its limbs.
struct Modulus {
    limbs: Vec<Limb>,
    /// What makes -1 of the lowest limb, as a factor.
    factor: Limb,
}

impl Modulus {
    fn new(bytes: &[u8]) -> Option<Self> {
        let limbs = number(bytes);
        let low = *limbs.first()?;
        // Every odd number is its own inverse modulo 8; Newton's step doubles the bits that are right.
        let step = |inverse: Limb| {
            let rest = Limb::from_u8(2).wrapping_sub(low.wrapping_mul(inverse));
            inverse.wrapping_mul(rest)
        };
        let inverse = (0..5).fold(low, |inverse, _| step(inverse));
        Some(Self {
            limbs,
            factor: Limb::ZERO.wrapping_sub(inverse),
        })
    }

    /// `a * b / R`, of numbers with as many limbs as the modulus.
    fn product(&self, a: &[Limb], b: &[Limb]) -> Vec<Limb> {
        let mut sum = vec![Limb::ZERO; self.limbs.len()];
        let mut top = Limb::ZERO;
        for a in a {
            let mut limbs = sum.iter_mut().zip(b).zip(&self.limbs);
            let Some(((mut to, b), n)) = limbs.next() else {
                break;
            };
            let (low, mut carry) = a.carrying_mul_add(*b, *to, Limb::ZERO);
            // This multiple of the modulus makes the lowest limb zero, and so R is divided out limb by
            // limb.
            let multiple = low.wrapping_mul(self.factor);
            let (_, mut carry_of_multiple) = multiple.carrying_mul_add(*n, low, Limb::ZERO);
            for ((from, b), n) in limbs {
                let limb;
                (limb, carry) = a.carrying_mul_add(*b, *from, carry);
                (*to, carry_of_multiple) = multiple.carrying_mul_add(*n, limb, carry_of_multiple);
                to = from;
            }
            (*to, top) = top.carrying_add(carry, carry_of_multiple);
        }
        self.reduce(&mut sum, top);
        sum
    }

    /// Subtracts the modulus from a number that is less than twice as much, where it isn't less.
    fn reduce(&self, limbs: &mut [Limb], top: Limb) {
        if top == Limb::ZERO && is_less(limbs, &self.limbs) {
            return;
        }
        let mut borrow = Limb::ZERO;
        for (limb, n) in limbs.iter_mut().zip(&self.limbs) {
            (*limb, borrow) = limb.borrowing_sub(*n, borrow);
        }
    }

    fn double(&self, limbs: &mut [Limb]) {
        let mut carry = Limb::ZERO;
        for limb in limbs.iter_mut() {
            (*limb, carry) = limb.carrying_add(*limb, carry);
        }
        self.reduce(limbs, carry);
    }

    /// A number of Montgomery's form to the power of `exponent`, which isn't zero.
    fn power(&self, base: &[Limb], exponent: u64) -> Vec<Limb> {
        let mut power = base.to_vec();
        for bit in (0..exponent.checked_ilog2().unwrap_or(0)).rev() {
            power = self.product(&power, &power);
            if exponent >> bit & 1 == 1 {
                power = self.product(&power, base);
            }
        }
        power
    }

    /// The square of R, which brings numbers into Montgomery's form, for a modulus of that many bits.
    fn radix_squared(&self, bits: u32) -> Vec<Limb> {
        // The highest power of two that is below the modulus ..
        let mut power = vec![Limb::ZERO; self.limbs.len()];
        let high = bits.wrapping_sub(1);
        if let Some(last) = power.last_mut() {
            *last = Limb::ONE.shl(high % Limb::BITS);
        }
        // .. doubled to R, which is 1 in Montgomery's form, and by a limb more, to a number whose power is
        // R in that form.
        let to_radix = Limb::BITS.wrapping_sub(high % Limb::BITS);
        for _ in 0..to_radix.wrapping_add(Limb::BITS) {
            self.double(&mut power);
        }
        // Where usize has fewer bits than u64, so has the number of limbs.
        let limbs = u64::try_from(self.limbs.len()).unwrap_or(u64::MAX);
        self.power(&power, limbs)
    }
}

#[cfg(test)]
mod tests;
