//! Reports: told, taken from the pool, and accepted, answered, rejected or taken back.

use super::act::Act;
use super::grounds::{GRIDDED, Village};
use super::life::{Done, Life, Town};
use super::rates;
use crate::dice::Dice;
use crate::founding::{SeedError, data, standard_key};
use crate::messages::{self, Spot};
use crate::subject::Subject;
use base::{CoordinateSystem, Id, Timestamp};
use calendar::{BareUnits, Limit};
use casework::Call;
use casework::input::{
    CaseCreateRequest, CaseOpenRequest, CaseSelfHandleRequest, PlaceRequest, ReportAcceptRequest,
    ReportAnswerRequest, ReportCreateRequest, ReportRejectRequest, ReportWithdrawRequest,
    ReporterRequest,
};
use casework::model::{CaseStage, RejectReason};

/// The process that a case is run by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    CityManagement,
    Hotline,
    Sensor,
    Quick,
}

impl Course {
    /// The code of the process.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::CityManagement => "city-management",
            Self::Hotline => "hotline",
            Self::Sensor => "sensor",
            Self::Quick => "quick",
        }
    }
}

impl Town<'_> {
    pub(super) async fn tell(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, subject, village) = self.life(nth)?;
        if life.is_order {
            return self.order(nth, at).await;
        }
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
        let course = course(source, dice);
        let limit = limit_of(course, limit)?;
        let handles = source == "inspector" && course == Course::CityManagement;
        let place = self.place(village, dice);
        if handles && dice.odds(rates::SELF_HANDLED) {
            let by = Call::of(teller.clone());
            let found = Box::pin(self.picture(nth, &by, false)).await?;
            let done = Box::pin(self.picture(nth, &by, true)).await?;
            let input = CaseSelfHandleRequest {
                source: source.to_owned(),
                title: message.title,
                detail: message.detail,
                address: Some(message.address),
                place,
                category_id: Some(category_id),
                rule_row_id: Some(rule_row_id),
                process: None,
                result: messages::result(subject, dice),
                found_attachment_ids: found,
                occurred_at: None,
            };
            let by = by.with_attachments(done);
            // Too large to be moved about.
            let command = Box::pin(self.casework.case_self_handle(&by, input));
            let case = self.carry_out(command).await?;
            self.tally.reports += 1;
            self.change(nth, |life| {
                (life.category_id, life.rule_row_id) = (category_id, rule_row_id);
                (life.limit, life.clerk) = (Some(limit), Some(teller));
            })?;
            return self.opened(nth, case, at);
        }
        // A warning is a case as it comes in; a caller's often is; other things wait in the pool.
        let at_once =
            course == Course::Sensor || (source == "hotline" && dice.odds(rates::OPENED_AT_ONCE));
        let open = opening(course, category_id, rule_row_id, life);
        let input = ReportCreateRequest {
            level: Some(life.level),
            source: source.to_owned(),
            title: message.title,
            detail: message.detail,
            address: Some(message.address),
            place,
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
        let by = Call::of(teller);
        let files = Box::pin(self.picture(nth, &by, false)).await?;
        let by = by.with_attachments(files);
        // Too large to be moved about.
        let command = Box::pin(self.casework.report_create(&by, input));
        let created = self.carry_out(command).await?;
        self.tally.reports += 1;
        self.change(nth, |life| {
            life.report_id = created.report.id;
            (life.is_citizen, life.course) = (is_citizen, course);
            (life.category_id, life.rule_row_id) = (category_id, rule_row_id);
            life.limit = Some(limit);
        })?;
        if let Some(case) = created.case {
            return self.opened(nth, case, at);
        }
        self.put(nth, claim_at, Act::Claim);
        Ok(())
    }

    /// 督查: what a leader wants done, of no category and at no place.
    async fn order(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.shift_leaders)?;
        let title = life.dice.pick(ORDERS).copied().unwrap_or_default();
        let input = CaseCreateRequest {
            source: "upper_platform".to_owned(),
            title: title.to_owned(),
            detail: "请牵头单位按要求落实，并反馈办理结果。".to_owned(),
            address: None,
            category_id: None,
            level: Some(life.level),
            place: None,
            component_id: None,
            process: Some(Course::Hotline.code().to_owned()),
            rule_row_id: None,
        };
        let command = self.casework.case_create(&by, input);
        let case = self.carry_out(command).await?;
        let limit = Limit::parse(HOTLINE_LIMIT, &BareUnits::default()).map_err(|why| data(&why))?;
        self.change(nth, |life| {
            (life.course, life.limit) = (Course::Hotline, Some(limit));
        })?;
        self.opened(nth, case, at)
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
    pub(super) async fn claim(&mut self, nth: usize, at: Timestamp) -> Done {
        let (life, by) = self.by(nth, |cast| &cast.intake)?;
        let ends = [rates::ANSWERED, rates::REJECTED, rates::WITHDRAWN];
        let end = life.dice.one_of(&ends).filter(|_| life.is_citizen);
        let next = match (life.dice.odds(rates::RELEASED), end) {
            (true, _) => Act::Release,
            (false, Some(0)) => Act::Answer,
            (false, Some(1)) => Act::Reject,
            (false, Some(_)) => Act::Withdraw,
            (false, None) => Act::Accept,
        };
        let at = at.plus_seconds(life.dice.between(30, 600));
        let command = self.casework.report_claim(&by, life.report_id);
        self.carry_out(command).await?;
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

    /// Put back into the pool, for another to take.
    pub(super) async fn release(&mut self, nth: usize, at: Timestamp) -> Done {
        let (by, report_id) = self.clerk(nth)?;
        let later = at.plus_seconds(self.life(nth)?.0.dice.between(45, 900));
        let command = self.casework.report_release(&by, report_id);
        self.carry_out(command).await?;
        self.put(nth, later, Act::Claim);
        Ok(())
    }

    pub(super) async fn answer(&mut self, nth: usize) -> Done {
        let (by, report_id) = self.clerk(nth)?;
        let input = ReportAnswerRequest {
            answer: "已当场答复并告知办理途径，来电人表示了解。".to_owned(),
        };
        let command = self.casework.report_answer(&by, report_id, input);
        self.carry_out(command).await.map(drop)
    }

    pub(super) async fn reject(&mut self, nth: usize) -> Done {
        let (by, report_id) = self.clerk(nth)?;
        let input = ReportRejectRequest {
            reason: RejectReason::OutOfScope,
            answer: "所反映事项不属于本平台受理范围，已告知其他渠道。".to_owned(),
        };
        let command = self.casework.report_reject(&by, report_id, input);
        self.carry_out(command).await.map(drop)
    }

    pub(super) async fn withdraw(&mut self, nth: usize) -> Done {
        let (by, report_id) = self.clerk(nth)?;
        let input = ReportWithdrawRequest {
            by_reporter: true,
            reason: "来电人称问题已自行解决，要求撤回。".to_owned(),
        };
        let command = self.casework.report_withdraw(&by, report_id, input);
        self.carry_out(command).await.map(drop)
    }

    pub(super) async fn accept(&mut self, nth: usize, at: Timestamp) -> Done {
        let (by, _) = self.clerk(nth)?;
        let (life, ..) = self.life(nth)?;
        // Somebody else has told of the same thing, and it is not put right yet.
        let twin = self.open_cases.get(&(life.village, life.subject)).copied();
        let open = opening(life.course, life.category_id, life.rule_row_id, life);
        let input = ReportAcceptRequest {
            open_cases: if twin.is_some() {
                Vec::new()
            } else {
                vec![open]
            },
            join_case_ids: twin.into_iter().collect(),
        };
        let command = self.casework.report_accept(&by, life.report_id, input);
        let accepted = self.carry_out(command).await?;
        match accepted.opened.into_iter().next() {
            Some(case) => self.opened(nth, case, at),
            // Its call back, if any, is the affair of the case it joined.
            None => self.change(nth, |life| life.stage = Some(CaseStage::Merged)),
        }
    }
}

