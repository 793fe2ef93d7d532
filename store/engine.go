package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// jetstreamDir is where the embedded server puts its files, below Options.Dir.
const jetstreamDir = server.JetStreamStoreDir

// engine is the embedded server: in this process, without a port.
type engine struct {
	*server.Server
	log *serverLog
}

// startEngine starts a server on dir and returns when its streams are
// recovered. A panic while it does so is an error.
func startEngine(ctx context.Context, o *Options, log *serverLog) (*engine, error) {
	options := &server.Options{
		ServerName:             "gatepost",
		DontListen:             true,
		NoSigs:                 true,
		JetStream:              true,
		DisableJetStreamBanner: true,
		StoreDir:               o.Dir,
		MaxPayload:             payload,
		SyncInterval:           syncInterval(o.Sync),
		SyncAlways:             o.Sync <= 0,
		// The stream has its own bound; these only keep the server from working out some.
		JetStreamMaxMemory: 16 << 20,
		JetStreamMaxStore:  1 << 50,
	}
	srv, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	srv.SetLoggerV2(log, false, false, false)
	started := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				started <- fmt.Errorf("embedded NATS panicked as it started: %v", p)
			}
		}()
		srv.Start()
		started <- nil
	}()
	select {
	case err = <-started:
	case <-ctx.Done():
		err = fmt.Errorf("embedded NATS takes too long to start: %w", ctx.Err())
	}
	if err == nil && !srv.JetStreamEnabled() {
		err = errors.New("embedded NATS started without JetStream")
		if fatal := log.fatal(); fatal != "" {
			err = errors.New(fatal)
		}
	}
	e := &engine{Server: srv, log: log}
	if err != nil {
		go e.stop()
		return nil, err
	}
	return e, nil
}

// syncInterval is how often the server looks after its blocks. If it syncs each
// write, all that is left to do then is tidying up, which has time: the server
// has also been seen to begin with it before it was ready, at 10 ms on a busy machine.
func syncInterval(sync time.Duration) time.Duration {
	if sync <= 0 {
		return time.Second
	}
	return max(sync, 10*time.Millisecond)
}

// stop ends the server; what it had to write is written.
func (e *engine) stop() {
	defer func() { _ = recover() }() // of a server that is damaged already
	e.Shutdown()
	e.WaitForShutdown()
}
