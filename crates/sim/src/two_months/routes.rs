//! 分拨规则: who takes what, entered by the system administrator before the first day and mended half-way; and how dispatchers use it.

use super::grounds::Village;
use super::life::{Done, Life, Town};
use super::rates;
use crate::dice::Dice;
use crate::founding::{SeedError, data, fallback_of_district};
use crate::subject::{Lead, Subject};
use base::Id;
use casework::Call;
use casework::input::FallbackSetRequest;
use casework::input::routing::{RouteExplainRequest, RouteRequest};
use casework::routing::{Hours, RouteKind};
use std::collections::BTreeSet;

/// Street vendors and shops that spill onto the pavement: of an evening the enforcement bureau goes itself.
const EVENING: (&str, &str) = ("0405", "CGJ");
/// Exposed rubbish was entered as the cleaning company's, which only empties the bins: for half of the time.
const MISTAKEN: (&str, &str) = ("0106", "HWGS");

/// Rows of the routing table that are changed later.
#[derive(Debug, Default)]
pub(super) struct Routes {
    evening: Option<(Id, Id)>,
    mistaken: Option<Id>,
}

/// Units by name and code that act themselves, and codes of those that share.
type Units<'a> = (BTreeSet<(&'a str, &'a str)>, BTreeSet<&'a str>);

impl<'a> Town<'a> {
    /// Says who takes what: the district's centre, and in its street each street's, what nobody else is named for; units of the rule rows that do all of it themselves;
    /// for the rest the bureau, the street's centre or the station, by category and area.
    pub(super) async fn found(&mut self) -> Done {
        let by = self.by_administrator()?;
        fallback_of_district(self.casework, &by, self.city, self.organisations).await?;
        for (street, _) in &self.grounds.streets {
            let input = FallbackSetRequest {
                area_code: street.area.clone(),
                organisation_id: self.organisation(&street.organisation)?,
            };
            self.casework.fallback_set(&by, input).await?;
        }
        let mut routes = Routes::default();
        let (own, shared) = self.units_that_act()?;
        for (name, code) in &own {
            let row = RouteRequest {
                unit_name: Some((*name).to_owned()),
                ..self.row(RouteKind::Unit, code)?
            };
            self.casework.route_create(&by, row).await?;
        }
        for subject in self.subjects {
            let (category_id, row_id, _) = self.rule(subject, &Dice::new(0, 0))?;
            let unit = self.unit(row_id);
            let of_category = |code: &str| {
                self.row(RouteKind::Route, code).map(|row| RouteRequest {
                    category_id: Some(category_id),
                    ..row
                })
            };
            match (subject.lead, unit) {
                (Lead::Unit, Some(code)) if shared.contains(code) => {
                    self.casework.route_create(&by, of_category(code)?).await?;
                }
                (Lead::Street, _) => {
                    for (street, _) in &self.grounds.streets {
                        let row = RouteRequest {
                            area_code: Some(street.area.clone()),
                            ..of_category(&street.organisation)?
                        };
                        self.casework.route_create(&by, row).await?;
                    }
                }
                _ => {}
            }
            if subject.code == EVENING.0 {
                let row = RouteRequest {
                    hours: Some(evening("18:00")),
                    ..of_category(EVENING.1)?
                };
                let made = self.casework.route_create(&by, row).await?;
                routes.evening = Some((made.id, category_id));
            }
            if subject.code == MISTAKEN.0 {
                let row = of_category(MISTAKEN.1)?;
                routes.mistaken = Some(self.casework.route_create(&by, row).await?.id);
            }
        }
        for village in &self.grounds.villages {
            let Some(station) = self.grounds.station(village) else {
                continue;
            };
            let row = RouteRequest {
                area_code: Some(village.code.clone()),
                ..self.row(RouteKind::Route, &station)?
            };
            self.casework.route_create(&by, row).await?;
        }
        self.routes = routes;
        Ok(())
    }

