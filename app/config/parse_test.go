package config

import "testing"

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "65536": 65536, "1B": 1, "64KiB": 64 << 10, "3MiB": 3 << 20, "1GiB": 1 << 30, "2TiB": 2 << 40,
		"1kB": 1000, "1KB": 1000, "1MB": 1e6, "1GB": 1e9, "1TB": 1e12, "64 KiB": 64 << 10,
		"9223372036854775807": 1<<63 - 1,
	} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "KiB", "-1", "1.5MiB", "64kib", "1 K", "1e3", "0x10", "9223372036854775808", "9007199254740992KiB", "1KiBB"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}

func TestSizeText(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 1000: "1000", 1024: "1KiB", 1536: "1536", 3 << 20: "3MiB", 1 << 30: "1GiB"} {
		if got := sizeText(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	for _, seed := range []string{"1", "64KiB", "9223372036854775807", "-1", "1e9", "9007199254740992KiB"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := parseSize(text); err == nil && n < 0 {
			t.Errorf("%q is read as %d", text, n)
		}
	})
}
