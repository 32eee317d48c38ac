package twin

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// puts is a transport that counts the requests for other bounds, by job.
type puts struct {
	http.RoundTripper
	asked map[string]int
}

func (p puts) RoundTrip(r *http.Request) (*http.Response, error) {
	if job, is := strings.CutSuffix(r.URL.Path, "/resource-requirements"); is && r.Method == http.MethodPut {
		p.asked[job[strings.LastIndex(job, "/")+1:]]++
	}
	return p.RoundTripper.RoundTrip(r)
}

// The autoscaler follows the load of a stream and leaves the batch job beside it alone,
// which shows its own parallelism and answers no request for another.
func TestTheAutoscalerLeavesBatchJobsAlone(t *testing.T) {
	for _, version := range []slots.Version{slots.V1_20, slots.V2_3} {
		t.Run(version.String(), func(t *testing.T) {
			r := batchRig(t, version, func(c *Config) { c.TaskManagers = append(c.TaskManagers, TaskManager{}, TaskManager{}) })
			stream := r.submit(stepJob(2500))
			spec := reportSpec()
			for i := range spec.Batch.Graph.Vertices {
				spec.Batch.Graph.Vertices[i].Cost *= 10 // it takes longer than the autoscaler's window
			}
			batch := r.submit(spec)
			asked := map[string]int{}
			l := newLoop(r, stepConfig(t), 5*time.Second, puts{r.Transport(), asked})
			r.pass(time.Minute)
			for end := r.Now().Add(3 * time.Minute); r.Now().Before(end) && r.state(batch).Status == "RUNNING"; {
				l.turns(5 * time.Second)
			}
			list, err := l.jobs.Fetch(context.Background())
			r.do(err)
			seen := map[string]autoscaler.Scope{}
			for _, job := range list.Jobs {
				seen[string(job.Key.Job)] = job.Scope
			}
			if len(seen) != 2 || seen[stream] != autoscaler.ScopeScale || seen[batch] != autoscaler.ScopeIgnore {
				t.Errorf("it sees %v", seen)
			}
			if asked[stream] == 0 || asked[batch] > 0 || len(asked) != 1 {
				t.Errorf("it asked %v for other parallelisms", asked)
			}
			r.ends(batch, "FINISHED")
		})
	}
}
