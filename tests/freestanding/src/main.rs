//! A whole TLS 1.3 handshake and data both ways without an operating system's help: own start,
//! own heap over a static array, own panic handler, fixed buffers on the stack.
#![no_std]
#![no_main]

extern crate alloc;

mod heap;
mod system;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write;
use core::panic::PanicInfo;
use core::time::Duration;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use symbolon::config::{ClientConfig, Credential, ServerConfig};
use symbolon::conn::{ClientConnection, Connection, Eof, Event, ServerConnection};
use symbolon::error::Error;
use symbolon::pki::RootStore;
use symbolon::provider::default_provider;
use symbolon::record::FixedSink;
use system::Output;

#[global_allocator]
static HEAP: heap::Heap = heap::Heap::new();

/// 2027-01-01T00:00:00Z: a clock is not asked for.
const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_798_761_600));

/// A whole flight of either side, or one record of the data sent here.
const BUFFER: usize = 4096;

/// Where the kernel jumps to: aligns the stack as the ABI has it and goes on in Rust.
///
/// # Safety
/// Nothing but the kernel may jump here.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn _start() -> ! {
    core::arch::naked_asm!("xor ebp, ebp", "and rsp, -16", "call {start}", start = sym start)
}

extern "C" fn start() -> ! {
    match run() {
        Ok(()) => system::exit(0),
        Err(fault) => {
            let _ = writeln!(Output, "failed: {fault}");
            system::exit(1)
        }
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Output, "{info}");
    system::exit(2)
}

/// The precompiled `core` and `alloc` name it; with `panic = "abort"` nobody calls it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// What went wrong.
enum Fault {
    Tls(Error),
    Other(&'static str),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Tls(error)
    }
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Other(what) => f.write_str(what),
        }
    }
}

fn run() -> Result<(), Fault> {
    let root = CertificateDer::from_slice(include_bytes!("../certs/root.der"));
    let leaf = CertificateDer::from_slice(include_bytes!("../certs/leaf.der"));
    let key: &[u8] = include_bytes!("../certs/leaf.key.der");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));

    let mut roots = RootStore::new();
    roots
        .add(&root)
        .map_err(|_| Fault::Other("the root is no certificate"))?;
    let client = ClientConfig::builder().roots(roots).build()?;
    let credential = Credential::new(Vec::from([leaf]), &key, &default_provider())?;
    let server = ServerConfig::builder().credential(credential).build()?;
    let configs = HEAP.live();

    let name = ServerName::try_from("server.example").map_err(|_| Fault::Other("no name"))?;
    let client = ClientConnection::new(Arc::clone(&client), name, [1; 32], NOW)?;
    let server = ServerConnection::new(Arc::clone(&server), [2; 32], NOW)?;
    let (mut client, mut server) = (End::new(client), End::new(server));

    // Each goes on until it wants the other's bytes.
    while client.connection.is_handshaking() || server.connection.is_handshaking() {
        let moved = client.turn(&mut server)? | server.turn(&mut client)?;
        if !moved {
            return Err(Fault::Other("the handshake hangs"));
        }
    }
    // The server's last message may still lie there.
    while client.turn(&mut server)? | server.turn(&mut client)? {}
    let idle = HEAP.live() - configs;
    let calls = HEAP.calls();

    for round in 0..3u8 {
        let message = [round; 1000];
        client.send(&message, &mut server)?;
        server.send(&message, &mut client)?;
        if server.data != message || client.data != message {
            return Err(Fault::Other("the data isn't what was sent"));
        }
        client.data.fill(0);
        server.data.fill(0);
    }
    if HEAP.calls() != calls {
        return Err(Fault::Other("data was allocated for"));
    }

    client.connection.close();
    client.turn(&mut server)?;
    server.turn(&mut client)?;
    if server.closed != Some(Eof::Clean) {
        return Err(Fault::Other("the server wasn't told of the end"));
    }
    let _ = writeln!(
        Output,
        "handshake and data: ok; heap at its peak {} bytes, of both idle connections {idle}, \
         of both configs {configs}",
        HEAP.peak(),
    );
    Ok(())
}

/// One side, with what came for it.
struct End<C> {
    connection: C,
    input: [u8; BUFFER],
    filled: usize,
    data: [u8; 1000],
    received: usize,
    closed: Option<Eof>,
}

impl<C: Connection> End<C> {
    fn new(connection: C) -> Self {
        Self {
            connection,
            input: [0; BUFFER],
            filled: 0,
            data: [0; 1000],
            received: 0,
            closed: None,
        }
    }

    /// Takes bytes from the peer.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let room = self.input.get_mut(self.filled..self.filled + bytes.len());
        room.ok_or(Fault::Other("a buffer is too small"))?
            .copy_from_slice(bytes);
        self.filled += bytes.len();
        Ok(())
    }

    /// Reads all input and gives the peer all output; whether anything moved.
    fn turn<P: Connection>(&mut self, peer: &mut End<P>) -> Result<bool, Fault> {
        let mut buffer = [0; BUFFER];
        let mut sink = FixedSink::new(&mut buffer);
        let mut start = 0;
        let mut moved = false;
        loop {
            let input = &mut self.input[start..self.filled];
            let received = self.connection.receive(input, &mut sink);
            start += received.consumed;
            let mut stop = false;
            match received.event {
                Event::NeedInput { .. } => stop = true,
                Event::NeedOutput { .. } if sink.written().is_empty() => {
                    return Err(Fault::Other("an empty sink is too small"));
                }
                Event::NeedOutput { .. } => {}
                Event::HandshakeDone(summary) => {
                    let _ = writeln!(Output, "{}", summary);
                }
                Event::Data(data) => {
                    self.data[self.received..self.received + data.len()].copy_from_slice(&data);
                    self.received += data.len();
                }
                Event::Session(_) => {}
                Event::Failed(error) => return Err(error.into()),
                Event::Closed(eof) => {
                    self.closed = Some(eof);
                    stop = true;
                }
                _ => return Err(Fault::Other("an event that isn't expected here")),
            }
            moved |= received.consumed > 0 || !sink.written().is_empty();
            peer.take(sink.written())?;
            sink.clear();
            if stop {
                break;
            }
        }
        self.input.copy_within(start..self.filled, 0);
        self.filled -= start;
        Ok(moved)
    }

    /// Sends a message, which the peer reads.
    fn send<P: Connection>(&mut self, message: &[u8], peer: &mut End<P>) -> Result<(), Fault> {
        let mut buffer = [0; BUFFER];
        let mut sink = FixedSink::new(&mut buffer);
        if self.connection.send(message, &mut sink)?.taken != message.len() {
            return Err(Fault::Other("the message doesn't fit"));
        }
        peer.take(sink.written())?;
        peer.received = 0;
        peer.turn(self).map(|_| ())
    }
}
