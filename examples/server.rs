//! A small TLS server: an HTTP/1.1 page about the connection that it comes over, bytes to
//! download, an echo.

mod support;

use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use support::args::{Args, Program, Usage, flag, option};
use support::failure::{Failure, run};
use support::{certs, note, print, sessions, setup, trace, trust};
use symbolon::config::{ClientAuth, RetryPolicy, ServerConfig};
use symbolon::conn::ServerConnection;
use symbolon::handshake::Summary;
use symbolon::io::{Stream, now, seed};
use symbolon::pki::{PathVerifier, PinVerifier, Verifier};

const PROGRAM: Program = Program {
    name: "server",
    about: "A TLS server, 1.3 and 1.2: answers HTTP/1.1 requests with a page about the connection. It \
            prints\n\"listening on ADDR\" first, and a line for each connection.",
    positional: None,
    options: &[
        option(
            "--cert",
            "FILE",
            "Certificate chain in PEM, the server's own first. Default: a self-signed one for \
             localhost, made on the spot and printed.",
        ),
        option(
            "--key",
            "FILE",
            "Its private key in PEM: PKCS#8, SEC1 or PKCS#1.",
        ),
        option(
            "--listen",
            "ADDR",
            "The IP address to listen on. Default: 127.0.0.1.",
        ),
        option("--port", "N", "The port; 0 is any free one. Default: 4433."),
        option(
            "--client-ca",
            "FILE",
            "Ask clients for certificates that lead to a root in this PEM file. Default: not \
             asked.",
        ),
        option(
            "--client-pin",
            "LIST",
            "Ask clients for certificates, and accept those that have one of these keys: SHA-256 of \
             the SubjectPublicKeyInfo in base64 or hexadecimal. With --client-ca: as well as a root.",
        ),
        flag(
            "--require-client-cert",
            "Refuse clients without one. Default: they may have none.",
        ),
        setup::ALPN,
        setup::TLS12,
        setup::TLS13,
        setup::SUITES,
        setup::GROUPS,
        option(
            "--retry",
            "WHEN",
            "When to ask for another key share (TLS 1.3) at the price of a round trip: always (if a group \
             that is preferred was offered without a share), hybrid (if that group is a \
             post-quantum one), never (only if no share fits). Default: hybrid.",
        ),
        setup::RECORD_SIZE_LIMIT,
        setup::PADDING,
        option(
            "--ocsp",
            "FILE",
            "Staple this OCSP response (DER). Default: none.",
        ),
        sessions::NO_TICKETS,
        sessions::TICKET_SECRET,
        sessions::ACCEPT_EARLY_DATA,
        flag("--echo", "Send back whatever comes, instead of HTTP."),
        flag(
            "--update-keys",
            "Change keys after the handshake and ask the client to change its own (TLS 1.3; with a \
             TLS 1.2 client it says that it can't).",
        ),
        flag(
            "--once",
            "Serve one connection and exit, with status 1 if its handshake failed.",
        ),
        setup::KEYLOG,
        flag("--trace", "Tell of every handshake message on stderr."),
        option(
            "--timeout",
            "SECS",
            "Drop a client that does nothing for this long. Default: 30.",
        ),
    ],
    notes: "
Lists have commas in between.

What it serves:
  GET /         what was negotiated
  GET /bytes/N  N bytes, the i-th of which is i mod 251; N is at most 1073741824
  POST /echo    the request's body, at most 1048576 bytes

Exit status: 0 all went well; 1 TLS or the certificate failed; 2 the command line is wrong, or
a file that it names; 3 the address can't be listened on.

Examples:
  cargo run --example server
  cargo run --example server -- --cert chain.pem --key key.pem --port 8443 --alpn http/1.1
  cargo run --example server -- --client-ca ca.pem --require-client-cert --trace
",
};

/// How many connections are served at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 64;
/// The longest head of a request.
const MOST_HEAD: u64 = 16 * 1024;
/// The longest body that is echoed.
const MOST_ECHO: u64 = 1024 * 1024;
/// The longest download.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

type Tls = Stream<ServerConnection, TcpStream>;

/// What every connection is served with.
struct Service {
    config: Arc<ServerConfig>,
    timeout: Duration,
    echo: bool,
    update_keys: bool,
}

fn main() -> ExitCode {
    run(&PROGRAM, |args| server(&args))
}

