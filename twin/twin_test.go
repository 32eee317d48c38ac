package twin

import (
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

func TestAJobRunsAndShowsWhatItReads(t *testing.T) {
	for _, version := range []slots.Version{slots.V1_20, slots.V2_3} {
		t.Run(version.String(), func(t *testing.T) {
			r, id := stepRig(t, version, 500, nil)
			r.pass(time.Minute)
			get[flink.JobDetails](r, "/jobs/"+id)
			d := get[flink.JobDetails](r, "/v1/jobs/"+id)
			if d.State != flink.JobRunning || d.Vertices[1].Parallelism != 1 || d.Vertices[1].Status != "RUNNING" {
				t.Fatalf("the job is %+v", d)
			}
			m := d.Vertices[1].Metrics
			busy := m.AccumulatedBusy.Or(0)
			if ratio := float64(m.ReadRecords) / busy; ratio < 0.99 || ratio > 1.01 {
				t.Errorf("%d records in %.0f ms of busy time, want 1 a ms", m.ReadRecords, busy)
			}
			if m.ReadRecords < 500*55 || m.ReadRecords > 500*60 {
				t.Errorf("%d records read in about 58 s at 500/s", m.ReadRecords)
			}
		})
	}
}
