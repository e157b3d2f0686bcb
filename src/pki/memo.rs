//! Signatures of certificates that were verified before and were part of an accepted path.
//!
//! A bounded table, in sets of a few entries each of which keeps those that were used last.

use super::key::KeyInfo;
use super::sha256;
use crate::crypto::VerifyAlgorithms;
use crate::lock::Lock;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::SignatureVerificationAlgorithm;

/// How many issuers' certificates are remembered by default, and how many of peers.
pub(super) const DEFAULT_ENTRIES: usize = 128;

/// How many entries a set has.
const WAYS: usize = 8;

/// A signature on a certificate, by all that its validity depends on.
#[derive(Clone, Copy)]
pub(super) struct Signature {
    /// SHA-256 of the issuer's key and the certificate.
    hash: [u8; 32],
    algorithm: &'static dyn SignatureVerificationAlgorithm,
}

impl Signature {
    /// The signature on the certificate `der`, if `algorithm` and the issuer's key are to verify it.
    pub(super) fn new(
        der: &[u8],
        issuer: KeyInfo<'_>,
        algorithm: &'static dyn SignatureVerificationAlgorithm,
        algorithms: &VerifyAlgorithms,
    ) -> Self {
        // A length before each part but the last, so that only one reading gives these bytes.
        let length = |part: &[u8]| u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes();
        let parts = [
            &length(issuer.algorithm),
            issuer.algorithm,
            &length(issuer.key),
            issuer.key,
            der,
        ];
        Self {
            hash: sha256(&parts, algorithms),
            algorithm,
        }
    }
}

impl PartialEq for Signature {
    fn eq(&self, other: &Self) -> bool {
        // A verifier may serve configs with different providers, one of which may be stricter.
        // To take the same for different costs a verification; what has the same address and the
        // same code is the same.
        core::ptr::eq(self.algorithm, other.algorithm) && self.hash == other.hash
    }
}

/// What is remembered.
pub(super) struct SignatureMemo {
    issuers: Lock<Table>,
    peers: Lock<Table>,
}

impl SignatureMemo {
    /// One for this many certificates of issuers, and as many of peers. None for none.
    pub(super) fn new(entries: usize) -> Option<Arc<Self>> {
        // A power of two, so that sets only ever part when there are more of them.
        let sets = entries.div_ceil(WAYS);
        let sets = sets.checked_next_power_of_two().unwrap_or(sets);
        let table = || Lock::new(Table::new(sets));
        (entries > 0).then(|| {
            Arc::new(Self {
                issuers: table(),
                peers: table(),
            })
        })
    }

    const fn table(&self, of_peer: bool) -> &Lock<Table> {
        match of_peer {
            true => &self.peers,
            false => &self.issuers,
        }
    }

    /// Whether this was verified before. `of_peer` says whose certificate it stands on: the peer's
    /// own, or that of an issuer.
    pub(super) fn knows(&self, signature: &Signature, of_peer: bool) -> bool {
        let known = self.table(of_peer).with(|table| table.knows(signature));
        known.unwrap_or(false)
    }

    /// Remembers what was verified, and forgets what wasn't used for longest if it must.
    pub(super) fn insert(&self, signature: Signature, of_peer: bool) {
        // Where the lock can't be had it is forgotten.
        let _ = self.table(of_peer).with(|table| table.insert(signature));
    }
}

impl fmt::Debug for SignatureMemo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |table: &Lock<Table>| table.with(|table| table.len()).unwrap_or(0);
        let (issuers, peers) = (count(&self.issuers), count(&self.peers));
        write!(f, "SignatureMemo({issuers} of issuers, {peers} of peers)")
    }
}

/// Entries by their hashes; in each set the one that was used last comes first.
struct Table {
    /// Empty until there is something to remember; more where a set is full.
    sets: Vec<[Option<Signature>; WAYS]>,
    /// How many sets there may be.
    count: usize,
}

impl Table {
    const fn new(count: usize) -> Self {
        Self {
            sets: Vec::new(),
            count,
        }
    }

