//! A TLS client for the command line: connects, tells what was negotiated and why the server is
//! trusted, then speaks HTTP or joins stdin and stdout to the connection.

mod support;

use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls_pki_types::ServerName;
use support::args::{Args, Program, Usage, flag, option};
use support::failure::{Failure, run};
use support::sessions::{self, Saved};
use support::{note, setup, trace, trust};
use symbolon::config::{ClientConfig, Session};
use symbolon::conn::{ClientConnection, Eof, HalfEvent, Receiver, Sender};
use symbolon::handshake::{EarlyDataOutcome, Summary};
use symbolon::io::{Stream, now, seed};
use symbolon::pki::{DangerousAcceptAnyCertificate, Pin};
use symbolon::provider::default_provider;

const PROGRAM: Program = Program {
    name: "client",
    about: "A TLS client, 1.3 and 1.2: connects to HOST, tells on stderr what was negotiated and why the \
            server\nis trusted, then copies stdin to the server and the server's data to stdout.",
    positional: Some("HOST[:PORT]"),
    options: &[
        option(
            "--connect",
            "ADDR",
            "Connect the socket to this host[:port] instead; HOST is still the name that the \
             certificate must have.",
        ),
        option(
            "--servername",
            "NAME",
            "The name to ask for and to find in the certificate. Default: HOST.",
        ),
        flag("--no-sni", "Don't send the name (server_name) in clear."),
        trust::CA,
        trust::ROOTS,
        trust::PIN,
        trust::FIRST_USE,
        flag(
            "--insecure",
            "Accept any certificate: no protection against whoever is on the way.",
        ),
        option(
            "--cert",
            "FILE",
            "Certificate chain in PEM, for servers that ask for one. Default: none.",
        ),
        option(
            "--key",
            "FILE",
            "Its private key in PEM: PKCS#8, SEC1 or PKCS#1.",
        ),
        option(
            "--get",
            "PATH",
            "Send an HTTP/1.1 request for PATH and print the response's body.",
        ),
        sessions::SESSION,
        sessions::EARLY_DATA,
        setup::ALPN,
        setup::TLS12,
        setup::TLS13,
        setup::SUITES,
        setup::GROUPS,
        option(
            "--shares",
            "LIST",
            "Groups whose key shares go out first (TLS 1.3), or none. Default: the first group's, and a \
             hybrid's classical half.",
        ),
        flag(
            "--grease",
            "Mix reserved values into what is offered (RFC 8701).",
        ),
        setup::RECORD_SIZE_LIMIT,
        setup::PADDING,
        flag(
            "--update-keys",
            "Change keys after the handshake and ask the server to change its own (TLS 1.3; in TLS \
             1.2 it is an error).",
        ),
        setup::KEYLOG,
        flag("--trace", "Tell of every handshake message on stderr."),
        flag("--quiet", "Tell nothing on stderr but errors."),
        option(
            "--timeout",
            "SECS",
            "Give up when nothing happens for this long while connecting, in the handshake or \
             in a --get. Default: 30.",
        ),
    ],
    notes: "
PORT is 443 by default; IPv6 addresses stand in brackets where a port follows: [::1]:8443.
Lists have commas in between.

Exit status: 0 all went well; 1 TLS or the certificate failed; 2 the command line is wrong, or
a file that it names; 3 the connection or other I/O failed.

Examples:
  cargo run --example client -- example.com --get /
  cargo run --example client -- localhost:4433 --ca ca.pem --trace
  cargo run --example client -- localhost:4433 --first-use known.txt --get /
  cargo run --example client -- example.com --tls1.2 --get /
  cargo run --example client -- example.com --session saved.bin --get /
  cargo run --example client -- example.com --connect 192.0.2.7:443 --alpn h2,http/1.1 </dev/null
  echo hello | cargo run --example client -- localhost:4433 --insecure --quiet
",
};

