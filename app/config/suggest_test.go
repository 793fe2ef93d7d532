package config

import "testing"

func TestAnUnknownNameSaysWhichWasMeant(t *testing.T) {
	for name, test := range map[string]struct {
		name  string
		known []string
		want  string
	}{
		"two letters swapped":    {"GATEPOST_DRIAN", []string{"GATEPOST_DATA_DIR", "GATEPOST_DRAIN"}, "is not known; did you mean GATEPOST_DRAIN?"},
		"an underscore less":     {"GATEPOST_WEBHOOKURL", []string{"GATEPOST_WS_PATH", "GATEPOST_WEBHOOK_URL"}, "is not known; did you mean GATEPOST_WEBHOOK_URL?"},
		"one instead of several": {"secret", []string{"name", "secrets"}, "is not known; did you mean secrets?"},
		"the nearest":            {"sync1", []string{"sink", "sync"}, "is not known; did you mean sync?"},
		"another word":           {"GATEPOST_VERBOSE", []string{"GATEPOST_ADDR", "GATEPOST_DRAIN"}, "is not known"},
		"a word too short":       {"x", []string{"url"}, "is not known"},
		"the empty name":         {"", []string{"sync"}, "is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := unknown(test.name, test.known); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
