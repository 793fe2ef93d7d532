package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gatepost/app/config"
	"gatepost/cluster"
	"gatepost/store"
	"gatepost/web"
	"gatepost/webhooks"
)

// natsPatience is how long a check waits for an external NATS. A node waits longer: it may be
// started before it.
const natsPatience = 5 * time.Second

// preflight is what a node with this configuration would meet as it starts.
type preflight struct {
	cfg    *config.Config
	faults []error  // in the words in which serve ends with them
	notes  []string // what isn't one: a node that runs and must end before, too few open files
	beside bool     // such a node runs
}

// check does what a node does until it listens, and takes back all of it.
func (p *preflight) check(ctx context.Context) {
	p.checkStore(ctx)
	p.checkWebhooks()
	p.checkListeners(ctx)
	if few := fewFiles(p.cfg, openFiles()); few != "" {
		p.notes = append(p.notes, few)
	}
}

func (p *preflight) fault(err error) {
	if err != nil {
		p.faults = append(p.faults, err)
	}
}

func (p *preflight) note(format string, args ...any) {
	p.beside = true
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

func (p *preflight) checkStore(ctx context.Context) {
	defer removeNew(filepath.Join(p.cfg.DataDir, nodeNameFile))()
	name, err := nodeName(p.cfg)
	if err != nil {
		p.fault(err)
		return
	}
	if !keeps(p.cfg) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, natsPatience)
	defer cancel()
	where, largest, err := checkStore(ctx, p.cfg, name)
	switch {
	case errors.Is(err, store.ErrLocked):
		p.note("a node that runs has %s; it must end before another starts there", where)
	case err != nil:
		p.fault(fmt.Errorf("%s: %w", where, err))
		return
	}
	p.fault(checkMessages(p.cfg, largest))
}

func (p *preflight) checkWebhooks() {
	events, err := webhooks.New(webhooks.Config{
		Endpoints: endpoints(p.cfg.Webhooks), MessageTTL: p.cfg.MessageTTL, Version: programVersion(), Keeper: store.NewMemory(), OutboxMax: p.cfg.OutboxMax,
	}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err != nil {
		p.fault(err)
		return
	}
	events.Close()
}

func (p *preflight) checkListeners(ctx context.Context) {
	addrs := []string{p.cfg.Addr}
	if p.cfg.AdminAddr != "" {
		addrs = append(addrs, p.cfg.AdminAddr)
	}
	errs, release := web.TryListen(addrs...)
	defer release()
	for i, err := range errs {
		if errors.Is(err, syscall.EADDRINUSE) && isGateway(ctx, addrs[i]) {
			p.note("a node that runs listens on %s; it must end before another does", addrs[i])
		} else if err != nil {
			p.fault(explainListen(err))
		}
	}
	if !p.cfg.Clustered() {
		return
	}
	err := cluster.Check(ctx, cluster.Options{
		Node: "check", Secrets: p.cfg.Secrets, Listen: p.cfg.ClusterListen, URLs: p.cfg.NATSURLs, State: store.NewMemory(),
	})
	if p.beside && err != nil && strings.Contains(err.Error(), syscall.EADDRINUSE.Error()) {
		p.note("GATEPOST_CLUSTER_LISTEN: %s is in use, by the node that runs most likely", p.cfg.ClusterListen)
	} else {
		p.fault(err)
	}
}

// isGateway says whether a gateway answers at an address of this machine.
func isGateway(ctx context.Context, addr string) bool {
	target, err := localURL(addr)
	if err != nil {
		return false
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target+"/healthz", nil)
	if err != nil {
		return false
	}
	res, err := directClient(time.Second).Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	var health struct{ Alive bool }
	return json.NewDecoder(io.LimitReader(res.Body, 1<<10)).Decode(&health) == nil && health.Alive
}

// removeNew gives a function that takes away this file and the folders above it, as far
// as they aren't there yet; folders only while they are empty.
func removeNew(file string) func() {
	var made []string
	for path := file; ; path = filepath.Dir(path) {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) || path == filepath.Dir(path) {
			break
		}
		made = append(made, path)
	}
	return func() {
		for _, path := range made {
			_ = os.Remove(path)
		}
	}
}

// blockers is more than one reason why a node wouldn't start.
type blockers []error

func (b blockers) Error() string {
	lines := []string{fmt.Sprintf("%d things keep a node from starting", len(b))}
	for _, err := range b {
		lines = append(lines, strings.TrimRight(err.Error(), "\n"))
	}
	return strings.Join(lines, "\n  ")
}

// err is nil where nothing is in the way; one thing stands for itself.
func (p *preflight) err() error {
	switch len(p.faults) {
	case 0:
		return nil
	case 1:
		return p.faults[0]
	default:
		return blockers(slices.Clone(p.faults))
	}
}
