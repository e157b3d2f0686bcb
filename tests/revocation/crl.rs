//! CRLs.

use super::status::{Crl, DAY, extension, full_name, oid, signed, tlv};
use super::*;
use certs::{TestKey, ca_params};
use rcgen::{CrlDistributionPoint, Issuer, KeyIdMethod, KeyUsagePurpose};
use symbolon::error::{CrlFault, DecodeFault, RevocationReason, StatusSource};
use symbolon::pki::{Certificate, Crl as ParsedCrl, RevocationDepth};

/// An empty list of the server's issuer.
fn empty(world: &World) -> Crl {
    Crl::of(world.ca(), now())
}

fn signed_by_ca(world: &World, crl: &Crl) -> Vec<u8> {
    crl.sign(&world.ca().key)
}

/// Uses one list, which must be known to the certificate's issuer.
fn judged(world: World, crl: impl FnOnce(Crl) -> Crl) -> World {
    let crl = crl(empty(&world));
    let crl = signed_by_ca(&world, &crl);
    world.strict(&[crl])
}

#[track_caller]
fn unknown(world: &World) -> Option<CrlFault> {
    match world.refused() {
        RevocationFault::Unknown { closest } => closest,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn revoked(world: &World) -> Option<RevocationReason> {
    match world.refused() {
        RevocationFault::Revoked { source, reason, .. } => {
            assert_eq!(source, StatusSource::Crl);
            reason
        }
        other => panic!("{other:?}"),
    }
}

fn points(params: &mut CertificateParams, uris: &[&str]) {
    for uri in uris {
        params.crl_distribution_points.push(CrlDistributionPoint {
            uris: vec![(*uri).to_owned()],
        });
    }
}

/// `[0]` of an issuingDistributionPoint.
fn point(uris: &[&str]) -> Vec<u8> {
    tlv(0xa0, &[&full_name(uris)])
}

#[test]
fn what_a_list_says() {
    judged(World::new(), |crl| crl).accepted();
    judged(World::new(), |crl| crl.revoke(&[9]).revoke(&[0x42])).accepted();
    let listed = judged(World::new(), |crl| crl.revoke(&[9]).revoke(SERIAL));
    assert_eq!(revoked(&listed), None);
    let error = listed.verify().unwrap_err().to_string();
    assert_eq!(
        error,
        "the peer's certificate (CN=server,O=symbolon test) was revoked at 2025-12-31T00:00:00Z, \
         says the CRL of its issuer"
    );
    // Without a strict policy as well: a list at hand is always looked at.
    let lenient = listed.policy(|policy| policy.unknown = UnknownStatus::Accept);
    assert_eq!(revoked(&lenient), None);
}

#[test]
fn every_reason_but_remove_from_crl_revokes() {
    for code in 0..=10 {
        let world = World::new();
        let crl = signed_by_ca(&world, &empty(&world).revoke_for(SERIAL, code));
        if code == 7 {
            assert!(matches!(
                ParsedCrl::parse(&crl),
                Err(CrlFault::Malformed(_))
            ));
            continue;
        }
        let reason = RevocationReason::from_code(code).unwrap();
        let parsed = ParsedCrl::parse(&crl).unwrap();
        assert_eq!(parsed.revoked().next().unwrap().reason, Some(reason));
        let world = world.strict(&[crl]);
        match code {
            8 => world.accepted(),
            _ => assert_eq!(revoked(&world), Some(reason)),
        }
    }
    // A removal doesn't hide a revocation of the same certificate.
    let both = judged(World::new(), |crl| crl.revoke_for(SERIAL, 8).revoke(SERIAL));
    assert_eq!(revoked(&both), None);
}

#[test]
fn a_list_as_another_program_makes_it() {
    let world = World::new();
    let revoked_certs = vec![rcgen::RevokedCertParams {
        serial_number: SerialNumber::from(SERIAL.to_vec()),
        revocation_time: rcgen::date_time_ymd(2025, 12, 24),
        reason_code: Some(rcgen::RevocationReason::KeyCompromise),
        invalidity_date: Some(rcgen::date_time_ymd(2025, 12, 20)),
    }];
    let list = rcgen::CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2025, 12, 30),
        next_update: rcgen::date_time_ymd(2026, 1, 3),
        crl_number: SerialNumber::from(vec![1, 2]),
        issuing_distribution_point: None,
        revoked_certs,
        key_identifier_method: KeyIdMethod::PreSpecified(vec![1]),
    };
    let ca = world.ca();
    let issuer = Issuer::from_params(&ca.params, &ca.key);
    let list = list.signed_by(&issuer).unwrap();
    let mut crls = CrlStore::new();
    let pem = list.pem().unwrap();
    assert_eq!(crls.add_pem(pem.as_bytes()), Ok(1));
    assert_eq!(crls.add_pem(pem.repeat(2).as_bytes()), Ok(2));
    assert_eq!((crls.len(), crls.is_empty()), (3, false));
    let garbage = crls.add_pem(b"-----BEGIN X509 CRL-----\n!\n-----END X509 CRL-----\n");
    assert!(matches!(garbage, Err(CrlFault::Malformed(_))));
    let world = world.policy(|policy| policy.crls = crls.into());
    assert_eq!(revoked(&world), Some(RevocationReason::KeyCompromise));
}

