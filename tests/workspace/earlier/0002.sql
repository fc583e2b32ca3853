BEGIN TRANSACTION;
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	author VARCHAR(200) NOT NULL, 
	action VARCHAR(40) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	"before" TEXT, 
	"after" TEXT, 
	CONSTRAINT pk_audit PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,'2026-11-20 12:00:00.000000','ann','give verdict','aaaaaaaaaaaaaaaa','{"verdict":null}','{"note":"ask Bob","verdict":"unclear"}');
CREATE TABLE calendar_entries (
	id INTEGER NOT NULL, 
	calendar VARCHAR(200) NOT NULL, 
	digest VARCHAR(32) NOT NULL, 
	entry TEXT NOT NULL, 
	author VARCHAR(200) NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_calendar_entries PRIMARY KEY (id), 
	CONSTRAINT uq_calendar_entries_calendar_digest UNIQUE (calendar, digest)
);
INSERT INTO "calendar_entries" VALUES(1,'plant','53199585bddea28e67fe7143a42baef7','{"entry":{"summary":"wash"},"uid":"u1"}','ann','2026-11-20 12:00:00.000000');
CREATE TABLE event_history (
	id INTEGER NOT NULL, 
	event_id VARCHAR(20) NOT NULL, 
	run_id INTEGER, 
	at DATETIME NOT NULL, 
	change VARCHAR(12) NOT NULL, 
	"before" TEXT, 
	"after" TEXT NOT NULL, 
	CONSTRAINT pk_event_history PRIMARY KEY (id), 
	CONSTRAINT fk_event_history_event_id FOREIGN KEY(event_id) REFERENCES events (id), 
	CONSTRAINT fk_event_history_run_id FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE SET NULL
);
INSERT INTO "event_history" VALUES(1,'aaaaaaaaaaaaaaaa',1,'2026-11-20 10:00:00.000000','found',NULL,'{"severity":50.0}');
CREATE TABLE events (
	id VARCHAR(20) NOT NULL, 
	job VARCHAR(200) NOT NULL, 
	series_id INTEGER NOT NULL, 
	start_at DATETIME NOT NULL, 
	end_at DATETIME NOT NULL, 
	peak_at DATETIME NOT NULL, 
	severity FLOAT NOT NULL, 
	score FLOAT NOT NULL, 
	direction VARCHAR(16) NOT NULL, 
	kind VARCHAR(40), 
	channels TEXT NOT NULL, 
	details TEXT NOT NULL, 
	status VARCHAR(12) NOT NULL, 
	merged_into VARCHAR(20), 
	found_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, verdict VARCHAR(24), verdict_version INTEGER DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_events PRIMARY KEY (id), 
	CONSTRAINT fk_events_series_id FOREIGN KEY(series_id) REFERENCES series (id)
);
INSERT INTO "events" VALUES('aaaaaaaaaaaaaaaa','pumps',1,'2026-11-20 01:00:00.000000','2026-11-20 02:00:00.000000','2026-11-20 01:00:00.000000',50.0,4.25,'above',NULL,'[{"direction":"above","name":"pressure","share":1.0}]','{"threshold":3.0}','found',NULL,'2026-11-20 10:00:00.000000','2026-11-20 10:00:00.000000','unclear',1);
INSERT INTO "events" VALUES('bbbbbbbbbbbbbbbb','pumps',1,'2026-11-20 04:00:00.000000','2026-11-20 06:00:00.000000','2026-11-20 05:00:00.000000',80.0,9.5,'below','level','[{"direction":"above","name":"pressure","share":1.0}]','{}','withdrawn',NULL,'2026-11-20 10:00:00.000000','2026-11-20 10:00:00.000000',NULL,0);
CREATE TABLE jobs (
	name VARCHAR(200) NOT NULL, 
	toml TEXT NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	put_at DATETIME NOT NULL, 
	CONSTRAINT pk_jobs PRIMARY KEY (name)
);
INSERT INTO "jobs" VALUES('pumps','[source]
path = "pumps.csv"
',1,'2026-11-20 01:00:00.000000');
CREATE TABLE models (
	id INTEGER NOT NULL, 
	job VARCHAR(200) NOT NULL, 
	scope VARCHAR(32) NOT NULL, 
	series_id INTEGER, 
	version INTEGER NOT NULL, 
	path VARCHAR(400) NOT NULL, 
	content VARCHAR(32) NOT NULL, 
	about TEXT NOT NULL, 
	added_at DATETIME NOT NULL, 
	active BOOLEAN NOT NULL, 
	CONSTRAINT pk_models PRIMARY KEY (id), 
	CONSTRAINT uq_models_job_scope_version UNIQUE (job, scope, version), 
	CONSTRAINT fk_models_series_id FOREIGN KEY(series_id) REFERENCES series (id)
);
INSERT INTO "models" VALUES(1,'pumps','',NULL,1,'models/pumps/all/0123.safetensors','0123','{}','2026-11-20 10:00:00.000000',1);
CREATE TABLE notes (
	id INTEGER NOT NULL, 
	event_id VARCHAR(20), 
	series_id INTEGER, 
	job VARCHAR(200), 
	text TEXT NOT NULL, 
	author VARCHAR(200) NOT NULL, 
	at DATETIME NOT NULL, 
	edited_at DATETIME, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_notes PRIMARY KEY (id), 
	CONSTRAINT fk_notes_event_id FOREIGN KEY(event_id) REFERENCES events (id), 
	CONSTRAINT fk_notes_series_id FOREIGN KEY(series_id) REFERENCES series (id)
);
INSERT INTO "notes" VALUES(1,NULL,NULL,'pumps','on call: Bob','ann','2026-11-20 12:00:00.000000',NULL,1);
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	job VARCHAR(200) NOT NULL, 
	channel VARCHAR(200) NOT NULL, 
	body TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	due_at DATETIME NOT NULL, 
	tries INTEGER NOT NULL, 
	error TEXT NOT NULL, 
	sent_at DATETIME, 
	CONSTRAINT pk_outbox PRIMARY KEY (id), 
	CONSTRAINT uq_outbox_key UNIQUE ("key")
);
INSERT INTO "outbox" VALUES(1,'pumps/1','pumps','mail','{}','2026-11-20 10:00:00.000000','2026-11-20 10:00:00.000000',1,'','2026-11-20 10:00:00.000000');
CREATE TABLE run_series (
	run_id INTEGER NOT NULL, 
	series_id INTEGER NOT NULL, 
	outcome VARCHAR(24) NOT NULL, 
	message TEXT NOT NULL, 
	scored_from DATETIME, 
	scored_until DATETIME, 
	rows INTEGER NOT NULL, 
	events INTEGER NOT NULL, 
	CONSTRAINT pk_run_series PRIMARY KEY (run_id, series_id), 
	CONSTRAINT fk_run_series_run_id FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE, 
	CONSTRAINT fk_run_series_series_id FOREIGN KEY(series_id) REFERENCES series (id)
);
INSERT INTO "run_series" VALUES(1,1,'succeeded','','2026-11-20 00:00:00.000000','2026-11-20 10:00:00.000000',10,2);
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	job VARCHAR(200) NOT NULL, 
	scheduled_at DATETIME NOT NULL, 
	owner VARCHAR(200) NOT NULL, 
	attempt INTEGER NOT NULL, 
	claimed_at DATETIME NOT NULL, 
	heartbeat_at DATETIME NOT NULL, 
	lease_until DATETIME NOT NULL, 
	finished_at DATETIME, 
	outcome VARCHAR(24), 
	message TEXT DEFAULT '' NOT NULL, 
	counts TEXT DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_runs PRIMARY KEY (id), 
	CONSTRAINT uq_runs_job_scheduled_at UNIQUE (job, scheduled_at)
);
INSERT INTO "runs" VALUES(1,'pumps','2026-11-20 10:00:00.000000','host-1',1,'2026-11-20 10:00:00.000000','2026-11-20 10:00:00.000000','2026-11-20 11:00:00.000000','2026-11-20 10:00:00.000000','succeeded','','{"rows":10}');
CREATE TABLE score_parts (
	id INTEGER NOT NULL, 
	job VARCHAR(200) NOT NULL, 
	path VARCHAR(400) NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME NOT NULL, 
	first_digest VARCHAR(32) NOT NULL, 
	last_digest VARCHAR(32) NOT NULL, 
	rows INTEGER NOT NULL, 
	CONSTRAINT pk_score_parts PRIMARY KEY (id), 
	CONSTRAINT uq_score_parts_path UNIQUE (path)
);
INSERT INTO "score_parts" VALUES(1,'pumps','scores/job=pumps/day=2026-11-20/0123.parquet','2026-11-20 00:00:00.000000','2026-11-20 09:00:00.000000','00','ff',10);
CREATE TABLE series (
	id INTEGER NOT NULL, 
	job VARCHAR(200) NOT NULL, 
	digest VARCHAR(32) NOT NULL, 
	name TEXT NOT NULL, 
	watermark DATETIME, 
	arrived_at DATETIME, 
	state TEXT, 
	CONSTRAINT pk_series PRIMARY KEY (id), 
	CONSTRAINT uq_series_job_digest UNIQUE (job, digest)
);
INSERT INTO "series" VALUES(1,'pumps','a82fa9f755dd043606f79653f07d170c','north','2026-11-20 10:00:00.000000','2026-11-20 10:00:00.000000',NULL);
CREATE TABLE tsanomaly_revision (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT tsanomaly_revision_pkc PRIMARY KEY (version_num)
);
INSERT INTO "tsanomaly_revision" VALUES('0002');
CREATE TABLE verdicts (
	id INTEGER NOT NULL, 
	event_id VARCHAR(20) NOT NULL, 
	judgement VARCHAR(24) NOT NULL, 
	note TEXT NOT NULL, 
	author VARCHAR(200) NOT NULL, 
	at DATETIME NOT NULL, 
	details TEXT NOT NULL, 
	undone_at DATETIME, 
	undone_by VARCHAR(200), 
	CONSTRAINT pk_verdicts PRIMARY KEY (id), 
	CONSTRAINT fk_verdicts_event_id FOREIGN KEY(event_id) REFERENCES events (id)
);
INSERT INTO "verdicts" VALUES(1,'aaaaaaaaaaaaaaaa','unclear','ask Bob','ann','2026-11-20 12:00:00.000000','{"at":"2026-11-20T12:00:00+00:00","author":"ann","end":"2026-11-20T02:00:00+00:00","fingerprint":null,"judgement":"unclear","note":"ask Bob","score":4.25,"series":"north","since":null,"start":"2026-11-20T01:00:00+00:00","threshold":3.0}',NULL,NULL);
CREATE INDEX ix_runs_scheduled_at ON runs (scheduled_at);
CREATE INDEX ix_runs_outcome ON runs (outcome, scheduled_at);
CREATE INDEX ix_run_series_series_id ON run_series (series_id);
CREATE INDEX ix_events_series_id_start_at ON events (series_id, start_at);
CREATE INDEX ix_events_job_start_at ON events (job, start_at);
CREATE INDEX ix_events_start_at ON events (start_at);
CREATE INDEX ix_events_severity ON events (severity);
CREATE INDEX ix_event_history_event_id ON event_history (event_id);
CREATE INDEX ix_event_history_run_id ON event_history (run_id);
CREATE INDEX ix_score_parts_job_since ON score_parts (job, since);
CREATE INDEX ix_outbox_sent_at_due_at ON outbox (sent_at, due_at);
CREATE INDEX ix_outbox_job_created_at ON outbox (job, created_at);
CREATE INDEX ix_events_verdict ON events (verdict, start_at);
CREATE INDEX ix_verdicts_event_id ON verdicts (event_id);
CREATE INDEX ix_notes_event_id ON notes (event_id);
CREATE INDEX ix_notes_series_id ON notes (series_id);
CREATE INDEX ix_audit_at ON audit (at);
CREATE INDEX ix_audit_subject ON audit (subject);
COMMIT;
