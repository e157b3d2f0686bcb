//! Seals with ChaCha20-Poly1305 under valgrind with key, nonce and contents marked as
//! uninitialised, so that valgrind reports each branch and each address that depends on them.
//! `crates/aead/ct.sh` runs it. With the argument `branch` it branches on a sealed byte, to show
//! that this is seen.
//!
//! (Opening shares the code; but whether a tag was right is branched on, so it isn't run here.)

#[cfg(target_arch = "x86_64")]
fn main() {
    use symbolon_aead::ChaCha20Poly1305;

    assert!(
        request(RUNNING_ON_VALGRIND, &[]) > 0,
        "this runs under valgrind"
    );
    let branch = std::env::args().any(|arg| arg == "branch");
    let mut sealed = 0;
    for len in (0..=800).chain([1350, 4096, 16384, 16385]) {
        for aad_len in [0, 5, 13, 16, 37] {
            let (mut key, mut nonce) = ([1; 32], [2; 12]);
            let (mut message, mut aad) = (vec![3; len], vec![4; aad_len]);
            for secret in [&mut key[..], &mut nonce, &mut message, &mut aad] {
                request(MAKE_MEM_UNDEFINED, secret);
            }
            let key = ChaCha20Poly1305::new(&key).expect("a CPU that can run ours");
            let tag = key.seal(&nonce, &aad, &mut message).expect("short enough");
            if branch && tag[0] == 0 {
                println!("by chance");
            }
            request(MAKE_MEM_DEFINED, &tag);
            request(MAKE_MEM_DEFINED, &message);
            sealed += 1;
        }
    }
    println!("{sealed} messages sealed");
}

#[cfg(not(target_arch = "x86_64"))]
fn main() {}

// Numbers of valgrind's requests: its own, and those of its tool memcheck ("MC").
const RUNNING_ON_VALGRIND: usize = 0x1001;
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;

/// Asks valgrind for something; 0 when it isn't there.
#[cfg(target_arch = "x86_64")]
fn request(number: usize, bytes: &[u8]) -> usize {
    let arguments = [number, bytes.as_ptr().addr(), bytes.len(), 0, 0, 0];
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
