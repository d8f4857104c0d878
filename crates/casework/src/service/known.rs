//! What a request names by id or code must be there: looks it up, or says in which field it is not.

use super::Casework;
use crate::city::{OrganisationFacts, Place};
use base::{FieldError, Id};

impl Casework {
    /// The organisation that `field` names.
    pub(super) fn known_organisation(
        &self,
        field: impl Into<String>,
        id: Id,
        wrong: &mut Vec<FieldError>,
    ) -> Option<OrganisationFacts> {
        let found = self.parts().city.organisation(id);
        if found.is_none() {
            let message = "there is no such organisation";
            wrong.push(FieldError::new(field, "unknown_id", message));
        }
        found
    }

    /// The area in force whose code `field` gives.
    pub(super) fn known_area(
        &self,
        field: impl Into<String>,
        code: &str,
        wrong: &mut Vec<FieldError>,
    ) -> Option<Place> {
        or_unknown(self.parts().city.place_by_code(code), field, wrong)
    }

    /// The area whose code `field` gives, in force or not: for asking what lay in it.
    pub(super) fn known_area_ever(
        &self,
        field: impl Into<String>,
        code: &str,
        wrong: &mut Vec<FieldError>,
    ) -> Option<Place> {
        or_unknown(self.parts().city.place_by_code_ever(code), field, wrong)
    }
}

fn or_unknown(
    found: Option<Place>,
    field: impl Into<String>,
    wrong: &mut Vec<FieldError>,
) -> Option<Place> {
    if found.is_none() {
        let message = "there is no area with this code";
        wrong.push(FieldError::new(field, "unknown_code", message));
    }
    found
}
