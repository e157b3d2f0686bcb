//! The seeds of connections are of use only as long as they get through the handshake.

use std::fs;
use std::path::Path;

fn all_get_through(target: &str, least: usize, run: fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let through = run(&fs::read(&path).unwrap());
        assert!(through, "{} is stale: make the seeds again", path.display());
        count += 1;
    }
    assert!(count >= least, "{count} seeds");
}

#[test]
fn of_the_client() {
    all_get_through("client", 7, symbolon_fuzz::client);
}

#[test]
fn of_the_server() {
    all_get_through("server", 7, symbolon_fuzz::server);
}

#[test]
fn of_lists_and_responses() {
    all_get_through("crl", 3, |bytes| symbolon_fuzz::is_read("crl", bytes));
    all_get_through("ocsp", 3, |bytes| symbolon_fuzz::is_read("ocsp", bytes));
}

/// Each seed once, without a fuzzer.
#[test]
fn of_names_and_chains() {
    for (target, _, bytes) in symbolon_fuzz::seeds() {
        match target {
            "names" => symbolon_fuzz::names(&bytes),
            "chain" => symbolon_fuzz::chain(&bytes),
            "crl" => symbolon_fuzz::crl(&bytes),
            "ocsp" => symbolon_fuzz::ocsp(&bytes),
            other => panic!("{other}"),
        }
    }
}
