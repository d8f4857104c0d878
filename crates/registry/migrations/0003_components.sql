-- Components (部件): up to millions, so they stay here and are not held in memory. `cell` is the place on a lattice of 1/1024 degree
-- (about 109 m by 94 m at 31 degrees north): what is near and what is in view are ranges of cells, one for each row of the lattice.
-- `area_path` is empty where no area is known. Indexes of lists end in (area_path, id), the order of lists;
-- those of organisations go by category first, and a list of all an organisation has is put together of its categories.
CREATE TABLE component (
  id $id,
  code $key NOT NULL UNIQUE,
  former_code $key UNIQUE,
  name TEXT NOT NULL,
  category_id BIGINT NOT NULL REFERENCES category (id),
  state $key NOT NULL,
  lon DOUBLE PRECISION NOT NULL,
  lat DOUBLE PRECISION NOT NULL,
  cell BIGINT NOT NULL,
  shape TEXT,
  area_path $key NOT NULL,
  supervisor_id BIGINT,
  owner_id BIGINT,
  maintainer_id BIGINT,
  initial_on TEXT,
  changed_on TEXT,
  data_source TEXT,
  remark TEXT,
  attributes TEXT,
  version BIGINT NOT NULL
);
CREATE INDEX component_by_area ON component (area_path, id);
CREATE INDEX component_by_category ON component (category_id, area_path, id);
CREATE INDEX component_by_state ON component (state, area_path, id);
CREATE INDEX component_by_supervisor ON component (supervisor_id, category_id, area_path, id);
CREATE INDEX component_by_owner ON component (owner_id, category_id, area_path, id);
CREATE INDEX component_by_maintainer ON component (maintainer_id, category_id, area_path, id);
CREATE INDEX component_by_cell ON component (cell);
CREATE INDEX component_by_category_cell ON component (category_id, cell);

-- What became of a component, only ever added to: a row for each version, with what it changed.
CREATE TABLE component_history (
  component_id BIGINT NOT NULL REFERENCES component (id),
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  operation TEXT NOT NULL,
  staff_id BIGINT NOT NULL,
  organisation_id BIGINT NOT NULL,
  reason TEXT,
  changes TEXT NOT NULL,
  PRIMARY KEY (component_id, version)
) $clustered;
