//! Who learns every secret that a connection computes with, and an allocator that looks for them in
//! the blocks that are given back.
//!
//! All is done twice, with the same seeds: first a provider notes what goes in and out of hashes, key
//! exchanges and AEADs; then, with the secrets known from the start, the allocator scans. Where a
//! provider draws randomness of its own, so that no two runs are the same, blocks are copied as they are
//! given back, and searched when the run is over.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use symbolon::codepoint::NamedGroup;
use symbolon::crypto::*;
use symbolon::error::CryptoError;
use symbolon::provider::RUSTCRYPTO;

/// Bytes to look for, with a name.
pub type Needles = BTreeMap<Vec<u8>, String>;

thread_local! {
    /// What is noted, as long as it is.
    static NOTED: RefCell<Option<Needles>> = const { RefCell::new(None) };
    /// HMAC is the PRF of TLS 1.2, whose outputs are secrets: in TLS 1.3 they are sent.
    static PRF: Cell<bool> = const { Cell::new(false) };
    /// Names the kind of secret that is computed with now.
    static SCANNING: Cell<Option<&'static Scanner>> = const { Cell::new(None) };
    static FOUND: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// Copies of what is given back.
    static KEPT: Cell<Option<Vec<Vec<u8>>>> = const { Cell::new(None) };
}

/// How much of a secret is looked for.
const WINDOW: usize = 12;

/// Notes a secret: its first and last bytes, and the same backwards, as numbers are kept in memory.
fn note(name: &str, secret: &[u8]) {
    // What is done here isn't looked at.
    let kept = KEPT.take();
    note_unseen(name, secret);
    KEPT.set(kept);
}

fn note_unseen(name: &str, secret: &[u8]) {
    NOTED.with_borrow_mut(|noted| {
        let Some(noted) = noted else { return };
        // What is known to everybody isn't one.
        if secret.len() < WINDOW || secret.iter().all(|byte| *byte == secret[0]) {
            return;
        }
        for window in [&secret[..WINDOW], &secret[secret.len() - WINDOW..]] {
            let backwards: Vec<u8> = window.iter().rev().copied().collect();
            noted.insert(window.to_vec(), name.to_owned());
            noted.insert(backwards, format!("{name}, backwards"));
        }
    });
}

/// Runs something and notes its secrets.
pub fn noting(tls12: bool, run: impl FnOnce()) -> Needles {
    NOTED.set(Some(Needles::new()));
    PRF.set(tls12);
    run();
    NOTED.take().unwrap()
}

/// The same, with copies of all blocks that were freed meanwhile.
pub fn keeping(tls12: bool, run: impl FnOnce()) -> (Needles, Vec<Vec<u8>>) {
    let mut kept = Vec::new();
    let needles = noting(tls12, || {
        KEPT.set(Some(Vec::new()));
        run();
        kept = KEPT.take().unwrap();
    });
    (needles, kept)
}

/// Finds needles in memory.
#[derive(Debug)]
pub struct Scanner {
    /// By their first two bytes.
    index: Vec<Vec<(Vec<u8>, String)>>,
    pub count: usize,
}

impl Scanner {
    /// Lives for good: the allocator has it.
    pub fn new(needles: &Needles) -> &'static Self {
        let mut index = vec![Vec::new(); 1 << 16];
        for (needle, name) in needles {
            let at = usize::from(u16::from_be_bytes([needle[0], needle[1]]));
            index[at].push((needle.clone(), name.clone()));
        }
        let count = needles.len();
        Box::leak(Box::new(Self { index, count }))
    }

    /// What lies in these bytes: where, and its name.
    pub fn scan<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (usize, &'a str)> {
        let windows = bytes.windows(WINDOW).enumerate();
        windows.flat_map(|(at, window)| {
            let front = usize::from(u16::from_be_bytes([window[0], window[1]]));
            let hits = self.index[front].iter();
            hits.filter(move |(needle, _)| needle == window)
                .map(move |(_, name)| (at, name.as_str()))
        })
    }
}

/// Runs something and scans all blocks that it frees; what was found, with the blocks' sizes.
pub fn scanning(scanner: &'static Scanner, run: impl FnOnce()) -> Vec<String> {
    SCANNING.set(Some(scanner));
    run();
    SCANNING.set(None);
    FOUND.take()
}

