//! A crypto provider without cryptography: everything has the right form and length, every change of a
//! byte is noticed, and nothing is secret. Handshakes with it take microseconds, so that millions of
//! them can be run.
//!
//! [`FAKE`] is the provider, [`credential`] makes a certificate with its key.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, PrivateKeyDer,
    SignatureVerificationAlgorithm, alg_id,
};
use std::ops::Range;
use std::sync::Arc;
use symbolon::codepoint::{CipherSuite, NamedGroup, SignatureScheme};
use symbolon::config::{Credential, Key};
use symbolon::crypto::*;
use symbolon::error::CryptoError;

/// A mixer of 256 bits: fast, and no two inputs that a test meets come out the same. Anybody could
/// make two that do.
#[derive(Clone)]
pub struct Mix {
    state: [u64; 4],
    /// Bytes that wait for a whole word, the first one lowest.
    word: u64,
    len: u64,
}

const ODD: [u64; 4] = [
    0x9e37_79b9_7f4a_7c15,
    0xbf58_476d_1ce4_e5b9,
    0x94d0_49bb_1331_11eb,
    0xd6e8_feb8_6659_fd93,
];

/// A bijection of 64 bits.
fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(ODD[1]);
    z = (z ^ (z >> 27)).wrapping_mul(ODD[2]);
    z ^ (z >> 31)
}

impl Mix {
    /// `domain` keeps the uses of it apart.
    pub fn new(domain: u64) -> Self {
        let state = ODD.map(|odd| scramble(odd ^ domain));
        Self {
            state,
            word: 0,
            len: 0,
        }
    }

    fn absorb(&mut self, word: u64) {
        let [a, b, c, d] = self.state;
        let x = (a ^ word).wrapping_mul(ODD[0]);
        let y = (b.wrapping_add(word.rotate_left(32))).wrapping_mul(ODD[3]);
        let (x, y) = (x ^ (x >> 29), y ^ (y >> 31));
        self.state = [c ^ y, d.wrapping_add(x), x.rotate_left(23) ^ d, y ^ a];
    }

    pub fn update(&mut self, mut bytes: &[u8]) {
        while !self.len.is_multiple_of(8) {
            let Some((first, rest)) = bytes.split_first() else {
                return;
            };
            self.byte(*first);
            bytes = rest;
        }
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.absorb(u64::from_le_bytes(*word));
        }
        self.len += 8 * words.len() as u64;
        for byte in rest {
            self.byte(*byte);
        }
    }

    fn byte(&mut self, byte: u8) {
        self.word |= u64::from(byte) << (8 * (self.len % 8));
        self.len += 1;
        if self.len.is_multiple_of(8) {
            let word = std::mem::take(&mut self.word);
            self.absorb(word);
        }
    }

    /// A part with its length, so that no two lists of parts are the same.
    pub fn part(&mut self, bytes: &[u8]) -> &mut Self {
        self.update(&(bytes.len() as u64).to_le_bytes());
        self.update(bytes);
        self
    }

    fn end(&self) -> [u64; 4] {
        let mut this = self.clone();
        this.absorb(self.word);
        this.absorb(self.len);
        this.absorb(ODD[0]);
        this.absorb(ODD[1]);
        this.state
    }

    /// As many bytes as wanted.
    pub fn squeeze(&self, out: &mut [u8]) {
        let [a, b, c, d] = self.end();
        for (i, chunk) in out.chunks_mut(8).enumerate() {
            let i = i as u64;
            let word = scramble(a.wrapping_add(i.wrapping_mul(ODD[0])) ^ b.rotate_left(i as u32))
                ^ scramble(c ^ d.wrapping_mul(2 * i + 1));
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }

    pub fn u64(&self) -> u64 {
        let mut out = [0; 8];
        self.squeeze(&mut out);
        u64::from_le_bytes(out)
    }
}

/// A hash with this many bytes of output.
#[derive(Debug)]
struct FakeHash(usize);

