//! What the record path costs beside the bare AEAD, both with the default provider's kernel, in one process:
//!
//! ```text
//! cargo run --release --manifest-path benches/instructions/Cargo.toml --bin bulk
//! ```
//!
//! Records of 16 KiB. Sealing: in place, and `send` into a vector that keeps its room. Receiving: in place, a batch
//! of records at a time. The least of many interleaved rounds counts. A share of 90 % means that 10 % of the
//! time goes elsewhere than into the AEAD.

#[path = "../workload.rs"]
#[allow(dead_code, reason = "the other program uses the rest")]
mod workload;

use std::time::{Duration, Instant};
use symbolon::codepoint::CipherSuite;
use symbolon::conn::{ClientConnection, Event, ServerConnection};
use symbolon::crypto::Tls13Suite;
use symbolon::provider::default_provider;

const PLAIN: usize = 16_384;
/// With header, type and tag.
const RECORD: usize = PLAIN + 5 + 1 + 16;
const BATCH: usize = 16;
const ROUNDS: usize = 400;

fn main() {
    let provider = default_provider();
    println!("{:?}\n", provider.tls13_suites[0].aead);
    println!(
        "| suite | way | bare AEAD, MB/s | ours, MB/s | share |\n| --- | --- | --- | --- | --- |"
    );
    for suite in provider
        .tls13_suites
        .iter()
        .filter(|suite| suite.by_default)
    {
        measure(suite);
    }
}

/// The least times of a batch.
struct Least([Duration; 5]);

impl Least {
    fn time(&mut self, which: usize, work: impl FnOnce()) {
        let start = Instant::now();
        work();
        self.0[which] = self.0[which].min(start.elapsed());
    }

    fn print(&self, suite: CipherSuite, way: &str, bare: usize, ours: usize) {
        let speed = |which: usize| {
            let bytes = u32::try_from(PLAIN * BATCH).expect("it is small");
            f64::from(bytes) / self.0[which].as_secs_f64() / 1e6
        };
        let (bare, ours) = (speed(bare), speed(ours));
        let share = ours / bare * 100.0;
        println!("| {suite} | {way} | {bare:.0} | {ours:.0} | {share:.1} % |");
    }
}

fn measure(suite: &'static Tls13Suite) {
    let (mut client, mut server) = workload::pair(default_provider(), suite.name);
    let key = suite
        .aead
        .key(&[7; 32][..suite.aead.key_len()])
        .expect("a key of its length");
    let mut buffer = vec![7; RECORD * BATCH];
    let mut wire = Vec::with_capacity(RECORD * BATCH);
    let data = vec![7; PLAIN * BATCH];
    let mut least = Least([Duration::MAX; 5]);
    for _ in 0..ROUNDS {
        least.time(0, || {
            bare(&mut buffer, |body| {
                key.seal_in_place(&[0; 12], &[0; 5], body).is_ok()
            })
        });
        least.time(1, || {
            bare(&mut buffer, |body| {
                key.open_in_place(&[0; 12], &[0; 5], body).is_ok()
            })
        });
        least.time(2, || seal(&mut client, &mut buffer));
        least.time(3, || receive(&mut server, &mut buffer));
        wire.clear();
        least.time(4, || {
            let sent = client.send(&data, &mut wire).expect("it is open");
            assert_eq!(sent.taken, data.len());
        });
        receive(&mut server, &mut wire);
    }
    least.print(suite.name, "seal_in_place", 0, 2);
    least.print(suite.name, "send, one copy", 0, 4);
    least.print(suite.name, "receive, in place", 1, 3);
}

fn bare(buffer: &mut [u8], work: impl Fn(&mut [u8]) -> bool) {
    for record in buffer.chunks_exact_mut(RECORD) {
        assert!(work(&mut record[5..]));
    }
}

fn seal(client: &mut ClientConnection, buffer: &mut [u8]) {
    for record in buffer.chunks_exact_mut(RECORD) {
        let sealed = client.seal_in_place(record, 5..5 + PLAIN);
        assert_eq!(sealed.expect("it is open"), 0..RECORD);
    }
}

fn receive(server: &mut ServerConnection, buffer: &mut [u8]) {
    let (mut start, mut came) = (0, 0);
    let mut sink = Vec::new();
    while start < buffer.len() {
        let received = server.receive(&mut buffer[start..], &mut sink);
        start += received.consumed;
        match received.event {
            Event::Data(data) => came += data.len(),
            Event::NeedInput { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(came, PLAIN * BATCH);
}
