//go:build linux

package main

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

// The program goes on with fewer of its pages.
func TestStartupPagesAreDropped(t *testing.T) {
	before := fileMemory(t)
	dropStartupPages()
	if after := fileMemory(t); after > before*9/10 {
		t.Errorf("it held %d KiB of files, and holds %d", before, after)
	}
}

// fileMemory is how much of this process is pages of files, in KiB.
func fileMemory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`RssFile:\s*(\d+)`).FindSubmatch(status)
	if found == nil {
		t.Skip("this system doesn't tell")
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
