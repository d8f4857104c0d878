//! What a signed-in browser and a program carry: a secret of 32 random bytes, of which only the SM3 hash is stored.
//!
//! Browsers carry it in a cookie that scripts cannot read. Because browsers send cookies unasked, an unsafe request with a
//! cookie must also bear the header `X-CSRF-Token`, which only a page of our own can know: it is computed from the secret and
//! told at sign-in. Programs carry `Authorization: Bearer cy_…`, which nobody sends unasked.

use crate::sealing::hmac_of;
use base::{Chance, Timestamp, chance};
use hmac::Mac as _;
use sm3::{Digest, Sm3};
use std::fmt;
use zeroize::Zeroizing;

/// Sessions end after this much idleness.
pub const IDLE_SECONDS_MAX: i64 = 30 * 60;
/// Administrators' sessions end earlier.
pub const ADMINISTRATOR_IDLE_SECONDS_MAX: i64 = 15 * 60;
/// However busy, a session ends after this long.
pub const SESSION_SECONDS_MAX: i64 = 12 * 3600;
/// API tokens are given for at most this long.
pub const TOKEN_DAYS_MAX: i64 = 366;
/// API tokens begin so, for scanners of leaked secrets.
pub const TOKEN_PREFIX: &str = "cy_";
/// The secret of a session or an API token. Not shown by `Debug`, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// A new one.
    pub fn draw(source: &dyn Chance) -> Self {
        Self(Zeroizing::new(chance::bytes(source)))
    }

    /// From 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text, &mut *bytes).ok()?;
        Some(Self(bytes))
    }

    /// 64 hexadecimal digits; for the one who is to carry it.
    pub fn reveal(&self) -> String {
        hex::encode(*self.0)
    }

    /// What is stored of it.
    pub fn hash(&self) -> [u8; 32] {
        Sm3::digest(*self.0).into()
    }

    /// What unsafe requests with this session's cookie must bear as `X-CSRF-Token`.
    pub fn csrf_token(&self) -> String {
        hex::encode(
            hmac_of(&self.0)
                .chain_update(b"chengyun csrf")
                .finalize()
                .into_bytes(),
        )
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What a request presents to say who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A browser's cookie.
    Session(Secret),
    /// `Authorization: Bearer cy_…`
    Token(Secret),
}

impl Credential {
    /// The secret.
    pub const fn secret(&self) -> &Secret {
        match self {
            Self::Session(secret) | Self::Token(secret) => secret,
        }
    }
}

/// The times by which a session lives or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimes {
    /// When it was last used, as far as known.
    pub seen_at: Timestamp,
    /// When it ends, however busy.
    pub ends_at: Timestamp,
    /// Idleness after which it ends; none for tokens.
    pub idle_seconds: Option<i64>,
}

impl SessionTimes {
    /// Whether it lives at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        let idle_ends = self
            .idle_seconds
            .map_or(self.ends_at, |seconds| self.seen_at.plus_seconds(seconds));
        now < self.ends_at && now < idle_ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededChance;

    fn secret() -> Secret {
        Secret::draw(&SeededChance::new(1))
    }

    #[test]
    fn a_secret_is_read_as_it_is_written_and_not_shown_by_accident() {
        let one = secret();
        assert_eq!(Secret::parse(&one.reveal()), Some(one.clone()));
        for wrong in ["", "00", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64)] {
            assert_eq!(Secret::parse(wrong), None, "{wrong:?}");
        }
        let shown = format!("{one:?} {:?}", Credential::Token(one.clone()));
        assert_eq!(shown, "Secret(..) Token(Secret(..))");
        assert_ne!(one.hash().to_vec(), one.0.to_vec());
    }

    #[test]
    fn a_session_ends_by_idleness_or_by_age() {
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        let session = SessionTimes {
            seen_at: at(1_000),
            ends_at: at(5_000),
            idle_seconds: Some(1_800),
        };
        for (now, live) in [(1_000, true), (2_799, true), (2_800, false), (9_000, false)] {
            assert_eq!(session.is_live(at(now)), live, "{now}");
        }
        let busy = SessionTimes {
            seen_at: at(4_999),
            ..session
        };
        assert!(busy.is_live(at(4_999)) && !busy.is_live(at(5_000)));
        let token = SessionTimes {
            idle_seconds: None,
            ..session
        };
        assert!(token.is_live(at(4_999)) && !token.is_live(at(5_000)));
    }
}
