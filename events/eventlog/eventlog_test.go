package eventlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/events/eventtest"
	"github.com/sluice-project/sluice/flink"
)

func TestHandlerConforms(t *testing.T) {
	eventtest.Run(t, func(*testing.T) eventtest.Subject {
		var log bytes.Buffer
		return eventtest.Subject{
			Handler: New(slog.New(slog.NewJSONHandler(&log, nil))),
			Told:    func(t *testing.T) []eventtest.Telling { return tellings(t, log.Bytes()) },
		}
	})
}

// tellings reads the lines of the log back.
func tellings(t *testing.T, log []byte) []eventtest.Telling {
	t.Helper()
	var told []eventtest.Telling
	for line := range bytes.Lines(log) {
		var l struct{ Level, Msg, Job, Reason, Message string }
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		cluster, id, _ := strings.Cut(l.Job, "/")
		x := eventtest.Telling{Job: autoscaler.JobKey{Cluster: cluster, Job: flink.JobID(id)}, Type: autoscaler.EventNormal, Reason: l.Reason, Message: l.Message}
		if l.Level == "WARN" {
			x.Type = autoscaler.EventWarning
		}
		told = append(told, x)
	}
	return told
}

func TestLineHoldsJobNameReasonAndMessage(t *testing.T) {
	for kind, level := range map[autoscaler.EventType]string{autoscaler.EventNormal: "INFO", autoscaler.EventWarning: "WARN"} {
		var log bytes.Buffer
		h := New(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: withoutTime})))
		if err := h.Handle(t.Context(), job("j1"), autoscaler.Event{Type: kind, Reason: "Scaling", Message: "1 -> 2"}); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("level=%s msg=event job=prod/j1 name=clicks reason=Scaling message=\"1 -> 2\"\n", level)
		if log.String() != want {
			t.Errorf("got  %swant %s", log.String(), want)
		}
	}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func job(id string) *autoscaler.JobContext {
	return &autoscaler.JobContext{Key: autoscaler.JobKey{Cluster: "prod", Job: flink.JobID(id)}, Name: "clicks"}
}
