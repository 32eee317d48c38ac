package scaling

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestTopologyOrdersByRankThenID(t *testing.T) {
	plan := []Vertex{
		{ID: "z-source"},
		{ID: "a-sink", Inputs: []Edge{{"m-join", ShipForward}}},
		{ID: "m-join", Inputs: []Edge{{"z-source", ShipHash}, {"k-map", ShipHash}}},
		{ID: "k-map", Inputs: []Edge{{"c-source", ShipRebalance}}},
		{ID: "c-source"},
		// A pipeline of its own.
		{ID: "y-source"},
		{ID: "b-sink", Inputs: []Edge{{"y-source", ShipRescale}}},
	}
	want := []VertexID{"c-source", "y-source", "z-source", "b-sink", "k-map", "m-join", "a-sink"}
	for range 20 {
		rand.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
		topology, err := NewTopology(plan)
		if err != nil {
			t.Fatal(err)
		}
		var got []VertexID
		for _, v := range topology.Vertices {
			got = append(got, v.ID)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if up := topology.Upstream(5); !slices.Equal(up, []int{2, 4}) {
			t.Errorf("the join reads from %v", up)
		}
		if down := topology.Outputs(1); !slices.Equal(down, []int{3}) {
			t.Errorf("the second pipeline's source feeds %v", down)
		}
	}
}

func TestTopologyRefusesWhatIsNoDataflow(t *testing.T) {
	cases := []struct {
		name  string
		plan  []Vertex
		words string
	}{
		{"a cycle", []Vertex{{ID: "s"}, {ID: "a", Inputs: []Edge{{From: "s"}, {From: "b"}}}, {ID: "b", Inputs: []Edge{{From: "a"}}}}, "cycle: 1 of 3"},
		{"a vertex that feeds itself", []Vertex{{ID: "a", Inputs: []Edge{{From: "a"}}}}, "cycle"},
		{"an unknown input", []Vertex{{ID: "a", Inputs: []Edge{{From: "b"}}}}, "a reads from b"},
		{"an id twice", []Vertex{{ID: "a"}, {ID: "a"}}, "a appears twice"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := NewTopology(tc.plan); err == nil || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("got error %v, want one that says %q", err, tc.words)
			}
		})
	}
}

func TestTopologyUnitesEdgesFromOneVertex(t *testing.T) {
	inputs := []Edge{{"s", ShipHash}, {"r", ShipForward}, {"s", ShipRebalance}}
	topology, err := NewTopology([]Vertex{{ID: "s"}, {ID: "r"}, {ID: "v", Inputs: inputs}})
	if err != nil {
		t.Fatal(err)
	}
	v := topology.Vertices[2]
	if want := []Edge{{"s", ShipRebalance}, {"r", ShipForward}}; !slices.Equal(v.Inputs, want) || v.hashed() {
		t.Errorf("inputs %v, hashed %v", v.Inputs, v.hashed())
	}
	if len(topology.Outputs(1)) != 1 || inputs[0].Ship != ShipHash {
		t.Errorf("outputs of s: %v, the given inputs became %v", topology.Outputs(1), inputs)
	}
}

func TestEmptyTopology(t *testing.T) {
	topology, err := NewTopology(nil)
	if err != nil || len(topology.Vertices) != 0 || topology.Index("v") != -1 || len(topology.Parallelism()) != 0 {
		t.Fatalf("got %v, %v", topology, err)
	}
	c := sluiceProfile()
	if out := Decide(Input{Config: &c, Topology: topology, Full: true}); out.Decision.Scale {
		t.Error("a job without vertices is scaled")
	}
}

func TestShipStrategiesAreReadInAnyCase(t *testing.T) {
	for text, want := range map[string]ShipStrategy{"HASH": ShipHash, "Rebalance": ShipRebalance, "forward": ShipForward, "BROADCAST": ShipBroadcast, "": ShipUnknown, "SOMETHING": ShipUnknown} {
		if got := ParseShipStrategy(text); got != want {
			t.Errorf("%q is read as %v", text, got)
		}
	}
	if s := ShipStrategy(200).String(); s != "UNKNOWN" {
		t.Errorf("a strategy of no name prints as %q", s)
	}
}
