package batchlab

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/internal/realflink"
)

// vectorFile is what package scheduler/batch is tested by where there is no Java.
const vectorFile = "../../scheduler/batch/testdata/decisions.jsonl.gz"

// The vectors are the cases that were thought of and some that were drawn. With -update Flink is asked them anew.
func TestVectors(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 23))
	cases := edges()
	for range 2200 {
		cases = append(cases, draw(r, false))
	}
	if *update {
		answered(t, cases)
	}
	vectors, err := ReadVectors(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	if len(vectors) != len(cases) {
		t.Fatalf("there are %d vectors to %d cases: -update asks anew", len(vectors), len(cases))
	}
	for i, c := range cases {
		asked, _ := json.Marshal(c)
		if there, _ := json.Marshal(vectors[i].Case); string(asked) != string(there) {
			t.Fatalf("case %d is %s, not %s: -update asks anew", i, there, asked)
		}
	}
}

// answered writes the cases with the answers of both versions.
func answered(t *testing.T, cases []Case) {
	t.Helper()
	realflink.RequireReal(t)
	vectors := make([]Vector, len(cases))
	for i, c := range cases {
		vectors[i] = Vector{Case: c, Answers: map[string]Answer{}}
	}
	for _, version := range versions {
		oracle, err := NewOracle(t.Context(), version)
		if err != nil {
			t.Fatal(err)
		}
		answers, err := oracle.Ask(t.Context(), cases)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range cases {
			if c.Asks(numbered[version]) {
				answers[i].Error, _, _ = strings.Cut(answers[i].Error, ":")
				vectors[i].Answers[version] = answers[i]
			}
		}
	}
	if err := WriteVectors(vectorFile, vectors); err != nil {
		t.Fatal(err)
	}
}
