package rest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
)

func TestTaskManagersComeAndGo(t *testing.T) {
	s := serve(t, Step, "2.3")
	s.advance("30 s")
	must[clockBody](s, "POST", "/twin/v1/taskmanagers", `{"count": 2, "slots": 3}`)
	s.advance("10 s")
	if got := s.state(); got.Slots != 10 || len(got.TaskManagers) != 4 {
		t.Errorf("after two of 3 slots came: %d slots, %+v", got.Slots, got.TaskManagers)
	}
	must[clockBody](s, "POST", "/twin/v1/taskmanagers/tm-3/stop", "")
	must[clockBody](s, "POST", "/twin/v1/taskmanagers/tm-1/freeze", "")
	s.advance("5 s")
	got := s.state()
	if got.TaskManagers[2].State != "gone" || got.TaskManagers[0].State != "frozen" || got.Slots != 7 {
		t.Errorf("one stopped, one frozen: %+v", got)
	}
	must[clockBody](s, "POST", "/twin/v1/taskmanagers/tm-1/thaw", "")
	must[clockBody](s, "POST", "/twin/v1/taskmanagers/tm-2/kill", "")
	s.advance("2 min")
	if got = s.state(); got.TaskManagers[0].State != "up" || got.TaskManagers[1].State != "gone" || got.Slots != 5 {
		t.Errorf("one thawed, one killed: %+v", got)
	}
	if got.Jobs[0].Status != "RUNNING" {
		t.Errorf("the job is %s", got.Jobs[0].Status)
	}
}

func TestLoadsAndCostsChange(t *testing.T) {
	s := serve(t, Step, "2.3")
	s.advance("1 min")
	must[clockBody](s, "PUT", "/twin/v1/jobs/orders/vertices/orders/load", "ramp: {from: 500, to: 900, start: 1 min, over: 1 s}")
	must[clockBody](s, "PUT", "/twin/v1/jobs/orders/vertices/prices/cost", "{record: 4 ms}")
	s.advance("1 min")
	v := s.state().Jobs[0].Vertices
	if v[1].Capacity != 500 {
		t.Errorf("two subtasks at 4 ms a record can do %v/s", v[1].Capacity)
	}
	if pending := *v[0].Pending; pending < 10_000 || pending > 24_000 {
		t.Errorf("of 900/s, 500/s are read: %v are pending after a minute", pending)
	}
}

func TestJobsAreSubmittedFailAndEnd(t *testing.T) {
	s := serve(t, Step, "2.3")
	s.advance("1 min")
	const job = "name: more\nvertices: [{name: clicks, source: {}, cost: 1 ms, load: 10}]\n"
	before := s.state().Jobs[0].Restarts
	id := must[map[string]string](s, "POST", "/twin/v1/jobs", job)["jobid"]
	must[clockBody](s, "POST", "/twin/v1/jobs/orders/fail", `{"message": "out of luck"}`)
	must[clockBody](s, "POST", "/twin/v1/jobs/orders/fail-checkpoints", `{"count": 1}`)
	s.advance("1 min")
	jobs := s.state().Jobs
	if len(jobs) != 2 || jobs[1].ID != id || jobs[1].Status != "RUNNING" || jobs[0].Restarts != before+2 {
		t.Fatalf("%+v", jobs)
	}
	exceptions, err := s.client().Exceptions(t.Context(), flink.JobID(jobs[0].ID), 5)
	// No checkpoint may fail, unless an option says so: the one that does takes the job along.
	if entries := exceptions.History.Entries; err != nil || len(entries) != 2 ||
		!strings.Contains(entries[0].Stacktrace, "checkpoint") || !strings.Contains(entries[1].Stacktrace, "out of luck") {
		t.Errorf("%+v, %v", exceptions, err)
	}
	before = jobs[1].Restarts
	must[clockBody](s, "POST", "/twin/v1/jobs/"+id+"/vertices/clicks/fail", `{"subtask": 0}`)
	s.advance("1 min")
	must[clockBody](s, "POST", "/twin/v1/jobs/"+id+"/cancel", "")
	s.advance("10 s")
	if jobs = s.state().Jobs; jobs[1].Status != "CANCELED" || jobs[1].Restarts != before+1 {
		t.Errorf("%+v", jobs[1])
	}
}

// While the JobManager is down connections break, as those to a dead process do.
func TestNobodyAnswersForADeadJobManager(t *testing.T) {
	s := serve(t, Step, "2.3")
	s.advance("30 s")
	must[clockBody](s, "POST", "/twin/v1/jobmanager/kill", "")
	if _, err := s.client().JobsOverview(t.Context()); err == nil {
		t.Error("a dead JobManager lists its jobs")
	}
	if got := s.state(); got.JobManager != "down" {
		t.Errorf("the JobManager is %s", got.JobManager)
	}
	must[clockBody](s, "POST", "/twin/v1/jobmanager/restart", "")
	s.advance("30 s")
	if _, err := s.client().JobsOverview(t.Context()); err != nil {
		t.Errorf("the JobManager is back: %v", err)
	}
}

