//! Tests that every provider passes.

mod aead;
mod keys;
pub(super) mod kx;

use super::RUSTCRYPTO;
#[cfg(all(feature = "fast", any(target_arch = "x86_64", target_arch = "aarch64")))]
use super::fast;
use crate::crypto::CryptoProvider;

/// The providers that this machine can run, for tests that all of them pass.
fn tested() -> std::vec::Vec<CryptoProvider> {
    let found = std::vec![RUSTCRYPTO];
    #[cfg(all(feature = "fast", any(target_arch = "x86_64", target_arch = "aarch64")))]
    let found = if fast::is_supported() {
        std::vec![RUSTCRYPTO, fast::provider()]
    } else {
        std::println!("skipped: this CPU cannot run the fast provider");
        found
    };
    found
}