fn server(args: &Args) -> Result<(), Failure> {
    let address = args.value("--listen").unwrap_or("127.0.0.1");
    let wrong = |_| Usage(format!("--listen needs an IP address, not {address:?}"));
    let address = address.parse().map_err(wrong)?;
    let port = args.number("--port", 0..=u16::MAX)?.unwrap_or(4433);
    let address = SocketAddr::new(address, port);
    let mut pem = None;
    let config = config(args, &mut pem)?;
    let seconds = args.number("--timeout", 1..=86_400)?.unwrap_or(30);
    let service = Arc::new(Service {
        config,
        timeout: Duration::from_secs(seconds),
        echo: args.flag("--echo"),
        update_keys: args.flag("--update-keys"),
    });

    let failed = |e| Failure::Io(format!("can't listen on {address}"), e);
    let listener = TcpListener::bind(address).map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    print(&format!("listening on {local}\n"));
    if let Some(pem) = pem {
        print(&format!(
            "self-signed certificate for localhost, for this run only:\n{pem}\
             save it as server.pem, then:\n  \
             cargo run --example client -- localhost:{port} --ca server.pem --get /\n  \
             curl --cacert server.pem https://localhost:{port}/\n",
            port = local.port()
        ));
    }
    if args.flag("--once") {
        let (socket, peer) = listener.accept().map_err(failed)?;
        return service.serve(socket, peer);
    }
    serve_all(&service, &listener);
    Ok(())
}

