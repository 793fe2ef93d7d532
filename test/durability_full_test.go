package test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A disk that fills up at a random moment while clients come, send and leave, and has
// room again: each client's events come, in order and complete. SEEDS=30 is how many
// rounds there are.
func TestDiskFullAtRandomMoments(t *testing.T) {
	t.Parallel()
	rounds := 8
	if n, err := strconv.Atoi(os.Getenv("SEEDS")); err == nil {
		rounds = n
	} else if testing.Short() {
		rounds = 3
	}
	for _, durable := range []string{"close", "all"} {
		t.Run(durable, func(t *testing.T) {
			t.Parallel()
			dir := smallDisk(t, "32m")
			backend := harness.NewBackend(t, echo)
			node := harness.Start(t, backend.Env(harness.Env{
				"GATEPOST_DATA_DIR": filepath.Join(dir, "data"), "GATEPOST_DURABLE": durable, "GATEPOST_CLIENT_RATE": "0"}))
			sent := map[string][]string{}
			for round := range rounds {
				clients := node.Crowd(t, 8, nil)
				moment, empty := rand.N(40), func() {}
				for i := range 40 {
					if i == moment {
						empty = fill(t, dir)
					}
					for _, c := range clients {
						text := fmt.Sprintf("round %d message %d", round, i)
						c.Send(t, text)
						sent[c.ID] = append(sent[c.ID], text)
					}
				}
				for _, c := range clients[:4] {
					c.Leave(t, 1000, "")
				}
				for _, c := range clients[4:] {
					for range 40 {
						c.Text(t)
					}
				}
				time.Sleep(rand.N(200 * time.Millisecond)) // the moment is what is tested
				empty()
				for _, c := range clients[4:] {
					c.Cut()
				}
				wait.For(t, "the node takes clients again", func() bool {
					c, err := node.TryConnect(t, harness.Dial{})
					if refused := (*harness.Refused)(nil); err != nil && !errors.As(err, &refused) {
						t.Fatal(err)
					}
					if err == nil {
						c.Cut()
					}
					return err == nil
				})
			}
			outboxEmpty(t, node)
			told := historyOf(t, backend)
			for id, want := range sent {
				if got := told.texts(id); !slices.Equal(got, want) {
					t.Errorf("%s: %d of %d messages came", id, len(got), len(want))
				}
				if told.closed(id) == nil {
					t.Errorf("%s has no close", id)
				}
			}
		})
	}
}
