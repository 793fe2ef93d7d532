package webhooks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"gatepost/protocol"
)

// describe says in words why an attempt has no answer, and whether time was the
// reason. It never repeats an error that may hold what the other side sent, or
// the URL.
func describe(err error, attempt, life context.Context, timeout time.Duration) (fault string, timedOut bool) {
	var (
		dns     *net.DNSError
		op      *net.OpError
		network net.Error
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.Is(err, errTooLarge):
		return fmt.Sprintf("the reply is larger than %d bytes", protocol.MaxReplyBytes), false
	case life.Err() != nil:
		return "given up: the gateway stops", false
	case attempt.Err() != nil, errors.As(err, &network) && network.Timeout():
		return fmt.Sprintf("no complete answer within %s", timeout.Round(time.Millisecond)), true
	case errors.As(err, &dns):
		return "the host " + dns.Name + " can't be resolved: " + dns.Err, false
	case errors.As(err, &cert):
		return "TLS: " + cert.Err.Error(), false
	case errors.As(err, &unknown):
		return "TLS: " + unknown.Error(), false
	case errors.As(err, &record):
		return "TLS: the answer isn't TLS", false
	case errors.As(err, &alert):
		return "TLS: " + alert.Error(), false
	case errors.As(err, &op) && op.Op == "dial":
		return op.Error(), false
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the backend reset the connection", false
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(err.Error(), "server closed"):
		return "the backend closed the connection before its answer was complete", false
	case strings.Contains(err.Error(), "malformed"):
		return "the answer isn't HTTP", false
	}
	return "the connection failed", false
}
