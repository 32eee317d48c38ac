package flink

import (
	"context"
	"net/http"
)

// fetch is do for calls that return what they decode.
func fetch[T any](ctx context.Context, c *Client, r request) (T, error) {
	var answer T
	if err := c.do(ctx, r, &answer); err != nil {
		var none T
		return none, err
	}
	return answer, nil
}

// Overview returns the cluster in a few numbers, with Flink's version.
func (c *Client) Overview(ctx context.Context) (Overview, error) {
	return fetch[Overview](ctx, c, get("overview"))
}

// ClusterConfig returns /config: version and what the web page may do.
func (c *Client) ClusterConfig(ctx context.Context) (ClusterConfig, error) {
	return fetch[ClusterConfig](ctx, c, get("config"))
}

// JobManagerConfig returns the configuration of the cluster, in no order.
func (c *Client) JobManagerConfig(ctx context.Context) ([]KeyValue, error) {
	return fetch[[]KeyValue](ctx, c, get("jobmanager", "config"))
}

// JobManagerEnvironment returns the JobManager's JVM and class path.
func (c *Client) JobManagerEnvironment(ctx context.Context) (Environment, error) {
	return fetch[Environment](ctx, c, get("jobmanager", "environment"))
}

// TaskManagers lists the registered TaskManagers.
func (c *Client) TaskManagers(ctx context.Context) ([]TaskManager, error) {
	list, err := fetch[TaskManagers](ctx, c, get("taskmanagers"))
	return list.TaskManagers, err
}

// TaskManager returns one TaskManager with its slots and memory.
func (c *Client) TaskManager(ctx context.Context, id string) (TaskManagerDetails, error) {
	return fetch[TaskManagerDetails](ctx, c, get("taskmanagers", id))
}

// Applications lists the applications of the cluster (Flink 2.x).
func (c *Client) Applications(ctx context.Context) ([]Application, error) {
	list, err := fetch[Applications](ctx, c, get("applications", "overview"))
	return list.Applications, err
}

// DataSets lists the intermediate results that the cluster keeps.
func (c *Client) DataSets(ctx context.Context) ([]DataSet, error) {
	list, err := fetch[DataSets](ctx, c, get("datasets"))
	return list.DataSets, err
}

// ShutDown ends the cluster: the JobManager stops and its jobs with it.
func (c *Client) ShutDown(ctx context.Context) error {
	_, err := fetch[Empty](ctx, c, call(http.MethodDelete, "cluster"))
	return err
}

// Settings turns a list of key and value into a map; of equal keys the last wins.
func Settings(list []KeyValue) map[string]string {
	settings := make(map[string]string, len(list))
	for _, entry := range list {
		settings[entry.Key] = entry.Value
	}
	return settings
}
