//! PINs and pairing codes.

use domain::secrets::{Cost, MAX_SECRET_BYTES, hash, is_hash, matches};

const SALT: [u8; 16] = *b"sixteen bytes...";

#[test]
fn a_secret_matches_its_own_hash_only() {
    let pin = hash("4711", SALT, Cost::MADE_UP).unwrap();
    assert!(pin.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{pin}");
    assert!(is_hash(&pin));
    assert!(matches("4711", &pin));
    for wrong in ["4712", "47110", "471", "", " 4711"] {
        assert!(!matches(wrong, &pin), "{wrong:?}");
    }
    assert_eq!(hash("4711", SALT, Cost::MADE_UP).unwrap(), pin, "no randomness of its own");
    assert_ne!(hash("4711", [0; 16], Cost::MADE_UP).unwrap(), pin);
}

#[test]
fn the_real_cost_is_the_recommended_one() {
    let real = hash("4711", SALT, Cost::REAL).unwrap();
    assert!(real.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{real}");
    assert!(matches("4711", &real) && !matches("4712", &real));
}

#[test]
fn what_is_no_hash_or_costs_too_much_matches_nothing() {
    let dear = Cost { memory_kib: 8, passes: Cost::MOST.passes + 1, lanes: 1 };
    let dear = hash("4711", SALT, dear).unwrap();
    assert!(!matches("4711", &dear) && !is_hash(&dear));
    let pin = hash("4711", SALT, Cost::MADE_UP).unwrap();
    let without_hash = pin.rsplit_once('$').unwrap().0;
    for broken in ["", "4711", "$argon2id$", without_hash, &pin.replace("argon2id", "argon2i")] {
        assert!(!matches("4711", broken), "{broken}");
    }
}

#[test]
fn secrets_have_bounds() {
    let long = "x".repeat(MAX_SECRET_BYTES + 1);
    hash("", SALT, Cost::MADE_UP).unwrap_err();
    hash(&long, SALT, Cost::MADE_UP).unwrap_err();
    hash(&long[1..], SALT, Cost::MADE_UP).unwrap();
    hash("1", SALT, Cost { memory_kib: 0, passes: 1, lanes: 1 }).unwrap_err();
}
