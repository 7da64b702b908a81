-- {"token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJvcmdfaWQiOiJhZGUyZWFmNi03YjIyLTRiN2EtYmM2ZS01MWI0OGZlNGMwYmYiLCJvcmdfbmFtZSI6IkhvcGUgRm91bmRhdGlvbiIsImlhdCI6MTc0NDAwMDAwMCwiZXhwIjoxNzc1NTM2MDAwLCJqdGkiOiJhOTBmYjQyOS1jZTk4LTQ2M2EtODZhNS1kYmM0MTU2ZGI5MDQifQ._nEuh6Vobpe-SrkEnDu_0ZlOMi_wN7x2LDW647oO4mc", "created": {"id": "case_1", "status": "open", "created_at": "2025-04-05T10:30:02Z", "assigned_to": "agent_001", "reference_number": "HL-CMS-000001"}, "secret": "whsec_lMWLYZjPX187vWv/tDP+7PZjdAZmU9T/DmBklV7fvr8=", "subscription": "sub_0adf5588809bb2a15113873f"}
BEGIN TRANSACTION;
CREATE TABLE gateway_cases (
	case_id TEXT NOT NULL, 
	organization_id TEXT NOT NULL, 
	reference_number TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	CONSTRAINT gateway_cases_pk PRIMARY KEY (case_id)
);
INSERT INTO "gateway_cases" VALUES('case_1','ade2eaf6-7b22-4b7a-bc6e-51b48fe4c0bf','HL-CMS-000001',1744000000.0);
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
INSERT INTO "gateway_emails" VALUES('eml_e627caf8bbd2e9ca8ec4ae43','ade2eaf6-7b22-4b7a-bc6e-51b48fe4c0bf','owner',X'01016B9937689B9D76A76724ABD1F98F9CDF144270FE72EAF84693A72879912AACC92F477805068A9AD59A65ADF26996',1744000000.0,'ff543299f444bb62d23b6c576bb55de226f9e578e8c8d892f65e1ff9f61cbebd');
CREATE TABLE gateway_keys (
	organization_id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	intake_id TEXT NOT NULL, 
	CONSTRAINT gateway_keys_pk PRIMARY KEY (organization_id, "key"), 
	CONSTRAINT gateway_keys_reservation FOREIGN KEY(intake_id) REFERENCES gateway_reservations (intake_id)
);
INSERT INTO "gateway_keys" VALUES('ade2eaf6-7b22-4b7a-bc6e-51b48fe4c0bf','cf5ca302a8eec5166a4beb03854dab54185721b63f7a847af588d13c30e3eb45','int_216bc2bb06104a813bd20373');
CREATE TABLE gateway_mails (
	id TEXT NOT NULL, 
	email TEXT NOT NULL, 
	address TEXT NOT NULL, 
	sent_at DOUBLE NOT NULL, 
	CONSTRAINT gateway_mails_pk PRIMARY KEY (id)
);
INSERT INTO "gateway_mails" VALUES('mail_150b16b22e287f3eba5c4342','42ecd34a0029152ec0722c1378e304c2ddccd14e226d6080ee8a9ca1d5bf7fc5','b5e56674dc76d95f31f1436e2cb03ab975447f038631ebb8f1a0891314345861',1744000000.0);
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
INSERT INTO "gateway_organizations" VALUES('ade2eaf6-7b22-4b7a-bc6e-51b48fe4c0bf','Hope Foundation','hope foundation','active',1744000000.0,1744000000.0);
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
INSERT INTO "gateway_reservations" VALUES('int_216bc2bb06104a813bd20373','ade2eaf6-7b22-4b7a-bc6e-51b48fe4c0bf','447d483b06d3dd8f8deb7de3fcf08c08050777c845b1a29bda706908daaabc9a','hold_9ca0a3f1fbf0ff10ae073275',1744000000.0,1744000000.0,X'01016BBA52C1B3597E87033B3E8CA25AD1EFDC213BFE0F88D71F5F1AAC366617B6281CCCC044D087228CCF725054BB85294A6075C0D27976907CDE583258DF0D5C8C078C4F9CDA2A97843DBBDA240232007500F362B68415148A4321A7B391877EC572FFE7ED8873E1175257DED1B8AE795A2FA6E407A27130C7A4830C1F52319EABF2FCA4E9D49EAEDAB4C8BF0DF7B54ED6A0B78AAFF156AEBF5D182F927161E432A75E6254E6C9');
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
INSERT INTO "gateway_tokens" VALUES('a90fb429-ce98-463a-86a5-dbc4156db904','ade2eaf6-7b22-4b7a-bc6e-51b48fe4c0bf','eml_e627caf8bbd2e9ca8ec4ae43',1744000000.0,1775536000.0,NULL);
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
	created_at DOUBLE NOT NULL, failing_since DOUBLE, failed_attempts INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT uq_relay_destinations_name UNIQUE (name)
);
INSERT INTO "relay_destinations" VALUES(1,'sub_0adf5588809bb2a15113873f','webhook','ade2eaf6-7b22-4b7a-bc6e-51b48fe4c0bf','case','[]','{"schedule": [0.0, 0.05, 0.05], "jitter": 0.2, "reject_tries": 3, "endless": false, "disable_after": [432000.0, 20]}',X'01016BD1C27BEBA68DF1557DCF9D48708300C7A81911D939E32368FA278FD2F6236A2F5ECBF9371FC596CCEDB1A588E1CB3A7D089341B45C11AE8E5D4C0805162D2A78F74E62D3517535D843CC196E349A2DBC9BA0E49E309A4088CF28DCB1CF31CB2FDB16FFE29CA4035993A880949F0447A8B230322887F2DFFA3D6671095AEDFB275D8479EF1346943016BF0D3E69D7B21BA7AE767B146AAB9189EEAF9D7E',8,30.0,0,'',1744000000.0,NULL,0);
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
INSERT INTO "relay_events" VALUES(1,'evt_owed','case_1',1,'case.status_changed','ade2eaf6-7b22-4b7a-bc6e-51b48fe4c0bf',1744000000.0,X'4A3F965BD34C1231504027698C42408D0BB21F8114B96D6CF29840C526170A03',X'01016BF6FD63A2E5172A281269AF2D4DB9A68247B729CB291C88780AA920BA75199B7E9A2DEA6DF4E6ECBFB4C6F6C4B4DF1BF3DAB3D8DA24068FEFFC1ACE1DC3518A8F0022C62D65F9A5E422A7E9206239E79DBC1F60AEB9697A5508792E37B827A2A8CEB56F48A2F375D5F8EBB36229C69041057840A30159B557775387F3BB529E19DCAEE65E0DAD5438F3744A539DB138F3A0D28D2F4B44A01E61171C66820B4D92E5D302AF6B56C06236B0C4DA89DF79D7EF7D3F09C7BA6CF640B541A18A7990B1E1CF114FB6C4FCD275BDB2D95177E7AE77031AB074B2E5A93CC68774740340D1273347A48EDB98F7DCC54951CCD77B709F1BC29D5335FCA7FDB3381CDA53A9589C948DF75B4BA6BF59962A3A40C7E2123BAE8FD9F5AC5D5C2CE8B99BA153C454778F5CC7D83CD88FBC68B4E2B3145D6A0DF4115018EEC617AD63A5A6F9DEE6B47C36BA993DCE9D2CA5F54323407790DBCEE33502730EF2FEDD43797FD28349467577259F2EB7486A0C0C11512297C090140175A95EA54CCBCA34B6A4F45E16A39E3CA86FAD0891BBBE2D8A44E797BA73614E68AE9D01CAFB44653D6EA39FE651B79BFDAC88C779C02931A2CC1CA0F355D5A5607E9156E926649D0859DE3DDE979773813271EAFD96C501BB911434CEC237B8293DE58D8607209E1921AC86B2');
CREATE TABLE relay_lanes (
	destination_no BIGINT NOT NULL, 
	lane BIGINT NOT NULL, 
	pending BIGINT NOT NULL, 
	due_at DOUBLE NOT NULL, 
	lease TEXT, 
	tries INTEGER NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (destination_no, lane)
)
 WITHOUT ROWID

;
INSERT INTO "relay_lanes" VALUES(1,-6255451305206004705,1,1744000000.0,NULL,0,'');
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
INSERT INTO "relay_schema_version" VALUES('0002');
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
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('relay_destinations',1);
COMMIT;
