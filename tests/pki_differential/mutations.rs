//! A good chain with something changed in its bytes, signed again or not.

use super::certs::{Ca, KeyKind, TestKey, ca_params, distinguished_name, server_params};
use super::der::{Body, Node};
use super::{Question, Tally, runner};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rcgen::{
    BasicConstraints, CidrSubnet, CrlDistributionPoint, CustomExtension, GeneralSubtree, IsCa,
    NameConstraints, SanType, SigningKey,
};
use rustls_pki_types::{CertificateDer, ServerName};
use symbolon::pki::{Role, RootStore};

/// What happens to one element.
#[derive(Clone, Debug)]
enum Edit {
    Delete,
    Repeat,
    SwapWithNext,
    Tag(u8),
    Bytes(Vec<u8>),
    Flip(usize, u8),
    Push(u8),
    Pop,
    LongLength,
    /// Another element of the certificate in its place.
    Replace(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let tags = vec![
        1, 2, 3, 4, 5, 6, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0x80, 0x81, 0x82, 0x86, 0x87,
        0xa0, 0xa1, 0xa2, 0xa3, 0xa4,
    ];
    prop_oneof![
        1 => Just(Edit::Delete),
        1 => Just(Edit::Repeat),
        1 => Just(Edit::SwapWithNext),
        1 => select(tags).prop_map(Edit::Tag),
        1 => vec(any::<u8>(), 0..8).prop_map(Edit::Bytes),
        2 => (any::<usize>(), 0..8u8).prop_map(|(at, bit)| Edit::Flip(at, 1 << bit)),
        1 => any::<u8>().prop_map(Edit::Push),
        1 => Just(Edit::Pop),
        1 => Just(Edit::LongLength),
        1 => any::<usize>().prop_map(Edit::Replace),
    ]
}

impl Edit {
    fn apply(&self, root: &mut Node, n: usize) {
        let other = match self {
            Self::Replace(m) => {
                let (m, mut other) = (m % (root.count() - 1).max(1), None);
                root.at(m, &mut |nodes, i| other = Some(nodes[i].clone()));
                other
            }
            _ => None,
        };
        root.at(n % (root.count() - 1).max(1), &mut |nodes, i| match self {
            Self::Delete => drop(nodes.remove(i)),
            Self::Repeat => nodes.insert(i, nodes[i].clone()),
            Self::SwapWithNext => {
                let next = (i + 1) % nodes.len();
                nodes.swap(i, next);
            }
            Self::Tag(tag) => nodes[i].tag = *tag,
            Self::Bytes(bytes) => nodes[i].body = Body::Bytes(bytes.clone()),
            Self::LongLength => nodes[i].long_length = true,
            Self::Replace(_) => nodes[i] = other.clone().expect("it was looked up"),
            Self::Flip(at, bits) => {
                if let Body::Bytes(bytes) = &mut nodes[i].body
                    && !bytes.is_empty()
                {
                    let at = at % bytes.len();
                    bytes[at] ^= bits;
                }
            }
            Self::Push(byte) => match &mut nodes[i].body {
                Body::Bytes(bytes) => bytes.push(*byte),
                Body::Nodes(nodes) => nodes.push(Node {
                    tag: *byte & 0x9f,
                    body: Body::Bytes(vec![]),
                    long_length: false,
                }),
            },
            Self::Pop => match &mut nodes[i].body {
                Body::Bytes(bytes) => drop(bytes.pop()),
                Body::Nodes(nodes) => drop(nodes.pop()),
            },
        });
    }
}

/// A root, an intermediate and a leaf, with an example of each extension that either side reads.
struct World {
    root: Ca,
    intermediate: Ca,
    leaf: CertificateDer<'static>,
    roots: RootStore,
}

impl World {
    fn new() -> Self {
        let root = Ca::root("Root", KeyKind::EcdsaP256);
        let mut params = ca_params("Intermediate");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![
                GeneralSubtree::DnsName("example.com".into()),
                GeneralSubtree::IpAddress(CidrSubnet::V4([192, 0, 2, 0], [255, 255, 255, 0])),
            ],
            excluded_subtrees: vec![GeneralSubtree::DnsName("bad.example.com".into())],
        });
        let intermediate = root.intermediate_with(params, KeyKind::EcdsaP256);
        let mut params = server_params(&["a.example.com", "*.b.example.com", "192.0.2.7"]);
        params.distinguished_name = distinguished_name("Leaf");
        let mail = rcgen::string::Ia5String::try_from("a@example.com").unwrap();
        params.subject_alt_names.push(SanType::Rfc822Name(mail));
        params.is_ca = IsCa::ExplicitNoCa;
        params.crl_distribution_points = vec![CrlDistributionPoint {
            uris: vec!["http://crl.example.com/1".into()],
        }];
        // certificatePolicies and authorityInfoAccess.
        for (oid, value) in [
            (
                &[2, 5, 29, 32][..],
                &b"\x30\x08\x30\x06\x06\x04\x55\x1d\x20\x00"[..],
            ),
            (
                &[1, 3, 6, 1, 5, 5, 7, 1, 1],
                b"\x30\x11\x30\x0f\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x01\x86\x03a:b",
            ),
        ] {
            let extension = CustomExtension::from_oid_content(oid, value.to_vec());
            params.custom_extensions.push(extension);
        }
        let leaf = intermediate.issue_for(&params, KeyKind::EcdsaP256).0;
        let mut roots = RootStore::new();
        roots.add(&root.certificate).unwrap();
        Self {
            root,
            intermediate,
            leaf,
            roots,
        }
    }

    fn question(&self, leaf: CertificateDer<'static>, above: CertificateDer<'static>) -> Question {
        Question {
            chain: vec![leaf, above],
            anchors: self.roots.anchors().cloned().collect(),
            role: Role::Server,
            name: ServerName::try_from("a.example.com").unwrap(),
        }
    }
}

