package steer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/dashboard"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/fakeflink"
	"github.com/sluice-project/sluice/steer"
)

var (
	noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	anna = dashboard.Person{Name: "anna", Role: dashboard.RoleOperator}
)

// told keeps what was told of acts.
type told []string

func (t *told) Handle(_ context.Context, job *autoscaler.JobContext, e autoscaler.Event) error {
	*t = append(*t, job.Name+": "+e.Message)
	return nil
}

// scene is a hand on a cluster with one job of eight vertices, all at 4 within 1:4.
type scene struct {
	*steer.Hand
	holds  *control.Holds
	client *flink.Client
	key    autoscaler.JobKey
	told   told
	kept   kept
}

// kept are the rescales that were kept among the decisions.
type kept []decisions.Entry

func (k *kept) RecordByHand(_ context.Context, _ autoscaler.JobKey, e decisions.Entry) error {
	*k = append(*k, e)
	return nil
}

func stage(t *testing.T) *scene {
	t.Helper()
	manager, err := fakeflink.New(fakeflink.Config{Jobs: 1, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakeflink.Serve(manager, 0)
	if err != nil {
		t.Fatal(err)
	}
	client, err := flink.New(flink.Config{Addresses: []string{server.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); _ = server.Close() })
	now := func() time.Time { return noon }
	holds, err := control.NewHolds(t.Context(), now, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{holds: holds, client: client, key: autoscaler.JobKey{Cluster: "prod", Job: manager.JobIDs()[0]}}
	s.Hand, err = steer.New(steer.Config{
		Holds: holds, Clients: map[string]*flink.Client{"prod": client}, Events: &s.told, Record: &s.kept, Now: now,
		Name: func(autoscaler.JobKey) string { return "orders" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scene) rescale(t *testing.T, upper int, hold time.Duration) (dashboard.Rescaled, error) {
	t.Helper()
	return s.Rescale(t.Context(), anna, s.key, dashboard.Rescale{Vertices: []dashboard.Wish{{Vertex: "join", Upper: upper}}, Hold: hold})
}

// upper is that of the join as Flink has it.
func (s *scene) upper(t *testing.T) int {
	t.Helper()
	bounds, err := s.Requirements(t.Context(), s.key)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bounds {
		if strings.Contains(b.Name, "join") {
			return b.Upper
		}
	}
	t.Fatal("there is no join")
	return 0
}

func (s *scene) heldUntil(t *testing.T, why string, until time.Time) {
	t.Helper()
	hold, held := s.holds.Own(s.key)
	if !held || hold.Why != why || !hold.Until.Equal(until) {
		t.Errorf("held: %t, %q until %s; want %q until %s", held, hold.Why, hold.Until, why, until)
	}
}

func TestARescaleByHandKeepsSluicesHandOff(t *testing.T) {
	s := stage(t)
	done, err := s.rescale(t, 2, time.Hour)
	if err != nil || !done.Changed || !done.Applied || s.upper(t) != 2 {
		t.Errorf("%+v, %v, and the upper bound is %d; want 2", done, err, s.upper(t))
	}
	s.heldUntil(t, "rescaled by hand", noon.Add(time.Hour))
	if len(s.told) != 1 || !strings.Contains(s.told[0], "orders: bounds set by anna: ") || !strings.Contains(s.told[0], "1:4 -> 1:2") {
		t.Errorf("told %q", s.told)
	}
	s.checkKept(t)
	// What is so already is held all the same.
	if err := s.holds.Release(t.Context(), s.key); err != nil {
		t.Fatal(err)
	}
	if done, err := s.rescale(t, 2, time.Hour); err != nil || done.Changed || done.Applied {
		t.Errorf("again: %+v, %v; want that nothing changes", done, err)
	}
	s.heldUntil(t, "rescaled by hand", noon.Add(time.Hour))
	if len(s.kept) != 1 {
		t.Errorf("%d rescales were kept; want that this was none", len(s.kept))
	}
}

// checkKept looks for one rescale of the join, of eight vertices, from 1:4 to 1:2.
func (s *scene) checkKept(t *testing.T) {
	t.Helper()
	if len(s.kept) != 1 {
		t.Fatalf("%d rescales were kept; want 1", len(s.kept))
	}
	e := s.kept[0]
	if got := fmt.Sprint(e.Action, e.Time.Equal(noon), e.Cluster, e.Job == string(s.key.Job), e.Name, e.ByHand.By, len(e.Vertices)); got != fmt.Sprint("scale", true, "prod", true, "orders", "anna", 8) {
		t.Errorf("kept %+v by %+v", e, e.ByHand)
	}
	want := decisions.SetBounds{Before: decisions.Bounds{Lower: 1, Upper: 4}, After: decisions.Bounds{Lower: 1, Upper: 2}}
	if b := e.ByHand.Bounds; len(b) != 1 || b[0].Before != want.Before || b[0].After != want.After || !strings.Contains(b[0].Name, "join") {
		t.Errorf("bounds %+v", b)
	}
	for _, v := range e.Vertices {
		to := 4
		if strings.Contains(v.Name, "join") {
			to = 2
		}
		if v.From != 4 || v.To != to {
			t.Errorf("%s %d -> %d; want 4 -> %d", v.Name, v.From, v.To, to)
		}
	}
}

func TestARescaleByHandEndsNoLongerPause(t *testing.T) {
	s := stage(t)
	if err := s.Pause(t.Context(), anna, s.key, "incident", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.rescale(t, 3, time.Hour); err != nil {
		t.Fatal(err)
	}
	s.heldUntil(t, "incident", time.Time{})
	done, err := s.rescale(t, 2, 10*time.Minute)
	if err != nil || done.Hold == nil || done.Hold.Until != nil || done.Hold.Why != "incident" {
		t.Errorf("%v, in force is %+v; want the longer pause", err, done.Hold)
	}
}

// A job whose own pause has ended tells that all are paused.
func TestAHoldOnAllSaysSo(t *testing.T) {
	s := stage(t)
	if err := s.Pause(t.Context(), anna, control.Everything, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if held, is := s.Held(s.key); !is || held.Text != "all jobs are held by anna until it is resumed" {
		t.Errorf("%t, %q", is, held.Text)
	}
	if held, is := s.Held(control.Everything); !is || held.Text != "held by anna until it is resumed" {
		t.Errorf("all: %t, %q", is, held.Text)
	}
}

func TestARefusedRescaleLeavesThePauseAsItWas(t *testing.T) {
	for name, until := range map[string]time.Time{"a shorter one": noon.Add(time.Minute), "a longer one": noon.Add(48 * time.Hour)} {
		s := stage(t)
		if err := s.Pause(t.Context(), anna, s.key, "incident", until); err != nil {
			t.Fatal(err)
		}
		_, err := s.rescale(t, 4000, time.Hour)
		if refused := (*dashboard.RefusedError)(nil); !errors.As(err, &refused) || !strings.Contains(err.Error(), "maximum parallelism") {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
		s.heldUntil(t, "incident", until)
	}
}

func TestADryRunDoesNothing(t *testing.T) {
	s := stage(t)
	done, err := s.Rescale(t.Context(), anna, s.key, dashboard.Rescale{Vertices: []dashboard.Wish{{Vertex: "join", Upper: 2}}, Hold: time.Hour, DryRun: true})
	if err != nil || !done.Changed || done.Applied || s.upper(t) != 4 {
		t.Errorf("%+v, %v, upper bound %d", done, err, s.upper(t))
	}
	if _, held := s.Held(s.key); held || len(s.told)+len(s.kept) > 0 {
		t.Errorf("held %t, told %q", held, s.told)
	}
}

func TestWhoPausesAndResumesIsTold(t *testing.T) {
	s := stage(t)
	if err := errors.Join(s.Pause(t.Context(), anna, control.Everything, "freeze", noon.Add(time.Hour)), s.Resume(t.Context(), anna, control.Everything)); err != nil {
		t.Fatal(err)
	}
	want := "all jobs: held by anna (freeze) until 2026-07-01T13:00:00Z; all jobs: resumed by anna"
	if got := strings.Join(s.told, "; "); got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestAClusterThatIsNotWatchedIsUnknown(t *testing.T) {
	s := stage(t)
	if unknown := (*dashboard.UnknownError)(nil); !errors.As(second(s.Look(t.Context(), "nowhere")), &unknown) {
		t.Error("a cluster that is not there can be looked into")
	}
}

func second[T any](_ T, err error) error { return err }
