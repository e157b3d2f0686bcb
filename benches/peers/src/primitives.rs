//! What the fast provider is chosen from: public-key algorithms and hashes of each library,
//! everything that a handshake does with them included (decoding keys, encoding results).

use crate::report::{Cell, Table};
use graviola::hashing::{Hash as _, Sha256, Sha384, hmac::Hmac};
use graviola::key_agreement::{mlkem768, p256, p384, x25519};
use graviola::signing::{ecdsa, eddsa, rsa};
use libcrux_ml_kem::{mlkem768 as libcrux768, mlkem1024 as libcrux1024};
use rustls_pki_types::PrivateKeyDer;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use symbolon::codepoint::{NamedGroup, SignatureScheme};
use symbolon::crypto::{KeyExchangeGroup, Random, SigningKey};
use symbolon::provider::rustcrypto::{RUSTCRYPTO, kx, verify};

type Call = Box<dyn FnMut()>;

/// An algorithm, and what runs it by library.
struct Row(&'static str, Vec<(&'static str, Call)>);

fn random() -> Random {
    Random::new([7; 32])
}

fn call(f: impl FnMut() + 'static) -> Call {
    Box::new(f)
}

/// RustCrypto's side of a key exchange: a key and its share; and with it, agreeing.
fn portable_group(group: &'static dyn KeyExchangeGroup) -> (Call, Call) {
    let mut random = random();
    let mut share = vec![0; group.client_share_len()];
    let mut server_share = vec![0; group.server_share_len()];
    let key = group.start(&mut random).unwrap();
    key.write_share(&mut share).unwrap();
    let mut other = Random::new([8; 32]);
    let start = call(move || {
        black_box(group.start(&mut random).unwrap());
    });
    let respond = call(move || {
        black_box(
            group
                .respond(&mut other, &share, &mut server_share)
                .unwrap(),
        );
    });
    (start, respond)
}

fn key_exchange() -> Vec<Row> {
    let find = |name| {
        *kx::GROUPS
            .iter()
            .find(|group| group.name() == name)
            .unwrap()
    };
    let (x25519_start, x25519_respond) = portable_group(find(NamedGroup::X25519));
    let (p256_start, p256_respond) = portable_group(find(NamedGroup::SECP256R1));
    let (p384_start, p384_respond) = portable_group(find(NamedGroup::SECP384R1));

    let mut numbers = random();
    let mut x = {
        let mut numbers = random();
        move || x25519::StaticPrivateKey::from_array(&numbers.array())
    };
    let peer = x().public_key().as_bytes();
    let mut other_x = {
        let mut numbers = random();
        move || x25519::StaticPrivateKey::from_array(&numbers.array())
    };
    macro_rules! nist {
        ($curve:ident, $len:literal) => {{
            let key = |numbers: &mut Random| {
                $curve::StaticPrivateKey::from_bytes(&numbers.array::<$len>()).unwrap()
            };
            let peer = key(&mut numbers).public_key_uncompressed();
            let (mut first, mut second) = (random(), random());
            let start = call(move || {
                black_box(key(&mut first).public_key_uncompressed());
            });
            let respond = call(move || {
                let key = key(&mut second);
                black_box(key.public_key_uncompressed());
                let peer = $curve::PublicKey::from_x962_uncompressed(&peer).unwrap();
                black_box(key.diffie_hellman(&peer).unwrap());
            });
            (start, respond)
        }};
    }
    let (graviola_p256_start, graviola_p256_respond) = nist!(p256, 32);
    let (graviola_p384_start, graviola_p384_respond) = nist!(p384, 48);
    vec![
        Row(
            "X25519: a key share",
            vec![
                ("RustCrypto", x25519_start),
                (
                    "graviola",
                    call(move || {
                        black_box(x().public_key().as_bytes());
                    }),
                ),
            ],
        ),
        Row(
            "X25519: a key share and agreeing",
            vec![
                ("RustCrypto", x25519_respond),
                (
                    "graviola",
                    call(move || {
                        let key = other_x();
                        black_box(key.public_key().as_bytes());
                        let peer = x25519::PublicKey::try_from_slice(&peer).unwrap();
                        black_box(key.diffie_hellman(&peer).unwrap());
                    }),
                ),
            ],
        ),
        Row(
            "P-256: a key share",
            vec![
                ("RustCrypto", p256_start),
                ("graviola", graviola_p256_start),
            ],
        ),
        Row(
            "P-256: a key share and agreeing",
            vec![
                ("RustCrypto", p256_respond),
                ("graviola", graviola_p256_respond),
            ],
        ),
        Row(
            "P-384: a key share",
            vec![
                ("RustCrypto", p384_start),
                ("graviola", graviola_p384_start),
            ],
        ),
        Row(
            "P-384: a key share and agreeing",
            vec![
                ("RustCrypto", p384_respond),
                ("graviola", graviola_p384_respond),
            ],
        ),
    ]
}

