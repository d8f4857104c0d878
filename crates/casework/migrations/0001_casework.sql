-- Reports, cases, tasks. State rows are folds of `timeline`; what people wrote is sealed here and nowhere else, so that it can
-- be destroyed without breaking a timeline. Lists of cases and reports are found in memory (`listing`), so that no index here serves them; each
-- index below serves a lookup, and costs every command.

CREATE TABLE report (
  id $id,
  version BIGINT NOT NULL,
  report_no $key NOT NULL,
  stage $key NOT NULL,
  source $key NOT NULL,
  level $key NOT NULL,
  -- The person who has taken it from the pool.
  claimed_by BIGINT,
  -- {title, detail, address} sealed; null once forgotten. The title is sealed apart for lists.
  words_sealed $blob,
  words_digest TEXT NOT NULL,
  title_sealed $blob,
  -- {name, phone} sealed; null when nobody was named.
  reporter_sealed $blob,
  -- Keyed hash of the phone number.
  reporter_key $blob,
  reporter_hidden BOOLEAN NOT NULL,
  area_path $key,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  -- The place in the system it was taken from.
  external_system $key,
  external_id $key,
  organisation_id BIGINT NOT NULL,
  organisation_path $key NOT NULL,
  received_at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  accepted_at BIGINT,
  settled_at BIGINT,
  -- Until when somebody must have decided on it; null once somebody has, and where nothing is asked.
  pool_started_at BIGINT,
  pool_yellow_at BIGINT,
  pool_due_at BIGINT,
  -- JSON of what is known of some reports only.
  extra TEXT NOT NULL
);
CREATE UNIQUE INDEX report_by_no ON report (report_no);
CREATE INDEX report_by_claimer ON report (claimed_by, id) WHERE claimed_by IS NOT NULL;
CREATE INDEX report_by_reporter ON report (reporter_key) WHERE reporter_key IS NOT NULL;
CREATE UNIQUE INDEX report_by_external ON report (external_system, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE case_file (
  id $id,
  version BIGINT NOT NULL,
  case_no $key NOT NULL,
  stage $key NOT NULL,
  level $key NOT NULL,
  source $key NOT NULL,
  category_id BIGINT,
  area_path $key,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  process_code $key NOT NULL,
  process_version BIGINT NOT NULL,
  rule_row_id BIGINT,
  rule_row_version BIGINT,
  -- The handling limit as it was when filed.
  rule_limit TEXT,
  -- Of its own words in case_words, or of those of its first report.
  words_digest TEXT NOT NULL,
  first_report_id BIGINT,
  accepted_by_id BIGINT NOT NULL,
  accepted_by_path $key NOT NULL,
  filed_by_id BIGINT,
  filed_by_path $key,
  lead_organisation_id BIGINT,
  -- The clock of the present stage.
  started_at BIGINT,
  yellow_at BIGINT,
  due_at BIGINT,
  rework_count BIGINT NOT NULL,
  accepted_at BIGINT NOT NULL,
  filed_at BIGINT,
  dispatched_at BIGINT,
  handled_at BIGINT,
  inspected_at BIGINT,
  closed_at BIGINT,
  updated_at BIGINT NOT NULL,
  -- 重要, 督办, 挂账, 逐级提醒, 有待审申请: now.
  is_important BOOLEAN NOT NULL,
  is_supervised BOOLEAN NOT NULL,
  is_suspended BOOLEAN NOT NULL,
  is_escalated BOOLEAN NOT NULL,
  -- What somebody applied for that waits for a decision, one bit each.
  asked BIGINT NOT NULL,
  -- JSON of what is known of some cases only.
  extra TEXT NOT NULL
);
CREATE UNIQUE INDEX case_by_no ON case_file (case_no);

-- The own words of a case, where they are not those of its first report. Apart, because the case's row is written again at every
-- step and these never are.
CREATE TABLE case_words (
  case_id $id,
  -- {title, detail, address} sealed; null once forgotten. The title is sealed apart for lists.
  words_sealed $blob,
  title_sealed $blob
);

CREATE TABLE task (
  id $id,
  -- One of the two: a task is of a case, or calls the reporter of a report back.
  case_id BIGINT,
  report_id BIGINT,
  kind $key NOT NULL,
  role $key NOT NULL,
  organisation_id BIGINT NOT NULL,
  organisation_path $key NOT NULL,
  state $key NOT NULL,
  response_started_at BIGINT,
  response_yellow_at BIGINT,
  response_due_at BIGINT,
  handling_started_at BIGINT NOT NULL,
  handling_yellow_at BIGINT NOT NULL,
  handling_due_at BIGINT NOT NULL,
  response_overdue BOOLEAN NOT NULL,
  handling_overdue BOOLEAN NOT NULL,
  opened_at BIGINT NOT NULL,
  accepted_at BIGINT,
  finished_at BIGINT,
  assignee BIGINT,
  -- JSON list of the persons who accepted or finished it.
  handled_by TEXT NOT NULL,
  result_note_id BIGINT,
  result_digest TEXT,
  rework_count BIGINT NOT NULL,
  -- JSON of what is known of some tasks only.
  extra TEXT NOT NULL
);
CREATE INDEX task_by_case ON task (case_id, id);
-- What has ended is read newest first: where few organisations hold it by each of these, else from all that ended so.
CREATE INDEX task_ended_by_holder ON task (kind, state, organisation_path, id) WHERE state NOT IN ('assigned', 'accepted');
CREATE INDEX task_ended ON task (kind, state, id, organisation_path) WHERE state NOT IN ('assigned', 'accepted');
CREATE INDEX task_by_assignee ON task (assignee, state, id) WHERE assignee IS NOT NULL;
-- Open tasks are few: whose they are, of which case, and when they are due.
CREATE INDEX task_open ON task (organisation_path, case_id, state, kind, response_due_at, handling_due_at, id)
  WHERE state IN ('assigned', 'accepted');

CREATE TABLE report_case (
  report_id BIGINT NOT NULL,
  case_id BIGINT NOT NULL,
  -- Whether the case has ended for this report.
  closed BOOLEAN NOT NULL,
  PRIMARY KEY (report_id, case_id)
) $clustered;
CREATE INDEX report_case_by_case ON report_case (case_id, report_id);

-- Who accepted or filed the case, holds or held a task of it, and every organisation above those: they may see it.
CREATE TABLE case_organisation (
  case_id BIGINT NOT NULL,
  organisation_path $key NOT NULL,
  PRIMARY KEY (case_id, organisation_path)
) $clustered;
-- Read once by each process for each organisation that somebody asks by.
CREATE INDEX case_organisation_by_path ON case_organisation (organisation_path, case_id);

-- The zones that hold the place of a case, as they are drawn now.
CREATE TABLE case_zone (
  zone_id BIGINT NOT NULL,
  case_id BIGINT NOT NULL,
  PRIMARY KEY (zone_id, case_id)
) $clustered;
CREATE INDEX case_zone_by_case ON case_zone (case_id, zone_id);

-- 关注: whoever wants to keep an eye on a case.
CREATE TABLE case_watch (
  account_id BIGINT NOT NULL,
  case_id BIGINT NOT NULL,
  watched_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, case_id)
) $clustered;

