-- {"token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJvcmdfaWQiOiI1ZTEzMjQyMC0zMDM3LTQ3ZjUtYTZjZi04ZDExNzBiN2ViMjkiLCJvcmdfbmFtZSI6IkhvcGUgRm91bmRhdGlvbiIsImlhdCI6MTc0NDAwMDAwMCwiZXhwIjoxNzc1NTM2MDAwLCJqdGkiOiIyNWM4MTJlOC01Zjc2LTQyODAtOGRmYy1hODFmZDFjN2NiY2UifQ.NBXJrXtj6-VrDyndPh8RH5Xma68D3JC7TysLyiVtYTM", "created": {"id": "case_1", "status": "open", "created_at": "2025-04-05T10:30:02Z", "assigned_to": "agent_001", "reference_number": "HL-CMS-000001"}, "secret": "whsec_TtlofI0sh/Akm/Z74wFf3GBRKFE3opi1qHeVvM7z8GE=", "subscription": "sub_09706e7a0aba173914c0fc2d"}
BEGIN TRANSACTION;
CREATE TABLE gateway_cases (
	case_id TEXT NOT NULL, 
	organization_id TEXT NOT NULL, 
	reference_number TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	CONSTRAINT gateway_cases_pk PRIMARY KEY (case_id)
);
INSERT INTO "gateway_cases" VALUES('case_1','5e132420-3037-47f5-a6cf-8d1170b7eb29','HL-CMS-000001',1744000000.0);
CREATE TABLE gateway_codes (
	pair TEXT NOT NULL, 
	code BLOB NOT NULL, 
	issued_at DOUBLE NOT NULL, 
	tries INTEGER NOT NULL, 
	CONSTRAINT gateway_codes_pk PRIMARY KEY (pair)
);
CREATE TABLE gateway_emails (
	id TEXT NOT NULL, 
	organization_id TEXT NOT NULL, 
	role TEXT NOT NULL, 
	email BLOB NOT NULL, 
	added_at DOUBLE NOT NULL, digest TEXT, 
	CONSTRAINT gateway_emails_pk PRIMARY KEY (id), 
	CONSTRAINT gateway_emails_organization FOREIGN KEY(organization_id) REFERENCES gateway_organizations (id)
);
INSERT INTO "gateway_emails" VALUES('eml_649f6ea6ed7c4afd308361a9','5e132420-3037-47f5-a6cf-8d1170b7eb29','owner',X'01016BB0A035ACCA80639C092E379047735B21398AEB756C53147C0AB8265AF43FCD11878E81CD2581D0FE214524A656',1744000000.0,'595b311b5022451ed412347643789b46ebb5562523bbb0a4bc95e391aeddbb5b');
CREATE TABLE gateway_keys (
	organization_id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	intake_id TEXT NOT NULL, 
	CONSTRAINT gateway_keys_pk PRIMARY KEY (organization_id, "key"), 
	CONSTRAINT gateway_keys_reservation FOREIGN KEY(intake_id) REFERENCES gateway_reservations (intake_id)
);
INSERT INTO "gateway_keys" VALUES('5e132420-3037-47f5-a6cf-8d1170b7eb29','cf5ca302a8eec5166a4beb03854dab54185721b63f7a847af588d13c30e3eb45','int_bd6ae9cda0f44325fb362377');
CREATE TABLE gateway_mails (
	id TEXT NOT NULL, 
	email TEXT NOT NULL, 
	address TEXT NOT NULL, 
	sent_at DOUBLE NOT NULL, 
	CONSTRAINT gateway_mails_pk PRIMARY KEY (id)
);
INSERT INTO "gateway_mails" VALUES('mail_f9d8288cdf5377e90a4917c5','42ecd34a0029152ec0722c1378e304c2ddccd14e226d6080ee8a9ca1d5bf7fc5','b5e56674dc76d95f31f1436e2cb03ab975447f038631ebb8f1a0891314345861',1744000000.0);
CREATE TABLE gateway_organizations (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	state TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	changed_at DOUBLE NOT NULL, 
	CONSTRAINT gateway_organizations_pk PRIMARY KEY (id), 
	CONSTRAINT gateway_organizations_name_key UNIQUE (name_key)
);
INSERT INTO "gateway_organizations" VALUES('5e132420-3037-47f5-a6cf-8d1170b7eb29','Hope Foundation','hope foundation','active',1744000000.0,1744000000.0);
CREATE TABLE gateway_reservations (
	intake_id TEXT NOT NULL, 
	organization_id TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	held_until DOUBLE NOT NULL, 
	created_at DOUBLE NOT NULL, 
	answer BLOB, 
	CONSTRAINT gateway_reservations_pk PRIMARY KEY (intake_id)
);
INSERT INTO "gateway_reservations" VALUES('int_bd6ae9cda0f44325fb362377','5e132420-3037-47f5-a6cf-8d1170b7eb29','447d483b06d3dd8f8deb7de3fcf08c08050777c845b1a29bda706908daaabc9a','hold_7a3e1a943031072f45c56427',1744000000.0,1744000000.0,X'01016B6CEF01204BCFA63003481B9BACB1E03378332E6799740AC0C5F84C4852F96B4D5D445FAA9F4A0522FF2E391BE9F6FB51F31E42E7DE76BF46C7D26019A304D213ED240A6AB09D9407E9DD156EEE9F14F00AF9107D69112E4853A5A12FF4DB767C0BFE1E35F6790A8F789638BA231FCA45D9BD523D24FADC8704F61D4E4491C5CD6A94C21280B3991B20A061E803744F0C0EC3097ACE0C495B71B9EC6D1A7641D647106E3B44');
CREATE TABLE gateway_schema_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT gateway_schema_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "gateway_schema_version" VALUES('0002');
CREATE TABLE gateway_tokens (
	jti TEXT NOT NULL, 
	organization_id TEXT NOT NULL, 
	email_id TEXT, 
	issued_at DOUBLE NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	revoked_at DOUBLE, 
	CONSTRAINT gateway_tokens_pk PRIMARY KEY (jti)
);
INSERT INTO "gateway_tokens" VALUES('25c812e8-5f76-4280-8dfc-a81fd1c7cbce','5e132420-3037-47f5-a6cf-8d1170b7eb29','eml_649f6ea6ed7c4afd308361a9',1744000000.0,1775536000.0,NULL);
CREATE TABLE relay_attempts (
	id INTEGER NOT NULL, 
	destination_no BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	attempt INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	seconds DOUBLE NOT NULL, 
	outcome TEXT NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE relay_dead_letters (
	destination_no BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (destination_no, event)
);
CREATE TABLE relay_deliveries (
	destination_no BIGINT NOT NULL, 
	lane BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (destination_no, lane, position, event)
)
 WITHOUT ROWID

;
INSERT INTO "relay_deliveries" VALUES(1,-6255451305206004705,1,1);
CREATE TABLE relay_destinations (
	no INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	sink TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	ordering TEXT NOT NULL, 
	types JSON NOT NULL, 
	policy JSON NOT NULL, 
	settings BLOB NOT NULL, 
	concurrency INTEGER NOT NULL, 
	timeout DOUBLE NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	disabled_why TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, failing_since DOUBLE, failed_attempts INTEGER DEFAULT '0' NOT NULL, rate DOUBLE, version BIGINT DEFAULT '1' NOT NULL, 
	CONSTRAINT uq_relay_destinations_name UNIQUE (name)
);
INSERT INTO "relay_destinations" VALUES(1,'sub_09706e7a0aba173914c0fc2d','webhook','5e132420-3037-47f5-a6cf-8d1170b7eb29','case','[]','{"schedule": [0.0, 0.05, 0.05], "jitter": 0.2, "reject_tries": 3, "endless": false, "disable_after": [432000.0, 20]}',X'01016BC4CB615E25EBCC94617C6FDD5862613328C39601D38FE48D5322E2932FCA5AB48F4A8FB3FBD36CEF5EB328DF5E0BD8189BF904FE0F7CC5648D21BF934847427DDB9B5CEC1EEA825945FE8BE464F57B19BD65CB28EB90332535EAFCAEBAED27D4DFDD307C1BD3E6E15857CEA340A5338711F80BE48FFACC871FE20FCAB7F9FD7EEFB1D0B858031078B30EF2755A10A138660D27A44F17D7C522347F5C61',8,30.0,0,'',1744000000.0,NULL,0,NULL,2);
CREATE TABLE relay_events (
	id INTEGER NOT NULL, 
	event_id TEXT NOT NULL, 
	lane TEXT NOT NULL, 
	sequence BIGINT, 
	type TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	accepted_at DOUBLE NOT NULL, 
	digest BLOB NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT uq_relay_events_event_id UNIQUE (event_id)
);
INSERT INTO "relay_events" VALUES(1,'evt_owed','case_1',1,'case.status_changed','5e132420-3037-47f5-a6cf-8d1170b7eb29',1744000000.0,X'2DB3ED7F3080011D76ADCEAEC0F98AC62BB9ADA585260EE454BEAF1DD6870874',X'01016B10F3A15E55456F8B76949D1E0F44090CE5CF9D6703D0F642AF368854C247F1E6D0F88E53B4C4ACFECF1C67499CE8CB72A6837CAE0A14B182F7B16C3BB90F5509AC2B4B9009E56860F1C425FA4EC822A1B983C93F5BA967C0BB35D04F1D5AA08D438E23091536EA04D5E239ED783111F517E1417CBB80CC12947AD437694E5E40616719C23D9AC4E2D857064CD11FA595F30D28CBFC2D36E475B74778E346A42566F1A965BDE09472EB6CE5C4FA57C1FCEE6AE27A05A489C131FBE88E51B85875746ADC56C1FBDC9D0529B14A280B67C471360C95EAE472F96F575AA74D5B0B068687044452BDA5F8070E0CE6DDE8C4373B7F8621F1BFF2B6016C443D821AAF024427BEAD40FD796D0363544836DF29A9108870E0FD58D8C89576F9709B8404AB1BEF3FC8FE6C5EBC0CA656BD932B4C3B5C752FE0560C3116567FA906D36F6A936A9A1857A4A623B8F0DAE5279DBE1370CD62747E25F0C09B84351C7ABD8A111A52E292123580D8FF002A32121DEAF2A54C24D342079AB14E653641CDB9A25BA34D97AB39BC2FC2E6EA031F663B1327B2219664DF299AECB4C2ECF3543423BBFC600E25DDE0102F0BA50551747059BA0076433816EC76E2C5DDC264925E8D150E381E59DA9C47FA3AEC31C794548B8B9B7BE202AE3C5FCB4C4CA883F4EA7577');
CREATE TABLE relay_lanes (
	destination_no BIGINT NOT NULL, 
	lane BIGINT NOT NULL, 
	pending BIGINT NOT NULL, 
	due_at DOUBLE NOT NULL, 
	lease TEXT, 
	tries INTEGER NOT NULL, 
	why TEXT NOT NULL, tried BIGINT, 
	PRIMARY KEY (destination_no, lane)
)
 WITHOUT ROWID

;
INSERT INTO "relay_lanes" VALUES(1,-6255451305206004705,1,1744000000.0,NULL,0,'',NULL);
CREATE TABLE relay_quarantine (
	id INTEGER NOT NULL, 
	event_id TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	why TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT uq_relay_quarantine_event_id_digest UNIQUE (event_id, digest)
);
CREATE TABLE relay_schema_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT relay_schema_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "relay_schema_version" VALUES('0003');
CREATE INDEX gateway_emails_by_organization ON gateway_emails (organization_id, added_at);
CREATE INDEX gateway_mails_by_email ON gateway_mails (email, sent_at);
CREATE INDEX gateway_mails_by_address ON gateway_mails (address, sent_at);
CREATE INDEX gateway_mails_by_time ON gateway_mails (sent_at);
CREATE INDEX gateway_tokens_by_organization ON gateway_tokens (organization_id, issued_at);
CREATE INDEX gateway_tokens_by_expiry ON gateway_tokens (expires_at);
CREATE INDEX gateway_reservations_by_time ON gateway_reservations (created_at);
CREATE INDEX gateway_keys_by_reservation ON gateway_keys (intake_id);
CREATE INDEX gateway_cases_by_organization ON gateway_cases (organization_id, created_at);
CREATE INDEX gateway_emails_by_digest ON gateway_emails (organization_id, digest);
CREATE INDEX ix_relay_events_lane_sequence ON relay_events (lane, sequence);
CREATE INDEX ix_relay_destinations_owner ON relay_destinations (owner);
CREATE INDEX ix_relay_lanes_due ON relay_lanes (destination_no, due_at);
CREATE INDEX ix_relay_attempts_event ON relay_attempts (event);
CREATE INDEX ix_relay_attempts_at ON relay_attempts (at);
CREATE INDEX ix_relay_dead_letters_at ON relay_dead_letters (at);
CREATE INDEX ix_relay_events_accepted_at ON relay_events (accepted_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('relay_destinations',2);
COMMIT;