/// RustCrypto's ML-KEM: what the hybrid takes beyond its classical half.
fn kem() -> Vec<Row> {
    use ml_kem_by_hybrid::{decapsulate, encapsulate, generate};
    let graviola_key = || mlkem768::DecapKey::generate().unwrap();
    let encoded = graviola_key().encapsulation_key().as_bytes();
    let (_, sent) = graviola_key().encapsulation_key().encaps().unwrap();
    let mut numbers = [random(), random(), random(), random(), random(), random()];
    let [n0, n1, n2, n3, ..] = &mut numbers;
    let pair768 = libcrux768::generate_key_pair(n0.array());
    let pair1024 = libcrux1024::generate_key_pair(n1.array());
    let (sent768, _) = libcrux768::encapsulate(pair768.public_key(), n2.array());
    let (sent1024, _) = libcrux1024::encapsulate(pair1024.public_key(), n3.array());
    let [mut n0, mut n1, mut n2, mut n3, ..] = numbers;
    let (public768, public1024) = (*pair768.pk(), *pair1024.pk());
    vec![
        Row(
            "ML-KEM-768: a key",
            vec![
                ("ml-kem", generate()),
                (
                    "graviola",
                    call(move || {
                        black_box(graviola_key().encapsulation_key().as_bytes());
                    }),
                ),
                (
                    "libcrux",
                    call(move || {
                        black_box(libcrux768::generate_key_pair(n0.array()));
                    }),
                ),
            ],
        ),
        Row(
            "ML-KEM-768: encapsulation",
            vec![
                ("ml-kem", encapsulate()),
                (
                    "graviola",
                    call(move || {
                        black_box(
                            mlkem768::EncapKey::from_bytes(&encoded)
                                .unwrap()
                                .encaps()
                                .unwrap(),
                        );
                    }),
                ),
                (
                    "libcrux",
                    call(move || {
                        let key = libcrux768::MlKem768PublicKey::from(public768);
                        assert!(libcrux768::validate_public_key(&key));
                        black_box(libcrux768::encapsulate(&key, n1.array()));
                    }),
                ),
            ],
        ),
        Row(
            "ML-KEM-768: a key and decapsulation",
            vec![
                ("ml-kem", decapsulate()),
                (
                    "graviola",
                    call(move || {
                        black_box(graviola_key().decaps(&sent));
                    }),
                ),
                ("libcrux", {
                    let mut numbers = random();
                    call(move || {
                        black_box(libcrux768::generate_key_pair(numbers.array()));
                        black_box(libcrux768::decapsulate(pair768.private_key(), &sent768));
                    })
                }),
            ],
        ),
        Row(
            "ML-KEM-1024: a key, and encapsulation, and decapsulation",
            vec![(
                "libcrux",
                call(move || {
                    black_box(libcrux1024::generate_key_pair(n2.array()));
                    let key = libcrux1024::MlKem1024PublicKey::from(public1024);
                    black_box(libcrux1024::encapsulate(&key, n3.array()));
                    black_box(libcrux1024::decapsulate(pair1024.private_key(), &sent1024));
                }),
            )],
        ),
    ]
}

/// The `ml-kem` crate is only reached through the hybrid: with it goes X25519 of the same
/// provider, whose rows stand above.
mod ml_kem_by_hybrid {
    use super::{Call, black_box, call, kx, random};

    pub fn generate() -> Call {
        let mut random = random();
        call(move || {
            black_box(kx::X25519MLKEM768.start(&mut random).unwrap());
        })
    }

    pub fn encapsulate() -> Call {
        super::portable_group(kx::X25519MLKEM768).1
    }

    pub fn decapsulate() -> Call {
        let mut random = random();
        let group = kx::X25519MLKEM768;
        let mut share = vec![0; group.client_share_len()];
        let mut answer = vec![0; group.server_share_len()];
        group
            .start(&mut random)
            .unwrap()
            .write_share(&mut share)
            .unwrap();
        group.respond(&mut random, &share, &mut answer).unwrap();
        call(move || {
            let key = group.start(&mut random).unwrap();
            black_box(key.finish(&answer).unwrap());
        })
    }
}

