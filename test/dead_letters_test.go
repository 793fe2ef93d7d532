package test

import (
	"net/http"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// A message that the backend turned down for good is a dead letter: listed, shown,
// replayed once the backend is well, its reply carried out, or dropped.
func TestDeadLetterCalls(t *testing.T) {
	t.Parallel()
	well := make(chan struct{})
	backend := harness.NewBackend(t, func(d *harness.Delivery) harness.Answer {
		select {
		case <-well:
			return echo(d)
		default:
			if d.Event.Type == "message" {
				return harness.Status(422)
			}
			return harness.Answer{}
		}
	})
	node := harness.Start(t, backend.Env(nil))
	api := node.API(t, "admin")
	c := node.Connect(t, harness.Dial{Header: http.Header{"Cookie": {"session=secret"}}})
	for _, text := range []string{"one", "two", "three"} {
		c.Send(t, text)
	}
	type letter struct {
		ID, Type, Endpoint string
		ClientID           string `json:"client_id"`
		DiedAt             string `json:"died_at"`
		Attempts           []struct {
			At     string
			Status int
			Error  string
		}
		Event harness.Event
	}
	type list struct {
		Events []letter
		Cursor *string
	}
	var dead list
	wait.For(t, "three messages are dead", func() bool {
		dead = decode[list](t, api.Want(200, "", "GET", "/events/dead", "").Body)
		return len(dead.Events) == 3
	})
	first := dead.Events[0]
	if first.Type != "message" || first.ClientID != c.ID || first.DiedAt == "" || len(first.Attempts) != 1 || first.Attempts[0].Status != 422 {
		t.Errorf("the first letter is %+v", first)
	}
	whole := decode[letter](t, api.Want(200, "", "GET", "/events/dead/"+first.ID, "").Body)
	if text := whole.Event.Text(); text == "" {
		t.Errorf("a whole letter has no message: %+v", whole)
	}
	page := decode[list](t, api.Want(200, "", "GET", "/events/dead?limit=2", "").Body)
	if len(page.Events) != 2 || page.Cursor == nil {
		t.Errorf("a page of two has %d letters and cursor %v", len(page.Events), page.Cursor)
	}
	api.WantProblem(404, "not_found", "GET", "/events/dead/evt_nobody_1", "")
	api.Want(200, "", "DELETE", "/events/dead/"+first.ID, "")
	api.WantProblem(404, "not_found", "DELETE", "/events/dead/"+first.ID, "")

	close(well)
	api.Want(202, `{"replayed":1}`, "POST", "/events/dead/replay", `{"ids":["`+dead.Events[1].ID+`"]}`)
	c.WantText(t, textOf(t, backend, dead.Events[1].ID))
	api.Want(202, `{"replayed":1}`, "POST", "/events/dead/replay", `{"all":true}`)
	c.WantText(t, textOf(t, backend, dead.Events[2].ID))
	wait.For(t, "no letter is left", func() bool {
		return harness.SameJSON(api.Do("GET", "/events/dead", "").Body, []byte(`{"events":[],"cursor":null}`))
	})
}

// textOf is the text of the message event with this id.
func textOf(t *testing.T, backend *harness.Backend, id string) string {
	t.Helper()
	return backend.Await(t, 1, func(d *harness.Delivery) bool { return d.Event.ID == id })[0].Event.Text()
}
