package webhooks

import (
	"net/http"
	"strings"
	"time"
)

// maxRetryAfter is the longest wait that a backend may ask for; a longer one is
// cut to it.
const maxRetryAfter = time.Hour

// retryAfter reads a Retry-After header (RFC 9110, section 10.2.3): seconds, or
// an HTTP date. A date that has passed is 0. ok is false where there is none or
// it can't be read: the caller's own backoff applies.
func retryAfter(value string, now time.Time) (wait time.Duration, ok bool) {
	value = strings.Trim(value, " \t")
	if value == "" {
		return 0, false
	}
	if isDigits(value) {
		return seconds(value), true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(date.Sub(now), 0), maxRetryAfter), true
}

func isDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// seconds reads any number of digits: what doesn't fit an integer is more than
// an hour too.
func seconds(digits string) time.Duration {
	var wait time.Duration
	for _, c := range digits {
		wait = wait*10 + time.Duration(c-'0')*time.Second
		if wait >= maxRetryAfter {
			return maxRetryAfter
		}
	}
	return wait
}
