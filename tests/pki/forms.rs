//! What certificates may say, beside what most of them do: how it is read, shown and refused.

use super::*;
use symbolon::error::DecodeFault;
use symbolon::pki::{Pin, Stranger};

/// A self-signed certificate with this extension besides.
fn with_extension(arcs: &[u64], value: &[u8]) -> CertificateDer<'static> {
    let mut params = params("x");
    params.custom_extensions = vec![CustomExtension::from_oid_content(arcs, value.to_vec())];
    Ca::root_with(params, P256).certificate
}

/// The extension is refused: what, and why.
fn fault(arcs: &[u64], value: &[u8]) -> (&'static str, DecodeFault) {
    let certificate = with_extension(arcs, value);
    let error = Certificate::parse(&certificate).unwrap_err();
    (error.what, error.fault)
}

#[test]
fn attributes_of_names_by_their_short_names() {
    let mut named = params("x");
    let mut name = rcgen::DistinguishedName::new();
    name.push(DnType::LocalityName, "Rome");
    name.push(DnType::StateOrProvinceName, "Lazio");
    for (arcs, value) in [
        (&[2, 5, 4, 5][..], "7"),
        (&[2, 5, 4, 9], "Via Appia"),
        (&[0, 9, 2342, 19_200_300, 100, 1, 25], "example"),
    ] {
        name.push(DnType::CustomDnType(arcs.to_vec()), value);
    }
    named.distinguished_name = name;
    let root = Ca::root_with(named, P256).certificate;
    let certificate = Certificate::parse(&root).unwrap();
    let text = "DC=example,STREET=Via Appia,serialNumber=7,ST=Lazio,L=Rome";
    assert_eq!(certificate.subject_text().as_str(), text);
    assert_eq!(format!("{:?}", certificate.subject()), format!("{text:?}"));
    let shown = format!("{certificate:?}");
    assert!(
        shown.contains(text) && shown.contains("2208988800"),
        "{shown}"
    );
}

#[test]
fn names_of_forms_that_no_host_has() {
    // x400Address, ediPartyName, registeredID.
    let names = [
        der(0xa3, &[]),
        der(0xa5, &[]),
        der(0x88, &[&[0x2a, 3]]),
        der(0x82, &[b"host.example.com"]),
    ];
    let certificate = with_extension(&[2, 5, 29, 17], &der(0x30, &[&names.concat()]));
    let certificate = Certificate::parse(&certificate).unwrap();
    let (presented, more) = certificate.presented_names();
    let presented: Vec<&str> = presented.iter().map(|name| name.as_str()).collect();
    assert_eq!(presented, [HOST]);
    assert_eq!(more, 0);
    assert!(certificate.matches_name(&ServerName::try_from(HOST).unwrap()));
    // A form that there isn't, and an address of five octets.
    for (name, what, why) in [
        (der(0x89, &[]), "GeneralName", DecodeFault::BadValue),
        (
            der(0x87, &[&[1, 2, 3, 4, 5]]),
            "iPAddress",
            DecodeFault::BadLength,
        ),
    ] {
        assert_eq!(fault(&[2, 5, 29, 17], &der(0x30, &[&name])), (what, why));
    }
}

#[test]
fn constraints_on_each_form() {
    let verify = |constrained: &[u8], name: &[u8]| {
        let mut params = ca_params("Constrained");
        let excluded = der(0x30, &[&der(0xa1, &[&der(0x30, &[constrained])])]);
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(&[2, 5, 29, 30], excluded)];
        let root = Ca::root("Root", P256);
        let ca = root.intermediate_with(params, P256);
        let mut params = client_params("x");
        params.custom_extensions = vec![CustomExtension::from_oid_content(
            &[2, 5, 29, 17],
            der(0x30, &[name]),
        )];
        let (leaf, _) = ca.issue_for(&params, P256);
        verify_client(roots([&root.certificate]), &[leaf, ca.certificate])
    };
    // Forms that aren't compared exclude all of their kind.
    let forms = [
        (0xa3, "x400Address"),
        (0xa5, "ediPartyName"),
        (0x88, "registeredID"),
    ];
    for (tag, form) in forms {
        let name = der(tag, &[&[0x2a, 3]]);
        refused(
            verify(&name, &name),
            0,
            AlertDescription::CERTIFICATE_UNKNOWN,
            |f| *f == Fault::NameForm { form },
        );
        assert!(verify(&name, &der(0x82, &[b"example.com"])).is_ok());
    }
    // 2001:db8::/32 leaves other addresses alone, those of IPv4 among them.
    let documentation = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let mut range = [0; 32];
    range[..4].copy_from_slice(&documentation[..4]);
    range[16..20].fill(0xff);
    let range = der(0x87, &[&range]);
    refused(
        verify(&range, &der(0x87, &[&documentation])),
        0,
        AlertDescription::CERTIFICATE_UNKNOWN,
        |f| matches!(f, Fault::NameNotAllowed { name } if name.as_str() == "2001:db8::1"),
    );
    assert!(verify(&range, &der(0x87, &[&[0x20; 16]])).is_ok());
    assert!(verify(&range, &der(0x87, &[&[0x20, 1, 0x0d, 0xb8]])).is_ok());
    // What no name could be compared with.
    let bad = [
        der(0x82, &[b"*.example.com"]),
        der(0x81, &[b"a@*.example.com"]),
        der(0x87, &[&[10, 0, 0, 0, 0xff, 0, 0xff, 0]]),
        der(0x87, &[&[10, 0, 0, 0, 0xff]]),
    ];
    for base in bad {
        let value = der(0x30, &[&der(0xa1, &[&der(0x30, &[&base])])]);
        let (_, why) = fault(&[2, 5, 29, 30], &value);
        assert_eq!(why, DecodeFault::BadValue, "{base:?}");
    }
}

