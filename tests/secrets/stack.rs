//! What a handshake leaves on the stack, measured.
//!
//! Values that pass through functions leave copies in frames that are left: Rust promises nothing about
//! them. How much is found says how well what is cheap is done; the numbers stand in the crate docs.

use crate::common::rogue::World;
use crate::spy::{Code, Scanner, noting};
use crate::wiped::{
    Case, End, boxed, cases, clean, configs, on_clean_stack, other_cases, rsa_world, signing_keys,
};
use std::collections::BTreeMap;
use std::hint::black_box;
use symbolon::codepoint::ProtocolVersion as P;

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

/// What lies on the stack after each turn of a handshake, and once it is over for that side.
fn measure(world: &World, case: Case) -> BTreeMap<String, (usize, usize)> {
    let mut seen = Vec::new();
    let mut needles = on_clean_stack(|| {
        noting(case.version == P::TLS12, || {
            let (client, server) = configs(world, case);
            let mut pair = boxed(&client, &server, 1);
            // What a client's beginning leaves stays until its keys come into force.
            seen.push(("both, begun".to_owned(), below()));
            for turn in 0..8 {
                clean();
                // From the same frame, so that nothing but what is left is below.
                match turn % 2 {
                    0 => pair.client.run(),
                    _ => pair.server.run(),
                }
                let bytes = below();
                let over = match turn % 2 {
                    0 => pair.client.done.is_some(),
                    _ => pair.server.done.is_some(),
                };
                let when = if over { "after it" } else { "in it" };
                seen.push((format!("{}, {when}", ["client", "server"][turn % 2]), bytes));
                let pair = &mut *pair;
                match turn % 2 {
                    0 => pair.server.input.append(&mut pair.client.output),
                    _ => pair.client.input.append(&mut pair.server.output),
                }
            }
            assert!(pair.server.done.is_some());
        })
    });
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
    let others = others
        .into_iter()
        .flat_map(|(world, cases)| cases.into_iter().map(move |case| (world, case)));
    for (world, case) in own.chain(others) {
        if case.end != End::Finished {
            continue;
        }
        let found = measure(world, case);
        println!(
            "{:?}, {} {} {}, psk {}, RSA {}:",
            case.code,
            case.version,
            case.suite,
            case.group,
            case.psk,
            std::ptr::eq(world, &rsa)
        );
        for (name, (count, depth)) in &found {
            println!("  {name}: {count} times, down to {depth} bytes below");
        }
        // None; hundreds where nothing overwrites the stack. In TLS 1.3 the server's keys come into force
        // in its first turn, which has everything that goes deep: what that left would stay.
        let secret = |name: &str| {
            let keys = case.version == P::TLS13 && name.starts_with("server, in it");
            name.contains("after it") || keys
        };
        let left: Vec<_> = found.iter().filter(|(name, _)| secret(name)).collect();
        assert!(left.is_empty(), "{left:?}");
    }
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
