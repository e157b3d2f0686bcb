//! The seeds of connections are of use only as long as they get through the handshake.

use std::fs;
use std::path::Path;

fn all_get_through(target: &str, run: fn(&[u8]) -> bool) {
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
    assert!(count >= 7, "{count} seeds");
}

#[test]
fn of_the_client() {
    all_get_through("client", symbolon_fuzz::client);
}

#[test]
fn of_the_server() {
    all_get_through("server", symbolon_fuzz::server);
}
