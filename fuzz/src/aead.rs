//! The AEADs of the default provider beside RustCrypto's.

use symbolon::crypto::AeadKey;
use symbolon::error::CryptoError;
use symbolon::provider::{RUSTCRYPTO, default_provider};

const TAG_LEN: usize = 16;

/// The first byte chooses a suite and the length of the additional data, the second a bit to flip; then come key, nonce,
/// additional data and message. Both seal the same; what one sealed the other opens, but not with a bit
/// flipped, and then nothing is left of it.
pub fn aead(bytes: &[u8]) {
    let Some(([choice, flip, key @ ..], rest)) = bytes.split_first_chunk::<34>() else {
        return;
    };
    let Some((nonce, rest)) = rest.split_first_chunk::<12>() else {
        return;
    };
    let (at, aad_len) = (usize::from(choice % 3), usize::from(choice / 3));
    let (aad, message) = rest.split_at(aad_len.min(rest.len()));

    let [ours, theirs] = [default_provider(), RUSTCRYPTO].map(|provider| {
        let aead = provider.tls13_suites[at].aead;
        assert_eq!(aead.tag_len(), TAG_LEN);
        aead.key(&key[..aead.key_len()]).unwrap()
    });
    let seal = |key: &dyn AeadKey| {
        let mut buf = [message, &[0xff; TAG_LEN]].concat();
        key.seal_in_place(nonce, aad, &mut buf).unwrap();
        buf
    };
    let sealed = seal(&*ours);
    assert_eq!(sealed, seal(&*theirs));
    let mut buf = sealed.clone();
    assert_eq!(ours.open_in_place(nonce, aad, &mut buf), Ok(message.len()));
    assert_eq!(&buf[..message.len()], message);

    buf.copy_from_slice(&sealed);
    let bit = (usize::from(*flip) * 8191) % (8 * buf.len());
    buf[bit / 8] ^= 1 << (bit % 8);
    let opened = ours.open_in_place(nonce, aad, &mut buf);
    assert_eq!(opened, Err(CryptoError::DecryptFailed));
    assert!(buf[..message.len()].iter().all(|byte| *byte == 0));
}
