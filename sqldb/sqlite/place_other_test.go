//go:build !linux

package sqlite_test

import (
	"os"
	"testing"
)

func unprivileged(t *testing.T, _ string) {
	t.Helper()
	if os.Getuid() <= 0 {
		t.Skip("permissions do not count for this user")
	}
}

func asOwner(call func() error) error { return call() }
