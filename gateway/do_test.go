package gateway

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"gatepost/protocol"
)

// do parses an action as the API would, carries it out and gives the answer.
func (f *fixture) do(action string) string {
	f.t.Helper()
	a, err := protocol.ParseActionBody([]byte(action), protocol.Defaults{})
	if err != nil {
		return "unreadable: " + err.Error()
	}
	r, err := f.Do(f.t.Context(), a)
	if err != nil {
		return "error: " + err.Error()
	}
	b, err := json.Marshal(r)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(b)
}

func (f *fixture) wantDo(action, want string) {
	f.t.Helper()
	if got := f.do(action); got != want {
		f.t.Errorf("%s\n got %s\nwant %s", action, got, want)
	}
}

func TestActions(t *testing.T) {
	f := newFixture(t)
	a, sa := f.connect()
	b, sb := f.connect()
	sa.read()
	sb.read()
	A, B := a.ID(), b.ID()

	f.wantDo(`{"action":"bind","client_id":"`+A+`","uid":42}`, `{"client_id":"`+A+`","uid":"42","previous_uid":null}`)
	f.wantDo(`{"action":"bind","client_id":"`+B+`","uid":"42"}`, `{"client_id":"`+B+`","uid":"42","previous_uid":null}`)
	f.wantDo(`{"action":"bind","client_id":"`+B+`","uid":"b"}`, `{"client_id":"`+B+`","uid":"b","previous_uid":"42"}`)
	f.wantDo(`{"action":"unbind","client_id":"`+B+`"}`, `{"client_id":"`+B+`","uid":null,"previous_uid":"b"}`)
	f.wantDo(`{"action":"bind","client_id":"nobody","uid":1}`, `error: client_id: there is no client nobody`)

	f.wantDo(`{"action":"join","clients":["`+A+`","nobody"],"uids":["42","nix"],"groups":["r"]}`,
		`{"group":"r","changed":1,"missing":["nobody","nix"]}`)
	f.wantDo(`{"action":"join","clients":["nobody","nobody"],"uids":["nix","nix"],"groups":["r"]}`,
		`{"group":"r","changed":0,"missing":["nobody","nix"]}`)
	f.wantDo(`{"action":"join","clients":["`+A+`"],"groups":[]}`, `{"groups":[],"changed":0,"missing":[]}`)
	f.wantDo(`{"action":"join","client_id":"`+B+`","groups":["r","s"]}`, `{"groups":["r","s"],"changed":2,"missing":[]}`)
	f.wantDo(`{"action":"send","groups":["r","s"],"uids":["42"],"except_clients":["`+B+`"],"json":{"a":1.50}}`,
		`{"matched":1,"queued":1,"dropped":0}`)
	sa.wants(`{"a":1.50}`)
	f.wantDo(`{"action":"send","all":true,"except_uids":[42],"text":"x"}`, `{"matched":1,"queued":1,"dropped":0}`)
	sb.wants("x")
	f.wantDo(`{"action":"leave","client_id":"`+B+`","groups":["s","t"]}`, `{"groups":["s","t"],"changed":1,"missing":[]}`)
	f.wantDo(`{"action":"dissolve","group":"r"}`, `{"group":"r","removed":2}`)

	f.wantDo(`{"action":"session","client_id":"`+A+`","set":{"n":1e3,"gone":1}}`, `{"client_id":"`+A+`","session":{"n":1e3,"gone":1}}`)
	f.wantDo(`{"action":"session","client_id":"`+A+`","merge":{"gone":null,"x":{"y":2.0}}}`, `{"client_id":"`+A+`","session":{"n":1e3,"x":{"y":2.0}}}`)
	f.wantDo(`{"action":"session","client_id":"`+A+`","update":{"x":{"z":null}}}`, `{"client_id":"`+A+`","session":{"n":1e3,"x":{"y":2.0,"z":null}}}`)
	f.wantDo(`{"action":"until","client_id":"`+A+`","at":4102444800}`, `{"client_id":"`+A+`","at":4102444800}`)
	f.wantDo(`{"action":"close","uids":["42"],"code":4100,"text":"bye"}`, `{"matched":1,"closed":1}`)
	sa.wants("bye")
	f.wantDo(`{"action":"unbind","client_id":"`+A+`"}`, `error: client_id: there is no client `+A)
	f.wantDo(`{"action":"close","all":true,"force":true}`, `{"matched":1,"closed":1}`)
}

