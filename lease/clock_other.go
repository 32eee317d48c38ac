//go:build !linux

package lease

import "time"

// BootClock is the time since the process started. Whether it goes on while the
// machine sleeps is up to the system.
func BootClock() time.Duration { return monotonic() }
