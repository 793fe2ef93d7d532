package cluster

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// restarts are how the clients and the pushes of a rolling restart meet: any node may be
// gone at any time, and there is another one then.
type restarts struct {
	t     *testing.T
	mu    sync.Mutex
	nodes []*harness.Node // guarded by mu
}

// node is the one at this place now; its address stays the same.
func (r *restarts) node(i int) *harness.Node {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.nodes[i%len(r.nodes)]
}

// reader is a client that reconnects to any node, and what it was pushed.
type reader struct {
	connections atomic.Int64
	mu          sync.Mutex
	got         map[int]int // guarded by mu; how often each push came
	last        int         // guarded by mu; on this connection
	disorder    []string    // guarded by mu
}

// read is connected until the traffic ends.
func (r *restarts) read(tr *traffic, uid string) *reader {
	rd := &reader{got: map[int]int{}}
	tr.every(time.Millisecond, func() {
		token := harness.ClientToken(r.t, uid, nil)
		c, err := r.node(rand.N(3)).TryConnect(r.t, harness.Dial{Path: "/ws?token=" + token, Room: 128})
		if err != nil {
			return // another try, at any node
		}
		rd.connections.Add(1)
		rd.last = 0
		_ = c.TrySend("hello")
		for c.Open() || c.Waiting() > 0 {
			if text, err := c.TryText(100 * time.Millisecond); err == nil && rd.take(text)%20 == 0 {
				_ = c.TrySend("I have got " + text)
			}
			select {
			case <-tr.stop:
				return
			default:
			}
		}
	})
	return rd
}

func (rd *reader) take(text string) (number int) {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	number, _ = strconv.Atoi(strings.TrimPrefix(text, "push "))
	if number <= rd.last {
		rd.disorder = append(rd.disorder, fmt.Sprintf("%d after %d", number, rd.last))
	}
	rd.last = number
	rd.got[number]++
	return number
}

// received is how many readers got each push.
func received(readers []*reader) map[int]int {
	sum := map[int]int{}
	for _, rd := range readers {
		rd.mu.Lock()
		for number, times := range rd.got {
			sum[number] += times
		}
		rd.mu.Unlock()
	}
	return sum
}

// pushed is one push that was answered, of those to one uid.
type pushed struct {
	number, queued int
	answered       time.Time
	partial        string
	tries          int
}

// Nodes that are drained and started again one after the other, under a push every 10 ms
// to each of a few uids and with a thousand clients that reconnect, leave no second
// without an answered push. What a push says it queued, clients have received, in order;
// and the backend has all events of each connection in order, one close at the end.
func TestRollingRestart(t *testing.T) {
	env := harness.Env{"GATEPOST_DRAIN": "2s"}
	t.Run("embedded", func(t *testing.T) { // one after the other: each is a load of its own
		b := harness.NewBackend(t, nil)
		rollingRestart(t, harness.StartCluster(t, 3, b.Env(env)), b)
	})
	t.Run("external", func(t *testing.T) {
		b := harness.NewBackend(t, nil)
		rollingRestart(t, harness.StartClusterOn(t, harness.StartNATS(t, "127.0.0.1").URL, 3, b.Env(env)), b)
	})
}