// A join that would put one client into too many groups changes nobody.
func TestJoinChangesNothingWhenOneHasTooMany(t *testing.T) {
	f := newFixture(t)
	a, _ := f.connect()
	b, _ := f.connect()
	full := make([]string, protocol.MaxGroupsPerClient)
	for i := range full {
		full[i] = fmt.Sprintf("g%d", i)
	}
	if _, err := b.Join(full); err != nil {
		t.Fatal(err)
	}
	f.wantDo(`{"action":"join","clients":["`+a.ID()+`","`+b.ID()+`"],"groups":["one more"]}`,
		`error: groups: client `+b.ID()+` would be in 257 groups; a client is in at most 256`)
	if n := f.hub.Group("one more").Clients; n != 0 {
		t.Errorf("%d clients joined", n)
	}
}

func TestQueries(t *testing.T) {
	f := newFixture(t)
	c, _ := f.connect()
	if _, err := c.Join([]string{"r"}); err != nil {
		t.Fatal(err)
	}
	c.Bind("42")
	found, err := f.Lookup(t.Context(), &protocol.Lookup{Clients: []string{c.ID(), "x"}, UIDs: []string{"42", "y"}, Groups: []string{"r", "z"}})
	if err != nil {
		t.Fatal(err)
	}
	if found.Clients["x"] != nil || found.Clients[c.ID()] == nil || len(found.UIDs["42"]) != 1 || found.UIDs["y"] == nil ||
		found.Groups["r"] != (protocol.GroupCount{Clients: 1, UIDs: 1}) || found.Groups["z"] != (protocol.GroupCount{}) {
		b, _ := json.Marshal(found)
		t.Errorf("got %s", b)
	}
	if _, ok := found.Groups["z"]; !ok {
		t.Error("an empty group that was asked for isn't there")
	}
	stats, err := f.Stats(t.Context())
	if err != nil || stats.Clients != 1 || stats.UIDs != 1 || stats.Groups != 1 || stats.Nodes[0].Node != "test" {
		t.Errorf("stats: %+v, %v", stats, err)
	}
}

// Of two joins at once of which a client has room for one, the other says so: the client
// isn't missing.
func TestJoinsAtOnceOfTheLastGroup(t *testing.T) {
	f := newFixture(t)
	c, _ := f.connect()
	almost := make([]string, protocol.MaxGroupsPerClient-1)
	for i := range almost {
		almost[i] = fmt.Sprintf("g%d", i)
	}
	if _, err := c.Join(almost); err != nil {
		t.Fatal(err)
	}
	for range 300 {
		var answers [2]string
		var both sync.WaitGroup
		for i := range answers {
			both.Go(func() {
				answers[i] = f.do(fmt.Sprintf(`{"action":"join","client_id":%q,"groups":["last%d"]}`, c.ID(), i))
			})
		}
		both.Wait()
		for i, got := range answers {
			joined := fmt.Sprintf(`{"group":"last%d","changed":1,"missing":[]}`, i)
			if refused := "error: groups: client " + c.ID() + " would be in 257 groups; a client is in at most 256"; got != joined && got != refused {
				t.Fatalf("got %s", got)
			}
		}
		if answers[0] == answers[1] {
			t.Fatalf("both got %s", answers[0])
		}
		if _, err := c.LeaveGroups([]string{"last0", "last1"}); err != nil {
			t.Fatal(err)
		}
	}
}
