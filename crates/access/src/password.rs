//! Passwords: what is accepted, and how they are kept (Argon2id). Hashing runs off the async threads, few at a time, because
//! each one takes 19 MiB and some 16 ms on purpose.
//!
//! The rules are the usual reading of GB/T 22239-2019 level 3: ten characters, three of four classes, not the login name, not one
//! of the last five, changed every ninety days.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base::{Chance, FieldError, chance};
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Characters of a password, at least.
pub const LENGTH_MIN: usize = 10;
/// Characters of a password, at most: a bound for the work of hashing.
pub const LENGTH_MAX: usize = 128;
/// Of lower case, upper case, digits and the rest, this many must occur.
pub const CLASSES_MIN: usize = 3;
/// A new password is none of this many last ones.
pub const HISTORY: u32 = 5;
/// Days after which a password must be changed.
pub const AGE_DAYS_MAX: i64 = 90;
/// Passwords that may wait to be hashed before callers are told to come back.
const WAITING_MAX: usize = 256;

/// A password. Not shown by `Debug`, wiped when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// As typed.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Its text; for the one who must be told it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A first password for somebody else: 16 characters of all classes, without those that look alike.
    pub fn draw(source: &dyn Chance) -> Self {
        const CLASSES: [&[u8]; 4] = [
            b"abcdefghijkmnpqrstuvwxyz",
            b"ABCDEFGHJKLMNPQRSTUVWXYZ",
            b"23456789",
            b"+-*=?@#%",
        ];
        let pick = |from: &[u8]| {
            let place = usize::try_from(source.below(from.len() as u64)).unwrap_or_default();
            from.get(place).copied().map_or('x', char::from)
        };
        let mut text = String::with_capacity(16);
        for index in 0..16 {
            let class = CLASSES.get(index % 4).copied().unwrap_or_default();
            text.push(pick(class));
        }
        Self::new(text)
    }

    /// Whether somebody called `login_name` may choose it; every rule it breaks, as errors of `field`.
    pub fn check(&self, field: &str, login_name: &str) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let mut refuse = |code, message: String| wrong.push(FieldError::new(field, code, message));
        let length = self.0.chars().count();
        if length < LENGTH_MIN {
            refuse("too_short", format!("at least {LENGTH_MIN} characters"));
        }
        if length > LENGTH_MAX {
            refuse("too_long", format!("at most {LENGTH_MAX} characters"));
        }
        let has = |class: fn(char) -> bool| usize::from(self.0.chars().any(class));
        let classes = has(|c| c.is_ascii_lowercase())
            + has(|c| c.is_ascii_uppercase())
            + has(|c| c.is_ascii_digit())
            + has(|c| !c.is_ascii_alphanumeric());
        if classes < CLASSES_MIN {
            refuse(
                "too_plain",
                format!("at least {CLASSES_MIN} of lower case, upper case, digits and others"),
            );
        }
        let contains_name =
            !login_name.is_empty() && self.0.to_lowercase().contains(&login_name.to_lowercase());
        if contains_name {
            refuse(
                "contains_login_name",
                "not with the login name in it".to_owned(),
            );
        }
        wrong
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// What a hash costs whoever computes it. Stored with each hash, so it may be raised at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for PasswordCost {
    /// 19 MiB, two passes: the first choice of OWASP for Argon2id.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
        }
    }
}

/// Why a password could not be hashed or compared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Too many are waiting.
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// What is stored is no hash, or the cost is out of Argon2's bounds.
    #[error("password hash: {0}")]
    Broken(String),
}

/// Hashes and compares passwords. Cheap to clone.
#[derive(Clone)]
pub struct PasswordHasher {
    cost: PasswordCost,
    at_once: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// A hash that no password has, of the same cost: what unknown names are compared with.
    nobodys: Arc<str>,
}

impl PasswordHasher {
    /// With `at_once` hashes at a time.
    pub fn new(cost: PasswordCost, at_once: usize) -> Self {
        let nobodys = format!(
            "$argon2id$v=19$m={},t={},p=1$bm9ib2R5cyBzYWx0IDE2Lg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            cost.memory_kib, cost.passes
        );
        Self {
            cost,
            at_once: Arc::new(Semaphore::new(at_once.max(1))),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            nobodys: nobodys.into(),
        }
    }

    /// The hash of `password` under a fresh salt, as a PHC string.
    pub async fn hash(
        &self,
        password: &Password,
        source: &dyn Chance,
    ) -> Result<String, PasswordError> {
        let salt: [u8; 16] = chance::bytes(source);
        let (password, cost) = (password.clone(), self.cost);
        self.off_thread(move || hash(&password, &salt, cost)).await
    }

    /// Whether `password` is the one hashed in `stored`. Where nothing is stored the answer is no, after the same work.
    pub async fn is_password(
        &self,
        password: &Password,
        stored: Option<&str>,
    ) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored: Arc<str> = stored.map_or_else(|| self.nobodys.clone(), Arc::from);
        let password = password.clone();
        let fits = self.off_thread(move || compare(&password, &stored)).await?;
        Ok(fits && known)
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self
            .waiting
            .try_acquire()
            .map_err(|_| PasswordError::Busy)?;
        // The permit goes with the work: who hangs up does not make room for another hash beside his own.
        let permit = Arc::clone(&self.at_once).acquire_owned().await;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        })
        .await
        .map_err(|error| PasswordError::Broken(error.to_string()))?
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher")
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

