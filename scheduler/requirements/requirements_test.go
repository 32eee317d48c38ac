package requirements

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/slots"
)

const (
	source = "11111111111111111111111111111111"
	work   = "abcdefabcdefabcdefabcdefabcdefab"
)

// pair is a job of two vertices in one sharing group, at most 128 and 64.
func pair() Subject {
	return Subject{Job: "7e0b", Vertices: []slots.Vertex{
		{ID: source, Group: "default", Bounds: slots.Bounds{Lower: 1, Upper: 4}, MaxParallelism: 128},
		{ID: work, Group: "default", Bounds: slots.Bounds{Lower: 1, Upper: 4}, MaxParallelism: 64},
	}}
}

// ask writes a body in which each vertex has the bounds given as JSON.
func ask(sourceBounds, workBounds string) string {
	one := func(id, b string) string {
		lower, upper, _ := strings.Cut(b, ":")
		return fmt.Sprintf(`"%s":{"parallelism":{"lowerBound":%s,"upperBound":%s}}`, id, lower, upper)
	}
	return "{" + one(source, sourceBounds) + "," + one(work, workBounds) + "}"
}

func TestWhatIsAcceptedChangesTheBoundsOfEveryVertex(t *testing.T) {
	cases := map[string]string{
		"plain":                            ask("2:5", "1:64"),
		"numbers in quotes":                ask(`"2":" 5 "`, `"+1":"64"`),
		"fractions, which are dropped":     ask("2.9:5.0", "1e0:6.4e1"),
		"properties that Flink never read": `{"` + source + `":{"name":"a","parallelism":{"step":[1,{}],"lowerBound":2,"upperBound":5}},"` + work + `":{"parallelism":{"lowerBound":1,"upperBound":64}}}`,
		"something after the object":       ask("2:5", "1:64") + " and so on",
		"a vertex twice, the last counts":  strings.Replace(ask("2:5", "1:64"), "{", `{"`+source+`":{"parallelism":{"lowerBound":9,"upperBound":9}},`, 1),
		"a bound twice, the last counts":   strings.Replace(ask("2:5", "1:64"), `"lowerBound":2`, `"lowerBound":1,"lowerBound":2`, 1),
	}
	cases["an id in capitals"] = strings.Replace(ask("2:5", "1:64"), work, strings.ToUpper(work), 1)
	for name, body := range cases {
		t.Run(name, func(t *testing.T) {
			got := Put([]byte(body), pair())
			want := []slots.Bounds{{Lower: 2, Upper: 5}, {Lower: 1, Upper: 64}}
			if got.Refusal != nil {
				t.Fatalf("refused: %s", got.Refusal.Body())
			}
			if diff := cmp.Diff(want, got.Bounds); diff != "" {
				t.Error(diff)
			}
			if got.Status() != 200 || string(got.Body()) != "{}" {
				t.Errorf("answered %d %s", got.Status(), got.Body())
			}
		})
	}
}

func TestABodyThatCannotBeReadIsRefusedForItsFormat(t *testing.T) {
	whole := `{"` + source + `":%s,"` + work + `":{"parallelism":{"lowerBound":1,"upperBound":2}}}`
	bodies := []string{
		" ", "{", "[]", "7", `"text"`, "{]", "\xff", `{"a":1}`, `{"` + source + `x":{}}`, `{"` + source[:31] + `g":{}}`,
		fmt.Sprintf(whole, "1"), fmt.Sprintf(whole, "{}"), fmt.Sprintf(whole, `""`), fmt.Sprintf(whole, `[]`),
		fmt.Sprintf(whole, `{"parallelism":null}`), fmt.Sprintf(whole, `{"Parallelism":{"lowerBound":1,"upperBound":2}}`),
		ask("null:2", "1:2"), ask("true:2", "1:2"), ask(`"":2`, "1:2"), ask(`"a":2`, "1:2"), ask(`"1.5":2`, "1:2"),
		ask("[1]:2", "1:2"), ask("{}:2", "1:2"), ask("2147483648:1", "1:2"), ask("1:1e300", "1:2"), ask("1:1e999", "1:2"),
		ask("1:2", `1:"2147483648"`), fmt.Sprintf(whole, `{"parallelism":{"upperBound":2}}`), fmt.Sprintf(whole, `{"parallelism":{"lowerBound":2}}`),
		ask("1:2", "1:2")[:100], strings.Replace(ask("1:2", "1:2"), ":1,", ":1,\"\xff\":0,", 1),
	}
	for _, body := range bodies {
		t.Run(body, func(t *testing.T) {
			got := Put([]byte(body), pair())
			expect(t, got, 400, classHandler, textFormat)
		})
	}
}

