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
INSERT INTO "receiver_cases" VALUES('case_4',NULL,0,'',1,0,1.7953551704486379624e+09);
CREATE TABLE receiver_held (
	event INTEGER NOT NULL, 
	event_id TEXT NOT NULL, 
	case_id TEXT NOT NULL, 
	until DOUBLE NOT NULL, 
	labels TEXT NOT NULL, 
	PRIMARY KEY (event), 
	CONSTRAINT uq_receiver_held_event_id UNIQUE (event_id)
);
INSERT INTO "receiver_held" VALUES(1,'evt_held','case_4',2.79535517044863796227e+09,'{}');
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
INSERT INTO "relay_attempts" VALUES(1,1,2,1,1.79535517045403480527e+09,0.00018470599752618,'delivered','202');
INSERT INTO "relay_attempts" VALUES(2,1,3,1,1.79535517045432019235e+09,4.36650007031858e-05,'dead','422');
INSERT INTO "relay_attempts" VALUES(3,1,4,1,1795355170.45718,5.08859957335516810417e-05,'retry','503');
CREATE TABLE relay_dead_letters (
	destination_no BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (destination_no, event)
);
INSERT INTO "relay_dead_letters" VALUES(1,3,1,1.79535517045741701124e+09,'422');
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
INSERT INTO "relay_destinations" VALUES(1,'judge','judge','','case','[]','{"schedule": [0.0, 86400.0], "jitter": 0.0, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016B734E1C7A5D6591697EF784203AA3C5BC10FD129A7A8AA2DED4E84526318B15D64FC64C5288683A58C92E777B96AB',8,30.0,1,'',1.79535517044292736057e+09,1.79535517045741701124e+09,2,NULL,1,'{}');
INSERT INTO "relay_destinations" VALUES(2,'held','judge','','none','["none.such"]','{"schedule": [0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0, 43200.0], "jitter": 0.2, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016B90167E098F672FAC224580711351FC4BF0622B812DA651D78C2E8180D0AA',8,30.0,0,'',1.79535517044656205178e+09,NULL,0,NULL,1,'{}');
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
INSERT INTO "relay_events" VALUES(1,'evt_held','case_4',2,'t','org',1.7953551704486379624e+09,X'F934805841D351E05E5558F7EA079E9686CA30671A72FE85D0938A0CC173CEC0',X'01016B117D683C96EE2906D7F4639ABDD772B9F50B929F2A3F246084D67DFE236E386880CB0A67E23E8AD5A6DD6942',NULL,NULL,1);
INSERT INTO "relay_events" VALUES(2,'evt_arrived','case_1',1,'t','org',1.79535517045084047314e+09,X'764E3F0C46232169C890A13784B3A591A466663F534F0BF449FB97986ABE18FA',X'01016BB87281BCDD74C5A5BB698A678881A552663B0D3F42B1B9E5C853C6145379961D5FC8A45E206388F2E4C5AB9AF8E407',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(3,'evt_dead','case_2',1,'t','org',1.79535517045362091066e+09,X'804092FBF246C7D836C8B618D3AA99838F94ACF730CFB671D8BB30823A14CADF',X'01016BAF9D605BCC7CBD3B9AB33BD2711918EEDF602899F6A5E686B84EB314CAD0DE0F7FFAEF4E44B939D26B63FD38',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(4,'evt_retried','case_3',1,'t','org',1795355170.45681,X'F30E2B024F04D9C515405AD6579B58C9A2F21DE9728909F19EBEF7802D44402F',X'01016BC8E781C32E13B1697AEDE204C3CC306D9CA5371B1E457FC743D0BD46DD59634FA8103A6E43339958CCEC8A63D309A1',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(5,'evt_waiting','case_3',2,'t','org',1.79535517045980668069e+09,X'56D3E16C8174A588C3411A7FEE47E75BD9F5A170E7F13A57347EF66B01C3E9D8',X'01016B860C3FF6A7201F2376EE0F5D0923E601747D333F2EB382400C8026DDCF40EE4C4CFD3C941B024505A01BE4CAB86847',NULL,NULL,NULL);
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
INSERT INTO "relay_lanes" VALUES(1,4648150921075662269,2,1.79544157045723175997e+09,NULL,1,'503',4,0);
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
INSERT INTO "relay_quarantine" VALUES(1,'evt_arrived',1.79535517046296262742e+09,'known id with other bytes',X'A3EAD5EEDAD5DF82318C51685DBC1C147A36D1FF8584FC82DE6B08D0BF63A795',X'01016B644B22A6FA9A9DBEE181A43335AF3AE577C443F5E2535BAC0B22A7817949C88C8AC9DF6DE62159');
INSERT INTO "relay_quarantine" VALUES(2,'evt_odd',1.79535517046436047554e+09,'unreadable',X'E9B211A27B5E75D7DDC4333EF7FFDC421E40521E8387F95451F20266B8707549',X'01016B1F9CE273BD8721240AF18BB88BD959B87C7B10AB6853BB2D6CEC31CAE6D9A1264CB2C370');
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
CREATE INDEX ix_receiver_history_alike ON receiver_history (alike) WHERE alike IS NOT NULL;
CREATE INDEX ix_receiver_held_case_id ON receiver_held (case_id);
CREATE INDEX ix_receiver_held_until ON receiver_held (until);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('relay_destinations',2);
COMMIT;
