//! A client of the web without Rust's standard library, for Linux: `symbolon-size-no-std HOST [PORT]`
//! gets `/` over TLS 1.3 and writes the answer out.
#![no_std]
#![no_main]

extern crate alloc;

#[cfg(feature = "narrow")]
#[path = "../../src/narrow.rs"]
mod narrow;
mod system;

use alloc::vec;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int};
use core::fmt;
use core::panic::PanicInfo;
use rustls_pki_types::ServerName;
use symbolon::config::ClientConfig;
use symbolon::conn::{ClientConnection, Eof, Event};
use symbolon::error::Error;
use symbolon::pki::RootStore;
use system::{Errno, Fd};

#[global_allocator]
static HEAP: system::Heap = system::Heap;

/// The precompiled `core` and `alloc` name it, and the next one; with `panic = "abort"` nobody calls
/// them.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    system::abort()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    system::complain(info);
    system::abort()
}

/// What the C library's start calls.
///
/// # Safety
/// `argv` points to `argc` strings, as the C library has it.
#[unsafe(no_mangle)]
unsafe extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    system::ignore_broken_pipes();
    // SAFETY: that is what this function asks for.
    let argument = |at| (at < argc).then(|| unsafe { system::argument(argv, at) });
    match get(argument(1), argument(2)) {
        Ok(()) => 0,
        Err(failure) => {
            system::complain(&failure);
            1
        }
    }
}

/// Why there is no answer.
enum Failure {
    Argument(&'static str),
    System(&'static str, Errno),
    Tls(Error),
    /// The server's stream has no end of its own: what came may have been cut short.
    Truncated,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Tls(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(what) => f.write_str(what),
            Self::System(what, errno) => write!(f, "{what}: {errno}"),
            Self::Tls(error) => error.fmt(f),
            Self::Truncated => f.write_str("the connection was cut off"),
        }
    }
}

/// A whole record of the largest size.
const INPUT: usize = 5 + 16_384 + 256;

fn get(host: Option<&CStr>, port: Option<&CStr>) -> Result<(), Failure> {
    let host = host.ok_or(Failure::Argument("the host is missing"))?;
    let name = host
        .to_str()
        .ok()
        .and_then(|host| ServerName::try_from(host).ok());
    let name = name.ok_or(Failure::Argument(
        "the host is neither a name nor an address",
    ))?;

    #[cfg(feature = "narrow")]
    let builder = ClientConfig::builder_with(narrow::PROVIDER);
    #[cfg(not(feature = "narrow"))]
    let builder = ClientConfig::builder();
    let config = builder.roots(roots()?).build()?;
    let mut tls = ClientConnection::new(config, name.to_owned(), system::seed()?, system::now())?;
    let socket = system::connect(host, port.unwrap_or(c"443"))?;

    let mut input = vec![0; INPUT];
    let (mut start, mut end) = (0, 0);
    let mut output = Vec::new();
    loop {
        let received = tls.receive(&mut input[start..end], &mut output);
        start += received.consumed;
        let failed = match received.event {
            Event::NeedInput { .. } => {
                socket.write_all(&output)?;
                output.clear();
                input.copy_within(start..end, 0);
                (start, end) = (0, end - start);
                match socket.read(&mut input[end..])? {
                    0 => tls.end_of_input(),
                    read => end += read,
                }
                continue;
            }
            Event::HandshakeDone(_) => {
                let request = [b"GET / HTTP/1.0\r\nHost: ", host.to_bytes(), b"\r\n\r\n"];
                tls.send_vectored(&request, &mut output)?;
                continue;
            }
            Event::Data(data) => {
                Fd::STDOUT.write_all(&data)?;
                continue;
            }
            Event::Failed(error) => Some(Failure::Tls(error)),
            Event::Closed(Eof::Truncated) => Some(Failure::Truncated),
            Event::Closed(Eof::Clean) => None,
            // Tickets, which nobody keeps here.
            _ => continue,
        };
        // The alert tells the server why; that it can't be sent changes nothing.
        let _ = socket.write_all(&output);
        return failed.map_or(Ok(()), Err);
    }
}

#[cfg(feature = "file-roots")]
fn roots() -> Result<RootStore, Failure> {
    let path = system::variable(c"SSL_CERT_FILE").unwrap_or(c"/etc/ssl/certs/ca-certificates.crt");
    Ok(RootStore::from_pem(&Fd::open(path)?.read_to_end()?)?)
}

#[cfg(not(feature = "file-roots"))]
fn roots() -> Result<RootStore, Failure> {
    Ok(webpki_roots::TLS_SERVER_ROOTS.iter().collect())
}
