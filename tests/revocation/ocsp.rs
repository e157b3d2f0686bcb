//! Stapled OCSP responses.

use super::status::{
    self, DAY, IdHash, Ocsp, Single, by_key, by_name, certificate_id, extension, tlv,
};
use super::*;
use certs::{TestKey, params};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose, date_time_ymd};
use symbolon::error::{OcspFault, RevocationReason, StatusSource};
use symbolon::pki::{CertificateStatus, OcspResponse, RevocationDepth};

fn good(world: &World) -> Single {
    Single::good(world.ca(), world.leaf(), now())
}

/// Signed by the CA.
fn by_ca(world: &World, singles: Vec<Single>) -> Vec<u8> {
    Ocsp::by(world.ca(), now(), singles).sign(&world.ca().key)
}

/// Staples what is made of a good response by the CA.
fn stapled(change: impl FnOnce(&mut Ocsp)) -> World {
    let world = World::new();
    let mut response = Ocsp::by(world.ca(), now(), vec![good(&world)]);
    change(&mut response);
    let response = response.sign(&world.ca().key);
    world.staple(response)
}

#[track_caller]
fn bad(world: &World) -> OcspFault {
    match world.refused() {
        RevocationFault::BadStaple(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn good_revoked_and_unknown() {
    stapled(|_| ()).accepted();
    for reason in [None, Some(1), Some(6)] {
        let world = World::new();
        let single = Single::revoked(world.ca(), world.leaf(), now(), reason);
        let response = by_ca(&world, vec![single]);
        let world = world.staple(response);
        let RevocationFault::Revoked {
            source,
            since,
            reason: told,
        } = world.refused()
        else {
            panic!("it is revoked")
        };
        assert_eq!(source, StatusSource::Ocsp);
        assert_eq!(since.0, now() - 2 * DAY);
        assert_eq!(told, reason.and_then(RevocationReason::from_code));
        // Bad staples may be ignored, not good ones with bad news.
        let lenient = world.policy(|policy| policy.ignore_bad_staples = true);
        assert!(matches!(lenient.refused(), RevocationFault::Revoked { .. }));
    }
    let world = World::new();
    let single = Single::unknown(world.ca(), world.leaf(), now());
    let response = by_ca(&world, vec![single]);
    let world = world.staple(response);
    assert_eq!(bad(&world), OcspFault::UnknownCertificate);
}

#[test]
fn what_a_response_tells_when_it_is_read() {
    let world = World::new();
    let revoked = Single::revoked(world.ca(), world.leaf(), now(), Some(4));
    let response = by_ca(&world, vec![good(&world), revoked]);
    let parsed = OcspResponse::parse(&response).unwrap();
    assert_eq!(parsed.produced_at().0, now() - DAY);
    let shown = format!("{parsed:?}");
    assert!(shown.contains(&(now() - DAY).to_string()), "{shown}");
    let told: Vec<_> = parsed.responses().collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].status, CertificateStatus::Good);
    assert_eq!(told[0].serial, SERIAL);
    assert_eq!(told[0].next_update.unwrap().0, now() + 6 * DAY);
    assert!(matches!(
        told[1].status,
        CertificateStatus::Revoked {
            reason: Some(RevocationReason::Superseded),
            ..
        }
    ));
}

#[test]
fn a_responder_is_named_by_a_hash_of_twenty_octets() {
    let world = World::new();
    for (len, fits) in [(19, false), (20, true), (21, false)] {
        let responder = tlv(0xa2, &[&tlv(0x04, &[&vec![7; len]])]);
        let response = Ocsp {
            responder,
            ..Ocsp::by(world.ca(), now(), vec![good(&world)])
        };
        let response = response.sign(&world.ca().key);
        assert_eq!(OcspResponse::parse(&response).is_ok(), fits, "{len}");
    }
}

/// A response that is good, signed and in time, but for another certificate, says nothing about this
/// one (CVE-2026-58062).
#[test]
fn cve_2026_58062_a_response_for_another_certificate() {
    let mut world = World::new();
    let mut params = server_params(&[HOST]);
    params.serial_number = Some(SerialNumber::from(vec![0x42, 2]));
    let (sibling, _) = world.ca().issue_for(&params, P256);
    let own = world.chain[0].clone();
    // The same serial number, and issuers that differ by name, by key, and by both.
    let renamed = Ca::root("Another Name", P256);
    let rekeyed = world.pki.root.intermediate("Test Intermediate", P256);
    let ids = [
        (&world.ca().certificate, &sibling),
        (&renamed.certificate, &own),
        (&rekeyed.certificate, &own),
        (&world.pki.root.certificate, &own),
    ];
    let ids = ids.map(|(issuer, certificate)| {
        [IdHash::Sha1, IdHash::Sha256].map(|hash| certificate_id(issuer, certificate, hash))
    });
    for id in ids.into_iter().flatten() {
        let other_good = Single { id, ..good(&world) };
        let other_revoked = Single {
            status: Single::revoked(world.ca(), &own, now(), None).status,
            ..other_good.clone()
        };
        let response = by_ca(&world, vec![other_good]);
        world = world.staple(response);
        assert_eq!(bad(&world), OcspFault::OtherCertificate);
        // It doesn't satisfy anybody who needs a staple.
        world = world.policy(|policy| {
            policy.ignore_bad_staples = true;
            policy.require_staple = true;
        });
        let none = RevocationFault::NoStaple {
            by_certificate: false,
        };
        assert_eq!(world.refused(), none);
        // Nor does the end of another certificate end this one.
        let response = by_ca(&world, vec![other_revoked]);
        world = world.staple(response);
        world = world.policy(|policy| policy.require_staple = false);
        world.accepted();
        world = world.policy(|policy| policy.ignore_bad_staples = false);
    }
}

#[test]
fn either_hash_names_the_issuer() {
    for hash in [IdHash::Sha1, IdHash::Sha256] {
        let world = World::new();
        let id = certificate_id(&world.ca().certificate, world.leaf(), hash);
        let response = by_ca(&world, vec![Single { id, ..good(&world) }]);
        world.staple(response).accepted();
    }
    // A hash that isn't known is nobody's name.
    stapled(|response| {
        let id = &mut response.singles[0].id;
        let at = id.windows(5).position(|w| w == [0x2b, 0x0e, 3, 2, 26]);
        id[at.unwrap() + 4] = 27;
    })
    .refused();
}

#[test]
fn several_statuses_in_one_response() {
    let world = World::new();
    let mut params = server_params(&[HOST]);
    params.serial_number = Some(SerialNumber::from(vec![7]));
    let (other, _) = world.ca().issue_for(&params, P256);
    let other_good = Single::good(world.ca(), &other, now());
    let other_bad = Single::revoked(world.ca(), &other, now(), None);
    let ours = good(&world);
    let ours_bad = Single::revoked(world.ca(), world.leaf(), now(), None);
    let ours_old = Single {
        next_update: Some(now() - DAY),
        ..ours.clone()
    };
    let mut world = world;
    for (singles, accepted) in [
        (vec![other_bad.clone(), ours.clone()], true),
        (vec![ours.clone(), other_bad], true),
        (vec![other_good.clone(), ours_bad.clone()], false),
        // About the same certificate: revoked wins, and an old one doesn't spoil a new one.
        (vec![ours.clone(), ours_bad.clone()], false),
        (vec![ours_bad, ours.clone()], false),
        (vec![ours_old.clone(), ours.clone()], true),
        (vec![ours, ours_old.clone()], true),
        (vec![ours_old, other_good], false),
        (vec![], false),
    ] {
        let response = by_ca(&world, singles);
        world = world.staple(response);
        assert_eq!(world.verify().is_ok(), accepted);
    }
}

#[test]
fn the_issuer_by_name_or_by_key() {
    let mut world = World::new();
    let [name, key] = [by_name, by_key].map(|id| id(&world.ca().certificate));
    for responder in [name, key] {
        let response = Ocsp {
            responder,
            ..Ocsp::by(world.ca(), now(), vec![good(&world)])
        };
        let (signed, forged) = (
            response.sign(&world.ca().key),
            response.sign(&world.pki.root.key),
        );
        world = world.staple(signed);
        world.accepted();
        world = world.staple(forged);
        assert_eq!(bad(&world), OcspFault::BadSignature);
    }
    // The name of somebody who may not.
    for responder in [
        by_name(&world.pki.root.certificate),
        by_key(&world.pki.root.certificate),
        by_name(world.leaf()),
    ] {
        let world = stapled(|response| response.responder = responder);
        assert_eq!(bad(&world), OcspFault::Signer);
    }
}

/// Parameters of a responder.
fn responder_params() -> CertificateParams {
    let mut params = params("responder");
    params.serial_number = Some(SerialNumber::from(vec![0x55]));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    let nocheck = custom(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], false, vec![5, 0]);
    params.custom_extensions.push(nocheck);
    params
}

