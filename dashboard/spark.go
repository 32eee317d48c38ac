package dashboard

import (
	"math"
	"strconv"

	"github.com/sluice-project/sluice/dashboard/fleet"
)

// sparkView is a sparkline: source and capacity, each in a column.
type sparkView []fleet.Point

// MarshalJSON implements [json.Marshaler]. A list has tens of thousands of these
// numbers, in three digits each: a sparkline is some pixels high.
func (v sparkView) MarshalJSON() ([]byte, error) {
	text := append(make([]byte, 0, 16*len(v)+32), `{"source":[`...)
	for i := range v {
		text = appendCoarse(text, i, v[i].Source)
	}
	text = append(text, `],"capacity":[`...)
	for i := range v {
		text = appendCoarse(text, i, v[i].Capacity)
	}
	return append(text, `]}`...), nil
}

func appendCoarse(text []byte, i int, x float64) []byte {
	if i > 0 {
		text = append(text, ',')
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(text, "null"...)
	}
	return strconv.AppendFloat(text, x, 'g', 3, 64)
}
