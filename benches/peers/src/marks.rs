//! What the library is to reach, and what this run found. A mark that is missed is told, and isn't a failure: a busy
//! machine, or another one, would make it so.

use crate::allocations;
use crate::bulk::{self, Way};
use crate::handshakes::{SIDES, Times};
use crate::libraries::names::{AWS_LC_RS, FAST, OPENSSL, PORTABLE, RING, WARM};
use crate::report::{Cell, Table};

/// Bytes.
const KIB: f64 = 1024.0;

enum Bound {
    AtLeast(f64),
    AtMost(f64),
}
use Bound::{AtLeast, AtMost};

struct Marks(Table);

impl Marks {
    /// `found` is `None` if it wasn't measured.
    fn add(&mut self, what: impl Into<String>, bound: Bound, found: Option<f64>) {
        let (wanted, met) = match bound {
            AtLeast(least) => (
                format!("at least {least}"),
                found.map(|found| found >= least),
            ),
            AtMost(most) => (format!("at most {most}"), found.map(|found| found <= most)),
        };
        let verdict = match met {
            None => "not measured",
            Some(true) => "met",
            Some(false) => "**not met**",
        };
        let digits = match found {
            Some(found) if found >= 100.0 => 0,
            _ => 2,
        };
        self.0.row(
            what,
            [
                Cell::text(wanted),
                Cell::maybe(found, digits),
                Cell::text(verdict),
            ],
        );
    }

    /// How many times as fast the second library is as the first.
    fn ratio(&mut self, times: &Times, at: (&str, &str, &str), of: (&str, &str), bound: Bound) {
        let (scenario, side, title) = at;
        let (peer, own) = of;
        let peer_time = times.get(scenario, side, peer);
        let ratio = peer_time
            .zip(times.get(scenario, side, own))
            .map(|(peer, own)| peer / own);
        self.add(format!("{title}: {own} / {peer}"), bound, ratio);
    }
}

/// Of what was measured; the rest is told to be missing.
pub fn table(times: &Times, bulk: &[bulk::Found], memory: &[allocations::Found]) -> Table {
    let mut marks = Marks(Table::new(
        "marks",
        "Marks: handshakes and bytes in the same CPU time, by the least times",
        ["", "wanted", "found", ""],
    ));
    handshakes(&mut marks, times);
    data(&mut marks, bulk);
    allocated(&mut marks, memory);
    portable(&mut marks, times);
    marks.0
}

fn handshakes(marks: &mut Marks, times: &Times) {
    let client = |title| ("1.3-ecdsa", "client", title);
    marks.ratio(
        times,
        ("1.3-ecdsa", "server", "1.3 full, server"),
        (AWS_LC_RS, FAST),
        AtLeast(1.25),
    );
    marks.ratio(
        times,
        client("1.3 full, client, cold"),
        (AWS_LC_RS, FAST),
        AtLeast(1.0),
    );
    marks.ratio(
        times,
        client("1.3 full, client, warm"),
        (AWS_LC_RS, WARM),
        AtLeast(1.3),
    );
    for (scenario, title, least) in [
        ("1.3-resumed", "1.3 resumed", 1.3),
        ("1.2-resumed", "1.2 resumed", 1.5),
    ] {
        for side in SIDES {
            let title = format!("{title}, {side}");
            marks.ratio(
                times,
                (scenario, side, &title),
                (AWS_LC_RS, FAST),
                AtLeast(least),
            );
        }
    }
}

fn data(marks: &mut Marks, found: &[bulk::Found]) {
    let find = |library, way| bulk::find(found, "AES-128-GCM", library, way);
    let raw = find(FAST, Way::Raw);
    let own = find(FAST, Way::InPlace);
    let ratio = |slow: Option<f64>, quick: Option<f64>| slow.zip(quick).map(|(s, q)| s / q);
    let send = |row: Option<&bulk::Found>| row.map(|row| row.time.send.min);
    let receive = |row: Option<&bulk::Found>| row.map(|row| row.time.receive.min);
    marks.add(
        "AES-128-GCM seal, 16 KiB: ours / ring's",
        AtLeast(1.0),
        ratio(send(find(RING, Way::Raw)), send(raw)),
    );
    marks.add(
        "bulk send, in place: % of the raw AEAD",
        AtLeast(90.0),
        ratio(send(raw), send(own)).map(|r| 100.0 * r),
    );
    marks.add(
        "bulk receive, in place: % of the raw AEAD",
        AtLeast(90.0),
        ratio(receive(raw), receive(own)).map(|r| 100.0 * r),
    );
    let peer = find(RING, Way::Ordinary);
    marks.add(
        "bulk send: in place / rustls, ring",
        AtLeast(1.5),
        ratio(send(peer), send(own)),
    );
    marks.add(
        "bulk receive: in place / rustls, ring",
        AtLeast(1.5),
        ratio(receive(peer), receive(own)),
    );
    for (way, title) in [(Way::InPlace, "in place"), (Way::Ordinary, "send, receive")] {
        let both = find(FAST, way).map(|f| f.allocations.send + f.allocations.receive);
        marks.add(
            format!("allocations for a record, {title}"),
            AtMost(0.0),
            both,
        );
    }
}

fn allocated(marks: &mut Marks, found: &[allocations::Found]) {
    let fast = found.iter().find(|found| found.library == FAST);
    let own = fast.and_then(allocations::Found::own);
    for side in SIDES {
        let pick = |client: f64, server: f64| match side {
            "client" => client,
            _ => server,
        };
        marks.add(
            format!("allocations of our own, 1.3 full, {side}"),
            AtMost(20.0),
            own.map(|own| pick(own.client as f64, own.server as f64)),
        );
        marks.add(
            format!("live bytes of an idle connection, {side}"),
            AtMost(3.0 * KIB),
            fast.map(|found| pick(found.live.client, found.live.server)),
        );
    }
}

/// With RustCrypto alone ahead of OpenSSL on the server and on resumption; where that isn't so, by how much.
fn portable(marks: &mut Marks, times: &Times) {
    for (scenario, side, title) in [
        ("1.3-ecdsa", "server", "1.3 full, ECDSA, server"),
        ("1.3-rsa", "server", "1.3 full, RSA, server"),
        ("1.2-ecdsa", "server", "1.2 full, ECDSA, server"),
        ("1.3-resumed", "client", "1.3 resumed, client"),
        ("1.3-resumed", "server", "1.3 resumed, server"),
        ("1.2-resumed", "client", "1.2 resumed, client"),
        ("1.2-resumed", "server", "1.2 resumed, server"),
    ] {
        marks.ratio(
            times,
            (scenario, side, title),
            (OPENSSL, PORTABLE),
            AtLeast(1.0),
        );
    }
}