/// Staples a response of a responder with a certificate of these parameters.
fn delegated(change: impl FnOnce(&mut CertificateParams)) -> World {
    let world = World::new();
    let mut params = responder_params();
    change(&mut params);
    let key = TestKey::fresh(P256);
    let certificate = world.ca().issue(&params, &key);
    with_responder(world, &certificate, &key)
}

fn with_responder(world: World, certificate: &[u8], key: &TestKey) -> World {
    let response = Ocsp {
        responder: by_key(certificate),
        certificates: vec![certificate.to_vec()],
        ..Ocsp::by(world.ca(), now(), vec![good(&world)])
    };
    let response = response.sign(key);
    world.staple(response)
}

#[test]
fn a_delegated_responder() {
    delegated(|_| ()).accepted();
    delegated(|params| params.key_usages.clear()).accepted();
    let because = |why| OcspFault::Responder(why);
    let purposes = |purposes: Vec<ExtendedKeyUsagePurpose>| {
        delegated(|params| params.extended_key_usages = purposes)
    };
    // RFC 6960 4.2.2.2: this very purpose, no other and not any.
    for other in [
        vec![],
        vec![ExtendedKeyUsagePurpose::ServerAuth],
        vec![ExtendedKeyUsagePurpose::Any],
    ] {
        assert_eq!(bad(&purposes(other)), OcspFault::Signer);
    }
    let expired = delegated(|params| params.not_after = date_time_ymd(2025, 12, 31));
    assert_eq!(bad(&expired), because("is not valid at this time"));
    let early = delegated(|params| params.not_before = date_time_ymd(2026, 1, 2));
    assert_eq!(bad(&early), because("is not valid at this time"));
    let usage = delegated(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    assert_eq!(bad(&usage), because("may not be used to sign responses"));
    let strange = delegated(|params| {
        let extension = custom(&[1, 2, 3, 4], true, vec![5, 0]);
        params.custom_extensions.push(extension);
    });
    assert_eq!(
        bad(&strange),
        because("has a critical extension that is not known here")
    );
}

#[test]
fn a_responder_of_somebody_else() {
    let (world, key) = (World::new(), TestKey::fresh(P256));
    // Issued by the root, which is no delegation of the intermediate's.
    let by_root = world.pki.root.issue(&responder_params(), &key);
    // In the CA's name, and signed by another key.
    let forged = world
        .ca()
        .issue_signed_by(&responder_params(), &key, &world.pki.root.key);
    let world = with_responder(world, &by_root, &key);
    assert_eq!(bad(&world), OcspFault::Signer);
    let world = with_responder(world, &forged, &key);
    let why = OcspFault::Responder("is not signed by the issuer");
    assert_eq!(bad(&world), why);
    // The right certificate, and another key's signature.
    let right = world.ca().issue(&responder_params(), &key);
    let world = with_responder(world, &right, &TestKey::fresh(P256));
    assert_eq!(bad(&world), OcspFault::BadSignature);
    let world = with_responder(world, &right, &key);
    world.accepted();
    // Any number of certificates that don't fit cost nothing.
    let mut response = Ocsp {
        responder: by_key(&right),
        certificates: vec![by_root.to_vec(); 3],
        ..Ocsp::by(world.ca(), now(), vec![good(&world)])
    };
    response.certificates.push(right.to_vec());
    let staple = response.sign(&key);
    let world = world.staple(staple);
    world.accepted();
    response.certificates.rotate_right(1);
    response.certificates.rotate_right(1);
    response
        .certificates
        .splice(0..0, vec![by_root.to_vec(); 4]);
    let staple = response.sign(&key);
    let world = world.staple(staple);
    assert_eq!(bad(&world), OcspFault::Signer);
}

#[test]
fn a_responder_has_a_status_itself() {
    let checked = || delegated(|params| params.custom_extensions.clear());
    checked().accepted();
    let list = |world: &World, revoked: bool| {
        let crl = status::Crl::of(world.ca(), now());
        let crl = if revoked { crl.revoke(&[0x55]) } else { crl };
        crl.sign(&world.ca().key)
    };
    // Nobody knows, and that is required.
    let world = checked().policy(|policy| policy.unknown = UnknownStatus::Refuse);
    let why = OcspFault::Responder("has an unknown status");
    assert_eq!(bad(&world), why);
    let (clean, dirty) = (list(&world, false), list(&world, true));
    let world = world.lists(&[clean]);
    world.accepted();
    let world = world.lists(&[dirty]);
    let why = OcspFault::Responder("was revoked");
    assert_eq!(bad(&world), why);
    // Where the CA says so, nobody asks.
    let world = delegated(|_| ());
    let dirty = list(&world, true);
    world.lists(&[dirty]).accepted();
}

#[test]
fn freshness() {
    let at = |this: i64, next: Option<i64>, produced: i64| {
        stapled(|response| {
            response.singles[0].this_update = now() + this;
            response.singles[0].next_update = next.map(|next| now() + next);
            response.produced_at = now() + produced;
        })
    };
    at(-DAY, Some(DAY), -DAY).accepted();
    at(-30 * DAY, Some(0), -30 * DAY).accepted();
    at(299, Some(DAY), 299).accepted();
    at(-DAY, Some(-299), -DAY).accepted();
    assert!(matches!(
        bad(&at(-DAY, Some(-301), -DAY)),
        OcspFault::Outdated { next_update, .. } if next_update.0 == now() - 301
    ));
    for (this, produced) in [(301, 0), (0, 301)] {
        let early = at(this, Some(DAY), produced);
        assert!(matches!(bad(&early), OcspFault::NotYet { .. }));
    }
    // Without nextUpdate: for seven days, or as the policy says.
    at(-7 * DAY, None, -7 * DAY).accepted();
    let old = at(-8 * DAY, None, -8 * DAY);
    assert!(matches!(bad(&old), OcspFault::Outdated { .. }));
    let long = std::time::Duration::from_secs(9 * 86_400);
    old.policy(|policy| policy.max_age = long).accepted();
    // The clock's tolerance is the policy's as well.
    let late = at(-DAY, Some(-3600), -DAY);
    let hour = std::time::Duration::from_secs(3600);
    late.policy(|policy| policy.clock_skew = hour).accepted();
    // What was revoked doesn't get better with time.
    let world = World::new();
    let mut single = Single::revoked(world.ca(), world.leaf(), now(), None);
    single.next_update = Some(now() - DAY);
    let response = by_ca(&world, vec![single]);
    assert!(matches!(
        world.staple(response).refused(),
        RevocationFault::Revoked { .. }
    ));
}

#[test]
fn extensions() {
    let nonce = |critical| extension("1.3.6.1.5.5.7.48.1.2", critical, &[4, 1, 9]);
    for critical in [true, false] {
        stapled(|response| response.extensions.push(nonce(critical))).accepted();
        let strange = extension("1.2.3", critical, &[5, 0]);
        let of_response = stapled(|response| response.extensions.push(strange.clone()));
        let of_single = stapled(|response| response.singles[0].extensions.push(strange.clone()));
        for world in [of_response, of_single] {
            match critical {
                true => assert!(matches!(bad(&world), OcspFault::CriticalExtension { oid }
                    if oid.as_str() == "1.2.3")),
                false => world.accepted(),
            }
        }
    }
}

#[test]
fn responses_that_are_none() {
    for (code, status) in [
        (1, "malformedRequest"),
        (2, "internalError"),
        (3, "tryLater"),
        (5, "sigRequired"),
        (6, "unauthorized"),
    ] {
        // It tells nothing, which is enough only where nothing is needed.
        let message = vec![0x30, 3, 10, 1, code];
        World::new().staple(message.clone()).accepted();
        let world = World::with(must_staple).staple(message);
        assert_eq!(bad(&world), OcspFault::NotSuccessful { status });
    }
    for garbage in [
        &b""[..],
        b"garbage",
        &[0x30, 3, 10, 1, 0],
        &[0x30, 3, 10, 1, 4],
    ] {
        let world = World::new().staple(garbage.to_vec());
        assert!(matches!(bad(&world), OcspFault::Malformed(_)));
        world
            .policy(|policy| policy.ignore_bad_staples = true)
            .accepted();
    }
    let world = World::new();
    let whole = by_ca(&world, vec![good(&world)]);
    assert!(OcspResponse::parse(&whole).is_ok());
    for end in 0..whole.len() {
        assert!(OcspResponse::parse(&whole[..end]).is_err());
    }
    assert!(OcspResponse::parse(&[&whole[..], &[0]].concat()).is_err());
    // Another type of response.
    let at = whole.windows(4).position(|w| w == [7, 48, 1, 1]).unwrap();
    let mut other = whole.clone();
    other[at + 3] = 9;
    assert!(matches!(
        OcspResponse::parse(&other),
        Err(OcspFault::Type(kind)) if kind.as_str() == "1.3.6.1.5.5.7.48.1.9"
    ));
    // Any changed byte is refused.
    let mut world = world;
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        world = world.staple(changed);
        assert!(world.verify().is_err(), "byte {at}");
    }
}

