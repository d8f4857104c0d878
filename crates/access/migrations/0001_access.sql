-- Organisations, people, what they may do, and how they come in.
--
-- Why staff names stand open and phone numbers are sealed: staff act in public office under their name; their numbers are their
-- own. Secrets (passwords, sessions, tokens) are never here, only hashes of them.

CREATE TABLE organisation (
  id $id,
  code $key NOT NULL UNIQUE,
  name TEXT NOT NULL,
  kind $key NOT NULL,
  parent_id BIGINT REFERENCES organisation (id),
  path $key NOT NULL UNIQUE,
  home_area_path $key,
  credit_code $key,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX organisation_by_kind ON organisation (kind, path);

-- The last number given under a path, or among the roots (empty path): a counter, so that two who enter organisations at once
-- wait for each other instead of failing.
CREATE TABLE organisation_number (
  parent_path $key NOT NULL PRIMARY KEY,
  last_number BIGINT NOT NULL
);

-- As many roles as shipped, and those of the city. The shipped ones are written anew at every start.
CREATE TABLE role (
  code $key NOT NULL PRIMARY KEY,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  permissions TEXT NOT NULL,
  reach TEXT NOT NULL,
  exclusive_group TEXT
);

CREATE TABLE staff (
  id $id,
  code $key NOT NULL UNIQUE,
  name TEXT NOT NULL,
  phone_sealed $blob,
  phone_hash $blob,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX staff_by_phone ON staff (phone_hash);

CREATE TABLE membership (
  id $id,
  staff_id BIGINT NOT NULL REFERENCES staff (id),
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  role $key NOT NULL REFERENCES role (code),
  area_path $key,
  zone_ids TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX membership_by_staff ON membership (staff_id, id);
CREATE INDEX membership_by_organisation ON membership (organisation_id, staff_id);

-- login_name is lower case.
CREATE TABLE account (
  id $id,
  staff_id BIGINT NOT NULL UNIQUE REFERENCES staff (id),
  login_name $key NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  password_changed_at BIGINT NOT NULL,
  must_change_password BOOLEAN NOT NULL,
  is_active BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE password_history (
  id $id,
  account_id BIGINT NOT NULL REFERENCES account (id),
  password_hash TEXT NOT NULL
);
CREATE INDEX password_history_by_account ON password_history (account_id, id);

-- Failed sign-ins by keyed hash of the name that was typed, whether or not there is such an account: both look alike from outside.
CREATE TABLE login_failure (
  name_hash $blob NOT NULL PRIMARY KEY,
  failures BIGINT NOT NULL,
  last_at BIGINT NOT NULL
);
CREATE INDEX login_failure_by_time ON login_failure (last_at);

CREATE TABLE session (
  id $id,
  account_id BIGINT NOT NULL REFERENCES account (id),
  secret_hash $blob NOT NULL UNIQUE,
  address TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  idle_seconds BIGINT NOT NULL
);
CREATE INDEX session_by_account ON session (account_id, id);
CREATE INDEX session_by_end ON session (ends_at);

CREATE TABLE api_token (
  id $id,
  account_id BIGINT NOT NULL REFERENCES account (id),
  name TEXT NOT NULL,
  secret_hash $blob NOT NULL UNIQUE,
  permissions TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
);
CREATE INDEX api_token_by_account ON api_token (account_id, id);

-- staff_id: for one person; none: for whoever works for the organisation. The body has no personal text.
CREATE TABLE notice (
  id $id,
  organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  staff_id BIGINT REFERENCES staff (id),
  kind $key NOT NULL,
  subject_id BIGINT NOT NULL,
  body TEXT NOT NULL,
  dedupe_key $key NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  read_at BIGINT,
  read_by BIGINT
);
CREATE INDEX notice_by_organisation ON notice (organisation_id, id) WHERE staff_id IS NULL;
CREATE INDEX notice_by_staff ON notice (staff_id, id);
CREATE INDEX notice_unread_by_organisation ON notice (organisation_id, id) WHERE staff_id IS NULL AND read_at IS NULL;
CREATE INDEX notice_unread_by_staff ON notice (staff_id, id) WHERE read_at IS NULL;

-- Which sealing keys this database was sealed with: to refuse a start with another key file instead of sealing with a new key
-- what can then never be read together with the rest.
CREATE TABLE sealing_key (
  number BIGINT NOT NULL PRIMARY KEY,
  fingerprint $blob NOT NULL,
  first_used_at BIGINT NOT NULL
);