    /// Half-way: the mistaken row is taken away, and the evening begins earlier in winter.
    pub(super) async fn mend_routes(&mut self) -> Done {
        let by = self.by_administrator()?;
        if let Some(id) = self.routes.mistaken.take() {
            self.casework.route_delete(&by, id).await?;
        }
        if let Some((id, category_id)) = self.routes.evening.take() {
            let row = RouteRequest {
                category_id: Some(category_id),
                hours: Some(evening("17:00")),
                ..self.row(RouteKind::Route, EVENING.1)?
            };
            self.casework.route_update(&by, id, row).await?;
        }
        Ok(())
    }

    fn by_administrator(&self) -> Result<Call, SeedError> {
        let by = self.cast.administrator.clone();
        Ok(Call::of(by.ok_or_else(|| data("no administrator"))?))
    }

    /// A row that says nothing yet but who.
    fn row(&self, kind: RouteKind, code: &str) -> Result<RouteRequest, SeedError> {
        Ok(RouteRequest {
            kind,
            category_id: None,
            area_code: None,
            hours: None,
            unit_name: None,
            organisation_id: self.organisation(code)?,
        })
    }

    /// Names and codes of the units that handle themselves whatever rule rows name them for, and codes of those that leave some of
    /// it to the streets.
    fn units_that_act(&self) -> Result<Units<'a>, SeedError> {
        let (mut own, mut shared) = (BTreeSet::new(), BTreeSet::new());
        let snapshot = self.rooms.registry.snapshot();
        for subject in self.subjects {
            let (category_id, ..) = self.rule(subject, &Dice::new(0, 0))?;
            for row in snapshot.rules.rule_rows_of(category_id) {
                let names = row.text.responsible_names();
                for (name, code) in names.filter_map(|name| self.units.get_key_value(name)) {
                    own.insert((*name, *code));
                    if subject.lead != Lead::Unit {
                        shared.insert(*code);
                    }
                }
            }
        }
        own.retain(|(_, code)| !shared.contains(code));
        Ok((own, shared))
    }

    /// Whom routing names for a case.
    pub(super) async fn advised(
        &self,
        by: &Call,
        case_id: Id,
    ) -> Result<Option<&'a str>, SeedError> {
        let question = RouteExplainRequest {
            case_id: Some(case_id),
            ..RouteExplainRequest::default()
        };
        let answer = self.casework.route_explain(&by.principal, question).await?;
        let named = answer.organisation;
        let id: Option<Id> = named.and_then(|organisation| organisation.id.parse().ok());
        Ok(id.and_then(|id| self.codes.get(&id)).copied())
    }

    /// Who is to lead: mostly whom routing names. Whether that leads astray: it is neither who usually handles it nor the unit that
    /// the rules name.
    pub(super) fn leader(
        &self,
        life: &Life,
        subject: &Subject,
        village: &Village,
        advised: Option<&str>,
    ) -> (String, bool) {
        let (unit, centre) = self.unit_and_centre(life, village);
        let usual = match subject.lead {
            Lead::Unit => unit.clone(),
            Lead::Street => centre.clone(),
            Lead::Station => self
                .grounds
                .station(village)
                .unwrap_or_else(|| centre.clone()),
        };
        let lead = match advised {
            None => usual.clone(),
            Some(advised) if life.dice.odds(rates::FOLLOWED) => advised.to_owned(),
            Some(advised) if advised == unit => centre,
            Some(_) if life.dice.odds(rates::BY_DISTRICT) => return ("CYZX".to_owned(), false),
            Some(_) => unit.clone(),
        };
        let is_astray = lead != usual && lead != unit;
        (lead, is_astray)
    }
}

/// Every evening, from then on.
fn evening(from: &str) -> Hours {
    Hours {
        days: (1..=7).collect(),
        from: from.to_owned(),
        until: "22:00".to_owned(),
    }
}
