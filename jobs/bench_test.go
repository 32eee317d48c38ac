package jobs

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
)

// BenchmarkFetch is one look in the steady state: nothing is due to be read.
func BenchmarkFetch(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint("jobs=", n), func(b *testing.B) {
			server := &cluster{}
			server.have("2.3.0", streaming(n)...)
			client, err := flink.New(flink.Config{Addresses: []string{"jm.test:8081"}, Transport: server})
			if err != nil {
				b.Fatal(err)
			}
			fetcher, err := NewCluster(Config{Client: client, Now: newClock().now, ReadTimeout: time.Minute})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := range b.N + 1 {
				if list, err := fetcher.Fetch(context.Background()); err != nil || len(list.Jobs) != n {
					b.Fatalf("%d jobs, error %v", len(list.Jobs), err)
				}
				if i == 0 {
					b.ResetTimer() // the first has read all configurations
				}
			}
		})
	}
}
