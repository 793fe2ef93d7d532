package cluster

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"gatepost/test/logs"
	"gatepost/test/tcp"
	"gatepost/test/wait"
)

func TestMain(m *testing.M) {
	if ports := os.Getenv(childPorts); ports != "" {
		beChild(ports)
		return
	}
	// Most tests wait most of their time, beside each other. -parallel overrules this.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m,
		// nats-server keeps one that serves the whole process.
		goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server/ats.init.0.func1"))
}

// quick is a timing that tests have the patience for, where somebody is to fall
// silent; calm is one for where nobody is, however busy the machine.
var (
	quick = timing{
		beat: 100 * time.Millisecond, silence: 1200 * time.Millisecond, lease: 2400 * time.Millisecond, margin: 800 * time.Millisecond,
		call: time.Second, meeting: 3 * time.Second, resolve: 100 * time.Millisecond,
	}
	calm = timing{
		beat: 100 * time.Millisecond, silence: 3 * time.Second, lease: 6 * time.Second, margin: 2 * time.Second,
		call: 2 * time.Second, meeting: 6 * time.Second, resolve: 100 * time.Millisecond,
	}
)

// patience is for what must happen at last.
const patience = time.Minute

// patient is a context for that.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

const (
	secretA = "secret-a-0123456789-0123456789-0123456789"
	secretB = "secret-b-0123456789-0123456789-0123456789"
)

// memory is a State.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	fails  error
}

func newMemory() *memory { return &memory{values: make(map[string][]byte)} }

type fate struct{ err error }

func (f fate) Wait(ctx context.Context) error { return f.err }

func (m *memory) Put(key string, value []byte) Commit {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails == nil {
		m.values[key] = slices.Clone(value)
	}
	return fate{m.fails}
}

func (m *memory) Delete(key string) Commit {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails == nil {
		delete(m.values, key)
	}
	return fate{m.fails}
}

func (m *memory) Scan(prefix string, fn func(string, []byte) error) error {
	m.mu.Lock()
	values := maps.Clone(m.values)
	m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if strings.HasPrefix(key, prefix) {
			if err := fn(key, slices.Clone(values[key])); err != nil {
				return err
			}
		}
	}
	return nil
}

// echo is a Host that answers each call with who asked and what.
type echo struct {
	serve func(from Node, request []byte, reply Reply)

	mu  sync.Mutex
	got []string
}

func (e *echo) Serve(_ context.Context, from Node, request []byte, reply Reply) {
	e.mu.Lock()
	e.got = append(e.got, string(request[:min(len(request), 100)]))
	e.mu.Unlock()
	if e.serve != nil {
		e.serve(from, request, reply)
		return
	}
	_ = reply.Part([]byte(from.Name + ": " + string(request)))
	reply.Done()
}

func (e *echo) TakeOver(context.Context, Node, []Copy) error { return nil }
func (e *echo) GiveUp(context.Context, []string) error       { return nil }
func (e *echo) Adopt(context.Context, Node, []Entry) error   { return nil }

// network decides who reaches whom; each pair is cut or not.
type network struct {
	mu  sync.Mutex
	cut map[[2]string]bool // by tag, sorted
}

func (n *network) set(cut bool, a string, others ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut == nil {
		n.cut = make(map[[2]string]bool)
	}
	for _, b := range others {
		n.cut[pair(a, b)] = cut
	}
}

func pair(a, b string) [2]string {
	if a > b {
		a, b = b, a
	}
	return [2]string{a, b}
}

func (n *network) dropper(tag string) func(string) bool {
	return func(other string) bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.cut[pair(tag, other)]
	}
}

// backdrop is how nodes of a test find each other.
type backdrop interface {
	options(t *testing.T, i int) Options
}

// routed is embedded servers on loopback.
type routed struct{ addrs []string }

func newRouted(t *testing.T, nodes int) *routed {
	r := &routed{}
	for range nodes {
		r.addrs = append(r.addrs, tcp.FreeAddr(t))
	}
	return r
}

func (r *routed) options(_ *testing.T, i int) Options {
	return Options{Listen: r.addrs[i], Peers: slices.Clone(r.addrs)}
}

// outside is a NATS server that belongs to nobody here.
type outside struct {
	port int
	srv  *server.Server
}

func newOutside(t *testing.T) *outside {
	o := &outside{port: tcp.FreePort(t)}
	o.start(t)
	t.Cleanup(o.stop)
	return o
}

func (o *outside) start(t *testing.T) {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: o.port, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	go srv.Start()
	if !srv.ReadyForConnections(patience) {
		t.Fatal("the NATS server doesn't start")
	}
	o.srv = srv
}