/// The largest record: header, content and what encryption may add.
const RECORD: usize = 5 + 16_384 + 256;

fn main() -> ExitCode {
    run(&PROGRAM, |args| client(&args))
}

fn client(args: &Args) -> Result<(), Failure> {
    let target = args
        .positional()
        .ok_or_else(|| Usage("HOST is missing".to_owned()))?;
    let (host, port) = host_and_port(target, 443)?;
    let name = server_name(args.value("--servername").unwrap_or(&host))?;
    if args.value("--get").is_some_and(|path| !path_is_sound(path)) {
        return Err(Usage("--get needs a path that begins with / and has no spaces".into()).into());
    }
    let seconds = args.number("--timeout", 1..=86_400)?.unwrap_or(30);
    let timeout = Duration::from_secs(seconds);
    let versions = setup::versions(args)?;
    let config = config(args)?;
    let saved = Saved::of(args);
    let session = saved.as_ref().map(Saved::take).transpose()?.flatten();
    let early_data = setup::read_file(args, "--early-data")?;
    if early_data.is_some() && args.value("--get").is_some() {
        return Err(Usage("--early-data and --get can't go together".into()).into());
    }
    let quiet = args.flag("--quiet");

    let socket = match args.value("--connect") {
        Some(address) => {
            let (host, port) = host_and_port(address, port)?;
            connect(&host, port, timeout)?
        }
        None => connect(&host, port, timeout)?,
    };
    if let (Ok(peer), false) = (socket.peer_addr(), quiet) {
        note(&format!("connected to {peer}"));
    }
    let seed = seed().map_err(|e| Failure::tls("no seed", e))?;
    let connection = match session {
        Some(session) => ClientConnection::resume(config, name, session, seed, now()),
        None => ClientConnection::new(config, name, seed, now()),
    };
    let connection = connection.map_err(|e| Failure::tls("the connection can't begin", e))?;
    let mut stream = Stream::new(connection, socket);
    let summary = handshake(&mut stream, early_data.as_deref())
        .map_err(|e| Failure::of_stream("the handshake failed", e).with_offer(&versions))?;
    if let (Some(summary), false) = (&summary, quiet) {
        note(&report(summary));
    }
    if args.flag("--update-keys")
        && let Err(error) = stream.connection().update_keys(true)
    {
        // The server need not guess whether something was cut off.
        let _ = stream.close();
        return Err(Failure::tls("the keys can't be changed", error));
    }
    match args.value("--get") {
        Some(path) => {
            get(&mut stream, &host, port, path, quiet)?;
            keep_sessions(&mut stream, saved.as_ref(), quiet)
        }
        None => {
            keep_sessions(&mut stream, saved.as_ref(), quiet)?;
            join_stdio(stream, saved, quiet)
        }
    }
}

/// Does the handshake, and sends what is to go first: before it, or after it.
fn handshake(
    stream: &mut Stream<ClientConnection, TcpStream>,
    early_data: Option<&[u8]>,
) -> io::Result<Option<Summary>> {
    let data = early_data.unwrap_or(&[]);
    let early = stream.send_early_data(data)?;
    let summary = stream.handshake()?;
    if let Some(EarlyDataOutcome::Rejected { unsent, .. }) =
        summary.as_ref().map(|summary| &summary.early_data)
    {
        stream.write_all(unsent)?;
    }
    stream.write_all(data.get(early..).unwrap_or(&[]))?;
    Ok(summary)
}

fn config(args: &Args) -> Result<Arc<ClientConfig>, Failure> {
    let mut builder = ClientConfig::builder();
    setup::common!(builder, args);
    if let Some(shares) = setup::groups(args, "--shares")? {
        builder = builder.key_shares(&shares);
    }
    if args.flag("--insecure") {
        note(
            "WARNING: --insecure accepts any certificate. Whoever is on the way can read and \
             change everything.",
        );
        builder = builder.verifier(Arc::new(DangerousAcceptAnyCertificate));
    } else {
        builder = builder.verifier(trust::verifier(args)?);
    }
    if let Some(credential) = setup::credential(args)? {
        builder = builder.credential(credential);
    }
    if args.flag("--trace") {
        builder = builder.observer(Arc::new(trace::Trace));
    }
    builder
        .server_name(!args.flag("--no-sni"))
        .grease(args.flag("--grease"))
        .early_data(args.value("--early-data").is_some())
        .build()
        .map_err(Failure::of_config)
}

