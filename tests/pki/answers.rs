//! What a person is told: every path, the rule, the remedy.

use super::*;

#[test]
fn every_path_is_told_with_its_reason() {
    let old = Ca::root("Old Root", P256);
    let new = Ca::root("New Root", P256);
    let middle = new.intermediate("Middle", P256);
    let mut ended = middle.params.clone();
    ended.not_after = date_time_ymd(2025, 12, 29);
    let expired = old.issue(&ended, &middle.key);
    let twin = Ca::root("New Root", P256);
    let (leaf, _) = middle.issue_for(&server_params(&[HOST]), P256);
    let chain = [leaf, middle.certificate.clone(), expired];
    let store = roots([&old.certificate, &twin.certificate]);
    let error = verify_server(store, &chain).unwrap_err();

    let (paths, more) = error.tried();
    assert_eq!(more, 0);
    let told: Vec<(&[usize], Option<&str>)> = paths
        .iter()
        .map(|tried| {
            let root = tried.root.as_ref().map(|root| root.as_str());
            (&tried.path[..], root)
        })
        .collect();
    let root = "CN=New Root,O=symbolon test";
    assert_eq!(told, [(&[0, 1][..], Some(root)), (&[0, 2], None)]);
    assert_eq!(paths[0].failure.fault, Fault::BadSignature);
    assert!(matches!(paths[1].failure.fault, Fault::Expired { .. }));
    assert_eq!(error.index, Some(2));
    assert_eq!(error.alert(), AlertDescription::CERTIFICATE_EXPIRED);
    assert_eq!(
        format!("{error:#}"),
        "certificate 2 of the peer's chain (CN=Middle,O=symbolon test) expired at \
         2025-12-29T00:00:00Z, 3 days before 2026-01-01T00:00:00Z\n  \
         rule: RFC 5280 4.1.2.5\n  \
         tried: 0 <- 1 <- root CN=New Root,O=symbolon test: certificate 1 of the peer's chain \
         (CN=Middle,O=symbolon test) has a signature that is not its issuer's\n  \
         tried: 0 <- 2: certificate 2 of the peer's chain (CN=Middle,O=symbolon test) expired at \
         2025-12-29T00:00:00Z, 3 days before 2026-01-01T00:00:00Z\n  \
         remedy: renew the certificate, or set the clock if it is wrong"
    );
}

#[test]
fn an_intermediate_that_was_not_sent() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let error = verify_server(pki.roots(), &chain[..1]).unwrap_err();
    assert_eq!(
        error.remedy().unwrap(),
        "have the peer send the intermediate certificate of \
         CN=Test Intermediate,O=symbolon test, or add that to the roots if it is one"
    );
    let (paths, more) = error.tried();
    assert_eq!((paths.len(), more), (1, 0));
    assert_eq!(paths[0].path, [0]);
}

#[test]
fn a_name_that_is_not_there() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&["a.example", "*.b.example"], P256);
    let error = verify_server(pki.roots(), &chain).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("is not for host.example.com but for a.example, *.b.example"),
        "{error}"
    );
    assert_eq!(
        error.remedy().unwrap(),
        "connect by a name that the certificate has, or have host.example.com added to it"
    );
    // No path was looked for.
    assert_eq!(error.tried(), (&[][..], 0));
}

#[test]
fn the_paths_told_are_bounded_and_shared() {
    let (leaf, _) = Ca::root("Crowd", P256).issue_for(&server_params(&[HOST]), P256);
    let mut chain = vec![leaf];
    chain.extend((0..30).map(|_| {
        let mut params = ca_params("Crowd");
        params.not_after = date_time_ymd(2025, 1, 1);
        Ca::root_with(params, P256).certificate
    }));
    let root = Ca::root("Root", P256);
    let error = verify_server(roots([&root.certificate]), &chain).unwrap_err();
    assert!(matches!(error.fault, Fault::Expired { .. }));
    let (paths, more) = error.tried();
    assert_eq!((paths.len(), more), (8, 22));
    let copy = error.clone();
    assert!(std::ptr::eq(copy.tried().0, paths));
    assert!(format!("{error:#}").contains("\n  tried: 22 more\n"));
}

#[test]
fn running_out_is_told_as_such_with_what_was_tried() {
    let root = Ca::root("Root", P256);
    let twin = Ca::root("Root", P256);
    let (leaf, _) = root.issue_for(&server_params(&[HOST]), P256);
    let chain = [leaf, twin.certificate.clone()];
    let verifier = |budget| {
        PathVerifier::new(roots([&twin.certificate, &root.certificate]))
            .with_budget(budget)
            .verify_now(
                &request(&chain, Role::Server, Some(HOST)),
                &RUSTCRYPTO.verify,
            )
    };
    let all = Budget::default();
    assert_eq!(verifier(all).unwrap().path(), [0]);
    for (budget, tried) in [
        (
            Budget {
                signatures: 1,
                ..all
            },
            1,
        ),
        (Budget { steps: 1, ..all }, 1),
        (
            Budget {
                comparisons: 0,
                ..all
            },
            0,
        ),
        (
            Budget {
                certificates: 1,
                ..all
            },
            0,
        ),
    ] {
        let error = verifier(budget).unwrap_err();
        assert_eq!(error.fault, Fault::OutOfBudget);
        assert_eq!(error.index, None);
        assert_eq!(error.tried().0.len(), tried, "{budget:?}");
    }
}
