package webhooks

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	tests := []struct {
		value string
		want  time.Duration
		ok    bool
	}{
		{"", 0, false},
		{"  ", 0, false},
		{"0", 0, true},
		{" 7 ", 7 * time.Second, true},
		{"007", 7 * time.Second, true},
		{"3599", 3599 * time.Second, true},
		{"3600", time.Hour, true},
		{"3601", time.Hour, true},
		{"9223372036854775807", time.Hour, true}, // overflows a Duration
		{"18446744073709551616", time.Hour, true},
		{strings.Repeat("9", 5000), time.Hour, true},
		{strings.Repeat("0", 5000) + "5", 5 * time.Second, true},
		{"-1", 0, false},
		{"+1", 0, false},
		{"1.5", 0, false},
		{"1e3", 0, false},
		{"soon", 0, false},
		{date(90 * time.Second), 90 * time.Second, true},
		{date(-90 * time.Second), 0, true},
		{date(48 * time.Hour), time.Hour, true},
		{"Mon, 01 Jan 0001 00:00:00 GMT", 0, true},
		{"Fri, 31 Dec 9999 23:59:59 GMT", time.Hour, true},
		{"Sunday, 22-Nov-26 12:01:00 GMT", time.Minute, true}, // RFC 850
		{"Sun Nov 22 12:01:00 2026", time.Minute, true},       // asctime
		{"2026-11-22T12:01:00Z", 0, false},
	}
	for _, tt := range tests {
		if got, ok := retryAfter(tt.value, now); got != tt.want || ok != tt.ok {
			t.Errorf("retryAfter(%.40q) = %v, %v, want %v, %v", tt.value, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "120", "-1", "99999999999999999999", "Fri, 31 Dec 1999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"} {
		f.Add(s, int64(0))
	}
	f.Fuzz(func(t *testing.T, value string, now int64) {
		wait, ok := retryAfter(value, time.Unix(now, 0))
		if wait < 0 || wait > maxRetryAfter || !ok && wait != 0 {
			t.Errorf("retryAfter(%q) = %v, %v", value, wait, ok)
		}
	})
}
