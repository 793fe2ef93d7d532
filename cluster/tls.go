package cluster

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
)

// errStranger is why a route is refused.
var errStranger = errors.New("the other side has another GATEPOST_SECRET")

// maxNames is how many ids fit into a server name of 253 characters.
const maxNames = 7

// routeTLS is how routes are encrypted, and how both sides prove that they have
// a secret in common. While secrets are being replaced each side may have
// several: the one that dials names all of its own in the server name, the other
// shows the certificate of the first that it has too and names its own as
// accepted authorities, from which the one that dials chooses.
func routeTLS(keys []routeKey) *tls.Config {
	names := make([]string, 0, maxNames)
	accepted := x509.NewCertPool()
	for _, key := range keys {
		if len(names) < maxNames {
			names = append(names, key.id)
		}
		accepted.AddCert(key.parsed)
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		SessionTicketsDisabled: true,
		ServerName:             strings.Join(names, "."),
		ClientAuth:             tls.RequireAnyClientCert,
		ClientCAs:              accepted,
		InsecureSkipVerify:     true, //nolint:gosec // VerifyConnection compares keys instead: there are no authorities and no names
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			offered := strings.Split(hello.ServerName, ".")
			return choose(keys, func(k *routeKey) bool { return slices.Contains(offered, k.id) }), nil
		},
		GetClientCertificate: func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return choose(keys, func(k *routeKey) bool {
				return slices.ContainsFunc(asked.AcceptableCAs, func(name []byte) bool { return bytes.Equal(name, k.parsed.RawSubject) })
			}), nil
		},
		VerifyConnection: func(s tls.ConnectionState) error { return verifyRoute(keys, s.PeerCertificates) },
	}
}

// choose is the certificate of the first key that fits; without one the first,
// so that the other side can say what is wrong.
func choose(keys []routeKey, fits func(*routeKey) bool) *tls.Certificate {
	for i := range keys {
		if fits(&keys[i]) {
			return &keys[i].certificate
		}
	}
	return &keys[0].certificate
}

// verifyRoute accepts a peer that has one of the keys. That it has the private
// part is what the handshake proves.
func verifyRoute(keys []routeKey, peer []*x509.Certificate) error {
	if len(peer) == 0 {
		return errStranger
	}
	public, ok := peer[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return errStranger
	}
	for i := range keys {
		if keys[i].public.Equal(public) { // in constant time
			return nil
		}
	}
	return errStranger
}
