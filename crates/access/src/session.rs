//! What a signed-in browser and a program carry: a secret of 32 random bytes, of which only the SM3 hash is stored.
//!
//! Browsers carry it in a cookie that scripts cannot read. Because browsers send cookies unasked, an unsafe request with a
//! cookie must also bear the header `X-CSRF-Token`, which only a page of our own can know: it is computed from the secret and
//! told at sign-in. Programs carry `Authorization: Bearer cy_…`, which nobody sends unasked.

use crate::sealing::hmac_of;
use axum::http::{HeaderMap, Method, header};
use base::{Chance, Timestamp, chance};
use hmac::Mac as _;
use sm3::{Digest, Sm3};
use std::fmt;
use subtle::ConstantTimeEq as _;
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
/// The header that unsafe requests with a cookie must bear.
pub const CSRF_HEADER: &str = "x-csrf-token";

const SECURE_COOKIE: &str = "__Host-chengyun_session";
const PLAIN_COOKIE: &str = "chengyun_session";

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

/// Why a request's credential is not looked at any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialError {
    /// There is none.
    Absent,
    /// There is one of no known form.
    Malformed,
    /// An unsafe request with a cookie, without the right `X-CSRF-Token`.
    CrossSite,
}

impl Credential {
    /// The credential of a request. A token, which is never sent unasked, counts before a cookie.
    pub fn of(method: &Method, headers: &HeaderMap) -> Result<Self, CredentialError> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let text = value.to_str().map_err(|_| CredentialError::Malformed)?;
            return bearer(text)
                .and_then(Secret::parse)
                .map(Self::Token)
                .ok_or(CredentialError::Malformed);
        }
        let cookie = cookie_of(headers).ok_or(CredentialError::Absent)?;
        let secret = Secret::parse(cookie).ok_or(CredentialError::Malformed)?;
        if !method.is_safe() && !bears_csrf_token(&secret, headers) {
            return Err(CredentialError::CrossSite);
        }
        Ok(Self::Session(secret))
    }

    /// The secret.
    pub const fn secret(&self) -> &Secret {
        match self {
            Self::Session(secret) | Self::Token(secret) => secret,
        }
    }
}

fn bearer(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(' ')?;
    let token = rest.trim();
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.strip_prefix(TOKEN_PREFIX))?
}

fn bears_csrf_token(secret: &Secret, headers: &HeaderMap) -> bool {
    headers.get(CSRF_HEADER).is_some_and(|given| {
        given
            .as_bytes()
            .ct_eq(secret.csrf_token().as_bytes())
            .into()
    })
}

/// The session's cookie. Of two, that which only a secure page of this very host can have set.
fn cookie_of(headers: &HeaderMap) -> Option<&str> {
    let named = |name: &str| {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    };
    named(SECURE_COOKIE).or_else(|| named(PLAIN_COOKIE))
}

/// The secret of the session cookie, whatever the method.
pub(crate) fn session_secret(headers: &HeaderMap) -> Option<Secret> {
    cookie_of(headers).and_then(Secret::parse)
}

/// `Set-Cookie` for a session that ends in `seconds`; none: for now, to forget it. `is_secure`: the site is served over https.
pub fn set_cookie(secret: Option<&Secret>, seconds: i64, is_secure: bool) -> String {
    let (name, secure) = if is_secure {
        (SECURE_COOKIE, "; Secure")
    } else {
        (PLAIN_COOKIE, "")
    };
    let value = secret.map(Secret::reveal).unwrap_or_default();
    let age = if secret.is_some() { seconds } else { 0 };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}")
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

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = header::HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers
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
    fn a_request_is_known_by_token_or_cookie_and_refused_across_sites() {
        use CredentialError::{Absent, CrossSite, Malformed};
        let one = secret();
        let hex = one.reveal();
        let bearer = format!("Bearer cy_{hex}");
        let cookie = format!("theme=dark; chengyun_session={hex}");
        let host_cookie = format!(
            "chengyun_session={}; __Host-chengyun_session={hex}",
            "0".repeat(64)
        );
        let csrf = one.csrf_token();
        let other = Secret::draw(&SeededChance::new(2)).csrf_token();
        let session = Ok(Credential::Session(one.clone()));
        let token = Ok(Credential::Token(one));
        let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
        for (method, pairs, expected) in [
            (&get, vec![], Err(Absent)),
            (&get, vec![("cookie", "theme=dark")], Err(Absent)),
            (&get, vec![("cookie", "chengyun_session=")], Err(Malformed)),
            (&get, vec![("cookie", cookie.as_str())], session.clone()),
            (
                &get,
                vec![("cookie", "a=b"), ("cookie", &cookie)],
                session.clone(),
            ),
            (&get, vec![("cookie", &host_cookie)], session.clone()),
            (&post, vec![("cookie", &cookie)], Err(CrossSite)),
            (&delete, vec![("cookie", &cookie)], Err(CrossSite)),
            (
                &post,
                vec![("cookie", &cookie), (CSRF_HEADER, "")],
                Err(CrossSite),
            ),
            (
                &post,
                vec![("cookie", &cookie), (CSRF_HEADER, &other)],
                Err(CrossSite),
            ),
            (
                &post,
                vec![("cookie", &cookie), (CSRF_HEADER, &csrf)],
                session,
            ),
            (
                &post,
                vec![("authorization", bearer.as_str())],
                token.clone(),
            ),
            (
                &post,
                vec![("authorization", &bearer), ("cookie", &cookie)],
                token,
            ),
            (
                &get,
                vec![("authorization", "Bearer x"), ("cookie", &cookie)],
                Err(Malformed),
            ),
            (&get, vec![("authorization", &hex)], Err(Malformed)),
            (&get, vec![("authorization", "Basic YTpi")], Err(Malformed)),
        ] {
            assert_eq!(
                Credential::of(method, &headers(&pairs)),
                expected,
                "{method} {pairs:?}"
            );
        }
    }

    #[test]
    fn a_cookie_is_out_of_reach_for_scripts_and_bound_to_the_host_when_secure() {
        let one = secret();
        let hex = one.reveal();
        assert_eq!(
            set_cookie(Some(&one), 60, false),
            format!("chengyun_session={hex}; Path=/; HttpOnly; SameSite=Lax; Max-Age=60")
        );
        assert_eq!(
            set_cookie(Some(&one), 60, true),
            format!(
                "__Host-chengyun_session={hex}; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
            )
        );
        assert_eq!(
            set_cookie(None, 60, false),
            "chengyun_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
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