    fn len(&self) -> usize {
        self.sets.iter().flatten().flatten().count()
    }

    /// Where this signature would be.
    fn set_of(&mut self, signature: &Signature) -> Option<&mut [Option<Signature>; WAYS]> {
        let (first, _) = signature.hash.split_first_chunk()?;
        let count = u64::try_from(self.sets.len()).ok()?;
        let index = u64::from_be_bytes(*first).checked_rem(count)?;
        self.sets.get_mut(usize::try_from(index).ok()?)
    }

    fn knows(&mut self, signature: &Signature) -> bool {
        let Some(set) = self.set_of(signature) else {
            return false;
        };
        let Some(at) = set
            .iter()
            .position(|entry| entry.as_ref() == Some(signature))
        else {
            return false;
        };
        if let Some(fresher) = set.get_mut(..=at) {
            fresher.rotate_right(1);
        }
        true
    }

    fn insert(&mut self, signature: Signature) {
        // Another connection may have been faster.
        if self.knows(&signature) {
            return;
        }
        while self.is_crowded(&signature) && self.sets.len() < self.count {
            self.grow();
        }
        self.place(signature);
    }

    /// Whether something else would have to go for this one.
    fn is_crowded(&mut self, signature: &Signature) -> bool {
        self.set_of(signature)
            .is_none_or(|set| set.iter().all(Option::is_some))
    }

    /// Twice as many sets, or the first.
    fn grow(&mut self) {
        let count = self.sets.len().saturating_mul(2).clamp(1, self.count);
        let mut sets = Vec::with_capacity(count);
        sets.resize_with(count, Default::default);
        let old = core::mem::replace(&mut self.sets, sets);
        for set in old {
            // The one that was used last is placed last.
            for entry in set.into_iter().rev().flatten() {
                self.place(entry);
            }
        }
    }

    /// Puts it first in its set.
    fn place(&mut self, signature: Signature) {
        if let Some(set) = self.set_of(&signature) {
            set.rotate_right(1);
            if let Some(first) = set.first_mut() {
                *first = Some(signature);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(n: u8) -> Signature {
        let mut hash = [n; 32];
        // What chooses the set, spread.
        hash[7] = n.wrapping_mul(167);
        Signature {
            hash,
            algorithm: crate::provider::RUSTCRYPTO.verify.all[0],
        }
    }

    #[test]
    fn a_table_grows_with_what_is_remembered_and_forgets_only_when_it_is_full() {
        let mut table = Table::new(16);
        table.insert(signature(0));
        assert_eq!((table.sets.len(), table.len()), (1, 1));
        for n in 0..64 {
            table.insert(signature(n));
        }
        assert_eq!(table.len(), 64);
        assert!(table.sets.len() < 16, "{}", table.sets.len());
        assert!((0..64).all(|n| table.knows(&signature(n))));
        for n in 0..=255 {
            table.insert(signature(n));
            assert!(table.knows(&signature(n)));
        }
        assert_eq!(table.sets.len(), 16);
        assert!((64..=16 * WAYS).contains(&table.len()));
    }

    #[test]
    fn there_are_enough_sets_and_a_power_of_two_of_them() {
        let sets = |entries| {
            let memo = SignatureMemo::new(entries)?;
            memo.peers.with(|table| table.count)
        };
        let expected = [None, Some(1), Some(1), Some(2), Some(16), Some(16)];
        assert_eq!([0, 1, 8, 9, 104, 128].map(sets), expected);
    }

    #[test]
    fn a_set_that_is_parted_keeps_its_order() {
        let mut table = Table::new(2);
        for n in 0..8 {
            table.insert(signature(2 * n));
        }
        // The one that was used last goes last.
        assert!(table.knows(&signature(0)));
        for n in 8..15 {
            table.insert(signature(2 * n));
        }
        assert!(table.knows(&signature(0)));
        assert!(!table.knows(&signature(2)));
    }
}
