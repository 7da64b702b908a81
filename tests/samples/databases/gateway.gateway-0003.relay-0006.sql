-- {"token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJvcmdfaWQiOiIwNDQwMzNkYS05NWIzLTRmODktOTIyNC05YTM0MTA1NWJkOTgiLCJvcmdfbmFtZSI6IkhvcGUgRm91bmRhdGlvbiIsImlhdCI6MTc0NDAwMDAwMCwiZXhwIjoxNzc1NTM2MDAwLCJqdGkiOiIxOWQ2NmQ2YS1iNzMxLTRmYmEtODMxYi02Zjc1ODdkMjBhOWEifQ.N4MzjsNC5fXQbbSVjxvQVOx7mUYH_SOT4RtfAgg1K-E", "created": {"id": "case_1", "status": "open", "created_at": "2025-04-05T10:30:02Z", "assigned_to": "agent_001", "reference_number": "HL-CMS-000001"}, "secret": "whsec_Su/d7E9kkVS/X+84iHi15GuTH+vXKInVwgPmZU2CC/c=", "subscription": "sub_486768ecea47575ea2961f5f"}
BEGIN TRANSACTION;
CREATE TABLE gateway_cases (
	case_id TEXT NOT NULL, 
	organization_id TEXT NOT NULL, 
	reference_number TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	CONSTRAINT gateway_cases_pk PRIMARY KEY (case_id)
);
INSERT INTO "gateway_cases" VALUES('case_1','044033da-95b3-4f89-9224-9a341055bd98','HL-CMS-000001',1744000000.0);
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
INSERT INTO "gateway_emails" VALUES('eml_5544b1ea6fad517f56c6a05c','044033da-95b3-4f89-9224-9a341055bd98','owner',X'01016BEE38082960A562A4AB0A9ED5B1591D2CE5F713D3C782E26B39CC6910030774C4A45C489012DF6D84BC1B728B36',1744000000.0,'b2285e58dacaac95aaa63790d4d92e0fa230013e5a55f366ca874de91ca4f7ab');
CREATE TABLE gateway_keys (
	organization_id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	intake_id TEXT NOT NULL, 
	CONSTRAINT gateway_keys_pk PRIMARY KEY (organization_id, "key"), 
	CONSTRAINT gateway_keys_reservation FOREIGN KEY(intake_id) REFERENCES gateway_reservations (intake_id)
);
INSERT INTO "gateway_keys" VALUES('044033da-95b3-4f89-9224-9a341055bd98','cf5ca302a8eec5166a4beb03854dab54185721b63f7a847af588d13c30e3eb45','int_8ac62b14014e853a5092eff1');
CREATE TABLE gateway_leases (
	name TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	ends_at DOUBLE NOT NULL, 
	detail TEXT NOT NULL, 
	CONSTRAINT gateway_leases_pk PRIMARY KEY (name)
);
CREATE TABLE gateway_mails (
	id TEXT NOT NULL, 
	email TEXT NOT NULL, 
	address TEXT NOT NULL, 
	sent_at DOUBLE NOT NULL, 
	CONSTRAINT gateway_mails_pk PRIMARY KEY (id)
);
INSERT INTO "gateway_mails" VALUES('mail_9f6c01e9f1e48c0bb23494b2','42ecd34a0029152ec0722c1378e304c2ddccd14e226d6080ee8a9ca1d5bf7fc5','b5e56674dc76d95f31f1436e2cb03ab975447f038631ebb8f1a0891314345861',1744000000.0);
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
INSERT INTO "gateway_organizations" VALUES('044033da-95b3-4f89-9224-9a341055bd98','Hope Foundation','hope foundation','active',1744000000.0,1744000000.0);
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
INSERT INTO "gateway_reservations" VALUES('int_8ac62b14014e853a5092eff1','044033da-95b3-4f89-9224-9a341055bd98','447d483b06d3dd8f8deb7de3fcf08c08050777c845b1a29bda706908daaabc9a','hold_9b63cdccfd1975deef31a848',1744000000.0,1744000000.0,X'01016B69884337958ADC24BA47A638ABE8A2E0DC59B947FB341C4B199639E353512D9E06CCF1270F9B0755D055FCA122C2AD277E8AA28BFD87BF4434F15320748FC12998E0A2FAE970D2AA8B4B8E8600ED499DF99E3FC7E9DDE21F06295B8F86CAA730DB12DCB1171C2DA33246263807B0CB30D18D773B0995842941180F4CDDA83D9802245324B7DD6A6D04C742FC67C12046FD0999BE4BC9C0548A57F8C371853CEB27B2642088');
CREATE TABLE gateway_schema_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT gateway_schema_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "gateway_schema_version" VALUES('0003');
CREATE TABLE gateway_tokens (
	jti TEXT NOT NULL, 
	organization_id TEXT NOT NULL, 
	email_id TEXT, 
	issued_at DOUBLE NOT NULL, 
	expires_at DOUBLE NOT NULL, 
	revoked_at DOUBLE, 
	CONSTRAINT gateway_tokens_pk PRIMARY KEY (jti)
);
INSERT INTO "gateway_tokens" VALUES('19d66d6a-b731-4fba-831b-6f7587d20a9a','044033da-95b3-4f89-9224-9a341055bd98','eml_5544b1ea6fad517f56c6a05c',1744000000.0,1775536000.0,NULL);
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
	created_at DOUBLE NOT NULL, failing_since DOUBLE, failed_attempts INTEGER DEFAULT '0' NOT NULL, rate DOUBLE, version BIGINT DEFAULT '1' NOT NULL, only JSON DEFAULT '{}' NOT NULL, 
	CONSTRAINT uq_relay_destinations_name UNIQUE (name)
);
INSERT INTO "relay_destinations" VALUES(1,'sub_486768ecea47575ea2961f5f','webhook','044033da-95b3-4f89-9224-9a341055bd98','case','[]','{"schedule": [0.0, 0.05, 0.05], "jitter": 0.2, "reject_tries": 3, "endless": false, "disable_after": [432000.0, 20]}',X'01016B0287DA5862DD76F3679303B31DD3AA2306AB957FEDECD7EF2FC9D672F312027664FB9D60CFD2BB25225AD2C4A6169415334BCABE2842BE2E0324F64CB27D622EF432854BC47D575B8043CEDD6E1CF0D4DFA715B4B002F4E98C0D0A1B7B70C17E1E779A45A483EA30078FC8F3121ED2B26EACF91AF6B1B3B57245ED4AAFE9273D3431852EE9FEE4F71D13A55931550A9493F063498522CAF90032D26873',8,18.0,0,'',1744000000.0,NULL,0,NULL,2,'{}');
CREATE TABLE relay_events (
	id INTEGER NOT NULL, 
	event_id TEXT NOT NULL, 
	lane TEXT NOT NULL, 
	sequence BIGINT, 
	type TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	accepted_at DOUBLE NOT NULL, 
	digest BLOB NOT NULL, 
	body BLOB NOT NULL, feed BIGINT, notes TEXT, kept_back BIGINT, 
	PRIMARY KEY (id), 
	CONSTRAINT uq_relay_events_event_id UNIQUE (event_id)
);
INSERT INTO "relay_events" VALUES(1,'evt_owed','case_1',1,'case.status_changed','044033da-95b3-4f89-9224-9a341055bd98',1744000000.0,X'4DDA27ADCF620FBBBC21DF6A4375B08ED0B8E952048B7B02658482138129A8CC',X'01016B13114F7BDF9B0D6BFF8E8C021908E2938DE3CCE1B5E48D26B7BAA4D4553BFA00361F5353FADD95B575230794F14ABB730EE7248F7A1E7DDC083299265EA22AABB77B21FFAB091F7965AB51F76D97EDB65F68E4CE7C4981DD8DE8E5418B161C03D207AC9D91668A6EB7D85116E47C477BC8CDF25BBCDAF54C654F54AD8D6A4ED52559887E0BDB9F0BF62D20DC71F70A4FF8F23EAC207D6F4D8AFEED09348E8E3D4C74171D94E641AF18BDB4C1808FC8A2590A56810310850674B76145ECD4B6AEEA6D2DDFC3DF48BF8B9E5897CCE6B8F4538CA9E6108FF77283DCD521C645F15474FEFFDBBB9AFD7963FA8923C12A1BE9C7358F1BC3ECAA2599EE1B6609581CF7EBA7596C7E8679CF803A4194048860F06636A01BAC7D19E1997B2F1CA9D0FB6482BB969FE1DD4AF883AE6E637C5819BBDBBAC69C1FE7A6B88BC0C0B3BE1707C491228F2CAAAA1048DD0E3F8DFDF35C33ED04BA662C30AAF86FC57A36F9D164206EBFBEDA753561719E445EEB62D60534F1A6E42A1E9178BE26477200E8C1C0D7457342330BDB2D3BCA5BDCAEAE4AAD34C649BDF924BC71F69AABC9B496B4A340FF0166EC11107A1AEBEBB0D2F3E0D392FD5A58C36945A196E2F109BFDD00379EF1A328D86342C698B7FE18CB34E4B520BBF15C05E44DDC8C2CC582979935FA',1,NULL,NULL);
CREATE TABLE relay_feeds (
	owner TEXT NOT NULL, 
	last BIGINT NOT NULL, 
	PRIMARY KEY (owner)
)
 WITHOUT ROWID

