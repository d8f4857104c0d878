//! Sealing: the published vectors of the ciphers, then what rests on them.

use super::*;
use aes_gcm::aead::array::Array;
use base::{SeededChance, SystemChance};
use sm4::cipher::BlockCipherEncrypt as _;
use std::collections::HashSet;

fn sealer(seed: u64) -> Sealer {
    Sealer::ephemeral(Arc::new(SeededChance::new(seed)))
}

#[test]
fn sm3_gives_the_digest_of_abc_published_in_gb_t_32905() {
    assert_eq!(
        hex::encode(Sm3::digest(b"abc")),
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    );
}

#[test]
fn sm4_gives_the_block_published_in_gb_t_32907() {
    let key = hex::decode("0123456789abcdeffedcba9876543210").unwrap();
    let cipher = <sm4::Sm4 as KeyInit>::new_from_slice(&key).unwrap();
    let mut block = Array::<u8, _>::try_from(key.as_slice()).unwrap();
    cipher.encrypt_block(&mut block);
    assert_eq!(hex::encode(block), "681edf34d206965e86b3e94f536e4246");
}

#[test]
fn sm4_gcm_gives_what_rfc_8998_a_1_publishes() {
    let key = hex::decode("0123456789abcdeffedcba9876543210").unwrap();
    let nonce: [u8; 12] = hex::decode("00001234567800000000abcd")
        .unwrap()
        .try_into()
        .unwrap();
    let plain = hex::decode(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
    )
    .unwrap();
    let aad = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
    let cipher = <Sm4Gcm as KeyInit>::new_from_slice(&key).unwrap();
    let sealed = cipher
        .encrypt(
            &nonce.into(),
            Payload {
                msg: &plain,
                aad: &aad,
            },
        )
        .unwrap();
    assert_eq!(
        hex::encode(sealed),
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d\
         83de3541e4c2b58177e065a9bf7b62ec"
    );
}

#[test]
fn hmac_sm3_is_the_construction_of_rfc_2104() {
    // By hand: H(key ^ opad, H(key ^ ipad, text)), the key padded with zeros to SM3's block of 64 bytes.
    let key: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
    let padded = |with: u8| -> Vec<u8> {
        (0..64)
            .map(|i| key.get(i).copied().unwrap_or(0) ^ with)
            .collect()
    };
    let inner = Sm3::new()
        .chain_update(padded(0x36))
        .chain_update("城运")
        .finalize();
    let outer = Sm3::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize();
    assert_eq!(
        hmac_of(&key).chain_update("城运").finalize().into_bytes(),
        outer
    );
}

#[test]
fn what_was_sealed_opens_in_its_place_and_nowhere_else() {
    let one = sealer(1);
    for plain in [
        "",
        "x",
        "13812341234",
        "张三，住在城中路一号",
        &"长".repeat(5_000),
    ] {
        let sealed = one.seal(plain.as_bytes(), "staff.phone:42");
        assert_eq!(sealed.len(), plain.len() + OVERHEAD_BYTES);
        assert_eq!(
            one.open(&sealed, "staff.phone:42").unwrap(),
            plain.as_bytes()
        );
        assert_eq!(
            one.open(&sealed, "staff.phone:43"),
            Err(SealingError::NotAuthentic)
        );
        assert_eq!(one.open(&sealed, ""), Err(SealingError::NotAuthentic));
    }
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let one = sealer(1);
    let sealed = one.seal("13812341234".as_bytes(), "c");
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        let expected = match at {
            0 => SealingError::Malformed,
            1..=4 => SealingError::UnknownKey(1 ^ (1 << (8 * (4 - at)))),
            _ => SealingError::NotAuthentic,
        };
        assert_eq!(one.open(&changed, "c"), Err(expected), "byte {at}");
    }
    for length in 0..OVERHEAD_BYTES {
        assert_eq!(
            one.open(&sealed[..length], "c"),
            Err(SealingError::Malformed),
            "cut to {length}"
        );
    }
    assert_eq!(
        one.open(&sealed[..OVERHEAD_BYTES], "c"),
        Err(SealingError::NotAuthentic)
    );
}

