package test

import (
	"strings"
	"testing"

	"gatepost/test/harness"
)

// Every function of GatewayWorker's Gateway class has the call, or calls, that do
// the same. The rows stand in the order in which they are done; the room is tom
// twice and jim, the first and last in group a, all in group b.
func TestEveryFunctionOfGatewayWorkersGateway(t *testing.T) {
	t.Parallel()
	r := newRoom(t, nil)
	only := func(fields, rest string) string {
		return "/clients?" + strings.TrimSuffix("limit=10000&fields="+fields+"&"+rest, "&")
	}
	const pushed1, pushed2, pushed3 = `{"matched":1,"queued":1,"dropped":0}`, `{"matched":2,"queued":2,"dropped":0}`, `{"matched":3,"queued":3,"dropped":0}`
	for _, f := range []struct {
		function           string
		method, path, body string
		want               string // exact JSON
	}{
		{"sendToAll($message)", "POST", "/push/all", "m", pushed3},
		{"sendToAll($message, $client_id_array)", "POST", "/push", `{"clients":["0","1"],"text":"m"}`, pushed2},
		{"sendToAll($message, null, $exclude_client_id)", "POST", "/push/all?except_client={0}", "m", pushed2},
		{"sendToClient", "POST", "/push/clients/{0}", "m", pushed1},
		{"isOnline", "HEAD", "/clients/{0}", "", ""},
		{"bindUid", "POST", "/bind", `{"client_id":"2","uid":"ann"}`, `{"client_id":"2","uid":"ann","previous_uid":"jim"}`},
		{"unbindUid", "POST", "/unbind", `{"client_id":"2"}`, `{"client_id":"2","uid":null,"previous_uid":"ann"}`},
		{"isUidOnline", "GET", "/uids/ann", "", `{"uid":"ann","online":false,"clients":[]}`},
		{"isUidsOnline", "POST", "/lookup", `{"uids":["tom","ann"]}`, `{"clients":{},"uids":{"tom":["0","1"],"ann":[]},"groups":{}}`},
		{"getClientIdByUid", "GET", "/uids/tom", "", `{"uid":"tom","online":true,"clients":["0","1"]}`},
		{"batchGetClientIdByUid", "POST", "/lookup", `{"uids":["tom","jim"]}`, `{"clients":{},"uids":{"tom":["0","1"],"jim":[]},"groups":{}}`},
		{"getUidByClientId", "GET", only("uid", "uid=tom"), "", `{"clients":[{"uid":"tom"},{"uid":"tom"}],"cursor":null}`},
		{"sendToUid (one)", "POST", "/push/uids/tom", "m", pushed2},
		{"sendToUid (several)", "POST", "/push", `{"uids":["tom","ann"],"text":"m"}`, pushed2},
		{"joinGroup", "POST", "/groups/c/join", `{"client_id":"2"}`, `{"group":"c","changed":1,"missing":[]}`},
		{"leaveGroup", "POST", "/groups/c/leave", `{"client_id":"2"}`, `{"group":"c","changed":1,"missing":[]}`},
		{"joinGroup", "POST", "/groups/c/join", `{"clients":["0","1"]}`, `{"group":"c","changed":2,"missing":[]}`},
		{"ungroup", "DELETE", "/groups/c", "", `{"group":"c","removed":2}`},
		{"sendToGroup (one)", "POST", "/push/groups/a", "m", pushed2},
		{"sendToGroup (several)", "POST", "/push", `{"groups":["a","b"],"text":"m"}`, pushed3},
		{"sendToGroup (with exclusions)", "POST", "/push/groups/b?except_client={0}&except_client={1}", "m", pushed1},
		{"getClientCountByGroup", "GET", "/groups/a", "", `{"group":"a","clients":2,"uids":1}`},
		{"batchGetClientIdCountByGroup", "POST", "/lookup", `{"groups":["a","b","c"]}`,
			`{"clients":{},"uids":{},"groups":{"a":{"clients":2,"uids":1},"b":{"clients":3,"uids":1},"c":{"clients":0,"uids":0}}}`},
		{"setSession", "PUT", "/clients/{0}/session", `{"name":"Tom","age":{"years":7}}`, `{"name":"Tom","age":{"years":7}}`},
		{"updateSession", "PATCH", "/clients/{0}/session?mode=update", `{"age":{"months":1},"gone":null}`, `{"name":"Tom","age":{"years":7,"months":1},"gone":null}`},
		{"getSession", "GET", "/clients/{0}/session", "", `{"name":"Tom","age":{"years":7,"months":1},"gone":null}`},
		{"getClientSessionsByGroup", "GET", only("client_id,session", "group=a"), "",
			`{"clients":[{"client_id":"0","session":{"name":"Tom","age":{"years":7,"months":1},"gone":null}},{"client_id":"2","session":{}}],"cursor":null}`},
		{"getClientIdListByGroup", "GET", only("client_id", "group=a"), "", `{"clients":[{"client_id":"0"},{"client_id":"2"}],"cursor":null}`},
		{"getUidListByGroup", "GET", "/uids?limit=10000&group=b", "", `{"uids":{"tom":2},"cursor":null}`},
		{"getUidCountByGroup", "GET", "/groups/b", "", `{"group":"b","clients":3,"uids":1}`},
		{"getAllClientIdList", "GET", only("client_id", ""), "", `{"clients":[{"client_id":"0"},{"client_id":"1"},{"client_id":"2"}],"cursor":null}`},
		{"getAllClientSessions", "GET", only("session", ""), "", `{"clients":[{"session":{"name":"Tom","age":{"years":7,"months":1},"gone":null}},{"session":{}},{"session":{}}],"cursor":null}`},
		{"getAllUidList", "GET", "/uids?limit=10000", "", `{"uids":{"tom":2},"cursor":null}`},
		{"getAllGroupIdList, getAllGroupUidCount, getAllGroupClientIdCount", "GET", "/groups?limit=10000", "",
			`{"groups":{"a":{"clients":2,"uids":1},"b":{"clients":3,"uids":1}},"cursor":null}`},
		{"getAllGroupUidList, getAllGroupClientIdList", "GET", only("client_id,uid,groups", ""), "",
			`{"clients":[{"client_id":"0","uid":"tom","groups":["a","b"]},{"client_id":"1","uid":"tom","groups":["b"]},{"client_id":"2","uid":null,"groups":["a","b"]}],"cursor":null}`},
		{"closeClient (with a last message)", "DELETE", "/clients/{0}", "bye", `{"client_id":"0","closed":true}`},
		{"destroyClient", "DELETE", "/clients/{1}?force=true", "", `{"client_id":"1","closed":true}`},
		{"isOnline (no longer)", "HEAD", "/clients/{1}", "", "404"},
	} {
		t.Run(f.function, func(t *testing.T) {
			api := r.node.API(t, "*")
			if f.want == "404" {
				api.Want(404, "", f.method, r.named(f.path), "")
				return
			}
			api.Want(200, r.named(f.want), f.method, r.named(f.path), r.named(f.body))
		})
	}
	stats := decode[struct{ Clients, UIDs int }](t, r.want("", "GET", "/stats", "").Body)
	if stats.Clients != 1 || stats.UIDs != 0 {
		t.Errorf("getAllClientCount is %d, getAllUidCount %d; want 1 and 0", stats.Clients, stats.UIDs)
	}
}

