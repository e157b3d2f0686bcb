//! AES-128-GCM, AES-256-GCM (NIST SP 800-38D) and ChaCha20-Poly1305 (RFC 8439) with the vector
//! instructions of x86-64: the AEADs of TLS, made for symbolon's fast provider.
//!
//! GCM needs AVX2, AES-NI, PCLMULQDQ, VAES and VPCLMULQDQ (Intel since Alder Lake and Ice Lake, AMD since Zen 3);
//! ChaCha20-Poly1305 needs AVX2 and BMI2. Both use vectors of 512 bits where there are VAES and AVX-512 (F, BW and VL),
//! of 256 bits elsewhere. The CPU is asked at run time: where it can't, `new` returns `None`. On other architectures
//! the crate is empty.
//!
//! A message is sealed and opened in place, with its tag apart:
//! ```
//! # #[cfg(target_arch = "x86_64")]
//! # fn main() -> Result<(), symbolon_aead::Error> {
//! use symbolon_aead::Aes128Gcm;
//!
//! let Some(key) = Aes128Gcm::new(&[7; 16]) else {
//!     return Ok(()); // this CPU can't
//! };
//! let mut message = *b"attack at dawn";
//! let tag = key.seal(&[0; 12], b"header", &mut message)?;
//! key.open(&[0; 12], b"header", &mut message, &tag)?;
//! assert_eq!(&message, b"attack at dawn");
//! # Ok(())
//! # }
//! # #[cfg(not(target_arch = "x86_64"))]
//! # fn main() {}
//! ```
//!
//! # What is promised
//! - Expanded keys lie in one box from the beginning, never moved, and are wiped when it is dropped. What
//!   passes through registers (round keys, the key of Poly1305 for one message) may be spilled to the
//!   stack and isn't wiped there.
//! - Messages longer than the standards allow (2^36 - 32 bytes for GCM, 2^38 - 64 for ChaCha20-Poly1305) are refused.
//! - When a tag is wrong, the buffer is filled with zeros: no byte of unauthenticated plaintext is left.
//! - `unsafe` is one expression in `gcm` and one in `chacha`: the call, once the CPU was asked, of the
//!   `#[target_feature]` function, for the widest vectors that it has, that returns function pointers. All else is safe Rust, the
//!   intrinsics included; bytes become vectors by `bytemuck::cast`.
//!
//! # Time
//! How long a call takes depends on the lengths of message and additional data, on whether a tag was
//! right, and on the CPU, not on keys, nonces or contents:
//! - AES is AESENC and AESENCLAST, in key expansion too (SubBytes through AESENCLAST): there is no table.
//! - GHASH is carry-less multiplication by PCLMULQDQ. Where an element is multiplied by x, the carry becomes a mask.
//! - ChaCha20 is additions, exclusive ors, shifts and shuffles with constant patterns.
//! - Poly1305 is 64-bit multiplication (MULX, IMUL), additions with carry, and a final
//!   subtraction that is chosen by a mask.
//! - Tags are compared by one PTEST over all of their bits. Only its outcome is branched on.
//! - The mask registers of AVX-512 hold constants only.
//! - Every other branch and every address comes from lengths. The only table that is indexed (`bytes::mask`)
//!   is indexed with a length.
//!
//! On Intel CPUs from Ice Lake on these instructions are promised to be independent of their operands only in
//! the mode DOITM, which the operating system governs.
//!
//! As far as tools can they check this: `crates/aead/ct.sh` lists the conditional jumps of the
//! compiled kernels for a comparison with the loops and length checks above, and fails where a
//! conditional jump depends on flags from anything but general registers, where bits of a vector become a mask or, by
//! PMOVMSKB and its like, a number that could be branched on, or where there is a division, a gather or a
//! compression; and it runs ChaCha20-Poly1305 under valgrind with key, nonce and contents
//! marked as uninitialised, where every branch and address that depends on them is
//! reported. valgrind knows neither VAES nor AVX-512, so that GCM and the wider ChaCha20-Poly1305 have the first
//! check only.
//!
//! # Speed
//! `cargo run --release --manifest-path benches/peers/Cargo.toml -- aead` compares with *ring*, graviola and
//! RustCrypto. It holds at `opt-level` 2 and 3; programs built with `"s"` or `"z"` should set
//! `[profile.release.package.symbolon-aead] opt-level = 3`.
//!
//! # Correctness
//! NIST's vectors for GCM, Project Wycheproof's for all three, and RustCrypto's implementations, with either
//! width of vectors where the CPU has both: every length up to 600 bytes and more, every bit of a short message, and
//! 10^8 pseudorandom cases (about 4 minutes of a CPU; with `narrow` behind for vectors of 256 bits):
//! `cargo run --release -p symbolon-aead --example differential -- 100000000 2`.
#![warn(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    rust_2018_idioms
)]
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]
#![cfg(target_arch = "x86_64")]

