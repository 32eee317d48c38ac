package dashboard

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// worthPacking is the size in bytes from which an answer is compressed.
	worthPacking = 1400
	// chunk is how much of an answer is written at once, in bytes, and chunkTimeout
	// how long a client may take to take it.
	chunk        = 64 << 10
	chunkTimeout = 10 * time.Second
	// mostOnTheWay is how large all answers together may be that clients have not
	// taken yet, and mostToOne those to one address, in bytes.
	mostOnTheWay = 256 << 20
	mostToOne    = 32 << 20
)

// answer is a body with its tag, and compressed if that is worth it.
type answer struct {
	kind, tag     string
	plain, packed []byte
}

func newAnswer(kind string, body []byte) *answer {
	a := &answer{kind: kind, tag: tagOf(body), plain: body}
	if len(body) >= worthPacking {
		a.packed = packed(body, gzip.BestCompression)
	}
	return a
}

func tagOf(body []byte) string {
	h := fnv.New64a()
	_, _ = h.Write(body)
	return `W/"` + strconv.FormatUint(h.Sum64(), 36) + `"`
}

func packed(body []byte, level int) []byte {
	var b bytes.Buffer
	packer, _ := gzip.NewWriterLevel(&b, level)
	_, _ = packer.Write(body) // into memory
	_ = packer.Close()
	return b.Bytes()
}

// write writes an answer, unless the client has it already.
func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	if !a.known(w, r) {
		a.send(w, r)
	}
}

func (a *answer) send(w http.ResponseWriter, r *http.Request) {
	if a.packed != nil && takesPacked(r) {
		w.Header().Set("Content-Encoding", "gzip")
		writeSlowly(w, a.packed)
		return
	}
	writeSlowly(w, a.plain)
}

// known sets the header that tells answers apart; it is true if the client has this
// one, and has been told so.
func (a *answer) known(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("ETag", a.tag)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Add("Vary", "Accept-Encoding")
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && matches(r.Header.Get("If-None-Match"), a.tag) {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	return false
}

// matches tells whether a list of tags names this one.
func matches(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one == tag || one == "*" || "W/"+one == tag {
			return true
		}
	}
	return false
}

func takesPacked(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}

// writeSlowly writes a body as fast as the client takes it, and no slower than chunk
// by chunk in time.
func writeSlowly(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	out := http.NewResponseController(w)
	for part := range slices.Chunk(body, chunk) {
		// The connection's clock is the machine's, whatever that of the jobs is.
		_ = out.SetWriteDeadline(time.Now().Add(chunkTimeout)) // without one, the server's holds
		if _, err := w.Write(part); err != nil {
			return
		}
	}
}

// give writes JSON that was made for one request.
func (d *Dashboard) give(w http.ResponseWriter, r *http.Request, body []byte) {
	a := &answer{kind: "application/json", tag: tagOf(body), plain: body}
	if a.known(w, r) {
		return
	}
	if len(body) >= worthPacking && takesPacked(r) {
		a.packed = packed(body, gzip.BestSpeed)
		a.plain, body = nil, a.packed
	}
	to := addressOf(r.RemoteAddr)
	if !d.onTheWay.take(to, len(body)) {
		w.Header().Del("ETag")
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("answers of more than %d MiB wait to be taken by %s; take them first", mostToOne>>20, to.Addr()))
		return
	}
	defer d.onTheWay.taken(to, len(body))
	a.send(w, r)
}

// onTheWay counts the bytes of answers that clients have not taken yet, so that slow
// ones do not fill the memory.
type onTheWay struct {
	most, mostToOne int

	mu  sync.Mutex
	all int
	to  map[netip.Prefix]int
}

func newOnTheWay(most, mostToOne int) *onTheWay {
	return &onTheWay{most: most, mostToOne: mostToOne, to: map[netip.Prefix]int{}}
}

// take tells whether there is room for one more. One to an address there always is.
func (o *onTheWay) take(to netip.Prefix, size int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	before, some := o.to[to]
	if some && (before+size > o.mostToOne || o.all+size > o.most) {
		return false
	}
	o.all += size
	o.to[to] += size
	return true
}

func (o *onTheWay) taken(to netip.Prefix, size int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all -= size
	if o.to[to] -= size; o.to[to] == 0 {
		delete(o.to, to)
	}
}
