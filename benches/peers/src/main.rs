//! symbolon beside other libraries, in one run. `--help` and README.md say what is measured, and how.

mod aead;
mod allocations;
mod bulk;
mod chain;
mod clock;
mod growth;
mod handshakes;
mod libraries;
mod machine;
mod marks;
mod memory;
mod pairs;
mod primitives;
mod report;

use chain::{Chain, Keys};
use libraries::{Library, SCENARIOS};
use report::Report;
use std::cell::LazyCell;

const HELP: &str = "\
symbolon beside rustls (aws-lc-rs, ring), OpenSSL and purecrypto, in one run, in memory.

usage: cargo run --release --manifest-path benches/peers/Cargo.toml -- [OPTION...] [SECTION...]

Sections; without one, all run, in this order:
  handshakes   whole handshakes, each side timed apart: microseconds of CPU time
  bulk         full records through connections, and the AEADs alone: MB/s, allocations
  memory       allocations of a handshake, and who makes them; bytes of an idle connection
  growth       by bytes, by connections alive at once, by length of the chain
  aead         the AEADs of several libraries, by length: nanoseconds
  primitives   the other cryptography that the fast provider chose from: microseconds
At the end stand the marks that the library is to reach, as far as the sections that ran
measured them, unless only 'aead' or 'primitives' did.

Options:
  --quick            fewer rounds: under two minutes in all
  --json             one object of JSON at the end instead of Markdown
  --peer NAME        only this library: symbolon, symbolon-warm-memo, symbolon-rustcrypto,
                     rustls-aws-lc-rs, rustls-ring, openssl, purecrypto; can be given
                     several times
  --scenario NAME    only these handshakes: 1.3-ecdsa, 1.3-hybrid, 1.3-rsa, 1.3-resumed,
                     1.2-ecdsa, 1.2-resumed; can be given several times
  --help             this text

The exit status is 0 unless a handshake fails, the fast provider isn't what was chosen (its
CPU features are missing: valgrind hides them), or an argument isn't known (2). It never
depends on a time.";

const SECTIONS: [&str; 6] = [
    "handshakes",
    "bulk",
    "memory",
    "growth",
    "aead",
    "primitives",
];

/// What the command line asks for.
#[derive(Debug, Default)]
pub struct Asked {
    quick: bool,
    json: bool,
    peers: Vec<String>,
    scenarios: Vec<String>,
    sections: Vec<String>,
}

impl Asked {
    fn wants_scenario(&self, id: &str) -> bool {
        self.scenarios.is_empty() || self.scenarios.iter().any(|asked| asked == id)
    }

    fn wants_peer(&self, id: &str) -> bool {
        self.peers.is_empty() || self.peers.iter().any(|asked| asked == id)
    }

    fn wants_section(&self, name: &str) -> bool {
        self.sections.is_empty() || self.sections.iter().any(|asked| asked == name)
    }

    /// `None` if help is wanted.
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut asked = Self::default();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--help" | "-h" => return Ok(None),
                "--quick" => asked.quick = true,
                "--json" => asked.json = true,
                "--peer" => asked.peers.push(args.next().ok_or("--peer needs a name")?),
                "--scenario" => {
                    let name = args.next().ok_or("--scenario needs a name")?;
                    if !SCENARIOS.iter().any(|scenario| scenario.id == name) {
                        return Err(format!("there is no scenario '{name}'"));
                    }
                    asked.scenarios.push(name);
                }
                section if SECTIONS.contains(&section) => asked.sections.push(arg),
                _ => return Err(format!("'{arg}' isn't known; --help tells what is")),
            }
        }
        Ok(Some(asked))
    }
}

/// The same for all libraries.
pub struct Chains {
    ecdsa: Chain,
    /// Making its keys takes a while.
    rsa: LazyCell<Chain>,
}

fn main() {
    let asked = match Asked::parse(std::env::args().skip(1)) {
        Ok(Some(asked)) => asked,
        Ok(None) => return println!("{HELP}"),
        Err(error) => {
            eprintln!("symbolon-peers: {error}");
            std::process::exit(2);
        }
    };
    let mut all = libraries::all();
    let ids: Vec<String> = all.iter().map(|library| library.id()).collect();
    if let Some(name) = asked.peers.iter().find(|name| !ids.contains(name)) {
        eprintln!(
            "symbolon-peers: there is no library '{name}', but {}",
            ids.join(", ")
        );
        std::process::exit(2);
    }
    all.retain(|library| asked.wants_peer(&library.id()));
    run(&asked, &all);
}

fn run(asked: &Asked, all: &[Box<dyn Library>]) {
    let mut report = Report::new(asked.json);
    report.add(machine::table(all));
    let chains = Chains {
        ecdsa: Chain::new(Keys::EcdsaP256, 1),
        rsa: LazyCell::new(|| Chain::new(Keys::Rsa2048, 1)),
    };
    let mut times = handshakes::Times::default();
    if asked.wants_section("handshakes") {
        times = handshakes::measure(asked, all, &chains);
        report.add(handshakes::table(asked, all, &times));
    }
    let mut data = Vec::new();
    if asked.wants_section("bulk") {
        data = bulk::measure(asked, all, &chains);
        report.add(bulk::table(&data));
    }
    let mut allocated = Vec::new();
    if asked.wants_section("memory") {
        allocated = allocations::measure(all, &chains);
        for table in allocations::tables(&allocated) {
            report.add(table);
        }
    }
    if asked.wants_section("growth") {
        for table in growth::tables(asked, all, &chains) {
            report.add(table);
        }
    }
    if asked.wants_section("aead") {
        for table in aead::tables(asked.quick) {
            report.add(table);
        }
    }
    if asked.wants_section("primitives") {
        report.add(primitives::table(asked.quick));
    }
    if ["handshakes", "bulk", "memory"]
        .into_iter()
        .any(|section| asked.wants_section(section))
    {
        report.add(marks::table(&times, &data, &allocated));
    }
    report.end();
}