/// Splits `host`, `host:port`, `[v6]:port` or a bare IPv6 address.
fn host_and_port(text: &str, default: u16) -> Result<(String, u16), Usage> {
    let wrong = || Usage(format!("{text:?} is not a HOST[:PORT]"));
    let (host, port) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(None) => return Err(wrong()),
        Some(Some((host, rest))) => (host, rest.strip_prefix(':')),
        None if text.matches(':').count() > 1 => (text, None),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().map_err(|_| wrong())?,
        None => default,
    };
    match host {
        "" => Err(wrong()),
        host => Ok((host.to_owned(), port)),
    }
}

fn server_name(text: &str) -> Result<ServerName<'static>, Usage> {
    ServerName::try_from(text.to_owned())
        .map_err(|_| Usage(format!("{text:?} is neither a DNS name nor an IP address")))
}

fn path_is_sound(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic())
}

fn connect(host: &str, port: u16, timeout: Duration) -> Result<TcpStream, Failure> {
    let failed = |e| Failure::Io(format!("no connection to {host}, port {port}"), e);
    let mut last = io::Error::other("the name has no address");
    for address in (host, port).to_socket_addrs().map_err(failed)? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(socket) => {
                let _ = socket.set_nodelay(true);
                let set = socket.set_read_timeout(Some(timeout));
                set.and_then(|()| socket.set_write_timeout(Some(timeout)))
                    .map_err(failed)?;
                return Ok(socket);
            }
            Err(e) => last = e,
        }
    }
    Err(failed(last))
}

/// What was negotiated, and why the server is trusted.
fn report(summary: &Summary) -> String {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let mut lines = vec![
        format!("{summary} · {}", sessions::report(summary)),
        format!("  protocol    {}", summary.version),
        format!("  suite       {}", summary.cipher_suite),
        format!(
            "  group       {}",
            or_none(summary.group.map(|g| g.to_string()))
        ),
        format!(
            "  ALPN        {}",
            or_none(summary.alpn.as_deref().map(trace::text))
        ),
        format!(
            "  signature   {}",
            or_none(summary.peer_signature_scheme.map(|s| s.to_string()))
        ),
        format!(
            "  retried     {}",
            match summary.hello_retry_request {
                true => "yes: a HelloRetryRequest took another round trip",
                false => "no",
            }
        ),
    ];
    if let Some(scheme) = summary.signature_scheme {
        lines.push(format!(
            "  we signed   {scheme}, with our certificate's key"
        ));
    }
    if let (Some(chain), Some(verified)) = (&summary.peer_chain, &summary.verified) {
        let sent = match chain.len() {
            1 => "1 certificate".to_owned(),
            n => format!("{n} certificates"),
        };
        lines.push(format!("the server sent {sent}"));
        if let Some(ocsp) = chain.ocsp_response() {
            let size = trace::bytes(ocsp.len());
            lines.push(format!("an OCSP response of {size} was stapled"));
        }
        if let Some(own) = chain.end_entity()
            && let Ok(pin) = Pin::of_key(&own.into(), &default_provider().verify)
        {
            lines.push(format!("its key's pin is {pin}"));
        }
        for line in verified.describe(chain).to_string().lines() {
            lines.push(format!("  {line}"));
        }
    }
    lines.join("\n")
}

