package flink

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestRecordedRefusalsAreToldApart(t *testing.T) {
	ctx := context.Background()
	const unknown = JobID("00000000000000000000000000000000")
	tests := map[string]struct {
		cluster string
		call    func(c *Client, job JobID) error
		kind    Kind
		message string
	}{
		"rescale history before 2.3": {"1.20.5", func(c *Client, job JobID) error {
			_, err := c.RescaleHistory(ctx, job)
			return err
		}, KindUnsupported, "Unable to load requested file /v1/jobs/"},
		"applications before 2.x": {"1.20.5", func(c *Client, _ JobID) error {
			_, err := c.Applications(ctx)
			return err
		}, KindUnsupported, "Unable to load requested file /v1/applications/overview."},
		"details of an unknown job": {"2.3.0", func(c *Client, _ JobID) error {
			_, err := c.Job(ctx, unknown)
			return err
		}, KindNotFound, "Job 00000000000000000000000000000000 not found"},
		"requirements of an unknown job, a 500": {"2.3.0", func(c *Client, _ JobID) error {
			return c.PutResourceRequirements(ctx, unknown, ResourceRequirements{})
		}, KindNotFound, "Could not find Flink job (00000000000000000000000000000000)"},
		"requirements in Reactive Mode": {"2.3.0-reactive", func(c *Client, job JobID) error {
			return c.PutResourceRequirements(ctx, job, ResourceRequirements{})
		}, KindUnsupported, "Cannot change the parallelism of a job running in reactive mode."},
		"requirements of a finished batch job": {"2.3.0-batch", func(c *Client, job JobID) error {
			_, err := c.ResourceRequirements(ctx, job)
			return err
		}, KindNotFound, "Could not find Flink job ("},
		"rescales of a batch job": {"2.3.0-batch", func(c *Client, job JobID) error {
			_, err := c.RescaleConfig(ctx, job)
			return err
		}, KindUnsupported, "AdaptiveScheduler is not enabled for this job ("},
		"checkpoints of a job without": {"2.3.0-batch", func(c *Client, job JobID) error {
			_, err := c.Checkpoints(ctx, job)
			return err
		}, KindUnsupported, "Checkpointing has not been enabled."},
		"checkpoint configuration of a job without": {"2.3.0-batch", func(c *Client, job JobID) error {
			_, err := c.CheckpointConfig(ctx, job)
			return err
		}, KindUnsupported, "Checkpointing is not enabled for this job ("},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := test.call(replay(t, test.cluster), jobOf(t, test.cluster))
			wantError(t, err, test.kind, test.message)
			if text := err.Error(); strings.Contains(text, "\tat ") || strings.Contains(text, "org.apache") || strings.Contains(text, "\n") {
				t.Errorf("error shows Java's insides: %s", text)
			}
		})
	}
}

