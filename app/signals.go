package main

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
)

// notify gives the signals that a node heeds, and has it survive the end of whoever
// reads its log.
func (sh *shell) notify() (signals <-chan os.Signal, stop func()) {
	if sh.signals != nil {
		return sh.signals, func() {}
	}
	signal.Ignore(syscall.SIGPIPE)
	heeded := []os.Signal{syscall.SIGTERM, syscall.SIGINT}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		heeded = append(heeded, syscall.SIGHUP)
	}
	c := make(chan os.Signal, 4)
	signal.Notify(c, heeded...)
	return c, func() { signal.Stop(c) }
}

// sameOrder is how soon after a signal that ends a node another says no more than it did: timeout(1)
// and their like signal a process by itself and, with its group, once more. Nobody types so fast.
const sameOrder = 100 * time.Millisecond

// endings passes on the signals that end a node. SIGHUP is one of them where a terminal
// closes, and only as the first: a shell sends it once more to what the
// terminal has told already. Elsewhere it is a line in the log. While closes looks, which
// may take a while, other signals are heeded.
func endings(signals <-chan os.Signal, log *slog.Logger, closes func() bool) <-chan os.Signal {
	passed := make(chan os.Signal, 2)
	go func() {
		var last time.Time   // when one was passed on
		var closed chan bool // what closes says; nil: it isn't asked
		pass := func(s os.Signal) {
			last = time.Now()
			passed <- s
		}
		for {
			select {
			case s, more := <-signals:
				switch {
				case !more:
					return
				case s == syscall.SIGHUP:
					if last.IsZero() && closed == nil {
						closed = make(chan bool, 1)
						go func() { closed <- closes() }()
					}
				case time.Since(last) >= sameOrder:
					pass(s)
				}
			case yes := <-closed:
				closed = nil
				switch {
				case !last.IsZero():
				case yes:
					pass(syscall.SIGHUP)
				default:
					log.Info("SIGHUP changes nothing: there is nothing to load anew")
				}
			}
		}
	}()
	return passed
}

// A terminal that closes sends SIGHUP before or shortly after it has gone.
const (
	terminalWait = time.Second
	terminalLook = 20 * time.Millisecond
)

// closesTerminal gives a function that says at a SIGHUP whether it comes since the terminal
// has closed from which this process was started.
func closesTerminal() func() bool {
	controlled, typed := hasTerminal(), isatty.IsTerminal(os.Stdin.Fd())
	return func() bool {
		if !controlled && !typed {
			return false
		}
		for end := time.Now().Add(terminalWait); ; time.Sleep(terminalLook) {
			if controlled && !hasTerminal() || typed && !isatty.IsTerminal(os.Stdin.Fd()) {
				return true
			}
			if time.Now().After(end) {
				return false
			}
		}
	}
}

// hasTerminal says whether this process has a controlling terminal.
func hasTerminal() bool {
	f, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}
