//! Why the two verdicts differ where they do: each rule names a difference on purpose and says by
//! what it is known.

use super::Question;
use super::der::{Body, Node};
use rustls_pki_types::{CertificateDer, DnsName};
use symbolon::error::{CertificateError, CertificateFault as Fault, DecodeFault};
use symbolon::pki::Certificate;

/// What both said.
#[derive(Debug)]
pub(crate) struct Verdicts<'a> {
    pub(crate) question: &'a Question,
    pub(crate) ours: Result<(), CertificateError>,
    pub(crate) theirs: Result<(), webpki::Error>,
}

/// The rule behind a difference; nothing if it isn't a known one.
pub(crate) fn explain(verdicts: &Verdicts<'_>) -> Option<&'static str> {
    let question = verdicts.question;
    match (&verdicts.ours, &verdicts.theirs) {
        (Err(ours), Ok(())) => we_refuse(&ours.fault, question).or_else(|| {
            // Of several failures the one that is told needn't be the one that matters: look at
            // what can't be read.
            let mut unread = question
                .chain
                .iter()
                .filter_map(|der| Certificate::parse(der).err());
            unread.find_map(|error| we_refuse(&Fault::Malformed(error), question))
        }),
        (Ok(()), Err(theirs)) => they_refuse(theirs, question),
        _ => None,
    }
}

fn we_refuse(fault: &Fault, question: &Question) -> Option<&'static str> {
    Some(match fault {
        Fault::KeyUsage { .. } if any_has(question, KEY_USAGE) => {
            "stricter: keyUsage counts (RFC 5280 4.2.1.3)"
        }
        // They don't look at a leaf's key, which is left to the handshake.
        Fault::KeyKind { .. } | Fault::ExplicitCurve | Fault::KeySize { .. } => {
            "stricter: the leaf's key is of a kind that is verified with"
        }
        Fault::Malformed(error) => match (error.what, error.fault) {
            ("issuer", DecodeFault::BadLength) if has_empty_name(question) => {
                "stricter: the issuer has a name (RFC 5280 4.1.2.4)"
            }
            ("subject" | "issuer" | "RelativeDistinguishedName", _) => {
                "stricter: names are well-formed (RFC 5280 4.1.2.4)"
            }
            ("serialNumber", DecodeFault::BadLength) => {
                "stricter: a serial number has 1 to 21 octets (RFC 5280 4.1.2.2)"
            }
            ("serialNumber", DecodeFault::BadValue) => {
                "stricter: an INTEGER is as short as it can be (X.690 8.3.2)"
            }
            ("extensions", DecodeFault::Duplicate) => {
                "stricter: each extension is there once (RFC 5280 4.2)"
            }
            (what, _) if what.starts_with("SubjectPublicKeyInfo") => {
                "stricter: keys are well-formed (RFC 5280 4.1.2.7)"
            }
            ("RSAPublicKey" | "RSAPublicKey.modulus" | "RSAPublicKey.publicExponent", _) => {
                "stricter: keys are well-formed (RFC 5280 4.1.2.7)"
            }
            ("keyUsage", _) if any_has(question, KEY_USAGE) => {
                "stricter: keyUsage is well-formed (RFC 5280 4.2.1.3)"
            }
            ("subjectKeyIdentifier" | "authorityKeyIdentifier", _) => {
                "stricter: key identifiers are well-formed (RFC 5280 4.2.1.1, 4.2.1.2)"
            }
            ("certificatePolicies" | "PolicyInformation" | "policyMappings", _) => {
                "stricter: policies are well-formed (RFC 5280 4.2.1.4)"
            }
            ("policyConstraints" | "inhibitAnyPolicy", _) => {
                "stricter: policies are well-formed (RFC 5280 4.2.1.4)"
            }
            (what, _) if DISTRIBUTION_POINTS.contains(&what) => {
                "stricter: cRLDistributionPoints are well-formed (RFC 5280 4.2.1.13)"
            }
            ("extKeyUsage", _) if any_has(question, EXTENDED_KEY_USAGE) => {
                "stricter: extKeyUsage is well-formed to its end (RFC 5280 4.2.1.12)"
            }
            ("nameConstraints" | "GeneralSubtree", _) if any_has(question, NAME_CONSTRAINTS) => {
                "stricter: nameConstraints are well-formed whatever is below (RFC 5280 4.2.1.10)"
            }
            ("GeneralName" | "rfc822Name" | "uniformResourceIdentifier" | "subjectAltName", _)
                if any_has(question, ALT_NAME) || any_has(question, NAME_CONSTRAINTS) =>
            {
                "stricter: GeneralNames are well-formed (RFC 5280 4.2.1.6)"
            }
            _ => return None,
        },
        _ => return None,
    })
}

