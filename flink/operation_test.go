package flink

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestOperationsSpeakAsFlinkDoes(t *testing.T) {
	ctx := context.Background()
	tests := map[string]struct {
		want   string // method, path and body
		answer string
		call   func(c *Client) (any, error)
		result any
	}{
		"savepoint": {
			`POST /jobs/j/savepoints {"target-directory":"s3://x","cancel-job":false}`, `{"request-id":"r1"}`,
			func(c *Client) (any, error) {
				return c.TriggerSavepoint(ctx, "j", SavepointRequest{TargetDirectory: "s3://x"})
			}, TriggerID("r1"),
		},
		"stop": {
			`POST /jobs/j/stop {"targetDirectory":"s3://x","drain":true,"formatType":"NATIVE"}`, `{"request-id":"r1"}`,
			func(c *Client) (any, error) {
				return c.StopWithSavepoint(ctx, "j", StopRequest{TargetDirectory: "s3://x", Drain: true, FormatType: "NATIVE"})
			}, TriggerID("r1"),
		},
		"checkpoint": {
			`POST /jobs/j/checkpoints {"checkpointType":"FULL"}`, `{"request-id":"r1"}`,
			func(c *Client) (any, error) { return c.TriggerCheckpoint(ctx, "j", CheckpointRequest{Type: "FULL"}) }, TriggerID("r1"),
		},
		"savepoint under way": {
			`GET /jobs/j/savepoints/r1 `, `{"status":{"id":"IN_PROGRESS"},"operation":null}`,
			func(c *Client) (any, error) {
				o, err := c.SavepointStatus(ctx, "j", "r1")
				return o.Done() || o.Result != nil, err
			}, false,
		},
		"savepoint taken": {
			`GET /jobs/j/savepoints/r1 `, `{"status":{"id":"COMPLETED"},"operation":{"location":"s3://x/savepoint-1"}}`,
			func(c *Client) (any, error) {
				o, err := c.SavepointStatus(ctx, "j", "r1")
				if err != nil || !o.Done() {
					return "", err
				}
				return o.Result.Location, nil
			}, "s3://x/savepoint-1",
		},
		"savepoint failed": {
			`GET /jobs/j/savepoints/r1 `,
			`{"status":{"id":"COMPLETED"},"operation":{"failure-cause":{"class":"a.B","stack-trace":"java.util.concurrent.CompletionException: a.B: no room\n\tat c.D.e(F.java:1)","serialized-throwable":"AQI="}}}`,
			func(c *Client) (any, error) {
				o, err := c.SavepointStatus(ctx, "j", "r1")
				if err != nil || !o.Done() {
					return "", err
				}
				return o.Result.Failure.Message(), nil
			}, "no room",
		},
		"checkpoint taken": {
			`GET /jobs/j/checkpoints/r1 `, `{"status":{"id":"COMPLETED"},"operation":{"checkpointId":7}}`,
			func(c *Client) (any, error) {
				o, err := c.CheckpointStatus(ctx, "j", "r1")
				if err != nil || !o.Done() {
					return int64(0), err
				}
				return o.Result.CheckpointID, nil
			}, int64(7),
		},
		"checkpoint failed": {
			`GET /jobs/j/checkpoints/r1 `,
			`{"status":{"id":"COMPLETED"},"operation":{"failureCause":{"class":"a.B","stack-trace":"a.B: no room\n\tat c.D.e(F.java:1)","serialized-throwable":"AQI="}}}`,
			func(c *Client) (any, error) {
				o, err := c.CheckpointStatus(ctx, "j", "r1")
				if err != nil || !o.Done() || o.Result.Failure == nil {
					return "", err
				}
				return o.Result.Failure.Message(), nil
			}, "no room",
		},
		"cancel": {
			`PATCH /jobs/j?mode=cancel `, `{}`,
			func(c *Client) (any, error) { return nil, c.CancelJob(ctx, "j") }, nil,
		},
		"run": {
			`POST /jars/x_app.jar/run {"entryClass":"Main","programArgsList":["--a","b c"],"parallelism":2,"flinkConfiguration":{"k":"v"}}`, `{"jobid":"j7"}`,
			func(c *Client) (any, error) {
				return c.RunJar(ctx, "x_app.jar", RunJarRequest{EntryClass: "Main", Args: []string{"--a", "b c"}, Parallelism: 2, Configuration: map[string]string{"k": "v"}})
			},
			RunJarResponse{JobID: "j7"},
		},
		"delete": {
			`DELETE /jars/x_app.jar `, `{}`,
			func(c *Client) (any, error) { return nil, c.DeleteJar(ctx, "x_app.jar") }, nil,
		},
		"shut down": {
			`DELETE /cluster `, `{}`,
			func(c *Client) (any, error) { return nil, c.ShutDown(ctx) }, nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = r.Method + " " + r.RequestURI + " " + string(body)
				w.WriteHeader(http.StatusAccepted)
				_, _ = io.WriteString(w, test.answer)
			})
			result, err := test.call(newClient(t, Config{Addresses: []string{server.URL}}))
			if err != nil || result != test.result {
				t.Errorf("result is %v, %v; want %v", result, err, test.result)
			}
			if got != test.want {
				t.Errorf("asked\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestAJarIsUploadedAsAForm(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		file, header, err := r.FormFile("jarfile")
		if err != nil {
			t.Error(err)
			return
		}
		content, _ := io.ReadAll(file)
		if r.URL.Path != "/jars/upload" || header.Filename != "app.jar" || string(content) != "PK jar" {
			t.Errorf("got %s %s %q", r.URL, header.Filename, content)
		}
		_, _ = io.WriteString(w, `{"filename":"/tmp/flink-web/0a_app.jar","status":"success"}`)
	})
	c := newClient(t, Config{Addresses: []string{server.URL}})
	id, err := c.UploadJar(context.Background(), "app.jar", strings.NewReader("PK jar"))
	if err != nil || id != "0a_app.jar" {
		t.Errorf("id is %q, %v", id, err)
	}
}