#[test]
fn distribution_points_of_no_use() {
    let what = "cRLDistributionPoints";
    let name = |contents: &[u8]| der(0x30, &[&der(0x30, &[&der(0xa0, &[contents])])]);
    for (value, why) in [
        (der(0x30, &[]), DecodeFault::BadLength),
        // Reasons alone (RFC 5280 4.2.1.13).
        (
            der(0x30, &[&der(0x30, &[&der(0x81, &[&[1, 2]])])]),
            DecodeFault::BadValue,
        ),
        // A fullName without names, and a choice that there isn't.
        (name(&der(0xa0, &[])), DecodeFault::BadLength),
        (name(&der(0xa2, &[])), DecodeFault::BadValue),
    ] {
        assert_eq!(fault(&[2, 5, 29, 31], &value), (what, why), "{value:?}");
    }
}

#[test]
fn nine_bits_of_key_usage() {
    // digitalSignature and decipherOnly: the ninth bit takes a second octet.
    let (store, chain) = {
        let pki = TestPki::new();
        let chain = leaf_with(&pki, |p| {
            p.key_usages = vec![
                KeyUsagePurpose::DigitalSignature,
                KeyUsagePurpose::DecipherOnly,
            ];
        });
        (pki.roots(), chain)
    };
    assert!(verify_server(store, &chain).is_ok());
    let pki = TestPki::new();
    let chain = leaf_with(&pki, |p| p.key_usages = vec![KeyUsagePurpose::DecipherOnly]);
    refused(
        verify_server(pki.roots(), &chain),
        0,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::KeyUsage {
                needed: "digitalSignature",
            }
        },
    );
}

#[test]
fn longer_hashes_for_channel_bindings() {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
    const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
    for (kind, arcs, last, hash) in [
        (KeyKind::Rsa2048, RSA, 12, SignatureHash::Sha384),
        (KeyKind::Rsa2048, RSA, 13, SignatureHash::Sha512),
        (KeyKind::EcdsaP256, ECDSA, 4, SignatureHash::Sha512),
    ] {
        let mut root = TestPki::with_keys(kind).root().to_vec();
        // The last time that it occurs is outside of what is signed.
        let mut windows = root.windows(arcs.len());
        let at = windows.rposition(|window| window == arcs).unwrap() + arcs.len();
        root[at] = last;
        let certificate = Certificate::parse(&root).unwrap();
        assert_eq!(certificate.signature_hash(), Some(hash));
        // Both algorithms must be the same (RFC 5280 4.1.1.2).
        let root = CertificateDer::from(root);
        let chain = [root.clone()];
        assert!(verify_client(roots([&root]), &chain).is_err());
    }
}

#[test]
fn each_reason_for_trust_is_told() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&["a.example", "b.example"], P256);
    let told = |verified: &VerifiedChain| {
        let text = verified.describe(&peer_chain(&chain)).to_string();
        text.lines().last().unwrap().to_owned()
    };
    assert_eq!(
        told(&VerifiedChain::by_application("it has its reasons")),
        "trusted by the application: it has its reasons"
    );
    let pin = Pin::of_certificate(&chain[0], &RUSTCRYPTO.verify);
    assert_eq!(
        told(&VerifiedChain::by_pin(pin)),
        format!("trusted: it is known, {pin}")
    );
    assert_eq!(format!("{pin:?}"), format!("Certificate({pin})"));
    let pin = Pin::of_key(&chain[0], &RUSTCRYPTO.verify).unwrap();
    assert_eq!(format!("{pin:?}"), format!("Key({pin})"));
    // Whom nobody asked for by name is no stranger to be remembered.
    let error = Stranger::of(&request(&chain, Role::Server, None), &RUSTCRYPTO.verify).unwrap_err();
    assert_eq!(error.fault, Fault::NoNameToCheck);
}

#[test]
fn what_is_told_of_a_ca_and_of_many_names() {
    let root = Ca::root("Root", P256);
    let mut params = ca_params("Narrow");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(3));
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example.com".into())],
        excluded_subtrees: Vec::new(),
    });
    let ca = root.intermediate_with(params, P256);
    let names: Vec<String> = (0..7).map(|i| format!("h{i}.example.com")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push(HOST);
    let (leaf, _) = ca.issue_for(&server_params(&names), P256);
    let chain = [leaf, ca.certificate];
    let verified = verify_server(roots([&root.certificate]), &chain).unwrap();
    let text = verified.describe(&peer_chain(&chain)).to_string();
    assert!(
        text.contains("h4.example.com and 3 more\n")
            && text.contains(
                "a CA's, with at most 3 more below it, for the names that it may issue for\n"
            ),
        "{text}"
    );
}
