//! The key schedule of TLS 1.2 (RFC 5246 5, 6.3, 8.1; RFC 7627): a PRF and what is taken from it.

use crate::crypto::{Hash, HashOutput, SharedSecret, Tls12Suite};
use crate::secret::Secret;

/// The master secret: always 48 bytes.
pub type MasterSecret = Secret<48>;

/// Bytes of verify_data (RFC 5246 7.4.9).
pub const VERIFY_DATA_LEN: usize = 12;

/// The PRF of RFC 5246 5: P_hash(secret, label + seed). The seed comes in at most four parts.
pub fn prf(hash: &dyn Hash, secret: &[u8], label: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    // A(i), then label, then the seed.
    let mut parts: [&[u8]; 6] = [&[]; 6];
    for (to, from) in parts.iter_mut().skip(1).zip([label].iter().chain(seed)) {
        *to = from;
    }
    // A(1) = HMAC(secret, label + seed); an empty part adds nothing.
    let mut a = hash.hmac(secret, &parts);
    for chunk in out.chunks_mut(hash.output_len().max(1)) {
        let mut with_a = parts;
        if let Some(first) = with_a.first_mut() {
            *first = a.expose();
        }
        let block = hash.hmac(secret, &with_a);
        for (to, from) in chunk.iter_mut().zip(block.expose()) {
            *to = *from;
        }
        a = hash.hmac(secret, &[a.expose()]);
    }
}

/// The two randoms of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Randoms<'a> {
    /// ClientHello.random.
    pub client: &'a [u8; 32],
    /// ServerHello.random.
    pub server: &'a [u8; 32],
}

/// The master secret of RFC 5246 8.1, bound to the randoms only.
#[must_use]
pub fn master_secret(hash: &dyn Hash, shared: &SharedSecret, randoms: Randoms<'_>) -> MasterSecret {
    let mut out = MasterSecret::zeroed(48);
    let seed: [&[u8]; 2] = [randoms.client, randoms.server];
    prf(
        hash,
        shared.expose(),
        b"master secret",
        &seed,
        out.expose_mut(),
    );
    out
}

/// The extended master secret of RFC 7627 4, bound to the handshake up to ClientKeyExchange.
#[must_use]
pub fn extended_master_secret(
    hash: &dyn Hash,
    shared: &SharedSecret,
    session_hash: &HashOutput,
) -> MasterSecret {
    let mut out = MasterSecret::zeroed(48);
    let seed = [session_hash.as_bytes()];
    prf(
        hash,
        shared.expose(),
        b"extended master secret",
        &seed,
        out.expose_mut(),
    );
    out
}

/// The traffic keys of both directions (RFC 5246 6.3). AEAD suites have no MAC keys.
#[derive(Debug)]
pub struct KeyBlock {
    block: Secret<88>,
    key_len: usize,
    iv_len: usize,
}

impl KeyBlock {
    /// Derives them.
    #[must_use]
    pub fn new(suite: &Tls12Suite, master: &MasterSecret, randoms: Randoms<'_>) -> Self {
        let key_len = suite.aead.key_len();
        let iv_len = if suite.explicit_nonce { 4 } else { 12 };
        let total = key_len.saturating_add(iv_len).saturating_mul(2);
        let mut block = Secret::zeroed(total);
        // RFC 5246 6.3: the server's random goes first here.
        let seed: [&[u8]; 2] = [randoms.server, randoms.client];
        prf(
            suite.hash,
            master.expose(),
            b"key expansion",
            &seed,
            block.expose_mut(),
        );
        Self {
            block,
            key_len,
            iv_len,
        }
    }

    /// Key and IV for what the client writes, or the server.
    #[must_use]
    pub fn write_key(&self, by_client: bool) -> (&[u8], &[u8]) {
        let (keys, ivs) = self
            .block
            .expose()
            .split_at_checked(self.key_len.saturating_mul(2))
            .unwrap_or_default();
        let (client_key, server_key) = keys.split_at_checked(self.key_len).unwrap_or_default();
        let (client_iv, server_iv) = ivs.split_at_checked(self.iv_len).unwrap_or_default();
        if by_client {
            (client_key, client_iv)
        } else {
            (server_key, server_iv)
        }
    }
}

/// The verify_data of a Finished (RFC 5246 7.4.9).
#[must_use]
pub fn finished(
    hash: &dyn Hash,
    master: &MasterSecret,
    by_client: bool,
    transcript: &HashOutput,
) -> [u8; VERIFY_DATA_LEN] {
    let label: &[u8] = if by_client {
        b"client finished"
    } else {
        b"server finished"
    };
    let mut out = [0; VERIFY_DATA_LEN];
    prf(
        hash,
        master.expose(),
        label,
        &[transcript.as_bytes()],
        &mut out,
    );
    out
}

/// Exported keying material (RFC 5705 4): no context and an empty one differ.
///
/// The context must be shorter than 2^16 bytes, which the caller has checked.
pub fn export(
    hash: &dyn Hash,
    master: &MasterSecret,
    randoms: Randoms<'_>,
    label: &[u8],
    context: Option<(&[u8], u16)>,
    out: &mut [u8],
) {
    let (context, len) = context.map_or((&[][..], None), |(bytes, len)| (bytes, Some(len)));
    let len = len.map(u16::to_be_bytes);
    let len: &[u8] = len.as_ref().map_or(&[], |bytes| bytes);
    prf(
        hash,
        master.expose(),
        label,
        &[randoms.client, randoms.server, len, context],
        out,
    );
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::provider::rustcrypto::hash::{SHA256, SHA384};
    use std::string::String;
    use std::vec::Vec;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: String = hex.split_whitespace().collect();
        let pairs = digits.as_bytes().chunks(2);
        pairs
            .map(|p| u8::from_str_radix(str::from_utf8(p).unwrap(), 16).unwrap())
            .collect()
    }

    /// The widely used PRF test vector for SHA-256 (posted to the TLS working group's list in 2009).
    #[test]
    fn prf_of_sha256() {
        let mut out = [0; 100];
        let secret = bytes("9bbe436ba940f017b17652849a71db35");
        let seed = bytes("a0ba9f936cda311827a6f796ffd5198c");
        prf(SHA256, &secret, b"test label", &[&seed], &mut out);
        let expected = bytes(
            "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a
             6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab
             4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701
             87347b66",
        );
        assert_eq!(&out[..], &expected[..]);
    }

    /// The same list's vector for SHA-384.
    #[test]
    fn prf_of_sha384() {
        let mut out = [0; 148];
        let secret = bytes("b80b733d6ceefcdc71566ea48e5567df");
        let seed = bytes("cd665cf6a8447dd6ff8b27555edb7465");
        prf(SHA384, &secret, b"test label", &[&seed], &mut out);
        let expected = bytes(
            "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd
             e9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd
             8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425
             9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee6
             91c8f3a26854308d5eaa3be85e0990703d73e56f",
        );
        assert_eq!(&out[..], &expected[..]);
    }
}
