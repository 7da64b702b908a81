-- {"token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJvcmdfaWQiOiI1OGRiYTc1MC04MzU5LTRjOGQtYTgzMy02MGU4MTA1NTFkNTMiLCJvcmdfbmFtZSI6IkhvcGUgRm91bmRhdGlvbiIsImlhdCI6MTc0NDAwMDAwMCwiZXhwIjoxNzc1NTM2MDAwLCJqdGkiOiJmNGM1OGEyYS05MjAzLTQ2YzQtOTJkYy04MjY5NWIwNThjZTMifQ.7iOtFHO2UBz7IlHtsoUQjVU7W9uW9GnsIIlUJC87wrM", "created": {"id": "case_1", "status": "open", "created_at": "2025-04-05T10:30:02Z", "assigned_to": "agent_001", "reference_number": "HL-CMS-000001"}, "secret": "whsec_rOA546CrdnklQA8D0V93xfrG7Dc+BkSHz7K0IgzOFjo=", "subscription": "sub_3d0ac39d949bd5719173adcf"}
BEGIN TRANSACTION;
CREATE TABLE gateway_cases (
	case_id TEXT NOT NULL, 
	organization_id TEXT NOT NULL, 
	reference_number TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	CONSTRAINT gateway_cases_pk PRIMARY KEY (case_id)
);
INSERT INTO "gateway_cases" VALUES('case_1','58dba750-8359-4c8d-a833-60e810551d53','HL-CMS-000001',1744000000.0);
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
INSERT INTO "gateway_emails" VALUES('eml_03c121aefe8cfe357014dae2','58dba750-8359-4c8d-a833-60e810551d53','owner',X'01016B2B5929099DEBBD350A97D19DF5D1C0605C3C942A25ABB1619A1F41F74B660EAF8A96643BAC04C7E79D78BDC4BB',1744000000.0,'399b4bb3fc16c69cc945b4bc6c157408a9aa9c28ea780e99efabb9735648b479');
CREATE TABLE gateway_keys (
	organization_id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	intake_id TEXT NOT NULL, 
	CONSTRAINT gateway_keys_pk PRIMARY KEY (organization_id, "key"), 
	CONSTRAINT gateway_keys_reservation FOREIGN KEY(intake_id) REFERENCES gateway_reservations (intake_id)
);
INSERT INTO "gateway_keys" VALUES('58dba750-8359-4c8d-a833-60e810551d53','cf5ca302a8eec5166a4beb03854dab54185721b63f7a847af588d13c30e3eb45','int_e1709418b52f2560ecaa6288');
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
INSERT INTO "gateway_mails" VALUES('mail_ace678c679ac404167f08d04','42ecd34a0029152ec0722c1378e304c2ddccd14e226d6080ee8a9ca1d5bf7fc5','b5e56674dc76d95f31f1436e2cb03ab975447f038631ebb8f1a0891314345861',1744000000.0);
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
INSERT INTO "gateway_organizations" VALUES('58dba750-8359-4c8d-a833-60e810551d53','Hope Foundation','hope foundation','active',1744000000.0,1744000000.0);
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
INSERT INTO "gateway_reservations" VALUES('int_e1709418b52f2560ecaa6288','58dba750-8359-4c8d-a833-60e810551d53','447d483b06d3dd8f8deb7de3fcf08c08050777c845b1a29bda706908daaabc9a','hold_6d6b5a1a9659ec8bf48b6e62',1744000000.0,1744000000.0,X'01016B3EBFA562223472E092A30ADCAA6C118C3EFD0246AD7411FB0CF8CAD337F02A70E3A3714BC0BB013E66D4F985B7DD86BA72235DB69F9653D03FF0C23E105C23B486DA6D783303947B81C4CE24D2A89524AB17365145886A0E7794C8D6E6A15FB459C0E58E9EF631051DA8E01453A24348C14B47DD7996CA92810B94813894ED8434ACCD5CB44D599EFF9473F5EC6C4399CD6573CF591751210CFDC9323547CDCE51D80AFCE2');
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
INSERT INTO "gateway_tokens" VALUES('f4c58a2a-9203-46c4-92dc-82695b058ce3','58dba750-8359-4c8d-a833-60e810551d53','eml_03c121aefe8cfe357014dae2',1744000000.0,1775536000.0,NULL);
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
INSERT INTO "relay_destinations" VALUES(1,'sub_3d0ac39d949bd5719173adcf','webhook','58dba750-8359-4c8d-a833-60e810551d53','case','[]','{"schedule": [0.0, 0.05, 0.05], "jitter": 0.2, "reject_tries": 3, "endless": false, "disable_after": [432000.0, 20]}',X'01016BD79E6FAC4FEFA1D446CE02FF36AD14F1A9F661336888A37B2644E7F527A32E805C75455E492F1A165EE196EBF927E06C9BE17C48B86BA5BE96C8FEF75DE252797ADDBB7CF19426DEBA1FB510F83B32AB538C5249EEAF4BDE96BF4009DA471565054BA8D7CCE4BB3FBBCC3F36E58D0FBBE7479A1C4EAF38D5B2DA0E47612F21ACC1AF75AB77DF5D1F31C09B9ED308B0B4B421F6D6B51E2FAA470016B4D5',8,18.0,0,'',1744000000.0,NULL,0,NULL,2,'{}');
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
INSERT INTO "relay_events" VALUES(1,'evt_owed','case_1',1,'case.status_changed','58dba750-8359-4c8d-a833-60e810551d53',1744000000.0,X'571D1059BC6B8FA2C7D15B77CCC70430AA0A358923D13FD0787E1DD5D3512ACB',X'01016BBA64EB2348192EF37994213964BFDD4CD5A5888C5B77D59E68516A21E588FC54B4775595EA9C78D6F8A7A025D30CEFAB013BA846EF0D53FE31E546F9D6B57BED1AB83C21A9A5D56544EE5EEFF0BB3114E257CA1E373DDD2DC9955290B6F255332B45584F89B978DCF5716F20BC00CC0CABEBBD14AA1D7BBE69E47B4648C22578611E2340AF6295ABC399A3DF6CB7672C0EDD56E85E7AA7868255658A91AE7046C08772A27BCCAC4660EB46FD4AFD54692FF2200417566600E48518AEA9FCFA54CC2323FE44AEFABEC71B2575C7221F6A1B2A5C604CF48D65AFD26CA0066E0F74F29D8E90D5C45F9C50CFF8A1A4A2EAA6A0D40AF20087A9E53D6BB167A81C2B1477717C9FA03FB4C2CE25461751F4D5BA0B3BD47E75EEE15F44824E4318F8995794268A17BB10DA524FBA232DE83291A114568B075374C3DCA29CD72B5A43820704CA1638E8AC26866B1B6853739226B92A8B3D5D594678901D5B6ADCA1B21D09C0AE4D15A2DA1C3FD58CB85A5440DF42E52C45DB0736D47457E9CC3E423A4C9B3CD1B5D79B39DE926F499F45779B9F11BB2EFB93918BB17986E5247E76CBAF574F3EC5EDFB938CFB9076B1A4184929F00DEB2A87ACD29AF073E4DB9CBD338179EDE794595CAB15FFFA88741AF7A0F9A798441AFB54E9729E180D5A89FBAAF6',1,NULL,NULL);
CREATE TABLE relay_feeds (
	owner TEXT NOT NULL, 
	last BIGINT NOT NULL, 
	PRIMARY KEY (owner)
)
 WITHOUT ROWID

;
INSERT INTO "relay_feeds" VALUES('58dba750-8359-4c8d-a833-60e810551d53',1);
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
INSERT INTO "relay_schema_version" VALUES('0005');
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