const MESSAGE: [u8; 130] = [7; 130];
const RSA_2048: &[u8] = include_bytes!("../../../tests/data/rsa-2048.pk8.der");

fn load(der: &[u8]) -> Arc<dyn SigningKey> {
    let key = PrivateKeyDer::try_from(der.to_vec()).unwrap();
    RUSTCRYPTO.keys.load(&key).unwrap()
}

fn portable_sign(der: &[u8], scheme: SignatureScheme) -> Call {
    let (key, mut random, mut out) = (load(der), random(), [0; 1024]);
    call(move || {
        black_box(key.sign(scheme, &MESSAGE, &mut random, &mut out).unwrap());
    })
}

fn signatures() -> Vec<Row> {
    let mut rows = Vec::new();
    macro_rules! curve {
        ($curve:ident, $hash:ident, $scheme:ident, $verify:ident, $sign_row:literal, $verify_row:literal) => {
            let key = ecdsa::SigningKey::<ecdsa::$curve>::generate().unwrap();
            let mut der = [0; 512];
            let portable = portable_sign(
                key.to_pkcs8_der(&mut der).unwrap(),
                SignatureScheme::$scheme,
            );
            let mut out = [0; 256];
            let signature = key
                .sign_asn1::<$hash>(&[&MESSAGE], &mut out)
                .unwrap()
                .to_vec();
            let point = key.private_key.public_key_uncompressed();
            rows.push(Row(
                $sign_row,
                vec![
                    ("RustCrypto", portable),
                    (
                        "graviola",
                        call(move || {
                            black_box(key.sign_asn1::<$hash>(&[&MESSAGE], &mut out).unwrap());
                        }),
                    ),
                ],
            ));
            let same = signature.clone();
            rows.push(Row(
                $verify_row,
                vec![
                    (
                        "RustCrypto",
                        call(move || {
                            verify::$verify
                                .verify_signature(&point, &MESSAGE, &same)
                                .unwrap();
                        }),
                    ),
                    (
                        "graviola",
                        call(move || {
                            let key = ecdsa::VerifyingKey::<ecdsa::$curve>::from_x962_uncompressed(
                                &point,
                            );
                            key.unwrap()
                                .verify_asn1::<$hash>(&[&MESSAGE], &signature)
                                .unwrap();
                        }),
                    ),
                ],
            ));
        };
    }
    curve!(
        P256,
        Sha256,
        ECDSA_SECP256R1_SHA256,
        ECDSA_P256_SHA256,
        "ECDSA P-256: signing",
        "ECDSA P-256: verifying"
    );
    curve!(
        P384,
        Sha384,
        ECDSA_SECP384R1_SHA384,
        ECDSA_P384_SHA384,
        "ECDSA P-384: signing",
        "ECDSA P-384: verifying"
    );

    let key = eddsa::Ed25519SigningKey::generate().unwrap();
    let mut der = [0; 512];
    let portable = portable_sign(
        key.to_pkcs8_der(&mut der).unwrap(),
        SignatureScheme::ED25519,
    );
    let (signature, point) = (key.sign(&MESSAGE), key.public_key().as_bytes());
    rows.push(Row(
        "Ed25519: signing",
        vec![
            ("RustCrypto", portable),
            (
                "graviola",
                call(move || {
                    black_box(key.sign(&MESSAGE));
                }),
            ),
        ],
    ));
    rows.push(Row(
        "Ed25519: verifying",
        vec![
            (
                "RustCrypto",
                call(move || {
                    verify::ED25519
                        .verify_signature(&point, &MESSAGE, &signature)
                        .unwrap();
                }),
            ),
            (
                "graviola",
                call(move || {
                    let key = eddsa::Ed25519VerifyingKey::from_bytes(&point).unwrap();
                    key.verify(&signature, &MESSAGE).unwrap();
                }),
            ),
        ],
    ));

    let key = rsa::SigningKey::from_pkcs8_der(RSA_2048).unwrap();
    let (mut out, mut der) = ([0; 256], [0; 512]);
    let public = key.public_key().to_pkcs1_der(&mut der).unwrap().to_vec();
    let signature = key.sign_pss_sha256(&mut out, &MESSAGE).unwrap().to_vec();
    rows.push(Row(
        "RSA-2048 PSS: signing",
        vec![
            (
                "RustCrypto",
                portable_sign(RSA_2048, SignatureScheme::RSA_PSS_RSAE_SHA256),
            ),
            (
                "graviola",
                call(move || {
                    black_box(key.sign_pss_sha256(&mut out, &MESSAGE).unwrap());
                }),
            ),
        ],
    ));
    let (same_public, same) = (public.clone(), signature.clone());
    rows.push(Row(
        "RSA-2048 PSS: verifying",
        vec![
            (
                "RustCrypto",
                call(move || {
                    verify::RSA_PSS_RSAE_SHA256
                        .verify_signature(&same_public, &MESSAGE, &same)
                        .unwrap();
                }),
            ),
            (
                "graviola",
                call(move || {
                    let key = rsa::VerifyingKey::from_pkcs1_der(&public).unwrap();
                    key.verify_pss_sha256(&signature, &MESSAGE).unwrap();
                }),
            ),
        ],
    ));
    rows
}

