package config

import (
	"log/slog"
	"slices"
	"time"

	"gatepost/auth"
	"gatepost/protocol"
	"gatepost/web/ws"
)

// Sections of the reference, in its order.
const (
	listeners = "Listeners"
	tokens    = "Tokens"
	clients   = "Clients"
	limits    = "Limits"
	events    = "Webhooks"
	store     = "Store and shutdown"
	cluster   = "Cluster"
	logging   = "Logging"
)

const (
	mib = 1 << 20
	gib = 1 << 30
	day = 24 * time.Hour
)

// maxOutbox leaves the store room for some times as much, which JetStream bounds by a PiB, and SQLite by 16 TiB.
const maxOutbox = 64 << 40

// Kinds whose values need no quotes in YAML.
const (
	kindBool   = "true or false"
	kindNumber = "number"
)

// Keys are all settings, in the order of the reference.
func Keys() []Key { return slices.Clone(keys) }

var keys = withFiles(slices.Concat(listenerKeys, tokenKeys, clientKeys, limitKeys, eventKeys, storeKeys, clusterKeys, loggingKeys))

var listenerKeys = []Key{
	{Env: "GATEPOST_ADDR", YAML: "addr", Default: ":8080", Kind: "host:port", Section: listeners,
		Doc:  "The public listener: clients, the API, health. Port 0 takes a free one; the log says which.",
		read: one(func(c *Config) *string { return &c.Addr }, parseAddr)},
	{Env: "GATEPOST_ADMIN_ADDR", YAML: "admin_addr", Kind: "host:port", Section: listeners,
		Doc:  "A listener of its own for metrics and pprof, without token: keep it private. Without it `/metrics` on the public listener needs a token with scope `read`, and pprof is off.",
		read: one(func(c *Config) *string { return &c.AdminAddr }, parseAddr)},
	{Env: "GATEPOST_TRUSTED_PROXIES", YAML: "trusted_proxies", Kind: "list", Section: listeners,
		Doc:  "CIDRs whose `X-Forwarded-For` is believed. `fly` believes `Fly-Client-IP`, except from peers in Fly's private network (fdaa::/16). None: the peer's own address counts.",
		read: many(func(c *Config) *[]string { return &c.TrustedProxies }, ",", checked(checkProxy))},
}

var tokenKeys = []Key{
	{Env: "GATEPOST_SECRET", YAML: "secret", Kind: "list", Section: tokens, Secret: true,
		Doc:  "HS256 secrets for tokens, 32 bytes or more each; the first signs, all verify, so that a new one can be put in front of the old. `gatepost secret` makes one. Required by `serve` unless asymmetric keys are given, and always for a cluster.",
		read: readSecrets},
	{Env: "GATEPOST_JWKS_URL", YAML: "jwks_url", Kind: "URL", Section: tokens,
		Doc:  "A JSON Web Key Set with asymmetric keys (RS256, ES256, EdDSA) for client tokens, fetched at start and when it changes, through the environment's `HTTPS_PROXY` if there is one.",
		read: one(func(c *Config) *string { return &c.JWKSURL }, parseURL("https", "http")), show: showURL},
	{Env: "GATEPOST_PUBLIC_KEY_FILE", YAML: "public_key_file", Kind: "file", Section: tokens,
		Doc:  "A file of public keys in PEM for client tokens, of the same kinds.",
		read: one(func(c *Config) *string { return &c.PublicKeyFile }, parseKeyFile)},
	{Env: "GATEPOST_JWKS_API", YAML: "jwks_api", Default: "false", Kind: kindBool, Section: tokens,
		Doc:  "The asymmetric keys sign API tokens too, not only client tokens.",
		read: one(func(c *Config) *bool { return &c.JWKSAPI }, parseBool)},
	{Env: "GATEPOST_CLIENT_AUDIENCE", YAML: "client_audience", Default: auth.AudienceClient, Kind: "list", Section: tokens,
		Doc:  "A client token's `aud` must have one of these, such as the name that an [identity provider](deploy.md#tokens-of-an-identity-provider) gives your application. `none`: `aud` isn't looked at, which needs `GATEPOST_CLIENT_ISSUER`. The API's, `gatepost:api`, can't be among them.",
		read: readClientAudience},
	{Env: "GATEPOST_CLIENT_ISSUER", YAML: "client_issuer", Kind: "list", Section: tokens,
		Doc:  "A client token's `iss` must be one of these, to the letter. None: `iss` isn't looked at. Firebase, Google and Microsoft sign for all their customers with the same keys: theirs need it, or an audience that only you have.",
		read: many(func(c *Config) *[]string { return &c.ClientIssuers }, ",", parseText)},
	{Env: "GATEPOST_CLIENT_CLAIMS", YAML: "client_claims", Kind: "list", Section: tokens,
		Doc:  "Which of `groups`, `session` and `until` count in client tokens that weren't made for `gatepost:client`. None: of those only `sub` and `exp` count.",
		read: many(func(c *Config) *[]string { return &c.ClientClaims }, ",", oneOf(auth.OwnClaims...))},
	{Env: "GATEPOST_TOKEN_FROM", YAML: "token_from", Default: "query:token,header,subprotocol", Kind: "list", Section: tokens,
		Doc:  "Where a client token is looked for: `query:NAME`, `header` (`Authorization: Bearer`), `subprotocol` (`Sec-WebSocket-Protocol: bearer, <token>`), or `none`. A credential in a place not listed isn't looked at and reaches the connect event untouched.",
		read: readTokenFrom},
	{Env: "GATEPOST_ANONYMOUS", YAML: "anonymous", Default: "true", Kind: kindBool, Section: tokens,
		Doc:  "Clients without a token may connect.",
		read: one(func(c *Config) *bool { return &c.Anonymous }, parseBool)},
}

