package cluster

import (
	"fmt"
	"sync"
	"testing"

	"gatepost/test/harness"
)

// Of the two last clients of a uid, on two nodes and leaving at once, at least one's
// close event says that none remain.
func TestTwoLastClientsLeaveAtOnce(t *testing.T) {
	t.Parallel()
	bothWays(t, nil, func(t *testing.T, c *harness.Cluster, b *harness.Backend) {
		const uids = 100
		var pairs [2][]*harness.Client
		for n := range pairs {
			pairs[n] = c.Nodes[n].Crowd(t, uids, func(i int) harness.Dial {
				return harness.Dial{Path: "/ws?token=" + harness.ClientToken(t, fmt.Sprintf("uid-%d", i), nil)}
			})
		}
		for i := range uids {
			start := make(chan struct{})
			var leaving sync.WaitGroup
			for n := range pairs {
				leaving.Go(func() {
					<-start
					pairs[n][i].Cut()
				})
			}
			close(start)
			leaving.Wait()
		}
		both := 0
		for i := range uids {
			var remain []string
			zeros := 0
			for n := range pairs {
				ev := b.AwaitOne(t, "close", pairs[n][i].ID)
				switch left := ev.Data.UIDRemaining; {
				case left == nil:
					remain = append(remain, "null")
				default:
					remain = append(remain, fmt.Sprint(*left))
					if *left == 0 {
						zeros++
					}
				}
			}
			if zeros == 0 {
				t.Errorf("the last clients of uid-%d say that %v remain", i, remain)
			}
			if zeros == 2 {
				both++
			}
		}
		t.Logf("%d of %d times both said 0", both, uids)
	})
}