fn they_refuse(theirs: &webpki::Error, question: &Question) -> Option<&'static str> {
    use webpki::Error as E;
    Some(match theirs {
        // They try the next candidate after what they refuse, and tell its bad signature.
        E::RequiredEkuNotFoundContext(_) | E::InvalidSignatureForPublicKey
            if any_purpose(question) =>
        {
            "looser: anyExtendedKeyUsage is any (RFC 5280 4.2.1.12)"
        }
        E::CaUsedAsEndEntity if is_ca(question.chain.first()?) => {
            "looser: a CA may be a server too, but for the web"
        }
        E::NameConstraintViolation
        | E::MalformedNameConstraint
        | E::BadDer
        | E::InvalidSignatureForPublicKey
            if constrains_other_forms(question) =>
        {
            "more: names in directories, mail and URIs are compared with constraints"
        }
        E::MalformedNameConstraint if has_odd_base(question) => {
            "looser: the label of a constraint may end in a hyphen"
        }
        E::MalformedDnsIdentifier | E::InvalidSignatureForPublicKey if has_odd_host(question) => {
            "looser: a dNSName that can be no host's is nobody's"
        }
        E::BadDerTime if before_1970(question) => {
            "looser: 1950 to 1969 are years (RFC 5280 4.1.2.5.1)"
        }
        E::UnknownIssuer if names_fit_when_folded(question) => {
            "more: names are compared by RFC 5280 7.1"
        }
        E::BadDer | E::TrailingData(_) if any_has(question, CRL_DISTRIBUTION_POINTS) => {
            "looser: of cRLDistributionPoints only what CRLs need is read"
        }
        _ => return None,
    })
}

/// What an error about cRLDistributionPoints names.
const DISTRIBUTION_POINTS: &[&str] = &[
    "cRLDistributionPoints",
    "issuingDistributionPoint",
    "onlySomeReasons",
];

const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 37, 0];

fn nodes(node: &Node) -> &[Node] {
    match &node.body {
        Body::Nodes(nodes) => nodes,
        Body::Bytes(_) => &[],
    }
}

/// The elements of tbsCertificate.
fn fields(der: &CertificateDer<'_>) -> Vec<Node> {
    let Some(whole) = Node::parse(der) else {
        return Vec::new();
    };
    nodes(&whole)
        .first()
        .map_or(Vec::new(), |tbs| nodes(tbs).to_vec())
}

/// The values of the extensions with this identifier.
fn extension(der: &CertificateDer<'_>, oid: &[u8]) -> Vec<Node> {
    let mut found = Vec::new();
    for list in fields(der).iter().filter(|field| field.tag == 0xa3) {
        for extension in nodes(list).iter().flat_map(nodes) {
            let parts = nodes(extension);
            let named = parts
                .first()
                .is_some_and(|id| id.body == Body::Bytes(oid.to_vec()));
            found.extend(parts.last().filter(|_| named).cloned());
        }
    }
    found
}

fn any_has(question: &Question, oid: &[u8]) -> bool {
    question
        .chain
        .iter()
        .any(|der| !extension(der, oid).is_empty())
}

fn contains(node: &Node, found: &dyn Fn(&Node) -> bool) -> bool {
    found(node) || nodes(node).iter().any(|node| contains(node, found))
}

