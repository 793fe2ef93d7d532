package membership

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// mutation breaks a rule, to prove that the checker sees it.
type mutation struct {
	plan    func(*plan)
	noFence bool // takeovers read without one
	noToken bool // an append of unknown end is taken for done
	noLease bool // attempts begin without a lease
	early   bool // connects don't wait for their record
	noProof bool // nobody looks for a fence after a lapse
	forgets bool // claims aren't remembered over a loss
	anyList bool // a list may be older than the own key
	blind   bool // nobody heeds whom others have claimed
	claims  bool // a claim is written whatever the revision
	renews  bool // a renewal is written whatever the revision
}

// expected is under which sequence a write is made.
func (m *mutation) expected(p *process, op Op) uint64 {
	own := op.Key == p.key()
	if isIncarnation(op.Key) && (m.renews && own || m.claims && !own && op.Record.State == Claimed) {
		last, _ := p.w.nats.last(op.Key)
		return last.Revision
	}
	return op.Expected
}

// Processes die, leave, are stopped, are cut off and come back, under the same name or
// another, and NATS stands still, loses answers and all it knows: no two act for one
// client, each accepted one has one close in the end with everything before it, and who
// is well isn't claimed. WORLDS is how many are tried, others each time, SEED the only one.
func TestSimulation(t *testing.T) {
	worlds, first := 1500, uint64(1)
	if s := os.Getenv("WORLDS"); s != "" {
		worlds, _ = strconv.Atoi(s)
		first = rand.Uint64()
	}
	if s := os.Getenv("SEED"); s != "" {
		worlds = 1
		first, _ = strconv.ParseUint(s, 10, 64)
	}
	for i := range worlds {
		if w := live(first+uint64(i), mutation{}, false); w.failure != "" {
			w = live(first+uint64(i), mutation{}, true)
			t.Fatalf("seed %d: %s\n%s", first+uint64(i), w.failure, w.tale())
		}
	}
}

func undone(p *plan) { p.losses, p.undone, p.natsIll = true, true, false }

// A checker that finds nothing proves nothing: each broken rule must be found.
func TestMutations(t *testing.T) {
	mutations := map[string]mutation{
		"a lease longer than the silence":           {plan: func(p *plan) { p.timing.Lease = p.timing.Silence + 2*time.Second }},
		"silence through gaps of the own renewals":  {plan: func(p *plan) { p.timing.Gap = time.Hour }},
		"claims are not remembered":                 {forgets: true, plan: undone},
		"attempts without a lease":                  {noLease: true},
		"connects before their record":              {early: true},
		"takeovers without a fence":                 {noFence: true},
		"appends of unknown end taken for done":     {noToken: true},
		"no proof after a lapse":                    {noProof: true, plan: func(p *plan) { undone(p); p.copied = true }},
		"lists of lagging replicas":                 {anyList: true, plan: func(p *plan) { p.crowded, p.natsIll = true, false }},
		"back after a loss at once without a lease": {plan: func(p *plan) { undone(p); p.timing.Return = 0 }},
		"claims without a revision":                 {claims: true},
		"renewals without a revision":               {renews: true},
		"claims of a claimant that is over stand":   {blind: true},
	}
	for name, m := range mutations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(4000) {
				if w := live(seed, m, false); w.failure != "" {
					t.Logf("seed %d: %s", seed, w.failure)
					return
				}
			}
			t.Error("nobody saw it")
		})
	}
}
