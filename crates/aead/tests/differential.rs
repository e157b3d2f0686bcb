//! Against RustCrypto's implementations.
#![cfg(target_arch = "x86_64")]

#[allow(dead_code, reason = "each test uses a part of it")]
mod common;

use common::{ALGORITHMS, Aead, Algorithm, Numbers, WIDTHS, Width, compare};

/// Both implementations under a key; `None`, with a word about it, if the CPU can't run ours.
fn pair(
    (algorithm, width): (Algorithm, Width),
    key: &[u8],
) -> Option<(Box<dyn Aead>, Box<dyn Aead>)> {
    let ours = algorithm.ours(key, width);
    if ours.is_none() {
        println!("skipped: {algorithm:?}, which this CPU can't run");
    }
    Some((ours?, algorithm.reference(key)))
}

/// Each algorithm with each width of vectors.
fn kernels() -> impl Iterator<Item = (Algorithm, Width)> {
    ALGORITHMS
        .into_iter()
        .flat_map(|algorithm| WIDTHS.map(|width| (algorithm, width)))
}

#[test]
fn every_length_up_to_600() {
    let mut numbers = Numbers(1);
    for kernel in kernels() {
        for len in 0..=600 {
            let key = numbers.bytes(kernel.0.key_len());
            let Some((ours, theirs)) = pair(kernel, &key) else {
                break;
            };
            for aad in [0, 1, 5, 13, 15, 16, 17, 31, 32, 33, 48, 100] {
                let nonce = numbers.bytes(12).try_into().unwrap();
                let aad = numbers.bytes(aad);
                let message = numbers.bytes(len);
                let name = format!("{kernel:?}");
                compare(
                    &name,
                    &*ours,
                    &*theirs,
                    &nonce,
                    &aad,
                    &message,
                    numbers.next(),
                );
            }
        }
    }
}

#[test]
fn lengths_around_what_is_computed_at_once() {
    let mut numbers = Numbers(4);
    for kernel in kernels() {
        let key = numbers.bytes(kernel.0.key_len());
        let Some((ours, theirs)) = pair(kernel, &key) else {
            continue;
        };
        for len in (930..=1060).chain(1950..=2080) {
            let nonce = numbers.bytes(12).try_into().unwrap();
            let (aad, message) = (numbers.bytes(5), numbers.bytes(len));
            compare(
                &format!("{kernel:?}"),
                &*ours,
                &*theirs,
                &nonce,
                &aad,
                &message,
                numbers.next(),
            );
        }
    }
}

#[test]
fn long_messages_and_long_additional_data() {
    let mut numbers = Numbers(2);
    for kernel in kernels() {
        let key = numbers.bytes(kernel.0.key_len());
        let Some((ours, theirs)) = pair(kernel, &key) else {
            continue;
        };
        // Counters pass a byte (at 4 KiB) and two (at 1 MiB).
        for (len, aad) in [
            (0, 1 << 20),
            (4064, 256),
            (4065, 255),
            (4096, 257),
            (8191, 511),
            (16384, 5),
            (16385, 600),
            (65536, 4096),
            (1_000_003, 12_345),
            (1 << 20, 13),
            ((1 << 20) + 17, 0),
        ] {
            let nonce = numbers.bytes(12).try_into().unwrap();
            let (aad, message) = (numbers.bytes(aad), numbers.bytes(len));
            let name = format!("{kernel:?}");
            for _ in 0..3 {
                compare(
                    &name,
                    &*ours,
                    &*theirs,
                    &nonce,
                    &aad,
                    &message,
                    numbers.next(),
                );
            }
        }
    }
}

#[test]
fn every_bit_of_a_short_message_counts() {
    let mut numbers = Numbers(3);
    for kernel in kernels() {
        let key = numbers.bytes(kernel.0.key_len());
        let Some((ours, theirs)) = pair(kernel, &key) else {
            continue;
        };
        let nonce = numbers.bytes(12).try_into().unwrap();
        let (aad, message) = (numbers.bytes(21), numbers.bytes(37));
        for bit in 0..37 * 8 {
            compare(
                &format!("{kernel:?}"),
                &*ours,
                &*theirs,
                &nonce,
                &aad,
                &message,
                bit,
            );
        }
    }
}
