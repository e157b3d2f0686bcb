//! TLS 1.3 and TLS 1.2 handshakes to look at: client and server in one process, over loopback TCP,
//! with certificates made on the spot. Every message is printed when its sender sends it, and at
//! the end what each version took.

mod support;

use std::cell::Cell;
use std::io::{self, IsTerminal, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::ExtendedKeyUsagePurpose;
use support::args::{Args, Program, flag, wrap};
use support::certs::Authority;
use support::failure::{Failure, run};
use support::{print, setup, trace};
use symbolon::codepoint::{HandshakeType, NamedGroup, ProtocolVersion};
use symbolon::config::{ClientAuth, ClientConfig, Direction, Observation, Observer, ServerConfig};
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::error::Error;
use symbolon::handshake::Summary;
use symbolon::io::{Stream, now, seed};
use symbolon::pki::{PathVerifier, RootStore};
use symbolon::record::Epoch;

const PROGRAM: Program = Program {
    name: "handshake",
    about: "Shows a connection between a client and a server in TLS 1.3 and then in TLS 1.2, message \
            by\nmessage: over real TCP on the loopback interface, with certificates made on the spot.",
    positional: None,
    options: &[
        flag(
            "--hrr",
            "Let the client send a key share that the server doesn't want, so that it answers \
             with a HelloRetryRequest (TLS 1.3).",
        ),
        flag(
            "--client-auth",
            "Let the server ask the client for a certificate too.",
        ),
        setup::TLS12,
        setup::TLS13,
    ],
    notes: "
Colours appear only on a terminal, and not if NO_COLOR is set.

Examples:
  cargo run --example handshake
  cargo run --example handshake -- --hrr --client-auth
  cargo run --example handshake -- --tls1.2
",
};

/// The server's name; nobody looks it up.
const NAME: &str = "server.example";
const REQUEST: &str = "GET / HTTP/1.1";
const RESPONSE: &str = "HTTP/1.1 200 OK";

fn main() -> ExitCode {
    run(&PROGRAM, |args| handshake(&args))
}

/// Who is speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Client,
    Server,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    fn arrow(self) -> &'static str {
        match self {
            Self::Client => "client ──▶ server",
            Self::Server => "client ◀── server",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Self::Client => "36",
            Self::Server => "33",
        }
    }
}

/// Where both ends are printed, one thing at a time.
#[derive(Debug)]
struct Stage {
    colours: bool,
    version: ProtocolVersion,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// Who sent the last handshake message, and how often that changed.
    speaker: Option<Role>,
    flights: usize,
    messages: usize,
    /// Under which keys each of both sends, as far as it was told.
    epochs: [Option<Epoch>; 2],
}

impl Told {
    fn epoch(&mut self, role: Role) -> &mut Option<Epoch> {
        match role {
            Role::Client => &mut self.epochs[0],
            Role::Server => &mut self.epochs[1],
        }
    }
}

