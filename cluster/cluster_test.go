package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gatepost/protocol"
	"gatepost/test/logs"
	"gatepost/test/wait"
)

func tagOf(name string) string { return protocol.NodeTag(name) }

func TestThreeNodes(t *testing.T) {
	t.Parallel()
	both(t, 3, func(t *testing.T, on backdrop) {
		r := newRig(t, on, 3)
		r.timing = calm
		r.start(0, 1, 2)
		r.whole(0, 1, 2)
		for i := range 3 {
			wait.Within(t, patience, "healthy", func() bool { return r.nodes[i].Health() == nil })
		}
		answers := r.nodes[0].Call(t.Context(), []string{r.tag(2), r.tag(1)}, []byte("hello"))
		for i, a := range answers {
			if a.Err != nil || len(a.Parts) != 1 || string(a.Parts[0]) != "a: hello" || a.Node.Name != nodeName(2-i) {
				t.Errorf("%+v", a)
			}
		}
		if n, ok := r.nodes[0].Node(r.tag(1)); !ok || n.Name != "b" || n.Version != "v1" || !n.Hearing {
			t.Errorf("got %+v", n)
		}
		if n, ok := r.nodes[0].Node(r.tag(0)); !ok || n != r.nodes[0].Self() {
			t.Errorf("got %+v", n)
		}
		if _, ok := r.nodes[0].Node(tagOf("stranger")); ok {
			t.Error("a node that isn't one")
		}
	})
}

// Whatever the order in which many nodes come, they end as one cluster.
func TestManyNodesAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRouted(t, 6), 6)
	r.timing = calm
	r.start(0, 1, 2, 3, 4, 5)
	r.whole(0, 1, 2, 3, 4, 5)
}

// Two clusters that grew apart become one when they meet.
func TestClustersMerge(t *testing.T) {
	t.Parallel()
	r := newRig(t, newOutside(t), 5)
	for _, i := range []int{0, 1} {
		r.net.set(true, r.tag(i), r.tag(2), r.tag(3), r.tag(4))
	}
	r.start(0, 1, 2, 3, 4)
	r.whole(0, 1)
	r.whole(2, 3, 4)
	for _, i := range []int{0, 1} {
		r.net.set(false, r.tag(i), r.tag(2), r.tag(3), r.tag(4))
	}
	r.whole(0, 1, 2, 3, 4)
}

func TestNodeAlone(t *testing.T) {
	t.Parallel()
	start := time.Now()
	r := newRig(t, newRouted(t, 1), 1)
	r.timing = calm
	r.start(0)
	if !r.nodes[0].Fence().Valid() || r.nodes[0].Health() != nil {
		t.Error("a node alone isn't ready")
	}
	if took := time.Since(start); took > calm.meeting {
		t.Errorf("it took %v", took)
	}
	if answers := r.nodes[0].Call(t.Context(), []string{r.tag(0), tagOf("b")}, nil); answers[0].Err == nil || answers[1].Err == nil {
		t.Errorf("got %+v", answers)
	}
}

func TestNameTaken(t *testing.T) {
	both(t, 3, func(t *testing.T, on backdrop) {
		r := newRig(t, on, 3)
		r.timing = calm
		r.start(0, 1)
		o := r.options(2)
		o.Node = "a"
		refusesName(t, o)
		r.whole(0, 1)
	})
}

// refusesName fails the test unless a node with these options, whose name is "a", is
// told that there is such a one.
func refusesName(t *testing.T, o Options) {
	t.Helper()
	c, err := Open(t.Context(), o)
	if err == nil {
		c.Close()
		t.Fatal("it is opened")
	}
	if !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("got %v", err)
	}
}

// A name is taken although who has it can't be reached: another node hears it.
func TestNameTakenOutOfReach(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRouted(t, 3), 3)
	r.timing = calm
	r.start(0, 1)
	r.whole(0, 1)
	r.net.set(true, r.tag(0), r.tag(0))
	o := r.options(2)
	o.Node, o.drop = "a", r.net.dropper(r.tag(0))
	refusesName(t, o)
	r.whole(0, 1)
}

