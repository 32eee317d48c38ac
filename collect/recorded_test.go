package collect_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// TestRecordedClusters takes samples from bodies of real clusters. The values of
// the accumulated times were not recorded with the other metrics of the sources;
// the test adds some.
func TestRecordedClusters(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		busy       any
		partitions int
		source     map[string]float64
		below      map[string]float64
		subtasks   int
	}{
		{
			"2.3.0-kafka", 990, 12,
			map[string]float64{
				"NUM_RECORDS_IN": 104994, "NUM_RECORDS_OUT": 104994, "LAG": 4338,
				"ACCUMULATED_BUSY_TIME": 990, "ACCUMULATED_IDLE_TIME": 2800, "ACCUMULATED_BACKPRESSURED_TIME": 46600,
			},
			map[string]float64{
				"NUM_RECORDS_IN": 90300, "NUM_RECORDS_OUT": 90298,
				"ACCUMULATED_BUSY_TIME": 96779, "ACCUMULATED_IDLE_TIME": 6239, "ACCUMULATED_BACKPRESSURED_TIME": 0,
			},
			2,
		},
		{
			"1.20.5", 340, 12,
			map[string]float64{
				"NUM_RECORDS_IN": 97032, "NUM_RECORDS_OUT": 97032, "LAG": 12,
				"ACCUMULATED_BUSY_TIME": 340, "ACCUMULATED_IDLE_TIME": 2800, "ACCUMULATED_BACKPRESSURED_TIME": 46600,
			},
			map[string]float64{
				"NUM_RECORDS_IN": 88133, "NUM_RECORDS_OUT": 88131,
				"ACCUMULATED_BUSY_TIME": 88264, "ACCUMULATED_IDLE_TIME": 2, "ACCUMULATED_BACKPRESSURED_TIME": 0,
			},
			2,
		},
		{
			"2.3.0-sql", "NaN", 0,
			map[string]float64{
				"NUM_RECORDS_IN": 2880000, "NUM_RECORDS_OUT": 2880000,
				"ACCUMULATED_IDLE_TIME": 2800, "ACCUMULATED_BACKPRESSURED_TIME": 46600,
			},
			map[string]float64{
				"NUM_RECORDS_IN": 2840000, "NUM_RECORDS_OUT": 0,
				"ACCUMULATED_BUSY_TIME": 29316, "ACCUMULATED_IDLE_TIME": 112078, "ACCUMULATED_BACKPRESSURED_TIME": 0,
			},
			0,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cluster, details := recordedCluster(t, test.name, test.busy)
			now := details.Now.Time
			collector, err := collect.NewCounters(collect.Config{Now: now, Cluster: clusterMetrics(t, time.Second, now)})
			if err != nil {
				t.Fatal(err)
			}
			job := jobContext(cluster.client(), nil)
			job.Key.Job = details.ID
			o, err := collector.Collect(t.Context(), job, scaling.Window{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.source, values(&o.Sample.Vertices[0])); diff != "" {
				t.Errorf("source (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.below, values(&o.Sample.Vertices[1])); diff != "" {
				t.Errorf("next vertex (-want +got):\n%s", diff)
			}
			if got := len(o.Sample.Vertices[1].Subtasks); got != test.subtasks {
				t.Errorf("%d subtasks, want %d", got, test.subtasks)
			}
			if got := o.Topology.Vertices[0].Partitions; got != test.partitions {
				t.Errorf("%d partitions, want %d", got, test.partitions)
			}
			if got := len(clusterValues(o)); got != 6 {
				t.Errorf("%d measures of the cluster, want 6: %v", got, clusterValues(o))
			}
		})
	}
}

func recordedCluster(t *testing.T, name string, busy any) (*fakeCluster, flink.JobDetails) {
	t.Helper()
	f, err := os.Open("testdata/recorded/" + name + ".json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var bodies map[string]json.RawMessage
	if err := json.NewDecoder(plain).Decode(&bodies); err != nil {
		t.Fatal(err)
	}
	cluster := newFakeCluster(t)
	var details flink.JobDetails
	for key, body := range bodies {
		path := strings.TrimPrefix(key, "GET ")
		switch {
		case strings.HasSuffix(path, "subtasks/metrics?get=*"):
			body = withTimes(t, body, busy)
		case strings.Count(path, "/") == 2 && strings.HasPrefix(path, "/jobs/"):
			if err := json.Unmarshal(body, &details); err != nil {
				t.Fatal(err)
			}
		}
		cluster.set(path, []byte(body))
	}
	return cluster, details
}

func withTimes(t *testing.T, table []byte, busy any) []byte {
	t.Helper()
	var entries []map[string]any
	if err := json.Unmarshal(table, &entries); err != nil {
		t.Fatal(err)
	}
	for id, v := range map[string]any{"accumulateBusyTimeMs": busy, "accumulateIdleTimeMs": 2800, "accumulateBackPressuredTimeMs": 46600} {
		entries = append(entries, map[string]any{"id": id, "sum": v})
	}
	body, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
