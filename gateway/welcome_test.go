package gateway

import (
	"net"
	"strings"
	"testing"

	"gatepost/protocol"
)

// The welcome names a heartbeat to those who asked for one, where the operator's text
// has a place for it; nobody else sees another welcome than before.
func TestWelcomeNamesTheHeartbeat(t *testing.T) {
	for _, tt := range []struct{ template, asked, want string }{
		{protocol.Welcome, "", `{"type":"welcome","client_id":"ID"}`},
		{protocol.Welcome, "hb", `{"type":"welcome","client_id":"ID","heartbeat":"hb"}`},
		{"id {client_id}", "hb", "id ID"},
		{"id {client_id} beats {heartbeat}", "hb", "id ID beats hb"},
		{"id {client_id} beats {heartbeat}", "", "id ID beats "},
	} {
		f := newFixture(t)
		f.cfg.Welcome = tt.template
		a, err := f.Connect(t.Context(), &protocol.Handshake{})
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := net.Pipe()
		f.Open(a.Client, ours, nil, tt.asked)
		(&socket{t: t, conn: theirs}).wants(strings.Replace(tt.want, "ID", a.Client.ID(), 1))
		_ = theirs.Close()
	}
}
