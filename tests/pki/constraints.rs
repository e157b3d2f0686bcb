//! Name constraints (RFC 5280 4.2.1.10).

use super::*;

fn constrained(permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>) -> Ca {
    let mut params = ca_params("Constrained");
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted,
        excluded_subtrees: excluded,
    });
    Ca::root("Root", P256).intermediate_with(params, P256)
}

/// Whether a leaf with these names gets through; the constrained CA stands in as the root, once
/// by its certificate in the store and once below another root.
#[track_caller]
fn passes(ca: &Ca, params: &CertificateParams) -> bool {
    let (leaf, _) = ca.issue_for(params, P256);
    let as_root = verify_client(roots([&ca.certificate]), std::slice::from_ref(&leaf));
    let root = Ca::root("Root", P256);
    let below = verify_client(roots([&root.certificate]), &[leaf, root.cross_sign(ca)]);
    for result in [&as_root, &below] {
        if let Err(error) = result {
            assert!(
                matches!(error.fault, Fault::NameNotAllowed { .. }),
                "{error}"
            );
            assert_eq!(error.index, Some(0));
            assert_eq!(error.alert(), AlertDescription::CERTIFICATE_UNKNOWN);
        }
    }
    assert_eq!(as_root.is_ok(), below.is_ok());
    as_root.is_ok()
}

#[test]
fn name_constraints() {
    let dns = |name: &str| GeneralSubtree::DnsName(name.into());
    let ca = constrained(vec![dns("example.com")], vec![dns("bad.example.com")]);
    for (names, fits) in [
        (&["example.com"][..], true),
        (&["a.b.example.com"], true),
        (&["EXAMPLE.com"], true),
        (&["example.org"], false),
        (&["notexample.com"], false),
        (&["a.example.com", "example.org"], false),
        (&["bad.example.com"], false),
        (&["x.bad.example.com"], false),
        // The wildcard stands for the excluded host as well.
        (&["*.example.com"], false),
        (&["*.a.example.com"], true),
        // Nothing is said of addresses.
        (&["192.0.2.1"], true),
        (&[], true),
    ] {
        assert_eq!(passes(&ca, &named(names)), fits, "{names:?}");
    }

    let range = |a, b, c, d, prefix| {
        let address = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix))
    };
    let ca = constrained(vec![range(10, 0, 0, 0, 8)], vec![range(10, 9, 0, 0, 16)]);
    for (name, fits) in [
        ("10.1.2.3", true),
        ("11.1.2.3", false),
        ("10.9.2.3", false),
        ("2001:db8::1", false),
        ("example.com", true),
    ] {
        assert_eq!(passes(&ca, &named(&[name])), fits, "{name}");
    }

    // Directory names, in any letter case and string type (RFC 5280 7.1).
    let mut base = rcgen::DistinguishedName::new();
    base.push(
        DnType::OrganizationName,
        DnValue::PrintableString("SYMBOLON  Test".try_into().unwrap()),
    );
    let ca = constrained(vec![GeneralSubtree::DirectoryName(base.clone())], vec![]);
    assert!(passes(&ca, &named(&[])));
    let mut foreign = named(&[]);
    foreign.distinguished_name.remove(DnType::OrganizationName);
    foreign
        .distinguished_name
        .push(DnType::OrganizationName, "another");
    assert!(!passes(&ca, &foreign));
    let ca = constrained(vec![], vec![GeneralSubtree::DirectoryName(base)]);
    assert!(!passes(&ca, &named(&[])));
    assert!(passes(&ca, &foreign));
}

#[test]
fn constraints_on_forms_that_are_not_known() {
    let root = Ca::root("Root", P256);
    let mut params = ca_params("Constrained");
    // Excluded: an otherName of type 1.2.3.
    let excluded = [
        &[0x30, 0x0f, 0xa1, 0x0d, 0x30, 0x0b][..],
        &[0xa0, 0x09, 6, 2, 0x2a, 3, 0xa0, 3, 0x0c, 1, b'x'],
    ];
    params.custom_extensions = vec![CustomExtension::from_oid_content(
        &[2, 5, 29, 30],
        excluded.concat(),
    )];
    let ca = root.intermediate_with(params, P256);
    let mut other = client_params("x");
    other.subject_alt_names = vec![SanType::OtherName((vec![1, 2, 3], "y".into()))];
    let (leaf, _) = ca.issue_for(&other, P256);
    refused(
        verify_client(roots([&root.certificate]), &[leaf, ca.certificate.clone()]),
        0,
        AlertDescription::CERTIFICATE_UNKNOWN,
        |f| *f == Fault::NameForm { form: "otherName" },
    );
    // It hinders nobody who has no such name.
    let (leaf, _) = ca.issue_for(&client_params("x"), P256);
    assert!(verify_client(roots([&root.certificate]), &[leaf, ca.certificate]).is_ok());
}

#[test]
fn constraints_cost_no_more_than_the_budget() {
    let subtrees = (0..100).map(|i| GeneralSubtree::DnsName(format!("d{i}.example.com")));
    let ca = constrained(vec![], subtrees.collect());
    let names: Vec<String> = (0..100).map(|i| format!("n{i}.example.net")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (leaf, _) = ca.issue_for(&named(&names), P256);
    let request = request(&[leaf], Role::Client, None);
    // The subject is compared as well, and with the issuer to tell whether it is another.
    for (comparisons, fits) in [(10_101, true), (10_100, false)] {
        let verifier = PathVerifier::new(roots([&ca.certificate])).with_budget(Budget {
            comparisons,
            ..Budget::default()
        });
        let result = verifier.verify_now(&request, &RUSTCRYPTO.verify);
        if fits {
            assert!(result.is_ok());
        } else {
            refused(result, None, AlertDescription::CERTIFICATE_UNKNOWN, |f| {
                *f == Fault::OutOfBudget
            });
        }
    }
}
