package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"gatepost/store"
	"gatepost/test/logs"
	"gatepost/test/storetest"
)

// external starts a NATS server with JetStream on dir; port -1: any.
func external(t *testing.T, dir string, port int, change ...func(*server.Options)) *server.Server {
	t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, JetStream: true, StoreDir: dir,
		JetStreamMaxMemory: 16 << 20, JetStreamMaxStore: 1 << 40}
	for _, c := range change {
		c(o)
	}
	srv, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	go srv.Start()
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server doesn't start")
	}
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	return srv
}

// room is for external: what the server's streams may take.
func room(bytes int64) func(*server.Options) {
	return func(o *server.Options) { o.JetStreamMaxStore = bytes }
}

func overURL(t *testing.T, srv *server.Server, node string) Options {
	return Options{URL: srv.ClientURL(), Node: node, Logger: logs.Shown(t).Logger()}
}

func port(srv *server.Server) int {
	var p int
	_, _ = fmt.Sscanf(srv.Addr().String(), "127.0.0.1:%d", &p)
	return p
}

func TestExternal(t *testing.T) {
	srv := external(t, t.TempDir(), -1)
	s := open(t, overURL(t, srv, "node-1"))
	other := open(t, overURL(t, srv, "node1"))
	want := make(map[string]string)
	for i := range 5000 {
		key := fmt.Sprintf("k/%03d", i%700)
		want[key] = fmt.Sprint(i)
		s.Put(key, []byte(want[key]))
	}
	keep(t, s.Delete("k/000"))
	delete(want, "k/000")
	same(t, s, want)
	same(t, other, map[string]string{})
	consistent(t, s)
	shut(t, s)
	same(t, open(t, overURL(t, srv, "node-1")), want)
}

// Under a restart of the server writes wait, or fail and aren't there: what
// was acknowledged is what there is.
func TestExternalRestarts(t *testing.T) {
	dir := t.TempDir()
	srv := external(t, dir, -1)
	p := port(srv)
	o := overURL(t, srv, "n")
	s := open(t, o)
	want := make(map[string]string)
	for round := range 3 {
		var commits []store.Commit
		for i := range 300 {
			commits = append(commits, s.Put(fmt.Sprintf("k/%d/%d", round, i), []byte("v")))
			if i == 150 {
				srv.Shutdown()
				srv.WaitForShutdown()
			}
		}
		srv = external(t, dir, p)
		for i, c := range commits {
			err := c.Wait(t.Context())
			if err == nil {
				want[fmt.Sprintf("k/%d/%d", round, i)] = "v"
			} else if !errors.Is(err, store.ErrUnavailable) {
				t.Fatalf("got %v, want store.ErrUnavailable", err)
			}
		}
		eventually(t, "healthy again", func() bool { return s.Health() == nil })
		same(t, s, want)
		consistent(t, s)
	}
	if len(want) != 900 {
		t.Errorf("%d of 900 writes were kept, though the server was away for less than the patience", len(want))
	}
	shut(t, s)
	same(t, open(t, o), want)
}

// A message that was kept though its acknowledgement never came, and was given
// up, doesn't count: neither now nor after a restart.
func TestGivenUpDoesNotCount(t *testing.T) {
	srv := external(t, t.TempDir(), -1)
	o := overURL(t, srv, "n")
	s := open(t, o)
	keep(t, s.Put("k/1", []byte("kept")))

	// As if the store had sent this and lost patience.
	s.token++
	late := make([]byte, headSize)
	writeHead(late, s.token, s.good)
	late = appendRecord(late, opPut, "k/1", []byte("given up"))
	if err := s.link.nc.Publish(s.link.subject(), late); err != nil {
		t.Fatal(err)
	}
	if err := s.link.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	keep(t, s.Put("k/2", []byte("next")))
	want := map[string]string{"k/1": "kept", "k/2": "next"}
	same(t, s, want)
	consistent(t, s)
	shut(t, s)
	same(t, open(t, o), want)
}

