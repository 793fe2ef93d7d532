package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"gatepost/app/config"
	"gatepost/auth"
	"gatepost/cluster"
	"gatepost/gateway"
	"gatepost/hub"
	"gatepost/store"
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
	room    int // most clients at once; 0: any number
	log     *slog.Logger
	hub     *hub.Hub
	events  *webhooks.Dispatcher
	gateway *gateway.Gateway
	tokens  *auth.Tokens
	server  *web.Server
	wsPath  string
	store   store.Store
	cluster *cluster.Cluster // nil: the node is alone
	cancel  func()           // ends the fetching of keys
	resume  func()           // goes on with what an earlier process left
	keeps   bool             // what isn't delivered when the node stops is there at the next start
	durable bool             // it is kept, or another node's to go on with
}

// newNode opens and wires a node. ctx is for the opening alone, which may wait for an
// external NATS. adjust, if not nil, has the last word on what the server is made of.
func newNode(ctx context.Context, cfg *config.Config, log *slog.Logger, adjust func(*web.Deps)) (*node, error) {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	n := &node{
		drain: cfg.Drain, room: roomFor(cfg.MaxConnections, openFiles()), log: log, wsPath: cfg.WSPath, cancel: cancel,
		keeps: keeps(cfg), durable: keeps(cfg) || cfg.Clustered(),
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), droppedLines)
	if err := n.open(ctx, life, cfg, metrics); err != nil {
		n.release()
		return nil, err
	}
	n.wireCore(cfg, metrics)
	if err := n.wireServer(cfg, metrics, adjust); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// open brings up what the core stands on; keys are fetched until life ends. What
// was opened before an error is release's to give back.
func (n *node) open(ctx, life context.Context, cfg *config.Config, metrics *prometheus.Registry) (err error) {
	if n.name, err = nodeName(cfg); err != nil {
		return err
	}
	if n.tokens, err = auth.NewTokens(life, auth.Config{
		Secrets: cfg.Secrets, PublicKeyFile: cfg.PublicKeyFile, JWKSURL: cfg.JWKSURL, JWKSForAPI: cfg.JWKSAPI,
		ClientAudiences: cfg.ClientAudiences, ClientIssuers: cfg.ClientIssuers, ForeignClaims: cfg.ClientClaims,
	}, n.log); err != nil {
		return err
	}
	if n.store, err = openStore(ctx, cfg, n.name, n.log, metrics); err != nil {
		return err
	}
	if n.cluster, err = openCluster(ctx, cfg, n.name, n.store, n.log, metrics); err != nil {
		return err
	}
	n.events, err = webhooks.New(webhooks.Config{
		Endpoints: endpoints(cfg.Webhooks), MessageTTL: cfg.MessageTTL, Version: programVersion(),
		Keeper: n.store, DurableMessages: cfg.Durable == config.DurableAll, OutboxMax: cfg.OutboxMax, Fence: fenceOf(n.cluster),
	}, n.log, metrics)
	return err
}

// wireCore makes the hub and the gateway on what was opened.
func (n *node) wireCore(cfg *config.Config, metrics *prometheus.Registry) {
	settings := hub.Options{
		SendQueue: cfg.SendQueue, PingInterval: cfg.PingInterval, PongTimeout: cfg.PongTimeout, PingData: pingData(cfg),
		Changed: func(c *hub.Client) { n.gateway.Changed(c) },
		Metrics: hub.NewMetrics(metrics), Logger: n.log,
	}
	core := gateway.Config{
		Node: n.name, Version: programVersion(), Welcome: cfg.Welcome, MaxPush: cfg.MaxPush, Full: n.events.Full, Webhooks: n.events,
	}
	if n.durable {
		core.Journal, core.Outbox, core.DurableMessages = n.store, n.events, cfg.Durable == config.DurableAll
	}
	if n.cluster != nil {
		core.Journal = copiedJournal{n.store, n.cluster, func() bool { return n.gateway.Draining() }}
		joinCluster(n.cluster, &core, &settings)
	}
	n.hub = hub.New(settings)
	n.gateway = gateway.New(core, n.hub, n.events, n.log, metrics)
	n.events.SetCarry(n.gateway.Carry)
}

// wireServer makes what answers the outside.
func (n *node) wireServer(cfg *config.Config, metrics *prometheus.Registry, adjust func(*web.Deps)) (err error) {
	sockets := ws.New(socketConfig(cfg, n.room), n.gateway, n.tokens, n.log, metrics)
	deps := web.Deps{
		API:     api.Deps{Gateway: n.gateway, Tokens: n.tokens, DeadLetters: n.gateway, Nodes: nodes{n.name, n.cluster}},
		Sockets: sockets, Upgraded: sockets.Open,
		Checks: []web.Check{{Name: "drain", Reason: n.drainReason}, {Name: "store", Reason: n.storeReason}, {Name: "cluster", Reason: n.clusterReason}},
		Log:    n.log, Registerer: metrics, Gatherer: metrics,
	}
	if adjust != nil {
		adjust(&deps)
	}
	n.server, err = web.New(web.Config{
		Addr: cfg.Addr, AdminAddr: cfg.AdminAddr, TrustedProxies: cfg.TrustedProxies, MaxPush: cfg.MaxPush,
		MaxConnections: connectionsFor(n.room, openFiles()), MaxConnectionsPerIP: cfg.MaxConnectionsPerIP, MaxAdminConnections: callsFor(openFiles()),
	}, deps)
	return err
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

func socketConfig(cfg *config.Config, room int) ws.Config {
	c := ws.Config{
		Path: cfg.WSPath, TokenFrom: cfg.TokenFrom, Anonymous: cfg.Anonymous, Origins: cfg.Origins,
		MaxMessage: cfg.MaxMessage, ClientRate: float64(cfg.ClientRate),
		MaxConnections: room, MaxConnectionsPerIP: cfg.MaxConnectionsPerIP,
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