func TestTheChecksComeInFlinksOrder(t *testing.T) {
	good, bad := ask("1:2", "1:2"), ask("5:2", "0:2")
	with := func(change func(*Subject)) Subject {
		job := pair()
		change(&job)
		return job
	}
	everything := with(func(s *Subject) {
		s.Updating, s.Phase, s.StoreFails, s.Kind = true, Gone, true, Reactive
	})
	cases := []struct {
		name, body string
		job        Subject
		status     int
		class      string
		texts      []string
	}{
		{"the format first", "{", everything, 400, classHandler, []string{textFormat}},
		{"nothing asked for", "{}", everything, 400, classHandler, []string{textEmpty}},
		{"an empty body is an empty object", "", everything, 400, classHandler, []string{textEmpty}},
		{"null instead of a body", "null", everything, 500, classNull, nil},
		{"another change under way", bad, everything, 409, classHandler, []string{textUpdating}},
		{"a job that is gone", bad, with(func(s *Subject) { s.Phase, s.Kind = Gone, Reactive }), 500, classJobNotFound, []string{"Could not find Flink job (7e0b)"}},
		{"a job that is not yet there", bad, with(func(s *Subject) { s.Phase = Initializing }), 500, classUnavailable, []string{textInitializing}},
		{"bounds before the store", bad, with(func(s *Subject) { s.StoreFails, s.Kind = true, Default }), 400, classHandler, []string{
			"The requested lower bound [5] for job vertex [" + source + "] is higher than the upper bound [2].",
			"Both, the requested lower bound [0] and upper bound [2] for job vertex [" + work + "] must be greater than zero.",
		}},
		{"the store before the scheduler", good, with(func(s *Subject) { s.StoreFails, s.Kind = true, Default }), 500, classHandler, []string{textNotPersisted}},
		{"Reactive Mode", good, with(func(s *Subject) { s.Kind = Reactive }), 500, classUnsupported, []string{textReactive}},
		{"the default scheduler", good, with(func(s *Subject) { s.Kind = Default }), 500, classUnsupported, []string{"The DefaultScheduler" + textUnsupported}},
		{"the batch scheduler", good, with(func(s *Subject) { s.Kind = AdaptiveBatch }), 500, classUnsupported, []string{"The AdaptiveBatchScheduler" + textUnsupported}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := Put([]byte(c.body), c.job)
			expect(t, got, c.status, c.class, c.texts...)
		})
	}
}

func TestASchedulerThatRefusesHasPersistedTheBounds(t *testing.T) {
	for _, kind := range []Kind{Reactive, Default, AdaptiveBatch} {
		job := pair()
		job.Kind = kind
		got := Put([]byte(ask("1:2", "2:3")), job)
		if diff := cmp.Diff([]slots.Bounds{{Lower: 1, Upper: 2}, {Lower: 2, Upper: 3}}, got.Persisted); diff != "" {
			t.Error(diff)
		}
		if got.Bounds != nil {
			t.Errorf("bounds %v to apply from a request that was refused", got.Bounds)
		}
	}
}

func TestAllThatIsWrongWithTheBoundsIsNamed(t *testing.T) {
	other := "00000000000000000000000000000002"
	body := strings.Replace(ask("3:200", "1:1"), work, other, 1)
	body = strings.Replace(body, "{", `{"00000000000000000000000000000001":{"parallelism":{"lowerBound":1,"upperBound":1}},`, 1)
	got := Put([]byte(body), pair())
	expect(t, got, 400, classHandler,
		"The newly requested parallelism 200 for the job vertex "+source+" exceeds its maximum parallelism 128.",
		"Job vertex [00000000000000000000000000000001] was not found in the JobGraph.",
		"Job vertex ["+other+"] was not found in the JobGraph.",
		"The request is incomplete, missing job vertex ["+work+"] resource requirements.")
	expect(t, Put([]byte(ask("300:200", "1:1")), pair()), 400, classHandler,
		"The requested lower bound [300] for job vertex ["+source+"] is higher than the upper bound [200].",
		"The newly requested parallelism 200 for the job vertex "+source+" exceeds its maximum parallelism 128.")
}

