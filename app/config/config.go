package config

import (
	"log/slog"
	"time"

	"gatepost/auth"
	"gatepost/protocol"
)

// Config is the effective configuration, parsed. Sizes are in bytes.
type Config struct {
	Addr      string // host:port of the public listener
	AdminAddr string // of the admin listener, or empty

	Secrets       []string // HS256; the first signs, all verify
	JWKSURL       string
	PublicKeyFile string
	JWKSAPI       bool // the asymmetric keys sign API tokens too

	ClientAudiences []string // "none" alone: any
	ClientIssuers   []string // nil: any
	ClientClaims    []string // that count in foreign client tokens, of auth.OwnClaims

	WSPath    string
	TokenFrom []string // "query:NAME", "header", "subprotocol", or "none" alone
	Anonymous bool
	Origins   []string // nil: the request's own host; "*": any
	Welcome   string   // empty: none is sent

	// Webhook is the endpoint that the webhook_* settings describe; those that
	// stand under "webhooks" take what they leave out from it.
	Webhook Webhook
	// Webhooks are the endpoints that events go to, in the order in which they
	// are asked; none: no events.
	Webhooks   []Webhook
	MessageTTL time.Duration

	DataDir   string // "memory": nothing is kept
	Sync      time.Duration
	Durable   Durability
	OutboxMax int64

	MaxMessage          int
	MaxPush             int
	SendQueue           int
	ClientRate          int // messages a second, 0: no limit
	PingInterval        time.Duration
	PongTimeout         time.Duration
	PingData            string
	Heartbeats          []Heartbeat
	MaxConnections      int      // 0: no limit
	MaxConnectionsPerIP int      // 0: no limit
	TrustedProxies      []string // CIDRs, addresses, "fly"
	Drain               time.Duration

	Node          string // empty: the one kept in the data directory
	ClusterListen string
	ClusterPeers  []string
	NATSURLs      []string

	LogLevel  slog.Level
	LogFormat LogFormat
}

// Webhook is one endpoint that events are sent to.
type Webhook struct {
	Name        string
	URL         string
	Secrets     auth.WebhookSecrets // each signs
	Events      []protocol.EventType
	Path        string // clients that connected here or below; empty: all
	Timeout     time.Duration
	Concurrency int
	Batch       int
	Headers     map[string]string // sent with each attempt
}

// Heartbeat is a text frame that clients send to keep their connection alive.
type Heartbeat struct {
	Receive string
	Answer  *string // nil: the frame is swallowed
}

// Durability is what goes through the store before it is delivered.
type Durability string

// The durabilities.
const (
	DurableClose Durability = "close"
	DurableAll   Durability = "all"
)

// LogFormat is the form of log lines; empty: text on a terminal, else JSON.
type LogFormat string

// The log formats.
const (
	LogAuto LogFormat = ""
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// InMemory is the data directory of a node that keeps nothing.
const InMemory = "memory"

// SyncAlways as Config.Sync: the store is synced before an event counts as kept.
const SyncAlways time.Duration = 0

// Clustered reports whether the node is to find others.
func (c *Config) Clustered() bool {
	return c.ClusterListen != "" || len(c.ClusterPeers) > 0 || len(c.NATSURLs) > 0
}
