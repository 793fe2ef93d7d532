package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

func pushOverHTTP(s *server, o options) ([]figure, error) {
	sockets, err := openEach(s, 100)
	defer closeAll(sockets)
	if err != nil {
		return nil, err
	}
	cpu, err := s.perUnit(o.calls, func() error {
		return s.publish(o.calls, 4, strings.Repeat("x", 100), func(i int) string {
			i %= len(sockets)
			return s.pushOne(i, sockets[i].clientID)
		})
	})
	return []figure{{"push to one client over HTTP, a token in each call (nchan: none): CPU per call", "µs", "≤ 30", cpu}}, err
}

// publish makes so many pushes over HTTP from so many publishers.
func (s *server) publish(pushes, publishers int, text string, path func(i int) string) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: publishers}, Timeout: patience}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	errs := make(chan error, publishers)
	for range publishers {
		go func() {
			for i := next.Add(1) - 1; i < int64(pushes); i = next.Add(1) - 1 {
				if err := s.post(client, path(int(i)), text); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	var failed error
	for range publishers {
		failed = errors.Join(failed, <-errs)
	}
	return failed
}

func (s *server) post(client *http.Client, path, text string) error {
	req, err := http.NewRequest(http.MethodPost, "http://"+s.addr+path, strings.NewReader(text))
	if err != nil {
		return err
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	req.Header.Set("Content-Type", "text/plain")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %.200s", res.Status, body)
	}
	return err
}
