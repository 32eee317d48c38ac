package flink

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// eightVertices is a job of eight vertices, made of a recorded one of three.
func eightVertices(b *testing.B) []byte {
	b.Helper()
	var job JobDetails
	for _, e := range recorded(b, "2.3.0-kafka") {
		if strings.HasSuffix(e.Path, "/jobs/675a71a0f9edfe349acfb3ed2939082b") {
			if err := json.Unmarshal(e.Body, &job); err != nil {
				b.Fatal(err)
			}
		}
	}
	for len(job.Vertices) < 8 {
		i := len(job.Vertices)
		id := VertexID(fmt.Sprintf("%032x", i))
		vertex, node := job.Vertices[i%3], job.Plan.Nodes[i%3]
		vertex.ID, node.ID = id, id
		job.Vertices, job.Plan.Nodes = append(job.Vertices, vertex), append(job.Plan.Nodes, node)
	}
	body, err := json.Marshal(job)
	if err != nil {
		b.Fatal(err)
	}
	return body
}

func BenchmarkDecodeJobDetails(b *testing.B) { benchmarkDecode[JobDetails](b, eightVertices(b)) }

func BenchmarkDecodeAggregatedMetrics(b *testing.B) {
	benchmarkDecode[[]AggregatedMetric](b, longest(b, "/subtasks/metrics?get="))
}

func BenchmarkDecodeMetricNames(b *testing.B) {
	benchmarkDecode[[]MetricName](b, longest(b, "/subtasks/metrics"))
}

func BenchmarkDecodeVertexDetails(b *testing.B) {
	for _, e := range recorded(b, "2.3.0") {
		if strings.HasSuffix(e.Path, "/vertices/674df9b0384c0348e0b9d1034a44c46c") {
			benchmarkDecode[VertexDetails](b, e.Body)
		}
	}
}

func BenchmarkDecodeJobsOverview(b *testing.B) {
	for _, e := range recorded(b, "2.3.0-kafka") {
		if strings.HasSuffix(e.Path, "/jobs/overview") {
			benchmarkDecode[JobsOverview](b, e.Body)
		}
	}
}

// BenchmarkJob is a whole call, without the network.
func BenchmarkJob(b *testing.B) {
	c := replay(b, "2.3.0-kafka")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Job(context.Background(), "675a71a0f9edfe349acfb3ed2939082b"); err != nil {
			b.Fatal(err)
		}
	}
}

func longest(b *testing.B, path string) []byte {
	b.Helper()
	var body []byte
	for _, e := range recorded(b, "2.3.0-kafka") {
		_, after, found := strings.Cut(e.Path, path)
		if found && (after == "" || strings.Contains(path, "get=")) && len(e.Body) > len(body) {
			body = e.Body
		}
	}
	return body
}

func benchmarkDecode[T any](b *testing.B, body []byte) {
	b.Helper()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var value T
		if err := decode(body, &value); err != nil {
			b.Fatal(err)
		}
	}
}