fn any_purpose(question: &Question) -> bool {
    let any = |node: &Node| node.body == Body::Bytes(ANY_PURPOSE.to_vec());
    let mut all = question
        .chain
        .iter()
        .flat_map(|der| extension(der, EXTENDED_KEY_USAGE));
    all.any(|value| contains(&value, &any))
}

fn is_ca(der: &CertificateDer<'_>) -> bool {
    let truth = |node: &Node| node.tag == 1 && node.body == Body::Bytes(vec![0xff]);
    extension(der, BASIC_CONSTRAINTS)
        .iter()
        .any(|value| contains(value, &truth))
}

/// Whether a CA or a root constrains mail addresses, URIs or directory names.
fn constrains_other_forms(question: &Question) -> bool {
    let other = |node: &Node| matches!(node.tag, 0x81 | 0x86 | 0xa4);
    let anchors = question.anchors.iter().filter_map(|anchor| {
        let contents = anchor.name_constraints.as_ref()?;
        // The contents of a SEQUENCE: in an element of their own they are one.
        let length = u8::try_from(contents.len()).ok()?;
        let header: &[u8] = if length < 128 {
            &[0x30, length]
        } else {
            &[0x30, 0x81, length]
        };
        Node::parse(&[header, contents.as_ref()].concat())
    });
    let chain = question
        .chain
        .iter()
        .flat_map(|der| extension(der, NAME_CONSTRAINTS));
    anchors.chain(chain).any(|value| contains(&value, &other))
}

/// Whether a dNSName has a dot at its end, an empty label, or what else hosts don't have.
fn has_odd_host(question: &Question) -> bool {
    let odd = |node: &Node| match &node.body {
        Body::Bytes(name) if node.tag == 0x82 => {
            let name = name.strip_prefix(b"*.").unwrap_or(name);
            name.ends_with(b".") || !name.contains(&b'.') || DnsName::try_from(name).is_err()
        }
        _ => false,
    };
    let mut all = question
        .chain
        .iter()
        .flat_map(|der| extension(der, ALT_NAME));
    all.any(|value| contains(&value, &odd))
}

fn has_odd_base(question: &Question) -> bool {
    let odd = |node: &Node| match &node.body {
        Body::Bytes(base) if node.tag == 0x82 => {
            let base = base.strip_prefix(b".").unwrap_or(base);
            !base.is_empty() && DnsName::try_from(base).is_err()
        }
        _ => false,
    };
    let mut all = question
        .chain
        .iter()
        .flat_map(|der| extension(der, NAME_CONSTRAINTS));
    all.any(|value| contains(&value, &odd))
}

fn has_empty_name(question: &Question) -> bool {
    let empty = |node: &Node| node.tag == 0x30 && nodes(node).is_empty();
    question
        .chain
        .iter()
        .any(|der| fields(der).iter().any(empty))
}

fn before_1970(question: &Question) -> bool {
    let certificates = question
        .chain
        .iter()
        .filter_map(|der| Certificate::parse(der).ok());
    certificates
        .map(|c| c.validity())
        .any(|(from, to)| from.0 < 0 || to.0 < 0)
}

/// Whether two names in the chain or among the roots differ in bytes alone: in case, in spaces, in
/// the kind of string.
fn names_fit_when_folded(question: &Question) -> bool {
    let fold = |name: &[u8]| -> Vec<u8> {
        let visible = name.iter().filter(|c| c.is_ascii_alphabetic());
        visible.map(u8::to_ascii_lowercase).collect()
    };
    let certificates: Vec<_> = question
        .chain
        .iter()
        .filter_map(|der| Certificate::parse(der).ok())
        .collect();
    let subjects = certificates.iter().map(|c| c.subject().contents().to_vec());
    let roots = question
        .anchors
        .iter()
        .map(|anchor| anchor.subject.to_vec());
    let names: Vec<Vec<u8>> = subjects.chain(roots).collect();
    certificates
        .iter()
        .map(|c| c.issuer().contents())
        .any(|issuer| {
            let folded = fold(issuer);
            let alike = |name: &Vec<u8>| name != issuer && fold(name) == folded;
            names.iter().any(alike)
        })
}
