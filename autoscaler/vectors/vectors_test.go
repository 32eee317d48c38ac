package vectors

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
)

// ran and agreed count scenarios.
var ran, agreed atomic.Int64

func TestMain(m *testing.M) {
	code := m.Run()
	if n := ran.Load(); n > 0 {
		fmt.Printf("vectors: %d of %d agree\n", agreed.Load(), n)
	}
	os.Exit(code)
}

func TestVectorsAreDecidedAsTheReferenceDid(t *testing.T) {
	files := loadVectors(t)
	for _, path := range files.scenarios() {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			ran.Add(1)
			s := files.scenario(t, path)
			newReplay(t, s).run()
			if !t.Failed() {
				agreed.Add(1)
			}
		})
	}
}
