//! The PSK importer (RFC 9258): from one external PSK a key of its own for every hash and context.

use super::{ExternalPsk, PskHash, PskQuery, PskStore};
use crate::codepoint::ProtocolVersion;
use crate::crypto::{CryptoProvider, Hash};
use crate::error::{Error, Misuse};
use crate::keys::tls13::hkdf_expand_label;
use crate::pki::Decision;
use crate::secret::SecretBytes;
use crate::wire::codec::Writer;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// An external PSK that is never used itself, but imported: for each hash of TLS 1.3 a key is derived
/// from it, so that no key serves two purposes (RFC 9258 4).
///
/// Both ends import the same key, under the same identity and context, and get the same list. Give
/// the context with [`PskImporter::between`] wherever the key could be known to more than two, or both
/// ends can be client and server.
#[derive(Debug)]
pub struct PskImporter {
    sha256: &'static dyn Hash,
    sha384: &'static dyn Hash,
    identity: Vec<u8>,
    context: Vec<u8>,
    key: SecretBytes,
    hash: PskHash,
}

impl PskImporter {
    /// The key with its identity outside of TLS. The hash is that which belongs to the key,
    /// [`PskHash::Sha256`] if none does (RFC 9258 5.1).
    #[must_use]
    pub fn new(
        provider: &CryptoProvider,
        external_identity: &[u8],
        key: SecretBytes,
        hash: PskHash,
    ) -> Self {
        Self {
            sha256: provider.sha256,
            sha384: provider.sha384,
            identity: external_identity.to_vec(),
            context: Vec::new(),
            key,
            hash,
        }
    }

    /// With any context that both ends agree on.
    #[must_use]
    pub fn context(mut self, context: &[u8]) -> Self {
        self.context = context.to_vec();
        self
    }

    /// With who is client and who is server as the context (RFC 9258 A): names, addresses, whatever tells
    /// them apart, at most 255 bytes each. A ClientHello that is sent back to its sender, or to a third
    /// one that has the key, finds no key there ("Selfie").
    ///
    /// Who is both client and server imports twice, with the names exchanged: one list for the client's
    /// config, the other for the server's.
    ///
    /// # Errors
    /// [`Misuse::Config`] where a name is too long, or both are the same.
    pub fn between(self, client: &[u8], server: &[u8]) -> Result<Self, Error> {
        if client == server {
            return Err(Misuse::Config("client and server need different names").into());
        }
        let mut context = Vec::new();
        let mut w = Writer::new(&mut context);
        w.vec8(|w| w.bytes(client));
        w.vec8(|w| w.bytes(server));
        w.finish()
            .map_err(|_| Misuse::Config("a name in the context of a PSK is too long"))?;
        Ok(self.context(&context))
    }

    /// The keys for TLS 1.3, one for SHA-256 and one for SHA-384: give all of them to the config.
    ///
    /// # Errors
    /// [`Misuse::Config`] where the identity is empty, or it or the context is too long.
    pub fn import(&self) -> Result<Vec<ExternalPsk>, Error> {
        let targets = [PskHash::Sha256, PskHash::Sha384];
        targets.into_iter().map(|t| self.import_for(t)).collect()
    }

    /// RFC 9258 5.1.
    fn import_for(&self, target: PskHash) -> Result<ExternalPsk, Error> {
        let identity = self.imported_identity(target)?;
        let hash = match self.hash {
            PskHash::Sha256 => self.sha256,
            PskHash::Sha384 => self.sha384,
        };
        let extracted = hash.hkdf_extract(&[], self.key.expose());
        // In its place from the start: no copy is left behind.
        let mut key = vec![0; target.output_len()];
        let context = hash.hash(&[&identity]);
        hkdf_expand_label(
            hash,
            extracted.expose(),
            b"derived psk",
            context.as_bytes(),
            &mut key,
        )?;
        Ok(ExternalPsk {
            identity,
            key: SecretBytes::new(key),
            hash: target,
            imported: true,
        })
    }

    fn imported_identity(&self, target: PskHash) -> Result<Vec<u8>, Error> {
        if self.identity.is_empty() {
            return Err(Misuse::Config("the identity of a PSK is empty").into());
        }
        let mut encoded = Vec::new();
        let mut w = Writer::new(&mut encoded);
        w.vec16(|w| w.bytes(&self.identity));
        w.vec16(|w| w.bytes(&self.context));
        w.u16(ProtocolVersion::TLS13.0);
        // The registry of RFC 9258 10.
        w.u16(match target {
            PskHash::Sha256 => 1,
            PskHash::Sha384 => 2,
        });
        let fits = w.finish().is_ok() && u16::try_from(encoded.len()).is_ok();
        if fits {
            Ok(encoded)
        } else {
            Err(Misuse::Config("the identity or context of a PSK is too long").into())
        }
    }
}

/// A [`PskStore`] in memory: what it is given before it is shared.
#[derive(Default)]
pub struct PskTable {
    keys: BTreeMap<Vec<u8>, Arc<ExternalPsk>>,
}

impl PskTable {
    /// Without a key.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key; one of the same identity is replaced.
    pub fn add(&mut self, psk: ExternalPsk) {
        self.keys.insert(psk.identity.clone(), Arc::new(psk));
    }
}

