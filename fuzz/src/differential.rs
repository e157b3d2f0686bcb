//! Our verdict on a hello beside rustls's. Where the two differ, one of them is wrong, or the RFCs leave
//! it open: then the difference stands in [`ON_CLIENT_HELLO`] or [`ON_SERVER_HELLO`], with the section
//! and the exact condition. Any other difference fails.

use crate::edit::{Hello, Script};
use crate::transparent::{TRANSPARENT, credential};
use crate::{NOW, Options, client_connection, name, rustls_peer};
use rustls_pki_types::DnsName;
use std::sync::{Arc, LazyLock};
use symbolon::codepoint::{
    AlertDescription, CipherSuite, ExtensionType, HandshakeType, NamedGroup, ProtocolVersion,
};
use symbolon::config::{ClientConfig, ServerConfig};
use symbolon::conn::{ClientConnection, Connection, Event, ServerConnection};
use symbolon::pki::DangerousAcceptAnyCertificate;
use symbolon::wire::{
    ClientHello, ExtensionSet, HELLO_RETRY_REQUEST_RANDOM, List, MessageKind, ServerHello,
    allowed_in,
};

/// What a side makes of a hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It goes on; a server with this version, suite and group.
    Goes(Option<(ProtocolVersion, CipherSuite, Option<NamedGroup>)>),
    /// It asks for a share of this group, or sends one.
    Retries(Option<(CipherSuite, NamedGroup)>),
    /// It waits for more.
    Waits,
    /// It ends the connection.
    Refuses(AlertDescription),
}

use Verdict::{Goes, Refuses, Retries, Waits};

impl Verdict {
    fn is_tls13(self) -> bool {
        match self {
            Goes(Some((version, ..))) => version == ProtocolVersion::TLS13,
            verdict => matches!(verdict, Retries(_)),
        }
    }
}

/// Hellos on which both may differ.
struct Case<'a> {
    /// The messages, with their headers; a second one after a HelloRetryRequest.
    messages: &'a [Vec<u8>],
    /// The last of them, if it has the form of a ClientHello.
    client: Option<ClientHello<'a>>,
    /// Or of a ServerHello.
    server: Option<ServerHello<'a>>,
    /// What the client had sent, if a server's message is judged.
    offer: Option<ClientHello<'a>>,
    ours: Verdict,
    theirs: Verdict,
}

impl<'a> Case<'a> {
    fn new(messages: &'a [Vec<u8>], ours: Verdict, theirs: Verdict) -> Self {
        let body = messages.last().and_then(|message| message.get(4..));
        let body = body.unwrap_or(&[]);
        let kind = |wanted: HandshakeType| {
            messages
                .last()
                .is_some_and(|m| m.first() == Some(&wanted.0))
        };
        Self {
            messages,
            client: ClientHello::parse(body)
                .ok()
                .filter(|_| kind(HandshakeType::CLIENT_HELLO)),
            server: ServerHello::parse(body)
                .ok()
                .filter(|_| kind(HandshakeType::SERVER_HELLO)),
            offer: None,
            ours,
            theirs,
        }
    }

    fn ours_refuses(&self) -> bool {
        matches!((self.ours, self.theirs), (Refuses(_), Goes(_) | Retries(_)))
    }

    fn theirs_refuses(&self) -> bool {
        matches!((self.ours, self.theirs), (Goes(_) | Retries(_), Refuses(_)))
    }
}

