//! Chains that are made whole, with a few things in them that are not as usual.

use super::certs::{Ca, KeyKind, TestKey, ca_params, distinguished_name, params};
use super::{Question, Tally, runner};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, DnType,
    ExtendedKeyUsagePurpose as Eku, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints,
    SanType, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, ServerName};
use symbolon::pki::{Role, RootStore};

const HOST: &str = "a.b.example.com";

/// Something unusual about the certificate in a place of the chain, 0 being the leaf.
#[derive(Clone, Debug)]
enum Twist {
    Expired,
    NotYetValid,
    Ca(IsCa),
    KeyUsage(Vec<KeyUsagePurpose>),
    Purposes(Vec<Eku>),
    Extension {
        critical: bool,
        known: bool,
    },
    Constraints(Vec<GeneralSubtree>, Vec<GeneralSubtree>),
    Names(Vec<SanType>),
    /// The issuer's name, and somebody else's key.
    WrongSigner,
    WrongIssuer,
    /// Its subject is its issuer's.
    SelfIssued,
    NoSubject,
    Key(KeyKind),
    /// Below, in what is sent: another certificate of the same name and key from an unknown CA.
    CrossSigned,
}

/// Something unusual about what is sent.
#[derive(Clone, Debug)]
enum Change {
    Swap(usize, usize),
    Drop(usize),
    Repeat(usize),
    Stranger(usize),
    Garbage(usize, Vec<u8>),
}

