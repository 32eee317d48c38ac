// Package build says which build of Sluice this is: its version, commit and
// date. The facts come from the linker where `make release` set them, otherwise
// from what the Go toolchain recorded in the binary. Nothing else lives here.
package build

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// Version, Commit and Date are set by the linker (-X) in released binaries and
// are empty in all others; callers want [Read] or [String].
var (
	// Version is the released version, with or without a leading "v".
	Version string
	// Commit is the full hash of the commit that was built.
	Commit string
	// Date is the time of that commit, RFC 3339.
	Date string
)

// unreleased is the version of a binary that no release and no module version names.
const unreleased = "dev"

// Info is what is known about a build. Version is never empty; Commit and Date
// are empty where nothing recorded them.
type Info struct {
	Version  string `json:"version"`          // without leading "v"; "dev" when not released
	Commit   string `json:"commit,omitempty"` // full hash
	Date     string `json:"date,omitempty"`   // of the commit, RFC 3339
	Modified bool   `json:"modified"`         // built from a tree with uncommitted changes
	Go       string `json:"go"`               // toolchain, such as "go1.26.8"
	Platform string `json:"platform"`         // such as "linux/amd64"
}

// Read tells about the running binary.
func Read() Info {
	recorded, _ := debug.ReadBuildInfo()
	return describe(Info{Version: Version, Commit: Commit, Date: Date}, recorded)
}

// String is the running build in one line: [Read] and [Info.String].
func String() string { return Read().String() }

// String is one line such as "1.2.0 (3f9c1ab04d2e, 2026-11-21T05:00:00Z, go1.26.8 linux/amd64)".
// A commit that was changed before it was built carries "+changes".
func (i Info) String() string {
	var facts []string
	if i.Commit != "" {
		commit := i.Commit[:min(len(i.Commit), 12)]
		if i.Modified {
			commit += "+changes"
		}
		facts = append(facts, commit)
	}
	if i.Date != "" {
		facts = append(facts, i.Date)
	}
	facts = append(facts, i.Go+" "+i.Platform)
	return fmt.Sprintf("%s (%s)", i.Version, strings.Join(facts, ", "))
}

// describe completes what the linker stamped with what the toolchain recorded,
// which may be nil. A stamp wins as a whole: its commit and date are never mixed
// with those of another source.
func describe(stamp Info, recorded *debug.BuildInfo) Info {
	info := stamp
	info.Go, info.Platform = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
	if recorded != nil {
		info.Go = cmp.Or(recorded.GoVersion, info.Go)
		if stamp.Version == "" {
			info = withRecorded(info, recorded)
		}
	}
	info.Version = cmp.Or(strings.TrimPrefix(info.Version, "v"), unreleased)
	return info
}

// withRecorded takes version, commit and date from the toolchain's record.
func withRecorded(info Info, recorded *debug.BuildInfo) Info {
	if v := recorded.Main.Version; v != "(devel)" {
		info.Version = v
	}
	for _, s := range recorded.Settings {
		switch s.Key {
		case "vcs.revision":
			info.Commit = s.Value
		case "vcs.time":
			info.Date = s.Value
		case "vcs.modified":
			info.Modified = s.Value == "true"
		}
	}
	return info
}
