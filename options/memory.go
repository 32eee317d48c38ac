package options

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Memory is a number of bytes.
type Memory int64

// Powers of 1024, the only units Flink knows.
const (
	Byte Memory = 1 << (10 * iota)
	Kibibyte
	Mebibyte
	Gibibyte
	Tebibyte
)

var memories = syntax[Memory]{name: "memory", parse: ParseMemory, format: Memory.String}

var memoryUnits = map[string]Memory{
	"": Byte, "b": Byte, "bytes": Byte,
	"k": Kibibyte, "kb": Kibibyte, "kibibytes": Kibibyte,
	"m": Mebibyte, "mb": Mebibyte, "mebibytes": Mebibyte,
	"g": Gibibyte, "gb": Gibibyte, "gibibytes": Gibibyte,
	"t": Tebibyte, "tb": Tebibyte, "tebibytes": Tebibyte,
}

var (
	errNotMemory   = errors.New(`want a whole number and a unit, such as "512 mb" or "4g" (no unit: bytes; no sign, no decimals)`)
	errMemoryUnit  = errors.New("want one of the units b, kb, mb, gb, tb (powers of 1024; not kib, mib, gib)")
	errLargeMemory = errors.New("want less: more than 9223372036854775807 bytes")
)

// ParseMemory reads Flink's memory sizes: a whole number and an optional unit
// in powers of 1024, in any case. No unit means bytes.
func ParseMemory(text string) (Memory, error) {
	digits, label := splitNumber(text)
	if digits == "" {
		return 0, errNotMemory
	}
	unit, known := memoryUnits[strings.ToLower(label)]
	if !known {
		return 0, unitError(label, errNotMemory, errMemoryUnit)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > math.MaxInt64/int64(unit) {
		return 0, errLargeMemory
	}
	return Memory(n) * unit, nil
}

// String prints the size in the largest unit that divides it, as Flink does:
// "30 gb", "13760 kb", "0 bytes".
func (m Memory) String() string {
	for _, u := range []struct {
		unit Memory
		name string
	}{{Tebibyte, "tb"}, {Gibibyte, "gb"}, {Mebibyte, "mb"}, {Kibibyte, "kb"}} {
		if m != 0 && m%u.unit == 0 {
			return strconv.FormatInt(int64(m/u.unit), 10) + " " + u.name
		}
	}
	return strconv.FormatInt(int64(m), 10) + " bytes"
}