/// A difference that is known.
struct Difference {
    /// Who says that both may be.
    section: &'static str,
    /// What differs.
    what: &'static str,
    /// Whether it is this one.
    is: fn(&Case<'_>) -> bool,
}

/// The differences on ClientHello.
const ON_CLIENT_HELLO: &[Difference] = &[
    Difference {
        section: "RFC 6066 3",
        what: "no host name, or one that is no DNS name: rustls refuses it, for us it is of no server",
        is: |case| {
            let hello = case.client;
            let named = hello.is_some_and(|hello| {
                let name = hello.extensions.server_name;
                name.is_none_or(|name| DnsName::try_from(name).is_err())
                    && hello
                        .extensions
                        .present
                        .contains(ExtensionType::SERVER_NAME)
            });
            case.theirs_refuses() && named
        },
    },
    Difference {
        section: "RFC 9846 4.3.7",
        what: "the group is the server's choice: we take one with a share, rustls the client's first",
        is: |case| {
            let Some(hello) = case.client else {
                return false;
            };
            let groups = hello
                .extensions
                .supported_groups
                .unwrap_or(List::Values(&[]));
            let shares = hello.extensions.key_shares.unwrap_or(List::Values(&[]));
            let first = groups.iter().find(|group| GROUPS.contains(group));
            let ready = GROUPS
                .into_iter()
                .find(|group| shares.get(*group).is_some());
            let best = GROUPS.into_iter().find(|group| groups.contains(*group));
            let is_good = |group: NamedGroup, share: &[u8]| {
                share.len() == usize::from(share_len(group)) && share.iter().any(|b| *b != 0)
            };
            let ours = match case.ours {
                Goes(Some((_, _, group))) => group.is_some() && group == ready,
                Retries(Some((_, group))) => ready.is_none() && Some(group) == best,
                Refuses(AlertDescription::ILLEGAL_PARAMETER) => ready.is_some_and(|group| {
                    shares
                        .get(group)
                        .is_some_and(|share| !is_good(group, share))
                }),
                _ => false,
            };
            let theirs = match case.theirs {
                Goes(Some((_, _, group))) => group.is_some() && group == first,
                Retries(Some((_, group))) => Some(group) == first && shares.get(group).is_none(),
                Refuses(AlertDescription::ILLEGAL_PARAMETER) => first.is_some_and(|group| {
                    shares
                        .get(group)
                        .is_some_and(|share| !is_good(group, share))
                }),
                _ => false,
            };
            ours && theirs && ready.or(best) != first
        },
    },
    Difference {
        section: "RFC 9846 4.3.8",
        what: "a share of a group that isn't in supported_groups: servers MAY refuse it, we do",
        is: |case| {
            let extensions = case.client.map(|hello| hello.extensions);
            let outside = extensions.is_some_and(|extensions| {
                match (extensions.key_shares, extensions.supported_groups) {
                    (Some(shares), Some(groups)) => {
                        shares.iter().any(|share| !groups.contains(share.group))
                    }
                    _ => false,
                }
            });
            case.ours_refuses() && case.theirs.is_tls13() && outside
        },
    },
    Difference {
        section: "RFC 8422 4",
        what: "TLS 1.2 without supported_groups: the server may choose any, we do",
        is: |case| {
            let groups = case.client.map(|hello| hello.extensions.supported_groups);
            case.theirs_refuses() && !case.ours.is_tls13() && groups == Some(None)
        },
    },
    Difference {
        section: "RFC 8422 5.3",
        what: "TLS 1.2 and supported_groups without the curve of the server's key: we don't use it",
        is: |case| {
            let groups = case
                .client
                .and_then(|hello| hello.extensions.supported_groups);
            let without = groups.is_some_and(|groups| !groups.contains(NamedGroup::SECP256R1));
            case.ours_refuses() && !case.theirs.is_tls13() && without
        },
    },
    Difference {
        section: "RFC 9846 4.3.4",
        what: "certificate_authorities has a name at least: rustls takes none",
        is: |case| {
            let hello = case.messages.last().and_then(|m| Hello::client(m));
            let list = hello.and_then(|hello| {
                hello
                    .extension_of(ExtensionType::CERTIFICATE_AUTHORITIES.0)
                    .map(<[u8]>::to_vec)
            });
            case.ours_refuses() && list.as_deref() == Some(&[0, 0])
        },
    },
    Difference {
        section: "RFC 9846 4.2.2",
        what: "a second ClientHello MUST be the first one but for what a retry changes, and have the one share: rustls doesn't look",
        is: |case| {
            let [first, second] = case.messages else {
                return false;
            };
            let (Some(first), Some(second)) = (fixed_part(first), fixed_part(second)) else {
                return false;
            };
            let shares = case.client.and_then(|hello| hello.extensions.key_shares);
            let several = shares.is_some_and(|shares| shares.len() > 1);
            case.ours_refuses() && (first != second || several)
        },
    },
    Difference {
        section: "RFC 9846 4.3.2",
        what: "a cookie that wasn't sent: rustls doesn't look",
        is: |case| {
            let cookie = case.client.and_then(|hello| hello.extensions.cookie);
            case.messages.len() == 2 && case.ours_refuses() && cookie.is_some()
        },
    },
    Difference {
        section: "RFC 7507 3",
        what: "TLS_FALLBACK_SCSV with less than the newest version: rustls doesn't know it",
        is: |case| {
            let suites = case.client.map(|hello| hello.cipher_suites);
            let fell = suites.is_some_and(|all| all.contains(CipherSuite::TLS_FALLBACK_SCSV));
            case.ours_refuses() && !case.theirs.is_tls13() && fell
        },
    },
    Difference {
        section: "RFC 5746 3.6",
        what: "renegotiation_info that isn't empty: it MUST be, rustls doesn't look",
        is: |case| {
            let info = case
                .client
                .and_then(|hello| hello.extensions.renegotiation_info);
            case.ours_refuses() && info.is_some_and(|info| !info.is_empty())
        },
    },
];

/// A ClientHello without what may change after a HelloRetryRequest.
fn fixed_part(message: &[u8]) -> Option<Vec<u8>> {
    let mut hello = Hello::client(message)?;
    for kind in [
        ExtensionType::KEY_SHARE,
        ExtensionType::EARLY_DATA,
        ExtensionType::COOKIE,
        ExtensionType::PRE_SHARED_KEY,
        ExtensionType::PADDING,
        ExtensionType::ENCRYPTED_CLIENT_HELLO,
    ] {
        hello.without(kind.0);
    }
    Some(hello.to_bytes())
}

/// Extensions that we read and rustls doesn't, or the other way round: a difference that goes away without
/// them isn't one.
const ONE_SIDED: [ExtensionType; 9] = [
    ExtensionType::OID_FILTERS,
    ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP,
    ExtensionType::SIGNATURE_ALGORITHMS_CERT,
    ExtensionType::RECORD_SIZE_LIMIT,
    ExtensionType::POST_HANDSHAKE_AUTH,
    ExtensionType::MAX_FRAGMENT_LENGTH,
    ExtensionType::COMPRESS_CERTIFICATE,
    ExtensionType::CLIENT_CERTIFICATE_TYPE,
    ExtensionType::SERVER_CERTIFICATE_TYPE,
];

fn without_one_sided(message: &[u8]) -> Vec<u8> {
    let Some(mut hello) = Hello::client(message) else {
        return message.to_vec();
    };
    ONE_SIDED.iter().for_each(|kind| hello.without(kind.0));
    // RFC 6066 3: names of other types begin with their length; rustls skips all that follows.
    if let Some(names) = hello.extension(ExtensionType::SERVER_NAME.0)
        && let [_, _, 0, high, low, rest @ ..] = &names[..]
        && let len = usize::from(u16::from_be_bytes([*high, *low]))
        && (1..rest.len()).contains(&len)
        && usize::from(u16::from_be_bytes([names[0], names[1]])) == names.len() - 2
    {
        names.truncate(5 + len);
        names[..2].copy_from_slice(&u16::try_from(3 + len).unwrap().to_be_bytes());
    }
    hello.to_bytes()
}

/// The differences on ServerHello.
const ON_SERVER_HELLO: &[Difference] = &[
    Difference {
        section: "RFC 9846 4.2.3",
        what: "legacy_session_id_echo of a ServerHello of TLS 1.3 MUST match: rustls looks in a HelloRetryRequest only",
        is: |case| {
            let (Some(hello), Some(offer)) = (case.server, case.offer) else {
                return false;
            };
            let differs = hello.session_id != offer.session_id;
            case.ours_refuses()
                && hello_is_tls13(&hello)
                && !hello.is_hello_retry_request()
                && differs
        },
    },
    Difference {
        section: "RFC 9846 4.2.3, 4.2.4",
        what: "legacy_version of TLS 1.3 MUST be 0x0303: rustls takes 0x0304, and any in a HelloRetryRequest",
        is: |case| {
            case.ours_refuses()
                && case.server.is_some_and(|hello| {
                    let rustls_takes = hello.is_hello_retry_request()
                        || hello.legacy_version == ProtocolVersion::TLS13;
                    rustls_takes && hello.legacy_version != ProtocolVersion::TLS12
                })
        },
    },
    Difference {
        section: "RFC 9846 4.2.4",
        what: "the suite of a HelloRetryRequest MUST be one of TLS 1.3: rustls looks at the next ServerHello's",
        is: |case| {
            case.ours_refuses()
                && case.server.is_some_and(|hello| {
                    hello.is_hello_retry_request() && hello.cipher_suite.0 >> 8 != 0x13
                })
        },
    },
    Difference {
        section: "RFC 9846 4.3",
        what: "an extension that isn't specified for the message MUST be refused: rustls passes over it",
        is: |case| {
            let Some(hello) = case.messages.last().and_then(|m| Hello::server(m)) else {
                return false;
            };
            let kind = match hello.extension_of(43) {
                None => MessageKind::OldServerHello,
                Some(_) if hello.is_retry() => MessageKind::HelloRetryRequest,
                Some(_) => MessageKind::ServerHello,
            };
            let strange = |kind_of: u16| {
                let one: ExtensionSet = [ExtensionType(kind_of)].into_iter().collect();
                !one.difference(allowed_in(kind)).is_empty()
            };
            case.ours_refuses() && hello.kinds().any(strange)
        },
    },
    Difference {
        section: "RFC 5746 3.4",
        what: "TLS 1.2 without renegotiation_info: the client may go on, we don't",
        is: |case| {
            let hello = case.server.filter(|hello| !hello_is_tls13(hello));
            case.ours_refuses()
                && hello.is_some_and(|hello| hello.extensions.renegotiation_info.is_none())
        },
    },
];

fn hello_is_tls13(hello: &ServerHello<'_>) -> bool {
    hello.extensions.supported_version == Some(ProtocolVersion::TLS13)
}

/// The differences as a table.
pub fn differences() -> String {
    let mut out = "# Where rustls and we differ on a hello\n\n\
        Made from the tables in `src/differential.rs`, which have the exact conditions, by\n\
        `cargo run --example seeds --no-default-features` in `fuzz/`.\n"
        .to_owned();
    for (message, known) in [
        ("ClientHello", ON_CLIENT_HELLO),
        ("ServerHello or HelloRetryRequest", ON_SERVER_HELLO),
    ] {
        out += &format!("\n| {message} | |\n| --- | --- |\n");
        for difference in known {
            out += &format!("| {} | {} |\n", difference.section, difference.what);
        }
    }
    let kinds = ONE_SIDED.map(|kind| format!("`{kind}`")).join(", ");
    out + &format!(
        "\nThe contents of these extensions only one of both reads: {kinds}. After the host name, rustls \
         reads no more of `server_name`; names of other types begin with their length (RFC 6066 3).\n"
    )
}

/// Whether both agree, or differ as is known. Which of several faults is told isn't compared.
fn is_known(known: &[Difference], case: &Case<'_>) -> bool {
    case.ours == case.theirs
        || matches!((case.ours, case.theirs), (Refuses(_), Refuses(_)))
        || known.iter().any(|difference| (difference.is)(case))
}

fn compare(known: &[Difference], case: &Case<'_>) {
    if is_known(known, case) {
        return;
    }
    if std::env::var_os("LIST").is_some() {
        use std::collections::BTreeMap;
        use std::sync::Mutex;
        static SEEN: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());
        let class = format!(
            "{:?} | {:?} {}",
            case.ours,
            case.theirs,
            case.messages.len()
        );
        let mut seen = SEEN.lock().unwrap();
        let count = seen.entry(class.clone()).or_insert(0);
        *count += 1;
        if *count <= 4 {
            eprintln!("{class}");
            for m in case.messages {
                let h = if m[0] == 1 {
                    Hello::client(m)
                } else {
                    Hello::server(m)
                };
                match h {
                    Some(h) => eprintln!("    {}", h.brief()),
                    None => eprintln!("   raw {:x?}", &m[..m.len().min(200)]),
                }
            }
        }
        return;
    }
    panic!(
        "we: {:?}, rustls: {:?}, on\n{:?}{:?}\n{:02x?}",
        case.ours, case.theirs, case.client, case.server, case.messages
    );
}