#[test]
fn many_entries_are_found_by_serial_number() {
    let world = World::new();
    let mut crl = empty(&world);
    // Not in order, and one serial number is the beginning of another.
    for i in (0..2000u32).rev() {
        let serial = (i * 7 + 0x0100_0000).to_be_bytes();
        crl = crl.revoke(&serial[..if i % 3 == 0 { 4 } else { 3 }]);
    }
    let with = signed_by_ca(&world, &crl.clone().revoke(SERIAL).revoke(&[0x42]));
    assert_eq!(ParsedCrl::parse(&with).unwrap().revoked().count(), 2002);
    let without = signed_by_ca(&world, &crl);
    let world = world.strict(&[with]);
    assert_eq!(revoked(&world), None);
    world.strict(&[without]).accepted();
    // A needless zero in front is the same number.
    let zero = judged(World::new(), |crl| crl.revoke(&[0, 0x42, 1]));
    assert_eq!(revoked(&zero), None);
}

#[test]
fn only_the_issuers_own_lists_count() {
    assert_eq!(unknown(&World::new().strict(&[])), None);
    World::new().accepted();
    // Of another CA.
    let world = World::new();
    let other = Crl::of(&world.pki.root, now()).revoke(SERIAL);
    let other = other.sign(&world.pki.root.key);
    assert_eq!(unknown(&world.strict(&[other])), None);
    // In the issuer's name, and signed by somebody else.
    let world = World::new();
    let forged = empty(&world).revoke(SERIAL).sign(&world.pki.root.key);
    assert_eq!(
        unknown(&world.strict(&[forged])),
        Some(CrlFault::BadSignature)
    );
    // Another algorithm than the key's.
    let world = World::new();
    let forged = empty(&world).sign(&TestKey::new(KeyKind::Ed25519, 1));
    assert_eq!(
        unknown(&world.strict(&[forged])),
        Some(CrlFault::BadSignature)
    );
    // A good one besides is found.
    let world = World::new();
    let forged = empty(&world).revoke(SERIAL).sign(&world.pki.root.key);
    let good = signed_by_ca(&world, &empty(&world));
    world.strict(&[forged, good]).accepted();
}

#[test]
fn the_issuer_must_be_allowed_to_sign_lists() {
    let root = Ca::root("Test Root", P256);
    let mut params = ca_params("Test Intermediate");
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let intermediate = root.intermediate_with(params, P256);
    let world = World::below(TestPki { root, intermediate }, |_| ());
    let crl = signed_by_ca(&world, &empty(&world));
    let mut crls = CrlStore::new();
    let ca = Certificate::parse(&world.ca().certificate).unwrap();
    let added = crls.add_verified(crl.as_slice(), &ca, &RUSTCRYPTO.verify);
    assert_eq!(added, Err(CrlFault::KeyUsage));
    assert_eq!(unknown(&world.strict(&[crl])), Some(CrlFault::KeyUsage));
}

