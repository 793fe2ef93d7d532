package main

import "testing"

func TestLocalURL(t *testing.T) {
	for _, c := range []struct{ addr, want string }{
		{":8080", "http://127.0.0.1:8080"},
		{"0.0.0.0:8080", "http://127.0.0.1:8080"},
		{"[::]:8080", "http://127.0.0.1:8080"}, // there may be no ::1
		{"[::1]:8080", "http://[::1]:8080"},
		{"192.0.2.1:80", "http://192.0.2.1:80"},
		{"gateway.internal:80", "http://gateway.internal:80"},
	} {
		if got, err := localURL(c.addr); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.addr, got, err, c.want)
		}
	}
	for _, addr := range []string{"8080", "127.0.0.1:0"} {
		if got, err := localURL(addr); err == nil {
			t.Errorf("%s: got %q", addr, got)
		}
	}
}
