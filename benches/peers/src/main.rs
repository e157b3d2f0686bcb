//! symbolon beside other libraries, in one run:
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- [--quick] [SECTION...]
//! ```
//!
//! Sections are `aead` and `primitives`; without one, all run.

mod aead;
mod primitives;

/// The sections: what each is called, and what runs it. The argument says whether to be quick.
const SECTIONS: [(&str, fn(bool)); 2] = [("aead", aead::run), ("primitives", primitives::run)];

fn main() {
    let (options, names): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|arg| arg.starts_with("--"));
    let quick = options.iter().any(|option| option == "--quick");
    let known = |name: &String| SECTIONS.iter().any(|(section, _)| section == name);
    if !names.iter().all(known) || options.iter().any(|option| option != "--quick") {
        eprintln!("usage: symbolon-peers [--quick] [aead] [primitives]");
        std::process::exit(2);
    }
    for (name, run) in SECTIONS {
        if names.is_empty() || names.iter().any(|asked| asked == name) {
            run(quick);
        }
    }
}
