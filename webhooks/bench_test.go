package webhooks

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"gatepost/protocol"
)

// BenchmarkDeliver is an event's round trip, the backend's part included.
func BenchmarkDeliver(b *testing.B) {
	for _, batch := range []int{1, 50} {
		b.Run(fmt.Sprint("batch", batch), func(b *testing.B) {
			srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
			defer srv.Close()
			d, err := New(Config{Endpoints: []Endpoint{{Name: "b", URL: srv.URL, Signer: keys{newKey(b, 1)}, Batch: batch}}}, discard(), nil)
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			var client atomic.Uint64
			b.SetParallelism(100)
			b.RunParallel(func(p *testing.PB) {
				id := fmt.Sprint("c", client.Add(1))
				for seq := uint64(1); p.Next(); seq++ {
					if o := d.Deliver(b.Context(), "/", "", event(protocol.Inbound, id, seq)); o.Verdict != protocol.Delivered {
						b.Errorf("outcome %+v", o)
					}
				}
			})
		})
	}
}
