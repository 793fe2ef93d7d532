package main

import (
	"bytes"
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"

	"gatepost/app/config"
)

// newLogger writes lines as configured: text on a terminal and JSON elsewhere,
// unless one of them is asked for.
func newLogger(cfg *config.Config, out *lineQueue) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.LogLevel, ReplaceAttr: readable}
	handler := func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, opts) }
	if cfg.LogFormat == config.LogText || cfg.LogFormat == config.LogAuto && isTerminal(out.out) {
		handler = func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, opts) }
	}
	out.tellWith(func(lines int) []byte {
		var line bytes.Buffer
		// At the highest level: it is about the log itself, whatever that holds.
		slog.New(handler(&line)).Error("lines of the log were dropped here, which couldn't be written in time", "lines", lines)
		return line.Bytes()
	})
	return slog.New(handler(out))
}

// readable writes durations in JSON as the settings have them: 1.5s, and not nanoseconds.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
