//! Sealing and opening with the AEADs of several libraries.

use crate::report::{Cell, Table};
use ::aead::{AeadInOut, KeyInit, Tag};
use std::hint::black_box;
use std::time::Instant;

type Seal = Box<dyn Fn(&mut [u8]) -> [u8; 16]>;
type Open = Box<dyn Fn(&mut [u8], &[u8; 16])>;

/// An AEAD of a library under a fixed key.
struct Candidate {
    library: &'static str,
    seal: Seal,
    open: Open,
}

const KEY: [u8; 32] = [0x42; 32];
const NONCE: [u8; 12] = [7; 12];
/// As long as TLS 1.3's.
const AAD: [u8; 5] = [23, 3, 3, 64, 17];
const LENGTHS: [usize; 4] = [16384, 1350, 256, 64];

macro_rules! ours {
    ($cipher:ty, $len:literal) => {
        <$cipher>::new(KEY.first_chunk::<$len>().unwrap()).map(|key| {
            let key = std::rc::Rc::new(key);
            let other = key.clone();
            Candidate {
                library: "symbolon",
                seal: Box::new(move |buf| key.seal(&NONCE, &AAD, buf).unwrap()),
                open: Box::new(move |buf, tag| other.open(&NONCE, &AAD, buf, tag).unwrap()),
            }
        })
    };
}

fn ring(algorithm: &'static ring::aead::Algorithm) -> Candidate {
    use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
    let key = || LessSafeKey::new(UnboundKey::new(algorithm, &KEY[..algorithm.key_len()]).unwrap());
    let nonce = || Nonce::assume_unique_for_key(NONCE);
    let (sealing, opening) = (key(), key());
    Candidate {
        library: "ring",
        seal: Box::new(move |buf| {
            let tag = sealing.seal_in_place_separate_tag(nonce(), Aad::from(&AAD), buf);
            tag.unwrap().as_ref().try_into().unwrap()
        }),
        open: Box::new(move |buf, tag| {
            opening
                .open_in_place_separate_tag(nonce(), Aad::from(&AAD), (*tag).into(), buf, 0..)
                .unwrap();
        }),
    }
}

fn rustcrypto<A: AeadInOut + KeyInit + Clone + 'static>() -> Candidate {
    let sealing = A::new_from_slice(&KEY[..A::key_size()]).unwrap();
    let opening = sealing.clone();
    let nonce = || ::aead::Nonce::<A>::try_from(&NONCE[..]).unwrap();
    Candidate {
        library: "RustCrypto",
        seal: Box::new(move |buf| {
            let tag = sealing.encrypt_inout_detached(&nonce(), &AAD, buf.into());
            tag.unwrap()[..].try_into().unwrap()
        }),
        open: Box::new(move |buf, tag| {
            let tag = Tag::<A>::try_from(&tag[..]).unwrap();
            opening
                .decrypt_inout_detached(&nonce(), &AAD, buf.into(), &tag)
                .unwrap();
        }),
    }
}

macro_rules! graviola {
    ($key:expr) => {{
        let key = std::rc::Rc::new($key);
        let other = key.clone();
        Candidate {
            library: "graviola",
            seal: Box::new(move |buf| {
                let mut tag = [0; 16];
                key.encrypt(&NONCE, &AAD, buf, &mut tag);
                tag
            }),
            open: Box::new(move |buf, tag| other.decrypt(&NONCE, &AAD, buf, tag).unwrap()),
        }
    }};
}

/// Nanoseconds for one call: `calls` of them at once.
fn time(calls: u32, mut call: impl FnMut()) -> f64 {
    let begin = Instant::now();
    for _ in 0..calls {
        call();
    }
    begin.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

/// The least of several rounds, in which the candidates take turns; a column for sealing and one
/// for opening per length. Opening includes a copy of the ciphertext.
fn measure(candidates: &[Candidate], rounds: usize) -> Vec<Vec<f64>> {
    let mut best = vec![vec![f64::MAX; 2 * LENGTHS.len()]; candidates.len()];
    for _ in 0..rounds {
        for (column, len) in LENGTHS.into_iter().enumerate() {
            let calls = u32::try_from(400_000 / (len + 400)).unwrap();
            for (candidate, best) in candidates.iter().zip(&mut best) {
                let mut buf = vec![0x5a; len];
                let spent = time(calls, || {
                    black_box((candidate.seal)(black_box(&mut buf)));
                });
                best[2 * column] = best[2 * column].min(spent);

                let mut sealed = vec![0x5a; len];
                let tag = (candidate.seal)(&mut sealed);
                let spent = time(calls, || {
                    buf.copy_from_slice(&sealed);
                    (candidate.open)(black_box(&mut buf), &tag);
                });
                best[2 * column + 1] = best[2 * column + 1].min(spent);
            }
        }
    }
    best
}

/// A table for each algorithm.
pub fn tables(quick: bool) -> Vec<Table> {
    let rounds = if quick { 50 } else { 400 };
    let algorithms: [(&str, Vec<Candidate>); 3] = [
        (
            "AES-128-GCM",
            ours!(symbolon_aead::Aes128Gcm, 16)
                .into_iter()
                .chain([
                    ring(&ring::aead::AES_128_GCM),
                    graviola!(graviola::aead::AesGcm::new(&KEY[..16])),
                    rustcrypto::<aes_gcm::Aes128Gcm>(),
                ])
                .collect(),
        ),
        (
            "AES-256-GCM",
            ours!(symbolon_aead::Aes256Gcm, 32)
                .into_iter()
                .chain([
                    ring(&ring::aead::AES_256_GCM),
                    graviola!(graviola::aead::AesGcm::new(&KEY)),
                    rustcrypto::<aes_gcm::Aes256Gcm>(),
                ])
                .collect(),
        ),
        (
            "ChaCha20-Poly1305",
            ours!(symbolon_aead::ChaCha20Poly1305, 32)
                .into_iter()
                .chain([
                    ring(&ring::aead::CHACHA20_POLY1305),
                    graviola!(graviola::aead::ChaCha20Poly1305::new(KEY)),
                    rustcrypto::<chacha20poly1305::ChaCha20Poly1305>(),
                ])
                .collect(),
        ),
    ];
    let mut tables = Vec::new();
    for (name, candidates) in algorithms {
        let columns = LENGTHS
            .into_iter()
            .flat_map(|len| [format!("seal {len}"), format!("open {len}")]);
        let mut table = Table::new(
            "aead",
            format!("{name} in place: nanoseconds, least of {rounds} rounds"),
            std::iter::once(String::new()).chain(columns),
        );
        for (candidate, best) in candidates.iter().zip(measure(&candidates, rounds)) {
            let cells = best.into_iter().map(|spent| Cell::Number(spent, 0));
            table.row(candidate.library, cells);
        }
        tables.push(table);
    }
    tables
}
