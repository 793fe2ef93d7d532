package gateway

import (
	"fmt"
	"testing"

	"gatepost/protocol"
)

func TestStatsWithoutWebhooks(t *testing.T) {
	f := newFixture(t)
	s, err := f.Stats(t.Context())
	if err != nil || s.Webhooks == nil || len(s.Webhooks) != 0 || len(s.Nodes) != 1 {
		t.Errorf("got %+v, %v", s, err)
	}
}

// An endpoint is the sum of what it is on the nodes, and its breaker is the worst.
func TestEndpointsAddUp(t *testing.T) {
	one := protocol.EndpointStats{Name: "main", URL: "u", Concurrency: 1, InFlight: 2, Waiting: 3, Delivered: 4, Failed: 5, Dead: 6}
	for _, tt := range []struct{ a, b, want string }{
		{"closed", "open", "open"}, {"open", "half-open", "open"}, {"half-open", "closed", "half-open"}, {"closed", "closed", "closed"},
	} {
		a, b := one, one
		a.Breaker, b.Breaker = tt.a, tt.b
		s := statsOf([]numbers{{Webhooks: []protocol.EndpointStats{a}}, {Webhooks: []protocol.EndpointStats{{Name: "other"}, b}}})
		want := fmt.Sprint([]protocol.EndpointStats{{Name: "main", URL: "u", Concurrency: 2, InFlight: 4, Waiting: 6,
			Delivered: 8, Failed: 10, Dead: 12, Breaker: tt.want}, {Name: "other"}})
		if got := fmt.Sprint(s.Webhooks); got != want {
			t.Errorf("%s and %s:\n got %s\nwant %s", tt.a, tt.b, got, want)
		}
	}
}
