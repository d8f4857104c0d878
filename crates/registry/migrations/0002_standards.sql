-- Standards, categories, rule rows and the crosswalk between standards. Read whole into memory, like areas.
-- A rule row never changes: a changed rule is a new row, and the old one keeps the time it was superseded.
CREATE TABLE standard (
  id $id,
  code $key NOT NULL,
  edition $key NOT NULL,
  name TEXT NOT NULL,
  effective_from TEXT,
  effective_to TEXT,
  bare_hours TEXT NOT NULL,
  bare_days TEXT NOT NULL,
  version BIGINT NOT NULL,
  UNIQUE (code, edition)
);

CREATE TABLE category (
  id $id,
  standard_id BIGINT NOT NULL REFERENCES standard (id),
  kind $key NOT NULL,
  code $key NOT NULL,
  name TEXT NOT NULL,
  parent_id BIGINT REFERENCES category (id),
  level BIGINT NOT NULL,
  version BIGINT NOT NULL,
  UNIQUE (standard_id, kind, code)
);

CREATE TABLE rule_row (
  id $id,
  category_id BIGINT NOT NULL REFERENCES category (id),
  filing_condition $key NOT NULL,
  limit_text TEXT NOT NULL,
  limit_value TEXT NOT NULL,
  closing_condition TEXT NOT NULL,
  responsible_units TEXT,
  supervising_units TEXT,
  legal_basis TEXT,
  legal_clause TEXT,
  collection_rule TEXT,
  version BIGINT NOT NULL,
  superseded_at BIGINT,
  UNIQUE (category_id, filing_condition, version)
);

CREATE TABLE crosswalk (
  from_category_id BIGINT NOT NULL REFERENCES category (id),
  to_category_id BIGINT NOT NULL REFERENCES category (id),
  relation TEXT NOT NULL,
  PRIMARY KEY (from_category_id, to_category_id)
) $clustered;
