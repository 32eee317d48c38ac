package javaclient

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/flink"
)

// Flink's own client understands every answer of a twin, and says the same of it in
// Java as it says in Go; and what it does to a twin is done. Each class of a request
// that there is in Flink is sent, or stands among those that are not.
func TestFlinksOwnClientReadsAndSteersATwin(t *testing.T) {
	for version := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, version)
			c := w.flinkClient(version)
			var all []request
			if err := c.Ask(question{Headers: "?"}, &all); err != nil {
				t.Fatal(err)
			}
			values := w.live(c)
			asked := reader{w, c, values}.readAll(all)
			steer(w, c, asked)
			for _, one := range all {
				if name := strings.TrimSuffix(one.Name, "Headers"); !asked[name] {
					t.Errorf("%s (%s %s) was not sent", name, one.Method, one.Path)
				}
			}
			if len(all) < 70 {
				t.Errorf("there are only %d classes of requests", len(all))
			}
		})
	}
}

// live lets something of everything happen, and returns what stands for the
// parameters of paths. The clock stands still after it.
func (w *world) live(c *Client) map[string]string {
	w.t.Helper()
	w.advance("1 min")
	job := w.job(0)
	id := string(job.ID)
	w.rescale(job, map[string]int{"prices": 3, "Source: orders": 2})
	w.advance("1 min")
	w.do("POST", "/twin/v1/jobs/"+id+"/vertices/prices/fail", `{"message": "a < b & c"}`)
	w.advance("1 min")
	values := map[string]string{
		"jobid": id, "vertexid": string(job.Vertices[2].ID), "taskmanagerid": "tm-1", "applicationid": id,
		"operatorid": string(job.Vertices[0].ID), "operatorUid": "orders", "datasetid": nowhere, "triggerid": "0123456789abcdef0123456789abcdee",
	}
	for name, body := range map[string]map[string]any{
		"Savepoint":            {"cancel-job": false, "triggerId": values["triggerid"], "formatType": "NATIVE"},
		"Checkpoint":           {"checkpointType": "FULL", "triggerId": values["triggerid"]},
		"ClusterDataSetDelete": {},
		"SavepointDisposal":    {"savepoint-path": "file:/none"},
	} {
		var began flink.Trigger
		w.asks(c, question{Headers: name + "TriggerHeaders", Path: values, Body: body}, &began)
		values["triggerid of "+name+"StatusHeaders"] = string(began.ID)
	}
	w.advance("3 min")
	values["checkpointid"] = fmt.Sprint(get[flink.Checkpoints](w, "/jobs/"+id+"/checkpoints").Latest.Completed.ID)
	subtask := get[flink.VertexDetails](w, "/jobs/"+id+"/vertices/"+values["vertexid"]).Subtasks[1]
	values["subtaskindex"], values["attempt"] = "1", fmt.Sprint(subtask.Attempt)
	if history, is := w.rescales(id); is {
		values["rescaleuuid"] = history[0].UUID
	}
	w.do("POST", "/twin/v1/jars", program)
	values["jarid"] = get[jars](w, "/jars").Files[0].ID
	return values
}

// program is what a jar stands for.
const program = `{name: Orders, options: {restart-strategy.type: none}, vertices: [{name: orders, source: {partitions: 6, topic: orders}, cost: 0.1 ms, load: 100},
{name: returns, source: {partitions: 2, counts-input: true}, cost: 0.1 ms, load: 100},
{name: prices, cost: 1 ms, inputs: {orders: {exchange: hash}, returns: {exchange: hash}}, state: {bytes: 2 mb}},
{name: store, cost: 0.2 ms, inputs: {prices: {exchange: rebalance}}}]}`

// jars is the body of /jars.
type jars struct {
	Files []struct {
		ID, Name string
		Entry    []struct{ Name string }
	}
}

// rescales is the history of a job's rescales, which 2.3 has.
func (w *world) rescales(job string) ([]flink.Rescale, bool) {
	w.t.Helper()
	if status, _ := w.send("GET", "/jobs/"+job+"/rescales/history", nil); status != 200 {
		return nil, false
	}
	history := get[[]flink.Rescale](w, "/jobs/"+job+"/rescales/history")
	if len(history) == 0 {
		w.t.Fatal("there was no rescale")
	}
	return history, true
}

// asks is Ask of what has to succeed.
func (w *world) asks(c *Client, question, answer any) {
	w.t.Helper()
	if err := c.Ask(question, answer); err != nil {
		w.t.Fatal(err)
	}
}