// Every answer to a wrong PUT, as recorded, in the order in which they were sent.
func TestRecordedWrongRequirementsAreRefusedWithTheReason(t *testing.T) {
	want := []struct {
		kind    Kind
		message string
	}{
		{KindRefused, "The newly requested parallelism 100000 for the job vertex 674df9b0384c0348e0b9d1034a44c46c exceeds its maximum parallelism 128."},
		{KindRefused, "The requested lower bound ["},
		{KindRefused, "The request is incomplete, missing job vertex [674df9b0384c0348e0b9d1034a44c46c] resource requirements."},
		{KindRefused, "Job vertex [ffffffffffffffffffffffffffffffff] was not found in the JobGraph."},
		{KindNotFound, "Could not find Flink job (00000000000000000000000000000000)"},
		{KindRefused, "Request did not match expected format JobResourceRequirementsBody."},
	}
	for _, cluster := range []string{"1.20.5", "2.3.0", "2.3.0-kafka", "2.3.0-sine"} {
		var got []*Error
		for _, e := range recorded(t, cluster) {
			if e.Method == "PUT" && e.Status != 200 {
				got = append(got, refusal(e.Status, e.Body))
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %d refusals, want %d", cluster, len(got), len(want))
		}
		for i, w := range want {
			if got[i].Kind != w.kind || !strings.HasPrefix(got[i].Message, w.message) {
				t.Errorf("%s: refusal %d is %s %q, want %s %q…", cluster, i, got[i].Kind, got[i].Message, w.kind, w.message)
			}
		}
	}
}

func TestAnErrorAnswerIsJudgedByStatusAndText(t *testing.T) {
	const serverError = `{"errors":["Internal server error.","<Exception on server side:\n%s\n\tat a.B.c(B.java:1)\n\nEnd of exception on server side>"]}`
	server := func(text string) string { return strings.ReplaceAll(serverError, "%s", text) }
	tests := map[string]struct {
		status  int
		body    string
		kind    Kind
		message string
	}{
		"default scheduler": {
			500, server("java.lang.UnsupportedOperationException: The DefaultScheduler does not support changing the parallelism without a job restart."),
			KindUnsupported, "The DefaultScheduler does not support changing the parallelism without a job restart.",
		},
		"batch scheduler": {
			500, server("java.util.concurrent.CompletionException: java.lang.UnsupportedOperationException: The AdaptiveBatchScheduler does not support changing."),
			KindUnsupported, "The AdaptiveBatchScheduler does not support changing.",
		},
		"a method that 1.17 does not know": {404, `{"errors":["Not found."]}`, KindUnsupported, "Not found."},
		"a method that 1.20 does not know": {404, `{"errors":["Not found: /jobs/j/new"]}`, KindUnsupported, "Not found: /jobs/j/new"},
		"method not allowed":               {405, `{"errors":["no"]}`, KindUnsupported, "no"},
		"class without a message":          {500, server("java.lang.IllegalArgumentException"), KindRefused, "IllegalArgumentException"},
		"inner class":                      {500, server("a.b.C$DException: broken"), KindRefused, "broken"},
		"several lines":                    {400, `{"errors":["a.RestHandlerException: first\nsecond\n\tat x"]}`, KindRefused, "first\nsecond"},
		"cause is left out":                {500, server(`a.B: failed\nCaused by: c.D: deeper`), KindRefused, "failed"},
		"a later word is not a sign":       {400, `{"errors":["a.B: broken\n\tat c.FlinkJobNotFoundException.x(Y.java)"]}`, KindRefused, "broken"},
		"an update in flight":              {409, `{"errors":["a.RestHandlerException: Another update is in progress."]}`, KindRefused, "Another update is in progress."},
		"no leader":                        {503, `{"errors":["Service temporarily unavailable due to an ongoing leader election. Please refresh."]}`, KindUnavailable, "Service temporarily unavailable"},
		"no answer inside the cluster":     {500, server("java.util.concurrent.TimeoutException: Invocation timed out"), KindUnavailable, "Invocation timed out"},
		"unknown TaskManager":              {500, server("org.apache.flink.runtime.resourcemanager.exceptions.UnknownTaskExecutorException: No TaskExecutor registered under tm9."), KindNotFound, "No TaskExecutor"},
		"unauthorized by Flink's proxy":    {401, `{"errors":["who are you"]}`, KindUnauthorized, "who are you"},
		"unauthorized in HTML":             {401, "<html>log in</html>", KindUnauthorized, "<html>log in</html>"},
		"forbidden":                        {403, "", KindUnauthorized, "an empty body"},
		"too many":                         {429, "slow down", KindUnavailable, "slow down"},
		"bad gateway":                      {502, "<html>\n<h1>502 Bad Gateway</h1>", KindUnavailable, "<html> <h1>502 Bad Gateway</h1>"},
		"500 of a proxy":                   {500, "<html>", KindUnavailable, "<html>"},
		"404 of something else":            {404, "404 page not found\n", KindMalformed, "this does not look like Flink: 404 page not found"},
		"JSON of something else":           {400, `{"message":"no"}`, KindMalformed, `{"message":"no"}`},
		"no errors in the list":            {404, `{"errors":[]}`, KindMalformed, "does not look like Flink"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := refusal(test.status, []byte(test.body))
			wantError(t, err, test.kind, test.message)
			if err.Status != test.status {
				t.Errorf("status %d, want %d", err.Status, test.status)
			}
		})
	}
}

func TestExcerptIsShortAndPrintable(t *testing.T) {
	got := excerpt([]byte("\x00\x01 <b>\n\t\xff" + strings.Repeat("é", 200)))
	if !strings.HasPrefix(got, ".. <b> .é") || len(got) > 90 || !strings.HasSuffix(got, "…") {
		t.Errorf("excerpt is %q", got)
	}
}

func TestErrorsAreAskedByKind(t *testing.T) {
	err := error(&Error{Kind: KindRefused, Op: "PUT /x", Address: "http://jm:8081", Status: 400, Message: "a\nb"})
	wrapped := errors.Join(errors.New("scale"), err)
	if !errors.Is(wrapped, KindRefused) || errors.Is(wrapped, KindNotFound) || !IsRefused(wrapped) || IsNotFound(wrapped) {
		t.Error("the kind of a wrapped error is lost")
	}
	if KindOf(errors.New("x")) != KindOther || KindOf(nil) != KindOther {
		t.Error("a foreign error has a kind")
	}
	if got, want := err.Error(), "PUT /x at http://jm:8081: Flink refused (400): a; b"; got != want {
		t.Errorf("error reads %q, want %q", got, want)
	}
}

// jobOf is the job that a recording is about: the one whose details it holds.
func jobOf(t *testing.T, cluster string) JobID {
	t.Helper()
	for _, e := range recorded(t, cluster) {
		id := strings.TrimPrefix(strings.TrimPrefix(e.Path, "/v1"), "/jobs/")
		if hexID.MatchString(id) && len(id) == 32 && e.Status == 200 {
			return JobID(id)
		}
	}
	t.Fatalf("%s has no job", cluster)
	return ""
}

func wantError(t *testing.T, err error, kind Kind, message string) {
	t.Helper()
	if KindOf(err) != kind || err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(message, "\n", "; ")) {
		t.Fatalf("error is %s: %v\nwant %s: …%s…", KindOf(err), err, kind, message)
	}
}
