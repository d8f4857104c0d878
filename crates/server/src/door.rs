//! The door: who a request comes from, by `access`, and from which address.

use crate::gate::{Doorkeeper, Identified};
use access::Access;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::net::IpAddr;

impl Doorkeeper for Access {
    fn identify<'a>(&'a self, parts: &'a Parts) -> Identified<'a> {
        Box::pin(Self::identify(self, &parts.method, &parts.headers))
    }

    fn identify_again<'a>(&'a self, parts: &'a Parts) -> Identified<'a> {
        Box::pin(Self::identify_again(self, &parts.headers))
    }
}

/// The address of the connection a request came by; `listen` puts it into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The address a request comes from: the connection's, unless that is a proxy of ours; then the last one in `X-Forwarded-For`
/// that is not. What stands before it anybody may have written.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpAddr]) -> IpAddr {
    if !trusted_proxies.contains(&peer) {
        return peer;
    }
    let named = headers.get_all("x-forwarded-for").iter();
    let named: Vec<&str> = named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut client = peer;
    for text in named.into_iter().rev() {
        match text.trim().parse() {
            Ok(address) => client = address,
            Err(_) => break,
        }
        if !trusted_proxies.contains(&client) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_what_our_own_proxies_say_of_an_address_is_believed() {
        let proxies: [IpAddr; 2] = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let cases = [
            ("198.51.100.9", "203.0.113.5", "198.51.100.9"),
            ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
            (
                "10.0.0.1",
                "192.0.2.1, 203.0.113.5, 10.0.0.2",
                "203.0.113.5",
            ),
            ("10.0.0.1", "nonsense, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.1", "", "10.0.0.1"),
        ];
        for (peer, said, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_static(said));
            let address = client_address(peer.parse().unwrap(), &headers, &proxies);
            assert_eq!(address.to_string(), expected, "{peer} says {said:?}");
        }
    }
}
