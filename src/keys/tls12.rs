//! The key schedule of TLS 1.2 (RFC 5246 5, 6.3, 8.1; RFC 7627): a PRF and what is taken from it.

use crate::crypto::{Hash, HashOutput, HmacKey, Tls12Suite};
use crate::secret::Secret;
use alloc::boxed::Box;

/// The master secret: always 48 bytes.
pub type MasterSecret = Secret<48>;

/// Bytes of verify_data (RFC 5246 7.4.9).
pub const VERIFY_DATA_LEN: usize = 12;

/// The PRF of RFC 5246 5 with its secret. Wiped on drop.
#[derive(Debug)]
pub struct Prf(Box<dyn HmacKey>);

impl Prf {
    /// With this secret.
    #[must_use]
    pub fn new(hash: &'static dyn Hash, secret: &[u8]) -> Self {
        Self(hash.hmac_key(secret))
    }

    /// P_hash(secret, label + seed), for as much output as there is room. The seed comes in at most four
    /// parts.
    pub fn fill(&self, label: &[u8], seed: &[&[u8]], out: &mut [u8]) {
        // A(i), the label, the seed; an empty part adds nothing.
        let mut parts: [&[u8]; 6] = [&[]; 6];
        for (to, from) in parts.iter_mut().skip(1).zip([label].iter().chain(seed)) {
            *to = from;
        }
        // A(1) = HMAC(secret, label + seed).
        let mut a = self.0.hmac(&parts);
        let mut chunks = out.chunks_mut(a.len().max(1)).peekable();
        while let Some(chunk) = chunks.next() {
            let mut with_a = parts;
            if let Some(first) = with_a.first_mut() {
                *first = a.expose();
            }
            let block = self.0.hmac(&with_a);
            for (to, from) in chunk.iter_mut().zip(block.expose()) {
                *to = *from;
            }
            if chunks.peek().is_some() {
                a = self.0.hmac(&[a.expose()]);
            }
        }
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
pub fn master_secret(
    hash: &'static dyn Hash,
    premaster: &[u8],
    randoms: Randoms<'_>,
) -> MasterSecret {
    let mut out = MasterSecret::zeroed(48);
    let seed: [&[u8]; 2] = [randoms.client, randoms.server];
    Prf::new(hash, premaster).fill(b"master secret", &seed, out.expose_mut());
    out
}

/// The extended master secret of RFC 7627 4, bound to the handshake up to ClientKeyExchange.
#[must_use]
pub fn extended_master_secret(
    hash: &'static dyn Hash,
    premaster: &[u8],
    session_hash: &HashOutput,
) -> MasterSecret {
    let mut out = MasterSecret::zeroed(48);
    let seed = [session_hash.as_bytes()];
    let prf = Prf::new(hash, premaster);
    prf.fill(b"extended master secret", &seed, out.expose_mut());
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
    /// Derives them, with the PRF of the master secret.
    #[must_use]
    pub fn new(suite: &Tls12Suite, master: &Prf, randoms: Randoms<'_>) -> Self {
        let key_len = suite.aead.key_len();
        let iv_len = if suite.explicit_nonce { 4 } else { 12 };
        let total = key_len.saturating_add(iv_len).saturating_mul(2);
        let mut block = Secret::zeroed(total);
        // RFC 5246 6.3: the server's random goes first here.
        let seed: [&[u8]; 2] = [randoms.server, randoms.client];
        master.fill(b"key expansion", &seed, block.expose_mut());
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

/// The verify_data of a Finished (RFC 5246 7.4.9), with the PRF of the master secret.
#[must_use]
pub fn finished(master: &Prf, by_client: bool, transcript: &HashOutput) -> [u8; VERIFY_DATA_LEN] {
    let label: &[u8] = if by_client {
        b"client finished"
    } else {
        b"server finished"
    };
    let mut out = [0; VERIFY_DATA_LEN];
    master.fill(label, &[transcript.as_bytes()], &mut out);
    out
}

/// Exported keying material (RFC 5705 4): no context and an empty one differ.
///
/// The context must be shorter than 2^16 bytes, which the caller has checked.
pub fn export(
    master: &Prf,
    randoms: Randoms<'_>,
    label: &[u8],
    context: Option<(&[u8], u16)>,
    out: &mut [u8],
) {
    let (context, len) = context.map_or((&[][..], None), |(bytes, len)| (bytes, Some(len)));
    let len = len.map(u16::to_be_bytes);
    let len: &[u8] = len.as_ref().map_or(&[], |bytes| bytes);
    let seed = [&randoms.client[..], randoms.server, len, context];
    master.fill(label, &seed, out);
}