#[test]
fn must_staple_needs_a_good_staple() {
    let world = World::with(must_staple);
    let demanded = RevocationFault::NoStaple {
        by_certificate: true,
    };
    assert_eq!(world.refused(), demanded);
    assert_eq!(
        world.verify().unwrap_err().to_string(),
        "the peer's certificate (CN=server,O=symbolon test) demands a stapled OCSP response and \
         came without"
    );
    let response = by_ca(&world, vec![good(&world)]);
    let old = Single {
        next_update: Some(now() - DAY),
        ..good(&world)
    };
    let old = by_ca(&world, vec![old]);
    let world = world.staple(response);
    world.accepted();
    let world = world.staple(old);
    assert!(matches!(bad(&world), OcspFault::Outdated { .. }));
    // Nor is a bad one that is taken for none enough, nor a list.
    let list = status::Crl::of(world.ca(), now()).sign(&world.ca().key);
    let world = world.strict(&[list]);
    let mut world = world.policy(|policy| policy.ignore_bad_staples = true);
    assert_eq!(world.refused(), demanded);
    // Clients aren't asked for staples: RFC 7633 4.3.3 means features of both sides.
    world.role = Role::Client;
    let mut params = certs::client_params("client");
    must_staple(&mut params);
    params.serial_number = Some(SerialNumber::from(vec![3]));
    world.chain = world.pki.issue(&params, P256).0;
    world.accepted();
}

