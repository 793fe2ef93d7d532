package gateway

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"gatepost/protocol"
	"gatepost/test/wait"
)

// Whoever connects is followed until his events are finished and no longer, however his
// connect ends: accepted, refused, given up or hung up on meanwhile,
// overtaken by the node's end.
func TestNobodyIsFollowedForEver(t *testing.T) {
	back := newApplication(t)
	m := newMember(t, "a", back, nil)
	back.answers(func(ev *protocol.Event) int {
		if ev.Type != protocol.Connect {
			return 200
		}
		time.Sleep(50 * time.Millisecond) // the backend thinks, while other things happen
		return map[string]int{"accepted": 200, "refused": 403, "impatient": 200, "gone": 200}[*ev.Data.UID]
	})
	connects := func() {
		var all sync.WaitGroup
		for _, uid := range []string{"accepted", "refused", "impatient", "gone"} {
			all.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				switch uid {
				case "impatient":
					time.AfterFunc(20*time.Millisecond, cancel)
				case "gone":
					cancel()
				}
				a, err := m.Connect(ctx, &protocol.Handshake{UID: uid})
				var refusal *protocol.Refusal
				switch {
				case err == nil:
					m.Message(a.Client, text("x"))
					m.Closed(a.Client, gone) // as if the upgrade had failed
				case !errors.As(err, &refusal):
					t.Errorf("%s: %v", uid, err)
				}
			})
		}
		all.Wait()
	}
	followed := func() (n int) {
		m.unfinished.mu.Lock()
		defer m.unfinished.mu.Unlock()
		return len(m.unfinished.begun) + len(m.unfinished.left) + len(m.unfinished.more)
	}
	finished := func() bool { return m.clients.len() == 0 && followed() == 0 && m.records() == 0 }

	connects()
	wait.For(t, "nobody followed", finished)

	connecting := make(chan struct{})
	go func() { defer close(connecting); connects() }()
	wait.For(t, "some to be followed", func() bool { return followed() > 0 })
	for running := true; running; {
		select {
		case <-connecting:
			running = false
		default:
			var ids []string
			for _, c := range m.copies() {
				ids = append(ids, c.ClientID)
			}
			if err := m.GiveUp(t.Context(), ids); err != nil {
				t.Fatal(err)
			}
		}
	}
	wait.For(t, "nobody followed behind giving up", finished)

	connecting = make(chan struct{})
	go func() { defer close(connecting); connects() }()
	wait.For(t, "some to be followed", func() bool { return followed() > 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := m.Drain(ctx, 0); err != nil {
		t.Fatal(err)
	}
	<-connecting
	wait.For(t, "nobody followed behind the drain", func() bool { return m.clients.len() == 0 && followed() == 0 })
}