func TestNullInsteadOfAVertexIsNoticedOnlyAmongTheBounds(t *testing.T) {
	body := `{"` + source + `":null,"` + work + `":{"parallelism":{"lowerBound":1,"upperBound":2}}}`
	expect(t, Put([]byte(body), pair()), 500, classState, "No requirement set for vertex "+source)
}

func TestMinusOneIsRefusedUnlessItIsExpanded(t *testing.T) {
	notPositive := func(lower, upper int) string {
		return fmt.Sprintf("Both, the requested lower bound [%d] and upper bound [%d] for job vertex [%s] must be greater than zero.", lower, upper, source)
	}
	cases := []struct {
		name, body string
		expanded   []slots.Bounds
		status     int
		class      string
		texts      []string
	}{
		{"everywhere: Flink fails on a negative number of slots", ask("-1:-1", "-1:-1"), []slots.Bounds{{Lower: 1, Upper: 128}, {Lower: 1, Upper: 64}}, 500, classArgument, nil},
		{"an upper bound beside others: Flink would keep it", ask("1:-1", "1:2"), []slots.Bounds{{Lower: 1, Upper: 128}, {Lower: 1, Upper: 2}}, 400, classHandler, []string{notPositive(1, -1)}},
		{"a lower bound: Flink would keep it", ask("-1:3", "1:2"), []slots.Bounds{{Lower: 1, Upper: 3}, {Lower: 1, Upper: 2}}, 400, classHandler, []string{notPositive(-1, 3)}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			job := pair()
			expect(t, Put([]byte(c.body), job), c.status, c.class, c.texts...)
			job.ExpandDefaults = true
			got := Put([]byte(c.body), job)
			if got.Refusal != nil {
				t.Fatalf("refused: %s", got.Refusal.Body())
			}
			if diff := cmp.Diff(c.expanded, got.Bounds); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("what is wrong after expansion is refused either way", func(t *testing.T) {
		expect(t, Put([]byte(ask("200:-1", "1:2")), pair()), 400, classHandler,
			"The requested lower bound [200] for job vertex ["+source+"] is higher than the upper bound [128].")
	})
}

func TestGetShowsTheBoundsWhereAJobMasterAnswers(t *testing.T) {
	job := pair()
	for _, kind := range []Kind{Adaptive, Reactive} {
		job.Kind = kind
		body, refusal := Get(job)
		if refusal != nil {
			t.Fatal(refusal)
		}
		if want := ask("1:4", "1:4"); string(body) != want {
			t.Errorf("got %s, want %s", body, want)
		}
	}
	job.Kind = Default
	if _, refusal := Get(job); refusal == nil || refusal.Class != classUnsupported {
		t.Errorf("the default scheduler gave %v", refusal)
	}
	job.Phase = Gone
	if _, refusal := Get(job); refusal == nil || refusal.Class != classJobNotFound {
		t.Errorf("a job that is gone gave %v", refusal)
	}
}

func TestARefusalReadsAsFlinksDoes(t *testing.T) {
	var body struct{ Errors []string }
	decode := func(r *Refusal) []string {
		body.Errors = nil
		if err := json.Unmarshal(r.Body(), &body); err != nil {
			t.Fatal(err)
		}
		return body.Errors
	}
	if diff := cmp.Diff([]string{classHandler + ": a\nb"}, decode(refused(400, "a", "b"))); diff != "" {
		t.Error(diff)
	}
	bare := &Refusal{Status: 500, Class: classArgument}
	want := []string{"Internal server error.", "<Exception on server side:\njava.lang.IllegalArgumentException\n\nEnd of exception on server side>"}
	if diff := cmp.Diff(want, decode(bare)); diff != "" {
		t.Error(diff)
	}
	if bare.Error() != "IllegalArgumentException" {
		t.Errorf("an exception without a message says %q", bare.Error())
	}
}

func expect(t *testing.T, got Answer, status int, class string, texts ...string) {
	t.Helper()
	if got.Refusal == nil {
		t.Fatalf("accepted with %v", got.Bounds)
	}
	if diff := cmp.Diff(&Refusal{Status: status, Class: class, Texts: texts}, got.Refusal); diff != "" {
		t.Error(diff)
	}
	if got.Bounds != nil {
		t.Errorf("bounds %v to apply from a request that was refused", got.Bounds)
	}
}
