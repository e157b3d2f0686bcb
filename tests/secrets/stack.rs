//! What a handshake leaves on the stack, measured.
//!
//! Values that pass through functions leave copies in frames that are left: Rust promises nothing about
//! them. How much is found says how well what is cheap is done; the numbers stand in the crate docs.

use crate::common::rogue::World;
use crate::spy::{Code, Needles, Scanner, noting};
use crate::wiped::{
    Case, End, boxed, cases, clean, configs, on_clean_stack, other_cases, rsa_world, signing_keys,
};
use std::collections::BTreeMap;
use std::hint::black_box;
use symbolon::codepoint::{CipherSuite as S, NamedGroup as G, ProtocolVersion as P};

/// Bytes of stack that are looked at: what `clean` overwrites.
const DEPTH: usize = 1 << 18;

/// What lies below the frames of now, the deepest first.
#[inline(never)]
fn below() -> Vec<u8> {
    let here = 0_u8;
    let top = black_box(&raw const here).addr();
    let mut bytes = Vec::with_capacity(DEPTH);
    for depth in (1024..DEPTH).rev() {
        let at = std::ptr::with_exposed_provenance::<u8>(top - depth);
        // SAFETY: the stack is 2 MiB and was written to down there; no reference to it exists, and what
        // is read is as good as any other byte.
        bytes.push(unsafe { at.read_volatile() });
    }
    bytes
}

/// How often each kind of secret is found in what lay there, and the deepest.
fn residue(scanner: &Scanner, bytes: &[u8]) -> BTreeMap<String, (usize, usize)> {
    let mut found = BTreeMap::new();
    for (at, name) in scanner.scan(bytes) {
        let entry: &mut (usize, usize) = found.entry(name.to_owned()).or_default();
        entry.0 += 1;
        entry.1 = entry.1.max(DEPTH - at);
    }
    found
}

/// What lies on the stack after each turn of one side, and once the handshake is over for it. Nothing else
/// runs on that stack from the beginning on: what one call leaves, the next ones find.
fn measure(world: &World, case: Case, of_client: bool) -> BTreeMap<String, (usize, usize)> {
    let tls12 = case.version == P::TLS12;
    let mut seen = Vec::new();
    let mut others = Needles::new();
    let mut needles = on_clean_stack(|| {
        noting(tls12, || {
            let (client, server) = configs(world, case);
            let mut pair = boxed(&client, &server, 1);
            if !of_client {
                // Of the client's beginning.
                clean();
            }
            seen.push(("begun".to_owned(), below()));
            for turn in 0..8 {
                let pair = &mut *pair;
                let client = turn % 2 == 0;
                if client != of_client {
                    others.extend(on_clean_stack(|| {
                        noting(tls12, || match client {
                            true => pair.client.run(),
                            false => pair.server.run(),
                        })
                    }));
                } else {
                    // From the same frame, so that nothing but what is left is below.
                    match client {
                        true => pair.client.run(),
                        false => pair.server.run(),
                    }
                    let bytes = below();
                    let over = match client {
                        true => pair.client.done.is_some(),
                        false => pair.server.done.is_some(),
                    };
                    seen.push((if over { "after it" } else { "in it" }.to_owned(), bytes));
                }
                match client {
                    true => pair.server.input.append(&mut pair.client.output),
                    false => pair.client.input.append(&mut pair.server.output),
                }
            }
            assert!(pair.server.done.is_some());
        })
    });
    needles.extend(others);
    signing_keys(world, &mut needles);
    let scanner = Scanner::new(&needles);
    let mut all: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (when, bytes) in seen {
        for (name, (count, depth)) in residue(scanner, &bytes) {
            let entry = all.entry(format!("{when}: {name}")).or_default();
            entry.0 += count;
            entry.1 = entry.1.max(depth);
        }
    }
    all
}

#[test]
fn residue_on_the_stack() {
    let (ecdsa, rsa) = (World::new(), rsa_world());
    let own = cases().into_iter().map(|case| (&ecdsa, case));
    let others = [
        (&rsa, other_cases(Code::RustCrypto, true)),
        #[cfg(feature = "fast")]
        (&ecdsa, other_cases(Code::Fast, false)),
        #[cfg(feature = "fast")]
        (&rsa, other_cases(Code::Fast, true)),
    ];
    // Every group, and halves of hybrids.
    let base = cases()[0];
    let codes = [
        Code::RustCrypto,
        #[cfg(feature = "fast")]
        Code::Fast,
    ];
    let groups = codes.into_iter().flat_map(|code| {
        [
            (G::SECP384R1MLKEM1024, S::TLS_AES_128_GCM_SHA256, false),
            (G::SECP384R1MLKEM1024, S::TLS_AES_128_GCM_SHA256, true),
            (G::X25519MLKEM768, S::TLS_CHACHA20_POLY1305_SHA256, true),
            (G::SECP256R1MLKEM768, S::TLS_AES_128_GCM_SHA256, false),
            (G::SECP384R1, S::TLS_AES_256_GCM_SHA384, false),
            (G::SECP256R1, S::TLS_CHACHA20_POLY1305_SHA256, false),
            (G::X25519, S::TLS_AES_256_GCM_SHA384, false),
        ]
        .map(|(group, suite, half)| Case {
            group,
            suite,
            half,
            code,
            ..base
        })
    });
    let groups = groups.map(|case| (&ecdsa, case));
    let others = others
        .into_iter()
        .flat_map(|(world, cases)| cases.into_iter().map(move |case| (world, case)));
    let mut left = Vec::new();
    for (world, case) in own.chain(others).chain(groups) {
        if case.end != End::Finished {
            continue;
        }
        for of_client in [true, false] {
            let found = measure(world, case, of_client);
            println!(
                "{:?}, {} {} {}, psk {}, half {}, RSA {}: {}",
                case.code,
                case.version,
                case.suite,
                case.group,
                case.psk,
                case.half,
                std::ptr::eq(world, &rsa),
                ["server", "client"][usize::from(of_client)]
            );
            for (name, (count, depth)) in &found {
                println!("  {name}: {count} times, down to {depth} bytes below");
            }
            // None; hundreds where nothing overwrites the stack. In TLS 1.3 the server's keys come into force
            // in its first turn, which has everything that goes deep: what that left would stay.
            let secret = |name: &str| {
                let keys = case.version == P::TLS13 && !of_client && name.starts_with("in it");
                name.starts_with("after it") || keys
            };
            left.extend(found.into_iter().filter(|(name, _)| secret(name)));
        }
    }
    assert!(left.is_empty(), "{left:?}");
}

/// The control: a secret in a frame that was left is found.
#[test]
fn a_secret_that_is_left_is_found() {
    #[inline(never)]
    fn leave(secret: &[u8]) {
        let mut room = [0_u8; 4096];
        room[..secret.len()].copy_from_slice(secret);
        black_box(&mut room);
    }
    let secret: Vec<u8> = (100..132).collect();
    let needles = [(secret[..12].to_vec(), "it".to_owned())].into();
    let scanner = Scanner::new(&needles);
    let found = on_clean_stack(|| {
        leave(&secret);
        below()
    });
    let found = residue(scanner, &found);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["it"]);
}
