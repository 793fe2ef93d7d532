package store

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"
)

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// One operation is a put of 300 bytes and its delete later, as a connection
// leaves them in the journal; cpu-ns/record is the whole process's, for each
// of the two records.
func BenchmarkPutDelete(b *testing.B) {
	for _, sync := range []time.Duration{100 * time.Millisecond, 0} {
		b.Run(fmt.Sprintf("sync=%v", sync), func(b *testing.B) {
			s, err := Open(context.Background(), Options{Dir: b.TempDir(), Sync: sync})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close(context.Background())
			value := make([]byte, 300)
			keys := make([]string, 10000)
			for i := range keys {
				keys[i] = fmt.Sprintf("c/%026d", i)
			}
			var last *Commit
			before := cpu(b)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				last = s.Put(keys[i%len(keys)], value)
				if i >= 1000 {
					s.Delete(keys[(i-1000)%len(keys)])
				}
				if i%1000 == 999 {
					if err := last.Wait(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
			}
			_ = last.Wait(context.Background())
			b.ReportMetric(float64(cpu(b)-before)/float64(2*b.N), "cpu-ns/record")
		})
	}
}

// A write that comes alone and is waited for.
func BenchmarkOneByOne(b *testing.B) {
	for _, sync := range []time.Duration{100 * time.Millisecond, 0} {
		b.Run(fmt.Sprintf("sync=%v", sync), func(b *testing.B) {
			s, err := Open(context.Background(), Options{Dir: b.TempDir(), Sync: sync})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close(context.Background())
			before := cpu(b)
			for b.Loop() {
				if err := s.Put("c/1", make([]byte, 300)).Wait(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}