-- Results and opinions, sealed. Events refer to them by id and digest.
CREATE TABLE note (
  id $id,
  subject_id BIGINT NOT NULL,
  sealed $blob
);

-- Photos, videos, recordings, documents that go with an action. The bytes lie where files lie, under names made of the id.
CREATE TABLE attachment (
  id $id,
  -- `waiting` for the action it goes with, `attached`, `dropped`: its bytes are still to be destroyed, `gone`.
  state $key NOT NULL,
  -- By content: jpeg, pdf, ...
  kind $key NOT NULL,
  size_bytes BIGINT NOT NULL,
  -- SM3 of the bytes as they are kept, in hexadecimal; the timeline has it, too.
  digest $key NOT NULL,
  -- The same of the thumbnail; null where there is none.
  thumbnail_digest $key,
  thumbnail_bytes BIGINT,
  -- Pixels, as it is looked at.
  width BIGINT,
  height BIGINT,
  -- What the device said of time and place, which the bytes say no more.
  taken_at BIGINT,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  -- What it was called; null when nobody said, or once forgotten.
  name_sealed $blob,
  -- The account.
  uploaded_by BIGINT NOT NULL,
  uploaded_at BIGINT NOT NULL,
  -- What it belongs to: a report as it was told, or an action on a case.
  report_id BIGINT,
  case_id BIGINT,
  task_id BIGINT,
  operation $key,
  attached_at BIGINT
);
CREATE INDEX attachment_by_report ON attachment (report_id, id) WHERE report_id IS NOT NULL;
CREATE INDEX attachment_by_case ON attachment (case_id, id) WHERE case_id IS NOT NULL;
-- Few wait or are to be destroyed.
CREATE INDEX attachment_waiting ON attachment (uploaded_by, id) WHERE state = 'waiting';
CREATE INDEX attachment_unsettled ON attachment (state, uploaded_at, id) WHERE state IN ('waiting', 'dropped');

