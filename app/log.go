package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"

	"gatepost/app/config"
)

// newLogger writes lines as configured: text on a terminal and JSON elsewhere,
// unless one of them is asked for.
func newLogger(cfg *config.Config, out io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == config.LogText || cfg.LogFormat == config.LogAuto && isTerminal(out) {
		return slog.New(slog.NewTextHandler(out, opts))
	}
	return slog.New(slog.NewJSONHandler(out, opts))
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
