package hub

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/protocol"
	"gatepost/test/counted"
	"gatepost/test/wait"
)

// A client may close with any code it likes; it can't make a series of each.
func TestCloseCodesAreBounded(t *testing.T) {
	tests := []struct {
		code      int
		initiator protocol.Initiator
		label     string
	}{
		{1000, protocol.ByClient, "1000"},
		{1006, protocol.ByNetwork, "1006"},
		{3000, protocol.ByClient, "other"},
		{4008, protocol.ByGateway, "4008"},
		{4100, protocol.ByBackend, "4100"},
		{4100, protocol.ByClient, "other"},
		{0, protocol.ByClient, "other"},
	}
	for _, tt := range tests {
		if got := codeLabel(Cause{Code: tt.code, Initiator: tt.initiator}); got != tt.label {
			t.Errorf("%d by the %s is labelled %q; want %q", tt.code, tt.initiator, got, tt.label)
		}
	}
}

func TestFramesAndBytesAreCounted(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := newHub(t, Options{Metrics: NewMetrics(reg)})
	c, p := connect(t, h, "c1", "")
	c.Received(10)
	c.Send(text("hello"))
	_, _ = c.WriteRaw(encode(opPong, nil))
	p.want(t, "hello", "pong ")
	wait.For(t, "all is written", c.idle)
	for name, want := range map[string]string{
		"gatepost_frames_total":      "map[in:1 out:2]",
		"gatepost_frame_bytes_total": "map[in:10 out:9]",
		"gatepost_send_queue_bytes":  "map[:0]",
	} {
		if got := fmt.Sprint(counted.Of(t, reg, name)); got != want {
			t.Errorf("%s is %s; want %s", name, got, want)
		}
	}
	if in, out := c.Traffic(); in != 1 || out != 1 {
		t.Errorf("Traffic() = %d, %d; want 1, 1", in, out)
	}
}
