package sqlstate

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// encoding is the version that values are written in, and the highest that is
// read. Whoever raises it raises the version of the tables too, so that an older
// build refuses them as a whole.
const encoding = 1

// coder writes values or reads them: the same walk over a value does both, so
// that neither can forget what the other knows (shape.go). A reader stops at the
// first thing that makes no sense, and says so in err.
type coder struct {
	reading bool
	text    []byte
	err     error
}

// encode writes a value behind the version of the encoding.
func encode[T any](text []byte, v *T, walk func(*coder, *T)) []byte {
	c := coder{text: append(text, encoding)}
	walk(&c, v)
	return c.text
}

// decode reads what encode wrote. Text that it did not write is an error, never
// a panic, and takes no more memory than a small multiple of its length.
func decode[T any](text []byte, walk func(*coder, *T)) (v T, err error) {
	if len(text) == 0 {
		return v, errors.New("it is empty")
	}
	if text[0] != encoding {
		return v, fmt.Errorf("it is encoded in version %d, and this build reads version %d", text[0], encoding)
	}
	c := coder{reading: true, text: text[1:]}
	walk(&c, &v)
	if c.err == nil && len(c.text) > 0 {
		c.err = fmt.Errorf("%d bytes follow its end", len(c.text))
	}
	return v, c.err
}

var errShort = errors.New("it ends too early")

// fail ends the reading.
func (c *coder) fail(err error) {
	if c.err == nil {
		c.err, c.text = err, nil
	}
}

func (c *coder) take(n int) []byte {
	if n < 0 || n > len(c.text) {
		c.fail(errShort)
		return nil
	}
	taken := c.text[:n]
	c.text = c.text[n:]
	return taken
}

func (c *coder) uvarint(v *uint64) {
	if !c.reading {
		c.text = binary.AppendUvarint(c.text, *v)
		return
	}
	n := 0
	if *v, n = binary.Uvarint(c.text); n <= 0 {
		*v = 0
		c.fail(errShort)
		return
	}
	c.text = c.text[n:]
}

func (c *coder) varint(v *int64) {
	zigzag := uint64(*v)<<1 ^ uint64(*v>>63)
	c.uvarint(&zigzag)
	*v = int64(zigzag>>1) ^ -int64(zigzag&1)
}

func (c *coder) whole(v *int) {
	n := int64(*v)
	c.varint(&n)
	*v = int(n)
}

func (c *coder) truth(v *bool) {
	var n uint64
	if *v {
		n = 1
	}
	c.uvarint(&n)
	if n > 1 {
		c.fail(fmt.Errorf("%d is neither true nor false", n))
	}
	*v = n == 1
}

// inFull stands before the 64 bits of a number that is not whole.
const inFull = 1

// number takes few bytes for a whole number, as counters are, and nine for others.
func (c *coder) number(v *float64) {
	if !c.reading {
		if n := int64(*v); math.Abs(*v) < 1<<53 && math.Float64bits(float64(n)) == math.Float64bits(*v) {
			c.text = binary.AppendUvarint(c.text, (uint64(n)<<1^uint64(n>>63))<<1)
			return
		}
		c.text = binary.LittleEndian.AppendUint64(append(c.text, inFull), math.Float64bits(*v))
		return
	}
	var head uint64
	switch c.uvarint(&head); {
	case head&1 == 0:
		head >>= 1
		*v = float64(int64(head>>1) ^ -int64(head&1))
	case head == inFull:
		if bits := c.take(8); bits != nil {
			*v = math.Float64frombits(binary.LittleEndian.Uint64(bits))
		}
	default:
		c.fail(fmt.Errorf("%d begins no number", head))
	}
}

// moment keeps a time to the nanosecond, without its zone.
func (c *coder) moment(v *time.Time) {
	seconds, nanos := v.Unix(), uint64(v.Nanosecond())
	c.varint(&seconds)
	c.uvarint(&nanos)
	if !c.reading {
		return
	}
	if nanos >= 1e9 {
		c.fail(fmt.Errorf("%d is no part of a second", nanos))
		return
	}
	*v = time.Unix(seconds, int64(nanos)).UTC()
}

func (c *coder) duration(v *time.Duration) {
	n := int64(*v)
	c.varint(&n)
	*v = time.Duration(n)
}

// words is any text.
func words[T ~string](c *coder, v *T) {
	n := uint64(len(*v))
	c.uvarint(&n)
	if !c.reading {
		c.text = append(c.text, *v...)
		return
	}
	if n > uint64(len(c.text)) {
		c.fail(errShort)
		return
	}
	*v = T(c.take(int(n)))
}

// id is text that mostly is 32 hexadecimal digits, which take half their length.
func id[T ~string](c *coder, v *T) {
	if !c.reading {
		raw, err := hex.DecodeString(string(*v))
		if err == nil && len(raw) == 16 && hex.EncodeToString(raw) == string(*v) {
			c.text = append(append(c.text, 0), raw...)
			return
		}
		c.text = append(c.text, 1)
		words(c, v)
		return
	}
	var kind uint64
	switch c.uvarint(&kind); kind {
	case 0:
		*v = T(hex.EncodeToString(c.take(16)))
	case 1:
		words(c, v)
	default:
		c.fail(fmt.Errorf("%d begins no id", kind))
	}
}

// count writes or reads how many of something follow, one more than there are:
// 0 stands for nil.
func (c *coder) count(n int, isNil bool) (_ int, none bool) {
	more := uint64(n) + 1
	if isNil {
		more = 0
	}
	c.uvarint(&more)
	if more == 0 || c.err != nil {
		return 0, true
	}
	if c.reading && more-1 > uint64(len(c.text)) { // each takes a byte at least
		c.fail(errShort)
		return 0, true
	}
	return int(more - 1), false
}

// list walks a slice.
func list[T any](c *coder, v *[]T, walk func(*coder, *T)) {
	n, none := c.count(len(*v), *v == nil)
	if c.reading {
		if *v = nil; none {
			return
		}
		*v = make([]T, 0, min(n, 64))
		for range n {
			var element T
			if walk(c, &element); c.err != nil {
				return
			}
			*v = append(*v, element)
		}
		return
	}
	for i := range *v {
		walk(c, &(*v)[i])
	}
}

// table walks a map in the order of its keys.
func table[M ~map[K]V, K ~string, V any](c *coder, v *M, key func(*coder, *K), walk func(*coder, *V)) {
	n, none := c.count(len(*v), *v == nil)
	if !c.reading {
		for _, k := range slices.Sorted(maps.Keys(*v)) {
			value := (*v)[k]
			key(c, &k)
			walk(c, &value)
		}
		return
	}
	if *v = nil; none {
		return
	}
	*v = make(M, min(n, 64))
	for range n {
		var k K
		var value V
		key(c, &k)
		if walk(c, &value); c.err != nil {
			return
		}
		if _, twice := (*v)[k]; twice {
			c.fail(fmt.Errorf("%q stands there twice", string(k)))
			return
		}
		(*v)[k] = value
	}
}