var clientKeys = []Key{
	{Env: "GATEPOST_WS_PATH", YAML: "ws_path", Default: "/ws", Kind: "path", Section: clients,
		Doc:  "The path, and all below it, that upgrades; `/` takes any upgrade. It can't be where the API has its calls, such as `/clients`.",
		read: one(func(c *Config) *string { return &c.WSPath }, parseSocketPath)},
	{Env: "GATEPOST_ORIGINS", YAML: "origins", Kind: "list", Section: clients,
		Doc:  "Allowed `Origin`s: `https://www.example.com`; `https://*.example.com` for all hosts below, at any depth; `http://localhost:*` for any port; an app's such as `file://` or `capacitor://localhost`; `*` for any, `null` for pages without one. None: the host that the request itself names. A request without Origin is allowed: it comes from no browser.",
		read: many(func(c *Config) *[]string { return &c.Origins }, ",", checked(ws.CheckOrigin))},
	{Env: "GATEPOST_WELCOME", YAML: "welcome", Default: protocol.Welcome, Kind: "text", Section: clients,
		Doc:  "The first text frame that a client gets, `{client_id}` replaced; `off` sends none. With `?heartbeat=1` the default gains `\"heartbeat\"`; in a text of your own `{heartbeat}` is replaced.",
		read: one(func(c *Config) *string { return &c.Welcome }, parseWelcome)},
	{Env: "GATEPOST_PING_INTERVAL", YAML: "ping_interval", Default: "25s", Kind: "duration", Section: clients,
		Doc:  "How often a client is pinged. Below the idle timeout of every proxy on the way.",
		read: one(func(c *Config) *time.Duration { return &c.PingInterval }, span(100*time.Millisecond, day))},
	{Env: "GATEPOST_PONG_TIMEOUT", YAML: "pong_timeout", Default: "10s", Kind: "duration", Section: clients,
		Doc:  "How long a client may be silent after a ping; then its connection is dropped.",
		read: one(func(c *Config) *time.Duration { return &c.PongTimeout }, span(100*time.Millisecond, day))},
	{Env: "GATEPOST_PING_DATA", YAML: "ping_data", Kind: "text", Section: clients,
		Doc:  "A text frame sent at each ping, for clients with a heartbeat of their own.",
		read: one(func(c *Config) *string { return &c.PingData }, parseText)},
	{YAML: "heartbeats", Kind: "list of {receive, answer}", Section: clients,
		Doc:  "A text frame equal to `receive` is answered with `answer`, or swallowed where that is missing: no event, no `seq`.",
		read: readHeartbeats},
}

var limitKeys = []Key{
	{Env: "GATEPOST_MAX_MESSAGE", YAML: "max_message", Default: "64KiB", Kind: "size", Section: limits,
		Doc:  "The largest message from a client; one byte more closes with 1009.",
		read: one(func(c *Config) *int { return &c.MaxMessage }, size[int](1, 64*mib))},
	{Env: "GATEPOST_MAX_PUSH", YAML: "max_push", Default: "256KiB", Kind: "size", Section: limits,
		Doc:  "The largest pushed message; more is answered 413. At most half of `GATEPOST_SEND_QUEUE`.",
		read: one(func(c *Config) *int { return &c.MaxPush }, size[int](1, 512*mib))},
	{Env: "GATEPOST_SEND_QUEUE", YAML: "send_queue", Default: "1MiB", Kind: "size", Section: limits,
		Doc:  "Bytes waiting for one client; over it the client is closed with 4008. It bounds what a client that stops reading costs.",
		read: one(func(c *Config) *int { return &c.SendQueue }, size[int](2, gib))},
	{Env: "GATEPOST_CLIENT_RATE", YAML: "client_rate", Default: "100", Kind: kindNumber, Section: limits,
		Doc:  "Messages a second from one client, with a burst of twice that; pings and other frames without a message count too. Over it the gateway stops reading from it, and sustained abuse closes with 1008. `0`: no limit.",
		read: one(func(c *Config) *int { return &c.ClientRate }, whole(0, 1e9))},
	{Env: "GATEPOST_MAX_CONNECTIONS", YAML: "max_connections", Default: "0", Kind: kindNumber, Section: limits,
		Doc:  "Most clients on this node; one more is answered 503 before the upgrade. `0`, and more than that: as many as its open files leave room for (`ulimit -n`).",
		read: one(func(c *Config) *int { return &c.MaxConnections }, whole(0, 1e9))},
	{Env: "GATEPOST_MAX_CONNECTIONS_PER_IP", YAML: "max_connections_per_ip", Default: "0", Kind: kindNumber, Section: limits,
		Doc:  "Most connections from one address, an IPv6 /64 counting as one: one client more is answered 503, and of connections that are no client's the longest idle are closed. Behind a proxy it needs `GATEPOST_TRUSTED_PROXIES`, whose own connections don't count. `0`: no limit.",
		read: one(func(c *Config) *int { return &c.MaxConnectionsPerIP }, whole(0, 1e9))},
}