fn hashes() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, len) in [("200 bytes", 200), ("16 KiB", 16384)] {
        let bytes = vec![1; len];
        let [a, b, c, d] = [bytes.clone(), bytes.clone(), bytes.clone(), bytes];
        let (sha256, sha384) = match name {
            "200 bytes" => ("SHA-256 of 200 bytes", "SHA-384 of 200 bytes"),
            _ => ("SHA-256 of 16 KiB", "SHA-384 of 16 KiB"),
        };
        rows.push(Row(
            sha256,
            vec![
                (
                    "RustCrypto",
                    call(move || {
                        black_box(RUSTCRYPTO.sha256.hash(&[&a]));
                    }),
                ),
                (
                    "graviola",
                    call(move || {
                        black_box(Sha256::hash(&b));
                    }),
                ),
            ],
        ));
        rows.push(Row(
            sha384,
            vec![
                (
                    "RustCrypto",
                    call(move || {
                        black_box(RUSTCRYPTO.sha384.hash(&[&c]));
                    }),
                ),
                (
                    "graviola",
                    call(move || {
                        black_box(Sha384::hash(&d));
                    }),
                ),
            ],
        ));
    }
    macro_rules! hmac {
        ($name:literal, $hash:ident, $portable:ident, $len:literal) => {
            rows.push(Row(
                $name,
                vec![
                    (
                        "RustCrypto",
                        call(|| {
                            black_box(RUSTCRYPTO.$portable.hmac(&[3; $len], &[&[4; $len]]));
                        }),
                    ),
                    (
                        "graviola",
                        call(|| {
                            let mut mac = Hmac::<$hash>::new([3; $len]);
                            mac.update([4; $len]);
                            black_box(mac.finish());
                        }),
                    ),
                ],
            ));
        };
    }
    hmac!(
        "HMAC-SHA-256 of 32 bytes (HKDF is made of it)",
        Sha256,
        sha256,
        32
    );
    hmac!("HMAC-SHA-384 of 48 bytes", Sha384, sha384, 48);
    rows
}

/// Microseconds for one call, the least of `rounds` in which the libraries take turns.
fn measure(calls: &mut [(&'static str, Call)], rounds: usize) -> Vec<f64> {
    let mut times = Vec::new();
    for (_, call) in calls.iter_mut() {
        let begin = Instant::now();
        call();
        times.push(
            u32::try_from(2_000_000 / begin.elapsed().as_nanos().max(1))
                .unwrap()
                .max(1),
        );
    }
    let mut best = vec![f64::MAX; calls.len()];
    for _ in 0..rounds {
        for (at, (_, call)) in calls.iter_mut().enumerate() {
            let begin = Instant::now();
            for _ in 0..times[at] {
                call();
            }
            let spent = begin.elapsed().as_secs_f64() * 1e6 / f64::from(times[at]);
            best[at] = best[at].min(spent);
        }
    }
    best
}

/// What `provider::fast` was chosen from.
pub fn table(quick: bool) -> Table {
    let rounds = if quick { 7 } else { 50 };
    let mut table = Table::new(
        "primitives",
        format!("Primitives: microseconds, least of {rounds} rounds"),
        ["", "RustCrypto", "graviola", "libcrux"],
    );
    for section in [key_exchange, kem, signatures, hashes] {
        for Row(name, mut calls) in section() {
            let best = measure(&mut calls, rounds);
            let columns = [&["RustCrypto", "ml-kem"][..], &["graviola"], &["libcrux"]];
            let cells = columns.map(|column| {
                let at = calls
                    .iter()
                    .position(|(library, _)| column.contains(library));
                Cell::maybe(at.map(|at| best[at]), 2)
            });
            table.row(name, cells);
        }
    }
    table
}