#[derive(Clone, Debug)]
struct Plan {
    intermediates: usize,
    twists: Vec<(usize, Twist)>,
    changes: Vec<Change>,
    /// The root is one among others, or an intermediate is trusted too, or nobody.
    trusted: Trusted,
    role: Role,
    name: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Trusted {
    Root,
    AmongOthers,
    Intermediate,
    Leaf,
    Namesake,
    Nobody,
}

const HOSTS: &[&str] = &[
    HOST,
    "b.example.com",
    "example.com",
    "example.org",
    "*.b.example.com",
    "*.example.com",
    "*.com",
    "a*.b.example.com",
    "*",
    "A.B.EXAMPLE.COM",
    "a.b.example.com.",
    ".b.example.com",
    "*.*.example.com",
    "a..example.com",
    "",
    "xn--a.example.com",
    "a_b.example.com",
    "a b.example.com",
    "192.0.2.1",
];

const TREES: &[&str] = &[
    "example.com",
    ".example.com",
    "b.example.com",
    "a.b.example.com",
    "EXAMPLE.com",
    "com",
    "",
    "example.org",
    "*.example.com",
    "example.com.",
    "xample.com",
];

fn ia5(text: &str) -> rcgen::string::Ia5String {
    rcgen::string::Ia5String::try_from(text).expect("it is ASCII")
}

fn san() -> impl Strategy<Value = SanType> {
    prop_oneof![
        6 => select(HOSTS).prop_map(|name| SanType::DnsName(ia5(name))),
        1 => select(vec!["192.0.2.1", "192.0.2.200", "2001:db8::1"])
            .prop_map(|ip| SanType::IpAddress(ip.parse().unwrap())),
        1 => select(vec!["a@example.com", "a@b.example.com", "nobody", "a@EXAMPLE.com"])
            .prop_map(|name| SanType::Rfc822Name(ia5(name))),
        1 => select(vec!["https://example.com/", "urn:a", "https://a.b.example.com:8443/x"])
            .prop_map(|name| SanType::URI(ia5(name))),
    ]
}

fn subtree() -> impl Strategy<Value = GeneralSubtree> {
    prop_oneof![
        6 => select(TREES).prop_map(|name| GeneralSubtree::DnsName(name.to_owned())),
        2 => select(vec![
            CidrSubnet::V4([192, 0, 2, 0], [255, 255, 255, 0]),
            CidrSubnet::V4([192, 0, 2, 0], [255, 255, 255, 128]),
            CidrSubnet::V4([192, 0, 2, 0], [255, 0, 255, 0]),
            CidrSubnet::V4([0; 4], [0; 4]),
            CidrSubnet::V6([0; 16], [0; 16]),
        ])
        .prop_map(GeneralSubtree::IpAddress),
        1 => select(vec!["example.com", ".example.com", "a@example.com"])
            .prop_map(|name| GeneralSubtree::Rfc822Name(name.to_owned())),
        1 => select(vec!["Place 0", "elsewhere"])
            .prop_map(|name| GeneralSubtree::DirectoryName(distinguished_name(name))),
    ]
}

fn twist() -> impl Strategy<Value = Twist> {
    use KeyUsagePurpose as Usage;
    let usages = vec![
        Usage::DigitalSignature,
        Usage::KeyCertSign,
        Usage::CrlSign,
        Usage::KeyEncipherment,
    ];
    let purposes = vec![Eku::Any, Eku::ServerAuth, Eku::ClientAuth, Eku::CodeSigning];
    let ca = prop_oneof![
        Just(IsCa::NoCa),
        Just(IsCa::ExplicitNoCa),
        Just(IsCa::Ca(BasicConstraints::Unconstrained)),
        (0..3u8).prop_map(|n| IsCa::Ca(BasicConstraints::Constrained(n))),
    ];
    prop_oneof![
        1 => Just(Twist::Expired),
        1 => Just(Twist::NotYetValid),
        4 => ca.prop_map(Twist::Ca),
        2 => vec(select(usages), 1..3).prop_map(Twist::KeyUsage),
        3 => vec(select(purposes), 1..3).prop_map(Twist::Purposes),
        1 => (any::<bool>(), any::<bool>())
            .prop_map(|(critical, known)| Twist::Extension { critical, known }),
        8 => (vec(subtree(), 0..3), vec(subtree(), 0..3))
            .prop_map(|(permitted, excluded)| Twist::Constraints(permitted, excluded)),
        8 => vec(san(), 0..4).prop_map(Twist::Names),
        1 => Just(Twist::WrongSigner),
        1 => Just(Twist::WrongIssuer),
        2 => Just(Twist::SelfIssued),
        1 => Just(Twist::NoSubject),
        2 => select(&KeyKind::ALL[..]).prop_map(Twist::Key),
        2 => Just(Twist::CrossSigned),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0..6usize;
    prop_oneof![
        (at.clone(), at.clone()).prop_map(|(a, b)| Change::Swap(a, b)),
        at.clone().prop_map(Change::Drop),
        at.clone().prop_map(Change::Repeat),
        at.clone().prop_map(Change::Stranger),
        (at, vec(any::<u8>(), 0..4)).prop_map(|(at, bytes)| Change::Garbage(at, bytes)),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let trusted = prop_oneof![
        10 => Just(Trusted::Root),
        2 => Just(Trusted::AmongOthers),
        1 => Just(Trusted::Intermediate),
        1 => Just(Trusted::Leaf),
        1 => Just(Trusted::Namesake),
        1 => Just(Trusted::Nobody),
    ];
    let role = prop_oneof![3 => Just(Role::Server), 1 => Just(Role::Client),
    ];
    let name = prop_oneof![
        8 => Just(HOST),
        1 => select(vec!["b.example.com", "a.b.example.com.", "192.0.2.1", "A.b.Example.com", "2001:db8::1"]),
    ];
    let twists = vec((0..5usize, twist()), 0..4);
    let changes = vec(change(), 0..2);
    (0..4usize, twists, changes, trusted, role, name).prop_map(
        |(intermediates, twists, changes, trusted, role, name)| Plan {
            intermediates,
            twists,
            changes,
            trusted,
            role,
            name,
        },
    )
}

/// A certificate to be.
struct Draft {
    params: CertificateParams,
    kind: KeyKind,
    wrong_signer: bool,
    wrong_issuer: bool,
    cross_signed: bool,
    self_issued: bool,
}

impl Draft {
    fn new(place: usize) -> Self {
        let params = match place {
            0 => {
                let mut params = params("Place 0");
                params.subject_alt_names = vec![SanType::DnsName(ia5(HOST))];
                params
            }
            _ => ca_params(&format!("Place {place}")),
        };
        Self {
            params,
            kind: KeyKind::EcdsaP256,
            wrong_signer: false,
            wrong_issuer: false,
            cross_signed: false,
            self_issued: false,
        }
    }

    fn twist(&mut self, twist: Twist) {
        let params = &mut self.params;
        match twist {
            Twist::Expired => params.not_after = date_time_ymd(2025, 1, 1),
            Twist::NotYetValid => params.not_before = date_time_ymd(2027, 1, 1),
            Twist::Ca(is_ca) => params.is_ca = is_ca,
            Twist::KeyUsage(usages) => params.key_usages = usages,
            Twist::Purposes(purposes) => params.extended_key_usages = purposes,
            Twist::Extension { critical, known } => {
                let (oid, value): (&[u64], &[u8]) = match known {
                    // privateKeyUsagePeriod, which nobody reads, or issuerAltName.
                    true => (&[2, 5, 29, 18], b"\x30\x03\x82\x01a"),
                    false => (&[1, 2, 3, 4], b"\x05\x00"),
                };
                let mut extension = CustomExtension::from_oid_content(oid, value.to_vec());
                extension.set_criticality(critical);
                params.custom_extensions = vec![extension];
            }
            Twist::Constraints(permitted_subtrees, excluded_subtrees) => {
                params.name_constraints = Some(NameConstraints {
                    permitted_subtrees,
                    excluded_subtrees,
                });
            }
            Twist::Names(names) => params.subject_alt_names = names,
            Twist::WrongSigner => self.wrong_signer = true,
            Twist::WrongIssuer => self.wrong_issuer = true,
            Twist::SelfIssued => self.self_issued = true,
            Twist::NoSubject => params.distinguished_name = rcgen::DistinguishedName::new(),
            Twist::Key(kind) => self.kind = kind,
            Twist::CrossSigned => self.cross_signed = true,
        }
    }
}

fn build(plan: Plan) -> Option<Question> {
    let places = plan.intermediates + 2;
    let mut drafts: Vec<Draft> = (0..places).map(Draft::new).collect();
    for (place, twist) in plan.twists {
        drafts[place % places].twist(twist);
    }
    let stranger = Ca::root("Stranger", KeyKind::EcdsaP256);
    let root = drafts.pop().expect("there is one");
    let mut issuer = Ca::root_with(root.params, root.kind);
    let root_certificate = issuer.certificate.clone();
    let mut sent: Vec<CertificateDer<'static>> = Vec::new();
    let mut last = root_certificate.clone();
    for (place, mut draft) in drafts.into_iter().enumerate().rev() {
        if draft.self_issued {
            draft.params.distinguished_name = issuer.params.distinguished_name.clone();
        }
        let key = TestKey::fresh(draft.kind);
        let signer = if draft.wrong_signer {
            &stranger.key
        } else {
            &issuer.key
        };
        let mut above = issuer.params.clone();
        if draft.wrong_issuer {
            above
                .distinguished_name
                .push(DnType::LocalityName, "elsewhere");
        }
        // rcgen refuses nothing here that a CA could sign.
        let named = rcgen::Issuer::from_params(&above, signer);
        let certificate = draft.params.signed_by(&key, &named).ok()?.der().clone();
        sent.insert(0, certificate.clone());
        if draft.cross_signed && place > 0 {
            sent.insert(0, stranger.issue(&draft.params, &key));
        }
        last = certificate.clone();
        issuer = Ca {
            params: draft.params,
            key,
            certificate,
        };
    }
    let namesake = Ca::root(&format!("Place {}", places - 1), KeyKind::EcdsaP256);
    let above_leaf = sent.get(1).unwrap_or(&root_certificate).clone();
    let trusted = match plan.trusted {
        Trusted::Root => vec![root_certificate],
        Trusted::AmongOthers => vec![
            namesake.certificate,
            stranger.certificate.clone(),
            root_certificate,
        ],
        Trusted::Intermediate => vec![above_leaf],
        Trusted::Leaf => vec![last],
        Trusted::Namesake => vec![namesake.certificate],
        Trusted::Nobody => vec![],
    };
    for change in plan.changes {
        let at = |i: usize, n: usize| i % n.max(1);
        let n = sent.len();
        match change {
            Change::Swap(a, b) => sent.swap(at(a, n), at(b, n)),
            Change::Drop(i) if n > 1 => drop(sent.remove(at(i, n))),
            Change::Drop(_) => {}
            Change::Repeat(i) => sent.push(sent[at(i, n)].clone()),
            Change::Stranger(i) => sent.insert(1 + at(i, n), stranger.certificate.clone()),
            Change::Garbage(i, bytes) => sent.insert(1 + at(i, n), bytes.into()),
        }
    }
    let mut roots = RootStore::new();
    for certificate in &trusted {
        roots.add(certificate).ok()?;
    }
    Some(Question {
        chain: sent,
        anchors: roots.anchors().cloned().collect(),
        role: plan.role,
        name: ServerName::try_from(plan.name).expect("it is a name"),
    })
}

#[test]
fn generated_chains() {
    let tally = Tally::default();
    let mut runner = runner(500);
    runner
        .run(&plan(), |plan| {
            let Some(question) = build(plan) else {
                return Ok(());
            };
            tally.compare(&question).map_err(TestCaseError::fail)
        })
        .unwrap();
    tally.finish("generated chains", 100);
}