func (o *outside) stop() {
	o.srv.Shutdown()
	o.srv.WaitForShutdown()
}

func (o *outside) options(_ *testing.T, _ int) Options {
	nothing := func(context.Context, Node, func(string, string, []byte) error) error { return nil }
	return Options{URLs: []string{fmt.Sprintf("nats://127.0.0.1:%d", o.port)}, ReadLost: nothing}
}

// both runs a test over embedded servers and over an external one.
func both(t *testing.T, nodes int, test func(t *testing.T, b backdrop)) {
	t.Run("embedded", func(t *testing.T) { t.Parallel(); test(t, newRouted(t, nodes)) })
	t.Run("external", func(t *testing.T) { t.Parallel(); test(t, newOutside(t)) })
}

// rig is a cluster of a test.
type rig struct {
	t      *testing.T
	on     backdrop
	net    network
	states []*memory
	hosts  []*echo
	nodes  []*Cluster
	log    *logs.Log
	timing timing
	change func(i int, o *Options)
}

func newRig(t *testing.T, on backdrop, nodes int) *rig {
	r := &rig{t: t, on: on, log: logs.Shown(t), timing: quick, nodes: make([]*Cluster, nodes)}
	for range nodes {
		r.states, r.hosts = append(r.states, newMemory()), append(r.hosts, &echo{})
	}
	t.Cleanup(func() {
		for i := range r.nodes {
			r.stop(i)
		}
	})
	return r
}

func nodeName(i int) string { return string(rune('a' + i)) }

func (r *rig) options(i int) Options {
	o := r.on.options(r.t, i)
	o.Node, o.Version, o.Secrets, o.State, o.timing = nodeName(i), "v1", []string{secretA}, r.states[i], r.timing
	o.Logger = r.log.Logger().With("node", o.Node)
	o.drop = r.net.dropper(r.tag(i))
	o.Records = func(fn func(string, []byte) error) error {
		return o.State.Scan(recordPrefix, func(key string, record []byte) error { return fn(key[len(recordPrefix):], record) })
	}
	if r.change != nil {
		r.change(i, &o)
	}
	return o
}

func (r *rig) tag(i int) string { return tagOf(nodeName(i)) }

// start starts nodes, all at once.
func (r *rig) start(which ...int) {
	r.t.Helper()
	var all sync.WaitGroup
	errs := make([]error, len(r.nodes))
	for _, i := range which {
		all.Go(func() {
			c, err := Open(r.t.Context(), r.options(i))
			if errs[i] = err; err != nil {
				return
			}
			r.nodes[i] = c
			errs[i] = c.Join(patient(r.t), r.hosts[i])
		})
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			r.t.Fatalf("node %s: %v", nodeName(i), err)
		}
	}
}

// stop ends a node as a crash does.
func (r *rig) stop(i int) {
	if c := r.nodes[i]; c != nil {
		c.Close()
		r.nodes[i] = nil
	}
}

// sees lists whom a node takes for members, in brackets those it doesn't hear.
func (r *rig) sees(i int) string {
	var list []string
	for _, n := range r.nodes[i].Nodes() {
		if n.Hearing {
			list = append(list, n.Name)
		} else {
			list = append(list, "("+n.Name+")")
		}
	}
	return strings.Join(list, " ")
}

func (r *rig) awaitSees(i int, want string) {
	r.t.Helper()
	got := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if got = r.sees(i); got == want {
			return
		}
	}
	r.t.Fatalf("node %s sees %q, want %q", nodeName(i), got, want)
}

func (r *rig) valid(i int) func() bool   { return func() bool { return r.nodes[i].Fence().Valid() } }
func (r *rig) invalid(i int) func() bool { return func() bool { return !r.nodes[i].Fence().Valid() } }

// kept says whether a node would know after a restart what it knows now.
func (r *rig) kept(i int) func() bool {
	return func() bool {
		c := r.nodes[i]
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.roster.kept == c.roster.changes
	}
}

// whole waits until these nodes, and no others, are one cluster with open fences.
func (r *rig) whole(which ...int) {
	r.t.Helper()
	for _, i := range which {
		var names []string
		for _, j := range which {
			if j != i {
				names = append(names, nodeName(j))
			}
		}
		r.awaitSees(i, strings.Join(names, " "))
	}
	for _, i := range which {
		wait.Within(r.t, patience, "the fence is open", r.valid(i))
	}
}

func busyPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func mustKeys(t *testing.T, secrets ...string) []routeKey {
	t.Helper()
	keys, err := routeKeys(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