// A message that was kept though its acknowledgement was lost is found again,
// not written twice.
func TestLostAcknowledgement(t *testing.T) {
	srv := external(t, t.TempDir(), -1)
	s := open(t, overURL(t, srv, "n"))
	keep(t, s.Put("k/1", nil))
	next := make([]byte, headSize)
	writeHead(next, s.token+1, s.good)
	next = appendRecord(next, opPut, "k/2", []byte("v"))
	if err := s.link.nc.Publish(s.link.subject(), next); err != nil {
		t.Fatal(err)
	}
	if err := s.link.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	before := s.last
	keep(t, s.Put("k/2", []byte("v")))
	if s.last != before+1 {
		t.Errorf("the stream is at %d, want %d", s.last, before+1)
	}
	same(t, s, map[string]string{"k/1": "", "k/2": "v"})
}

// Two processes under one name: the one that comes upon the other's writes
// stops, rather than mixing them with its own.
func TestForeignWriter(t *testing.T) {
	srv := external(t, t.TempDir(), -1)
	first := open(t, overURL(t, srv, "n"))
	keep(t, first.Put("k/1", nil))
	second := open(t, overURL(t, srv, "n"))
	keep(t, second.Put("k/2", nil))
	err := first.Put("k/3", nil).Wait(t.Context())
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
	if err := first.Health(); err == nil {
		t.Error("health is nil")
	}
	keep(t, second.Put("k/4", nil))
}

func TestExternalRefused(t *testing.T) {
	t.Run("nobody there", func(t *testing.T) {
		ctx, cancel := contextWithTimeout(t, time.Second)
		defer cancel()
		if _, err := Open(ctx, Options{URL: "nats://127.0.0.1:1", Node: "n"}); err == nil {
			t.Error("opened")
		} else {
			t.Log(err)
		}
	})
	t.Run("no URL", func(t *testing.T) {
		_, err := Open(t.Context(), Options{URL: "nats://user:hunter2@127.0.0.1:x%", Node: "n"})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no JetStream", func(t *testing.T) {
		srv := external(t, t.TempDir(), -1, func(o *server.Options) { o.JetStream = false })
		if _, err := Open(t.Context(), overURL(t, srv, "n")); err == nil {
			t.Error("opened")
		} else {
			t.Log(err)
		}
	})
	t.Run("small messages only", func(t *testing.T) {
		srv := external(t, t.TempDir(), -1, func(o *server.Options) { o.MaxPayload = 64 << 10 })
		if _, err := Open(t.Context(), overURL(t, srv, "n")); err == nil || !strings.Contains(err.Error(), "max_payload") {
			t.Errorf("got %v", err)
		}
	})
}

// Who starts a node before its NATS sees at once what it waits for, once, and
// without the URL's password.
func TestExternalAwaited(t *testing.T) {
	var log logs.Log
	o := Options{URL: "nats://user:hunter2@127.0.0.1:1", Node: "n", Logger: log.Logger()}
	ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, o); err == nil {
		t.Fatal("opened without a server")
	}
	said := log.String()
	if strings.Count(said, "can't be reached yet") != 1 || strings.Contains(said, "hunter2") {
		t.Errorf("the log says %q", said)
	}
}

// An operator's replicas and the like stay as they are; the bound follows the options.
func TestExternalStreamIsFitted(t *testing.T) {
	srv := external(t, t.TempDir(), -1)
	o := overURL(t, srv, "n")
	s := open(t, o)
	keep(t, s.Put("k/1", []byte("v")))
	stream, err := s.link.js.Stream(t.Context(), s.link.stream)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.Description, config.MaxBytes = "the operator's", 1<<40
	if _, err := s.link.js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	o.MaxBytes = 1 << 20
	s = open(t, o)
	if stream, err = s.link.js.Stream(t.Context(), s.link.stream); err != nil {
		t.Fatal(err)
	}
	config = stream.CachedInfo().Config
	if config.Description != "the operator's" || config.MaxBytes >= 1<<30 || config.MaxBytes < 1<<20 {
		t.Errorf("got %q, %d bytes", config.Description, config.MaxBytes)
	}
	same(t, s, map[string]string{"k/1": "v"})
}

