package main

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gatepost/app/config"
)

// JSON has no durations: without more ado slog writes nanoseconds.
func TestLogsDurationsWithTheirUnit(t *testing.T) {
	for _, format := range []config.LogFormat{config.LogJSON, config.LogText} {
		var out bytes.Buffer
		q := newLineQueue(&out)
		newLogger(&config.Config{LogFormat: format}, q).Info("x", "retry_in", 1500*time.Millisecond, slog.Group("g", "took", time.Second))
		q.close(context.Background())
		if line := strings.ReplaceAll(out.String(), `"`, ""); !strings.Contains(strings.ReplaceAll(line, "=", ":"), "retry_in:1.5s") || !strings.Contains(line, "1s") {
			t.Errorf("%v: %s", format, out.String())
		}
	}
}
