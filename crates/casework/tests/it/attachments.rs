//! Files that go with reports and with actions on cases: uploaded, named, seen, taken away.

use crate::town::*;
use access::Principal;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use base::limits::{ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX};
use base::{Id, Problem};
use bytes::Bytes;
use casework::input::*;
use casework::view::{AttachmentView, CaseStateView};
use casework::{Call, CaseworkError};
use http_body_util::BodyExt;
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Statement, params};
use tower::ServiceExt;

const DAY: i64 = 24 * 3_600;

/// A photo, each `n` another.
fn photo(n: u8) -> Vec<u8> {
    let picture = RgbImage::from_fn(400, 300, |x, y| {
        Rgb([
            n.wrapping_mul(40),
            u8::try_from(x % 256).unwrap(),
            u8::try_from(y % 256).unwrap(),
        ])
    });
    let mut out = Vec::new();
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut out, 80))
        .unwrap();
    out
}

impl Town {
    fn upload_by(&self, call: Call, bytes: &[u8]) -> Result<AttachmentView, CaseworkError> {
        wait(async {
            let name = Some("王小明家门口.jpg".to_owned());
            let mut upload = self.casework.attachment_begin(call, name).await?;
            for chunk in bytes.chunks(1_000) {
                upload.push(chunk).await?;
            }
            upload.finish().await
        })
    }

    fn upload(&self, who: &Arc<Principal>, n: u8) -> Id {
        self.upload_by(call(who), &photo(n)).unwrap().id
    }

    fn finish_with(&self, task_id: Id, files: Vec<Id>) -> Result<CaseStateView, CaseworkError> {
        let by = call(&roads()).with_attachments(files);
        let request = TaskFinishRequest {
            result: Some("已更换井盖".to_owned()),
            occurred_at: None,
        };
        wait(self.casework.task_finish(&by, task_id, request))
    }

    /// A case that the roads handle, and their task.
    fn under_way(&self) -> (Id, Id) {
        let case_id = self.create().case.unwrap().id;
        self.file(case_id);
        let request = CaseDispatchRequest {
            lead_organisation_id: ROADS,
            co_organisation_ids: vec![],
        };
        let by = call(&centre("dispatcher"));
        let state = wait(self.casework.case_dispatch(&by, case_id, request)).unwrap();
        self.accept(ROADS, state.tasks[0].id);
        (case_id, state.tasks[0].id)
    }

    fn names(&self) -> Vec<String> {
        wait(async {
            let mut names = Vec::new();
            for folder in self.casework.blobs().folders().await.unwrap() {
                let files = self.casework.blobs().list(&folder).await.unwrap();
                names.extend(files.into_iter().map(|file| file.name));
            }
            names
        })
    }

    fn tidy(&self) -> (u64, u64) {
        let tidied = wait(self.casework.attachments_tidy()).unwrap();
        let swept = wait(self.casework.attachments_sweep()).unwrap();
        (tidied.dropped, swept.orphans)
    }

