package twin

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/recording"
)

// replay asks a twin what was asked of a real cluster, in the same order and with
// the same pauses. What a cluster names by lot is called in the twin as that calls
// it.
type replay struct {
	*rig
	job    JobSpec // like that of the recording
	states map[string]flink.JobDetails
	began  time.Duration // of the recording, in the twin
	first  time.Time
	names  []string // of the recording, each followed by that of the twin
}

// compareReplay replays a recording.
func compareReplay(t *testing.T, exchanges []recording.Exchange, _ string, seen coverage) {
	r := newReplay(t, exchanges)
	for _, e := range exchanges {
		if !seen.exempts(e) {
			seen.compared(e)
			r.compare(e)
		}
	}
}

func newReplay(t *testing.T, exchanges []recording.Exchange) *replay {
	t.Helper()
	r := &replay{rig: likeRecorded(t, exchanges, ""), states: map[string]flink.JobDetails{}, first: exchanges[0].At}
	r.began = r.Now().Sub(r.Start())
	r.job = r.jobs[0].spec
	r.job.Name = "LoadJob"
	program := r.job
	program.ID = ""
	r.do(r.Do(Action{Do: RegisterJar, Jar: "program.jar", Spec: &program}))
	r.names = []string{"/attempts/0", "/attempts/1"} // it was rescaled
	for _, e := range exchanges {
		var d flink.JobDetails
		if e.Method == "GET" && e.Status == 200 && regexp.MustCompile(`^/jobs/[0-9a-f]{32}$`).MatchString(e.Path) {
			r.do(json.Unmarshal(e.Body, &d))
			r.states[string(d.ID)] = d
		}
	}
	return r
}

// translated is a text with the twin's names.
func (r *replay) translated(text string) string { return strings.NewReplacer(r.names...).Replace(text) }

// compare asks what was asked, once the twin has come as far.
func (r *replay) compare(e recording.Exchange) {
	r.t.Helper()
	r.submitted(e.Path)
	r.do(r.Advance(r.Start().Add(r.began + e.At.Sub(r.first))))
	u, err := url.Parse(r.translated(e.Path))
	r.do(err)
	ask := func() Answer { return r.Answer(e.Method, u.Path, u.Query(), r.sent(e)) }
	answer := ask()
	for deadline := r.Now().Add(2 * time.Minute); e.Method == "GET" && behind(e.Body, answer.Body()) && r.Now().Before(deadline); {
		r.pass(time.Second)
		r.began += time.Second
		answer = ask()
	}
	if ahead(e.Body, answer.Body()) {
		return
	}
	if answer.Status != e.Status {
		r.t.Errorf("%s %s %s answers %d %.200s, recorded was %d", e.Method, e.Path, e.Sent, answer.Status, answer.Body(), e.Status)
		return
	}
	e.Body = uploadFolder.ReplaceAll([]byte(r.translated(string(e.Body))), []byte(jarFolder))
	compareBodies(r.t, e, answer.Body())
	r.harvest(e.Body, answer.Body())
}

// uploadFolder is where a cluster keeps jars.
var uploadFolder = regexp.MustCompile(`/flink/tmp/flink-web-[0-9a-f-]+/flink-web-upload`)

// submitted hands in the job of a path, if it is one of those that came later.
func (r *replay) submitted(path string) {
	r.t.Helper()
	for id, d := range r.states {
		if r.byID[id] != nil || !strings.Contains(path, id) {
			continue
		}
		spec := r.job
		spec.ID, spec.Name = id, d.Name
		fails := d.State == flink.JobFailed
		if fails {
			spec.Options = map[string]string{"restart-strategy.type": "none"}
		}
		r.submit(spec)
		r.pass(10 * time.Second)
		r.began += 10 * time.Second
		if fails {
			r.do(r.Do(Action{Do: FailCheckpoints, Job: id, Count: -1}))
		}
	}
}

// sent is the body of a request; of an upload the recording has the name only.
func (r *replay) sent(e recording.Exchange) []byte {
	r.t.Helper()
	if e.Path != "/jars/upload" || !strings.Contains(string(e.Sent), ".") {
		return []byte(r.translated(string(e.Sent)))
	}
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("jarfile", string(e.Sent))
	r.do(err)
	_, err = part.Write([]byte("no jar"))
	r.do(err)
	r.do(m.Close())
	return body.Bytes()
}

// progress is what bodies tell of how far something is.
type progress struct {
	Status json.RawMessage `json:"status"`
	State  flink.JobStatus `json:"state"`
}

func progressOf(body []byte) (operation string, p progress) {
	var o flink.OperationStatus
	if json.Unmarshal(body, &p) != nil || json.Unmarshal(p.Status, &o) != nil {
		return string(p.Status), p
	}
	return o.ID, p
}

// behind says that something is over in the recording and goes on in the twin, or
// that a job is not yet in the recorded status.
func behind(want, got []byte) bool {
	wanted, w := progressOf(want)
	is, g := progressOf(got)
	return wanted == "COMPLETED" && is == "IN_PROGRESS" || w.State != g.State || strings.HasPrefix(wanted, `"`) && wanted != is
}

// ahead says that something goes on in the recording and is over in the twin.
func ahead(want, got []byte) bool {
	wanted, _ := progressOf(want)
	is, _ := progressOf(got)
	return wanted == "IN_PROGRESS" && is == "COMPLETED"
}

// harvest learns what the twin calls what the recording has just named.
func (r *replay) harvest(want, got []byte) {
	r.t.Helper()
	type named struct {
		Request   string `json:"request-id"`
		Filename  string `json:"filename"`
		Operation *struct {
			Location string `json:"location"`
		} `json:"operation"`
		Latest *flink.LatestCheckpoints `json:"latest"`
	}
	var w, g named
	if json.Unmarshal(want, &w) != nil || json.Unmarshal(got, &g) != nil {
		return
	}
	name := func(old, here string) {
		if old != "" && old != here {
			r.names = append(r.names, old, here)
		}
	}
	name(w.Request, g.Request)
	if w.Filename != "" {
		name(path.Base(w.Filename), path.Base(g.Filename))
	}
	if w.Operation != nil && g.Operation != nil {
		name(w.Operation.Location, g.Operation.Location)
	}
	if w.Latest != nil && w.Latest.Completed != nil && g.Latest.Completed != nil {
		name(detailsOf(w.Latest.Completed), detailsOf(g.Latest.Completed))
	}
}
