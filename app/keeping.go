package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/app/config"
	"gatepost/protocol"
	"gatepost/store"
	"gatepost/store/jetstream"
	"gatepost/store/sqlite"
)

// storeDir holds the store in the data directory.
const storeDir = "store"

// openTimeout bounds the opening of a store on a server: it may be away.
const openTimeout = time.Minute

// openStore opens the store that the configuration asks for, where a node keeps what
// must outlive it: on disk, in an external NATS, or, told to keep nothing, in memory. It
// tells what it found there.
func openStore(ctx context.Context, cfg *config.Config, node string, log *slog.Logger, reg prometheus.Registerer) (store.Store, error) {
	var (
		s      store.Store
		damage string
		found  []any
	)
	switch {
	case !keeps(cfg):
		log.Info("GATEPOST_DATA_DIR is memory: nothing is kept, and events that aren't delivered when this process ends are lost")
		return store.NewMemory(), nil
	case len(cfg.NATSURLs) > 0:
		ctx, cancel := context.WithTimeout(ctx, openTimeout)
		defer cancel()
		opened, err := jetstream.Open(ctx, onNATS(cfg, node, log, reg))
		if err != nil {
			return nil, fmt.Errorf("GATEPOST_NATS_URL: %w", err)
		}
		r := opened.Opened()
		s, damage, found = opened, r.Damage, told(r.Records, r.Bytes, r.Took)
	default:
		opened, err := sqlite.Open(onDisk(cfg, node, log, reg))
		if err != nil {
			return nil, fmt.Errorf("GATEPOST_DATA_DIR: %w", err)
		}
		r := opened.Opened()
		s, damage, found = opened, r.Damage, told(r.Records, r.Bytes, r.Took)
	}
	if err := checkMessages(cfg, s.Largest()); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	if damage != "" {
		log.Error("the store was damaged", "damage", damage)
	}
	log.Info("the store is open", found...)
	return s, nil
}

// told are the attributes of the line that tells what a store was found with.
func told(records int, bytes int64, took time.Duration) []any {
	return []any{"records", records, "bytes", bytes, "took", took.Round(time.Millisecond).String()}
}

func onDisk(cfg *config.Config, node string, log *slog.Logger, reg prometheus.Registerer) sqlite.Options {
	return sqlite.Options{Dir: filepath.Join(cfg.DataDir, storeDir), Node: node, Sync: cfg.Sync, MaxBytes: storeBound(cfg.OutboxMax),
		Views: storeViews, Logger: log, Registerer: reg}
}

func onNATS(cfg *config.Config, node string, log *slog.Logger, reg prometheus.Registerer) jetstream.Options {
	return jetstream.Options{URL: strings.Join(cfg.NATSURLs, ","), Node: protocol.NodeTag(node), MaxBytes: storeBound(cfg.OutboxMax),
		Logger: log, Registerer: reg}
}

// checkStore says why openStore would fail, and which setting says where the store is.
// largest is what the store's Largest would be.
func checkStore(ctx context.Context, cfg *config.Config, node string) (where string, largest int, err error) {
	if len(cfg.NATSURLs) > 0 {
		largest, err = jetstream.Check(ctx, onNATS(cfg, node, slog.New(slog.DiscardHandler), nil))
		return "GATEPOST_NATS_URL", largest, err
	}
	return "GATEPOST_DATA_DIR", sqlite.Largest, sqlite.Check(filepath.Join(cfg.DataDir, storeDir))
}

// checkMessages is the error of clients that may send more than fits into a value of the store.
func checkMessages(cfg *config.Config, largest int) error {
	most := largestMessage(largest)
	if cfg.MaxMessage <= most {
		return nil
	}
	err := fmt.Errorf("GATEPOST_MAX_MESSAGE is %d: the store can keep a message of at most %d bytes; lower it", cfg.MaxMessage, most)
	if len(cfg.NATSURLs) > 0 {
		err = fmt.Errorf("%w, or raise max_payload of the server at GATEPOST_NATS_URL", err)
	}
	return err
}

// besideMessage is what an event may take beside its message: groups, a session,
// what is on record of its attempts.
const besideMessage = 192 << 10

// largestMessage is the largest message whose event fits into a value of the store:
// base64 makes it a third larger. (A text of which JSON makes more than that, by
// escaping half of its characters, may not fit, if it is so large.)
func largestMessage(value int) int { return (value - besideMessage) / 4 * 3 }

// keeps says whether anything outlives the process.
func keeps(cfg *config.Config) bool { return len(cfg.NATSURLs) > 0 || cfg.DataDir != config.InMemory }

// storeBound is the store's room for an outbox of this size: what waits, on NATS as much
// again for what was replaced and not yet compacted, dead letters, and the
// journal with the lanes of a node that drains.
func storeBound(outbox int64) int64 { return 2*outbox + outbox/2 + 1<<30 }

// storeReason is why a node isn't ready that can't keep events.
func (n *node) storeReason() string {
	if err := errors.Join(n.store.Health(), n.events.Ready()); err != nil {
		return err.Error()
	}
	return ""
}

// recover reads what an earlier process left. resume goes on with it.
func (n *node) recover() error {
	kept, err := n.events.KeptEvents()
	if err != nil {
		return fmt.Errorf("the outbox: %w", err)
	}
	if n.resume, err = n.gateway.Recover(kept); err != nil {
		return fmt.Errorf("the journal: %w", err)
	}
	return nil
}
