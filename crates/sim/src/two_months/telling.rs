//! Reports: told, taken from the pool, and accepted, answered, rejected or taken back.

use super::grounds::{GRIDDED, Village};
use super::life::{Act, Town, someone};
use super::rates;
use crate::dice::Dice;
use crate::founding::{SeedError, data, standard_key};
use crate::messages::{self, Spot};
use crate::subject::Subject;
use base::{CoordinateSystem, Id, Timestamp};
use calendar::Limit;
use casework::Call;
use casework::input::{
    CaseOpenRequest, PlaceRequest, ReportAcceptRequest, ReportAnswerRequest, ReportCreateRequest,
    ReportRejectRequest, ReportWithdrawRequest, ReporterRequest,
};
use casework::model::RejectReason;

impl Town<'_> {
    pub(super) async fn tell(&mut self, nth: usize, at: Timestamp) -> Result<(), SeedError> {
        let (life, subject, village) = self.life(nth)?;
        let dice = &life.dice;
        let (category_id, rule_row_id, limit) = self.rule(subject, dice)?;
        let weights: Vec<f64> = rates::SOURCES.iter().map(|(_, share)| *share).collect();
        let source = rates::SOURCES
            .get(dice.weighted(&weights))
            .map_or("hotline", |(source, _)| source);
        let teller = if source == "inspector" {
            self.cast
                .inspectors
                .get(village.street)
                .and_then(|of_street| dice.pick(of_street))
        } else {
            dice.pick(&self.cast.intake)
        };
        let teller = teller.ok_or_else(|| data("nobody takes reports"))?.clone();
        let spot = if village.is_rural() {
            Spot::Village(village.short_name())
        } else {
            Spot::Neighbourhood(village.short_name())
        };
        let message = messages::draw(subject, spot, dice);
        let is_citizen = matches!(source, "hotline" | "citizen_app");
        let at_once = is_citizen && source == "hotline" && dice.odds(rates::OPENED_AT_ONCE);
        let open = CaseOpenRequest {
            category_id: Some(category_id),
            level: Some(life.level),
            ..CaseOpenRequest::default()
        };
        let input = ReportCreateRequest {
            level: Some(life.level),
            source: source.to_owned(),
            title: message.title,
            detail: message.detail,
            address: Some(message.address),
            place: self.place(village, dice),
            reporter: is_citizen.then(|| ReporterRequest {
                name: Some(message.name),
                phone: Some(message.phone),
                hidden: dice.odds(rates::HIDDEN),
            }),
            external: None,
            occurred_at: None,
            open_case: at_once.then_some(open),
        };
        let claim_at = at.plus_seconds(dice.between(45, 900));
        let created = self
            .rooms
            .casework
            .report_create(&Call::of(teller), input)
            .await?;
        self.tally.reports += 1;
        let life = self.lives.get_mut(nth).ok_or_else(|| data("a life"))?;
        life.report_id = created.report.id;
        life.is_citizen = is_citizen;
        (life.category_id, life.rule_row_id, life.limit) = (category_id, rule_row_id, Some(limit));
        match created.case {
            Some(case) => self.opened(nth, &case, at),
            None => self.put(nth, claim_at, Act::Claim),
        }
        Ok(())
    }

    /// The subject's category, and one of its rule rows with its limit.
    pub(super) fn rule(
        &self,
        subject: &Subject,
        dice: &Dice,
    ) -> Result<(Id, Id, Limit), SeedError> {
        let snapshot = self.rooms.registry.snapshot();
        let standard = snapshot
            .rules
            .standard_by_key(&standard_key(self.city))
            .ok_or_else(|| data("no standard"))?;
        let category = subject
            .category_kind()
            .and_then(|kind| {
                snapshot
                    .rules
                    .category_by_code(standard.id, kind, &subject.code)
            })
            .ok_or_else(|| data(&subject.code))?;
        let rows = snapshot.rules.rule_rows_of(category.id);
        let row = dice.pick(rows).ok_or_else(|| data(&subject.code))?;
        Ok((category.id, row.id, row.limit.clone()))
    }

    /// In the gridded street a point says which grid; elsewhere the village is named.
    pub(super) fn place(&self, village: &Village, dice: &Dice) -> PlaceRequest {
        let (lon, lat) = self.grounds.point(village, dice);
        PlaceRequest {
            lon: Some(lon),
            lat: Some(lat),
            coordinate_system: CoordinateSystem::Cgcs2000,
            area_code: (!village.code.starts_with(GRIDDED)).then(|| village.code.clone()),
        }
    }

    /// Whoever takes a report from the pool decides what becomes of it.
    pub(super) async fn claim(&mut self, nth: usize, at: Timestamp) -> Result<(), SeedError> {
        let (life, ..) = self.life(nth)?;
        let by = someone(&self.cast.intake, &life.dice)?;
        let chosen = life.dice.between(0, 999).unsigned_abs();
        let next =
            if !life.is_citizen || chosen >= rates::ANSWERED + rates::REJECTED + rates::WITHDRAWN {
                Act::Accept
            } else if chosen < rates::ANSWERED {
                Act::Answer
            } else if chosen < rates::ANSWERED + rates::REJECTED {
                Act::Reject
            } else {
                Act::Withdraw
            };
        let at = at.plus_seconds(life.dice.between(30, 600));
        let casework = self.rooms.casework;
        casework.report_claim(&by, life.report_id).await?;
        let life = self.lives.get_mut(nth).ok_or_else(|| data("a life"))?;
        life.clerk = Some(by.principal);
        self.put(nth, at, next);
        Ok(())
    }

    /// Whoever has taken the report on.
    pub(super) fn clerk(&self, nth: usize) -> Result<(Call, Id), SeedError> {
        let (life, ..) = self.life(nth)?;
        let clerk = life
            .clerk
            .clone()
            .ok_or_else(|| data("nobody took it on"))?;
        Ok((Call::of(clerk), life.report_id))
    }

    pub(super) async fn answer(&mut self, nth: usize) -> Result<(), SeedError> {
        let (by, report_id) = self.clerk(nth)?;
        let input = ReportAnswerRequest {
            answer: "已当场答复并告知办理途径，来电人表示了解。".to_owned(),
        };
        self.rooms
            .casework
            .report_answer(&by, report_id, input)
            .await?;
        Ok(())
    }

    pub(super) async fn reject(&mut self, nth: usize) -> Result<(), SeedError> {
        let (by, report_id) = self.clerk(nth)?;
        let input = ReportRejectRequest {
            reason: RejectReason::OutOfScope,
            answer: "所反映事项不属于本平台受理范围，已告知其他渠道。".to_owned(),
        };
        self.rooms
            .casework
            .report_reject(&by, report_id, input)
            .await?;
        Ok(())
    }

    pub(super) async fn withdraw(&mut self, nth: usize) -> Result<(), SeedError> {
        let (by, report_id) = self.clerk(nth)?;
        let input = ReportWithdrawRequest {
            by_reporter: true,
            reason: "来电人称问题已自行解决，要求撤回。".to_owned(),
        };
        self.rooms
            .casework
            .report_withdraw(&by, report_id, input)
            .await?;
        Ok(())
    }

    pub(super) async fn accept(&mut self, nth: usize, at: Timestamp) -> Result<(), SeedError> {
        let (by, _) = self.clerk(nth)?;
        let (life, ..) = self.life(nth)?;
        // Somebody else has told of the same thing, and it is not put right yet.
        let twin = self.open_cases.get(&(life.village, life.subject)).copied();
        let open = CaseOpenRequest {
            category_id: Some(life.category_id),
            level: Some(life.level),
            ..CaseOpenRequest::default()
        };
        let input = ReportAcceptRequest {
            open_cases: if twin.is_some() {
                Vec::new()
            } else {
                vec![open]
            },
            join_case_ids: twin.into_iter().collect(),
        };
        let accepted = self
            .rooms
            .casework
            .report_accept(&by, life.report_id, input)
            .await?;
        if let Some(case) = accepted.opened.first() {
            self.opened(nth, case, at);
        }
        Ok(())
    }
}
