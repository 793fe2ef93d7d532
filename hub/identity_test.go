package hub

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"gatepost/protocol"
)

func problemCode(err error) string {
	var p *protocol.Problem
	if !errors.As(err, &p) {
		return ""
	}
	return fmt.Sprint(p.Status, " ", p.Code)
}

func TestBind(t *testing.T) {
	h := newHub(t, Options{})
	c := openSilently(t, h, "c1", "", "room")
	for _, step := range []struct{ uid, previous string }{{"1", ""}, {"2", "1"}, {"2", "2"}, {"", "2"}, {"", ""}, {"3", ""}} {
		previous, ok := c.Bind(step.uid)
		if !ok || previous != step.previous {
			t.Errorf("Bind(%q) = %q, %v; want %q", step.uid, previous, ok, step.previous)
		}
		if got := c.Identity().UID; got != step.uid {
			t.Errorf("uid is %q; want %q", got, step.uid)
		}
		wantConsistent(t, h)
	}
	if got := h.UID("1"); len(got) != 0 {
		t.Errorf("uid 1 still has %v", got)
	}
	if got := h.UID("3"); !slices.Equal(got, []string{"c1"}) {
		t.Errorf("uid 3 has %v; want c1", got)
	}
}

func TestJoinAndLeave(t *testing.T) {
	h := newHub(t, Options{})
	c := openSilently(t, h, "c1", "7", "b")
	steps := []struct {
		do      func([]string) (int, error)
		groups  []string
		changed int
		now     []string
	}{
		{c.Join, []string{"c", "a", "b", "a"}, 2, []string{"a", "b", "c"}},
		{c.LeaveGroups, []string{"b", "x", "b"}, 1, []string{"a", "c"}},
		{c.Join, nil, 0, []string{"a", "c"}},
		{c.LeaveGroups, []string{"a", "c"}, 2, []string{}},
	}
	for _, s := range steps {
		changed, err := s.do(s.groups)
		if err != nil || changed != s.changed {
			t.Errorf("%v changed %d, %v; want %d", s.groups, changed, err, s.changed)
		}
		if got := c.Identity().Groups; !slices.Equal(got, s.now) {
			t.Errorf("groups are %v; want %v", got, s.now)
		}
		wantConsistent(t, h)
	}
}

// Over the limit of groups nothing changes, and the problem is the caller's.
func TestJoinLimit(t *testing.T) {
	h := newHub(t, Options{})
	c := openSilently(t, h, "c1", "")
	names := make([]string, protocol.MaxGroupsPerClient+1)
	for i := range names {
		names[i] = fmt.Sprintf("g%03d", i)
	}
	if _, err := c.Join(names); problemCode(err) != "400 limit_exceeded" {
		t.Errorf("joining %d groups: %v; want 400 limit_exceeded", len(names), err)
	}
	if got := len(c.Identity().Groups); got != 0 {
		t.Errorf("in %d groups after a refused join; want none", got)
	}
	names = names[1:]
	if changed, err := c.Join(names); err != nil || changed != len(names) {
		t.Errorf("joining %d groups changed %d, %v", len(names), changed, err)
	}
	if changed, err := c.Join(names); err != nil || changed != 0 {
		t.Errorf("joining them again changed %d, %v; want 0", changed, err)
	}
	if _, err := c.Join([]string{"one more"}); problemCode(err) != "400 limit_exceeded" {
		t.Errorf("joining one more: %v; want 400 limit_exceeded", err)
	}
}

// A uid with two clients in a group is one uid of it; clients without one are none.
func TestGroupCountsDistinctUIDs(t *testing.T) {
	h := newHub(t, Options{})
	a := openSilently(t, h, "a", "1", "room")
	b := openSilently(t, h, "b", "1", "room")
	openSilently(t, h, "c", "", "room")
	admit(h, "d", "9", "room") // connecting: in no total
	check := func(when string, clients, uids int) {
		t.Helper()
		if got, want := h.Group("room"), (protocol.GroupCount{Clients: clients, UIDs: uids}); got != want {
			t.Errorf("%s the group counts %+v; want %+v", when, got, want)
		}
		wantConsistent(t, h)
	}
	check("at first", 3, 1)
	b.Bind("2")
	check("after another uid", 3, 2)
	b.Bind("")
	check("after an unbind", 3, 1)
	b.Bind("1")
	a.Close(Cause{Code: 1000}, nil, true)
	check("after one of two has gone", 2, 1)
	b.LeaveGroups([]string{"room"})
	check("after the other has left", 1, 0)
	if clients, uids, groups := h.Count(); clients != 2 || uids != 1 || groups != 1 {
		t.Errorf("Count() = %d, %d, %d; want 2, 1, 1", clients, uids, groups)
	}
}

