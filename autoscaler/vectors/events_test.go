package vectors

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/options"
)

// eventFacts is what has to agree of an event.
type eventFacts struct {
	// head is compared to the last character, and orders the events of a step.
	head string
	// message is compared with the tolerance of metrics in its numbers.
	message []words
	// changes is what a scaling report has of each vertex, and rates the metrics
	// among it.
	changes, rates map[string]any
}

// words are part of a message.
type words string

func (o *observed) compareEvents() {
	var got, want []eventFacts
	for i := range o.events {
		got = append(got, o.factsOf(&o.events[i]))
	}
	for i := range o.want.Events {
		want = append(want, o.expectedFacts(&o.want.Events[i]))
	}
	for _, all := range [][]eventFacts{got, want} {
		slices.SortStableFunc(all, func(a, b eventFacts) int {
			return strings.Compare(a.head+fmt.Sprint(a.message), b.head+fmt.Sprint(b.message))
		})
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(eventFacts{}), cmp.Comparer(nearText), rounded); diff != "" {
		o.errorf("events (-want +got):\n%s", diff)
	}
}

const executedHeader = "Scaling execution enabled, begin scaling vertices:"

func head(kind autoscaler.EventType, reason, key string, interval time.Duration) string {
	return fmt.Sprintf("%s %s key %q interval %s", kind, reason, key, interval)
}

func (o *observed) factsOf(e *autoscaler.Event) eventFacts {
	interval := e.Interval
	message := e.Message
	switch {
	case e.Reason == autoscaler.EventScalingReport && strings.HasPrefix(e.Message, executedHeader):
		// The reference passes an interval along with the report of an executed
		// decision too; its handlers know such a report by its header, and never
		// suppress it.
		interval = o.eventInterval()
	case e.Reason == autoscaler.EventAutoscalerError:
		message = ownWords(o.err, e.Message)
	}
	f := eventFacts{head: head(e.Type, e.Reason, e.Key, interval), message: parts(e.Reason, message)}
	if e.Reason == autoscaler.EventScalingReport {
		f.changes, f.rates = map[string]any{}, map[string]any{}
		for _, c := range e.Changes {
			f.changes[string(c.Vertex)] = map[string]any{"current": float64(c.From), "new": float64(c.To)}
			f.rates[string(c.Vertex)] = map[string]any{
				"capacity": c.Capacity, "expectedCapacity": c.ExpectedCapacity, "targetDataRate": c.TargetRate,
			}
		}
	}
	return f
}

func (o *observed) eventInterval() time.Duration {
	interval, err := options.Get(options.FromMap(maps.Clone(o.config)), options.ScalingEventInterval)
	o.must(err)
	return interval
}

func (o *observed) expectedFacts(e *expectedEvent) eventFacts {
	var key string
	if e.MessageKey != nil {
		key = *e.MessageKey
	}
	var interval time.Duration
	if e.IntervalMs != nil {
		interval = time.Duration(*e.IntervalMs) * time.Millisecond
	}
	message := e.Message
	if e.Reason == autoscaler.EventAutoscalerError {
		message = ownWords(nil, e.Message)
	}
	f := eventFacts{head: head(autoscaler.EventType(e.Type), e.Reason, key, interval), message: parts(e.Reason, message)}
	if e.Reason == autoscaler.EventScalingReport {
		if header, _, _ := strings.Cut(e.Message, "{"); header != e.Header {
			o.errorf("the expected report has the header %q, and begins with %q", e.Header, header)
		}
		f.changes, f.rates = map[string]any{}, map[string]any{}
		for id, c := range e.Report {
			all := floats(c.(map[string]any))
			f.changes[id] = map[string]any{"current": all["current"], "new": all["new"]}
			delete(all, "current")
			delete(all, "new")
			f.rates[id] = all
		}
	}
	return f
}

// parts cuts a message where its order is that of a hash in the reference, and
// puts the parts in order.
func parts(reason, message string) []words {
	var list []string
	switch reason {
	case autoscaler.EventScalingReport:
		list = strings.SplitAfter(message, "}")
		if header, first, found := strings.Cut(list[0], "{"); found {
			list = append(list[1:], header, "{"+first)
		}
	case autoscaler.EventMemoryTuning:
		lines, removals, _ := strings.Cut(message, "Remove the following config entries if present: [")
		list = strings.Split(strings.TrimSpace(lines), "\n")
		for name := range strings.SplitSeq(strings.TrimSuffix(removals, "]"), ", ") {
			list = append(list, "without "+name)
		}
	default:
		list = []string{message}
	}
	slices.Sort(list)
	all := make([]words, len(list))
	for i := range list {
		all[i] = words(list[i])
	}
	return all
}

var numberInText = regexp.MustCompile(`-?\b\d+(\.\d+)?(E-?\d+)?\b`)

// nearText compares texts, with the tolerance of metrics for numbers with a
// fraction.
func nearText(a, b words) bool {
	if a == b {
		return true
	}
	if numberInText.ReplaceAllString(string(a), "#") != numberInText.ReplaceAllString(string(b), "#") {
		return false
	}
	as, bs := numberInText.FindAllString(string(a), -1), numberInText.FindAllString(string(b), -1)
	for i := range as {
		x, ok := number(as[i]).(float64)
		y, ok2 := number(bs[i]).(float64)
		if as[i] != bs[i] && (!ok || !ok2 || !strings.Contains(as[i]+bs[i], ".") || !near(x, y)) {
			return false
		}
	}
	return true
}