impl Stage {
    fn new(version: ProtocolVersion) -> Self {
        let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let told = Mutex::default();
        Self {
            colours,
            version,
            told,
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.colours {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    /// One thing that goes over the wire: a headline, what it is for, what it carries.
    fn sent(&self, from: Role, what: &str, size: &str, how: &str, why: &str, lines: &[String]) {
        let arrow = self.paint(from.colour(), from.arrow());
        let (size, how) = (format!("{size:>11}"), self.paint("2", how));
        let what = self.paint("1", &format!("{what:<20}"));
        let mut text = format!("\n{arrow}   {what}{size}   {how}\n");
        for line in wrap(why, 76).iter().filter(|line| !line.is_empty()) {
            text.push_str(&format!("{:20}{}\n", "", self.paint("2", line)));
        }
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        print(&text);
    }

    /// Under which keys something goes; TLS 1.2 has one pair for all that is encrypted.
    fn protection(&self, epoch: Epoch) -> &'static str {
        match epoch {
            Epoch::Application if self.version == ProtocolVersion::TLS12 => "encrypted",
            epoch => trace::protection(epoch),
        }
    }

    fn mark(&self, text: &str) {
        let line = format!("── {text} ");
        let rest = 96_usize.saturating_sub(line.chars().count());
        let line = format!("{line}{}", "─".repeat(rest));
        print(&format!("\n{}\n", self.paint("32", &line)));
    }

    /// Application data, which observers aren't told of.
    fn data(&self, from: Role, text: &str) {
        let size = trace::bytes(text.len());
        let how = self.protection(Epoch::Application);
        let fields = [("data", format!("{text:?}"))];
        self.sent(
            from,
            "application data",
            &size,
            how,
            "",
            &trace::layout(&fields, 20),
        );
    }

    /// That a side's writing changes to these keys, unless it was told before.
    fn keys(&self, told: &mut Told, role: Role, epoch: Epoch) {
        let before = told.epoch(role).replace(epoch);
        let who = role.name();
        match epoch {
            // The message that came first under them told of them.
            Epoch::Application
                if before == Some(epoch) && self.version == ProtocolVersion::TLS12 => {}
            Epoch::Application if before == Some(epoch) => {
                self.mark(&format!("the {who} goes on with its next keys"));
            }
            Epoch::Handshake => self.mark(&format!(
                "from here on the {who} encrypts: handshake keys, from the key exchange"
            )),
            Epoch::Application if self.version == ProtocolVersion::TLS12 => {
                self.mark(&format!(
                    "from here on the {who} encrypts: keys from the master secret and both randoms"
                ));
            }
            Epoch::Application => self.mark(&format!(
                "from here on the {who} encrypts with application keys, bound to all messages so far"
            )),
            _ => {}
        }
    }
}

/// One end's observer.
#[derive(Debug)]
struct Witness(Role, Arc<Stage>);

impl Observer for Witness {
    fn observe(&self, observation: &Observation<'_>) {
        let Self(role, stage) = self;
        // A panic of the other thread is told of elsewhere.
        let Ok(mut told) = stage.told.lock() else {
            return;
        };
        match observation {
            Observation::Message {
                direction: Direction::Sent,
                epoch,
                kind,
                bytes,
                parsed,
            } => {
                if told.speaker.replace(*role) != Some(*role) {
                    told.flights += 1;
                }
                told.messages += 1;
                // The keys are changed when the queue has gone out; it is a message's own keys
                // that tell where encryption begins.
                if *epoch > Epoch::Plaintext && *told.epoch(*role) != Some(*epoch) {
                    stage.keys(&mut told, *role, *epoch);
                }
                let name = trace::name(*kind, parsed.as_ref());
                let fields = parsed.as_ref().map(trace::fields).unwrap_or_default();
                let (why, size) = (
                    purpose(stage.version, *kind, &name, *role),
                    trace::bytes(bytes.len()),
                );
                let lines = trace::layout(&fields, 20);
                stage.sent(*role, &name, &size, stage.protection(*epoch), why, &lines);
            }
            Observation::ChangeCipherSpec {
                direction: Direction::Sent,
            } => {
                let why = match stage.version {
                    ProtocolVersion::TLS12 => "The next record comes under the new keys.",
                    _ => "Means nothing in TLS 1.3; middleboxes used to TLS 1.2 let it pass.",
                };
                let how = stage.protection(Epoch::Plaintext);
                stage.sent(*role, "change_cipher_spec", "1 byte", how, why, &[]);
            }
            Observation::KeyChange {
                direction: Direction::Sent,
                epoch,
            } if *epoch == Epoch::Application || *told.epoch(*role) != Some(*epoch) => {
                stage.keys(&mut told, *role, *epoch);
            }
            Observation::Alert {
                direction: Direction::Sent,
                epoch,
                description,
            } => {
                let name = format!("alert {description}");
                let why = match name.as_str() {
                    "alert close_notify" => "That was all: nothing was cut off.",
                    _ => "This connection is over.",
                };
                let how = stage.protection(*epoch);
                stage.sent(*role, &name, "2 bytes", how, why, &[]);
            }
            _ => {}
        }
    }
}

/// What a message is for.
fn purpose(version: ProtocolVersion, kind: HandshakeType, name: &str, from: Role) -> &'static str {
    match kind {
        _ if name == "HelloRetryRequest" => {
            "No share of a group that the server wants: once more, with this one."
        }
        HandshakeType::SERVER_HELLO if version == ProtocolVersion::TLS12 => {
            "What the server chose; its half of the key exchange comes later."
        }
        HandshakeType::CLIENT_HELLO if version == ProtocolVersion::TLS12 => {
            "What the client can do."
        }
        HandshakeType::CLIENT_HELLO => "What the client can do, and its half of the key exchange.",
        HandshakeType::SERVER_HELLO => {
            "What the server chose, and its half: from here on both share a secret."
        }
        HandshakeType::ENCRYPTED_EXTENSIONS => {
            "Answers to the client's extensions that nobody else needs to see."
        }
        HandshakeType::CERTIFICATE_REQUEST => "The client is to say who it is, too.",
        HandshakeType::CERTIFICATE => match from {
            Role::Server => "Who the server is, by the word of an authority.",
            Role::Client => "Who the client is, by the word of an authority.",
        },
        HandshakeType::CERTIFICATE_VERIFY => {
            "A signature over all messages so far: the certificate's key is here, now."
        }
        HandshakeType::FINISHED => {
            "A MAC over all messages so far: both saw the same ones, nobody changed any."
        }
        HandshakeType::SERVER_KEY_EXCHANGE => {
            "Its half of the key exchange, signed with the certificate's key."
        }
        HandshakeType::SERVER_HELLO_DONE => "That is all for now.",
        HandshakeType::CLIENT_KEY_EXCHANGE => {
            "The client's half: from here on both share a secret."
        }
        HandshakeType::NEW_SESSION_TICKET => "For a shorter handshake the next time.",
        HandshakeType::KEY_UPDATE => "The sender's next data comes under new keys.",
        _ => "",
    }
}

/// A socket that counts.
struct Counted {
    socket: TcpStream,
    read: Cell<usize>,
    written: Cell<usize>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.socket.read(out)?;
        self.read.set(self.read.get() + n);
        Ok(n)
    }
}

