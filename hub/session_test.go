package hub

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"gatepost/protocol"
)

func TestChangeSession(t *testing.T) {
	h := newHub(t, Options{})
	c := openSilently(t, h, "c1", "")
	empty, emptyTag := c.Session()
	if string(empty) != "{}" {
		t.Errorf("a new client's session is %s; want {}", empty)
	}
	steps := []struct {
		mode            protocol.SessionMode
		change, ifMatch string
		want, problem   string
	}{
		{protocol.SessionSet, `{"n":1.50}`, "", `{"n":1.50}`, ""},
		{protocol.SessionMerge, `{"a":{"b":1},"n":null}`, "*", `{"a":{"b":1}}`, ""},
		{protocol.SessionUpdate, `{"a":{"c":null}}`, "", `{"a":{"b":1,"c":null}}`, ""},
		{protocol.SessionSet, `{"late":true}`, emptyTag, `{"a":{"b":1,"c":null}}`, "412 precondition_failed"},
		{protocol.SessionMerge, `{"x":"` + strings.Repeat("y", protocol.MaxSessionBytes) + `"}`, "", `{"a":{"b":1,"c":null}}`, "413 too_large"},
		{protocol.SessionSet, `{}`, "", `{}`, ""},
	}
	for _, s := range steps {
		got, tag, err := c.ChangeSession(s.mode, []byte(s.change), s.ifMatch)
		if problemCode(err) != s.problem {
			t.Errorf("%s %.40s: %v; want %q", s.mode, s.change, err, s.problem)
		}
		now, nowTag := c.Session()
		if string(now) != s.want {
			t.Errorf("%s %.40s made it %s; want %s", s.mode, s.change, now, s.want)
		}
		if err == nil && (string(got) != s.want || tag != nowTag) {
			t.Errorf("%s %.40s returned %s %s; want %s %s", s.mode, s.change, got, tag, s.want, nowTag)
		}
	}
	if _, tag := c.Session(); tag != emptyTag {
		t.Errorf("the empty session has the tags %s and %s; want one", emptyTag, tag)
	}
}

// If-Match makes a read and a change one step: of many who try, none undoes
// another's change.
func TestIfMatchLosesNoChange(t *testing.T) {
	h := newHub(t, Options{})
	c := openSilently(t, h, "c1", "")
	const workers, each = 8, 20
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for done := 0; done < each; {
				session, tag := c.Session()
				var n int
				_, _ = fmt.Sscanf(string(session), `{"n":%d}`, &n)
				if _, _, err := c.ChangeSession(protocol.SessionSet, fmt.Appendf(nil, `{"n":%d}`, n+1), tag); err == nil {
					done++
				}
			}
		})
	}
	wg.Wait()
	if got, _ := c.Session(); string(got) != fmt.Sprintf(`{"n":%d}`, workers*each) {
		t.Errorf("after %d changes the session is %s", workers*each, got)
	}
}

// A session is the hub's own: who handed it over may use its bytes again.
func TestSessionIsCopied(t *testing.T) {
	h := newHub(t, Options{})
	c := openSilently(t, h, "c1", "")
	change := []byte(`{"a":1}`)
	if _, _, err := c.ChangeSession(protocol.SessionSet, change, ""); err != nil {
		t.Fatal(err)
	}
	copy(change, `{"b":2}`)
	if got, _ := c.Session(); string(got) != `{"a":1}` {
		t.Errorf("the session is %s; want the one that was set", got)
	}
}
