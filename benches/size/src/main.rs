//! A client of the web: `symbolon-size HOST [PORT]` gets `/` over TLS 1.3 and writes the answer out.

#[cfg(feature = "narrow")]
mod narrow;

use std::error::Error;
use std::io::{Write, copy, stdout};
use std::net::TcpStream;
use symbolon::config::ClientConfig;
use symbolon::conn::ClientConnection;
use symbolon::io::{Stream, now, seed};
use symbolon::pki::RootStore;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let host = arguments.next().ok_or("the host is missing")?;
    let port = arguments.next().map_or(Ok(443), |port| port.parse())?;

    #[cfg(feature = "narrow")]
    let builder = ClientConfig::builder_with(narrow::PROVIDER);
    #[cfg(not(feature = "narrow"))]
    let builder = ClientConfig::builder();
    let config = builder.roots(roots()).build()?;
    let name = host.clone().try_into()?;
    let tls = ClientConnection::new(config, name, seed()?, now())?;
    let mut stream = Stream::new(tls, TcpStream::connect((host.as_str(), port))?);

    write!(stream, "GET / HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    copy(&mut stream, &mut stdout())?;
    Ok(())
}

#[cfg(feature = "platform-roots")]
fn roots() -> RootStore {
    symbolon::io::platform_roots().roots
}

#[cfg(not(feature = "platform-roots"))]
fn roots() -> RootStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().collect()
}
