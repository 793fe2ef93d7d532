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
	"gatepost/gateway"
	"gatepost/protocol"
	"gatepost/store"
	"gatepost/webhooks"
)

// keeping is where a node keeps what must outlive it: on disk, in an external
// NATS, or, told to keep nothing, in memory.
type keeping interface {
	Put(key string, value []byte) *store.Commit
	Delete(key string) *store.Commit
	Get(ctx context.Context, key string) ([]byte, error)
	Scan(prefix string, fn func(key string, value []byte) error) error
	Size(prefix string) (keys int, bytes int64)
	Health() error
	Largest() int
	Close(ctx context.Context) error
}

// storeDir holds the store in the data directory.
const storeDir = "store"

// openTimeout bounds the opening of the store: an external one may be away.
const openTimeout = time.Minute

// openKeeping opens the store that the configuration asks for and tells what it
// found there.
func openKeeping(ctx context.Context, cfg *config.Config, node string, log *slog.Logger, reg prometheus.Registerer) (keeping, error) {
	if !keeps(cfg) {
		log.Info("GATEPOST_DATA_DIR is memory: nothing is kept, and events that aren't delivered when this process ends are lost")
		return store.NewMemory(), nil
	}
	options, where := storeOptions(cfg, node, log)
	options.Registerer = reg
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	s, err := store.Open(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	if err := checkMessages(cfg, s.Largest()); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	found := s.Opened()
	if found.Damage != "" {
		log.Error("the store was damaged", "damage", found.Damage)
	}
	log.Info("the store is open", "records", found.Records, "bytes", found.Bytes, "took", found.Took.Round(time.Millisecond).String())
	return s, nil
}

// storeOptions are the store's, and the setting that says where it is.
func storeOptions(cfg *config.Config, node string, log *slog.Logger) (options store.Options, where string) {
	options = store.Options{Node: protocol.NodeTag(node), Sync: cfg.Sync, MaxBytes: storeBound(cfg.OutboxMax), Logger: log}
	if options.URL = strings.Join(cfg.NATSURLs, ","); options.URL != "" {
		return options, "GATEPOST_NATS_URL"
	}
	options.Dir = filepath.Join(cfg.DataDir, storeDir)
	return options, "GATEPOST_DATA_DIR"
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

// storeBound is the store's room for an outbox of this size: what waits, as much
// again for what was replaced and not yet compacted, dead letters, and the
// journal with the lanes of a node that drains.
func storeBound(outbox int64) int64 { return 2*outbox + outbox/2 + 1<<30 }

// journal is the store as the gateway uses it.
type journal struct{ keeping }

func (j journal) Put(key string, value []byte) gateway.Commit { return j.keeping.Put(key, value) }
func (j journal) Delete(key string) gateway.Commit            { return j.keeping.Delete(key) }

// keeper is the store as webhooks uses it.
type keeper struct{ keeping }

func (k keeper) Put(key string, value []byte) webhooks.Commit { return k.keeping.Put(key, value) }
func (k keeper) Delete(key string) webhooks.Commit            { return k.keeping.Delete(key) }

// Get is the store's; what isn't there, or never can be read again, is ErrNoRecord.
func (k keeper) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := k.keeping.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrDamaged) {
		err = fmt.Errorf("%w: %w", webhooks.ErrNoRecord, err)
	}
	return value, err
}

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
