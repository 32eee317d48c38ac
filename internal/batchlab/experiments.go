package batchlab

import (
	"slices"

	"github.com/sluice-project/sluice/internal/realflink"
)

const (
	auto = "execution.batch.adaptive.auto-parallelism."
	old  = "jobmanager.adaptive-batch-scheduler."
)

// Setting is a configuration of a cluster under a name.
type Setting struct {
	Name    string
	Options map[string]string
	// Jobs are the names of the jobs to record; all if there are none.
	Jobs []string
}

// Settings are the clusters that jobs are recorded on.
var Settings = []Setting{
	{Name: "small", Options: map[string]string{auto + "avg-data-volume-per-task": "256kb", auto + "max-parallelism": "16", auto + "default-source-parallelism": "4"}},
	{Name: "bounds", Options: map[string]string{old + "avg-data-volume-per-task": "64kb", old + "min-parallelism": "3", old + "max-parallelism": "5", old + "default-source-parallelism": "2"}},
	{Name: "single", Options: map[string]string{auto + "avg-data-volume-per-task": "1b", auto + "max-parallelism": "8", auto + "default-source-parallelism": "3"}},
	{Name: "large", Options: map[string]string{auto + "avg-data-volume-per-task": "3mb", auto + "min-parallelism": "2", auto + "max-parallelism": "24"}},
	{Name: "job", Options: map[string]string{"parallelism.default": "6", auto + "avg-data-volume-per-task": "100kb"}},
	{Name: "defaults", Jobs: []string{"union", "pointwise"}},
	{Name: "adaptive", Jobs: []string{"skew"}, Options: map[string]string{
		"jobmanager.scheduler": "adaptive", auto + "avg-data-volume-per-task": "256kb", auto + "max-parallelism": "16",
	}},
}

// Experiments are the jobs to record under the setting.
func (s Setting) Experiments() []Experiment {
	var all []Experiment
	for _, e := range Experiments {
		if len(s.Jobs) == 0 || slices.Contains(s.Jobs, e.Name) {
			all = append(all, e)
		}
	}
	return all
}

// Experiment is a job under a name.
type Experiment struct {
	Name string
	Job  func(Tables) realflink.JobSpec
}

// Experiments are the jobs that are recorded.
var Experiments = []Experiment{
	{"broadcast", sql("region STRING, orders BIGINT, total DOUBLE",
		"SELECT region, COUNT(*), SUM(amount) FROM orders JOIN customers ON orders.customer = customers.customer GROUP BY region")},
	{"skew", sql("customer INT, total DOUBLE, longest STRING",
		"SELECT customer, SUM(amount), MAX(note) FROM orders GROUP BY customer", "table.optimizer.agg-phase-strategy=ONE_PHASE")},
	{"union", sql("product INT, notes BIGINT, total DOUBLE",
		"SELECT product, COUNT(DISTINCT note), SUM(amount) FROM (SELECT * FROM orders UNION ALL SELECT * FROM refunds) GROUP BY product")},
	{"join", sql("customer INT, paid DOUBLE, back DOUBLE",
		"SELECT orders.customer, orders.amount, refunds.amount FROM orders JOIN refunds ON orders.customer = refunds.customer",
		"table.optimizer.join.broadcast-threshold=-1")},
	{"skewed-join", sql("customer INT, paid DOUBLE, back DOUBLE",
		"SELECT orders.customer, orders.amount, refunds.amount FROM orders JOIN refunds ON orders.customer = refunds.customer",
		"table.optimizer.join.broadcast-threshold=-1", "table.optimizer.skewed-join-optimization.skewed-factor=1.5",
		"table.optimizer.skewed-join-optimization.skewed-threshold=100kb", "table.optimizer.adaptive-broadcast-join.strategy=none")},
	{"late-broadcast", sql("customer INT, paid DOUBLE, back DOUBLE",
		"SELECT orders.customer, orders.amount, refunds.amount FROM orders JOIN refunds ON orders.customer = refunds.customer WHERE refunds.amount < 3",
		"table.optimizer.join.broadcast-threshold=30720")},
	{"top", sql("customer INT, total DOUBLE",
		"SELECT customer, SUM(amount) AS total FROM orders GROUP BY customer ORDER BY total DESC LIMIT 10")},
	{"pointwise", func(Tables) realflink.JobSpec { return realflink.JobSpec{Pointwise: 60_000} }},
}

// sql is a job that fills a sink of these columns by a query, with options of its session.
func sql(sink, query string, options ...string) func(Tables) realflink.JobSpec {
	return func(t Tables) realflink.JobSpec {
		var set []string
		for _, option := range options {
			set = append(set, "SET "+option)
		}
		return realflink.JobSpec{SQL: append(set, t.Statements(sink, query)...)}
	}
}
