package conf

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

var memoryUnits = map[string]int64{
	"": 1, "b": 1, "bytes": 1,
	"k": 1 << 10, "kb": 1 << 10, "kibibytes": 1 << 10,
	"m": 1 << 20, "mb": 1 << 20, "mebibytes": 1 << 20,
	"g": 1 << 30, "gb": 1 << 30, "gibibytes": 1 << 30,
	"t": 1 << 40, "tb": 1 << 40, "tebibytes": 1 << 40,
}

// ParseMemory reads a memory size in bytes: a whole number and a unit in powers of
// 1024, bytes if there is none. The error says what would be right, without naming
// the text.
func ParseMemory(text string) (int64, error) {
	digits := text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
	unit, known := memoryUnits[strings.ToLower(strings.TrimSpace(text[len(digits):]))]
	if digits == "" || !known {
		return 0, fmt.Errorf("want a whole number and a unit, such as %q (b, kb, mb, gb or tb)", "16 mb")
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("want at most %d bytes", int64(math.MaxInt64))
	}
	return n * unit, nil
}
