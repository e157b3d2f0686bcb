//! Each rule that a peer can break: the error, the alert on the wire, and that nothing was
//! accepted.

#[path = "../common"]
mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
}
mod client_hello;
mod floods;
mod messages;
mod records;
mod server_hello;

use symbolon::error::Violation;

#[test]
fn every_rule_has_a_test() {
    let sources = [
        include_str!("client_hello.rs"),
        include_str!("floods.rs"),
        include_str!("messages.rs"),
        include_str!("records.rs"),
        include_str!("server_hello.rs"),
        include_str!("../attacks/tls12.rs"),
        include_str!("../states12/hellos.rs"),
        include_str!("../resumption/binders.rs"),
        include_str!("../resumption/early.rs"),
        include_str!("../resumption/early_script.rs"),
        include_str!("../resumption/servers.rs"),
        include_str!("../resumption12/client.rs"),
        include_str!("../resumption12/main.rs"),
    ]
    .concat();
    let untested: Vec<_> = Violation::ALL
        .iter()
        .filter(|v| {
            !sources.contains(&format!("Violation::{v:?}"))
                && !sources.contains(&format!("V::{v:?}"))
        })
        .collect();
    assert_eq!(untested, Vec::<&Violation>::new());
}