/// How long requests and small matters may take, as their processes say.
const HOTLINE_LIMIT: &str = "7工作日";
const QUICK_LIMIT: &str = "1工作日";

const ORDERS: &[&str] = &[
    "开展汛期河道安全专项督查",
    "落实重点区域节假日市容保障",
    "排查沿街店招店牌安全隐患",
    "核查群众来信反映的夜间施工管理情况",
    "组织老旧小区消防通道专项整治",
    "督促落实高温作业防护措施",
];

/// What happened, in a citizen's words.
pub(super) fn what<'a>(subject: &'a Subject, dice: &Dice) -> &'a str {
    dice.pick(&subject.what).map_or("", String::as_str)
}

/// Which process a case of a source is run by.
fn course(source: &str, dice: &Dice) -> Course {
    let chosen = dice.between(0, 999).unsigned_abs();
    let is_hotline = chosen < rates::HOTLINE.permille;
    let is_quick = chosen >= 1_000 - rates::QUICK.permille;
    dice.count(rates::HOTLINE, is_hotline);
    dice.count(rates::QUICK, is_quick);
    match source {
        "sensor" | "camera" => Course::Sensor,
        "hotline" | "citizen_app" if is_hotline => Course::Hotline,
        "hotline" | "citizen_app" | "inspector" if is_quick => Course::Quick,
        _ => Course::CityManagement,
    }
}

/// The limit of handling: the rule row's where the process files by it, or else the process's own.
fn limit_of(course: Course, limit: Limit) -> Result<Limit, SeedError> {
    let own = match course {
        Course::Hotline => HOTLINE_LIMIT,
        Course::Quick => QUICK_LIMIT,
        Course::CityManagement | Course::Sensor => return Ok(limit),
    };
    Limit::parse(own, &BareUnits::default()).map_err(|why| data(&why))
}

fn opening(course: Course, category_id: Id, rule_row_id: Id, life: &Life) -> CaseOpenRequest {
    CaseOpenRequest {
        category_id: Some(category_id),
        level: Some(life.level),
        process: Some(course.code().to_owned()),
        rule_row_id: (course == Course::Sensor).then_some(rule_row_id),
        ..CaseOpenRequest::default()
    }
}
