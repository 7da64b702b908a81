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
INSERT INTO "receiver_cases" VALUES('case_4',NULL,0,'',1,1.79534360901713967327e+09);
CREATE TABLE receiver_held (
	event INTEGER NOT NULL, 
	event_id TEXT NOT NULL, 
	case_id TEXT NOT NULL, 
	until DOUBLE NOT NULL, 
	labels TEXT NOT NULL, 
	PRIMARY KEY (event), 
	CONSTRAINT uq_receiver_held_event_id UNIQUE (event_id)
);
INSERT INTO "receiver_held" VALUES(1,'evt_held','case_4',2.79534360901713943483e+09,'{}');
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
INSERT INTO "relay_attempts" VALUES(1,1,2,1,1.79534360904290294647e+09,1.15833005111198872327e-04,'delivered','202');
INSERT INTO "relay_attempts" VALUES(2,1,3,1,1.79534360904313373564e+09,2.92129989247769117355e-05,'dead','422');
INSERT INTO "relay_attempts" VALUES(3,1,4,1,1.79534360906678867346e+09,1.07920997834298759698e-04,'retry','503');
CREATE TABLE relay_dead_letters (
	destination_no BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (destination_no, event)
);
INSERT INTO "relay_dead_letters" VALUES(1,3,1,1.79534360907061123855e+09,'422');
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
INSERT INTO "relay_destinations" VALUES(1,'judge','judge','','case','[]','{"schedule": [0.0, 86400.0], "jitter": 0.0, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016B1858EDA89197712F5EDAE41A839D2627AF0A67BE3CB8A458D92B9458DE1E5F478CBEEE89BBCFE7CA9087DEC447EC',8,30.0,1,'',1.79534360897625470164e+09,1.79534360907061123855e+09,2,NULL,1,'{}');
INSERT INTO "relay_destinations" VALUES(2,'held','judge','','none','["none.such"]','{"schedule": [0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0, 43200.0], "jitter": 0.2, "reject_tries": 1, "endless": false, "disable_after": null}',X'01016B7B2F8503494B5C2DB83E912A68412E581683A3C7AD425078A60AF7DD20EF',8,30.0,0,'',1.79534360900174593924e+09,NULL,0,NULL,1,'{}');
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
INSERT INTO "relay_events" VALUES(1,'evt_held','case_4',2,'t','org',1.79534360901713967327e+09,X'F934805841D351E05E5558F7EA079E9686CA30671A72FE85D0938A0CC173CEC0',X'01016B9798C886063BF02A505F3F2147BE24D69D79EF5BD2A7B3C856F3D71CDF7F758AD4A328A7642DABA3AAEDE3A5',NULL,NULL,1);
INSERT INTO "relay_events" VALUES(2,'evt_arrived','case_1',1,'t','org',1.79534360903291130063e+09,X'764E3F0C46232169C890A13784B3A591A466663F534F0BF449FB97986ABE18FA',X'01016B6A617B7747E2C7E69F98DB5ABA39A7C1BFBBF3A4DE9B02CB7BA41C86C47E0A03E283CD7AAF38F02FA3EDDCD1F214EE',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(3,'evt_dead','case_2',1,'t','org',1.79534360904199838645e+09,X'804092FBF246C7D836C8B618D3AA99838F94ACF730CFB671D8BB30823A14CADF',X'01016B54C2BE7AF44813FF624F9DC8440258B7B378556513F81DC594B4919CC5F3A5F0DA53F06E3F9C5EB9A6151517',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(4,'evt_retried','case_3',1,'t','org',1.7953436090658743381e+09,X'F30E2B024F04D9C515405AD6579B58C9A2F21DE9728909F19EBEF7802D44402F',X'01016B254AAD7F239F4E9393F8E83E76ABD65AC9568278E579F8E26EE5B302D539A39453E9DC1154B93C9295CFA149E8EF7D',NULL,NULL,NULL);
INSERT INTO "relay_events" VALUES(5,'evt_waiting','case_3',2,'t','org',1.79534360908652162545e+09,X'56D3E16C8174A588C3411A7FEE47E75BD9F5A170E7F13A57347EF66B01C3E9D8',X'01016B3E95B5F6296CDBB636B25A200C4FAC5C1B9F8A54F5373964E0F0383B49A006ECC02A536261C4B6C15047E11F474C34',NULL,NULL,NULL);
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
INSERT INTO "relay_lanes" VALUES(1,4648150921075662269,2,1.79543000906689906122e+09,NULL,1,'503',4);
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
INSERT INTO "relay_quarantine" VALUES(1,'evt_arrived',1.7953436091007723808e+09,'known id with other bytes',X'A3EAD5EEDAD5DF82318C51685DBC1C147A36D1FF8584FC82DE6B08D0BF63A795',X'01016B0549426682254DC846FE9810C1EE13D63D7E991B0BBEAE14261B5429A5F4CA59225C4BBF738647');
INSERT INTO "relay_quarantine" VALUES(2,'evt_odd',1.79534360911100959777e+09,'unreadable',X'E9B211A27B5E75D7DDC4333EF7FFDC421E40521E8387F95451F20266B8707549',X'01016B56A1867BE21589E6811FAB0198B7220C7891E26AA270A521812C7CFC7C136842E9FA898B');
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
CREATE INDEX ix_receiver_held_case_id ON receiver_held (case_id);
CREATE INDEX ix_receiver_held_until ON receiver_held (until);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('relay_destinations',2);
COMMIT;
