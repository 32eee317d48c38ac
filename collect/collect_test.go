package collect_test

import (
	"testing"

	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/scaling"
)

func TestJobIsServedByTheCollectorOfItsEstimator(t *testing.T) {
	t.Parallel()
	for estimator, reference := range map[string]bool{"counters": false, "reference": true} {
		w := newWorld(t)
		w.metrics["busyTimeMsPerSecond"], w.metrics["backPressuredTimeMsPerSecond"], w.metrics["Source__orders.numRecordsInPerSecond"] = 5, 0, 100
		w.publish()
		for _, id := range []string{work, sink} {
			w.cluster.set(metricsPath(id), names("busyTimeMsPerSecond", "numRecordsInPerSecond"))
			w.cluster.set(metricsPath(id)+"?get=*", []map[string]any{{"id": "busyTimeMsPerSecond", "max": 700}, {"id": "numRecordsInPerSecond", "sum": 90}})
		}
		w.job = jobContext(w.job.Client, map[string]string{"sluice.estimator": estimator})
		both, err := collect.New(collect.Config{Now: w.clock.Now, Cluster: clusterMetrics(t, 0, w.clock.Now)})
		if err != nil {
			t.Fatal(err)
		}
		o, err := both.Collect(t.Context(), w.job, scaling.Window{})
		if err != nil {
			t.Fatalf("%s: %v", estimator, err)
		}
		if load, ok := measures(o, work)["LOAD"]; ok != reference || ok && load != 0.7 {
			t.Errorf("%s: load %v (present: %v)", estimator, load, ok)
		}
		o.Sample.Vertices[1].Subtasks = nil
		w.cluster.asked()
		if err := both.Refine(t.Context(), w.job, o, []scaling.VertexID{work}); err != nil {
			t.Errorf("%s: %v", estimator, err)
		}
		if read := len(w.cluster.asked()) > 0; read == reference {
			t.Errorf("%s: subtasks read: %v", estimator, read)
		}
		both.Forget(w.job.Key)
	}
}

func TestOptionThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish()
	both, err := collect.New(collect.Config{Now: w.clock.Now, Cluster: clusterMetrics(t, 0, w.clock.Now)})
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []map[string]string{
		{"sluice.estimator": "guess"},
		{"sluice.estimator": "counters", "sluice.metric-names.refresh-interval": "soon"},
		{"sluice.estimator": "reference", "job.autoscaler.metrics.busy-time.aggregator": "MEDIAN"},
	} {
		if _, err := both.Collect(t.Context(), jobContext(w.job.Client, config), scaling.Window{}); err == nil {
			t.Errorf("%v gave a sample", config)
		}
	}
}
