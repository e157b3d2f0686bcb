//! The connection's own generator.

use chacha20::ChaCha20Rng;
use core::convert::Infallible;
use core::fmt;
use rand_core::{Rng, SeedableRng, TryCryptoRng, TryRng};
use zeroize::Zeroize;

/// A ChaCha20 generator, seeded once by the caller; the library asks no operating system.
///
/// The same seed gives the same bytes: a seed must never be used for two connections. Its state
/// is wiped on drop.
pub struct Random {
    generator: ChaCha20Rng,
    /// **Tests only.** What a published trace drew: comes out, draw by draw, before anything else.
    #[cfg(test)]
    pub(crate) replay: alloc::collections::VecDeque<alloc::vec::Vec<u8>>,
}

impl Random {
    /// A generator from 32 bytes that nobody else knows. The copy made here is wiped.
    #[must_use]
    pub fn new(mut seed: [u8; 32]) -> Self {
        let this = Self {
            generator: ChaCha20Rng::from_seed(seed),
            #[cfg(test)]
            replay: Default::default(),
        };
        seed.zeroize();
        this
    }

    /// Fills `out` with random bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        #[cfg(test)]
        if let Some(drawn) = self.replay.pop_front() {
            return out.copy_from_slice(&drawn);
        }
        self.generator.fill_bytes(out);
    }

    /// `N` random bytes.
    #[must_use]
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.generator.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.generator.next_u64())
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.fill(dst);
        Ok(())
    }
}

impl TryCryptoRng for Random {}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}
