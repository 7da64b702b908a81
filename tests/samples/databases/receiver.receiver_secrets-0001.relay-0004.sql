-- {"secret": "hush"}
BEGIN TRANSACTION;
CREATE TABLE receiver_secrets_schema_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT receiver_secrets_schema_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "receiver_secrets_schema_version" VALUES('0001');
CREATE TABLE receiver_secrets_uses (
	fingerprint TEXT NOT NULL, 
	process TEXT NOT NULL, 
	count BIGINT NOT NULL, 
	last_at DOUBLE NOT NULL, 
	PRIMARY KEY (fingerprint, process)
)
 WITHOUT ROWID

;
INSERT INTO "receiver_secrets_uses" VALUES('0123456789abcdef','process',5,1743955200.0);
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
INSERT INTO "relay_attempts" VALUES(1,1,1,1,1.79533985703756666183e+09,1.21561999549157917499e-04,'delivered','202');
INSERT INTO "relay_attempts" VALUES(2,1,2,1,1795339857.03782,4.08109990530647337436e-05,'dead','422');
INSERT INTO "relay_attempts" VALUES(3,1,3,1,1.79533985705341863625e+09,1.11595996713731437921e-04,'retry','503');
CREATE TABLE relay_dead_letters (
	destination_no BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (destination_no, event)
);
INSERT INTO "relay_dead_letters" VALUES(1,2,1,1.79533985705396580698e+09,'422');
CREATE TABLE relay_deliveries (
	destination_no BIGINT NOT NULL, 
	lane BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (destination_no, lane, position, event)
)
 WITHOUT ROWID

;
INSERT INTO "relay_deliveries" VALUES(1,4648150921075662269,1,3);
INSERT INTO "relay_deliveries" VALUES(1,4648150921075662269,2,4);
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
INSERT INTO "relay_destinations" VALUES(1,'judge','judge','','case','[]','{"schedule": [0.0, 86400.0], "jitter": 0.0, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016B0F8F2860675A0C0C42E86548CF519450A48ED57CF9237DDF132F9D9A5D0D54C880DD2F3B8F1A506E667FAAB21DA3',8,30.0,1,'',1.79533985700247430798e+09,1.79533985705396580698e+09,2,NULL,1,'{}');
INSERT INTO "relay_destinations" VALUES(2,'held','judge','','none','["none.such"]','{"schedule": [0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0, 43200.0], "jitter": 0.2, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016BE35CCCD81D062F836ED06C04588F2EE75405C1317749313DB1FDF66FDDFF',8,30.0,0,'',1.79533985700880765914e+09,NULL,0,NULL,1,'{}');
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
INSERT INTO "relay_events" VALUES(1,'evt_arrived','case_1',1,'t','org',1.79533985702580618859e+09,X'764E3F0C46232169C890A13784B3A591A466663F534F0BF449FB97986ABE18FA',X'01016B31D25185DA46885BE7A3CBFF87AC089247AD52174FF7B2FF4786F2FDF469B0C06B3F432E8E0E57C55B9E4988C5E79E',NULL);
INSERT INTO "relay_events" VALUES(2,'evt_dead','case_2',1,'t','org',1.79533985703659415243e+09,X'804092FBF246C7D836C8B618D3AA99838F94ACF730CFB671D8BB30823A14CADF',X'01016BF662B32789E0A2CC295C119B29D6A75AE132B39817A9003797D416433005DE8E0308FAA8CC612E18FD6185F1',NULL);
INSERT INTO "relay_events" VALUES(3,'evt_retried','case_3',1,'t','org',1.7953398570524024963e+09,X'F30E2B024F04D9C515405AD6579B58C9A2F21DE9728909F19EBEF7802D44402F',X'01016BAFB3C737A4FC40C5748A9BCB4BC4A40EA9E77E40CCA580035AC995281961B930E8D64F5FE8FDF93B5F863C058D4571',NULL);
INSERT INTO "relay_events" VALUES(4,'evt_waiting','case_3',2,'t','org',1.79533985706403183941e+09,X'56D3E16C8174A588C3411A7FEE47E75BD9F5A170E7F13A57347EF66B01C3E9D8',X'01016B2A60E36B97EBFB5FA0010E02698BF1683DBB70DF27E774F91E066D872614ABE0B243EE8F851BBE987819B546B5FFFE',NULL);
CREATE TABLE relay_feeds (
	owner TEXT NOT NULL, 
	last BIGINT NOT NULL, 
	PRIMARY KEY (owner)
)
 WITHOUT ROWID

;
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
INSERT INTO "relay_lanes" VALUES(1,4648150921075662269,2,1.79542625705353164674e+09,NULL,1,'503',3);
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
INSERT INTO "relay_quarantine" VALUES(1,'evt_arrived',1.79533985707339024538e+09,'known id with other bytes',X'A3EAD5EEDAD5DF82318C51685DBC1C147A36D1FF8584FC82DE6B08D0BF63A795',X'01016BDB1BC7CDF1D5F7095760A7277B29A1F54C74DCCA7E64D354E9359A03397CD013D02E9099525E7A');
INSERT INTO "relay_quarantine" VALUES(2,'evt_odd',1.79533985708221530911e+09,'unreadable',X'E9B211A27B5E75D7DDC4333EF7FFDC421E40521E8387F95451F20266B8707549',X'01016B4DA507CE5F66DDEB7FF193E44947CA5E1D1F302F9142D5358E3C8D17251A40AD9A2614DA');
CREATE TABLE relay_schema_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT relay_schema_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "relay_schema_version" VALUES('0004');
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
