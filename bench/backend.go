package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const webhookSecret = "whsec_YSB3ZWJob29rIHNlY3JldCBvZiB0aGUgYmVuY2htYXJr"

// backend answers every message with a reply, after its latency.
type backend struct {
	url    string
	server *http.Server
}

func startBackend(latency time.Duration) (*backend, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &backend{url: "http://" + l.Addr().String() + "/", server: &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, latency) }), ReadHeaderTimeout: 10 * time.Second,
	}}
	go func() { _ = b.server.Serve(l) }() // ends with stop
	return b, nil
}

func (b *backend) stop() { _ = b.server.Close() }

// startWithBackend runs a node, with env added to its environment, whose webhooks go to
// a backend of this latency. stop ends both.
func startWithBackend(o options, latency time.Duration, env ...string) (s *server, stop func(), err error) {
	b, err := startBackend(latency)
	if err != nil {
		return nil, nil, err
	}
	s, err = startNode(o, append(env, "GATEPOST_WEBHOOK_URL="+b.url, "GATEPOST_WEBHOOK_SECRET="+webhookSecret)...)
	if err != nil {
		b.stop()
		return nil, nil, err
	}
	return s, func() { s.stop(); b.stop() }, nil
}

func answer(w http.ResponseWriter, r *http.Request, latency time.Duration) {
	const reply = `{"reply":"pong"}`
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	time.Sleep(latency)
	switch r.Header.Get("Gatepost-Event") {
	case "message":
		_, _ = io.WriteString(w, reply)
	case "batch":
		var batch struct {
			Data struct {
				Events []struct{ ID, Type string }
			}
		}
		if json.Unmarshal(body, &batch) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		replies := make([]string, 0, len(batch.Data.Events))
		for _, e := range batch.Data.Events {
			if e.Type == "message" {
				replies = append(replies, `"`+e.ID+`":`+reply)
			}
		}
		_, _ = io.WriteString(w, `{"replies":{`+strings.Join(replies, ",")+`}}`)
	}
}
