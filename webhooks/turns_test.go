package webhooks

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

// What ends the waiting of a message is seen within stretchEvery, and at once where it
// is known beforehand or concerns all that wait.
func TestWaitingEndsSoonAfterItsReason(t *testing.T) {
	lost := errors.New("nobody cares any more")
	const after = 30 * time.Millisecond
	for name, tt := range map[string]struct {
		within time.Duration
		end    func(r *rig, cancel context.CancelCauseFunc)
		want   protocol.Verdict
	}{
		"its caller has lost interest": {stretchEvery, func(_ *rig, cancel context.CancelCauseFunc) { cancel(lost) }, protocol.Aborted},
		"the gateway stops":            {0, func(r *rig, _ context.CancelCauseFunc) { r.halt() }, protocol.Aborted},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := inBubble(t, Endpoint{Concurrency: 1}, func(http.ResponseWriter, got) { time.Sleep(time.Second) })
				go r.deliver(event(protocol.Inbound, "c1", 1))
				synctest.Wait()
				ctx, cancel := context.WithCancelCause(t.Context())
				began := time.Now()
				time.AfterFunc(after, func() { tt.end(r, cancel) })
				out := r.Deliver(ctx, "/ws", "", event(protocol.Inbound, "c2", 1))
				if took := time.Since(began); out.Verdict != tt.want || took < after || took > after+tt.within {
					t.Errorf("%v after %v", out.Verdict, took)
				}
			})
		})
	}
}

// A batch takes nobody along whose caller has lost interest, though it may not know yet.
func TestABatchLeavesBehindWhatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := inBubble(t, Endpoint{Concurrency: 1, Batch: 10}, blocking(release, status(200)))
		go r.deliver(event(protocol.Close, "blocker", 9))
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		lost := make(chan protocol.Verdict)
		go r.deliver(event(protocol.Inbound, "leader", 1))
		synctest.Wait()
		go r.deliver(event(protocol.Inbound, "rider", 1))
		synctest.Wait()
		go func() { lost <- r.Deliver(ctx, "/ws", "", event(protocol.Inbound, "lost", 1)).Verdict }()
		synctest.Wait()
		cancel()
		close(release)
		if v := <-lost; v != protocol.Aborted {
			t.Errorf("the verdict is %v", v)
		}
		requests := r.back.requests()
		if len(requests) != 2 || len(requests[1].event.Data.Events) != 2 || bytes.Contains(requests[1].body, []byte("lost")) {
			t.Errorf("%d requests, the last one %s", len(requests), requests[len(requests)-1].body)
		}
	})
}