/// A certificate for `key` with the name of the CA.
fn named_like(ca: &Ca, by: &Ca, key: &TestKey, usage: KeyUsagePurpose) -> CertificateDer<'static> {
    let mut params = ca.params.clone();
    params.key_usages = vec![usage];
    params.serial_number = Some(SerialNumber::from(vec![0x66]));
    by.issue(&params, key)
}

#[test]
fn a_key_of_the_issuer_for_lists_alone() {
    const SIGN: KeyUsagePurpose = KeyUsagePurpose::CrlSign;
    let key = TestKey::fresh(P256);
    let other_root = Ca::root("Test Root", P256);
    // The certificate of the key that signs lists, which comes along: issued by the root or by the
    // CA itself, and in the wrong ways.
    for (of, by, usage, counts) in [
        ("Test Intermediate", "root", SIGN, true),
        ("Test Intermediate", "itself", SIGN, true),
        ("Test Intermediate", "stranger", SIGN, false),
        (
            "Test Intermediate",
            "root",
            KeyUsagePurpose::KeyCertSign,
            false,
        ),
        ("Somebody Else", "root", SIGN, false),
    ] {
        for listed in [false, true] {
            let mut world = World::new();
            let crl = empty(&world);
            let crl = if listed { crl.revoke(SERIAL) } else { crl };
            let crl = crl.sign(&key);
            let named = Ca::root(of, P256);
            let by = match by {
                "root" => &world.pki.root,
                "itself" => &world.pki.intermediate,
                _ => &other_root,
            };
            let signer = named_like(&named, by, &key, usage);
            world.chain.push(signer);
            world.staples.push(None);
            let world = world.strict(&[crl]);
            match (counts, listed) {
                // The signer's own status is required as well, and nobody tells it.
                (true, false) => assert_eq!(unknown(&world), Some(CrlFault::BadSignature)),
                (true, true) => {
                    let lenient = world.policy(|policy| policy.unknown = UnknownStatus::Accept);
                    assert_eq!(revoked(&lenient), None);
                }
                (false, _) => {
                    assert_eq!(unknown(&world), Some(CrlFault::BadSignature));
                    world
                        .policy(|policy| policy.unknown = UnknownStatus::Accept)
                        .accepted();
                }
            }
        }
    }
}

#[test]
fn the_key_for_lists_may_be_revoked_itself() {
    for signer_revoked in [false, true] {
        let key = TestKey::fresh(P256);
        let mut world = World::new();
        let root = &world.pki.root;
        let signer = named_like(world.ca(), root, &key, KeyUsagePurpose::CrlSign);
        let of_root = Crl::of(root, now());
        let of_root = if signer_revoked {
            of_root.revoke(&[0x66])
        } else {
            of_root
        };
        let of_root = of_root.sign(&root.key);
        let own = empty(&world).sign(&key);
        world.chain.push(signer);
        world.staples.push(None);
        let world = world.strict(&[own, of_root]);
        match signer_revoked {
            false => world.accepted(),
            true => assert_eq!(unknown(&world), Some(CrlFault::BadSignature)),
        }
    }
}

#[test]
fn a_list_that_was_verified_when_it_was_added() {
    let world = World::new();
    let ca = Certificate::parse(&world.ca().certificate).unwrap();
    let root = Certificate::parse(&world.pki.root.certificate).unwrap();
    let crl = signed_by_ca(&world, &empty(&world).revoke(SERIAL));
    let forged = empty(&world).sign(&world.pki.root.key);
    let mut crls = CrlStore::new();
    let mut add = |crl: &[u8], issuer| crls.add_verified(crl, issuer, &RUSTCRYPTO.verify);
    assert_eq!(add(&forged, &ca), Err(CrlFault::BadSignature));
    assert_eq!(add(&forged, &root), Err(CrlFault::Scope));
    assert_eq!(add(&crl, &ca), Ok(()));
    assert_eq!(crls.len(), 1);
    let world = world.policy(|policy| policy.crls = crls.into());
    assert_eq!(revoked(&world), None);
    // It takes no signature from the budget: two are those of the path.
    let two = symbolon::pki::Budget {
        signatures: 2,
        ..Default::default()
    };
    let error = world.verify_with(&world.verifier().with_budget(two));
    assert!(matches!(
        error.unwrap_err().fault,
        CertificateFault::Revocation(RevocationFault::Revoked { .. })
    ));
    let world = World::new();
    let crl = signed_by_ca(&world, &empty(&world));
    let world = world.strict(&[crl]);
    let error = world.verify_with(&world.verifier().with_budget(two));
    assert_eq!(error.unwrap_err().fault, CertificateFault::OutOfBudget);
}

