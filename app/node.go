package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"gatepost/app/config"
	"gatepost/auth"
	"gatepost/cluster"
	"gatepost/gateway"
	"gatepost/hub"
	"gatepost/web"
	"gatepost/web/api"
	"gatepost/web/ws"
	"gatepost/webhooks"
)

// node is a whole running gateway, wired: what serve, the demo and the tests
// share. Its life is newNode, listen, serve, stop.
type node struct {
	name    string
	drain   time.Duration
	log     *slog.Logger
	hub     *hub.Hub
	events  *webhooks.Dispatcher
	gateway *gateway.Gateway
	tokens  *auth.Tokens
	server  *web.Server
	wsPath  string
	store   keeping
	cluster *cluster.Cluster // nil: the node is alone
	resume  func()           // goes on with what an earlier process left
	keeps   bool             // what isn't delivered when the node stops is there at the next start
	durable bool             // it is kept, or another node's to go on with
}

// newNode wires a node. adjust, if not nil, has the last word on what the server
// is made of. Keys are fetched until ctx ends.
func newNode(ctx context.Context, cfg *config.Config, log *slog.Logger, adjust func(*web.Deps)) (*node, error) {
	name, err := nodeName(cfg)
	if err != nil {
		return nil, err
	}
	tokens, err := auth.NewTokens(ctx, auth.Config{
		Secrets: cfg.Secrets, PublicKeyFile: cfg.PublicKeyFile, JWKSURL: cfg.JWKSURL, JWKSForAPI: cfg.JWKSAPI,
	}, log)
	if err != nil {
		return nil, err
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	kept, err := openKeeping(ctx, cfg, name, log, metrics)
	if err != nil {
		return nil, err
	}
	others, err := openCluster(ctx, cfg, name, kept, log, metrics)
	if err != nil {
		return nil, errors.Join(err, kept.Close(ctx))
	}
	events, err := webhooks.New(webhooks.Config{
		Endpoints: endpoints(cfg.Webhooks), MessageTTL: cfg.MessageTTL, Version: programVersion(),
		Keeper: keeper{kept}, DurableMessages: cfg.Durable == config.DurableAll, OutboxMax: cfg.OutboxMax, Fence: fenceOf(others),
	}, log, metrics)
	if err != nil {
		if others != nil {
			others.Close()
		}
		return nil, errors.Join(err, kept.Close(ctx))
	}
	n := &node{name: name, drain: cfg.Drain, log: log, events: events, tokens: tokens, wsPath: cfg.WSPath, store: kept,
		cluster: others, keeps: keeps(cfg), durable: keeps(cfg) || others != nil}
	settings := hub.Options{
		SendQueue: cfg.SendQueue, PingInterval: cfg.PingInterval, PongTimeout: cfg.PongTimeout, PingData: pingData(cfg),
		Changed: func(c *hub.Client) { n.gateway.Changed(c) },
		Metrics: hub.NewMetrics(metrics), Logger: log,
	}
	core := gateway.Config{
		Node: name, Version: programVersion(), Welcome: cfg.Welcome, MaxPush: cfg.MaxPush, Full: events.Full, Webhooks: events,
	}
	if n.durable {
		core.Journal, core.Outbox, core.DurableMessages = journal{kept}, events, cfg.Durable == config.DurableAll
	}
	if others != nil {
		core.Journal = copiedJournal{journal{kept}, others, func() bool { return n.gateway.Draining() }}
		joinCluster(others, &core, &settings)
	}
	n.hub = hub.New(settings)
	n.gateway = gateway.New(core, n.hub, events, log, metrics)
	events.SetCarry(n.gateway.Carry)

	deps := web.Deps{
		API:     api.Deps{Gateway: n.gateway, Tokens: tokens, DeadLetters: n.gateway, Nodes: nodes{name, others}},
		Sockets: ws.New(socketConfig(cfg), n.gateway, tokens, log, metrics),
		Checks:  []web.Check{{Name: "drain", Reason: n.drainReason}, {Name: "store", Reason: n.storeReason}, {Name: "cluster", Reason: n.clusterReason}},
		Log:     log, Registerer: metrics, Gatherer: metrics,
	}
	if adjust != nil {
		adjust(&deps)
	}
	n.server, err = web.New(web.Config{
		Addr: cfg.Addr, AdminAddr: cfg.AdminAddr, TrustedProxies: cfg.TrustedProxies, MaxPush: cfg.MaxPush,
	}, deps)
	if err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func endpoints(configured []config.Webhook) []webhooks.Endpoint {
	list := make([]webhooks.Endpoint, len(configured))
	for i, w := range configured {
		list[i] = endpoint(w)
	}
	return list
}

func endpoint(w config.Webhook) webhooks.Endpoint {
	return webhooks.Endpoint{
		Name: w.Name, URL: w.URL, Path: w.Path, Events: w.Events, Signer: w.Secrets,
		Timeout: w.Timeout, Concurrency: w.Concurrency, Batch: w.Batch, Headers: w.Headers,
	}
}

func socketConfig(cfg *config.Config) ws.Config {
	c := ws.Config{
		Path: cfg.WSPath, TokenFrom: cfg.TokenFrom, Anonymous: cfg.Anonymous, Origins: cfg.Origins,
		MaxMessage: cfg.MaxMessage, ClientRate: float64(cfg.ClientRate),
		MaxConnections: cfg.MaxConnections, MaxConnectionsPerIP: cfg.MaxConnectionsPerIP,
	}
	for _, h := range cfg.Heartbeats {
		c.Heartbeats = append(c.Heartbeats, ws.Heartbeat{Receive: h.Receive, Answer: h.Answer})
	}
	return c
}

func pingData(cfg *config.Config) []byte {
	if cfg.PingData == "" {
		return nil
	}
	return []byte(cfg.PingData)
}

// drainReason is why a draining node isn't ready.
func (n *node) drainReason() string {
	if n.gateway.Draining() {
		return "this node is going away"
	}
	return ""
}

// listen opens the listeners and logs where they are.
func (n *node) listen() error {
	if err := n.server.Listen(); err != nil {
		return err
	}
	attrs := []any{"addr", n.addr().String(), "ws_path", n.wsPath, "node", n.name, "version", programVersion()}
	if admin := n.server.AdminAddr(); admin != nil {
		attrs = append(attrs, "admin_addr", admin.String())
	}
	n.log.Info("listening", attrs...)
	return n.recover()
}

// addr is the public listener's address.
func (n *node) addr() net.Addr { return n.server.Addr() }

// serve answers until a listener fails or the node can't be a part of its cluster,
// which is its error, or stop is called.
func (n *node) serve() error {
	served := make(chan error, 1)
	go func() { served <- n.server.Serve(context.Background()) }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	joined := make(chan error, 1)
	go func() { joined <- n.join(ctx) }()
	for {
		select {
		case err := <-served:
			return err
		case err := <-n.fatal():
			return err
		case err := <-joined:
			if err != nil {
				return err
			}
			joined = nil
		}
	}
}

// afterDrain is how long stop waits, beyond the time over which clients are
// closed, for their last events: all quick tries of one at an endpoint that hangs.
const afterDrain = time.Minute

// afterDrainKept is the same where the store takes what isn't delivered.
const afterDrainKept = 4 * time.Second

// lastAttempts is when attempts are cut off that are still under way then, so that
// there is time to write their events down.
const lastAttempts = 2 * time.Second

// lastWrites is how much longer that may take where it took too long.
const lastWrites = 500 * time.Millisecond

// stop drains the node: it is not ready any more, closes its clients with 1001
// spread over the configured time, and returns when their close events are
// delivered or dead letters, and the calls under way answered. The error says
// what was left when that took too long.
func (n *node) stop(ctx context.Context) error {
	clients, _, _ := n.hub.Count()
	n.log.Info("draining", "clients", clients, "over", n.drain.String())
	last := afterDrain
	if n.durable {
		last = afterDrainKept
	}
	ctx, cancel := context.WithTimeout(ctx, n.drain+last)
	defer cancel()
	if n.durable { // a backend that hangs would hold up the end
		abort := time.AfterFunc(n.drain+lastAttempts, n.events.Abort)
		defer abort.Stop()
	}
	err := n.gateway.Drain(ctx, n.drain)
	if err != nil {
		err = fmt.Errorf("drain: %w", err)
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err = errors.Join(err, n.server.Shutdown(closing))
	n.settle()
	if n.cluster != nil {
		n.leave()
	}
	n.end()
	if dead := n.deadLetters(); dead > 0 && !n.durable {
		n.log.Warn("dead letters end with this process", "dead", dead)
	}
	return err
}

func (n *node) deadLetters() (dead int) {
	for _, e := range n.events.Stats() {
		dead += e.Dead
	}
	return dead
}

// close gives everything back, at once.
func (n *node) close() {
	n.settle()
	n.end()
}

// settle ends all deliveries and has what isn't delivered written down.
func (n *node) settle() {
	n.gateway.Stop()
	n.events.Close()
	settling, cancel := context.WithTimeout(context.Background(), lastWrites)
	defer cancel()
	n.gateway.Settle(settling)
}

// end gives back what settle has left.
func (n *node) end() {
	n.hub.Close()
	if n.cluster != nil {
		n.cluster.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := n.store.Close(ctx); err != nil {
		n.log.Error("closing the store", "error", err)
	}
}