func rollingRestart(t *testing.T, c *harness.Cluster, b *harness.Backend) {
	const uids, watching, others = 4, 3, 988
	r := &restarts{t: t, nodes: c.Nodes}
	tr := newTraffic(t)

	readers, sent := map[string][]*reader{}, map[string][]pushed{}
	var crowd []*reader
	for i := range uids {
		uid := fmt.Sprintf("watched-%d", i)
		for range watching {
			readers[uid] = append(readers[uid], r.read(tr, uid))
		}
	}
	for i := range others {
		crowd = append(crowd, r.read(tr, fmt.Sprintf("other-%d", i%200)))
	}
	wait.For(t, "all clients are connected", func() bool {
		members, n := c.Nodes[0].Members(t), 0
		for _, m := range members {
			n += m.Clients
		}
		return n == uids*watching+others
	})
	var mu sync.Mutex // guards what was sent
	var tries atomic.Int64
	for uid := range readers {
		number := 0
		through := rand.N(3)
		tr.every(10*time.Millisecond, func() {
			number++
			for try := 1; ; try++ {
				resp, err := r.node(through).API(t, "push").Try("POST", "/push/uids/"+uid, fmt.Sprintf("push %d", number), "content-type", "text/plain")
				var report struct{ Matched, Queued, Dropped int }
				if err == nil && resp.Status == http.StatusOK {
					decode(t, resp.Body, &report)
					mu.Lock()
					sent[uid] = append(sent[uid], pushed{number, report.Queued, time.Now(), resp.Header.Get("gatepost-partial"), try})
					mu.Unlock()
					return
				}
				tries.Add(1)
				through = (through + 1) % 3 // as a load balancer would
				if try > 100 {
					t.Errorf("push %d to %s: %v", number, uid, err)
					return
				}
			}
		})
	}
	began := time.Now()
	wait.Stays(t, "the nodes live", time.Second, c.Nodes[0].Alive)
	for i := range c.Nodes {
		t.Logf("%s is told to end after %s", c.Nodes[i].Name(), time.Since(began))
		c.Nodes[i].Signal(syscall.SIGTERM)
		if status := c.Nodes[i].Exit(wait.Patience); status != 0 {
			t.Errorf("%s ended with status %d", c.Nodes[i].Name(), status)
		}
		t.Logf("%s has ended after %s", c.Nodes[i].Name(), time.Since(began))
		again := c.Nodes[i].Restart(t, harness.Env{"GATEPOST_ADDR": c.Nodes[i].Addr})
		r.mu.Lock()
		c.Nodes[i] = again
		r.mu.Unlock()
		c.Whole(t)
	}
	wait.Stays(t, "the nodes live", time.Second, c.Nodes[0].Alive)
	took := time.Since(began)

	// The pushes first, then the clients: each has its time to arrive.
	mu.Lock()
	stopAt := map[string]int{}
	for uid := range readers {
		stopAt[uid] = len(sent[uid])
	}
	all := map[string][]pushed{}
	for uid := range sent {
		all[uid] = append(all[uid], sent[uid][:stopAt[uid]]...)
	}
	mu.Unlock()
	short := func() (missing []string) {
		for uid, list := range all {
			got := received(readers[uid])
			for _, p := range list {
				if got[p.number] != p.queued && p.tries == 1 {
					missing = append(missing, fmt.Sprintf("push %d to %s, %s after the beginning: %d received it, %d had it queued, without %q", p.number, uid, p.answered.Sub(began), got[p.number], p.queued, p.partial))
				}
			}
		}
		return missing
	}
	for deadline := time.Now().Add(5 * time.Second); len(short()) > 0 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
	}
	for _, one := range short() {
		t.Error(one)
	}
	tr.end()
	total, reconnected, partial := 0, int64(0), 0
	var gap, gapAt time.Duration
	for uid, list := range all {
		last := began
		for _, p := range list {
			if d := p.answered.Sub(last); d > gap {
				gap, gapAt = d, p.answered.Sub(began)
			}
			if last = p.answered; p.partial != "" {
				partial++
			}
		}
		total += len(list)
		for i, rd := range readers[uid] {
			reconnected += rd.connections.Load() - 1
			if len(rd.disorder) > 0 {
				t.Errorf("reader %d of %s: %v", i, uid, rd.disorder)
			}
		}
	}
	for _, rd := range crowd {
		reconnected += rd.connections.Load() - 1
	}
	t.Logf("%d pushes in %s, %d tried again, %d partial, no answer for %s at most, until %s; %d reconnections", total, took, tries.Load(), partial, gap, gapAt, reconnected)
	if gap > time.Second {
		t.Errorf("no push was answered for %s", gap)
	}
	if reconnected < uids*watching+others {
		t.Errorf("%d reconnections: each of %d clients was on a node that restarted", reconnected, uids*watching+others)
	}
	endAll(t, c)
	oneCloseForAll(t, b)
	nothingAfterClose(t, b)
	allInOrder(t, b)
}
