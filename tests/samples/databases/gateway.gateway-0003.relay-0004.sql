-- {"token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJvcmdfaWQiOiI0MjlkY2NkMi0xYWZiLTQ4ZGEtOTMyZC02ZWI5YmM5NDI3MmQiLCJvcmdfbmFtZSI6IkhvcGUgRm91bmRhdGlvbiIsImlhdCI6MTc0NDAwMDAwMCwiZXhwIjoxNzc1NTM2MDAwLCJqdGkiOiI4ZDI5MDJiZC1hNGFjLTRhZmYtYjJlZi02ZGJlZTE5N2QwODUifQ.ullCS-bGlDpeCkgti5IOBFqGBomJFj9ttZuNt8ceEUU", "created": {"id": "case_1", "status": "open", "created_at": "2025-04-05T10:30:02Z", "assigned_to": "agent_001", "reference_number": "HL-CMS-000001"}, "secret": "whsec_VJ1upUhDZaWIbiXTdPLZtMrMi5Xcuy6VnE+NdZYb9R8=", "subscription": "sub_aad639d7ed0fdf23d7f49dd3"}
BEGIN TRANSACTION;
CREATE TABLE gateway_cases (
	case_id TEXT NOT NULL, 
	organization_id TEXT NOT NULL, 
	reference_number TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	CONSTRAINT gateway_cases_pk PRIMARY KEY (case_id)
);
INSERT INTO "gateway_cases" VALUES('case_1','429dccd2-1afb-48da-932d-6eb9bc94272d','HL-CMS-000001',1744000000.0);
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
INSERT INTO "gateway_emails" VALUES('eml_0b9fb9b78f34387514c43193','429dccd2-1afb-48da-932d-6eb9bc94272d','owner',X'01016BBC05E23B4C91DC8759567BBB9316626B3954A103A7CA6DE69BD3D87D8775A34F5239107C4146C1B3236E94714C',1744000000.0,'48719d3e8a8b8675fd80d2337ff36703ce4e599da4d6a4f01cb01db1abc3e4bb');
CREATE TABLE gateway_keys (
	organization_id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	intake_id TEXT NOT NULL, 
	CONSTRAINT gateway_keys_pk PRIMARY KEY (organization_id, "key"), 
	CONSTRAINT gateway_keys_reservation FOREIGN KEY(intake_id) REFERENCES gateway_reservations (intake_id)
);
INSERT INTO "gateway_keys" VALUES('429dccd2-1afb-48da-932d-6eb9bc94272d','cf5ca302a8eec5166a4beb03854dab54185721b63f7a847af588d13c30e3eb45','int_68b19703a59d90452b2d3f18');
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
INSERT INTO "gateway_mails" VALUES('mail_f8be7a726906c7fbbee847c3','42ecd34a0029152ec0722c1378e304c2ddccd14e226d6080ee8a9ca1d5bf7fc5','b5e56674dc76d95f31f1436e2cb03ab975447f038631ebb8f1a0891314345861',1744000000.0);
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
INSERT INTO "gateway_organizations" VALUES('429dccd2-1afb-48da-932d-6eb9bc94272d','Hope Foundation','hope foundation','active',1744000000.0,1744000000.0);
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
INSERT INTO "gateway_reservations" VALUES('int_68b19703a59d90452b2d3f18','429dccd2-1afb-48da-932d-6eb9bc94272d','447d483b06d3dd8f8deb7de3fcf08c08050777c845b1a29bda706908daaabc9a','hold_c85b49dbee0d38d42637593c',1744000000.0,1744000000.0,X'01016B7BDEBFD1BBC13410D4AC537CBF5775EF03BE9C4978EB622EB0EDE4D2F7C63D8D0E480FDF1CA4DFE5508A93B9E9E56821839207F1C902FFC1078A2362A25BB760334CDD2ACAF0171BCD7D63428717571B42A7A6EA6B1E016693E8A256AE08242740FC8A9560E7ECB505F327FA31A6A77A9B7DBD7919CA34ECDA827DF968E2BBB78C0A6BAA920180B990BE7008789BF5739EAD052BF5581364C41143A3A8DC7F314479AB3F52');
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
INSERT INTO "gateway_tokens" VALUES('8d2902bd-a4ac-4aff-b2ef-6dbee197d085','429dccd2-1afb-48da-932d-6eb9bc94272d','eml_0b9fb9b78f34387514c43193',1744000000.0,1775536000.0,NULL);
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
INSERT INTO "relay_destinations" VALUES(1,'sub_aad639d7ed0fdf23d7f49dd3','webhook','429dccd2-1afb-48da-932d-6eb9bc94272d','case','[]','{"schedule": [0.0, 0.05, 0.05], "jitter": 0.2, "reject_tries": 3, "endless": false, "disable_after": [432000.0, 20]}',X'01016B37E522B7DA54BFDBF1FEF05A24C26D12A3FCCF7BEC7DC47BAEA041268935A72ACC4073E7A8FD863E94529C2BECF9AC2CA9D7B901EDD99854E711036B16769B141065E7B220A8017A0C5A273A8FA9C5277CF9108CF827798FBEE0C30A5E5AA11ED53FAD804E9C4356F3E9376D4C0A7E86A2672C89F4FBA9129413555ADC054C574E462A3E6C40AD1DE079746CB7C3AD422845A4964E8159F0DFDDE83664',8,30.0,0,'',1744000000.0,NULL,0,NULL,2,'{}');
CREATE TABLE relay_events (
	id INTEGER NOT NULL, 
	event_id TEXT NOT NULL, 
	lane TEXT NOT NULL, 
	sequence BIGINT, 
	type TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	accepted_at DOUBLE NOT NULL, 
	digest BLOB NOT NULL, 
	body BLOB NOT NULL, feed BIGINT, 
	PRIMARY KEY (id), 
	CONSTRAINT uq_relay_events_event_id UNIQUE (event_id)
);
INSERT INTO "relay_events" VALUES(1,'evt_owed','case_1',1,'case.status_changed','429dccd2-1afb-48da-932d-6eb9bc94272d',1744000000.0,X'A86D0BB07286F2CEB3CDE5A80A980FD8F5C4DA84791A36CB24626DE19049756F',X'01016BA3C7B6839F049C3257F324DF7A2B2FFEE27AB36BE2475D085402F3D03698B64F547FB00A79B610628F4FCA7FA03BF86CD724F338EA06A2A06CBE4589C737F2FF535AB0B1DC402CB2C1F750966B27F5DBAA9B1070BC2525B64C2B5A0539154D4699A3A0D16D84FF8A42FBC770EFB3E11FBCD4A34EB07DC701F54351E282E3633F1384DEF441B9300415D359953A71C523A9402DEA7DF8D8359F01FB9F13EBE1879834040CB85684A151656BEB690F41AB163EF2E737DF6ED34EA55535A1DA93D5304D2F0108FE7AB6A0C54C04C8F6A6846F89E63F1BF38881F97E212F325F563968E6C0F915C0A33AA6D5F7AF4DB3552589B2AE89FE3D4E08BA40BAC111687FF23CAAD7EF0BE16AD86792FDB0C9BA17646AED07E4013B00143C8CBA1C43890488E8953DC190D7F4829FC475B68A39C9CB4456F164A4432C35A2481B41686A0048223AADBAE175C0447C5691535248C816B5965E33B516C04EC00EB0E64743D38888C73911BA11BF7E195E1A97BF2EC979F87F64CD33AF98C42209678BB1562B3F69EA443CC61AA4E165084662C42A217A21664AE439F564218E9A974B522B30B97950CBE582B1AC575ACFE671547B233EF2304EA4C3239FC6050927F66892B2F76741EBA34D95C6257E23DCFD71A92E8B029C757B6A904851E85A33CB1E4627',1);
CREATE TABLE relay_feeds (
	owner TEXT NOT NULL, 
	last BIGINT NOT NULL, 
	PRIMARY KEY (owner)
)
 WITHOUT ROWID

;
INSERT INTO "relay_feeds" VALUES('429dccd2-1afb-48da-932d-6eb9bc94272d',1);
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
INSERT INTO "relay_schema_version" VALUES('0004');
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
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('relay_destinations',2);
COMMIT;