/// A thread for each connection, at most [`MOST_CONNECTIONS`] at a time.
fn serve_all(service: &Arc<Service>, listener: &TcpListener) {
    let (give_back, permits) = sync_channel(MOST_CONNECTIONS);
    for _ in 0..MOST_CONNECTIONS {
        let _ = give_back.send(());
    }
    loop {
        let permit = Permit::take(&permits, &give_back);
        let (socket, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(e) => {
                // Out of file descriptors, say: others must finish first.
                note(&format!("accept: {e}"));
                std::thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        let service = Arc::clone(service);
        let spawned = std::thread::Builder::new().spawn(move || {
            let _permit = permit;
            let _ = service.serve(socket, peer);
        });
        if let Err(e) = spawned {
            note(&format!("{peer} dropped: {e}"));
        }
    }
}

/// The right to serve one connection; goes back when dropped.
struct Permit(SyncSender<()>);

impl Permit {
    fn take(permits: &Receiver<()>, give_back: &SyncSender<()>) -> Self {
        // A sender lives as long as the loop: this only waits.
        let _ = permits.recv();
        Self(give_back.clone())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

/// The config; `pem` becomes the certificate, if one is made on the spot.
fn config(args: &Args, pem: &mut Option<String>) -> Result<Arc<ServerConfig>, Failure> {
    let mut builder = ServerConfig::builder();
    setup::common!(builder, args);
    let mut credential = match setup::credential(args)? {
        Some(credential) => credential,
        None => {
            let (text, credential) = certs::self_signed(&["localhost", "127.0.0.1", "::1"])
                .map_err(Failure::of_config)?;
            *pem = Some(text);
            credential
        }
    };
    if let Some(ocsp) = setup::read_file(args, "--ocsp")? {
        credential = credential
            .ocsp_response(&ocsp)
            .map_err(Failure::of_config)?;
    }
    let required = args.flag("--require-client-cert");
    let roots = setup::roots(args, "--client-ca")?;
    let path = roots.map(|roots| PathVerifier::new(roots).with_root_hints());
    let verifier: Option<Arc<dyn Verifier>> = match (trust::pins(args, "--client-pin")?, path) {
        (None, None) => None,
        (None, Some(path)) => Some(Arc::new(path)),
        (Some(pins), None) => Some(Arc::new(PinVerifier::new(pins))),
        (Some(pins), Some(path)) => Some(Arc::new(PinVerifier::new(pins).within(path))),
    };
    let client_auth = match verifier {
        None if required => {
            let text = "--require-client-cert needs --client-ca FILE or --client-pin LIST";
            return Err(Usage(text.into()).into());
        }
        None => ClientAuth::None,
        Some(verifier) if required => ClientAuth::Required(verifier),
        Some(verifier) => ClientAuth::Optional(verifier),
    };
    let retry = match args.value("--retry") {
        None | Some("hybrid") => RetryPolicy::ForHybrid,
        Some("always") => RetryPolicy::ForPreferred,
        Some("never") => RetryPolicy::WhenNoShareFits,
        Some(other) => {
            let text = format!("--retry must be always, hybrid or never, not {other:?}");
            return Err(Usage(text).into());
        }
    };
    if args.flag("--trace") {
        builder = builder.observer(Arc::new(trace::Trace));
    }
    if let Some(sessions) = sessions::of_server(args)? {
        builder = builder.sessions(sessions);
    }
    builder
        .credential(credential)
        .client_auth(client_auth)
        .retry(retry)
        .build()
        .map_err(Failure::of_config)
}

impl Service {
    /// Serves one connection, and tells of it on one line. Only a failed handshake is an error.
    fn serve(&self, socket: TcpStream, peer: SocketAddr) -> Result<(), Failure> {
        let result = self.handshake(socket, peer);
        let (mut stream, summary) = match result {
            Ok(done) => done,
            Err(failure) => {
                note(&format!("{peer} {}", failure.line()));
                return Err(failure);
            }
        };
        let served = match self.echo {
            true => echo(&mut stream),
            false => http(&mut stream, &summary),
        };
        let told = match served.and_then(|told| finish(stream).map(|()| told)) {
            Ok(told) => told,
            Err(e) => Failure::of_stream("the connection failed", e).line(),
        };
        let sessions = sessions::report(&summary);
        note(&format!("{peer} {summary} · {sessions}: {told}"));
        Ok(())
    }

    fn handshake(&self, socket: TcpStream, peer: SocketAddr) -> Result<(Tls, Summary), Failure> {
        let failed = |e| Failure::of_stream("the handshake failed", e);
        let tls = |e| Failure::tls("the handshake failed", e);
        let _ = socket.set_nodelay(true);
        socket
            .set_read_timeout(Some(self.timeout))
            .map_err(failed)?;
        socket
            .set_write_timeout(Some(self.timeout))
            .map_err(failed)?;
        let connection =
            ServerConnection::new(Arc::clone(&self.config), seed().map_err(tls)?, now())
                .map_err(tls)?;
        let mut stream = Stream::new(connection, socket);
        let summary = match stream.handshake() {
            Ok(summary) => summary,
            Err(error) => {
                let _ = linger(stream.transport());
                return Err(failed(error));
            }
        };
        let missing = || failed(io::Error::other("there was no handshake"));
        let summary = summary.ok_or_else(missing)?;
        if self.update_keys {
            match stream.connection().update_keys(true) {
                Ok(()) => stream.flush().map_err(failed)?,
                Err(error) => note(&format!("{peer} the keys can't be changed: {error}")),
            }
        }
        Ok((stream, summary))
    }
}

/// Ends with close_notify.
fn finish(mut stream: Tls) -> io::Result<()> {
    stream.close()?;
    linger(&stream.into_parts().1)
}

/// Waits for the client's end for a moment: a socket that is closed with unread data in it takes
/// back what it sent, an alert for instance.
fn linger(mut socket: &TcpStream) -> io::Result<()> {
    socket.shutdown(Shutdown::Write)?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    let until = Instant::now() + Duration::from_secs(2);
    let mut rest = [0; 4096];
    while Instant::now() < until && matches!(socket.read(&mut rest), Ok(1..)) {}
    Ok(())
}

fn echo(stream: &mut Tls) -> io::Result<String> {
    let early = stream.take_early_data();
    stream.write_all(&early)?;
    let mut total = early.len();
    loop {
        let data = stream.fill_buf()?.to_vec();
        if data.is_empty() {
            return Ok(format!("echoed {}", trace::bytes(total)));
        }
        stream.consume(data.len());
        stream.write_all(&data)?;
        total += data.len();
    }
}

/// An HTTP request, as far as it matters here.
struct Head {
    method: String,
    path: String,
    length: Option<u64>,
    chunked: bool,
    wants_continue: bool,
}

/// A response that isn't the one asked for.
struct Refusal(&'static str, &'static str);

/// RFC 8470 5.2: a request that may not be repeated waits for the end of the handshake.
const TOO_EARLY: Refusal = Refusal(
    "425 Too Early",
    "only requests without a body may come as early data\n",
);

impl Head {
    fn read(from: &mut impl BufRead) -> io::Result<Result<Self, Refusal>> {
        let mut from = from.take(MOST_HEAD);
        let mut line = || {
            let mut line = Vec::new();
            from.read_until(b'\n', &mut line)?;
            match line.pop() {
                Some(b'\n') => Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned())),
                _ => io::Result::Ok(None),
            }
        };
        const BAD: Refusal = Refusal("400 Bad Request", "that is no HTTP/1.1 request\n");
        let Some(request) = line()? else {
            return Ok(Err(BAD));
        };
        let words: Vec<&str> = request.split(' ').collect();
        let [method, path, version] = words[..] else {
            return Ok(Err(BAD));
        };
        if !version.starts_with("HTTP/1.") {
            return Ok(Err(BAD));
        }
        let mut head = Self {
            method: method.to_owned(),
            path: path.to_owned(),
            length: None,
            chunked: false,
            wants_continue: false,
        };
        loop {
            let Some(field) = line()? else {
                return Ok(Err(BAD));
            };
            if field.is_empty() {
                return Ok(Ok(head));
            }
            let Some((name, value)) = field.split_once(':') else {
                return Ok(Err(BAD));
            };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => match value.parse() {
                    Ok(length) => head.length = Some(length),
                    Err(_) => return Ok(Err(BAD)),
                },
                "transfer-encoding" => head.chunked = true,
                "expect" => head.wants_continue = value.eq_ignore_ascii_case("100-continue"),
                _ => {}
            }
        }
    }
}

/// Answers one request; what to say of it in the log.
fn http(stream: &mut Tls, summary: &Summary) -> io::Result<String> {
    // The answer waits for the end of the handshake, so that only who has the session gets it.
    let early = io::Cursor::new(stream.take_early_data());
    let mut request = early.chain(&mut *stream);
    let head = match Head::read(&mut request)? {
        // What was left of the early data is lost: no body is read from it.
        Ok(head) if head.length.is_some() && !request.get_ref().0.get_ref().is_empty() => {
            return refuse(stream, "early data with a body", &TOO_EARLY);
        }
        Ok(head) => head,
        Err(refusal) => return refuse(stream, "a bad request", &refusal),
    };
    let asked = trace::text(format!("{} {}", head.method, head.path).as_bytes());
    let bodiless = head.method == "HEAD";
    let refusal = match (head.method.as_str(), head.path.as_str()) {
        ("GET" | "HEAD", "/") => {
            let page = page(summary);
            start(
                stream,
                "200 OK",
                "text/plain; charset=utf-8",
                page.len() as u64,
            )?;
            if !bodiless {
                stream.write_all(page.as_bytes())?;
            }
            return Ok(asked);
        }
        ("GET" | "HEAD", path) if path.starts_with("/bytes/") => {
            match path["/bytes/".len()..].parse() {
                Ok(length) if length <= MOST_BYTES => {
                    start(stream, "200 OK", "application/octet-stream", length)?;
                    if !bodiless {
                        send_pattern(stream, length)?;
                    }
                    return Ok(asked);
                }
                _ => Refusal("400 Bad Request", "N must be 0 to 1073741824\n"),
            }
        }
        ("POST" | "PUT", "/echo") => match head.length {
            _ if head.chunked => Refusal("411 Length Required", "send a Content-Length\n"),
            None => Refusal("411 Length Required", "send a Content-Length\n"),
            Some(length) if length > MOST_ECHO => {
                Refusal("413 Content Too Large", "at most 1048576 bytes\n")
            }
            Some(length) => {
                echo_body(stream, &head, length)?;
                return Ok(asked);
            }
        },
        ("GET" | "HEAD" | "POST" | "PUT", _) => {
            Refusal("404 Not Found", "there are /, /bytes/N and /echo\n")
        }
        _ => Refusal("405 Method Not Allowed", "GET, HEAD or POST\n"),
    };
    refuse(stream, &asked, &refusal)
}

fn refuse(stream: &mut Tls, asked: &str, refusal: &Refusal) -> io::Result<String> {
    let Refusal(status, text) = *refusal;
    start(stream, status, "text/plain", text.len() as u64)?;
    stream.write_all(text.as_bytes())?;
    Ok(format!("{asked} -> {status}"))
}

fn start(stream: &mut Tls, status: &str, kind: &str, length: u64) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())
}

