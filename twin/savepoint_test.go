package twin

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
)

// A savepoint of a job that goes on takes as long as a checkpoint of its state does,
// is among the job's checkpoints, and another job can start from it.
func TestASavepointTakesAsLongAsItsStateAndTheJobGoesOn(t *testing.T) {
	for _, version := range []slots.Version{slots.V1_20, slots.V2_3} {
		r := newRig(t, Config{Version: version, Options: stepOptions(), TaskManagers: []TaskManager{{}, {}}})
		spec := stepJob(500)
		spec.Graph.Vertices[1].State = flow.State{Bytes: 400e6} // 4 s at 100 MB/s
		id := r.submit(spec)
		r.pass(32 * time.Second)
		c, ctx := r.client(), context.Background()
		trigger, err := c.TriggerSavepoint(ctx, flink.JobID(id), flink.SavepointRequest{TargetDirectory: "file:/kept"})
		r.do(err)
		r.pass(3500 * time.Millisecond)
		o, err := c.SavepointStatus(ctx, flink.JobID(id), trigger)
		r.do(err)
		if o.Done() {
			t.Errorf("%s: it is done after 3.5 s", version)
		}
		r.pass(time.Second)
		o, err = c.SavepointStatus(ctx, flink.JobID(id), trigger)
		r.do(err)
		if !o.Done() || o.Result == nil || !strings.HasPrefix(o.Result.Location, "file:/kept/savepoint-"+id[:6]) {
			t.Fatalf("%s: after 4.5 s it is %+v", version, o)
		}
		r.pass(10 * time.Second)
		k := get[flink.Checkpoints](r, "/jobs/"+id+"/checkpoints")
		if s := k.Latest.Savepoint; s == nil || s.EndToEndDuration < 4000 || s.EndToEndDuration > 4500 || s.ExternalPath.Value != o.Result.Location {
			t.Errorf("%s: the statistics show %+v", version, s)
		}
		second := stepJob(500)
		second.Name, second.Savepoint = "second", o.Result.Location
		other := r.submit(second)
		r.pass(20 * time.Second)
		if k := get[flink.Checkpoints](r, "/jobs/"+other+"/checkpoints"); k.Latest.Restored == nil || !k.Latest.Restored.IsSavepoint {
			t.Errorf("%s: the second job was restored from %+v", version, k.Latest.Restored)
		}
	}
}

func TestASavepointOfAJobThatIsCanceledFails(t *testing.T) {
	r := newRig(t, Config{Options: stepOptions(), TaskManagers: []TaskManager{{}, {}}})
	spec := stepJob(500)
	spec.Graph.Vertices[1].State = flow.State{Bytes: 400e6}
	id := r.submit(spec)
	r.pass(32 * time.Second)
	c, ctx := r.client(), context.Background()
	trigger, err := c.TriggerSavepoint(ctx, flink.JobID(id), flink.SavepointRequest{})
	r.do(err)
	r.pass(time.Second)
	r.do(c.CancelJob(ctx, flink.JobID(id)))
	r.pass(5 * time.Second)
	o, err := c.SavepointStatus(ctx, flink.JobID(id), trigger)
	r.do(err)
	if !o.Done() || o.Result == nil || o.Result.Failure == nil {
		t.Errorf("%+v", o)
	}
}