var storeKeys = []Key{
	{Env: "GATEPOST_DATA_DIR", YAML: "data_dir", Default: "./gatepost-data", Kind: "folder", Section: store,
		Doc:  "Where the node keeps its name, and in the store, an SQLite database, what must outlive the process: who is connected, events that wait, dead letters. One node at a time uses it; it is on a local disk. `memory` keeps nothing.",
		read: one(func(c *Config) *string { return &c.DataDir }, parseText)},
	{Env: "GATEPOST_SYNC", YAML: "sync", Default: "100ms", Kind: "duration", Section: store,
		Doc:  "How often the store is synced to disk; `always`: before an event counts as kept. See [operations](operations.md) for what each setting can lose.",
		read: one(func(c *Config) *time.Duration { return &c.Sync }, parseSync)},
	{Env: "GATEPOST_DURABLE", YAML: "durable", Default: "close", Kind: "close or all", Section: store,
		Doc:  "What goes through the store at once: `close`, or `all` (messages too).",
		read: one(func(c *Config) *Durability { return &c.Durable }, oneOf(DurableClose, DurableAll))},
	{Env: "GATEPOST_OUTBOX_MAX", YAML: "outbox_max", Default: "1GiB", Kind: "size", Section: store,
		Doc:  "How much may wait in the outbox. When it is full the node isn't ready, reads no messages and takes no new clients until there is room.",
		read: one(func(c *Config) *int64 { return &c.OutboxMax }, size[int64](mib, maxOutbox))},
	{Env: "GATEPOST_DRAIN", YAML: "drain", Default: "20s", Kind: "duration", Section: store,
		Doc:  "The time over which clients are closed with 1001 on SIGTERM or SIGINT. The node isn't ready meanwhile, and exits when every close event is delivered. What stops the process must wait longer than this before it kills.",
		read: one(func(c *Config) *time.Duration { return &c.Drain }, span(0, time.Hour))},
}

var clusterKeys = []Key{
	{Env: "GATEPOST_NODE", YAML: "node", Kind: "name", Section: cluster,
		Doc:  "This node's name. None: a random one, kept in the data directory.",
		read: one(func(c *Config) *string { return &c.Node }, parseNode)},
	{Env: "GATEPOST_CLUSTER_LISTEN", YAML: "cluster.listen", Kind: "host:port", Section: cluster,
		Doc:  "Where the other nodes of the cluster reach this one: an address that they can route to, or `:port` for all of this machine's. It makes the node one of a cluster, see [cluster](cluster.md). Its connections are encrypted and proved by `GATEPOST_SECRET`.",
		read: one(func(c *Config) *string { return &c.ClusterListen }, parseAddr)},
	{Env: "GATEPOST_CLUSTER_PEERS", YAML: "cluster.peers", Kind: "list", Section: cluster,
		Doc:  "Where other nodes listen: `host:port`, or `dns:name:port` for all addresses behind a name, looked up again and again. This node may be among them; one that answers is enough to find the others.",
		read: many(func(c *Config) *[]string { return &c.ClusterPeers }, ",", parsePeer)},
	{Env: "GATEPOST_NATS_URL", YAML: "nats_url", Kind: "list", Section: cluster,
		Doc:  "An external NATS with JetStream: outbox and journal are there instead of in the data directory, and nodes with the same `GATEPOST_SECRET` find each other over it. Instead of `GATEPOST_CLUSTER_LISTEN`.",
		read: many(func(c *Config) *[]string { return &c.NATSURLs }, ",", parseURL("nats", "tls")), show: showURLs},
}

var loggingKeys = []Key{
	{Env: "GATEPOST_LOG_LEVEL", YAML: "log.level", Default: "info", Kind: "level", Section: logging,
		Doc:  "`debug`, `info`, `warn` or `error`.",
		read: one(func(c *Config) *slog.Level { return &c.LogLevel }, parseLevel)},
	{Env: "GATEPOST_LOG_FORMAT", YAML: "log.format", Kind: "text or json", Section: logging,
		Doc:  "The form of log lines. None: `text` on a terminal, `json` elsewhere.",
		read: one(func(c *Config) *LogFormat { return &c.LogFormat }, oneOf(LogText, LogJSON))},
}