#[test]
fn times() {
    let at = |this: i64, next: i64| {
        judged(World::new(), |crl| Crl {
            this_update: now() + this,
            next_update: Some(now() + next),
            ..crl
        })
    };
    at(0, 0).accepted();
    at(-DAY, -299).accepted();
    at(299, DAY).accepted();
    assert!(matches!(
        unknown(&at(-DAY, -301)),
        Some(CrlFault::Outdated { .. })
    ));
    assert!(matches!(
        unknown(&at(301, DAY)),
        Some(CrlFault::NotYet { .. })
    ));
    // An outdated list knows of no good certificate, but what it lists stays revoked.
    let old = judged(World::new(), |crl| Crl {
        next_update: Some(now() - 3 * DAY),
        ..crl.revoke(SERIAL)
    });
    assert_eq!(revoked(&old), None);
    // RFC 5280 5.1.2.5: nextUpdate must be there.
    let world = World::new();
    let endless = Crl {
        next_update: None,
        ..empty(&world)
    };
    let result = CrlStore::new().add(signed_by_ca(&world, &endless));
    assert!(matches!(result, Err(CrlFault::Malformed(e)) if e.what == "nextUpdate"));
}

#[test]
fn the_newer_list_is_asked_first() {
    let world = World::new();
    // On hold, and released: the newer list has no entry.
    let old = Crl {
        this_update: now() - 3 * DAY,
        ..empty(&world).revoke_for(SERIAL, 6)
    };
    let [old, new] = [old, empty(&world)].map(|crl| signed_by_ca(&world, &crl));
    world.strict(&[old, new]).accepted();
}

/// The CRL of a certificate's second distribution point is authoritative just as that of the first
/// (RUSTSEC-2026-0049).
#[test]
fn rustsec_2026_0049_every_distribution_point_counts() {
    let [a, b, c] = [
        "http://a.example/1",
        "http://b.example/2",
        "http://c.example/3",
    ];
    for uris in [&[b][..], &[a, b], &[a, c, b]] {
        for listed in [true, false] {
            let world = World::with(|params| points(params, uris));
            let world = judged(world, |crl| {
                let crl = crl.scope(&[&point(&[b])]);
                if listed { crl.revoke(SERIAL) } else { crl }
            });
            match listed {
                true => assert_eq!(revoked(&world), None, "{uris:?}"),
                false => world.accepted(),
            }
            let lenient = world.policy(|policy| policy.unknown = UnknownStatus::Accept);
            assert_eq!(lenient.verify().is_ok(), !listed);
        }
    }
    // A point of the list with several names, of which one is the certificate's.
    let world = World::with(|params| points(params, &[a, b]));
    let world = judged(world, |crl| crl.scope(&[&point(&[c, b])]).revoke(SERIAL));
    assert_eq!(revoked(&world), None);
    // None of them.
    for uris in [&[a, b][..], &[]] {
        let world = World::with(|params| points(params, uris));
        let world = judged(world, |crl| crl.scope(&[&point(&[c])]).revoke(SERIAL));
        assert_eq!(unknown(&world), Some(CrlFault::Scope));
    }
}

