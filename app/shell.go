package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"gatepost/app/config"
	"gatepost/protocol"
)

// shell is what the program has around it: the process in main, and what a test
// gives it in tests.
type shell struct {
	args    []string // without the program's name
	environ []string
	in      io.Reader
	out     io.Writer
	err     io.Writer
	signals <-chan os.Signal // nil: those that the process gets

	configFile string // --config
	queues     []*lineQueue
}

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// run does the command of the arguments and gives the exit status.
func (sh *shell) run() int {
	defer sh.flush()
	root := newRoot(sh)
	root.SetArgs(sh.args)
	root.SetIn(sh.in)
	root.SetOut(sh.out)
	root.SetErr(sh.err)
	err := root.ExecuteContext(context.Background())
	var wrong usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errSaid):
		return exitFailed
	case errors.As(err, &wrong):
		_, _ = fmt.Fprintf(sh.err, "gatepost: %v\n", err)
		return exitUsage
	default:
		_, _ = fmt.Fprintf(sh.err, "gatepost: %v\n", err)
		return exitFailed
	}
}

// queued puts a queue in front of an output, for a command that goes on though nobody
// reads what it writes.
func (sh *shell) queued(out io.Writer) *lineQueue {
	if out == os.Stderr {
		out = freeCrashes(os.Stderr)
	}
	q := newLineQueue(out)
	sh.queues = append(sh.queues, q)
	return q
}

// flushTime is how long the last lines may take: whoever waits for the end of this
// process is owed it though nobody reads them.
const flushTime = time.Second

// flush has written what waits in the queues.
func (sh *shell) flush() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	for _, q := range sh.queues {
		q.close(ctx)
	}
}

// usageError is a command line that can't be carried out as it stands.
type usageError struct{ err error }

func (u usageError) Error() string { return u.err.Error() }
func (u usageError) Unwrap() error { return u.err }

// wrongUsage makes a usageError.
func wrongUsage(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// wrongFlag makes a problem with a field the problem with the flag of that name; every
// other error stays what it is.
func wrongFlag(err error) error {
	var p *protocol.Problem
	if errors.As(err, &p) && p.Field != "" {
		return wrongUsage("--%s: %s", p.Field, p.Detail)
	}
	return err
}

// errSaid ends a command that failed and has printed why itself.
var errSaid = errors.New("failed")

// getenv is a variable of the environment, or empty.
func (sh *shell) getenv(name string) string {
	for i := len(sh.environ) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(sh.environ[i], name+"="); ok {
			return v
		}
	}
	return ""
}

// settings are those settings, of the environment and the file, that a command
// uses besides its own flags; their faults are its error.
func (sh *shell) settings(envs ...string) (*config.Config, error) {
	loaded := config.Load(config.Sources{File: sh.configFile, Environ: sh.environ})
	return loaded.Config, loaded.Faults.Of(envs...).Err()
}
