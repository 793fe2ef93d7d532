package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// growth are series of figures: how the cost grows with one thing, the rest being
// as in the table.
var growth = []scenario{
	{name: "clients", measure: clientsGrow},
	{name: "size", measure: sizeGrows},
	{name: "groups", measure: groupsGrow},
	{name: "webhook", measure: webhookSlows},
}

func clientsGrow(o options) (figures []figure, err error) {
	for _, n := range []int{1000, 5000, 10_000, 15_000} {
		err := withNode(o, func(s *server) error {
			sockets, each, _, err := s.weigh(n)
			defer closeAll(sockets)
			if err != nil {
				return err
			}
			cpu, err := s.deliveries(sockets, o.pushes*10_000/n, 2, 100)
			figures = append(figures,
				figure{fmt.Sprintf("%d clients: memory of an idle one", n), "KiB", "", each},
				figure{fmt.Sprintf("%d clients: CPU per delivery of 100 bytes", n), "µs", "", cpu})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return figures, nil
}

func sizeGrows(o options) (figures []figure, err error) {
	for _, bytes := range []int{100, 1 << 10, 16 << 10} {
		err := withNode(o, func(s *server) error {
			sockets, err := openAll(s, 1000)
			defer closeAll(sockets)
			if err != nil {
				return err
			}
			cpu, err := s.deliveries(sockets, 4*o.pushes, 2, bytes)
			figures = append(figures, figure{fmt.Sprintf("messages of %d bytes to 1000 clients, 2 publishers: CPU per delivery", bytes), "µs", "", cpu})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return figures, nil
}

// groupsGrow has each client join groups by its token, and pushes to one of them.
func groupsGrow(o options) (figures []figure, err error) {
	const clients = 1000
	for _, n := range []int{1, 16, 256} {
		err := withNode(o, func(s *server) error {
			groups := make([]string, n)
			for i := range groups {
				groups[i] = fmt.Sprint("g", i)
			}
			token, err := sign(jwt.MapClaims{"aud": "gatepost:client", "groups": groups})
			if err != nil {
				return err
			}
			s.wsPath = func(string) string { return "/ws?token=" + token }
			s.pushAll = "/push/groups/g0"
			sockets, each, _, err := s.weigh(clients)
			defer closeAll(sockets)
			if err != nil {
				return err
			}
			cpu, err := s.deliveries(sockets, 4*o.pushes, 2, 100)
			figures = append(figures,
				figure{fmt.Sprintf("%d groups per client: memory of an idle one, 1000 clients", n), "KiB", "", each},
				figure{fmt.Sprintf("%d groups per client: CPU per delivery to one group", n), "µs", "", cpu})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return figures, nil
}

// webhookSlows has clients talk to backends of several latencies.
func webhookSlows(o options) (figures []figure, err error) {
	for _, latency := range []time.Duration{0, 10 * time.Millisecond, 100 * time.Millisecond} {
		fewer := o
		if latency > 0 {
			fewer.trips = min(o.trips, 5000) // they take their time
		}
		cpu, median, err := trips(fewer, 50, latency)
		if err != nil {
			return nil, err
		}
		what := fmt.Sprintf("webhook that takes %s, 50 clients: ", strings.Replace(latency.String(), "0s", "0 ms", 1))
		figures = append(figures,
			figure{what + "CPU per round trip", "µs", "", cpu},
			figure{what + "median round trip", "ms", "", float64(median.Microseconds()) / 1000})
	}
	return figures, nil
}

func withNode(o options, measure func(s *server) error) error {
	s, err := startNode(o)
	if err != nil {
		return err
	}
	defer s.stop()
	return measure(s)
}
