-- {"token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJvcmdfaWQiOiJjNWZiYzc3Ni0yNDQzLTQzNTctODI3NC00Y2MwM2U5ZWFiZWUiLCJvcmdfbmFtZSI6IkhvcGUgRm91bmRhdGlvbiIsImlhdCI6MTc0NDAwMDAwMCwiZXhwIjoxNzc1NTM2MDAwLCJqdGkiOiI1NTg0MThiNy1hNmQzLTQ2ZWMtOTA4Ni03NGY5ZmQwODZmMTgifQ.LY4PXRNOJ0tLDvv7qFr4RJri-11rcB6KLAW0PrV88ts", "created": {"id": "case_1", "status": "open", "created_at": "2025-04-05T10:30:02Z", "assigned_to": "agent_001", "reference_number": "HL-CMS-000001"}, "secret": "whsec_jf5bfrdV7AEdNX0djXY44Qb6uI6OnLIC4iBzxIK7zZ4=", "subscription": "sub_1629b34fe8de4714ac2bf836"}
BEGIN TRANSACTION;
CREATE TABLE gateway_cases (
	case_id TEXT NOT NULL, 
	organization_id TEXT NOT NULL, 
	reference_number TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	CONSTRAINT gateway_cases_pk PRIMARY KEY (case_id)
);
INSERT INTO "gateway_cases" VALUES('case_1','c5fbc776-2443-4357-8274-4cc03e9eabee','HL-CMS-000001',1744000000.0);
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
INSERT INTO "gateway_emails" VALUES('eml_d01bd331478e0f192938c057','c5fbc776-2443-4357-8274-4cc03e9eabee','owner',X'01016B37CC97869F1ABD10B11080C00447AA62CF90CCD704FB36605594DD40C4B905D7E9619DC6AD362978C74D824C42',1744000000.0,'edee255e7021e67e5c24b7379c794a78f923ecad5ad76dda1a6d438cce3c155e');
CREATE TABLE gateway_keys (
	organization_id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	intake_id TEXT NOT NULL, 
	CONSTRAINT gateway_keys_pk PRIMARY KEY (organization_id, "key"), 
	CONSTRAINT gateway_keys_reservation FOREIGN KEY(intake_id) REFERENCES gateway_reservations (intake_id)
);
INSERT INTO "gateway_keys" VALUES('c5fbc776-2443-4357-8274-4cc03e9eabee','cf5ca302a8eec5166a4beb03854dab54185721b63f7a847af588d13c30e3eb45','int_fb39cda140015d1aaface617');
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
INSERT INTO "gateway_mails" VALUES('mail_8591eb2621c08f06ffd05f4d','42ecd34a0029152ec0722c1378e304c2ddccd14e226d6080ee8a9ca1d5bf7fc5','b5e56674dc76d95f31f1436e2cb03ab975447f038631ebb8f1a0891314345861',1744000000.0);
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
INSERT INTO "gateway_organizations" VALUES('c5fbc776-2443-4357-8274-4cc03e9eabee','Hope Foundation','hope foundation','active',1744000000.0,1744000000.0);
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
INSERT INTO "gateway_reservations" VALUES('int_fb39cda140015d1aaface617','c5fbc776-2443-4357-8274-4cc03e9eabee','447d483b06d3dd8f8deb7de3fcf08c08050777c845b1a29bda706908daaabc9a','hold_6973c4ae358956676910ce79',1744000000.0,1744000000.0,X'01016BB2390B1DC5E561428B78A50AB7D40A06D69D77C5DC412213D8C1119D5DB0603CCA463D9A286514FC9FE33236865600DDAE5196BD27BE7BE845F96A78B445D33C1AFC51910B26B0A14AEAC05A80EEFF733F74939A0E3552A16FFEED73104A6B6E98D4770962E28EE141653131550EE193FD49FDED86EE14CF6CDBEE27707D090C8EA937C94002B7C98D7FD690E66814B4866155D7EEBAD56C5A93929F46F2772C083712B33C');
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
INSERT INTO "gateway_tokens" VALUES('558418b7-a6d3-46ec-9086-74f9fd086f18','c5fbc776-2443-4357-8274-4cc03e9eabee','eml_d01bd331478e0f192938c057',1744000000.0,1775536000.0,NULL);
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
INSERT INTO "relay_destinations" VALUES(1,'sub_1629b34fe8de4714ac2bf836','webhook','c5fbc776-2443-4357-8274-4cc03e9eabee','case','[]','{"schedule": [0.0, 0.05, 0.05], "jitter": 0.2, "reject_tries": 3, "endless": false, "disable_after": [432000.0, 20]}',X'01016B55B456FE81BA51335B9E2B0361F94CBE77EEF53E4178A166C0E53AE4E4C7F472F6FE5D547742BB59B44349F1DA11F0A292A30B9A088475D86B7C3F4E880FCAF41B4993F42C9315EEBECCA5BFEE3F246A3983A003FF4BB69F18F6933DB756977B1C9D3A924BCA0EDF06BE050DB98BFC19698693C382D45F3282D3B742BC1F26A91592D5B348B2E223E4BA5258F051B543C82CE961CC8A0A574E4CA46F9A',8,18.0,0,'',1744000000.0,NULL,0,NULL,2,'{}');
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
INSERT INTO "relay_events" VALUES(1,'evt_owed','case_1',1,'case.status_changed','c5fbc776-2443-4357-8274-4cc03e9eabee',1744000000.0,X'0C66F8439C738F7ACB9FA27937E45F27A5745CE3F6EF3EF0B4C89133C46C629A',X'01016B047020014289BFFA5D4C05AE6E4C85D885FBD52720E4D5D3FA440BE852E377E59FE192B1FC2F378A7DD563B69E2E7D64F55F50E09A435A04C908B67908FF0DC3E9B0ACEC71182EB9EF4F132CEDEA5FCC36E7C173A85DE2CCA3D2EAABB35FB3124CB9562765D66D9D6772E5F01E981DD9256E589D9495C1529E64F378D5BE2211658D90613B71551EAB29AF0F2BABA6887D8ABB446B6892D98F838B5C38D3F33B31A80C56C1A9BD852F5267C8BAD2E7100BE0FE7F40C47A1E602F73FB0E622C4C79B4A50FFCD1CBC30BB257EBC489DCFAA7140FC27F72AF2243088A5942135646687A525292B937FC5CD503642E2DAB92753D723B73B4A9AA7184EBE704470AB85E9D26F5780D5DB71CC5355C08B8CEB82CD82C48CC2F7DBB121075A0057AC85EE81C6D45C0DADD0638AD2787CE932ED285E5E5ED117DBB53BC36BC3DE0989D193D4CB5790AA3BB436D5A67C7511C1F34A86051945332ADD70009BDFB508743DB1B4804D86DE12AEBB1AE3D455F7F0865C86954AA9532A51A6F6239E06CBB9EAF4A5BE0D5547C4EDBCE36A251F1C8561934F72C8D9F2FD54DE8F1AB0EC3CB591DE641A7914449A26E2B6140B2AC3AF75D022138F596A7FC96CA534D476268A37799C78B88C41AFD6FFAA90A45432F54D48BC435FA0BC3E0BDAC1134529A9223',1,NULL,NULL);
CREATE TABLE relay_feeds (
	owner TEXT NOT NULL, 
	last BIGINT NOT NULL, 
	PRIMARY KEY (owner)
)
 WITHOUT ROWID

;
INSERT INTO "relay_feeds" VALUES('c5fbc776-2443-4357-8274-4cc03e9eabee',1);
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
