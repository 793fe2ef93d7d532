package protocol

import (
	"testing"
	"testing/synctest"
	"time"
)

// Of what was written down of a moment the later counts: no clock that was set makes
// anything older.
func TestRestored(t *testing.T) {
	for _, tt := range []struct {
		name               string
		passed, noted, age time.Duration
	}{
		{"goes on at once", time.Hour, time.Hour, time.Hour},
		{"the process was down, or the clock was set forward", 3 * time.Hour, time.Hour, time.Hour},
		{"the clock was set back a little", 20 * time.Minute, time.Hour, 20 * time.Minute},
		{"the clock was set back before it", -time.Hour, time.Hour, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			if got := time.Since(Restored(time.Now().Add(-tt.passed), tt.noted)); got != tt.age {
				t.Errorf("%s: it is %v old, want %v", tt.name, got, tt.age)
			}
		})
	}
}
