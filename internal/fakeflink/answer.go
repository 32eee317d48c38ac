package fakeflink

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
)

// request is what is read of an HTTP request.
type request struct {
	method, path, query string
	sender              string // its User-Agent
	body                []byte
}

// answer appends the body of an answer to dst, and returns the HTTP status.
func (m *JobManager) answer(dst []byte, r request) ([]byte, int) {
	path := strings.TrimPrefix(r.path, "/v1")
	if path == statsPath {
		return m.tellStats(dst, r.method)
	}
	before := len(dst)
	dst, at, status := m.route(dst, path, r)
	m.counts.add(at, len(dst)-before, m.cfg.Now())
	return dst, status
}

func (m *JobManager) route(dst []byte, path string, r request) ([]byte, endpoint, int) {
	if rest, ok := strings.CutPrefix(path, "/jobs/"); ok && rest != "overview" {
		id, rest, _ := strings.Cut(rest, "/")
		j := m.byID[id]
		if j == nil {
			return refused(dst, "Job "+id+" not found"), atOther, http.StatusNotFound
		}
		return m.ofJob(dst, j, rest, r)
	}
	switch path {
	case "/config":
		return append(dst, m.bodies.clusterConfig...), atConfig, http.StatusOK
	case "/overview":
		return append(dst, m.bodies.overview...), atOverview, http.StatusOK
	case "/jobs/overview":
		return m.jobsOverview(dst), atJobs, http.StatusOK
	case "/jobmanager/metrics":
		return append(dst, m.bodies.slots...), atCluster, http.StatusOK
	case "/taskmanagers/metrics":
		return taskManagerMetrics(dst, r.query), atCluster, http.StatusOK
	}
	return refused(dst, "Not found: "+path), atOther, http.StatusNotFound
}

func (m *JobManager) ofJob(dst []byte, j *job, path string, r request) ([]byte, endpoint, int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := m.cfg.Now()
	j.advance(now, now.Truncate(m.cfg.FetchInterval))
	if r.method != http.MethodPut {
		m.tell(j, path, r, nil, nil)
	}
	switch path {
	case "":
		return m.bodies.details.render(dst, j.values(now)), atJob, http.StatusOK
	case "config":
		return m.bodies.jobConfig.render(dst, j.values(now)), atJobConfig, http.StatusOK
	case "jobmanager/config":
		return append(dst, m.bodies.jobManagerConfig...), atJobConfig, http.StatusOK
	case "checkpoints":
		return m.bodies.checkpoints.render(dst, j.values(now)), atCheckpoints, http.StatusOK
	case "checkpoints/config":
		return append(dst, m.bodies.checkpointConfig...), atCheckpoints, http.StatusOK
	case "resource-requirements":
		return m.requirements(dst, j, r, now)
	}
	id, rest, _ := strings.Cut(strings.TrimPrefix(path, "vertices/"), "/")
	v := slices.IndexFunc(graph[:], func(s vertexShape) bool { return s.id == id })
	switch {
	case v >= 0 && rest == "":
		return m.vertex(dst, j, v, now), atSubtasks, http.StatusOK
	case v >= 0 && rest == "subtasks/metrics" && r.query == "":
		return append(dst, m.bodies.names[v].body...), atNames, http.StatusOK
	case v >= 0 && rest == "subtasks/metrics":
		return m.metrics(dst, j, v, r.query), atMetrics, http.StatusOK
	}
	return refused(dst, "Not found: "+path), atOther, http.StatusNotFound
}

func refused(dst []byte, message string) []byte {
	encoded, _ := json.Marshal(map[string][]string{"errors": {message}}) // strings alone: it cannot fail
	return append(dst, encoded...)
}

func (m *JobManager) jobsOverview(dst []byte) []byte {
	now := m.cfg.Now()
	dst = append(dst, `{"jobs":[`...)
	for i, j := range m.jobs {
		if i > 0 {
			dst = append(dst, ',')
		}
		j.mu.Lock()
		j.advance(now, now.Truncate(m.cfg.FetchInterval))
		dst = m.bodies.summary.render(dst, j.values(now))
		j.mu.Unlock()
	}
	return append(dst, "]}"...)
}

// values are those of a job and all its vertices.
func (j *job) values(now time.Time) *values {
	v := &values{texts: []string{j.id, j.name}, numbers: make([]int64, numVertex+vertexCount*vertexNumbers)}
	n := v.numbers
	started := j.running.UnixMilli()
	n[numSubmitted], n[numDuration], n[numNow] = j.submitted.UnixMilli(), now.Sub(j.submitted).Milliseconds(), now.UnixMilli()
	n[numCreated], n[numRunning], n[numTasks] = started-200, started, int64(j.tasks())
	checkpoint := now.Add(-checkpointTook).Truncate(checkpointInterval)
	n[numCheckpoint] = int64(checkpoint.Sub(j.submitted) / checkpointInterval)
	n[numCheckpointAt], n[numCheckpointDone] = checkpoint.UnixMilli(), checkpoint.Add(checkpointTook).UnixMilli()
	for i := range j.vertices {
		at := numVertex + i*vertexNumbers
		s := &j.vertices[i]
		j.counters(n[at:at+vertexNumbers], i, 0, s.parallelism, now)
		n[at+numLower], n[at+numUpper] = int64(s.lower), int64(s.upper)
	}
	return v
}

