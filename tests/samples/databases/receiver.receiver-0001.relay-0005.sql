-- {"secret": "hush"}
BEGIN TRANSACTION;
CREATE TABLE receiver_cases (
	case_id TEXT NOT NULL, 
	status TEXT, 
	next BIGINT NOT NULL, 
	holes TEXT NOT NULL, 
	held BIGINT NOT NULL, 
	events BIGINT NOT NULL, 
	last_at DOUBLE NOT NULL, 
	PRIMARY KEY (case_id)
)
 WITHOUT ROWID

;
INSERT INTO "receiver_cases" VALUES('case_4',NULL,0,'',1,1,1.7953423934038467407e+09);
CREATE TABLE receiver_held (
	case_id TEXT NOT NULL, 
	n BIGINT NOT NULL, 
	event_id TEXT NOT NULL, 
	until DOUBLE NOT NULL, 
	labels TEXT NOT NULL, 
	PRIMARY KEY (case_id, n), 
	CONSTRAINT uq_receiver_held_event_id UNIQUE (event_id)
)
 WITHOUT ROWID

;
INSERT INTO "receiver_held" VALUES('case_4',1,'evt_held',2.7953423934038467407e+09,'{}');
CREATE TABLE receiver_history (
	case_id TEXT NOT NULL, 
	n BIGINT NOT NULL, 
	event_id TEXT NOT NULL, 
	type TEXT NOT NULL, 
	sequence BIGINT, 
	previous_status TEXT, 
	status TEXT, 
	transition_id TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	received_at DOUBLE NOT NULL, 
	outcome TEXT NOT NULL, 
	anomaly TEXT, 
	decided_at DOUBLE, 
	PRIMARY KEY (case_id, n)
)
 WITHOUT ROWID

;
INSERT INTO "receiver_history" VALUES('case_4',1,'evt_held','t',2,NULL,NULL,'','webhook',1.7953423934038467407e+09,'held',NULL,NULL);
CREATE TABLE receiver_schema_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT receiver_schema_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "receiver_schema_version" VALUES('0001');
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
INSERT INTO "relay_attempts" VALUES(1,1,2,1,1.79534239342478275295e+09,9.50120011111721396446e-05,'delivered','202');
INSERT INTO "relay_attempts" VALUES(2,1,3,1,1.79534239342497491838e+09,3.22980049531906843185e-05,'dead','422');
INSERT INTO "relay_attempts" VALUES(3,1,4,1,1.79534239348042941094e+09,9.11459937924519181251e-05,'retry','503');
CREATE TABLE relay_dead_letters (
	destination_no BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (destination_no, event)
);
INSERT INTO "relay_dead_letters" VALUES(1,3,1,1.79534239347946667671e+09,'422');
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
INSERT INTO "relay_destinations" VALUES(1,'judge','judge','','case','[]','{"schedule": [0.0, 86400.0], "jitter": 0.0, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016B44B3543283FC5874B47F0D480416024655CFF8A6E073670AE8441F601996150DC30585DDC89A86B968FCCBEE85A8',8,30.0,1,'',1.7953423932547571659e+09,1.79534239347946667671e+09,2,NULL,1,'{}');
INSERT INTO "relay_destinations" VALUES(2,'held','judge','','none','["none.such"]','{"schedule": [0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0, 43200.0], "jitter": 0.2, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016B01BEB45D145A6D6670606EBA484DAC907B27E21D4AD6C66E09E454BEE01B',8,30.0,0,'',1.79534239338779878615e+09,NULL,0,NULL,1,'{}');
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
INSERT INTO "relay_events" VALUES(1,'evt_held','case_4',2,'t','org',1.7953423934038467407e+09,X'F934805841D351E05E5558F7EA079E9686CA30671A72FE85D0938A0CC173CEC0',X'01016BB0B743ADECD10831D5BEA224C788279C4AA09CC464D0C7E49C95BBB14D7979A05D9A9E9E9D7EE08C1C295F39',NULL,NULL,1);
INSERT INTO "relay_events" VALUES(2,'evt_arrived','case_1',1,'t','org',1.79534239341199922555e+09,X'764E3F0C46232169C890A13784B3A591A466663F534F0BF449FB97986ABE18FA',X'01016BE170D06C3858CA1D1E5E07D9738659C6D8749DB4A8E77DAB96C3D08090F53A5D7A4348A403A1B681C26325012AF9C2',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(3,'evt_dead','case_2',1,'t','org',1.79534239342389130588e+09,X'804092FBF246C7D836C8B618D3AA99838F94ACF730CFB671D8BB30823A14CADF',X'01016BDF604B5BF35DF4C4C7A9B9BE023FDDFD013B4317B1EBA0519F3C23FAE50840955200FD1C4E2B4FA65FBC35AC',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(4,'evt_retried','case_3',1,'t','org',1.79534239347855925561e+09,X'F30E2B024F04D9C515405AD6579B58C9A2F21DE9728909F19EBEF7802D44402F',X'01016B46986B43E71EC31DBC8A4F40C2467D48000C3D4B7C43BC1D1CB6941E491C5C50EE5CE012FAA0E79EB49CE002743159',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(5,'evt_waiting','case_3',2,'t','org',1.79534239350163626674e+09,X'56D3E16C8174A588C3411A7FEE47E75BD9F5A170E7F13A57347EF66B01C3E9D8',X'01016B784B55181843CEC137E07CA294EC25A15E60B334E55E8AB6A9B6910ADE4213D48F393D8A452A066201FE66EEDE365F',NULL,NULL,NULL);
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
INSERT INTO "relay_lanes" VALUES(1,4648150921075662269,2,1.79542879348052263261e+09,NULL,1,'503',4);
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
INSERT INTO "relay_quarantine" VALUES(1,'evt_arrived',1.79534239350999879833e+09,'known id with other bytes',X'A3EAD5EEDAD5DF82318C51685DBC1C147A36D1FF8584FC82DE6B08D0BF63A795',X'01016B7F6D7BEE6933663E6E4EBEAB77A597F3B198577FFC9B94AE127D19BAC19411B318EBA6059F9244');
INSERT INTO "relay_quarantine" VALUES(2,'evt_odd',1.79534239351221513751e+09,'unreadable',X'E9B211A27B5E75D7DDC4333EF7FFDC421E40521E8387F95451F20266B8707549',X'01016B61920E6DC05909AD75EDC4698D41BC3E227A9928467BE2DFA29B3D5DFF228E0E48DB78B2');
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
CREATE INDEX ix_receiver_held_until ON receiver_held (until);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('relay_destinations',2);
COMMIT;
