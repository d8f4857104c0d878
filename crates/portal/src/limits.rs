//! How often anything may be asked from one address, with one phone, about one place.
//!
//! Counted in memory, on each node by itself, and bounded: a flood of new addresses pushes the counts of others out, and no more. What must
//! hold whatever is flooded stands in the database: the tries of a code, one rating for each end, one report of a phone for each case.
//! Whole quarters share an address of a mobile network, so an address is given room for many people. Of IPv6 a household counts for itself
//! (/64), and whoever was given more than one network is counted by the whole of it too (/48), with room for many households.

use crate::error::PortalError;
use access::attempts::Attempts;
use base::{Point, Timestamp};
use std::net::IpAddr;

/// Keys remembered of each kind.
const KEYS_MAX: usize = 100_000;
/// A site of IPv6 (/48) may do so many times what an address may.
const SITE_TIMES: u32 = 16;
/// A place is a square of so many degrees, about a hundred metres.
const PLACE_DEGREES: f64 = 0.001;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Looking: categories, suggestions, the map, cases that are shown to all.
    Look,
    /// Looking at a component by its code: codes can be counted through.
    Component,
    /// Following what one has told.
    Follow,
    /// A piece of a photo.
    Upload,
    /// A report, by address.
    Report,
    /// Asking for a code, by address.
    AskCode,
    /// Trying a code, by address.
    TryCode,
    /// A photo begun, by address.
    Photo,
    /// A report, by phone.
    PhoneReport,
    /// Asking for a code, by phone.
    PhoneCode,
    /// The same in a day.
    PhoneCodeDay,
    /// A message about a report, by phone.
    PhoneMessage,
    /// A report, by place.
    PlaceReport,
    /// Joining one case, by address.
    Join,
}

impl Act {
    /// So many in so many seconds.
    const fn allowance(self) -> (u32, i64) {
        match self {
            Self::Look => (120, 60),
            Self::Component => (50, 600),
            Self::Follow => (240, 60),
            Self::Upload => (600, 600),
            Self::Photo => (120, 3_600),
            Self::Report => (60, 600),
            Self::AskCode => (20, 600),
            Self::TryCode => (40, 600),
            Self::PhoneReport => (10, 3_600),
            Self::PhoneCode => (5, 3_600),
            Self::PhoneCodeDay => (10, 86_400),
            Self::PhoneMessage => (20, 86_400),
            Self::PlaceReport => (30, 600),
            Self::Join => (5, 86_400),
        }
    }

    const ALL: [Self; 14] = [
        Self::Look,
        Self::Component,
        Self::Follow,
        Self::Upload,
        Self::Report,
        Self::AskCode,
        Self::TryCode,
        Self::Photo,
        Self::PhoneReport,
        Self::PhoneCode,
        Self::PhoneCodeDay,
        Self::PhoneMessage,
        Self::PlaceReport,
        Self::Join,
    ];
}

/// The counts.
pub struct Limits(Vec<Counts>);

struct Counts {
    act: Act,
    one: Attempts<String>,
    site: Attempts<String>,
}

impl Default for Limits {
    fn default() -> Self {
        let counts = Act::ALL.into_iter().map(|act| {
            let (allowed, seconds) = act.allowance();
            Counts {
                act,
                one: Attempts::new(allowed, seconds, KEYS_MAX),
                site: Attempts::new(allowed * SITE_TIMES, seconds, KEYS_MAX),
            }
        });
        Self(counts.collect())
    }
}

impl Limits {
    /// Counts one more of `act` by `key`. Errors: that was too often.
    pub fn count(&self, act: Act, key: &str, now: Timestamp) -> Result<(), PortalError> {
        let found = self.0.iter().find(|counts| counts.act == act);
        found.map_or(Ok(()), |counts| {
            counts
                .one
                .count(key.to_owned(), now)
                .map_err(PortalError::TooMany)
        })
    }