fn keep_sessions(
    stream: &mut Stream<ClientConnection, TcpStream>,
    saved: Option<&Saved>,
    quiet: bool,
) -> Result<(), Failure> {
    while let Some(session) = stream.take_session() {
        keep_session(&session, saved, quiet)?;
    }
    Ok(())
}

fn keep_session(session: &Session, saved: Option<&Saved>, quiet: bool) -> Result<(), Failure> {
    if !quiet {
        note(&format!(
            "ticket received: {}, for {} seconds",
            trace::bytes(session.ticket().len()),
            session.lifetime()
        ));
    }
    saved.map_or(Ok(()), |saved| saved.put(session))
}

/// One HTTP/1.1 request; the body goes to stdout.
fn get(
    stream: &mut Stream<ClientConnection, TcpStream>,
    host: &str,
    port: u16,
    path: &str,
    quiet: bool,
) -> Result<(), Failure> {
    let failed = |e| Failure::of_stream("the request failed", e);
    let host = match (host.contains(':'), port) {
        (false, 443) => host.to_owned(),
        (true, 443) => format!("[{host}]"),
        (false, port) => format!("{host}:{port}"),
        (true, port) => format!("[{host}]:{port}"),
    };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: symbolon-client\r\n\
         Accept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let head = loop {
        let head = Head::read(stream).map_err(failed)?;
        // Interim responses come before the real one.
        if !head
            .status
            .split(' ')
            .nth(1)
            .is_some_and(|code| code.starts_with('1'))
        {
            break head;
        }
    };
    if !quiet {
        note(&trace::text(head.status.as_bytes()));
    }
    let mut out = io::stdout().lock();
    body(stream, &head, &mut out).map_err(failed)?;
    out.flush()
        .map_err(|e| Failure::Io("stdout".to_owned(), e))?;
    // What the server thinks of the end doesn't matter: the body is whole.
    let _ = stream.close();
    Ok(())
}

/// The head of an HTTP response, as far as the body depends on it.
struct Head {
    status: String,
    length: Option<u64>,
    chunked: bool,
}

/// A line without its end.
fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    from.take(16 * 1024).read_until(b'\n', &mut line)?;
    match line.pop() {
        Some(b'\n') => Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
        _ => Err(io::Error::other(
            "the server's HTTP ends in a line or has one too long",
        )),
    }
}

impl Head {
    fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let mut head = Self {
            status: line(from)?,
            length: None,
            chunked: false,
        };
        if !head.status.starts_with("HTTP/1.") {
            return Err(io::Error::other("the server does not answer in HTTP/1.1"));
        }
        for _ in 0..200 {
            let field = line(from)?;
            let Some((name, value)) = field.split_once(':') else {
                return match field.as_str() {
                    "" => Ok(head),
                    _ => Err(io::Error::other("a header field has no colon")),
                };
            };
            if name.eq_ignore_ascii_case("content-length") {
                head.length = value.trim().parse().ok();
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                head.chunked = value.to_ascii_lowercase().contains("chunked");
            }
        }
        Err(io::Error::other("the response has too many header fields"))
    }
}

fn body(from: &mut impl BufRead, head: &Head, out: &mut impl Write) -> io::Result<()> {
    let exactly = |from: &mut dyn BufRead, out: &mut dyn Write, length: u64| {
        let copied = io::copy(&mut from.take(length), out)?;
        match copied == length {
            true => Ok(()),
            false => Err(io::Error::other(format!(
                "the body ended after {copied} of {length} bytes"
            ))),
        }
    };
    if head.chunked {
        loop {
            let size = line(from)?;
            let size = size.split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(size.trim(), 16)
                .map_err(|_| io::Error::other("a chunk has no size"))?;
            if size == 0 {
                while !line(from)?.is_empty() {}
                return Ok(());
            }
            exactly(from, out, size)?;
            line(from)?;
        }
    }
    match head.length {
        Some(length) => exactly(from, out, length),
        // To the end: only close_notify says that it is the end.
        None => io::copy(from, out).map(|_| ()),
    }
}

