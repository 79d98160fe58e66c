"""Columns that statements of SQL name, beside the migrations that make, rename and drop them, and Rails' schema."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.checking.test_kinds import check, last

FLYWAY = {
    "db/V2__more.sql": "ALTER TABLE jobs ADD COLUMN retries int DEFAULT 0, ADD CONSTRAINT ck CHECK (retries > 0);\n",
    "db/V10__later.sql": "ALTER TABLE jobs RENAME COLUMN lease_owner TO holder;\nALTER TABLE jobs DROP COLUMN note;\n",
    "db/V1__init.sql": """-- create table jobs (nothing int);
CREATE TABLE IF NOT EXISTS public.jobs (
  id bigserial PRIMARY KEY,
  lease_owner varchar(80) DEFAULT 'a,b)',
  amount numeric(10, 2), note text, "state" text, /* old int, */
  CONSTRAINT one UNIQUE (id, state)
);
CREATE TABLE runs (id int, job_id int REFERENCES jobs (id), at timestamptz);
CREATE TABLE runs_2024 PARTITION OF runs FOR VALUES IN (1);
""",
    "db/seed.sql": "insert into jobs (id) values (1);\n",
    "app.py": "ROW = 'shadow_flag'\n",
}
GOOSE = {
    "db/1.sql": "-- +goose Up\ncreate table jobs (id int, note text);\n"
    "-- +goose Down\nalter table jobs drop column note;\n",
}
RAILS = {
    "db/schema.rb": """ActiveRecord::Schema[7.1].define(version: 1) do
  create_table "jobs", force: :cascade do |t|
    t.string "state", default: "new"
    t.references :team, null: false
    t.index ["state"], name: "index_jobs_on_state"
    t.timestamps
  end
  create_table :job_events, id: false do |t|
    t.jsonb "payload"
  end
end
""",
    "db/migrate/1_jobs.rb": "create_table(:jobs) { |t| t.string :status }\n",
}
P = "psql -d shop -c "


@pytest.mark.parametrize(
    ("files", "fence", "verdict", "what"),
    [
        (FLYWAY, P + '"select id, j.holder, amount from public.jobs j where retries > 3"', "matches", "column holder"),
        (FLYWAY, P + '"select count(*) c from jobs group by state having count(*) > 1"', "matches", "column state"),
        (FLYWAY, P + '"select lease_owner from jobs"', "missing", "column lease_owner of table jobs"),
        (FLYWAY, P + '"update jobs set note = null where id = 1"', "missing", "column note of table jobs"),
        (FLYWAY, P + '"insert into jobs (id, owner) values (1, 2)"', "missing", "column owner of table jobs"),
        (FLYWAY, P + '"select owner from jobs"', "ambiguous", "column owner of table jobs"),
        (FLYWAY, P + '"select id, shadow_flag from jobs"', "matches", "column id of table jobs"),
        (FLYWAY, P + '"select r.at, (select max(x.id) from jobs x where x.id = r.job_id and amount > 1) from runs r"',
         "matches", "column amount of table jobs"),
        (FLYWAY, P + '"select j.id, r.started from jobs j join runs r on r.id = j.id"', "missing", "column started"),
        (FLYWAY, P + '"select id, started from jobs, runs_2024"', "matches", "table jobs"),
        (FLYWAY, P + '"select n from (select id as n from jobs) s order by n"', "matches", "column id"),
        (FLYWAY, P + '"with t as (select id as key from jobs) select key, other from t"', "matches", "column id"),
        (FLYWAY, P + '"select j, ctid from jobs j where :v = id and state = \'<state>\'"', "matches", "column id"),
        (FLYWAY, P + '"select id, <column> from jobs"', "matches", "table jobs"),
        (FLYWAY, "mysql -e 'select id from jobs where state = \"stuck\"'", "matches", "column state"),
        (FLYWAY, "mysql -e 'select get_format(DATE, \"USA\"), id from jobs'", "matches", "column id"),
        (FLYWAY, "mysql -e 'select id from jobs partition (p0)'", "matches", "column id"),
        (FLYWAY, P + "'\\d jobs'", "not_checkable", ""),
        (GOOSE, P + '"select note from jobs"', "matches", "column note"),
        (RAILS, P + '"select id, team_id, created_at from jobs where state is null"', "matches", "column team_id"),
        (RAILS, P + '"select id, status from jobs"', "missing", "column status of table jobs"),
        (RAILS, P + '"select id from job_events"', "ambiguous", "column id of table job_events"),
        (RAILS, P + '"select payload from events_of_job"', "ambiguous", "table events_of_job"),
        (RAILS, P + '"select x from pgbench"', "not_checkable", "table pgbench"),
    ],
)  # fmt: skip
def test_a_column_is_looked_for_where_its_table_is_made(
    files: Mapping[str, str], fence: str, verdict: str, what: str
) -> None:
    found = last(files, fence)
    assert found[0] == verdict and what in found[1], check(files, fence)[-1].findings