#[test]
fn distribution_points_with_directory_names() {
    let world = World::new();
    let issuer = Certificate::parse(&world.ca().certificate).unwrap();
    let kind = oid("2.5.4.11");
    let rdn = tlv(0x30, &[&kind, &tlv(0x0c, &[b"list 1"])]);
    let full = tlv(0x30, &[issuer.subject().contents(), &tlv(0x31, &[&rdn])]);
    let full = tlv(0xa0, &[&tlv(0xa4, &[&full])]);
    // Letter case aside, it is the same name.
    let other_rdn = tlv(0x30, &[&kind, &tlv(0x13, &[b"LIST 1"])]);
    let relative = tlv(0xa1, &[&rdn]);
    let spelled = tlv(0xa1, &[&other_rdn]);
    let another = tlv(0xa1, &[&tlv(0x30, &[&kind, &tlv(0x0c, &[b"list 2"])])]);
    for (of_certificate, of_list, same) in [
        (&full, &full, true),
        (&full, &relative, true),
        (&relative, &full, true),
        (&relative, &relative, true),
        (&relative, &spelled, true),
        (&spelled, &full, true),
        (&relative, &another, false),
        (&full, &another, false),
    ] {
        let value = tlv(0x30, &[&tlv(0x30, &[&tlv(0xa0, &[of_certificate])])]);
        // The issuer is called the same in every world.
        let world = World::with(|params| {
            let extension = custom(&[2, 5, 29, 31], false, value);
            params.custom_extensions.push(extension);
        });
        let world = judged(world, |crl| {
            crl.scope(&[&tlv(0xa0, &[of_list])]).revoke(SERIAL)
        });
        match same {
            true => assert_eq!(revoked(&world), None),
            false => assert_eq!(unknown(&world), Some(CrlFault::Scope)),
        }
    }
    // A list for the issuer's own name is for all that it issued.
    let world = World::with(|params| points(params, &["http://a.example"]));
    let own = tlv(
        0xa0,
        &[&tlv(0xa4, &[&status::subject(&world.ca().certificate)])],
    );
    let world = judged(world, |crl| crl.scope(&[&tlv(0xa0, &[&own])]));
    world.accepted();
}

