//! How a request says who it comes from: a cookie or a bearer token; and how a cookie is set.

use crate::error::AccessRefusal;
use crate::principal::Principal;
use crate::service::Access;
use crate::session::{Credential, Secret, TOKEN_PREFIX};
use axum::http::{HeaderMap, Method, header};
use base::Problem;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// The header that unsafe requests with a cookie must bear.
pub const CSRF_HEADER: &str = "x-csrf-token";

const SECURE_COOKIE: &str = "__Host-chengyun_session";
const PLAIN_COOKIE: &str = "chengyun_session";

impl Access {
    /// Who a request comes from. Costs no SQL for a few seconds after the first. Unsafe requests with a cookie must bear the
    /// session's CSRF token.
    pub async fn authenticate(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Arc<Principal>, Problem> {
        let known = self.identify(method, headers).await?;
        Ok(known.ok_or(AccessRefusal::Unauthenticated)?)
    }

    /// The same, `None` when the request carries nothing that says who it comes from.
    pub async fn identify(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Principal>>, Problem> {
        match Credential::of(method, headers) {
            Ok(credential) => Ok(Some(self.known_by(&credential, true).await?)),
            Err(error) => error.nobody(),
        }
    }

    /// The same for an open stream that looks whether its reader may still read: that is no use of the session, so its idle
    /// time goes on.
    pub async fn identify_again(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Principal>>, Problem> {
        match Credential::of(&Method::GET, headers) {
            Ok(credential) => Ok(Some(self.known_by(&credential, false).await?)),
            Err(error) => error.nobody(),
        }
    }
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

impl CredentialError {
    fn nobody<T>(self) -> Result<Option<T>, Problem> {
        match self {
            Self::Absent => Ok(None),
            Self::Malformed => Err(AccessRefusal::Unauthenticated.into()),
            Self::CrossSite => Err(AccessRefusal::CrossSite.into()),
        }
    }
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
}
