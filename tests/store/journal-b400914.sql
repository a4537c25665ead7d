PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE machine (id TEXT PRIMARY KEY, definition TEXT NOT NULL);
INSERT INTO "machine" VALUES('5e74d3cbfc38cfe0-247','{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "a", "ResultPath": "$.results.a", "Next": "W"},
    "W": {"Type": "Wait", "Seconds": 30, "Next": "B"}, "B": {"Type": "Task", "Resource": "b", "ResultPath": "$.results.b", "End": true}}}');
CREATE TABLE attempt (
  execution TEXT NOT NULL, token TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL,
  started_us INTEGER NOT NULL, ended_us INTEGER, outcome TEXT NOT NULL DEFAULT '', PRIMARY KEY (execution, token)) WITHOUT ROWID;
INSERT INTO "attempt" VALUES('20260101000000-aaaaaa','0#1','A',1,1767225600000000,1767225600000000,'succeeded');
INSERT INTO "attempt" VALUES('20260101000000-aaaaaa','0#2','B',1,1767225630000000,1767225630000000,'succeeded');
INSERT INTO "attempt" VALUES('20260101000030-bbbbbb','0#1','A',1,1767225630000000,1767225630000000,'succeeded');
INSERT INTO "attempt" VALUES('20260101000030-bbbbbb','0#2','B',1,1767225660000000,NULL,'');
CREATE TABLE event (
  execution TEXT NOT NULL, id INTEGER NOT NULL, at_us INTEGER NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL,
  details TEXT NOT NULL, PRIMARY KEY (execution, id)) WITHOUT ROWID;
INSERT INTO "event" VALUES('20260101000000-aaaaaa',1,1767225600000000,'ExecutionStarted','','{"input":{"names":{"target":"done"},"results":{}}}');
INSERT INTO "event" VALUES('20260101000000-aaaaaa',2,1767225600000000,'TaskStateEntered','A','');
INSERT INTO "event" VALUES('20260101000000-aaaaaa',3,1767225600000000,'TaskScheduled','A','');
INSERT INTO "event" VALUES('20260101000000-aaaaaa',4,1767225600000000,'TaskSucceeded','A','');
INSERT INTO "event" VALUES('20260101000000-aaaaaa',5,1767225600000000,'TaskStateExited','A','{"output":{"names":{"target":"done"},"results":{"a":{"by":"A"}}}}');
INSERT INTO "event" VALUES('20260101000000-aaaaaa',6,1767225600000000,'WaitStateEntered','W','');
INSERT INTO "event" VALUES('20260101000000-aaaaaa',7,1767225630000000,'WaitStateExited','W','{"output":{"names":{"target":"done"},"results":{"a":{"by":"A"}}}}');
INSERT INTO "event" VALUES('20260101000000-aaaaaa',8,1767225630000000,'TaskStateEntered','B','');
INSERT INTO "event" VALUES('20260101000000-aaaaaa',9,1767225630000000,'TaskScheduled','B','');
INSERT INTO "event" VALUES('20260101000000-aaaaaa',10,1767225630000000,'TaskSucceeded','B','');
INSERT INTO "event" VALUES('20260101000000-aaaaaa',11,1767225630000000,'TaskStateExited','B','{"output":{"names":{"target":"done"},"results":{"a":{"by":"A"},"b":{"by":"B"}}}}');
INSERT INTO "event" VALUES('20260101000000-aaaaaa',12,1767225630000000,'ExecutionSucceeded','','{"output":{"names":{"target":"done"},"results":{"a":{"by":"A"},"b":{"by":"B"}}}}');
INSERT INTO "event" VALUES('20260101000030-bbbbbb',1,1767225630000000,'ExecutionStarted','','{"input":{"names":{"target":"open"},"results":{}}}');
INSERT INTO "event" VALUES('20260101000030-bbbbbb',2,1767225630000000,'TaskStateEntered','A','');
INSERT INTO "event" VALUES('20260101000030-bbbbbb',3,1767225630000000,'TaskScheduled','A','');
INSERT INTO "event" VALUES('20260101000030-bbbbbb',4,1767225630000000,'TaskSucceeded','A','');
INSERT INTO "event" VALUES('20260101000030-bbbbbb',5,1767225630000000,'TaskStateExited','A','{"output":{"names":{"target":"open"},"results":{"a":{"by":"A"}}}}');
INSERT INTO "event" VALUES('20260101000030-bbbbbb',6,1767225630000000,'WaitStateEntered','W','');
INSERT INTO "event" VALUES('20260101000030-bbbbbb',7,1767225660000000,'WaitStateExited','W','{"output":{"names":{"target":"open"},"results":{"a":{"by":"A"}}}}');
INSERT INTO "event" VALUES('20260101000030-bbbbbb',8,1767225660000000,'TaskStateEntered','B','');
INSERT INTO "event" VALUES('20260101000030-bbbbbb',9,1767225660000000,'TaskScheduled','B','');
CREATE TABLE execution (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, subject TEXT NOT NULL, machine TEXT NOT NULL REFERENCES machine(id),
  status TEXT NOT NULL, snapshot TEXT NOT NULL, due_us INTEGER, owner TEXT NOT NULL DEFAULT '',
  cancel_requested INTEGER NOT NULL DEFAULT 0, created_us INTEGER NOT NULL, ended_us INTEGER,
  error TEXT NOT NULL DEFAULT '', cause TEXT NOT NULL DEFAULT '');
INSERT INTO "execution" VALUES('20260101000000-aaaaaa','20260101000000-aaaaaa','instance/done','5e74d3cbfc38cfe0-247','SUCCEEDED','{"events":12,"id":"20260101000000-aaaaaa","input":{"names":{"target":"done"},"results":{}},"machine":"dbrefresh","name":"20260101000000-aaaaaa","root":{"entered":1767225630000000,"event":8,"input":{"names":{"target":"done"},"results":{"a":{"by":"A"},"b":{"by":"B"}}},"phase":5,"state":"B","visit":2},"started":1767225600000000,"status":1}',NULL,'',0,1767225600000000,1767225630000000,'','');
INSERT INTO "execution" VALUES('20260101000030-bbbbbb','20260101000030-bbbbbb','instance/open','5e74d3cbfc38cfe0-247','RUNNING','{"events":9,"id":"20260101000030-bbbbbb","input":{"names":{"target":"open"},"results":{}},"machine":"dbrefresh","name":"20260101000030-bbbbbb","root":{"entered":1767225660000000,"event":8,"input":{"names":{"target":"open"},"results":{"a":{"by":"A"}}},"phase":2,"state":"B","visit":2},"started":1767225630000000,"status":0}',NULL,'engine-prcyrddqekm8',0,1767225630000000,NULL,'','');
CREATE INDEX execution_running ON execution(subject) WHERE status = 'RUNNING';
COMMIT;
