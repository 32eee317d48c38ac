package fleet

import (
	"bytes"
	"compress/flate"
	"encoding/json"

	"github.com/sluice-project/sluice/decisions"
)

// pressed is a decision as it is kept: many are, and few are read again.
type pressed struct {
	id      uint64
	rescale bool
	json    []byte
}

// press packs decisions, one at a time.
type press struct {
	out    bytes.Buffer
	writer *flate.Writer
}

// pack never fails: an entry has a JSON form, and memory takes it.
func (p *press) pack(e *decisions.Entry) []byte {
	p.out.Reset()
	if p.writer == nil {
		p.writer, _ = flate.NewWriter(&p.out, flate.BestSpeed)
	} else {
		p.writer.Reset(&p.out)
	}
	_ = json.NewEncoder(p.writer).Encode(e)
	_ = p.writer.Close()
	return bytes.Clone(p.out.Bytes())
}

func (p pressed) unpack() Decision {
	d := Decision{ID: p.id}
	_ = json.NewDecoder(flate.NewReader(bytes.NewReader(p.json))).Decode(&d.Entry)
	return d
}