/// The three hashes.
pub static SHA256: &dyn Hash = &FakeHash(32);
pub static SHA384: &dyn Hash = &FakeHash(48);
pub static SHA512: &dyn Hash = &FakeHash(64);

struct Running(Mix, usize);

impl FakeHash {
    fn secret(&self, mix: &Mix) -> HashSecret {
        let mut out = HashSecret::zeroed(self.0);
        mix.squeeze(out.expose_mut());
        out
    }
}

impl Hash for FakeHash {
    fn output_len(&self) -> usize {
        self.0
    }

    fn start(&self) -> Box<dyn HashContext> {
        Box::new(Running(Mix::new(self.0 as u64), self.0))
    }

    fn hash(&self, parts: &[&[u8]]) -> HashOutput {
        let mut running = Running(Mix::new(self.0 as u64), self.0);
        parts.iter().for_each(|part| running.update(part));
        running.current()
    }

    fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> HashSecret {
        let mut mix = Mix::new(1000 + self.0 as u64);
        // As with HMAC, zeros at the end of a key make no difference.
        let len = key.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
        mix.part(&key[..len]);
        parts.iter().for_each(|part| mix.update(part));
        self.secret(&mix)
    }

    fn hkdf_extract(&self, salt: &[u8], ikm: &[u8]) -> HashSecret {
        self.hmac(salt, &[ikm])
    }

    fn hkdf_expand(&self, prk: &[u8], info: &[&[u8]], okm: &mut [u8]) -> Result<(), CryptoError> {
        if prk.len() < self.0 || okm.len() > 255 * self.0 {
            return Err(CryptoError::BufferSize);
        }
        let mut mix = Mix::new(2000 + self.0 as u64);
        mix.part(prk);
        info.iter().for_each(|part| mix.update(part));
        mix.squeeze(okm);
        Ok(())
    }
}

impl HashContext for Running {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn current(&self) -> HashOutput {
        let mut out = [0; MAX_HASH_LEN];
        self.0.squeeze(&mut out[..self.1]);
        HashOutput::new(&out[..self.1])
    }
}

/// A stream XORed, and a checksum over key, nonce, additional data and ciphertext.
#[derive(Debug)]
struct FakeAead {
    name: u64,
    key: usize,
    tag: usize,
    /// Records under one key: few, where the limit is to be reached.
    limit: u64,
}

struct FakeAeadKey {
    key: Mix,
    tag: usize,
}

macro_rules! aead {
    ($name:ident, $id:literal, $key:literal, $tag:literal) => {
        static $name: &dyn Aead = &FakeAead {
            name: $id,
            key: $key,
            tag: $tag,
            limit: 1 << 24,
        };
    };
}
aead!(AES_128_GCM, 1, 16, 16);
aead!(AES_256_GCM, 2, 32, 16);
aead!(CHACHA20_POLY1305, 3, 32, 16);
aead!(AES_128_CCM_8, 4, 16, 8);

impl Aead for FakeAead {
    fn key_len(&self) -> usize {
        self.key
    }

    fn tag_len(&self) -> usize {
        self.tag
    }

    fn confidentiality_limit(&self) -> u64 {
        self.limit
    }

    fn integrity_limit(&self) -> u64 {
        1 << 36
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, CryptoError> {
        if key.len() != self.key {
            return Err(CryptoError::InvalidKey);
        }
        let mut mix = Mix::new(3000 + self.name);
        mix.part(key);
        let tag = self.tag;
        Ok(Box::new(FakeAeadKey { key: mix, tag }))
    }
}

impl FakeAeadKey {
    fn xor(&self, nonce: &Nonce, text: &mut [u8]) {
        let mut mix = self.key.clone();
        mix.part(nonce);
        let mut counter = mix.u64();
        for chunk in text.chunks_mut(8) {
            counter = counter.wrapping_add(ODD[0]);
            let stream = scramble(counter).to_le_bytes();
            chunk.iter_mut().zip(stream).for_each(|(b, s)| *b ^= s);
        }
    }

