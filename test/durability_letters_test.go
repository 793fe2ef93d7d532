package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// What a backend turns down for good is a dead letter at once, outlives the node
// however that ends, and is delivered when it is replayed, over the API or by
// command; what it doesn't concern goes on.
func TestDeadLettersOutliveTheNode(t *testing.T) {
	t.Parallel()
	refusing := func(d *harness.Delivery) harness.Answer {
		switch {
		case strings.HasPrefix(d.Event.Text(), "bad"):
			return harness.Status(400)
		case strings.HasPrefix(d.Event.Text(), "gone"), d.Event.Type == "close" && d.Event.UID() == "tom":
			return harness.Answer{Status: 410, Body: "no such room"}
		}
		return echo(d)
	}
	for name, end := range map[string]func(*testing.T, *harness.Node){
		"at a drain": stop,
		"at a kill":  func(t *testing.T, node *harness.Node) { journalWritten(t, node); node.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := harness.NewBackend(t, refusing)
			node := harness.Start(t, backend.Env(nil))
			tom := node.Connect(t, harness.Dial{Path: "/ws?token=" + harness.ClientToken(t, "tom", nil)})
			for _, text := range []string{"bad 1", "gone 1", "bad 2", "gone 2", "fine"} {
				tom.Send(t, text)
			}
			tom.WantText(t, "fine")
			tom.Leave(t, 1000, "")
			wait.For(t, "five letters are dead", func() bool { return len(deadTries(t, node)) == 5 })
			for _, letter := range deadTries(t, node) {
				if n := len(letter.Attempts); n != 1 || letter.Attempts[0].Status != 400 && letter.Attempts[0].Status != 410 {
					t.Errorf("a letter had the attempts %+v", letter.Attempts)
				}
			}
			end(t, node)

			next := node.Restart(t, nil)
			dead := deadTries(t, next)
			if len(dead) != 5 {
				t.Fatalf("%d of 5 letters are there after the restart", len(dead))
			}
			if whole := string(next.API(t, "admin").Want(200, "", "GET", "/events/dead/"+dead[1].ID, "").Body); !strings.Contains(whole, "tom") {
				t.Errorf("a letter is shown as %s", whole)
			}
			// The backend still refuses: replayed letters die again.
			next.API(t, "admin").Want(202, `{"replayed":1}`, "POST", "/events/dead/replay", `{"ids":["`+dead[0].ID+`"]}`)
			backend.Await(t, 2, func(d *harness.Delivery) bool { return d.Event.ID == dead[0].ID })

			before := len(backend.Received(everything))
			backend.Script(echo)
			wait.For(t, "the letter is dead again, and replayed again", func() bool {
				r := next.API(t, "admin").Want(202, "", "POST", "/events/dead/replay", `{"ids":["`+dead[0].ID+`"]}`)
				return harness.SameJSON(r.Body, []byte(`{"replayed":1}`))
			})
			wait.For(t, "the letter is gone", func() bool { return len(deadTries(t, next)) == 4 })
			env := harness.Env{"GATEPOST_URL": "http://" + next.Addr, "GATEPOST_SECRET": harness.Secret}
			if out, errs, status := harness.Command(t, env, "dead", "replay", "--all"); status != 0 || !strings.Contains(out+errs, "4") {
				t.Errorf("gatepost dead replay: %d: %s%s", status, out, errs)
			}
			wait.For(t, "no letter is left", func() bool { return len(deadTries(t, next)) == 0 })
			var replayed []string
			for _, d := range backend.Received(everything)[before:] {
				if d.Event.Data.ClientID == tom.ID {
					replayed = append(replayed, fmt.Sprint(d.Event.Type, " ", d.Event.Text()))
				}
			}
			if len(replayed) != 5 || !slices.Equal(replayed[1:], without([]string{"message bad 1", "message gone 1", "message bad 2", "message gone 2", "close "}, replayed[0])) {
				t.Errorf("what was replayed is %q", replayed)
			}
			stop(t, next)
			last := next.Restart(t, nil)
			if dead := deadTries(t, last); len(dead) != 0 {
				t.Errorf("%d letters are back", len(dead))
			}
		})
	}
}

// without is the list without one of its texts.
func without(list []string, text string) []string {
	return slices.DeleteFunc(list, func(other string) bool { return other == text })
}

// A node that is killed while closes become dead letters tells of each client's end
// once: what is a letter doesn't come again at the next start.
func TestKillWhileClosesDie(t *testing.T) {
	t.Parallel()
	const crowd, rounds = 300, 5
	for round := range rounds {
		backend := harness.NewBackend(t, nil)
		node := harness.Start(t, backend.Env(nil))
		clients := node.Crowd(t, crowd, nil)
		journalWritten(t, node)
		backend.Script(func(d *harness.Delivery) harness.Answer {
			if d.Event.Type == "close" {
				return harness.Status(410)
			}
			return harness.Answer{}
		})
		for _, c := range clients {
			go c.Cut()
		}
		backend.Await(t, (round+1)*crowd/(rounds+2), func(d *harness.Delivery) bool { return d.Event.Type == "close" })
		node.Kill()

		backend.Down() // waits for what the dead node has sent still
		backend.Script(nil)
		before := len(backend.Received(everything))
		backend.Up(t)
		next := node.Restart(t, nil)
		ends := map[string]string{}
		for _, letter := range deadTries(t, next) {
			ends[letter.ClientID] = "a dead letter"
		}
		letters := len(ends)
		awaitSettled := func() bool {
			return next.Metric(t, "gatepost_outbox_events") == 0 && next.Metric(t, "gatepost_events_waiting") == 0
		}
		wait.For(t, "all is delivered", awaitSettled)
		for _, d := range backend.Received(everything)[before:] {
			if d.Event.Type != "close" {
				continue
			}
			if how := ends[d.Event.Data.ClientID]; how != "" {
				t.Errorf("the close of a client is %s and was delivered: %s", how, d.Event.Data.Close.Initiator)
			}
			ends[d.Event.Data.ClientID] = "delivered"
		}
		for i, c := range clients {
			if ends[c.ID] == "" {
				t.Errorf("client %d has no end", i)
			}
		}
		t.Logf("%d letters, %d closes delivered at the next start", letters, len(ends)-letters)
		stop(t, next)
	}
}
