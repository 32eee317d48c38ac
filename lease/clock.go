package lease

import "time"

// Clock gives the time since some fixed point. It never goes back, and goes on
// while the process is stopped and the machine sleeps. [BootClock] is the real
// one.
type Clock func() time.Duration

var processStart = time.Now()

// monotonic is the clock of the Go runtime.
func monotonic() time.Duration { return time.Since(processStart) }
