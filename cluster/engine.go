package cluster

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// engine is the NATS server in this process, routed to those of the other nodes.
type engine struct {
	*server.Server
	name  string // tells the servers of one cluster apart
	token string // only this process may be its client
	host  string
	port  int
	tls   *tls.Config
}

// startEngine starts the server; it listens when it returns.
func startEngine(ctx context.Context, o *Options, keys []routeKey, log *slog.Logger) (*engine, error) {
	host, port, err := listenAddress(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("cluster: the address to listen on: %w", err)
	}
	e := &engine{name: rand.Text(), token: rand.Text(), host: host, port: port, tls: routeTLS(keys)}
	srv, err := server.NewServer(e.options(nil))
	if err != nil {
		return nil, fmt.Errorf("cluster: embedded NATS: %w", err)
	}
	e.Server = srv
	said := newEngineLog(log)
	srv.SetLoggerV2(said, false, false, false)
	srv.Start()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for srv.ClusterAddr() == nil || !srv.ReadyForConnections(time.Millisecond) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			e.stop()
			return nil, errors.New("cluster: embedded NATS takes too long to start")
		case text := <-said.fatal:
			e.stop()
			return nil, fmt.Errorf("cluster: %s", text)
		}
	}
	e.port = srv.ClusterAddr().Port
	return e, nil
}

// options are the server's, with these routes. Whatever isn't a route stays the
// same, to the pointer: only so does the server take them while it runs.
func (e *engine) options(routes []*url.URL) *server.Options {
	port := e.port
	if port == 0 {
		port = -1 // any
	}
	return &server.Options{
		ServerName: "gatepost-" + e.name, NoSigs: true, NoSystemAccount: true,
		// DontListen would keep it from listening for routes too.
		Host: "127.0.0.1", Port: server.RANDOM_PORT, Authorization: e.token,
		MaxPayload: 8 << 20, MaxPending: pendingBytes,
		// The first failure to reach a peer is told, and when it is found.
		ConnectErrorReports: 1 << 30, ReconnectErrorReports: 1 << 30,
		Cluster: server.ClusterOpts{
			Name: "gatepost", Host: e.host, Port: port, TLSConfig: e.tls, TLSTimeout: 5, AuthTimeout: 5,
			// One connection to each peer: what is sent in order arrives so.
			PoolSize: 1, NoAdvertise: true, ConnectRetries: 2,
			Compression: server.CompressionOpts{Mode: server.CompressionOff},
			// A peer that is stopped is cut off before what waits for it fills the memory.
			PingInterval: time.Second, MaxPingsOut: 2, WriteDeadline: 2 * time.Second, WriteTimeout: server.WriteTimeoutPolicyClose,
		},
		Routes: routes,
	}
}

// setRoutes says where to dial; a route that isn't among them is closed if it
// was dialled from here.
func (e *engine) setRoutes(addresses []string) error {
	routes := make([]*url.URL, len(addresses))
	for i, a := range addresses {
		routes[i] = &url.URL{Scheme: "nats-route", Host: a}
	}
	return e.ReloadOptions(e.options(routes))
}

func (e *engine) stop() {
	e.Shutdown()
	e.WaitForShutdown()
}

// listenAddress splits "host:port". Without a host it listens on all addresses,
// of IPv6 too where there is IPv6.
func listenAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	if port, err = strconv.Atoi(text); err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("%q is no port", text)
	}
	if host == "" {
		host = "0.0.0.0"
		if l, err := net.Listen("tcp6", "[::]:0"); err == nil {
			_ = l.Close()
			host = "::"
		}
	}
	return host, port, nil
}
