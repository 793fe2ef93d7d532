package webhooks

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/protocol"
)

func TestTrust(t *testing.T) {
	tests := []struct {
		name                    string
		most, value             int
		held, slow, doubt, hang int // of messages: not slow, slow, not slow and doubted, suspects of these
		of                      kind
		want                    trust
		left                    int
	}{
		{"all is well", 64, 8, 3, 0, 0, 0, firstTry, open, 0},
		{"new clients leave room for known ones", 64, 8, 5, 0, 5, 0, newcomer, shut, 0},
		{"which is theirs", 64, 8, 5, 0, 5, 0, firstTry, open, 0},
		{"nobody hangs", 64, 64, 41, 0, 41, 0, newcomer, open, 0},
		{"few hang", 64, 64, 10, 10, 10, 0, newcomer, open, 0},
		{"half may hang", 64, 64, 14, 10, 14, 0, newcomer, paced, 18},
		{"nearly all may hang", 64, 64, 20, 22, 20, 0, newcomer, shut, 0},
		{"half hang", 64, 64, 0, 24, 0, 0, suspect, shut, 0},
		{"or begin to", 64, 64, 4, 20, 4, 4, suspect, shut, 0},
		{"fewer than half", 64, 64, 4, 19, 4, 4, suspect, open, 0},
		{"many hang", 64, 64, 0, 36, 0, 0, firstTry, paced, 12},
		{"all hang", 64, 64, 4, 44, 4, 0, firstTry, shut, 0},
		{"too few slots for rules", 3, 3, 1, 1, 1, 0, newcomer, open, 0},
		{"but not for a bound", 3, 3, 2, 1, 2, 0, firstTry, shut, 0},
	}
	for _, tt := range tests {
		s := newSlots(newLimit(tt.most, 0))
		s.limit.value, s.slow, s.doubted, s.suspects = tt.value, tt.slow, tt.doubt, tt.hang
		s.queue[messages].held = tt.held
		if got, left := s.trusts(tt.of); got != tt.want || left != tt.left {
			t.Errorf("%s: %v with %d left, want %v with %d", tt.name, got, left, tt.want, tt.left)
		}
	}
}

// What is paced doesn't run out within a time-out, if all of it hangs; and what
// comes back soon isn't held up.
func TestPace(t *testing.T) {
	const step = time.Second
	var p pace
	now := time.Unix(1e9, 0)
	given := 0
	for range 100 { // 10 s
		for p.admits(step, time.Minute, now) {
			p.spend(step, now)
			given++
		}
		now = now.Add(step / 10)
	}
	if given != 10 {
		t.Errorf("%d given to those that waited for long, in 10 steps", given)
	}
	now, given = now.Add(time.Minute), 0
	for p.admits(step, 0, now) {
		p.spend(step, now)
		given++
	}
	if given != paceBurst {
		t.Errorf("%d given at once to those that have just come", given)
	}
	for range 1000 {
		p.refund(step)
		if !p.admits(step, 0, now) {
			t.Fatal("a slot that came back isn't given out again")
		}
		p.spend(step, now)
	}
}

// Clients whose every message takes long, while others' are soon answered, have
// half of the slots for messages between them.
func TestSlowClientsHaveHalf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const takes, clients, lasting = 2 * time.Second, 100, time.Minute
		r := inBubble(t, Endpoint{}, func(_ http.ResponseWriter, g got) {
			if strings.HasPrefix(g.event.Data.ClientID, "slow") {
				time.Sleep(takes)
				return
			}
			time.Sleep(5 * time.Millisecond)
		})
		var all sync.WaitGroup
		var mu sync.Mutex
		done := 0
		end := time.Now().Add(lasting)
		for i := range clients {
			all.Go(func() {
				for seq := uint64(1); time.Now().Before(end); seq++ {
					r.deliver(from(event(protocol.Inbound, fmt.Sprint("slow", i), seq), fmt.Sprint("203.0.113.", i), ""))
					mu.Lock()
					done++
					mu.Unlock()
				}
			})
		}
		took := latencies(r, 10, lasting)
		all.Wait()
		if p99 := took[len(took)*99/100]; p99 > 20*time.Millisecond {
			t.Errorf("p99 of %d others is %v", len(took), p99)
		}
		// 24 slots, and some time to find out who is slow.
		if least := 20 * int(lasting/takes); done < least {
			t.Errorf("%d slow messages in %v, want %d", done, lasting, least)
		}
	})
}

// Where no message is ever answered soon, nobody counts as slow.
func TestASlowBackendHasNoSuspects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const takes, lasting = time.Second, time.Minute
		r := inBubble(t, Endpoint{}, func(http.ResponseWriter, got) { time.Sleep(takes) })
		var all sync.WaitGroup
		var mu sync.Mutex
		done := 0
		end := time.Now().Add(lasting)
		for i := range 200 {
			all.Go(func() {
				for seq := uint64(1); time.Now().Before(end); seq++ {
					r.deliver(from(event(protocol.Inbound, fmt.Sprint("c", i), seq), fmt.Sprint("203.0.113.", i), ""))
					mu.Lock()
					done++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if least := 40 * int(lasting/takes); done < least {
			t.Errorf("%d messages in %v, want %d", done, lasting, least)
		}
	})
}