/// The message in a record, if it fits into one.
fn record(message: &[u8]) -> Option<Vec<u8>> {
    let len = u16::try_from(message.len()).ok();
    let len = len.filter(|len| (1..=16_000).contains(len))?;
    Some([&[22, 3, 3], &len.to_be_bytes()[..], message].concat())
}

/// What a side answers to a record: bytes, and the alert if it failed.
trait Side {
    fn take(&mut self, record: &[u8]) -> (Vec<u8>, Option<AlertDescription>);
}

struct Ours<C>(C);

impl<C: Connection> Side for Ours<C> {
    fn take(&mut self, record: &[u8]) -> (Vec<u8>, Option<AlertDescription>) {
        let (mut input, mut out) = (record.to_vec(), Vec::new());
        let failed = match self.0.receive(&mut input, &mut out).event {
            Event::NeedInput { .. } => None,
            Event::Failed(error) => Some(error.alert().expect("a peer is told")),
            Event::Closed(_) => Some(AlertDescription::CLOSE_NOTIFY),
            other => panic!("{other:?}"),
        };
        (out, failed)
    }
}

impl Side for rustls::Connection {
    fn take(&mut self, record: &[u8]) -> (Vec<u8>, Option<AlertDescription>) {
        let mut out = Vec::new();
        self.read_tls(&mut &record[..]).expect("it is a slice");
        let failed = self.process_new_packets().err();
        while self.wants_write() {
            self.write_tls(&mut out).expect("it is a vector");
        }
        let failed = failed.map(|error| match out.last_chunk() {
            Some([21, 3, _, 0, 2, _, alert]) => AlertDescription(*alert),
            // It says nothing.
            _ => match error {
                rustls::Error::AlertReceived(_) => AlertDescription::CLOSE_NOTIFY,
                _ => AlertDescription::INTERNAL_ERROR,
            },
        });
        (out, failed)
    }
}