;
INSERT INTO "relay_feeds" VALUES('044033da-95b3-4f89-9224-9a341055bd98',1);
CREATE TABLE relay_lanes (
	destination_no BIGINT NOT NULL, 
	lane BIGINT NOT NULL, 
	pending BIGINT NOT NULL, 
	due_at DOUBLE NOT NULL, 
	lease TEXT, 
	tries INTEGER NOT NULL, 
	why TEXT NOT NULL, tried BIGINT, lost INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (destination_no, lane)
)
 WITHOUT ROWID

;
INSERT INTO "relay_lanes" VALUES(1,-6255451305206004705,1,1744000000.0,NULL,0,'',NULL,0);
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
INSERT INTO "relay_schema_version" VALUES('0006');
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
CREATE UNIQUE INDEX ix_relay_events_owner_feed ON relay_events (owner, feed) WHERE feed IS NOT NULL;
CREATE INDEX ix_relay_events_owner_accepted_at ON relay_events (owner, accepted_at) WHERE owner <> '';
CREATE INDEX ix_relay_attempts_arrived ON relay_attempts (destination_no, at) WHERE outcome = 'delivered';
CREATE INDEX ix_relay_lanes_in_doubt ON relay_lanes (destination_no) WHERE lost > 1;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('relay_destinations',2);
COMMIT;