/// Changes what is signed and signs it again; or changes anything.
fn changed(
    der: &CertificateDer<'_>,
    edits: &[(usize, Edit)],
    signer: Option<&TestKey>,
) -> CertificateDer<'static> {
    let mut certificate = Node::parse(der).expect("it is DER");
    match signer {
        None => {
            for (n, edit) in edits {
                edit.apply(&mut certificate, *n);
            }
        }
        Some(signer) => {
            let tbs = &mut certificate.children()[0];
            for (n, edit) in edits {
                edit.apply(tbs, *n);
            }
            let signature = signer.sign(&tbs.to_vec()).expect("it signs");
            let value = [vec![0], signature].concat();
            certificate.children()[2].body = Body::Bytes(value);
        }
    }
    certificate.to_vec().into()
}

#[test]
fn mutated_chains() {
    let (world, tally) = (World::new(), Tally::default());
    let whole = world.question(world.leaf.clone(), world.intermediate.certificate.clone());
    assert_eq!((whole.ours(), whole.theirs()), (Ok(()), Ok(())));

    let mut runner = runner(2000);
    let edits = vec((any::<usize>(), edit()), 1..3);
    let strategy = (edits, any::<bool>(), prop::bool::weighted(0.9));
    runner
        .run(&strategy, |(edits, is_leaf, signed)| {
            let (leaf, above) = (&world.leaf, &world.intermediate.certificate);
            let (leaf, above) = if is_leaf {
                let signer = signed.then_some(&world.intermediate.key);
                (changed(leaf, &edits, signer), above.clone())
            } else {
                let signer = signed.then_some(&world.root.key);
                (leaf.clone(), changed(above, &edits, signer))
            };
            let question = world.question(leaf, above);
            tally.compare(&question).map_err(TestCaseError::fail)
        })
        .unwrap();
    tally.finish("mutated chains", 100);
}

/// Bytes changed anywhere in what is sent, without care for lengths.
#[test]
fn broken_bytes() {
    let (world, tally) = (World::new(), Tally::default());
    for is_leaf in [true, false] {
        let whole = match is_leaf {
            true => &world.leaf,
            false => &world.intermediate.certificate,
        };
        for at in 0..whole.len() {
            for bit in [0x01, 0x20, 0x80] {
                let mut bytes = whole.to_vec();
                bytes[at] ^= bit;
                let changed = CertificateDer::from(bytes);
                let question = match is_leaf {
                    true => world.question(changed, world.intermediate.certificate.clone()),
                    false => world.question(world.leaf.clone(), changed),
                };
                assert!(question.ours().is_err(), "{at} {bit}");
                tally.compare(&question).unwrap();
            }
        }
    }
}