/// The first handshake message in what a side sent.
fn message(sent: &[u8]) -> Option<(HandshakeType, &[u8])> {
    let sent = sent.strip_prefix(&[20, 3, 3, 0, 1, 1]).unwrap_or(sent);
    let [22, 3, _, rest @ ..] = sent else {
        return None;
    };
    let (len, rest) = rest.split_first_chunk()?;
    let ([kind, len @ ..], _) = rest
        .get(..usize::from(u16::from_be_bytes(*len)))?
        .split_first_chunk::<4>()?;
    let len = u32::from_be_bytes([0, len[0], len[1], len[2]]);
    let body = rest.get(4..4 + usize::try_from(len).ok()?)?;
    Some((HandshakeType(*kind), body))
}

fn of_server((sent, failed): (Vec<u8>, Option<AlertDescription>)) -> Verdict {
    if let Some(alert) = failed {
        return Refuses(alert);
    }
    let Some((_, body)) = message(&sent) else {
        return Waits;
    };
    let hello = ServerHello::parse(body).expect("it is good");
    let extensions = &hello.extensions;
    if hello.is_hello_retry_request() {
        return Retries(
            extensions
                .retry_group
                .map(|group| (hello.cipher_suite, group)),
        );
    }
    let version = extensions.supported_version;
    let group = extensions.key_share.map(|share| share.group);
    Goes(Some((
        version.unwrap_or(hello.legacy_version),
        hello.cipher_suite,
        group,
    )))
}

