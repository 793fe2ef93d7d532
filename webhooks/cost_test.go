package webhooks

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/protocol"
)

// plainBackend answers requests, always so, without allocating: what is counted is the
// dispatcher's.
type plainBackend struct {
	listener net.Listener
	conns    sync.WaitGroup
	answer   []byte
}

const pong = `{"reply":"pong"}`

func startPlainBackend(t testing.TB, reply string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &plainBackend{listener: l, answer: []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(reply)) + "\r\n\r\n" + reply)}
	b.conns.Go(b.serve)
	t.Cleanup(func() {
		_ = l.Close()
		b.conns.Wait()
	})
	return "http://" + l.Addr().String() + "/"
}

func (b *plainBackend) serve() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.conns.Go(func() { b.answerAll(conn) })
	}
}

// answerAll takes each read for one request, as those on loopback are that were written
// in one piece.
func (b *plainBackend) answerAll(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	room := make([]byte, 16<<10)
	for {
		if _, err := conn.Read(room); err != nil {
			return
		}
		if _, err := conn.Write(b.answer); err != nil {
			return
		}
	}
}

func dispatcherFor(t testing.TB, url string, batch int) *Dispatcher {
	t.Helper()
	d, err := New(Config{Endpoints: []Endpoint{{Name: "b", URL: url, Signer: sealed("v1,c2lnbmF0dXJl"), Batch: batch}}}, discard(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// sealed stands for a signature: what signing costs is auth's.
type sealed string

func (s sealed) Sign(string, time.Time, []byte) string { return string(s) }

// mostAllocations is what a round trip may allocate. More than half of it is net/http's,
// see BenchmarkFloor.
const mostAllocations = 90

func TestARoundTripAllocatesLittle(t *testing.T) {
	d := dispatcherFor(t, startPlainBackend(t, pong), 1)
	ev := event(protocol.Inbound, "c1", 1)
	n := testing.AllocsPerRun(200, func() {
		if o := d.Deliver(t.Context(), "/", "", ev); o.Verdict != protocol.Delivered || o.Reply.Message == nil {
			t.Fatalf("outcome %+v", o)
		}
	})
	t.Logf("%v allocations", n)
	if n > mostAllocations {
		t.Errorf("%v allocations, %d are the most", n, mostAllocations)
	}
}

// mostInBatch is what an event in a batch may allocate, its part of the POST included,
// and of the one that the first event makes.
const mostInBatch = 20

func TestAnEventInABatchAllocatesLittle(t *testing.T) {
	const batch = 20
	var (
		events  [1 + batch]*protocol.Event // the first finds nothing under way, and goes alone
		begin   [1 + batch]chan struct{}
		replies []string
		done    sync.WaitGroup
	)
	for i := range events {
		events[i], begin[i] = event(protocol.Inbound, "c"+strconv.Itoa(i), 1), make(chan struct{})
		replies = append(replies, strconv.Quote(events[i].ID)+":"+pong)
	}
	d := dispatcherFor(t, startPlainBackend(t, `{"replies":{`+strings.Join(replies, ",")+`}}`), batch)
	for i, ev := range events {
		go func() {
			for range begin[i] {
				if o := d.Deliver(t.Context(), "/", "", ev); o.Verdict != protocol.Delivered {
					t.Errorf("outcome %+v", o)
				}
				done.Done()
			}
		}()
		defer close(begin[i])
	}
	n := testing.AllocsPerRun(100, func() {
		done.Add(len(begin))
		for _, b := range begin {
			b <- struct{}{}
		}
		done.Wait()
	}) / float64(len(events))
	t.Logf("%v allocations", n)
	if n > mostInBatch {
		t.Errorf("%v allocations, %d are the most", n, mostInBatch)
	}
}

// BenchmarkRoundTrip is one event after the other, against a backend that costs next
// to nothing; BenchmarkFloor is the same POST by net/http alone.
func BenchmarkRoundTrip(b *testing.B) {
	d := dispatcherFor(b, startPlainBackend(b, pong), 1)
	ev := event(protocol.Inbound, "c1", 1)
	b.ReportAllocs()
	for b.Loop() {
		if o := d.Deliver(b.Context(), "/", "", ev); o.Verdict != protocol.Delivered {
			b.Fatalf("outcome %+v", o)
		}
	}
}

func BenchmarkFloor(b *testing.B) {
	d := dispatcherFor(b, startPlainBackend(b, pong), 1)
	c := d.endpoints[0].courier
	j, err := d.endpoints[0].newJob(event(protocol.Inbound, "c1", 1), "/", "")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, d.endpoints[0].URL, bytes.NewReader(j.body))
		if err != nil {
			b.Fatal(err)
		}
		req.Header = c.seal(&j.parcel, 1)
		resp, err := c.transport.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

// mostOfAJob is the size class of the allocator's that a job fills: a field more takes 32
// bytes more for each event that waits.
const mostOfAJob = 384

func TestAJobIsSmall(t *testing.T) {
	if size := reflect.TypeFor[job]().Size(); size > mostOfAJob {
		t.Errorf("%d bytes, %d are the most", size, mostOfAJob)
	}
}
