package main

import (
	"fmt"
	"strings"
	"time"
)

// idle is how long clients are left alone before they are weighed: the node gives
// back what it needed to take them once it is calm.
const idle = 5 * time.Second

// fanOut opens the clients, weighs them idle, and pushes to all from two
// publishers.
func fanOut(s *server, o options) ([]figure, error) {
	sockets, each, empty, err := s.weigh(o.clients)
	defer closeAll(sockets)
	if err != nil {
		return nil, err
	}
	cpu, err := s.deliveries(sockets, o.pushes, 2, 100)
	return []figure{
		{fmt.Sprintf("memory of an idle client, %d clients", o.clients), "KiB", "≤ 11", each},
		{"memory of a fresh node", "MiB", "", float64(empty) / (1 << 20)},
		{fmt.Sprintf("push of 100 bytes to %d clients, 2 publishers: CPU per delivery", o.clients), "µs", "≤ 6", cpu},
	}, err
}

// weigh opens so many clients and says what each of them takes idle, in KiB, and
// what the server took without them, in bytes. The sockets are the caller's to close,
// with an error too.
func (s *server) weigh(clients int) (sockets []*socket, each float64, empty int64, err error) {
	if _, empty, err = s.usage(); err != nil {
		return nil, 0, 0, err
	}
	if sockets, err = openAll(s, clients); err != nil {
		return sockets, 0, 0, err
	}
	time.Sleep(idle)
	_, full, err := s.usage()
	return sockets, float64(full-empty) / 1024 / float64(clients), empty, err
}

// crowd pushes to fewer clients from many publishers, as fast as they can.
func crowd(s *server, o options) ([]figure, error) {
	sockets, err := openAll(s, 1000)
	defer closeAll(sockets)
	if err != nil {
		return nil, err
	}
	cpu, err := s.deliveries(sockets, 20*o.pushes, 8, 100)
	return []figure{{"the same to 1000 clients, 8 publishers: CPU per delivery", "µs", "≤ 2", cpu}}, err
}

// deliveries is the CPU per delivery of so many pushes to all sockets.
func (s *server) deliveries(sockets []*socket, pushes, publishers, bytes int) (float64, error) {
	want := int64(pushes * len(sockets))
	return s.perUnit(int(want), func() error {
		text := strings.Repeat("x", bytes)
		if err := s.publish(pushes, publishers, text, func(int) string { return s.pushAll }); err != nil {
			return err
		}
		return waitFor(func() bool {
			var sum int64
			for _, s := range sockets {
				sum += s.received.Load()
			}
			return sum >= want
		})
	})
}