fn of_client((sent, failed): (Vec<u8>, Option<AlertDescription>)) -> Verdict {
    match (failed, message(&sent)) {
        (Some(alert), _) => Refuses(alert),
        (None, Some((HandshakeType::CLIENT_HELLO, _))) => Retries(None),
        (None, _) => Goes(None),
    }
}

const GROUPS: [NamedGroup; 2] = [NamedGroup::X25519, NamedGroup::SECP256R1];

/// As rustls's is configured.
fn server() -> ServerConnection {
    static CONFIG: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| {
        let builder = ServerConfig::builder().provider(TRANSPARENT);
        let builder = builder.groups(&GROUPS).credential(credential());
        let builder = builder.alpn(["h2"]).prefer_client_suites(true);
        builder
            .require_extended_master_secret(false)
            .build()
            .unwrap()
    });
    ServerConnection::new(Arc::clone(&CONFIG), [2; 32], NOW).unwrap()
}

fn client_with(shares: &[NamedGroup]) -> ClientConnection {
    let builder = ClientConfig::builder().provider(TRANSPARENT);
    let builder = builder.verifier(Arc::new(DangerousAcceptAnyCertificate));
    let config = builder.key_shares(shares).build().unwrap();
    ClientConnection::new(config, name(), [1; 32], NOW).unwrap()
}

