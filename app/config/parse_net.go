package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// parseAddr reads host:port; the host may be left out, the port may be 0.
func parseAddr(s string) (string, error) {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("%q is not host:port, nor :port for every address", s)
	}
	if !isPort(port) {
		return "", fmt.Errorf("%q has no port from 0 to 65535", s)
	}
	return s, nil
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// parsePeer reads host:port, or dns:name:port for all addresses behind a name.
func parsePeer(s string) (string, error) {
	host, port, err := net.SplitHostPort(strings.TrimPrefix(s, "dns:"))
	if err != nil || host == "" || !isPort(port) || port == "0" {
		return "", fmt.Errorf("%q is neither host:port nor dns:name:port", s)
	}
	return s, nil
}

// parseURL reads an absolute URL of one of the schemes. No error holds the URL:
// there may be a password in it.
func parseURL(schemes ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		s = strings.TrimRight(s, "\r\n") // of a secret that was made with echo
		u, err := url.Parse(s)
		switch {
		case err != nil:
			return "", fmt.Errorf("is not a URL; one that begins with %s:// is expected", strings.Join(schemes, ":// or "))
		case !slices.Contains(schemes, u.Scheme):
			return "", fmt.Errorf("must be a URL that begins with %s://", strings.Join(schemes, ":// or "))
		case u.Hostname() == "":
			return "", errors.New("is a URL without a host")
		case u.Fragment != "":
			return "", errors.New("is a URL with a fragment (#…); that is never sent")
		}
		return s, nil
	}
}