    fn checksum(&self, nonce: &Nonce, aad: &[u8], ciphertext: &[u8]) -> [u8; 16] {
        let mut mix = self.key.clone();
        mix.part(nonce).part(aad).part(ciphertext);
        let mut tag = [0; 16];
        mix.squeeze(&mut tag);
        tag
    }
}

impl AeadKey for FakeAeadKey {
    fn seal_in_place(&self, nonce: &Nonce, aad: &[u8], buf: &mut [u8]) -> Result<(), CryptoError> {
        let len = buf.len().checked_sub(self.tag);
        let (text, tag) = buf.split_at_mut(len.ok_or(CryptoError::BufferSize)?);
        self.xor(nonce, text);
        tag.copy_from_slice(&self.checksum(nonce, aad, text)[..self.tag]);
        Ok(())
    }

    fn open_in_place(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let len = buf.len().checked_sub(self.tag);
        let (text, tag) = buf.split_at_mut(len.ok_or(CryptoError::DecryptFailed)?);
        if *tag != self.checksum(nonce, aad, text)[..self.tag] {
            return Err(CryptoError::DecryptFailed);
        }
        self.xor(nonce, text);
        Ok(text.len())
    }
}

/// Multiplication by a secret number modulo 2^61 - 1. Shares are 8 bytes of it and then what follows
/// from them: any other is no "point".
#[derive(Debug)]
struct FakeGroup {
    name: NamedGroup,
    client_len: usize,
    server_len: usize,
    /// A hybrid: its client share ends with one of this group.
    component: Option<&'static FakeGroup>,
}

static X25519: FakeGroup = FakeGroup {
    name: NamedGroup::X25519,
    client_len: 32,
    server_len: 32,
    component: None,
};
static SECP256R1: FakeGroup = FakeGroup {
    name: NamedGroup::SECP256R1,
    client_len: 65,
    server_len: 65,
    component: None,
};
static SECP384R1: FakeGroup = FakeGroup {
    name: NamedGroup::SECP384R1,
    client_len: 97,
    server_len: 97,
    component: None,
};
/// Shorter than the real one.
static X25519MLKEM768: FakeGroup = FakeGroup {
    name: NamedGroup::X25519MLKEM768,
    client_len: 184,
    server_len: 172,
    component: Some(&X25519),
};

const PRIME: u128 = (1 << 61) - 1;
const BASE: u64 = 0x0123_4567_89ab_cdef;

fn multiply(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % PRIME) as u64
}

impl FakeGroup {
    fn private(random: &mut Random) -> u64 {
        1 + u64::from_le_bytes(random.array()) % ((1 << 61) - 2)
    }

    fn write(&self, value: u64, out: &mut [u8]) {
        let mut mix = Mix::new(u64::from(self.name.0));
        mix.update(&value.to_le_bytes());
        mix.squeeze(out);
        out[..8].copy_from_slice(&value.to_le_bytes());
    }

    fn read(&self, share: &[u8], len: usize) -> Result<u64, CryptoError> {
        const BAD: CryptoError = CryptoError::InvalidKeyShare;
        let value = u64::from_le_bytes(*share.first_chunk().ok_or(BAD)?);
        let mut point = vec![0; len];
        self.write(value, &mut point);
        let valid = share == point && value != 0 && u128::from(value) < PRIME;
        valid.then_some(value).ok_or(BAD)
    }

    fn secret(&self, value: u64) -> SharedSecret {
        let mut secret = SharedSecret::zeroed(32 + 8 * usize::from(self.component.is_some()));
        self.write(value, secret.expose_mut());
        secret
    }

    /// The front of a client's share, and where that of the component begins.
    fn front(&self) -> usize {
        self.client_len - self.component.map_or(0, |group| group.client_len)
    }

    fn write_client(&self, private: u64, out: &mut [u8]) -> Result<(), CryptoError> {
        if out.len() != self.client_len {
            return Err(CryptoError::BufferSize);
        }
        let (front, end) = out.split_at_mut(self.front());
        let value = multiply(private, BASE);
        self.write(value, front);
        if let Some(group) = self.component {
            group.write(value, end);
        }
        Ok(())
    }
}

