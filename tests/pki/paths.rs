//! Finding a path: order, extra and cross-signed certificates, lengths, budgets.

use super::*;

#[test]
fn path_lengths() {
    let root = Ca::root("Root", P256);
    let limited = |limit| {
        let mut params = ca_params("Upper");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(limit));
        root.intermediate_with(params, P256)
    };
    for (limit, fits) in [(0, false), (1, true)] {
        let upper = limited(limit);
        let lower = upper.intermediate("Lower", P256);
        let (leaf, _) = lower.issue_for(&server_params(&[HOST]), P256);
        let result = verify_server(
            roots([&root.certificate]),
            &[leaf, lower.certificate, upper.certificate],
        );
        if fits {
            assert_eq!(result.unwrap().path(), [0, 1, 2]);
        } else {
            refused(result, 2, AlertDescription::UNKNOWN_CA, |f| {
                *f == Fault::PathTooLong { limit: 0 }
            });
        }
    }
    // A self-issued certificate (a change of keys) doesn't count (RFC 5280 6.1.4 (l)).
    let upper = limited(0);
    let renewed = upper.intermediate("Upper", P256);
    let (leaf, _) = renewed.issue_for(&server_params(&[HOST]), P256);
    let chain = [leaf, renewed.certificate, upper.certificate];
    assert_eq!(
        verify_server(roots([&root.certificate]), &chain)
            .unwrap()
            .path(),
        [0, 1, 2]
    );
}

#[test]
fn intermediates_in_any_order_with_others_among_them() {
    let root = Ca::root("Root", P256);
    let upper = root.intermediate("Upper", P256);
    let lower = upper.intermediate("Lower", P256);
    let (leaf, _) = lower.issue_for(&server_params(&[HOST]), P256);
    let stranger = Ca::root("Stranger", P256);
    let store = || roots([&root.certificate]);

    let ordered = [
        leaf.clone(),
        lower.certificate.clone(),
        upper.certificate.clone(),
    ];
    assert_eq!(verify_server(store(), &ordered).unwrap().path(), [0, 1, 2]);
    let shuffled = [
        leaf.clone(),
        stranger.certificate.clone(),
        upper.certificate.clone(),
        leaf.clone(),
        root.certificate.clone(),
        lower.certificate.clone(),
    ];
    assert_eq!(verify_server(store(), &shuffled).unwrap().path(), [0, 5, 2]);
}

#[test]
fn cross_signed_intermediates() {
    let old = Ca::root("Old Root", P256);
    let new = Ca::root("New Root", P256);
    let middle = new.intermediate("Middle", P256);
    let by_old = old.cross_sign(&middle);
    let new_by_old = old.cross_sign(&new);
    let (leaf, _) = middle.issue_for(&server_params(&[HOST]), P256);
    let by_new = middle.certificate.clone();

    let both = [leaf.clone(), by_old.clone(), by_new.clone()];
    let path = |store, chain: &[_]| verify_server(store, chain).unwrap().path().to_vec();
    assert_eq!(path(roots([&old.certificate]), &both), [0, 1]);
    assert_eq!(path(roots([&new.certificate]), &both), [0, 2]);
    // The new root, signed by the old one, leads on to it.
    let bridge = [leaf.clone(), by_new.clone(), new_by_old];
    assert_eq!(path(roots([&old.certificate]), &bridge), [0, 1, 2]);
    assert_eq!(path(roots([&new.certificate]), &bridge), [0, 1]);

    // A version that doesn't hold is left for one that does; if none does, it says why.
    let mut ended = middle.params.clone();
    ended.not_after = date_time_ymd(2025, 1, 1);
    let expired = new.issue(&ended, &middle.key);
    let chain = [leaf.clone(), expired.clone(), by_old];
    assert_eq!(
        path(roots([&old.certificate, &new.certificate]), &chain),
        [0, 2]
    );
    refused(
        verify_server(roots([&new.certificate]), &chain),
        1,
        AlertDescription::CERTIFICATE_EXPIRED,
        |f| matches!(f, Fault::Expired { .. }),
    );

    // Two that have signed each other lead in no circle.
    let a = Ca::root("A", P256);
    let b = Ca::root("B", P256);
    let (leaf, _) = a.issue_for(&server_params(&[HOST]), P256);
    let chain = [
        leaf,
        b.cross_sign(&a),
        a.cross_sign(&b),
        a.certificate.clone(),
    ];
    refused(
        verify_server(roots([&old.certificate]), &chain),
        2,
        AlertDescription::UNKNOWN_CA,
        |f| matches!(f, Fault::UnknownIssuer { .. }),
    );
}

#[test]
fn same_name_and_another_key() {
    let root = Ca::root("Root", P256);
    let right = root.intermediate("Middle", P256);
    let wrong = root.intermediate("Middle", P256);
    let mut params = server_params(&[HOST]);
    for hint in [true, false] {
        // Without key identifiers it has to be found out by trying.
        params.use_authority_key_identifier_extension = hint;
        let (leaf, _) = right.issue_for(&params, P256);
        let chain = [leaf, wrong.certificate.clone(), right.certificate.clone()];
        let verified = verify_server(roots([&root.certificate]), &chain).unwrap();
        assert_eq!(verified.path(), [0, 2]);
        let budget = |signatures| {
            PathVerifier::new(roots([&root.certificate]))
                .with_budget(Budget {
                    signatures,
                    ..Budget::default()
                })
                .verify_now(
                    &request(&chain, Role::Server, Some(HOST)),
                    &RUSTCRYPTO.verify,
                )
        };
        // Two for each path tried.
        let enough = if hint { 2 } else { 4 };
        assert!(budget(enough).is_ok());
        refused(
            budget(enough - 1),
            None,
            AlertDescription::CERTIFICATE_UNKNOWN,
            |f| *f == Fault::OutOfBudget,
        );
    }
}

#[test]
fn a_crowd_of_issuers_with_one_name_runs_out_of_budget() {
    // Each may have issued each other: as many paths as there are orders.
    let crowd: Vec<Ca> = (0..12).map(|_| Ca::root("Crowd", P256)).collect();
    let mut params = server_params(&[HOST]);
    params.use_authority_key_identifier_extension = false;
    let (leaf, _) = crowd[0].issue_for(&params, P256);
    let mut chain = vec![leaf];
    chain.extend(crowd.iter().map(|ca| ca.certificate.clone()));
    let out_of_budget = |f: &Fault| *f == Fault::OutOfBudget;
    let alert = AlertDescription::CERTIFICATE_UNKNOWN;
    let stranger = Ca::root("Stranger", P256);
    refused(
        verify_server(roots([&stranger.certificate]), &chain),
        None,
        alert,
        out_of_budget,
    );
    // With a root of that name there are signatures to verify at every step: no more than allowed.
    let twin = Ca::root("Crowd", P256);
    refused(
        verify_server(roots([&twin.certificate]), &chain),
        None,
        alert,
        out_of_budget,
    );
    // And more certificates than are looked at.
    let many = vec![chain[0].clone(); 101];
    refused(
        verify_server(roots([&twin.certificate]), &many),
        None,
        alert,
        out_of_budget,
    );
}
