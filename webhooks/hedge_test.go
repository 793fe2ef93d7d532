package webhooks

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
	"gatepost/test/counted"
)

// A backend that is merely slow gets each connect once, whether all or some take more than
// half of the time-out, and keeps its connections. It isn't known to be slow at first.
func TestSlowBackendGetsConnectsOnce(t *testing.T) {
	for _, tt := range []struct {
		name    string
		quick   int // connects before the first slow one
		atOnce  int
		doubled int // at most
	}{
		{"always slow", 0, 1, 0}, {"slow all of a sudden", 3, 1, 1}, {"many at once", 30, 30, 16}, {"many, always", 0, 30, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var requests, running, most atomic.Int32
				r, l := overLossy(t, "http", Endpoint{Timeout: 2 * time.Second}, func(w http.ResponseWriter, _ got) {
					most.Store(max(most.Load(), running.Add(1)))
					defer running.Add(-1)
					time.Sleep(10 * time.Millisecond)
					if requests.Add(1) > int32(tt.quick) {
						time.Sleep(1200 * time.Millisecond)
					}
					_, _ = io.WriteString(w, "{}")
				})
				n := 0
				connect := func(many int) {
					var all sync.WaitGroup
					for range many {
						n++
						ev := from(event(protocol.Connect, fmt.Sprint("c", n), 0), fmt.Sprint("192.0.2.", n%250), "")
						all.Go(func() {
							if o := r.deliver(ev); o.Verdict != protocol.Delivered {
								t.Errorf("%+v", o)
							}
						})
					}
					all.Wait()
				}
				connect(tt.quick)
				for range 5 {
					connect(tt.atOnce)
				}
				if more := int(requests.Load()) - n; more > tt.doubled || int(most.Load()) > max(tt.atOnce, tt.quick)+tt.doubled {
					t.Errorf("%d of %d connects were sent twice, and %d were there at once; want %d at most", more, n, most.Load(), tt.doubled)
				}
				if dials := int(l.dials.Load()); dials > max(tt.atOnce, tt.quick)+tt.doubled+2 { // net/http dials a few for nothing
					t.Errorf("%d connections were opened", dials)
				}
			})
		})
	}
}

// A slow backend's silent connections cost a connect no more than seven eighths.
func TestSlowBackendThatDiedWithoutAWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := true
		r, l := overLossy(t, "http", Endpoint{Timeout: 2 * time.Second}, func(w http.ResponseWriter, _ got) {
			if slow {
				time.Sleep(1200 * time.Millisecond)
			}
			_, _ = io.WriteString(w, "{}")
		})
		r.deliver(event(protocol.Connect, "c1", 0))
		slow = false
		l.lose()
		began := time.Now()
		if o := r.deliver(event(protocol.Connect, "c2", 0)); o.Verdict != protocol.Delivered || time.Since(began) != 1750*time.Millisecond {
			t.Errorf("%+v after %v", o, time.Since(began))
		}
		if n := counted.Of(t, r.reg, "gatepost_webhook_resent_total")["main,silent"]; n != 1 {
			t.Errorf("%v are counted as sent twice", n)
		}
	})
}

// A kept connection that is closed when the connect was sent over a second one already
// doesn't have it sent a third time.
func TestNoConnectIsSentThreeTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var connects atomic.Int32
		r, l := overLossy(t, "http", Endpoint{Timeout: 2 * time.Second}, func(w http.ResponseWriter, g got) {
			if g.event.Type == string(protocol.Connect) {
				switch connects.Add(1) {
				case 1:
					time.Sleep(1200 * time.Millisecond)
					panic(http.ErrAbortHandler)
				case 2:
					time.Sleep(500 * time.Millisecond)
				}
			}
			_, _ = io.WriteString(w, "{}")
		})
		warm(r, 1)
		began := time.Now()
		o := r.deliver(event(protocol.Connect, "c1", 0))
		if took := time.Since(began); o.Verdict != protocol.Delivered || took != 1500*time.Millisecond {
			t.Errorf("%+v after %v", o, took)
		}
		if n, dials := connects.Load(), l.dials.Load(); n != 2 || dials != 2 {
			t.Errorf("sent %d times, over %d connections", n, dials)
		}
	})
}
