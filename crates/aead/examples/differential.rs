//! Compares our AEADs with RustCrypto's on pseudorandom cases, the same ones in each run:
//!
//! ```text
//! cargo run --release -p symbolon-aead --example differential -- [CASES [SEED [narrow]]]
//! ```
//!
//! With `narrow` ours use vectors of 256 bits even where the CPU has wider ones.
//!
//! A case is a message sealed by both, opened by ours, and one of nonce, additional data,
//! ciphertext or tag with a bit flipped, which ours must refuse.

#[cfg(target_arch = "x86_64")]
#[allow(dead_code, reason = "each user uses a part of it")]
#[path = "../tests/common/mod.rs"]
mod common;

#[cfg(not(target_arch = "x86_64"))]
fn main() {}

#[cfg(target_arch = "x86_64")]
fn main() {
    use common::{ALGORITHMS, Numbers, Width};
    use symbolon_aead::Error;

    let mut args = std::env::args().skip(1);
    let mut number = |default| match args.next() {
        Some(arg) => arg.parse().expect("a number"),
        None => default,
    };
    let (cases, seed): (u64, u64) = (number(1_000_000), number(1));
    let width = match args.next().as_deref() {
        None => Width::Widest,
        Some("narrow") => Width::Narrow,
        Some(other) => panic!("{other}?"),
    };
    let mut numbers = Numbers(seed.max(1));
    let mut buf = vec![0; 1 << 16];
    let (mut expected, mut message) = (buf.clone(), buf.clone());
    let (mut key, mut aad) = ([0; 32], [0; 512]);
    let begin = std::time::Instant::now();

    let mut done = 0;
    while done < cases {
        // Some cases under each key.
        let algorithm = ALGORITHMS[numbers.below(3)];
        numbers.fill(&mut key);
        let key = &key[..algorithm.key_len()];
        let ours = algorithm.ours(key, width).expect("a CPU that can run ours");
        let theirs = algorithm.reference(key);
        for _ in 0..32.min(cases - done) {
            done += 1;
            // Mostly short; lengths around the sizes of batches often; few long ones.
            let len = match numbers.below(4096) {
                0 => numbers.below(1 << 16),
                1..64 => numbers.below(4096),
                64..160 => numbers.below(40) * 64 + 62 + numbers.below(5),
                160..1024 => numbers.below(10) * 64 + numbers.below(4),
                _ => numbers.below(450),
            };
            let aad_len = match numbers.below(256) {
                0..4 => numbers.below(512),
                4..128 => 5,
                _ => numbers.below(40),
            };
            let mut nonce = [0; 12];
            numbers.fill(&mut nonce);
            // The message is what the last case left; a few words make it another.
            let (message, expected) = (&mut message[..len], &mut expected[..len]);
            let fresh = len.min(64);
            numbers.fill(&mut message[..fresh]);
            let aad = &mut aad[..aad_len];
            numbers.fill(aad);

            let buf = &mut buf[..len];
            buf.copy_from_slice(message);
            expected.copy_from_slice(message);
            let mut tag = ours.seal(&nonce, aad, buf);
            let at = format_args!("{algorithm:?}, case {done}, {len} bytes, {aad_len} of AAD");
            assert!(theirs.seal(&nonce, aad, expected) == tag, "tag: {at}");
            assert!(buf == expected, "ciphertext: {at}");
            assert_eq!(ours.open(&nonce, aad, buf, &tag), Ok(()), "{at}");
            assert!(buf == message, "plaintext: {at}");

            let parts: [&mut [u8]; 4] = [&mut nonce, aad, expected, &mut tag];
            let bits = 8 * parts.iter().map(|part| part.len()).sum::<usize>();
            let mut bit = numbers.below(bits);
            for part in parts {
                if bit < 8 * part.len() {
                    part[bit / 8] ^= 1 << (bit % 8);
                    break;
                }
                bit -= 8 * part.len();
            }
            let refused = ours.open(&nonce, aad, expected, &tag);
            assert_eq!(refused, Err(Error::WrongTag), "{at}");
            assert!(expected.iter().all(|byte| *byte == 0), "left over: {at}");
        }
    }
    println!(
        "{done} cases agree (seed {seed}, {width:?}, {:.0?})",
        begin.elapsed()
    );
}