impl KeyExchangeGroup for FakeGroup {
    fn name(&self) -> NamedGroup {
        self.name
    }

    fn client_share_len(&self) -> usize {
        self.client_len
    }

    fn server_share_len(&self) -> usize {
        self.server_len
    }

    fn is_encapsulation(&self) -> bool {
        self.component.is_some()
    }

    fn start(&self, random: &mut Random) -> Result<Box<dyn KeyExchange>, CryptoError> {
        let group = GROUPS_BY_NAME.iter().find(|group| group.name == self.name);
        Ok(Box::new(Started {
            group: group.ok_or(CryptoError::InvalidKey)?,
            private: Self::private(random),
        }))
    }

    fn respond(
        &self,
        random: &mut Random,
        client_share: &[u8],
        server_share: &mut [u8],
    ) -> Result<SharedSecret, CryptoError> {
        let front = self.front();
        let bad = CryptoError::InvalidKeyShare;
        let (share, end) = client_share.split_at_checked(front).ok_or(bad)?;
        let theirs = self.read(share, front)?;
        if let Some(group) = self.component {
            group.read(end, group.client_len)?;
        } else if !end.is_empty() {
            return Err(bad);
        }
        if server_share.len() != self.server_len {
            return Err(CryptoError::BufferSize);
        }
        let private = Self::private(random);
        self.write(multiply(private, BASE), server_share);
        Ok(self.secret(multiply(private, theirs)))
    }
}

static GROUPS_BY_NAME: [&FakeGroup; 4] = [&X25519MLKEM768, &X25519, &SECP256R1, &SECP384R1];

struct Started {
    group: &'static FakeGroup,
    private: u64,
}

impl KeyExchange for Started {
    fn group(&self) -> NamedGroup {
        self.group.name
    }

    fn write_share(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.group.write_client(self.private, out)
    }

    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, CryptoError> {
        let theirs = self.group.read(server_share, self.group.server_len)?;
        Ok(self.group.secret(multiply(self.private, theirs)))
    }

    fn component(&self) -> Option<(NamedGroup, Range<usize>)> {
        let group = self.group.component?;
        Some((group.name, self.group.front()..self.group.client_len))
    }

    fn finish_component(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, CryptoError> {
        let group = self.group.component.ok_or(CryptoError::InvalidKeyShare)?;
        let theirs = group.read(server_share, group.server_len)?;
        Ok(group.secret(multiply(self.private, theirs)))
    }
}

/// The kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ecdsa,
    Ed25519,
    Rsa,
}

impl Kind {
    fn algorithm(self) -> AlgorithmIdentifier {
        match self {
            Self::Ecdsa => alg_id::ECDSA_P256,
            Self::Ed25519 => alg_id::ED25519,
            Self::Rsa => alg_id::RSA_ENCRYPTION,
        }
    }

    /// The schemes that such a key signs with.
    pub fn schemes(self) -> &'static [SignatureScheme] {
        match self {
            Self::Ecdsa => &[SignatureScheme::ECDSA_SECP256R1_SHA256],
            Self::Ed25519 => &[SignatureScheme::ED25519],
            Self::Rsa => &[
                SignatureScheme::RSA_PSS_RSAE_SHA256,
                SignatureScheme::RSA_PKCS1_SHA256,
            ],
        }
    }
}

/// A signature is a checksum of public key, scheme and message: anybody can make it.
pub fn signature(public: &[u8], scheme: &[u8], message: &[u8]) -> [u8; 64] {
    let mut mix = Mix::new(4000);
    mix.part(public).part(scheme).part(message);
    let mut out = [0; 64];
    mix.squeeze(&mut out);
    out
}

