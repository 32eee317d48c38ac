package collect_test

import (
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/fakeflink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// BenchmarkCollect takes samples of a job of eight vertices, two of them Kafka
// sources, without a network: reading of bodies and what is made of them. The
// fake cluster's own share is in it.
func BenchmarkCollect(b *testing.B) {
	now := started.Add(time.Hour)
	clock := func() time.Time { return now }
	cluster, err := fakeflink.New(fakeflink.Config{Jobs: 1, Now: clock})
	if err != nil {
		b.Fatal(err)
	}
	client, err := flink.New(flink.Config{Addresses: []string{"http://fake:8081"}, Transport: fakeflink.Transport{Manager: cluster}})
	if err != nil {
		b.Fatal(err)
	}
	shared, err := collect.NewClusterMetrics(9*time.Second, clock)
	if err != nil {
		b.Fatal(err)
	}
	collector, err := collect.New(collect.Config{Now: clock, Cluster: shared})
	if err != nil {
		b.Fatal(err)
	}
	loaded, _, err := options.Load(options.LoadInput{})
	if err != nil {
		b.Fatal(err)
	}
	job := &autoscaler.JobContext{Key: autoscaler.JobKey{Job: cluster.JobIDs()[0]}, Status: flink.JobRunning, Config: loaded, Client: client}
	var window scaling.Window
	look := func() {
		o, err := collector.Collect(b.Context(), job, window)
		if err != nil || len(o.Sample.Vertices) != 8 || o.Topology.Vertices[0].Partitions != 12 {
			b.Fatalf("collected %v, %v", o, err)
		}
		window.Samples = []scaling.Sample{o.Sample}
		now = now.Add(10 * time.Second)
	}
	for range 30 { // lists of names have settled by then
		look()
	}
	before := client.Stats()
	b.ReportAllocs()
	for b.Loop() {
		look()
	}
	after := client.Stats()
	b.ReportMetric(float64(after.Requests-before.Requests)/float64(b.N), "requests/op")
	b.ReportMetric(float64(after.BytesIn-before.BytesIn)/float64(b.N), "body-B/op")
}