impl Extend<ExternalPsk> for PskTable {
    fn extend<T: IntoIterator<Item = ExternalPsk>>(&mut self, keys: T) {
        keys.into_iter().for_each(|psk| self.add(psk));
    }
}

impl FromIterator<ExternalPsk> for PskTable {
    fn from_iter<T: IntoIterator<Item = ExternalPsk>>(keys: T) -> Self {
        let mut table = Self::new();
        table.extend(keys);
        table
    }
}

impl PskStore for PskTable {
    fn find(&self, query: &PskQuery) -> Decision<Option<Arc<ExternalPsk>>> {
        Decision::Now(self.keys.get(&query.identity).cloned())
    }
}

impl fmt::Debug for PskTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PskTable({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::provider::default_provider;
    use std::format;
    use std::string::String;

    fn importer(hash: PskHash) -> PskImporter {
        let key = SecretBytes::new((0..32).collect());
        PskImporter::new(&default_provider(), b"device-7", key, hash)
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// RFC 9258 has no vectors: these were computed with the HMAC of Python's standard library, from
    /// the text of its section 5.1.
    #[test]
    fn keys_and_identities_are_those_of_the_rfc() {
        let identity = "00086465766963652d37000e06636c69656e74067365727665720304000";
        for (hash, keys) in [
            (
                PskHash::Sha256,
                [
                    "e7f2e6054c4d21d0114ae4069252e84c5587904a42fcf7e74fe786f9ceda44f2",
                    "9e4f07a145239bd2655c7ec4226e54029f35f9ca9b5b75503183a62d3ff5b79e\
                     82ca6f10ec8c0f82c573e99a5dc02c35",
                ],
            ),
            (
                PskHash::Sha384,
                [
                    "9bae0e3373653bc0d7e93c5ec60188b75d719e9aa9bb8053d11d9bd417c1b7ee",
                    "22d8854b6f49630bdd7ec4dd8761ba01ba94400d7f88ef9bbc4198abdb8cc435\
                     b2c50b56be6c722b86ea80c23cfeb8a1",
                ],
            ),
        ] {
            let importer = importer(hash).between(b"client", b"server").unwrap();
            let [short, long] = &importer.import().unwrap()[..] else {
                panic!("one for each hash");
            };
            assert_eq!(hex(short.identity()), format!("{identity}1"));
            assert_eq!(hex(long.identity()), format!("{identity}2"));
            assert_eq!([short, long].map(|psk| hex(psk.key.expose())), keys);
            assert_eq!(short.hash(), PskHash::Sha256);
            assert_eq!(long.hash(), PskHash::Sha384);
            assert!(short.imported && long.imported);
        }
    }

    #[test]
    fn a_client_hello_sent_back_to_its_sender_finds_no_key() {
        let list = |client: &[u8], server: &[u8]| {
            let importer = importer(PskHash::Sha256).between(client, server);
            importer.unwrap().import().unwrap()
        };
        // Ann is both: she offers the one list, and accepts the other.
        let offered = list(b"ann", b"bob");
        let accepts: PskTable = list(b"bob", b"ann").into_iter().collect();
        let bob: PskTable = list(b"ann", b"bob").into_iter().collect();
        let third: PskTable = list(b"ann", b"carol").into_iter().collect();
        for psk in offered {
            let query = PskQuery {
                identity: psk.identity().to_vec(),
            };
            assert_eq!(accepts.find(&query), Decision::Now(None));
            assert_eq!(third.find(&query), Decision::Now(None));
            assert_eq!(bob.find(&query), Decision::Now(Some(Arc::new(psk))));
        }
        let same = importer(PskHash::Sha256).between(b"ann", b"ann");
        assert!(same.is_err());
    }

    #[test]
    fn what_does_not_fit_its_field_is_told() {
        let provider = default_provider();
        let of = |identity: &[u8], context: &[u8]| {
            let key = SecretBytes::new(vec![1; 32]);
            let importer = PskImporter::new(&provider, identity, key, PskHash::Sha256);
            importer.context(context).import().is_ok()
        };
        assert!(!of(b"", b""));
        assert!(of(&[1; 60_000], b""));
        assert!(!of(&[1; 65_536], b""));
        assert!(!of(b"a", &[1; 65_536]));
        // Each fits, but not both together into a PskIdentity.
        assert!(!of(&[1; 60_000], &[1; 60_000]));
        let long = importer(PskHash::Sha256).between(&[1; 256], b"b");
        assert!(long.is_err());
    }

    #[test]
    fn a_table_gives_what_was_added_last() {
        let psk = |key: u8| {
            ExternalPsk::new(b"id", SecretBytes::new(vec![key; 32]), PskHash::Sha256).unwrap()
        };
        let table: PskTable = [psk(1), psk(2)].into_iter().collect();
        let find = |identity: &[u8]| {
            table.find(&PskQuery {
                identity: identity.to_vec(),
            })
        };
        assert_eq!(find(b"id"), Decision::Now(Some(Arc::new(psk(2)))));
        assert_eq!(find(b"i"), Decision::Now(None));
        assert_eq!(format!("{table:?}"), "PskTable(1 keys)");
    }
}
