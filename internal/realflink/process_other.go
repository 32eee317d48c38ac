//go:build !linux

package realflink

import "syscall"

// childAttributes cannot tie the child's life to ours here: a test that is killed leaves its cluster.
func childAttributes(detached bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: detached, Setpgid: !detached}
}
