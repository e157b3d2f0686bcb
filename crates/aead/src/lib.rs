//! AEADs.
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

macro_rules! aead {
    ($(#[$doc:meta])* $name:ident, $key_len:literal, $module:ident, $key:ty, $functions:ty) => {
        $(#[$doc])*
        pub struct $name {
            key: $key,
            functions: $functions,
        }

        impl $name {
            /// Expands a key; `None` if the CPU lacks an extension that this needs.
            #[must_use]
            pub fn new(key: &[u8; $key_len]) -> Option<Box<Self>> {
                let functions: $functions = $module::functions()?;
                // In its place from the start: what is moved leaves a copy behind.
                let mut this = Box::new(Self { key: <$key>::zeroed(), functions });
                (functions.expand)(&mut this.key, key);
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
                Ok((self.functions.seal)(&self.key, nonce, aad, message))
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
    Aes128Gcm, 16, gcm, gcm::Key<2>, gcm::Functions<2, 16>
}

aead! {
    /// AES-256-GCM.
    Aes256Gcm, 32, gcm, gcm::Key<3>, gcm::Functions<3, 32>
}

aead! {
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305, 32, chacha, chacha::Key, chacha::Functions
}
