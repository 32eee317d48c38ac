package referencecheck

import (
	"context"
	"encoding/json"
	"flag"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/sqldb/connect"
	"github.com/sluice-project/sluice/state/reference"
	"github.com/sluice-project/sluice/state/statetest"
)

var seed = flag.Uint64("seed", 0, "seed of what Java writes; 0: a new one")

func install(t *testing.T) (context.Context, Java) {
	t.Helper()
	realflink.RequireReal(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	java, err := Install(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, java
}

func TestWhatJavaWritesIsReadAsJavaReadsIt(t *testing.T) {
	ctx, java := install(t)
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("replay with -seed %d", *seed)
	values, err := java.Write(ctx, *seed, 500)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[reference.Item]int{}
	for _, v := range values {
		state, broken := reference.Decode(reference.Items{v.Item: v.Text})
		if len(broken) > 0 {
			t.Fatalf("%s: %v", v.Text, broken[0])
		}
		if diff := cmp.Diff(strings.Fields(v.Dump), strings.Fields(Dump(v.Item, &state))); diff != "" {
			t.Fatalf("%s %s\n(-Java +Go):\n%s", v.Item, v.Text, diff)
		}
		sizes[v.Item] += len(v.Dump)
	}
	for _, item := range []reference.Item{reference.ScalingHistory, reference.ScalingTracking, reference.CollectedMetrics, reference.ConfigOverrides} {
		if sizes[item] < 10_000 {
			t.Errorf("Java wrote hardly anything of %s: %d characters", item, sizes[item])
		}
	}
}

func TestWhatWeWriteIsReadByJavaAsWeReadItAndWrittenAlike(t *testing.T) {
	ctx, java := install(t)
	drawn := rapid.Custom(func(t *rapid.T) autoscaler.State { return knownTo110(statetest.DrawState(t)) })
	var values []Value
	for i := range 500 {
		state := drawn.Example(i)
		for item, text := range reference.Encode(&state) {
			if item != reference.DelayedScaleDown { // which 1.10 has in another form
				values = append(values, Value{Item: item, Text: text})
			}
		}
	}
	if err := java.Read(ctx, values); err != nil {
		t.Fatal(err)
	}
	seen := map[reference.Item]int{}
	for _, v := range values {
		if v.Refused != "" {
			t.Fatalf("Java does not read %s %s: %s", v.Item, v.Text, v.Refused)
		}
		state, broken := reference.Decode(reference.Items{v.Item: v.Text})
		if len(broken) > 0 {
			t.Fatal(broken[0])
		}
		if diff := cmp.Diff(strings.Fields(v.Dump), strings.Fields(Dump(v.Item, &state))); diff != "" {
			t.Fatalf("%s %s\n(-Java +Go):\n%s", v.Item, v.Text, diff)
		}
		if diff := cmp.Diff(canonical(t, v.Item, v.Again), canonical(t, v.Item, v.Text), sameNumber); diff != "" {
			t.Fatalf("%s (-Java writes +we wrote):\n%s", v.Item, diff)
		}
		seen[v.Item]++
	}
	if len(seen) != len(reference.AllItems)-1 || len(values) < 1000 {
		t.Errorf("compared %v", seen)
	}
}

// knownTo110 leaves out what release 1.10 of the autoscaler has no name for, and
// negative durations, which its JSON library itself does not read as it writes
// them.
func knownTo110(s autoscaler.State) autoscaler.State {
	for i := range s.Scaling.Tracking {
		s.Scaling.Tracking[i].Duration = s.Scaling.Tracking[i].Duration.Abs()
	}
	for i := range s.Window.Samples {
		vertices := s.Window.Samples[i].Vertices
		for k := range vertices {
			var known scaling.Measures
			for m, x := range vertices[k].All() {
				if m != scaling.NumRecordsInPerSecond {
					known.Set(m, x)
				}
			}
			vertices[k].Measures = known
		}
	}
	return s
}

// sameNumber lets the digits of a double differ where both give the same: before
// release 19, Java wrote more of them than it takes.
var sameNumber = cmp.Comparer(func(a, b json.Number) bool {
	x, err := a.Float64()
	y, err2 := b.Float64()
	return a == b || err == nil && err2 == nil && x == y && strings.ContainsAny(string(a+b), "E.")
})

// canonical takes away the order of maps and sets, which is by hash in Java.
func canonical(t *testing.T, item reference.Item, text string) any {
	t.Helper()
	if item == reference.ParallelismOverrides {
		state, broken := reference.Decode(reference.Items{item: text})
		if len(broken) > 0 {
			t.Fatal(broken[0])
		}
		return state.Overrides
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if changes, ok := v.(map[string]any); ok && item == reference.ConfigOverrides {
		removed := map[any]bool{}
		for _, key := range changes["removals"].([]any) {
			removed[key] = true
		}
		changes["removals"] = removed
	}
	return v
}

func TestOlderReleasesReadDelayedScaleDownsTheirWayAndSoDoWe(t *testing.T) {
	ctx, java := install(t)
	values := []Value{
		{Item: reference.DelayedScaleDown, Text: `{"firstTriggerTime":{"bc764cd8ddf7a0cff126f51c16239658":1700000060.123456789}}`},
		{Item: reference.DelayedScaleDown, Text: `{"delayedVertices":{}}`},
	}
	if err := java.Read(ctx, values); err != nil {
		t.Fatal(err)
	}
	state, broken := reference.Decode(reference.Items{reference.DelayedScaleDown: values[0].Again})
	want := scaling.DelayedScaleDown{"bc764cd8ddf7a0cff126f51c16239658": {FirstTrigger: time.Unix(1700000060, 123456789).UTC()}}
	if diff := cmp.Diff(want, state.Scaling.Delayed); diff != "" || len(broken) > 0 {
		t.Errorf("%s: %v (-want +got):\n%s", values[0].Again, broken, diff)
	}
	// What docs/migrate.md says of going back to such a release.
	if !strings.Contains(values[1].Refused, "delayedVertices") {
		t.Errorf("1.10 reads the later form: %+v", values[1])
	}
}

func TestRowsInARealDatabaseAreReadByJavaAndBack(t *testing.T) {
	for name, server := range map[string]func(testing.TB) *realdb.Server{"postgresql": realdb.Postgres, "mariadb": realdb.MariaDB} {
		t.Run(name, func(t *testing.T) {
			ctx, java := install(t)
			address := server(t).NewDatabase(t)
			target, _, err := connect.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			db, err := connect.Open(ctx, target)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			store, err := reference.New(reference.Config{DB: db, Now: time.Now, SetAside: func(_ context.Context, _ autoscaler.JobKey, reason error) { t.Error(reason) }})
			if err != nil {
				t.Fatal(err)
			}
			jobs := map[autoscaler.JobKey]autoscaler.State{}
			drawn := rapid.Custom(statetest.DrawState)
			for i, key := range []autoscaler.JobKey{{Job: "a"}, {Cluster: "eu", Job: "a"}, {Cluster: "http://us:8081/größer", Job: "b"}} {
				state := knownTo110(drawn.Example(i + 1))
				state.Scaling.Delayed = nil
				jobs[key] = state
				if err := store.Put(ctx, key, state); err != nil {
					t.Fatal(err)
				}
			}
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			if err := java.Database(ctx, "jdbc:"+name+"://"+u.Host+u.Path, realdb.User, realdb.Password); err != nil {
				t.Fatal(err)
			}
			for key, state := range jobs {
				got, err := store.Get(ctx, reference.ParseKey("java/"+key.String()))
				if err != nil {
					t.Fatal(err)
				}
				for _, item := range reference.AllItems {
					if diff := cmp.Diff(Dump(item, &state), Dump(item, &got)); diff != "" {
						t.Errorf("%s of %s (-we wrote +Java wrote):\n%s", item, key, diff)
					}
				}
			}
		})
	}
}