#[test]
fn the_same_value_is_never_sealed_twice_alike() {
    let one = Sealer::ephemeral(Arc::new(SystemChance));
    let sealed: HashSet<Vec<u8>> = (0..1_000).map(|_| one.seal(b"13812341234", "c")).collect();
    assert_eq!(sealed.len(), 1_000);
    let nonces: HashSet<&[u8]> = sealed.iter().map(|s| &s[5..17]).collect();
    assert_eq!(nonces.len(), 1_000);
}

#[test]
fn the_newest_key_seals_all_open_and_the_keyed_hash_stays() {
    let chance = || Arc::new(SeededChance::new(9));
    let secret = |number| Secret::draw(number, &SeededChance::new(u64::from(number)));
    let before = Sealer::from_secrets(&[secret(1)], chance()).unwrap();
    let after = Sealer::from_secrets(&[secret(1), secret(2)], chance()).unwrap();
    let old = before.seal(b"old", "c");
    let new = after.seal(b"new", "c");
    assert_eq!(after.open(&old, "c").unwrap(), b"old");
    assert_eq!(after.open(&new, "c").unwrap(), b"new");
    assert_eq!(before.open(&new, "c"), Err(SealingError::UnknownKey(2)));
    assert_eq!(before.keyed_hash("138"), after.keyed_hash("138"));
    assert!(Sealer::from_secrets(&[], chance()).is_none());
}

#[test]
fn a_keyed_hash_depends_on_text_and_key() {
    let one = sealer(1);
    assert_eq!(
        one.keyed_hash("13812341234"),
        one.clone().keyed_hash("13812341234")
    );
    assert_ne!(one.keyed_hash("13812341234"), one.keyed_hash("13812341235"));
    assert_ne!(
        one.keyed_hash("13812341234"),
        sealer(2).keyed_hash("13812341234")
    );
    assert_ne!(
        one.keyed_hash("13812341234").to_vec(),
        Sm3::digest("13812341234").to_vec()
    );
}

#[test]
fn a_sealed_text_vouches_for_itself_by_a_salted_digest() {
    let mine = sealer(1);
    let (one, two) = (
        mine.seal_text("路灯不亮", "c"),
        mine.seal_text("路灯不亮", "c"),
    );
    assert_ne!(one.digest, two.digest, "the same text under another salt");
    let opened = mine.open_text(&one.sealed, "c").unwrap();
    assert_eq!(opened.text, "路灯不亮");
    assert_eq!(opened.digest(), one.digest);
    assert_eq!(digest(&opened.salt, "路灯不亮"), one.digest);
    assert_ne!(digest(&opened.salt, "路灯亮了"), one.digest);
    assert_eq!(opened.salt.len(), 2 * SALT_BYTES);
    let plain = mine.seal(b"not json", "c");
    assert_eq!(mine.open_text(&plain, "c"), Err(SealingError::Malformed));
}

#[test]
fn nothing_secret_is_in_the_debug_text() {
    let one = sealer(1);
    assert_eq!(format!("{one:?}"), "Sealer { keys: [1], .. }");
    let sealed = one.seal_text("路灯不亮", "c");
    assert!(format!("{sealed:?}").starts_with("SealedText("));
    assert_eq!(
        format!("{:?}", one.open_text(&sealed.sealed, "c").unwrap()),
        "SaltedText(..)"
    );
}

#[test]
fn a_sealer_from_a_file_opens_what_another_from_it_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealing.key");
    let from_file = || Sealer::from_file(&path, Arc::new(SystemChance)).unwrap();
    let sealed = from_file().seal(b"138", "c");
    assert_eq!(from_file().open(&sealed, "c").unwrap(), b"138");
    key_file::key_add(&path, &SystemChance).unwrap();
    assert_eq!(from_file().open(&sealed, "c").unwrap(), b"138");
    assert_eq!(from_file().seal(b"138", "c")[..5], [1, 0, 0, 0, 2]);
}
