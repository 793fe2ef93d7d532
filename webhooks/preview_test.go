package webhooks

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatepost/protocol"
)

func TestPreview(t *testing.T) {
	tests := []struct {
		t        protocol.EventType
		answer   func(http.ResponseWriter, got)
		accepted bool
		reply    bool
		fault    string
	}{
		{protocol.Inbound, body(200, `{"reply":"hi"}`), true, true, ""},
		{protocol.Inbound, body(200, `<b>Fatal error</b>`), true, false, "display_errors"},
		{protocol.Connect, body(200, `<b>Fatal error</b>`), false, false, "display_errors"},
		{protocol.Connect, body(403, `no`), false, false, "answered 403"},
		{protocol.Close, status(503), false, false, "answered 503"},
		{protocol.Close, func(http.ResponseWriter, got) { panic(http.ErrAbortHandler) }, false, false, "closed the connection"},
	}
	for _, tt := range tests {
		back := &backend{answer: tt.answer}
		srv := httptest.NewServer(back)
		u := strings.Replace(srv.URL, "http://", "http://me:hush@", 1) + "/hook?key=hush"
		x, err := Preview(t.Context(), Endpoint{Name: "cli", URL: u, Signer: keys{newKey(t, 1)}, Headers: map[string]string{"Cookie": "hush"}}, event(tt.t, "c1", 1))
		srv.Close()
		if err != nil {
			t.Fatal(err)
		}
		if x.Accepted != tt.accepted || (x.Reply != nil) != tt.reply || !strings.Contains(x.Fault, tt.fault) || tt.fault == "" && x.Fault != "" {
			t.Errorf("%s: %+v", tt.t, x)
		}
		seen := back.requests()
		if len(seen) != 1 {
			t.Fatalf("%d attempts", len(seen))
		}
		if err := newKey(t, 1).Verify(x.RequestBody, x.RequestHeader); err != nil {
			t.Error(err)
		}
		if user, _, _ := (&http.Request{Header: seen[0].header}).BasicAuth(); user != "me" || seen[0].header.Get("Cookie") != "hush" {
			t.Errorf("credentials were not sent: %v", seen[0].header)
		}
		if shown := x.URL + strings.Join(x.RequestHeader["Authorization"], "") + strings.Join(x.RequestHeader["Cookie"], ""); strings.Contains(shown, "hush") {
			t.Errorf("shown: %s", shown)
		}
	}
	if _, err := Preview(t.Context(), Endpoint{Name: "cli", URL: "nonsense"}, event(protocol.Close, "c1", 1)); err == nil {
		t.Error("no error for an endpoint that can't be used")
	}
}

func TestOutlook(t *testing.T) {
	meant := http.Header{refuseHeader: {"1"}}
	for _, tt := range []struct {
		a                       answer
		connect, message, close Outlook
	}{
		{answer{status: 200}, Decided, Decided, Decided},
		{answer{status: 403}, Decided, Decided, Decided},
		{answer{status: 429}, Decided, TriedLong, TriedLong},
		{answer{status: 404}, TriedAWhile, TriedAWhile, TriedAWhile},
		{answer{status: 404, header: meant}, Decided, Decided, Decided},
		{answer{status: 500}, TriedSoon, TriedSoon, TriedLong},
		{answer{status: 501}, TriedSoon, Decided, Decided},
		{answer{status: 523}, TriedSoon, TriedLong, TriedLong},
		{answer{fault: "refused"}, TriedSoon, TriedLong, TriedLong},
		{answer{status: 302}, Decided, Decided, Decided},
	} {
		for typ, want := range map[protocol.EventType]Outlook{protocol.Connect: tt.connect, protocol.Inbound: tt.message, protocol.Close: tt.close} {
			a := tt.a
			if got := a.outlook(event(typ, "c1", 1)); got != want {
				t.Errorf("a %s answered %d %v: %v, want %v", typ, a.status, a.header, got, want)
			}
		}
	}
}