impl Write for Counted {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let n = self.socket.write(data)?;
        self.written.set(self.written.get() + n);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// What a handshake took.
struct Taken {
    version: ProtocolVersion,
    round_trips: usize,
    messages: usize,
    written: usize,
    read: usize,
    time: Duration,
}

impl Taken {
    fn row(&self) -> String {
        format!(
            "{:<9}{:>20}{:>10}{:>14}{:>14}{:>12}\n",
            self.version.to_string(),
            self.round_trips,
            self.messages,
            trace::bytes(self.written),
            trace::bytes(self.read),
            format!("{:.1} ms", self.time.as_secs_f64() * 1000.0),
        )
    }
}

fn handshake(args: &Args) -> Result<(), Failure> {
    let mut taken = Vec::new();
    for version in setup::versions(args)? {
        if !taken.is_empty() {
            print("\n\n");
        }
        taken.push(connection(args, version)?);
    }
    if taken.len() > 1 {
        let head = [
            "",
            "round trips to data",
            "messages",
            "client sent",
            "got",
            "time",
        ];
        let [a, b, c, d, e, f] = head;
        print(&format!("\n{a:<9}{b:>20}{c:>10}{d:>14}{e:>14}{f:>12}\n"));
        for row in taken {
            print(&row.row());
        }
    }
    Ok(())
}

/// Shows one connection.
fn connection(args: &Args, version: ProtocolVersion) -> Result<Taken, Failure> {
    let stage = Arc::new(Stage::new(version));
    let (client, server) = configs(args, &stage).map_err(Failure::of_config)?;
    let loopback = |e| Failure::Io("no loopback connection".to_owned(), e);
    let listener = TcpListener::bind("127.0.0.1:0").map_err(loopback)?;
    let address = listener.local_addr().map_err(loopback)?;
    let title = format!("A {version} connection, message by message");
    print(&stage.paint("1", &title));
    print(&format!(
        "\nover TCP to {address}; each message is shown as its sender sends it\n"
    ));

    let their_stage = Arc::clone(&stage);
    let server = thread::spawn(move || serve(&listener, server, &their_stage));
    let socket = TcpStream::connect(address).map_err(loopback)?;
    let result = speak(socket, client, &stage);
    let served = server.join();
    let (summary, taken) = result?;
    served.map_err(|_| Failure::Io("the server".to_owned(), io::Error::other("panicked")))??;

    print("\n");
    if let (Some(chain), Some(verified)) = (&summary.peer_chain, &summary.verified) {
        print("Why the client trusts the server:\n");
        for line in verified.describe(chain).to_string().lines() {
            print(&format!("  {line}\n"));
        }
        print("\n");
    }
    print(&format!("{summary}\n"));
    Ok(taken)
}

/// Both configs, with an authority that both trust.
fn configs(
    args: &Args,
    stage: &Arc<Stage>,
) -> Result<(Arc<ClientConfig>, Arc<ServerConfig>), Error> {
    let root = Authority::new("Example Root")?;
    let issuer = root.intermediate("Example Issuer")?;
    let mut roots = RootStore::new();
    roots.add(&root.certificate)?;
    let witness = |role| Arc::new(Witness(role, Arc::clone(stage)));

    let identity = issuer.credential(&[NAME], NAME, ExtendedKeyUsagePurpose::ServerAuth)?;
    let mut server = ServerConfig::builder()
        .credential(identity)
        .versions(&[stage.version])
        .alpn(["http/1.1"])
        .observer(witness(Role::Server));
    let mut client = ClientConfig::builder()
        .roots(roots.clone())
        .versions(&[stage.version])
        .alpn(["h2", "http/1.1"])
        .observer(witness(Role::Client));
    if args.flag("--hrr") {
        // The server prefers X25519MLKEM768 so much that it asks for a share of it.
        client = client.key_shares(&[NamedGroup::X25519]);
    }
    if args.flag("--client-auth") {
        let verifier = Arc::new(PathVerifier::new(roots));
        server = server.client_auth(ClientAuth::Required(verifier));
        let purpose = ExtendedKeyUsagePurpose::ClientAuth;
        client = client.credential(issuer.credential(&[], "Alice", purpose)?);
    }
    Ok((client.build()?, server.build()?))
}

/// The server's side: answers one request, and ends when the client does.
fn serve(listener: &TcpListener, config: Arc<ServerConfig>, stage: &Stage) -> Result<(), Failure> {
    let failed = |e| Failure::of_stream("the server's connection failed", e);
    let tls = |e| Failure::tls("the server can't begin", e);
    let (socket, _) = listener.accept().map_err(failed)?;
    limit_waiting(&socket).map_err(failed)?;
    let connection = ServerConnection::new(config, seed().map_err(tls)?, now()).map_err(tls)?;
    let mut stream = Stream::new(connection, socket);
    let mut request = [0; REQUEST.len()];
    stream.read_exact(&mut request).map_err(failed)?;
    stage.data(Role::Server, RESPONSE);
    stream.write_all(RESPONSE.as_bytes()).map_err(failed)?;
    io::copy(&mut stream, &mut io::sink()).map_err(failed)?;
    stream.close().map_err(failed)
}

/// The client's side.
fn speak(
    socket: TcpStream,
    config: Arc<ClientConfig>,
    stage: &Stage,
) -> Result<(Summary, Taken), Failure> {
    let failed = |e| Failure::of_stream("the client's connection failed", e);
    let tls = |e| Failure::tls("the client can't begin", e);
    limit_waiting(&socket).map_err(failed)?;
    let name = NAME.try_into().expect("the name is a name");
    let begin = Instant::now();
    let seed = seed().map_err(tls)?;
    let connection = ClientConnection::new(config, name, seed, now()).map_err(tls)?;
    let counted = Counted {
        socket,
        read: Cell::new(0),
        written: Cell::new(0),
    };
    let mut stream = Stream::new(connection, counted);
    let summary = stream.handshake().map_err(failed)?;
    let missing = || failed(io::Error::other("there was no handshake"));
    let summary = summary.ok_or_else(missing)?;
    let time = begin.elapsed();
    let counts = stage.told.lock().map(|told| (told.flights, told.messages));
    let (flights, messages) = counts.unwrap_or_default();
    // The client may send data with its last flight: that one waits for nobody.
    let taken = Taken {
        version: summary.version,
        round_trips: flights / 2,
        messages,
        written: stream.transport().written.get(),
        read: stream.transport().read.get(),
        time,
    };
    let round_trips = match taken.round_trips {
        1 => "1 round trip".to_owned(),
        n => format!("{n} round trips"),
    };
    stage.mark(&format!(
        "handshake done: {round_trips}, {:.1} ms with all this printing; {} out, {} in",
        taken.time.as_secs_f64() * 1000.0,
        trace::bytes(taken.written),
        trace::bytes(taken.read),
    ));
    stage.data(Role::Client, REQUEST);
    stream.write_all(REQUEST.as_bytes()).map_err(failed)?;
    let mut response = [0; RESPONSE.len()];
    stream.read_exact(&mut response).map_err(failed)?;
    stream.close().map_err(failed)?;
    io::copy(&mut stream, &mut io::sink()).map_err(failed)?;
    Ok((summary, taken))
}

/// Neither end waits forever for the other.
fn limit_waiting(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))
}
