//! Measures whether what is compared with secrets takes the same time whatever the values:
//! `tests/secrets/ct.sh` runs it.
//!
//! `constant_time` measures time as dudect does: two classes of input in random order, and Welch's t
//! of their times without the slowest twentieth. `constant_time memcheck` runs the comparison under
//! valgrind, with the secrets marked as uninitialised, so that valgrind reports each branch and each
//! address that depends on them; with `branch` after it a plain comparison, to show that this is seen.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;
use symbolon::config::{RotatingTicketer, Ticketer};
use symbolon::crypto::{HashSecret, Random};
use symbolon::io::now;
use symbolon::pki::Decision;
use symbolon::provider::{RUSTCRYPTO, default_provider};
use symbolon::record::{MAX_CIPHERTEXT, Opener, Sealer};
use symbolon::secret::equal;

/// Beyond this the classes differ (dudect's own mark for "definitely").
const MARK: f64 = 10.0;
const ROUNDS: usize = 40_000;
/// Calls in one measurement: the clock is coarse.
const CALLS: usize = 8;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("memcheck") {
        memcheck(args.next().as_deref() == Some("branch"));
        return ExitCode::SUCCESS;
    }
    let mut constant = true;
    let judge = |what: &str, t: f64| {
        let differs = t.abs() > MARK;
        println!(
            "{what:60} t = {t:8.1}  {}",
            if differs { "differs" } else { "same" }
        );
        differs
    };

    // Finished of TLS 1.2, and Finished and binders of TLS 1.3.
    for len in [12, 32, 48] {
        let right = vec![0x5a; len];
        let (first, last) = wrong(&right, 0, len - 1);
        let t = welch(&first, &last, |value| {
            black_box(equal(black_box(value), black_box(&right)));
        });
        constant &= !judge(
            &format!("equal, {len} bytes, wrong in the first or in the last"),
            t,
        );
        let t = welch(&right, &last, |value| {
            black_box(equal(black_box(value), black_box(&right)));
        });
        constant &= !judge(&format!("equal, {len} bytes, right or wrong"), t);
    }
    for (provider, name) in [(RUSTCRYPTO, "rustcrypto"), (default_provider(), "default")] {
        for suite in provider.tls13_suites {
            let secret = HashSecret::zeroed(suite.hash.output_len());
            let mut sealer = Sealer::new(suite.hash, suite.aead, &secret, 9).expect("a key");
            let mut body = vec![1; 200 + suite.aead.tag_len()];
            let len = u8::try_from(body.len()).expect("short");
            let header = [23, 3, 3, 0, len];
            sealer.seal(&header, &mut body).expect("seals");
            let (first, last) = wrong(&body, 200, body.len() - 1);
            let mut opener = Opener::new(suite.hash, suite.aead, &secret).expect("a key");
            let mut room = body.clone();
            let t = welch(&first, &last, |body| {
                room.copy_from_slice(body);
                let opened = opener.open(&header, &mut room, MAX_CIPHERTEXT);
                assert!(black_box(opened).is_err());
            });
            let what = format!(
                "{name} {}, tag wrong in the first or in the last",
                suite.name
            );
            constant &= !judge(&what, t);
        }
        let now = now();
        let tickets = RotatingTicketer::new(&provider, &[9; 32], 3600).expect("has an AEAD");
        let ticket = tickets
            .seal(&[3; 100], now, &mut Random::new([1; 32]))
            .expect("seals");
        let (first, last) = wrong(&ticket, ticket.len() - 16, ticket.len() - 1);
        let t = welch(&first, &last, |ticket| {
            assert!(matches!(
                black_box(tickets.open(ticket, now)),
                Decision::Now(None)
            ));
        });
        constant &= !judge(
            &format!("{name} ticket, tag wrong in the first or in the last"),
            t,
        );
    }
    // The control: what stops at the first difference.
    let right = vec![0x5a; 48];
    let (first, last) = wrong(&right, 0, 47);
    let t = welch(&first, &last, |value| {
        black_box(stops(black_box(value), black_box(&right)));
    });
    let seen = judge("control: a comparison that stops, 48 bytes", t);
    match (constant, seen) {
        (true, true) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// The same with one or another byte changed.
fn wrong(right: &[u8], first: usize, last: usize) -> (Vec<u8>, Vec<u8>) {
    let change = |at: usize| {
        let mut bytes = right.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    (change(first), change(last))
}

#[inline(never)]
fn stops(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).all(|(a, b)| black_box(a) == black_box(b))
}

/// Welch's t of the times that `run` takes with one input and with the other.
fn welch(one: &[u8], other: &[u8], mut run: impl FnMut(&[u8])) -> f64 {
    let mut random = Random::new([5; 32]);
    // The same place for both: only the bytes differ.
    let mut input = one.to_vec();
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        let class = usize::from(random.array::<1>()[0] & 1);
        input.copy_from_slice([one, other][class]);
        let start = Instant::now();
        for _ in 0..CALLS {
            run(&input);
        }
        let time = start.elapsed().as_nanos();
        if round > ROUNDS / 20 {
            times[class].push(time as f64);
        }
    }
    let mut all: Vec<f64> = times.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let most = all[all.len() * 19 / 20];
    let [a, b] = times.map(|times| {
        let kept: Vec<f64> = times.into_iter().filter(|time| *time <= most).collect();
        let n = kept.len() as f64;
        let mean = kept.iter().sum::<f64>() / n;
        let variance = kept.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, variance / n)
    });
    (a.0 - b.0) / (a.1 + b.1).sqrt()
}

#[cfg(target_arch = "x86_64")]
fn memcheck(branch: bool) {
    assert!(
        request(RUNNING_ON_VALGRIND, &[]) > 0,
        "this runs under valgrind"
    );
    let mut compared = 0;
    for len in 0..=64_usize {
        for wrong in [None, Some(0), len.checked_sub(1)] {
            let expected = vec![0x5a; len];
            let mut came = expected.clone();
            if let Some(byte) = wrong.and_then(|at| came.get_mut(at)) {
                *byte ^= 1;
            }
            request(MAKE_MEM_UNDEFINED, &expected);
            let same = match branch {
                true => stops(&came, &expected),
                false => equal(&came, &expected),
            };
            // The answer may be known.
            let answer = [u8::from(same)];
            request(MAKE_MEM_DEFINED, &answer);
            assert_eq!(answer == [1], wrong.is_none() || len == 0);
            compared += 1;
        }
    }
    println!("{compared} comparisons");
}

#[cfg(not(target_arch = "x86_64"))]
fn memcheck(_: bool) {}

// Numbers of valgrind's requests: its own, and those of its tool memcheck ("MC").
const RUNNING_ON_VALGRIND: usize = 0x1001;
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;

/// Asks valgrind for something; 0 when it isn't there.
#[cfg(target_arch = "x86_64")]
fn request(number: usize, bytes: &[u8]) -> usize {
    let arguments = [
        number,
        bytes.as_ptr().expose_provenance(),
        bytes.len(),
        0,
        0,
        0,
    ];
    let mut answer = 0_usize;
    // SAFETY: outside of valgrind four rotations by 128 bits in all and an exchange of a register
    // with itself, which change nothing; inside, valgrind reads `arguments` and marks bytes.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") answer,
            inout("rdi") 0_usize => _,
        );
    }
    answer
}