#[test]
fn lists_for_one_kind_of_certificate() {
    const ONLY_USER: &[u8] = &[0x81, 1, 0xff];
    const ONLY_CA: &[u8] = &[0x82, 1, 0xff];
    const ONLY_ATTRIBUTE: &[u8] = &[0x85, 1, 0xff];
    let user = judged(World::new(), |crl| crl.scope(&[ONLY_USER]).revoke(SERIAL));
    assert_eq!(revoked(&user), None);
    for only in [ONLY_CA, ONLY_ATTRIBUTE] {
        let world = judged(World::new(), |crl| crl.scope(&[only]).revoke(SERIAL));
        assert_eq!(unknown(&world), Some(CrlFault::Scope));
    }
    // The intermediate's status, from the root's lists.
    for (only, counts) in [(ONLY_USER, false), (ONLY_CA, true), (ONLY_ATTRIBUTE, false)] {
        let world = World::new();
        let crl = Crl::of(&world.pki.root, now()).scope(&[only]);
        let crl = crl.revoke(&[1]).sign(&world.pki.root.key);
        let leaf = signed_by_ca(&world, &empty(&world));
        let world = world.strict(&[crl, leaf]);
        // Not asked for.
        world.accepted();
        let world = world.policy(|policy| policy.depth = RevocationDepth::Chain);
        let error = world.verify().unwrap_err();
        assert_eq!(error.index, Some(1));
        match fault(error) {
            RevocationFault::Revoked { .. } => assert!(counts),
            RevocationFault::Unknown { closest } => {
                assert!(!counts);
                assert_eq!(closest, Some(CrlFault::Scope));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_whole_chain() {
    let world = World::new();
    let root = Crl::of(&world.pki.root, now()).sign(&world.pki.root.key);
    let leaf = signed_by_ca(&world, &empty(&world));
    let chain = |world: World| world.policy(|policy| policy.depth = RevocationDepth::Chain);
    let world = chain(world.strict(std::slice::from_ref(&leaf)));
    let error = world.verify().unwrap_err();
    assert_eq!(error.index, Some(1));
    assert_eq!(fault(error), RevocationFault::Unknown { closest: None });
    world.strict(&[leaf, root]).accepted();
}

#[test]
fn lists_for_some_reasons_add_up() {
    // unused, keyCompromise, cACompromise; all others up to aACompromise.
    const SOME: &[u8] = &[0x83, 2, 5, 0x60];
    const OTHERS: &[u8] = &[0x83, 3, 7, 0x1f, 0x80];
    let some = judged(World::new(), |crl| crl.scope(&[SOME]));
    assert_eq!(unknown(&some), Some(CrlFault::SomeReasons));
    let world = World::new();
    let lists =
        [SOME, OTHERS].map(|reasons| signed_by_ca(&world, &empty(&world).scope(&[reasons])));
    world.strict(&lists).accepted();
    let world = World::new();
    let crl = empty(&world).scope(&[OTHERS]).revoke(SERIAL);
    let lists = [empty(&world).scope(&[SOME]), crl].map(|crl| signed_by_ca(&world, &crl));
    assert_eq!(revoked(&world.strict(&lists)), None);
    // The certificate says that its point is for some reasons.
    let name = point(&["http://a.example"]);
    let value = tlv(0x30, &[&tlv(0x30, &[&name, &[0x81, 2, 5, 0x60]])]);
    let extension = custom(&[2, 5, 29, 31], false, value);
    let world = World::with(|params| params.custom_extensions.push(extension));
    let world = judged(world, |crl| crl.scope(&[&point(&["http://a.example"])]));
    assert_eq!(unknown(&world), Some(CrlFault::SomeReasons));
}

/// An empty BIT STRING among the reasons of a list's scope is refused, before the signature is
/// looked at (RUSTSEC-2026-0104).
#[test]
fn rustsec_2026_0104_an_empty_bit_string() {
    let world = World::new();
    for bits in [
        &[0x83, 0][..],
        &[0x83, 1, 1],
        &[0x83, 4, 0, 1, 1, 1],
        &[0x83, 2, 8, 0],
    ] {
        let crl = empty(&world).scope(&[bits]);
        let tbs = crl.tbs(P256);
        let unsigned = tlv(0x30, &[&tbs, &status::algorithm(P256), &[3, 1, 0]]);
        for crl in [unsigned, signed_by_ca(&world, &crl)] {
            let error = ParsedCrl::parse(&crl).unwrap_err();
            assert!(
                matches!(error, CrlFault::Malformed(e)
                    if e.what == "onlySomeReasons" && e.fault == DecodeFault::BadValue),
                "{error}"
            );
            assert_eq!(CrlStore::new().add(crl), Err(error));
        }
    }
    // In the certificate's distribution points.
    let value = tlv(0x30, &[&tlv(0x30, &[&point(&["http://a"]), &[0x81, 0]])]);
    let world = World::with(|params| {
        let extension = custom(&[2, 5, 29, 31], false, value);
        params.custom_extensions.push(extension);
    });
    assert!(matches!(
        world.verify().unwrap_err().fault,
        CertificateFault::Malformed(_)
    ));
}

#[test]
fn delta_and_indirect_lists_are_refused_by_name() {
    let world = World::new();
    let mut delta = empty(&world);
    delta
        .extensions
        .push(extension("2.5.29.27", true, &[2, 1, 1]));
    let mut indirect_entry = empty(&world).revoke(SERIAL);
    let issuer = tlv(0x30, &[&tlv(0xa4, &[&indirect_entry.issuer])]);
    let issuer = extension("2.5.29.29", true, &issuer);
    indirect_entry.entries[0].2.push(issuer);
    let indirect = empty(&world).scope(&[&[0x84, 1, 0xff]]);
    for (crl, fault, words) in [
        (
            delta,
            CrlFault::Delta,
            "is a delta CRL, and only complete ones are used here",
        ),
        (
            indirect_entry,
            CrlFault::Indirect,
            "is an indirect CRL, and only those of the issuer itself are used here",
        ),
        (
            indirect,
            CrlFault::Indirect,
            "is an indirect CRL, and only those of the issuer itself are used here",
        ),
    ] {
        let error = CrlStore::new().add(signed_by_ca(&world, &crl)).unwrap_err();
        assert_eq!(error, fault);
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn unknown_extensions() {
    let world = World::new();
    for critical in [true, false] {
        let strange = extension("1.2.3.4", critical, &[5, 0]);
        let mut of_list = empty(&world);
        of_list.extensions.push(strange.clone());
        // Of an entry for somebody else.
        let mut of_entry = empty(&world).revoke(&[77]);
        of_entry.entries[0].2.push(strange);
        for crl in [of_list, of_entry] {
            let result = CrlStore::new().add(signed_by_ca(&world, &crl));
            match critical {
                true => assert!(matches!(
                    result,
                    Err(CrlFault::CriticalExtension { oid }) if oid.as_str() == "1.2.3.4"
                )),
                false => assert_eq!(result, Ok(())),
            }
        }
    }
}

#[test]
fn the_form_of_a_list() {
    let world = World::new();
    let good = empty(&world).revoke(SERIAL);
    let whole = signed_by_ca(&world, &good);
    let shown = format!("{:?}", ParsedCrl::parse(&whole).unwrap());
    let issuer = "issuer: \"CN=Test Intermediate,O=symbolon test\"";
    assert!(shown.contains(issuer), "{shown}");
    let changed = |change: &dyn Fn(&mut Crl)| {
        let mut crl = good.clone();
        change(&mut crl);
        ParsedCrl::parse(&signed_by_ca(&world, &crl)).map(|_| ())
    };
    // v1 has no extensions; without any it may be.
    assert!(changed(&|crl| crl.version = vec![]).is_err());
    let first = |crl: &mut Crl| {
        crl.version = vec![];
        crl.extensions = vec![];
    };
    assert_eq!(changed(&first), Ok(()));
    let entry = |crl: &mut Crl| {
        first(crl);
        *crl = crl.clone().revoke_for(&[5], 1);
    };
    assert!(changed(&entry).is_err());
    assert!(changed(&|crl| crl.version = vec![2, 1, 0]).is_err());
    assert!(changed(&|crl| crl.version = vec![2, 1, 2]).is_err());
    assert!(changed(&|crl| crl.issuer = vec![0x30, 0]).is_err());
    assert!(changed(&|crl| *crl = crl.clone().scope(&[])).is_err());
    let both: [&[u8]; 2] = [&[0x81, 1, 0xff], &[0x82, 1, 0xff]];
    assert!(changed(&|crl| *crl = crl.clone().scope(&both)).is_err());
    let twice = |crl: &mut Crl| crl.extensions.extend(crl.extensions.clone());
    assert!(changed(&twice).is_err());
    // Flags that are neither true nor false, and a reason of two octets.
    assert!(changed(&|crl| *crl = crl.clone().scope(&[&[0x81, 1, 5]])).is_err());
    let reason = |crl: &mut Crl| {
        let long = extension("2.5.29.21", false, &[0x0a, 2, 0, 1]);
        crl.entries.push((vec![5], crl.this_update, vec![long]));
    };
    assert!(changed(&reason).is_err());
    // Another algorithm inside than outside (RFC 5280 5.1.1.2).
    let key = TestKey::fresh(KeyKind::Ed25519);
    let two = signed(&key, &good.tbs(P256), &[]);
    let fault = ParsedCrl::parse(&two).map(|_| ()).unwrap_err();
    assert!(matches!(fault, CrlFault::Malformed(e) if e.fault == DecodeFault::BadValue));
    // An empty list of entries instead of none.
    let bare = Crl {
        extensions: Vec::new(),
        ..empty(&world)
    };
    let tbs = bare.tbs(P256);
    assert!(ParsedCrl::parse(&signed(&world.ca().key, &tbs, &[])).is_ok());
    let head = if tbs[1] < 0x80 { 2 } else { 3 };
    let tbs = tlv(0x30, &[&tbs[head..], &[0x30, 0]]);
    let fault = ParsedCrl::parse(&signed(&world.ca().key, &tbs, &[])).map(|_| ());
    assert!(
        matches!(fault, Err(CrlFault::Malformed(e)) if e.fault == DecodeFault::BadLength),
        "{fault:?}"
    );
    // Cut short anywhere, or with more after its end.
    for end in 0..whole.len() {
        assert!(ParsedCrl::parse(&whole[..end]).is_err());
    }
    assert!(ParsedCrl::parse(&[&whole[..], &[0]].concat()).is_err());
}
