-- What the public side keeps of its own: codes that prove a phone, messages on their way to phones, and what of a case is shown to all.

-- A code that was asked for. There is a row for every pair of number and phone that anybody asked with, also for those that do not belong
-- together: whoever asks learns nothing from how much is done.
CREATE TABLE portal_code (
  -- Keyed hash of number and phone, in hexadecimal.
  subject $key NOT NULL,
  -- The report, if the two belong together.
  report_id BIGINT,
  -- Keyed hash of the code.
  code_key $blob NOT NULL,
  tries BIGINT NOT NULL,
  asked_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (subject)
);
CREATE INDEX portal_code_by_time ON portal_code (expires_at);

-- A message to whoever told a report. The phone is looked up when it is sent, and the row is gone afterwards.
CREATE TABLE portal_message (
  id $id,
  -- None for a code that nobody is to get.
  report_id BIGINT,
  kind $key NOT NULL,
  -- The code, sealed.
  code_sealed $blob,
  -- The same message is put once.
  dedupe_key $key NOT NULL,
  tries BIGINT NOT NULL,
  send_at BIGINT NOT NULL,
  put_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX portal_message_once ON portal_message (dedupe_key);
CREATE INDEX portal_message_by_time ON portal_message (send_at, id);

-- What somebody of the city has looked at and shows of a case to everybody, beyond what every case of a public matter shows.
CREATE TABLE publication (
  case_id $id,
  version BIGINT NOT NULL,
  -- Not shown at all, whatever it is about.
  is_hidden BOOLEAN NOT NULL,
  -- Its title for everybody; null for none.
  title TEXT,
  -- Ids of photos, a JSON list.
  attachment_ids TEXT NOT NULL,
  changed_by BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);
