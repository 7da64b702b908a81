-- {"secret": "hush"}
BEGIN TRANSACTION;
CREATE TABLE receiver_cases (
	case_id TEXT NOT NULL, 
	status TEXT, 
	next BIGINT NOT NULL, 
	holes TEXT NOT NULL, 
	held BIGINT NOT NULL, 
	last_at DOUBLE NOT NULL, 
	PRIMARY KEY (case_id)
)
 WITHOUT ROWID

;
INSERT INTO "receiver_cases" VALUES('case_4',NULL,0,'',1,1.7953509617764697075e+09);
CREATE TABLE receiver_held (
	event INTEGER NOT NULL, 
	event_id TEXT NOT NULL, 
	case_id TEXT NOT NULL, 
	until DOUBLE NOT NULL, 
	labels TEXT NOT NULL, 
	PRIMARY KEY (event), 
	CONSTRAINT uq_receiver_held_event_id UNIQUE (event_id)
);
INSERT INTO "receiver_held" VALUES(1,'evt_held','case_4',2.7953509617764697075e+09,'{}');
CREATE TABLE receiver_history (
	event INTEGER NOT NULL, 
	previous_status TEXT, 
	status TEXT, 
	transition_id TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	anomaly TEXT, 
	decided_at DOUBLE, 
	PRIMARY KEY (event)
);
INSERT INTO "receiver_history" VALUES(1,NULL,NULL,'','webhook','held',NULL,NULL);
CREATE TABLE receiver_schema_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT receiver_schema_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "receiver_schema_version" VALUES('0001');
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
INSERT INTO "relay_attempts" VALUES(1,1,2,1,1.7953509617833771706e+09,7.11469983798451721668e-05,'delivered','202');
INSERT INTO "relay_attempts" VALUES(2,1,3,1,1.79535096178352165225e+09,2.06299955607391893863e-05,'dead','422');
INSERT INTO "relay_attempts" VALUES(3,1,4,1,1.79535096178703212736e+09,3.82669968530535697937e-05,'retry','503');
CREATE TABLE relay_dead_letters (
	destination_no BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (destination_no, event)
);
INSERT INTO "relay_dead_letters" VALUES(1,3,1,1.79535096178725910183e+09,'422');
CREATE TABLE relay_deliveries (
	destination_no BIGINT NOT NULL, 
	lane BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (destination_no, lane, position, event)
)
 WITHOUT ROWID

;
INSERT INTO "relay_deliveries" VALUES(1,4648150921075662269,1,4);
INSERT INTO "relay_deliveries" VALUES(1,4648150921075662269,2,5);
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
INSERT INTO "relay_destinations" VALUES(1,'judge','judge','','case','[]','{"schedule": [0.0, 86400.0], "jitter": 0.0, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016B0B9663B3EDD6FEFF87E72D8D37343B01A5BDAC422A846C414F5F9962A37C501EBDFBF2A5B1229F842E350AFF0790',8,30.0,1,'',1.79535096177036380764e+09,1.79535096178725910183e+09,2,NULL,1,'{}');
INSERT INTO "relay_destinations" VALUES(2,'held','judge','','none','["none.such"]','{"schedule": [0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0, 43200.0], "jitter": 0.2, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016B2F6B0C24DF634565C448C5FA1AA9C0DBAB36C0611B81829E193F49AB231A',8,30.0,0,'',1.79535096177415609357e+09,NULL,0,NULL,1,'{}');
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
INSERT INTO "relay_events" VALUES(1,'evt_held','case_4',2,'t','org',1.7953509617764697075e+09,X'F934805841D351E05E5558F7EA079E9686CA30671A72FE85D0938A0CC173CEC0',X'01016B7FE31F45BC237FF73CA49002A9E3CCB3E27121710AE91C667A51EBE9FA86C3CE5E921DB5A2927974C4E3B8BC',NULL,NULL,1);
INSERT INTO "relay_events" VALUES(2,'evt_arrived','case_1',1,'t','org',1.79535096177886557581e+09,X'764E3F0C46232169C890A13784B3A591A466663F534F0BF449FB97986ABE18FA',X'01016BDFABD06AA6DFB17B5E8CE62401F72B2E5DBDDC84B8F5D936D3BC5F2D2FB68F4AECB2CD76394DE765386BE3DA0E52EA',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(3,'evt_dead','case_2',1,'t','org',1.7953509617829008102e+09,X'804092FBF246C7D836C8B618D3AA99838F94ACF730CFB671D8BB30823A14CADF',X'01016B6B07C5A983508604C7073FD15489A630319AB0DAAFD55AACFCA0ED9FD1B43CD972DE6B028EFA8A0BCE2DC26E',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(4,'evt_retried','case_3',1,'t','org',1.79535096178660869602e+09,X'F30E2B024F04D9C515405AD6579B58C9A2F21DE9728909F19EBEF7802D44402F',X'01016B477F1739C63E45F5E3E725CB782FAA3F8A21E0AFC28FCD55510CB1F6847C3D50EF9EE95BD47986690A6EDEA190ADBB',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(5,'evt_waiting','case_3',2,'t','org',1.79535096179006457327e+09,X'56D3E16C8174A588C3411A7FEE47E75BD9F5A170E7F13A57347EF66B01C3E9D8',X'01016B4A6155E15C96A061460BD64550B3BABEA807930920B465632A8A2775EB5102D44E8E2BF9216DFE4BFDBDA2D69C613A',NULL,NULL,NULL);
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
	why TEXT NOT NULL, tried BIGINT, lost INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (destination_no, lane)
)
 WITHOUT ROWID

;
INSERT INTO "relay_lanes" VALUES(1,4648150921075662269,2,1.79543736178707122805e+09,NULL,1,'503',4,0);
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
INSERT INTO "relay_quarantine" VALUES(1,'evt_arrived',1.79535096179221630098e+09,'known id with other bytes',X'A3EAD5EEDAD5DF82318C51685DBC1C147A36D1FF8584FC82DE6B08D0BF63A795',X'01016B20DD46EE159EDC17D4D276279A022A0A4F72B64FF1C696D843EE2EC72760CF308104C166C172F3');
INSERT INTO "relay_quarantine" VALUES(2,'evt_odd',1.7953509617938826084e+09,'unreadable',X'E9B211A27B5E75D7DDC4333EF7FFDC421E40521E8387F95451F20266B8707549',X'01016BBA35FDF3D32794C3882E7E7E4CBD4D43399DEA790D9485AAE3BA92AC6A1AED87AA75BCAA');
CREATE TABLE relay_schema_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT relay_schema_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "relay_schema_version" VALUES('0006');
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
CREATE INDEX ix_receiver_held_case_id ON receiver_held (case_id);
CREATE INDEX ix_receiver_held_until ON receiver_held (until);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('relay_destinations',2);
COMMIT;