func TestTag(t *testing.T) {
	seen := make(map[string]string)
	for _, node := range []string{"", "a", "A", "a-b", "a.b", "ab", "a b", "node*", "node>", "ü", strings.Repeat("n", 300)} {
		got := tag(node)
		if got == "" || len(got) > 64 || strings.ContainsAny(got, ".*> -/\\") {
			t.Errorf("%q: %q", node, got)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%q and %q are both %q", node, other, got)
		}
		seen[got] = node
	}
}

// A server sets a stream's bound aside when the stream is made, though hardly any of it is
// ever used. One that has no room for that takes a node all the same, without the
// reservation, says so, and makes up for it once there is room.
func TestExternalWithoutRoomToReserve(t *testing.T) {
	dir := t.TempDir()
	reserved := func(s *Store) int64 {
		t.Helper()
		l := s.link
		stream, err := l.js.Stream(t.Context(), l.stream)
		if err != nil {
			t.Fatal(err)
		}
		return stream.CachedInfo().Config.MaxBytes
	}
	srv := external(t, dir, -1, room(6<<30))
	first, second := overURL(t, srv, "first"), overURL(t, srv, "second")
	s := open(t, first)
	if got := reserved(s); got != s.streamBound() {
		t.Errorf("the first node's stream is bounded by %d, want %d", got, s.streamBound())
	}
	log := new(logs.Log)
	second.Logger = log.Logger()
	other := open(t, second)
	if got := reserved(other); got > 0 {
		t.Errorf("the second node's stream is bounded by %d", got)
	}
	if said := log.String(); !strings.Contains(said, "max_file_store") || !strings.Contains(said, fmt.Sprint(other.streamBound())) {
		t.Errorf("the log says %q", said)
	}
	keep(t, other.Put("k/1", []byte("v")))
	same(t, other, map[string]string{"k/1": "v"})
	shut(t, other)

	// The first's bound grows beyond what there is: it keeps the one it has.
	before := reserved(s)
	shut(t, s)
	first.MaxBytes = 8 << 30
	s = open(t, first)
	if got := reserved(s); got != before {
		t.Errorf("the first node's stream is bounded by %d, want %d", got, before)
	}
	keep(t, s.Put("k/1", []byte("first")))
	shut(t, s)

	p := port(srv)
	srv.Shutdown()
	srv.WaitForShutdown()
	external(t, dir, p, room(1<<40))
	log.Reset()
	other = open(t, second)
	if got := reserved(other); got != other.streamBound() {
		t.Errorf("with room the second node's stream is bounded by %d, want %d", got, other.streamBound())
	}
	if said := log.String(); strings.Contains(said, "max_file_store") {
		t.Errorf("with room the log says %q", said)
	}
	same(t, other, map[string]string{"k/1": "v"})
}

// A server whose account asks for a bound, and that has no room for it, is an error that
// says what is missing.
func TestExternalThatWantsABoundWithoutRoom(t *testing.T) {
	srv := external(t, t.TempDir(), -1)
	account, err := srv.LookupAccount("$G")
	if err != nil {
		t.Fatal(err)
	}
	limits := map[string]server.JetStreamAccountLimits{"": {MaxMemory: -1, MaxStore: 1 << 30, MaxStreams: -1, MaxConsumers: -1, MaxBytesRequired: true}}
	if err := account.UpdateJetStreamLimits(limits); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), overURL(t, srv, "n"))
	if err == nil {
		_ = s.Close(t.Context())
		t.Fatal("opened")
	}
	if !strings.Contains(err.Error(), fmt.Sprint((&Store{options: Options{MaxBytes: defaultMaxBytes}}).streamBound())) || !strings.Contains(err.Error(), "max_file_store") {
		t.Errorf("got %q", err)
	}
}