-- A file that comes in pieces, from a phone whose line breaks: what has arrived waits here until the file is whole.
CREATE TABLE upload (
  id $id,
  -- The account; 0 for whoever has none.
  caller BIGINT NOT NULL,
  -- Keyed hash of the key that the caller chose, in hexadecimal: whoever knows the key may go on with it and use it.
  key $key NOT NULL,
  length_bytes BIGINT NOT NULL,
  received_bytes BIGINT NOT NULL,
  begun_at BIGINT NOT NULL,
  -- Once it is whole.
  attachment_id BIGINT
);
CREATE UNIQUE INDEX upload_by_key ON upload (caller, key);
CREATE INDEX upload_by_time ON upload (begun_at);
CREATE TABLE upload_piece (
  upload_id BIGINT NOT NULL,
  from_byte BIGINT NOT NULL,
  bytes $blob NOT NULL,
  PRIMARY KEY (upload_id, from_byte)
) $clustered;

-- What happened to a report or a case, in order. Never changed, never deleted, no personal text.
CREATE TABLE timeline (
  subject_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  kind $key NOT NULL,
  occurred_at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  -- Who; null when the platform itself did it.
  account_id BIGINT,
  staff_id BIGINT,
  organisation_id BIGINT,
  organisation_path $key,
  role $key,
  schema_number BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (subject_id, seq)
) $clustered;

-- 兜底: who takes what nobody else is suggested for, by area; the nearest area above holds.
CREATE TABLE fallback_organisation (
  area_path $key NOT NULL,
  organisation_id BIGINT NOT NULL,
  set_at BIGINT NOT NULL,
  PRIMARY KEY (area_path)
) $clustered;

-- Human numbers are taken in blocks; see numbers.rs.
CREATE TABLE number_series (
  series $key NOT NULL,
  next_serial BIGINT NOT NULL,
  PRIMARY KEY (series)
) $clustered;

-- Where reports come from: the channels a city knows. A report names one; it is never deleted, only put out of use.
CREATE TABLE source (
  code $key NOT NULL,
  version BIGINT NOT NULL,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  channel $key NOT NULL,
  is_active BOOLEAN NOT NULL,
  PRIMARY KEY (code)
) $clustered;

INSERT INTO source (code, version, name_zh, name_en, channel, is_active) VALUES
  ('inspector', 1, '监督员上报', 'Inspector', 'field', TRUE),
  ('hotline', 1, '12345热线', 'Hotline 12345', 'phone', TRUE),
  ('citizen_app', 1, '市民随手拍', 'Citizen app', 'online', TRUE),
  ('sensor', 1, '物联感知', 'Sensor', 'device', TRUE),
  ('camera', 1, '视频智能分析', 'Camera', 'device', TRUE),
  ('leader', 1, '领导交办', 'Leader', 'authority', TRUE),
  ('media', 1, '媒体曝光', 'Media', 'media', TRUE),
  ('upper_platform', 1, '上级平台', 'Upper platform', 'authority', TRUE),
  ('department', 1, '部门转办', 'Department', 'authority', TRUE),
  ('visit', 1, '来信来访', 'Letters and visits', 'in_person', TRUE),
  ('import', 1, '批量导入', 'Import', 'batch', TRUE);
-- Processes: every version ever saved, as JSON. Never changed: cases pin versions.
CREATE TABLE process (
  code $key NOT NULL,
  version BIGINT NOT NULL,
  document TEXT NOT NULL,
  is_built_in BOOLEAN NOT NULL,
  saved_by BIGINT,
  saved_at BIGINT NOT NULL,
  PRIMARY KEY (code, version)
) $clustered;

-- The routing table. Read whole into memory; what it was before a change is in the audit.
CREATE TABLE route (
  id $id,
  version BIGINT NOT NULL,
  kind $key NOT NULL,
  category_id BIGINT,
  area_path $key,
  -- JSON {days, from, until}.
  hours TEXT,
  unit_name $key,
  organisation_id BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  -- What it speaks of, so that no two rows speak of the same.
  occasion $key NOT NULL
);
CREATE UNIQUE INDEX route_by_occasion ON route (occasion);

-- One row for every order to a lead, for the accuracy of dispatch and for rehearsals.
CREATE TABLE dispatch (
  task_id $id,
  case_id BIGINT NOT NULL,
  dispatched_at BIGINT NOT NULL,
  organisation_id BIGINT NOT NULL,
  organisation_path $key NOT NULL,
  category_id BIGINT,
  area_path $key,
  -- What routing said then.
  suggested_id BIGINT,
  basis $key,
  followed BOOLEAN,
  -- What else routing went by then, for rehearsals: the rule row; the component and who had to do with it.
  rule_row_id BIGINT,
  component_id BIGINT,
  maintainer_id BIGINT,
  owner_id BIGINT,
  -- When it came back; when another order took its place.
  returned_at BIGINT,
  replaced_at BIGINT
);
CREATE INDEX dispatch_by_time ON dispatch (dispatched_at, task_id);
CREATE INDEX dispatch_by_case ON dispatch (case_id);
