//! Fault injection: whole connections over a network that loses, changes and adds, between
//! applications that answer late or wrongly and leave when they like. One number, the seed, decides
//! everything, so that a run that fails can be run again:
//! `SYMBOLON_FAULT_SEED=12345 cargo test --test faults one -- --nocapture`.
//!
//! `SYMBOLON_FAULT_RUNS=1000000 cargo test --release --test faults many -- --nocapture` runs as many
//! seeds, from `SYMBOLON_FAULT_SEED` on if it is given.
//!
//! Each run ends in a bounded number of steps, and then:
//! - both ends have seen the same (version, suite, group, protocol, certificates, every handshake
//!   message, exported secret), or at least one isn't done;
//! - what was delivered is a prefix of what was sent; all of it where the end was clean, and the end
//!   is clean only where the peer closed and nothing on the way was touched;
//! - a failed end tells the same error ever after, and no data; on an untouched wire the other end
//!   reports the alert that was sent;
//! - each call made progress, and what was asked for, input, room or an answer, was enough.

#[path = "../common"]
mod common {
    pub mod fake;
    pub mod pair;
}

mod dice;
mod end;
mod hands;
mod plan;
mod run;
mod stats;
mod wire;

use stats::Stats;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Where the seeds begin.
const FIRST: u64 = 1;
/// How many there are by default.
const RUNS: u64 = 40_000;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// Runs a seed; what was wrong.
fn attempt(seed: u64, stats: &mut Stats) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| run::run(seed, stats))) {
        Ok(Ok(())) => None,
        Ok(Err(wrong)) => Some(wrong),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            Some(format!("panicked: {}", text.unwrap_or_default()))
        }
    }
}

/// Runs a seed again, and writes down what happens.
fn replay(seed: u64) -> (Option<String>, Vec<String>) {
    dice::start_trace();
    let wrong = attempt(seed, &mut Stats::default());
    (wrong, dice::end_trace())
}

fn report(seed: u64) -> String {
    let (wrong, lines) = replay(seed);
    let wrong = wrong.unwrap_or("nothing: the run isn't the same again".to_owned());
    format!(
        "{}\nseed {seed}: {wrong}\n\
         again: SYMBOLON_FAULT_SEED={seed} cargo test --test faults one -- --nocapture",
        lines.join("\n")
    )
}

/// One seed, with all that happens.
#[test]
fn one() {
    let seed = number("SYMBOLON_FAULT_SEED").unwrap_or(FIRST);
    let (wrong, lines) = replay(seed);
    for line in &lines {
        println!("{line}");
    }
    assert!(!lines.is_empty());
    assert_eq!(wrong, None, "seed {seed}");
}

#[test]
fn a_seed_decides_everything() {
    for seed in FIRST..FIRST + 200 {
        assert_eq!(replay(seed), replay(seed), "seed {seed}");
    }
}

#[test]
fn many() {
    let first = number("SYMBOLON_FAULT_SEED").unwrap_or(FIRST);
    let runs = number("SYMBOLON_FAULT_RUNS").unwrap_or(RUNS);
    let threads = number("SYMBOLON_FAULT_THREADS").unwrap_or(2);
    let begun = Instant::now();
    let parts: Vec<_> = (0..threads)
        .map(|thread| {
            std::thread::spawn(move || {
                let mut stats = Stats::default();
                let mut failed = Vec::new();
                for seed in (first + thread..first + runs).step_by(threads as usize) {
                    if let Some(wrong) = attempt(seed, &mut stats) {
                        failed.push((seed, wrong));
                        if failed.len() >= 20 {
                            break;
                        }
                    }
                }
                (stats, failed)
            })
        })
        .collect();
    let mut stats = Stats::default();
    let mut failed = Vec::new();
    for part in parts {
        let (part, more) = part.join().expect("a thread");
        stats.merge(&part);
        failed.extend(more);
    }
    stats.print();
    let connections = stats.get("connections") + stats.get("first connections");
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{connections} connections in {seconds:.1} s on {threads} threads: {:.0} per second and thread",
        connections as f64 / seconds / threads as f64
    );
    failed.sort();
    for (seed, wrong) in &failed {
        println!("seed {seed}: {wrong}");
    }
    if let Some((seed, _)) = failed.first() {
        panic!(
            "{} seeds failed; the first:\n{}",
            failed.len(),
            report(*seed)
        );
    }
}