// A server that is full refuses what is new and keeps what it has; with room it goes on.
func TestExternalFull(t *testing.T) {
	dir := t.TempDir()
	srv := external(t, dir, -1, room(4<<20))
	s := open(t, overURL(t, srv, "n"))
	want := make(map[string]string)
	var err error
	value := strings.Repeat("v", 10000)
	for i := 0; err == nil; i++ {
		key := fmt.Sprintf("k/%06d", i)
		if err = s.Put(key, []byte(value)).Wait(t.Context()); err == nil {
			want[key] = value
		}
	}
	if !errors.Is(err, store.ErrFull) {
		t.Errorf("after %d records: %v, want store.ErrFull", len(want), err)
	}
	if err := s.Health(); !errors.Is(err, store.ErrFull) {
		t.Errorf("health says %v, want store.ErrFull", err)
	}
	same(t, s, want)
	p := port(srv)
	srv.Shutdown()
	srv.WaitForShutdown()
	external(t, dir, p, room(1<<40))
	eventually(t, "healthy again", func() bool { return s.Health() == nil })
	keep(t, s.Put("k/again", []byte("v")))
	want["k/again"] = "v"
	same(t, s, want)
	consistent(t, s)
}

// A server that is full, and that nobody makes larger, heals once what is on record is
// done with: the log's front goes without a word being written first.
func TestExternalFullHealsByDeletes(t *testing.T) {
	srv := external(t, t.TempDir(), -1, room(4<<20))
	o := overURL(t, srv, "n")
	s := open(t, o)
	var keys []string
	var err error
	for err == nil {
		key := fmt.Sprintf("k/%06d", len(keys))
		if err = s.Put(key, make([]byte, 10000)).Wait(t.Context()); err == nil {
			keys = append(keys, key)
		}
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("after %d records: %v, want store.ErrFull", len(keys), err)
	}
	half := len(keys) / 2
	for _, key := range keys[:half] {
		if err := s.Delete(key).Wait(t.Context()); err != nil && !errors.Is(err, store.ErrFull) {
			t.Fatal(err)
		}
	}
	eventually(t, "healthy again", func() bool { return s.Health() == nil })
	want := make(map[string]string)
	for _, key := range keys[half:] {
		want[key] = string(make([]byte, 10000))
	}
	eventually(t, "the deletes made up for", func() bool { return len(storetest.Content(t, s)) == len(want) })
	same(t, s, want)
	keep(t, s.Put("k/again", []byte("v")))
	want["k/again"] = "v"
	consistent(t, s)
	shut(t, s)
	same(t, open(t, o), want)
}

// A node whose NATS is full starts all the same if what it has there is done with.
func TestExternalFullOfWhatIsDone(t *testing.T) {
	dir := t.TempDir()
	srv := external(t, dir, -1)
	o := overURL(t, srv, "n")
	s := open(t, o)
	var commits []store.Commit
	for i := range 300 {
		commits = append(commits, s.Put(fmt.Sprintf("k/%03d", i), make([]byte, 10000)))
	}
	for i := range 300 {
		commits = append(commits, s.Delete(fmt.Sprintf("k/%03d", i)))
	}
	for _, c := range commits {
		keep(t, c)
	}
	shut(t, s)
	p := port(srv)
	srv.Shutdown()
	srv.WaitForShutdown()
	external(t, dir, p, room(1<<20))
	s = open(t, o)
	keep(t, s.Put("k/again", []byte("v")))
	same(t, s, map[string]string{"k/again": "v"})
}

// A stream that keeps a smaller bound than the node's leaves as much to deletes and
// compaction as another: who has filled it may go on once it is done with something.
func TestExternalSmallerBoundLeavesRoomToDelete(t *testing.T) {
	srv := external(t, t.TempDir(), -1, room(40<<20))
	o := overURL(t, srv, "n")
	o.MaxBytes = 1 << 20
	shut(t, open(t, o))
	o.MaxBytes = 1 << 30
	s := open(t, o)
	var err error
	n := 0
	for ; err == nil; n++ {
		err = s.Put(fmt.Sprintf("k/%06d", n), make([]byte, 100000)).Wait(t.Context())
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("after %d records: %v, want store.ErrFull", n, err)
	}
	for i := range n - 1 {
		keep(t, s.Delete(fmt.Sprintf("k/%06d", i)))
	}
	eventually(t, "room again", func() bool { return s.Put("k/again", make([]byte, 100000)).Wait(t.Context()) == nil })
	eventually(t, "healthy again", func() bool { return s.Health() == nil })
}
