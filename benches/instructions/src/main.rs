//! How many instructions a TLS 1.3 handshake takes outside cryptography, client and server together,
//! here and in rustls with ring:
//!
//! ```text
//! cargo run --release --manifest-path benches/instructions/Cargo.toml [-- --functions N]
//! ```
//!
//! A full handshake, ECDSA P-256 with a leaf and one intermediate, X25519, AES-128-GCM. This program runs itself
//! under valgrind's callgrind with 20 and with 40 handshakes, and divides the difference: what happens once
//! (configs, the certificates) isn't in it.
//!
//! An instruction counts for the crate whose line it was made of, also where the compiler put it into a
//! function of another crate; one of Rust's own library for the crate of the function that it was put into.
//! [`CRYPTOGRAPHY`] lists the crates that count as cryptography; functions of Rust's library
//! (`core`, `alloc`, `std`) and all of libc (`memcpy`, `malloc`) don't, whoever calls them. How much of
//! libc is called straight from cryptography is told besides.
//!
//! valgrind hides instructions from programs (SHA-NI, ADX, VAES), so the provider is RustCrypto's; which one
//! ran is asserted by the names of what was called.

mod profile;
mod workload;

use profile::Profile;
use std::path::Path;
use std::process::{Command, exit};

/// Crates that count as cryptography: primitives, what they are made of, and ring's assembly.
const CRYPTOGRAPHY: &[&str] = &[
    "aead",
    "aes",
    "aes_gcm",
    "block_buffer",
    "chacha20",
    "chacha20poly1305",
    "cipher",
    "cmov",
    "cpubits",
    "crypto_bigint",
    "crypto_common",
    "ctr",
    "ctutils",
    "curve25519_dalek",
    "digest",
    "ecdsa",
    "elliptic_curve",
    "ff",
    "ghash",
    "graviola",
    "group",
    "hkdf",
    "hmac",
    "hybrid_array",
    "inout",
    "p256",
    "p384",
    "polyval",
    "primefield",
    "primeorder",
    "rand_core",
    "rfc6979",
    "ring",
    "sha1",
    "sha2",
    "signature",
    "subtle",
    "symbolon_aead",
    "typenum",
    "universal_hash",
    "wnaf",
    "x25519_dalek",
    "zeroize",
];

fn main() {
    let mut args = std::env::args().skip(1);
    let first = args.next();
    let second = args.next();
    match (first.as_deref(), second.as_deref()) {
        (None, _) => report(0),
        (Some("--functions"), Some(most)) => report(number(most)),
        (Some("symbolon"), Some(pairs)) => workload::symbolon(number(pairs)),
        (Some("rustls"), Some(pairs)) => workload::rustls(number(pairs)),
        _ => usage(),
    }
}

fn usage() -> ! {
    eprintln!("usage: symbolon-instructions [--functions N | symbolon PAIRS | rustls PAIRS]");
    exit(2);
}

fn number(arg: &str) -> usize {
    arg.parse().unwrap_or_else(|_| usage())
}

/// Measures both, and prints tables.
fn report(functions: usize) {
    let dir = std::env::temp_dir().join(format!("symbolon-instructions-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory for valgrind's output");
    // Each library's own: ran, and didn't run.
    let libraries = [
        ("symbolon", "p256", "graviola"),
        ("rustls", "ring", "symbolon"),
    ];
    for (library, ran, absent) in libraries {
        let few = measure(&dir, library, 20);
        let many = measure(&dir, library, 40);
        let profile = many.per_run(&few, 20);
        assert!(profile.of_crate(ran) > 0, "{ran} didn't run");
        assert_eq!(profile.of_crate(absent), 0, "{absent} ran");
        print(library, &profile, functions);
    }
    std::fs::remove_dir_all(&dir).expect("it was made above");
}

fn print(library: &str, profile: &Profile, functions: usize) {
    let outside = profile.outside();
    let inside = profile.total() - outside;
    println!("## {library}: instructions of a pair\n");
    println!("outside cryptography: {outside}; in cryptography: {inside}");
    println!(
        "of libc, counted as outside, called straight from cryptography: {}\n",
        profile.libc_from_cryptography()
    );
    println!("| crate | instructions |\n| --- | --- |");
    for (name, cost) in profile.crates() {
        println!("| {name} | {cost} |");
    }
    if functions > 0 {
        println!("\n| function outside cryptography | instructions |\n| --- | --- |");
        for (name, cost) in profile.functions().take(functions) {
            println!("| {name} | {cost} |");
        }
    }
    println!();
}

/// Runs so many handshakes of a library under callgrind.
fn measure(dir: &Path, library: &str, pairs: usize) -> Profile {
    let file = dir.join(format!("{library}.{pairs}"));
    let program = std::env::current_exe().expect("the path of this program");
    let run = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .args([library, &pairs.to_string()])
        .status();
    let status = run.unwrap_or_else(|error| {
        eprintln!("valgrind can't be run ({error}): install it to count instructions");
        exit(1);
    });
    assert!(status.success(), "{library} failed under valgrind");
    let text = std::fs::read(&file).expect("valgrind's output");
    Profile::parse(&String::from_utf8_lossy(&text))
}