fn broken(error: &impl fmt::Display) -> PasswordError {
    PasswordError::Broken(error.to_string())
}

fn hash(password: &Password, salt: &[u8], cost: PasswordCost) -> Result<String, PasswordError> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|e| broken(&e))?;
    let hashed: PasswordHash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password.0.as_bytes(), salt)
        .map_err(|e| broken(&e))?;
    Ok(hashed.to_string())
}

fn compare(password: &Password, stored: &str) -> Result<bool, PasswordError> {
    let stored = PasswordHash::new(stored).map_err(|e| broken(&e))?;
    match Argon2::default().verify_password(password.0.as_bytes(), &stored) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(broken(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededChance;

    const CHEAP: PasswordCost = PasswordCost {
        memory_kib: 64,
        passes: 1,
    };

    fn password(text: &str) -> Password {
        Password::new(text.into())
    }

    #[test]
    fn a_password_is_refused_for_every_rule_it_breaks() {
        for (text, login_name, codes) in [
            ("Sunny-Day-42", "zhang.san", &[][..]),
            ("晴天Sunny4242", "zhang.san", &[]),
            ("Ab3-567890", "zhang.san", &[]),
            ("Ab3-56789", "zhang.san", &["too_short"]),
            ("abcdefghij", "zhang.san", &["too_plain"]),
            ("abcdefghi1", "zhang.san", &["too_plain"]),
            ("Abcdefghi1", "zhang.san", &[]),
            ("my-Zhang.San-1", "zhang.san", &["contains_login_name"]),
            ("Zhang.San1", "zhang.san", &["contains_login_name"]),
            (
                "abc",
                "abc",
                &["too_short", "too_plain", "contains_login_name"],
            ),
            ("", "abc", &["too_short", "too_plain"]),
        ] {
            let wrong = password(text).check("password", login_name);
            let found: Vec<_> = wrong.iter().map(|e| e.code).collect();
            assert_eq!(found, codes, "{text}");
        }
        let long = password(&"aB3-".repeat(33)).check("password", "x");
        assert_eq!(long[0].code, "too_long");
    }

    #[test]
    fn a_drawn_password_keeps_the_rules_and_differs_each_time() {
        let chance = SeededChance::new(1);
        let drawn: Vec<Password> = (0..100).map(|_| Password::draw(&chance)).collect();
        let texts: std::collections::HashSet<&str> = drawn.iter().map(Password::reveal).collect();
        assert_eq!(texts.len(), 100);
        for password in &drawn {
            assert_eq!(password.check("password", "zhang.san"), []);
        }
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_by_no_other() {
        let hasher = PasswordHasher::new(CHEAP, 2);
        let chance = SeededChance::new(1);
        let right = password("Sunny-Day-42");
        let (one, two) = (
            hasher.hash(&right, &chance).await.unwrap(),
            hasher.hash(&right, &chance).await.unwrap(),
        );
        assert_ne!(one, two, "the salt differs");
        assert!(one.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{one}");
        assert!(hasher.is_password(&right, Some(&one)).await.unwrap());
        let wrong = password("Sunny-Day-43");
        assert!(!hasher.is_password(&wrong, Some(&one)).await.unwrap());
        let broken = hasher.is_password(&right, Some("plain")).await;
        assert!(matches!(broken, Err(PasswordError::Broken(_))));
    }

    #[tokio::test]
    async fn an_unknown_name_costs_the_same_work_and_never_fits() {
        let hasher = PasswordHasher::new(CHEAP, 2);
        assert!(!hasher.is_password(&password(""), None).await.unwrap());
        let nobodys = PasswordHash::new(&hasher.nobodys).unwrap();
        let params = Params::try_from(&nobodys).unwrap();
        assert_eq!(
            (params.m_cost(), params.t_cost(), params.p_cost()),
            (64, 1, 1)
        );
        assert_eq!(nobodys.hash.unwrap().len(), 32, "as long as a real one");
        assert_eq!(nobodys.salt.unwrap().len(), 16);
    }

    #[tokio::test]
    async fn the_cost_in_force_is_the_recommended_one() {
        let hasher = PasswordHasher::new(PasswordCost::default(), 1);
        let hash = hasher
            .hash(&password("Sunny-Day-42"), &SeededChance::new(1))
            .await
            .unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
    }

    #[tokio::test]
    async fn when_too_many_wait_the_next_is_told_to_come_back() {
        let hasher = PasswordHasher::new(CHEAP, 1);
        let places = u32::try_from(WAITING_MAX).unwrap();
        let all = hasher.waiting.acquire_many(places).await.unwrap();
        let refused = hasher.is_password(&password("x"), None).await;
        assert_eq!(refused, Err(PasswordError::Busy));
        drop(all);
        assert_eq!(hasher.is_password(&password("x"), None).await, Ok(false));
    }

    #[test]
    fn a_password_is_not_in_the_debug_text() {
        assert_eq!(format!("{:?}", password("Sunny-Day-42")), "Password(..)");
    }
}