#[derive(Debug)]
struct FakeAlgorithm {
    kind: Kind,
    signature: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for FakeAlgorithm {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        given: &[u8],
    ) -> Result<(), InvalidSignature> {
        let valid = signature(public_key, &self.signature, message) == given;
        valid.then_some(()).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.kind.algorithm()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

static ECDSA: Algorithm = &FakeAlgorithm {
    kind: Kind::Ecdsa,
    signature: alg_id::ECDSA_SHA256,
};
static ED25519: Algorithm = &FakeAlgorithm {
    kind: Kind::Ed25519,
    signature: alg_id::ED25519,
};
static RSA_PSS: Algorithm = &FakeAlgorithm {
    kind: Kind::Rsa,
    signature: alg_id::RSA_PSS_SHA256,
};
static RSA_PKCS1: Algorithm = &FakeAlgorithm {
    kind: Kind::Rsa,
    signature: alg_id::RSA_PKCS1_SHA256,
};

/// What the algorithms of a scheme are called.
fn scheme_name(scheme: SignatureScheme) -> Option<AlgorithmIdentifier> {
    let (_, algorithms) = SCHEMES.iter().find(|(name, _)| *name == scheme)?;
    Some(algorithms[0].signature_alg_id())
}

static SCHEMES: &[(SignatureScheme, &[Algorithm])] = &[
    (SignatureScheme::ECDSA_SECP256R1_SHA256, &[ECDSA]),
    (SignatureScheme::ED25519, &[ED25519]),
    (SignatureScheme::RSA_PSS_RSAE_SHA256, &[RSA_PSS]),
    (SignatureScheme::RSA_PKCS1_SHA256, &[RSA_PKCS1]),
];

/// A private key, which is the public one.
#[derive(Clone, Debug)]
pub struct FakeKey {
    pub kind: Kind,
    pub public: Vec<u8>,
    info: Vec<u8>,
}

impl FakeKey {
    pub fn new(kind: Kind, name: &str) -> Self {
        let mut public = vec![0; 32];
        let mut mix = Mix::new(5000 + kind as u64);
        mix.update(name.as_bytes());
        mix.squeeze(&mut public);
        let algorithm = der(0x30, &[&kind.algorithm()]);
        let info = der(0x30, &[&algorithm, &der(0x03, &[&[0], &public])]);
        Self { kind, public, info }
    }

    /// Signs, or has no such scheme.
    pub fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Option<[u8; 64]> {
        let name = scheme_name(scheme).filter(|_| self.kind.schemes().contains(&scheme))?;
        Some(signature(&self.public, &name, message))
    }
}

impl SigningKey for FakeKey {
    fn schemes(&self) -> &[SignatureScheme] {
        self.kind.schemes()
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        _: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let signature = self.sign(scheme, message);
        let signature = signature.ok_or(CryptoError::UnsupportedScheme)?;
        let front = out.get_mut(..signature.len());
        front
            .ok_or(CryptoError::BufferSize)?
            .copy_from_slice(&signature);
        Ok(signature.len())
    }

    fn public_key_info(&self) -> &[u8] {
        &self.info
    }
}

/// There are no files with such keys.
#[derive(Debug)]
struct NoFiles;

impl KeyLoader for NoFiles {
    fn load(&self, _: &PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, CryptoError> {
        Err(CryptoError::InvalidKey)
    }
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let len = contents.len();
    let mut out = vec![tag];
    match len {
        0..=0x7f => out.push(len as u8),
        0x80..=0xff => out.extend([0x81, len as u8]),
        _ => out.extend([0x82, (len >> 8) as u8, len as u8]),
    }
    out.extend(contents);
    out
}

/// A certificate for this name with the key's public half, valid from 2020 to 2049.
pub fn certificate(key: &FakeKey, name: &str) -> CertificateDer<'static> {
    let algorithm = der(0x30, &[&alg_id::ECDSA_SHA256]);
    // commonName.
    let attribute = der(0x30, &[&[6, 3, 0x55, 4, 3], &der(0x0c, &[name.as_bytes()])]);
    let name = der(0x30, &[&der(0x31, &[&attribute])]);
    let time = |time: &[u8]| der(0x17, &[time]);
    let validity = der(0x30, &[&time(b"200101000000Z"), &time(b"491231235959Z")]);
    let version = der(0xa0, &[&[2, 1, 2]]);
    let serial: &[u8] = &[2, 1, 7];
    let tbs: [&[u8]; 7] = [
        &version,
        serial,
        &algorithm,
        &name,
        &validity,
        &name,
        key.public_key_info(),
    ];
    let tbs = der(0x30, &tbs);
    let signature = signature(&key.public, &alg_id::ECDSA_SHA256, &tbs);
    let signature = der(0x03, &[&[0], &signature]);
    CertificateDer::from(der(0x30, &[&tbs, &algorithm, &signature]))
}

/// A certificate of this name with its key.
pub fn credential(kind: Kind, name: &str) -> Credential {
    let key = FakeKey::new(kind, name);
    let chain = vec![certificate(&key, name)];
    Credential::with_key(chain, Key::Local(Arc::new(key))).unwrap()
}

macro_rules! tls13 {
    ($($id:ident = $name:ident, $hash:expr, $aead:expr, $default:literal;)*) => {
        $(static $id: Tls13Suite = Tls13Suite {
            name: CipherSuite::$name,
            hash: $hash,
            aead: $aead,
            by_default: $default,
        };)*
    };
}
tls13! {
    A = TLS_AES_128_GCM_SHA256, SHA256, AES_128_GCM, true;
    B = TLS_AES_256_GCM_SHA384, SHA384, AES_256_GCM, true;
    C = TLS_CHACHA20_POLY1305_SHA256, SHA256, CHACHA20_POLY1305, true;
    D = TLS_AES_128_CCM_8_SHA256, SHA256, AES_128_CCM_8, false;
}

macro_rules! tls12 {
    ($($id:ident = $name:ident, $auth:ident, $hash:expr, $aead:expr, $explicit:literal, $default:literal;)*) => {
        $(static $id: Tls12Suite = Tls12Suite {
            name: CipherSuite::$name,
            auth: SuiteAuth::$auth,
            hash: $hash,
            aead: $aead,
            explicit_nonce: $explicit,
            by_default: $default,
        };)*
    };
}
tls12! {
    PSK_GCM = TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256, Psk, SHA256, AES_128_GCM, true, true;
    PSK_CHACHA = TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, Psk, SHA256, CHACHA20_POLY1305, false, true;
    EC_GCM = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, Ecdsa, SHA256, AES_128_GCM, true, true;
    RSA_GCM = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, Rsa, SHA256, AES_128_GCM, true, true;
    EC_GCM_384 = TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, Ecdsa, SHA384, AES_256_GCM, true, true;
    RSA_GCM_384 = TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, Rsa, SHA384, AES_256_GCM, true, true;
    EC_CHACHA = TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, Ecdsa, SHA256, CHACHA20_POLY1305, false, true;
    RSA_CHACHA = TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, Rsa, SHA256, CHACHA20_POLY1305, false, true;
    EC_CCM_8 = TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, Ecdsa, SHA256, AES_128_CCM_8, true, false;
}

/// The provider. **No protection whatever.**
pub static FAKE: CryptoProvider = CryptoProvider {
    tls13_suites: &[&A, &B, &C, &D],
    tls12_suites: &[
        &PSK_GCM,
        &PSK_CHACHA,
        &EC_GCM,
        &RSA_GCM,
        &EC_GCM_384,
        &RSA_GCM_384,
        &EC_CHACHA,
        &RSA_CHACHA,
        &EC_CCM_8,
    ],
    groups: &[&X25519MLKEM768, &X25519, &SECP256R1, &SECP384R1],
    sha256: SHA256,
    sha384: SHA384,
    sha512: SHA512,
    verify: VerifyAlgorithms {
        all: &[ECDSA, ED25519, RSA_PSS, RSA_PKCS1],
        schemes: SCHEMES,
        sha256: SHA256,
        sha1,
    },
    keys: &NoFiles,
};

fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let hash = SHA256.hash(parts);
    let mut out = [0; 20];
    out.copy_from_slice(&hash.as_bytes()[..20]);
    out
}