/// As rustls's is configured.
fn client() -> ClientConnection {
    static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
        let builder = ClientConfig::builder().provider(TRANSPARENT);
        let builder = builder.verifier(Arc::new(DangerousAcceptAnyCertificate));
        let builder = builder.groups(&GROUPS).key_shares(&GROUPS[..1]);
        let builder = builder.alpn(["h2", "http/1.1"]);
        builder
            .require_extended_master_secret(false)
            .build()
            .unwrap()
    });
    ClientConnection::new(Arc::clone(&CONFIG), name(), [1; 32], NOW).unwrap()
}

/// The first message that a side sends by itself.
fn first(side: &mut impl Side) -> Vec<u8> {
    message_of(&side.take(&[]).0)
}

/// The message that is the first record.
pub fn message_of(sent: &[u8]) -> Vec<u8> {
    let len = usize::from(u16::from_be_bytes([sent[3], sent[4]]));
    sent[5..5 + len].to_vec()
}

/// The ClientHello of this client.
pub fn first_hello(client: ClientConnection) -> Vec<u8> {
    first(&mut Ours(client))
}

/// Good ones to begin with.
fn client_hellos() -> &'static [Vec<u8>] {
    static HELLOS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let with = |options| first(&mut Ours(client_connection(Options(options))));
        vec![
            first(&mut Ours(client())),
            first(&mut rustls::Connection::Client(rustls_peer::client())),
            with(Options::TRANSPARENT | Options::TLS12),
            with(Options::TRANSPARENT | Options::GREASE),
            // With a PSK and early data.
            with(Options::TRANSPARENT | Options::SESSIONS | Options::GREASE),
            with(Options::TRANSPARENT | Options::SESSIONS),
            // With no share, and with that of a group that the server doesn't have.
            first(&mut Ours(client_with(&[]))),
            first(&mut Ours(client_with(&[NamedGroup::SECP384R1]))),
        ]
    });
    &HELLOS
}

/// The first byte chooses a ClientHello that is good; what follows edits it, and after 0xff the second
/// one, if there is to be one.
pub fn client_hello(bytes: &[u8]) {
    let Some((choice, script)) = bytes.split_first() else {
        return;
    };
    let bases = client_hellos();
    let base = &bases[usize::from(*choice) % bases.len()];
    let mut hello = Hello::client(base).expect("it is good");
    let mut script = Script(script);
    let mut ours = Ours(server());
    let mut theirs = rustls::Connection::Server(rustls_peer::server());
    let mut messages = Vec::new();
    for _ in 0..2 {
        hello.edit(&mut script);
        let message = hello.to_bytes();
        let Some(record) = record(&message) else {
            return;
        };
        messages.push(message);
        let ours = of_server(ours.take(&record));
        let theirs = of_server(theirs.take(&record));
        if !is_known(ON_CLIENT_HELLO, &Case::new(&messages, ours, theirs)) {
            let without: Vec<_> = messages.iter().map(|m| without_one_sided(m)).collect();
            let (ours, theirs) = on_servers(&without);
            compare(ON_CLIENT_HELLO, &Case::new(&without, ours, theirs));
            return;
        }
        let (Retries(Some((_, group))), true) = (ours, ours == theirs) else {
            return;
        };
        // The client does as it was told.
        let len = share_len(group);
        if let Some(shares) = hello.extension(ExtensionType::KEY_SHARE.0) {
            let share = key_share(group, len);
            *shares = [&[0, len + 4][..], &share].concat();
        }
        hello.without(ExtensionType::EARLY_DATA.0);
    }
}

/// The verdicts on the last of these.
fn on_servers(messages: &[Vec<u8>]) -> (Verdict, Verdict) {
    let mut ours = Ours(server());
    let mut theirs = rustls::Connection::Server(rustls_peer::server());
    let verdicts = messages.iter().map(|message| match record(message) {
        Some(record) => (
            of_server(ours.take(&record)),
            of_server(theirs.take(&record)),
        ),
        None => (Waits, Waits),
    });
    verdicts.last().unwrap_or((Waits, Waits))
}