/// `length` bytes, the i-th of which is i mod 251.
fn send_pattern(stream: &mut Tls, length: u64) -> io::Result<()> {
    // A multiple of 251, so that every piece begins alike.
    let piece: Vec<u8> = (0..251 * 64).map(|i| (i % 251) as u8).collect();
    let mut left = length;
    while left > 0 {
        let now = left.min(piece.len() as u64);
        stream.write_all(&piece[..now as usize])?;
        left -= now;
    }
    Ok(())
}

fn echo_body(stream: &mut Tls, head: &Head, length: u64) -> io::Result<()> {
    if head.wants_continue {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body)?;
    if body.len() as u64 != length {
        return Err(io::Error::other("the request's body is cut short"));
    }
    start(stream, "200 OK", "application/octet-stream", length)?;
    stream.write_all(&body)
}

/// The page about the connection.
fn page(summary: &Summary) -> String {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let mut page = format!(
        "{summary} · {}\n\nprotocol:     {}\nsuite:        {}\ngroup:        {}\nALPN:         {}\n\
         server name:  {}\nsigned with:  {}\nretried:      {}\n",
        sessions::report(summary),
        summary.version,
        summary.cipher_suite,
        or_none(summary.group.map(|group| group.to_string())),
        or_none(summary.alpn.as_deref().map(trace::text)),
        or_none(summary.server_name.as_deref().map(trace::text)),
        or_none(summary.signature_scheme.map(|scheme| scheme.to_string())),
        if summary.hello_retry_request {
            "yes"
        } else {
            "no"
        },
    );
    if let (Some(chain), Some(verified)) = (&summary.peer_chain, &summary.verified) {
        page.push_str("\nyour certificate:\n");
        page.push_str(&verified.describe(chain).to_string());
        page.push('\n');
    }
    page
}
