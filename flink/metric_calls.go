package flink

import (
	"context"
	"net/url"
	"strings"
)

// Metrics that do not exist, or have no value yet, are left out of what the
// calls below return; the order is Flink's. Flink answers from a cache, so a
// value may be some seconds old, and the first answer after a pause is as old
// as the pause is long. No ids, no request.

// SubtaskMetricNames lists the metrics of the vertex's subtasks.
func (c *Client) SubtaskMetricNames(ctx context.Context, job JobID, vertex VertexID) ([]string, error) {
	return c.metricNames(ctx, vertexPath(job, vertex, "subtasks", "metrics"))
}

// SubtaskMetrics returns metrics aggregated over the vertex's subtasks, with
// the given aggregates, or all of them.
func (c *Client) SubtaskMetrics(ctx context.Context, job JobID, vertex VertexID, ids []string, aggs ...Aggregation) ([]AggregatedMetric, error) {
	return metricValues[AggregatedMetric](ctx, c, vertexPath(job, vertex, "subtasks", "metrics"), ids, aggs)
}

// VertexMetricNames lists the metrics of the vertex, each once a subtask, such
// as 0.numRecordsIn.
func (c *Client) VertexMetricNames(ctx context.Context, job JobID, vertex VertexID) ([]string, error) {
	return c.metricNames(ctx, vertexPath(job, vertex, "metrics"))
}

// VertexMetrics returns metrics of single subtasks by ids such as
// 0.numRecordsIn.
func (c *Client) VertexMetrics(ctx context.Context, job JobID, vertex VertexID, ids []string) ([]Metric, error) {
	return metricValues[Metric](ctx, c, vertexPath(job, vertex, "metrics"), ids, nil)
}

// JobMetricNames lists the metrics of a job as a whole.
func (c *Client) JobMetricNames(ctx context.Context, job JobID) ([]string, error) {
	return c.metricNames(ctx, get("jobs", string(job), "metrics"))
}

// JobMetrics returns metrics of a job as a whole, such as numRestarts.
func (c *Client) JobMetrics(ctx context.Context, job JobID, ids []string) ([]Metric, error) {
	return metricValues[Metric](ctx, c, get("jobs", string(job), "metrics"), ids, nil)
}

// JobManagerMetricNames lists the metrics of the JobManager.
func (c *Client) JobManagerMetricNames(ctx context.Context) ([]string, error) {
	return c.metricNames(ctx, get("jobmanager", "metrics"))
}

// JobManagerMetrics returns metrics of the JobManager, such as taskSlotsTotal.
func (c *Client) JobManagerMetrics(ctx context.Context, ids []string) ([]Metric, error) {
	return metricValues[Metric](ctx, c, get("jobmanager", "metrics"), ids, nil)
}

// TaskManagerMetricNames lists the metrics of the TaskManagers.
func (c *Client) TaskManagerMetricNames(ctx context.Context) ([]string, error) {
	return c.metricNames(ctx, get("taskmanagers", "metrics"))
}

// TaskManagerMetrics returns metrics aggregated over all TaskManagers, with the
// given aggregates, or all of them.
func (c *Client) TaskManagerMetrics(ctx context.Context, ids []string, aggs ...Aggregation) ([]AggregatedMetric, error) {
	return metricValues[AggregatedMetric](ctx, c, get("taskmanagers", "metrics"), ids, aggs)
}

func (c *Client) metricNames(ctx context.Context, r request) ([]string, error) {
	list, err := fetch[[]MetricName](ctx, c, r)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].ID
	}
	return names, nil
}

// metricValues asks for the ids, in as many requests as their length needs.
func metricValues[T any](ctx context.Context, c *Client, r request, ids []string, aggs []Aggregation) ([]T, error) {
	var all []T
	for _, query := range metricQueries(len(r.escapedPath()), ids, aggs) {
		part, err := fetch[[]T](ctx, c, r.with(query))
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = part
		} else {
			all = append(all, part...)
		}
	}
	return all, nil
}

// maxRequestLine keeps the first line of a request under the 4096 bytes that
// Flink's server accepts, with room for a prefix and the protocol.
const maxRequestLine = 3800

// metricQueries builds the queries for the ids, none of them longer than the
// path leaves room for, unless a single id is.
func metricQueries(pathLength int, ids []string, aggs []Aggregation) []string {
	suffix := aggregates(aggs)
	room := maxRequestLine - pathLength - len("?get=") - len(suffix)
	var queries []string
	var part strings.Builder
	flush := func() {
		if part.Len() > 0 {
			queries = append(queries, "get="+part.String()+suffix)
			part.Reset()
		}
	}
	for _, id := range ids {
		escaped := url.QueryEscape(id)
		if part.Len()+1+len(escaped) > room {
			flush()
		}
		if part.Len() > 0 {
			part.WriteByte(',')
		}
		part.WriteString(escaped)
	}
	flush()
	return queries
}

func aggregates(aggs []Aggregation) string {
	if len(aggs) == 0 {
		return ""
	}
	names := make([]string, len(aggs))
	for i, agg := range aggs {
		names[i] = url.QueryEscape(string(agg))
	}
	return "&agg=" + strings.Join(names, ",")
}