// sendToCurrentClient and closeCurrentClient need no call: the reply to the event
// is the way back to its client.
func TestCurrentClientOfGatewayWorkersEvents(t *testing.T) {
	t.Parallel()
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		switch d.Event.Text() {
		case "":
			return harness.Answer{}
		case "quit":
			return harness.Answer{Body: `{"actions":[{"action":"close","text":"bye"}]}`}
		}
		return harness.Answer{Body: `{"reply":{"type":"echo","n":1.50},"session":{"seen":true,"gone":null},"actions":[
			{"action":"bind","uid":42},{"action":"join","groups":["room"]},{"action":"send","groups":["room"],"text":"joined"},{"action":"nonsense"}]}`}
	})
	node := harness.Start(t, backend.Env(nil))
	c := node.Connect(t, harness.Dial{})
	c.Send(t, "hello")
	c.WantText(t, "joined") // actions come before the reply
	c.WantText(t, `{"type":"echo","n":1.50}`)
	c.Send(t, "quit")
	c.WantText(t, "bye")
	c.WantClosed(t, 1000)
	ev := backend.Await(t, 2, harness.Of("message", c.ID))[1].Event
	if ev.UID() != "42" || string(ev.Data.Session) != `{"seen":true}` || strings.Join(ev.Data.Groups, " ") != "room" {
		t.Errorf("the next event is of uid %q, groups %v, session %s", ev.UID(), ev.Data.Groups, ev.Data.Session)
	}
}
