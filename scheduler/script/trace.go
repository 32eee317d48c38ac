package script

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/cluster"
)

// Trace is what happened in a run in virtual time, in the order in which it happened: each line of the script, and what
// followed from it. It is made for people who know Flink.
type Trace struct {
	names []string // of the vertices
	b     strings.Builder
	// series are the periodic checkpoints that came one after the other, with nothing between: a line for all.
	series []cluster.Entry
}

func newTrace(s *Script) *Trace {
	t := &Trace{}
	for _, v := range s.Job.Vertices {
		t.names = append(t.names, v.Name)
	}
	return t
}

// String is the whole trace.
func (t *Trace) String() string {
	t.flush()
	return t.b.String()
}

// line says which line of the script is next.
func (t *Trace) line(l Line) {
	t.flush()
	fmt.Fprintf(&t.b, "> %s\n", l.Text)
}

// add says what happened.
func (t *Trace) add(e cluster.Entry) {
	text := e.Text()
	if c, ok := e.Event.(cluster.CheckpointEnded); ok && c.Failure == "" && !c.Savepoint {
		t.series = append(t.series, e)
		return
	}
	if f, ok := e.Event.(cluster.Failed); ok {
		text = fmt.Sprintf("%s %d on %s fails: %s", t.names[f.Vertex], f.Subtask, f.TaskManager, f.Failure)
	}
	if text != "" {
		t.flush()
		t.write(e.At.Sub(epoch), text)
	}
}

// got says what a request for the requirements was answered.
func (t *Trace) got(at time.Duration, status int, what string) {
	t.flush()
	t.write(at, fmt.Sprintf("GET answered %d: %s", status, what))
}

func (t *Trace) write(at time.Duration, text string) {
	fmt.Fprintf(&t.b, "%10s  %s\n", stamp(at), text)
}

// flush writes the checkpoints that came one after the other.
func (t *Trace) flush() {
	n := len(t.series)
	if n == 0 {
		return
	}
	text := t.series[0].Text()
	if n > 1 {
		last := t.series[n-1]
		text += fmt.Sprintf(", and so on to %d at %s", last.Event.(cluster.CheckpointEnded).ID, stamp(last.At.Sub(epoch)))
	}
	t.write(t.series[0].At.Sub(epoch), text)
	t.series = nil
}

// stamp is a time of the script's clock.
func stamp(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }
