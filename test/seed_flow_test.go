package test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatepost/test/harness"
)

// A page connects, learns its client_id from the first frame and hands it to a
// backend over ordinary HTTP; the backend binds it, joins it to a group, and
// pushes to the group and to the uid. No webhook takes part.
func TestPageHandsItsClientIDToABackend(t *testing.T) {
	t.Parallel()
	node := harness.Start(t, nil)
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var login struct {
			ClientID string `json:"client_id"`
			User     int
		}
		if err := json.NewDecoder(r.Body).Decode(&login); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		api := node.API(t, fmt.Sprintf("bind:uid:%d group:room-* push:uid:%d push:group:room-*", login.User, login.User))
		for _, call := range [][2]string{
			{"/bind", fmt.Sprintf(`{"client_id":%q,"uid":%d}`, login.ClientID, login.User)},
			{"/groups/room-1/join", fmt.Sprintf(`{"client_id":%q}`, login.ClientID)},
			{"/push/groups/room-1", `{"type":"joined","user":42}`},
			{"/push/uids/42", `{"type":"hello"}`},
		} {
			if answer := api.Do("POST", call[0], call[1]); answer.Status != http.StatusOK {
				http.Error(w, call[0]+": "+string(answer.Body), http.StatusInternalServerError)
				return
			}
		}
	}))
	defer application.Close()

	page := node.Connect(t, harness.Dial{Header: http.Header{"Origin": {"http://" + node.Addr}}})
	resp, err := http.Post(application.URL+"/login", "application/json", strings.NewReader(fmt.Sprintf(`{"client_id":%q,"user":42}`, page.ID)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("the backend answers %d: %s", resp.StatusCode, body)
	}
	page.WantText(t, `{"type":"joined","user":42}`)
	page.WantText(t, `{"type":"hello"}`)
	r := node.API(t, "read").Want(200, "", "GET", "/clients/"+page.ID, "")
	if got := string(r.Body); !strings.Contains(got, `"uid":"42","groups":["room-1"]`) {
		t.Errorf("the client is %s", got)
	}
}
