package harness

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
)

// Holds reports whether the node still holds its end of this TCP connection, as
// /proc/net/tcp of Linux tells: one that it has closed is in no state "established".
func (n *Node) Holds(t testing.TB, client net.Conn) bool {
	t.Helper()
	_, port, err := net.SplitHostPort(n.Addr)
	if err != nil {
		t.Fatal(err)
	}
	var nodePort int
	if _, err := fmt.Sscan(port, &nodePort); err != nil {
		t.Fatal(err)
	}
	clientPort := client.LocalAddr().(*net.TCPAddr).Port
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	local, remote := fmt.Sprintf(":%04X ", nodePort), fmt.Sprintf(":%04X 01 ", clientPort)
	for line := range strings.SplitSeq(string(table), "\n") {
		if strings.Contains(line, local) && strings.Contains(line, remote) {
			return true
		}
	}
	return false
}