#[test]
fn must_staple_of_the_ca_and_of_other_features() {
    let root = Ca::root("Test Root", P256);
    let mut params = certs::ca_params("Test Intermediate");
    must_staple(&mut params);
    let intermediate = root.intermediate_with(params, P256);
    let world = World::below(TestPki { root, intermediate }, |_| ());
    let demanded = RevocationFault::NoStaple {
        by_certificate: true,
    };
    assert_eq!(world.refused(), demanded);
    let response = by_ca(&world, vec![good(&world)]);
    world.staple(response).accepted();
    // status_request_v2 is nothing that this client asks for.
    let feature = |value: &'static [u8]| {
        World::with(move |params| {
            let oid = [1, 3, 6, 1, 5, 5, 7, 1, 24];
            let extension = custom(&oid, true, value.to_vec());
            params.custom_extensions.push(extension);
        })
    };
    feature(&[0x30, 3, 2, 1, 17]).accepted();
    assert_eq!(feature(&[0x30, 6, 2, 1, 17, 2, 1, 5]).refused(), demanded);
    let error = feature(&[5, 0]).verify().unwrap_err();
    assert!(matches!(error.fault, CertificateFault::Malformed(_)));
}

#[test]
fn a_staple_can_be_required_and_can_be_enough() {
    let require = |world: World| world.policy(|policy| policy.require_staple = true);
    assert_eq!(
        require(World::new()).refused(),
        RevocationFault::NoStaple {
            by_certificate: false
        }
    );
    require(stapled(|_| ())).accepted();
    // A known status may come from a staple as well as from a list.
    let strict = stapled(|_| ()).strict(&[]);
    strict.accepted();
    // It is told who said so.
    let who = |world: &World| {
        let request = world.request();
        let verified = world
            .verifier()
            .verify_now(&request, &RUSTCRYPTO.verify)
            .unwrap();
        let told = verified.describe(&request.chain).to_string();
        (verified.status(0), verified.status(1), told)
    };
    let (own, above, told) = who(&stapled(|_| ()));
    assert_eq!((own, above), (Some(StatusSource::Ocsp), None));
    assert_eq!(
        told.matches("not revoked, says the stapled OCSP response")
            .count(),
        1
    );
    let world = World::new();
    let list = status::Crl::of(world.ca(), now()).sign(&world.ca().key);
    let (own, _, told) = who(&world.strict(&[list]));
    assert_eq!(own, Some(StatusSource::Crl));
    assert!(told.contains("not revoked, says the CRL of its issuer"));
    assert_eq!(who(&World::new()).0, None);
    // Both are asked: a list that says otherwise counts.
    let world = stapled(|_| ());
    let list = status::Crl::of(world.ca(), now()).revoke(SERIAL);
    let list = list.sign(&world.ca().key);
    assert!(matches!(
        world.lists(&[list]).refused(),
        RevocationFault::Revoked {
            source: StatusSource::Crl,
            ..
        }
    ));
}