// From a snapshot on the same happens again.
func TestSnapshotsBringBackWhatWas(t *testing.T) {
	s := serve(t, Step, "2.3")
	s.advance("90 s")
	_, snapshot := s.ask("GET", "/twin/v1/snapshot", "")
	look := func() string {
		must[clockBody](s, "POST", "/twin/v1/taskmanagers/tm-1/kill", "")
		s.advance("10 min")
		jobs, _ := s.client().JobsOverview(t.Context())
		_, details := s.ask("GET", "/jobs/"+string(jobs[0].ID), "")
		return details
	}
	once := look()
	if c := must[clockBody](s, "PUT", "/twin/v1/snapshot", snapshot); c.Now.Sub(c.Start).Seconds() != 90 {
		t.Errorf("restored at %s", c.Now)
	}
	if again := look(); again != once {
		t.Errorf("another future:\n%s\n%s", once, again)
	}
	// The clock moves on from there, not from where it was.
	must[clockBody](s, "POST", "/twin/v1/clock", `{"speed": 2}`)
	s.real = s.real.Add(10 * time.Second)
	must[clockBody](s, "PUT", "/twin/v1/snapshot", snapshot)
	s.real = s.real.Add(5 * time.Second)
	if c := must[clockBody](s, "GET", "/twin/v1/clock", ""); c.Now.Sub(c.Start) != 100*time.Second {
		t.Errorf("five seconds later at speed 2 it is %s", c.Now.Sub(c.Start))
	}
}

func TestWhatCannotBeDoneIsRefused(t *testing.T) {
	s := serve(t, Step, "2.3")
	s.advance("10 s")
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"a path that is not there", "GET", "/twin/v1/nothing", "", 404, "nothing here"},
		{"a prefix alone", "GET", "/twin/v1", "", 404, "nothing here"},
		{"another method", "DELETE", "/twin/v1/clock", "", 404, "nothing here"},
		{"a body that is no JSON", "POST", "/twin/v1/clock", "{", 400, "body"},
		{"an unknown field", "POST", "/twin/v1/clock", `{"sped": 1}`, 400, "sped"},
		{"two values", "POST", "/twin/v1/clock", `{} {}`, 400, "behind"},
		{"a speed that is none", "POST", "/twin/v1/clock", `{"speed": -1}`, 400, "step or max"},
		{"no duration", "POST", "/twin/v1/clock", `{"advance": "soon"}`, 400, "10 s"},
		{"time that goes back", "POST", "/twin/v1/clock", `{"to": "2020-01-01T00:00:00Z"}`, 400, "does not go back"},
		{"too much time", "POST", "/twin/v1/clock", `{"advance": "1000 d"}`, 400, "at most"},
		{"two times", "POST", "/twin/v1/clock", `{"advance": "1 s", "to": "2030-01-01T00:00:00Z"}`, 400, "one of the two"},
		{"no TaskManager", "POST", "/twin/v1/taskmanagers", `{"count": 0}`, 400, "want 1"},
		{"several of one id", "POST", "/twin/v1/taskmanagers", `{"count": 2, "id": "a"}`, 400, "one of the two"},
		{"an id that is taken", "POST", "/twin/v1/taskmanagers", `{"id": "tm-1"}`, 409, "tm-1"},
		{"the end of one that is not there", "POST", "/twin/v1/taskmanagers/tm-9/kill", "", 409, "tm-9"},
		{"a deed that is none", "POST", "/twin/v1/taskmanagers/tm-1/explode", "", 404, "nothing here"},
		{"a job that is not there", "POST", "/twin/v1/jobs/clicks/fail", "", 400, "clicks"},
		{"a load that is none", "PUT", "/twin/v1/jobs/orders/vertices/orders/load", "{day: {hihg: 3}}", 400, "hihg"},
		{"a load of no source", "PUT", "/twin/v1/jobs/orders/vertices/prices/load", "3", 409, "nothing"},
		{"a cost that is none", "PUT", "/twin/v1/jobs/orders/vertices/prices/cost", "cheap", 400, "cheap"},
		{"a cost of nothing", "PUT", "/twin/v1/jobs/orders/vertices/prices/cost", "0 s", 409, "cost"},
		{"a vertex that is not there", "PUT", "/twin/v1/jobs/orders/vertices/shop/cost", "1 s", 409, "shop"},
		{"a job without vertices", "POST", "/twin/v1/jobs", "name: empty", 400, "vertices"},
		{"a snapshot that is none", "PUT", "/twin/v1/snapshot", "{}", 400, "snapshot"},
		{"a body that is too large", "POST", "/twin/v1/jobs", strings.Repeat("#", maxBody+1), http.StatusRequestEntityTooLarge, "too large"},
		{"what Flink does not know", "GET", "/nothing", "", 404, "Unable to load requested file /nothing."},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			if status, text := s.ask(c.method, c.path, c.body); status != c.status || !strings.Contains(text, c.says) || !strings.HasPrefix(text, `{"errors":[`) {
				t.Errorf("%d %s; want %d and %q", status, text, c.status, c.says)
			}
		})
	}
}
