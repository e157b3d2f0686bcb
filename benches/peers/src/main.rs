//! symbolon beside other libraries, in one run.

mod aead;

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    aead::run(quick);
}