fn share_len(group: NamedGroup) -> u8 {
    if group == GROUPS[0] { 32 } else { 65 }
}

fn key_share(group: NamedGroup, len: u8) -> Vec<u8> {
    let [high, low] = group.0.to_be_bytes();
    [&[high, low, 0, len][..], &vec![4; usize::from(len)]].concat()
}

/// What a server could answer.
fn good_server_hello(choice: u8, session_id: &[u8], second: bool) -> Hello {
    let version = |version: u16| (43, version.to_be_bytes().to_vec());
    let share = |group, len| (51, key_share(group, len));
    let random = &[7; 32];
    let of = |random: &[u8], suite: u16, extensions| {
        let suite = suite.to_be_bytes();
        let fields: [&[u8]; 5] = [&[3, 3], random, session_id, &suite, &[0]];
        Hello::new(HandshakeType::SERVER_HELLO, fields, extensions)
    };
    let suite = 0x1301 + u16::from(choice / 4 % 2);
    match choice % 4 {
        // With the group that was asked for; after a cookie alone, with the first.
        1 if second => of(random, suite, vec![version(0x0304), share(GROUPS[1], 65)]),
        _ if second => of(random, suite, vec![version(0x0304), share(GROUPS[0], 32)]),
        0 => of(random, suite, vec![version(0x0304), share(GROUPS[0], 32)]),
        1 => {
            let group = (51, GROUPS[1].0.to_be_bytes().to_vec());
            let extensions = vec![version(0x0304), group];
            of(&HELLO_RETRY_REQUEST_RANDOM, suite, extensions)
        }
        2 => {
            let cookie = (44, vec![0, 2, 8, 8]);
            let extensions = vec![version(0x0304), cookie];
            of(&HELLO_RETRY_REQUEST_RANDOM, suite, extensions)
        }
        _ => {
            let extensions = vec![(23, vec![]), (0xff01, vec![0]), (11, vec![1, 0])];
            of(
                random,
                [0xc02b, 0xcca9][usize::from(choice / 4 % 2)],
                extensions,
            )
        }
    }
}

/// The first byte chooses a ServerHello or HelloRetryRequest that is good; what follows edits it, and
/// after 0xff the ServerHello after a HelloRetryRequest.
pub fn server_hello(bytes: &[u8]) {
    let Some((choice, script)) = bytes.split_first() else {
        return;
    };
    let mut ours = Ours(client());
    let mut theirs = rustls::Connection::Client(rustls_peer::client());
    let sent = [first(&mut ours), first(&mut theirs)];
    let offers = sent.each_ref().map(|sent| Hello::client(sent));
    let offer = ClientHello::parse(&sent[0][4..]).expect("it is good");
    let mut script = Script(script);
    let mut messages = Vec::new();
    for second in [false, true] {
        let mut hello = good_server_hello(*choice, offer.session_id, second);
        hello.edit(&mut script);
        // What only one of them offered can't be compared.
        let unfair = |kind: u16| {
            let offers = offers.iter().flatten();
            let mut offered = offers.filter(|offer| offer.kinds().any(|k| k == kind));
            offered.next().is_some() && offered.next().is_none()
        };
        let message = hello.to_bytes();
        let in_message = Hello::server(&message);
        if in_message.is_some_and(|hello| hello.kinds().any(unfair)) {
            return;
        }
        let Some(record) = record(&message) else {
            return;
        };
        messages.push(message);
        let ours = of_client(ours.take(&record));
        let theirs = of_client(theirs.take(&record));
        let mut case = Case::new(&messages, ours, theirs);
        case.offer = Some(offer);
        compare(ON_SERVER_HELLO, &case);
        if (ours, theirs) != (Retries(None), Retries(None)) {
            return;
        }
    }
}

/// The session ID of our client, which rustls is to have too.
pub fn session_id() -> &'static [u8] {
    static SESSION_ID: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let sent = first(&mut Ours(client()));
        let hello = ClientHello::parse(&sent[4..]).expect("it is good");
        assert_eq!(hello.session_id.len(), 32);
        hello.session_id.to_vec()
    });
    &SESSION_ID
}
