//! A ticketer that notices changes.

use super::common::pair::now;
use rustls_pki_types::UnixTime;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use symbolon::config::*;
use symbolon::crypto::Random;
use symbolon::pki::Decision;
use symbolon::provider::RUSTCRYPTO;
use symbolon::secret::SecretBytes;

/// So many seconds after the time of all tests.
pub fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(now().as_secs() + seconds))
}

/// Tickets with a tag and, as they are for tests, in the clear.
#[derive(Debug, Default)]
pub struct Tags {
    pub key: u8,
    pub sealed: AtomicUsize,
    /// Gives none.
    pub empty: bool,
}

impl Tags {
    fn tag(&self, state: &[u8]) -> Vec<u8> {
        let tag = RUSTCRYPTO.sha256.hmac(&[self.key; 32], &[state]);
        tag.expose().to_vec()
    }
}

impl Ticketer for Tags {
    fn seal(&self, state: &[u8], _: UnixTime, _: &mut Random) -> Option<Vec<u8>> {
        self.sealed.fetch_add(1, Ordering::Relaxed);
        Some([&self.tag(state)[..], state].concat()).filter(|_| !self.empty)
    }

    fn open(&self, ticket: &[u8], _: UnixTime) -> Decision<Option<SecretBytes>> {
        let parts = ticket.split_at_checked(32);
        let good = parts.filter(|(tag, state)| self.tag(state) == *tag);
        Decision::Now(good.map(|(_, state)| SecretBytes::new(state.to_vec())))
    }
}