/// The sending half with its socket, for whichever thread has something to send.
struct Half {
    sender: Sender,
    socket: TcpStream,
    output: Vec<u8>,
}

impl Half {
    fn write_out(&mut self) -> io::Result<()> {
        self.sender.flush(&mut self.output);
        let result = self.socket.write_all(&self.output);
        self.output.clear();
        result
    }

    fn send(&mut self, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() {
            let sent = self.sender.send(data, &mut self.output);
            let sent = sent.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
            data = data.get(sent.taken..).unwrap_or(&[]);
            self.write_out()?;
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        self.sender.close();
        self.write_out()
    }
}

/// Joins stdin and stdout to the connection: a thread for each direction, each with its half.
fn join_stdio(
    mut stream: Stream<ClientConnection, TcpStream>,
    saved: Option<Saved>,
    quiet: bool,
) -> Result<(), Failure> {
    let failed = |e| Failure::of_stream("the connection failed", e);
    stream.flush().map_err(failed)?;
    let unread = stream.unread().to_vec();
    let (connection, socket) = stream.into_parts();
    // People and pipes take the time that they take.
    socket.set_read_timeout(None).map_err(failed)?;
    let (sender, receiver) = connection
        .into_split()
        .map_err(|_| failed(io::Error::other("the connection is dead")))?;
    let half = Arc::new(Mutex::new(Half {
        sender,
        socket: socket.try_clone().map_err(failed)?,
        output: Vec::new(),
    }));
    let sending = Arc::clone(&half);
    // Not joined: it may wait for stdin when the server has long gone.
    std::thread::spawn(move || {
        let lock = || sending.lock().expect("nobody panics with the lock");
        let mut stdin = io::stdin().lock();
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                // A connection that failed is told of by the receiving thread.
                Ok(n) => match lock().send(&buffer[..n]) {
                    Ok(()) => {}
                    Err(_) => return,
                },
            }
        }
        let _ = lock().close();
    });
    let result = receive_all(
        receiver,
        socket.try_clone().map_err(failed)?,
        unread,
        &half,
        saved.as_ref(),
        quiet,
    );
    if let Ok(mut half) = half.lock() {
        let _ = half.close();
    }
    let _ = socket.shutdown(Shutdown::Both);
    result.map_err(failed)
}

/// Copies what the server sends to stdout until it ends.
fn receive_all(
    mut receiver: Receiver,
    mut socket: TcpStream,
    mut input: Vec<u8>,
    half: &Mutex<Half>,
    saved: Option<&Saved>,
    quiet: bool,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (mut start, mut end) = (0, input.len());
    input.resize(2 * RECORD, 0);
    loop {
        let received = receiver.receive(&mut input[start..end]);
        start += received.consumed;
        match received.event {
            HalfEvent::Data(data) => {
                out.write_all(&data)?;
                out.flush()?;
            }
            HalfEvent::ForSender(token) => {
                let mut half = half.lock().expect("nobody panics with the lock");
                half.sender.accept(token);
                half.write_out()?;
            }
            HalfEvent::Session(session) => {
                // That it can't be saved is no reason to end the connection.
                if let Err(failure) = keep_session(&session.received(now()), saved, quiet) {
                    note(&failure.line());
                }
            }
            HalfEvent::NeedInput { min } => {
                if start + min > input.len() {
                    input.copy_within(start..end, 0);
                    (start, end) = (0, end - start);
                }
                match socket.read(&mut input[end..])? {
                    0 => receiver.end_of_input(),
                    n => end += n,
                }
            }
            HalfEvent::Closed(Eof::Clean) => {
                if !quiet {
                    note("closed by the server, with close_notify");
                }
                return Ok(());
            }
            HalfEvent::Closed(Eof::Truncated) => return Err(io::ErrorKind::UnexpectedEof.into()),
            HalfEvent::Failed(error) => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
            _ => {}
        }
    }
}
