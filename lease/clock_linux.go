package lease

import (
	"syscall"
	"time"
	"unsafe"
)

// clockBoottime is CLOCK_BOOTTIME: like CLOCK_MONOTONIC, and counts sleep too.
const clockBoottime = 7

// BootClock is the time since the machine started, sleep included.
func BootClock() time.Duration {
	var t syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockBoottime, uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		return monotonic()
	}
	return time.Duration(t.Nano())
}