// Adopt replaces uid and session and adds groups; nil leaves what is there.
func TestAdopt(t *testing.T) {
	h := newHub(t, Options{})
	c := h.Admit("c1", &protocol.Handshake{UID: "1", Groups: []string{"a"}, Session: []byte(`{"x":1}`)}, time.Now(), nil)
	if err := c.Adopt(nil, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	if id := c.Identity(); id.UID != "1" || !slices.Equal(id.Groups, []string{"a"}) || string(id.Session) != `{"x":1}` {
		t.Errorf("adopting nothing made it %+v", id)
	}
	uid := "2"
	if err := c.Adopt(&uid, []string{"b"}, []byte(`{"y":2}`), nil); err != nil {
		t.Fatal(err)
	}
	if id := c.Identity(); id.UID != "2" || !slices.Equal(id.Groups, []string{"a", "b"}) || string(id.Session) != `{"y":2}` {
		t.Errorf("after Adopt it is %+v", id)
	}
	large := append(append([]byte(`{"z":"`), make([]byte, protocol.MaxSessionBytes)...), `"}`...)
	uid = "3"
	if err := c.Adopt(&uid, []string{"c"}, large, nil); problemCode(err) != "413 too_large" {
		t.Errorf("adopting a session of %d bytes: %v; want 413 too_large", len(large), err)
	}
	if id := c.Identity(); id.UID != "2" || len(id.Groups) != 2 {
		t.Errorf("a refused Adopt made it %+v", id)
	}
	wantConsistent(t, h)
}

func TestDissolve(t *testing.T) {
	h := newHub(t, Options{})
	for i := range 40 {
		openSilently(t, h, fmt.Sprint("c", i), "", "room", "other")
	}
	connecting := admit(h, "late", "", "room")
	if got := h.Dissolve("room"); got != 41 {
		t.Errorf("Dissolve removed %d; want 41", got)
	}
	if got := h.Group("room"); got != (protocol.GroupCount{}) {
		t.Errorf("the group still counts %+v", got)
	}
	if got := connecting.Identity().Groups; len(got) != 0 {
		t.Errorf("the connecting member is still in %v", got)
	}
	if got := h.Group("other").Clients; got != 40 {
		t.Errorf("the other group has %d clients; want 40", got)
	}
	if got := h.Dissolve("room"); got != 0 {
		t.Errorf("dissolving it again removed %d; want 0", got)
	}
	wantConsistent(t, h)
}

// What a closing client was stays readable; everything that would change it, or
// find it, says that it is gone.
func TestClosingClientIsFrozenAndGone(t *testing.T) {
	h := newHub(t, Options{})
	c := openSilently(t, h, "c1", "1", "room")
	if _, _, err := c.ChangeSession(protocol.SessionSet, []byte(`{"a":1}`), ""); err != nil {
		t.Fatal(err)
	}
	if !c.Close(Cause{Code: 4100, Initiator: protocol.ByBackend}, nil, false) {
		t.Fatal("the first Close says that it isn't the first")
	}
	if c.Close(Cause{Code: 4200}, nil, true) || c.Leave(Cause{Code: 1006}) {
		t.Error("a second end says that it is the first")
	}
	if got := c.Cause().Code; got != 4100 {
		t.Errorf("the cause is %d; want the first, 4100", got)
	}
	if _, ok := c.Bind("2"); ok {
		t.Error("Bind says that the client is there")
	}
	_, err := c.Join([]string{"x"})
	_, err2 := c.LeaveGroups([]string{"room"})
	_, _, err3 := c.ChangeSession(protocol.SessionSet, []byte(`{}`), "")
	err4 := c.Adopt(nil, nil, nil, nil)
	for _, err := range []error{err, err2, err3, err4} {
		if problemCode(err) != "404 client_gone" {
			t.Errorf("the error is %v; want 404 client_gone", err)
		}
	}
	if id := c.Identity(); id.UID != "1" || !slices.Equal(id.Groups, []string{"room"}) || string(id.Session) != `{"a":1}` {
		t.Errorf("it is frozen as %+v", id)
	}
	if _, ok := h.Client("c1"); ok {
		t.Error("it is still found by id")
	}
	if got := c.Send(text("x")); got != Gone {
		t.Errorf("Send says %d; want Gone", got)
	}
	if clients, uids, groups := h.Count(); clients+uids+groups != 0 {
		t.Errorf("Count() = %d, %d, %d; want zeros", clients, uids, groups)
	}
	wantConsistent(t, h)
}