    fn verify_files(&self) -> Vec<&'static str> {
        let (_, findings) = wait(self.casework.attachments_verify()).unwrap();
        findings.into_iter().map(|finding| finding.code).collect()
    }

    fn sees(&self, who: &Arc<Principal>, id: Id) -> bool {
        let whole = wait(self.casework.attachment_open(who, id, false));
        let small = wait(self.casework.attachment_open(who, id, true));
        assert_eq!(whole.is_ok(), small.is_ok());
        match whole {
            Ok(_) => true,
            Err(CaseworkError::NotFound(_) | CaseworkError::Denied(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }
}

fn roads() -> Arc<Principal> {
    person(ROADS, "handler", None)
}

fn fields(outcome: Result<impl Sized, CaseworkError>) -> Vec<(String, &'static str)> {
    let Err(error) = outcome else {
        panic!("it was taken")
    };
    let problem: Problem = error.into();
    let fields = problem.fields.into_iter();
    fields.map(|field| (field.field, field.code)).collect()
}

#[test]
fn files_go_with_a_report_a_result_and_an_inspection_and_the_timeline_names_them() {
    each_town(|town, _| {
        let clerk = centre("intake_clerk");
        let before = town.upload(&clerk, 1);
        let by = call(&clerk).with_attachments(vec![before]);
        let created = wait(town.casework.report_create(&by, report_request())).unwrap();
        let case_id = created.case.unwrap().id;
        town.file(case_id);
        let tasks = town.dispatch(case_id).tasks;
        town.accept(ROADS, tasks[0].id);
        town.accept(WATER, tasks[1].id);
        town.finish(WATER, tasks[1].id);
        let after = [town.upload(&roads(), 2), town.upload(&roads(), 3)];
        town.finish_with(tasks[0].id, after.to_vec()).unwrap();
        let inspector = centre("inspector");
        let looked = town.upload(&inspector, 4);
        let by = call(&inspector).with_attachments(vec![looked]);
        let request = CaseInspectResultRequest {
            passed: true,
            failed_task_ids: vec![],
            opinion: None,
            occurred_at: None,
        };
        wait(town.casework.case_inspect_result(&by, case_id, request)).unwrap();

        let view = wait(town.casework.case_view(&inspector, case_id)).unwrap();
        let shown: Vec<_> = view
            .attachments
            .iter()
            .map(|each| (each.id, each.stage.unwrap().as_str(), each.task_id))
            .collect();
        let lead = Some(tasks[0].id);
        let inspection = view.tasks.last().unwrap().id;
        assert_eq!(
            shown,
            [
                (before, "reported", None),
                (after[0], "handled", lead),
                (after[1], "handled", lead),
                (looked, "inspected", Some(inspection)),
            ]
        );
        assert_eq!(view.attachments[0].width, Some(400));
        assert!(
            view.attachments[0]
                .name
                .as_deref()
                .is_some_and(|name| name.contains(".jpg"))
        );
        let named = view
            .timeline
            .iter()
            .filter(|entry| entry.kind == "files_attached");
        let named: Vec<Value> = named.map(fact).collect();
        assert_eq!(named.len(), 2);
        assert_eq!(named[0]["operation"], "task_finish");
        assert_eq!(
            named[0]["files"][1],
            json!({
                "id": after[1].to_string(), "digest": view.attachments[2].digest, "kind": "jpeg",
                "size_bytes": view.attachments[2].size_bytes,
            })
        );
        let report = wait(town.casework.report_view(&clerk, created.report.id)).unwrap();
        assert_eq!(report.attachments.len(), 1);
        assert!(
            report
                .timeline
                .iter()
                .any(|entry| entry.kind == "report_files_attached")
        );
        assert_eq!(town.verify_files(), [""; 0]);
        town.verify();
    });
}

#[test]
fn what_an_inspector_handles_at_once_has_files_of_before_and_after() {
    each_town(|town, _| {
        let inspector = centre("inspector");
        let (before, after) = (town.upload(&inspector, 1), town.upload(&inspector, 2));
        let by = call(&inspector).with_attachments(vec![after]);
        let request = CaseSelfHandleRequest {
            source: "inspector".to_owned(),
            title: "小广告".to_owned(),
            detail: String::new(),
            address: None,
            place: report_request().place,
            category_id: Some(CATEGORY),
            rule_row_id: Some(RULE),
            process: None,
            result: "已当场清除".to_owned(),
            found_attachment_ids: vec![before],
            occurred_at: None,
        };
        let case = wait(town.casework.case_self_handle(&by, request)).unwrap();
        let view = wait(town.casework.case_view(&inspector, case.id)).unwrap();
        let shown: Vec<_> = view
            .attachments
            .iter()
            .map(|each| (each.id, each.stage.unwrap().as_str()))
            .collect();
        assert_eq!(shown, [(before, "reported"), (after, "handled")]);
        town.verify();
    });
}

#[test]
fn a_file_that_is_unknown_used_or_anothers_refuses_the_action_and_names_the_field() {
    each_town(|town, _| {
        let (case_id, task_id) = town.under_way();
        let (other_case, other_task) = town.under_way();
        let mine = town.upload(&roads(), 1);
        let theirs = town.upload(&person(WATER, "handler", None), 2);
        let unknown = |n: usize| (format!("attachment_ids[{n}]"), "unknown_id");
        let outcome = town.finish_with(task_id, vec![mine, theirs, Id(5), mine]);
        let twice = ("attachment_ids[3]".to_owned(), "duplicate");
        assert_eq!(fields(outcome), [unknown(1), unknown(2), twice]);
        let many = vec![mine; ATTACHMENTS_MAX + 1];
        let too_many = ("attachment_ids".to_owned(), "too_many");
        assert_eq!(fields(town.finish_with(task_id, many)), [too_many]);
        // What takes none says so, and what was refused has used nothing.
        let by = call(&centre("shift_leader")).with_attachments(vec![mine]);
        let urge = wait(town.casework.case_urge(
            &by,
            case_id,
            serde_json::from_value(json!({})).unwrap(),
        ));
        assert_eq!(fields(urge), [("attachment_ids".to_owned(), "unexpected")]);
        town.finish_with(task_id, vec![mine]).unwrap();
        let used = ("attachment_ids[0]".to_owned(), "already_used");
        assert_eq!(fields(town.finish_with(other_task, vec![mine])), [used]);
        let by = call(&roads()).with_attachments(vec![mine]);
        let report = wait(town.casework.report_create(
            &call(&centre("intake_clerk")).with_attachments(vec![mine]),
            report_request(),
        ));
        assert_eq!(fields(report), [unknown(0)]);
        let view = wait(town.casework.case_view(&by.principal, other_case)).unwrap();
        assert!(view.attachments.is_empty());
        town.verify();
    });
}

#[test]
fn a_file_is_seen_by_who_sees_the_case_and_before_that_by_who_uploaded_it() {
    each_town(|town, _| {
        let (_, task_id) = town.under_way();
        let file = town.upload(&roads(), 1);
        let inspector = centre("inspector");
        let elsewhere = person(STATION, "intake_clerk", Some(street(2)));
        let here = person(STATION, "intake_clerk", Some(street(1)));
        assert!(town.sees(&roads(), file));
        assert!(
            ![&inspector, &elsewhere, &here]
                .iter()
                .any(|who| town.sees(who, file))
        );
        town.finish_with(task_id, vec![file]).unwrap();
        for (who, sees) in [
            (roads(), true),
            (inspector, true),
            (here, true),
            (elsewhere, false),
            (person(WATER, "handler", None), false),
        ] {
            assert_eq!(town.sees(&who, file), sees, "{}", who.staff_name);
        }
    });
}

#[test]
fn the_same_upload_again_is_the_same_file_and_the_key_serves_no_other() {
    each_town(|town, _| {
        let by = || Call {
            idempotency_key: Some("photo-1".to_owned()),
            ..call(&roads())
        };
        let first = town.upload_by(by(), &photo(1)).unwrap();
        let again = town.upload_by(by(), &photo(1)).unwrap();
        assert_eq!((again.id, &again.digest), (first.id, &first.digest));
        let problem: Problem = town.upload_by(by(), &photo(2)).unwrap_err().into();
        assert_eq!(problem.code, "idempotency_key_reused");
        assert_eq!(town.names().len(), 2, "one file and its thumbnail");
        // And what names it may be asked twice.
        let clerk = centre("intake_clerk");
        let told = Call {
            idempotency_key: Some("report-1".to_owned()),
            ..call(&clerk).with_attachments(vec![town.upload(&clerk, 3)])
        };
        let create = || wait(town.casework.report_create(&told, report_request())).unwrap();
        assert_eq!(create(), create());
        let (_, task_id) = town.under_way();
        let done = Call {
            idempotency_key: Some("finish-1".to_owned()),
            ..call(&roads()).with_attachments(vec![first.id])
        };
        let request = TaskFinishRequest {
            result: Some("已更换井盖".to_owned()),
            occurred_at: None,
        };
        let finish = || wait(town.casework.task_finish(&done, task_id, request.clone())).unwrap();
        assert_eq!(finish(), finish());
        town.verify();
    });
}

#[test]
fn what_nothing_uses_is_taken_away_after_a_day_and_so_is_what_a_crash_left() {
    each_town(|town, _| {
        let (_, task_id) = town.under_way();
        let (kept, dropped) = (town.upload(&roads(), 1), town.upload(&roads(), 2));
        town.finish_with(task_id, vec![kept]).unwrap();
        // The bytes were there, and then the program was not.
        let orphan =
            town.names()[0].replace(&town.names()[0][11..], &format!("{}", kept.0 + 1_000));
        wait(
            town.casework
                .blobs()
                .put(&orphan, Bytes::from_static(b"half")),
        )
        .unwrap();
        assert_eq!(town.names().len(), 5);
        town.clock.advance_seconds(DAY - 60);
        assert_eq!(town.tidy(), (0, 0));
        town.clock.advance_seconds(120);
        assert_eq!(town.tidy(), (1, 1));
        assert_eq!(town.names().len(), 2);
        assert!(town.sees(&roads(), kept) && !town.sees(&roads(), dropped));
        assert_eq!(town.tidy(), (0, 0));
        assert_eq!(town.verify_files(), [""; 0]);
        town.verify();
    });
}

#[test]
fn a_forgotten_reporters_files_are_destroyed_and_the_record_stays_whole() {
    each_town(|town, _| {
        let clerk = centre("intake_clerk");
        let file = town.upload(&clerk, 1);
        let by = call(&clerk).with_attachments(vec![file]);
        let created = wait(town.casework.report_create(&by, report_request())).unwrap();
        town.complete(created.case.unwrap().id);
        let leader = call(&centre("shift_leader"));
        let request = serde_json::from_value(json!({"reason": "asked"})).unwrap();
        wait(
            town.casework
                .report_forget(&leader, created.report.id, request),
        )
        .unwrap();
        assert!(
            !town.sees(&clerk, file),
            "from now on, not from when it is tidied"
        );
        assert_eq!(town.tidy(), (1, 0));
        assert_eq!(town.names(), [""; 0]);
        let view = wait(town.casework.report_view(&clerk, created.report.id)).unwrap();
        assert!(view.attachments.is_empty());
        town.verify();
    });
}

static BREAK_ROW: Statement = Statement::fixed("UPDATE attachment SET digest = 'x' WHERE id = ?1");

#[test]
fn a_file_that_is_missing_or_changed_is_found() {
    each_town(|town, _| {
        let (_, task_id) = town.under_way();
        let files: Vec<Id> = (1..=3).map(|n| town.upload(&roads(), n)).collect();
        town.finish_with(task_id, files.clone()).unwrap();
        let names = town.names();
        let blobs = town.casework.blobs();
        wait(blobs.remove(&names[0])).unwrap();
        wait(blobs.put(&names[2], Bytes::from(photo(9)))).unwrap();
        assert_eq!(town.verify_files(), ["file_missing", "file_differs"]);
        assert_eq!(town.casework.verify().unwrap().findings, []);
        let last = files[2];
        let tamper = move |tx: &mut store::Tx<'_>| tx.post(&BREAK_ROW, params![last]);
        town.casework.store().write_blocking(tamper).unwrap();
        let found: Vec<_> = town
            .casework
            .verify()
            .unwrap()
            .findings
            .into_iter()
            .map(|each| each.code)
            .collect();
        assert_eq!(found, ["files_differ"]);
    });
}

/// Sends bytes or asks for them; the answer with its bytes.
fn ask(app: &Router, request: Request<Body>) -> (Response<()>, Bytes) {
    wait(async {
        let answer = app.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        (
            Response::from_parts(parts, ()),
            body.collect().await.unwrap().to_bytes(),
        )
    })
}

#[test]
fn bytes_go_in_and_come_out_over_http_whole_in_part_or_not_again() {
    each_town(|town, _| {
        let app = casework::http::router(town.casework.clone())
            .split_for_parts()
            .0;
        let send = |headers: &[(&str, String)], body: Body| {
            let mut request = Request::post("/api/v1/attachments").extension(roads());
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            ask(&app, request.body(body).unwrap())
        };
        let name = ("x-file-name", "%E4%BA%95%E7%9B%96.jpg".to_owned());
        let (answer, body) = send(&[name], Body::from(photo(1)));
        assert_eq!(answer.status(), StatusCode::CREATED);
        let view: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&view["kind"], &view["name"]),
            (&json!("jpeg"), &json!("井盖.jpg"))
        );

        let path = answer.headers()[header::LOCATION]
            .to_str()
            .unwrap()
            .to_owned();
        let get = |path: &str, headers: &[(header::HeaderName, &str)]| {
            let mut request = Request::get(path).extension(roads());
            for (name, value) in headers {
                request = request.header(name, *value);
            }
            ask(&app, request.body(Body::empty()).unwrap())
        };
        let (whole, bytes) = get(&path, &[]);
        let text = |answer: &Response<()>, name| {
            let value = answer.headers().get(name);
            value
                .map(|value: &header::HeaderValue| value.to_str().unwrap().to_owned())
                .unwrap_or_default()
        };
        assert_eq!(whole.status(), StatusCode::OK);
        assert_eq!(text(&whole, header::CONTENT_TYPE), "image/jpeg");
        assert_eq!(
            text(&whole, header::CONTENT_LENGTH),
            bytes.len().to_string()
        );
        assert_eq!(
            text(&whole, header::ETAG),
            format!("\"{}\"", view["digest"].as_str().unwrap())
        );
        assert!(text(&whole, header::CACHE_CONTROL).starts_with("private"));
        let disposition = text(&whole, header::CONTENT_DISPOSITION);
        assert!(disposition.starts_with("inline; filename=") && disposition.is_ascii());
        let (part, some) = get(&path, &[(header::RANGE, "bytes=10-19")]);
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(some, bytes.slice(10..20));
        assert_eq!(
            text(&part, header::CONTENT_RANGE),
            format!("bytes 10-19/{}", bytes.len())
        );
        let (beyond, _) = get(&path, &[(header::RANGE, "bytes=9999999-")]);
        assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        let tag = text(&whole, header::ETAG);
        let (known, none) = get(&path, &[(header::IF_NONE_MATCH, &tag)]);
        assert_eq!((known.status(), none.len()), (StatusCode::NOT_MODIFIED, 0));
        let (small, bytes) = get(&format!("{path}/thumbnail"), &[]);
        assert_eq!(text(&small, header::CONTENT_TYPE), "image/jpeg");
        assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 320);

        for (body, code) in [
            (b"<html>".to_vec(), "file_kind_not_taken"),
            (
                [b"PK\x03\x04".as_slice(), &[0; 600]].concat(),
                "file_kind_not_taken",
            ),
            (photo(1)[..3_000].to_vec(), "file_damaged"),
        ] {
            let (answer, body) = send(&[], Body::from(body));
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
            let problem: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem["code"], code);
        }
        let pdf = [b"%PDF-1.7\n".as_slice(), &vec![0; ATTACHMENT_BYTES_MAX]].concat();
        let pieces = pdf
            .chunks(1 << 20)
            .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)));
        let streamed = Body::from_stream(futures_util::stream::iter(pieces.collect::<Vec<_>>()));
        for body in [Body::from(pdf), streamed] {
            assert_eq!(send(&[], body).0.status(), StatusCode::PAYLOAD_TOO_LARGE);
        }
        assert_eq!(town.names().len(), 2, "nothing of what was refused is left");
    });
}
