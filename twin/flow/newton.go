package flow

import "math"

// newton solves allowed = sweep(allowed), which is made of straight pieces: within
// a piece one step is exact. Its slices are kept from one use to the next.
type newton struct {
	free   []int // vertices that a full queue may hold back
	at     []float64
	error0 []float64
	matrix [][]float64 // with the right side as the last column
}

const (
	newtonSteps = 30
	dampedSteps = 300
	solved      = 1e-11
)

// run goes on from where the sweeps have come. If Newton's steps lead nowhere, small
// steps come near enough.
func (w *newton) run(n *network) {
	w.prepare(n)
	for range newtonSteps {
		if w.errors(n) < solved {
			return
		}
		if !w.step(n) {
			break
		}
	}
	for range dampedSteps {
		if w.errors(n) < solved {
			return
		}
		for i, v := range w.free {
			n.allowed[v] = w.at[i] + w.error0[i]/8
		}
	}
	n.sweep()
}

func (w *newton) prepare(n *network) {
	w.free = w.free[:0]
	for v := range n.order {
		for _, e := range n.out[v] {
			if n.fill[e] == full && n.gain[e] > 0 {
				w.free = append(w.free, v)
				break
			}
		}
	}
	size := len(w.free)
	w.at, w.error0 = make([]float64, size), make([]float64, size)
	w.matrix = make([][]float64, size)
	for i := range w.matrix {
		w.matrix[i] = make([]float64, size+1)
	}
}

// errors remembers the point and how far the sweep leads from it, and returns the
// largest relative one. Afterwards the point is as before.
func (w *newton) errors(n *network) float64 {
	for i, v := range w.free {
		w.at[i] = n.allowed[v]
	}
	w.jump(n)
	worst := 0.0
	for i, v := range w.free {
		w.error0[i] = n.allowed[v] - w.at[i]
		worst = max(worst, math.Abs(w.error0[i])/(n.allowed[v]+w.at[i]+math.SmallestNonzeroFloat64))
		n.allowed[v] = w.at[i]
	}
	return worst
}

// jump is one sweep that looks at all vertices before it moves any, so that it
// depends on the point alone.
func (w *newton) jump(n *network) {
	for _, v := range n.order {
		n.take(v)
		n.emit(v)
	}
	for i := len(n.order) - 1; i >= 0; i-- {
		v := n.order[i]
		n.allowed[v] = n.bound(v)
		n.take(v)
	}
}

// step moves to where the straight piece through the point would have no error.
func (w *newton) step(n *network) bool {
	for j, v := range w.free {
		h := max(w.at[j]*1e-7, 1e-9)
		n.allowed[v] = w.at[j] + h
		w.jump(n)
		for i, u := range w.free {
			moved := n.allowed[u] - w.at[i]
			if i == j {
				moved -= h
			}
			w.matrix[i][j] = (moved - w.error0[i]) / h
		}
		for i, u := range w.free {
			n.allowed[u] = w.at[i]
		}
	}
	for i := range w.free {
		w.matrix[i][len(w.free)] = -w.error0[i]
	}
	if !eliminate(w.matrix) {
		return false
	}
	for i, v := range w.free {
		n.allowed[v] = min(max(w.at[i]+w.matrix[i][len(w.free)], 0), n.capacity[v])
	}
	return true
}

// eliminate solves linear equations; the last column becomes the solution.
func eliminate(m [][]float64) bool {
	for i := range m {
		pivot := i
		for k := i + 1; k < len(m); k++ {
			if math.Abs(m[k][i]) > math.Abs(m[pivot][i]) {
				pivot = k
			}
		}
		m[i], m[pivot] = m[pivot], m[i]
		if math.Abs(m[i][i]) < 1e-9 {
			return false
		}
		for k := range m {
			if k == i {
				continue
			}
			factor := m[k][i] / m[i][i]
			for c := i; c <= len(m); c++ {
				m[k][c] -= factor * m[i][c]
			}
		}
	}
	for i := range m {
		m[i][len(m)] /= m[i][i]
	}
	return true
}
