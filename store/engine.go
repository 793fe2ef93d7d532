package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
		SyncInterval:           max(o.Sync, 10*time.Millisecond),
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

// stop ends the server; what it had to write is written.
func (e *engine) stop() {
	defer func() { _ = recover() }() // of a server that is damaged already
	e.Shutdown()
	e.WaitForShutdown()
}

// syncFiles puts all that the server has written on the disk.
func syncFiles(jetstream, stream string) error {
	blocks := blockDir(jetstream, stream)
	files, err := os.ReadDir(blocks)
	if err != nil {
		return err
	}
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".blk" {
			continue
		}
		if err := syncFile(filepath.Join(blocks, f.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return syncFile(blocks)
}

func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// blockDir is where the server that has its files in jetstream keeps the
// messages of a stream.
func blockDir(jetstream, stream string) string {
	return filepath.Join(jetstream, "$G", "streams", stream, "msgs")
}
