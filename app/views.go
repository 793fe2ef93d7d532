package main

// storeViews show a person, who has opened the store's file with sqlite3 -readonly, what
// is in it. A client's record is JSON; an event's is a line of JSON and the event itself.
var storeViews = map[string]string{
	"clients": `select substr(key, 3) as client_id, json_extract(r, '$.uid') as uid, json_extract(r, '$.groups') as groups,
	json_extract(r, '$.addr') as remote_addr, json_extract(r, '$.at') as connected_at, json_extract(r, '$.path') as path,
	json_extract(r, '$.closed_at') as closed_at, json_extract(r, '$.session') as session
from (select key, cast(value as text) as r from records where key >= 'c/' and key < 'c0')`,
	"outbox": `select substr(key, 3) as id, json_extract(event, '$.type') as type, json_extract(event, '$.data.client_id') as client_id,
	json_extract(event, '$.data.seq') as seq, json_extract(r, '$.endpoint') as endpoint, json_extract(r, '$.tries') as tries,
	json_extract(r, '$.due') as due, event
from (select key, cast(substr(value, 1, instr(value, x'0a') - 1) as text) as r, cast(substr(value, instr(value, x'0a') + 1) as text) as event
	from records where key >= 'e/' and key < 'e0')`,
	"dead_letters": `select substr(key, 3) as id, json_extract(r, '$.type') as type, json_extract(r, '$.client_id') as client_id,
	json_extract(r, '$.seq') as seq, json_extract(r, '$.endpoint') as endpoint, json_extract(r, '$.reason') as reason,
	json_extract(r, '$.died_at') as died_at, json_extract(r, '$.attempts') as attempts, event
from (select key, cast(substr(value, 1, instr(value, x'0a') - 1) as text) as r, cast(substr(value, instr(value, x'0a') + 1) as text) as event
	from records where key >= 'd/' and key < 'd0')`,
}
