-- {"token": "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJvcmdfaWQiOiI5Y2NiYjkxYS03ZTQzLTRiNWEtODI4MC03NDE3MTBmZTc3Y2YiLCJvcmdfbmFtZSI6IkhvcGUgRm91bmRhdGlvbiIsImlhdCI6MTc0NDAwMDAwMCwiZXhwIjoxNzc1NTM2MDAwLCJqdGkiOiI0Nzc2MmE2Zi0zMDg2LTQ4ODYtODBkMi0xMjUzYjU4ZDU0MDIifQ.2X94-TEyk_PsA0JbTARj-yAIMVCTKl0_kCcIb-_sCEk", "created": {"id": "case_1", "status": "open", "created_at": "2025-04-05T10:30:02Z", "assigned_to": "agent_001", "reference_number": "HL-CMS-000001"}, "secret": "whsec_2HL4RUTGGPBMmw1xbK0owZxJFliZ/uxNrjwnFybKUwg=", "subscription": "sub_d36dc8a7afc19bbf1a64d787"}
BEGIN TRANSACTION;
CREATE TABLE gateway_cases (
	case_id TEXT NOT NULL, 
	organization_id TEXT NOT NULL, 
	reference_number TEXT NOT NULL, 
	created_at DOUBLE NOT NULL, 
	CONSTRAINT gateway_cases_pk PRIMARY KEY (case_id)
);
INSERT INTO "gateway_cases" VALUES('case_1','9ccbb91a-7e43-4b5a-8280-741710fe77cf','HL-CMS-000001',1744000000.0);
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
INSERT INTO "gateway_emails" VALUES('eml_bfd7efa443a270fb1f5ca70a','9ccbb91a-7e43-4b5a-8280-741710fe77cf','owner',X'01016BC3B3C9E7EDF8ED3DBE59B755CF350F10163BD1AFCF725725E34FFADAE69991A1BA87AC29C857989839952DDD8C',1744000000.0,'0ebf0cb6bb861e6ab6654943204439d751b9ea6bd66eb1a21ab8541edde1e60a');
CREATE TABLE gateway_keys (
	organization_id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	intake_id TEXT NOT NULL, 
	CONSTRAINT gateway_keys_pk PRIMARY KEY (organization_id, "key"), 
	CONSTRAINT gateway_keys_reservation FOREIGN KEY(intake_id) REFERENCES gateway_reservations (intake_id)
);
INSERT INTO "gateway_keys" VALUES('9ccbb91a-7e43-4b5a-8280-741710fe77cf','cf5ca302a8eec5166a4beb03854dab54185721b63f7a847af588d13c30e3eb45','int_da20151b5ce8b7bba332eef0');
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
INSERT INTO "gateway_mails" VALUES('mail_162109251d65522ff9434d1b','42ecd34a0029152ec0722c1378e304c2ddccd14e226d6080ee8a9ca1d5bf7fc5','b5e56674dc76d95f31f1436e2cb03ab975447f038631ebb8f1a0891314345861',1744000000.0);
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
INSERT INTO "gateway_organizations" VALUES('9ccbb91a-7e43-4b5a-8280-741710fe77cf','Hope Foundation','hope foundation','active',1744000000.0,1744000000.0);
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
INSERT INTO "gateway_reservations" VALUES('int_da20151b5ce8b7bba332eef0','9ccbb91a-7e43-4b5a-8280-741710fe77cf','447d483b06d3dd8f8deb7de3fcf08c08050777c845b1a29bda706908daaabc9a','hold_f496c394a113fb35c84795bf',1744000000.0,1744000000.0,X'01016BA91C8C24DD3A2DFEE96CC4ECCF58381B61D1B05728895C9D0FE5A5ED9720D17B07FD7ECAE100289B7DEDB944702EEB907CA1FB3803ED4AC9C952302F30B083A62D29BF00DE66A743360550B13F12FFC412A697551C6C9960699715E9CC3DF9680CF972BC0F310E84797FD2E4C729B05A3781D543C9B83651E2A2AF57C26CE3CD19C0AA490F6142829F0CE433DAE0B971A3BC73557207122E7B343B993D9C7B5FBE949C6B52');
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
INSERT INTO "gateway_tokens" VALUES('47762a6f-3086-4886-80d2-1253b58d5402','9ccbb91a-7e43-4b5a-8280-741710fe77cf','eml_bfd7efa443a270fb1f5ca70a',1744000000.0,1775536000.0,NULL);
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
INSERT INTO "relay_destinations" VALUES(1,'sub_d36dc8a7afc19bbf1a64d787','webhook','9ccbb91a-7e43-4b5a-8280-741710fe77cf','case','[]','{"schedule": [0.0, 0.05, 0.05], "jitter": 0.2, "reject_tries": 3, "endless": false, "disable_after": [432000.0, 20]}',X'01016B972C9E935A2EDBAF79D033F13A6E9D0D063786BEDE9FF873B6933877F1AD045E414169DF62F33E67DC284024FCF906A0993A3F6AF45594115A47B00BB25EC2AE7B11E404E47884902B4B7E2EDC2207C26112AED5B3E5F91AB200AB77EA350431BAF773BF072263C0D916DD61DD784E47F68E0045D00C88C6AF4BB296BC86901DC8049120BDCE8BE9EC0928502C22D4C5DEABDD0702A88DD88CA34E1D26',8,18.0,0,'',1744000000.0,NULL,0,NULL,2,'{}');
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
INSERT INTO "relay_events" VALUES(1,'evt_owed','case_1',1,'case.status_changed','9ccbb91a-7e43-4b5a-8280-741710fe77cf',1744000000.0,X'1D77ACA205F493712F4234DD563D4505D4AB6001E5F5DF007733BBA61F7B1AE8',X'01016B51357D485EE14DFB7A4743F785EE3C931340D068689038BBD063490F902F80F21446BC984E1AA4B7C40374FA1F9964F7CCB86CFE0AF6EE8416AA8F4DC58FBD5D2032CD78E8D5A8F5405F8F3D3502B63997BC29B9D7158D562969935C67D97EF8A3B87E8DE7809F9F16A765FDF8488E54AA4EF5427E48F7CC606E1C20D0349B25FE730FD176B01287EBE278DE0E143577CEE0A1FC52489B067F95D1AEBC95F85E2A1C839C84E0BBAC56E67947E1136EDDA6E545FEC58BBECBE45A18D7DB9FE89B5028FDC2B4C89B54C739FFBE1BC6A7C1FB3090434322FBDA5CF75066C6E2E39EEA1E085F0731D1FC0CBF1DBE721AC5C581AC0CAB478FC331CF749734BBD7CF46C3649F7EA2555C0F133B722FDA26ED639DB6CF00FF560477533D25240B8C107F1C06BC9F54555E6F44436E3138B15D715E882849387B2979FF1262EFB137D227200D7074F52591AF24057E6D4983B4C7150EAA52FB75FF64EE7974C8EA38130943C7FD43072180F12280E0595977F062C6EE423E0706923BD073604B0D9F6186142CFBACBA77E1F9B05560769A4707129073D038ED410D0DD9D86435C6CA433379FDEB6CFEDCCBA4C09174CEFD65F822196389568372647FE77B35C26E3E5188E447354F279ED0183BC8DC7941AD7996834ADD9DD87AFF3B074A4CE2E98F24',1,NULL,NULL);
CREATE TABLE relay_feeds (
	owner TEXT NOT NULL, 
	last BIGINT NOT NULL, 
	PRIMARY KEY (owner)
)
 WITHOUT ROWID

;
INSERT INTO "relay_feeds" VALUES('9ccbb91a-7e43-4b5a-8280-741710fe77cf',1);
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