#[test]
fn staples_of_intermediates() {
    let mut world = World::new();
    let (root, ca) = (&world.pki.root, &world.pki.intermediate.certificate);
    let single = Single::good(root, ca, now());
    let fine = Ocsp::by(root, now(), vec![single]).sign(&root.key);
    let single = Single::revoked(root, ca, now(), Some(2));
    let revoked = Ocsp::by(root, now(), vec![single]).sign(&root.key);
    world.staples[1] = Some(fine);
    world.accepted();
    // Neither a staple nor a list tells about the server's own certificate.
    let mut world = world.policy(|policy| {
        policy.depth = RevocationDepth::Chain;
        policy.unknown = UnknownStatus::Refuse;
    });
    assert_eq!(world.refused(), RevocationFault::Unknown { closest: None });
    let response = by_ca(&world, vec![good(&world)]);
    world = world.staple(response);
    world.accepted();
    world.staples[1] = Some(revoked);
    let error = world.verify().unwrap_err();
    assert_eq!(error.index, Some(1));
    assert!(matches!(fault(error), RevocationFault::Revoked { .. }));
}

#[test]
fn the_work_is_bounded() {
    let world = stapled(|_| ());
    let budget = |signatures| symbolon::pki::Budget {
        signatures,
        ..Default::default()
    };
    let with = |signatures| world.verify_with(&world.verifier().with_budget(budget(signatures)));
    assert_eq!(with(3), Ok(()));
    assert_eq!(with(2).unwrap_err().fault, CertificateFault::OutOfBudget);
    let delegated = delegated(|_| ());
    let with = |signatures| {
        let verifier = delegated.verifier().with_budget(budget(signatures));
        delegated.verify_with(&verifier)
    };
    assert_eq!(with(4), Ok(()));
    assert_eq!(with(3).unwrap_err().fault, CertificateFault::OutOfBudget);
}

#[test]
fn a_self_signed_server_may_answer_for_itself() {
    let mut params = server_params(&[HOST]);
    params.use_authority_key_identifier_extension = false;
    let ca = Ca::root_with(params, P256);
    let single = Single::good(&ca, &ca.certificate, now());
    let response = Ocsp::by(&ca, now(), vec![single]).sign(&ca.key);
    let single = Single::revoked(&ca, &ca.certificate, now(), None);
    let revoked = Ocsp::by(&ca, now(), vec![single]).sign(&ca.key);
    let verify = |staple: &[u8]| {
        let request = VerifyRequest {
            chain: PeerChain::new([(ca.certificate.as_ref(), Some(staple))].into_iter()),
            role: Role::Server,
            name: Some(ServerName::try_from(HOST).unwrap()),
            now: NOW,
        };
        PathVerifier::new(certs::roots([&ca.certificate])).verify_now(&request, &RUSTCRYPTO.verify)
    };
    assert!(verify(&response).is_ok());
    assert!(verify(&revoked).is_err());
    assert!(verify(&tlv(0x30, &[])).is_err());
}
