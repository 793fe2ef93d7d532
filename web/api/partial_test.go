package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"gatepost/cluster"
	"gatepost/protocol"
)

// silentNode is a cluster of this node and another one that doesn't answer.
type silentNode struct{ node cluster.Node }

func (s silentNode) Nodes() []cluster.Node                     { return []cluster.Node{s.node} }
func (s silentNode) Settle(context.Context) []cluster.Node     { return nil }
func (s silentNode) Elsewhere(cluster.Kind, string) bool       { return false }
func (s silentNode) FirstHolder(cluster.Kind, string) bool     { return true }
func (s silentNode) Node(tag string) (n cluster.Node, ok bool) { return s.node, tag == s.node.Tag }

func (s silentNode) Holders(uids, groups []string) []string {
	for _, name := range append(uids, groups...) {
		if strings.HasPrefix(name, "there") {
			return []string{s.node.Tag}
		}
	}
	return nil
}

func (s silentNode) Call(_ context.Context, tags []string, _ []byte) []cluster.Answer {
	answers := make([]cluster.Answer, len(tags))
	for i := range answers {
		answers[i].Err = errors.New("no answer")
	}
	return answers
}

// An answer names the nodes that it is without, whatever its status; a call on a
// client whose node is silent is refused.
func TestPartialAnswers(t *testing.T) {
	const name = "node ü"
	const header = "node%20%C3%BC"
	n := startIn(t, silentNode{cluster.Node{Name: name, Tag: protocol.NodeTag(name), Version: "v2"}}, nil)
	here, there := n.connect("42", "g").id, protocol.NewClientID(protocol.NodeTag(name))
	json := request{contentType: "application/json"}
	for _, tt := range []struct {
		method, path, body string
		status             int
		partial            string
	}{
		{"POST", "/push/clients/" + here, "x", 200, ""},
		{"POST", "/push/clients/" + there, "x", 503, header},
		{"POST", "/push/all", "x", 200, header},
		{"POST", "/push/uids/42", "x", 200, ""},
		{"POST", "/push/uids/there", "x", 200, header},
		{"POST", "/push", `{"groups":["g"],"uids":["there"],"text":"x"}`, 200, header},
		{"POST", "/bind", `{"client_id":"` + there + `","uid":"1"}`, 503, header},
		{"POST", "/bind", `{"client_id":"nobody","uid":"1"}`, 404, ""},
		{"POST", "/groups/g/join", `{"uids":["there","42"]}`, 200, header},
		{"POST", "/groups/g/join", `{"client_id":"` + there + `"}`, 503, header},
		{"DELETE", "/groups/there", "", 200, header},
		{"GET", "/clients", "", 200, header},
		{"GET", "/clients/" + there, "", 503, header},
		{"HEAD", "/clients/" + there, "", 503, header},
		{"GET", "/clients/" + there + "/session", "", 503, header},
		{"PUT", "/clients/" + there + "/session", `{}`, 503, header},
		{"PUT", "/clients/" + there + "/until", `{"at":null}`, 503, header},
		{"GET", "/clients/" + here + "/session", "", 200, ""},
		{"DELETE", "/clients/" + there, "", 503, header},
		{"GET", "/groups", "", 200, header}, {"GET", "/groups/g", "", 200, ""}, {"GET", "/groups/there", "", 200, header},
		{"GET", "/uids", "", 200, header}, {"GET", "/uids/42", "", 200, ""}, {"GET", "/uids/there", "", 200, header},
		{"POST", "/lookup", `{"groups":["there"]}`, 200, header},
		{"GET", "/stats", "", 200, header},
		{"POST", "/actions", `{"actions":[{"action":"unbind","client_id":"` + there + `"}]}`, 200, header},
		{"GET", "/no/such/call", "", 404, ""},
		{"POST", "/push/all?x=1", "x", 400, ""},
	} {
		how := json
		if strings.HasPrefix(tt.path, "/push/") {
			how = request{contentType: "text/plain"}
		}
		resp := n.send(n.newRequest(tt.method, tt.path, tt.body, how))
		_ = resp.Body.Close()
		if got := resp.Header.Get("gatepost-partial"); resp.StatusCode != tt.status || got != tt.partial {
			t.Errorf("%s %s: got %d, partial %q, want %d, %q", tt.method, tt.path, resp.StatusCode, got, tt.status, tt.partial)
		}
	}
	n.expect(503, "node_unreachable", http.MethodGet, "/clients/"+there, "")
	c := newContract(n)
	c.good(200, "/stats", "GET", "/stats", "") // lists a node that is silent
	c.good(503, "/clients/{id}", "GET", "/clients/"+there, "")
}
