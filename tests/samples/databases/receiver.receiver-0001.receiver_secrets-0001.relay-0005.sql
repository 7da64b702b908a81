-- {"secret": "hush"}
BEGIN TRANSACTION;
CREATE TABLE receiver_cases (
	case_id TEXT NOT NULL, 
	status TEXT, 
	next BIGINT NOT NULL, 
	holes TEXT NOT NULL, 
	held BIGINT NOT NULL, 
	told BIGINT NOT NULL, 
	last_at DOUBLE NOT NULL, 
	PRIMARY KEY (case_id)
)
 WITHOUT ROWID

;
INSERT INTO "receiver_cases" VALUES('case_4',NULL,0,'',1,0,1.79534464942369580272e+09);
CREATE TABLE receiver_held (
	event INTEGER NOT NULL, 
	event_id TEXT NOT NULL, 
	case_id TEXT NOT NULL, 
	until DOUBLE NOT NULL, 
	labels TEXT NOT NULL, 
	PRIMARY KEY (event), 
	CONSTRAINT uq_receiver_held_event_id UNIQUE (event_id)
);
INSERT INTO "receiver_held" VALUES(1,'evt_held','case_4',2.7953446494236955642e+09,'{}');
CREATE TABLE receiver_history (
	event INTEGER NOT NULL, 
	previous_status TEXT, 
	status TEXT, 
	transition_id TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	anomaly TEXT, 
	decided_at DOUBLE, 
	alike BIGINT, 
	PRIMARY KEY (event)
);
INSERT INTO "receiver_history" VALUES(1,NULL,NULL,'','webhook','held',NULL,NULL,NULL);
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
INSERT INTO "relay_attempts" VALUES(1,1,2,1,1.79534464943724465365e+09,1.08782005554530769586e-04,'delivered','202');
INSERT INTO "relay_attempts" VALUES(2,1,3,1,1.79534464943745446208e+09,2.86119975498877465724e-05,'dead','422');
INSERT INTO "relay_attempts" VALUES(3,1,4,1,1.79534464944398474695e+09,1.02813995908945798873e-04,'retry','503');
CREATE TABLE relay_dead_letters (
	destination_no BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (destination_no, event)
);
INSERT INTO "relay_dead_letters" VALUES(1,3,1,1.79534464944394111631e+09,'422');
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
INSERT INTO "relay_destinations" VALUES(1,'judge','judge','','case','[]','{"schedule": [0.0, 86400.0], "jitter": 0.0, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016B8B8EAC3B67E0E0ED3524187426EAB70A31D0E2C5D8554ABF853FC3A099F8D4C7B5406C2E7374BB78C852390D417C',8,30.0,1,'',1.79534464941408824925e+09,1.79534464944394111631e+09,2,NULL,1,'{}');
INSERT INTO "relay_destinations" VALUES(2,'held','judge','','none','["none.such"]','{"schedule": [0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0, 43200.0], "jitter": 0.2, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016B04737082D88B968A4DB74566FD4D35CB1EE06446580B4C0B82FC89C67C1F',8,30.0,0,'',1.7953446494195325375e+09,NULL,0,NULL,1,'{}');
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
INSERT INTO "relay_events" VALUES(1,'evt_held','case_4',2,'t','org',1.79534464942369580272e+09,X'F934805841D351E05E5558F7EA079E9686CA30671A72FE85D0938A0CC173CEC0',X'01016B7AC2336074A428487D8464608152CD8E8482D80F77DCE23E573449EF7EE857E5FBE2C6081F50E68FB4FA78AD',NULL,NULL,1);
INSERT INTO "relay_events" VALUES(2,'evt_arrived','case_1',1,'t','org',1.79534464942949700348e+09,X'764E3F0C46232169C890A13784B3A591A466663F534F0BF449FB97986ABE18FA',X'01016B9D78FAF44897F4F2D4AD5ECDB9C7A3B13971FC3902F305C7014420F669EE8B52DE1BA1C9281EF71266D7ED61ACB7E3',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(3,'evt_dead','case_2',1,'t','org',1.79534464943653512001e+09,X'804092FBF246C7D836C8B618D3AA99838F94ACF730CFB671D8BB30823A14CADF',X'01016B417ADE01086686A456F24513ACD92B2FCCC76A89CEA61874FD15753CC40C64E93E741F3DB8B4570DB9D7DCCB',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(4,'evt_retried','case_3',1,'t','org',1.79534464944279599195e+09,X'F30E2B024F04D9C515405AD6579B58C9A2F21DE9728909F19EBEF7802D44402F',X'01016B787F25724910FA0CBB2F6FC4D492D27B862678ABF83A3A521858320B73C606FDCFCF69DE6C00AEA605915F606785F0',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(5,'evt_waiting','case_3',2,'t','org',1.79534464945088386537e+09,X'56D3E16C8174A588C3411A7FEE47E75BD9F5A170E7F13A57347EF66B01C3E9D8',X'01016B34C4A35AC5F36AA9F828320D9943D5B808EAF8E58B4FFFC4D78A128444CE06C262756103F83BC769C6659E897CF463',NULL,NULL,NULL);
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
INSERT INTO "relay_lanes" VALUES(1,4648150921075662269,2,1.7954310494440889358e+09,NULL,1,'503',4);
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
INSERT INTO "relay_quarantine" VALUES(1,'evt_arrived',1.79534464945703983304e+09,'known id with other bytes',X'A3EAD5EEDAD5DF82318C51685DBC1C147A36D1FF8584FC82DE6B08D0BF63A795',X'01016B8DB1CA9CBA67B5EE153D4CAF012AA24FBC4AF4758AC1DD66B2DCE085E810C3122963F70DDD766A');
INSERT INTO "relay_quarantine" VALUES(2,'evt_odd',1.79534464946329092981e+09,'unreadable',X'E9B211A27B5E75D7DDC4333EF7FFDC421E40521E8387F95451F20266B8707549',X'01016B729F2817D4BF7CC220AD811EAA9B17E5F37095BD8BDF4F858CF96C60CBC5519572EFCDAD');
CREATE TABLE relay_schema_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT relay_schema_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "relay_schema_version" VALUES('0005');
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
CREATE INDEX ix_receiver_history_alike ON receiver_history (alike) WHERE alike IS NOT NULL;
CREATE INDEX ix_receiver_held_case_id ON receiver_held (case_id);
CREATE INDEX ix_receiver_held_until ON receiver_held (until);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('relay_destinations',2);
COMMIT;
