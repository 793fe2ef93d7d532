package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// patience bounds every wait of a scenario.
const patience = 120 * time.Second

// fanOut opens the clients, weighs them idle, and pushes to all from two
// publishers.
func fanOut(o options) ([]figure, error) {
	n, err := startNode(o.binary)
	if err != nil {
		return nil, err
	}
	defer n.stop()
	_, empty, err := n.usage()
	if err != nil {
		return nil, err
	}
	sockets, err := openAll(n.addr, o.clients)
	defer closeAll(sockets)
	if err != nil {
		return nil, err
	}
	time.Sleep(3 * time.Second) // idle is what is to be weighed: the collector has run twice by then
	_, full, err := n.usage()
	if err != nil {
		return nil, err
	}
	text := strings.Repeat("x", 100)
	cpu, err := n.perUnit(o.pushes*o.clients, func() error {
		if err := publish(n.addr, o.pushes, 2, text, func(int) string { return "/push/all" }); err != nil {
			return err
		}
		return waitFor(func() bool {
			var sum int64
			for _, s := range sockets {
				sum += s.received.Load()
			}
			return sum == int64(o.pushes*o.clients)
		})
	})
	return []figure{
		{fmt.Sprintf("resident memory per idle client, %d clients", o.clients), "KiB", float64(full-empty) / 1024 / float64(o.clients)},
		{"resident memory of a fresh node", "MiB", float64(empty) / (1 << 20)},
		{fmt.Sprintf("push of 100 bytes to %d clients, 2 publishers: CPU per delivery", o.clients), "µs", cpu},
	}, err
}

func pushOverHTTP(o options) ([]figure, error) {
	n, err := startNode(o.binary)
	if err != nil {
		return nil, err
	}
	defer n.stop()
	sockets, err := openAll(n.addr, 100)
	defer closeAll(sockets)
	if err != nil {
		return nil, err
	}
	cpu, err := n.perUnit(o.calls, func() error {
		return publish(n.addr, o.calls, 4, strings.Repeat("x", 100), func(i int) string {
			return "/push/clients/" + sockets[i%len(sockets)].clientID
		})
	})
	return []figure{{"push to one client over HTTP with a token: CPU per call", "µs", cpu}}, err
}

// publish makes so many pushes over HTTP from so many publishers.
func publish(addr string, pushes, publishers int, text string, path func(i int) string) error {
	token, err := apiToken()
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: publishers}, Timeout: patience}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	errs := make(chan error, publishers)
	for range publishers {
		go func() {
			for i := next.Add(1) - 1; i < int64(pushes); i = next.Add(1) - 1 {
				if err := post(client, "http://"+addr+path(int(i)), token, text); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range publishers {
		err = errors.Join(err, <-errs)
	}
	return err
}

func post(client *http.Client, url, token, text string) error {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "text/plain")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", res.Status, body)
	}
	return err
}

func roundTrip(o options) ([]figure, error) {
	cpu, err := trips(o, 50)
	return []figure{{"message, webhook, reply, one event per POST: CPU per round trip", "µs", cpu}}, err
}

func batchedRoundTrip(o options) ([]figure, error) {
	cpu, err := trips(o, 200, "GATEPOST_WEBHOOK_BATCH=50")
	return []figure{{"the same with batches of 50 and 200 clients", "µs", cpu}}, err
}

// trips has each of so many clients send the next message when the reply to the
// last one is there.
func trips(o options, clients int, env ...string) (float64, error) {
	b, err := startBackend()
	if err != nil {
		return 0, err
	}
	defer b.stop()
	n, err := startNode(o.binary, append(env, "GATEPOST_WEBHOOK_URL="+b.url, "GATEPOST_WEBHOOK_SECRET="+webhookSecret)...)
	if err != nil {
		return 0, err
	}
	defer n.stop()
	sockets, err := openAll(n.addr, clients)
	defer closeAll(sockets)
	if err != nil {
		return 0, err
	}
	each := o.trips / clients
	return n.perUnit(each*clients, func() error {
		var wg sync.WaitGroup
		wg.Add(clients)
		for _, s := range sockets {
			s.onFrame = func() {
				if s.received.Load() == int64(each) {
					wg.Done()
					return
				}
				_ = s.send(opText, []byte("hello")) // a broken socket shows as a round trip that never ends
			}
			if err := s.send(opText, []byte("hello")); err != nil {
				return err
			}
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		select {
		case <-done:
			return nil
		case <-time.After(patience):
			return errors.New("the round trips did not end in time")
		}
	})
}

func connectAndClose(o options) ([]figure, error) {
	cpu, _, err := comingAndGoing(o)
	return []figure{{"connect and close without webhooks: CPU each", "µs", cpu}}, err
}

// journal weighs what keeping every connect on record costs, against a node that
// keeps nothing.
func journal(o options) ([]figure, error) {
	b, err := startBackend()
	if err != nil {
		return nil, err
	}
	defer b.stop()
	webhook := []string{"GATEPOST_WEBHOOK_URL=" + b.url, "GATEPOST_WEBHOOK_SECRET=" + webhookSecret}
	forgetful, _, err := comingAndGoing(o, webhook...)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gatepost-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	kept, fresh, err := comingAndGoing(o, append(webhook, "GATEPOST_DATA_DIR="+dir)...)
	return []figure{
		{"connect and close with webhooks, nothing kept: CPU each", "µs", forgetful},
		{"the same with journal and outbox", "µs", kept},
		{"their ratio", "×", kept / forgetful},
		{"resident memory of a fresh node with a store", "MiB", float64(fresh) / (1 << 20)},
	}, err
}

// comingAndGoing opens clients and closes them as browsers do, and waits until
// all their events are through. It also weighs the node before that.
func comingAndGoing(o options, env ...string) (cpu float64, fresh int64, err error) {
	n, err := startNode(o.binary, env...)
	if err != nil {
		return 0, 0, err
	}
	defer n.stop()
	if _, fresh, err = n.usage(); err != nil {
		return 0, 0, err
	}
	rounds := o.clients / 2
	cpu, err = n.perUnit(rounds, func() error {
		sockets, err := openAll(n.addr, rounds)
		defer closeAll(sockets)
		if err != nil {
			return err
		}
		for _, s := range sockets {
			if err := s.sendClose(); err != nil {
				return err
			}
		}
		return waitFor(func() bool { return gone(n.admin) })
	})
	return cpu, fresh, err
}

func waitFor(done func() bool) error {
	for deadline := time.Now().Add(patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("it did not happen in time")
		}
	}
	return nil
}
