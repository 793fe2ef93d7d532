package cluster

import (
	"fmt"
	"net/http"
	"testing"

	"gatepost/test/harness"
	"gatepost/test/wait"
)

// spread opens clients on each of the nodes.
func spread(t *testing.T, nodes []*harness.Node, each int) (byNode [][]*harness.Client) {
	t.Helper()
	for _, n := range nodes {
		byNode = append(byNode, n.Crowd(t, each, func(int) harness.Dial { return harness.Dial{} }))
	}
	return byNode
}

// as is a client of one of a few uids, in one of a few groups.
func as(t *testing.T, i int) harness.Dial {
	token := harness.ClientToken(t, fmt.Sprintf("uid-%d", i), harness.Claims{"groups": []string{fmt.Sprintf("group-%d", i%3)}})
	return harness.Dial{Path: "/ws?token=" + token}
}

// endAll closes all clients of a cluster.
func endAll(t *testing.T, c *harness.Cluster) {
	t.Helper()
	api := c.Nodes[0].API(t, "*")
	wait.For(t, "all clients are closed", func() bool {
		r := api.Want(http.StatusOK, "", "POST", "/close", `{"all":true,"force":true}`)
		return harness.SameJSON(r.Body, []byte(`{"matched":0,"closed":0}`)) && r.Header.Get("gatepost-partial") == ""
	})
}
