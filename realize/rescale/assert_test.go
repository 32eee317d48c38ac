package rescale

import (
	"testing"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

func asks(p, q, r int) flink.ResourceRequirements {
	return flink.ResourceRequirements{
		flink.VertexID(source): flink.Require(1, p), flink.VertexID(work): flink.Require(1, q), flink.VertexID(sink): flink.Require(1, r),
	}
}

func TestALateWriteIsWrittenOverAndAUsersIsNot(t *testing.T) {
	view := bounds{source: bound(1, 1, 1), work: ours(1, 1, 4), sink: bound(1, 1, 1)}
	intent := &autoscaler.Act{Phase: autoscaler.PhaseIntended, Want: at(1, 8, 1)}
	tests := []struct {
		name    string
		current flink.ResourceRequirements
		bounds  bounds
		act     *autoscaler.Act
		late    []flink.ResourceRequirements
		had     bool
	}{
		{name: "a late write", current: asks(1, 9, 1), bounds: view, late: []flink.ResourceRequirements{asks(1, 8, 1), asks(1, 9, 1)}, had: true},
		{name: "a user's", current: asks(1, 7, 1), bounds: view, late: []flink.ResourceRequirements{asks(1, 9, 1)}},
		{name: "ours", current: asks(1, 4, 1), bounds: view, late: []flink.ResourceRequirements{asks(1, 9, 1)}},
		{name: "a late write that says what we do", current: asks(1, 4, 1), bounds: view, late: []flink.ResourceRequirements{asks(1, 4, 1)}},
		{name: "before anything is known", current: asks(1, 9, 1), late: []flink.ResourceRequirements{asks(1, 9, 1)}},
		{name: "while ours is on its way", current: asks(1, 9, 1), bounds: view, act: intent, late: []flink.ResourceRequirements{asks(1, 9, 1)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t)
			c.requirements = test.current
			r := &Realizer{}
			had, err := r.Assert(t.Context(), c.job(t), &autoscaler.State{Bounds: test.bounds, Act: test.act}, test.late)
			if err != nil || had != test.had || len(c.puts) > 0 != test.had {
				t.Fatalf("had to: %v, %v, with PUTs %v", had, err, c.puts)
			}
			if test.had && c.requirements[flink.VertexID(work)] != flink.Require(1, 4) {
				t.Errorf("now %v", c.requirements)
			}
		})
	}
}

func TestWhatIsIntendedIsWhatWouldBeSent(t *testing.T) {
	s := autoscaler.State{Bounds: bounds{source: bound(1, 1, 1), work: ours(2, 2, 4), sink: bound(1, 1, 1)}}
	if got := Intended(&s); got != nil {
		t.Errorf("without an act: %v", got)
	}
	s.Act = &autoscaler.Act{Phase: autoscaler.PhaseRequested, Want: at(1, 8, 1)}
	if got := Intended(&s); got != nil {
		t.Errorf("once it has arrived: %v", got)
	}
	s.Act.Phase = autoscaler.PhaseIntended
	c := newCluster(t)
	act := *s.Act
	if err := (&Realizer{Now: clock(now)}).Realize(t.Context(), c.job(t), &autoscaler.State{Bounds: s.Bounds}, &act); err != nil {
		t.Fatal(err)
	}
	if got := Intended(&s); len(c.puts) != 1 || len(got) != 3 || got[flink.VertexID(work)] != c.puts[0][flink.VertexID(work)] {
		t.Errorf("intended %v, sent %v", got, c.puts)
	}
}