// counters fills in the numbers of the subtasks from the given ones on.
func (j *job) counters(n []int64, v, subtask, count int, now time.Time) {
	s := &j.vertices[v]
	part := float64(count) / float64(s.parallelism)
	records := int64(s.records * part)
	n[numIndex], n[numParallelism], n[numAttempt] = int64(subtask), int64(s.parallelism), int64(j.attempt)
	n[numStarted], n[numAge] = j.running.UnixMilli(), now.Sub(j.running).Milliseconds()
	n[numBytes], n[numRead], n[numWritten] = 21*records, records, records
	if graph[v].topic != "" {
		n[numRead] = 0
	}
	if v == vertexCount-1 {
		n[numWritten] = 0
	}
	n[numBlocked], n[numIdle], n[numBusy] = int64(s.blocked*part), int64(s.idle*part), int64(s.busy*part)
}

// vertex renders a vertex by subtask; all subtasks have the same to do.
func (m *JobManager) vertex(dst []byte, j *job, v int, now time.Time) []byte {
	all := j.values(now)
	n := all.numbers[numVertex : numVertex+vertexNumbers]
	j.counters(n, v, 0, 1, now)
	dst = m.bodies.vertexHead[v].render(dst, all)
	for i := range j.vertices[v].parallelism {
		if i > 0 {
			dst = append(dst, ',')
		}
		n[numIndex] = int64(i)
		dst = m.bodies.subtask.render(dst, all)
	}
	return m.bodies.vertexTail[v].render(dst, all)
}

// metrics answers a question for values; one name that is not known makes Flink
// answer with nothing at all.
func (m *JobManager) metrics(dst []byte, j *job, v int, query string) []byte {
	asked, aggregates, err := parseMetrics(query)
	if err != nil {
		return append(dst, "[]"...)
	}
	before := len(dst)
	dst = append(dst, '[')
	count := float64(j.vertices[v].parallelism)
	for i, name := range asked {
		if !m.bodies.names[v].known[name] {
			return append(dst[:before], "[]"...)
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendMetric(dst, name, j.value(v, name), count, aggregates)
	}
	return append(dst, ']')
}

func parseMetrics(query string) (asked, aggregates []string, err error) {
	for part := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(part, "=")
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, nil, err
		}
		switch key {
		case "get":
			asked = strings.Split(value, ",")
		case "agg":
			aggregates = strings.Split(value, ",")
		}
	}
	if aggregates == nil {
		aggregates = []string{"min", "max", "avg", "sum", "skew"}
	}
	return asked, aggregates, nil
}

// appendMetric renders a metric whose sum over count equal parts is given.
func appendMetric(dst []byte, name string, sum, count float64, aggregates []string) []byte {
	dst = append(append(append(dst, `{"id":"`...), name...), '"')
	for _, aggregate := range aggregates {
		value := math.Round(sum/count*1000) / 1000
		switch aggregate {
		case "sum":
			value = math.Round(sum*1000) / 1000
		case "skew":
			value = 0
		}
		dst = append(append(append(dst, `,"`...), aggregate...), `":`...)
		dst = strconv.AppendFloat(dst, value, 'f', -1, 64)
	}
	return append(dst, '}')
}

// taskManagerMetrics are those of healthy TaskManagers.
func taskManagerMetrics(dst []byte, query string) []byte {
	asked, aggregates, err := parseMetrics(query)
	if err != nil {
		return append(dst, "[]"...)
	}
	dst = append(dst, '[')
	for i, name := range asked {
		if i > 0 {
			dst = append(dst, ',')
		}
		value := 5e7
		switch {
		case strings.HasSuffix(name, ".Max"):
			value = 3e8
		case strings.HasSuffix(name, "PerSecond"):
			value = 2
		}
		dst = appendMetric(dst, name, value, 1, aggregates)
	}
	return append(dst, ']')
}

// requirements serves and takes the bounds of a job. Like Flink it takes a
// complete and sensible map, or nothing of it.
func (m *JobManager) requirements(dst []byte, j *job, r request, now time.Time) ([]byte, endpoint, int) {
	if r.method != http.MethodPut {
		return m.bodies.requirements.render(dst, j.values(now)), atRequirements, http.StatusOK
	}
	var asked flink.ResourceRequirements
	if err := json.Unmarshal(r.body, &asked); err != nil {
		return refused(dst, "Request did not match expected format JobResourceRequirementsBody."), atRescale, http.StatusBadRequest
	}
	var lower, upper [vertexCount]int
	for v := range graph {
		bounds := asked[flink.VertexID(graph[v].id)].Parallelism
		lower[v], upper[v] = bounds.Lower, bounds.Upper
		if bounds.Lower < 1 || bounds.Upper < bounds.Lower || bounds.Upper > maxParallelism || len(asked) != vertexCount {
			return refused(dst, "Invalid resource requirements for vertex "+graph[v].id), atRescale, http.StatusBadRequest
		}
	}
	m.tell(j, "resource-requirements", r, asked, j.standing())
	j.require(lower, upper, now.Add(m.cfg.RescaleAfter))
	return append(dst, "{}"...), atRescale, http.StatusOK
}
