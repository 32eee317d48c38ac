package build

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	const hash = "3f9c1ab04d2e5566778899aabbccddeeff001122"
	recorded := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: version}, Settings: settings}
	}
	vcs := []debug.BuildSetting{
		{Key: "vcs.revision", Value: hash},
		{Key: "vcs.time", Value: "2026-11-21T05:00:00Z"},
		{Key: "vcs.modified", Value: "true"},
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH

	tests := []struct {
		name     string
		stamp    Info
		recorded *debug.BuildInfo
		want     string
	}{
		{
			"a release says what the linker stamped",
			Info{Version: "v1.2.0", Commit: hash, Date: "2026-11-20T12:00:00Z"},
			recorded("v0.9.0", vcs...),
			"1.2.0 (3f9c1ab04d2e, 2026-11-20T12:00:00Z, go1.26.8 " + platform + ")",
		},
		{
			"a stamp without commit takes none from the toolchain",
			Info{Version: "1.2.0"},
			recorded("v0.9.0", vcs...),
			"1.2.0 (go1.26.8 " + platform + ")",
		},
		{
			"go install names the module version",
			Info{},
			recorded("v1.1.0"),
			"1.1.0 (go1.26.8 " + platform + ")",
		},
		{
			"a build from a changed checkout says so",
			Info{},
			recorded("(devel)", vcs...),
			"dev (3f9c1ab04d2e+changes, 2026-11-21T05:00:00Z, go1.26.8 " + platform + ")",
		},
		{
			"a short commit is shown whole",
			Info{Version: "1.2.0", Commit: "3f9c"},
			recorded(""),
			"1.2.0 (3f9c, go1.26.8 " + platform + ")",
		},
		{
			"a binary without any record is a dev build",
			Info{},
			nil,
			"dev (" + runtime.Version() + " " + platform + ")",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := describe(tt.stamp, tt.recorded).String(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestStringNamesTheRunningToolchain(t *testing.T) {
	if got := String(); !strings.Contains(got, runtime.Version()) {
		t.Errorf("%q does not name %s", got, runtime.Version())
	}
}
