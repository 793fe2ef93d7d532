package main

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/app/config"
)

// A node doesn't start whose clients may send what its store can't keep.
func TestMessagesThatTheStoreCanNotKeep(t *testing.T) {
	for size, fits := range map[int]bool{64 << 10: true, 5 << 20: true, 6 << 20: false, 64 << 20: false} {
		cfg := &config.Config{DataDir: t.TempDir(), MaxMessage: size, OutboxMax: 1 << 30}
		s, err := openStore(t.Context(), cfg, "n", slog.New(slog.NewTextHandler(io.Discard, nil)), prometheus.NewRegistry())
		if err == nil {
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if !fits {
				t.Errorf("messages of %d bytes are taken", size)
			}
		} else if fits || !strings.Contains(err.Error(), "GATEPOST_MAX_MESSAGE") {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