    /// Counts one more of `act` by an address; `about` is what it is counted for apart, if anything. Errors: that was too often, for the
    /// address or for the site it belongs to.
    pub fn count_address(
        &self,
        act: Act,
        address: &str,
        about: &str,
        now: Timestamp,
    ) -> Result<(), PortalError> {
        let key = |by: String| {
            if about.is_empty() {
                by
            } else {
                format!("{by} {about}")
            }
        };
        if let Some(site) = site_key(address)
            && let Some(counts) = self.0.iter().find(|counts| counts.act == act)
        {
            let counted = counts.site.count(key(site), now);
            counted.map_err(PortalError::TooMany)?;
        }
        self.count(act, &key(address_key(address)), now)
    }
}

/// Whom an address counts for: of IPv6 the network of a household, because each has as many addresses as it likes.
pub fn address_key(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(six)) => {
            if let Some(four) = six.to_ipv4_mapped() {
                return four.to_string();
            }
            let [a, b, c, d, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(IpAddr::V4(four)) => four.to_string(),
        Err(_) => address.to_owned(),
    }
}

/// The site that an address of IPv6 belongs to: what a provider gives to one customer at the most.
fn site_key(address: &str) -> Option<String> {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(six)) if six.to_ipv4_mapped().is_none() => {
            let [a, b, c, ..] = six.segments();
            Some(format!("{a:x}:{b:x}:{c:x}::/48"))
        }
        _ => None,
    }
}

/// Which place an address in words counts for: letters and digits alone, so that blanks and commas make no other place of it.
pub fn words_key(address: &str) -> String {
    address
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Which place a point counts for.
pub fn place_key(point: Point) -> String {
    let cell = |degrees: f64| (degrees / PLACE_DEGREES).floor();
    format!("{}:{}", cell(point.lon), cell(point.lat))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_has_an_allowance_of_its_own() {
        let limits = Limits::default();
        for act in Act::ALL {
            let (allowed, seconds) = act.allowance();
            for _ in 0..allowed {
                limits.count(act, "a", Timestamp(0)).unwrap();
            }
            assert!(
                matches!(limits.count(act, "a", Timestamp(0)), Err(PortalError::TooMany(wait)) if wait == seconds),
                "{act:?}"
            );
            limits.count(act, "b", Timestamp(0)).unwrap();
            limits
                .count(act, "a", Timestamp(0).plus_seconds(seconds))
                .unwrap();
        }
    }

    #[test]
    fn a_household_is_one_address_and_a_square_one_place() {
        assert_eq!(address_key("10.0.0.7"), "10.0.0.7");
        assert_eq!(address_key("::ffff:10.0.0.7"), "10.0.0.7");
        assert_eq!(
            address_key("2001:db8:1:2:3::4"),
            address_key("2001:db8:1:2:ffff::1")
        );
        assert_ne!(address_key("2001:db8:1:2::"), address_key("2001:db8:1:3::"));
        let at = |lon, lat| place_key(Point::new(lon, lat).unwrap());
        assert_eq!(at(121.1234, 31.1501), at(121.1239, 31.1509));
        assert_ne!(at(121.1234, 31.1501), at(121.1244, 31.1501));
        assert_eq!(words_key("青松路 8弄，3号"), words_key("青松路8弄3号"));
        assert_ne!(words_key("青松路8弄"), words_key("青松路9弄"));
    }

    #[test]
    fn many_households_of_one_site_are_held_in_bounds_together_and_other_sites_are_not() {
        let limits = Limits::default();
        let (allowed, _) = Act::Report.allowance();
        let ask = |site: u32, n: u32| {
            let address = format!("2001:db8:{site:x}:{n:x}::1");
            limits.count_address(Act::Report, &address, "", Timestamp(0))
        };
        for n in 0..allowed * SITE_TIMES {
            ask(1, n).unwrap();
        }
        assert!(matches!(ask(1, 0xffff), Err(PortalError::TooMany(_))));
        ask(2, 0).unwrap();
        // Each of IPv4 counts for itself alone.
        for n in 0..=255 {
            let address = format!("10.0.0.{n}");
            limits
                .count_address(Act::Join, &address, "case", Timestamp(0))
                .unwrap();
        }
    }
}
