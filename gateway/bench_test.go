package gateway

import (
	"testing"
	"time"

	"gatepost/hub"
	"gatepost/protocol"
)

// BenchmarkDo is what an action costs on a node that is alone, on a node of a cluster
// whose client is here, and where it is on another node but for the network.
func BenchmarkDo(b *testing.B) {
	actions := map[string]func(id string) *protocol.Action{
		"push to a client": func(id string) *protocol.Action {
			return &protocol.Action{Verb: protocol.VerbSend, Target: protocol.Target{Clients: []string{id}}, Message: &protocol.Message{Payload: make([]byte, 100)}}
		},
		"push to a uid": func(string) *protocol.Action {
			return &protocol.Action{Verb: protocol.VerbSend, Target: protocol.Target{UIDs: []string{"1"}}, Message: &protocol.Message{Payload: make([]byte, 100)}}
		},
		"bind": func(id string) *protocol.Action {
			return &protocol.Action{Verb: protocol.VerbBind, ClientID: id, UID: "1"}
		},
	}
	solo := newSolo(b)
	_, nodes := newMesh(b, "a", "b", "c")
	for _, place := range []struct {
		name  string
		asked *Gateway
		on    *meshNode
	}{{"alone", solo.Gateway, solo}, {"here", nodes[0].Gateway, nodes[0]}, {"there", nodes[1].Gateway, nodes[0]}} {
		for name, action := range actions {
			b.Run(place.name+"/"+name, func(b *testing.B) {
				id := protocol.NewClientID(place.on.self.Tag)
				c := place.on.admit(id, &protocol.Handshake{UID: "1"}, time.Now())
				c.Open(nowhere{}, nil, nil)
				defer func() { c.Close(hub.Cause{Code: 1000}, nil, true) }()
				a := action(id)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := place.asked.Do(b.Context(), a); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// nowhere is a connection that forgets everything.
type nowhere struct{ *tape }

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