mod bytes;
mod chacha;
mod gcm;

use std::boxed::Box;
use std::fmt;
use zeroize::Zeroize;

/// Why a message wasn't sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The message or the additional data is longer than the algorithm allows.
    TooLong,
    /// The tag doesn't belong to the message. The buffer was filled with zeros.
    WrongTag,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "longer than the AEAD allows",
            Self::WrongTag => "the tag is wrong",
        })
    }
}

impl std::error::Error for Error {}

/// Seals a message in place, by key, nonce and additional data, and returns the tag, its first byte
/// lowest (as a number it takes no memory).
type Seal<K> = fn(&K, &[u8; 12], &[u8], &mut [u8]) -> u128;

/// Opens a message in place if it belongs to the tag, and tells whether.
type Open<K> = fn(&K, &[u8; 12], &[u8], &mut [u8], &[u8; 16]) -> bool;

/// The functions of an algorithm, which need extensions of the CPU: whoever holds this has seen that
/// it has them.
struct Functions<K, const KEY: usize> {
    expand: fn(&mut K, &[u8; KEY]),
    seal: Seal<K>,
    open: Open<K>,
}

macro_rules! aead {
    ($(#[$doc:meta])* $name:ident, $key_len:literal, $module:ident, $key:ty) => {
        $(#[$doc])*
        pub struct $name {
            key: $key,
            functions: Functions<$key, $key_len>,
        }

        impl $name {
            /// Expands a key; `None` if the CPU lacks an extension that this needs.
            #[must_use]
            pub fn new(key: &[u8; $key_len]) -> Option<Box<Self>> {
                Self::with_functions(key, $module::functions(true)?)
            }

            /// The same with vectors of 256 bits even where the CPU has wider ones, for tests.
            #[doc(hidden)]
            #[must_use]
            pub fn new_narrow(key: &[u8; $key_len]) -> Option<Box<Self>> {
                Self::with_functions(key, $module::functions(false)?)
            }

            fn with_functions(
                key: &[u8; $key_len],
                functions: Functions<$key, $key_len>,
            ) -> Option<Box<Self>> {
                let expand = functions.expand;
                // In its place from the start: what is moved leaves a copy behind.
                let mut this = Box::new(Self { key: <$key>::zeroed(), functions });
                expand(&mut this.key, key);
                Some(this)
            }

            /// Encrypts `message` in place and returns the tag. A nonce must never be used twice
            /// with one key.
            ///
            /// # Errors
            /// [`Error::TooLong`]; `message` is as before.
            pub fn seal(
                &self,
                nonce: &[u8; 12],
                aad: &[u8],
                message: &mut [u8],
            ) -> Result<[u8; 16], Error> {
                if !$module::lengths_fit(aad, message) {
                    return Err(Error::TooLong);
                }
                Ok((self.functions.seal)(&self.key, nonce, aad, message).to_le_bytes())
            }

            /// Decrypts `message` in place.
            ///
            /// # Errors
            /// [`Error::WrongTag`], and `message` is all zeros; [`Error::TooLong`], and it is as before.
            pub fn open(
                &self,
                nonce: &[u8; 12],
                aad: &[u8],
                message: &mut [u8],
                tag: &[u8; 16],
            ) -> Result<(), Error> {
                if !$module::lengths_fit(aad, message) {
                    return Err(Error::TooLong);
                }
                if !(self.functions.open)(&self.key, nonce, aad, message, tag) {
                    message.zeroize();
                    return Err(Error::WrongTag);
                }
                Ok(())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

aead! {
    /// AES-128-GCM.
    Aes128Gcm, 16, gcm, gcm::Key<2>
}

aead! {
    /// AES-256-GCM.
    Aes256Gcm, 32, gcm, gcm::Key<3>
}

aead! {
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305, 32, chacha, chacha::Key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `new_narrow` is there for: that the tests of both widths are of two.
    #[test]
    fn narrow_functions_are_others_where_there_is_avx_512() {
        macro_rules! differ {
            ($name:ident, $len:literal) => {{
                let (Some(widest), Some(narrow)) =
                    ($name::new(&[1; $len]), $name::new_narrow(&[1; $len]))
                else {
                    println!("skipped: this CPU can't run {}", stringify!($name));
                    return;
                };
                let (widest, narrow) = (&widest.functions, &narrow.functions);
                !std::ptr::fn_addr_eq(widest.seal, narrow.seal)
                    && !std::ptr::fn_addr_eq(widest.open, narrow.open)
            }};
        }
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("vaes");
        let differ = [
            differ!(Aes128Gcm, 16),
            differ!(Aes256Gcm, 32),
            differ!(ChaCha20Poly1305, 32),
        ];
        assert_eq!(differ, [wide; 3]);
    }
}