// Two of one name that couldn't see each other when they began: the later one goes.
func TestNamesakesMeet(t *testing.T) {
	t.Parallel()
	on := newOutside(t)
	first, second := newRig(t, on, 1), newRig(t, on, 1)
	isolated := make(chan struct{})
	apart := func(string) bool {
		select {
		case <-isolated:
			return false
		default:
			return true
		}
	}
	for _, r := range []*rig{first, second} {
		r.change = func(_ int, o *Options) { o.drop = apart }
		r.start(0)
		// Started counts milliseconds.
		wait.Within(t, patience, "a later start", func() bool { return time.Now().UnixMilli() > r.nodes[0].roster.started })
	}
	close(isolated)
	select {
	case err := <-second.nodes[0].Fatal():
		if !strings.Contains(err.Error(), `"a"`) || second.nodes[0].Health() == nil {
			t.Errorf("got %v", err)
		}
	case <-time.After(patience):
		t.Fatal("both go on")
	}
	select {
	case err := <-first.nodes[0].Fatal():
		t.Fatalf("the first one goes too: %v", err)
	default:
	}
}

func TestIncompatibleVersion(t *testing.T) {
	t.Parallel()
	r := newRig(t, newOutside(t), 2)
	r.start(0)
	future := &beat{Name: "future", Inc: newIncarnation(""), Version: "v9", Min: protocolMax + 1, Max: protocolMax + 2, Seq: 1, Open: true}
	other, err := openBus(t.Context(), &Options{URLs: r.on.options(t, 0).URLs}, mustKeys(t, secretA), logs.Shown(t).Logger())
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	send := func() {
		future.Seq++
		_ = other.send(allOf(other.roots[0]), future.encode())
	}
	wait.Within(t, patience, "a log line", func() bool { send(); return r.log.Count("versions 2 to 3") > 0 })
	for range 20 {
		send()
	}
	r.start(1)
	r.whole(0, 1)
	if n := r.log.Count("versions 2 to 3"); n > 2 { // one of each node
		t.Errorf("%d log lines", n)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := Options{Node: "a", Secrets: []string{secretA}, Listen: "127.0.0.1:0", State: newMemory()}
	for name, spoil := range map[string]func(*Options){
		"no name":    func(o *Options) { o.Node = "" },
		"no secret":  func(o *Options) { o.Secrets = nil },
		"no way":     func(o *Options) { o.Listen = "" },
		"two ways":   func(o *Options) { o.URLs = []string{"nats://127.0.0.1:1"} },
		"no state":   func(o *Options) { o.State = nil },
		"peer":       func(o *Options) { o.Peers = []string{"nowhere"} },
		"peer port":  func(o *Options) { o.Peers = []string{"dns:a:http"} },
		"listen":     func(o *Options) { o.Listen = "6222" },
		"bad state":  func(o *Options) { s := newMemory(); s.Put(memberKey, []byte("{")); o.State = s },
		"secret URL": func(o *Options) { o.Listen, o.URLs = "", []string{"nats://user:hunter2@127.0.0.1:x%"} },
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			spoil(&o)
			c, err := Open(t.Context(), o)
			if err == nil {
				c.Close()
				t.Fatal("opened")
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("it shows a password: %v", err)
			}
			t.Log(err)
		})
	}
}

func TestAnAddressThatIsTakenNamesItsSetting(t *testing.T) {
	address := fmt.Sprintf("127.0.0.1:%d", busyPort(t))
	c, err := Open(t.Context(), Options{Node: "a", Secrets: []string{secretA}, Listen: address, State: newMemory()})
	if err == nil {
		c.Close()
		t.Fatal("opened")
	}
	if text := err.Error(); !strings.Contains(text, "GATEPOST_CLUSTER_LISTEN: listen tcp "+address+": ") || strings.Contains(text, "router") {
		t.Errorf("got %q", text)
	}
}

// Peers that aren't there hold up a node for a while, not for ever, and are found
// when they come.
func TestPeersComeLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, newRouted(t, 2), 2)
	r.change = func(_ int, o *Options) { o.timing.meeting = 500 * time.Millisecond }
	r.start(0)
	if err := r.nodes[0].Health(); !r.nodes[0].Fence().Valid() || err != nil {
		t.Errorf("alone, it isn't ready: %v", err)
	}
	r.start(1)
	r.whole(0, 1)
}