struct Watching;

// SAFETY: everything is the system's; blocks are read before they are given back. The default
// `realloc` of the trait gives the old block back through `dealloc`.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed, so that nothing is found that an earlier owner left behind.
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(scanner) = SCANNING.take() {
            // SAFETY: the block has this size, and its bytes were all written to once: see `alloc`.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            for (at, name) in scanner.scan(bytes) {
                let size = layout.size();
                let mut found = format!("{name}, at {at} of a block of {size} bytes");
                if std::env::var_os("SECRETS_BACKTRACE").is_some() {
                    found += &std::backtrace::Backtrace::force_capture().to_string();
                }
                FOUND.with_borrow_mut(|list| list.push(found));
            }
            SCANNING.set(Some(scanner));
        }
        if let Some(mut kept) = KEPT.take() {
            // SAFETY: as above.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            kept.push(bytes.to_vec());
            KEPT.set(Some(kept));
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static WATCHING: Watching = Watching;

#[derive(Debug)]
struct Hashes(&'static dyn Hash);

impl Hash for Hashes {
    fn output_len(&self) -> usize {
        self.0.output_len()
    }
    fn start(&self) -> Box<dyn HashContext> {
        self.0.start()
    }
    fn hash(&self, parts: &[&[u8]]) -> HashOutput {
        self.0.hash(parts)
    }
    fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> HashSecret {
        let out = self.0.hmac(key, parts);
        note_prf(&out, makes_salts(key));
        out
    }
    fn hmac_key(&'static self, key: &[u8]) -> Box<dyn HmacKey> {
        Box::new(HmacKeys(self.0.hmac_key(key), makes_salts(key)))
    }
    fn hkdf_extract(&self, salt: &[u8], ikm: &[u8]) -> HashSecret {
        let out = self.0.hkdf_extract(salt, ikm);
        // Without a PSK the Early Secret is the same for all.
        if ikm.iter().any(|byte| *byte != 0) || salt.iter().any(|byte| *byte != 0) {
            note("extracted", out.expose());
        }
        note("extracted from", ikm);
        out
    }
    fn hkdf_expand(&self, prk: &[u8], info: &[&[u8]], okm: &mut [u8]) -> Result<(), CryptoError> {
        let done = self.0.hkdf_expand(prk, info, okm);
        let words = info
            .iter()
            .max_by_key(|part| part.len() * usize::from(part.is_ascii()));
        let mut name = String::from_utf8_lossy(words.unwrap_or(&&[][..])).into_owned();
        // HKDF-Expand-Label: the label is a part of its own.
        if let [front, label, ..] = info
            && front.ends_with(b"tls13 ")
        {
            name = String::from_utf8_lossy(label).into_owned();
        }
        // The name of a ticket key is sent.
        if name != "name" {
            note(&name, okm);
        }
        done
    }
}

/// With whether it is for salts.
struct HmacKeys(Box<dyn HmacKey>, bool);

impl HmacKey for HmacKeys {
    fn hmac(&self, parts: &[&[u8]]) -> HashSecret {
        let out = self.0.hmac(parts);
        note_prf(&out, self.1);
        out
    }
}

/// Whether a key is for the salts of tickets.
fn makes_salts(key: &[u8]) -> bool {
    NOTED.with_borrow(|noted| {
        let noted = noted.as_ref();
        let known = noted.and_then(|noted| noted.get(&key[..WINDOW.min(key.len())]));
        known.is_some_and(|name| name == "salts")
    })
}

/// What HMAC makes is a part of TLS 1.2's PRF, unless it is a ticket's salt, which is sent.
fn note_prf(out: &HashSecret, salt: bool) {
    if PRF.get() && !salt {
        // The first 12 bytes may be a Finished's.
        note("PRF", &out.expose()[WINDOW..]);
    }
}

#[derive(Debug)]
struct Aeads(&'static dyn Aead);

impl Aead for Aeads {
    fn key_len(&self) -> usize {
        self.0.key_len()
    }
    fn tag_len(&self) -> usize {
        self.0.tag_len()
    }
    fn stack(&self) -> usize {
        self.0.stack()
    }
    fn confidentiality_limit(&self) -> u64 {
        self.0.confidentiality_limit()
    }
    fn integrity_limit(&self) -> u64 {
        self.0.integrity_limit()
    }
    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, CryptoError> {
        note("AEAD key", key);
        self.0.key(key)
    }
}

#[derive(Debug)]
struct Group(&'static dyn KeyExchangeGroup);

struct Exchange(Box<dyn KeyExchange>);

/// What a key exchange draws: the private keys, as they come from the generator.
fn drawn(random: &mut Random) -> Random {
    let seed: [u8; 32] = random.array();
    let mut copy = Random::new(seed);
    for _ in 0..3 {
        note("private key", &copy.array::<32>());
    }
    Random::new(seed)
}

impl KeyExchangeGroup for Group {
    fn name(&self) -> NamedGroup {
        self.0.name()
    }
    fn client_share_len(&self) -> usize {
        self.0.client_share_len()
    }
    fn server_share_len(&self) -> usize {
        self.0.server_share_len()
    }
    fn is_encapsulation(&self) -> bool {
        self.0.is_encapsulation()
    }
    fn stack(&self) -> usize {
        self.0.stack()
    }
    fn start(&self, random: &mut Random) -> Result<Box<dyn KeyExchange>, CryptoError> {
        Ok(Box::new(Exchange(self.0.start(&mut drawn(random))?)))
    }
    fn respond(
        &self,
        random: &mut Random,
        theirs: &[u8],
        ours: &mut [u8],
    ) -> Result<SharedSecret, CryptoError> {
        let shared = self.0.respond(&mut drawn(random), theirs, ours)?;
        note("shared secret", shared.expose());
        Ok(shared)
    }
}

impl KeyExchange for Exchange {
    fn group(&self) -> NamedGroup {
        self.0.group()
    }
    fn write_share(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.0.write_share(out)
    }
    fn stack(&self) -> usize {
        self.0.stack()
    }
    fn finish(self: Box<Self>, share: &[u8]) -> Result<SharedSecret, CryptoError> {
        let shared = self.0.finish(share)?;
        note("shared secret", shared.expose());
        Ok(shared)
    }
    fn component(&self) -> Option<(NamedGroup, core::ops::Range<usize>)> {
        self.0.component()
    }
    fn finish_component(self: Box<Self>, share: &[u8]) -> Result<SharedSecret, CryptoError> {
        let shared = self.0.finish_component(share)?;
        note("shared secret", shared.expose());
        Ok(shared)
    }
}

fn leak<T>(values: impl IntoIterator<Item = T>) -> &'static [T] {
    Vec::leak(values.into_iter().collect())
}

fn hash(hash: &'static dyn Hash) -> &'static dyn Hash {
    Box::leak(Box::new(Hashes(hash)))
}

fn aead(aead: &'static dyn Aead) -> &'static dyn Aead {
    Box::leak(Box::new(Aeads(aead)))
}

/// Whose code does it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Code {
    RustCrypto,
    /// `provider::fast`, where it can run.
    #[cfg(feature = "fast")]
    Fast,
}

impl Code {
    pub fn base(self) -> CryptoProvider {
        match self {
            Self::RustCrypto => RUSTCRYPTO,
            #[cfg(feature = "fast")]
            Self::Fast => symbolon::provider::default_provider(),
        }
    }

    /// It, noted.
    pub fn provider(self) -> CryptoProvider {
        static MADE: [OnceLock<CryptoProvider>; 2] = [const { OnceLock::new() }; 2];
        let base = self.base();
        *MADE[self as usize].get_or_init(|| noted(base))
    }
}

fn noted(base: CryptoProvider) -> CryptoProvider {
    CryptoProvider {
        tls13_suites: leak(base.tls13_suites.iter().map(|suite| -> &Tls13Suite {
            Box::leak(Box::new(Tls13Suite {
                hash: hash(suite.hash),
                aead: aead(suite.aead),
                ..**suite
            }))
        })),
        tls12_suites: leak(base.tls12_suites.iter().map(|suite| -> &Tls12Suite {
            Box::leak(Box::new(Tls12Suite {
                hash: hash(suite.hash),
                aead: aead(suite.aead),
                ..**suite
            }))
        })),
        groups: leak(
            base.groups
                .iter()
                .map(|group| -> &dyn KeyExchangeGroup { Box::leak(Box::new(Group(*group))) }),
        ),
        sha256: hash(base.sha256),
        ..base
    }
}
