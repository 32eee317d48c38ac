package twin

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/sluice-project/sluice/flink"
)

// asked are the metrics of the question; false if it asks for their names.
func (q question) asked() ([]string, bool) {
	list, given := q.query["get"]
	if !given {
		return nil, false
	}
	var ids []string
	seen := map[string]bool{}
	for _, part := range list {
		for id := range strings.SplitSeq(part, ",") {
			if id != "" && !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids, true
}

// aggregates are those that the question asks for.
type aggregates struct{ min, max, avg, sum, skew bool }

// aggregates reads them. The error is the one that is none.
func (q question) aggregates() (aggregates, error) {
	list, given := q.query["agg"]
	if !given {
		return aggregates{true, true, true, true, true}, nil
	}
	var a aggregates
	for _, part := range list {
		for name := range strings.SplitSeq(part, ",") {
			switch flink.Aggregation(strings.ToLower(name)) {
			case flink.AggMin:
				a.min = true
			case flink.AggMax:
				a.max = true
			case flink.AggAvg:
				a.avg = true
			case flink.AggSum:
				a.sum = true
			case flink.AggSkew:
				a.skew = true
			default:
				return a, errors.New(name)
			}
		}
	}
	return a, nil
}

// of puts values together.
func (a aggregates) of(id string, values []float64) flink.AggregatedMetric {
	least, most, sum := values[0], values[0], 0.0
	for _, x := range values {
		least, most, sum = math.Min(least, x), math.Max(most, x), sum+x
	}
	avg := sum / float64(len(values))
	m := flink.AggregatedMetric{ID: id}
	set := func(wanted bool, into *flink.Float, x float64) {
		if wanted {
			*into = flink.Number(x)
		}
	}
	set(a.min, &m.Min, least)
	set(a.max, &m.Max, most)
	set(a.avg, &m.Avg, avg)
	set(a.sum, &m.Sum, sum)
	set(a.skew, &m.Skew, skewOf(values, avg))
	return m
}

// skewOf is how far values are from their average, in percent.
func skewOf(values []float64, avg float64) float64 {
	if avg == 0 {
		return 0
	}
	away := 0.0
	for _, x := range values {
		away += math.Abs(x - avg)
	}
	return math.Min(100, 100*away/float64(len(values))/avg)
}

// aggregate answers for several processes or subtasks: values are those of an id,
// none if nobody has it. One unknown id empties the answer.
func (q question) aggregate(names []string, values func(id string, into []float64) []float64) Answer {
	ids, given := q.asked()
	if !given {
		return ok(metricNames(names))
	}
	a, err := q.aggregates()
	if err != nil {
		return badParameter("query", "agg", err.Error())
	}
	list := make([]flink.AggregatedMetric, 0, len(ids))
	var found []float64
	for _, id := range ids {
		if found = values(id, found[:0]); len(found) == 0 {
			if q.config.Honest {
				continue
			}
			return ok([]flink.AggregatedMetric{})
		}
		list = append(list, a.of(id, found))
	}
	return ok(list)
}

func metricNames(names []string) []flink.MetricName {
	list := make([]flink.MetricName, len(names))
	for i, name := range names {
		list[i].ID = name
	}
	return list
}

// single answers for one process. Unknown ids are left out.
func (q question) single(names []string, value func(id string) (string, bool)) Answer {
	ids, given := q.asked()
	if !given {
		return ok(metricNames(names))
	}
	list := make([]flink.Metric, 0, len(ids))
	for _, id := range ids {
		if v, known := value(id); known {
			list = append(list, flink.Metric{ID: id, Value: v})
		}
	}
	return ok(list)
}

// subtasksMetrics aggregates over the subtasks of a vertex, or those of the query.
func (q question) subtasksMetrics(j *job, v int) Answer {
	if j.dump == nil || v >= len(j.dump.vertices) {
		if _, given := q.asked(); given {
			return ok([]flink.AggregatedMetric{})
		}
		return ok([]flink.MetricName{})
	}
	picked, understood := q.picked()
	if !understood {
		return ok([]flink.AggregatedMetric{})
	}
	c, p := j.catalog[v], len(j.dump.vertices[v])
	return q.aggregate(c.names, func(id string, into []float64) []float64 {
		e, known := c.byName[id]
		if !known {
			return into
		}
		for k := range p {
			if e.has(k, p) && (picked == nil || picked(k)) {
				into = append(into, e.value(j.dump, v, k))
			}
		}
		return into
	})
}

// picked says which subtasks the query names, such as 0,2-4; nil for all, and false
// if that cannot be read.
func (q question) picked() (func(k int) bool, bool) {
	text := strings.Join(q.query["subtasks"], ",")
	if text == "" {
		return nil, true
	}
	var spans [][2]int
	for part := range strings.SplitSeq(text, ",") {
		from, to, is := strings.Cut(part, "-")
		if !is {
			to = from
		}
		a, errA := strconv.Atoi(from)
		b, errB := strconv.Atoi(to)
		if errA != nil || errB != nil {
			return nil, false
		}
		spans = append(spans, [2]int{a, b})
	}
	return func(k int) bool {
		for _, s := range spans {
			if s[0] <= k && k <= s[1] {
				return true
			}
		}
		return false
	}, true
}

// vertexMetrics are those of single subtasks, by ids such as 0.numRecordsIn.
func (q question) vertexMetrics(j *job, v int) Answer {
	p := 0
	if j.dump != nil && v < len(j.dump.vertices) {
		p = len(j.dump.vertices[v])
	}
	var names []string
	if _, given := q.asked(); !given {
		for k := range p {
			for _, name := range j.catalog[v].names {
				if j.catalog[v].byName[name].has(k, p) {
					names = append(names, strconv.Itoa(k)+"."+name)
				}
			}
		}
	}
	return q.single(names, func(id string) (string, bool) {
		index, name, _ := strings.Cut(id, ".")
		k, err := strconv.Atoi(index)
		if err != nil || k < 0 || k >= p {
			return "", false
		}
		return j.subtaskValue(v, k, name)
	})
}

func (q question) subtaskMetrics(j *job, v, k int) Answer {
	if j.dump == nil || v >= len(j.dump.vertices) || k >= len(j.dump.vertices[v]) {
		return ok([]flink.MetricName{})
	}
	return q.single(j.catalog[v].names, func(id string) (string, bool) { return j.subtaskValue(v, k, id) })
}

// subtaskValue is a metric of one subtask, as Flink prints it.
func (j *job) subtaskValue(v, k int, name string) (string, bool) {
	e, known := j.catalog[v].byName[name]
	if !known || !e.has(k, len(j.dump.vertices[v])) {
		return "", false
	}
	if name == "isBackPressured" {
		return strconv.FormatBool(j.dump.vertices[v][k].blockedRate() > 0), true
	}
	return e.text(e.value(j.dump, v, k)), true
}
